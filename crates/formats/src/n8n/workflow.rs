//! An n8n workflow: finds its credential references and writes the document that is stored and shared.
//!
//! Workflows come from n8n's editor, its command line, its API (`{"data": …}`), its template site
//! (`{"workflow": {"workflow": …}}`) and from people's text editors, of ten years. So nothing is required but `nodes` or
//! `connections`, and what isn't understood is left alone.
//!
//! Invariant: the stored document has no credential's id or name in `credentials`, not in a workflow that lies as JSON
//! text inside a parameter either, no pinned data and no ids of the author's instance.

use serde_json::{Map, Value};

use super::assign::Assigned;
use super::strip;
use crate::catalogue::{self, Kind};
use crate::error::{FormatError, Warning};
use crate::json::{self, Limits, push_key};
use crate::scan::{self, Finding};
use crate::variable::Variable;

/// Largest workflow, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// Most references in one workflow.
pub const REFERENCES_MAX: usize = 500;

/// Most workflows in one export.
pub const WORKFLOWS_MAX: usize = 1_000;

/// How deep workflows may lie as text in each other; deeper ones are refused, so that no name stays unseen.
const NESTED_MAX: usize = 4;

/// Wrappers around a workflow: `{"workflow": {"workflow": {…}}}`.
const WRAPPERS_MAX: usize = 6;

/// People write them by hand, n8n writes none, and what isn't kept isn't stored: the last of two values counts.
const LIMITS: Limits = Limits {
    bytes_max: DOCUMENT_BYTES_MAX,
    depth_max: json::DEPTH_MAX,
    duplicate_keys: true,
};

/// A workflow as it came.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The whole document as sent; pointers in findings are into this one.
    pub source: Value,
    /// Pointer to the workflow in `source`, below `origin`.
    pub pointer: String,
    /// Pointer to `source` in an export of several; empty otherwise.
    pub origin: String,
    /// Its name, trimmed; empty when it has none.
    pub name: String,
    /// What a person should know.
    pub warnings: Vec<Warning>,
    references: Vec<Reference>,
}

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

impl Workflow {
    /// Reads a document that holds one workflow.
    ///
    /// # Errors
    /// No JSON, too large or deep, no workflow in it, more than one, too many references.
    pub fn parse(document: &[u8]) -> Result<Self, FormatError> {
        let mut all = Self::parse_all(document)?;
        if all.len() > 1 {
            return Err(
                FormatError::at("", format!("the document holds {} workflows", all.len()))
                    .hint("import them one by one"),
            );
        }
        all.pop()
            .ok_or_else(|| FormatError::at("", "the document holds no workflow"))
    }

    /// Reads a document that holds one workflow, or an array of them as `n8n export:workflow --all` writes.
    ///
    /// # Errors
    /// As [`Workflow::parse`]; one bad workflow fails all.
    pub fn parse_all(document: &[u8]) -> Result<Vec<Self>, FormatError> {
        match json::read(document, &LIMITS)? {
            Value::Array(items) if items.len() > WORKFLOWS_MAX => Err(FormatError::at(
                "",
                format!("more than {WORKFLOWS_MAX} workflows in one document"),
            )),
            Value::Array(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| Self::from_value(item, format!("/{index}")))
                .collect(),
            value => Ok(vec![Self::from_value(value, String::new())?]),
        }
    }

    /// Makes a workflow of a value that was read already, as from a request body.
    ///
    /// # Errors
    /// As [`Workflow::parse`].
    pub fn of(value: Value) -> Result<Self, FormatError> {
        Self::from_value(value, String::new())
    }

    fn from_value(source: Value, origin: String) -> Result<Self, FormatError> {
        let pointer = locate(&source, &origin)?;
        let workflow = source.pointer(&pointer).unwrap_or(&Value::Null);
        let name = workflow.get("name").and_then(Value::as_str).unwrap_or_default();
        let name = name.trim().to_owned();

        let mut collect = Collect::default();
        collect.workflow(workflow, &format!("{origin}{pointer}"), 0)?;
        let Collect {
            references,
            mut warnings,
        } = collect;
        warnings.extend(strip::warnings(workflow, &format!("{origin}{pointer}")));
        for reference in &references {
            if catalogue::n8n_type(&reference.n8n_type).is_none() {
                warnings.push(Warning::at(
                    reference.first_pointer.clone(),
                    "an n8n credential type that the catalogue doesn't have: its variable accepts credentials of kind custom",
                ));
            }
        }
        let mut made = Self {
            source,
            pointer,
            origin,
            name,
            warnings,
            references,
        };
        let mentions = made.mentions();
        made.warnings.extend(mentions);
        Ok(made)
    }

    /// Its credential references, each once, in the order of first use.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Hard-coded secrets in the document as sent, pinned data and wrappers included.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = scan::scan_json(&self.source);
        for finding in &mut findings {
            finding.pointer.insert_str(0, &self.origin);
        }
        findings
    }

    /// The document to store: every reference replaced by its variable's name, nothing of the author's instance.
    ///
    /// Compact JSON, keys in their order: the same workflow and variables always give the same bytes. A reference that
    /// isn't in `assigned` is left out.
    pub fn document(&self, assigned: &[Assigned]) -> Vec<u8> {
        let mut document = self.source.pointer(&self.pointer).cloned().unwrap_or_default();
        strip::workflow(&mut document);
        rewrite_workflow(&mut document, assigned, 0);
        for (name, variable) in distinctive(assigned) {
            strip::forget_name(&mut document, name, variable);
        }
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// Author's credential names in places where they can't be replaced.
    fn mentions(&self) -> Vec<Warning> {
        let Some(workflow) = self.source.pointer(&self.pointer) else {
            return Vec::new();
        };
        let mut stripped = workflow.clone();
        strip::workflow(&mut stripped);
        rewrite_workflow(&mut stripped, &[], 0);
        let mut warnings = Vec::new();
        for reference in &self.references {
            let Some(name) = reference.name.as_deref().filter(|name| is_distinctive(name)) else {
                continue;
            };
            strip::forget_name(&mut stripped, name, "");
            if strip::mentions(&stripped, name) {
                warnings.push(Warning::at(
                    reference.first_pointer.clone(),
                    "the name of this credential also stands elsewhere in the workflow, where it stays: look through names, code and parameters of the nodes",
                ));
            }
        }
        warnings
    }
}

