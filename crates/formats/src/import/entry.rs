//! What all formats have in common: an entry's fields become a credential of a kind, with classes.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::services;
use crate::catalogue::{self, Class, Kind, kind_fields};
use crate::error::{FormatError, Warning};
use crate::json::{self, Limits};
use crate::n8n::credentials::{DOCUMENT_BYTES_MAX, ImportCredential, ImportField, SecretText, Wiped};
use crate::names;

const FIELD_NAME_BYTES_MAX: usize = 60;

/// An entry that is being read.
pub(super) struct Entry {
    at: String,
    source_id: String,
    name: String,
    service: Option<&'static str>,
    fields: Vec<(String, Zeroizing<String>, bool, Option<Class>)>,
    warnings: Vec<Warning>,
}

impl Entry {
    /// Begins an entry; `at` is where it stands.
    pub(super) fn new(at: &str, source_id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            at: at.to_owned(),
            source_id: source_id.into(),
            name: name.into(),
            service: None,
            fields: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The service, where nothing said it before.
    pub(super) fn service(&mut self, service: Option<&'static str>) {
        self.service = self.service.or(service);
    }

    pub(super) fn warn(&mut self, what: impl Into<String>) {
        self.warnings.push(Warning::at(self.at.clone(), what));
    }

    /// A text whose class the catalogue tells.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.put(name, value.to_owned(), false, None);
    }

    /// A text whose class the format tells.
    pub(super) fn known(&mut self, name: &str, value: &str, class: Class) {
        self.put(name, value.to_owned(), false, Some(class));
    }

    /// Where a secret goes. A URL that may itself hold a secret (a user, a query) is kept as one.
    pub(super) fn url(&mut self, name: &str, url: &str) {
        let clean = services::host_of(url).is_some() && !url.contains(['@', '?', '#']);
        // A webhook's whole path is its secret.
        let deep = url
            .split_once("://")
            .is_some_and(|(_, rest)| rest.matches('/').count() > 2);
        let class = if clean && !deep {
            Class::Destination
        } else {
            Class::Secret
        };
        self.known(name, url, class);
        self.service(services::by_host(url));
    }

    /// A value of a JSON document; numbers, booleans and structures stay JSON.
    pub(super) fn json(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.text(name, text),
            other => self.put(name, other.to_string(), true, None),
        }
    }

    fn put(&mut self, name: &str, value: String, json: bool, class: Option<Class>) {
        let value = Zeroizing::new(value);
        if value.is_empty() {
            return;
        }
        let mut field = names::snake_case(name);
        if !field.starts_with(|c: char| c.is_ascii_lowercase()) || !json::may_be_named(name) {
            field = "field".to_owned();
        }
        field.truncate(FIELD_NAME_BYTES_MAX);
        let taken = |wanted: &str| self.fields.iter().any(|(have, ..)| have == wanted);
        let mut unused = field.clone();
        let mut number: u32 = 2;
        while taken(&unused) {
            unused = format!("{field}_{number}");
            number += 1;
        }
        self.fields.push((unused, value, json, class));
    }

    /// Chooses the kind by the fields, then each field's class by format, kind and service.
    pub(super) fn finish(mut self) -> ImportCredential {
        self.service(services::by_name(&self.name));
        if self.service.is_none() {
            self.warn("no service of the catalogue was recognised: it becomes one of the service custom");
        }
        let service = self.service.unwrap_or("custom");
        let kind = self.kind();
        let class_of = |name: &str| catalogue::classify(service, kind, name).unwrap_or(Class::Secret);
        let fields: Vec<ImportField> = self
            .fields
            .into_iter()
            .map(|(name, value, json, class)| ImportField {
                class: class.unwrap_or_else(|| class_of(&name)),
                value: SecretText::new(value),
                name,
                json,
            })
            .collect();
        if !fields.is_empty() && !fields.iter().any(|field| field.class == Class::Secret) {
            self.warnings
                .push(Warning::at(self.at, "the entry holds no secret value"));
        }
        ImportCredential {
            source_id: self.source_id,
            name: self.name,
            source_type: String::new(),
            service: service.to_owned(),
            kind,
            fields,
            warnings: self.warnings,
        }
    }

    fn kind(&self) -> Kind {
        let has = |name: &str| self.fields.iter().any(|(have, ..)| have == name);
        let whole = |kind: &Kind| {
            let required = kind_fields(*kind).iter().filter(|field| field.required);
            kind_fields(*kind).iter().any(|field| field.required) && required.map(|field| field.name).all(has)
        };
        // Two names that say more than a lone key does come first.
        [
            Kind::Oauth2,
            Kind::ClientCredentials,
            Kind::Basic,
            Kind::ApiKey,
            Kind::AccessToken,
        ]
        .into_iter()
        .find(whole)
        .unwrap_or(Kind::Custom)
    }
}

/// The document as JSON, wiped when dropped.
pub(super) fn read(document: &[u8]) -> Result<Wiped, FormatError> {
    json::read(document, &Limits::strict(DOCUMENT_BYTES_MAX)).map(Wiped)
}

/// The document as text.
pub(super) fn text(document: &[u8]) -> Result<&str, FormatError> {
    if document.len() > DOCUMENT_BYTES_MAX {
        let what = format!("the document has more than {DOCUMENT_BYTES_MAX} bytes");
        return Err(FormatError::at("", what));
    }
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    std::str::from_utf8(document).map_err(|_| FormatError::at("", "the document is not UTF-8").hint("save it as UTF-8"))
}

/// An error at a line, from 1.
pub(super) fn at_line(line: usize, what: impl Into<String>) -> FormatError {
    FormatError {
        line: Some(line),
        column: Some(1),
        ..FormatError::at("", what)
    }
}

/// A pointer one key further.
pub(super) fn below(at: &str, key: &str) -> String {
    let mut pointer = at.to_owned();
    if json::may_be_named(key) {
        json::push_key(&mut pointer, key);
    }
    pointer
}

/// The object at `at`, or a refusal that says what is expected there.
pub(super) fn object<'a>(value: &'a Value, at: &str, what: &str) -> Result<&'a Map<String, Value>, FormatError> {
    value
        .as_object()
        .ok_or_else(|| FormatError::at(at, format!("{what} is no object")))
}

/// The array under `key`.
pub(super) fn array<'a>(of: &'a Map<String, Value>, key: &str, at: &str) -> Result<&'a [Value], FormatError> {
    match of.get(key) {
        Some(Value::Array(items)) => Ok(items),
        _ => Err(FormatError::at(below(at, key), format!("there is no array {key}"))),
    }
}

/// A text under `key`, trimmed and not empty.
pub(super) fn required<'a>(of: &'a Map<String, Value>, key: &str, at: &str) -> Result<&'a str, FormatError> {
    some(of, key).ok_or_else(|| FormatError::at(below(at, key), format!("the entry has no {key}")))
}

/// As [`required`], where there is one.
pub(super) fn some<'a>(of: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    let text = of.get(key)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}
