//! Truth at opening: no record is served from a log that was not checked against its anchor.
//!
//! Two stages, because the anchor's key lies in the key file: [`DataDir::lock`] takes the directory
//! and chooses the slot that counts; [`DataDir::open`], after the unseal, checks the slot's MAC,
//! copies the journals where the last stop was unclean, lets fjall open them, and checks the log.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use strongroom_proof::tree::Frontier;

use crate::anchor::{self, AnchorFile, AnchorMac, Found};
use crate::check::{self, Checked, Disagreement};
use crate::database::{Database, Opening};
use crate::journals::{self, JournalsCopy};
use crate::layout::{Layout, Present, Stage};
use crate::limits::CACHE_BYTES_DEFAULT;
use crate::store::Head;
use crate::{Committer, OpenError, Slot, Space, Store, StoreError, birth, tree};

/// Sequence of the key file that a birth begins with. A later one says that the birth is over.
pub const FIRST_KEY_FILE: u64 = 1;

/// What the key file says in plain: whose ledger this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Ledger id.
    pub ledger_id: [u8; 16],
    /// Incarnation.
    pub incarnation: [u8; 8],
    /// Sequence of the key file.
    pub key_file_sequence: u64,
}

/// How a directory is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Bytes of the block cache.
    pub cache_bytes: u64,
    /// Whether journals are copied after an unclean stop. Off for a [`crate::Shadow`] only, which
    /// is a copy already.
    pub copy_journals: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            cache_bytes: CACHE_BYTES_DEFAULT,
            copy_journals: true,
        }
    }
}

/// A data directory that is locked for this process, not yet opened.
#[derive(Debug)]
pub struct DataDir {
    layout: Layout,
    lock: Arc<File>,
    stage: Stage,
    anchor: Option<Found>,
}

impl DataDir {
    /// Makes the directory where it does not exist (mode 0700), and locks it.
    ///
    /// # Errors
    /// As [`DataDir::lock`].
    pub fn create(dir: &Path) -> Result<Self, OpenError> {
        use std::os::unix::fs::DirBuilderExt as _;
        if !dir
            .try_exists()
            .map_err(|error| OpenError::io("look for", dir, error))?
        {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)
                .map_err(|error| OpenError::io("make", dir, error))?;
        }
        Self::lock(dir)
    }

    /// Locks the directory for this process and looks how far its birth has come.
    ///
    /// Nothing but the lock file is written.
    ///
    /// # Errors
    /// [`OpenError::Locked`], and each refusal that needs no key: a missing key file or anchor, an
    /// anchor whose database is gone.
    pub fn lock(dir: &Path) -> Result<Self, OpenError> {
        let layout = Layout::new(dir);
        if !dir.is_dir() {
            return Err(OpenError::NoDirectory { dir: dir.to_owned() });
        }
        let lock = crate::salvage::hold(dir)?;
        let (stage, anchor) = look(&layout)?;
        Ok(Self {
            layout,
            lock: Arc::new(lock),
            stage,
            anchor,
        })
    }

    /// The paths in the directory.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How far the birth had come when the directory was locked.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The slot that counts, its MAC not yet checked; `None` before the anchor's birth.
    #[must_use]
    pub fn unchecked_anchor(&self) -> Option<&Slot> {
        self.anchor.as_ref().map(|found| &found.slot)
    }

    /// Opens the directory with the anchor's key, and finishes a birth that was stopped.
    ///
    /// For a new ledger the caller writes the key file (synced, file and directory) between
    /// [`DataDir::lock`] and this; the opened log is then empty and waits for its first record.
    ///
    /// # Errors
    /// Every refusal of [`OpenError`]. The directory stays as it was found but for what fjall did
    /// to its journals, whose copy is named in the error. The anchor stays as it is until
    /// [`Checks::all_passed`].
    pub fn open(self, life: &Life, mac: AnchorMac, options: &OpenOptions) -> Result<Opened, OpenError> {
        let layout = &self.layout;
        let present = Present::look(layout)?;
        if !present.key_file {
            return Err(OpenError::NoLedger {
                dir: layout.root().to_owned(),
            });
        }
        let anchored = self.anchor.as_ref().map_or(0, |found| found.slot.key_file_sequence);
        let birth_is_over = life.key_file_sequence.max(anchored) > FIRST_KEY_FILE;
        if birth_is_over && !present.database {
            // Nothing is begun a second time under the same keys.
            return Err(OpenError::LogMissing {
                dir: layout.root().to_owned(),
            });
        }
        let anchor = match self.anchor {
            Some(found) => found,
            None => {
                birth::make_anchor(layout, life, &mac)?;
                read_anchor(layout)?
            }
        };
        check_anchor(&anchor, life, &mac)?;
        let opening = Opening {
            layout,
            options,
            lock: &self.lock,
            slot: &anchor.slot,
            birth_is_over,
            copy: None,
        };
        let Database {
            store,
            size,
            copy,
            born,
            cut,
        } = opening.open_database()?;
        let checked = read_meta(&store)
            .map_err(Disagreement::from)
            .and_then(|()| check_store(&store, &anchor.slot, size))
            .map_err(|why| refusal(why, layout, anchor.slot.size, size, copy.as_ref()))?;
        let tiles_rebuilt = mend_tiles(&store, &checked)?;
        let report = OpenReport {
            born,
            clean: anchor.slot.clean,
            anchored: anchor.slot.size,
            size,
            checked_from: checked.from,
            tiles_rebuilt,
            torn_bytes_cut: cut,
            journals_copied: copy.as_ref().map(|copy| copy.dir().to_owned()),
            checkpoint: anchor.slot.checkpoint.clone(),
        };
        store.set_head(Head::of(checked.frontier.clone()));
        let checks = Checks {
            anchor,
            path: layout.anchor(),
            mac,
            store: store.clone(),
            copy,
            own_journal: born,
            begin_journal: !born && options.copy_journals,
        };
        Ok(Opened {
            layout: self.layout,
            store,
            frontier: checked.frontier,
            report,
            checks,
        })
    }
}

