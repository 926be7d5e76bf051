//! Documents that others recorded or published, read by our three readers and by an independent one.
//!
//! They are found through the environment variable `EASGATE_CONFORMANCE_DATA`. The independent reader is
//! `tests/peers/clixml_oracle.py`, which needs `python3` and nothing else.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt, fs, thread};

use easgate_psrp::clixml::{self, ClixmlError, Content, Limits, Primitive, PsValue, References};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

#[path = "../examples/clixml_to_json/lines.rs"]
mod lines;

/// A document with where it comes from.
struct Document {
    id: String,
    bytes: Vec<u8>,
    file: Option<PathBuf>,
}

#[test]
fn every_value_of_every_recorded_document_is_what_an_independent_decoder_reads() {
    let Some(folder) = env::var_os("EASGATE_CONFORMANCE_DATA") else {
        eprintln!("left out: EASGATE_CONFORMANCE_DATA is not set, so no recorded CLIXML was compared");
        return;
    };
    let documents = documents(Path::new(&folder));
    assert!(
        documents.len() > 300,
        "only {} documents in {}",
        documents.len(),
        folder.display()
    );
    let Some(expected) = independent(&documents) else {
        eprintln!("left out: there is no python3, so nothing was compared with an independent decoder");
        return;
    };
    let (mut leaves, mut refused) = (0, 0);
    for document in &documents {
        let ours = our_lines(&document.bytes);
        match (&expected[&document.id], ours) {
            (Ok(theirs), Ok(ours)) => {
                for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
                    assert_eq!(parts(ours), parts(theirs), "{}: line {at}", document.id);
                }
                assert_eq!(ours.len(), theirs.len(), "{}: number of leaves", document.id);
                leaves += ours.len();
            }
            (Err(_), Err(_)) => refused += 1,
            (Ok(_), Err(error)) => panic!("{}: we refuse what they read: {error}", document.id),
            (Err(error), Ok(_)) => panic!("{}: we read what they refuse: {error}", document.id),
        }
    }
    eprintln!(
        "{} documents, {leaves} leaves compared, {refused} refused by both",
        documents.len()
    );
}

#[test]
fn the_typed_reader_reads_what_the_dynamic_one_reads() {
    let Some(folder) = env::var_os("EASGATE_CONFORMANCE_DATA") else {
        eprintln!("left out: EASGATE_CONFORMANCE_DATA is not set, so no recorded CLIXML was compared");
        return;
    };
    let mut cycles = 0;
    for document in documents(Path::new(&folder)) {
        let text = clixml::decode_document(&document.bytes).expect("text");
        let typed = clixml::from_slice::<Any>(text.as_bytes());
        let dynamic = clixml::parse(&document.bytes).map(|values| values.into_iter().next());
        match (typed, dynamic) {
            (Ok(typed), Ok(Some(dynamic))) => same(&typed, &any(&dynamic), &document.id, &mut cycles),
            (Err(_), Ok(None) | Err(_)) => {}
            (typed, dynamic) => panic!("{}: {typed:?}, but {dynamic:?}", document.id),
        }
    }
    eprintln!("{cycles} references to enclosing objects were not compared");
}

#[test]
fn what_is_written_reads_as_it_was() {
    let Some(folder) = env::var_os("EASGATE_CONFORMANCE_DATA") else {
        eprintln!("left out: EASGATE_CONFORMANCE_DATA is not set, so no recorded CLIXML was written");
        return;
    };
    for document in documents(Path::new(&folder)) {
        let read = clixml::parse_with(&document.bytes, &Limits::default(), References::Keep);
        for value in read.map(|read| read.values).unwrap_or_default() {
            // A path names the place among the values of a document; each value is written as a document of its own.
            if !format!("{value:?}").contains("Reference(") {
                let again = clixml::parse(&clixml::to_vec(&value)).expect("what we write is readable");
                assert_eq!(again, [value], "{}", document.id);
            }
        }
    }
}

/// Every CLIXML document in the folder: files, vectors, and the messages of recorded sessions.
fn documents(folder: &Path) -> Vec<Document> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.to_string_lossy().into_owned();
            let of = |folder: &str| path.iter().any(|part| part == OsStr::new(folder));
            let bytes = || fs::read(&path).expect("a file that can be read");
            if of("exchange-clixml") || of("exchange-wire") || of("powershell-tests") {
                let file = Some(path.clone());
                found.push(Document {
                    id: name,
                    bytes: bytes(),
                    file,
                });
            } else if name.ends_with(".jsonl") && of("clixml-vectors") || name.ends_with(".psrp.json") {
                let text = String::from_utf8(bytes()).expect("UTF-8");
                for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
                    messages(&value.expect("JSON"), &name, &mut found);
                }
            }
        }
    }
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
}