/// The variables of a template made of these references.
pub fn variables(assigned: &[Assigned]) -> Vec<Variable> {
    assigned
        .iter()
        .map(|one| {
            let n8n_type = one.reference.n8n_type.as_str();
            let known = catalogue::n8n_type(n8n_type);
            Variable {
                name: one.variable.clone(),
                service: known.map_or_else(|| catalogue::service_of_unknown(n8n_type), |row| row.service.to_owned()),
                kinds: known.map_or_else(|| vec![Kind::Custom], |row| row.kinds.clone()),
                // n8n's default scopes are what it asks for, not what this workflow needs.
                scopes: Vec::new(),
                required: one.reference.enabled,
                description: known.map_or_else(|| "n8n credential".to_owned(), |row| row.name.to_owned()),
                n8n_type: Some(n8n_type.to_owned()),
            }
        })
        .collect()
}

/// Pointer to the workflow in what was sent.
fn locate(source: &Value, origin: &str) -> Result<String, FormatError> {
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

fn nodes_mut(workflow: &mut Value) -> Vec<&mut Value> {
    match workflow.get_mut("nodes") {
        Some(Value::Array(items)) => items.iter_mut().collect(),
        Some(Value::Object(entries)) => entries.values_mut().collect(),
        _ => Vec::new(),
    }
}

#[derive(Default)]
struct Collect {
    references: Vec<Reference>,
    warnings: Vec<Warning>,
}

impl Collect {
    fn workflow(&mut self, workflow: &Value, at: &str, depth: usize) -> Result<(), FormatError> {
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
fn is_workflow(value: &Value) -> bool {
    nodes(value)
        .iter()
        .any(|(_, node)| node.get("credentials").is_some() || node.get("parameters").is_some())
}

enum Nested {
    No,
    Unreadable,
    Workflow { value: Value, prefix: &'static str },
}

/// A workflow as JSON text, n8n's `=` before it or not.
fn nested_text(text: &str) -> Nested {
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
fn key_of(n8n_type: &str, value: &Value) -> Key {
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

fn rewrite_workflow(workflow: &mut Value, assigned: &[Assigned], depth: usize) {
    for node in nodes_mut(workflow) {
        if let Some(credentials) = node.get_mut("credentials") {
            rewrite_credentials(credentials, assigned);
        }
        if let Some(parameters) = node.get_mut("parameters") {
            rewrite_nested(parameters, assigned, depth);
        }
    }
}

fn rewrite_credentials(credentials: &mut Value, assigned: &[Assigned]) {
    let mut rewritten = Map::new();
    if let Value::Object(entries) = &*credentials {
        for (n8n_type, value) in entries {
            let key = key_of(n8n_type, value);
            if let Some(one) = assigned.iter().find(|one| one.reference.is(&key)) {
                let mut reference = Map::new();
                reference.insert("id".to_owned(), Value::String(one.variable.clone()));
                reference.insert("name".to_owned(), Value::String(one.variable.clone()));
                rewritten.insert(n8n_type.clone(), Value::Object(reference));
            }
        }
    }
    *credentials = Value::Object(rewritten);
}

fn rewrite_nested(value: &mut Value, assigned: &[Assigned], depth: usize) {
    if depth >= NESTED_MAX {
        return;
    }
    match value {
        Value::String(text) => {
            if let Nested::Workflow {
                value: mut inner,
                prefix,
            } = nested_text(text)
            {
                rewrite_inside(&mut inner, assigned, depth + 1);
                *text = format!("{prefix}{inner}");
            }
        }
        other => rewrite_inside(other, assigned, depth),
    }
}

fn rewrite_inside(value: &mut Value, assigned: &[Assigned], depth: usize) {
    if is_workflow(value) {
        strip::workflow(value);
        rewrite_workflow(value, assigned, depth);
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite_nested(item, assigned, depth)),
        Value::Object(entries) => entries
            .values_mut()
            .for_each(|item| rewrite_nested(item, assigned, depth)),
        _ => {}
    }
}

/// Names that tell something about the author, with the variables that stand for them; longer names first, so that a
/// name inside another one doesn't cut it.
fn distinctive(assigned: &[Assigned]) -> Vec<(&str, &str)> {
    let mut names: Vec<(&str, &str)> = assigned
        .iter()
        .filter_map(|one| {
            let name = one.reference.name.as_deref().filter(|name| is_distinctive(name))?;
            Some((name, one.variable.as_str()))
        })
        .collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names.dedup_by_key(|(name, _)| *name);
    names
}

/// Not a plain word that stands in any text (`matrix`), nor what n8n calls a credential by itself (`Slack account 2`).
fn is_distinctive(name: &str) -> bool {
    let given_by_n8n = name
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ')
        .ends_with("account");
    name.chars().count() >= 8 && !given_by_n8n && name.contains(|c: char| !c.is_alphabetic())
}

#[cfg(test)]
mod tests;
