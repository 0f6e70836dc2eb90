//! Current state: what the fold of all events is. Persistent maps, so that a clone is a snapshot and costs nothing.
//!
//! Each entity is one row of the `state` keyspace ([`EntityKey`], [`crate::rows`]); what is derived from entities (handles, names,
//! token hashes) is rebuilt when rows are loaded.

mod names;

pub use names::{HandleKey, Names, Skeletons};

use crate::event::{
    AcceptedFinding, ApprovalRequested, FieldFact, Frozen, Granted, IdentityBound, Pair, RotationPolicy, Run, Source,
    StewardsTold, Suspects, Variable, WebhookAim,
};
use crate::ids::{
    ApprovalId, ClientId, CorrelationId, CredentialId, CredentialVersion, FreezeId, GrantId, IncidentId, Position,
    PrincipalId, Revision, StreamVersion, TemplateId, TimeUs, TokenId, WebhookId, WorkspaceId,
};
use crate::words::{Act, CredentialStatus, Kind, PrincipalKind};
use imbl::{HashMap, OrdMap, OrdSet, Vector};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// All current state.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Time of the newest record of all. In no row: a row must not change with every event.
    pub last_recorded_at: TimeUs,
    /// The ledger itself.
    pub ledger: Arc<Ledger>,
    /// Credentials by id.
    pub credentials: OrdMap<CredentialId, Arc<Credential>>,
    /// Clients by id.
    pub clients: OrdMap<ClientId, Arc<Client>>,
    /// Workspaces by id.
    pub workspaces: OrdMap<WorkspaceId, Arc<Workspace>>,
    /// Templates by id.
    pub templates: OrdMap<TemplateId, Arc<Template>>,
    /// What of which template runs where, with its mappings.
    pub installations: OrdMap<(WorkspaceId, TemplateId), Arc<Installation>>,
    /// Defaults by workspace (none: the ledger's), service and kind.
    pub defaults: OrdMap<DefaultKey, Arc<Default_>>,
    /// Principals by id, with grants and tokens.
    pub principals: OrdMap<PrincipalId, Arc<Principal>>,
    /// Access streams by principal.
    pub access: OrdMap<PrincipalId, Arc<AccessStream>>,
    /// Approvals by id.
    pub approvals: OrdMap<ApprovalId, Arc<Approval>>,
    /// What takes four eyes.
    pub policy: Arc<Policy>,
    /// Webhooks by id; few.
    pub webhooks: OrdMap<WebhookId, Arc<Webhook>>,
    /// What is stopped or was, by id; few.
    pub freezes: OrdMap<FreezeId, Arc<Freeze>>,
    /// Incidents by id; few.
    pub incidents: OrdMap<IncidentId, Arc<Incident>>,
    /// Derived: handles and names.
    pub names: Names,
    /// Derived: token hash to its owner.
    pub tokens: HashMap<[u8; 32], (PrincipalId, TokenId)>,
    /// Derived: identities by issuer, also those that were taken back.
    pub issuers: HashMap<String, Vec<(PrincipalId, TokenId)>>,
    /// Derived: imported things by source.
    pub sources: HashMap<Source, CredentialId>,
    /// Derived: replaced versions whose grace has not been said to have ended.
    pub graces: OrdSet<(CredentialId, CredentialVersion)>,
    /// Derived: what the default of a stream is for.
    pub default_keys: HashMap<[u8; 16], DefaultKey>,
}

/// Where a stream stands; in every entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamHead {
    /// Version of its last event.
    #[serde(rename = "v")]
    pub version: StreamVersion,
    /// Version of its last change by a person: the entity's `ETag`, what `If-Match` names.
    #[serde(rename = "c")]
    pub changed: StreamVersion,
    /// Position of its first event.
    #[serde(rename = "f")]
    pub first: Position,
    /// Position of its last event.
    #[serde(rename = "l")]
    pub last: Position,
    /// Time of its first event.
    #[serde(rename = "fa")]
    pub created_at: TimeUs,
    /// Time of its last event.
    #[serde(rename = "la")]
    pub updated_at: TimeUs,
}

