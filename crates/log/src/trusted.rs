//! Leaf hashes that are the tree's, whatever the disk says: each stored tile is proved once, and remembered.
//!
//! A full tile never changes, and its root is a hash of the tile above; what is in no full tile yet lies in memory, as the opening
//! checked it and commits made it since. So a tile whose root is the hash above it is the tree's for good, and to prove a
//! record costs its own leaf hash, not a path of hashes through each level (RFC 9162 §2.1.3).

use quick_cache::sync::Cache;
use std::sync::Arc;

use strongroom_proof::Hash;
use strongroom_proof::tree::{TILE_WIDTH, Tile, TileId};

use crate::limits::{KNOWN_TILES, TRUSTED_TILES};
use crate::tree::tile_key;
use crate::{Proofs, Space, StoreError};

/// Tiles that were proved: the newest used as they are, many more by a hash of their bytes, so that one that was read again is
/// known for a hundredth of its proof.
pub(crate) struct TrustedTiles {
    tiles: Cache<TileId, Arc<Tile>>,
    known: Cache<TileId, [u8; 32]>,
}

impl TrustedTiles {
    /// Room for [`TRUSTED_TILES`] and [`KNOWN_TILES`].
    pub(crate) fn new() -> Self {
        Self {
            tiles: Cache::new(TRUSTED_TILES),
            known: Cache::new(KNOWN_TILES),
        }
    }
}

impl Proofs {
    /// Returns the leaf hash that the tree has at `position`. Costs 255 hashes for the first of 256 neighbours, a look into
    /// memory for the others, and one hash of 8 KiB when they were not read for long.
    ///
    /// # Errors
    /// [`StoreError::Hole`] for a position at or above the head; [`StoreError::Tile`] for a stored tile that is absent or not
    /// the tree's; the engine's errors.
    pub fn leaf(&self, position: u64) -> Result<Hash, StoreError> {
        self.trusted_node(0, position)?.ok_or(StoreError::Hole { position })
    }

    /// The hash of a tile level at an index; `None` beyond the tree.
    fn trusted_node(&self, level: u8, index: u64) -> Result<Option<Hash>, StoreError> {
        let (tile, place) = (index / TILE_WIDTH as u64, (index % TILE_WIDTH as u64) as usize);
        let edge = &self.head().edge;
        let full = edge.full_tiles(level);
        if tile < full {
            let id = TileId { level, index: tile };
            return Ok(self.trusted_tile(id)?.hashes().get(place).copied());
        }
        Ok(edge.row(level).get(place).filter(|_| tile == full).copied())
    }

    /// A full tile that is the tree's.
    fn trusted_tile(&self, id: TileId) -> Result<Arc<Tile>, StoreError> {
        let trusted = self.store().trusted();
        if let Some(tile) = trusted.tiles.get(&id) {
            return Ok(tile);
        }
        let wrong = || StoreError::Tile {
            level: id.level,
            index: id.index,
        };
        let bytes = self.store().row(Space::Tree, &tile_key(id))?.ok_or_else(wrong)?;
        let tile = Arc::new(Tile::from_bytes(&bytes).ok_or_else(wrong)?);
        let hash = *blake3::hash(&bytes).as_bytes();
        if trusted.known.get(&id) != Some(hash) {
            // Each level has 256 times fewer tiles than the one below: at most eight deep.
            if self.trusted_node(id.level + 1, id.index)? != Some(tile.root()) {
                return Err(wrong());
            }
            trusted.known.insert(id, hash);
        }
        trusted.tiles.insert(id, Arc::clone(&tile));
        Ok(tile)
    }
}
