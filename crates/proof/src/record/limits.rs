//! Lengths of the parts, and how sealed parts are padded.
//!
//! A sealed part is commitment (32) ‖ ciphertext ‖ tag (16); the ciphertext is as long as the padded
//! plaintext: u32 length ‖ map ‖ zeros.

/// Bytes of the key commitment at the beginning of a sealed part.
pub const COMMITMENT_LEN: usize = 32;

/// Bytes of the authentication tag at the end of a sealed part.
pub const TAG_LEN: usize = 16;

/// Bytes that sealing adds to the padded plaintext.
pub const SEALED_OVERHEAD: u32 = 48;

/// Bytes of a plain part at most: a map of a few keys and one old checkpoint.
pub const PLAIN_LEN_MAX: u32 = 4 * 1024;

/// History parts are padded to a multiple of this.
pub const HISTORY_PADDING: u32 = 64;

/// Bytes of a history plaintext at most, with its u32 length, before padding.
pub const HISTORY_PLAINTEXT_MAX: u32 = 64 * 1024;

/// Bytes of a credential's secret plaintext at most, with its u32 length, before padding.
pub const SECRET_CREDENTIAL_PLAINTEXT_MAX: u32 = 128 * 1024;

/// Bytes of a document's secret plaintext at most, with its u32 length, before padding.
pub const SECRET_DOCUMENT_PLAINTEXT_MAX: u32 = 5 * 1024 * 1024;

/// Bytes of a stored history part at least.
pub const HISTORY_LEN_MIN: u32 = HISTORY_PADDING + SEALED_OVERHEAD;

/// Bytes of a stored history part at most.
pub const HISTORY_LEN_MAX: u32 = HISTORY_PLAINTEXT_MAX + SEALED_OVERHEAD;

/// Bytes of a padded secret plaintext at least, so that short secrets look alike.
const SECRET_PADDED_MIN: u32 = 256;

/// Bytes of a stored secret part at least.
pub const SECRET_LEN_MIN: u32 = SECRET_PADDED_MIN + SEALED_OVERHEAD;

/// Bytes of a stored secret part at most.
pub const SECRET_LEN_MAX: u32 = padme(SECRET_DOCUMENT_PLAINTEXT_MAX) + SEALED_OVERHEAD;

/// Bytes of a record at most.
pub const RECORD_LEN_MAX: usize = super::HEADER_LEN + (PLAIN_LEN_MAX + HISTORY_LEN_MAX + SECRET_LEN_MAX) as usize;

const _: () = assert!(HISTORY_LEN_MIN == 112, "the format says so");
const _: () = assert!(SECRET_LEN_MIN == 304, "the format says so");
const _: () = assert!(
    HISTORY_PLAINTEXT_MAX.is_multiple_of(HISTORY_PADDING),
    "the limit is padded"
);

/// Returns the Padmé length of `len` bytes (Nikitin et al., PoPETs 2019): at most 12 % more, and
/// only O(log log) bits of the length are shown.
///
/// `len` is at most 2^31; lengths below 2 are their own.
#[must_use]
pub const fn padme(len: u32) -> u32 {
    assert!(len <= 1 << 31, "lengths of parts are far below 2^31");
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let bits = if exponent == 0 { 0 } else { exponent.ilog2() + 1 };
    let mask = (1u32 << (exponent - bits)) - 1;
    (len + mask) & !mask
}

/// Returns the length to which a history plaintext of `len` bytes (with its u32) is padded.
///
/// `None` when it is above [`HISTORY_PLAINTEXT_MAX`].
#[must_use]
pub const fn padded_history_len(len: usize) -> Option<u32> {
    if len > HISTORY_PLAINTEXT_MAX as usize {
        return None;
    }
    let len = if len == 0 { 1 } else { len as u32 };
    Some(len.next_multiple_of(HISTORY_PADDING))
}

/// Returns the length to which a secret plaintext of `len` bytes (with its u32) is padded.
///
/// `None` when it is above [`SECRET_DOCUMENT_PLAINTEXT_MAX`]; the lower limit of credentials is the
/// caller's to check.
#[must_use]
pub const fn padded_secret_len(len: usize) -> Option<u32> {
    if len > SECRET_DOCUMENT_PLAINTEXT_MAX as usize {
        return None;
    }
    let padded = padme(len as u32);
    Some(if padded < SECRET_PADDED_MIN {
        SECRET_PADDED_MIN
    } else {
        padded
    })
}

/// Whether a stored history part may have this length.
pub(super) const fn is_history_len(len: u32) -> bool {
    HISTORY_LEN_MIN <= len && len <= HISTORY_LEN_MAX && (len - SEALED_OVERHEAD).is_multiple_of(HISTORY_PADDING)
}

/// Whether a stored secret part may have this length.
pub(super) const fn is_secret_len(len: u32) -> bool {
    SECRET_LEN_MIN <= len && len <= SECRET_LEN_MAX && padme(len - SEALED_OVERHEAD) == len - SEALED_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition with floating-point logarithms, as in the paper.
    fn padme_of_the_paper(len: u32) -> u32 {
        let e = f64::from(len).log2().floor();
        let s = e.log2().floor() + 1.0;
        let mask = (1u64 << ((e - s) as u32)) - 1;
        u32::try_from((u64::from(len) + mask) & !mask).unwrap()
    }

    #[test]
    fn padme_is_that_of_the_paper() {
        for len in (4..100_000).chain((1 << 20) - 2..(1 << 20) + 70_000) {
            assert_eq!(padme(len), padme_of_the_paper(len), "{len}");
        }
    }

    #[test]
    fn padme_is_idempotent_and_costs_at_most_12_percent() {
        for len in 0..300_000 {
            let padded = padme(len);
            assert_eq!(padme(padded), padded);
            assert!(padded >= len && u64::from(padded - len) * 100 <= u64::from(len) * 12);
        }
    }

    #[test]
    fn padded_lengths_at_the_limit_and_one_past_it() {
        assert_eq!(padded_history_len(0), Some(64));
        assert_eq!(padded_history_len(64), Some(64));
        assert_eq!(padded_history_len(65), Some(128));
        assert_eq!(padded_history_len(65_536), Some(65_536));
        assert_eq!(padded_history_len(65_537), None);
        assert_eq!(padded_secret_len(5), Some(256));
        assert_eq!(padded_secret_len(257), Some(272));
        assert_eq!(padded_secret_len(131_072), Some(131_072));
        assert_eq!(padded_secret_len(5 << 20), Some(5 << 20));
        assert_eq!(padded_secret_len((5 << 20) + 1), None);
    }

    #[test]
    fn every_padded_length_is_a_stored_length() {
        for len in 0..70_000 {
            if let Some(padded) = padded_history_len(len) {
                assert!(is_history_len(padded + SEALED_OVERHEAD));
            }
            assert!(is_secret_len(padded_secret_len(len).unwrap() + SEALED_OVERHEAD));
        }
    }
}
