//! Rows of fingerprints that were lost: made anew at opening, from the secret parts that they are of.
//!
//! A version has one row, which may list nothing: that its values were looked at is then said, too, and they are not
//! opened again at the next start.

use crate::error::OpenError;
use crate::fingerprint::{Fingerprints, Holder, fingerprints_of};
use crate::index::{fingerprint_row, fingerprint_row_key};
use crate::inner::open_values;
use crate::keyring::{KeyId, Keyring, Powers};
use crate::opened::open_recorded;
use std::collections::HashMap;
use strongroom_domain::State;
use strongroom_domain::event::Event;
use strongroom_domain::ids::CredentialVersion;
use strongroom_domain::state::Credential;
use strongroom_domain::words::CredentialStatus;
use strongroom_log::{Space, Store};
use strongroom_seal::random_bytes;

/// The newest version of each data key that has a row.
pub(crate) type Rows = HashMap<KeyId, CredentialVersion>;

/// Makes the rows that the current values of live credentials should have and do not. Returns how many of them hold
/// fingerprints.
///
/// Values that can't be opened are left out: that is for `verify` to say, and no reason not to serve the others.
pub(crate) fn make_anew(
    store: &Store,
    keys: &Keyring,
    powers: &Powers,
    state: &State,
    fingerprints: &mut Fingerprints,
    there: &Rows,
) -> Result<u64, OpenError> {
    let mut batch = store.row_batch();
    let mut made = 0;
    for credential in state.credentials.values() {
        let is_live = matches!(credential.status, CredentialStatus::Active | CredentialStatus::Disabled);
        let Some(version) = entered(credential).filter(|_| is_live) else {
            continue;
        };
        // Of a version that was rolled back to the row is looked for: newer ones may have theirs.
        let newest = there.get(&credential.key_id).copied().unwrap_or(0);
        let row = || store.row(Space::Index, &fingerprint_row_key(&credential.key_id, version));
        if newest == version || newest > version && row()?.is_some() {
            continue;
        }
        let list = match list_of(store, keys, powers, credential, version) {
            Ok(list) => list,
            Err(error) => {
                tracing::warn!(credential = %credential.id, error, "its values could not be opened");
                continue;
            }
        };
        made += u64::from(!list.is_empty());
        let (key, row) = fingerprint_row(
            keys,
            &credential.key_id,
            credential.id,
            version,
            &list,
            &random_bytes()?,
        );
        if batch.is_full() {
            std::mem::replace(&mut batch, store.row_batch()).write()?;
        }
        batch.put(Space::Index, key, row);
        for fingerprint in list {
            let credential = credential.id;
            fingerprints.add(fingerprint, Holder { credential, version });
        }
    }
    batch.write_durably()?;
    Ok(made)
}

/// The version with which the current values were entered: a version that was rolled back to has its row already.
fn entered(credential: &Credential) -> Option<CredentialVersion> {
    let current = credential.versions.back()?;
    let mut versions = credential.versions.iter();
    let first = versions.find(|version| version.values_at == current.values_at)?;
    Some(first.version)
}

fn list_of(
    store: &Store,
    keys: &Keyring,
    powers: &Powers,
    credential: &Credential,
    version: CredentialVersion,
) -> Result<Vec<[u8; 32]>, String> {
    let fact = credential.version_fact(version).ok_or("it has no such version")?;
    let record = store.record(fact.values_at).map_err(|error| error.to_string())?;
    let record = record.ok_or("the record of its values is not there")?;
    let recorded = open_recorded(keys, fact.values_at, &record).map_err(|error| error.to_string())?;
    let facts = match &recorded.event {
        Event::CredentialCreated(created) => &created.fields,
        Event::CredentialRotated(rotated) => &rotated.fields,
        _ => return Err("the record of its values is of another type".to_owned()),
    };
    let values = open_values(keys, &record, credential)?;
    Ok(fingerprints_of(&powers.fingerprint, &values, facts))
}

#[cfg(test)]
mod tests {
    use crate::Ledger;
    use crate::house::House;
    use strongroom_log::Space;

    const VALUE: &str = "demo-value-one-0123456789abcdef";

    fn rows(ledger: &Ledger) -> Vec<Vec<u8>> {
        let rows = ledger.shared.store.view().rows_with_prefix(Space::Index, b"f");
        rows.map(|row| row.unwrap().0.to_vec()).collect()
    }

    fn lose(ledger: &Ledger) {
        let mut batch = ledger.shared.store.row_batch();
        for key in rows(ledger) {
            batch.remove(Space::Index, key);
        }
        batch.write().unwrap();
    }

    #[test]
    fn rows_of_live_credentials_that_were_lost_are_made_anew_and_told() {
        let (house, ledger) = House::new();
        house.create_credential(&ledger, "Mail", VALUE).unwrap();
        let before = rows(&ledger);
        assert_eq!(before.len(), 1);
        lose(&ledger);
        ledger.stop().unwrap();
        drop(ledger);

        let (ledger, report) = house.open();
        assert_eq!(report.rebuilt, ["fingerprints of current values, rows: 1"]);
        assert_eq!(rows(&ledger), before);
        let again = house.create_credential(&ledger, "Post", VALUE);
        let refused = format!("{:?}", again.unwrap_err());
        assert!(refused.to_lowercase().contains("duplicate"), "{refused}");
        ledger.stop().unwrap();
        drop(ledger);

        assert_eq!(house.open().1.rebuilt, [""; 0]);
    }

    #[test]
    fn values_that_have_no_fingerprint_are_looked_at_once() {
        let (house, ledger) = House::new();
        house.create_credential(&ledger, "Mail", "short").unwrap();
        assert_eq!(rows(&ledger).len(), 0);
        ledger.stop().unwrap();
        drop(ledger);
        let (ledger, report) = house.open();
        assert_eq!(rows(&ledger).len(), 1, "it says that there is nothing");
        assert_eq!(report.rebuilt, [""; 0]);
    }
}
