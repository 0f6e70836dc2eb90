//! What an event is about: the things under which the audit finds it. Read from the event alone, so that the index can
//! be made again from the log.

use crate::event::{Event, Recorded, Scope, Stream, Subject};
use crate::ids::{ClientId, CredentialId, PrincipalId, TemplateId, WorkspaceId};
use crate::words::Category;

impl Recorded {
    /// Everything that the event concerns, sorted, each once. Actor, correlation and source address stand in the
    /// envelope and are not repeated here.
    #[must_use]
    pub fn concerns(&self) -> Vec<Subject> {
        concerns(&self.stream, &self.event)
    }
}

/// Everything that an event of a stream concerns, sorted, each once.
pub(crate) fn concerns(stream: &Stream, event: &Event) -> Vec<Subject> {
    let mut subjects = Vec::with_capacity(8);
    let id = stream.id;
    match stream.category {
        Category::Credential => subjects.push(Subject::Credential(CredentialId(id))),
        Category::Client => subjects.push(Subject::Client(ClientId(id))),
        Category::Workspace => subjects.push(Subject::Workspace(WorkspaceId(id))),
        Category::Template => subjects.push(Subject::Template(TemplateId(id))),
        Category::Principal | Category::Access => subjects.push(Subject::Principal(PrincipalId(id))),
        Category::Ledger
        | Category::Default
        | Category::Approval
        | Category::Policy
        | Category::Webhook
        | Category::Incident => {}
    }
    named_in(event, &mut subjects);
    subjects.sort();
    subjects.dedup();
    subjects
}

#[expect(clippy::too_many_lines, reason = "an arm for each event, and nothing else")]
fn named_in(event: &Event, to: &mut Vec<Subject>) {
    match event {
        Event::CredentialCreated(data) => {
            to.push(Subject::Service(data.service.clone()));
            to.push(Subject::Principal(data.steward));
            to.extend(data.client.map(Subject::Client));
            to.extend(data.app.map(Subject::Credential));
        }
        Event::CredentialUpdated(data) => {
            let clients = [data.before.client, data.after.client].into_iter().flatten();
            to.extend(clients.flatten().map(Subject::Client));
        }
        Event::CredentialShared(data) | Event::CredentialUnshared(data) => {
            to.extend(data.clients.iter().copied().map(Subject::Client));
            to.extend(data.workspaces.iter().copied().map(Subject::Workspace));
        }
        Event::StewardChanged(data) => to.extend([data.before, data.after].map(Subject::Principal)),
        Event::WorkspaceCreated(data) => to.extend(data.client.map(Subject::Client)),
        Event::TemplateAdmitted(data) => to.push(Subject::Template(data.template)),
        Event::VariableMapped(data) => {
            to.push(Subject::Template(data.template));
            to.push(Subject::Credential(data.credential));
            to.extend(data.previous.map(Subject::Credential));
        }
        Event::VariableUnmapped(data) => {
            to.extend([Subject::Template(data.template), Subject::Credential(data.previous)]);
        }
        Event::DefaultMapped(data) => {
            to.push(Subject::Service(data.service.clone()));
            to.push(Subject::Credential(data.credential));
            to.extend(data.previous.map(Subject::Credential));
            to.extend(data.workspace.map(Subject::Workspace));
        }
        Event::DefaultUnmapped(data) => {
            to.push(Subject::Service(data.service.clone()));
            to.push(Subject::Credential(data.previous));
            to.extend(data.workspace.map(Subject::Workspace));
        }
        Event::TemplateRegistered(data) => services(&data.content.variables, to),
        Event::TemplateRevised(data) => services(&data.content.variables, to),
        Event::Granted(data) => scope(&data.scope, to),
        Event::Frozen(data) => scope(&data.scope, to),
        Event::IncidentOpened(data) => suspects(&data.suspects, to),
        Event::IncidentWidened(data) => suspects(&data.suspects, to),
        Event::StewardsTold(data) => {
            to.extend(data.stewards.iter().copied().map(Subject::Principal));
            to.extend(data.credentials.iter().copied().map(Subject::Credential));
        }
        Event::Accessed(data) => {
            to.extend([Subject::Workspace(data.workspace), Subject::Template(data.template)]);
            to.extend(data.served.iter().map(|served| Subject::Credential(served.credential)));
        }
        Event::Revealed(data) => to.push(Subject::Credential(data.credential)),
        Event::WebhookCreated(data) => to.push(Subject::Credential(data.secret)),
        Event::Denied(data) => to.extend(target(&data.target)),
        Event::ApprovalRequested(data) => to.extend(target(&data.target)),
        Event::Restored(data) => to.extend(restored(&data.target)),
        Event::LedgerInitialized(_)
        | Event::Recovered(_)
        | Event::Released(_)
        | Event::PrincipalCreated(_)
        | Event::PrincipalDisabled(_)
        | Event::TokenIssued(_)
        | Event::TokenRevoked(_)
        | Event::GrantWithdrawn(_)
        | Event::IdentityBound(_)
        | Event::IdentityUnbound(_)
        | Event::ClientCreated(_)
        | Event::ClientUpdated(_)
        | Event::ClientArchived(_)
        | Event::CredentialRotated(_)
        | Event::CredentialRolledBack(_)
        | Event::CredentialDisabled(_)
        | Event::CredentialEnabled(_)
        | Event::CredentialRevoked(_)
        | Event::GraceEnded(_)
        | Event::RotationDue(_)
        | Event::TemplateUpdated(_)
        | Event::TemplateRetired(_)
        | Event::WorkspaceUpdated(_)
        | Event::WorkspaceArchived(_)
        | Event::Counted(_)
        | Event::Refused(_)
        | Event::LeakSearched(_)
        | Event::ApprovalApproved(_)
        | Event::ApprovalDeclined(_)
        | Event::ApprovalUsed(_)
        | Event::FourEyesSet(_)
        | Event::WebhookUpdated(_)
        | Event::WebhookPaused(_)
        | Event::WebhookResumed(_)
        | Event::WebhookRemoved(_)
        | Event::WebhookDelivered(_)
        | Event::WebhookFailed(_)
        | Event::WebhookTested(_)
        | Event::Unfrozen(_)
        | Event::StepSkipped(_)
        | Event::IncidentClosed(_) => {}
    }
}

