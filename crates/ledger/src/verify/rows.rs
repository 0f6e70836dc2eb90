//! Current state as it lies on disk, under a ledger that goes on writing.
//!
//! What runs is answered from memory; what is on disk is what the next opening begins with. One view holds the rows and
//! the head row of one and the same commit, however many follow while it is read.

use super::VerifyError;
use crate::error::OpenError;
use crate::keyring::Keyring;
use crate::open;
use crate::opened::open_recorded;
use crate::project::Projection;
use strongroom_domain::State;
use strongroom_domain::evolve::evolve;
use strongroom_log::{Space, Store};

/// Compares the rows of `state` and the sums over them and the wrapped keys with a fresh fold of the first `size`
/// records, which goes on to the commit that the rows are of.
pub(super) fn check(store: &Store, keys: &Keyring, mut state: State, size: u64) -> Result<(), VerifyError> {
    let view = store.view();
    let differs = |what: &str| VerifyError::Projection {
        projection: "state",
        what: what.to_owned(),
    };
    let failed = |error| VerifyError::Open(OpenError::Store(error));
    let head = open::head_row(&view, keys).ok_or_else(|| differs("its head row is absent or does not open"))?;
    if head.size < size || head.incarnation != keys.incarnation {
        return Err(differs("its head row is of an earlier commit"));
    }
    for entry in view.records_uncut(size..head.size) {
        let (position, bytes) = entry.map_err(failed)?;
        let recorded = open_recorded(keys, position, &bytes).map_err(|error| VerifyError::Record {
            position,
            what: error.to_string(),
        })?;
        evolve(&mut state, &recorded);
    }
    let mut projection = Projection::default();
    let rows = open::load_rows(&view, keys, &mut projection).map_err(failed)?;
    let rows = rows.ok_or_else(|| differs("a row does not open"))?;
    if let Some(key) = state.first_difference(&rows) {
        return Err(differs(&format!("the row of {key:?}")));
    }
    if !projection.rights_equal(&head) {
        return Err(differs("the sum over its rows"));
    }
    for row in view.rows_with_prefix(Space::Keys, b"") {
        let (key, wrapped) = row.map_err(failed)?;
        projection.put_key_row(&keys.set_hash, &key, &wrapped);
    }
    if !projection.keys_equal(&head) {
        return Err(VerifyError::Projection {
            projection: "keys",
            what: "the sum over its rows".to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
