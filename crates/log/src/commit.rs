//! The only writer of records: one batch, one sync, then the anchor.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use fjall::PersistMode;

use crate::anchor::AnchorFile;
use crate::batch::Ready;
use crate::journals::{self, Ahead};
use crate::limits::{ANCHOR_CHECKPOINT_BYTES_MAX, FLUSH_WAIT_MAX};
use crate::store::Head;
use crate::{Space, Store};

/// Commits batches and keeps the anchor behind them. Owned by one thread.
///
/// After each commit: [`Committer::anchor`], then answer. When idle, or past
/// [`Committer::sync_due`]: [`Committer::sync_anchor`].
pub struct Committer {
    store: Store,
    anchor: AnchorFile,
    /// The highest journal number that the anchor lists.
    newest_journal: u64,
    /// Bytes written to the newest journal when there was none behind it for sure.
    written_then: u64,
    /// Zeros for the newest journal; none while that one was begun by an earlier run.
    ahead: Option<Ahead>,
    /// Set by the first failure and never taken back.
    stopped: bool,
    #[cfg(any(test, feature = "faults"))]
    fault: Option<Fault>,
}

/// A failure that a test asks for.
#[cfg(any(test, feature = "faults"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next commit fails and writes nothing.
    NotWritten,
    /// The next commit is written, but reported as failed.
    WrittenButFailed,
    /// The next writing of the anchor fails, behind a durable commit.
    Anchor,
}

