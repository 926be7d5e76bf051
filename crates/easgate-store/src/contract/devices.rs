//! What every store keeps to about devices.

use time::Duration;

use super::{NOW, device, mailbox, writer};
use crate::{DeviceFilter, DeviceRow, Store};

pub(super) fn row(number: u128, id: &str, access: &str) -> DeviceRow {
    DeviceRow {
        mailbox: mailbox(number),
        device: device(id),
        address: format!("user{number:03}@contoso.example"),
        device_type: "iPhone".to_owned(),
        model: "iPhone15C2".to_owned(),
        os: "iOS 18.1".to_owned(),
        friendly_name: "\u{1b}[31mred".to_owned(),
        client_type: None,
        state: "Allowed".to_owned(),
        state_reason: "Global".to_owned(),
        access: access.to_owned(),
        reason: "compliant".to_owned(),
        refused: Some(access == "block"),
        record: (access != "untouched").then(|| format!("record of {id}")),
        first_sync: Some(NOW),
    }
}

pub(crate) async fn devices_come_in_pages_in_the_order_of_addresses(store: Store) {
    let writer = writer(&store).await;
    let rows: Vec<_> = (0..1234)
        .map(|number| row(number % 700, &format!("D{number}"), "allow"))
        .collect();
    writer.record_devices(rows, NOW).await.unwrap();
    let (mut cursor, mut seen, mut pages) = (None, Vec::new(), 0);
    loop {
        let page = writer
            .organization()
            .devices(&DeviceFilter::default(), cursor.as_ref(), 100)
            .await
            .unwrap();
        seen.extend(
            page.devices
                .into_iter()
                .map(|found| (found.row.address, found.row.device)),
        );
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (1234, 13));
    assert!(seen.is_sorted_by(|a, b| a.0 <= b.0));
}

pub(crate) async fn devices_are_found_by_every_filter(store: Store) {
    let writer = writer(&store).await;
    let rows = [
        row(1, "A1", "allow"),
        row(2, "B1", "block"),
        row(12, "C1", "allow"),
    ];
    writer.record_devices(rows, NOW).await.unwrap();
    let all = DeviceFilter::default();
    for (filter, found) in [
        (all.clone(), 3),
        (
            DeviceFilter {
                address: Some("USER01".to_owned()),
                ..all.clone()
            },
            1,
        ),
        (
            DeviceFilter {
                address: Some("%".to_owned()),
                ..all.clone()
            },
            0,
        ),
        (
            DeviceFilter {
                device: Some("b1".to_owned()),
                ..all.clone()
            },
            1,
        ),
        (
            DeviceFilter {
                access: Some("ALLOW".to_owned()),
                ..all.clone()
            },
            2,
        ),
        (
            DeviceFilter {
                reason: Some("Compliant".to_owned()),
                ..all.clone()
            },
            3,
        ),
        (
            DeviceFilter {
                state: Some("blocked".to_owned()),
                ..all
            },
            0,
        ),
    ] {
        let page = writer.organization().devices(&filter, None, 10).await.unwrap();
        assert_eq!(page.devices.len(), found, "{filter:?}");
    }
}

pub(crate) async fn only_devices_that_changed_are_written(store: Store) {
    let writer = writer(&store).await;
    let later = NOW + Duration::hours(1);
    let first = [
        row(1, "A1", "block"),
        row(2, "B1", "allow"),
        row(3, "C1", "allow"),
    ];
    writer.record_devices(first, NOW).await.unwrap();
    let second = [row(1, "a1", "allow"), row(2, "B1", "allow")];
    writer.record_devices(second, later).await.unwrap();
    let all = DeviceFilter::default();
    let page = writer.organization().devices(&all, None, 10).await.unwrap();
    let seen = page
        .devices
        .iter()
        .map(|found| (found.row.device.as_str(), found.changed));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [("A1", later), ("B1", NOW)],
        "C1 is gone"
    );
    writer
        .record_devices([row(3, "C1", "allow")], later)
        .await
        .unwrap();
    let page = writer.organization().devices(&all, None, 10).await.unwrap();
    let seen = page.devices.iter().map(|found| found.row.device.as_str());
    assert_eq!(
        seen.collect::<Vec<_>>(),
        ["C1"],
        "C1 is back, and the others are gone"
    );
}

pub(crate) async fn what_a_run_could_not_decide_leaves_what_an_earlier_one_said(store: Store) {
    let writer = writer(&store).await;
    writer.record_devices([row(1, "A1", "block")], NOW).await.unwrap();
    let undecided = DeviceRow {
        refused: None,
        record: None,
        ..row(1, "A1", "untouched")
    };
    writer.record_devices([undecided], NOW).await.unwrap();
    let organization = writer.organization();
    let refused = organization.refused().await.unwrap();
    assert!(refused.contains(&(mailbox(1), device("a1"))));
    let record = organization.record_of(mailbox(1), &device("a1")).await.unwrap();
    assert_eq!(record.as_deref(), Some("record of A1"));
}

pub(crate) async fn a_device_that_stands_twice_in_a_run_is_one_row(store: Store) {
    let writer = writer(&store).await;
    let rows = [row(1, "A1", "allow"), row(1, "a1", "block")];
    writer.record_devices(rows, NOW).await.unwrap();
    let counts = writer.organization().decision_counts().await.unwrap();
    assert_eq!(
        counts,
        [(("block".to_owned(), "compliant".to_owned()), 1)].into(),
        "the later one stands"
    );
}

pub(crate) async fn texts_with_the_character_that_no_database_has_are_kept_without_it(store: Store) {
    let writer = writer(&store).await;
    let odd = DeviceRow {
        friendly_name: "a\0b".to_owned(),
        ..row(1, "A\0", "allow")
    };
    writer.record_devices([odd], NOW).await.unwrap();
    let page = writer
        .organization()
        .devices(&DeviceFilter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(page.devices[0].row.friendly_name, "a\u{fffd}b");
    let organization = writer.organization();
    let record = organization.record_of(mailbox(1), &device("a\0")).await.unwrap();
    assert_eq!(
        record.as_deref(),
        Some("record of A\0".replace('\0', "\u{fffd}").as_str())
    );
}
