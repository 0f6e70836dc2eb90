//! What all threads of a running ledger share.

use crate::clock::Clock;
use crate::fingerprint::{Fingerprint, Fingerprints};
use crate::index::Index;
use crate::keyring::Keyring;
use crate::last_use::LastUse;
use crate::latency::Latency;
use crate::limits::{CACHED_BYTES, CACHED_RECORDS};
use crate::past::Past;
use crate::quota::Quota;
use crate::request::Failure;
use crate::strangers::Strangers;
use crate::view::{Published, View};
use crate::windows::Windows;
use arc_swap::ArcSwap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use strongroom_domain::command::Command;
use strongroom_domain::ids::{CredentialId, Position, TimeUs};
use strongroom_domain::secret::SecretFields;
use strongroom_domain::state::Credential;
use strongroom_domain::words::{Category, CredentialStatus};
use strongroom_domain::{State, stored};
use strongroom_log::{FreeSpace, Shadow, Slice, Store, StoreError};
use strongroom_proof::record::{Header, RecordRef};
use strongroom_seal::open_secret;
use tokio::sync::watch;

/// A cached record weighs its bytes and what the cache needs for it.
#[derive(Debug, Clone)]
pub(crate) struct RecordBytes;

impl quick_cache::Weighter<Position, Slice> for RecordBytes {
    fn weight(&self, _: &Position, record: &Slice) -> u64 {
        record.len() as u64 + 64
    }
}

/// Shared by the sequencer, the committer, the keeper and all readers.
pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) dev: bool,
    pub(crate) store: Store,
    pub(crate) keys: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    /// The newest durable commit.
    pub(crate) published: ArcSwap<Published>,
    pub(crate) index: Index,
    pub(crate) past: Past,
    /// Sealed records with values, by position.
    pub(crate) records: quick_cache::sync::Cache<Position, Slice, RecordBytes>,
    pub(crate) windows: Windows,
    pub(crate) last_use: Arc<LastUse>,
    pub(crate) strangers: Mutex<Strangers>,
    pub(crate) quota: Quota,
    /// Written by the sequencer, read by imports.
    pub(crate) fingerprints: RwLock<Fingerprints>,
    /// Requests that wait.
    pub(crate) queued_works: AtomicUsize,
    /// Bytes of the requests that wait.
    pub(crate) queued_bytes: AtomicUsize,
    /// How long a serving covers the next ones.
    pub(crate) window: Duration,
    /// Told of each commit, for those who wait for a change; false when nobody is to wait any more.
    pub(crate) waits: watch::Sender<bool>,
    /// Set once, never taken back.
    pub(crate) stopped: AtomicBool,
    pub(crate) room: AtomicU8,
    /// Told once, when the ledger can't write any more.
    pub(crate) on_fatal: Box<dyn Fn(&str) + Send + Sync>,
    pub(crate) counters: Counters,
    /// The copy that it reads, where nothing is written; last, since it is deleted when the store is closed.
    pub(crate) looked_at: Option<Shadow>,
}

/// What an opening found.
pub(crate) struct Found {
    pub(crate) dir: PathBuf,
    pub(crate) dev: bool,
    pub(crate) published: Published,
    pub(crate) last_use: LastUse,
    pub(crate) store: Store,
    pub(crate) keys: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) index: Index,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) new_windows: u32,
    pub(crate) window: Duration,
    pub(crate) on_fatal: Box<dyn Fn(&str) + Send + Sync>,
    pub(crate) looked_at: Option<Shadow>,
}

/// Counts since the start, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Durable commits.
    pub commits: AtomicU64,
    /// Events in them.
    pub events: AtomicU64,
    /// How long commits take, from the batch to the answers.
    pub commit: Latency,
    /// How long the disk takes of it: the batch written and synced.
    pub sync: Latency,
    /// Servings that were recorded singly.
    pub reads_recorded: AtomicU64,
    /// Servings counted in a window.
    pub reads_counted: AtomicU64,
    /// Answers "nothing changed".
    pub reads_unchanged: AtomicU64,
    /// Refused reads.
    pub reads_refused: AtomicU64,
    /// Tiles of the log that were found not to be the tree's.
    pub tiles_wrong: AtomicU64,
}

