//! A piece of work changed back: events that compensate, never a record taken away.

use super::{Blocked, Plan, Step, Touched};
use crate::command::{Command, ShareCredential, UpdateCredential};
use crate::event::{Event, Recorded, Sharing};
use crate::ids::{CredentialId, Revision, TemplateId, WorkspaceId};
use crate::rejection::Rejection;
use crate::rights::Visible;
use crate::state::{DefaultKey, Mapping, State};
use crate::words::Category;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The newest change first, each place once: from what the last event left there to what was there before the first.
pub(super) fn plan(state: &State, visible: &Visible<'_>, events: &[Arc<Recorded>]) -> Result<Plan, Rejection> {
    let mut plan = Plan::default();
    let mut changes: Vec<(Touched, &Recorded)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for recorded in events.iter().filter(|it| it.stream.category != Category::Access) {
        if !may_see(state, visible, recorded) {
            plan.hidden += 1;
            continue;
        }
        let touched = Touched::of(recorded);
        let Some(place) = place(&touched) else {
            changes.push((touched, recorded));
            continue;
        };
        match places.get(&place) {
            Some(index) => join(&mut changes[*index].0, touched),
            None => {
                places.insert(place, changes.len());
                changes.push((touched, recorded));
            }
        }
    }
    for (touched, recorded) in changes.into_iter().rev() {
        back(state, touched, recorded, &mut plan);
    }
    if plan.lines.is_empty() {
        return Err(Rejection::NotFound {
            what: "piece of work that can be undone",
            pointer: "/correlation".to_owned(),
            suggestions: Vec::new(),
            denied: None,
        });
    }
    Ok(plan)
}

fn may_see(state: &State, visible: &Visible<'_>, recorded: &Recorded) -> bool {
    let workspace = |id: WorkspaceId| state.workspaces.get(&id).is_some_and(|it| visible.workspace(it));
    let credential = |id: CredentialId| state.credentials.get(&id).is_some_and(|it| visible.credential(it));
    match recorded.stream.category {
        Category::Workspace => workspace(WorkspaceId(recorded.stream.id)),
        Category::Credential => credential(CredentialId(recorded.stream.id)),
        Category::Default => match Touched::of(recorded) {
            Touched::Default {
                workspace: Some(id), ..
            } => workspace(id),
            Touched::Default { from, to, .. } => from.into_iter().chain(to).any(credential),
            _ => false,
        },
        _ => visible.principals(),
    }
}

/// What several events may be about; none where each stands for itself.
fn place(touched: &Touched) -> Option<String> {
    Some(match touched {
        Touched::Mapping {
            workspace,
            template,
            variable,
            instance,
            ..
        } => format!("{workspace} {template} {variable} {instance:?}"),
        Touched::Default {
            workspace,
            service,
            kind,
            ..
        } => format!("{workspace:?} {service} {kind}"),
        Touched::Admission {
            workspace, template, ..
        } => format!("{workspace} {template}"),
        Touched::Steward { credential, .. } => format!("{credential}"),
        _ => return None,
    })
}

/// A later change of the same place: only where it ended counts.
fn join(first: &mut Touched, later: Touched) {
    match (first, later) {
        (Touched::Mapping { to, .. }, Touched::Mapping { to: end, .. })
        | (Touched::Default { to, .. }, Touched::Default { to: end, .. }) => *to = end,
        (Touched::Admission { to, .. }, Touched::Admission { to: end, .. }) => *to = end,
        (Touched::Steward { to, .. }, Touched::Steward { to: end, .. }) => *to = end,
        _ => {}
    }
}

fn back(state: &State, touched: Touched, recorded: &Recorded, plan: &mut Plan) {
    match touched {
        Touched::Mapping { .. } => mapping(state, touched, plan),
        Touched::Default { .. } => default(state, touched, plan),
        Touched::Admission {
            workspace,
            template,
            from,
            to,
        } => admission(state, (workspace, template), from, to, plan),
        Touched::Steward { credential, from, to } => {
            let now = state.credentials.get(&credential).map(|it| it.steward);
            let update = UpdateCredential {
                credential: credential.to_string(),
                steward: Some(from.to_string()),
                ..UpdateCredential::default()
            };
            let back = Touched::Steward {
                credential,
                from: now.unwrap_or(from),
                to: Some(from),
            };
            put(
                plan,
                back,
                Command::UpdateCredential(Box::new(update)),
                now == to,
                to == Some(from),
            );
        }
        Touched::Reach { credential, shared } => reach(state, credential, shared, recorded, plan),
        Touched::Other(_) if made(&recorded.event) => {
            plan.line(touched, Step::Kept("what was made stays: nothing uses it after this"));
        }
        touched => plan.line(touched, Step::Blocked(Blocked::NotUndoable)),
    }
}

