//! Finds the workflow in what was sent, and each place in it that asks for a credential.

use serde_json::{Map, Value};

use crate::error::{FormatError, Warning};
use crate::json::{self, Limits, push_key};

use super::workflow::DOCUMENT_BYTES_MAX;

/// Most references in one workflow.
pub const REFERENCES_MAX: usize = 500;

/// How deep workflows may lie as text in each other; deeper ones are refused, so that no name stays unseen.
pub(super) const NESTED_MAX: usize = 4;

/// Wrappers around a workflow: `{"workflow": {"workflow": {…}}}`.
const WRAPPERS_MAX: usize = 6;

/// People write them by hand, n8n writes none, and what isn't kept isn't stored: the last of two values counts.
pub(super) const LIMITS: Limits = Limits {
    bytes_max: DOCUMENT_BYTES_MAX,
    depth_max: json::DEPTH_MAX,
    duplicate_keys: true,
};

/// A place where the workflow asks for a credential; places with the same type, id and name are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// n8n's credential type.
    pub n8n_type: String,
    /// Id in the author's instance; old exports have none.
    pub id: Option<String>,
    /// Name in the author's instance.
    pub name: Option<String>,
    /// RFC 6901 pointer to the first use.
    pub first_pointer: String,
    /// In how many nodes.
    pub uses: usize,
    /// Whether a node that isn't disabled uses it.
    pub enabled: bool,
}

impl Reference {
    pub(super) fn is(&self, key: &Key) -> bool {
        self.n8n_type == key.n8n_type && self.id == key.id && self.name == key.name
    }
}

/// What makes a reference distinct.
pub(super) struct Key {
    n8n_type: String,
    id: Option<String>,
    name: Option<String>,
}

/// Pointer to the workflow in what was sent.
pub(super) fn locate(source: &Value, origin: &str) -> Result<String, FormatError> {
    let mut pointer = String::new();
    let mut at = source;
    for _ in 0..=WRAPPERS_MAX {
        let Some(object) = at.as_object() else { break };
        if object
            .get("nodes")
            .is_some_and(|nodes| nodes.is_array() || nodes.is_object())
        {
            return Ok(pointer);
        }
        let inner = ["workflow", "workflowData", "data", "template", "activeVersion", "json"]
            .into_iter()
            .find(|name| object.get(*name).is_some_and(|inner| inner.is_object()));
        match inner.and_then(|name| Some((name, object.get(name)?))) {
            Some((name, next)) if looks_like_wrapper(next) => {
                push_key(&mut pointer, name);
                at = next;
            }
            _ if object.get("nodes").is_some_and(|nodes| !nodes.is_null()) => {
                return Err(FormatError::at(format!("{origin}{pointer}/nodes"), "nodes is no array"));
            }
            _ if object.contains_key("connections") => return Ok(pointer),
            _ => break,
        }
    }
    Err(FormatError::at(
        format!("{origin}{pointer}"),
        "this is no n8n workflow: it has neither nodes nor connections",
    )
    .hint("export it with \"Download\" in n8n's editor, or with n8n export:workflow"))
}

fn looks_like_wrapper(inner: &Value) -> bool {
    [
        "nodes",
        "connections",
        "workflow",
        "workflowData",
        "data",
        "template",
        "activeVersion",
        "json",
    ]
    .iter()
    .any(|name| inner.get(*name).is_some_and(|value| !value.is_null()))
}

/// The nodes of a workflow with their pointers; old tools wrote an object in place of the array.
fn nodes(workflow: &Value) -> Vec<(String, &Value)> {
    match workflow.get("nodes") {
        Some(Value::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(index, node)| (format!("/nodes/{index}"), node))
            .collect(),
        Some(Value::Object(entries)) => entries
            .iter()
            .map(|(key, node)| {
                let mut pointer = "/nodes".to_owned();
                if json::may_be_named(key) {
                    push_key(&mut pointer, key);
                }
                (pointer, node)
            })
            .collect(),
        _ => Vec::new(),
    }
}

pub(super) fn nodes_mut(workflow: &mut Value) -> Vec<&mut Value> {
    match workflow.get_mut("nodes") {
        Some(Value::Array(items)) => items.iter_mut().collect(),
        Some(Value::Object(entries)) => entries.values_mut().collect(),
        _ => Vec::new(),
    }
}

/// What is found on the way through a workflow.
#[derive(Default)]
pub(super) struct Found {
    /// Each once, in the order of first use.
    pub(super) references: Vec<Reference>,
    pub(super) warnings: Vec<Warning>,
}

