//! The events: one fact each. These shapes are what is stored (schema 1) and are frozen: a change is a new
//! schema version with the old shape kept in [`crate::stored`] and an upcaster.
//!
//! Stored keys are 1–3 letters and mean the same thing everywhere ([`KEYS`]), so that one table reads every record.
//! What people send as maps (tags, settings, plain fields) is stored as lists, so no key is ever theirs.

use crate::ids::{
    ClientId, CorrelationId, CredentialId, CredentialVersion, EventId, GrantId, Position, PrincipalId, Revision,
    StreamVersion, TemplateId, TimeUs, TokenId, WorkspaceId,
};
use crate::words::{Category, Effect, FieldClass, Kind, PrincipalKind, Right, Role};
use serde::{Deserialize, Serialize};

/// Short stored key, long served name. A key is never reused for another meaning.
pub const KEYS: &[(&str, &str)] = &[
    // envelope
    ("a", "actor"), ("ob", "on_behalf_of"), ("g", "grant"), ("r", "reason"), ("co", "correlation"), ("ca", "causation"),
    ("rq", "request_id"), ("ip", "source"), ("ua", "user_agent"), ("tk", "token"), ("ik", "idempotency"), ("d", "data"),
    ("key", "key"), ("rt", "route"), ("n", "events"), ("mac", "body_mac"),
    // names and texts
    ("nm", "name"), ("hd", "handle"), ("sk", "skeleton"), ("ds", "description"), ("lb", "label"), ("id", "id"),
    // credentials
    ("sv", "service"), ("kd", "kind"), ("kds", "kinds"), ("tg", "tags"), ("cl", "client"), ("st", "steward"), ("ex", "expires_at"),
    ("rp", "rotation"), ("ed", "every_days"), ("gd", "grace_days"), ("se", "settings"), ("fs", "fields"), ("fc", "class"), ("js", "json"),
    ("fv", "value"), ("ch", "changed"), ("v", "version"), ("fr", "from_version"), ("gu", "grace_until"), ("bf", "before"), ("af", "after"),
    ("al", "all"), ("cls", "clients"), ("wss", "workspaces"), ("src", "imported_from"), ("sy", "system"), ("app", "app"), ("acc", "account"), ("sc", "scopes"),
    ("dup", "duplicate_accepted"),
    // workspaces, templates, mappings, defaults
    ("ws", "workspace"), ("tp", "template"), ("en", "environment"), ("va", "variable"), ("vs", "variables"), ("rv", "revision"), ("rc", "content"),
    ("dg", "digest"), ("fm", "format"), ("sz", "document_bytes"), ("re", "required"), ("cr", "credential"), ("crs", "credentials"), ("in", "instance"),
    ("hc", "hardcoded_accepted"), ("pt", "pointer"), ("ru", "rule"), ("pv", "previous"), ("add", "added"), ("rem", "removed"), ("uns", "unsure"), ("nt", "type"),
    // principals, grants, tokens
    ("ty", "principal_kind"), ("ro", "role"), ("sp", "scope"), ("ef", "effect"), ("nb", "from"), ("na", "until"), ("gi", "grant_id"), ("ti", "token_id"),
    ("th", "token_hash"), ("svs", "services"), ("ow", "owners_only"),
    // access
    ("us", "served"), ("wu", "window_until"), ("cn", "count"), ("ri", "right"), ("wy", "why"), ("wn", "windows"), ("pos", "position"), ("ac", "access"), ("tgt", "target"),
    // secret parts
    ("doc", "document"), ("rk", "reference_key"), ("rf", "references"), ("rh", "reference_hash"),
    // ledger
    ("li", "ledger"), ("inc", "incarnation"), ("dev", "dev"),
];

/// A tag or a setting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The key.
    #[serde(rename = "nm")]
    pub name: String,
    /// The value.
    #[serde(rename = "fv")]
    pub value: String,
}

/// A field as the history knows it: a value only when it is plain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFact {
    /// The field's name.
    #[serde(rename = "nm")]
    pub name: String,
    /// How it is kept.
    #[serde(rename = "fc")]
    pub class: FieldClass,
    /// Whether the value is JSON text, given back typed.
    #[serde(rename = "js", default, skip_serializing_if = "is_false")]
    pub json: bool,
    /// The value of a plain field; never of another.
    #[serde(rename = "fv", default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// When a credential should be rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationPolicy {
    /// Every so many days.
    #[serde(rename = "ed")]
    pub every_days: u32,
    /// Days during which the version before still resolves by number.
    #[serde(rename = "gd", default, skip_serializing_if = "is_zero")]
    pub grace_days: u32,
}

