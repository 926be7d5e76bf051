//! The dynamic value, which keeps everything that the wire tells.

use std::slice;
use std::sync::Arc;

/// One PowerShell value as it stands in a message.
///
/// Nothing is lost: an object keeps its type names, its text, its own value, and its adapted and extended members apart.
#[derive(Debug, Clone, PartialEq)]
pub enum PsValue {
    /// A value without members.
    Primitive(Primitive),
    /// A value with type names, a text, members, or items.
    Object(Box<PsObject>),
    /// A reference that was not copied: to an enclosing object (a cycle), or any if [`References::Keep`] was asked for.
    /// The text is the path of the object meant, for example `0/Props.Id`.
    ///
    /// [`References::Keep`]: super::References::Keep
    Reference(String),
}

/// A value of one element, MS-PSRP 2.2.5.1. Texts of dates, spans, fractions and the like are kept as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Primitive {
    /// `Nil`.
    Nil,
    /// `B`.
    Bool(bool),
    /// `S`.
    String(String),
    /// `C`: one UTF-16 code unit, which may be half of a surrogate pair.
    Char(u16),
    /// `By`.
    U8(u8),
    /// `SB`.
    I8(i8),
    /// `U16`.
    U16(u16),
    /// `I16`.
    I16(i16),
    /// `U32`.
    U32(u32),
    /// `I32`.
    I32(i32),
    /// `U64`.
    U64(u64),
    /// `I64`.
    I64(i64),
    /// `Sg`.
    Single(String),
    /// `Db`.
    Double(String),
    /// `D`.
    Decimal(String),
    /// `DT`: up to seven digits of a second; `Z`, an offset, or nothing.
    DateTime(String),
    /// `TS`, an ISO 8601 duration.
    TimeSpan(String),
    /// `BA`.
    Bytes(Vec<u8>),
    /// `G`.
    Guid(String),
    /// `URI`.
    Uri(String),
    /// `Version`.
    Version(String),
    /// `XD`.
    Xml(String),
    /// `SBK`.
    ScriptBlock(String),
    /// `SS`, still encrypted.
    SecureString(String),
    /// `PR`: the names and texts of its parts.
    Progress(Vec<(String, String)>),
    /// An element that is not known, or whose text does not fit its kind.
    Unknown {
        /// The name of the element.
        tag: String,
        /// Its text.
        text: String,
    },
}

/// A value with more to it than one element's text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PsObject {
    /// The .NET types, most derived first; empty if the message names none. Shared by the objects of one message.
    pub type_names: Arc<[String]>,
    /// The display form. For an enumeration this is the name of the value.
    pub to_string: Option<String>,
    /// The object's own value: a primitive, a list, a dictionary.
    pub content: Option<Content>,
    /// `Props`: the members of the .NET object.
    pub adapted: Vec<(String, PsValue)>,
    /// `MS`: the members that PowerShell added.
    pub extended: Vec<(String, PsValue)>,
}

/// What an object is, apart from its members.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A primitive with type names, a text or members: enumerations have an [`Primitive::I32`] here.
    Primitive(Primitive),
    /// `LST`.
    List(Vec<PsValue>),
    /// `IE`.
    Enumerable(Vec<PsValue>),
    /// `STK`.
    Stack(Vec<PsValue>),
    /// `QUE`.
    Queue(Vec<PsValue>),
    /// `DCT`, in the order of the message, with repeated keys.
    Dictionary(Vec<(PsValue, PsValue)>),
}

impl PsValue {
    /// The null value.
    pub const NIL: Self = Self::Primitive(Primitive::Nil);

    /// An object with these type names and nothing else yet.
    pub fn object(type_names: &[&str]) -> PsObject {
        PsObject {
            type_names: type_names.iter().map(|name| (*name).to_owned()).collect(),
            ..PsObject::default()
        }
    }

    /// A property bag: an object with extended members alone, as PSRP's own messages are.
    pub fn bag<N: Into<String>, V: Into<Self>>(members: impl IntoIterator<Item = (N, V)>) -> Self {
        let extended = members
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        PsObject {
            extended,
            ..PsObject::default()
        }
        .into()
    }

    /// A `System.Collections.Hashtable`.
    pub fn hashtable(entries: impl IntoIterator<Item = (Self, Self)>) -> Self {
        let mut object = Self::object(&["System.Collections.Hashtable", "System.Object"]);
        object.content = Some(Content::Dictionary(entries.into_iter().collect()));
        object.into()
    }

    /// A value of the enumeration `type_name`: `name` is its display form, `value` its number.
    pub fn enumeration(type_name: &str, name: &str, value: i32) -> Self {
        let mut object = Self::object(&[type_name, "System.Enum", "System.ValueType", "System.Object"]);
        object.to_string = Some(name.to_owned());
        object.content = Some(Content::Primitive(Primitive::I32(value)));
        object.into()
    }

    /// A `System.Collections.ArrayList`.
    pub fn array_list(items: impl IntoIterator<Item = Self>) -> Self {
        let mut object = Self::object(&["System.Collections.ArrayList", "System.Object"]);
        object.content = Some(Content::List(items.into_iter().collect()));
        object.into()
    }

