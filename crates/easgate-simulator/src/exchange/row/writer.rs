//! Rows as CLIXML, in the two forms that Exchange sends.
//!
//! Without `serializationLevel=Full` enumerations, identities and structures are plain strings; with it they are
//! objects, and carry a `SerializationData` that nobody but Exchange's own tools reads.

use std::fmt::Write as _;

use time::UtcOffset;
use uuid::Uuid;

use super::super::names;
use super::{Id, Row, Value};

/// How objects are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// Whether complex values are objects (`serializationLevel=Full`).
    pub(crate) full: bool,
    /// The server's own zone.
    pub(crate) offset: UtcOffset,
}

const STRINGS: &[&str] = &[
    "Microsoft.Exchange.Data.MultiValuedProperty`1[[System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]",
    "Microsoft.Exchange.Data.MultiValuedPropertyBase",
    "System.Object",
];
const ADDRESSES: &[&str] = &[
    "Microsoft.Exchange.Data.ProxyAddressCollection",
    "Microsoft.Exchange.Data.ProxyAddressBaseCollection`1[[Microsoft.Exchange.Data.ProxyAddress, Microsoft.Exchange.Data, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]",
    "Microsoft.Exchange.Data.MultiValuedProperty`1[[Microsoft.Exchange.Data.ProxyAddress, Microsoft.Exchange.Data, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35]]",
    "Microsoft.Exchange.Data.MultiValuedPropertyBase",
    "System.Object",
];
const ADDRESS: &[&str] = &[
    "Microsoft.Exchange.Data.SmtpProxyAddress",
    "Microsoft.Exchange.Data.ProxyAddress",
    "Microsoft.Exchange.Data.ProxyAddressBase",
    "System.Object",
];
const OBJECT_ID: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.ADObjectId",
    "Microsoft.Exchange.Data.ObjectId",
    "System.Object",
];
const VERSION: &[&str] = &["Microsoft.Exchange.Data.ServerVersion", "System.Object"];
const ORGANIZATION: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.OrganizationId",
    "System.Object",
];
const DICTIONARY: &[&str] = &["System.Collections.Hashtable", "System.Object"];
/// A `SerializationData` of the right form: the header of a binary stream, and no more.
const SERIALIZATION_DATA: &str = "<MS><BA N=\"SerializationData\">AAEAAAD/////AQAAAAAAAAAL</BA></MS>";

/// The row as the body of one PIPELINE_OUTPUT message.
pub(crate) fn write(row: &Row, form: Form) -> Vec<u8> {
    let mut writer = Writer {
        out: String::with_capacity(4096),
        form,
        objects: 0,
        types: Vec::new(),
    };
    writer.row(row);
    writer.out.into_bytes()
}

struct Writer<'a> {
    out: String,
    form: Form,
    objects: u32,
    types: Vec<&'a [&'a str]>,
}

impl<'a> Writer<'a> {
    fn row(&mut self, row: &'a Row) {
        self.open(None);
        self.type_names(&row.types.0);
        if !row.selected {
            self.element("ToString", None, &row.text);
        }
        self.out.push_str(if row.selected { "<MS>" } else { "<Props>" });
        let mut identity = None;
        for (name, value) in &row.members {
            match value {
                Value::Id(id) if self.form.full => match (*name, identity) {
                    ("Id", Some(object)) => {
                        let _ = write!(self.out, "<Ref N=\"Id\" RefId=\"{object}\"/>");
                    }
                    _ => {
                        let object = self.identity(name, id);
                        if *name == "Identity" {
                            identity = Some(object);
                        }
                    }
                },
                _ => self.member(name, value),
            }
        }
        self.out.push_str(if row.selected {
            "</MS></Obj>"
        } else {
            "</Props></Obj>"
        });
    }

    fn member(&mut self, name: &'a str, value: &'a Value) {
        match value {
            Value::Nil => {
                let _ = write!(self.out, "<Nil N=\"{name}\"/>");
            }
            Value::Text(text) => self.element("S", Some(name), text),
            Value::Bool(value) => self.element("B", Some(name), if *value { "true" } else { "false" }),
            Value::Int(value) => {
                let _ = write!(self.out, "<I32 N=\"{name}\">{value}</I32>");
            }
            Value::UInt(value) => {
                let _ = write!(self.out, "<U32 N=\"{name}\">{value}</U32>");
            }
            Value::Local(at) => self.element("DT", Some(name), &names::date(*at, Some(self.form.offset))),
            Value::Utc(at) => self.element("DT", Some(name), &names::date(*at, None)),
            Value::Guid(guid) => {
                let _ = write!(self.out, "<G N=\"{name}\">{guid}</G>");
            }
            Value::Enum(type_name, text, number) => self.enumeration(name, type_name, text, *number),
            Value::Id(id) => self.element("S", Some(name), &id.text),
            Value::Strings(items) => self.strings(name, items),
            Value::Addresses(items) => self.addresses(name, items),
            Value::Struct(type_name, text) => self.structure(name, type_name, text),
            Value::Version(text, numbers) => self.version(name, text, *numbers),
            Value::Organization => self.organization(name),
            Value::Names(items) => self.dictionary(name, items),
        }
    }

