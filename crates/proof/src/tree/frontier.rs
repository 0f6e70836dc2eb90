//! The right edge of a growing tree.

use super::{TILE_HEIGHT, TILE_WIDTH, Tile, TileId, empty_root, fold_nodes, hash_children};
use crate::Hash;

/// A growing tree: takes leaf hashes, gives the root, and gives out each tile when it is full.
///
/// Holds, for each tile level, the at most 255 hashes that are in no full tile yet, and the roots
/// of the full subtrees that make up the tree. It is enough to go on, not to prove: proofs read the
/// full tiles beside it ([`super::TileTree`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One root for each set bit of `size`, the largest subtree first.
    peaks: Vec<Hash>,
    /// For each tile level the hashes behind its last full tile.
    rows: Vec<Vec<Hash>>,
}

impl Frontier {
    /// Makes the edge of the tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Computes the edge of a tree of `size` from what is stored: the hashes of the last
    /// `size % 256` leaves, and for each level above the last `< 256` full tiles of the level below.
    ///
    /// Costs at most 255 leaves and 255 tiles for each level.
    ///
    /// # Errors
    /// The first error of `leaf` (asked by position) or `tile`.
    pub fn restore<E>(
        size: u64,
        mut leaf: impl FnMut(u64) -> Result<Hash, E>,
        mut tile: impl FnMut(TileId) -> Result<Tile, E>,
    ) -> Result<Self, E> {
        let mut rows = Vec::new();
        let mut nodes = size;
        for level in 0.. {
            if nodes == 0 {
                break;
            }
            let behind = nodes - nodes % TILE_WIDTH as u64;
            let row: Result<Vec<Hash>, E> = (behind..nodes)
                .map(|index| match level {
                    0 => leaf(index),
                    _ => tile(TileId {
                        level: level - 1,
                        index,
                    })
                    .map(|tile| tile.root()),
                })
                .collect();
            rows.push(row?);
            nodes /= TILE_WIDTH as u64;
        }
        let peaks = rows.iter().rev().flat_map(|row| peaks_of(row)).collect();
        Ok(Self { size, peaks, rows })
    }

    /// Puts an edge together from the rows that [`Frontier::row`] gives, the lowest level first. `None` when they are not as long as
    /// the rows of a tree of that size; whether their hashes are that tree's its root tells.
    #[must_use]
    pub fn of_rows(size: u64, rows: Vec<Vec<Hash>>) -> Option<Self> {
        let mut nodes = size;
        for row in &rows {
            if nodes == 0 || row.len() as u64 != nodes % TILE_WIDTH as u64 {
                return None;
            }
            nodes /= TILE_WIDTH as u64;
        }
        let peaks = rows.iter().rev().flat_map(|row| peaks_of(row)).collect();
        (nodes == 0).then_some(Self { size, peaks, rows })
    }

    /// Returns the number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash and returns the tiles that it filled: mostly none, lower levels first.
    ///
    /// Costs one hash on average, ⌈log2(size)⌉ at worst.
    pub fn append(&mut self, leaf: Hash) -> Vec<(TileId, Tile)> {
        let mut filled = Vec::new();
        let mut node = leaf;
        let mut left_neighbours = self.size;
        let mut level = 0;
        self.size += 1;
        self.keep(level, node, &mut filled);
        while left_neighbours & 1 == 1 {
            let left = self.peaks.pop().expect("each set bit of the size has its peak");
            node = hash_children(&left, &node);
            left_neighbours >>= 1;
            level += 1;
            self.keep(level, node, &mut filled);
        }
        self.peaks.push(node);
        filled
    }

    /// Returns the root of the tree. Costs at most ⌈log2(size)⌉ hashes.
    #[must_use]
    pub fn root(&self) -> Hash {
        let root = self
            .peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| hash_children(&left, &right));
        root.unwrap_or_else(empty_root)
    }

    /// Returns the hashes of a tile level behind its last full tile: the level's partial tile,
    /// at most 255 hashes, none above the tree.
    #[must_use]
    pub fn row(&self, tile_level: u8) -> &[Hash] {
        self.rows.get(usize::from(tile_level)).map_or(&[], Vec::as_slice)
    }

    /// Returns the number of full tiles of a tile level.
    #[must_use]
    pub const fn full_tiles(&self, tile_level: u8) -> u64 {
        full_tiles(self.size, tile_level)
    }

    /// Puts a node into the row of its level, if its level has one.
    fn keep(&mut self, level: u8, node: Hash, filled: &mut Vec<(TileId, Tile)>) {
        if !level.is_multiple_of(TILE_HEIGHT) {
            return;
        }
        let tile_level = level / TILE_HEIGHT;
        if self.rows.len() == usize::from(tile_level) {
            self.rows.push(Vec::with_capacity(TILE_WIDTH));
        }
        let row = &mut self.rows[usize::from(tile_level)];
        row.push(node);
        if let Some(tile) = Tile::from_hashes_if_full(row) {
            row.clear();
            let index = full_tiles(self.size, tile_level) - 1;
            filled.push((
                TileId {
                    level: tile_level,
                    index,
                },
                tile,
            ));
        }
    }
}

impl Tile {
    fn from_hashes_if_full(row: &[Hash]) -> Option<Self> {
        if row.len() == TILE_WIDTH {
            Self::from_hashes(row)
        } else {
            None
        }
    }
}

/// The number of full tiles of a tile level in a tree of `size` leaves.
const fn full_tiles(size: u64, tile_level: u8) -> u64 {
    match size.checked_shr((tile_level as u32 + 1) * TILE_HEIGHT as u32) {
        Some(tiles) => tiles,
        None => 0,
    }
}

/// The roots of the full subtrees over a row of a tile, the largest first.
fn peaks_of(row: &[Hash]) -> Vec<Hash> {
    let mut peaks = Vec::new();
    let mut rest = row;
    for level in (0..TILE_HEIGHT).rev() {
        let width = 1 << level;
        if row.len() & width != 0 {
            let (subtree, behind) = rest.split_at(width);
            peaks.push(fold_nodes(subtree));
            rest = behind;
        }
    }
    peaks
}
