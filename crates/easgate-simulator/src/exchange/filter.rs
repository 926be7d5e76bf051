//! OPATH filters: the subset that the cmdlet reference documents.
//!
//! `Property -op 'value'`, joined by `-and`, `-or` and `-not`, with parentheses; `$true`, `$false` and `$null` bare.
//! Source: "Recipient filters", section on additional OPATH syntax, and "Filterable properties".

mod token;

use time::UtcOffset;

use super::culture::Culture;
use super::row::{Row, Value};
use token::{Token, tokens};

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Test {
        property: String,
        op: Op,
        operand: Operand,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Like,
    NotLike,
}

/// What a property is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Text(String),
    Bool(bool),
    Null,
}

const DEVICE: &[&str] = &[
    "ClientType",
    "DeviceAccessControlRule",
    "DeviceAccessState",
    "DeviceAccessStateReason",
    "DeviceActiveSyncVersion",
    "DeviceId",
    "DeviceImei",
    "DeviceMobileOperator",
    "DeviceModel",
    "DeviceOS",
    "DeviceOSLanguage",
    "DeviceTelephoneNumber",
    "DeviceType",
    "DeviceUserAgent",
    "FirstSyncTime",
    "FriendlyName",
    "ProvisioningFlags",
    "UserDisplayName",
];
const WHEN_CHANGED: &[&str] = &["WhenChanged", "WhenChangedUTC"];
const CAS_MAILBOX: &[&str] = &[
    "ActiveSyncAllowedDeviceIDs",
    "ActiveSyncBlockedDeviceIDs",
    "ActiveSyncEnabled",
    "ActiveSyncMailboxPolicy",
    "DisplayName",
    "DistinguishedName",
    "EmailAddresses",
    "Guid",
    "HasActiveSyncDevicePartnership",
    "Name",
    "PrimarySmtpAddress",
    "SamAccountName",
    "WhenChanged",
    "WhenChangedUTC",
];
const RECIPIENT: &[&str] = &[
    "Alias",
    "DisplayName",
    "DistinguishedName",
    "EmailAddresses",
    "Guid",
    "HasActiveSyncDevicePartnership",
    "Name",
    "PrimarySmtpAddress",
    "RecipientType",
    "RecipientTypeDetails",
    "SamAccountName",
    "WhenChanged",
    "WhenChangedUTC",
];
const DEVICE_CLASS: &[&str] = &["DeviceModel", "DeviceType", "LastUpdateTime"];

/// Which properties a cmdlet can filter by.
fn filterable(cmdlet: &str, when_changed_on_devices: bool) -> Vec<&'static str> {
    let mut names = match cmdlet {
        "Get-CASMailbox" => CAS_MAILBOX,
        "Get-Recipient" => RECIPIENT,
        "Get-ActiveSyncDeviceClass" => DEVICE_CLASS,
        _ => DEVICE,
    }
    .to_vec();
    if when_changed_on_devices && cmdlet.ends_with("Device") {
        names.extend(WHEN_CHANGED);
    }
    names
}

/// Reads the filter of `cmdlet`.
///
/// # Errors
///
/// Exchange's words for what is wrong with it.
pub(super) fn parse(
    text: &str,
    cmdlet: &str,
    when_changed_on_devices: bool,
    culture: Culture,
) -> Result<Filter, String> {
    let syntax = |at: usize| {
        format!(
            "Invalid filter syntax. For a description of the filter parameter syntax see the command help. \"{text}\" \
             at position {at}."
        )
    };
    if text.len() > 8192 {
        return Err(syntax(8192));
    }
    let tokens = tokens(text).map_err(syntax)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        end: text.len(),
    };
    let filter = parser.any().map_err(syntax)?;
    if let Some((position, _)) = tokens.get(parser.at) {
        return Err(syntax(*position));
    }
    check(&filter, &filterable(cmdlet, when_changed_on_devices), culture)?;
    Ok(filter)
}

/// Every property must be known, and every date readable.
fn check(filter: &Filter, names: &[&str], culture: Culture) -> Result<(), String> {
    match filter {
        Filter::And(a, b) | Filter::Or(a, b) => {
            check(a, names, culture).and_then(|()| check(b, names, culture))
        }
        Filter::Not(inner) => check(inner, names, culture),
        Filter::Test {
            property, operand, ..
        } => {
            if !names.iter().any(|name| name.eq_ignore_ascii_case(property)) {
                return Err(format!(
                    "\"{property}\" is not a recognized filterable property. Valid property names are: {}",
                    names.join(", ")
                ));
            }
            let is_date = ["WhenChanged", "WhenChangedUTC", "FirstSyncTime", "LastUpdateTime"]
                .iter()
                .any(|name| name.eq_ignore_ascii_case(property));
            match operand {
                Operand::Text(text) if is_date && culture.parse(text, UtcOffset::UTC).is_none() => Err(
                    format!("The value \"{text}\" could not be converted to type System.DateTime."),
                ),
                _ => Ok(()),
            }
        }
    }
}

