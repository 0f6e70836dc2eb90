//! Templates: what a shareable workflow needs, and its document.

use crate::credential::Source;
use crate::value::Document;
use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /templates`: from variables, or from a document in which each credential reference becomes a variable.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTemplate {
    /// Its name, for people; else the document's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The handle that references use; else made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it needs; not together with an `n8n` document, of which they are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<VariableInput>>,
    /// The document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// `n8n` or `strongroom`; else found out from the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Take it though a secret seems to be written into it; needs a reason, and both are recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_hardcoded: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /templates/{t}/revise`: as for a new one, without what stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviseTemplate {
    /// What it needs; not together with an `n8n` document, of which they are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<Vec<VariableInput>>,
    /// The document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// `n8n` or `strongroom`; else found out from the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Take it though a secret seems to be written into it; needs a reason, and both are recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_hardcoded: bool,
    /// Only say what it would come to, and which workspaces would lack something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /templates/{t}/update`. Absent: stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTemplate {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A variable as a person writes it down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VariableInput {
    /// `[A-Z][A-Z0-9_]{0,62}`.
    pub name: String,
    /// The service it needs.
    pub service: String,
    /// The kinds it accepts; empty: any.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Whether a resolution fails without it; true unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The scopes it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A variable that a template declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The service it needs.
    pub service: String,
    /// The kinds it accepts; empty: any.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The scopes it needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether a resolution fails without it.
    pub required: bool,
    /// Text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The foreign credential type it came from: `shopifyApi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_type: Option<String>,
}

/// What registering and revising are answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateWritten {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// The newest revision.
    pub revision: u32,
    /// Its document's digest (BLAKE3, hexadecimal).
    pub digest: String,
    /// Its variables.
    pub variables: Vec<Variable>,
    /// Variables that are new in this revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<String>,
    /// Variables that are gone with this revision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// Variables of which it is not sure that they mean what they meant: look before you admit it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsure: Vec<String>,
    /// Whom a revision affects, as things stand when it is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<Affected>,
    /// Nothing was changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// Which workspaces could not run a revision yet: `GET /templates/{t}/affected`, and what `revise` is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Affected {
    /// The revision.
    pub revision: u32,
    /// Workspaces that run the template and lack something for this revision.
    pub lacking: Vec<Lacking>,
    /// How many others that you may see lack nothing.
    pub ready: u32,
    /// How many that you may not see lack something; counted only for those who may make templates.
    pub hidden: u32,
}

/// A workspace that lacks something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lacking {
    /// Handle of the workspace.
    pub workspace: String,
    /// The revision that runs there; it goes on.
    pub admitted: u32,
    /// What is missing.
    pub missing: Vec<LackingVariable>,
}

/// A required variable behind which nothing stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LackingVariable {
    /// The variable.
    pub variable: String,
    /// The service it needs.
    pub service: String,
    /// The kinds it accepts; empty: any.
    pub kinds: Vec<String>,
    /// What would fit, among what you may see, the likeliest first.
    pub fitting: Vec<String>,
}

/// A template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Template {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Text.
    #[serde(default)]
    pub description: String,
    /// The newest revision.
    pub revision: u32,
    /// Its format.
    pub format: String,
    /// Its document's digest (BLAKE3, hexadecimal).
    pub digest: String,
    /// The newest revision's variables.
    pub variables: Vec<Variable>,
    /// No longer to be admitted.
    #[serde(default)]
    pub retired: bool,
    /// Where it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// All revisions, oldest first; only where one template is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<Revision>,
}

/// One revision of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revision {
    /// 1, 2, 3 …
    pub revision: u32,
    /// `n8n` or `strongroom`.
    pub format: String,
    /// The document's digest (BLAKE3, hexadecimal).
    pub digest: String,
    /// The document's length in bytes.
    pub document_bytes: u32,
    /// Its variables.
    pub variables: Vec<Variable>,
    /// Hard-coded secrets that were accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hardcoded_accepted: Vec<AcceptedFinding>,
    /// When.
    pub entered_at: String,
    /// Handle of who entered it.
    pub entered_by: Option<String>,
}

/// A hard-coded secret that somebody accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcceptedFinding {
    /// Where in the document (JSON pointer).
    pub pointer: String,
    /// The rule that found it.
    pub rule: String,
}

/// `GET /templates`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// Only where this text is in name or handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Also retired ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `GET /templates/{t}/document`, as a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DocumentQuery {
    /// An earlier revision instead of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}

/// `GET /templates/{t}/export`, as a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// An earlier revision instead of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Also where names of this ledger, or secrets that were accepted, stand in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_is: Option<bool>,
}

/// `GET /templates/{t}/affected`, as a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AffectedQuery {
    /// An earlier revision instead of the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
}
