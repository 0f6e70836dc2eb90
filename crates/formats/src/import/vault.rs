//! HashiCorp Vault and OpenBao: what `vault kv get -format=json` answers (`data.data` with `data.metadata` for version 2
//! of the engine, `data` for version 1), or an object of such answers, or of plain data, by path.
//!
//! An answer doesn't say its path, so that a lone one needs `--prefix PATH`. Not tried with a running Vault.

use serde_json::{Map, Value};

use super::Options;
use super::entry::{Entry, below, object, read};
use super::services;
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let document = read(document)?;
    let whole = object(&document.0, "", "the export")?;
    if is_answer(whole) {
        if options.prefix.is_empty() {
            return Err(FormatError::at("", "the answer of kv get doesn't say its path").hint("add --prefix PATH"));
        }
        return Ok(vec![one(options.prefix, "", &document.0, options)?]);
    }
    whole
        .iter()
        .map(|(path, value)| {
            let path = if options.prefix.is_empty() {
                path.clone()
            } else {
                format!("{}/{path}", options.prefix)
            };
            one(&path, &below("", path.as_str()), value, options)
        })
        .collect()
}

fn is_answer(of: &Map<String, Value>) -> bool {
    of.contains_key("request_id") && of.get("data").is_some_and(Value::is_object)
}

fn one(path: &str, at: &str, value: &Value, options: &Options<'_>) -> Result<ImportCredential, FormatError> {
    let mut data = object(value, at, "what stands at this path")?;
    let mut at = at.to_owned();
    if is_answer(data) {
        at.push_str("/data");
        data = object(data.get("data").unwrap_or(&Value::Null), &at, "data")?;
    }
    if data.contains_key("metadata") && data.contains_key("data") {
        at.push_str("/data");
        let inner = data.get("data").unwrap_or(&Value::Null);
        if inner.is_null() {
            return Err(FormatError::at(at, "this version is deleted").hint("undelete it, or remove it from the file"));
        }
        data = object(inner, &at, "data")?;
    }
    let mut entry = Entry::new(&at, format!("{}/{path}", options.scope), path);
    for part in path.rsplit('/') {
        entry.service(services::by_name(part));
    }
    for (key, value) in data {
        entry.json(key, value);
    }
    Ok(entry.finish())
}
