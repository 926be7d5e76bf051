//! Multi-valued properties: replaced, added to, removed from.

use easgate_psrp::clixml::PsValue;

use super::super::same;

/// Why a list cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ListError {
    /// A value that is not text, or empty.
    Value,
    /// The same value twice.
    Duplicate(String),
}

/// What `list` becomes: null empties it, a hashtable adds and removes, anything else replaces it.
///
/// Values are compared without case and kept as written. Adding what is there and removing what is not there
/// change nothing.
pub(super) fn changed(list: &[String], value: &PsValue) -> Result<Vec<String>, ListError> {
    let Some(entries) = value.entries() else {
        let mut new: Vec<String> = Vec::new();
        for text in texts(value)? {
            if new.iter().any(|known| same(known, &text)) {
                return Err(ListError::Duplicate(text));
            }
            new.push(text);
        }
        return Ok(new);
    };
    let mut new = list.to_vec();
    for (key, value) in entries {
        let texts = texts(value)?;
        match key.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "add" => {
                for text in texts {
                    if !new.iter().any(|known| same(known, &text)) {
                        new.push(text);
                    }
                }
            }
            "remove" => new.retain(|known| !texts.iter().any(|text| same(known, text))),
            _ => return Err(ListError::Value),
        }
    }
    Ok(new)
}

fn texts(value: &PsValue) -> Result<Vec<String>, ListError> {
    value
        .items()
        .iter()
        .filter(|item| !item.is_nil())
        .map(|item| {
            item.as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .ok_or(ListError::Value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    fn table(entries: &[(&str, &[&str])]) -> PsValue {
        PsValue::hashtable(entries.iter().map(|(key, values)| {
            let values: Vec<PsValue> = values.iter().map(|value| PsValue::from(*value)).collect();
            (PsValue::from(*key), PsValue::from(values))
        }))
    }

    #[test]
    fn add_and_remove_compare_without_case_and_keep_the_case() {
        let old = list(&["ApplA", "SECB"]);
        let check = |value: PsValue, expected: &[&str]| assert_eq!(changed(&old, &value), Ok(list(expected)));
        check(table(&[("Add", &["applA"])]), &["ApplA", "SECB"]);
        check(
            table(&[("Add", &["New1"]), ("Remove", &["secb", "gone"])]),
            &["ApplA", "New1"],
        );
        check(
            PsValue::hashtable([("ADD".into(), "one".into())]),
            &["ApplA", "SECB", "one"],
        );
        check(PsValue::NIL, &[]);
        check(PsValue::from("only"), &["only"]);
        check(PsValue::from(vec!["a".into(), "b".into()]), &["a", "b"]);
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        assert_eq!(
            changed(&[], &PsValue::from(vec!["a".into(), "A".into()])),
            Err(ListError::Duplicate("A".to_owned()))
        );
        assert_eq!(
            changed(&[], &table(&[("Replace", &["a"])])),
            Err(ListError::Value)
        );
        assert_eq!(changed(&[], &table(&[("Add", &[""])])), Err(ListError::Value));
        assert_eq!(changed(&[], &PsValue::from(1)), Err(ListError::Value));
    }

    proptest! {
        #[test]
        fn adding_twice_is_adding_once(old in proptest::collection::vec("[a-c]{1,2}", 0..4), id in "[A-Ca-c]{1,2}") {
            let add = table(&[("Add", &[&id])]);
            let once = changed(&old, &add).unwrap();
            prop_assert_eq!(&changed(&once, &add).unwrap(), &once);
            let remove = table(&[("Remove", &[&id])]);
            prop_assert!(!changed(&once, &remove).unwrap().iter().any(|known| same(known, &id)));
        }
    }
}