/// The ledger's own facts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Its id, zeros before its first record.
    #[serde(with = "serde_bytes")]
    pub id: [u8; 16],
    /// Its stream.
    pub head: StreamHead,
    /// Its name.
    pub name: String,
    /// Made by `serve --dev`.
    pub dev: bool,
    /// Tokens and identities of up to then open nothing until they are released: the ledger came back from a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_before: Option<TimeUs>,
}

/// Where a credential may be used, beyond its client's workspaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Every workspace (explicitly shared; a credential of no client reaches all anyway).
    pub all: bool,
    /// These clients' workspaces, sorted.
    pub clients: Vec<ClientId>,
    /// These workspaces, sorted.
    pub workspaces: Vec<WorkspaceId>,
}

impl Reach {
    /// Whether it is shared with nobody.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.all && self.clients.is_empty() && self.workspaces.is_empty()
    }
}

/// One version of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionFact {
    /// 1, 2, 3 …
    #[serde(rename = "v")]
    pub version: CredentialVersion,
    /// The record whose secret part holds its values.
    #[serde(rename = "p")]
    pub values_at: Position,
    /// When it was entered.
    #[serde(rename = "t")]
    pub entered_at: TimeUs,
    /// Who entered it.
    #[serde(rename = "b")]
    pub entered_by: PrincipalId,
    /// The version that it was rolled back to.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub from_version: Option<CredentialVersion>,
    /// Until when it resolves by number after it was replaced.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub grace_until: Option<TimeUs>,
    /// That ends sooner, when its last reader has moved.
    #[serde(rename = "m", default, skip_serializing_if = "is_false")]
    pub until_moved: bool,
    /// When that ended.
    #[serde(rename = "ge", default, skip_serializing_if = "Option::is_none")]
    pub grace_ended_at: Option<TimeUs>,
    /// The date that it was said to be due by, if that was said.
    #[serde(rename = "du", default, skip_serializing_if = "Option::is_none")]
    pub due_said: Option<TimeUs>,
    /// When the values end, as said when they were entered.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<TimeUs>,
    /// Its secret and destination fields (no values; plain fields belong to the credential).
    ///
    /// Versions of a credential that have the same share them: there are many versions.
    #[serde(rename = "s", with = "shared")]
    pub fields: Arc<[FieldFact]>,
}

impl VersionFact {
    /// Shares the fields of another version where they are the same.
    pub(crate) fn share_fields(&mut self, other: &Self) {
        if self.fields == other.fields {
            self.fields = Arc::clone(&other.fields);
        }
    }
}

/// A shared list as the list that it is.
mod shared {
    use super::FieldFact;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::sync::Arc;

