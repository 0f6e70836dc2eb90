//! Bearer tokens: shown once, stored as a hash.
//!
//! `srt_` ‖ 160 random bits as one big-endian number in 27 digits of base 62 ‖ CRC-32 of those in
//! 6. The checksum lets a mistyped token be refused without a look-up, and lets scanners for
//! leaked secrets be sure.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    base62::{self, TextError},
    derive::TOKEN,
    random::{RandomError, random_bytes},
};

const PREFIX: &str = "srt_";
const DIGITS: usize = 27;

/// A bearer token: whoever holds it is its principal.
pub struct Token(Zeroizing<[u8; 20]>);

impl Token {
    /// Makes a token from the system's random bytes.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives none.
    pub fn make() -> Result<Self, RandomError> {
        Ok(Self(Zeroizing::new(random_bytes()?)))
    }

    /// Makes the token of given bytes, for tests and published values.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 20]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// Reads a token as sent. Costs no look-up when it is malformed.
    ///
    /// # Errors
    /// [`TextError`], which holds nothing of the text.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        base62::decode("token", PREFIX, DIGITS, text).map(Self)
    }

    /// Returns the text to show to its owner, once.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        base62::encode(PREFIX, self.0.as_slice(), DIGITS)
    }

    /// Returns what is stored of it: derive_key("strongroom v1 token", the 20 bytes).
    ///
    /// Looking it up needs no constant time: it tells nothing of other tokens.
    #[must_use]
    pub fn stored_hash(&self) -> [u8; 32] {
        TOKEN.hasher().update(self.0.as_slice()).finalize().into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_hashed() {
        let token = Token::make().unwrap();
        let read = Token::parse(&token.expose()).unwrap();
        assert_eq!(read.stored_hash(), token.stored_hash());
        let zero = Token::from_bytes(&[0; 20]);
        assert_eq!(zero.stored_hash(), blake3::derive_key("strongroom v1 token", &[0; 20]));
        assert_eq!(format!("{zero:?}"), "Token(…)");
    }

    #[track_caller]
    fn check(text: &str, expected: TextError) {
        assert_eq!(Token::parse(text).err(), Some(expected), "{text}");
    }

    #[test]
    fn malformed_tokens_are_refused() {
        let what = "token";
        let good = Token::from_bytes(&[7; 20]).expose();
        check("", TextError::Form { what });
        check("srt_", TextError::Form { what });
        check(&good[1..], TextError::Form { what });
        check(&good[..36], TextError::Form { what });
        check(&format!("{}0", *good), TextError::Form { what });
        check(&format!(" {}", *good), TextError::Form { what });
        check(&good.replacen("srt_", "srk_", 1), TextError::Form { what });
        check(&format!("{}é", &good[..35]), TextError::Form { what });
        check(&format!("{}-", &good[..36]), TextError::Form { what });
        // 62^6 - 1 is above 2^32, 62^27 - 1 above 2^160.
        check(&format!("{}zzzzzz", &good[..31]), TextError::Range { what });
        let digits = "z".repeat(27);
        let checksum = base62::encode("", &crc32fast::hash(digits.as_bytes()).to_be_bytes(), 6);
        check(&format!("srt_{digits}{}", &checksum[..6]), TextError::Range { what });
    }

    #[test]
    fn every_changed_character_is_refused() {
        let good = Token::from_bytes(&[0x5a; 20]).expose();
        for at in 4..good.len() {
            for digit in ["0", "9", "A", "Z", "a", "z"]
                .into_iter()
                .filter(|digit| *digit != &good[at..=at])
            {
                let bad = format!("{}{digit}{}", &good[..at], &good[at + 1..]);
                assert!(Token::parse(&bad).is_err(), "{bad}");
            }
        }
    }
}
