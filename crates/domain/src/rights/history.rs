//! The log of what somebody sees: which events are shown to who has no `audit`.

use super::{Target, Visible, sees_approval};
use crate::context::Caller;
use crate::event::{Event, Recorded};
use crate::ids::{ApprovalId, ClientId, CredentialId, PrincipalId, TemplateId, WorkspaceId};
use crate::state::State;
use crate::words::{Category, Right};

/// Whether an event is shown to somebody: it is about a thing that he sees now, or it is his own. Refusals of others,
/// their tokens and grants, and the ledger's own matters are for auditors.
#[must_use]
pub fn sees_event(state: &State, visible: &Visible<'_>, caller: &Caller, recorded: &Recorded) -> bool {
    if visible.may(Right::Audit, Target::Ledger) {
        return true;
    }
    // Who may not even see himself (his token has ended, it is a run's) sees nothing that he did before.
    let himself = state
        .principals
        .get(&caller.principal)
        .filter(|it| visible.principal(it));
    if himself.is_none() || visible.run().is_some() {
        return false;
    }
    let id = recorded.stream.id;
    let credential = |id: &CredentialId| state.credentials.get(id).is_some_and(|it| visible.credential(it));
    match recorded.stream.category {
        Category::Credential => credential(&CredentialId(id)),
        Category::Client => state.clients.get(&ClientId(id)).is_some_and(|it| visible.client(it)),
        Category::Workspace => visible.may(Right::See, Target::Workspace(WorkspaceId(id))),
        Category::Template => visible.may(Right::See, Target::Template(TemplateId(id))),
        Category::Default => match &recorded.event {
            Event::DefaultMapped(data) => visible.may(Right::See, place(data.workspace)),
            Event::DefaultUnmapped(data) => visible.may(Right::See, place(data.workspace)),
            _ => false,
        },
        Category::Principal => PrincipalId(id) == caller.principal,
        Category::Access if PrincipalId(id) == caller.principal => true,
        Category::Access => match &recorded.event {
            Event::Accessed(data) => data.served.iter().any(|it| credential(&it.credential)),
            Event::Revealed(data) => credential(&data.credential),
            _ => false,
        },
        Category::Approval => {
            let approval = state.approvals.get(&ApprovalId(id));
            approval.is_some_and(|it| sees_approval(visible, state, caller, it))
        }
        Category::Ledger | Category::Policy | Category::Webhook | Category::Incident => false,
    }
}

fn place(workspace: Option<WorkspaceId>) -> Target<'static> {
    workspace.map_or(Target::Ledger, Target::Workspace)
}
