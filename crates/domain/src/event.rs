//! The events: one fact each. These shapes are what is stored (schema 1) and are frozen: a change is a new
//! schema version with the old shape kept in [`crate::stored`] and an upcaster.
//!
//! Stored keys are 1–3 letters and mean the same thing everywhere ([`KEYS`]), so that one table reads every record.
//! What people send as maps (tags, settings, plain fields) is stored as lists, so no key is ever theirs.

pub mod access;
pub mod approval;
pub mod credential;
pub mod incident;
mod keys;
pub mod parts;
pub mod principal;
pub mod template;
pub mod webhook;
pub mod workspace;

pub use access::{
    Accessed, Counted, DeniedAccess, LeakSearched, Refused, RefusedFrom, RefusedWhy, Revealed, Served, WindowCount,
};
pub use approval::{ApprovalRequested, FourEyesSet};
pub use credential::{
    CredentialChange, CredentialCreated, CredentialRolledBack, CredentialRotated, CredentialUpdated, GraceEnded,
    Sharing, StewardChanged,
};
pub use incident::{Frozen, IncidentOpened, IncidentWidened, StepSkipped, StewardsTold, Suspects};
pub use keys::KEYS;
pub use parts::{FieldFact, Nothing, Pair, RotationPolicy, Source, ThingChange, ThingUpdated};
pub use principal::{
    ClaimRule, GrantWithdrawn, Granted, IdentityBound, IdentityUnbound, LedgerInitialized, PrincipalCreated, Recovered,
    Restored, Run, Scope, TokenIssued, TokenRevoked,
};
pub use template::{AcceptedFinding, RevisionContent, TemplateRegistered, TemplateRevised, Variable};
pub use webhook::{
    RotationDue, WebhookAim, WebhookCreated, WebhookDelivered, WebhookFailed, WebhookPaused, WebhookUpdated,
};
pub use workspace::{
    ClientCreated, DefaultMapped, DefaultUnmapped, TemplateAdmitted, VariableMapped, VariableUnmapped, WorkspaceCreated,
};

use crate::ids::{
    ClientId, CorrelationId, CredentialId, EventId, GrantId, Position, PrincipalId, StreamVersion, TemplateId, TimeUs,
    TokenId, WorkspaceId,
};
use crate::words::Category;
use serde::{Deserialize, Serialize};

/// A stored event: all that ever happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is its payload's type, documented there")]
pub enum Event {
    LedgerInitialized(LedgerInitialized),
    Restored(Restored),
    Recovered(Recovered),
    Released(Nothing),
    PrincipalCreated(PrincipalCreated),
    PrincipalDisabled(Nothing),
    TokenIssued(TokenIssued),
    TokenRevoked(TokenRevoked),
    Granted(Granted),
    GrantWithdrawn(GrantWithdrawn),
    IdentityBound(IdentityBound),
    IdentityUnbound(IdentityUnbound),
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
    GraceEnded(GraceEnded),
    RotationDue(RotationDue),
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
    Refused(Refused),
    LeakSearched(LeakSearched),
    ApprovalRequested(ApprovalRequested),
    ApprovalApproved(Nothing),
    ApprovalDeclined(Nothing),
    ApprovalUsed(Nothing),
    FourEyesSet(FourEyesSet),
    WebhookCreated(WebhookCreated),
    WebhookUpdated(WebhookUpdated),
    WebhookPaused(WebhookPaused),
    WebhookResumed(Nothing),
    WebhookRemoved(Nothing),
    WebhookDelivered(WebhookDelivered),
    WebhookFailed(WebhookFailed),
    WebhookTested(Nothing),
    Frozen(Frozen),
    Unfrozen(Nothing),
    IncidentOpened(IncidentOpened),
    IncidentWidened(IncidentWidened),
    StewardsTold(StewardsTold),
    StepSkipped(StepSkipped),
    IncidentClosed(Nothing),
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

/// A thing that an event concerns, for the index of the audit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant names the thing of that name")]
pub enum Subject {
    Credential(CredentialId),
    Client(ClientId),
    Workspace(WorkspaceId),
    Template(TemplateId),
    Service(String),
    Principal(PrincipalId),
}

pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

pub(crate) fn is_zero(value: &u32) -> bool {
    *value == 0
}
