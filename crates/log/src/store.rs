//! One open database: rows, snapshots, the durable head.

use std::fs::File;
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use fjall::{Database, PersistMode, Readable as _, Slice, Snapshot};
use strongroom_proof::{Hash, tree::Frontier};

use crate::batch::{Batch, RowBatch};
use crate::journals::Gate;
use crate::limits::JOURNALS_BYTES_MAX;
use crate::space::Spaces;
use crate::trusted::TrustedTiles;
use crate::{Space, StoreError};

/// What is durable: the size and root of the log, and the right edge of its tree.
#[derive(Clone, Debug)]
pub struct Head {
    /// Number of records; they have the positions `0..size`.
    pub size: u64,
    /// The tree's root at that size.
    pub root: Hash,
    /// The right edge at that size, from which [`crate::Proofs`] are made.
    pub edge: Arc<Frontier>,
}

impl Head {
    pub(crate) fn of(edge: Frontier) -> Self {
        Self {
            size: edge.size(),
            root: edge.root(),
            edge: Arc::new(edge),
        }
    }
}

/// An open database. Clones are handles to the same one; when the last is dropped it closes, and the
/// data directory's lock is given up.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    spaces: Spaces,
    dir: PathBuf,
    /// Tiles that are the tree's.
    trusted: TrustedTiles,
    /// Taken by all who have fjall write to its journal.
    gate: Gate,
    /// Set at opening, then by the committer only, behind each durable commit.
    head: RwLock<Arc<Head>>,
    /// Held for its lock, and given up last.
    _lock: Arc<File>,
}

impl Store {
    /// Opens fjall's directory `dir`, or makes it, without looking at what it holds.
    pub(crate) fn open_database(dir: PathBuf, cache_bytes: u64, lock: Arc<File>) -> fjall::Result<Self> {
        let database = Database::builder(&dir)
            .cache_size(cache_bytes)
            // A second worker spins and makes commits bumpy (fjall 3.1).
            .worker_threads(1)
            .max_journaling_size(JOURNALS_BYTES_MAX)
            .journal_compression(fjall::CompressionType::None)
            .open()?;
        let spaces = Spaces::open(&database)?;
        Ok(Self(Arc::new(Inner {
            database,
            spaces,
            dir,
            trusted: TrustedTiles::new(),
            gate: Gate::default(),
            head: RwLock::new(Arc::new(Head::of(Frontier::new()))),
            _lock: lock,
        })))
    }

