//! What the events of incidents do.

use super::thing;
use crate::event::{Frozen, IncidentOpened, IncidentWidened, Recorded, StepSkipped};
use crate::ids::{FreezeId, IncidentId};
use crate::state::{Freeze, Incident, Skipped, State, StreamHead};
use std::sync::Arc;

pub(super) fn frozen(state: &mut State, recorded: &Recorded, data: &Frozen) {
    let id = FreezeId(recorded.stream.id);
    let freeze = Freeze {
        id,
        head: StreamHead::default().after(recorded),
        frozen: data.clone(),
        frozen_by: recorded.envelope.actor,
        reason: recorded.envelope.reason.clone(),
        lifted: None,
    };
    state.freezes.insert(id, Arc::new(freeze));
}

pub(super) fn unfrozen(state: &mut State, recorded: &Recorded) {
    if let Some(freeze) = thing(&mut state.freezes, FreezeId(recorded.stream.id)) {
        freeze.head = freeze.head.after(recorded);
        freeze.lifted = Some((recorded.recorded_at, recorded.envelope.actor));
    }
}

pub(super) fn opened(state: &mut State, recorded: &Recorded, data: &IncidentOpened) {
    let id = IncidentId(recorded.stream.id);
    let incident = Incident {
        id,
        head: StreamHead::default().after(recorded),
        handle: data.handle.clone(),
        name: data.name.clone(),
        skeleton: data.skeleton.clone(),
        since: data.since,
        suspects: data.suspects.clone(),
        correlation: recorded.envelope.correlation,
        opened_by: recorded.envelope.actor,
        reason: recorded.envelope.reason.clone(),
        told: Vec::new(),
        skipped: Vec::new(),
        closed: None,
    };
    state.incidents.insert(id, Arc::new(incident));
}

pub(super) fn change(state: &mut State, recorded: &Recorded, change: impl FnOnce(&mut Incident)) {
    if let Some(incident) = thing(&mut state.incidents, IncidentId(recorded.stream.id)) {
        incident.head = incident.head.after(recorded);
        change(incident);
    }
}

pub(super) fn widened(state: &mut State, recorded: &Recorded, data: &IncidentWidened) {
    change(state, recorded, |it| {
        it.suspects.add(&data.suspects);
        it.since = data.since.unwrap_or(it.since);
    });
}

pub(super) fn skipped(state: &mut State, recorded: &Recorded, data: &StepSkipped) {
    change(state, recorded, |it| {
        it.skipped.push(Skipped {
            step: data.step.clone(),
            at: recorded.recorded_at,
            by: recorded.envelope.actor,
            reason: recorded.envelope.reason.clone(),
        });
    });
}

pub(super) fn closed(state: &mut State, recorded: &Recorded) {
    change(state, recorded, |it| {
        it.closed = Some((recorded.recorded_at, recorded.envelope.actor, recorded.position));
    });
}
