//! An n8n workflow: finds its credential references and writes the document that is stored and shared.
//!
//! Workflows come from n8n's editor, its command line, its API (`{"data": …}`), its template site
//! (`{"workflow": {"workflow": …}}`) and from people's text editors, of ten years. So nothing is required but `nodes` or
//! `connections`, and what isn't understood is left alone.
//!
//! Invariant: the stored document has no credential's id or name in `credentials`, not in a workflow that lies as JSON
//! text inside a parameter either, no pinned data and no ids of the author's instance.

use serde_json::Value;

use super::assign::Assigned;
use super::references::{Found, LIMITS, locate};
pub use super::references::{REFERENCES_MAX, Reference};
use super::{rewrite, strip};
use crate::catalogue::{self, Kind};
use crate::error::{FormatError, Warning};
use crate::json;
use crate::scan::{self, Finding};
use crate::variable::Variable;

/// Largest workflow, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// Most workflows in one export.
pub const WORKFLOWS_MAX: usize = 1_000;

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

        let mut found = Found::default();
        found.workflow(workflow, &format!("{origin}{pointer}"), 0)?;
        let Found {
            references,
            mut warnings,
        } = found;
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
        rewrite::workflow(&mut document, assigned, 0);
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
        rewrite::workflow(&mut stripped, &[], 0);
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
