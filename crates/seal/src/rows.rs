//! Sealed rows: `state` and `meta` under the projection key, data keys under a generation key.
//!
//! Keyspace and row key are associated data: a row moved to another key does not open. That an
//! older row of the same key was put back is what the set hash notices.

use zeroize::Zeroizing;

use crate::{
    aead::{NONCE_LEN, TAG_LEN, open_detached, seal_detached},
    derive::{derive_row, derive_wrap, nonce},
    part::{self, COMMITMENT_LEN, OVERHEAD, OpenError, SealError},
    purpose::{Keyspace, Purpose},
    secret::Key32,
};

/// Bytes of a wrapped data key: nonce 24 ‖ commitment 32 ‖ ciphertext 32 ‖ tag 16.
pub const WRAPPED_KEY_LEN: usize = NONCE_LEN + OVERHEAD + 32;

/// Seals and opens the rows of `state` and `meta`.
pub struct RowSealer {
    k: Key32,
    ledger_id: [u8; 16],
}

impl RowSealer {
    /// Derives the row key of a ledger.
    #[must_use]
    pub fn new(projection_key: &Key32, ledger_id: [u8; 16]) -> Self {
        Self {
            k: derive_row(projection_key),
            ledger_id,
        }
    }

    /// Seals a row: nonce 24 ‖ ciphertext ‖ tag 16, so 40 bytes longer than the plaintext.
    ///
    /// # Errors
    /// [`SealError::Cipher`], which does not happen for rows that fit in memory.
    ///
    /// # Panics
    /// When the keyspace is another than `state`, `meta` or `index`.
    pub fn seal(
        &self,
        keyspace: Keyspace,
        row_key: &[u8],
        plaintext: &[u8],
        random: &[u8; 24],
    ) -> Result<Vec<u8>, SealError> {
        let nonce = nonce(self.k.expose(), random, plaintext);
        let mut row = Vec::with_capacity(NONCE_LEN + plaintext.len() + TAG_LEN);
        row.extend_from_slice(&nonce);
        row.extend_from_slice(plaintext);
        let aad = self.associated_data(keyspace, row_key);
        let tag = seal_detached(self.k.expose(), &nonce, &aad, &mut row[NONCE_LEN..])?;
        row.extend_from_slice(&tag);
        Ok(row)
    }

    /// Opens a row that was sealed for this keyspace and key.
    ///
    /// # Errors
    /// [`OpenError::Length`] for fewer than 40 bytes, [`OpenError::Forged`] for any other change.
    ///
    /// # Panics
    /// When the keyspace is another than `state`, `meta` or `index`.
    pub fn open(&self, keyspace: Keyspace, row_key: &[u8], row: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let length = OpenError::Length {
            what: "row",
            found: row.len(),
        };
        let (nonce, rest) = row.split_first_chunk::<NONCE_LEN>().ok_or(length)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(length)?;
        let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
        let aad = self.associated_data(keyspace, row_key);
        open_detached(self.k.expose(), nonce, &aad, ciphertext, tag, &mut plaintext)?;
        Ok(plaintext)
    }

    fn associated_data(&self, keyspace: Keyspace, row_key: &[u8]) -> Vec<u8> {
        assert!(
            matches!(keyspace, Keyspace::State | Keyspace::Meta | Keyspace::Index),
            "only state and meta rows are sealed here"
        );
        associated_data(Purpose::Row, &self.ledger_id, keyspace, row_key)
    }
}

/// Wraps data keys under one generation key.
pub struct Wrapper {
    generation: u32,
    generation_key: Key32,
    ledger_id: [u8; 16],
}

impl Wrapper {
    /// Takes one generation's key.
    #[must_use]
    pub fn new(generation: u32, generation_key: Key32, ledger_id: [u8; 16]) -> Self {
        Self {
            generation,
            generation_key,
            ledger_id,
        }
    }

    /// The generation of this key.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The key of the row, in keyspace `keys`, that holds the wrapped data key.
    #[must_use]
    pub fn row_key(&self, key_id: &[u8; 16]) -> [u8; 20] {
        wrapped_key_row_key(self.generation, key_id)
    }

    /// Wraps a data key into the value of its row.
    ///
    /// # Errors
    /// [`SealError::Cipher`], which does not happen.
    pub fn wrap(
        &self,
        key_id: &[u8; 16],
        data_key: &Key32,
        random: &[u8; 24],
    ) -> Result<[u8; WRAPPED_KEY_LEN], SealError> {
        let row_key = self.row_key(key_id);
        let k = derive_wrap(&self.generation_key, &row_key);
        let nonce = nonce(&k, random, data_key.expose());
        let mut row = [0; WRAPPED_KEY_LEN];
        row[..NONCE_LEN].copy_from_slice(&nonce);
        let sealed = &mut row[NONCE_LEN..];
        sealed[COMMITMENT_LEN..COMMITMENT_LEN + 32].copy_from_slice(data_key.expose());
        part::seal_in_place(&k, &nonce, &self.associated_data(&row_key), sealed)?;
        Ok(row)
    }

