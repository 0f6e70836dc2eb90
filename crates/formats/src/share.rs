//! A template as a file for another ledger: what it needs and its document, nothing of where it ran.
//!
//! `{"strongroom_template": 1, "name", "description", "format", "variables", "document"}`. The variables keep their names on
//! the other side, though a workflow alone would give them new ones. What nobody knows here is passed over, so that later
//! versions may say more.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::{Value, json};

use crate::catalogue::{self, Kind};
use crate::error::FormatError;
use crate::json::{self, Limits, push_key};
use crate::template::{DOCUMENT_BYTES_MAX, VARIABLES_MAX, is_variable_name};
use crate::variable::Variable;

/// The member that says what the file is, with its version.
const MARK: &str = "strongroom_template";

/// The version that is written, and the one that is read.
const VERSION: u64 = 1;

/// Bytes beside the document: 500 variables with their texts.
const BESIDE_BYTES_MAX: usize = 1 << 20;

/// Characters of a name of one word that tells something: `dev` stands in any text.
const TELLING_CHARS_MIN: usize = 4;

/// Places that are reported.
const PLACES_MAX: usize = 50;

/// A template on its way to another ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Shared {
    /// Its name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// `n8n` or `strongroom`.
    pub format: String,
    /// Each n8n credential type with the variable that stands for it; none in another format.
    pub variables: Vec<(String, String)>,
    /// Its document.
    pub document: Value,
}

#[derive(Serialize)]
struct Written<'a> {
    strongroom_template: u64,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    format: &'a str,
    variables: Vec<Value>,
    document: &'a Value,
}

/// The file's content as a value, for a look before it is written.
pub fn value(name: &str, description: &str, format: &str, variables: &[Variable], document: &Value) -> Value {
    let written = Written {
        strongroom_template: VERSION,
        name,
        description,
        format,
        variables: variables.iter().map(variable).collect(),
        document,
    };
    serde_json::to_value(written).unwrap_or_default()
}

fn variable(it: &Variable) -> Value {
    let kinds: Vec<&str> = it.kinds.iter().map(|kind| kind.as_str()).collect();
    json!({
        "name": it.name,
        "service": it.service,
        "kinds": kinds,
        "scopes": it.scopes,
        "required": it.required,
        "description": it.description,
        "n8n_type": it.n8n_type,
    })
}

/// Reads such a file; none when it is something else.
///
/// # Errors
/// It is one, but of a later version, or not whole.
pub fn parse(document: &[u8]) -> Result<Option<Shared>, FormatError> {
    // A workflow of megabytes is not read twice to learn that it is none.
    if !std::str::from_utf8(document).is_ok_and(|text| text.contains(MARK)) {
        return Ok(None);
    }
    let limits = Limits {
        depth_max: json::DEPTH_MAX + 1,
        ..Limits::strict(DOCUMENT_BYTES_MAX + BESIDE_BYTES_MAX)
    };
    let Value::Object(mut entries) = json::read(document, &limits)? else {
        return Ok(None);
    };
    match entries.get(MARK) {
        None => return Ok(None),
        Some(version) if version.as_u64() == Some(VERSION) => {}
        Some(_) => {
            return Err(
                FormatError::at(format!("/{MARK}"), "the template was written by a later version")
                    .hint("bring this program up to date, or export it there with an older one"),
            );
        }
    }
    let text = |name: &str| match entries.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        _ => Err(FormatError::at(
            format!("/{name}"),
            format!("{name} is missing, or no text"),
        )),
    };
    let (name, format) = (text("name")?, text("format")?);
    if !matches!(format.as_str(), "n8n" | "strongroom") {
        return Err(FormatError::at("/format", "there is no such format").hint("one of n8n, strongroom"));
    }
    let description = match entries.get("description") {
        None => String::new(),
        Some(_) => text("description")?,
    };
    let variables = named(entries.get("variables").unwrap_or(&Value::Null))?;
    let document = entries
        .remove("document")
        .ok_or_else(|| FormatError::at("/document", "document is missing"))?;
    Ok(Some(Shared {
        name,
        description,
        format,
        variables,
        document,
    }))
}

fn named(variables: &Value) -> Result<Vec<(String, String)>, FormatError> {
    let Value::Array(items) = variables else {
        return Err(FormatError::at("/variables", "variables is missing, or no array"));
    };
    if items.len() > VARIABLES_MAX {
        return Err(FormatError::at(
            "/variables",
            format!("more than {VARIABLES_MAX} variables"),
        ));
    }
    let mut named: Vec<(String, String)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(n8n_type) = item.get("n8n_type").and_then(Value::as_str) else {
            continue;
        };
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
        if !is_variable_name(name) || named.iter().any(|(_, other)| other == name) {
            return Err(FormatError::at(
                format!("/variables/{index}/name"),
                "it is no variable's name, or stands twice",
            ));
        }
        named.push((n8n_type.to_owned(), name.to_owned()));
    }
    Ok(named)
}

