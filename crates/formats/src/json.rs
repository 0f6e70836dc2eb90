//! Reads JSON strictly: a limit on size and depth, one value per key, errors that say where and never what.
//!
//! Standard: RFC 8259. Numbers are those of `serde_json`: 64-bit integers, else the nearest double.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

use crate::error::FormatError;
use crate::scan;

/// How deep arrays and objects may lie in each other.
pub const DEPTH_MAX: usize = 64;

/// Longest object key that a pointer repeats, in bytes.
const POINTER_KEY_BYTES_MAX: usize = 200;

/// What [`read`] accepts.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest document, in bytes.
    pub bytes_max: usize,
    /// Deepest nesting of arrays and objects; at most 120.
    pub depth_max: usize,
    /// Takes the last of several values for one key, as JavaScript does, in place of refusing.
    pub duplicate_keys: bool,
}

impl Limits {
    /// The strict limits: `bytes_max` bytes, depth 64, no key twice.
    pub const fn strict(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            depth_max: DEPTH_MAX,
            duplicate_keys: false,
        }
    }
}

/// Reads one JSON document. A byte order mark before it is skipped.
///
/// # Errors
/// Too large, not UTF-8, no JSON, too deep, or a key twice; with line, column and pointer, never with a value.
pub fn read(document: &[u8], limits: &Limits) -> Result<Value, FormatError> {
    if document.len() > limits.bytes_max {
        return Err(FormatError::at(
            "",
            format!(
                "the document has {} bytes, at most {} are taken",
                document.len(),
                limits.bytes_max
            ),
        ));
    }
    if matches!(document, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(FormatError::at("", "the document is UTF-16").hint("save it as UTF-8"));
    }
    let text = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(FormatError::at("", "the document is empty"));
    }

    let reading = Reading {
        path: RefCell::new(Vec::new()),
        failure: RefCell::new(None),
        limits: *limits,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let result = Node {
        reading: &reading,
        depth: 0,
    }
    .deserialize(&mut deserializer)
    .and_then(|value| deserializer.end().map(|()| value));
    result.map_err(|error| reading.explain(&error))
}

/// The RFC 6901 pointer of a path, as far as its keys may be repeated: it ends above the first key that looks like a
/// secret itself, is longer than 200 bytes or holds control characters.
pub(crate) fn pointer<'a>(path: impl IntoIterator<Item = Step<'a>>) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Index(index) => {
                out.push('/');
                out.push_str(&index.to_string());
            }
            Step::Key(key) if may_be_named(key) => push_key(&mut out, key),
            Step::Key(_) => break,
        }
    }
    out
}

/// Appends one key to a pointer, escaped as RFC 6901 asks.
pub(crate) fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    for c in key.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Whether an object key may be repeated in a pointer or message.
pub(crate) fn may_be_named(key: &str) -> bool {
    key.len() <= POINTER_KEY_BYTES_MAX && !key.chars().any(char::is_control) && scan::scan_text(key).is_none()
}

/// One step of a path into a document.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

enum OwnedStep {
    Key(String),
    Index(usize),
}

enum Failure {
    TooDeep,
    Twice,
}

struct Reading {
    /// From the failure upwards.
    path: RefCell<Vec<OwnedStep>>,
    failure: RefCell<Option<Failure>>,
    limits: Limits,
}

impl Reading {
    /// Called on the way out of an error, from the place of the failure upwards: reading well costs nothing.
    fn came_through(&self, step: OwnedStep) {
        self.path.borrow_mut().push(step);
    }

    fn explain(&self, error: &serde_json::Error) -> FormatError {
        let path = self.path.borrow();
        let pointer = pointer(path.iter().rev().map(|step| match step {
            OwnedStep::Key(key) => Step::Key(key),
            OwnedStep::Index(index) => Step::Index(*index),
        }));
        let (what, hint) = match (&*self.failure.borrow(), error.classify()) {
            (Some(Failure::TooDeep), _) => (format!("more than {} levels of nesting", self.limits.depth_max), ""),
            (Some(Failure::Twice), _) => ("a key stands twice in one object".to_owned(), "keep one"),
            (None, Category::Eof) => (
                "the document ends in the middle of a value".to_owned(),
                "the file may be cut off",
            ),
            (None, _) => (
                format!("not valid JSON: {}", reason(error)),
                "check the file with a JSON linter",
            ),
        };
        FormatError {
            pointer,
            line: (error.line() > 0).then(|| error.line()),
            column: (error.line() > 0).then(|| error.column()),
            what,
            hint: hint.to_owned(),
        }
    }
}

