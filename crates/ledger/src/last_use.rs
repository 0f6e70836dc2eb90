//! When each token and identity was last used: also to read, which leaves no record.
//!
//! Kept in memory and written to one sealed row of the index now and then, unsynced. No rule asks for it: it is told to
//! people. After a kill it may be behind by [`WRITE_EVERY_US`].

use crate::keyring::Keyring;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use strongroom_domain::State;
use strongroom_domain::ids::{TimeUs, TokenId};
use strongroom_log::{Space, Store, StoreError};
use strongroom_seal::{Keyspace, random_bytes};

/// Names the row. No other row of the index begins with this letter.
const ROW_KEY: &[u8] = b"u";

/// Time from one writing to the next.
const WRITE_EVERY_US: u64 = 30 * 1_000_000;

/// Bytes of one entry: id, time.
const ENTRY: usize = 24;

/// The last use of each token and identity.
#[derive(Debug, Default)]
pub struct LastUse {
    times: RwLock<HashMap<TokenId, AtomicU64>>,
    written_at: AtomicU64,
    changed: AtomicBool,
}

impl LastUse {
    /// When a token or identity was last used, if ever it was.
    #[must_use]
    pub fn of(&self, id: TokenId) -> Option<TimeUs> {
        let times = self.times.read().unwrap_or_else(PoisonError::into_inner);
        times.get(&id).map(|time| time.load(Ordering::Relaxed))
    }

    /// Notes a use. One atomic store, but for the first of each.
    pub(crate) fn note(&self, id: TokenId, now: TimeUs) {
        if !self.changed.load(Ordering::Relaxed) {
            self.changed.store(true, Ordering::Relaxed);
        }
        let times = self.times.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(time) = times.get(&id) {
            time.fetch_max(now, Ordering::Relaxed);
            return;
        }
        drop(times);
        let mut times = self.times.write().unwrap_or_else(PoisonError::into_inner);
        times.entry(id).or_default().fetch_max(now, Ordering::Relaxed);
    }

    /// Reads what was written. A row that can't be opened is as if none were there.
    pub(crate) fn open(store: &Store, keys: &Keyring) -> Result<Self, StoreError> {
        let row = store.row(Space::Index, ROW_KEY)?;
        let opened = row.and_then(|row| keys.rows.open(Keyspace::Index, ROW_KEY, &row).ok());
        let mut times = HashMap::new();
        for entry in opened.iter().flat_map(|row| row.chunks_exact(ENTRY)) {
            let Some((id, time)) = entry.split_first_chunk::<16>() else {
                continue;
            };
            let time = time.try_into().map_or(0, u64::from_be_bytes);
            times.insert(TokenId(*id), AtomicU64::new(time));
        }
        Ok(Self {
            times: RwLock::new(times),
            ..Self::default()
        })
    }

    /// Writes the row when something changed and it is time (or at once, at a stop), without what is no token any more.
    pub(crate) fn write(
        &self,
        store: &Store,
        keys: &Keyring,
        state: &State,
        now: TimeUs,
        at_once: bool,
    ) -> Result<(), StoreError> {
        let due = now >= self.written_at.load(Ordering::Relaxed).saturating_add(WRITE_EVERY_US);
        if !(at_once || due) || !self.changed.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        self.written_at.store(now, Ordering::Relaxed);
        let principals = || state.principals.values();
        let tokens = principals().flat_map(|it| it.tokens.iter().map(|token| token.id));
        let identities = principals().flat_map(|it| it.identities.iter().map(|fact| fact.bound.identity));
        let known: std::collections::HashSet<TokenId> = tokens.chain(identities).collect();
        let mut row = Vec::new();
        let mut times = self.times.write().unwrap_or_else(PoisonError::into_inner);
        times.retain(|id, _| known.contains(id));
        for (id, time) in times.iter() {
            row.extend_from_slice(&id.0);
            row.extend_from_slice(&time.load(Ordering::Relaxed).to_be_bytes());
        }
        drop(times);
        // Without random bytes it is written the next time.
        let Ok(random) = random_bytes() else {
            self.changed.store(true, Ordering::Relaxed);
            return Ok(());
        };
        let Ok(sealed) = keys.rows.seal(Keyspace::Index, ROW_KEY, &row, &random) else {
            return Ok(());
        };
        let mut batch = store.row_batch();
        batch.put(Space::Index, ROW_KEY.to_vec(), sealed);
        batch.write()
    }
}
