//! The tree over the leaf hashes: RFC 9162 §2.1 with SHA-256, cut into tiles of 256 hashes.
//!
//! A node is named by its level (0: leaves) and its index in the level; only nodes over full
//! subtrees have names, and they never change. A tile of tile level L holds 256 neighbouring nodes
//! of level 8 × L. Full tiles are stored; what is not yet in a full tile is the right edge, which
//! the [`Frontier`] holds.

mod check;
mod frontier;
mod prove;
mod tile;

use sha2::{Digest, Sha256};

use crate::Hash;
use crate::hash::sha256_of;

pub use check::{ProofError, verify_consistency, verify_inclusion};
pub use frontier::Frontier;
pub use prove::{NodeReader, TreeError, consistency_proof, inclusion_proof, root_at};
pub use tile::{TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, TileId, TileReader, TileTree};

/// Hashes two neighbouring nodes to their parent: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn hash_children(left: &Hash, right: &Hash) -> Hash {
    sha256_of::<32, 32, 2>(0x01, &left.0, &right.0)
}

/// Returns the root of the tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// Hashes the nodes over a full subtree, or over the right edge of a tree, to their root.
///
/// # Panics
/// When there is no node.
fn fold_nodes(nodes: &[Hash]) -> Hash {
    assert!(!nodes.is_empty(), "the caller asks for nodes that are there");
    if let [node] = nodes {
        return *node;
    }
    let (left, right) = nodes.split_at(split(nodes.len() as u64) as usize);
    hash_children(&fold_nodes(left), &fold_nodes(right))
}

/// The largest power of two below `n`, for `n` of at least 2: where RFC 9162 splits a tree.
fn split(n: u64) -> u64 {
    debug_assert!(n >= 2);
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests;
