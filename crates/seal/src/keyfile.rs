//! The key file: one small file beside the database that holds every key but the root key.
//!
//! Three compartments, each under a key of its own, so that a process can be given the *history*
//! keys alone. All integers are big-endian.
//!
//! | off | size | field |
//! |---|---|---|
//! | 0 | 4 | magic `SRKF` |
//! | 4 | 1 | version = 1 |
//! | 5 | 1 | root key provider: 1 file, 2 file descriptor, 3 environment variable, 4 passphrase |
//! | 6 | 2 | zeros |
//! | 8 | 8 | sequence, from 1, +1 at each replacement |
//! | 16 | 16 | ledger id |
//! | 32 | 8 | incarnation |
//! | 40 | 16 | Argon2id salt (zeros but for a passphrase, so the next three) |
//! | 56 | 4 | Argon2id memory in KiB, 65,536 to 4,194,304 |
//! | 60 | 4 | Argon2id passes, 3 to 64 |
//! | 64 | 4 | Argon2id lanes, 1 to 16 |
//! | 68 | – | the compartments 1 history, 2 signing, 3 secrets, in this order |
//! | end − 32 | 32 | BLAKE3 of everything before |
//!
//! A compartment:
//!
//! | off | size | field |
//! |---|---|---|
//! | 0 | 1 | number |
//! | 1 | 3 | zeros |
//! | 4 | 16 | salt |
//! | 20 | 4 | n, length of what follows: 72 + length of the plaintext |
//! | 24 | 24 | nonce |
//! | 48 | 32 | commitment |
//! | 80 | n − 72 | ciphertext |
//! | 8 + n | 16 | tag |
//!
//! K = keyed(root key; 12 ‖ ledger id ‖ number ‖ salt). Associated data = 12 ‖ ledger id ‖ number ‖
//! salt ‖ sequence u64. The salts stay when the file is replaced, so an exported history key stays
//! good until [`KeyFile::revoke_history`]. Plaintexts begin with the incarnation, which must be that
//! of the header (see `contents`):
//!
//! - *history*: incarnation 8 ‖ projection 32 ‖ index 32 ‖ anchor 32 ‖ set hash 32 ‖ count u32 ‖
//!   count × (epoch u32 ‖ key 32), epochs from 1 and rising;
//! - *signing*: incarnation 8 ‖ count u32 ‖ count × seed 32 (RFC 8032), oldest first: the key last
//!   announced in the log counts, one behind it is about to be announced;
//! - *secrets*: incarnation 8 ‖ count u32 ‖ count × (generation u32 ‖ position u64 ‖ key 32),
//!   generations from 1 and rising; position = size of the log when it was made.

mod contents;
mod disk;
mod layout;

use zeroize::Zeroizing;

pub use contents::{EpochKey, Generation, HistoryKeys, Keys, SecretsKeys, SigningKeys};
pub use disk::{DiskError, read, write};

use crate::{
    derive::{derive_compartment, nonce},
    history_key::HistoryKey,
    part::{self, COMMITMENT_LEN, OpenError},
    purpose::Purpose,
    random::{RandomError, random_bytes},
    root::{RootKey, RootSource},
    secret::Key32,
};

/// Bytes of a key file at most: room for thousands of epochs and generations.
pub const KEY_FILE_LEN_MAX: usize = 1 << 20;

/// One of the three compartments. The number stands in the file and in what is hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Compartment {
    /// What reads the log's history parts, state and index, and checks anchor and set hash.
    History = 1,
    /// What signs checkpoints.
    Signing = 2,
    /// What unwraps data keys.
    Secrets = 3,
}

impl Compartment {
    const ALL: [Self; 3] = [Self::History, Self::Signing, Self::Secrets];

    fn index(self) -> usize {
        self as usize - 1
    }
}

impl std::fmt::Display for Compartment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::History => "history",
            Self::Signing => "signing",
            Self::Secrets => "secrets",
        })
    }
}

