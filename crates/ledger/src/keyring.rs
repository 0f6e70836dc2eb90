//! The unsealed keys of an open ledger, and the data keys that they open.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use strongroom_proof::note::VerifyingKey;
use strongroom_seal::{FingerprintKey, Key32, RowSealer, SetHashKey, Signer, Wrapper};

/// Names one data key; random, so that a key can be replaced.
pub(crate) type KeyId = [u8; 16];

/// What signs, and what opens secrets.
pub(crate) struct Powers {
    pub(crate) signer: Signer,
    pub(crate) wrapper: Wrapper,
    pub(crate) fingerprint: FingerprintKey,
}

/// The end of the incarnation before.
pub(crate) struct Succession {
    /// Its newest checkpoint that is at hand.
    pub(crate) checkpoint: Option<String>,
    /// What signed it, where that key is at hand: it signs the change to the new one.
    pub(crate) signer: Option<Signer>,
}

/// Everything that the key in hand opened: the root key all of it, a history key no [`Powers`].
pub(crate) struct Keyring {
    pub(crate) ledger_id: [u8; 16],
    pub(crate) incarnation: [u8; 8],
    pub(crate) origin: String,
    /// History epochs, ascending; never empty.
    pub(crate) epochs: Vec<(u32, Key32)>,
    pub(crate) rows: RowSealer,
    pub(crate) index: Key32,
    pub(crate) set_hash: SetHashKey,
    /// What checks the log's signatures.
    pub(crate) verifier: VerifyingKey,
    /// None without the root key.
    pub(crate) powers: Option<Arc<Powers>>,
    /// Only while a new incarnation begins: what its first record says of the one before.
    pub(crate) succession: Option<Succession>,
    /// Data keys by id. Read on every serving, written when a credential or template is made.
    pub(crate) data_keys: RwLock<HashMap<KeyId, Arc<Key32>>>,
}

impl Keyring {
    /// The epoch that new records use.
    pub(crate) fn current_epoch(&self) -> (u32, &Key32) {
        let (epoch, key) = self.epochs.last().expect("a key file holds at least one epoch");
        (*epoch, key)
    }

    /// The key of a record's epoch.
    pub(crate) fn epoch(&self, epoch: u32) -> Option<&Key32> {
        self.epochs
            .iter()
            .find(|(number, _)| *number == epoch)
            .map(|(_, key)| key)
    }

    /// A data key, if it was not destroyed.
    pub(crate) fn data_key(&self, id: &KeyId) -> Option<Arc<Key32>> {
        self.data_keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// Remembers a new data key.
    pub(crate) fn add_data_key(&self, id: KeyId, key: Arc<Key32>) {
        self.data_keys
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, key);
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