impl Shared {
    /// What threads begin with.
    pub(crate) fn of(found: Found) -> Self {
        Self {
            dir: found.dir,
            dev: found.dev,
            published: ArcSwap::from_pointee(found.published),
            last_use: Arc::new(found.last_use),
            store: found.store,
            keys: found.keys,
            clock: found.clock,
            index: found.index,
            fingerprints: RwLock::new(found.fingerprints),
            quota: Quota::new(found.new_windows),
            window: found.window,
            on_fatal: found.on_fatal,
            looked_at: found.looked_at,
            past: Past::default(),
            records: quick_cache::sync::Cache::with_weighter(CACHED_RECORDS, CACHED_BYTES, RecordBytes),
            windows: Windows::default(),
            strangers: Mutex::default(),
            queued_works: AtomicUsize::new(0),
            queued_bytes: AtomicUsize::new(0),
            waits: watch::Sender::new(true),
            stopped: AtomicBool::new(false),
            room: AtomicU8::new(0),
            counters: Counters::default(),
        }
    }

    /// Whether the ledger has stopped writing.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Stops the ledger for good: nothing is written after a failure.
    pub(crate) fn fail(&self, why: &str) {
        if !self.stopped.swap(true, Ordering::AcqRel) {
            tracing::error!(why, "the ledger stops writing");
            (self.on_fatal)(why);
        }
    }

    /// max(wall clock, newest record): what expiry is judged by.
    pub(crate) fn now(&self, published: &Published) -> TimeUs {
        self.clock.now_us().max(published.last_recorded_at)
    }

    /// A snapshot for readers.
    pub(crate) fn view(&self) -> View {
        self.view_of(&self.published.load())
    }

    /// A commit as readers see it.
    pub(crate) fn view_of(&self, published: &Published) -> View {
        let now = self.now(published);
        View {
            state: Arc::clone(&published.state),
            rights: Arc::clone(&published.state),
            head: published.head,
            now,
            at: now,
            last_use: Arc::clone(&self.last_use),
        }
    }

