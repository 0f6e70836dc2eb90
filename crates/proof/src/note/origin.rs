//! The name of a log: ledger name, ledger id, incarnation.

use std::fmt;

use super::NoteError;

/// The origin of a ledger's checkpoints: `<name>/ledger/<id hex>/<incarnation hex>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    name: String,
    ledger_id: [u8; 16],
    incarnation: [u8; 8],
}

impl Origin {
    /// Names a ledger's incarnation.
    ///
    /// # Errors
    /// [`NoteError::Origin`] unless [`is_ledger_name`].
    pub fn new(name: &str, ledger_id: [u8; 16], incarnation: [u8; 8]) -> Result<Self, NoteError> {
        if !is_ledger_name(name) {
            return Err(NoteError::Origin);
        }
        Ok(Self {
            name: name.to_owned(),
            ledger_id,
            incarnation,
        })
    }

    /// Parses an origin in its one form: lower-case hex, nothing before or behind.
    ///
    /// # Errors
    /// [`NoteError::Origin`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut fields = text.split('/');
        let mut field = || fields.next().ok_or(NoteError::Origin);
        let (name, _, id, incarnation) = (field()?, field()?, field()?, field()?);
        let origin = Self::new(
            name,
            bytes_of_hex(id).ok_or(NoteError::Origin)?,
            bytes_of_hex(incarnation).ok_or(NoteError::Origin)?,
        )?;
        if origin.to_string() == text {
            Ok(origin)
        } else {
            Err(NoteError::Origin)
        }
    }

    /// Returns the ledger's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the ledger's id.
    #[must_use]
    pub const fn ledger_id(&self) -> &[u8; 16] {
        &self.ledger_id
    }

    /// Returns the incarnation.
    #[must_use]
    pub const fn incarnation(&self) -> &[u8; 8] {
        &self.incarnation
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/ledger/", self.name)?;
        self.ledger_id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("/")?;
        self.incarnation.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Whether a name may stand in an origin: `[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?`.
#[must_use]
pub fn is_ledger_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match name.as_bytes() {
        [only] => plain(*only),
        [first, inner @ .., last] => {
            let inside = |byte: &u8| plain(*byte) || matches!(byte, b'.' | b'-');
            plain(*first) && inner.len() <= 61 && inner.iter().all(inside) && plain(*last)
        }
        [] => false,
    }
}

/// Reads exactly `N` bytes of hex; `None` for anything else.
pub(super) fn bytes_of_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != 2 * N {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_host_like() {
        let longest = format!("a{}z", "-".repeat(61));
        for name in ["a", "7", "acme", "vault.acme-1.example", &longest] {
            assert!(is_ledger_name(name), "{name}");
        }
        let too_long = format!("a{}z", "-".repeat(62));
        for name in ["", "-", "A", "a-", ".a", "a b", "a/b", "a+b", "ä", "a\n", &too_long] {
            assert!(!is_ledger_name(name), "{name}");
        }
    }

    #[test]
    fn an_origin_has_one_form() {
        let origin = Origin::new("acme", [0xab; 16], [1; 8]).unwrap();
        let text = "acme/ledger/abababababababababababababababab/0101010101010101";
        assert_eq!(origin.to_string(), text);
        assert_eq!(Origin::parse(text), Ok(origin));
        for wrong in [
            "",
            "acme",
            "acme/ledger/abababababababababababababababab",
            "acme/ledger/abababababababababababababababab/010101010101010",
            "acme/ledger/abababababababababababababababab/010101010101010g",
            "acme/ledger/ABABABABABABABABABABABABABABABAB/0101010101010101",
            "acme/ledgers/abababababababababababababababab/0101010101010101",
            "acme/ledger/abababababababababababababababab/0101010101010101/",
            "Acme/ledger/abababababababababababababababab/0101010101010101",
        ] {
            assert_eq!(Origin::parse(wrong), Err(NoteError::Origin), "{wrong}");
        }
    }
}
