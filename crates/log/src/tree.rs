//! Tiles, roots and proofs of the durable tree.

use std::sync::Arc;

use strongroom_proof::Hash;
use strongroom_proof::tree::{
    Tile, TileId, TileReader, TileTree, TreeError, consistency_proof, inclusion_proof, root_at,
};

use crate::store::Head;
use crate::{Space, Store, StoreError};

/// The key of a tile: level ‖ index, big-endian.
pub(crate) fn tile_key(id: TileId) -> [u8; 9] {
    let mut key = [0; 9];
    key[0] = id.level;
    key[1..].copy_from_slice(&id.index.to_be_bytes());
    key
}

impl TileReader for Store {
    type Error = StoreError;

    /// Reads a full tile.
    fn tile(&self, id: TileId) -> Result<Tile, StoreError> {
        self.row(Space::Tree, &tile_key(id))?
            .and_then(|bytes| Tile::from_bytes(&bytes))
            .ok_or(StoreError::Tile {
                level: id.level,
                index: id.index,
            })
    }
}

/// Roots, proofs and tiles up to one durable head.
#[derive(Clone, Debug)]
pub struct Proofs {
    store: Store,
    head: Arc<Head>,
}

impl Store {
    /// Gives out the tree as of the durable head; commits made later don't change it.
    #[must_use]
    pub fn proofs(&self) -> Proofs {
        Proofs {
            head: self.head(),
            store: self.clone(),
        }
    }
}

impl Proofs {
    /// The head that the proofs answer for.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the root of the first `size` records.
    ///
    /// # Errors
    /// [`TreeError::Range`] when `size` is above the head's; [`TreeError::Read`] for a tile.
    pub fn root_at(&self, size: u64) -> Result<Hash, TreeError<StoreError>> {
        root_at(&self.nodes(), size)
    }

    /// Proves that the record at `position` is in the tree of `size` (RFC 9162 §2.1.3.1).
    ///
    /// # Errors
    /// [`TreeError::Range`] unless `position < size <= head.size`; [`TreeError::Read`] for a tile.
    pub fn inclusion(&self, position: u64, size: u64) -> Result<Vec<Hash>, TreeError<StoreError>> {
        inclusion_proof(&self.nodes(), position, size)
    }

    /// Proves that the tree of `from` is a prefix of the tree of `to` (RFC 9162 §2.1.4.1).
    ///
    /// # Errors
    /// [`TreeError::Range`] unless `0 < from <= to <= head.size`; [`TreeError::Read`] for a tile.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, TreeError<StoreError>> {
        consistency_proof(&self.nodes(), from, to)
    }

    /// Returns the first `width` hashes of a tile; `None` when the tree has not so many there.
    ///
    /// # Errors
    /// [`StoreError::Tile`] when a full tile is absent; the engine's errors.
    pub fn tile(&self, id: TileId, width: usize) -> Result<Option<Vec<Hash>>, StoreError> {
        let full = self.head.edge.full_tiles(id.level);
        if id.index < full {
            let tile = self.store.tile(id)?;
            return Ok(tile.hashes().get(..width).map(<[Hash]>::to_vec));
        }
        if id.index > full {
            return Ok(None);
        }
        Ok(self.head.edge.row(id.level).get(..width).map(<[Hash]>::to_vec))
    }

    fn nodes(&self) -> TileTree<'_, Store> {
        TileTree::new(&self.store, &self.head.edge)
    }
}
