//! OPATH filters, built from typed values only.

use std::fmt;

use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

/// The text of a `-Filter` parameter.
///
/// Property names and operators come from closed lists and every value is quoted here, so that a text that a
/// phone chose can never become part of the filter's logic.
///
/// ```
/// use easgate_exchange::{Filter, FilterText, Operator, Property};
///
/// let id = FilterText::new("O'Hara")?;
/// let filter = Filter::compare(Property::DeviceId, Operator::Eq, id)
///     .and(&Filter::compare(Property::HasActiveSyncDevicePartnership, Operator::Eq, true));
/// assert_eq!(
///     filter.to_string(),
///     "(DeviceId -eq 'O''Hara') -and (HasActiveSyncDevicePartnership -eq $true)"
/// );
/// # Ok::<(), easgate_exchange::UnfilterableTextError>(())
/// ```
///
/// Source: cmdlet reference, "Recipient filters" and "Filterable properties".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// `property -operator value`.
    #[must_use]
    pub fn compare(property: Property, operator: Operator, value: impl Into<FilterValue>) -> Self {
        Self(format!(
            "{} {} {}",
            property.name(),
            operator.name(),
            value.into().0
        ))
    }

    /// Both hold.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(format!("({}) -and ({})", self.0, other.0))
    }

    /// At least one holds.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(format!("({}) -or ({})", self.0, other.0))
    }

    /// It does not hold.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self(format!("-not ({})", self.0))
    }

    /// The text as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A property that Exchange documents as filterable, as far as this crate has use for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Exchange's own")]
pub enum Property {
    ClientType,
    DeviceAccessState,
    DeviceAccessStateReason,
    DeviceId,
    DeviceModel,
    DeviceOs,
    DeviceType,
    DeviceUserAgent,
    DisplayName,
    FirstSyncTime,
    HasActiveSyncDevicePartnership,
    PrimarySmtpAddress,
    RecipientTypeDetails,
    /// For mailboxes and recipients; not documented for devices.
    WhenChangedUtc,
}

impl Property {
    const fn name(self) -> &'static str {
        match self {
            Self::ClientType => "ClientType",
            Self::DeviceAccessState => "DeviceAccessState",
            Self::DeviceAccessStateReason => "DeviceAccessStateReason",
            Self::DeviceId => "DeviceId",
            Self::DeviceModel => "DeviceModel",
            Self::DeviceOs => "DeviceOS",
            Self::DeviceType => "DeviceType",
            Self::DeviceUserAgent => "DeviceUserAgent",
            Self::DisplayName => "DisplayName",
            Self::FirstSyncTime => "FirstSyncTime",
            Self::HasActiveSyncDevicePartnership => "HasActiveSyncDevicePartnership",
            Self::PrimarySmtpAddress => "PrimarySmtpAddress",
            Self::RecipientTypeDetails => "RecipientTypeDetails",
            Self::WhenChangedUtc => "WhenChangedUTC",
        }
    }
}

/// How a property is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of OPATH")]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    /// With `*` in the text as the wildcard.
    Like,
    NotLike,
}

impl Operator {
    const fn name(self) -> &'static str {
        match self {
            Self::Eq => "-eq",
            Self::Ne => "-ne",
            Self::Gt => "-gt",
            Self::Ge => "-ge",
            Self::Lt => "-lt",
            Self::Le => "-le",
            Self::Like => "-like",
            Self::NotLike => "-notlike",
        }
    }
}

/// A value of a filter, quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterValue(String);

impl FilterValue {
    /// `$null`: the property is not set.
    #[must_use]
    pub fn null() -> Self {
        Self("$null".to_owned())
    }
}

impl From<bool> for FilterValue {
    fn from(value: bool) -> Self {
        Self(if value { "$true" } else { "$false" }.to_owned())
    }
}