fn mapping(state: &State, touched: Touched, plan: &mut Plan) {
    let Touched::Mapping {
        workspace,
        template,
        variable,
        instance,
        from,
        to,
    } = touched
    else {
        return;
    };
    let now = mapped(state, workspace, template, &variable, instance.as_deref());
    let (place, template_ref) = (workspace.to_string(), template.to_string());
    let command = match from {
        Some(credential) => Command::MapVariable {
            workspace: place,
            template: template_ref,
            variable: variable.clone(),
            instance: instance.clone(),
            credential: credential.to_string(),
        },
        None => Command::UnmapVariable {
            workspace: place,
            template: template_ref,
            variable: variable.clone(),
            instance: instance.clone(),
        },
    };
    let touched = Touched::Mapping {
        workspace,
        template,
        variable,
        instance,
        from: now,
        to: from,
    };
    put(plan, touched, command, now == to, from == to);
}

fn default(state: &State, touched: Touched, plan: &mut Plan) {
    let Touched::Default {
        workspace,
        service,
        kind,
        from,
        to,
    } = touched
    else {
        return;
    };
    let key = DefaultKey {
        workspace,
        service: service.clone(),
        kind,
    };
    let now = state.defaults.get(&key).and_then(|it| it.credential);
    let place = workspace.map(|id| id.to_string());
    let command = match from {
        Some(credential) => Command::SetDefault {
            workspace: place,
            service: service.clone(),
            kind,
            credential: credential.to_string(),
        },
        None => Command::UnsetDefault {
            workspace: place,
            service: service.clone(),
            kind,
        },
    };
    let touched = Touched::Default {
        workspace,
        service,
        kind,
        from: now,
        to: from,
    };
    put(plan, touched, command, now == to, from == to);
}

fn put(plan: &mut Plan, touched: Touched, command: Command, stands: bool, nothing: bool) {
    if nothing {
        return;
    }
    match stands {
        true => plan.take(touched, command),
        false => plan.line(touched, Step::Blocked(Blocked::ChangedSince)),
    }
}

fn admission(
    state: &State,
    (workspace, template): (WorkspaceId, TemplateId),
    from: Option<Revision>,
    to: Option<Revision>,
    plan: &mut Plan,
) {
    let now = state
        .installations
        .get(&(workspace, template))
        .and_then(|it| it.revision);
    let touched = Touched::Admission {
        workspace,
        template,
        from: now,
        to: from,
    };
    let Some(revision) = from else {
        plan.line(
            touched,
            Step::Kept("a first admission stays: without mappings nothing of it is served"),
        );
        return;
    };
    let command = Command::AdmitTemplate {
        workspace: workspace.to_string(),
        template: template.to_string(),
        revision: Some(revision),
    };
    put(plan, touched, command, now == to, from == to);
}

fn reach(state: &State, credential: CredentialId, shared: bool, recorded: &Recorded, plan: &mut Plan) {
    let (Event::CredentialShared(sharing) | Event::CredentialUnshared(sharing)) = &recorded.event else {
        return;
    };
    let input = ShareCredential {
        credential: credential.to_string(),
        all: sharing.all,
        clients: sharing.clients.iter().map(ToString::to_string).collect(),
        workspaces: sharing.workspaces.iter().map(ToString::to_string).collect(),
    };
    let stands = state
        .credentials
        .get(&credential)
        .is_some_and(|it| holds(&it.reach, sharing, shared));
    let (touched, command) = (
        Touched::Reach {
            credential,
            shared: !shared,
        },
        match shared {
            true => Command::UnshareCredential(input),
            false => Command::ShareCredential(input),
        },
    );
    put(plan, touched, command, stands, false);
}

/// Whether all that an event shared is shared still, or all that it took away is away still.
fn holds(reach: &crate::state::Reach, sharing: &Sharing, shared: bool) -> bool {
    (!sharing.all || reach.all == shared)
        && sharing.clients.iter().all(|it| reach.clients.contains(it) == shared)
        && sharing
            .workspaces
            .iter()
            .all(|it| reach.workspaces.contains(it) == shared)
}

fn made(event: &Event) -> bool {
    matches!(
        event,
        Event::CredentialCreated(_)
            | Event::RotationDue(_)
            | Event::Restored(_)
            | Event::WebhookCreated(_)
            | Event::WebhookUpdated(_)
            | Event::WebhookPaused(_)
            | Event::WebhookResumed(_)
            | Event::WebhookRemoved(_)
            | Event::WebhookDelivered(_)
            | Event::WebhookFailed(_)
            | Event::WebhookTested(_)
            | Event::Recovered(_)
            | Event::Released(_)
            | Event::Frozen(_)
            | Event::Unfrozen(_)
            | Event::IncidentOpened(_)
            | Event::IncidentWidened(_)
            | Event::StewardsTold(_)
            | Event::StepSkipped(_)
            | Event::IncidentClosed(_)
            | Event::ClientCreated(_)
            | Event::WorkspaceCreated(_)
            | Event::TemplateRegistered(_)
    )
}

fn mapped(
    state: &State,
    workspace: WorkspaceId,
    template: TemplateId,
    variable: &str,
    instance: Option<&str>,
) -> Option<CredentialId> {
    let same = |it: &&Mapping| it.variable == variable && it.instance.as_deref() == instance;
    let installation = state.installations.get(&(workspace, template))?;
    installation.mappings.iter().find(same).map(|it| it.credential)
}
