use std::collections::HashMap;
use std::convert::Infallible;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;

use super::*;

/// The definition of RFC 9162 §2.1.1, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash(Sha256::digest([]).into()),
        [leaf] => *leaf,
        _ => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            let bytes = [&[1][..], &naive_root(&leaves[..k]).0, &naive_root(&leaves[k..]).0].concat();
            Hash(Sha256::digest(bytes).into())
        }
    }
}

fn entry(n: u64) -> [u8; 8] {
    n.to_be_bytes()
}

fn leaf(n: u64) -> Hash {
    Hash(Sha256::digest([&[0][..], &entry(n)].concat()).into())
}

#[derive(Default)]
struct Stored(HashMap<TileId, Tile>);

impl TileReader for Stored {
    type Error = TileId;

    fn tile(&self, id: TileId) -> Result<Tile, TileId> {
        self.0.get(&id).cloned().ok_or(id)
    }
}

fn grow(size: u64) -> (Frontier, Stored) {
    let mut edge = Frontier::new();
    let mut stored = Stored::default();
    for n in 0..size {
        stored.0.extend(edge.append(leaf(n)));
    }
    (edge, stored)
}

fn oracle(size: u64) -> MemoryBackedTree<Sha256, [u8; 8]> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|n| tree.push(entry(n)));
    tree
}

fn oracle_root(root: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), size)
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

#[test]
fn the_empty_tree_has_the_root_of_the_standard() {
    let root = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty_root().to_string(), root);
    assert_eq!(Frontier::new().root(), empty_root());
}

#[test]
fn roots_and_edges_are_those_of_the_naive_tree() {
    let mut edge = Frontier::new();
    let mut leaves = Vec::new();
    for n in 0..600 {
        edge.append(leaf(n));
        leaves.push(leaf(n));
        assert_eq!(edge.root(), naive_root(&leaves), "size {}", n + 1);
        assert_eq!(edge.row(0), &leaves[leaves.len() / 256 * 256..]);
    }
    assert_eq!(edge.size(), 600);
    assert_eq!(edge.full_tiles(0), 2);
    assert_eq!(edge.full_tiles(1), 0);
    assert_eq!(edge.row(1), [naive_root(&leaves[..256]), naive_root(&leaves[256..512])]);
    assert_eq!(edge.row(2), []);
}

#[test]
fn tiles_come_out_when_full_and_in_order() {
    let mut edge = Frontier::new();
    for n in 0..65_536 {
        let filled = edge.append(leaf(n));
        let expected: Vec<TileId> = match n {
            65_535 => vec![TileId { level: 0, index: 255 }, TileId { level: 1, index: 0 }],
            n if n % 256 == 255 => vec![TileId {
                level: 0,
                index: n / 256,
            }],
            _ => vec![],
        };
        assert_eq!(filled.iter().map(|(id, _)| *id).collect::<Vec<_>>(), expected);
        for (id, tile) in filled {
            if id.level == 1 {
                assert_eq!(tile.root(), edge.root());
            }
        }
    }
    assert_eq!((edge.row(0), edge.row(1), edge.row(2).len()), (&[][..], &[][..], 1));
}

#[test]
fn a_tile_is_its_bytes() {
    let (_, stored) = grow(256);
    let tile = &stored.0[&TileId { level: 0, index: 0 }];
    assert_eq!(tile.to_bytes().len(), TILE_BYTES);
    assert_eq!(Tile::from_bytes(&tile.to_bytes()).as_ref(), Some(tile));
    assert_eq!(tile.hashes()[7], leaf(7));
    for len in [0, TILE_BYTES - 32, TILE_BYTES - 1, TILE_BYTES + 1, TILE_BYTES + 32] {
        assert_eq!(Tile::from_bytes(&vec![0; len]), None, "{len}");
    }
    assert_eq!(Tile::from_hashes(&tile.hashes()[1..]), None);
}