    fn open(&mut self, name: Option<&str>) -> u32 {
        let id = self.objects;
        self.objects += 1;
        self.out.push_str("<Obj");
        if let Some(name) = name {
            let _ = write!(self.out, " N=\"{name}\"");
        }
        let _ = write!(self.out, " RefId=\"{id}\">");
        id
    }

    fn type_names(&mut self, names: &'a [&'a str]) {
        if let Some(at) = self.types.iter().position(|known| *known == names) {
            let _ = write!(self.out, "<TNRef RefId=\"{at}\"/>");
            return;
        }
        let _ = write!(self.out, "<TN RefId=\"{}\">", self.types.len());
        for name in names {
            self.out.push_str("<T>");
            self.out.push_str(name);
            self.out.push_str("</T>");
        }
        self.out.push_str("</TN>");
        self.types.push(names);
    }

    fn enumeration(&mut self, name: &str, type_name: &'a str, text: &str, number: i32) {
        if !self.form.full {
            return self.element("S", Some(name), text);
        }
        self.open(Some(name));
        // Numbered like the others, but written in place: the list depends on the value.
        let _ = write!(self.out, "<TN RefId=\"{}\"><T>{type_name}</T>", self.types.len());
        self.out
            .push_str("<T>System.Enum</T><T>System.ValueType</T><T>System.Object</T></TN>");
        self.types.push(&[]);
        self.element("ToString", None, text);
        let _ = write!(self.out, "<I32>{number}</I32></Obj>");
    }

    fn strings(&mut self, name: &str, items: &[String]) {
        self.open(Some(name));
        self.type_names(STRINGS);
        self.list_of_strings(items);
        self.out.push_str("</Obj>");
    }

    fn list_of_strings(&mut self, items: &[String]) {
        self.out.push_str("<LST>");
        for item in items {
            self.element("S", None, item);
        }
        self.out.push_str("</LST>");
    }

    fn addresses(&mut self, name: &str, items: &[String]) {
        self.open(Some(name));
        self.type_names(ADDRESSES);
        if !self.form.full {
            self.list_of_strings(items);
            self.out.push_str("</Obj>");
            return;
        }
        self.out.push_str("<LST>");
        for item in items {
            let (prefix, address) = item.split_once(':').unwrap_or(("smtp", item));
            self.open(None);
            self.type_names(ADDRESS);
            self.element("ToString", None, item);
            self.out.push_str("<Props>");
            self.element("S", Some("SmtpAddress"), address);
            self.element("S", Some("AddressString"), address);
            self.element("S", Some("ProxyAddressString"), item);
            self.element("S", Some("Prefix"), "SMTP");
            self.element(
                "B",
                Some("IsPrimaryAddress"),
                if prefix == "SMTP" { "true" } else { "false" },
            );
            self.element("S", Some("PrefixString"), prefix);
            self.out.push_str("</Props></Obj>");
        }
        self.out.push_str("</LST></Obj>");
    }

    fn structure(&mut self, name: &str, type_name: &'static str, text: &str) {
        if !self.form.full {
            return self.element("S", Some(name), text);
        }
        self.open(Some(name));
        let _ = write!(
            self.out,
            "<TN RefId=\"{}\"><T>{type_name}</T><T>System.Object</T></TN>",
            self.types.len()
        );
        self.types.push(&[]);
        self.element("ToString", None, text);
        self.out.push_str(SERIALIZATION_DATA);
        self.out.push_str("</Obj>");
    }

    fn version(&mut self, name: &str, text: &str, numbers: [i32; 4]) {
        if !self.form.full {
            return self.element("S", Some(name), text);
        }
        self.open(Some(name));
        self.type_names(VERSION);
        self.element("ToString", None, text);
        self.out.push_str("<Props>");
        for (part, number) in ["Major", "Minor", "Build", "Revision"].iter().zip(numbers) {
            let _ = write!(self.out, "<I32 N=\"{part}\">{number}</I32>");
        }
        self.out
            .push_str("<Nil N=\"FilePatchLevelDescription\"/></Props>");
        self.out.push_str(SERIALIZATION_DATA);
        self.out.push_str("</Obj>");
    }

    fn organization(&mut self, name: &str) {
        if !self.form.full {
            return self.element("S", Some(name), "");
        }
        self.open(Some(name));
        self.type_names(ORGANIZATION);
        self.out
            .push_str("<ToString/><Props><Nil N=\"OrganizationalUnit\"/><Nil N=\"ConfigurationUnit\"/>");
        self.out
            .push_str("<B N=\"IsConsumerOrganization\">false</B><S N=\"IdForEventLog\"></S></Props>");
        self.out.push_str(SERIALIZATION_DATA);
        self.out.push_str("</Obj>");
    }

    fn dictionary(&mut self, name: &str, items: &[String]) {
        self.open(Some(name));
        self.type_names(DICTIONARY);
        self.out.push_str("<DCT>");
        for item in items {
            self.out.push_str("<En>");
            self.element("S", Some("Key"), item);
            self.element(
                "S",
                Some("Value"),
                "System.Management.Automation.ParameterMetadata",
            );
            self.out.push_str("</En>");
        }
        self.out.push_str("</DCT></Obj>");
    }

    /// An `ADObjectId`, whose domain is an id that names itself as its domain.
    fn identity(&mut self, name: &str, id: &Id) -> u32 {
        let object = self.open(Some(name));
        self.type_names(OBJECT_ID);
        self.element("ToString", None, &id.text);
        let (rdn, depth) = names::first_part(&id.dn);
        let parent = id.text.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.id_props(rdn, parent, depth, &id.dn);
        let domain = domain_of(&id.dn);
        let domain_name = names::canonical(domain);
        let domain_object = self.open(Some("DomainId"));
        self.type_names(OBJECT_ID);
        self.element("ToString", None, &domain_name);
        let (domain_rdn, domain_depth) = names::first_part(domain);
        self.id_props(domain_rdn, "", domain_depth, domain);
        let _ = write!(self.out, "<Ref N=\"DomainId\" RefId=\"{domain_object}\"/>");
        self.id_end(&domain_name, Uuid::nil(), domain_rdn);
        self.id_end(&domain_name, id.guid, rdn);
        object
    }

    fn id_props(&mut self, rdn: &str, parent: &str, depth: usize, dn: &str) {
        self.out
            .push_str("<Props><Nil N=\"OrgHierarchyToIgnore\"/><B N=\"IsDeleted\">false</B>");
        self.element("S", Some("Rdn"), rdn);
        self.element("S", Some("Parent"), parent);
        let _ = write!(self.out, "<I32 N=\"Depth\">{depth}</I32>");
        self.element("S", Some("DistinguishedName"), dn);
        self.out.push_str("<B N=\"IsRelativeDn\">false</B>");
    }

    fn id_end(&mut self, domain: &str, guid: Uuid, rdn: &str) {
        self.out
            .push_str("<G N=\"PartitionGuid\">59ce2f71-eaa2-4ddf-a4fa-f25069d0b324</G>");
        self.element("S", Some("PartitionFQDN"), domain);
        let _ = write!(self.out, "<G N=\"ObjectGuid\">{guid}</G>");
        let name = rdn
            .split_once('=')
            .map_or(rdn, |(_, name)| name)
            .replace('\\', "");
        self.element("S", Some("Name"), &name);
        self.out.push_str("</Props>");
        self.out.push_str(SERIALIZATION_DATA);
        self.out.push_str("</Obj>");
    }

    fn element(&mut self, tag: &str, name: Option<&str>, text: &str) {
        self.out.push('<');
        self.out.push_str(tag);
        if let Some(name) = name {
            self.out.push_str(" N=\"");
            // Names of members are ours, and hold nothing to escape.
            self.out.push_str(name);
            self.out.push('"');
        }
        self.out.push('>');
        push_text(&mut self.out, text);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }
}

fn domain_of(dn: &str) -> &str {
    dn.find("DC=").map_or("", |at| &dn[at..])
}

/// Escapes as PowerShell does: control characters and what UTF-16 needs two units for become `_xHHHH_`.
fn push_text(out: &mut String, text: &str) {
    let plain =
        |byte: &u8| matches!(byte, b' '..=b'^' | b'`'..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"');
    if text.as_bytes().iter().all(plain) {
        out.push_str(text);
        return;
    }
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '_' if matches!(characters.peek(), Some('x' | 'X')) => out.push_str("_x005F_"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' | '\u{10000}'.. => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "_x{unit:04X}_");
                }
            }
            _ => out.push(character),
        }
    }
}
