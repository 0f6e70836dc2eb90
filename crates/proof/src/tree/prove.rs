//! Making roots and proofs from the nodes of a tree.

use super::{hash_children, split};
use crate::Hash;

/// Gives out the nodes of a tree.
pub trait NodeReader {
    /// Why a node could not be read.
    type Error;

    /// Returns the number of leaves that can be read.
    fn size(&self) -> u64;

    /// Returns the node over the leaves `index << level .. (index + 1) << level`, which are all
    /// below [`NodeReader::size`].
    ///
    /// # Errors
    /// When what is stored is absent or unreadable.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Why there is no root or proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError<E> {
    /// Positions or sizes that are not of this tree.
    #[error("{at} of {size} is not in the tree of {tree_size} records")]
    Range {
        /// The position asked for, or the old size.
        at: u64,
        /// The size for which it was asked.
        size: u64,
        /// The size of the tree.
        tree_size: u64,
    },
    /// A node could not be read.
    #[error("a node of the tree could not be read")]
    Read(#[source] E),
}

/// Returns the root of the first `size` leaves. Reads at most ⌈log2(size)⌉ nodes.
///
/// # Errors
/// [`TreeError::Range`] when the tree is smaller; the reader's errors.
pub fn root_at<R: NodeReader>(reader: &R, size: u64) -> Result<Hash, TreeError<R::Error>> {
    if size > reader.size() {
        return Err(TreeError::Range {
            at: size,
            size,
            tree_size: reader.size(),
        });
    }
    if size == 0 {
        return Ok(super::empty_root());
    }
    subtree(reader, 0, size).map_err(TreeError::Read)
}

/// Proves that the leaf at `position` is in the tree of `size`: RFC 9162 §2.1.3.1.
///
/// Returns at most ⌈log2(size)⌉ hashes, from the leaf to the root.
///
/// # Errors
/// [`TreeError::Range`] unless `position < size <= reader.size()`; the reader's errors.
pub fn inclusion_proof<R: NodeReader>(reader: &R, position: u64, size: u64) -> Result<Vec<Hash>, TreeError<R::Error>> {
    if position >= size || size > reader.size() {
        return Err(TreeError::Range {
            at: position,
            size,
            tree_size: reader.size(),
        });
    }
    let mut proof = Vec::new();
    let (mut begin, mut end) = (0, size);
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        let (other_begin, other_end) = if position < middle {
            let right = (middle, end);
            end = middle;
            right
        } else {
            let left = (begin, middle);
            begin = middle;
            left
        };
        proof.push(subtree(reader, other_begin, other_end).map_err(TreeError::Read)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the tree of size `old` is a prefix of the tree of size `new`: RFC 9162 §2.1.4.1.
///
/// Returns at most ⌈log2(new)⌉ + 1 hashes; none when `old == new`.
///
/// # Errors
/// [`TreeError::Range`] unless `0 < old <= new <= reader.size()`; the reader's errors.
pub fn consistency_proof<R: NodeReader>(reader: &R, old: u64, new: u64) -> Result<Vec<Hash>, TreeError<R::Error>> {
    if old == 0 || old > new || new > reader.size() {
        return Err(TreeError::Range {
            at: old,
            size: new,
            tree_size: reader.size(),
        });
    }
    let mut proof = Vec::new();
    let (mut begin, mut end) = (0, new);
    // The old tree ends inside begin..end until the two ends meet.
    while end != old {
        let middle = begin + split(end - begin);
        let (other_begin, other_end) = if old <= middle {
            let right = (middle, end);
            end = middle;
            right
        } else {
            let left = (begin, middle);
            begin = middle;
            left
        };
        proof.push(subtree(reader, other_begin, other_end).map_err(TreeError::Read)?);
    }
    // What is left is a whole subtree of both trees; where it is the old tree itself, the verifier
    // has its root.
    if begin != 0 {
        proof.push(subtree(reader, begin, end).map_err(TreeError::Read)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The hash over the leaves `begin..end`, which RFC 9162's splits arrive at.
fn subtree<R: NodeReader>(reader: &R, begin: u64, end: u64) -> Result<Hash, R::Error> {
    let width = end - begin;
    if width.is_power_of_two() {
        let level = width.ilog2();
        debug_assert!(begin.is_multiple_of(width), "splits are aligned");
        return reader.node(level as u8, begin >> level);
    }
    let middle = begin + split(width);
    let left = subtree(reader, begin, middle)?;
    let right = subtree(reader, middle, end)?;
    Ok(hash_children(&left, &right))
}
