//! What the events of incidents do.

use super::thing;
use crate::event::{Frozen, Recorded};
use crate::ids::FreezeId;
use crate::state::{Freeze, State, StreamHead};
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
