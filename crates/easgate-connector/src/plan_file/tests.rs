//! What is a plan, and where its changes stand.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use easgate_compliance::{Access, Change, ListEdit, Reason};
use easgate_model::{AccessLevel, DeviceId, DistinguishedName, Mailbox, MailboxId, RecipientType};
use proptest::prelude::*;

use super::content::FileEdit;
use super::*;

fn ids(texts: &str) -> Vec<DeviceId> {
    texts.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

/// A mailbox whose lists are written `allowed / blocked`.
fn mailbox(lists: &str) -> Mailbox {
    let (allowed, blocked) = lists.split_once('/').unwrap();
    Mailbox {
        id: MailboxId(Uuid::from_u128(1)),
        distinguished_name: DistinguishedName::new("CN=ana,DC=x,DC=example"),
        name: "ana".to_owned(),
        display_name: "Ana".to_owned(),
        sam_account_name: "ana".to_owned(),
        primary_smtp: "ana@x.example".parse().ok(),
        addresses: Vec::new(),
        recipient_type: RecipientType::User,
        active_sync_enabled: true,
        allowed: ids(allowed),
        blocked: ids(blocked),
        odd_entries: 0,
        when_changed: None,
        originating_server: None,
    }
}

/// That A1 is blocked, and taken out of the allow list, which held it.
fn fresh(allow: ListEdit, block: ListEdit) -> Change {
    Change {
        mailbox: MailboxId(Uuid::from_u128(1)),
        address: "ana@x.example".to_owned(),
        device: "A1".parse().unwrap(),
        access: Access::Block,
        reason: Reason::NotCompliant,
        allow,
        block,
        before: AccessLevel::Allow,
        after: AccessLevel::Block,
        compromised: false,
        decision_id: Uuid::from_u128(3),
    }
}

fn in_file() -> FileChange {
    FileChange {
        mailbox: Uuid::from_u128(1),
        address: "ana@x.example".to_owned(),
        device_id: "A1".parse().unwrap(),
        access: "block".to_owned(),
        reason: "notCompliant".to_owned(),
        before: "Allow".to_owned(),
        after: "Block".to_owned(),
        allowed: vec!["a1".to_owned(), "A2".to_owned(), "C3".to_owned()],
        blocked: vec!["D4".to_owned()],
        allow: FileEdit::Remove,
        block: FileEdit::Add,
        held_by: None,
        decision_id: Uuid::from_u128(3),
        command: "Set-CASMailbox".to_owned(),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn a_change_is_made_only_from_the_state_that_the_plan_saw() {
    let same = fresh(ListEdit::Remove, ListEdit::Add);
    let other = fresh(ListEdit::Remove, ListEdit::Keep);
    let devices: BTreeSet<DeviceId> = ids("A1 A2").into_iter().collect();
    let mut table = String::new();
    for (what, lists, made, wanted) in [
        ("as it was", Some("A1 A2 C3 / D4"), false, Some(&same)),
        (
            "in another order and spelling",
            Some("c3 A2 a1 / d4"),
            false,
            Some(&same),
        ),
        (
            "the plan's other device was done",
            Some("A1 C3 / D4 A2"),
            false,
            Some(&same),
        ),
        ("done", Some("A2 C3 / D4 A1"), false, None),
        ("done by this plan", Some("A2 C3 / D4 A1"), true, None),
        (
            "done by this plan and undone",
            Some("A1 A2 C3 / D4"),
            true,
            Some(&same),
        ),
        ("half done by somebody", Some("A2 C3 / D4"), false, Some(&same)),
        (
            "another device came",
            Some("A1 A2 C3 E5 / D4"),
            false,
            Some(&same),
        ),
        ("another device went", Some("A1 A2 C3 /"), false, Some(&same)),
        ("no mailbox", None, false, None),
        ("not wanted any more", Some("A1 A2 C3 / D4"), false, None),
        ("wanted otherwise", Some("A1 A2 C3 / D4"), false, Some(&other)),
    ] {
        let now = lists.map(mailbox);
        let standing = standing(&in_file(), &devices, now.as_ref(), made, wanted);
        let told = match standing {
            Standing::Wanted(change) => format!("wanted {}", change.device),
            Standing::Already => "already".to_owned(),
            Standing::Moved(why) => format!("moved: {why}"),
            Standing::Unwanted(why) => format!("unwanted: {why}"),
        };
        writeln!(table, "{what}: {told}").unwrap();
    }
    expect_test::expect![[r#"
        as it was: wanted A1
        in another order and spelling: wanted A1
        the plan's other device was done: wanted A1
        done: already
        done by this plan: already
        done by this plan and undone: moved: the plan made this change before, and somebody took it back
        half done by somebody: moved: the lists hold the device otherwise than when the plan was made
        another device came: moved: the lists of the mailbox hold other devices than when the plan was made
        another device went: moved: the lists of the mailbox hold other devices than when the plan was made
        no mailbox: moved: the mailbox is not there any more
        not wanted any more: unwanted: what is known now wants no change
        wanted otherwise: unwanted: what is known now wants another change
    "#]]
    .assert_eq(&table);
}

/// A file with one change, whose address is `address`.
fn text(address: &str) -> String {
    let change = FileChange {
        address: address.to_owned(),
        ..in_file()
    };
    let plan = serde_json::json!({
        "organization": "contoso",
        "exchange_organization": Uuid::from_u128(9),
        "made": "2026-03-01T08:00:00Z",
        "mode": "plan",
        "inputs": "00",
        "guard": {
            "go": 1, "held": 0, "devices": 40, "loses_access": 1, "gains_access": 0, "lost_in_24_hours": 0,
            "gained_in_24_hours": 0, "matched": 38, "matchable": 40
        },
        "reasons": { "notCompliant": 1 },
        "changes": [change],
    });
    let content: Content = serde_json::from_value(plan).unwrap();
    let file = PlanFile {
        hash: hash(&content),
        content,
    };
    file.to_json()
}

proptest! {
    #[test]
    fn a_file_is_read_as_it_was_written_and_steers_nothing(address in any::<String>()) {
        let text = text(&address);
        prop_assert!(text.chars().all(|c| c == '\n' || is_plain(c)), "{}", text);
        let file = PlanFile::parse(&text).unwrap();
        prop_assert_eq!(&file.changes()[0].address, &address);
        prop_assert_eq!(file.to_json(), text);
    }

    /// Whatever byte is changed, the file is refused, or it says the same.
    #[test]
    fn no_byte_of_a_file_can_be_changed(at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let whole = text("ana@x.example");
        let mut bytes = whole.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        if let Ok(file) = PlanFile::parse(&changed) {
            prop_assert_eq!(file, PlanFile::parse(&whole).unwrap());
        }
    }
}

#[test]
fn another_version_and_another_thing_are_refused() {
    let whole = text("ana@x.example");
    for version in [0, 2] {
        let other = whole.replace("\"easgate_plan\": 1", &format!("\"easgate_plan\": {version}"));
        let error = PlanFile::parse(&other).unwrap_err();
        assert!(
            matches!(error, PlanFileError::Version { found } if found == version),
            "{error}"
        );
    }
    let more = whole.replace("\"mode\"", "\"more\": 1, \"mode\"");
    for (text, is_changed) in [
        (whole.replace("ana@", "bob@"), true),
        (more, false),
        ("{}".to_owned(), false),
        (String::new(), false),
        (whole.replace("\"A1\"", "\"\""), false),
    ] {
        let error = PlanFile::parse(&text).unwrap_err();
        assert_eq!(
            matches!(error, PlanFileError::Changed),
            is_changed,
            "{error}: {text}"
        );
    }
}