    pub(super) fn serialize<S: Serializer>(fields: &[FieldFact], serializer: S) -> Result<S::Ok, S::Error> {
        fields.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[FieldFact]>, D::Error> {
        Vec::deserialize(deserializer).map(Arc::from)
    }
}

/// A credential. Its row is the one that is written most: keys are short, and what is empty is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its id.
    #[serde(rename = "i")]
    pub id: CredentialId,
    /// Its stream.
    #[serde(rename = "hd")]
    pub head: StreamHead,
    /// Its handle.
    #[serde(rename = "h")]
    pub handle: String,
    /// Its name.
    #[serde(rename = "n")]
    pub name: String,
    /// The name's skeleton as decided.
    #[serde(rename = "sk")]
    pub skeleton: String,
    /// Its service.
    #[serde(rename = "sv")]
    pub service: String,
    /// Its kind.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// Text.
    #[serde(rename = "d", default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Tags, sorted.
    #[serde(rename = "tg", default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Pair>,
    /// Settings, sorted.
    #[serde(rename = "st", default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Pair>,
    /// The client it belongs to.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// What it is shared with beyond that.
    #[serde(rename = "r", default, skip_serializing_if = "Reach::is_none")]
    pub reach: Reach,
    /// Who answers for it.
    #[serde(rename = "w")]
    pub steward: PrincipalId,
    /// What people set.
    #[serde(rename = "s")]
    pub status: CredentialStatus,
    /// Current fields; plain ones with value.
    #[serde(rename = "f")]
    pub fields: Vec<FieldFact>,
    /// All versions, oldest first, version `n` at `n - 1`; never empty. The current one goes with the credential's row,
    /// each older one has a row of its own: a rotation costs the same whether it is the second or the ten thousandth.
    #[serde(skip)]
    pub versions: Vector<Arc<VersionFact>>,
    /// When the values end.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<TimeUs>,
    /// When it should be rotated.
    #[serde(rename = "ro", default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationPolicy>,
    /// Where it was imported from.
    #[serde(rename = "so", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// `oauth2`: the app.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub app: Option<CredentialId>,
    /// Scopes.
    #[serde(rename = "sc", default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The data key of its secret parts.
    #[serde(rename = "ki", with = "serde_bytes")]
    pub key_id: [u8; 16],
}

impl VersionFact {
    /// Whether it was replaced and still resolves by number.
    #[must_use]
    pub fn in_grace(&self, now: TimeUs) -> bool {
        self.grace_ended_at.is_none() && self.grace_until.is_some_and(|end| now < end)
    }

    /// Whether a period of grace is open, or over and not yet said to be.
    #[must_use]
    pub fn grace_is_open(&self) -> bool {
        self.grace_ended_at.is_none() && self.grace_until.is_some()
    }
}

impl Credential {
    /// The current version: the newest.
    #[must_use]
    pub fn version(&self) -> CredentialVersion {
        self.versions.back().map_or(0, |version| version.version)
    }

    /// Whether the current values are those of a version: it is current, or was rolled back to. Who knows that version knows
    /// them.
    #[must_use]
    pub fn still_has_values_of(&self, version: CredentialVersion) -> bool {
        let values_at = |version| self.version_fact(version).map(|fact| fact.values_at);
        values_at(version).is_some_and(|values| Some(values) == values_at(self.version()))
    }

    /// The facts of one version.
    #[must_use]
    pub fn version_fact(&self, version: CredentialVersion) -> Option<&VersionFact> {
        self.versions.get(version.checked_sub(1)? as usize).map(Arc::as_ref)
    }
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// Its stream.
    pub head: StreamHead,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The name's skeleton as decided.
    pub skeleton: String,
    /// Text.
    pub description: String,
    /// No longer in use; hidden from lists.
    pub archived: bool,
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its stream (also admissions and mappings).
    pub head: StreamHead,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The name's skeleton as decided.
    pub skeleton: String,
    /// Text.
    pub description: String,
    /// The client it belongs to.
    pub client: Option<ClientId>,
    /// `dev`, `prod`, … or empty.
    pub environment: String,
    /// No longer in use.
    pub archived: bool,
}

/// One revision of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionFact {
    /// 1, 2, 3 …
    pub revision: Revision,
    /// `n8n` or `strongroom`.
    pub format: String,
    /// BLAKE3 of the document as served.
    #[serde(with = "serde_bytes")]
    pub digest: [u8; 32],
    /// Its length.
    pub document_bytes: u32,
    /// Its variables.
    pub variables: Vec<Variable>,
    /// Hard-coded secrets that were accepted.
    pub hardcoded_accepted: Vec<AcceptedFinding>,
    /// The record whose secret part holds the document.
    pub document_at: Position,
    /// When.
    pub entered_at: TimeUs,
    /// Who.
    pub entered_by: PrincipalId,
}

