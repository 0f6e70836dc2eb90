//! A node of the tree, and SHA-256 of the two shapes of bytes that the tree hashes.

use std::fmt;

use sha2::block_api::compress256;

/// The state before the first block (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A SHA-256 value: a leaf hash, a node of the tree, or a root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Hashes `prefix` ‖ `left` ‖ `right` with SHA-256, as long as it is padded to `BLOCKS` blocks.
///
/// The lengths are fixed, so the padding is known and nothing is buffered: a node costs half of what
/// the streaming interface takes, and a tree is nothing but nodes.
pub(crate) fn sha256_of<const L: usize, const R: usize, const BLOCKS: usize>(
    prefix: u8,
    left: &[u8; L],
    right: &[u8; R],
) -> Hash {
    const {
        assert!(
            (1 + L + R + 1 + 8).div_ceil(64) == BLOCKS,
            "message, 0x80 and length fill the blocks"
        )
    };
    let mut blocks = [[0; 64]; BLOCKS];
    let message = blocks.as_flattened_mut();
    message[0] = prefix;
    message[1..1 + L].copy_from_slice(left);
    message[1 + L..1 + L + R].copy_from_slice(right);
    message[1 + L + R] = 0x80;
    let bits = 8 * (1 + L + R) as u64;
    message[BLOCKS * 64 - 8..].copy_from_slice(&bits.to_be_bytes());
    let mut state = INITIAL;
    compress256(&mut state, &blocks);
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Hash(hash)
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    proptest! {
        #[test]
        fn fixed_lengths_are_hashed_as_any_bytes(prefix: u8, left: [u8; 32], right: [u8; 32], long in any::<[[u8; 59]; 4]>()) {
            let node = Sha256::digest([&[prefix][..], &left, &right].concat());
            prop_assert_eq!(sha256_of::<32, 32, 2>(prefix, &left, &right), Hash(node.into()));
            let long: [u8; 236] = long.as_flattened().try_into().unwrap();
            let leaf = Sha256::digest([&[prefix][..], &long].concat());
            prop_assert_eq!(sha256_of::<236, 0, 4>(prefix, &long, &[]), Hash(leaf.into()));
            // One block is full to the last byte: the longest message that fits.
            let full: [u8; 54] = long[..54].try_into().unwrap();
            let short = Sha256::digest([&[prefix][..], &full].concat());
            prop_assert_eq!(sha256_of::<54, 0, 1>(prefix, &full, &[]), Hash(short.into()));
        }
    }

    #[test]
    fn a_hash_is_shown_as_hex() {
        let hash = Hash([0xa5; 32]);
        assert_eq!(hash.to_string(), "a5".repeat(32));
        assert_eq!(format!("{hash:?}"), hash.to_string());
    }
}
