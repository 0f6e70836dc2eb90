//! A sealed part: commitment (32) ‖ ciphertext ‖ tag (16), and the padding of its plaintext.

use strongroom_proof::record;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    aead::{CipherError, NONCE_LEN, TAG_LEN, open_detached, seal_detached},
    derive::commitment,
};

pub(crate) const COMMITMENT_LEN: usize = record::COMMITMENT_LEN;
/// What a sealed part is longer than its padded plaintext.
pub(crate) const OVERHEAD: usize = COMMITMENT_LEN + TAG_LEN;
const _: () = assert!(
    OVERHEAD == record::SEALED_OVERHEAD as usize,
    "both crates mean one format"
);
/// The plaintext's own length, u32, before it.
pub(crate) const LENGTH_LEN: usize = 4;

/// Why something was not sealed. All are the caller's mistakes but the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// The plaintext of one part is over its limit.
    #[error("the {part} part would have {found} bytes, {max} are allowed")]
    TooLong {
        /// Which part.
        part: &'static str,
        /// Its bytes before padding.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A plain part was given that is empty: none is said by `None`.
    #[error("the plain part is empty")]
    EmptyPlain,
    /// The cipher refused, which it does not within the limits above.
    #[error("the cipher refused to seal")]
    Cipher,
}

impl From<CipherError> for SealError {
    fn from(_: CipherError) -> Self {
        Self::Cipher
    }
}

/// Why something did not open. Never says more than which check failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError {
    /// The record has no such part.
    #[error("the record has no such part")]
    NoPart,
    /// The commitment is not this key's: another key sealed it.
    #[error("it is sealed with another key")]
    WrongKey,
    /// The tag does not match: bytes, place or header were changed.
    #[error("the sealed bytes were changed, or put in another place")]
    Forged,
    /// Too short or too long to be what it should be.
    #[error("{found} bytes can't be a sealed {what}")]
    Length {
        /// What it should be.
        what: &'static str,
        /// The bytes found.
        found: usize,
    },
    /// The padding is not what the length asks for, or not zero.
    #[error("the padding is wrong")]
    Padding,
}

impl From<CipherError> for OpenError {
    fn from(_: CipherError) -> Self {
        Self::Forged
    }
}

/// How a plaintext, its u32 length included, is padded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Padding {
    /// A multiple of 64.
    History,
    /// max(256, Padmé).
    Secret,
}

impl Padding {
    /// The padded length; `None` above the limit of any such part.
    pub(crate) fn padded_len(self, len: usize) -> Option<usize> {
        let padded = match self {
            Self::History => record::padded_history_len(len),
            Self::Secret => record::padded_secret_len(len),
        };
        padded.and_then(|len| usize::try_from(len).ok())
    }
}

/// Writes u32 length ‖ plaintext ‖ zeros over all of `out`, whose length is the padded one.
pub(crate) fn write_padded(plaintext: &[u8], out: &mut [u8]) {
    let len = u32::try_from(plaintext.len()).expect("limits are far below 4 GiB");
    let (head, rest) = out.split_at_mut(LENGTH_LEN);
    head.copy_from_slice(&len.to_be_bytes());
    let (text, filler) = rest.split_at_mut(plaintext.len());
    text.copy_from_slice(plaintext);
    filler.fill(0);
}

/// Takes length and padding off; both must be exactly what sealing writes.
pub(crate) fn strip_padding(mut padded: Zeroizing<Vec<u8>>, padding: Padding) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (head, rest) = padded.split_first_chunk::<LENGTH_LEN>().ok_or(OpenError::Padding)?;
    let len = usize::try_from(u32::from_be_bytes(*head)).map_err(|_| OpenError::Padding)?;
    let filler = rest.get(len..).ok_or(OpenError::Padding)?;
    if padding.padded_len(LENGTH_LEN + len) != Some(padded.len()) || filler.iter().any(|byte| *byte != 0) {
        return Err(OpenError::Padding);
    }
    padded.copy_within(LENGTH_LEN..LENGTH_LEN + len, 0);
    padded.truncate(len);
    Ok(padded)
}

/// Seals in place: `buffer` holds the plaintext between room for commitment and tag.
pub(crate) fn seal_in_place(
    k: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    buffer: &mut [u8],
) -> Result<(), CipherError> {
    let text_end = buffer.len() - TAG_LEN;
    buffer[..COMMITMENT_LEN].copy_from_slice(&commitment(k));
    let tag = seal_detached(k, nonce, aad, &mut buffer[COMMITMENT_LEN..text_end])?;
    buffer[text_end..].copy_from_slice(&tag);
    Ok(())
}

/// Opens commitment ‖ ciphertext ‖ tag: the commitment is compared first, in constant time.
pub(crate) fn open(
    k: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    aad: &[u8],
    sealed: &[u8],
    what: &'static str,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let length = OpenError::Length {
        what,
        found: sealed.len(),
    };
    let (committed, rest) = sealed.split_first_chunk::<COMMITMENT_LEN>().ok_or(length)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(length)?;
    if !bool::from(commitment(k).ct_eq(committed)) {
        return Err(OpenError::WrongKey);
    }
    let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
    open_detached(k, nonce, aad, ciphertext, tag, &mut plaintext)?;
    Ok(plaintext)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(padding: Padding, len: usize, padded: usize) {
        assert_eq!(padding.padded_len(len), Some(padded), "{len}");
    }

    #[test]
    fn lengths_are_padded_as_the_format_says() {
        check(Padding::History, 5, 64);
        check(Padding::History, 64, 64);
        check(Padding::History, 65, 128);
        check(Padding::Secret, 5, 256);
        check(Padding::Secret, 256, 256);
        // e = 8, s = 4: multiples of 16.
        check(Padding::Secret, 257, 272);
        check(Padding::Secret, 273, 288);
        // e = 17, s = 5: multiples of 4,096.
        check(Padding::Secret, 131_073, 135_168);
        assert_eq!(Padding::History.padded_len(65_537), None);
        check(Padding::Secret, 5 << 20, 5 << 20);
    }

    #[test]
    fn only_the_padding_that_sealing_writes_is_taken() {
        let mut padded = vec![0xff; 64];
        write_padded(b"map", &mut padded);
        let open = |bytes: &[u8]| strip_padding(Zeroizing::new(bytes.to_vec()), Padding::History);
        assert_eq!(open(&padded).unwrap().as_slice(), b"map");

        let mut not_zero = padded.clone();
        not_zero[63] = 1;
        assert_eq!(open(&not_zero), Err(OpenError::Padding));
        let mut too_much = padded.clone();
        too_much.extend([0; 64]);
        assert_eq!(open(&too_much), Err(OpenError::Padding));
        let mut past_the_end = padded.clone();
        past_the_end[..4].copy_from_slice(&61u32.to_be_bytes());
        assert_eq!(open(&past_the_end), Err(OpenError::Padding));
        assert_eq!(open(&padded[..3]), Err(OpenError::Padding));
    }
}
