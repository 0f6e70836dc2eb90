//! The key half: the key file, and the data keys as they are wrapped.
//!
//! `SRKH` ‖ version 1 ‖ size of the log u64 ‖ u32 length ‖ key file ‖ u32 count ‖ for each row of `keys`: u8 length ‖ key ‖ u16
//! length ‖ value ‖ BLAKE3 of all before. Each part is sealed for itself: the sum is against damage, not against people.

use super::BackupError;
use crate::keyring::KeyId;
use std::sync::Arc;
use strongroom_seal::keyfile::{KeyFile, Keys};
use strongroom_seal::{Key32, RootKey, RootKeyProvider, Wrapper};

const MAGIC: [u8; 4] = *b"SRKH";
const VERSION: u8 = 1;
const SUM_LEN: usize = 32;

/// A row of `keys`, as stored.
pub(super) type KeyRow = (Vec<u8>, Vec<u8>);

/// The key half as it lies in a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyHalf {
    /// Records of the log when it was taken.
    pub(super) size: u64,
    /// The key file's bytes.
    pub(super) key_file: Vec<u8>,
    /// The wrapped data keys.
    pub(super) rows: Vec<KeyRow>,
}

/// A key half that the root key has opened.
pub(super) struct OpenedHalf {
    pub(super) root: RootKey,
    pub(super) key_file: KeyFile,
    pub(super) keys: Keys,
    pub(super) data_keys: Vec<(KeyId, Arc<Key32>)>,
}

impl KeyHalf {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(self.size.to_be_bytes());
        bytes.extend((self.key_file.len() as u32).to_be_bytes());
        bytes.extend(&self.key_file);
        bytes.extend((self.rows.len() as u32).to_be_bytes());
        for (key, value) in &self.rows {
            bytes.push(key.len() as u8);
            bytes.extend(key);
            bytes.extend((value.len() as u16).to_be_bytes());
            bytes.extend(value);
        }
        let sum = blake3::hash(&bytes);
        bytes.extend(sum.as_bytes());
        bytes
    }

    /// Reads the one form of a key half; none for anything else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM_LEN)?)?;
        if blake3::hash(body).as_bytes() != sum {
            return None;
        }
        let mut rest = body;
        let mut take = |len: usize| {
            let (taken, behind) = rest.split_at_checked(len)?;
            rest = behind;
            Some(taken)
        };
        if take(4)? != MAGIC || take(1)? != [VERSION] {
            return None;
        }
        let size = u64::from_be_bytes(take(8)?.try_into().ok()?);
        let len = u32::from_be_bytes(take(4)?.try_into().ok()?);
        let key_file = take(len as usize)?.to_vec();
        let count = u32::from_be_bytes(take(4)?.try_into().ok()?);
        let mut rows = Vec::new();
        for _ in 0..count {
            let len = usize::from(*take(1)?.first()?);
            let key = take(len)?.to_vec();
            let len = u16::from_be_bytes(take(2)?.try_into().ok()?);
            rows.push((key, take(usize::from(len))?.to_vec()));
        }
        rest.is_empty().then_some(Self { size, key_file, rows })
    }

    /// The key file in it, still sealed.
    pub(super) fn sealed(&self) -> Result<KeyFile, BackupError> {
        Ok(KeyFile::parse(&self.key_file)?)
    }

    /// Opens all of it with the root key.
    pub(super) fn open(&self, root: &dyn RootKeyProvider) -> Result<OpenedHalf, BackupError> {
        let key_file = self.sealed()?;
        let root = root.root_key(key_file.source())?;
        let keys = key_file.open(&root)?;
        let generation = keys.secrets.newest();
        let wrapper = Wrapper::new(
            generation.number,
            Key32::locked(generation.key.expose()),
            *key_file.ledger_id(),
        );
        let mut data_keys = Vec::with_capacity(self.rows.len());
        for (row_key, row) in &self.rows {
            let id: Option<KeyId> = row_key.get(4..).and_then(|id| id.try_into().ok());
            let id = id.ok_or(BackupError::DataKey)?;
            if row_key.get(..4) != Some(wrapper.row_key(&id).get(..4).unwrap_or_default()) {
                continue; // of a generation that is no more
            }
            let key = wrapper.unwrap(&id, row).map_err(|_| BackupError::DataKey)?;
            data_keys.push((id, Arc::new(key)));
        }
        Ok(OpenedHalf {
            root,
            key_file,
            keys,
            data_keys,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half() -> KeyHalf {
        KeyHalf {
            size: 7,
            key_file: vec![1, 2, 3],
            rows: vec![(vec![4; 20], vec![5; 104]), (vec![6; 20], vec![7; 104])],
        }
    }

    #[test]
    fn a_key_half_is_its_bytes_and_no_others() {
        let bytes = half().to_bytes();
        assert_eq!(KeyHalf::parse(&bytes), Some(half()));
        for len in 0..bytes.len() {
            assert_eq!(KeyHalf::parse(&bytes[..len]), None);
        }
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(KeyHalf::parse(&other), None, "byte {at}");
        }
        assert_eq!(KeyHalf::parse(&[bytes.as_slice(), &[0]].concat()), None);
    }
}