/// Names and ids of a ledger's own that no other should read.
#[derive(Debug)]
pub struct OwnNames {
    names: HashSet<String>,
    words_max: usize,
}

impl OwnNames {
    /// Takes names, handles and ids. What tells nothing is passed over: services of the catalogue, and words of up to three
    /// characters.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let common: HashSet<String> = catalogue::services()
            .iter()
            .flat_map(|service| [normal(service.id), normal(service.name)])
            .chain(Kind::ALL.iter().map(|kind| normal(kind.as_str())))
            .collect();
        let short = |name: &str| !name.contains(' ') && name.chars().count() < TELLING_CHARS_MIN;
        let tells = |name: &String| !(short(name) || common.contains(name));
        let names: HashSet<String> = names.into_iter().map(normal).filter(tells).collect();
        let words_max = names.iter().map(|name| name.split(' ').count()).max().unwrap_or(0);
        Self { names, words_max }
    }

    /// The places (JSON pointers) at which one of them stands, whole words only, whatever the case; 50 at most.
    pub fn places(&self, value: &Value) -> Vec<String> {
        let mut places = Vec::new();
        self.look(value, &mut String::new(), &mut places);
        places
    }

    fn look(&self, value: &Value, pointer: &mut String, places: &mut Vec<String>) {
        match value {
            _ if places.len() == PLACES_MAX => {}
            Value::String(text) => {
                if self.stands_in(text) {
                    places.push(pointer.clone());
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.inside(&index.to_string(), item, pointer, places);
                }
            }
            Value::Object(entries) => {
                for (key, item) in entries {
                    if self.stands_in(key) {
                        places.push(format!("{pointer} (the name of a member)"));
                    }
                    self.inside(key, item, pointer, places);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn inside(&self, key: &str, item: &Value, pointer: &mut String, places: &mut Vec<String>) {
        let length = pointer.len();
        push_key(pointer, key);
        self.look(item, pointer, places);
        pointer.truncate(length);
    }

    fn stands_in(&self, text: &str) -> bool {
        let normal = normal(text);
        let words: Vec<&str> = normal.split(' ').collect();
        (0..words.len()).any(|from| {
            let mut run = String::new();
            words.iter().skip(from).take(self.words_max).any(|word| {
                if !run.is_empty() {
                    run.push(' ');
                }
                run.push_str(word);
                self.names.contains(&run)
            })
        })
    }
}

/// Words in lower case with one space between: `Client A`, `client-a` and `CLIENT_A` are the same.
fn normal(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Vec<Variable> {
        vec![Variable {
            name: "SHOP".to_owned(),
            service: "shopify".to_owned(),
            kinds: vec![Kind::AccessToken],
            scopes: Vec::new(),
            required: true,
            description: String::new(),
            n8n_type: Some("shopifyAccessTokenApi".to_owned()),
        }]
    }

    #[test]
    fn what_is_written_is_read_again() {
        let document = json!({"nodes": [], "connections": {}});
        let written = value("Orders", "", "n8n", &variables(), &document);
        let read = parse(written.to_string().as_bytes()).unwrap().unwrap();
        assert_eq!((read.name.as_str(), &read.document), ("Orders", &document));
        assert_eq!(
            read.variables,
            [("shopifyAccessTokenApi".to_owned(), "SHOP".to_owned())]
        );
    }

    #[test]
    fn what_is_something_else_is_left_to_others_and_what_is_later_is_refused() {
        assert_eq!(parse(b"{\"nodes\": []}").unwrap(), None);
        assert_eq!(parse(b"\"strongroom_template\"").unwrap(), None);
        let whole = value("Orders", "", "n8n", &variables(), &json!({}));
        let broken = |member: &str, with: Value| {
            let mut document = whole.clone();
            document[member] = with;
            parse(document.to_string().as_bytes()).unwrap_err().to_string()
        };
        assert!(broken(MARK, json!(2)).contains("later version"));
        assert!(broken("format", json!("magic")).contains("no such format"));
        assert!(broken("variables", json!(7)).contains("no array"));
        let twice = json!([{"name": "A", "n8n_type": "x"}, {"name": "A", "n8n_type": "y"}]);
        assert!(broken("variables", twice).contains("(at /variables/1/name)"));
    }

    #[test]
    fn own_names_are_found_in_any_spelling_and_services_are_no_names() {
        let own = OwnNames::of(["Client A", "acme", "OpenAI", "dev", "cr_0123abcd", ""]);
        let document = json!({
            "clean": ["openai with the acmena company", "client b", "dev", "a client"],
            "nodes": [{"name": "Tell CLIENT_A"}, {"notes": "for acme's shop"}, {"id": "cr_0123abcd"}],
            "connections": {"Tell client-a": 1},
        });
        assert_eq!(
            own.places(&document),
            [
                "/nodes/0/name",
                "/nodes/1/notes",
                "/nodes/2/id",
                "/connections (the name of a member)"
            ]
        );
        assert!(OwnNames::of([]).places(&document).is_empty());
    }
}
