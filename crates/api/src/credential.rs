//! Credentials. Values go in and never come back but by `resolve` and `reveal`.

use crate::value::{Fields, Pairs, Values};
use crate::written::Written;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// `POST /credentials`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCredential {
    /// Its name, for people.
    pub name: String,
    /// The service it authenticates to.
    pub service: String,
    /// `api_key`, `access_token`, `basic`, `client_credentials`, `oauth2_app`, `oauth2` or `custom`.
    pub kind: String,
    /// All values by field name.
    pub fields: Fields,
    /// Fields that are not secret though neither kind nor service knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plain: Vec<String>,
    /// Fields that say where secrets are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// Fields whose text is JSON, given back typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<String>,
    /// The handle that references use; else made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// The client it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub tags: Pairs,
    /// Settings for its service.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub settings: Pairs,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The principal who answers for it; else the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<String>,
    /// When its values end (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When it should be rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Scopes that it was granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// `oauth2`: the credential that is its app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Where it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Go on though another credential holds the same secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_duplicate: bool,
    /// Why, in the caller's words; kept in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// When a credential should be rotated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Every so many days.
    pub every_days: u32,
    /// Days during which the version before still resolves by number.
    #[serde(default)]
    pub grace_days: u32,
}

/// Where an imported thing came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The system: `n8n`.
    pub system: String,
    /// Its id there.
    pub id: String,
}

/// `POST /credentials/{handle}/update`: what is not secret. Absent: stays as it is; null: is taken away.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateCredential {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Pairs>,
    /// All settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Pairs>,
    /// Client; null: none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::credential::nullable"
    )]
    #[schema(value_type = Option<String>)]
    pub client: Option<Option<String>>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steward: Option<String>,
    /// When its values end (RFC 3339); null: never.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::credential::nullable"
    )]
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<Option<String>>,
    /// Rotation policy; null: none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::credential::nullable"
    )]
    #[schema(value_type = Option<Rotation>)]
    pub rotation: Option<Option<Rotation>>,
    /// Plain fields to set.
    #[serde(default, skip_serializing_if = "Fields::is_empty")]
    pub fields: Fields,
    /// Those of `fields` whose text is JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<String>,
    /// Plain fields to take away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_fields: Vec<String>,
    /// All scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /credentials/{handle}/rotate`: the next version. The fields that are not given stay as they were.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateCredential {
    /// The values that change.
    #[serde(default)]
    pub fields: Fields,
    /// Secret fields whose values are made up here, and shown to nobody but by `reveal`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub generate: BTreeMap<String, Generate>,
    /// New fields that are not secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plain: Vec<String>,
    /// New fields that say where secrets are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// Fields whose text is JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<String>,
    /// Days during which the version before still resolves by number; else the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_days: Option<u32>,
    /// That ends sooner, when the last run has been served the new version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grace_until_moved: bool,
    /// When the new values end (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Go on though another credential holds the same secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_duplicate: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a value is made up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// Its characters, 24 to 256; else 32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// `alphanumeric` (where nothing is said), `hex`, `url` or `signs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alphabet: Option<String>,
}

/// `GET /rotation/due`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DueQuery {
    /// What is due in so many days; else 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u32>,
    /// Only of this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A credential that is to be rotated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Due {
    /// Handle of the credential.
    pub credential: String,
    /// Its service.
    pub service: String,
    /// Handle of the client that it belongs to.
    pub client: Option<String>,
    /// Handle of who answers for it.
    pub steward: Option<String>,
    /// When it is due.
    pub due_at: String,
    /// It should have been rotated by now.
    pub overdue: bool,
    /// What makes it due: `policy` or `expiry`.
    pub by: String,
    /// When its values were entered.
    pub entered_at: String,
    /// They are those that it was made with.
    pub never_rotated: bool,
    /// In how many workspaces it is mapped.
    pub workspaces: u32,
}

/// `POST /credentials/{handle}/rollback`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackCredential {
    /// The version whose values are to be current again.
    pub version: u32,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /credentials/{handle}/share` and `/unshare`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareCredential {
    /// These clients' workspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// These workspaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<String>,
    /// Every workspace.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /credentials/{handle}/reveal`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealCredential {
    /// Why; required, here or in `X-Strongroom-Reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// An earlier version instead of the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Only these fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
    /// See it without `read`: an administrator's way, which the record names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub break_glass: bool,
}

/// What `reveal` is answered with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Revealed {
    /// The version shown.
    pub version: u32,
    /// Its values.
    pub fields: Values,
    /// The evidence that the reveal is recorded.
    #[serde(flatten)]
    pub written: Written,
}

/// What a write to a credential is answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialWritten {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its version after the write.
    pub version: u32,
    /// Its status, where the write was about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// A credential, without values but those of plain fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Credential {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its service.
    pub service: String,
    /// Its kind.
    pub kind: String,
    /// `active`, `disabled`, `revoked`, `shredded`.
    pub status: String,
    /// Its current version.
    pub version: u32,
    /// Text.
    #[serde(default)]
    pub description: String,
    /// Tags.
    #[serde(default)]
    pub tags: Pairs,
    /// Settings.
    #[serde(default)]
    pub settings: Pairs,
    /// Handle of the client it belongs to.
    pub client: Option<String>,
    /// Where it may be used.
    #[serde(default)]
    pub reach: Reach,
    /// Handle of who answers for it.
    pub steward: Option<String>,
    /// Its fields.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// When its values end.
    pub expires_at: Option<String>,
    /// When it should be rotated.
    pub rotation: Option<Rotation>,
    /// Scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Handle of its app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Where it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
    /// When it was made.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// All versions, oldest first; only where one credential is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<CredentialVersion>,
}

