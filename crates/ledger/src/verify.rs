//! Every record read again: bytes, digests, leaves, tree, signatures, order, and that all projections equal a fresh fold.
//! Checks bytes, never stored hashes of them.

mod rows; // current state as it lies on disk

use crate::error::OpenError;
use crate::index::{Index, Posting, Term};
use crate::keyring::Keyring;
use crate::open::{self, Unsealed};
use crate::opened::open_parsed;
use crate::{Ledger, audit};
use std::collections::HashMap;
use std::path::Path;
use strongroom_domain::State;
use strongroom_domain::evolve::evolve;
use strongroom_domain::ids::Position;
use strongroom_log::{Shadow, Store, StoreError};
use strongroom_proof::Hash;
use strongroom_proof::note::SignedNote;
use strongroom_proof::verify::LogVerifier;
use strongroom_seal::{RootKeyProvider, keyfile, open_secret};

/// Records between two words of progress.
const PROGRESS_EVERY: u64 = 1_024;

/// What was read and found whole.
#[derive(Debug, Clone, serde::Serialize)]
pub struct VerifyReport {
    /// Records.
    pub records: u64,
    /// Root over them, hex.
    pub root: String,
    /// Streams.
    pub streams: u64,
    /// Size of the largest checkpoint whose signature was checked.
    pub signed_size: Option<u64>,
    /// Secret parts that were opened.
    pub secrets_opened: u64,
    /// Rows of current state that equal a fresh fold.
    pub state_rows: u64,
    /// Postings that equal those of the records.
    pub postings: u64,
}

/// The first thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The directory can't be opened at all.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A record, from the first bad one on.
    #[error("position {position}: {what}")]
    Record {
        /// Where.
        position: Position,
        /// What.
        what: String,
    },
    /// The tree, a checkpoint or a signature.
    #[error("{0}")]
    Checkpoint(String),
    /// A projection is not the fold of the log.
    #[error("{projection} is not what the log says: {what}")]
    Projection {
        /// `state`, `index`.
        projection: &'static str,
        /// Where it differs.
        what: String,
    },
}

impl VerifyError {
    /// The first bad position, where there is one.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Record { position, .. } | Self::Open(OpenError::Record { position, .. }) => Some(*position),
            Self::Open(OpenError::KeyMissing { position, .. }) => Some(*position),
            Self::Open(OpenError::Log(strongroom_log::OpenError::LogHole { position, .. })) => Some(*position),
            Self::Open(OpenError::Store(StoreError::Hole { position } | StoreError::Record { position, .. })) => {
                Some(*position)
            }
            _ => None,
        }
    }
}

impl Ledger {
    /// Verifies everything up to the newest commit, beside the running ledger. Blocks; for a thread that may.
    ///
    /// # Errors
    /// [`VerifyError`] with the first bad position.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport, VerifyError> {
        let published = self.shared.published.load_full();
        let what = What {
            store: &self.shared.store,
            keys: &self.shared.keys,
            index: &self.shared.index,
            state: &published.state,
            size: published.head,
            root: Hash(published.root),
            note: &published.checkpoint,
        };
        let (report, state) = what.verify(progress)?;
        rows::check(&self.shared.store, &self.shared.keys, state, published.head)?;
        Ok(report)
    }

    /// Writes the whole log as a dump with the newest checkpoint.
    ///
    /// # Errors
    /// Those of the writer, or of the store as text.
    pub fn dump(&self, out: &mut dyn std::io::Write) -> std::io::Result<u64> {
        let published = self.shared.published.load_full();
        dump(&self.shared.store, published.head, &published.checkpoint, out)
    }
}

fn dump(store: &Store, size: u64, note: &str, out: &mut dyn std::io::Write) -> std::io::Result<u64> {
    let mut writer = strongroom_proof::dump::DumpWriter::begin(out, 0, size)?;
    for entry in store.view().records(0..size) {
        let (_, bytes) = entry.map_err(std::io::Error::other)?;
        writer.record(&bytes)?;
    }
    writer.finish(note)?;
    Ok(size)
}

