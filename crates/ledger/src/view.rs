//! A consistent, durable snapshot of current state for readers.

use crate::last_use::LastUse;
use std::sync::Arc;
use strongroom_domain::State;
use strongroom_domain::ids::TimeUs;

/// What readers see: all of a commit or none of it.
#[derive(Debug, Clone)]
pub struct View {
    /// Current state, or what was asked for of the past.
    pub state: Arc<State>,
    /// Current state, by which rights are judged also where the past is shown.
    pub rights: Arc<State>,
    /// Number of records that `state` is the fold of.
    pub head: u64,
    /// max(wall clock, time of the newest record): what rights are judged by.
    pub now: TimeUs,
    /// The moment that is shown: now, or then.
    pub at: TimeUs,
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
