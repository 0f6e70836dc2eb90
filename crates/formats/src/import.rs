//! Exports of other systems, read and understood: one module for each, one shape out.
//!
//! In: the file's bytes. Out: [`ImportCredential`]s, each field with its class; values are in `SecretText` and nowhere
//! else. A file that is wrong anywhere is refused whole, with line or pointer, never with a value. A field that neither
//! its format, its kind nor its service knows is secret.

mod csv; // RFC 4180, as strict as JSON is read here
mod entry; // what all formats have in common: fields → kind, service, classes
mod services; // names, hosts and variables → services of the catalogue
mod variables; // NAME=value pairs → credentials, grouped

mod activepieces;
mod airflow;
mod bitwarden;
mod doppler;
mod dotenv;
mod infisical;
pub mod onepassword;
mod vault;
mod windmill;

use std::collections::HashSet;

use crate::error::FormatError;
use crate::n8n::credentials::{self, CREDENTIALS_MAX, ImportCredential};

/// Formats of [`parse`], in the order of the documentation.
pub const FORMATS: [&str; 10] = [
    "n8n",
    "dotenv",
    "1password",
    "bitwarden",
    "vault",
    "infisical",
    "doppler",
    "airflow",
    "activepieces",
    "windmill",
];

/// How variables become credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Group {
    /// One credential for the variables of each service; those of no service by themselves.
    #[default]
    Service,
    /// One credential for each variable.
    Variable,
    /// One credential for the file.
    File,
}

impl Group {
    /// The group of that name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "service" => Some(Self::Service),
            "variable" => Some(Self::Variable),
            "file" => Some(Self::File),
            _ => None,
        }
    }
}

/// What a person says of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// Opens an encrypted n8n export.
    pub encryption_key: Option<&'a str>,
    /// Before each name; for `vault kv get`, whose answer doesn't say it, the path.
    pub prefix: &'a str,
    /// Tells files apart whose entries have no ids of their own: the client.
    pub scope: &'a str,
    /// How variables become credentials.
    pub group: Group,
}

/// Reads an export of the named format; `None` when there is no such format.
///
/// # Errors
/// Anything wrong anywhere in the file: nothing is returned then.
pub fn parse(
    format: &str,
    document: &[u8],
    options: &Options<'_>,
) -> Option<Result<Vec<ImportCredential>, FormatError>> {
    if format == "n8n" {
        return Some(credentials::parse(document, options.encryption_key));
    }
    let read = match format {
        "dotenv" => dotenv::parse,
        "1password" => onepassword::parse,
        "bitwarden" => bitwarden::parse,
        "vault" => vault::parse,
        "infisical" => infisical::parse,
        "doppler" => doppler::parse,
        "airflow" => airflow::parse,
        "activepieces" => activepieces::parse,
        "windmill" => windmill::parse,
        _ => return None,
    };
    Some(read(document, options).and_then(checked))
}

fn checked(entries: Vec<ImportCredential>) -> Result<Vec<ImportCredential>, FormatError> {
    if entries.len() > CREDENTIALS_MAX {
        let what = format!("more than {CREDENTIALS_MAX} credentials in one export");
        return Err(FormatError::at("", what));
    }
    let mut ids = HashSet::new();
    match entries.iter().position(|entry| !ids.insert(entry.source_id.as_str())) {
        Some(at) => Err(
            FormatError::at("", format!("entry {} has the id or name of one before it", at + 1))
                .hint("an import knows an entry again by this: rename or remove one of the two"),
        ),
        None => Ok(entries),
    }
}

#[cfg(test)]
mod tests;