impl From<i64> for FilterValue {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl From<Uuid> for FilterValue {
    fn from(value: Uuid) -> Self {
        Self(format!("'{value}'"))
    }
}

/// A time is written in the documented en-US form, in UTC: `8/1/2017 2:00:00 PM`.
///
/// The server reads it in its own culture, so what comes back is filtered again by whoever asked.
impl From<OffsetDateTime> for FilterValue {
    fn from(value: OffsetDateTime) -> Self {
        let form = format_description!(
            "[month padding:none]/[day padding:none]/[year] [hour repr:12 padding:none]:[minute]:[second] [period]"
        );
        let text = value.to_offset(time::UtcOffset::UTC).format(form);
        Self(format!("'{}'", text.unwrap_or_default()))
    }
}

impl From<FilterText> for FilterValue {
    fn from(value: FilterText) -> Self {
        Self(format!("'{}'", value.0.replace('\'', "''")))
    }
}

/// A text that may stand in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterText(
    /// INVARIANT: no control character, and no quotation mark that PowerShell takes for `'`.
    String,
);

impl FilterText {
    /// Takes `text` when it can be quoted without doubt.
    ///
    /// # Errors
    /// When it holds control characters or one of the four typographic quotation marks that PowerShell reads
    /// as `'`: whoever asks must then read the whole list and look for itself.
    pub fn new(text: &str) -> Result<Self, UnfilterableTextError> {
        let odd = |c: char| c.is_control() || matches!(c, '\u{2018}'..='\u{201b}' | '\u{2028}' | '\u{2029}');
        if text.chars().any(odd) {
            return Err(UnfilterableTextError);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Why a text cannot stand in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text holds control characters or typographic quotation marks, which cannot stand in a filter")]
pub struct UnfilterableTextError;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn values_are_written_as_documented() {
        for (value, text) in [
            (FilterValue::from(true), "$true"),
            (FilterValue::from(false), "$false"),
            (FilterValue::null(), "$null"),
            (FilterValue::from(-5), "-5"),
            (
                FilterValue::from(datetime!(2017-08-01 14:00:00 UTC)),
                "'8/1/2017 2:00:00 PM'",
            ),
            (
                FilterValue::from(datetime!(2024-12-31 23:05:09 -02:00)),
                "'1/1/2025 1:05:09 AM'",
            ),
            (
                FilterValue::from(FilterText::new("$true' -or '1' -eq '1").unwrap()),
                "'$true'' -or ''1'' -eq ''1'",
            ),
        ] {
            assert_eq!(value.0, text);
        }
    }

    #[test]
    fn texts_that_cannot_be_quoted_are_refused() {
        for text in ["a\nb", "a\r", "\u{1b}[2J", "\u{2019} -or $true", "\u{201b}"] {
            assert_eq!(FilterText::new(text), Err(UnfilterableTextError), "{text:?}");
        }
    }

    #[test]
    fn logic_is_always_bracketed() {
        let state = |name: &str| {
            Filter::compare(
                Property::DeviceAccessState,
                Operator::Eq,
                FilterText::new(name).unwrap(),
            )
        };
        let filter = state("Quarantined").or(&state("DeviceDiscovery")).negate();
        assert_eq!(
            filter.as_str(),
            "-not ((DeviceAccessState -eq 'Quarantined') -or (DeviceAccessState -eq 'DeviceDiscovery'))"
        );
    }

    proptest! {
        /// Whatever the text, a reader that knows only "a doubled quotation mark is one" finds exactly it and
        /// then the end of the filter.
        #[test]
        fn a_text_never_leaves_its_quotation_marks(text in "(\\PC|'|\\$true|\n|\u{2019}){0,40}") {
            let Ok(value) = FilterText::new(&text) else {
                let odd = |c: char| c.is_control() || "\u{2018}\u{2019}\u{201a}\u{201b}\u{2028}\u{2029}".contains(c);
                prop_assert!(text.chars().any(odd), "refused without reason");
                return Ok(());
            };
            let filter = Filter::compare(Property::DeviceId, Operator::Eq, value);
            let quoted = filter.as_str().strip_prefix("DeviceId -eq '").unwrap();
            let mut read = String::new();
            let mut rest = quoted.chars().peekable();
            loop {
                match rest.next() {
                    Some('\'') if rest.peek() == Some(&'\'') => { rest.next(); read.push('\''); }
                    Some('\'') => break,
                    Some(c) => read.push(c),
                    None => prop_assert!(false, "the quotation never ends: {}", filter),
                }
            }
            prop_assert_eq!(rest.next(), None);
            prop_assert_eq!(read, text);
        }
    }
}
