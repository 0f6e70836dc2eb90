//! Something is stopped in an incident, and goes on again; the incident itself is opened, widened, worked on, closed.

use super::principal::{checked_scope, only_owners_are_made};
use super::{Decision, Desk, decided, named, one, stream, unchanged};
use crate::command::SuspectRefs;
use crate::event::{
    Event, Frozen, IncidentOpened, IncidentWidened, Nothing, Scope, StepSkipped, StewardsTold, Stream, Suspects,
};
use crate::find;
use crate::freeze::holding;
use crate::ids::{CredentialId, FreezeId, IncidentId, TimeUs, TokenId};
use crate::limits::{FREEZES_MAX, HANDLE_CHARS_MAX, INCIDENTS_OPEN_MAX, SUSPECTS_MAX};
use crate::rejection::Rejection;
use crate::rights::{Allowed, Target};
use crate::state::{Incident, State};
use crate::words::{Category, Right, Stop};
use ipnet::IpNet;
use std::net::IpAddr;

pub(super) fn freeze(desk: &mut Desk<'_, '_, '_>, scope: Scope, mut stops: Vec<Stop>) -> Result<Decision, Rejection> {
    only_owners_are_made(desk)?;
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    desk.match_version(0)?;
    stops.sort_unstable();
    stops.dedup();
    if stops.is_empty() {
        return Err(Rejection::invalid(
            "/stops",
            "nothing is stopped",
            "name writes, serving or both",
        ));
    }
    let frozen = Frozen {
        scope: checked_scope(desk, scope)?,
        stops,
    };
    if holding(desk.state).any(|it| it.frozen == frozen) {
        return unchanged(allowed);
    }
    if holding(desk.state).count() >= FREEZES_MAX {
        return Err(Rejection::invalid(
            "",
            format!("{FREEZES_MAX} freezes hold already"),
            "lift some, or freeze a wider scope",
        ));
    }
    let id = FreezeId(desk.fresh());
    Ok(decided(allowed, vec![one(stream_of(id), Event::Frozen(frozen))]))
}

pub(super) fn unfreeze(desk: &mut Desk<'_, '_, '_>, id: FreezeId) -> Result<Decision, Rejection> {
    only_owners_are_made(desk)?;
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    let freeze = desk.state.freezes.get(&id);
    let freeze = freeze.ok_or_else(|| super::principal::not_found("freeze"))?;
    desk.match_version(freeze.head.changed)?;
    if freeze.lifted.is_some() {
        return unchanged(allowed);
    }
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    Ok(decided(allowed, vec![one(stream_of(id), Event::Unfrozen(Nothing {}))]))
}

pub(super) fn open(
    desk: &mut Desk<'_, '_, '_>,
    name: &str,
    handle: Option<String>,
    since: TimeUs,
    suspects: &SuspectRefs,
) -> Result<Decision, Rejection> {
    only_owners_are_made(desk)?;
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    desk.match_version(0)?;
    begun(desk, since)?;
    let open = || desk.state.incidents.values().filter(|it| it.closed.is_none());
    if open().count() >= INCIDENTS_OPEN_MAX {
        return Err(Rejection::invalid(
            "",
            format!("{INCIDENTS_OPEN_MAX} incidents are open already"),
            "close those that are done",
        ));
    }
    // A handle is never given twice: the log names it.
    let taken = |handle: &str| desk.state.incidents.values().any(|it| it.handle == handle);
    let holder = |skeleton: &str| {
        open()
            .find(|it| it.skeleton == skeleton)
            .map(|it| Some(it.handle.as_str()))
    };
    let (name, handle) = named("incident", name, handle, taken, holder)?;
    let opened = IncidentOpened {
        name: name.as_str().to_owned(),
        skeleton: name.skeleton().to_owned(),
        handle: handle.as_str().to_owned(),
        since,
        suspects: known(desk, suspects)?,
    };
    let stream = stream(Category::Incident, desk.fresh());
    Ok(decided(allowed, vec![one(stream, Event::IncidentOpened(opened))]))
}

pub(super) fn widen(
    desk: &Desk<'_, '_, '_>,
    reference: &str,
    since: Option<TimeUs>,
    suspects: &SuspectRefs,
) -> Result<Decision, Rejection> {
    let (incident, allowed) = open_one(desk, reference)?;
    let since = since.filter(|since| *since != incident.since);
    if let Some(since) = since {
        begun(desk, since)?;
        if since > incident.since {
            return Err(Rejection::invalid(
                "/since",
                "it is looked at from earlier on already",
                "an incident only widens",
            ));
        }
    }
    let suspects = known(desk, suspects)?.without(&incident.suspects);
    let mut all = incident.suspects.clone();
    all.add(&suspects);
    not_too_many(&all)?;
    if since.is_none() && suspects == Suspects::default() {
        return unchanged(allowed);
    }
    let widened = Event::IncidentWidened(IncidentWidened { suspects, since });
    Ok(decided(allowed, vec![one(stream_of_incident(incident.id), widened)]))
}

