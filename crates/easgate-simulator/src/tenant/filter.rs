//! The part of OData's `$filter` that clients of these lists use.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A filter: any of these, each of which is all of those.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    any: Vec<Vec<Test>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Compare {
        property: String,
        operator: Operator,
        literal: String,
    },
    Contains {
        property: String,
        literal: String,
    },
    /// `collection/any(v:v/a eq … and v/b eq …)`.
    Any {
        collection: String,
        tests: Vec<Self>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operator {
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
}

/// The properties of `managedDevice` that Intune filters by; it drops a filter on any other in silence.
const INTUNE_FILTERS_BY: [&str; 20] = [
    "exchangeAccessState",
    "complianceState",
    "complianceGracePeriodExpirationDateTime",
    "managementState",
    "managementAgent",
    "azureADDeviceId",
    "userPrincipalName",
    "emailAddress",
    "lastSyncDateTime",
    "enrolledDateTime",
    "serialNumber",
    "imei",
    "manufacturer",
    "operatingSystem",
    "model",
    "deviceName",
    "osVersion",
    "phoneNumber",
    "jailBroken",
    "deviceCategoryDisplayName",
];

impl Filter {
    /// Reads a filter; `None` when it is not of the part that is known.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let any = split(text, " or ")?
            .into_iter()
            .map(|all| {
                split(all, " and ")?
                    .into_iter()
                    .map(Test::parse)
                    .collect::<Option<Vec<_>>>()
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { any })
    }

    /// Whether Intune applies the filter at all.
    pub(crate) fn is_known_to_intune(&self) -> bool {
        self.tests().all(|test| match test {
            Test::Compare { property, .. } | Test::Contains { property, .. } => {
                INTUNE_FILTERS_BY.contains(&property.as_str())
            }
            Test::Any { .. } => false,
        })
    }

    /// Whether the filter is a lambda on the assigned plans, and nothing else.
    pub(crate) fn is_on_plans(&self) -> bool {
        self.tests()
            .all(|test| matches!(test, Test::Any { collection, .. } if collection == "assignedPlans"))
    }

    pub(crate) fn holds(&self, row: &Value) -> bool {
        self.any.iter().any(|all| all.iter().all(|test| test.holds(row)))
    }

    fn tests(&self) -> impl Iterator<Item = &Test> {
        self.any.iter().flatten()
    }
}

impl Test {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((collection, lambda)) = text.split_once("/any(") {
            let (variable, body) = lambda.strip_suffix(')')?.split_once(':')?;
            let body = body.replace(&format!("{variable}/"), "");
            let tests = split(&body, " and ")?
                .into_iter()
                .map(Self::parse)
                .collect::<Option<_>>()?;
            return Some(Self::Any {
                collection: collection.to_owned(),
                tests,
            });
        }
        if let Some(arguments) = text.strip_prefix("contains(") {
            let (property, value) = arguments.strip_suffix(')')?.split_once(',')?;
            return Some(Self::Contains {
                property: property.trim().to_owned(),
                literal: literal(value)?,
            });
        }
        let mut words = text.splitn(3, ' ');
        let (property, operator, value) = (words.next()?, words.next()?, words.next()?);
        let operator = match operator {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "lt" => Operator::Lt,
            "gt" => Operator::Gt,
            "le" => Operator::Le,
            "ge" => Operator::Ge,
            _ => return None,
        };
        Some(Self::Compare {
            property: property.to_owned(),
            operator,
            literal: literal(value)?,
        })
    }

    fn holds(&self, row: &Value) -> bool {
        let text = |property: &str| match &row[property] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                other.to_string()
            }
        };
        match self {
            Self::Any { collection, tests } => row[collection]
                .as_array()
                .is_some_and(|items| items.iter().any(|item| tests.iter().all(|test| test.holds(item)))),
            Self::Contains { property, literal } => {
                text(property).to_lowercase().contains(&literal.to_lowercase())
            }
            Self::Compare {
                property,
                operator,
                literal,
            } => {
                let (mine, theirs) = (text(property), literal);
                let order = match (date(&mine), date(theirs)) {
                    (Some(mine), Some(theirs)) => mine.cmp(&theirs),
                    _ => mine.to_lowercase().cmp(&theirs.to_lowercase()),
                };
                match operator {
                    Operator::Eq => order.is_eq(),
                    Operator::Ne => order.is_ne(),
                    Operator::Lt => order.is_lt(),
                    Operator::Gt => order.is_gt(),
                    Operator::Le => order.is_le(),
                    Operator::Ge => order.is_ge(),
                }
            }
        }
    }
}

/// A literal: quoted with doubled quotes inside, or a bare word.
fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    match text.strip_prefix('\'') {
        Some(quoted) => Some(quoted.strip_suffix('\'')?.replace("''", "'")),
        None if text.is_empty() || text.contains(['\'', ' ', '(', ')']) => None,
        None => Some(text.to_owned()),
    }
}

fn date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Splits at `separator` where it stands outside of quotes and parentheses.
fn split<'a>(text: &'a str, separator: &str) -> Option<Vec<&'a str>> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (place, char) in text.char_indices() {
        match char {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.checked_sub(1)?,
            ' ' if !quoted && depth == 0 && place >= start && text[place..].starts_with(separator) => {
                parts.push(&text[start..place]);
                start = place + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted && depth == 0).then_some(parts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_mean_what_odata_says() {
        let row = json!({"model": "iPhone O'Neil", "complianceState": "noncompliant", "lastSyncDateTime": "2026-11-22T00:00:00Z",
            "assignedPlans": [{"servicePlanId": "a", "capabilityStatus": "Deleted"}, {"servicePlanId": "b", "capabilityStatus": "Enabled"}]});
        for (text, holds) in [
            ("complianceState eq 'noncompliant'", Some(true)),
            (
                "complianceState eq 'compliant' or complianceState eq 'noncompliant'",
                Some(true),
            ),
            ("complianceState eq 'noncompliant' and model eq 'x'", Some(false)),
            ("model eq 'iPhone O''Neil'", Some(true)),
            ("contains(model,'phone')", Some(true)),
            ("lastSyncDateTime gt 2026-11-21T23:59:59Z", Some(true)),
            ("lastSyncDateTime gt 2026-11-22T00:00:00.0000000Z", Some(false)),
            (
                "assignedPlans/any(p:p/servicePlanId eq a and p/capabilityStatus eq 'Enabled')",
                Some(false),
            ),
            (
                "assignedPlans/any(p:p/servicePlanId eq b and p/capabilityStatus eq 'Enabled')",
                Some(true),
            ),
            ("complianceState eq", None),
            ("complianceState like 'x'", None),
            ("(complianceState eq 'x'", None),
            ("model eq 'x", None),
        ] {
            assert_eq!(
                Filter::parse(text).map(|filter| filter.holds(&row)),
                holds,
                "{text}"
            );
        }
    }
}
