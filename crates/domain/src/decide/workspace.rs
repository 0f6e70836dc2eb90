//! Workspaces.

use super::client::Changes;
use super::{Decision, Desk, at, decided, free_name, named, one, stream, unchanged};
use crate::event::{Event, Nothing, Stream, WorkspaceCreated};
use crate::ids::WorkspaceId;
use crate::rejection::Rejection;
use crate::rights::{Allowed, Target};
use crate::state::Workspace;
use crate::text;
use crate::words::{Category, Right};

/// The texts of a new workspace, as sent.
pub(super) struct Texts {
    pub(super) name: String,
    pub(super) handle: Option<String>,
    pub(super) environment: String,
    pub(super) description: String,
}

pub(super) fn create(desk: &mut Desk<'_, '_, '_>, texts: Texts, client: Option<&str>) -> Result<Decision, Rejection> {
    let client = client.map(|client| desk.client_in_use(client, "/client")).transpose()?;
    let place = client.map_or(Target::Ledger, |client| Target::Client(client.id));
    let allowed = desk.authorize(Right::Organise, place)?;
    desk.match_version(0)?;
    let names = &desk.state.names;
    let taken = |handle: &str| names.workspace_handles.contains_key(handle);
    let holder = |skeleton: &str| holder(desk, skeleton, None);
    let (name, handle) = named("workspace", &texts.name, texts.handle, taken, holder)?;
    let created = WorkspaceCreated {
        name: name.as_str().to_owned(),
        skeleton: name.skeleton().to_owned(),
        handle: handle.as_str().to_owned(),
        client: client.map(|client| client.id),
        environment: text::environment(&texts.environment).map_err(at("/environment"))?,
        description: text::description(&texts.description).map_err(at("/description"))?,
    };
    Ok(decided(
        allowed,
        vec![one(
            stream(Category::Workspace, desk.fresh()),
            Event::WorkspaceCreated(created),
        )],
    ))
}

pub(super) fn update(
    desk: &mut Desk<'_, '_, '_>,
    reference: &str,
    name: Option<String>,
    description: Option<String>,
    environment: Option<String>,
) -> Result<Decision, Rejection> {
    let (workspace, allowed) = open(desk, reference)?;
    if workspace.archived {
        return Err(Rejection::NotActive {
            what: "workspace",
            status: "archived",
        });
    }
    let free = |name: String| {
        free_name("workspace", &name, |skeleton| {
            holder(desk, skeleton, Some(workspace.id))
        })
    };
    let name = name.map(free).transpose()?;
    let mut change = Changes::default();
    change.name(&workspace.name, &workspace.skeleton, name.as_ref());
    change.description(&workspace.description, description)?;
    change.environment(&workspace.environment, environment)?;
    match change.done() {
        None => unchanged(allowed),
        Some(updated) => Ok(decided(
            allowed,
            vec![one(stream_of(workspace), Event::WorkspaceUpdated(updated))],
        )),
    }
}

pub(super) fn archive(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (workspace, allowed) = open(desk, reference)?;
    if workspace.archived {
        return unchanged(allowed);
    }
    Ok(decided(
        allowed,
        vec![one(stream_of(workspace), Event::WorkspaceArchived(Nothing {}))],
    ))
}

pub(super) fn stream_of(workspace: &Workspace) -> Stream {
    stream(Category::Workspace, workspace.id.0)
}

fn open<'s>(desk: &Desk<'s, '_, '_>, reference: &str) -> Result<(&'s Workspace, Allowed), Rejection> {
    let workspace = desk.workspace(reference, "")?;
    let allowed = desk.authorize(Right::Organise, Target::Workspace(workspace.id))?;
    desk.match_version(workspace.head.changed)?;
    Ok((workspace, allowed))
}

fn holder<'s>(desk: &Desk<'s, '_, '_>, skeleton: &str, but: Option<WorkspaceId>) -> Option<Option<&'s str>> {
    let id = desk
        .state
        .names
        .workspace_skeletons
        .get(skeleton)
        .filter(|id| Some(**id) != but)?;
    let holder = desk
        .state
        .workspaces
        .get(id)
        .filter(|holder| desk.visible.workspace(holder));
    Some(holder.map(|holder| holder.handle.as_str()))
}
