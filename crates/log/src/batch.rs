//! What one commit writes.

use fjall::{OwnedWriteBatch, PersistMode, Slice};
use strongroom_proof::record::{HEADER_LEN, leaf_hash};
use strongroom_proof::tree::Frontier;

use crate::journals::Gate;
use crate::limits::ROW_BATCH_ROWS_MAX;
use crate::space::Spaces;
use crate::store::Head;
use crate::{Space, StoreError, read, tree};

/// What fjall's journal has around a batch (start 13 bytes, end 13), and around a row (24).
const FJALL_BATCH_BYTES: u64 = 26;
const FJALL_ROW_BYTES: u64 = 24;

/// A commit that is being built by the sequencer: records with their tiles, and rows.
///
/// Later rows of a key replace earlier ones of the same batch.
pub struct Batch {
    inner: OwnedWriteBatch,
    spaces: Spaces,
    first: u64,
    next: u64,
    journal_bytes: u64,
}

impl Batch {
    pub(crate) fn new(inner: OwnedWriteBatch, spaces: Spaces, first: u64) -> Self {
        // Durable before visible: readers never see what a power cut could take back.
        let inner = inner.durability(Some(PersistMode::SyncData));
        Self {
            inner,
            spaces,
            first,
            next: first,
            journal_bytes: FJALL_BATCH_BYTES,
        }
    }

    /// Appends a record behind the frontier and returns its position; tiles that it fills come into
    /// the batch.
    ///
    /// # Panics
    /// When the frontier does not stand behind the batch's last record, or the record is shorter
    /// than a header: both are bugs, and a log with either in it would be for ever.
    pub fn append(&mut self, frontier: &mut Frontier, record: impl Into<Slice>) -> u64 {
        let record = record.into();
        let position = self.next;
        assert_eq!(
            frontier.size(),
            position,
            "the frontier stands at the batch's next position"
        );
        let header = record
            .first_chunk::<HEADER_LEN>()
            .expect("sealed records have a header");
        for (id, tile) in frontier.append(leaf_hash(header)) {
            self.insert(Space::Tree, tree::tile_key(id), tile.to_bytes());
        }
        self.insert(Space::Log, read::record_key(position), record);
        self.next += 1;
        position
    }

    /// Writes a row.
    ///
    /// # Panics
    /// For `log` and `tree`: their rows come by [`Batch::append`] only.
    pub fn put(&mut self, space: Space, key: impl Into<Slice>, value: impl Into<Slice>) {
        check_space(space);
        self.insert(space, key, value);
    }

    fn insert(&mut self, space: Space, key: impl Into<Slice>, value: impl Into<Slice>) {
        let (key, value) = (key.into(), value.into());
        self.journal_bytes += (key.len() + value.len()) as u64 + FJALL_ROW_BYTES;
        self.inner.insert(self.spaces.of(space), key, value);
    }

    /// Removes a row. A row that is not there may be removed.
    ///
    /// # Panics
    /// For `log` and `tree`: nothing is removed from them.
    pub fn remove(&mut self, space: Space, key: impl Into<Slice>) {
        check_space(space);
        let key = key.into();
        self.journal_bytes += key.len() as u64 + FJALL_ROW_BYTES;
        self.inner.remove(self.spaces.of(space), key);
    }

    /// The position of the batch's first record.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Number of records so far.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.next - self.first
    }

    /// Closes the batch with the head that it makes.
    ///
    /// # Panics
    /// When the frontier does not stand behind the batch's last record.
    #[must_use]
    pub fn close(self, frontier: &Frontier) -> Ready {
        assert_eq!(
            frontier.size(),
            self.next,
            "the frontier stands behind the batch's last record"
        );
        Ready {
            inner: self.inner,
            journal_bytes: self.journal_bytes,
            first: self.first,
            head: Head::of(frontier.clone()),
        }
    }
}

fn check_space(space: Space) {
    assert!(
        !matches!(space, Space::Log | Space::Tree),
        "rows of {space} come with records only"
    );
}

/// A commit that is built: for [`crate::Committer::commit`].
pub struct Ready {
    pub(crate) inner: OwnedWriteBatch,
    /// What fjall writes to its journal for it, at most.
    pub(crate) journal_bytes: u64,
    pub(crate) first: u64,
    pub(crate) head: Head,
}

impl Ready {
    /// The head that this commit makes: what is signed while the disk syncs.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }
}

/// Rows written beside the commits: at most [`ROW_BATCH_ROWS_MAX`], all or none.
pub struct RowBatch {
    inner: OwnedWriteBatch,
    spaces: Spaces,
    gate: Gate,
    journal_bytes: u64,
}

impl RowBatch {
    pub(crate) fn new(inner: OwnedWriteBatch, spaces: Spaces, gate: Gate) -> Self {
        Self {
            inner,
            spaces,
            gate,
            journal_bytes: FJALL_BATCH_BYTES,
        }
    }

    /// Writes a row.
    ///
    /// # Panics
    /// For the keyspace `log`: records come by commits only.
    pub fn put(&mut self, space: Space, key: impl Into<Slice>, value: impl Into<Slice>) {
        assert!(space != Space::Log, "records come by commits only");
        let (key, value) = (key.into(), value.into());
        self.journal_bytes += (key.len() + value.len()) as u64 + FJALL_ROW_BYTES;
        self.inner.insert(self.spaces.of(space), key, value);
    }

    /// Removes a row.
    ///
    /// # Panics
    /// For the keyspace `log`: nothing is removed from it.
    pub fn remove(&mut self, space: Space, key: impl Into<Slice>) {
        assert!(space != Space::Log, "nothing is removed from the log");
        let key = key.into();
        self.journal_bytes += key.len() as u64 + FJALL_ROW_BYTES;
        self.inner.remove(self.spaces.of(space), key);
    }

    /// Number of rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether there is no row yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Whether another row would be one too many.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() >= ROW_BATCH_ROWS_MAX
    }

    /// Writes the rows without a sync: visible now, durable with the next commit.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; the engine takes no more writes then.
    ///
    /// # Panics
    /// With more than [`ROW_BATCH_ROWS_MAX`] rows: all commits would wait for them.
    pub fn write(self) -> Result<(), StoreError> {
        self.check_len();
        let _alone = self.gate.enter(self.journal_bytes);
        Ok(self.inner.durability(Some(PersistMode::Buffer)).commit()?)
    }

    /// Writes the rows durably before they are visible.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; the engine takes no more writes then.
    ///
    /// # Panics
    /// With more than [`ROW_BATCH_ROWS_MAX`] rows.
    pub fn write_durably(self) -> Result<(), StoreError> {
        self.check_len();
        let _alone = self.gate.enter(self.journal_bytes);
        Ok(self.inner.durability(Some(PersistMode::SyncData)).commit()?)
    }

    fn check_len(&self) {
        assert!(self.len() <= ROW_BATCH_ROWS_MAX, "a batch beside the commits is small");
    }
}