#[test]
fn an_edge_is_restored_from_what_is_stored() {
    for size in [
        0, 1, 255, 256, 257, 511, 512, 1_000, 65_535, 65_536, 65_537, 66_000, 131_333,
    ] {
        let (edge, stored) = grow(size);
        let restored = Frontier::restore(size, |n| Ok(leaf(n)), |id| stored.tile(id));
        let mut restored = restored.unwrap();
        assert_eq!(restored, edge, "size {size}");
        let mut edge = edge;
        for n in size..size + 300 {
            assert_eq!(restored.append(leaf(n)), edge.append(leaf(n)));
        }
        assert_eq!(restored.root(), edge.root());
    }
}

#[test]
fn a_missing_tile_is_an_error() {
    let (edge, mut stored) = grow(600);
    let hole = TileId { level: 0, index: 1 };
    stored.0.remove(&hole);
    let tree = TileTree::new(&stored, &edge);
    assert_eq!(inclusion_proof(&tree, 300, 600), Err(TreeError::Read(hole)));
    assert_eq!(
        Frontier::restore(600, |n| Ok(leaf(n)), |id| stored.tile(id)),
        Err(hole),
        "the edge of level 1 needs each full tile"
    );
}

#[test]
fn what_is_not_in_the_tree_is_refused() {
    let (edge, stored) = grow(10);
    let tree = TileTree::new(&stored, &edge);
    let range = |at, size| TreeError::Range {
        at,
        size,
        tree_size: 10,
    };
    assert_eq!(root_at(&tree, 11), Err(range(11, 11)));
    assert_eq!(inclusion_proof(&tree, 10, 10), Err(range(10, 10)));
    assert_eq!(inclusion_proof(&tree, 0, 0), Err(range(0, 0)));
    assert_eq!(inclusion_proof(&tree, 0, 11), Err(range(0, 11)));
    assert_eq!(consistency_proof(&tree, 0, 10), Err(range(0, 10)));
    assert_eq!(consistency_proof(&tree, 5, 4), Err(range(5, 4)));
    assert_eq!(consistency_proof(&tree, 5, 11), Err(range(5, 11)));
    assert_eq!(root_at(&tree, 0), Ok(empty_root()));
    assert_eq!(consistency_proof(&tree, 10, 10), Ok(vec![]));
}

/// All pairs up to a size at which every shape of a proof occurs: made by us, checked by us and by
/// the oracle; then each wrong position, size, hash and length is refused.
#[test]
fn every_small_proof_holds_and_only_for_what_it_proves() {
    const MAX: u64 = 34;
    let (edge, stored) = grow(MAX);
    let tree = TileTree::new(&stored, &edge);
    let roots: Vec<Hash> = (0..=MAX).map(|size| root_at(&tree, size).unwrap()).collect();
    for size in 1..=MAX {
        let ours = oracle(size);
        for at in 0..size {
            let proof = inclusion_proof(&tree, at, size).unwrap();
            assert_eq!(bytes(&proof), ours.prove_inclusion(at as usize).as_bytes());
            let check =
                |at, size: u64, proof: &[Hash]| verify_inclusion(&leaf(at), at, size, proof, &roots[size as usize]);
            assert_eq!(check(at, size, &proof), Ok(()));
            for other in (0..size).filter(|other| *other != at) {
                assert!(check(other, size, &proof).is_err());
                let moved = verify_inclusion(&leaf(at), other, size, &proof, &roots[size as usize]);
                assert!(moved.is_err(), "leaf {at} passes for position {other} of {size}");
            }
            refuse_altered(&proof, |altered| check(at, size, altered));
        }
        for old in 1..=size {
            let proof = consistency_proof(&tree, old, size).unwrap();
            let added = (size - old) as usize;
            assert_eq!(bytes(&proof), ours.prove_consistency(added).as_bytes());
            let check = |proof: &[Hash]| {
                let (old_root, new_root) = (&roots[old as usize], &roots[size as usize]);
                verify_consistency(old, size, proof, old_root, new_root)
            };
            assert_eq!(check(&proof), Ok(()));
            for other in (1..=size).filter(|other| *other != old) {
                let (other_root, new_root) = (&roots[other as usize], &roots[size as usize]);
                assert!(verify_consistency(other, size, &proof, &roots[old as usize], new_root).is_err());
                assert!(verify_consistency(old, size, &proof, other_root, new_root).is_err());
                if other != size {
                    assert!(verify_consistency(old, size, &proof, &roots[old as usize], other_root).is_err());
                }
            }
            refuse_altered(&proof, check);
        }
    }
}

