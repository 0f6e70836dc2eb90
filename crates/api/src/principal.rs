//! Who acts: principals, what they were granted, their tokens.

use crate::identity::Identity;
use crate::value::SecretText;
use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `POST /principals`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePrincipal {
    /// The name, for people.
    pub name: String,
    /// `person` or `service`; `person` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The handle that references use; else made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// What it is granted at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantInput>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A grant as it is asked for: `all`, or what it is narrowed to, must be said. Sorts that are named narrow each other,
/// several of one sort widen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantInput {
    /// `viewer`, `member`, `editor`, `service`, `reader`, `auditor`, `admin` or `owner`.
    pub role: String,
    /// The whole ledger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Only in these workspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// Only what belongs to these clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Only credentials for these services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Only credentials with one of these tags, each as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Only these credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// `allow` (unless said otherwise) or `deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// Since when (RFC 3339), inclusive; else now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when (RFC 3339), exclusive; else without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// `POST /principals/{handle}/grants`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGrant {
    /// `viewer`, `member`, `editor`, `service`, `reader`, `auditor`, `admin` or `owner`.
    pub role: String,
    /// The whole ledger.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Only in these workspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// Only what belongs to these clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Only credentials for these services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Only credentials with one of these tags, each as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Only these credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// `allow` (unless said otherwise) or `deny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// Since when (RFC 3339), inclusive; else now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when (RFC 3339), exclusive; else without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What granting and withdrawing are answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantWritten {
    /// The grant's id.
    pub id: String,
    /// Handle of the principal.
    pub principal: String,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// A principal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Principal {
    /// The handle.
    pub handle: String,
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// `person`, `service` or `system`.
    pub kind: String,
    /// Its tokens don't work any more.
    #[serde(default)]
    pub disabled: bool,
    /// What it was granted, oldest first.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
}

/// A grant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The role.
    pub role: String,
    /// `allow` or `deny`.
    pub effect: String,
    /// The whole ledger.
    pub all: bool,
    /// Handles of the workspaces to which it is narrowed.
    #[serde(default)]
    pub workspaces: Vec<String>,
    /// Handles of the clients to which it is narrowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// The services to which it is narrowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The tags to which it is narrowed, each as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Handles of the credentials to which it is narrowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// Since when.
    pub from: String,
    /// Until when.
    pub until: Option<String>,
    /// When it was given.
    pub granted_at: String,
    /// Handle of who gave it.
    pub granted_by: Option<String>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<String>,
}

/// `GET /principals`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PrincipalQuery {
    /// Only where this text is in name or handle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Also disabled ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `POST /tokens`. With `role`, the principal is made if it is not there, and is granted the role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Whose: a handle or an id; else the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// When it ends (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Grant this role too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The role only in these workspaces. Where nothing narrows it: the whole ledger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// The role only for what belongs to these clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// The role only for credentials for these services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The role only for credentials with one of these tags, each as `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The role only for these credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /tokens/run`: a token of the caller's own for one run of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRunToken {
    /// Handle or id of the workspace.
    pub workspace: String,
    /// Handle or id of the template.
    pub template: String,
    /// The revision; else the one that is admitted. The token opens no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The workflow instance; the token is served no other's secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Seconds until it ends; else an hour. A day at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a run's token is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenRun {
    /// Handle of the workspace; its id for who may not see it.
    pub workspace: String,
    /// Handle of the template; its id for who may not see it.
    pub template: String,
    /// The revision.
    pub revision: u32,
    /// The workflow instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// What issuing a token is answered with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct TokenWritten {
    /// The token's id.
    pub id: String,
    /// Handle of the principal.
    pub principal: String,
    /// The token: shown now and never again; absent when the request was done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretText>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// A token's facts; never the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Handle of the principal.
    pub principal: String,
    /// What it is for.
    #[serde(default)]
    pub label: String,
    /// When it was issued.
    pub issued_at: String,
    /// Handle of who issued it.
    pub issued_by: Option<String>,
    /// When it ends.
    pub expires_at: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// When it was last used, by its own record: to the half minute when the server was killed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
    /// The run that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<TokenRun>,
}

/// `GET /tokens`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// Only of this principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Also revoked ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<bool>,
    /// Also those of runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `GET /whoami`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Whoami {
    /// Handle of the principal.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `person`, `service` or `system`.
    pub kind: String,
    /// The token in use; none when another issuer's word is.
    pub token: Option<Token>,
    /// The identity in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Its grants that count now.
    pub grants: Vec<Grant>,
    /// Rights that its grants give, each somewhere.
    pub rights: Vec<String>,
    /// Name of the ledger.
    pub ledger: String,
    /// The ledger was made by `serve --dev`.
    pub dev: bool,
}
