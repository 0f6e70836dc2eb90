//! The events of a credential.

use super::is_false;
use super::parts::{FieldFact, Pair, RotationPolicy, Source};
use crate::ids::{ClientId, CredentialId, CredentialVersion, PrincipalId, TimeUs, WorkspaceId};
use crate::words::Kind;
use serde::{Deserialize, Serialize};

/// `credential.created`; its secret part holds the values of version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialCreated {
    /// Display name, NFC.
    #[serde(rename = "nm")]
    pub name: String,
    /// Skeleton of the name when it was decided (tables move with Unicode).
    #[serde(rename = "sk")]
    pub skeleton: String,
    /// The slug.
    #[serde(rename = "hd")]
    pub handle: String,
    /// Service id.
    #[serde(rename = "sv")]
    pub service: String,
    /// Kind.
    #[serde(rename = "kd")]
    pub kind: Kind,
    /// All fields, plain ones with value.
    #[serde(rename = "fs")]
    pub fields: Vec<FieldFact>,
    /// Text.
    #[serde(rename = "ds", default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Tags, sorted.
    #[serde(rename = "tg", default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Pair>,
    /// Settings for its service, sorted.
    #[serde(rename = "se", default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Pair>,
    /// The client it belongs to.
    #[serde(rename = "cl", default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// Who answers for it.
    #[serde(rename = "st")]
    pub steward: PrincipalId,
    /// When its values end.
    #[serde(rename = "ex", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<TimeUs>,
    /// When it should be rotated.
    #[serde(rename = "rp", default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationPolicy>,
    /// Where it was imported from.
    #[serde(rename = "src", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// `oauth2`: the app it was connected with.
    #[serde(rename = "app", default, skip_serializing_if = "Option::is_none")]
    pub app: Option<CredentialId>,
    /// Scopes that it has.
    #[serde(rename = "sc", default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The caller was told that the secret is held elsewhere, and went on.
    #[serde(rename = "dup", default, skip_serializing_if = "is_false")]
    pub duplicate_accepted: bool,
}

/// What of a credential may be changed without its secrets; in `updated` only what changed is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialChange {
    /// Name.
    #[serde(rename = "nm", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Skeleton of the name.
    #[serde(rename = "sk", default, skip_serializing_if = "Option::is_none")]
    pub skeleton: Option<String>,
    /// Description.
    #[serde(rename = "ds", default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// All tags.
    #[serde(rename = "tg", default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Pair>>,
    /// All settings.
    #[serde(rename = "se", default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Vec<Pair>>,
    /// The client; `Some(None)` is none.
    #[serde(
        rename = "cl",
        default,
        with = "crate::stored::double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub client: Option<Option<ClientId>>,
    /// Expiry; `Some(None)` is none.
    #[serde(
        rename = "ex",
        default,
        with = "crate::stored::double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires_at: Option<Option<TimeUs>>,
    /// Rotation policy; `Some(None)` is none.
    #[serde(
        rename = "rp",
        default,
        with = "crate::stored::double_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub rotation: Option<Option<RotationPolicy>>,
    /// The plain fields that changed; a field with no value is gone (or was not there).
    #[serde(rename = "fs", default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFact>,
    /// Scopes.
    #[serde(rename = "sc", default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// `credential.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialUpdated {
    /// What it was.
    #[serde(rename = "bf")]
    pub before: CredentialChange,
    /// What it is.
    #[serde(rename = "af")]
    pub after: CredentialChange,
}

/// `credential.shared` and `credential.unshared`: what is added or taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharing {
    /// With every workspace.
    #[serde(rename = "al", default, skip_serializing_if = "is_false")]
    pub all: bool,
    /// With these clients' workspaces.
    #[serde(rename = "cls", default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientId>,
    /// With these workspaces.
    #[serde(rename = "wss", default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceId>,
}

/// `credential.steward_changed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StewardChanged {
    /// Who it was.
    #[serde(rename = "bf")]
    pub before: PrincipalId,
    /// Who it is.
    #[serde(rename = "af")]
    pub after: PrincipalId,
}

/// `credential.rotated`; its secret part holds all values of the new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRotated {
    /// The new version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
    /// Names of the secret and destination fields that were entered.
    #[serde(rename = "ch")]
    pub changed: Vec<String>,
    /// All fields from now on, plain ones with value.
    #[serde(rename = "fs")]
    pub fields: Vec<FieldFact>,
    /// Until when the version before still resolves by number.
    #[serde(rename = "gu", default, skip_serializing_if = "Option::is_none")]
    pub grace_until: Option<TimeUs>,
    /// The expiry of the new values.
    #[serde(rename = "ex", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<TimeUs>,
    /// The import that brought the values.
    #[serde(rename = "src", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The caller was told that the secret is held elsewhere, and went on.
    #[serde(rename = "dup", default, skip_serializing_if = "is_false")]
    pub duplicate_accepted: bool,
    /// The grace period ends sooner, when the last reader has moved (schema 2).
    #[serde(rename = "um", default, skip_serializing_if = "is_false")]
    pub until_moved: bool,
}

/// `credential.grace_ended`: an older version resolves by number no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraceEnded {
    /// The version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
    /// Its last reader had moved, before the time was over.
    #[serde(rename = "mv", default, skip_serializing_if = "is_false")]
    pub moved: bool,
}

/// `credential.rolled_back`: a new version that points to the values of an older one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRolledBack {
    /// The new version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
    /// The version whose values it has.
    #[serde(rename = "fr")]
    pub from_version: CredentialVersion,
}
