//! What a caller asks for. Texts are as sent (checked by `decide`); fields are already classified by the catalogue.

use crate::decide::Bound;
use crate::event::{
    AcceptedFinding, ClaimRule, Pair, Refused, RotationPolicy, Scope, Served, Source, Variable, WebhookAim, WindowCount,
};
use crate::ids::{
    ApprovalId, CredentialId, CredentialVersion, FreezeId, GrantId, LedgerId, Position, PrincipalId, Revision, TimeUs,
    TokenId, WebhookId,
};
use crate::secret::{Document, SecretText};
use crate::words::{Act, Effect, FieldClass, Kind, PrincipalKind, Right, Role, Stop};

/// A reference as sent: handle or id text.
pub type Ref = String;

/// A field as entered.
#[derive(Debug, Clone)]
pub struct FieldInput {
    /// Name as sent.
    pub name: String,
    /// Value; JSON text when `json`.
    pub value: SecretText,
    /// How it is to be kept.
    pub class: FieldClass,
    /// Whether the value is JSON text.
    pub json: bool,
}

/// A change to one optional thing: leave, clear, or set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// As it is.
    #[default]
    Keep,
    /// To nothing.
    Clear,
    /// To this.
    Set(T),
}

/// Makes a credential.
#[derive(Debug, Clone)]
pub struct CreateCredential {
    /// Name as sent.
    pub name: String,
    /// Handle wished for; else derived from the name.
    pub handle: Option<String>,
    /// Service id.
    pub service: String,
    /// Kind.
    pub kind: Kind,
    /// All fields.
    pub fields: Vec<FieldInput>,
    /// Text.
    pub description: String,
    /// Tags.
    pub tags: Vec<Pair>,
    /// Settings.
    pub settings: Vec<Pair>,
    /// Client.
    pub client: Option<Ref>,
    /// Steward; else the caller.
    pub steward: Option<Ref>,
    /// Expiry.
    pub expires_at: Option<TimeUs>,
    /// Rotation policy.
    pub rotation: Option<RotationPolicy>,
    /// Import source.
    pub source: Option<Source>,
    /// `oauth2`: the app.
    pub app: Option<Ref>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Go on though the secret is held elsewhere.
    pub accept_duplicate: bool,
}

/// Changes what of a credential is not secret. Destination or secret fields here are refused (`rotate`).
#[derive(Debug, Clone, Default)]
pub struct UpdateCredential {
    /// Which.
    pub credential: Ref,
    /// Name.
    pub name: Option<String>,
    /// Text.
    pub description: Option<String>,
    /// All tags.
    pub tags: Option<Vec<Pair>>,
    /// All settings.
    pub settings: Option<Vec<Pair>>,
    /// Client.
    pub client: Change<Ref>,
    /// Steward.
    pub steward: Option<Ref>,
    /// Expiry.
    pub expires_at: Change<TimeUs>,
    /// Rotation policy.
    pub rotation: Change<RotationPolicy>,
    /// Plain fields to set.
    pub fields: Vec<FieldInput>,
    /// Plain fields to take away.
    pub remove_fields: Vec<String>,
    /// Scopes.
    pub scopes: Option<Vec<String>>,
}

/// Enters new values.
#[derive(Debug, Clone)]
pub struct RotateCredential {
    /// Which.
    pub credential: Ref,
    /// The fields that change; the others stay as they are.
    pub fields: Vec<FieldInput>,
    /// Days during which the version before still resolves by number; else the policy's.
    pub grace_days: Option<u32>,
    /// The grace period ends sooner, when the last reader has moved.
    pub until_moved: bool,
    /// Expiry of the new values.
    pub expires_at: Option<TimeUs>,
    /// Import source.
    pub source: Option<Source>,
    /// Go on though the secret is held elsewhere.
    pub accept_duplicate: bool,
}

/// Widens or narrows reach.
#[derive(Debug, Clone, Default)]
pub struct ShareCredential {
    /// Which.
    pub credential: Ref,
    /// Every workspace.
    pub all: bool,
    /// Clients.
    pub clients: Vec<Ref>,
    /// Workspaces.
    pub workspaces: Vec<Ref>,
}

/// Registers or revises a template: variables and document made by the importer.
#[derive(Debug, Clone)]
pub struct TemplateInput {
    /// `n8n` or `strongroom`.
    pub format: String,
    /// Variables, in order of first use.
    pub variables: Vec<Variable>,
    /// The document with its references; its BLAKE3 is `digest`.
    pub document: Document,
    /// BLAKE3 of `document.bytes`.
    pub digest: [u8; 32],
    /// Accepted hard-coded secrets (needs a reason).
    pub hardcoded_accepted: Vec<AcceptedFinding>,
    /// Variables of which the importer is not sure.
    pub unsure: Vec<String>,
    /// Import source.
    pub source: Option<Source>,
}

