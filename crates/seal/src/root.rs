//! The root key: 32 bytes that open the key file, kept away from the data, and where they come from.
//!
//! As text, in a file, a variable or a pipe: `srk_` ‖ the key as one big-endian number in 43 digits
//! of base 62 ‖ CRC-32/ISO-HDLC of those digits in 6; one line feed (or CR LF) may follow. That is
//! the only form: a file of raw bytes can't be told from a wrong file.
//!
//! The key file says which provider it was made with. File, descriptor and variable hold the same
//! text and stand for one another; a passphrase goes through Argon2id with the salt and costs that
//! the key file holds, which are checked against their bounds before anything is computed.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::{
    base62::{self, TextError},
    random::{RandomError, random_bytes},
    secret::{Key32, SecretVec},
};

const PREFIX: &str = "srk_";
const DIGITS: usize = 43;
/// Prefix, digits and checksum, and room for a line end.
const TEXT_LEN_MAX: u64 = 64;

/// The key that opens the compartments of the key file.
#[derive(Clone, Debug)]
pub struct RootKey(Key32);

impl RootKey {
    /// Makes a random root key.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no random bytes.
    pub fn make() -> Result<Self, RandomError> {
        Key32::make_locked().map(Self)
    }

    /// Takes 32 bytes that came from elsewhere, as from shares.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Key32::locked(bytes))
    }

    /// Reads the text form; a single line end may follow it.
    ///
    /// # Errors
    /// [`TextError`], which holds nothing of the text.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let line = text
            .strip_suffix('\n')
            .map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        let bytes = base62::decode::<32>("root key", PREFIX, DIGITS, line)?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Returns the text form, without a line end.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        base62::encode(PREFIX, self.0.expose(), DIGITS)
    }

    /// Writes the text form to a new file that only its owner can read, and syncs it.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] for a file that is there: no key is ever overwritten.
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

/// How the root key of a key file is come by. Stands in the key file, in the clear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RootSource {
    /// The text form in a file.
    File,
    /// The text form from a file descriptor.
    Fd,
    /// The text form in an environment variable.
    Env,
    /// Argon2id of a passphrase.
    Passphrase(PassphraseParams),
}

impl RootSource {
    /// The word that messages use.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Fd => "file descriptor",
            Self::Env => "environment variable",
            Self::Passphrase(_) => "passphrase",
        }
    }
}

/// Salt and costs of Argon2id (RFC 9106), version 0x13.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassphraseParams {
    /// Random salt.
    pub salt: [u8; 16],
    /// Memory in KiB: 64 MiB to 4 GiB.
    pub memory_kib: u32,
    /// Passes over the memory: 3 to 64.
    pub passes: u32,
    /// Lanes: 1 to 16.
    pub lanes: u32,
}

impl PassphraseParams {
    /// The least costs that are taken, 64 MiB, 3 passes, 1 lane, with a new salt.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no random bytes.
    pub fn make() -> Result<Self, RandomError> {
        Ok(Self {
            salt: random_bytes()?,
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 1,
        })
    }

    /// Whether the costs lie within the bounds. Below them a passphrase is guessed too cheaply,
    /// above them a forged key file could exhaust the machine.
    #[must_use]
    pub fn in_bounds(&self) -> bool {
        (64 * 1024..=4 * 1024 * 1024).contains(&self.memory_kib)
            && (3..=64).contains(&self.passes)
            && (1..=16).contains(&self.lanes)
    }
}

/// Why there is no root key.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file or descriptor could not be read.
    #[error("the root key could not be read from {from}")]
    Read {
        /// File, descriptor.
        from: String,
        /// The system's error.
        source: io::Error,
    },
    /// The variable is not set, or not text.
    #[error("the environment variable {name} holds no root key")]
    NoVariable {
        /// The variable's name.
        name: String,
    },
    /// What was read is not a root key's text.
    #[error("what was read from {from} is no root key: {source}")]
    Text {
        /// File, descriptor, variable.
        from: String,
        /// What is wrong with it.
        source: TextError,
    },
    /// A passphrase was given, but the key file was made with a key, or the other way round.
    #[error("the key file was made with a root key from a {made_with}, not from a {given}")]
    OtherSource {
        /// The provider in the key file.
        made_with: &'static str,
        /// The provider in hand.
        given: &'static str,
    },
    /// The Argon2id costs in the key file are out of bounds.
    #[error("the Argon2id costs in the key file are out of bounds: {memory_kib} KiB, {passes} passes, {lanes} lanes")]
    Costs {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
    /// An empty passphrase.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// Argon2id failed, as when its memory is not to be had.
    #[error("Argon2id failed with {memory_kib} KiB of memory")]
    Argon2 {
        /// Memory in KiB.
        memory_kib: u32,
    },
}

