//! Activepieces: connections with their values, as rows of `app_connection` that were decrypted, alone or under `data`.
//!
//! `externalId`, `displayName`, `pieceName` and a `value` by `type`: `SECRET_TEXT`, `BASIC_AUTH`, `CUSTOM_AUTH`
//! (`props`), the three of OAuth2, `NO_AUTH`. The types are those of its source; that an export has values in this place was not
//! tried with a real one. The API's own list has no values, and the table has them encrypted: both are refused.

use serde_json::{Map, Value};

use super::entry::{Entry, array, object, read, required, some};
use super::{Options, services};
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let document = read(document)?;
    let (items, at) = match &document.0 {
        Value::Array(items) => (items.as_slice(), ""),
        other => (array(object(other, "", "the export")?, "data", "")?, "/data"),
    };
    let read = items.iter().enumerate().map(|(index, item)| {
        let at = format!("{at}/{index}");
        one(object(item, &at, "the connection")?, &at, options)
    });
    read.collect()
}

fn one(item: &Map<String, Value>, at: &str, options: &Options<'_>) -> Result<ImportCredential, FormatError> {
    let id = some(item, "externalId").or_else(|| some(item, "name"));
    let id = id.map_or_else(|| required(item, "id", at), Ok)?;
    let name = some(item, "displayName").unwrap_or(id);
    let mut entry = Entry::new(at, format!("{}/{id}", options.scope), name);
    let piece = some(item, "pieceName").unwrap_or("");
    let piece = piece.rsplit('/').next().unwrap_or(piece);
    entry.service(services::by_word(piece.strip_prefix("piece-").unwrap_or(piece)));
    let value_at = format!("{at}/value");
    let Some(Value::Object(value)) = item.get("value") else {
        return Err(FormatError::at(value_at, "the connection has no value")
            .hint("the API lists connections without values: export the decrypted table app_connection"));
    };
    if value.contains_key("iv") && value.contains_key("data") {
        return Err(FormatError::at(value_at, "the value is encrypted")
            .hint("decrypt it with the instance's AP_ENCRYPTION_KEY first"));
    }
    match some(item, "type").or_else(|| some(value, "type")) {
        Some("SECRET_TEXT") => entry.text("api_key", required(value, "secret_text", &value_at)?),
        Some("BASIC_AUTH") => {
            entry.text("username", some(value, "username").unwrap_or(""));
            entry.text("password", some(value, "password").unwrap_or(""));
        }
        Some("CUSTOM_AUTH") => fields(&mut entry, value.get("props").and_then(Value::as_object), &[]),
        Some("OAUTH2" | "CLOUD_OAUTH2" | "PLATFORM_OAUTH2") => {
            let passing = [
                "type",
                "claimed_at",
                "expires_in",
                "token_type",
                "props",
                "data",
                "grant_type",
            ];
            fields(&mut entry, Some(value), &passing);
            fields(&mut entry, value.get("props").and_then(Value::as_object), &[]);
        }
        Some("NO_AUTH") => {}
        _ => {
            return Err(FormatError::at(
                format!("{at}/type"),
                "there is no such type of connection",
            ));
        }
    }
    Ok(entry.finish())
}

fn fields(entry: &mut Entry, of: Option<&Map<String, Value>>, passing: &[&str]) {
    for (key, value) in of
        .into_iter()
        .flatten()
        .filter(|(key, _)| !passing.contains(&key.as_str()))
    {
        entry.json(key, value);
    }
}
