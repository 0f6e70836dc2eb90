//! Replay: the log folded into state, and state written as rows.

use crate::Ledger;
use crate::error::OpenError;
use crate::keyring::Keyring;
use crate::opened::open_parsed;
use crate::project::{HEAD_ROW_KEY, PROJECTION_ROW_KEY, PROJECTION_VERSION, Projection};
use std::ops::Range;
use std::sync::mpsc;
use std::thread;
use strongroom_domain::State;
use strongroom_domain::event::Recorded;
use strongroom_domain::evolve::evolve;
use strongroom_log::{Space, Store};
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

/// Folds records into state, from the beginning: one thread reads, checks and opens them, this one folds.
///
/// Both cost about the same, so that a replay takes little longer than the reading alone.
pub(crate) fn fold(
    store: &Store,
    keys: &Keyring,
    range: Range<u64>,
    progress: &mut dyn FnMut(u64),
) -> Result<State, OpenError> {
    let mut state = State::default();
    let (sender, opened) = mpsc::sync_channel(PIECES_WAITING);
    thread::scope(|scope| {
        let reader = scope.spawn(move || open_all(store, keys, range, &sender));
        for piece in opened {
            let piece: Vec<Recorded> = piece;
            for recorded in &piece {
                evolve(&mut state, recorded);
            }
            if let Some(last) = piece.last()
                && last.position / PROGRESS_EVERY != (last.position + 1) / PROGRESS_EVERY
            {
                progress(last.position);
            }
        }
        match reader.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    Ok(state)
}

/// Sends the events of records on, in pieces. Order is checked as anyone would check it: a record put in a second time must
/// not be folded in.
fn open_all(
    store: &Store,
    keys: &Keyring,
    range: Range<u64>,
    sender: &mpsc::SyncSender<Vec<Recorded>>,
) -> Result<(), OpenError> {
    let mut log = LogVerifier::new();
    let mut piece = Vec::with_capacity(PIECE_RECORDS);
    for entry in store.view().records(range) {
        let (position, bytes) = entry?;
        let wrong = |what: String| OpenError::Record { position, what };
        let accepted = log.push(&bytes).map_err(|error| wrong(error.to_string()))?;
        piece.push(open_parsed(keys, position, &accepted.record).map_err(|error| wrong(error.to_string()))?);
        if piece.len() == PIECE_RECORDS {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE_RECORDS));
            if sender.send(full).is_err() {
                return Ok(()); // who folds has panicked, and says so
            }
        }
    }
    let _ = sender.send(piece);
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
