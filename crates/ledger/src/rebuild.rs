//! Replay: the log folded into state, and state written as rows.

use crate::Ledger;
use crate::error::OpenError;
use crate::keyring::Keyring;
use crate::opened::open_parsed;
use crate::project::{HEAD_ROW_KEY, PROJECTION_ROW_KEY, PROJECTION_VERSION, Projection};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use strongroom_domain::State;
use strongroom_domain::event::Recorded;
use strongroom_domain::evolve::evolve;
use strongroom_domain::ids::Position;
use strongroom_log::{Slice, Space, Store};
use strongroom_proof::record::RecordRef;
use strongroom_proof::tree::Frontier;
use strongroom_proof::verify::LogVerifier;
use strongroom_seal::random_bytes;

/// Records between two words of progress: a multiple of a piece's.
const PROGRESS_EVERY: u64 = 4_096;
/// Records that go from one thread to the other at a time.
const PIECE_RECORDS: usize = 256;
/// Pieces that may wait to be folded.
const PIECES_WAITING: usize = 8;

impl Ledger {
    /// State as the first `size` records made it, folded from the log anew. Blocks; for a thread that may.
    ///
    /// # Errors
    /// [`OpenError::Record`] with the first record that can't be read.
    pub fn replay(&self, size: u64, progress: &mut dyn FnMut(u64)) -> Result<State, OpenError> {
        let size = size.min(self.shared.published.load().head);
        fold(&self.shared.store, &self.shared.keys, 0..size, progress)
    }
}

/// Folds records into state, from the beginning: one thread reads and checks them, this one folds. Records are opened by
/// whichever waits for the other, so that neither the processor's speed at hashes nor that of the fold decides alone.
pub(crate) fn fold(
    store: &Store,
    keys: &Keyring,
    range: Range<u64>,
    progress: &mut dyn FnMut(u64),
) -> Result<State, OpenError> {
    fold_seen(store, keys, range, progress, &mut |_, _| {})
}

/// The same, with the state shown after each record, by how many they were.
pub(crate) fn fold_seen(
    store: &Store,
    keys: &Keyring,
    range: Range<u64>,
    progress: &mut dyn FnMut(u64),
    seen: &mut dyn FnMut(u64, &State),
) -> Result<State, OpenError> {
    let mut state = State::default();
    let (sender, pieces) = mpsc::sync_channel(PIECES_WAITING);
    let waiting = AtomicUsize::new(0);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            check_all(
                store,
                keys,
                range,
                &Out {
                    sender,
                    waiting: &waiting,
                },
            )
        });
        let mut failed = None;
        for piece in pieces {
            waiting.fetch_sub(1, Ordering::Relaxed);
            match piece.opened(keys) {
                Ok(opened) => {
                    for recorded in &opened {
                        evolve(&mut state, recorded);
                        seen(recorded.position + 1, &state);
                    }
                    let ends = |last: &Recorded| last.position / PROGRESS_EVERY != (last.position + 1) / PROGRESS_EVERY;
                    if let Some(last) = opened.last().filter(|last| ends(last)) {
                        progress(last.position);
                    }
                }
                Err(error) => {
                    failed = Some(error);
                    break; // who reads finds nobody there, and ends
                }
            }
        }
        match (reader.join(), failed) {
            // What stands earlier in the log is what is told.
            (_, Some(error)) => Err(error),
            (Ok(read), None) => read,
            (Err(panic), None) => std::panic::resume_unwind(panic),
        }
    })?;
    Ok(state)
}

/// Records that were checked, in order.
enum Piece {
    /// Still sealed.
    Checked(Vec<(Position, Slice)>),
    /// Opened.
    Opened(Vec<Recorded>),
}

impl Piece {
    fn opened(self, keys: &Keyring) -> Result<Vec<Recorded>, OpenError> {
        let checked = match self {
            Self::Opened(opened) => return Ok(opened),
            Self::Checked(checked) => checked,
        };
        let open = |(position, bytes): &(Position, Slice)| {
            let wrong = |what: String| OpenError::Record {
                position: *position,
                what,
            };
            let record = RecordRef::parse(bytes).map_err(|error| wrong(error.to_string()))?;
            open_parsed(keys, *position, &record).map_err(|error| wrong(error.to_string()))
        };
        checked.iter().map(open).collect()
    }
}

/// Where pieces go, and how many wait there.
struct Out<'w> {
    sender: mpsc::SyncSender<Piece>,
    waiting: &'w AtomicUsize,
}

impl Out<'_> {
    /// Sends a piece on; opens it first where who folds has enough to do. False when nobody takes it any more.
    fn send(&self, keys: &Keyring, checked: Vec<(Position, Slice)>) -> Result<bool, OpenError> {
        let mut piece = Piece::Checked(checked);
        if self.waiting.load(Ordering::Relaxed) >= PIECES_WAITING / 2 {
            piece = Piece::Opened(piece.opened(keys)?);
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(self.sender.send(piece).is_ok())
    }
}

/// Sends records on, in pieces. Order is checked as anyone would check it: a record put in a second time must not be folded
/// in.
fn check_all(store: &Store, keys: &Keyring, range: Range<u64>, out: &Out<'_>) -> Result<(), OpenError> {
    let mut log = LogVerifier::new();
    let mut piece = Vec::with_capacity(PIECE_RECORDS);
    for entry in store.view().records(range) {
        let (position, bytes) = entry?;
        let wrong = |what: String| OpenError::Record { position, what };
        log.push(&bytes).map_err(|error| wrong(error.to_string()))?;
        piece.push((position, bytes));
        if piece.len() == PIECE_RECORDS {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE_RECORDS));
            if !out.send(keys, full)? {
                return Ok(());
            }
        }
    }
    out.send(keys, piece)?;
    Ok(())
}

/// Replaces all rows of `state`. The head row goes first and comes back last: a crash in between rebuilds again.
pub(crate) fn write_state(
    store: &Store,
    keys: &Keyring,
    state: &State,
    projection: &mut Projection,
    frontier: &Frontier,
) -> Result<(), OpenError> {
    let mut gone = store.row_batch();
    gone.remove(Space::Meta, HEAD_ROW_KEY);
    gone.write_durably()?;
    store.empty(Space::State)?;
    let mut rows = Vec::new();
    for key in state.entities() {
        let Some(row) = state.row(&key) else { continue };
        rows.push(projection.put_state_row(keys, &key, &row, &random_bytes()?));
    }
    rows.sort_unstable();
    store.load(Space::State, rows)?;
    write_version(store)?;
    let mut head = store.row_batch();
    head.put(
        Space::Meta,
        HEAD_ROW_KEY,
        projection.head_row(keys, frontier, &random_bytes()?),
    );
    head.write_durably()?;
    Ok(())
}

/// Says which version of the projection the rows of `state` are.
pub(crate) fn write_version(store: &Store) -> Result<(), OpenError> {
    let mut version = store.row_batch();
    version.put(
        Space::Meta,
        PROJECTION_ROW_KEY,
        PROJECTION_VERSION.to_be_bytes().as_slice(),
    );
    Ok(version.write_durably()?)
}