fn suspects(suspects: &crate::event::Suspects, to: &mut Vec<Subject>) {
    to.extend(suspects.principals.iter().copied().map(Subject::Principal));
    to.extend(suspects.credentials.iter().copied().map(Subject::Credential));
}

fn services(variables: &[crate::event::Variable], to: &mut Vec<Subject>) {
    to.extend(
        variables
            .iter()
            .map(|variable| Subject::Service(variable.service.clone())),
    );
}

fn scope(scope: &Scope, to: &mut Vec<Subject>) {
    to.extend(scope.workspaces.iter().copied().map(Subject::Workspace));
    to.extend(scope.clients.iter().copied().map(Subject::Client));
    to.extend(scope.services.iter().cloned().map(Subject::Service));
    to.extend(scope.credentials.iter().copied().map(Subject::Credential));
}

/// The thing that a refusal names, `workspace:ws_…`.
fn target(text: &str) -> Option<Subject> {
    let (what, id) = text.split_once(':')?;
    match what {
        "credential" => CredentialId::parse(id).ok().map(Subject::Credential),
        "client" => ClientId::parse(id).ok().map(Subject::Client),
        "workspace" => WorkspaceId::parse(id).ok().map(Subject::Workspace),
        "template" => TemplateId::parse(id).ok().map(Subject::Template),
        "principal" => PrincipalId::parse(id).ok().map(Subject::Principal),
        _ => None,
    }
}

/// What was put back, where it is one thing.
fn restored(target: &str) -> Option<Subject> {
    let (kind, id) = target.split_once(':')?;
    match kind {
        "workspace" => WorkspaceId::parse(id).ok().map(Subject::Workspace),
        "client" => ClientId::parse(id).ok().map(Subject::Client),
        "credential" => CredentialId::parse(id).ok().map(Subject::Credential),
        _ => None,
    }
}
