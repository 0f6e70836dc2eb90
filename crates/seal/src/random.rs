//! Random bytes of the operating system, fetched in blocks.
//!
//! A call costs about 250 ns whatever it fetches, and a record needs 48 bytes and more: the
//! sequencer asks once for many.

use zeroize::{Zeroize, Zeroizing};

const BLOCK_BYTES: usize = 8 * 1024;

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError(#[source] getrandom::Error);

/// Fetches `N` random bytes at once.
///
/// # Errors
/// [`RandomError`] when the system gives none.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(RandomError)?;
    Ok(bytes)
}

/// Makes a random text of letters of an alphabet, each equally likely.
///
/// # Errors
/// [`RandomError`] when the system gives no bytes. An alphabet of none or more than 256 letters gives an empty text.
pub fn random_text(length: usize, alphabet: &[u8]) -> Result<Zeroizing<String>, RandomError> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    if alphabet.is_empty() || alphabet.len() > 256 {
        return Ok(text);
    }
    // Bytes from the last, incomplete run of the alphabet are thrown away: they would favour its first letters.
    let whole = 256 - 256 % alphabet.len();
    while text.len() < length {
        let mut bytes: Zeroizing<[u8; 64]> = Zeroizing::new(random_bytes()?);
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < whole);
        let letters = fair.map(|byte| char::from(alphabet[byte % alphabet.len()]));
        let left = length - text.len();
        text.extend(letters.take(left));
        bytes.zeroize();
    }
    Ok(text)
}

/// Hands out random bytes from a block of 8 KiB that is refilled when used up.
///
/// What was handed out is wiped here. Owned by one thread. A copy of the machine's memory repeats
/// what is left in the block; nonces withstand that, because they are hashes over their plaintext
/// too. Keys and tokens are made with [`random_bytes`] instead.
pub struct RandomSource {
    block: Box<[u8; BLOCK_BYTES]>,
    used: usize,
}

impl RandomSource {
    /// An empty source: the first use fetches.
    #[must_use]
    pub fn new() -> Self {
        Self {
            block: Box::new([0; BLOCK_BYTES]),
            used: BLOCK_BYTES,
        }
    }

    /// Takes the next `N` bytes.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives none.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], RandomError> {
        const { assert!(N <= BLOCK_BYTES, "a block holds what is asked for") };
        if self.used + N > BLOCK_BYTES {
            getrandom::fill(self.block.as_mut_slice()).map_err(RandomError)?;
            self.used = 0;
        }
        let from = &mut self.block[self.used..self.used + N];
        let mut bytes = [0; N];
        bytes.copy_from_slice(from);
        from.zeroize();
        self.used += N;
        Ok(bytes)
    }
}

impl Default for RandomSource {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for RandomSource {
    fn drop(&mut self) {
        self.block.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_random_text_is_of_its_alphabet_and_every_letter_comes() {
        for alphabet in [&b"abc"[..], b"0123456789abcdef", b"x"] {
            let text = random_text(3_000, alphabet).unwrap();
            assert_eq!(text.len(), 3_000);
            assert!(text.bytes().all(|letter| alphabet.contains(&letter)));
            assert!(alphabet.iter().all(|letter| text.bytes().any(|it| it == *letter)));
        }
        assert!(random_text(9, b"").unwrap().is_empty());
        assert_ne!(*random_text(32, b"01").unwrap(), *random_text(32, b"01").unwrap());
    }

    #[test]
    fn nothing_is_handed_out_twice_across_refills() {
        let mut source = RandomSource::new();
        let taken: HashSet<[u8; 48]> = (0..1_000).map(|_| source.take().unwrap()).collect();
        assert_eq!(taken.len(), 1_000);
        // What was handed out is wiped, so bytes handed out again would be zeros.
        let zeros = |bytes: &[u8; 48]| bytes.windows(8).any(|run| run == [0; 8]);
        assert!(!taken.iter().any(zeros));
    }
}