/// Where an imported thing came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The system, `n8n`.
    #[serde(rename = "sy")]
    pub system: String,
    /// Its id there.
    #[serde(rename = "id")]
    pub id: String,
}

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
    #[serde(rename = "cl", default, with = "crate::stored::double_option", skip_serializing_if = "Option::is_none")]
    pub client: Option<Option<ClientId>>,
    /// Expiry; `Some(None)` is none.
    #[serde(rename = "ex", default, with = "crate::stored::double_option", skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Option<TimeUs>>,
    /// Rotation policy; `Some(None)` is none.
    #[serde(rename = "rp", default, with = "crate::stored::double_option", skip_serializing_if = "Option::is_none")]
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

/// An event whose type says all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

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

/// What of a client, workspace or template may be changed; in `updated` only what changed is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingChange {
    /// Name.
    #[serde(rename = "nm", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Skeleton.
    #[serde(rename = "sk", default, skip_serializing_if = "Option::is_none")]
    pub skeleton: Option<String>,
    /// Text.
    #[serde(rename = "ds", default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Environment of a workspace.
    #[serde(rename = "en", default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// `client.updated`, `workspace.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingUpdated {
    /// What it was.
    #[serde(rename = "bf")]
    pub before: ThingChange,
    /// What it is.
    #[serde(rename = "af")]
    pub after: ThingChange,
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

/// `ledger.initialized`: the first record; what a verifier needs stands in its plain part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerInitialized {
    /// The ledger's name, as in its origin.
    #[serde(rename = "nm")]
    pub name: String,
    /// Made by `serve --dev`.
    #[serde(rename = "dev", default, skip_serializing_if = "is_false")]
    pub dev: bool,
}

/// `principal.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalCreated {
    /// Name.
    #[serde(rename = "nm")]
    pub name: String,
    /// Skeleton.
    #[serde(rename = "sk")]
    pub skeleton: String,
    /// Handle.
    #[serde(rename = "hd")]
    pub handle: String,
    /// Person or service.
    #[serde(rename = "ty")]
    pub kind: PrincipalKind,
}

/// `principal.token_issued`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenIssued {
    /// The token's id.
    #[serde(rename = "ti")]
    pub token: TokenId,
    /// Hash of the token, domain separated; 160 random bits can't be guessed from it.
    #[serde(rename = "th", with = "serde_bytes")]
    pub hash: [u8; 32],
    /// What it is for.
    #[serde(rename = "lb", default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// When it ends.
    #[serde(rename = "ex", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<TimeUs>,
    /// It may only make named owners (the first token of a ledger).
    #[serde(rename = "ow", default, skip_serializing_if = "is_false")]
    pub owners_only: bool,
}

/// `principal.token_revoked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRevoked {
    /// The token's id.
    #[serde(rename = "ti")]
    pub token: TokenId,
}

/// Where a grant holds: empty is nothing, all is written out. A thing must match every dimension that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The whole ledger.
    #[serde(rename = "al", default, skip_serializing_if = "is_false")]
    pub all: bool,
    /// These workspaces.
    #[serde(rename = "wss", default, skip_serializing_if = "Vec::is_empty")]
    pub workspaces: Vec<WorkspaceId>,
    /// These clients.
    #[serde(rename = "cls", default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientId>,
    /// These services.
    #[serde(rename = "svs", default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// Credentials with these tags.
    #[serde(rename = "tg", default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Pair>,
    /// These credentials.
    #[serde(rename = "crs", default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialId>,
}

/// `principal.granted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// The grant's id.
    #[serde(rename = "gi")]
    pub grant: GrantId,
    /// The role.
    #[serde(rename = "ro")]
    pub role: Role,
    /// Where.
    #[serde(rename = "sp")]
    pub scope: Scope,
    /// Allow or deny.
    #[serde(rename = "ef")]
    pub effect: Effect,
    /// Since when, inclusive.
    #[serde(rename = "nb")]
    pub from: TimeUs,
    /// Until when, exclusive.
    #[serde(rename = "na", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<TimeUs>,
}

/// `principal.grant_withdrawn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantWithdrawn {
    /// The grant's id.
    #[serde(rename = "gi")]
    pub grant: GrantId,
}

/// One variable that was served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The variable.
    #[serde(rename = "va")]
    pub variable: String,
    /// The credential.
    #[serde(rename = "cr")]
    pub credential: CredentialId,
    /// Its version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
}

/// `access.accessed`: a workspace's secrets were served; recorded before they left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accessed {
    /// The workspace.
    #[serde(rename = "ws")]
    pub workspace: WorkspaceId,
    /// The template.
    #[serde(rename = "tp")]
    pub template: TemplateId,
    /// The admitted revision.
    #[serde(rename = "rv")]
    pub revision: Revision,
    /// The workflow instance.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// What was served.
    #[serde(rename = "us")]
    pub served: Vec<Served>,
    /// Later servings of the same are counted until then, exclusive.
    #[serde(rename = "wu", default, skip_serializing_if = "Option::is_none")]
    pub window_until: Option<TimeUs>,
}

