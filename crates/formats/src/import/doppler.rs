//! Doppler: `doppler secrets download --no-file --format json`, names with texts; or `doppler secrets --json`, names
//! with objects that have `computed` and `raw`. Doppler's own `DOPPLER_*` are no secrets. Not tried with a real export.

use serde_json::Value;
use zeroize::Zeroizing;

use super::Options;
use super::entry::{below, object, read};
use super::variables::{Variable, credentials};
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    let document = read(document)?;
    let mut variables = Vec::new();
    for (name, value) in object(&document.0, "", "the export")? {
        let at = below("", name);
        if matches!(
            name.as_str(),
            "DOPPLER_PROJECT" | "DOPPLER_ENVIRONMENT" | "DOPPLER_CONFIG"
        ) {
            continue;
        }
        let value = match value {
            Value::Object(value) => value
                .get("computed")
                .or_else(|| value.get("raw"))
                .and_then(Value::as_str),
            value => value.as_str(),
        };
        let value = value.ok_or_else(|| {
            FormatError::at(at.clone(), "the secret has no value that is a text")
                .hint("a restricted secret is not exported: make its visibility masked, or remove it here")
        })?;
        let value = Zeroizing::new(value.to_owned());
        variables.push(Variable {
            at,
            folder: String::new(),
            name: name.clone(),
            value,
        });
    }
    Ok(credentials(variables, options))
}
