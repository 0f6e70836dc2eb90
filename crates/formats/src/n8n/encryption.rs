//! Opens the `data` of an encrypted n8n export.
//!
//! Standard: OpenSSL's `Salted__` ‖ 8 bytes of salt ‖ AES-256-CBC with PKCS#7 padding, key and IV by EVP_BytesToKey with MD5
//! and one round, all in base64. The format carries no tag: a wrong key shows by the padding, the text or the JSON.

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use md5::{Digest, Md5};
use zeroize::{Zeroize, Zeroizing};

const MAGIC: &[u8; 8] = b"Salted__";
const SALT_BYTES: usize = 8;
const BLOCK_BYTES: usize = 16;

/// Why an entry could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenError {
    /// Not base64 of `Salted__` and whole blocks.
    NotEncrypted,
    /// The key doesn't open it, or it is damaged.
    WrongKey,
}

/// Decrypts one `data` string with the instance's encryption key.
pub(super) fn open(data: &str, encryption_key: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let compact: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(compact).map_err(|_| OpenError::NotEncrypted)?;
    let rest = bytes.strip_prefix(MAGIC).ok_or(OpenError::NotEncrypted)?;
    let (salt, ciphertext) = rest.split_at_checked(SALT_BYTES).ok_or(OpenError::NotEncrypted)?;
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(BLOCK_BYTES) {
        return Err(OpenError::NotEncrypted);
    }
    let derived = derive_key_iv(encryption_key, salt);
    let (key, iv) = derived.split_at_checked(32).ok_or(OpenError::WrongKey)?;
    let decryptor = Decryptor::<Aes256>::new_from_slices(key, iv).map_err(|_| OpenError::WrongKey)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let plain = decryptor
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| OpenError::WrongKey)?
        .len();
    buffer.truncate(plain);
    Ok(buffer)
}

/// 32 bytes of key, 16 of IV: MD5 over what came before, the passphrase and the salt, three times.
fn derive_key_iv(passphrase: &str, salt: &[u8]) -> Zeroizing<Vec<u8>> {
    // n8n takes the passphrase as latin1: one byte for each UTF-16 unit, the higher one cut off.
    let passphrase: Zeroizing<Vec<u8>> =
        Zeroizing::new(passphrase.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect());
    let mut out = Zeroizing::new(Vec::with_capacity(48));
    let mut block: Vec<u8> = Vec::new();
    while out.len() < 48 {
        let mut hash = Md5::new();
        hash.update(&block);
        hash.update(passphrase.as_slice());
        hash.update(salt);
        block.zeroize();
        block = hash.finalize().to_vec();
        out.extend_from_slice(&block);
    }
    block.zeroize();
    out
}

#[cfg(test)]
pub(super) fn seal(plain: &[u8], encryption_key: &str, salt: &[u8; 8]) -> String {
    use cbc::cipher::BlockModeEncrypt;
    let derived = derive_key_iv(encryption_key, salt);
    let (key, iv) = derived.split_at(32);
    let encryptor = cbc::Encryptor::<Aes256>::new_from_slices(key, iv).unwrap();
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(salt);
    out.extend(encryptor.encrypt_padded_vec::<Pkcs7>(plain));
    STANDARD.encode(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Salted__` and the salt, then what this writes: `openssl enc -aes-256-cbc -md md5 -S 0102030405060708 -pass pass:demo-instance-key`.
    const BY_OPENSSL: &str = "U2FsdGVkX18BAgMEBQYHCCLkjc2kQ+eVwI6bl7VQw00fFqHl4QqNy1Z2/yqMBSxp";

    #[test]
    fn what_openssl_sealed_is_opened() {
        let plain = open(BY_OPENSSL, "demo-instance-key").unwrap();
        assert_eq!(plain.as_slice(), br#"{"apiKey":"demo-value"}"#);
    }

    #[test]
    fn a_wrong_key_and_other_texts_are_told_apart() {
        assert_eq!(open(BY_OPENSSL, "another key").err(), Some(OpenError::WrongKey));
        assert_eq!(open("not base64!", "k").err(), Some(OpenError::NotEncrypted));
        assert_eq!(open("U2FsdGVkX18=", "k").err(), Some(OpenError::NotEncrypted));
        assert_eq!(open("", "k").err(), Some(OpenError::NotEncrypted));
    }

    #[test]
    fn line_breaks_in_base64_are_no_matter() {
        let (head, tail) = BY_OPENSSL.split_at(20);
        assert!(open(&format!("{head}\n{tail}\n"), "demo-instance-key").is_ok());
    }
}
