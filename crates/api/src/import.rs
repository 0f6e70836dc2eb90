//! Imports: credentials that another system exported.

use crate::value::{Document, Pairs, SecretText};
use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /import`: one atomic step, at most 16 MiB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// `n8n`, `dotenv`, `1password`, `bitwarden`, `vault`, `infisical`, `doppler`, `airflow`, `activepieces`, `windmill`.
    pub format: String,
    /// The export: JSON, or any of it as a text.
    pub document: Document,
    /// The exporting instance's key, for an encrypted export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption_key: Option<SecretText>,
    /// The client that new credentials belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Tags of new credentials.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub tags: Pairs,
    /// Before each name where the format has no ids of its own; for a lone answer of Vault its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// How variables become credentials: `service` (the usual), `variable`, `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Enter changed values as rotations; else they are only proposed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rotate: bool,
    /// Only say what would be done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What an import is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Imported {
    /// What became of each thing in the document, in its order.
    pub items: Vec<ImportItem>,
    /// Nothing was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// What became of one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportItem {
    /// Its id in the exporting system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Handle of the credential that it became or is; none when there is none, or the caller may not see it.
    pub handle: Option<String>,
    /// Its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `created`, `unchanged`, `rotation_proposed`, `rotated`, `duplicate`, `skipped`; `held`: it is here, and whether
    /// its values differ is not told to who may not read them, unless they are entered (`rotate`).
    pub action: String,
    /// `duplicate`: the credential that holds the secret already, or the entry before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// What the caller should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
