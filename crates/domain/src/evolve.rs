//! State and an event become the next state. Total: an event is a fact, so nothing here fails or checks.

use crate::event::Recorded;
use crate::state::{EntityKey, State};

/// Applies one event in place; what is shared with snapshots is copied first.
pub fn evolve(state: &mut State, recorded: &Recorded) {
    state.last_recorded_at = recorded.recorded_at;
}

/// The rows that the event changes, each once.
#[must_use]
pub fn touched(_recorded: &Recorded) -> Vec<EntityKey> {
    Vec::new()
}
