//! State and an event become the next state. Total: an event is a fact, so nothing here fails or checks; what an event
//! says of a thing that is not there changes nothing.

use crate::event::{CredentialRolledBack, CredentialRotated, Event, Recorded};
use crate::ids::{
    ApprovalId, ClientId, CredentialId, FreezeId, IncidentId, PrincipalId, TemplateId, WebhookId, WorkspaceId,
};
use crate::state::{ApprovalStatus, Default_, DefaultKey, EntityKey, Ledger, Policy, State, StreamHead, WebhookStatus};
use crate::words::Category;
use imbl::OrdMap;
use std::sync::Arc;

mod approval;
mod credential;
mod incident;
mod principal;
mod template;
mod webhook;
mod workspace;

/// Applies one event in place; what is shared with snapshots is copied first.
#[expect(clippy::too_many_lines, reason = "an arm for each event, and nothing else")]
pub fn evolve(state: &mut State, recorded: &Recorded) {
    state.last_recorded_at = recorded.recorded_at;
    match &recorded.event {
        Event::LedgerInitialized(data) => {
            state.ledger = Arc::new(Ledger {
                id: recorded.stream.id,
                head: StreamHead::default().after(recorded),
                name: data.name.clone(),
                dev: data.dev,
                suspended_before: None,
            });
        }
        Event::Restored(_) => ledger(state, recorded, |_| {}),
        Event::Recovered(data) => ledger(state, recorded, |it| {
            if data.suspended {
                it.suspended_before = Some(recorded.recorded_at);
            }
        }),
        Event::Released(_) => ledger(state, recorded, |it| it.suspended_before = None),
        Event::PrincipalCreated(data) => principal::created(state, recorded, data),
        Event::PrincipalDisabled(_) => principal::change(state, recorded, |principal| principal.disabled = true),
        Event::TokenIssued(data) => principal::token_issued(state, recorded, data),
        Event::TokenRevoked(data) => principal::token_revoked(state, recorded, data),
        Event::Granted(data) => principal::granted(state, recorded, data),
        Event::GrantWithdrawn(data) => principal::grant_withdrawn(state, recorded, data),
        Event::IdentityBound(data) => principal::identity_bound(state, recorded, data),
        Event::IdentityUnbound(data) => principal::identity_unbound(state, recorded, data),
        Event::ClientCreated(data) => workspace::client_created(state, recorded, data),
        Event::ClientUpdated(data) => workspace::client_updated(state, recorded, &data.after),
        Event::ClientArchived(_) => workspace::client_archived(state, recorded),
        Event::CredentialCreated(data) => credential::created(state, recorded, data),
        Event::CredentialUpdated(data) => credential::updated(state, recorded, &data.after),
        Event::CredentialShared(data) => credential::shared(state, recorded, data),
        Event::CredentialUnshared(data) => credential::unshared(state, recorded, data),
        Event::StewardChanged(data) => credential::change(state, recorded, |it| it.steward = data.after),
        Event::CredentialRotated(data) => credential::rotated(state, recorded, data),
        Event::CredentialRolledBack(data) => credential::rolled_back(state, recorded, data),
        Event::CredentialDisabled(_) => credential::set_status(state, recorded, credential::DISABLED),
        Event::CredentialEnabled(_) => credential::set_status(state, recorded, credential::ACTIVE),
        Event::CredentialRevoked(_) => credential::set_status(state, recorded, credential::REVOKED),
        Event::GraceEnded(data) => credential::grace_ended(state, recorded, data),
        Event::RotationDue(data) => credential::rotation_due(state, recorded, data),
        Event::TemplateRegistered(data) => template::registered(state, recorded, data),
        Event::TemplateRevised(data) => template::revised(state, recorded, data),
        Event::TemplateUpdated(data) => template::updated(state, recorded, &data.after),
        Event::TemplateRetired(_) => template::retired(state, recorded),
        Event::WorkspaceCreated(data) => workspace::created(state, recorded, data),
        Event::WorkspaceUpdated(data) => workspace::updated(state, recorded, &data.after),
        Event::WorkspaceArchived(_) => workspace::archived(state, recorded),
        Event::TemplateAdmitted(data) => workspace::admitted(state, recorded, data),
        Event::VariableMapped(data) => workspace::mapped(state, recorded, data),
        Event::VariableUnmapped(data) => workspace::unmapped(state, recorded, data),
        Event::DefaultMapped(data) => {
            let key = DefaultKey {
                workspace: data.workspace,
                service: data.service.clone(),
                kind: data.kind,
            };
            default_set(state, recorded, key, Some(data.credential));
        }
        Event::DefaultUnmapped(data) => {
            let key = DefaultKey {
                workspace: data.workspace,
                service: data.service.clone(),
                kind: data.kind,
            };
            default_set(state, recorded, key, None);
        }
        Event::Accessed(_)
        | Event::Counted(_)
        | Event::Revealed(_)
        | Event::Denied(_)
        | Event::Refused(_)
        | Event::LeakSearched(_) => {
            let stream = state.access.entry(PrincipalId(recorded.stream.id)).or_default();
            let stream = Arc::make_mut(stream);
            stream.head = stream.head.after(recorded);
        }
        Event::ApprovalRequested(data) => approval::requested(state, recorded, data),
        Event::ApprovalApproved(_) => {
            approval::change(state, recorded, |_| ApprovalStatus::Approved(recorded.envelope.actor));
        }
        Event::ApprovalDeclined(_) => {
            approval::change(state, recorded, |_| ApprovalStatus::Declined(recorded.envelope.actor));
        }
        Event::ApprovalUsed(_) => approval::change(state, recorded, approval::used),
        Event::FourEyesSet(data) => {
            state.policy = Arc::new(Policy {
                head: state.policy.head.after(recorded),
                four_eyes: data.after.clone(),
            });
        }
        Event::WebhookCreated(data) => webhook::created(state, recorded, data),
        Event::WebhookUpdated(data) => webhook::taken_over(state, recorded, |it| it.aim = data.after.clone()),
        Event::WebhookPaused(data) => webhook::paused(state, recorded, data),
        Event::WebhookResumed(_) => webhook::taken_over(state, recorded, |it| it.status = WebhookStatus::Active),
        Event::WebhookRemoved(_) => webhook::change(state, recorded, |it| it.status = WebhookStatus::Removed),
        Event::WebhookDelivered(data) => webhook::delivered(state, recorded, data),
        Event::WebhookFailed(data) => webhook::failed(state, recorded, data),
        Event::WebhookTested(_) => webhook::change(state, recorded, |_| {}),
        Event::Frozen(data) => incident::frozen(state, recorded, data),
        Event::Unfrozen(_) => incident::unfrozen(state, recorded),
        Event::IncidentOpened(data) => incident::opened(state, recorded, data),
        Event::IncidentWidened(data) => incident::widened(state, recorded, data),
        Event::StewardsTold(data) => incident::change(state, recorded, |it| it.told.push(data.clone())),
        Event::StepSkipped(data) => incident::skipped(state, recorded, data),
        Event::IncidentClosed(_) => incident::closed(state, recorded),
    }
}

