//! The key of the *history* compartment, as it is given to an auditor: it opens what happened, never a secret.
//!
//! As text `shk_` ‖ the key as one big-endian number in 43 digits of base 62 ‖ CRC-32 of those in 6; a line end may follow it in
//! a file.

use crate::base62::{self, TextError};
use crate::secret::Key32;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

const PREFIX: &str = "shk_";
const DIGITS: usize = 43;

/// The key of the history compartment of one key file and those that replace it.
#[derive(Clone)]
pub struct HistoryKey(Key32);

impl HistoryKey {
    pub(crate) fn of(key: Key32) -> Self {
        Self(key)
    }

    /// Reads it as it was given.
    ///
    /// # Errors
    /// [`TextError`], which holds nothing of the text.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let bytes = base62::decode::<32>("history key", PREFIX, DIGITS, text.trim_end_matches(['\r', '\n']))?;
        Ok(Self(Key32::locked(&bytes)))
    }

    /// The text to give away.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        base62::encode(PREFIX, self.0.expose(), DIGITS)
    }

    /// Writes it to a new file that only its owner can read.
    ///
    /// # Errors
    /// When there is such a file, or none can be made.
    pub fn write_new(&self, path: &Path) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(self.expose_text().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    }

    pub(crate) fn key(&self) -> &Key32 {
        &self.0
    }
}

impl fmt::Debug for HistoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HistoryKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back_and_taken_for_nothing_else() {
        let key = HistoryKey::of(Key32::locked(&[7; 32]));
        let text = key.expose_text();
        assert_eq!(text.len(), 4 + 43 + 6);
        assert_eq!(
            HistoryKey::parse(&format!("{}\n", *text)).unwrap().key().expose(),
            &[7; 32]
        );
        assert!(HistoryKey::parse(&text.replacen("shk_", "srk_", 1)).is_err());
        assert!(HistoryKey::parse(&text[..text.len() - 1]).is_err());
        assert_eq!(format!("{key:?}"), "HistoryKey(…)");
    }
}