pub(super) fn tell(
    desk: &Desk<'_, '_, '_>,
    reference: &str,
    stewards: &[String],
    mut credentials: Vec<CredentialId>,
) -> Result<Decision, Rejection> {
    let (incident, allowed) = open_one(desk, reference)?;
    let find = |(at, steward): (usize, &String)| {
        let found = find::principal(desk.state, &desk.visible, steward, &format!("/stewards/{at}"));
        found.map(|it| it.id)
    };
    let mut stewards: Vec<_> = stewards.iter().enumerate().map(find).collect::<Result<_, _>>()?;
    stewards.sort_unstable();
    stewards.dedup();
    credentials.retain(|id| {
        let credential = desk.state.credentials.get(id);
        credential.is_some_and(|it| stewards.contains(&it.steward))
    });
    credentials.sort_unstable();
    credentials.dedup();
    if stewards.is_empty() || credentials.is_empty() {
        return Err(Rejection::invalid(
            "/stewards",
            "nothing that they answer for is concerned",
            "`strongroom incident show` says who is to be told",
        ));
    }
    let told = Event::StewardsTold(StewardsTold { stewards, credentials });
    Ok(decided(allowed, vec![one(stream_of_incident(incident.id), told)]))
}

pub(super) fn skip(desk: &Desk<'_, '_, '_>, reference: &str, step: String) -> Result<Decision, Rejection> {
    let (incident, allowed) = open_one(desk, reference)?;
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    // Its kind and an id.
    if step.chars().count() > 2 * HANDLE_CHARS_MAX {
        return Err(Rejection::invalid("/step", "it is no step", ""));
    }
    if incident.skipped.iter().any(|it| it.step == step) {
        return unchanged(allowed);
    }
    let skipped = Event::StepSkipped(StepSkipped { step });
    Ok(decided(allowed, vec![one(stream_of_incident(incident.id), skipped)]))
}

pub(super) fn close(desk: &Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (incident, allowed) = open_one(desk, reference)?;
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    let closed = Event::IncidentClosed(Nothing {});
    Ok(decided(allowed, vec![one(stream_of_incident(incident.id), closed)]))
}

/// An incident that is open, for who may work on it.
fn open_one<'s>(desk: &Desk<'s, '_, '_>, reference: &str) -> Result<(&'s Incident, Allowed), Rejection> {
    only_owners_are_made(desk)?;
    let incident = find::incident(desk.state, &desk.visible, reference, "")?;
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    desk.match_version(incident.head.changed)?;
    if incident.closed.is_some() {
        return Err(Rejection::NotActive {
            what: "incident",
            status: "closed",
        });
    }
    Ok((incident, allowed))
}

fn begun(desk: &Desk<'_, '_, '_>, since: TimeUs) -> Result<(), Rejection> {
    if since > desk.ctx.now {
        return Err(Rejection::invalid("/since", "the time is to come", "say when it began"));
    }
    Ok(())
}

/// Finds who and what is named, of what the caller sees.
fn known(desk: &Desk<'_, '_, '_>, refs: &SuspectRefs) -> Result<Suspects, Rejection> {
    let (state, seen) = (desk.state, &desk.visible);
    let pointer = |sort: &str, at: usize| format!("/suspects/{sort}/{at}");
    let mut suspects = Suspects::default();
    for (at, reference) in refs.principals.iter().enumerate() {
        let found = find::principal(state, seen, reference, &pointer("principals", at))?;
        suspects.principals.push(found.id);
    }
    for (at, token) in refs.tokens.iter().enumerate() {
        if !is_somebodys(state, *token) {
            return Err(Rejection::NotFound {
                what: "token",
                pointer: pointer("tokens", at),
                suggestions: Vec::new(),
                denied: None,
            });
        }
        suspects.tokens.push(*token);
    }
    for (at, source) in refs.sources.iter().enumerate() {
        suspects
            .sources
            .push(network(source, &pointer("sources", at))?.to_string());
    }
    for (at, reference) in refs.credentials.iter().enumerate() {
        let found = desk.credential(reference, &pointer("credentials", at))?;
        suspects.credentials.push(found.id);
    }
    suspects.tidy();
    not_too_many(&suspects)?;
    Ok(suspects)
}

fn is_somebodys(state: &State, token: TokenId) -> bool {
    state.principals.values().any(|it| {
        let identity = it.identities.iter().any(|identity| identity.bound.identity == token);
        identity || it.tokens.iter().any(|own| own.id == token)
    })
}

/// An address, or a network without the bits of a host.
fn network(text: &str, pointer: &str) -> Result<IpNet, Rejection> {
    let address = text.trim().parse::<IpAddr>().map(IpNet::from);
    let network = address.or_else(|_| text.trim().parse::<IpNet>().map(|network| network.trunc()));
    network.map_err(|_| {
        Rejection::invalid(
            pointer,
            "it is no address and no network",
            "for example 192.0.2.7 or 192.0.2.0/24",
        )
    })
}

fn not_too_many(suspects: &Suspects) -> Result<(), Rejection> {
    let sorts = [
        ("/suspects/principals", suspects.principals.len()),
        ("/suspects/tokens", suspects.tokens.len()),
        ("/suspects/sources", suspects.sources.len()),
        ("/suspects/credentials", suspects.credentials.len()),
    ];
    match sorts.into_iter().find(|(_, count)| *count > SUSPECTS_MAX) {
        Some((pointer, _)) => Err(Rejection::invalid(
            pointer,
            format!("there are more than {SUSPECTS_MAX}"),
            "name a network, or the principals that the tokens are of",
        )),
        None => Ok(()),
    }
}

fn stream_of_incident(id: IncidentId) -> Stream {
    stream(Category::Incident, id.0)
}

fn stream_of(id: FreezeId) -> Stream {
    stream(Category::Incident, id.0)
}
