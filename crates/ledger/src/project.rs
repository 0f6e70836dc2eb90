//! Events to rows: sealed entities in `state`, the sums that notice a row put back, the head row of each commit.

use crate::keyring::Keyring;
use std::collections::HashMap;
use strongroom_domain::state::EntityKey;
use strongroom_proof::tree::Frontier;
use strongroom_seal::{Keyspace, SetHash, SetHashKey, SetHashRow, SetHashTerm};

/// The `meta` row that every commit writes: sums, incarnation, size, root.
pub(crate) const HEAD_ROW_KEY: &[u8] = b"head";
/// The `meta` row with the newest signed checkpoint of the commit before.
pub(crate) const CHECKPOINT_ROW_KEY: &[u8] = b"checkpoint";
/// The `meta` row with the version of the projection: another version is rebuilt from the log.
pub(crate) const PROJECTION_ROW_KEY: &[u8] = b"projection";
/// The `meta` row with the position of the record that announced the present incarnation; without it that is the first.
/// It is a hint: the record itself says whose it is.
pub(crate) const ANNOUNCED_ROW_KEY: &[u8] = b"announced";
/// Version of the rows of `state` and of what the sum over them counts. 2: rows of access streams too. 3: a credential's
/// current version in its own row.
pub(crate) const PROJECTION_VERSION: u32 = 3;

/// The sums over stored rows, and the terms of the rows that may be overwritten. Owned by the sequencer.
#[derive(Default)]
pub(crate) struct Projection {
    rights: SetHash,
    keys: SetHash,
    /// Term of each row of `state` that counts, by entity: what is subtracted when it is written again.
    terms: HashMap<EntityKey, SetHashTerm>,
}

impl Projection {
    /// Seals an entity's row and moves the sum.
    pub(crate) fn put_state_row(
        &mut self,
        keys: &Keyring,
        key: &EntityKey,
        row: &[u8],
        random: &[u8; 24],
    ) -> (Vec<u8>, Vec<u8>) {
        let row_key = key.to_bytes();
        let sealed = keys
            .rows
            .seal(Keyspace::State, &row_key, row, random)
            .expect("a row fits in memory");
        if key.counted_in_rights() {
            self.count_state_row(&keys.set_hash, key, &row_key, &sealed);
        }
        (row_key, sealed)
    }

    /// Counts a stored row of `state`, instead of the one that had its key.
    pub(crate) fn count_state_row(&mut self, key: &SetHashKey, entity: &EntityKey, row_key: &[u8], stored: &[u8]) {
        let term = key.term(Keyspace::State, row_key, stored);
        if let Some(old) = self.terms.insert(entity.clone(), term) {
            self.rights.sub_term(old);
        }
        self.rights.add_term(term);
    }

    /// Counts a new row of `keys`; these are never overwritten, only added.
    pub(crate) fn put_key_row(&mut self, key: &SetHashKey, row_key: &[u8], stored: &[u8]) {
        self.keys.add(key, Keyspace::Keys, row_key, stored);
    }

    /// The head row as stored, for the state that `frontier` closes.
    pub(crate) fn head_row(&self, keys: &Keyring, frontier: &Frontier, random: &[u8; 24]) -> Vec<u8> {
        let row = SetHashRow {
            rights: self.rights.clone(),
            keys: self.keys.clone(),
            incarnation: keys.incarnation,
            size: frontier.size(),
            root: frontier.root().0,
        };
        keys.rows
            .seal(Keyspace::Meta, HEAD_ROW_KEY, &row.to_bytes(), random)
            .expect("a row fits in memory")
    }

    /// Whether the stored sum over what decides rights is this one.
    pub(crate) fn rights_equal(&self, stored: &SetHashRow) -> bool {
        self.rights.ct_eq(&stored.rights)
    }

    /// Whether the stored sum over wrapped keys is this one.
    pub(crate) fn keys_equal(&self, stored: &SetHashRow) -> bool {
        self.keys.ct_eq(&stored.keys)
    }
}
