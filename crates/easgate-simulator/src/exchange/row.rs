//! Objects as rows of typed members, and their CLIXML.

mod writer;

use std::borrow::Cow;

use time::OffsetDateTime;
use uuid::Uuid;

pub(super) use writer::{Form, write};

/// One object that a cmdlet gives.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The .NET types, most derived first.
    pub(super) types: TypeNames,
    /// The display form.
    pub(super) text: String,
    /// The members, in the order of the wire.
    pub(super) members: Vec<(&'static str, Value)>,
    /// What filters know and the wire does not show.
    pub(super) hidden: Vec<(&'static str, Value)>,
    /// Whether the members are note properties (`MS`), as those of `Select-Object`.
    pub(super) selected: bool,
}

/// A list of type names: the derived ones apart from the ones that every directory object has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeNames(pub(super) Cow<'static, [&'static str]>);

/// A member's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Text(String),
    Bool(bool),
    Int(i32),
    UInt(u32),
    /// A time in the server's own zone.
    Local(OffsetDateTime),
    Utc(OffsetDateTime),
    Guid(Uuid),
    /// Type name, name and number.
    Enum(&'static str, String, i32),
    Id(Id),
    /// A multi-valued property of strings.
    Strings(Vec<String>),
    /// `SMTP:` and `smtp:` addresses.
    Addresses(Vec<String>),
    /// A structure of Exchange that is text without the full serialisation: type name and text.
    Struct(&'static str, String),
    /// `ServerVersion`.
    Version(String, [i32; 4]),
    /// `OrganizationId`, empty on-premises.
    Organization,
    /// A dictionary whose values are not shown: the parameters of a command.
    Names(Vec<String>),
}

/// The identity of a directory object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) text: String,
    pub(super) dn: String,
    pub(super) guid: Uuid,
}

impl Row {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let mut all = self.members.iter().chain(&self.hidden);
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

impl Value {
    /// Text, and Nil when it is empty.
    pub(super) fn text_or_nil(text: &str) -> Self {
        if text.is_empty() {
            Self::Nil
        } else {
            Self::Text(text.to_owned())
        }
    }

    pub(super) fn utc(at: Option<OffsetDateTime>) -> Self {
        at.map_or(Self::Nil, Self::Utc)
    }

    pub(super) fn id(dn: &str, guid: Uuid) -> Self {
        Self::Id(Id {
            text: super::names::canonical(dn),
            dn: dn.to_owned(),
            guid,
        })
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The order of the members that every configuration object ends with.
pub(super) struct Tail<'a> {
    pub(super) name: &'a str,
    pub(super) dn: &'a str,
    pub(super) guid: Uuid,
    pub(super) identity: Id,
    pub(super) category: &'static str,
    pub(super) classes: &'static [&'static str],
    pub(super) when_changed: OffsetDateTime,
    pub(super) when_created: OffsetDateTime,
    pub(super) version: super::ExchangeVersion,
    pub(super) domain: &'a str,
    pub(super) server: &'a str,
}

impl Tail<'_> {
    /// As `AcceptedDomain` and its kin have it (`ADConfigurationObject`).
    pub(super) fn configuration(&self, members: &mut Vec<(&'static str, Value)>) {
        members.push(("AdminDisplayName", Value::Text(String::new())));
        members.push(("ExchangeVersion", self.exchange_version()));
        members.push(("Name", Value::text(self.name)));
        members.push(("DistinguishedName", Value::text(self.dn)));
        members.push(("Identity", Value::Id(self.identity.clone())));
        members.push(("Guid", Value::Guid(self.guid)));
        self.middle(members);
        members.push(("OriginatingServer", Value::text(self.server)));
        members.push(("IsValid", Value::Bool(true)));
        members.push(("ObjectState", object_state()));
    }

    /// As `Mailbox` and `ExchangeServer` have it (`ADPresentationObject`).
    pub(super) fn presentation(&self, members: &mut Vec<(&'static str, Value)>) {
        members.push(("Identity", Value::Id(self.identity.clone())));
        members.push(("IsValid", Value::Bool(true)));
        members.push(("ExchangeVersion", self.exchange_version()));
        members.push(("Name", Value::text(self.name)));
        members.push(("DistinguishedName", Value::text(self.dn)));
        members.push(("Guid", Value::Guid(self.guid)));
        self.middle(members);
        members.push(("OriginatingServer", Value::text(self.server)));
        members.push(("ObjectState", object_state()));
    }

    fn middle(&self, members: &mut Vec<(&'static str, Value)>) {
        let domain = self.domain;
        let schema = format!(
            "CN={},CN=Schema,CN=Configuration,DC={}",
            self.category,
            domain.replace('.', ",DC=")
        );
        let classes = self.classes.iter().map(|class| (*class).to_owned()).collect();
        members.push(("ObjectCategory", Value::id(&schema, Uuid::nil())));
        members.push(("ObjectClass", Value::Strings(classes)));
        members.push(("WhenChanged", Value::Local(self.when_changed)));
        members.push(("WhenCreated", Value::Local(self.when_created)));
        members.push(("WhenChangedUTC", Value::Utc(self.when_changed)));
        members.push(("WhenCreatedUTC", Value::Utc(self.when_created)));
        members.push(("OrganizationId", Value::Organization));
        members.push(("Id", Value::Id(self.identity.clone())));
    }

    fn exchange_version(&self) -> Value {
        Value::Struct(
            "Microsoft.Exchange.Data.ExchangeObjectVersion",
            self.version.object_version().to_owned(),
        )
    }
}

fn object_state() -> Value {
    Value::Enum("Microsoft.Exchange.Data.ObjectState", "Unchanged".to_owned(), 1)
}
