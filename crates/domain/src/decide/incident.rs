//! Something is stopped in an incident, and goes on again.

use super::principal::{checked_scope, only_owners_are_made};
use super::{Decision, Desk, decided, one, stream, unchanged};
use crate::event::{Event, Frozen, Nothing, Scope, Stream};
use crate::freeze::holding;
use crate::ids::FreezeId;
use crate::limits::FREEZES_MAX;
use crate::rejection::Rejection;
use crate::rights::Target;
use crate::words::{Category, Right, Stop};

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

fn stream_of(id: FreezeId) -> Stream {
    stream(Category::Incident, id.0)
}
