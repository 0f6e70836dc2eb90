//! Full tiles, and how nodes are read from them.

use std::cell::RefCell;

use super::{Frontier, NodeReader, fold_nodes};
use crate::Hash;

/// Levels of the tree between a tile's hashes and its root (C2SP tlog-tiles).
pub const TILE_HEIGHT: u8 = 8;

/// Hashes of a full tile.
pub const TILE_WIDTH: usize = 256;

/// Bytes of a full tile as stored and as served: its hashes, one behind the other.
pub const TILE_BYTES: usize = TILE_WIDTH * 32;

const _: () = assert!(TILE_WIDTH == 1 << TILE_HEIGHT, "tlog-tiles fixes both");

/// Where a tile stands: the nodes `index × 256 ..` of the tree's level `8 × level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// Tile level; 0 holds the leaf hashes.
    pub level: u8,
    /// Index of the tile in its level.
    pub index: u64,
}

/// The hashes of a full tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile(Box<[Hash; TILE_WIDTH]>);

impl Tile {
    /// Takes a full row of hashes; `None` when there are not exactly [`TILE_WIDTH`].
    #[must_use]
    pub fn from_hashes(hashes: &[Hash]) -> Option<Self> {
        Box::<[Hash; TILE_WIDTH]>::try_from(Box::<[Hash]>::from(hashes))
            .ok()
            .map(Self)
    }

    /// Reads a tile as stored; `None` when there are not exactly [`TILE_BYTES`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() {
            return None;
        }
        let hashes: Box<[Hash]> = hashes.iter().copied().map(Hash).collect();
        Box::<[Hash; TILE_WIDTH]>::try_from(hashes).ok().map(Self)
    }

    /// Returns the tile as it is stored and served.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.0).collect()
    }

    /// Returns the hashes, left to right.
    #[must_use]
    pub fn hashes(&self) -> &[Hash; TILE_WIDTH] {
        &self.0
    }

    /// Returns the node over the whole tile: a hash of the tile above. Costs 255 hashes.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_nodes(self.0.as_slice())
    }
}

/// Gives out the full tiles that are stored.
pub trait TileReader {
    /// Why a tile could not be read.
    type Error;

    /// Returns a full tile.
    ///
    /// # Errors
    /// When the tile is absent (a hole: only tiles that must be full are asked for) or unreadable.
    fn tile(&self, id: TileId) -> Result<Tile, Self::Error>;
}

/// The nodes of a tree whose full tiles are stored and whose right edge is in memory.
///
/// Remembers the last tile read, so that a proof reads each of its tiles once.
pub struct TileTree<'a, T> {
    tiles: &'a T,
    edge: &'a Frontier,
    last: RefCell<Option<(TileId, Tile)>>,
}

impl<'a, T: TileReader> TileTree<'a, T> {
    /// Joins stored tiles and right edge; the tiles must be there up to the edge's size.
    #[must_use]
    pub fn new(tiles: &'a T, edge: &'a Frontier) -> Self {
        Self {
            tiles,
            edge,
            last: RefCell::new(None),
        }
    }
}

impl<T: TileReader> NodeReader for TileTree<'_, T> {
    type Error = T::Error;

    fn size(&self) -> u64 {
        self.edge.size()
    }

    fn node(&self, level: u8, index: u64) -> Result<Hash, T::Error> {
        let inside = level % TILE_HEIGHT;
        let first = index << inside;
        let id = TileId {
            level: level / TILE_HEIGHT,
            index: first / TILE_WIDTH as u64,
        };
        let offset = (first % TILE_WIDTH as u64) as usize;
        let range = offset..offset + (1 << inside);
        if id.index >= self.edge.full_tiles(id.level) {
            return Ok(fold_nodes(&self.edge.row(id.level)[range]));
        }
        let mut last = self.last.borrow_mut();
        let tile = match &mut *last {
            Some((held, tile)) if *held == id => tile,
            last => &mut last.insert((id, self.tiles.tile(id)?)).1,
        };
        Ok(fold_nodes(&tile.0[range]))
    }
}