#[track_caller]
fn refuse_altered(proof: &[Hash], check: impl Fn(&[Hash]) -> Result<(), ProofError>) {
    for n in 0..proof.len() {
        let mut altered = proof.to_vec();
        altered[n].0[31] ^= 1;
        assert!(check(&altered).is_err());
        let mut shorter = proof.to_vec();
        shorter.remove(n);
        assert!(matches!(check(&shorter), Err(ProofError::Len { .. })));
    }
    let longer = [proof, &[Hash([7; 32])]].concat();
    assert!(matches!(check(&longer), Err(ProofError::Len { .. })));
}

#[test]
fn the_empty_tree_is_a_prefix_of_each() {
    let (edge, _) = grow(5);
    assert_eq!(verify_consistency(0, 5, &[], &empty_root(), &edge.root()), Ok(()));
    assert_eq!(verify_consistency(0, 0, &[], &empty_root(), &empty_root()), Ok(()));
    let one = [edge.root()];
    let extra = verify_consistency(0, 5, &one, &empty_root(), &edge.root());
    assert_eq!(extra, Err(ProofError::Len { found: 1 }));
    let wrong = verify_consistency(0, 5, &[], &edge.root(), &edge.root());
    assert_eq!(wrong, Err(ProofError::OldRoot));
    let fewer = verify_consistency(6, 5, &[], &edge.root(), &edge.root());
    assert_eq!(fewer, Err(ProofError::Range { at: 6, size: 5 }));
}

#[test]
fn huge_sizes_neither_panic_nor_loop() {
    let hash = Hash([3; 32]);
    let proof = vec![hash; 64];
    for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1] {
        for at in [0, 1, size / 2, size - 1] {
            assert!(verify_inclusion(&hash, at, size, &proof, &hash).is_err());
            assert!(verify_consistency(at, size, &proof, &hash, &hash).is_err());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Trees of several tiles, against the oracle that keeps every node.
    #[test]
    fn large_proofs_are_those_of_the_oracle(size in 1..1_500u64, picks in any::<[u64; 4]>()) {
        let (edge, stored) = grow(size);
        let tree = TileTree::new(&stored, &edge);
        let full = oracle(size);
        let root = Hash((*full.root().as_bytes()).into());
            prop_assert_eq!(edge.root(), root);
        for pick in picks {
            let at = pick % size;
            let proof = inclusion_proof(&tree, at, size).unwrap();
            prop_assert!(verify_inclusion(&leaf(at), at, size, &proof, &edge.root()).is_ok());
            let theirs = InclusionProof::<Sha256>::from_bytes(bytes(&proof));
            prop_assert!(full.root().verify_inclusion(&entry(at), at, &theirs).is_ok());

            let old = at + 1;
            let old_root = root_at(&tree, old).unwrap();
            let proof = consistency_proof(&tree, old, size).unwrap();
            prop_assert!(verify_consistency(old, size, &proof, &old_root, &edge.root()).is_ok());
            if old < size {
                let theirs = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
                let old_root = oracle_root(old_root, old);
                prop_assert!(full.root().verify_consistency(&old_root, &theirs).is_ok());
            }
        }
    }

    /// An older size of the same tree has the root it had.
    #[test]
    fn the_past_does_not_change(size in 0..2_000u64, more in 0..700u64) {
        let (then, _) = grow(size);
        let (edge, stored) = grow(size + more);
        prop_assert_eq!(root_at(&TileTree::new(&stored, &edge), size), Ok(then.root()));
    }
}

#[test]
fn an_infallible_reader_is_enough() {
    struct Leaves(Vec<Hash>);
    impl NodeReader for Leaves {
        type Error = Infallible;
        fn size(&self) -> u64 {
            self.0.len() as u64
        }
        fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
            let first = (index << level) as usize;
            Ok(naive_root(&self.0[first..first + (1 << level)]))
        }
    }
    let leaves = Leaves((0..77).map(leaf).collect());
    assert_eq!(root_at(&leaves, 77), Ok(naive_root(&leaves.0)));
}
