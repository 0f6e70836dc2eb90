//! The bytes of a key file, read and written in their one form.

use super::{Compartment, KEY_FILE_LEN_MAX, KeyFile, KeyFileError, Sealed};
use crate::{
    part::OVERHEAD,
    root::{PassphraseParams, RootSource},
};

const MAGIC: [u8; 4] = *b"SRKF";
const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;
const DIGEST_LEN: usize = 32;

const FILE: u8 = 1;
const FD: u8 = 2;
const ENV: u8 = 3;
const PASSPHRASE: u8 = 4;

impl KeyFile {
    /// Returns the file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (provider, params) = match self.source {
            RootSource::File => (FILE, None),
            RootSource::Fd => (FD, None),
            RootSource::Env => (ENV, None),
            RootSource::Passphrase(params) => (PASSPHRASE, Some(params)),
        };
        let params = params.unwrap_or(NO_PARAMS);
        let mut bytes = Vec::with_capacity(4096);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[VERSION, provider, 0, 0]);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.ledger_id);
        bytes.extend_from_slice(&self.incarnation);
        bytes.extend_from_slice(&params.salt);
        bytes.extend_from_slice(&params.memory_kib.to_be_bytes());
        bytes.extend_from_slice(&params.passes.to_be_bytes());
        bytes.extend_from_slice(&params.lanes.to_be_bytes());
        for (compartment, sealed) in Compartment::ALL.iter().zip(&self.compartments) {
            let len = u32::try_from(NONCE_LEN + sealed.bytes.len()).expect("a compartment has a few KiB");
            bytes.extend_from_slice(&[*compartment as u8, 0, 0, 0]);
            bytes.extend_from_slice(&sealed.salt);
            bytes.extend_from_slice(&len.to_be_bytes());
            bytes.extend_from_slice(&sealed.nonce);
            bytes.extend_from_slice(&sealed.bytes);
        }
        let digest = blake3::hash(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        bytes
    }

    /// Reads a file's bytes. Nothing is opened, no Argon2id computed.
    ///
    /// # Errors
    /// [`KeyFileError::Damaged`], [`KeyFileError::Version`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyFileError> {
        if bytes.len() > KEY_FILE_LEN_MAX {
            return Err(KeyFileError::Damaged("it is over 1 MiB"));
        }
        let mut reader = Reader(bytes);
        if reader.take::<4>()? != MAGIC {
            return Err(KeyFileError::Damaged("it does not begin with SRKF"));
        }
        let [version, provider, zeros @ ..] = reader.take::<4>()?;
        if version != VERSION {
            return Err(KeyFileError::Version { found: version });
        }
        let (content, digest) = bytes.split_last_chunk::<DIGEST_LEN>().ok_or(SHORT)?;
        if *blake3::hash(content).as_bytes() != *digest {
            return Err(KeyFileError::Damaged("its checksum does not match"));
        }
        require(zeros == [0; 2], "a reserved byte is not zero")?;
        let sequence = u64::from_be_bytes(reader.take()?);
        require(sequence != 0, "its sequence is 0")?;
        let (ledger_id, incarnation) = (reader.take()?, reader.take()?);
        let params = PassphraseParams {
            salt: reader.take()?,
            memory_kib: reader.take_u32()?,
            passes: reader.take_u32()?,
            lanes: reader.take_u32()?,
        };
        let source = source_of(provider, params)?;
        let compartments = [
            reader.compartment(Compartment::History)?,
            reader.compartment(Compartment::Signing)?,
            reader.compartment(Compartment::Secrets)?,
        ];
        require(reader.0.len() == DIGEST_LEN, "there are bytes behind the compartments")?;
        Ok(Self {
            sequence,
            ledger_id,
            incarnation,
            source,
            compartments,
        })
    }
}

const NO_PARAMS: PassphraseParams = PassphraseParams {
    salt: [0; 16],
    memory_kib: 0,
    passes: 0,
    lanes: 0,
};

const SHORT: KeyFileError = KeyFileError::Damaged("it is too short");

fn require(holds: bool, otherwise: &'static str) -> Result<(), KeyFileError> {
    if holds {
        Ok(())
    } else {
        Err(KeyFileError::Damaged(otherwise))
    }
}

fn source_of(provider: u8, params: PassphraseParams) -> Result<RootSource, KeyFileError> {
    let source = match provider {
        FILE => RootSource::File,
        FD => RootSource::Fd,
        ENV => RootSource::Env,
        PASSPHRASE => {
            require(params.in_bounds(), "its Argon2id costs are out of bounds")?;
            return Ok(RootSource::Passphrase(params));
        }
        _ => return Err(KeyFileError::Damaged("its root key provider is not known")),
    };
    require(params == NO_PARAMS, "it has Argon2id costs without a passphrase")?;
    Ok(source)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], KeyFileError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn take_u32(&mut self) -> Result<u32, KeyFileError> {
        self.take().map(u32::from_be_bytes)
    }

    fn compartment(&mut self, expected: Compartment) -> Result<Sealed, KeyFileError> {
        require(
            self.take()? == [expected as u8, 0, 0, 0],
            "a compartment is not where it should be",
        )?;
        let salt = self.take()?;
        let len = usize::try_from(self.take_u32()?).map_err(|_| SHORT)?;
        let len = len.checked_sub(NONCE_LEN).filter(|len| *len >= OVERHEAD).ok_or(SHORT)?;
        let nonce = self.take()?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(SHORT)?;
        self.0 = rest;
        Ok(Sealed {
            salt,
            nonce,
            bytes: bytes.to_vec(),
        })
    }
}
