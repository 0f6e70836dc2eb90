//! What the events of clients and workspaces do.

use super::thing;
use crate::event::{
    ClientCreated, Recorded, TemplateAdmitted, ThingChange, VariableMapped, VariableUnmapped, WorkspaceCreated,
};
use crate::ids::{ClientId, TemplateId, WorkspaceId};
use crate::state::{Client, Installation, Mapping, State, StreamHead, Workspace};
use std::sync::Arc;

pub(super) fn client_created(state: &mut State, recorded: &Recorded, data: &ClientCreated) {
    let id = ClientId(recorded.stream.id);
    state.names.client_handles.insert(data.handle.as_str().into(), id);
    state.names.client_skeletons.insert(&data.skeleton, id);
    let client = Client {
        id,
        head: StreamHead::default().after(recorded),
        handle: data.handle.clone(),
        name: data.name.clone(),
        skeleton: data.skeleton.clone(),
        description: data.description.clone(),
        archived: false,
    };
    state.clients.insert(id, Arc::new(client));
}

pub(super) fn client_updated(state: &mut State, recorded: &Recorded, after: &ThingChange) {
    let id = ClientId(recorded.stream.id);
    let Some(client) = thing(&mut state.clients, id) else {
        return;
    };
    client.head = client.head.after(recorded);
    if let Some(name) = &after.name {
        client.name.clone_from(name);
    }
    if let Some(description) = &after.description {
        client.description.clone_from(description);
    }
    if let Some(skeleton) = &after.skeleton {
        let before = std::mem::replace(&mut client.skeleton, skeleton.clone());
        state.names.client_skeletons.remove(&before);
        state.names.client_skeletons.insert(skeleton, id);
    }
}

pub(super) fn client_archived(state: &mut State, recorded: &Recorded) {
    if let Some(client) = thing(&mut state.clients, ClientId(recorded.stream.id)) {
        client.head = client.head.after(recorded);
        client.archived = true;
    }
}

pub(super) fn created(state: &mut State, recorded: &Recorded, data: &WorkspaceCreated) {
    let id = WorkspaceId(recorded.stream.id);
    state.names.workspace_handles.insert(data.handle.as_str().into(), id);
    state.names.workspace_skeletons.insert(&data.skeleton, id);
    let workspace = Workspace {
        id,
        head: StreamHead::default().after(recorded),
        handle: data.handle.clone(),
        name: data.name.clone(),
        skeleton: data.skeleton.clone(),
        description: data.description.clone(),
        client: data.client,
        environment: data.environment.clone(),
        archived: false,
    };
    state.workspaces.insert(id, Arc::new(workspace));
}

pub(super) fn updated(state: &mut State, recorded: &Recorded, after: &ThingChange) {
    let id = WorkspaceId(recorded.stream.id);
    let Some(workspace) = thing(&mut state.workspaces, id) else {
        return;
    };
    workspace.head = workspace.head.after(recorded);
    if let Some(name) = &after.name {
        workspace.name.clone_from(name);
    }
    if let Some(description) = &after.description {
        workspace.description.clone_from(description);
    }
    if let Some(environment) = &after.environment {
        workspace.environment.clone_from(environment);
    }
    if let Some(skeleton) = &after.skeleton {
        let before = std::mem::replace(&mut workspace.skeleton, skeleton.clone());
        state.names.workspace_skeletons.remove(&before);
        state.names.workspace_skeletons.insert(skeleton, id);
    }
}

pub(super) fn archived(state: &mut State, recorded: &Recorded) {
    if let Some(workspace) = thing(&mut state.workspaces, WorkspaceId(recorded.stream.id)) {
        workspace.head = workspace.head.after(recorded);
        workspace.archived = true;
    }
}

pub(super) fn admitted(state: &mut State, recorded: &Recorded, data: &TemplateAdmitted) {
    change_installation(state, recorded, data.template, |installation| {
        installation.revision = Some(data.revision);
        installation.admitted_at = recorded.recorded_at;
        installation.admitted_by = recorded.envelope.actor;
    });
}

pub(super) fn mapped(state: &mut State, recorded: &Recorded, data: &VariableMapped) {
    let mapping = Mapping {
        variable: data.variable.clone(),
        instance: data.instance.clone(),
        credential: data.credential,
        mapped_at: recorded.recorded_at,
        mapped_by: recorded.envelope.actor,
    };
    change_installation(state, recorded, data.template, |installation| {
        let mappings = &mut installation.mappings;
        let at = find(mappings, &data.variable, data.instance.as_deref());
        if let Ok(at) = at {
            mappings.remove(at);
        }
        mappings.insert(at.unwrap_or_else(|at| at), mapping);
    });
}

pub(super) fn unmapped(state: &mut State, recorded: &Recorded, data: &VariableUnmapped) {
    change_installation(state, recorded, data.template, |installation| {
        if let Ok(at) = find(&installation.mappings, &data.variable, data.instance.as_deref()) {
            installation.mappings.remove(at);
        }
    });
}

/// An installation has no stream of its own: its events are the workspace's.
fn change_installation(
    state: &mut State,
    recorded: &Recorded,
    template: TemplateId,
    apply: impl FnOnce(&mut Installation),
) {
    let id = WorkspaceId(recorded.stream.id);
    let Some(workspace) = thing(&mut state.workspaces, id) else {
        return;
    };
    workspace.head = workspace.head.after(recorded);
    let installation = state.installations.entry((id, template)).or_insert_with(|| {
        Arc::new(Installation {
            workspace: id,
            template,
            revision: None,
            admitted_at: 0,
            admitted_by: crate::ids::PrincipalId::SYSTEM,
            mappings: Vec::new(),
        })
    });
    apply(Arc::make_mut(installation));
}

fn find(mappings: &[Mapping], variable: &str, instance: Option<&str>) -> Result<usize, usize> {
    mappings
        .binary_search_by(|mapping| (mapping.variable.as_str(), mapping.instance.as_deref()).cmp(&(variable, instance)))
}
