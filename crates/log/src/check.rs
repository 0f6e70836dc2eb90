//! The log against its anchor: is every record there, and are they those that were acknowledged?

use std::collections::BTreeMap;

use strongroom_proof::record::RecordRef;
use strongroom_proof::tree::{Frontier, TILE_WIDTH, Tile, TileId, TileReader as _};

use crate::{Slot, Space, Store, StoreError, read, tree};

/// A log that agrees with its anchor.
pub(crate) struct Checked {
    /// The right edge at the log's end.
    pub(crate) frontier: Frontier,
    /// The first position whose record was read and hashed.
    pub(crate) from: u64,
    /// Tiles that were absent or other than the records say.
    pub(crate) tiles: BTreeMap<TileId, Tile>,
}

/// Why a log does not agree.
#[derive(Debug)]
pub(crate) enum Disagreement {
    /// Fewer records than the anchor says.
    Shorter,
    /// The root at the anchor's size is another, or records stand behind a clean stop.
    Differs,
    /// A record is absent or damaged.
    Hole(u64, StoreError),
    /// The database could not be read.
    Store(StoreError),
}

impl From<StoreError> for Disagreement {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Hole { position } | StoreError::Record { position, .. } => Self::Hole(position, error),
            other => Self::Store(other),
        }
    }
}

/// Returns the number of records by the highest position.
pub(crate) fn size(store: &Store) -> Result<u64, StoreError> {
    match store.spaces().of(Space::Log).last_key_value() {
        None => Ok(0),
        Some(row) => Ok(read::position_of(&row.key()?)? + 1),
    }
}

/// Reads every record from `from` to the end, compares the root at the anchor's size, and every
/// tile on the way. Costs about 2 µs for each record.
///
/// Where stored tiles do not lead to the anchor's root, the whole log is read: it may be the tiles
/// that are damaged, and they can be made again.
pub(crate) fn check_log(store: &Store, anchor: &Slot, size: u64, from: u64) -> Result<Checked, Disagreement> {
    if size < anchor.size {
        return Err(Disagreement::Shorter);
    }
    if anchor.clean && size > anchor.size {
        // A run commits only once its own slot, which is not clean, is synced: what stands behind a
        // clean stop was put there by someone else, or the slot is of an earlier stop.
        return Err(Disagreement::Differs);
    }
    let from = from.min(anchor.size);
    let from = from - from % TILE_WIDTH as u64;
    let first_try = match Frontier::restore(from, no_leaf, |id| store.tile(id)) {
        Ok(frontier) => walk(store, anchor, size, frontier),
        Err(StoreError::Tile { .. }) => Err(Disagreement::Differs),
        Err(other) => Err(other.into()),
    };
    match first_try {
        Err(Disagreement::Differs) if from > 0 => walk(store, anchor, size, Frontier::new()),
        result => result,
    }
}

/// At a multiple of the tile width no leaf is outside a full tile.
fn no_leaf(position: u64) -> Result<strongroom_proof::Hash, StoreError> {
    Err(StoreError::Hole { position })
}

fn walk(store: &Store, anchor: &Slot, size: u64, mut frontier: Frontier) -> Result<Checked, Disagreement> {
    let from = frontier.size();
    let mut tiles = BTreeMap::new();
    let mut records = store.view().records_uncut(from..size);
    loop {
        if frontier.size() == anchor.size && frontier.root() != anchor.root {
            return Err(Disagreement::Differs);
        }
        let Some(row) = records.next() else { break };
        let (position, bytes) = row?;
        let damaged = |source| StoreError::Record { position, source };
        let record = RecordRef::parse(&bytes).map_err(damaged)?;
        record.check_digests().map_err(damaged)?;
        for (id, tile) in frontier.append(record.leaf_hash()) {
            let stored = store.row(Space::Tree, &tree::tile_key(id))?;
            if stored.is_none_or(|stored| *stored != *tile.to_bytes()) {
                tiles.insert(id, tile);
            }
        }
    }
    Ok(Checked { frontier, from, tiles })
}
