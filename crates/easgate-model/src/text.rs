//! Texts that many objects have alike.

use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text that may be shared: what a million phones say of themselves is a few thousand texts.
///
/// An empty one takes no memory of its own, and a clone none.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Option<Arc<str>>);

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self((!text.is_empty()).then(|| text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes texts share their memory while a list is read.
///
/// ```
/// use easgate_model::{Text, Texts};
///
/// let mut texts = Texts::default();
/// let [mut one, mut other] = ["iPhone", "iPhone"].map(Text::from);
/// texts.share(&mut one);
/// texts.share(&mut other);
/// assert!(std::ptr::eq(one.as_str(), other.as_str()));
/// ```
#[derive(Debug, Default)]
pub struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// How many different texts are remembered, so that a list of which all differ costs no table beside it.
    const MOST: usize = 65_536;

    /// Lets `text` share its memory with an equal one that came before.
    pub fn share(&mut self, text: &mut Text) {
        let Some(own) = &text.0 else {
            return;
        };
        match self.0.get(own) {
            Some(known) => text.0 = Some(Arc::clone(known)),
            None if self.0.len() < Self::MOST => {
                self.0.insert(Arc::clone(own));
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shared_up_to_a_bound_and_stay_what_they_are() {
        let mut texts = Texts::default();
        for number in 0..Texts::MOST + 10 {
            texts.share(&mut number.to_string().into());
        }
        assert_eq!(texts.0.len(), Texts::MOST);
        let mut late: Text = "late".into();
        texts.share(&mut late);
        assert_eq!(late, "late");
        let mut none = Text::default();
        texts.share(&mut none);
        assert_eq!(none, Text::from(String::new()));
    }
}