    /// Whether this is `Nil`.
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Primitive(Primitive::Nil))
    }

    /// The object behind this value, if it is one.
    pub fn as_object(&self) -> Option<&PsObject> {
        match self {
            Self::Object(object) => Some(object),
            Self::Primitive(_) | Self::Reference(_) => None,
        }
    }

    /// The primitive: this value itself, or an object's own value.
    pub fn as_primitive(&self) -> Option<&Primitive> {
        match self {
            Self::Primitive(primitive) => Some(primitive),
            Self::Object(object) => match &object.content {
                Some(Content::Primitive(primitive)) => Some(primitive),
                _ => None,
            },
            Self::Reference(_) => None,
        }
    }

    /// The member `name`: adapted before extended, exact before differing in ASCII case alone.
    pub fn property(&self, name: &str) -> Option<&Self> {
        let object = self.as_object()?;
        let members = || object.adapted.iter().chain(&object.extended);
        members()
            .find(|(known, _)| known == name)
            .or_else(|| members().find(|(known, _)| known.eq_ignore_ascii_case(name)))
            .map(|(_, value)| value)
    }

    /// The text: of a string; else the display form of an object; else the text of whatever is kept as text.
    pub fn as_str(&self) -> Option<&str> {
        if let Some(text) = self.as_object().and_then(|object| object.to_string.as_deref()) {
            return Some(text);
        }
        self.as_primitive()?.as_str()
    }

    /// A boolean; also an object around one, or the words `true` and `false` in any case.
    pub fn as_bool(&self) -> Option<bool> {
        let text = self.as_primitive()?.as_str()?;
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }

    /// A whole number of any width that fits, also the number of an enumeration.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_primitive()?.as_i64()
    }

    /// The items of a list, an enumerable, a stack or a queue. `None` for anything else: see [`PsValue::items`].
    pub fn as_list(&self) -> Option<&[Self]> {
        match self.as_object()?.content.as_ref()? {
            Content::List(items)
            | Content::Enumerable(items)
            | Content::Stack(items)
            | Content::Queue(items) => Some(items),
            Content::Primitive(_) | Content::Dictionary(_) => None,
        }
    }

    /// The items as PowerShell would loop over them: of a list its items, of `Nil` none, of anything else itself.
    pub fn items(&self) -> &[Self] {
        match self.as_list() {
            Some(items) => items,
            None if self.is_nil() => &[],
            None => slice::from_ref(self),
        }
    }

    /// The entries of a dictionary, in the order of the message.
    pub fn entries(&self) -> Option<&[(Self, Self)]> {
        if let Some(Content::Dictionary(entries)) = &self.as_object()?.content {
            Some(entries)
        } else {
            None
        }
    }

    /// The type names, most derived first; empty for a primitive.
    pub fn type_names(&self) -> &[String] {
        self.as_object().map_or(&[], |object| &object.type_names)
    }
}

impl Primitive {
    /// The text of a primitive that is kept as text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text)
            | Self::Single(text)
            | Self::Double(text)
            | Self::Decimal(text)
            | Self::DateTime(text)
            | Self::TimeSpan(text)
            | Self::Guid(text)
            | Self::Uri(text)
            | Self::Version(text)
            | Self::Xml(text)
            | Self::ScriptBlock(text)
            | Self::SecureString(text)
            | Self::Unknown { text, .. } => Some(text),
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Nil
            | Self::Char(_)
            | Self::U8(_)
            | Self::I8(_)
            | Self::U16(_)
            | Self::I16(_)
            | Self::U32(_)
            | Self::I32(_)
            | Self::U64(_)
            | Self::I64(_)
            | Self::Bytes(_)
            | Self::Progress(_) => None,
        }
    }

    /// A whole number of any width that fits.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "everything else is not a whole number"
    )]
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::U8(value) => Some(value.into()),
            Self::I8(value) => Some(value.into()),
            Self::U16(value) | Self::Char(value) => Some(value.into()),
            Self::I16(value) => Some(value.into()),
            Self::U32(value) => Some(value.into()),
            Self::I32(value) => Some(value.into()),
            Self::U64(value) => value.try_into().ok(),
            Self::I64(value) => Some(value),
            _ => None,
        }
    }
}

impl PsObject {
    /// Adds an adapted member.
    #[must_use]
    pub fn adapted(mut self, name: &str, value: impl Into<PsValue>) -> Self {
        self.adapted.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an extended member.
    #[must_use]
    pub fn extended(mut self, name: &str, value: impl Into<PsValue>) -> Self {
        self.extended.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the display form.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.to_string = Some(text.to_owned());
        self
    }

    /// Sets the object's own value.
    #[must_use]
    pub fn content(mut self, content: Content) -> Self {
        self.content = Some(content);
        self
    }
}

impl From<PsObject> for PsValue {
    fn from(object: PsObject) -> Self {
        Self::Object(Box::new(object))
    }
}

impl From<Primitive> for PsValue {
    fn from(primitive: Primitive) -> Self {
        Self::Primitive(primitive)
    }
}

impl From<&str> for PsValue {
    fn from(text: &str) -> Self {
        Self::Primitive(Primitive::String(text.to_owned()))
    }
}

impl From<String> for PsValue {
    fn from(text: String) -> Self {
        Self::Primitive(Primitive::String(text))
    }
}

impl From<bool> for PsValue {
    fn from(value: bool) -> Self {
        Self::Primitive(Primitive::Bool(value))
    }
}

impl From<i32> for PsValue {
    fn from(value: i32) -> Self {
        Self::Primitive(Primitive::I32(value))
    }
}

impl From<i64> for PsValue {
    fn from(value: i64) -> Self {
        Self::Primitive(Primitive::I64(value))
    }
}

/// A `System.Object[]`.
impl From<Vec<Self>> for PsValue {
    fn from(items: Vec<Self>) -> Self {
        let object = Self::object(&["System.Object[]", "System.Array", "System.Object"]);
        object.content(Content::List(items)).into()
    }
}

/// `None` is `Nil`.
impl<T: Into<Self>> From<Option<T>> for PsValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NIL, Into::into)
    }
}
