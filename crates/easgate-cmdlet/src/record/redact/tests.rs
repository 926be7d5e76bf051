use std::path::{Path, PathBuf};

use easgate_psrp::clixml::{Content, Primitive, PsObject};
use proptest::prelude::*;

use super::*;

/// Stands in every text; no member of the tests is structure, so it must never come out.
const CANARY: &str = "kanarienvogel";

fn any_text() -> impl Strategy<Value = String> {
    ("(\\PC|[,=/\\\\@:;'\" ]){0,6}", "(\\PC|[,=/\\\\@:;'\" ]){0,6}").prop_map(|(before, after)| {
        // A letter beside it would make another word of it, which is replaced as a whole just the same.
        format!("{before} {CANARY}{after}")
    })
}

fn any_primitive() -> impl Strategy<Value = Primitive> {
    any_text().prop_flat_map(|text| {
        prop_oneof![
            Just(Primitive::String(text.clone())),
            Just(Primitive::Guid(text.clone())),
            Just(Primitive::Uri(text.clone())),
            Just(Primitive::Version(text.clone())),
            Just(Primitive::Xml(text.clone())),
            Just(Primitive::ScriptBlock(text.clone())),
            Just(Primitive::SecureString(text.clone())),
            Just(Primitive::DateTime(text.clone())),
            Just(Primitive::TimeSpan(text.clone())),
            Just(Primitive::Single(text.clone())),
            Just(Primitive::Double(text.clone())),
            Just(Primitive::Decimal(text.clone())),
            Just(Primitive::Bytes(text.clone().into_bytes())),
            Just(Primitive::Progress(vec![("AV".to_owned(), text.clone())])),
            Just(Primitive::Unknown {
                tag: "New".to_owned(),
                text,
            }),
        ]
    })
}

fn any_value() -> impl Strategy<Value = PsValue> {
    let leaf = any_primitive().prop_map(PsValue::from);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let members = || proptest::collection::vec(("[A-Z][a-z]{1,3}", inner.clone()), 0..3);
        let items = proptest::collection::vec(inner.clone(), 0..3);
        let content = prop_oneof![
            any_primitive().prop_map(Content::Primitive),
            items.clone().prop_map(Content::List),
            items.clone().prop_map(Content::Enumerable),
            items.clone().prop_map(Content::Stack),
            items.prop_map(Content::Queue),
            proptest::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(Content::Dictionary),
        ];
        let text = proptest::option::of(any_text());
        (text, proptest::option::of(content), members(), members()).prop_map(
            |(to_string, content, adapted, extended)| {
                PsObject {
                    to_string,
                    content,
                    adapted,
                    extended,
                    ..PsObject::default()
                }
                .into()
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_any_value_is_written(value in any_value()) {
        let redactor = Redactor::new(&Identities::Pseudonyms { key: [7; 32] });
        for place in [Place::output("Get-Mailbox"), Place::parameter("Get-Mailbox", Some("Filter"))] {
            let written = clixml_text(&redactor.value(&value, &place));
            prop_assert!(!written.contains(CANARY), "{}", written);
            let parsed = clixml::parse(written.as_bytes());
            prop_assert!(parsed.is_ok(), "{:?} {}", parsed, written);
        }
    }

    #[test]
    fn no_word_of_a_message_is_written(text in any_text()) {
        let redactor = Redactor::new(&Identities::Pseudonyms { key: [7; 32] });
        for written in [redactor.message(&text), redactor.error_id(&text), redactor.identity(&text)] {
            prop_assert!(!written.contains(CANARY), "{}", written);
        }
    }

    #[test]
    fn a_kept_value_changes_only_where_secrets_are(value in any_value()) {
        let redactor = Redactor::new(&Identities::Keep);
        let kept = redactor.value(&value, &Place::output("Get-Mailbox"));
        let again = redactor.value(&kept, &Place::output("Get-Mailbox"));
        prop_assert_eq!(kept, again);
    }
}

/// Every CLIXML file below `folder`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            found.push(path);
        }
    }
}

/// The texts of members that name objects, wherever they stand.
fn names(value: &PsValue, found: &mut Vec<String>) {
    const NAMING: &[&str] = &[
        "DistinguishedName",
        "UserPrincipalName",
        "PrimarySmtpAddress",
        "LegacyExchangeDN",
        "ExchangeLegacyDN",
        "Fqdn",
        "OriginatingServer",
        "Guid",
        "ObjectGuid",
        "ExchangeGuid",
    ];
    let Some(object) = value.as_object() else { return };
    for (name, member) in object.adapted.iter().chain(&object.extended) {
        let text = member.as_str().filter(|text| text.len() > 8);
        if let Some(text) = text.filter(|_| NAMING.contains(&name.as_str())) {
            found.push(text.to_owned());
        }
        names(member, found);
    }
    value
        .as_list()
        .unwrap_or_default()
        .iter()
        .for_each(|item| names(item, found));
}

#[test]
fn captures_of_real_servers_lose_their_names_and_stay_readable() {
    #[expect(clippy::disallowed_methods, reason = "a test asks where its data is")]
    let root = std::env::var("EASGATE_CONFORMANCE_DATA");
    let Ok(root) = root else {
        println!("EASGATE_CONFORMANCE_DATA is not set: captures of real servers are left out");
        return;
    };
    let mut found = Vec::new();
    files(&Path::new(&root).join("exchange-clixml"), &mut found);
    files(&Path::new(&root).join("exchange-wire"), &mut found);
    assert!(!found.is_empty(), "no captures");
    let redactor = Redactor::new(&Identities::Pseudonyms { key: [7; 32] });
    let mut checked = 0;
    for path in found {
        let bytes = std::fs::read(&path).unwrap();
        for value in clixml::parse(&bytes).unwrap() {
            let mut before = Vec::new();
            names(&value, &mut before);
            let written = clixml_text(&redactor.value(&value, &Place::output("Get-Mailbox")));
            for name in &before {
                let zero = name.bytes().all(|byte| matches!(byte, b'0' | b'-'));
                assert!(
                    zero || !written.contains(name.as_str()),
                    "{}: {name}",
                    path.display()
                );
            }
            let mut after = Vec::new();
            for value in clixml::parse(written.as_bytes()).unwrap() {
                names(&value, &mut after);
            }
            assert_eq!(after.len(), before.len(), "{}", path.display());
            checked += before.len();
        }
    }
    assert!(checked > 0, "no names in the captures");
}