/// Why bytes are no key file, or a compartment does not open.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Not a key file of the one form, or damaged.
    #[error("the key file is damaged: {0}")]
    Damaged(&'static str),
    /// A version that this program does not know.
    #[error("key file version {found} is not known (expected 1)")]
    Version {
        /// The version found.
        found: u8,
    },
    /// The key in hand is not the one that sealed the compartment.
    #[error("this is not the root key of this key file ({compartment} compartment)")]
    WrongKey {
        /// The compartment that was to be opened.
        compartment: Compartment,
    },
    /// The key is right, but the compartment was changed or comes from another key file.
    #[error("the {compartment} compartment of the key file was changed, or is of another file")]
    Forged {
        /// The compartment that was to be opened.
        compartment: Compartment,
    },
    /// A compartment opened to something that this program did not write.
    #[error("the {compartment} compartment of the key file holds no keys in the expected form")]
    Contents {
        /// The compartment that was opened.
        compartment: Compartment,
    },
    /// The system gave no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A sealed key file in memory, its structure checked.
#[derive(Clone, Debug)]
pub struct KeyFile {
    sequence: u64,
    ledger_id: [u8; 16],
    incarnation: [u8; 8],
    source: RootSource,
    compartments: [Sealed; 3],
}

#[derive(Clone, Debug)]
struct Sealed {
    salt: [u8; 16],
    nonce: [u8; 24],
    /// Commitment ‖ ciphertext ‖ tag.
    bytes: Vec<u8>,
}

impl KeyFile {
    /// Seals the first key file of a ledger, with sequence 1 and new salts.
    ///
    /// # Errors
    /// [`KeyFileError::Random`].
    ///
    /// # Panics
    /// When the costs of a passphrase are out of bounds, or the keys break a rule of their form.
    pub fn create(
        root_key: &RootKey,
        source: RootSource,
        ledger_id: [u8; 16],
        incarnation: [u8; 8],
        keys: &Keys,
    ) -> Result<Self, KeyFileError> {
        let salts = [random_bytes()?, random_bytes()?, random_bytes()?];
        Self::seal(
            root_key,
            source,
            1,
            ledger_id,
            incarnation,
            keys,
            salts,
            random_nonces()?,
        )
    }

    /// Seals the file that replaces this one: sequence + 1, the same salts.
    ///
    /// # Errors
    /// [`KeyFileError::WrongKey`] when the root key does not open this file, so that no key file is
    /// ever replaced under a mistaken key.
    pub fn replace(&self, root_key: &RootKey, keys: &Keys) -> Result<Self, KeyFileError> {
        self.replace_with(root_key, keys, self.salts())
    }

    /// Seals the second key file of a ledger, with the keys of the first: there is a database from here on, so that none
    /// is ever begun again under these keys. `None` when that was said before.
    ///
    /// # Errors
    /// As [`KeyFile::open`].
    pub fn end_birth(&self, root_key: &RootKey) -> Result<Option<Self>, KeyFileError> {
        if self.sequence > 1 {
            return Ok(None);
        }
        let keys = self.open(root_key)?;
        self.replace(root_key, &keys).map(Some)
    }

    /// As [`KeyFile::replace`] with a new salt for the *history* compartment, which makes an
    /// exported history key useless for this and later files; `keys` should hold new history keys.
    ///
    /// # Errors
    /// As [`KeyFile::replace`].
    pub fn revoke_history(&self, root_key: &RootKey, keys: &Keys) -> Result<Self, KeyFileError> {
        let mut salts = self.salts();
        salts[Compartment::History.index()] = random_bytes()?;
        self.replace_with(root_key, keys, salts)
    }

    /// Opens all compartments.
    ///
    /// # Errors
    /// [`KeyFileError::WrongKey`], [`KeyFileError::Forged`], [`KeyFileError::Contents`].
    pub fn open(&self, root_key: &RootKey) -> Result<Keys, KeyFileError> {
        Ok(Keys {
            history: self.open_history(root_key)?,
            signing: self.open_signing(root_key)?,
            secrets: self.open_secrets(root_key)?,
        })
    }

    /// Opens the *history* compartment.
    ///
    /// # Errors
    /// As [`KeyFile::open`].
    pub fn open_history(&self, root_key: &RootKey) -> Result<HistoryKeys, KeyFileError> {
        self.open_history_with(&self.history_key(root_key))
    }

    /// Opens the *history* compartment with its own key, as exported.
    ///
    /// # Errors
    /// As [`KeyFile::open`].
    pub fn open_history_with(&self, history_key: &HistoryKey) -> Result<HistoryKeys, KeyFileError> {
        let plaintext = self.unseal(Compartment::History, history_key.key().expose())?;
        HistoryKeys::parse(&plaintext, &self.incarnation).ok_or(KeyFileError::Contents {
            compartment: Compartment::History,
        })
    }

    /// Opens the *signing* compartment.
    ///
    /// # Errors
    /// As [`KeyFile::open`].
    pub fn open_signing(&self, root_key: &RootKey) -> Result<SigningKeys, KeyFileError> {
        let key = self.compartment_key(root_key, Compartment::Signing);
        let plaintext = self.unseal(Compartment::Signing, key.expose())?;
        SigningKeys::parse(&plaintext, &self.incarnation).ok_or(KeyFileError::Contents {
            compartment: Compartment::Signing,
        })
    }

    /// Opens the *secrets* compartment.
    ///
    /// # Errors
    /// As [`KeyFile::open`].
    pub fn open_secrets(&self, root_key: &RootKey) -> Result<SecretsKeys, KeyFileError> {
        let key = self.compartment_key(root_key, Compartment::Secrets);
        let plaintext = self.unseal(Compartment::Secrets, key.expose())?;
        SecretsKeys::parse(&plaintext, &self.incarnation).ok_or(KeyFileError::Contents {
            compartment: Compartment::Secrets,
        })
    }

    /// Derives the key of the *history* compartment, as `keys export-history` gives away.
    #[must_use]
    pub fn history_key(&self, root_key: &RootKey) -> HistoryKey {
        HistoryKey::of(self.compartment_key(root_key, Compartment::History))
    }

    /// Derives the key of one compartment.
    #[must_use]
    pub fn compartment_key(&self, root_key: &RootKey, compartment: Compartment) -> Key32 {
        let salt = &self.compartments[compartment.index()].salt;
        let k = derive_compartment(root_key.key(), &self.ledger_id, compartment as u8, salt);
        Key32::locked(&k)
    }

    /// Number of this file: +1 at each replacement; the anchor repeats it.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The ledger whose keys these are.
    #[must_use]
    pub fn ledger_id(&self) -> &[u8; 16] {
        &self.ledger_id
    }

    /// The incarnation whose keys these are. Trusted once a compartment has opened.
    #[must_use]
    pub fn incarnation(&self) -> &[u8; 8] {
        &self.incarnation
    }

    /// How the root key is come by.
    #[must_use]
    pub fn source(&self) -> &RootSource {
        &self.source
    }

    fn salts(&self) -> [[u8; 16]; 3] {
        [0, 1, 2].map(|i: usize| self.compartments[i].salt)
    }

    fn replace_with(&self, root_key: &RootKey, keys: &Keys, salts: [[u8; 16]; 3]) -> Result<Self, KeyFileError> {
        for compartment in Compartment::ALL {
            self.unseal(compartment, self.compartment_key(root_key, compartment).expose())?;
        }
        let sequence = self.sequence + 1;
        let nonces = random_nonces()?;
        Self::seal(
            root_key,
            self.source,
            sequence,
            self.ledger_id,
            self.incarnation,
            keys,
            salts,
            nonces,
        )
    }

    /// Seals with everything given, the one way every key file is made.
    #[expect(clippy::too_many_arguments, reason = "each is a field of the file")]
    pub(crate) fn seal(
        root_key: &RootKey,
        source: RootSource,
        sequence: u64,
        ledger_id: [u8; 16],
        incarnation: [u8; 8],
        keys: &Keys,
        salts: [[u8; 16]; 3],
        random: [[u8; 24]; 3],
    ) -> Result<Self, KeyFileError> {
        if let RootSource::Passphrase(params) = &source {
            assert!(params.in_bounds(), "a key file that nobody may open is not written");
        }
        let plaintexts = [
            keys.history.to_bytes(&incarnation),
            keys.signing.to_bytes(&incarnation),
            keys.secrets.to_bytes(&incarnation),
        ];
        let compartments = Compartment::ALL.map(|compartment| {
            let i = compartment.index();
            let (salt, plaintext) = (salts[i], &plaintexts[i]);
            let k = derive_compartment(root_key.key(), &ledger_id, compartment as u8, &salt);
            let nonce = nonce(&k, &random[i], plaintext);
            let mut bytes = vec![0; plaintext.len() + part::OVERHEAD];
            bytes[COMMITMENT_LEN..COMMITMENT_LEN + plaintext.len()].copy_from_slice(plaintext);
            let aad = associated_data(&ledger_id, compartment, &salt, sequence);
            part::seal_in_place(&k, &nonce, &aad, &mut bytes).expect("a few KiB are far below the cipher's limit");
            Sealed { salt, nonce, bytes }
        });
        Ok(Self {
            sequence,
            ledger_id,
            incarnation,
            source,
            compartments,
        })
    }

    fn unseal(&self, compartment: Compartment, k: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let sealed = &self.compartments[compartment.index()];
        let aad = associated_data(&self.ledger_id, compartment, &sealed.salt, self.sequence);
        part::open(k, &sealed.nonce, &aad, &sealed.bytes, "compartment").map_err(|error| match error {
            OpenError::WrongKey => KeyFileError::WrongKey { compartment },
            _ => KeyFileError::Forged { compartment },
        })
    }
}

fn random_nonces() -> Result<[[u8; 24]; 3], RandomError> {
    Ok([random_bytes()?, random_bytes()?, random_bytes()?])
}

/// 12 ‖ ledger id ‖ compartment ‖ salt ‖ file sequence.
fn associated_data(ledger_id: &[u8; 16], compartment: Compartment, salt: &[u8; 16], sequence: u64) -> [u8; 42] {
    let mut aad = [0; 42];
    aad[0] = Purpose::Compartment as u8;
    aad[1..17].copy_from_slice(ledger_id);
    aad[17] = compartment as u8;
    aad[18..34].copy_from_slice(salt);
    aad[34..].copy_from_slice(&sequence.to_be_bytes());
    aad
}

#[cfg(test)]
mod tests;