/// Where a root key comes from. A key management service can be another.
pub trait RootKeyProvider {
    /// Gets the root key of a key file that was made with `source`.
    ///
    /// # Errors
    /// [`RootKeyError`]; whether the key is the right one is found by opening the key file.
    fn root_key(&self, source: &RootSource) -> Result<RootKey, RootKeyError>;
}

/// Reads the text form from a file.
#[derive(Clone, Debug)]
pub struct FileProvider(pub PathBuf);

/// Reads the text form from an open file descriptor, to its end.
#[derive(Clone, Debug)]
pub struct FdProvider(pub u32);

/// Reads the text form from an environment variable of this name.
#[derive(Clone, Debug)]
pub struct EnvProvider(pub String);

/// Derives the root key from a passphrase, taken byte for byte.
#[derive(Debug)]
pub struct PassphraseProvider(pub SecretVec);

impl RootKeyProvider for FileProvider {
    fn root_key(&self, source: &RootSource) -> Result<RootKey, RootKeyError> {
        text_source(source, "file")?;
        read_text(&self.0, format!("the file {}", self.0.display()))
    }
}

impl RootKeyProvider for FdProvider {
    fn root_key(&self, source: &RootSource) -> Result<RootKey, RootKeyError> {
        text_source(source, "file descriptor")?;
        let path = PathBuf::from(format!("/dev/fd/{}", self.0));
        read_text(&path, format!("file descriptor {}", self.0))
    }
}

impl RootKeyProvider for EnvProvider {
    fn root_key(&self, source: &RootSource) -> Result<RootKey, RootKeyError> {
        text_source(source, "environment variable")?;
        let text = std::env::var(&self.0).map_err(|_| RootKeyError::NoVariable { name: self.0.clone() })?;
        parse_text(&Zeroizing::new(text), format!("the environment variable {}", self.0))
    }
}

impl RootKeyProvider for PassphraseProvider {
    fn root_key(&self, source: &RootSource) -> Result<RootKey, RootKeyError> {
        let RootSource::Passphrase(params) = source else {
            return Err(RootKeyError::OtherSource {
                made_with: source.name(),
                given: "passphrase",
            });
        };
        let PassphraseParams {
            salt,
            memory_kib,
            passes,
            lanes,
        } = *params;
        if !params.in_bounds() {
            return Err(RootKeyError::Costs {
                memory_kib,
                passes,
                lanes,
            });
        }
        if self.0.is_empty() {
            return Err(RootKeyError::EmptyPassphrase);
        }
        let failed = |_| RootKeyError::Argon2 { memory_kib };
        let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(failed)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(self.0.expose(), &salt, key.as_mut_slice())
            .map_err(failed)?;
        Ok(RootKey::from_bytes(&key))
    }
}

fn text_source(source: &RootSource, given: &'static str) -> Result<(), RootKeyError> {
    match source {
        RootSource::File | RootSource::Fd | RootSource::Env => Ok(()),
        RootSource::Passphrase(_) => Err(RootKeyError::OtherSource {
            made_with: source.name(),
            given,
        }),
    }
}

fn read_text(path: &Path, from: String) -> Result<RootKey, RootKeyError> {
    // Room from the start, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * TEXT_LEN_MAX as usize));
    let read = File::open(path).and_then(|file| file.take(TEXT_LEN_MAX).read_to_string(&mut text));
    match read {
        Ok(_) => parse_text(&text, from),
        Err(source) => Err(RootKeyError::Read { from, source }),
    }
}

fn parse_text(text: &str, from: String) -> Result<RootKey, RootKeyError> {
    RootKey::parse(text).map_err(|source| RootKeyError::Text { from, source })
}

#[cfg(test)]
mod tests;
