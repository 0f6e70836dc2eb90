//! Windmill: resources and variables as its API lists them (`path`, `value`, `resource_type` or `is_secret`), in one
//! array, or under `resources` and `variables`. Not tried with a real export.
//!
//! `$var:path` in a resource is the value of that variable, which must be in the file and is not imported a second time by
//! itself.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::entry::{Entry, array, below, object, read, required};
use super::{Options, services};
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

type Row<'a> = (String, &'a Map<String, Value>);

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let document = read(document)?;
    let mut rows: Vec<Row<'_>> = Vec::new();
    let lists: Vec<(&[Value], &str)> = match &document.0 {
        Value::Array(items) => vec![(items.as_slice(), "")],
        other => {
            let whole = object(other, "", "the export")?;
            let names = ["resources", "variables"]
                .into_iter()
                .filter(|name| whole.contains_key(*name));
            let lists = names.map(|name| Ok((array(whole, name, "")?, name)));
            lists.collect::<Result<_, FormatError>>()?
        }
    };
    if lists.is_empty() {
        return Err(FormatError::at("", "there are neither resources nor variables"));
    }
    for (items, name) in lists {
        let at = if name.is_empty() {
            String::new()
        } else {
            format!("/{name}")
        };
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}/{index}");
            rows.push((at.clone(), object(item, &at, "the entry")?));
        }
    }
    all(&rows, options)
}

fn all(rows: &[Row<'_>], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let (resources, variables): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, row)| row.contains_key("resource_type"));
    let mut values = HashMap::new();
    for (at, row) in &variables {
        let value = row
            .get("value")
            .and_then(Value::as_str)
            .filter(|value| !value.starts_with("$encrypted:"));
        let value = value.ok_or_else(|| {
            FormatError::at(below(at, "value"), "the variable has no value, or an encrypted one")
                .hint("export with the secrets decrypted: wmill sync pull --plain-secrets")
        })?;
        values.insert(required(row, "path", at)?, value);
    }
    let mut used = HashSet::new();
    let mut out = Vec::new();
    for (at, row) in &resources {
        let path = required(row, "path", at)?;
        let mut entry = Entry::new(
            at,
            format!("{}/r/{path}", options.scope),
            path.rsplit('/').next().unwrap_or(path),
        );
        entry.service(services::by_word(required(row, "resource_type", at)?));
        let value_at = below(at, "value");
        for (key, value) in object(row.get("value").unwrap_or(&Value::Null), &value_at, "the value")? {
            match value.as_str().and_then(|text| text.strip_prefix("$var:")) {
                Some(variable) => {
                    let found = values.get(variable).ok_or_else(|| {
                        FormatError::at(
                            below(&value_at, key),
                            "the variable that it refers to is not in the file",
                        )
                        .hint("export resources and variables into one file")
                    })?;
                    used.insert(variable);
                    entry.text(key, found);
                }
                None if value.as_str().is_some_and(|text| text.starts_with("$res:")) => {
                    entry.warn("it refers to another resource, which is not followed");
                }
                None => entry.json(key, value),
            }
        }
        out.push(entry.finish());
    }
    for (at, row) in variables {
        let path = required(row, "path", at)?;
        if used.contains(path) {
            continue;
        }
        let mut entry = Entry::new(
            at,
            format!("{}/v/{path}", options.scope),
            path.rsplit('/').next().unwrap_or(path),
        );
        entry.text("value", values.get(path).copied().unwrap_or(""));
        out.push(entry.finish());
    }
    Ok(out)
}
