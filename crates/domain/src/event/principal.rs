//! The events of the ledger itself, of principals, their tokens and grants.

use super::is_false;
use super::parts::Pair;
use crate::ids::{ClientId, CredentialId, GrantId, Position, Revision, TemplateId, TimeUs, TokenId, WorkspaceId};
use crate::words::{Effect, PrincipalKind, Role};
use serde::{Deserialize, Serialize};

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

/// `ledger.restored`: what follows in the same piece of work puts something back to what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The last record of what it was.
    #[serde(rename = "pos")]
    pub position: Position,
    /// What: `mappings`, or `workspace:`, `client:` or `credential:` and its id.
    #[serde(rename = "tgt")]
    pub target: String,
    /// How many changes follow.
    #[serde(rename = "cn")]
    pub count: u64,
}

/// `ledger.recovered`: a new incarnation begins, from a backup or after accepted loss. The plain part has its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// How many records of the incarnation before are kept: the position of this one.
    #[serde(rename = "kp")]
    pub kept: u64,
    /// Size of the newest checkpoint that was known of it, where it is beyond what is kept: what lies between is lost.
    #[serde(rename = "kn", default, skip_serializing_if = "Option::is_none")]
    pub known: Option<u64>,
    /// Tokens and identities of before open nothing until they are released: what was revoked since the backup is not known.
    #[serde(rename = "sus", default, skip_serializing_if = "is_false")]
    pub suspended: bool,
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
    /// It may only be served this one run's secrets, and ends with the token that it was issued by (schema 2).
    #[serde(rename = "run", default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// One run of a workflow, to which a token is bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// In this workspace.
    #[serde(rename = "ws")]
    pub workspace: WorkspaceId,
    /// Of this template.
    #[serde(rename = "tp")]
    pub template: TemplateId,
    /// At this revision, and at no other that is admitted later.
    #[serde(rename = "rv")]
    pub revision: Revision,
    /// The workflow instance; none is the run of none.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// `principal.token_revoked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRevoked {
    /// The token's id.
    #[serde(rename = "ti")]
    pub token: TokenId,
}

/// `principal.identity_bound`: who another issuer says he is acts as this principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityBound {
    /// The identity's id. It stands where a token's does: in what is done through it.
    #[serde(rename = "ti")]
    pub identity: TokenId,
    /// Whose assertions are believed: an `iss`, to the letter.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// For whom they must have been made: an `aud`.
    #[serde(rename = "aud")]
    pub audience: String,
    /// What they must say, all of it; never empty.
    #[serde(rename = "cms")]
    pub claims: Vec<ClaimRule>,
    /// What it is for.
    #[serde(rename = "lb", default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// When it ends.
    #[serde(rename = "ex", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<TimeUs>,
}

/// One claim that an assertion must make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClaimRule {
    /// Its name; a JSON pointer where it begins with `/`.
    #[serde(rename = "nm")]
    pub name: String,
    /// One of these, to the letter. Of a claim with several values one must be.
    #[serde(rename = "vls")]
    pub values: Vec<String>,
}

/// `principal.identity_unbound`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityUnbound {
    /// The identity's id.
    #[serde(rename = "ti")]
    pub identity: TokenId,
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
