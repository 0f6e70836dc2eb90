//! Checking proofs against roots; needs nothing but the proof.

use super::{empty_root, hash_children};
use crate::Hash;

/// A proof that proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Position and sizes can't belong together.
    #[error("{at} is not in a tree of {size} records")]
    Range {
        /// The position, or the old size.
        at: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The proof has more or fewer hashes than position and sizes ask for.
    #[error("the proof has {found} hashes, which does not fit position and size")]
    Len {
        /// Hashes that are there.
        found: usize,
    },
    /// The proof leads to another root than that of the (new) tree.
    #[error("the proof does not lead to the root")]
    Root,
    /// The proof leads to another root than that of the old tree.
    #[error("the proof does not lead to the old root")]
    OldRoot,
}

/// Checks that `leaf` is at `position` of the tree of `size` with this root: RFC 9162 §2.1.3.2.
///
/// # Errors
/// [`ProofError`]: nothing is proved then.
pub fn verify_inclusion(leaf: &Hash, position: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if position >= size {
        return Err(ProofError::Range { at: position, size });
    }
    let wrong_len = ProofError::Len { found: proof.len() };
    // `node` is the index of the node that `hash` is of, `last` that of the level's last node.
    let (mut node, mut last) = (position, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(wrong_len);
        }
        if node & 1 == 1 || node == last {
            hash = hash_children(sibling, &hash);
            // A last node without sibling goes up unchanged to where it is a right child.
            while node & 1 == 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = hash_children(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_len);
    }
    if hash != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// Checks that the tree of size `old` is a prefix of that of size `new`: RFC 9162 §2.1.4.2.
///
/// The empty tree is a prefix of each: `old` may be 0, with the empty root and an empty proof.
///
/// # Errors
/// [`ProofError`]: nothing is proved then.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Hash],
    old_root: &Hash,
    new_root: &Hash,
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Range { at: old, size: new });
    }
    let wrong_len = ProofError::Len { found: proof.len() };
    if old == 0 || old == new {
        let expected = if old == 0 { &empty_root() } else { new_root };
        if !proof.is_empty() {
            return Err(wrong_len);
        }
        return if old_root == expected {
            Ok(())
        } else {
            Err(ProofError::OldRoot)
        };
    }
    // `node` and `last` are as above, for the last leaf of the old tree; go up to where the old
    // tree's last full subtree is a left child, or to its root.
    let up = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> up, (new - 1) >> up);
    let (first, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(wrong_len)?
    };
    let (mut from_old, mut from_new) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(wrong_len);
        }
        if node & 1 == 1 || node == last {
            from_old = hash_children(sibling, &from_old);
            from_new = hash_children(sibling, &from_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            from_new = hash_children(&from_new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_len);
    }
    if from_old != *old_root {
        return Err(ProofError::OldRoot);
    }
    if from_new != *new_root {
        return Err(ProofError::Root);
    }
    Ok(())
}