fn ledger(state: &mut State, recorded: &Recorded, change: impl FnOnce(&mut Ledger)) {
    let ledger = Arc::make_mut(&mut state.ledger);
    ledger.head = ledger.head.after(recorded);
    change(ledger);
}

/// The rows that the event changes, each once.
#[must_use]
pub fn touched(recorded: &Recorded) -> Vec<EntityKey> {
    let id = recorded.stream.id;
    let one = match recorded.event.category() {
        Category::Ledger => EntityKey::Ledger,
        Category::Principal => EntityKey::Principal(PrincipalId(id)),
        Category::Client => EntityKey::Client(ClientId(id)),
        Category::Credential => return credential_rows(CredentialId(id), &recorded.event),
        Category::Template => EntityKey::Template(TemplateId(id)),
        Category::Workspace => return workspace_rows(WorkspaceId(id), &recorded.event),
        Category::Default => EntityKey::Default(id),
        Category::Access => EntityKey::Access(PrincipalId(id)),
        Category::Approval => EntityKey::Approval(ApprovalId(id)),
        Category::Policy => EntityKey::Policy,
        Category::Webhook => EntityKey::Webhook(WebhookId(id)),
        Category::Incident => match &recorded.event {
            Event::Frozen(_) | Event::Unfrozen(_) => EntityKey::Freeze(FreezeId(id)),
            _ => EntityKey::Incident(IncidentId(id)),
        },
    };
    vec![one]
}

