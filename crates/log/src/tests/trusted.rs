//! Leaf hashes that are proved against the tree, tiles that are not the tree's.

use super::{Home, record};
use crate::{Space, StoreError, tree};
use strongroom_proof::record::RecordRef;
use strongroom_proof::tree::{TileId, verify_inclusion};

/// Records enough for tiles of two levels: 256 full ones, and some.
const MANY: u64 = 256 * 256 + 300;

fn leaf_of(position: u64) -> strongroom_proof::Hash {
    RecordRef::parse(&record(position)).unwrap().leaf_hash()
}

#[test]
fn every_leaf_is_the_one_that_a_proof_of_inclusion_proves() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    for size in [1, 255, 256, 257, 700] {
        run.append(size - run.frontier.size());
        let proofs = run.store.proofs();
        let root = proofs.head().root;
        for position in 0..size {
            let leaf = proofs.leaf(position).unwrap();
            let path = proofs.inclusion(position, size).unwrap();
            verify_inclusion(&leaf, position, size, &path, &root).unwrap();
        }
        assert!(matches!(proofs.leaf(size), Err(StoreError::Hole { position }) if position == size));
    }
}

#[test]
fn leaves_under_tiles_of_two_levels_are_found() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    while run.frontier.size() < MANY {
        run.commit(2_000.min(MANY - run.frontier.size()));
    }
    let proofs = run.store.proofs();
    for position in [0, 255, 256, 65_535, 65_536, 65_791, 65_792, MANY - 1] {
        assert_eq!(proofs.leaf(position).unwrap(), leaf_of(position), "position {position}");
    }
}

/// Whoever has the disk changes a record under a running ledger and, so that it fits, its tile.
#[test]
fn a_tile_that_is_not_the_trees_is_refused() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(600);
    let id = TileId { level: 0, index: 1 };
    let mut bytes = run
        .store
        .row(Space::Tree, &tree::tile_key(id))
        .unwrap()
        .unwrap()
        .to_vec();
    bytes[32 * 44..32 * 45].copy_from_slice(&leaf_of(7).0);
    let tiles = run.store.spaces().of(Space::Tree);
    tiles.insert(tree::tile_key(id), bytes).unwrap();
    let proofs = run.store.proofs();
    assert_eq!(proofs.leaf(0).unwrap(), leaf_of(0), "the tile beside it is whole");
    assert_eq!(proofs.leaf(599).unwrap(), leaf_of(599), "the edge is in memory");
    for position in [256, 300, 511] {
        let refused = proofs.leaf(position).unwrap_err();
        assert!(
            matches!(refused, StoreError::Tile { level: 0, index: 1 }),
            "{refused:?}"
        );
    }
}