/// Binds an identity to a principal.
#[derive(Debug, Clone)]
pub struct BindIdentity {
    /// To whom.
    pub principal: Ref,
    /// The issuer's URL, as in its `iss`.
    pub issuer: String,
    /// The audience that its assertions must be made for.
    pub audience: String,
    /// What they must say.
    pub claims: Vec<ClaimRule>,
    /// What it is for.
    pub label: String,
    /// When it ends.
    pub expires_at: Option<TimeUs>,
}

/// All that can be asked for.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "variants are the verbs of the API; fields are named as there"
)]
pub enum Command {
    CreateCredential(Box<CreateCredential>),
    UpdateCredential(Box<UpdateCredential>),
    RotateCredential(Box<RotateCredential>),
    RollbackCredential {
        credential: Ref,
        version: CredentialVersion,
    },
    ShareCredential(ShareCredential),
    UnshareCredential(ShareCredential),
    DisableCredential {
        credential: Ref,
    },
    EnableCredential {
        credential: Ref,
    },
    RevokeCredential {
        credential: Ref,
    },
    CreateClient {
        name: String,
        handle: Option<String>,
        description: String,
    },
    UpdateClient {
        client: Ref,
        name: Option<String>,
        description: Option<String>,
    },
    ArchiveClient {
        client: Ref,
    },
    CreateWorkspace {
        name: String,
        handle: Option<String>,
        client: Option<Ref>,
        environment: String,
        description: String,
    },
    UpdateWorkspace {
        workspace: Ref,
        name: Option<String>,
        description: Option<String>,
        environment: Option<String>,
    },
    ArchiveWorkspace {
        workspace: Ref,
    },
    RegisterTemplate {
        name: String,
        handle: Option<String>,
        description: String,
        input: Box<TemplateInput>,
    },
    /// `based_on` is the newest revision that the importer saw; another by now is a conflict, and the importer looks again.
    ReviseTemplate {
        template: Ref,
        based_on: Revision,
        input: Box<TemplateInput>,
    },
    UpdateTemplate {
        template: Ref,
        name: Option<String>,
        description: Option<String>,
    },
    RetireTemplate {
        template: Ref,
    },
    /// `revision` none: the newest.
    AdmitTemplate {
        workspace: Ref,
        template: Ref,
        revision: Option<Revision>,
    },
    MapVariable {
        workspace: Ref,
        template: Ref,
        variable: String,
        instance: Option<String>,
        credential: Ref,
    },
    UnmapVariable {
        workspace: Ref,
        template: Ref,
        variable: String,
        instance: Option<String>,
    },
    SetDefault {
        workspace: Option<Ref>,
        service: String,
        kind: Kind,
        credential: Ref,
    },
    UnsetDefault {
        workspace: Option<Ref>,
        service: String,
        kind: Kind,
    },
    CreatePrincipal {
        name: String,
        handle: Option<String>,
        kind: PrincipalKind,
    },
    DisablePrincipal {
        principal: Ref,
    },
    Grant {
        principal: Ref,
        role: Role,
        scope: Scope,
        effect: Effect,
        from: Option<TimeUs>,
        until: Option<TimeUs>,
    },
    WithdrawGrant {
        principal: Ref,
        grant: GrantId,
    },
    /// The token is made outside; here only its hash.
    IssueToken {
        principal: Ref,
        hash: [u8; 32],
        label: String,
        expires_at: Option<TimeUs>,
    },
    /// A token of the caller's own for one run of a workflow; made outside, here only its hash. `revision` none: the
    /// admitted one.
    IssueRunToken {
        workspace: Ref,
        template: Ref,
        revision: Option<Revision>,
        instance: Option<String>,
        hash: [u8; 32],
        expires_at: TimeUs,
    },
    RevokeToken {
        token: TokenId,
    },
    /// Lets who an issuer says he is act as a principal.
    BindIdentity(Box<BindIdentity>),
    UnbindIdentity {
        identity: TokenId,
    },
    /// A token for who asks through an identity of his own; made outside, here only its hash.
    SignIn {
        hash: [u8; 32],
        expires_at: TimeUs,
    },
    /// Records a serving that `resolve` allowed; checked again against the state it is decided on.
    RecordAccess {
        workspace: Ref,
        template: Ref,
        instance: Option<String>,
        expected: Vec<Served>,
        window_until: Option<TimeUs>,
    },
    /// Records a reveal (needs a reason).
    RecordReveal {
        credential: Ref,
        version: Option<CredentialVersion>,
        fields: Option<Vec<String>>,
        break_glass: bool,
    },
    /// A new incarnation begins; by the system.
    RecordRecovered {
        kept: u64,
        known: Option<u64>,
        suspended: bool,
    },
    /// Tokens and identities that were suspended open again.
    ReleaseTokens,
    /// That what follows in the same step puts a target back to what it was after the record at a position.
    RecordRestored {
        position: Position,
        target: String,
        count: u64,
    },
    /// Records that somebody asks whether values are held (needs a reason).
    RecordLeakSearch {
        count: u64,
        searchable: u64,
        found: u64,
    },
    /// Ended windows, by the system.
    RecordCounts {
        principal: PrincipalId,
        windows: Vec<WindowCount>,
    },
    /// A refusal, by the system on behalf of the one refused.
    RecordDenied {
        principal: PrincipalId,
        right: Right,
        target: String,
        why: String,
        count: u64,
    },
    /// A replaced version's grace is over, by the system: by its time, or since its last reader `moved`.
    RecordGraceEnded {
        credential: CredentialId,
        version: CredentialVersion,
        moved: bool,
    },
    /// A credential's current version is to be rotated, by the system.
    RecordRotationDue {
        credential: CredentialId,
        version: CredentialVersion,
    },
    /// Requests without a valid token, by the system.
    RecordRefused {
        refused: Refused,
    },
    /// Asks for an approval of what was found to take one; by the engine, for the caller.
    RequestApproval {
        bound: Bound,
    },
    /// Approves or declines.
    JudgeApproval {
        approval: ApprovalId,
        approve: bool,
    },
    /// Which acts take four eyes from now on.
    SetFourEyes {
        acts: Vec<Act>,
    },
    /// Stops something in a scope.
    Freeze {
        scope: Scope,
        stops: Vec<Stop>,
    },
    /// Lifts a freeze.
    Unfreeze {
        freeze: FreezeId,
    },
    /// Begins to look into something.
    OpenIncident {
        name: String,
        handle: Option<String>,
        since: TimeUs,
        suspects: SuspectRefs,
    },
    /// Suspects more, or from earlier on.
    WidenIncident {
        incident: Ref,
        since: Option<TimeUs>,
        suspects: SuspectRefs,
    },
    /// Stewards know what concerns them.
    TellStewards {
        incident: Ref,
        stewards: Vec<Ref>,
        credentials: Vec<CredentialId>,
    },
    /// Leaves a step out.
    SkipStep {
        incident: Ref,
        step: String,
    },
    /// Ends it.
    CloseIncident {
        incident: Ref,
    },
    /// Makes a webhook.
    CreateWebhook {
        name: String,
        handle: Option<String>,
        aim: WebhookAim,
        secret: Ref,
    },
    /// Changes where it sends what.
    UpdateWebhook {
        webhook: Ref,
        url: Option<String>,
        on: Option<Vec<String>>,
        filter: Option<String>,
    },
    /// Sends nothing until it is resumed.
    PauseWebhook {
        webhook: Ref,
    },
    /// Sends again, from where it was paused.
    ResumeWebhook {
        webhook: Ref,
    },
    /// Sends never again.
    RemoveWebhook {
        webhook: Ref,
    },
    /// Sends one message now, to see what comes of it.
    TestWebhook {
        webhook: Ref,
    },
    /// A receiver has taken everything up to a position, by the system.
    RecordDelivered {
        webhook: WebhookId,
        position: Position,
        count: u64,
    },
    /// A receiver did not take an event, by the system.
    RecordDeliveryFailed {
        webhook: WebhookId,
        position: Position,
        why: String,
    },
    /// A receiver is gone for good, by the system.
    RecordWebhookGone {
        webhook: WebhookId,
    },
    /// The first events of a ledger: initialized, the first principal, its owner grant, its token.
    Initialize {
        ledger: LedgerId,
        name: String,
        dev: bool,
        owner_name: String,
        token_hash: [u8; 32],
        token_expires_at: Option<TimeUs>,
        owners_only: bool,
    },
}

/// Who and what is suspected, as a caller names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuspectRefs {
    /// Principals.
    pub principals: Vec<Ref>,
    /// Tokens and identities.
    pub tokens: Vec<TokenId>,
    /// Addresses and networks.
    pub sources: Vec<String>,
    /// Credentials.
    pub credentials: Vec<Ref>,
}

impl Command {
    /// Whether it takes keys or rights back and gives none: what must go on when little else does, on a full disk, under a freeze.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        matches!(
            self,
            Self::RevokeCredential { .. }
                | Self::DisableCredential { .. }
                | Self::UnshareCredential(_)
                | Self::RevokeToken { .. }
                | Self::UnbindIdentity { .. }
                | Self::WithdrawGrant { .. }
                | Self::DisablePrincipal { .. }
                | Self::PauseWebhook { .. }
                | Self::RemoveWebhook { .. }
                | Self::Freeze { .. }
        )
    }
}
