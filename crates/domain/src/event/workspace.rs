//! The events of clients, workspaces, mappings and defaults.

use crate::ids::{ClientId, CredentialId, Revision, TemplateId, WorkspaceId};
use crate::words::Kind;
use serde::{Deserialize, Serialize};

/// `client.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCreated {
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
}

/// `workspace.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceCreated {
    /// Name.
    #[serde(rename = "nm")]
    pub name: String,
    /// Skeleton.
    #[serde(rename = "sk")]
    pub skeleton: String,
    /// Handle.
    #[serde(rename = "hd")]
    pub handle: String,
    /// The client it belongs to.
    #[serde(rename = "cl", default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// `dev`, `prod`, …
    #[serde(rename = "en", default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// Text.
    #[serde(rename = "ds", default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// `workspace.template_admitted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateAdmitted {
    /// The template.
    #[serde(rename = "tp")]
    pub template: TemplateId,
    /// The revision.
    #[serde(rename = "rv")]
    pub revision: Revision,
    /// The revision admitted before.
    #[serde(rename = "pv", default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Revision>,
}

/// `workspace.variable_mapped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableMapped {
    /// The template.
    #[serde(rename = "tp")]
    pub template: TemplateId,
    /// The variable.
    #[serde(rename = "va")]
    pub variable: String,
    /// The workflow instance, when the mapping is for one only.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The credential.
    #[serde(rename = "cr")]
    pub credential: CredentialId,
    /// The credential before.
    #[serde(rename = "pv", default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<CredentialId>,
}

/// `workspace.variable_unmapped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableUnmapped {
    /// The template.
    #[serde(rename = "tp")]
    pub template: TemplateId,
    /// The variable.
    #[serde(rename = "va")]
    pub variable: String,
    /// The workflow instance.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The credential it was.
    #[serde(rename = "pv")]
    pub previous: CredentialId,
}

/// `default.default_mapped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultMapped {
    /// The workspace; none for the ledger's default.
    #[serde(rename = "ws", default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceId>,
    /// Service id.
    #[serde(rename = "sv")]
    pub service: String,
    /// Kind.
    #[serde(rename = "kd")]
    pub kind: Kind,
    /// The credential.
    #[serde(rename = "cr")]
    pub credential: CredentialId,
    /// The credential before.
    #[serde(rename = "pv", default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<CredentialId>,
}

/// `default.default_unmapped`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultUnmapped {
    /// The workspace; none for the ledger's default.
    #[serde(rename = "ws", default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceId>,
    /// Service id.
    #[serde(rename = "sv")]
    pub service: String,
    /// Kind.
    #[serde(rename = "kd")]
    pub kind: Kind,
    /// The credential it was.
    #[serde(rename = "pv")]
    pub previous: CredentialId,
}
