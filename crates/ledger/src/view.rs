//! A consistent, durable snapshot of current state for readers.

use crate::last_use::LastUse;
use std::sync::Arc;
use strongroom_domain::State;
use strongroom_domain::ids::TimeUs;

/// What readers see: all of a commit or none of it.
#[derive(Debug, Clone)]
pub struct View {
    /// Current state.
    pub state: Arc<State>,
    /// Number of records.
    pub head: u64,
    /// max(wall clock, time of the newest record): what expiry is judged by.
    pub now: TimeUs,
    /// When tokens were last used.
    pub last_use: Arc<LastUse>,
}

/// One durable commit as readers see it.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    /// Current state.
    pub(crate) state: Arc<State>,
    /// Number of records.
    pub(crate) head: u64,
    /// Root over them.
    pub(crate) root: [u8; 32],
    /// Its signed checkpoint.
    pub(crate) checkpoint: Arc<str>,
    /// Time of the newest record.
    pub(crate) last_recorded_at: TimeUs,
}