/// Where a credential may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reach {
    /// Everywhere: it belongs to no client, or was shared with all.
    pub all: bool,
    /// Handles of clients, its own first, in whose workspaces.
    #[serde(default)]
    pub clients: Vec<String>,
    /// Handles of workspaces that it was shared with.
    #[serde(default)]
    pub workspaces: Vec<String>,
}

/// A field as people may know it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// `secret`, `destination` or `plain`.
    pub class: String,
    /// Whether its value is JSON.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub json: bool,
    /// The value of a plain field; never of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// One version of a credential, without values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialVersion {
    /// 1, 2, 3 …
    pub version: u32,
    /// When it was entered.
    pub entered_at: String,
    /// Handle of who entered it.
    pub entered_by: Option<String>,
    /// The version that it was rolled back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_version: Option<u32>,
    /// Until when it resolves by number after it was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_until: Option<String>,
    /// That ends sooner, when its last reader has moved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub until_moved: bool,
    /// When that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ended_at: Option<String>,
    /// When its values end, as said when they were entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Position of the record that holds its values.
    pub position: u64,
}

/// `GET /credentials`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CredentialQuery {
    /// Only of this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only of this client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only with this status (`all`: every one); revoked ones are hidden unless asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only where this text is in name, handle, service or tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only what could stand behind a variable of a template's newest revision: `TEMPLATE/VARIABLE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fits: Option<String>,
    /// With `fits`: in this workspace, at the revision that is admitted there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `GET /credentials/{handle}/what-if`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhatIfQuery {
    /// What would be done: `disable`, `revoke` or `unshare`.
    pub act: String,
    /// Of `unshare`: with every workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// Of `unshare`: these clients, separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<String>,
    /// Of `unshare`: these workspaces, separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspaces: Option<String>,
}

/// What would follow. Nothing is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhatIf {
    /// What would be done.
    pub act: String,
    /// Handle of the credential.
    pub credential: String,
    /// Variables behind which it stands now and would not then.
    pub touched: Vec<WhatIfTouched>,
    /// Handles of the webhooks that would sign with it no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsigned: Vec<String>,
    /// How many more there are in workspaces that the caller does not see.
    pub hidden: u32,
}

/// A variable behind which a credential would stand no more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfTouched {
    /// Handle of the workspace.
    pub workspace: Option<String>,
    /// Handle of the template.
    pub template: Option<String>,
    /// The variable.
    pub variable: String,
    /// The workflow instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What would be there: `missing` (runs fail), `unset` (it is optional) or `other`.
    pub then: String,
    /// Of `other`: its handle, where the caller may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// `GET /credentials/{handle}/usage`: where it stands, and who came by its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Handle of the credential.
    pub credential: String,
    /// Variables that it is mapped to.
    pub mapped: Vec<UsageMapping>,
    /// Defaults that name it.
    pub defaults: Vec<UsageDefault>,
    /// How many more mappings and defaults there are where the caller does not see.
    pub hidden: u32,
    /// Who came by its values, the latest first.
    pub uses: Vec<UsageUse>,
    /// Runs that were last served an older version.
    pub behind: Vec<UsageBehind>,
    /// Whether all of its history was looked at; else the newest 20,000 servings.
    pub complete: bool,
}

/// A variable that a credential is mapped to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageMapping {
    /// Handle of the workspace.
    pub workspace: Option<String>,
    /// Handle of the template.
    pub template: Option<String>,
    /// The variable.
    pub variable: String,
    /// The workflow instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// A default that names a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageDefault {
    /// Handle of the workspace; none for the ledger's.
    pub workspace: Option<String>,
    /// For this service.
    pub service: String,
    /// And this kind.
    pub kind: String,
}

/// A run that was last served an older version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageBehind {
    /// Handle of the principal.
    pub principal: Option<String>,
    /// Handle of the workspace, where the caller may see it.
    pub workspace: Option<String>,
    /// Handle of the template, where the caller may see it.
    pub template: Option<String>,
    /// The version.
    pub version: u32,
    /// When last, to the window.
    pub last_at: String,
}

/// Somebody who came by a credential's values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageUse {
    /// Handle of the principal.
    pub principal: Option<String>,
    /// `resolved` or `revealed`.
    pub how: String,
    /// Of `resolved`: handle of the workspace, where the caller may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Of `resolved`: handle of the template, where the caller may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Of which version.
    pub version: u32,
    /// When first.
    pub first_at: String,
    /// When last, to the window.
    pub last_at: String,
    /// How often: a lower bound.
    pub times: u64,
}

/// `Option<Option<T>>`: absent, null, or a value.
pub(crate) mod nullable {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, s: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(s)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::<T>::deserialize(d).map(Some)
    }
}
