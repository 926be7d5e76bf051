//! When a list is whole.

use futures::StreamExt;

use super::support::{Answer, error, exchange, output, run, warning};
use crate::ExchangeError;

const LANGUAGES: [&str; 3] = [
    "By default, only the first 1000 items are returned. Use the ResultSize parameter to specify the number of items returned.",
    "There are more results available than are currently displayed. To view them, increase the value.",
    "Standardmäßig werden nur die ersten Elemente zurückgegeben (Parameter \"resultsize\").",
];

fn device(number: usize) -> String {
    format!(
        "<Obj RefId=\"0\"><Props><S N=\"DistinguishedName\">CN=iPhone§A{number},CN=ExchangeActiveSyncDevices,CN=Ana,DC=contoso,DC=com</S>\
         <S N=\"DeviceId\">A{number}</S><G N=\"Guid\">0a0b0c0d-1111-4222-8333-{number:012}</G></Props></Obj>"
    )
}

/// What the stream of partnerships gives: how many values, and the errors.
fn read(answer: impl Fn() -> Answer + Send + Sync + 'static) -> (usize, Vec<ExchangeError>) {
    let (client, _) = exchange(move |command| match command.name.as_str() {
        "Get-MobileDevice" => answer(),
        _ => Vec::new(),
    });
    let items = run(client.partnerships().collect::<Vec<_>>());
    let mut errors = Vec::new();
    let mut values = 0;
    for item in items {
        match item {
            Ok(_) => values += 1,
            Err(error) => errors.push(error),
        }
    }
    (values, errors)
}

#[test]
fn a_list_that_ends_quietly_is_whole() {
    let (values, errors) = read(|| (0..1000).map(|n| output(&device(n))).collect());
    assert_eq!((values, errors.len()), (1000, 0));
}

#[test]
fn a_warning_about_more_results_is_an_error_in_every_language() {
    for text in LANGUAGES {
        let (_, errors) = read(move || vec![output(&device(1)), warning(text)]);
        assert!(
            matches!(errors.as_slice(), [ExchangeError::Truncated { warning, .. }] if warning == text),
            "{errors:?}"
        );
    }
}

#[test]
fn a_thousand_objects_and_a_warning_that_nobody_understands_are_an_error() {
    let answer = |count: usize, text: &'static str| {
        move || {
            let mut answer: Answer = vec![warning(text)];
            answer.extend((0..count).map(|n| output(&device(n))));
            answer
        }
    };
    let (values, errors) = read(answer(1000, "既定では、最初の項目のみが返されます。"));
    assert_eq!(values, 1000);
    assert!(
        matches!(errors.as_slice(), [ExchangeError::Truncated { .. }]),
        "{errors:?}"
    );
    assert!(
        read(answer(999, "既定では、最初の項目のみが返されます。"))
            .1
            .is_empty()
    );
    assert!(
        read(answer(1000, "Micro delay applied. Actual delayed: 40 msecs"))
            .1
            .is_empty()
    );
}

#[test]
fn an_error_in_the_middle_ends_the_list() {
    let (values, errors) = read(|| {
        vec![
            output(&device(1)),
            Ok(easgate_cmdlet::Record::Error(Box::new(error(
                "ADTransientException",
                "",
                "x",
            )))),
            output(&device(2)),
        ]
    });
    assert_eq!(values, 1);
    assert!(
        matches!(errors.as_slice(), [ExchangeError::Failed { .. }]),
        "{errors:?}"
    );
}

#[test]
fn a_record_that_cannot_be_read_names_its_object_and_the_others_still_come() {
    let broken = device(2).replace("<S N=\"DeviceId\">A2</S>", "<S N=\"DeviceId\"></S>");
    let (values, errors) = read(move || vec![output(&device(1)), output(&broken), output(&device(3))]);
    assert_eq!(values, 2);
    let [error] = errors.as_slice() else {
        panic!("{errors:?}")
    };
    assert_eq!(
        error.to_string(),
        "a record of Get-MobileDevice cannot be read: \
         CN=iPhone§A2,CN=ExchangeActiveSyncDevices,CN=Ana,DC=contoso,DC=com: DeviceId: the device id is empty"
    );
}

#[test]
fn a_record_that_the_transport_could_not_decode_makes_the_list_incomplete() {
    let (values, errors) = read(|| {
        vec![
            output(&device(1)),
            Ok(easgate_cmdlet::Record::Undecodable {
                reason: "fragment".to_owned(),
            }),
        ]
    });
    assert_eq!(values, 1);
    assert!(
        matches!(errors.as_slice(), [ExchangeError::Decode { .. }]),
        "{errors:?}"
    );
}

#[test]
fn a_question_for_one_object_refuses_several() {
    let settings = "<Obj RefId=\"0\"><Props><G N=\"Guid\">0a0b0c0d-1111-4222-8333-444455556666</G><S N=\"DefaultAccessLevel\">Allow</S></Props></Obj>";
    for (count, ok) in [(0, false), (1, true), (2, false)] {
        let (client, _) = exchange(move |_| (0..count).map(|_| output(settings)).collect());
        let result = run(client.organization_settings());
        assert_eq!(result.is_ok(), ok, "{count}");
        if let Err(error) = result {
            assert!(
                matches!(error, ExchangeError::Count { found, .. } if found == count),
                "{error}"
            );
        }
    }
}