struct Parser<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    depth: usize,
    end: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Filter, usize> {
        let mut left = self.all()?;
        while self.take(&Token::Or) {
            left = Filter::Or(Box::new(left), Box::new(self.all()?));
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Filter, usize> {
        let mut left = self.one()?;
        while self.take(&Token::And) {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, usize> {
        self.depth += 1;
        if self.depth > 32 {
            return Err(self.position());
        }
        let filter = self.term();
        self.depth -= 1;
        filter
    }

    fn term(&mut self) -> Result<Filter, usize> {
        if self.take(&Token::Not) {
            return Ok(Filter::Not(Box::new(self.one()?)));
        }
        if self.take(&Token::Open) {
            let inner = self.any()?;
            return if self.take(&Token::Close) {
                Ok(inner)
            } else {
                Err(self.position())
            };
        }
        let Some((_, Token::Word(property))) = self.tokens.get(self.at) else {
            return Err(self.position());
        };
        self.at += 1;
        let Some((_, Token::Op(op))) = self.tokens.get(self.at) else {
            return Err(self.position());
        };
        self.at += 1;
        let operand = match self.tokens.get(self.at) {
            Some((_, Token::Text(text))) => Operand::Text(text.clone()),
            Some((_, Token::Word(word))) => operand(word).ok_or_else(|| self.position())?,
            _ => return Err(self.position()),
        };
        self.at += 1;
        Ok(Filter::Test {
            property: property.clone(),
            op: *op,
            operand,
        })
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|(_, known)| known == token);
        self.at += usize::from(found);
        found
    }

    fn position(&self) -> usize {
        self.tokens
            .get(self.at)
            .map_or(self.end, |(position, _)| *position)
    }
}

/// A bare value: a number, or a system value.
fn operand(word: &str) -> Option<Operand> {
    if let Some(name) = word.strip_prefix('$') {
        return match name.to_ascii_lowercase().as_str() {
            "true" => Some(Operand::Bool(true)),
            "false" => Some(Operand::Bool(false)),
            "null" => Some(Operand::Null),
            _ => None,
        };
    }
    word.parse::<i64>()
        .is_ok()
        .then(|| Operand::Text(word.to_owned()))
}

impl Filter {
    /// Whether `row` passes.
    pub(super) fn matches(&self, row: &Row, culture: Culture) -> bool {
        match self {
            Self::And(a, b) => a.matches(row, culture) && b.matches(row, culture),
            Self::Or(a, b) => a.matches(row, culture) || b.matches(row, culture),
            Self::Not(inner) => !inner.matches(row, culture),
            Self::Test {
                property,
                op,
                operand,
            } => test(row.get(property).unwrap_or(&Value::Nil), *op, operand, culture),
        }
    }
}

fn test(value: &Value, op: Op, operand: &Operand, culture: Culture) -> bool {
    match op {
        Op::Ne => return !test(value, Op::Eq, operand, culture),
        Op::NotLike => return !test(value, Op::Like, operand, culture),
        Op::Eq | Op::Like | Op::Gt | Op::Ge | Op::Lt | Op::Le => {}
    }
    match (value, operand) {
        (Value::Nil, Operand::Null) => true,
        (Value::Strings(items) | Value::Addresses(items), Operand::Null) => items.is_empty(),
        (Value::Text(text), Operand::Null) => text.is_empty(),
        (Value::Strings(items) | Value::Addresses(items), Operand::Text(text)) => {
            items.iter().any(|item| compare(item, op, text))
        }
        (Value::Bool(known), Operand::Bool(wanted)) => known == wanted && op == Op::Eq,
        (Value::Bool(known), Operand::Text(text)) => {
            text.eq_ignore_ascii_case(if *known { "true" } else { "false" })
        }
        (Value::Local(at) | Value::Utc(at), Operand::Text(text)) => {
            let zone = if matches!(value, Value::Utc(_)) {
                culture.zone_of_utc()
            } else {
                culture.offset()
            };
            culture
                .parse(text, zone)
                .is_some_and(|wanted| ordered(at.cmp(&wanted), op))
        }
        (Value::Int(number), Operand::Text(text)) => text
            .parse::<i32>()
            .is_ok_and(|wanted| ordered(number.cmp(&wanted), op)),
        (Value::Enum(_, name, number), Operand::Text(text)) => {
            compare(name, op, text) || text.parse() == Ok(*number)
        }
        (Value::Id(id), Operand::Text(text)) => compare(&id.dn, op, text) || compare(&id.text, op, text),
        (Value::Guid(guid), Operand::Text(text)) => {
            compare(&guid.to_string(), op, text.trim_matches(['{', '}']))
        }
        (Value::Text(known) | Value::Struct(_, known), Operand::Text(text)) => compare(known, op, text),
        _ => false,
    }
}

fn compare(known: &str, op: Op, wanted: &str) -> bool {
    let (known, wanted) = (known.to_lowercase(), wanted.to_lowercase());
    if op == Op::Like {
        like(&known, &wanted)
    } else {
        ordered(known.cmp(&wanted), op)
    }
}

const fn ordered(order: std::cmp::Ordering, op: Op) -> bool {
    match op {
        Op::Eq | Op::Like => order.is_eq(),
        Op::Ne | Op::NotLike => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
    }
}

/// `*` stands for any text.
fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut middle: Vec<&str> = parts.collect();
    let last = middle.pop().unwrap_or_default();
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
