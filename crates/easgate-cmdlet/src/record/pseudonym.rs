//! One word for another: the same shape, the same partner every time, and no way back without the key.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How often the halves of a word are mixed; small words need the most.
const ROUNDS: u8 = 8;
/// From this length on a word of hexadecimal digits stays one.
const HEXADECIMAL_LENGTH: usize = 16;
/// How long the pseudonym of a word with letters beyond ASCII is at least, so that two never meet.
const FOREIGN_LENGTH: usize = 12;

/// Words to pseudonyms, under the key of one recording.
///
/// An ASCII word becomes another one of the same length, with letters where letters were, in the same case, and
/// digits where digits were. Two different words never get the same pseudonym: the map is a permutation of all
/// words of a shape, a Feistel network over HMAC-SHA-256. Case does not count, so `ana` and `ANA` stay equal.
#[derive(Clone)]
pub(super) struct Pseudonyms {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Pseudonyms {
    /// Leaves out the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonyms").finish_non_exhaustive()
    }
}

impl Pseudonyms {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self {
            keyed: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
        }
    }

    /// The pseudonym of a word.
    pub(super) fn word(&self, word: &str) -> String {
        if !word.is_ascii() {
            return self.foreign(word);
        }
        let long = word.len() >= HEXADECIMAL_LENGTH;
        if long && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return self.hexadecimal(word);
        }
        let mut digits: Vec<Digit> = word.bytes().map(Digit::decimal_or_letter).collect();
        self.permute(&mut digits);
        let shape = word.bytes().zip(digits);
        shape.map(|(original, digit)| digit.character(original)).collect()
    }

    /// The pseudonym of a word of hexadecimal digits, such as those of a Guid.
    pub(super) fn hexadecimal(&self, word: &str) -> String {
        let mut digits: Vec<Digit> = word.bytes().map(Digit::hexadecimal).collect();
        self.permute(&mut digits);
        let case = if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            b'A'
        } else {
            b'a'
        };
        digits.into_iter().map(|digit| digit.character(case)).collect()
    }

    /// A word with letters beyond ASCII becomes an ASCII one: there is no alphabet to stay in.
    fn foreign(&self, word: &str) -> String {
        let folded = word.to_lowercase();
        let length = word.chars().count().max(FOREIGN_LENGTH);
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        self.stream(&[b"foreign", folded.as_bytes()])
            .take(length)
            .enumerate()
            .map(|(at, byte)| {
                let case = if at == 0 && capital { b'A' } else { b'a' };
                char::from(case + byte % 26)
            })
            .collect()
    }

    fn permute(&self, digits: &mut [Digit]) {
        let shape: Vec<u8> = digits.iter().map(|digit| digit.radix).collect();
        let (left, right) = digits.split_at_mut(digits.len() / 2);
        for round in 0..ROUNDS {
            let (changed, read) = if round % 2 == 0 {
                (&mut *right, &*left)
            } else {
                (&mut *left, &*right)
            };
            let read: Vec<u8> = read.iter().map(|digit| digit.value).collect();
            let stream = self.stream(&[b"word", &[round], &shape, &read]);
            for (digit, byte) in changed.iter_mut().zip(stream) {
                digit.value = (digit.value + byte % digit.radix) % digit.radix;
            }
        }
    }

    /// Bytes without end that only the key and `parts` decide.
    fn stream(&self, parts: &[&[u8]]) -> impl Iterator<Item = u8> + use<> {
        let mut keyed = self.keyed.clone();
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            keyed.update(&length.to_be_bytes());
            keyed.update(part);
        }
        (0_u64..).flat_map(move |block| {
            keyed
                .clone()
                .chain_update(block.to_be_bytes())
                .finalize()
                .into_bytes()
        })
    }
}

/// One character of a word as a number below its radix.
#[derive(Debug, Clone, Copy)]
struct Digit {
    value: u8,
    radix: u8,
}

impl Digit {
    const fn decimal_or_letter(byte: u8) -> Self {
        if byte.is_ascii_digit() {
            Self {
                value: byte - b'0',
                radix: 10,
            }
        } else {
            Self {
                value: byte.to_ascii_lowercase().wrapping_sub(b'a') % 26,
                radix: 26,
            }
        }
    }

    const fn hexadecimal(byte: u8) -> Self {
        let value = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => byte.to_ascii_lowercase().wrapping_sub(b'a') % 6 + 10,
        };
        Self { value, radix: 16 }
    }

    /// The character, a letter in the case of `case`.
    fn character(self, case: u8) -> char {
        let letter = if case.is_ascii_uppercase() { b'A' } else { b'a' };
        let byte = match self.radix {
            10 => b'0' + self.value,
            26 => letter + self.value,
            _ if self.value < 10 => b'0' + self.value,
            _ => letter + self.value - 10,
        };
        char::from(byte)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_words_never_share_a_pseudonym() {
        let pseudonyms = Pseudonyms::new(&[1; 32]);
        for words in [
            (0..10_000).map(|n| format!("{n:04}")).collect::<Vec<_>>(),
            (0..100).map(|n| format!("u{n}")).collect(),
            ('a'..='z').map(String::from).collect(),
        ] {
            let replaced: BTreeSet<String> = words.iter().map(|word| pseudonyms.word(word)).collect();
            assert_eq!(replaced.len(), words.len());
        }
    }

    #[test]
    fn another_key_gives_other_pseudonyms() {
        let word = "ApplC39GQ8NNDTDL";
        let one = Pseudonyms::new(&[1; 32]).word(word);
        let other = Pseudonyms::new(&[2; 32]).word(word);
        assert_ne!(one, other);
    }

    #[test]
    fn the_key_does_not_print() {
        assert_eq!(format!("{:?}", Pseudonyms::new(&[9; 32])), "Pseudonyms { .. }");
    }

    fn shape(word: &str) -> String {
        word.chars()
            .map(|character| match character {
                '0'..='9' => '0',
                'a'..='z' => 'a',
                'A'..='Z' => 'A',
                _ => '?',
            })
            .collect()
    }

    proptest! {
        #[test]
        fn shape_and_equality_without_case_stay(word in "[A-Za-z0-9]{1,15}", other in "[A-Za-z0-9]{1,4}") {
            let pseudonyms = Pseudonyms::new(&[3; 32]);
            let replaced = pseudonyms.word(&word);
            prop_assert_eq!(shape(&replaced), shape(&word));
            let folded = pseudonyms.word(&word.to_ascii_uppercase());
            prop_assert!(replaced.eq_ignore_ascii_case(&folded));
            let same = word.eq_ignore_ascii_case(&other);
            prop_assert_eq!(replaced.eq_ignore_ascii_case(&pseudonyms.word(&other)), same);
        }

        #[test]
        fn a_foreign_word_becomes_letters(word in "\\PC{1,20}") {
            let replaced = Pseudonyms::new(&[3; 32]).foreign(&word);
            prop_assert!(replaced.bytes().all(|byte| byte.is_ascii_alphabetic()));
        }
    }
}
