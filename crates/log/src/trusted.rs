//! Leaf hashes that are the tree's, whatever the disk says: each stored tile is proved once, and remembered.
//!
//! A full tile never changes, and its root is a hash of the tile above; what is in no full tile yet lies in memory, as the opening
//! checked it and commits made it since. So a tile whose root is the hash above it is the tree's for good, and to prove a
//! record costs its own leaf hash, not a path of hashes through each level (RFC 9162 §2.1.3).

use std::sync::Arc;

use strongroom_proof::Hash;
use strongroom_proof::tree::{TILE_WIDTH, Tile, TileId, TileReader as _};

use crate::limits::TRUSTED_TILES;
use crate::{Proofs, StoreError};

/// Tiles that were proved.
pub(crate) type TrustedTiles = quick_cache::sync::Cache<TileId, Arc<Tile>>;

/// Room for [`TRUSTED_TILES`].
pub(crate) fn trusted_tiles() -> TrustedTiles {
    TrustedTiles::new(TRUSTED_TILES)
}

impl Proofs {
    /// Returns the leaf hash that the tree has at `position`. Costs 255 hashes for the first of 256 neighbours, a look into
    /// memory for the others.
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
        if let Some(tile) = trusted.get(&id) {
            return Ok(tile);
        }
        let tile = Arc::new(self.store().tile(id)?);
        // Each level has 256 times fewer tiles than the one below: at most eight deep.
        if self.trusted_node(id.level + 1, id.index)? != Some(tile.root()) {
            return Err(StoreError::Tile {
                level: id.level,
                index: id.index,
            });
        }
        trusted.insert(id, Arc::clone(&tile));
        Ok(tile)
    }
}