/// Verifies a directory that no server has open, on a shadow: the directory stays as it was found.
///
/// # Errors
/// [`VerifyError`].
pub fn verify_offline(
    dir: &Path,
    root: &dyn RootKeyProvider,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifyReport, VerifyError> {
    let parent = dir
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let shadow = Shadow::make(dir, parent).map_err(OpenError::from)?;
    let unsealed = open_shadow(&shadow, root)?;
    let loaded = open::load(&unsealed, false).and_then(|loaded| {
        let report = &unsealed.opened.report;
        let index = open::load_index(
            &unsealed.opened.store,
            &unsealed.keys,
            report.checked_from,
            report.clean,
        )?;
        // All that an opening reads is read, so that nothing is passed here that is refused there.
        open::load_fingerprints(&unsealed.opened.store, &unsealed.keys)?;
        crate::last_use::LastUse::open(&unsealed.opened.store, &unsealed.keys)?;
        Ok((loaded, index))
    });
    // What fails here may fail on a late record: the first bad one is what is asked for.
    let (loaded, index) =
        loaded.map_err(|error| first_bad(&unsealed.opened.store).unwrap_or(VerifyError::Open(error)))?;
    // What had to be made anew to get this far is a finding, not something to pass over.
    if let Some(what) = loaded.rebuilt.first() {
        return Err(VerifyError::Projection {
            projection: "state",
            what: format!("{what} had to be made anew"),
        });
    }
    if unsealed.opened.report.tiles_rebuilt > 0 {
        let what = format!("{} tiles had to be made anew", unsealed.opened.report.tiles_rebuilt);
        return Err(VerifyError::Projection {
            projection: "tree",
            what,
        });
    }
    let store = &unsealed.opened.store;
    let head = store.head();
    let note = signed(&unsealed)?;
    let what = What {
        store,
        keys: &unsealed.keys,
        index: &index,
        state: &loaded.state,
        size: head.size,
        root: head.root,
        note: &note,
    };
    // The state that the fold is compared with was loaded from the rows.
    what.verify(progress).map(|(report, _)| report)
}

/// Writes the dump of a directory that no server has open.
///
/// # Errors
/// [`VerifyError`].
pub fn dump_offline(dir: &Path, root: &dyn RootKeyProvider, out: &mut dyn std::io::Write) -> Result<u64, VerifyError> {
    let parent = dir
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let shadow = Shadow::make(dir, parent).map_err(OpenError::from)?;
    let unsealed = open_shadow(&shadow, root)?;
    let head = unsealed.opened.store.head();
    let note = signed(&unsealed)?;
    dump(&unsealed.opened.store, head.size, &note, out).map_err(|error| VerifyError::Open(OpenError::Thread(error)))
}

/// What the root key in hand opens.
#[derive(Debug, Clone, serde::Serialize)]
pub struct KeysReport {
    /// Origin of the ledger.
    pub origin: String,
    /// Sequence of the key file.
    pub key_file_sequence: u64,
    /// Data keys that were unwrapped.
    pub data_keys: u64,
    /// Records of the log.
    pub records: u64,
    /// The first record's history part opened.
    pub first_record_opened: bool,
}

/// Proves that a root key opens key file, data keys and first record of a directory that no server has open.
///
/// # Errors
/// [`OpenError`].
pub fn check_keys(dir: &Path, root: &dyn RootKeyProvider) -> Result<KeysReport, OpenError> {
    let parent = dir
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let shadow = Shadow::make(dir, parent)?;
    let key_file = keyfile::read(&strongroom_log::Layout::new(shadow.dir()).key_file())?
        .ok_or_else(|| OpenError::NoLedger { dir: dir.to_owned() })?;
    let unsealed = open_shadow(&shadow, root)?;
    open::load(&unsealed, false)?;
    let first = unsealed.opened.store.record(0)?.ok_or(OpenError::NotBorn)?;
    crate::opened::open_recorded(&unsealed.keys, 0, &first).map_err(|error| OpenError::Record {
        position: 0,
        what: error.to_string(),
    })?;
    let data_keys = unsealed
        .keys
        .data_keys
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .len() as u64;
    Ok(KeysReport {
        origin: unsealed.keys.origin.clone(),
        key_file_sequence: key_file.sequence(),
        data_keys,
        records: unsealed.opened.store.head().size,
        first_record_opened: true,
    })
}

/// The first record that is absent or not what it should be, by the checks that need no key.
fn first_bad(store: &Store) -> Option<VerifyError> {
    let mut log = LogVerifier::new();
    let size = store.head().size;
    for (next, entry) in (0..).zip(store.view().records(0..size)) {
        let checked = match entry {
            Ok((_, bytes)) => log.push(&bytes).map(|_| ()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(what) = checked {
            return Some(VerifyError::Record { position: next, what });
        }
    }
    None
}

fn open_shadow(shadow: &Shadow, root: &dyn RootKeyProvider) -> Result<Unsealed, OpenError> {
    let data_dir = shadow.lock()?;
    let key_file = keyfile::read(&data_dir.layout().key_file())?.ok_or_else(|| OpenError::NoLedger {
        dir: shadow.dir().to_owned(),
    })?;
    let root = root.root_key(key_file.source())?;
    let contents = open::Contents::all(&key_file, &root)?;
    open::unseal(data_dir, contents, &key_file, &shadow.options(), None)
}

/// A checkpoint of the log as it was found.
fn signed(unsealed: &Unsealed) -> Result<std::sync::Arc<str>, OpenError> {
    let powers = unsealed.keys.powers.as_ref().ok_or(OpenError::HistoryOnly)?;
    let head = unsealed.opened.store.head();
    let origin = &unsealed.keys.origin;
    Ok(crate::commit::sign(origin, &powers.signer, head.size, head.root))
}

/// What is verified, and what it must equal.
struct What<'a> {
    store: &'a Store,
    keys: &'a Keyring,
    index: &'a Index,
    state: &'a State,
    size: u64,
    root: Hash,
    note: &'a str,
}

impl What<'_> {
    /// Reads everything; returns the fresh fold, too.
    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<(VerifyReport, State), VerifyError> {
        let mut log = LogVerifier::new();
        let note = self.expect_earlier(&mut log)?;
        let mut state = State::default();
        let mut expected: HashMap<Term, Vec<Position>> = HashMap::new();
        let mut secrets_opened = 0;
        let mut next = 0;
        for entry in self.store.view().records(0..self.size) {
            let (position, bytes) = entry.map_err(|error| VerifyError::Record {
                position: next,
                what: error.to_string(),
            })?;
            let wrong = |what: String| VerifyError::Record { position, what };
            let accepted = log.push(&bytes).map_err(|error| wrong(error.to_string()))?;
            self.check_tiles(&accepted.tiles).map_err(wrong)?;
            let recorded =
                open_parsed(self.keys, position, &accepted.record).map_err(|error| wrong(error.to_string()))?;
            // History keys open no secret part: its digest was checked.
            if let Some(id) = recorded.secret_key_id.filter(|_| self.keys.powers.is_some()) {
                let key = self
                    .keys
                    .data_key(&id)
                    .ok_or_else(|| wrong("the data key that it names is not there".to_owned()))?;
                open_secret(&accepted.record, &self.keys.ledger_id, &key).map_err(|error| wrong(error.to_string()))?;
                secrets_opened += 1;
            }
            let posting = Posting::of(self.keys, &recorded);
            for term in posting.terms() {
                let list = expected.entry(*term).or_default();
                if list.last() != Some(&position) {
                    list.push(position);
                }
            }
            evolve(&mut state, &recorded);
            next = position + 1;
            if next % PROGRESS_EVERY == 0 {
                progress(next, self.size);
            }
        }
        if log.root() != self.root {
            return Err(VerifyError::Checkpoint(format!(
                "the tree over {} records has another root than the one that was committed",
                self.size
            )));
        }
        let verified = match note {
            Some(note) => log.finish_with(note),
            None => log.finish(),
        };
        let verified = verified.map_err(|error| VerifyError::Checkpoint(error.to_string()))?;
        if let Some(key) = state.first_difference(self.state) {
            return Err(VerifyError::Projection {
                projection: "state",
                what: format!("{key:?}"),
            });
        }
        let postings = self.check_index(&expected)?;
        // Last: where rows are damaged, too, their positions say more.
        self.store.check_tables().map_err(OpenError::Store)?;
        progress(self.size, self.size);
        let report = VerifyReport {
            records: self.size,
            root: audit::hex(&self.root.0),
            streams: verified.streams as u64,
            signed_size: verified.signed_size,
            secrets_opened,
            state_rows: state.entities().count() as u64,
            postings,
        };
        Ok((report, state))
    }

    /// Holds the log against what was signed last; what was signed of its very end is given back. A log that is only looked at may
    /// end behind it.
    fn expect_earlier(&self, log: &mut LogVerifier) -> Result<Option<SignedNote>, VerifyError> {
        if self.note.is_empty() {
            return Ok(None);
        }
        let note = SignedNote::parse(self.note).map_err(|error| VerifyError::Checkpoint(error.to_string()))?;
        if note.checkpoint.size >= self.size {
            return Ok(Some(note));
        }
        log.expect_note(note)
            .map_err(|error| VerifyError::Checkpoint(error.to_string()))?;
        Ok(None)
    }

    /// A stored tile must be the one that the records give.
    fn check_tiles(
        &self,
        tiles: &[(strongroom_proof::tree::TileId, strongroom_proof::tree::Tile)],
    ) -> Result<(), String> {
        for (id, tile) in tiles {
            let stored = self.store.proofs().tile(*id, 256).map_err(|error| error.to_string())?;
            if stored.is_none_or(|stored| stored.as_slice() != tile.hashes().as_slice()) {
                return Err(format!("the stored tile {id:?} is not the tree's"));
            }
        }
        Ok(())
    }

    /// The index must list exactly the positions of each term.
    fn check_index(&self, expected: &HashMap<Term, Vec<Position>>) -> Result<u64, VerifyError> {
        let mut postings = 0;
        for (term, positions) in expected {
            let found = self
                .index
                .positions(self.store, term, 0..self.size, false, usize::MAX)
                .map_err(|error| VerifyError::Projection {
                    projection: "index",
                    what: error.to_string(),
                })?;
            if found != *positions {
                let first = positions.iter().zip(&found).find(|(expected, found)| expected != found);
                let at = first.map_or_else(|| positions.len().min(found.len()) as u64, |(expected, _)| *expected);
                return Err(VerifyError::Projection {
                    projection: "index",
                    what: format!("a posting list differs at position {at}"),
                });
            }
            postings += positions.len() as u64;
        }
        Ok(postings)
    }
}
