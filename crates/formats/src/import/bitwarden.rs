//! Bitwarden's JSON export, of a person or an organisation, unencrypted. Not tried with a real export.
//!
//! `items`, each with `id`, `name` and, by `type`, a `login` (1), a note (2), or an `sshKey` (5); custom `fields` of
//! text (0), hidden (1), boolean (2), linked (3). Cards (3) and identities (4) are nobody's key to a service, and left out
//! with a warning.

use serde_json::{Map, Value};

use super::Options;
use super::entry::{Entry, array, object, read, required, some};
use crate::catalogue::Class;
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

pub(super) fn parse(document: &[u8], _: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let document = read(document)?;
    let whole = object(&document.0, "", "the export")?;
    if whole.get("encrypted").and_then(Value::as_bool) == Some(true) {
        return Err(FormatError::at("/encrypted", "the export is encrypted")
            .hint("export again with the format .json, not .json (Encrypted)"));
    }
    array(whole, "items", "")?
        .iter()
        .enumerate()
        .map(|(index, item)| {
            one(
                object(item, &format!("/items/{index}"), "the item")?,
                &format!("/items/{index}"),
            )
        })
        .collect()
}

fn one(item: &Map<String, Value>, at: &str) -> Result<ImportCredential, FormatError> {
    let mut entry = Entry::new(at, required(item, "id", at)?, required(item, "name", at)?);
    let number = item.get("type").and_then(Value::as_u64);
    if !matches!(number, Some(1..=5)) {
        return Err(FormatError::at(format!("{at}/type"), "there is no such type of item"));
    }
    if matches!(number, Some(3 | 4)) {
        entry.warn("a card or an identity is not imported");
        return Ok(entry.finish());
    }
    if let Some(Value::Object(login)) = item.get("login") {
        for key in ["username", "password", "totp"] {
            entry.text(key, some(login, key).unwrap_or(""));
        }
        for uri in login.get("uris").and_then(Value::as_array).into_iter().flatten() {
            entry.url("url", uri.get("uri").and_then(Value::as_str).unwrap_or(""));
        }
    }
    if let Some(Value::Object(key)) = item.get("sshKey") {
        entry.known("private_key", some(key, "privateKey").unwrap_or(""), Class::Secret);
        entry.known("public_key", some(key, "publicKey").unwrap_or(""), Class::Plain);
    }
    for field in item.get("fields").and_then(Value::as_array).into_iter().flatten() {
        if let Some(field) = field
            .as_object()
            .filter(|field| field.get("type").and_then(Value::as_u64) != Some(3))
        {
            entry.text(
                some(field, "name").unwrap_or("field"),
                some(field, "value").unwrap_or(""),
            );
        }
    }
    entry.known("notes", some(item, "notes").unwrap_or(""), Class::Secret);
    Ok(entry.finish())
}