/// A commit that failed. Whether it is durable is unknown; nothing is committed after it.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The engine failed to write or sync; it is not tried again.
    #[error("the commit failed: whether it is durable is unknown")]
    Engine(#[source] fjall::Error),
    /// The anchor could not be written or synced. The commits before it are durable.
    #[error("the anchor could not be written or synced")]
    Anchor(#[source] io::Error),
    /// An earlier commit failed.
    #[error("an earlier commit failed; nothing is written any more")]
    Stopped,
    /// fjall's worker did not flush a keyspace: the stop is unclean, and nothing is lost.
    #[error("keyspace {space} was not flushed; the next opening takes longer")]
    NotFlushed {
        /// The keyspace.
        space: Space,
    },
}

impl Committer {
    /// `own_journal` says that the newest journal was begun by this run.
    pub(crate) fn new(store: Store, anchor: AnchorFile, own_journal: bool) -> Self {
        if own_journal {
            store.gate().began_behind(u64::MAX);
        }
        Self {
            newest_journal: newest(&anchor),
            written_then: store.gate().written(),
            ahead: own_journal.then(|| Ahead::new(store.gate().clone())),
            store,
            anchor,
            stopped: false,
            #[cfg(any(test, feature = "faults"))]
            fault: None,
        }
    }

    /// Writes a batch, syncs it, and then makes it visible; blocks for the sync, about 0.3 ms.
    ///
    /// Returns the new durable head. The anchor is not written yet: a crash in between leaves a log
    /// that is longer than its anchor, which is no damage.
    ///
    /// # Errors
    /// Any error stops the committer: the outcome is unknown until the next opening.
    ///
    /// # Panics
    /// When the batch does not begin at the durable head: it was built on another one.
    pub fn commit(&mut self, batch: Ready) -> Result<Arc<Head>, CommitError> {
        self.check_running()?;
        assert_eq!(
            batch.first,
            self.store.head().size,
            "a batch begins at the durable head"
        );
        let committed = self.write(batch.inner, batch.journal_bytes);
        if let Some(ahead) = &mut self.ahead {
            let newest = self.newest_journal;
            ahead.committed(|| journals::path(self.store.dir(), newest));
        }
        if committed.is_err() {
            self.stopped = true;
        }
        committed?;
        self.store.set_head(batch.head);
        Ok(self.store.head())
    }

    /// Writes the durable head into the anchor's slot in use, and syncs it when it is due.
    ///
    /// # Errors
    /// Any error stops the committer. What was committed is durable and may be answered.
    pub fn anchor(&mut self, now: Instant) -> Result<(), CommitError> {
        self.check_running()?;
        let written = self.write_anchor(now);
        self.stop_on_error(written)
    }

    /// Syncs the anchor's slot in use, if it needs to be: when idle, or when due.
    ///
    /// # Errors
    /// Any error stops the committer.
    pub fn sync_anchor(&mut self) -> Result<(), CommitError> {
        self.check_running()?;
        let synced = self.anchor.sync();
        self.stop_on_error(synced)
    }

    /// When the anchor has to be synced at the latest; `None` when it is synced.
    #[must_use]
    pub fn sync_due(&self) -> Option<Instant> {
        self.anchor.sync_due()
    }

    /// Takes note of a key file that was replaced, durably: an older one is refused from now on.
    ///
    /// # Errors
    /// Any error stops the committer.
    ///
    /// # Panics
    /// When the sequence falls: key files are only ever replaced by newer ones.
    pub fn key_file_replaced(&mut self, sequence: u64, now: Instant) -> Result<(), CommitError> {
        self.check_running()?;
        assert!(
            sequence >= self.anchor.slot.key_file_sequence,
            "the key file's sequence rises"
        );
        self.anchor.slot.key_file_sequence = sequence;
        let written = self.anchor.write(now).and_then(|()| self.anchor.sync());
        self.stop_on_error(written)
    }

    /// Flushes every keyspace and writes the clean slot with the newest checkpoint (a signed note
    /// of the durable head, or nothing where none was signed).
    ///
    /// The next opening then needs no journal. Takes up to a second, at worst [`FLUSH_WAIT_MAX`]
    /// for each keyspace.
    ///
    /// # Errors
    /// The stop is then unclean, as after a crash; nothing that was committed is lost.
    ///
    /// # Panics
    /// With a checkpoint over [`ANCHOR_CHECKPOINT_BYTES_MAX`].
    pub fn stop(mut self, checkpoint: &[u8]) -> Result<(), CommitError> {
        assert!(checkpoint.len() <= ANCHOR_CHECKPOINT_BYTES_MAX);
        self.check_running()?;
        self.store
            .database()
            .persist(PersistMode::SyncAll)
            .map_err(CommitError::Engine)?;
        flush(&self.store)?;
        let now = Instant::now();
        self.write_anchor(now)
            .and_then(|()| self.anchor.sync())
            .map_err(CommitError::Anchor)?;
        self.anchor.slot.clean = true;
        self.anchor.slot.checkpoint = checkpoint.to_vec();
        self.anchor
            .write(now)
            .and_then(|()| self.anchor.sync())
            .map_err(CommitError::Anchor)
    }

    /// Makes the next step fail as asked.
    #[cfg(any(test, feature = "faults"))]
    pub fn inject(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    fn write(&mut self, batch: fjall::OwnedWriteBatch, bytes: u64) -> Result<(), CommitError> {
        let gate = self.store.gate().clone();
        let _alone = gate.enter(bytes);
        #[cfg(any(test, feature = "faults"))]
        match self.fault.take_if(|fault| *fault != Fault::Anchor) {
            Some(Fault::NotWritten) => return Err(CommitError::Engine(fjall::Error::Poisoned)),
            Some(_) => {
                batch.commit().map_err(CommitError::Engine)?;
                return Err(CommitError::Engine(fjall::Error::Poisoned));
            }
            None => {}
        }
        batch.commit().map_err(CommitError::Engine)
    }

    fn write_anchor(&mut self, now: Instant) -> io::Result<()> {
        #[cfg(any(test, feature = "faults"))]
        if self.fault.take_if(|fault| *fault == Fault::Anchor).is_some() {
            return Err(io::Error::other("injected"));
        }
        let head = self.store.head();
        if self.has_new_journal()? {
            let present = journals::list(self.store.dir())?;
            self.anchor.slot.journals = journals::bounds(&present, &self.anchor.slot.journals, self.anchor.slot.size);
            self.newest_journal = newest(&self.anchor);
            let gate = self.store.gate();
            gate.began_behind(self.written_then);
            self.ahead.get_or_insert_with(|| Ahead::new(gate.clone())).began();
        }
        self.written_then = self.store.gate().written();
        self.anchor.slot.size = head.size;
        self.anchor.slot.root = head.root;
        self.anchor.write(now)?;
        self.anchor.sync_if_due(now)
    }

    /// Looked for behind each commit, once there can be one: when it was not there behind the last one, nothing below
    /// that one's size can be in it.
    fn has_new_journal(&self) -> io::Result<bool> {
        // What an earlier run wrote to a journal is not counted.
        if self.ahead.is_some() && self.store.gate().is_short() {
            return Ok(false);
        }
        journals::path(self.store.dir(), self.newest_journal + 1).try_exists()
    }

    const fn check_running(&self) -> Result<(), CommitError> {
        if self.stopped {
            return Err(CommitError::Stopped);
        }
        Ok(())
    }

    fn stop_on_error(&mut self, result: io::Result<()>) -> Result<(), CommitError> {
        result.map_err(|error| {
            self.stopped = true;
            CommitError::Anchor(error)
        })
    }
}

fn newest(anchor: &AnchorFile) -> u64 {
    anchor.slot.journals.last().map_or(0, |journal| journal.number)
}

/// Has fjall write every memtable into tables, so that no journal is needed.
fn flush(store: &Store) -> Result<(), CommitError> {
    for space in Space::ALL {
        let keyspace = store.spaces().of(space);
        keyspace.rotate_memtable().map_err(CommitError::Engine)?;
    }
    for space in Space::ALL {
        let keyspace = store.spaces().of(space);
        let begun = Instant::now();
        // fjall's own wait never ends when its worker has died.
        while keyspace.sealed_memtable_count() > 0 {
            if begun.elapsed() > FLUSH_WAIT_MAX {
                return Err(CommitError::NotFlushed { space });
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
    Ok(())
}