fn credential_rows(id: CredentialId, event: &Event) -> Vec<EntityKey> {
    let older = match event {
        // What was the current version until now moves to a row of its own.
        Event::CredentialRotated(CredentialRotated { version, .. })
        | Event::CredentialRolledBack(CredentialRolledBack { version, .. }) => Some(version.saturating_sub(1)),
        Event::GraceEnded(data) => Some(data.version),
        _ => None,
    };
    let older = older.map(|version| EntityKey::Version(id, version));
    std::iter::once(EntityKey::Credential(id)).chain(older).collect()
}

fn workspace_rows(id: WorkspaceId, event: &Event) -> Vec<EntityKey> {
    match event {
        Event::TemplateAdmitted(data) => installation(id, data.template),
        Event::VariableMapped(data) => installation(id, data.template),
        Event::VariableUnmapped(data) => installation(id, data.template),
        _ => vec![EntityKey::Workspace(id)],
    }
}

impl StreamHead {
    /// Where the stream stands after one more event. An observation moves the version, but not `changed`.
    #[must_use]
    fn after(self, recorded: &Recorded) -> Self {
        // A run's token is a runner's daily work, and no change of the principal by a person.
        let observed = match &recorded.event {
            Event::Accessed(_)
            | Event::Counted(_)
            | Event::Revealed(_)
            | Event::Denied(_)
            | Event::Refused(_)
            | Event::LeakSearched(_)
            | Event::GraceEnded(_)
            | Event::RotationDue(_)
            | Event::WebhookDelivered(_)
            | Event::WebhookFailed(_)
            | Event::WebhookTested(_) => true,
            Event::TokenIssued(issued) => issued.run.is_some(),
            _ => false,
        };
        let begun = self.version > 0;
        Self {
            version: recorded.stream_version,
            changed: if observed {
                self.changed
            } else {
                recorded.stream_version
            },
            first: if begun { self.first } else { recorded.position },
            last: recorded.position,
            created_at: if begun { self.created_at } else { recorded.recorded_at },
            updated_at: recorded.recorded_at,
        }
    }
}

fn installation(workspace: WorkspaceId, template: TemplateId) -> Vec<EntityKey> {
    vec![
        EntityKey::Workspace(workspace),
        EntityKey::Installation(workspace, template),
    ]
}

fn default_set(state: &mut State, recorded: &Recorded, key: DefaultKey, credential: Option<CredentialId>) {
    let stream_id = recorded.stream.id;
    let head = state
        .defaults
        .get(&key)
        .map_or_else(StreamHead::default, |default| default.head)
        .after(recorded);
    state.default_keys.insert(stream_id, key.clone());
    state.defaults.insert(
        key.clone(),
        Arc::new(Default_ {
            stream_id,
            head,
            key,
            credential,
        }),
    );
}

/// The thing of an event's stream, to be changed in place: copied only where a snapshot still holds it.
fn thing<K: Ord + Clone, V: Clone>(map: &mut OrdMap<K, Arc<V>>, id: K) -> Option<&mut V> {
    map.get_mut(&id).map(Arc::make_mut)
}
