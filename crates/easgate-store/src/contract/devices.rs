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
    writer
        .record_devices(
            [
                row(1, "A1", "block"),
                row(2, "B1", "allow"),
                row(3, "C1", "allow"),
            ],
            NOW,
        )
        .await
        .unwrap();
    let undecided = DeviceRow {
        refused: None,
        access: "untouched".to_owned(),
        ..row(1, "a1", "block")
    };
    writer
        .record_devices([undecided, row(2, "B1", "allow")], later)
        .await
        .unwrap();
    let page = writer
        .organization()
        .devices(&DeviceFilter::default(), None, 10)
        .await
        .unwrap();
    let seen: Vec<_> = page
        .devices
        .iter()
        .map(|found| (found.row.device.as_str(), found.row.refused, found.changed))
        .collect();
    assert_eq!(
        seen,
        [("A1", Some(true), later), ("B1", Some(false), NOW)],
        "C1 is gone"
    );
    assert_eq!(
        writer
            .organization()
            .refused()
            .await
            .unwrap()
            .into_iter()
            .collect::<Vec<_>>(),
        [(mailbox(1), device("A1"))],
        "a decision that was not made forgets nothing"
    );
    writer
        .record_devices([row(3, "C1", "allow")], later)
        .await
        .unwrap();
    let counts = writer.organization().decision_counts().await.unwrap();
    assert_eq!(
        counts.into_values().sum::<u64>(),
        1,
        "C1 is back, the others are gone"
    );
}