impl RevisionFact {
    /// Whether it declares a variable of this name.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.name == name)
    }
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// Its stream.
    pub head: StreamHead,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The name's skeleton as decided.
    pub skeleton: String,
    /// Text.
    pub description: String,
    /// All revisions, oldest first; never empty.
    pub revisions: Vec<RevisionFact>,
    /// Every variable name ever used: none is given a new meaning.
    pub used_variables: Vec<String>,
    /// Where it was imported from.
    pub source: Option<Source>,
    /// No longer to be admitted.
    pub retired: bool,
    /// The data key of its documents.
    #[serde(with = "serde_bytes")]
    pub key_id: [u8; 16],
}

/// One mapping at instance or template level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The variable.
    pub variable: String,
    /// The workflow instance, for instance level.
    pub instance: Option<String>,
    /// The credential.
    pub credential: CredentialId,
    /// When.
    pub mapped_at: TimeUs,
    /// Who.
    pub mapped_by: PrincipalId,
}

/// A template in a workspace: the admitted revision and the mappings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The template.
    pub template: TemplateId,
    /// The revision that runs; none before the first admission.
    pub revision: Option<Revision>,
    /// When it was admitted.
    pub admitted_at: TimeUs,
    /// Who admitted it.
    pub admitted_by: PrincipalId,
    /// Mappings, sorted by (variable, instance).
    pub mappings: Vec<Mapping>,
}

/// Names a default.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DefaultKey {
    /// The workspace; none for the ledger's.
    pub workspace: Option<WorkspaceId>,
    /// Service id.
    pub service: String,
    /// Kind.
    pub kind: Kind,
}

/// A default, set or unset (its stream goes on).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Default_ {
    /// Its stream's id.
    #[serde(with = "serde_bytes")]
    pub stream_id: [u8; 16],
    /// Its stream.
    pub head: StreamHead,
    /// What it is the default for.
    pub key: DefaultKey,
    /// The credential; none when unset.
    pub credential: Option<CredentialId>,
}

/// A token's facts; never the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFact {
    /// Its id.
    pub id: TokenId,
    /// Its stored hash.
    #[serde(with = "serde_bytes")]
    pub hash: [u8; 32],
    /// What it is for.
    pub label: String,
    /// When it was issued.
    pub issued_at: TimeUs,
    /// Who issued it.
    pub issued_by: PrincipalId,
    /// When it ends.
    pub expires_at: Option<TimeUs>,
    /// When it was revoked.
    pub revoked_at: Option<TimeUs>,
    /// It may only make named owners.
    pub owners_only: bool,
    /// It may only be served this one run's secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Of a run's token: the token or identity that it was issued by, and ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TokenId>,
}

/// An identity's facts: whose word lets somebody act as the principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityFact {
    /// What was bound.
    pub bound: IdentityBound,
    /// When.
    pub bound_at: TimeUs,
    /// By whom.
    pub bound_by: PrincipalId,
    /// When it was taken back.
    pub unbound_at: Option<TimeUs>,
    /// Tokens that were issued to who signed in through it, oldest first.
    pub tokens: Vec<TokenId>,
}

/// A grant's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantFact {
    /// What was granted.
    pub granted: Granted,
    /// When.
    pub granted_at: TimeUs,
    /// By whom.
    pub granted_by: PrincipalId,
    /// By which grant of theirs.
    pub by_grant: Option<GrantId>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<TimeUs>,
}

/// A principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// Its stream.
    pub head: StreamHead,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The name's skeleton as decided.
    pub skeleton: String,
    /// Person, service, system.
    pub kind: PrincipalKind,
    /// Its tokens stop working.
    pub disabled: bool,
    /// Its grants, oldest first.
    pub grants: Vec<GrantFact>,
    /// Its tokens, oldest first.
    pub tokens: Vec<TokenFact>,
    /// Who may act as it by another issuer's word, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<IdentityFact>,
}

