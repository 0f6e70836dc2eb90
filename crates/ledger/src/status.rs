//! How a running ledger is.

use crate::Ledger;
use crate::audit::hex;
use crate::request::Failure;
use std::sync::atomic::Ordering;
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_domain::rights::{Target, authorize};
use strongroom_domain::words::Right;
use strongroom_log::FreeSpace;

/// How a running ledger is; nothing secret in it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Status {
    /// The origin of its checkpoints.
    pub origin: String,
    /// Made by `serve --dev`.
    pub dev: bool,
    /// Whether it writes.
    pub writing: bool,
    /// Records.
    pub records: u64,
    /// Root over them, hex.
    pub root: String,
    /// Time of the newest record, µs since 1970.
    pub last_recorded_at: u64,
    /// Credentials, all.
    pub credentials: u64,
    /// Clients, all.
    pub clients: u64,
    /// Workspaces, all.
    pub workspaces: u64,
    /// Templates, all.
    pub templates: u64,
    /// Principals, all.
    pub principals: u64,
    /// Freezes that hold.
    pub frozen: u64,
    /// Incidents that are open.
    pub incidents: u64,
    /// Whether tokens and identities of before a recovery wait to be released.
    pub tokens_suspended: bool,
    /// Commits since the start.
    pub commits: u64,
    /// Events in them.
    pub events: u64,
    /// Bytes of the database on disk.
    pub disk_bytes: u64,
    /// `enough`, `low` (only withdrawing goes on), `out`.
    pub free_space: &'static str,
    /// Seconds for which a recorded serving covers the next ones.
    pub window_s: u64,
}

impl Ledger {
    /// How it is. Takes `see` on the ledger.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn status(&self, caller: &Caller) -> Result<Status, Failure> {
        let published = self.shared.published.load_full();
        let state = &published.state;
        authorize(state, caller, Right::See, Target::Ledger, self.shared.now(&published)).map_err(Rejection::from)?;
        let counters = &self.shared.counters;
        Ok(Status {
            origin: self.shared.keys.origin.clone(),
            dev: self.shared.dev,
            writing: self.writes(),
            records: published.head,
            root: hex(&published.root),
            last_recorded_at: published.last_recorded_at,
            credentials: state.credentials.len() as u64,
            clients: state.clients.len() as u64,
            workspaces: state.workspaces.len() as u64,
            templates: state.templates.len() as u64,
            principals: state.principals.len() as u64,
            frozen: strongroom_domain::freeze::holding(state).count() as u64,
            incidents: state.incidents.values().filter(|it| it.closed.is_none()).count() as u64,
            tokens_suspended: state.ledger.suspended_before.is_some(),
            commits: counters.commits.load(Ordering::Relaxed),
            events: counters.events.load(Ordering::Relaxed),
            disk_bytes: self.shared.store.disk_bytes().unwrap_or(0),
            free_space: match self.shared.free_space() {
                FreeSpace::Enough => "enough",
                FreeSpace::Low => "low",
                FreeSpace::Out => "out",
            },
            window_s: self.shared.window.as_secs(),
        })
    }
}
