//! The events of a template.

use super::parts::Source;
use crate::ids::Revision;
use crate::words::Kind;
use serde::{Deserialize, Serialize};

/// A variable that a template declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// `[A-Z][A-Z0-9_]{0,62}`.
    #[serde(rename = "nm")]
    pub name: String,
    /// Service id.
    #[serde(rename = "sv")]
    pub service: String,
    /// Kinds that fit; empty: any.
    #[serde(rename = "kds", default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// Scopes that a credential must have.
    #[serde(rename = "sc", default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Whether a resolution fails without it.
    #[serde(rename = "re")]
    pub required: bool,
    /// Text.
    #[serde(rename = "ds", default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The foreign credential type it came from (`shopifyApi`).
    #[serde(rename = "nt", default, skip_serializing_if = "Option::is_none")]
    pub foreign_type: Option<String>,
}

/// A hard-coded secret that somebody accepted with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedFinding {
    /// JSON pointer into the document.
    #[serde(rename = "pt")]
    pub pointer: String,
    /// The rule that found it.
    #[serde(rename = "ru")]
    pub rule: String,
}

/// `template.registered`; its secret part holds the document and the keyed hashes of its references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRegistered {
    /// Name.
    #[serde(rename = "nm")]
    pub name: String,
    /// Skeleton.
    #[serde(rename = "sk")]
    pub skeleton: String,
    /// Handle.
    #[serde(rename = "hd")]
    pub handle: String,
    /// Text.
    #[serde(rename = "ds", default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Revision 1.
    #[serde(rename = "rc")]
    pub content: RevisionContent,
}

/// `template.revised`; its secret part is as that of `registered`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRevised {
    /// The new revision's number.
    #[serde(rename = "rv")]
    pub revision: Revision,
    /// The new revision.
    #[serde(rename = "rc")]
    pub content: RevisionContent,
    /// Variables that are new.
    #[serde(rename = "add", default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Variables that are gone.
    #[serde(rename = "rem", default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Variables of which it is not sure that they mean what they meant.
    #[serde(rename = "uns", default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<String>,
}

/// What a revision is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionContent {
    /// `n8n` or `strongroom`.
    #[serde(rename = "fm")]
    pub format: String,
    /// BLAKE3 of the document as served.
    #[serde(rename = "dg", with = "serde_bytes")]
    pub digest: [u8; 32],
    /// Its length.
    #[serde(rename = "sz")]
    pub document_bytes: u32,
    /// The variables, in order of first use.
    #[serde(rename = "vs")]
    pub variables: Vec<Variable>,
    /// Hard-coded secrets accepted with the reason of the event.
    #[serde(rename = "hc", default, skip_serializing_if = "Vec::is_empty")]
    pub hardcoded_accepted: Vec<AcceptedFinding>,
    /// Where it was imported from.
    #[serde(rename = "src", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}