    /// The header of a durable record.
    pub(crate) fn header(&self, position: Position) -> Result<Header, Failure> {
        let bytes = self
            .store
            .record(position)
            .map_err(|error| Failure::Internal(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| Failure::Internal(format!("record {position} is not in the log")))?;
        RecordRef::parse(&bytes)
            .map(|record| record.header)
            .map_err(|error| Failure::Internal(error.to_string()))
    }

    /// A durable record's bytes, from memory or the log. What comes from disk is proved to be the record of this position
    /// before anything of it is believed: rows can be swapped by whoever has the disk.
    pub(crate) fn record_bytes(&self, position: Position) -> Result<Slice, Failure> {
        if let Some(bytes) = self.records.get(&position) {
            return Ok(bytes);
        }
        let bytes = self
            .store
            .record(position)
            .map_err(|error| Failure::Internal(error.to_string()))?;
        let stored = bytes.ok_or_else(|| Failure::Internal(format!("record {position} is not in the log")))?;
        self.prove(position, &stored).map_err(Failure::Internal)?;
        // Copied: what comes from a table would keep its whole block in memory.
        let bytes = Slice::from(stored.as_ref());
        self.records.insert(position, bytes.clone());
        Ok(bytes)
    }

    /// Proves that bytes from disk are the record of a position of the durable log, digests included.
    pub(crate) fn prove(&self, position: Position, bytes: &[u8]) -> Result<(), String> {
        let wrong = |what: String| format!("the record at {position}: {what}");
        let record = RecordRef::parse(bytes).map_err(|error| wrong(error.to_string()))?;
        record.check_digests().map_err(|error| wrong(error.to_string()))?;
        let leaf = self
            .store
            .proofs()
            .leaf(position)
            .map_err(|error| wrong(error.to_string()))?;
        if record.leaf_hash() != leaf {
            return Err(wrong("it is not the one that was appended there".to_owned()));
        }
        Ok(())
    }

    /// The live credentials, other than `except`, whose current version holds a value, by its fingerprint.
    pub(crate) fn holders_of(
        &self,
        fingerprint: &Fingerprint,
        state: &State,
        except: Option<CredentialId>,
    ) -> Vec<CredentialId> {
        let held = self.fingerprints.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for holder in held.holders(fingerprint) {
            let Some(credential) = state.credentials.get(&holder.credential) else {
                continue;
            };
            let is_live = matches!(credential.status, CredentialStatus::Active | CredentialStatus::Disabled);
            let is_current = credential.still_has_values_of(holder.version);
            if is_live && is_current && Some(holder.credential) != except && !found.contains(&holder.credential) {
                found.push(holder.credential);
            }
        }
        found
    }

    /// A credential's current secret and destination values, for comparing; they go nowhere.
    pub(crate) fn current_values(&self, credential: &Credential) -> Result<SecretFields, Failure> {
        let internal = |what: String| Failure::Internal(format!("{}: {what}", credential.id));
        let fact = credential
            .versions
            .last()
            .ok_or_else(|| internal("it has no version".to_owned()))?;
        let bytes = self.record_bytes(fact.values_at)?;
        open_values(&self.keys, &bytes, credential).map_err(internal)
    }

    /// Looks whether the disk has room for these commands: with little left only withdrawing goes on.
    pub(crate) fn check_space(&self, commands: &[Command]) -> Result<(), Failure> {
        match self.free_space() {
            FreeSpace::Enough => Ok(()),
            FreeSpace::Low if commands.iter().all(goes_on) => Ok(()),
            FreeSpace::Low | FreeSpace::Out => Err(Failure::NoSpace),
        }
    }

    pub(crate) fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes when tokens were last used, if it is time.
    pub(crate) fn write_last_use(&self, at_once: bool) -> Result<(), StoreError> {
        let view = self.view();
        self.last_use
            .write(&self.store, &self.keys, &view.state, view.now, at_once)
    }

    /// How much room there was when it was last looked.
    pub(crate) fn free_space(&self) -> FreeSpace {
        match self.room.load(Ordering::Relaxed) {
            0 => FreeSpace::Enough,
            1 => FreeSpace::Low,
            _ => FreeSpace::Out,
        }
    }

    /// Looks at the disk again.
    pub(crate) fn look_at_space(&self) {
        let Ok((space, bytes)) = strongroom_log::free_space(&self.dir) else {
            return;
        };
        let level = match space {
            FreeSpace::Enough => 0,
            FreeSpace::Low => 1,
            FreeSpace::Out => 2,
        };
        if self.room.swap(level, Ordering::Relaxed) != level {
            tracing::warn!(?space, bytes, "free space");
        }
    }
}

/// The values in a record's secret part, which must be this credential's; what went wrong, as text without a value.
pub(crate) fn open_values(keys: &Keyring, bytes: &[u8], of: &Credential) -> Result<SecretFields, String> {
    let record = RecordRef::parse(bytes).map_err(|error| error.to_string())?;
    let header = &record.header;
    let is_its_own = header.category == Category::Credential.number()
        && header.stream_id == of.id.0
        && header.secret_key_id == of.key_id;
    if !is_its_own {
        return Err("the record that should hold its values is another thing's".to_owned());
    }
    let key = keys
        .data_key(&record.header.secret_key_id)
        .ok_or("its data key is gone")?;
    let plaintext = open_secret(&record, &keys.ledger_id, &key).map_err(|error| error.to_string())?;
    stored::decode_fields(plaintext.expose()).map_err(|error| error.to_string())
}

/// The id behind a handle or an id's text, whoever asks: only for looking up, never for an answer.
pub(crate) fn credential_id(state: &State, reference: &str) -> Option<CredentialId> {
    CredentialId::parse(reference)
        .ok()
        .or_else(|| state.names.credential_handles.get(reference).copied())
}

/// What must go on when the disk is nearly full: taking keys and rights back, and what the ledger itself has to say.
fn goes_on(command: &Command) -> bool {
    command.takes_away()
        || matches!(
            command,
            Command::UnmapVariable { .. }
                | Command::UnsetDefault { .. }
                | Command::RecordDenied { .. }
                | Command::RecordCounts { .. }
                | Command::RecordRefused { .. }
                | Command::RecordGraceEnded { .. }
        )
}
