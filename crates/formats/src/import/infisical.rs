//! Infisical: `infisical export --format json|csv|dotenv|dotenv-export`.
//!
//! Shapes after `packages/cmd/export.go` of the repository Infisical/cli: an array of objects with `key`, `value` and
//! `secretPath` (the API has `secretKey`, `secretValue`), CSV with the head `Key,Value`, or lines `KEY='value'`.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::entry::{at_line, below, object, read, required, some, text};
use super::variables::{Variable, credentials};
use super::{Options, csv, dotenv};
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let text = text(document)?;
    let variables = if text.trim_start().starts_with(['[', '{']) {
        of_json(document)?
    } else if text.lines().next().is_some_and(|head| head.trim() == "Key,Value") {
        of_csv(text)?
    } else {
        dotenv::variables(text)?
    };
    Ok(credentials(variables, options))
}

fn of_json(document: &[u8]) -> Result<Vec<Variable>, FormatError> {
    let document = read(document)?;
    let (items, at) = match &document.0 {
        serde_json::Value::Array(items) => (items.as_slice(), ""),
        other => (
            super::entry::array(object(other, "", "the export")?, "secrets", "")?,
            "/secrets",
        ),
    };
    let mut names = HashSet::new();
    let mut out = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let at = format!("{at}/{index}");
        let item = object(item, &at, "the entry")?;
        let name = some(item, "secretKey").map_or_else(|| required(item, "key", &at), Ok)?;
        let value = item.get("value").or_else(|| item.get("secretValue"));
        let value = value
            .and_then(serde_json::Value::as_str)
            .ok_or_else(|| FormatError::at(below(&at, "value"), "the entry has no value"))?;
        let folder = some(item, "secretPath")
            .filter(|path| *path != "/")
            .unwrap_or("")
            .to_owned();
        if !names.insert((folder.clone(), name.to_owned())) {
            return Err(FormatError::at(at, "an entry before this one has the same key"));
        }
        out.push(Variable {
            at,
            folder,
            name: name.to_owned(),
            value: Zeroizing::new(value.to_owned()),
        });
    }
    Ok(out)
}

fn of_csv(text: &str) -> Result<Vec<Variable>, FormatError> {
    let mut names = HashSet::new();
    let mut out = Vec::new();
    for (line, fields) in csv::records(text)?.into_iter().skip(1) {
        let [name, value] = <[_; 2]>::try_from(fields).map_err(|_| at_line(line, "a record has a key and a value"))?;
        if name.is_empty() || !names.insert(name.to_string()) {
            return Err(at_line(
                line,
                "the key is empty, or a record before this one has the same",
            ));
        }
        let at = format!("line {line}");
        out.push(Variable {
            at,
            folder: String::new(),
            name: name.to_string(),
            value,
        });
    }
    Ok(out)
}