/// An opened directory whose log agrees with its anchor.
pub struct Opened {
    /// The paths in the directory.
    pub layout: Layout,
    /// Reading.
    pub store: Store,
    /// The right edge at the log's end; for the sequencer.
    pub frontier: Frontier,
    /// What was found.
    pub report: OpenReport,
    /// What the ledger still has to say.
    pub checks: Checks,
}

/// The ledger's own checks (set hash, wrapped keys): until they have passed nothing can be written to the log, the anchor
/// stays as it was found, and so do the copied journals.
#[must_use = "nothing can be committed until all checks have passed"]
pub struct Checks {
    anchor: Found,
    path: PathBuf,
    mac: AnchorMac,
    store: Store,
    copy: Option<JournalsCopy>,
    /// The newest journal was begun by this run.
    own_journal: bool,
    /// Another is to be begun; not for a shadow, which is only read.
    begin_journal: bool,
}

impl Checks {
    /// Where the journals were copied to, for a refusal that names them.
    #[must_use]
    pub fn journals(&self) -> Option<&Path> {
        self.copy.as_ref().map(JournalsCopy::dir)
    }

    /// Takes the anchor over for this run, and with it the right to write; the copied journals are evidence no more.
    /// `key_file_sequence` is that of the key file as it lies on disk now.
    ///
    /// # Errors
    /// [`OpenError::Io`] when the anchor can't be written.
    pub fn all_passed(self, key_file_sequence: u64) -> Result<(Committer, Evidence), OpenError> {
        let io = |source| OpenError::io("write", &self.path, source);
        let own_journal = self.own_journal || (self.begin_journal && journals::begin_fresh(&self.store)?);
        let mut file = AnchorFile::take_over(&self.path, self.anchor, self.mac).map_err(io)?;
        begin_run(&mut file, &self.store, key_file_sequence).map_err(io)?;
        Ok((Committer::new(self.store, file, own_journal), Evidence(self.copy)))
    }
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checks")
            .field("copy", &self.copy)
            .finish_non_exhaustive()
    }
}

/// The journals as an unclean stop left them; stays on disk when dropped.
#[must_use = "the copied journals stay until they are discarded"]
#[derive(Debug)]
pub struct Evidence(Option<JournalsCopy>);

impl Evidence {
    /// Deletes the copied journals: log, keys and projections are whole.
    ///
    /// # Errors
    /// [`OpenError::Io`] when the copy can't be deleted.
    pub fn discard(self) -> Result<(), OpenError> {
        let Some(copy) = self.0 else {
            return Ok(());
        };
        let dir = copy.dir().to_owned();
        copy.discard().map_err(|source| OpenError::io("delete", &dir, source))
    }
}

/// What an opening found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenReport {
    /// Whether the database was made by this opening.
    pub born: bool,
    /// Whether the last run stopped in order.
    pub clean: bool,
    /// Records that the anchor knew.
    pub anchored: u64,
    /// Records found; more than `anchored` after a power cut or a crash.
    pub size: u64,
    /// The first position whose record was read and hashed. What trails behind the commits
    /// (postings, idempotency rows) may have holes from here on.
    pub checked_from: u64,
    /// Tiles that were absent or wrong and were made again.
    pub tiles_rebuilt: u64,
    /// Bytes of an unfinished commit, never acknowledged, cut from the newest journal.
    pub torn_bytes_cut: u64,
    /// Where the journals were copied to; the directory is gone once all checks have passed.
    pub journals_copied: Option<PathBuf>,
    /// The checkpoint of a clean stop, a signed note; else empty. Not verified here.
    pub checkpoint: Vec<u8>,
}

