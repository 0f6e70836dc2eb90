//! Workspaces, what runs in them, mappings and defaults.

use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /workspaces`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWorkspace {
    /// Its name, for people.
    pub name: String,
    /// The client it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// `dev`, `prod`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The handle that references use; else made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /workspaces/{handle}/update`. Absent: stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWorkspace {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workspace {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Text.
    #[serde(default)]
    pub description: String,
    /// Handle of the client it belongs to.
    pub client: Option<String>,
    /// `dev`, `prod`, … or empty.
    #[serde(default)]
    pub environment: String,
    /// No longer in use.
    #[serde(default)]
    pub archived: bool,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// What runs in it; only where one workspace is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<Vec<Installation>>,
}

/// `GET /workspaces`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkspaceQuery {
    /// Only of this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only of this environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Only where this text is in name or handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Also archived ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `POST /workspaces/{w}/templates/{t}/admit`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdmitTemplate {
    /// The revision; else the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What an admission is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Admitted {
    /// Handle of the workspace.
    pub workspace: String,
    /// Handle of the template.
    pub template: String,
    /// The revision that runs.
    pub revision: u32,
    /// Its document's digest (BLAKE3, hexadecimal).
    pub digest: String,
    /// Version of the workspace's last change by a person.
    pub etag: u64,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// `PUT /workspaces/{w}/templates/{t}/mappings/{variable}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MapVariable {
    /// The credential to stand behind the variable.
    pub credential: String,
    /// Only for this instance of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What mapping and unmapping are answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingWritten {
    /// Handle of the workspace.
    pub workspace: String,
    /// Handle of the template.
    pub template: String,
    /// The variable.
    pub variable: String,
    /// The instance of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Handle of the credential that stands behind it now at this level.
    pub credential: Option<String>,
    /// Version of the workspace's last change by a person.
    pub etag: u64,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// `GET /workspaces/{w}/mappings`: each template in the workspace, and the defaults that hold in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mappings {
    /// Handle of the workspace.
    pub workspace: String,
    /// Each template that was admitted or mapped.
    pub items: Vec<Installation>,
    /// The workspace's defaults, then the ledger's.
    pub defaults: Vec<Default_>,
}

/// A template in a workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Installation {
    /// Handle of the template.
    pub template: String,
    /// The revision that runs; none before the first admission.
    pub revision: Option<u32>,
    /// The template's newest revision.
    pub newest_revision: u32,
    /// When it was admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted_at: Option<String>,
    /// Handle of who admitted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted_by: Option<String>,
    /// What was mapped.
    pub mappings: Vec<Mapping>,
}

/// What stands behind a variable at instance or template level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mapping {
    /// The variable.
    pub variable: String,
    /// The instance of the workflow, at instance level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Handle of the credential; none when the caller may not see it.
    pub credential: Option<String>,
    /// When.
    pub mapped_at: String,
    /// Handle of who did it.
    pub mapped_by: Option<String>,
}

/// `PUT /defaults`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetDefault {
    /// Only in this workspace; else everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The service.
    pub service: String,
    /// The kind.
    pub kind: String,
    /// The credential.
    pub credential: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `DELETE /defaults`, as a query.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DefaultKey {
    /// Only in this workspace; else everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The service.
    pub service: String,
    /// The kind.
    pub kind: String,
}

/// What stands behind variables that nobody mapped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Default_ {
    /// Handle of the workspace; none: everywhere.
    pub workspace: Option<String>,
    /// The service.
    pub service: String,
    /// The kind.
    pub kind: String,
    /// Handle of the credential; none when the caller may not see it, or after it was taken away.
    pub credential: Option<String>,
}

/// What setting and unsetting a default is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DefaultWritten {
    /// What it is now.
    #[serde(flatten)]
    pub default: Default_,
    /// Version of its last change by a person.
    pub etag: u64,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// `DELETE …/mappings/{variable}`, as a query.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstanceQuery {
    /// Only for this instance of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// `GET /defaults`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DefaultQuery {
    /// Those that hold in this workspace; else all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `GET /workspaces/{from}/compare/{to}`: what runs in one workspace and in another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// The one.
    pub from: String,
    /// The other.
    pub to: String,
    /// Templates by handle, and in each the variables by name.
    pub items: Vec<Compared>,
}

/// One template's revision, or one variable of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Compared {
    /// The template.
    pub template: String,
    /// The variable; none: the admitted revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The workflow instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// `same`, `other`, `only_from` or `only_to`.
    pub how: String,
    /// What is in the one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ComparedSide>,
    /// What is in the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ComparedSide>,
}

/// What one of two workspaces has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComparedSide {
    /// The admitted revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The credential behind the variable; none where the asker may not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// By what: `instance`, `template`, `workspace_default`, `ledger_default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}
