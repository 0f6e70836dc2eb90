//! Clients.

use super::{Decision, Desk, at, decided, free_name, named, one, stream, unchanged};
use crate::event::{ClientCreated, Event, Nothing, Stream, ThingChange, ThingUpdated};
use crate::find;
use crate::ids::ClientId;
use crate::rejection::Rejection;
use crate::rights::{Allowed, Target};
use crate::state::Client;
use crate::text::{self, Name};
use crate::words::{Category, Right};

pub(super) fn create(
    desk: &mut Desk<'_, '_, '_>,
    name: &str,
    handle: Option<String>,
    description: &str,
) -> Result<Decision, Rejection> {
    let allowed = desk.authorize(Right::Organise, Target::Ledger)?;
    desk.match_version(0)?;
    let names = &desk.state.names;
    let taken = |handle: &str| names.client_handles.contains_key(handle);
    let (name, handle) = named("client", name, handle, taken, |skeleton| holder(desk, skeleton, None))?;
    let created = ClientCreated {
        name: name.as_str().to_owned(),
        skeleton: name.skeleton().to_owned(),
        handle: handle.as_str().to_owned(),
        description: text::description(description).map_err(at("/description"))?,
    };
    Ok(decided(
        allowed,
        vec![one(
            stream(Category::Client, desk.fresh()),
            Event::ClientCreated(created),
        )],
    ))
}

pub(super) fn update(
    desk: &mut Desk<'_, '_, '_>,
    reference: &str,
    name: Option<String>,
    description: Option<String>,
) -> Result<Decision, Rejection> {
    let (client, allowed) = open(desk, reference)?;
    if client.archived {
        return Err(Rejection::NotActive {
            what: "client",
            status: "archived",
        });
    }
    let free = |name: String| free_name("client", &name, |skeleton| holder(desk, skeleton, Some(client.id)));
    let name = name.map(free).transpose()?;
    let mut change = Changes::default();
    change.name(&client.name, &client.skeleton, name.as_ref());
    change.description(&client.description, description)?;
    match change.done() {
        None => unchanged(allowed),
        Some(updated) => Ok(decided(
            allowed,
            vec![one(stream_of(client), Event::ClientUpdated(updated))],
        )),
    }
}

pub(super) fn archive(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (client, allowed) = open(desk, reference)?;
    if client.archived {
        return unchanged(allowed);
    }
    Ok(decided(
        allowed,
        vec![one(stream_of(client), Event::ClientArchived(Nothing {}))],
    ))
}

/// What an update of a client, workspace or template changes.
#[derive(Default)]
pub(super) struct Changes {
    before: ThingChange,
    after: ThingChange,
}

impl Changes {
    pub(super) fn name(&mut self, was: &str, skeleton_was: &str, is: Option<&Name>) {
        let Some(is) = is else { return };
        differ(was, Some(is.as_str()), &mut self.before.name, &mut self.after.name);
        differ(
            skeleton_was,
            Some(is.skeleton()),
            &mut self.before.skeleton,
            &mut self.after.skeleton,
        );
    }

    pub(super) fn description(&mut self, was: &str, is: Option<String>) -> Result<(), Rejection> {
        let is = is
            .map(|is| text::description(&is).map_err(at("/description")))
            .transpose()?;
        differ(
            was,
            is.as_deref(),
            &mut self.before.description,
            &mut self.after.description,
        );
        Ok(())
    }

    pub(super) fn environment(&mut self, was: &str, is: Option<String>) -> Result<(), Rejection> {
        let is = is
            .map(|is| text::environment(&is).map_err(at("/environment")))
            .transpose()?;
        differ(
            was,
            is.as_deref(),
            &mut self.before.environment,
            &mut self.after.environment,
        );
        Ok(())
    }

    /// The event's data; none when nothing changes.
    pub(super) fn done(self) -> Option<ThingUpdated> {
        (self.after != ThingChange::default()).then_some(ThingUpdated {
            before: self.before,
            after: self.after,
        })
    }
}

fn differ(was: &str, is: Option<&str>, before: &mut Option<String>, after: &mut Option<String>) {
    if let Some(is) = is.filter(|is| *is != was) {
        (*before, *after) = (Some(was.to_owned()), Some(is.to_owned()));
    }
}

fn stream_of(client: &Client) -> Stream {
    stream(Category::Client, client.id.0)
}

fn open<'s>(desk: &Desk<'s, '_, '_>, reference: &str) -> Result<(&'s Client, Allowed), Rejection> {
    let client = find::client(desk.state, &desk.visible, reference, "")?;
    let allowed = desk.authorize(Right::Organise, Target::Client(client.id))?;
    desk.match_version(client.head.changed)?;
    Ok((client, allowed))
}

fn holder<'s>(desk: &Desk<'s, '_, '_>, skeleton: &str, but: Option<ClientId>) -> Option<Option<&'s str>> {
    let id = desk
        .state
        .names
        .client_skeletons
        .get(skeleton)
        .filter(|id| Some(**id) != but)?;
    let holder = desk.state.clients.get(id).filter(|holder| desk.visible.client(holder));
    Some(holder.map(|holder| holder.handle.as_str()))
}
