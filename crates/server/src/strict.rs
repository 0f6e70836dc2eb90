//! JSON bodies, strictly: an error says where and what was expected, and never what was sent.
//!
//! Unknown members, members twice and wrong types are refused by the shapes themselves; here is the limit on depth, and
//! the way from serde's words, which repeat values, to ours, which do not.

use crate::limits::{JSON_DEPTH_MAX, NAMED_BYTES_MAX};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use strongroom_formats::scan::scan_text;

#[cfg(test)]
mod tests;

/// Why a body is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// No JSON, or not all of it.
    Syntax { line: usize, column: usize },
    /// Arrays and objects lie too deep in each other.
    Depth { max: usize },
    /// A member that this request does not have.
    Unknown {
        pointer: String,
        name: Option<String>,
        known: Vec<String>,
    },
    /// A member that must be there.
    Missing { pointer: String, name: String },
    /// A member that stands twice.
    Twice { pointer: String },
    /// A value of another type.
    Type { pointer: String, expected: String },
}

/// Reads a body. One that is empty reads as `{}`: a verb alone is a request, and what is missing is named.
///
/// # Errors
/// [`JsonError`].
pub(crate) fn read<T: DeserializeOwned>(body: &[u8], depth_beyond: usize) -> Result<T, JsonError> {
    let body = if body.iter().all(u8::is_ascii_whitespace) {
        b"{}"
    } else {
        body
    };
    let max = JSON_DEPTH_MAX + depth_beyond;
    if depth(body) > max {
        return Err(JsonError::Depth { max: JSON_DEPTH_MAX });
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(no_object(body));
    }
    // The place is worked out only when something is wrong: it costs a second reading.
    serde_json::from_slice(body).map_err(|_| explain::<T>(body))
}

/// Where something is wrong, as a member of a JSON pointer (RFC 6901), ending above the first name that must not be repeated.
pub(crate) fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } if may_be_named(key) => push(&mut pointer, key),
            Segment::Enum { .. } => {}
            Segment::Map { .. } | Segment::Unknown => break,
        }
    }
    pointer
}

/// What serde says of data of the wrong shape, without the data.
pub(crate) fn shape(message: &str, path: &Path) -> JsonError {
    let pointer = pointer(path);
    let quoted = |rest: &str| rest.split('`').nth(1).map(str::to_owned);
    if message.starts_with("unknown field ") {
        // The path ends with the member itself where its name was read.
        let last = path.iter().next_back().and_then(|segment| match segment {
            Segment::Map { key } if may_be_named(key) => Some(key.clone()),
            _ => None,
        });
        let known = message.rsplit_once(", expected ").map_or("", |(_, known)| known);
        let known = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        return JsonError::Unknown {
            pointer,
            name: last,
            known,
        };
    }
    if let Some(name) = message
        .strip_prefix("missing field ")
        .and_then(|rest| quoted(&format!(" {rest}")))
    {
        let mut at = pointer;
        push(&mut at, &name);
        return JsonError::Missing { pointer: at, name };
    }
    if let Some(rest) = message.strip_prefix("duplicate field ") {
        let (mut at, name) = (pointer, quoted(&format!(" {rest}")).unwrap_or_default());
        // The path may end with the object or with its member.
        if !at.ends_with(&format!("/{name}")) {
            push(&mut at, &name);
        }
        return JsonError::Twice { pointer: at };
    }
    if message.starts_with("one name stands twice") {
        return JsonError::Twice { pointer };
    }
    // `expected` is ours; what stands before it may be a value, which may hold anything.
    let expected = message
        .rsplit_once(", expected ")
        .map_or("something else", |(_, expected)| expected);
    let expected = expected.split(" at line ").next().unwrap_or(expected);
    JsonError::Type {
        pointer,
        expected: plain_words(expected),
    }
}

/// Whether a name that somebody sent may be repeated to him: not when it is long, unprintable, or looks like a secret.
pub(crate) fn may_be_named(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= NAMED_BYTES_MAX
        && !name.chars().any(char::is_control)
        && scan_text(name).is_none()
}

fn explain<T: DeserializeOwned>(body: &[u8]) -> JsonError {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let error = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => match reader.end() {
            Err(error) => {
                return JsonError::Syntax {
                    line: error.line(),
                    column: error.column(),
                };
            }
            Ok(()) => return JsonError::Syntax { line: 0, column: 0 },
        },
        Err(error) => error,
    };
    let inner = error.inner();
    match inner.classify() {
        Category::Data => shape(&inner.to_string(), error.path()),
        Category::Syntax | Category::Eof | Category::Io => JsonError::Syntax {
            line: inner.line(),
            column: inner.column(),
        },
    }
}

/// A list would pass for a request with its members in order.
fn no_object(body: &[u8]) -> JsonError {
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Ok(_) => JsonError::Type {
            pointer: String::new(),
            expected: "an object".to_owned(),
        },
        Err(error) => JsonError::Syntax {
            line: error.line(),
            column: error.column(),
        },
    }
}

/// The deepest nesting of arrays and objects. Looks at brackets outside strings only, so it is right for JSON and harmless
/// for anything else.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

/// Rust's names of types as people know them.
fn plain_words(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" | "string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        other if other.starts_with("struct ") => "an object".to_owned(),
        other => other.to_owned(),
    }
}