/// The texts under the name `xml`, wherever they stand.
fn messages(value: &Value, id: &str, found: &mut Vec<Document>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let Value::String(xml) = value
                    && name == "xml"
                    && !xml.is_empty()
                {
                    let id = format!("{id}#{:05}", found.len());
                    found.push(Document {
                        id,
                        bytes: xml.clone().into_bytes(),
                        file: None,
                    });
                } else {
                    messages(value, id, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| messages(item, id, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What the independent decoder reads of each document; `None` if it cannot run here.
fn independent(documents: &[Document]) -> Option<BTreeMap<String, Result<Vec<String>, String>>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/clixml_oracle.py");
    let mut command = Command::new("python3");
    let mut peer = command
        .arg(script)
        .arg("--batch")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut requests = peer.stdin.take().expect("a pipe");
    let answers = BufReader::new(peer.stdout.take().expect("a pipe"));
    let found = thread::scope(|scope| {
        scope.spawn(move || {
            for Document { id, bytes, file } in documents {
                let request = match file {
                    Some(file) => json!({ "id": id, "file": file }),
                    None => json!({ "id": id, "xml": String::from_utf8_lossy(bytes) }),
                };
                writeln!(requests, "{request}").expect("the peer reads");
            }
        });
        answers
            .lines()
            .map(|line| answer(&line.expect("a line")))
            .collect()
    });
    assert!(peer.wait().expect("the peer ends").success());
    Some(found)
}

fn answer(line: &str) -> (String, Result<Vec<String>, String>) {
    #[derive(Deserialize)]
    struct Answer {
        id: String,
        lines: Option<Vec<String>>,
        error: Option<String>,
    }
    let answer: Answer = serde_json::from_str(line).expect("an answer");
    (
        answer.id,
        answer.lines.ok_or_else(|| answer.error.unwrap_or_default()),
    )
}

fn our_lines(document: &[u8]) -> Result<Vec<String>, ClixmlError> {
    lines::lines(&clixml::decode_document(document)?)
}

/// Path, tag, and value as JSON, so that its spelling does not count.
fn parts(line: &str) -> (&str, &str, Value) {
    let mut parts = line.trim_end_matches('\n').splitn(3, '\t');
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), serde_json::from_str(next()).expect("JSON"))
}

/// Whatever a document holds, as serde tells it.
#[derive(Debug, PartialEq)]
enum Any {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(String),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    /// A reference to an enclosing object, which the typed reader follows once.
    Cycle,
}

fn same(typed: &Any, dynamic: &Any, id: &str, cycles: &mut usize) {
    match (typed, dynamic) {
        (_, Any::Cycle) => *cycles += 1,
        (Any::List(typed), Any::List(dynamic)) if typed.len() == dynamic.len() => {
            typed
                .iter()
                .zip(dynamic)
                .for_each(|(typed, dynamic)| same(typed, dynamic, id, cycles));
        }
        (Any::Map(typed), Any::Map(dynamic)) if typed.len() == dynamic.len() => {
            for ((key, value), (dynamic_key, dynamic_value)) in typed.iter().zip(dynamic) {
                same(key, dynamic_key, id, cycles);
                same(value, dynamic_value, id, cycles);
            }
        }
        _ => assert_eq!(typed, dynamic, "{id}"),
    }
}

/// The same value by the rules of the typed reader.
fn any(value: &PsValue) -> Any {
    let object = match value {
        PsValue::Primitive(primitive) => return any_primitive(primitive),
        PsValue::Reference(_) => return Any::Cycle,
        PsValue::Object(object) => object,
    };
    match &object.content {
        Some(
            Content::List(items) | Content::Enumerable(items) | Content::Stack(items) | Content::Queue(items),
        ) => return Any::List(items.iter().map(any).collect()),
        Some(Content::Dictionary(entries)) => {
            return Any::Map(
                entries
                    .iter()
                    .map(|(key, value)| (any(key), any(value)))
                    .collect(),
            );
        }
        Some(Content::Primitive(primitive)) => {
            return match &object.to_string {
                Some(text) => Any::Text(text.clone()),
                None => any_primitive(primitive),
            };
        }
        None => {}
    }
    let mut given = HashSet::new();
    let members: Vec<_> = object
        .adapted
        .iter()
        .chain(&object.extended)
        .filter(|(name, _)| given.insert(name))
        .map(|(name, value)| (Any::Text(name.clone()), any(value)))
        .collect();
    match &object.to_string {
        _ if !members.is_empty() => Any::Map(members),
        Some(text) => Any::Text(text.clone()),
        None => Any::Null,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are texts")]
fn any_primitive(primitive: &Primitive) -> Any {
    match primitive {
        Primitive::Nil => Any::Null,
        Primitive::Bool(value) => Any::Bool(*value),
        Primitive::Char(unit) => Any::Text(String::from_utf16_lossy(&[*unit])),
        Primitive::U8(value) => Any::Unsigned((*value).into()),
        Primitive::U16(value) => Any::Unsigned((*value).into()),
        Primitive::U32(value) => Any::Unsigned((*value).into()),
        Primitive::U64(value) => Any::Unsigned(*value),
        Primitive::I8(_) | Primitive::I16(_) | Primitive::I32(_) | Primitive::I64(_) => {
            Any::Signed(primitive.as_i64().expect("a number"))
        }
        Primitive::Single(text) | Primitive::Double(text) => text.parse::<f64>().map_or_else(
            |_| Any::Text(text.clone()),
            |number| Any::Float(number.to_string()),
        ),
        Primitive::Bytes(bytes) => Any::Bytes(bytes.clone()),
        Primitive::Progress(parts) => {
            let texts = parts.iter().map(|(tag, text)| match tag.as_str() {
                "Nil" => Any::Null,
                _ => Any::Text(text.clone()),
            });
            Any::List(texts.collect())
        }
        other => Any::Text(other.as_str().expect("a text").to_owned()),
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Any, E> {
        Ok(Any::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
        Ok(Any::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
        Ok(Any::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
        Ok(Any::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Any, E> {
        Ok(Any::Float(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Any, E> {
        Ok(Any::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Any, E> {
        Ok(Any::Bytes(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Any::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Any, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Any::Map(map))
    }
}