/// Sees how far the birth has come, and refuses what no birth leaves.
fn look(layout: &Layout) -> Result<(Stage, Option<Found>), OpenError> {
    let present = Present::look(layout)?;
    let dir = || layout.root().to_owned();
    if !present.key_file && (present.anchor || present.database) {
        return Err(OpenError::KeyFileMissing { dir: dir() });
    }
    if !present.anchor {
        return match (present.key_file, present.database) {
            (_, true) => Err(OpenError::AnchorMissing {
                dir: dir(),
                slots: Vec::new(),
            }),
            (true, false) => Ok((Stage::KeyFile, None)),
            (false, false) => Ok((Stage::Empty, None)),
        };
    }
    let found = read_anchor(layout)?;
    match (present.database, found.slot.size) {
        (true, _) => Ok((Stage::Whole, Some(found))),
        (false, 0) => Ok((Stage::Anchored, Some(found))),
        (false, anchored) => Err(OpenError::LogShorter {
            anchored,
            found: 0,
            journals: None,
        }),
    }
}

fn read_anchor(layout: &Layout) -> Result<Found, OpenError> {
    let path = layout.anchor();
    anchor::find(&path)
        .map_err(|source| OpenError::io("read", &path, source))?
        .map_err(|slots| OpenError::AnchorMissing {
            dir: layout.root().to_owned(),
            slots,
        })
}

/// The slot that counts must be this ledger's; never is the other slot taken instead.
fn check_anchor(anchor: &Found, life: &Life, mac: &AnchorMac) -> Result<(), OpenError> {
    let slot = &anchor.slot;
    if slot.ledger_id != life.ledger_id || slot.incarnation != life.incarnation {
        return Err(OpenError::Mixed);
    }
    if !anchor::mac_matches(&anchor.bytes, mac) {
        return Err(OpenError::AnchorForged { size: slot.size });
    }
    // The second key file holds the keys of the first: a copy of that one that was kept lacks none.
    let lacks_keys = slot.key_file_sequence > FIRST_KEY_FILE + 1;
    if life.key_file_sequence < slot.key_file_sequence && lacks_keys {
        return Err(OpenError::KeyFileOld {
            anchored: slot.key_file_sequence,
            found: life.key_file_sequence,
        });
    }
    Ok(())
}

/// Reads all of `meta`: its tables are small, and merged at the next flush, which fails for good where one of them is
/// damaged. What is asked for by key says nothing of the older tables.
fn read_meta(store: &Store) -> Result<(), StoreError> {
    store
        .view()
        .rows_with_prefix(Space::Meta, b"")
        .try_for_each(|row| row.map(|_| ()))
}

fn check_store(store: &Store, slot: &Slot, size: u64) -> Result<Checked, Disagreement> {
    // A clean stop flushed everything: no record below its size depends on a journal.
    let journals = if slot.clean { &[] } else { &slot.journals[..] };
    let bounds = journals.iter().map(|journal| journal.first_position);
    let from = match bounds.min() {
        Some(first) => first,
        None if slot.clean => slot.size,
        None => 0,
    };
    check::check_log(store, slot, size, from)
}

fn refusal(why: Disagreement, layout: &Layout, anchored: u64, found: u64, copy: Option<&JournalsCopy>) -> OpenError {
    let journals = copy.map(|copy| copy.dir().to_owned());
    match why {
        Disagreement::Shorter => OpenError::LogShorter {
            anchored,
            found,
            journals,
        },
        Disagreement::Differs => OpenError::LogDiffers {
            anchored,
            found,
            journals,
        },
        Disagreement::Hole(position, source) => OpenError::LogHole {
            position,
            anchored,
            found,
            journals,
            source,
        },
        Disagreement::Store(error) => match error.damage() {
            Some(what) => OpenError::DatabaseDamaged {
                dir: layout.database(),
                anchored,
                what,
                journals,
            },
            None => OpenError::Store(error),
        },
    }
}

/// Writes the slot of the new run, not clean, before anything can be committed: a crash right
/// behind the first commit must not look like a clean stop.
fn begin_run(file: &mut AnchorFile, store: &Store, key_file_sequence: u64) -> std::io::Result<()> {
    let present = journals::list(store.dir())?;
    let head = store.head();
    // Journals that the anchor does not know were begun behind those that it knows, or, after a
    // clean stop, behind its size.
    let known: &[_] = if file.slot.clean { &[] } else { &file.slot.journals };
    let unknown_from = match known.last() {
        Some(newest) => newest.first_position,
        None if file.slot.clean => file.slot.size,
        None => 0,
    };
    file.slot.journals = journals::bounds(&present, known, unknown_from);
    file.slot.clean = false;
    file.slot.checkpoint = Vec::new();
    file.slot.key_file_sequence = key_file_sequence.max(file.slot.key_file_sequence);
    file.slot.size = head.size;
    file.slot.root = head.root;
    file.write(Instant::now())?;
    file.sync()
}

fn mend_tiles(store: &Store, checked: &Checked) -> Result<u64, OpenError> {
    let mut batch = store.row_batch();
    for (id, tile) in &checked.tiles {
        if batch.is_full() {
            std::mem::replace(&mut batch, store.row_batch()).write_durably()?;
        }
        batch.put(Space::Tree, tree::tile_key(*id), tile.to_bytes());
    }
    batch.write_durably()?;
    Ok(checked.tiles.len() as u64)
}