/// Where a principal's access stream stands. Not covered by the rights sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessStream {
    /// Its stream.
    pub head: StreamHead,
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApprovalStatus {
    /// Asked for.
    #[serde(rename = "p")]
    Pending,
    /// Approved by this principal, and not used.
    #[serde(rename = "a")]
    Approved(PrincipalId),
    /// Declined by this principal.
    #[serde(rename = "d")]
    Declined(PrincipalId),
    /// Used; approved by this principal.
    #[serde(rename = "u")]
    Used(PrincipalId),
}

/// One approval: good for one act, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Its stream.
    pub head: StreamHead,
    /// What was asked for.
    pub requested: ApprovalRequested,
    /// By whom.
    pub requested_by: PrincipalId,
    /// Why, in his words.
    pub reason: Option<String>,
    /// Where it stands.
    pub status: ApprovalStatus,
}

/// What the ledger asks of everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its stream.
    pub head: StreamHead,
    /// The acts that take four eyes, sorted.
    pub four_eyes: Vec<Act>,
}

/// Whether a webhook sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WebhookStatus {
    /// It does.
    #[serde(rename = "a")]
    Active,
    /// Not until it is resumed.
    #[serde(rename = "p")]
    Paused {
        /// The receiver said that it is gone for good.
        gone: bool,
    },
    /// Never again.
    #[serde(rename = "r")]
    Removed,
}

/// What a receiver did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFailure {
    /// The event.
    pub position: Position,
    /// Since when.
    pub since: TimeUs,
    /// Why, without the URL.
    pub why: String,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Its stream.
    pub head: StreamHead,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The name's skeleton as decided.
    pub skeleton: String,
    /// Where it sends what.
    pub aim: WebhookAim,
    /// The credential that holds the secret it signs with.
    pub secret: CredentialId,
    /// Who made, changed or resumed it last: it tells what he sees.
    pub principal: PrincipalId,
    /// Whether it sends.
    pub status: WebhookStatus,
    /// Everything before this position was taken, or is no news.
    pub next: Position,
    /// How many events were taken.
    pub delivered: u64,
    /// What the receiver does not take at present.
    pub failure: Option<DeliveryFailure>,
}

/// Something stopped in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Its id.
    pub id: FreezeId,
    /// Its stream.
    pub head: StreamHead,
    /// Where, and what.
    pub frozen: Frozen,
    /// By whom.
    pub frozen_by: PrincipalId,
    /// Why.
    pub reason: Option<String>,
    /// When and by whom it was lifted.
    pub lifted: Option<(TimeUs, PrincipalId)>,
}

/// A step of an incident that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The step, by ids.
    pub step: String,
    /// When.
    pub at: TimeUs,
    /// By whom.
    pub by: PrincipalId,
    /// Why.
    pub reason: Option<String>,
}

/// An incident: what is looked into, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// Its stream.
    pub head: StreamHead,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// The name's skeleton as decided.
    pub skeleton: String,
    /// From when on it is looked at.
    pub since: TimeUs,
    /// Who and what is suspected.
    pub suspects: Suspects,
    /// What ties to it what is done about it.
    pub correlation: CorrelationId,
    /// By whom it was opened.
    pub opened_by: PrincipalId,
    /// Why.
    pub reason: Option<String>,
    /// Who was told, of which credentials.
    pub told: Vec<StewardsTold>,
    /// What is left out.
    pub skipped: Vec<Skipped>,
    /// When, by whom and at which position it was closed.
    pub closed: Option<(TimeUs, PrincipalId, Position)>,
}

/// Names one row of the `state` keyspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant names the entity of that name")]
pub enum EntityKey {
    Ledger,
    Credential(CredentialId),
    Version(CredentialId, CredentialVersion),
    Client(ClientId),
    Workspace(WorkspaceId),
    Template(TemplateId),
    Installation(WorkspaceId, TemplateId),
    Default([u8; 16]),
    Principal(PrincipalId),
    Access(PrincipalId),
    Approval(ApprovalId),
    Policy,
    Webhook(WebhookId),
    Freeze(FreezeId),
    Incident(IncidentId),
}
