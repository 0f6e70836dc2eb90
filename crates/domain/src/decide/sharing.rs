//! Reach: wider only by an explicit act.

use super::credential::{open, stream_of};
use super::update::nobody_is_raised;
use super::{Decision, Desk, decided, one, unchanged};
use crate::command::ShareCredential;
use crate::event::{Event, Sharing};
use crate::find;
use crate::limits::SCOPE_ITEMS_MAX;
use crate::rejection::Rejection;
use crate::words::Right;

pub(super) fn share(desk: &mut Desk<'_, '_, '_>, input: &ShareCredential) -> Result<Decision, Rejection> {
    let (credential, allowed) = open(desk, &input.credential, Right::Share)?;
    let mut sharing = named(desk, input)?;
    let reach = &credential.reach;
    sharing.all &= !reach.all;
    sharing.clients.retain(|client| !reach.clients.contains(client));
    sharing
        .workspaces
        .retain(|workspace| !reach.workspaces.contains(workspace));
    if sharing == Sharing::default() {
        return unchanged(allowed);
    }
    let mut shared = credential.clone();
    shared.reach.all |= sharing.all;
    shared.reach.clients.extend_from_slice(&sharing.clients);
    shared.reach.workspaces.extend_from_slice(&sharing.workspaces);
    nobody_is_raised(desk, credential, &shared)?;
    Ok(decided(
        allowed,
        vec![one(stream_of(credential), Event::CredentialShared(sharing))],
    ))
}

pub(super) fn unshare(desk: &mut Desk<'_, '_, '_>, input: &ShareCredential) -> Result<Decision, Rejection> {
    let (credential, allowed) = open(desk, &input.credential, Right::Share)?;
    let mut sharing = named(desk, input)?;
    let reach = &credential.reach;
    sharing.all &= reach.all;
    sharing.clients.retain(|client| reach.clients.contains(client));
    sharing
        .workspaces
        .retain(|workspace| reach.workspaces.contains(workspace));
    if sharing == Sharing::default() {
        return unchanged(allowed);
    }
    // A denial at a workspace holds for what reaches it: taken out of its reach, the credential would be free.
    let mut unshared = credential.clone();
    unshared.reach.all &= !sharing.all;
    unshared
        .reach
        .clients
        .retain(|client| !sharing.clients.contains(client));
    unshared
        .reach
        .workspaces
        .retain(|workspace| !sharing.workspaces.contains(workspace));
    nobody_is_raised(desk, credential, &unshared)?;
    Ok(decided(
        allowed,
        vec![one(stream_of(credential), Event::CredentialUnshared(sharing))],
    ))
}

/// Whom the request names, sorted, each once.
fn named(desk: &Desk<'_, '_, '_>, input: &ShareCredential) -> Result<Sharing, Rejection> {
    if !input.all && input.clients.is_empty() && input.workspaces.is_empty() {
        return Err(Rejection::invalid(
            "",
            "nobody is named",
            "name clients, workspaces, or all",
        ));
    }
    if input.clients.len() + input.workspaces.len() > SCOPE_ITEMS_MAX {
        return Err(Rejection::invalid(
            "",
            format!("at most {SCOPE_ITEMS_MAX} at once"),
            "share in several steps",
        ));
    }
    let client = |reference: &String| find::client(desk.state, &desk.visible, reference, "/clients").map(|it| it.id);
    let workspace = |reference: &String| desk.workspace(reference, "/workspaces").map(|it| it.id);
    let mut clients = input.clients.iter().map(client).collect::<Result<Vec<_>, _>>()?;
    let mut workspaces = input.workspaces.iter().map(workspace).collect::<Result<Vec<_>, _>>()?;
    clients.sort_unstable();
    clients.dedup();
    workspaces.sort_unstable();
    workspaces.dedup();
    Ok(Sharing {
        all: input.all,
        clients,
        workspaces,
    })
}