/// How often the same was served again in one window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowCount {
    /// The position of the `accessed` that opened the window.
    #[serde(rename = "ac")]
    pub accessed: Position,
    /// Servings after it.
    #[serde(rename = "cn")]
    pub count: u64,
}

/// `access.counted`: many windows that ended, in one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The windows.
    #[serde(rename = "wn")]
    pub windows: Vec<WindowCount>,
}

/// `access.revealed`: a person saw a credential's values; recorded before they left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revealed {
    /// The credential.
    #[serde(rename = "cr")]
    pub credential: CredentialId,
    /// Its version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
    /// The fields.
    #[serde(rename = "fs")]
    pub fields: Vec<String>,
}

/// `access.denied`: the rights or the client guard said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeniedAccess {
    /// The right that was missing.
    #[serde(rename = "ri")]
    pub right: Right,
    /// What was asked for, `workspace:…` or `credential:…` with the id.
    #[serde(rename = "tgt")]
    pub target: String,
    /// Why, as a stable word.
    #[serde(rename = "wy")]
    pub why: String,
    /// How many alike since the last such event (1 for the first).
    #[serde(rename = "cn")]
    pub count: u64,
}

/// A stored event: all that ever happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is its payload's type, documented there")]
pub enum Event {
    LedgerInitialized(LedgerInitialized),
    PrincipalCreated(PrincipalCreated),
    PrincipalDisabled(Nothing),
    TokenIssued(TokenIssued),
    TokenRevoked(TokenRevoked),
    Granted(Granted),
    GrantWithdrawn(GrantWithdrawn),
    ClientCreated(ClientCreated),
    ClientUpdated(ThingUpdated),
    ClientArchived(Nothing),
    CredentialCreated(CredentialCreated),
    CredentialUpdated(CredentialUpdated),
    CredentialShared(Sharing),
    CredentialUnshared(Sharing),
    StewardChanged(StewardChanged),
    CredentialRotated(CredentialRotated),
    CredentialRolledBack(CredentialRolledBack),
    CredentialDisabled(Nothing),
    CredentialEnabled(Nothing),
    CredentialRevoked(Nothing),
    TemplateRegistered(TemplateRegistered),
    TemplateRevised(TemplateRevised),
    TemplateUpdated(ThingUpdated),
    TemplateRetired(Nothing),
    WorkspaceCreated(WorkspaceCreated),
    WorkspaceUpdated(ThingUpdated),
    WorkspaceArchived(Nothing),
    TemplateAdmitted(TemplateAdmitted),
    VariableMapped(VariableMapped),
    VariableUnmapped(VariableUnmapped),
    DefaultMapped(DefaultMapped),
    DefaultUnmapped(DefaultUnmapped),
    Accessed(Accessed),
    Counted(Counted),
    Revealed(Revealed),
    Denied(DeniedAccess),
}

/// Names a stream: the events of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    /// What kind of thing.
    pub category: Category,
    /// Which one.
    pub id: [u8; 16],
}

/// How a repeat of the request is recognised; on the request's first event only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The key as sent.
    #[serde(rename = "key")]
    pub key: String,
    /// Method and route with its parameters.
    #[serde(rename = "rt")]
    pub route: String,
    /// How many events the request made.
    #[serde(rename = "n")]
    pub events: u32,
    /// MAC of the raw body; absent when the body held secrets that no record holds.
    #[serde(rename = "mac", default, skip_serializing_if = "Option::is_none")]
    pub body_mac: Option<serde_bytes::ByteArray<32>>,
}

/// Who, by which right, why, from where: on every event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Who acted.
    #[serde(rename = "a")]
    pub actor: PrincipalId,
    /// For whom.
    #[serde(rename = "ob", default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<PrincipalId>,
    /// The token used.
    #[serde(rename = "tk", default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// The grant that allowed it.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Why, in the actor's words.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The piece of work.
    #[serde(rename = "co")]
    pub correlation: CorrelationId,
    /// The event that led to this one.
    #[serde(rename = "ca", default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
    /// The request.
    #[serde(rename = "rq", default, skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// The source address.
    #[serde(rename = "ip", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The program that asked.
    #[serde(rename = "ua", default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// On the first event of a request that carried a key.
    #[serde(rename = "ik", default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// An event as it lies in the log, opened: what `evolve` folds and audits show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    /// When.
    pub recorded_at: TimeUs,
    /// Its id.
    pub event_id: EventId,
    /// Its stream.
    pub stream: Stream,
    /// Its number in the stream.
    pub stream_version: StreamVersion,
    /// The data key of its secret part, if it has one.
    pub secret_key_id: Option<[u8; 16]>,
    /// Who and why.
    pub envelope: Envelope,
    /// What.
    pub event: Event,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}