    /// Returns the durable head: what readers may rely on.
    #[must_use]
    pub fn head(&self) -> Arc<Head> {
        let head = self.0.head.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&head)
    }

    /// Takes a consistent view over all keyspaces, at the durable head or just behind it.
    ///
    /// Keep it short: rows that it may still read are not given up by compactions.
    #[must_use]
    pub fn view(&self) -> View {
        // The head first: what it names is then in the snapshot, whatever is committed meanwhile.
        let head = self.head();
        View {
            snapshot: self.0.database.snapshot(),
            store: self.clone(),
            head,
        }
    }

    /// Reads one row as it stands now. Costs about 1 µs from memory, more from disk.
    ///
    /// Two calls may see two commits, or the two halves of one: take a [`Store::view`] for more than
    /// one row.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the engine fails or a block is damaged.
    pub fn row(&self, space: Space, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        Ok(self.0.spaces.of(space).get(key)?)
    }

    /// Whether a row is there now.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the engine fails or a block is damaged.
    pub fn has_row(&self, space: Space, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.0.spaces.of(space).contains_key(key)?)
    }

    /// Begins a commit whose first record takes position `first`. For the sequencer.
    #[must_use]
    pub fn batch(&self, first: u64) -> Batch {
        Batch::new(self.0.database.batch(), self.0.spaces.clone(), first)
    }

    /// Begins a batch of rows beside the commits: index chunks, rewritten rows, rebuilt ones.
    #[must_use]
    pub fn row_batch(&self) -> RowBatch {
        RowBatch::new(self.0.database.batch(), self.0.spaces.clone(), self.0.gate.clone())
    }

    /// Removes every row of a keyspace that can be rebuilt, durably, in small batches.
    ///
    /// Not atomic: first write down (in `meta`) that a rebuild is under way. fjall's own clearing
    /// is not used, because a journal that holds it clears the keyspace again at the next opening,
    /// and with it the tables that were loaded past the journal since (fjall 3.1.13).
    ///
    /// # Errors
    /// [`StoreError::Engine`]; the engine takes no more writes then.
    ///
    /// # Panics
    /// For `log`, `tree` and `keys`: nothing is removed from them like this.
    pub fn empty(&self, space: Space) -> Result<(), StoreError> {
        check_rebuildable(space);
        let mut batch = self.row_batch();
        for row in self.view().rows_with_prefix(space, b"") {
            if batch.is_full() {
                std::mem::replace(&mut batch, self.row_batch()).write()?;
            }
            batch.remove(space, row?.0);
        }
        batch.write_durably()?;
        Ok(self.0.database.persist(PersistMode::SyncData)?)
    }

    /// Loads rows in bulk past the journal, durable when this returns; commits wait at its end.
    ///
    /// `rows` ascend by key and no key comes twice. Rows with these keys are replaced.
    ///
    /// # Errors
    /// [`StoreError::Engine`]; then none of the rows is there.
    ///
    /// # Panics
    /// When the keys do not ascend; for `log`, `tree` and `keys`.
    pub fn load(&self, space: Space, rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<(), StoreError> {
        check_rebuildable(space);
        let mut ingestion = self.0.spaces.of(space).start_ingestion()?;
        for (key, value) in rows {
            ingestion.write(key, value)?;
        }
        let _alone = self.0.gate.enter(0);
        Ok(ingestion.finish()?)
    }

    /// Returns the bytes that the database takes on disk, journals included.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when a file's length can't be read.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.0.database.disk_space()?)
    }

    /// Returns the bytes of one keyspace's tables on disk; what is in journals only is not in it.
    #[must_use]
    pub fn space_bytes(&self, space: Space) -> u64 {
        self.0.spaces.of(space).disk_space()
    }

    pub(crate) fn set_head(&self, head: Head) {
        let mut held = self.0.head.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(head);
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn spaces(&self) -> &Spaces {
        &self.0.spaces
    }

    pub(crate) fn trusted(&self) -> &TrustedTiles {
        &self.0.trusted
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// fjall's directory.
    pub(crate) fn dir(&self) -> &std::path::Path {
        &self.0.dir
    }
}

fn check_rebuildable(space: Space) {
    assert!(
        !matches!(space, Space::Log | Space::Tree | Space::Keys),
        "{space} is no projection"
    );
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.0.dir).finish()
    }
}

/// A consistent view over all keyspaces.
#[derive(Clone)]
pub struct View {
    snapshot: Snapshot,
    store: Store,
    head: Arc<Head>,
}

impl View {
    /// Returns the head that the view answers for: everything below it is in the view.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Reads one row.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when the engine fails or a block is damaged.
    pub fn row(&self, space: Space, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        Ok(self.snapshot.get(self.store.spaces().of(space), key)?)
    }

    /// Reads the rows whose keys lie in a range, in the order of their keys; both ends can be taken.
    pub fn rows<'k>(&self, space: Space, keys: impl RangeBounds<&'k [u8]>) -> Rows {
        let owned = |bound: Bound<&&[u8]>| bound.map(|key| key.to_vec());
        let range = (owned(keys.start_bound()), owned(keys.end_bound()));
        Rows(self.snapshot.range(self.store.spaces().of(space), range))
    }

    /// Reads the rows whose keys begin with `prefix`, in the order of their keys.
    #[must_use]
    pub fn rows_with_prefix(&self, space: Space, prefix: &[u8]) -> Rows {
        Rows(self.snapshot.prefix(self.store.spaces().of(space), prefix))
    }
}

/// Rows in the order of their keys: `(key, value)`.
pub struct Rows(pub(crate) fjall::Iter);

impl Iterator for Rows {
    type Item = Result<(Slice, Slice), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|row| Ok(row.into_inner()?))
    }
}

impl DoubleEndedIterator for Rows {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|row| Ok(row.into_inner()?))
    }
}