/// serde_json's own words without the position. They name tokens of the grammar, never text of the document.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

struct Node<'r> {
    reading: &'r Reading,
    depth: usize,
}

impl Node<'_> {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= self.reading.limits.depth_max {
            *self.reading.failure.borrow_mut() = Some(Failure::TooDeep);
            return Err(E::custom("too deep"));
        }
        Ok(Self {
            reading: self.reading,
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        loop {
            let item = items.next_element_seed(self.deeper()?);
            match item.inspect_err(|_| self.reading.came_through(OwnedStep::Index(out.len())))? {
                Some(item) => out.push(item),
                None => return Ok(Value::Array(out)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let reading = self.reading;
        let mut out = Map::new();
        self.deeper::<A::Error>()?;
        while let Some(key) = entries.next_key::<String>()? {
            if !reading.limits.duplicate_keys && out.contains_key(&key) {
                *reading.failure.borrow_mut() = Some(Failure::Twice);
                reading.came_through(OwnedStep::Key(key));
                return Err(serde::de::Error::custom("twice"));
            }
            let value = match entries.next_value_seed(self.deeper()?) {
                Ok(value) => value,
                Err(error) => {
                    reading.came_through(OwnedStep::Key(key));
                    return Err(error);
                }
            };
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits::strict(1 << 20);

    #[track_caller]
    fn refused(document: &str, expected: &str) {
        let error = read(document.as_bytes(), &LIMITS).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn errors_name_the_place() {
        refused("", "the document is empty");
        refused(
            "{\"a\": [1, {\"b/c\": tru}]}",
            "not valid JSON: expected ident (at /a/1/b~1c, line 1, column 22)",
        );
        refused(
            "{\"a\": {\"b\": 1,\n \"b\": 2}}",
            "a key stands twice in one object (at /a/b, line 2, column 4)",
        );
        refused(
            "[1, [2",
            "the document ends in the middle of a value (at /1/1, line 1, column 6)",
        );
        refused("[] []", "not valid JSON: trailing characters (line 1, column 4)");
    }

    #[test]
    fn depth_64_is_read_and_65_is_not() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(64).as_bytes(), &LIMITS).is_ok());
        let error = read(nested(65).as_bytes(), &LIMITS).unwrap_err();
        assert_eq!(error.what, "more than 64 levels of nesting");
        assert!(read(nested(100_000).as_bytes(), &LIMITS).is_err());
        let objects = |depth: usize| format!("{}1{}", "{\"k\":".repeat(depth), "}".repeat(depth));
        assert!(read(objects(64).as_bytes(), &LIMITS).is_ok());
        assert!(read(objects(65).as_bytes(), &LIMITS).is_err());
    }

    #[test]
    fn the_limit_of_bytes_is_exact() {
        let limits = Limits::strict(4);
        assert!(read(b"1234", &limits).is_ok());
        assert!(read(b"12345", &limits).is_err());
    }

    #[test]
    fn key_order_and_a_byte_order_mark_are_no_matter() {
        let value = read("\u{feff}{\"b\":1,\"a\":2.5}".as_bytes(), &LIMITS).unwrap();
        assert_eq!(value.to_string(), "{\"b\":1,\"a\":2.5}");
        assert!(read(b"\xff\xfe{\0}\0", &LIMITS).is_err());
    }

    #[test]
    fn a_key_that_is_a_secret_is_not_repeated() {
        let key = format!("ghp_{}", "a1B2c3D4".repeat(5).get(..36).unwrap());
        let error = read(format!("{{\"a\":{{\"{key}\": x}}}}").as_bytes(), &LIMITS).unwrap_err();
        assert_eq!(error.pointer, "/a");
        assert!(!format!("{error:?}").contains(&key));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &LIMITS);
        }

        #[test]
        fn what_serde_json_writes_is_read_as_it_reads_it(text in "[\\[\\]{},:\"a-c0-9. ]{0,40}") {
            let ours = read(text.as_bytes(), &Limits { duplicate_keys: true, ..LIMITS });
            let theirs: Result<Value, _> = serde_json::from_str(&text);
            prop_assert_eq!(ours.ok(), theirs.ok());
        }
    }
}