    /// Opens the row of a data key.
    ///
    /// # Errors
    /// [`OpenError::Length`] unless the row has 104 bytes, [`OpenError::WrongKey`] when another
    /// generation key wrapped it, [`OpenError::Forged`] for any other change.
    pub fn unwrap(&self, key_id: &[u8; 16], row: &[u8]) -> Result<Key32, OpenError> {
        let length = OpenError::Length {
            what: "data key",
            found: row.len(),
        };
        if row.len() != WRAPPED_KEY_LEN {
            return Err(length);
        }
        let (nonce, sealed) = row.split_first_chunk::<NONCE_LEN>().ok_or(length)?;
        let row_key = self.row_key(key_id);
        let k = derive_wrap(&self.generation_key, &row_key);
        let data_key = part::open(&k, nonce, &self.associated_data(&row_key), sealed, "data key")?;
        let data_key: &[u8; 32] = data_key.as_slice().try_into().map_err(|_| length)?;
        Ok(Key32::from_bytes(data_key))
    }

    fn associated_data(&self, row_key: &[u8; 20]) -> Vec<u8> {
        associated_data(Purpose::WrappedDataKey, &self.ledger_id, Keyspace::Keys, row_key)
    }
}

/// The key of a wrapped data key's row: generation u32 ‖ key id.
#[must_use]
pub fn wrapped_key_row_key(generation: u32, key_id: &[u8; 16]) -> [u8; 20] {
    let mut row_key = [0; 20];
    row_key[..4].copy_from_slice(&generation.to_be_bytes());
    row_key[4..].copy_from_slice(key_id);
    row_key
}

fn associated_data(purpose: Purpose, ledger_id: &[u8; 16], keyspace: Keyspace, row_key: &[u8]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(18 + row_key.len());
    aad.push(purpose as u8);
    aad.extend_from_slice(ledger_id);
    aad.push(keyspace as u8);
    aad.extend_from_slice(row_key);
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEDGER: [u8; 16] = [1; 16];

    fn rows() -> RowSealer {
        RowSealer::new(&Key32::from_bytes(&[2; 32]), LEDGER)
    }

    #[test]
    fn a_row_opens_only_in_its_place() {
        let row = rows().seal(Keyspace::State, b"c1", b"text", &[3; 24]).unwrap();
        assert_eq!(row.len(), 44);
        assert_eq!(rows().open(Keyspace::State, b"c1", &row).unwrap().as_slice(), b"text");
        assert_eq!(rows().open(Keyspace::State, b"c2", &row), Err(OpenError::Forged));
        assert_eq!(rows().open(Keyspace::Meta, b"c1", &row), Err(OpenError::Forged));
        let other = RowSealer::new(&Key32::from_bytes(&[2; 32]), [9; 16]);
        assert_eq!(other.open(Keyspace::State, b"c1", &row), Err(OpenError::Forged));
    }

    #[test]
    fn every_flipped_byte_of_a_row_is_refused() {
        let row = rows().seal(Keyspace::Meta, b"k", &[5; 100], &[3; 24]).unwrap();
        for at in 0..row.len() {
            let mut bad = row.clone();
            bad[at] ^= 1;
            assert_eq!(
                rows().open(Keyspace::Meta, b"k", &bad),
                Err(OpenError::Forged),
                "byte {at}"
            );
        }
        for len in 0..row.len() {
            assert!(rows().open(Keyspace::Meta, b"k", &row[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn a_data_key_opens_only_with_its_generation_and_id() {
        let wrapper = Wrapper::new(7, Key32::from_bytes(&[4; 32]), LEDGER);
        let data_key = Key32::from_bytes(&[5; 32]);
        let row = wrapper.wrap(&[6; 16], &data_key, &[3; 24]).unwrap();
        assert!(wrapper.unwrap(&[6; 16], &row).unwrap().ct_eq(&data_key));
        assert_eq!(wrapper.row_key(&[6; 16])[..5], [0, 0, 0, 7, 6]);
        for (other, id) in [
            (Wrapper::new(8, Key32::from_bytes(&[4; 32]), LEDGER), [6; 16]),
            (Wrapper::new(7, Key32::from_bytes(&[9; 32]), LEDGER), [6; 16]),
            (Wrapper::new(7, Key32::from_bytes(&[4; 32]), LEDGER), [9; 16]),
        ] {
            assert_eq!(other.unwrap(&id, &row).err(), Some(OpenError::WrongKey));
        }
        let elsewhere = Wrapper::new(7, Key32::from_bytes(&[4; 32]), [9; 16]);
        assert_eq!(elsewhere.unwrap(&[6; 16], &row).err(), Some(OpenError::Forged));
    }

    #[test]
    fn every_flipped_byte_of_a_wrapped_key_is_refused() {
        let wrapper = Wrapper::new(1, Key32::from_bytes(&[4; 32]), LEDGER);
        let row = wrapper.wrap(&[6; 16], &Key32::from_bytes(&[5; 32]), &[3; 24]).unwrap();
        for at in 0..row.len() {
            let mut bad = row;
            bad[at] ^= 0x80;
            assert!(wrapper.unwrap(&[6; 16], &bad).is_err(), "byte {at}");
        }
        assert!(wrapper.unwrap(&[6; 16], &row[..103]).is_err());
        assert!(wrapper.unwrap(&[6; 16], &[row.as_slice(), &[0]].concat()).is_err());
    }
}
