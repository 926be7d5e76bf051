//! What `RefId`s mean.

use std::collections::HashMap;

/// Values by the `RefId` that was given to them last.
///
/// Servers count from zero, so that nearly every id is its place in a list; only others are hashed.
pub(super) struct Ids<'d, T> {
    counted: Vec<T>,
    others: HashMap<&'d str, T>,
}

impl<'d, T> Ids<'d, T> {
    pub(super) fn new() -> Self {
        Self {
            counted: Vec::new(),
            others: HashMap::new(),
        }
    }

    pub(super) fn insert(&mut self, id: &'d str, value: T) {
        match number(id) {
            Some(number) if number == self.counted.len() => self.counted.push(value),
            Some(number) if let Some(known) = self.counted.get_mut(number) => *known = value,
            _ => drop(self.others.insert(id, value)),
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        number(id)
            .and_then(|number| self.counted.get(number))
            .or_else(|| self.others.get(id))
    }
}

/// The number that `id` is, if it is written as servers count: `07` and `+7` are other ids than `7`.
fn number(id: &str) -> Option<usize> {
    let digits = id.as_bytes();
    let counted = matches!(digits, [b'1'..=b'9', ..] | [b'0']) && digits.len() < 10;
    if !counted {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + usize::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::Ids;

    proptest! {
        #[test]
        fn ids_are_as_in_a_map(ids in prop::collection::vec("0?[0-9]|[+a]?1[0-2]|", 0..40)) {
            let (mut known, mut expected) = (Ids::new(), HashMap::new());
            for (at, id) in ids.iter().enumerate() {
                prop_assert_eq!(known.get(id), expected.get(id.as_str()));
                known.insert(id, at);
                expected.insert(id.as_str(), at);
                prop_assert!(ids.iter().all(|id| known.get(id) == expected.get(id.as_str())));
            }
        }
    }
}