impl Found {
    /// Goes through a workflow that lies at the pointer `at`, `depth` workflows deep in text.
    pub(super) fn workflow(&mut self, workflow: &Value, at: &str, depth: usize) -> Result<(), FormatError> {
        for (pointer, node) in nodes(workflow) {
            let at = format!("{at}{pointer}");
            let enabled = node.get("disabled").and_then(Value::as_bool) != Some(true);
            match node.get("credentials") {
                Some(Value::Object(entries)) => self.credentials(entries, &at, enabled)?,
                None | Some(Value::Null) => {}
                Some(_) => self.warnings.push(Warning::at(
                    format!("{at}/credentials"),
                    "credentials of an unknown shape are left out",
                )),
            }
            if let Some(parameters) = node.get("parameters") {
                self.missing(node, parameters, &at);
                self.nested(parameters, &format!("{at}/parameters"), depth)?;
            }
        }
        Ok(())
    }

    fn credentials(&mut self, entries: &Map<String, Value>, at: &str, enabled: bool) -> Result<(), FormatError> {
        for (n8n_type, value) in entries {
            let key = key_of(n8n_type, value);
            if let Some(known) = self.references.iter_mut().find(|known| known.is(&key)) {
                known.uses += 1;
                known.enabled |= enabled;
                continue;
            }
            let mut first_pointer = format!("{at}/credentials");
            if json::may_be_named(n8n_type) {
                push_key(&mut first_pointer, n8n_type);
            }
            if self.references.len() == REFERENCES_MAX {
                return Err(FormatError::at(
                    first_pointer,
                    format!("more than {REFERENCES_MAX} different credentials in one workflow"),
                ));
            }
            self.references.push(Reference {
                n8n_type: key.n8n_type,
                id: key.id,
                name: key.name,
                first_pointer,
                uses: 1,
                enabled,
            });
        }
        Ok(())
    }

    /// A node that says which type it authenticates with and names no credential: nothing becomes a variable.
    fn missing(&mut self, node: &Value, parameters: &Value, at: &str) {
        let named = match parameters.get("authentication").and_then(Value::as_str) {
            Some("predefinedCredentialType") => "nodeCredentialType",
            Some("genericCredentialType") => "genericAuthType",
            _ => return,
        };
        let Some(n8n_type) = parameters.get(named).and_then(Value::as_str) else {
            return;
        };
        let has = node.get("credentials").and_then(|c| c.get(n8n_type)).is_some();
        if !has && !n8n_type.contains("{{") {
            self.warnings.push(Warning::at(
                format!("{at}/parameters/{named}"),
                "the node asks for a credential of this type and refers to none: choose one in n8n and export again if the template should have a variable for it",
            ));
        }
    }

    /// Workflows inside parameters, as objects or as JSON text.
    fn nested(&mut self, value: &Value, at: &str, depth: usize) -> Result<(), FormatError> {
        match value {
            Value::String(text) => match nested_text(text) {
                Nested::No => Ok(()),
                Nested::Unreadable => {
                    self.warnings.push(Warning::at(
                        at,
                        "a workflow in this text can't be read: credential names in it stay",
                    ));
                    Ok(())
                }
                Nested::Workflow { .. } if depth + 1 >= NESTED_MAX => Err(FormatError::at(
                    at,
                    format!("more than {NESTED_MAX} workflows lie inside each other"),
                )),
                Nested::Workflow { value, .. } => self.inside(&value, at, depth + 1),
            },
            other => self.inside(other, at, depth),
        }
    }

    fn inside(&mut self, value: &Value, at: &str, depth: usize) -> Result<(), FormatError> {
        if is_workflow(value) {
            return self.workflow(value, at, depth);
        }
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.nested(item, &format!("{at}/{index}"), depth)?;
                }
            }
            Value::Object(entries) => {
                for (key, item) in entries {
                    let mut at = at.to_owned();
                    if json::may_be_named(key) {
                        push_key(&mut at, key);
                    }
                    self.nested(item, &at, depth)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A workflow inside another one: an object with nodes that have credentials.
pub(super) fn is_workflow(value: &Value) -> bool {
    nodes(value)
        .iter()
        .any(|(_, node)| node.get("credentials").is_some() || node.get("parameters").is_some())
}

pub(super) enum Nested {
    No,
    Unreadable,
    Workflow { value: Value, prefix: &'static str },
}

/// A workflow as JSON text, n8n's `=` before it or not.
pub(super) fn nested_text(text: &str) -> Nested {
    if !text.contains("\"nodes\"") || !text.contains("\"credentials\"") {
        return Nested::No;
    }
    let trimmed = text.trim();
    let (prefix, body) = match trimmed.strip_prefix('=') {
        Some(body) => ("=", body.trim_start()),
        None => ("", trimmed),
    };
    if !body.starts_with(['{', '[']) {
        return Nested::Unreadable;
    }
    match json::read(body.as_bytes(), &LIMITS) {
        Ok(value) => Nested::Workflow { value, prefix },
        Err(_) => Nested::Unreadable,
    }
}

/// `{"id", "name"}`, a bare name, null, or anything else.
pub(super) fn key_of(n8n_type: &str, value: &Value) -> Key {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let (id, name) = match value {
        Value::Object(entries) => (text(entries.get("id")), text(entries.get("name"))),
        other => (None, text(Some(other))),
    };
    Key {
        n8n_type: n8n_type.to_owned(),
        id,
        name,
    }
}
