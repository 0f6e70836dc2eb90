//! Whether every way to a state comes to the same one: the running state, the state as of a moment, one thing by its own history,
//! and a fold of the whole log.

use crate::Ledger;
use crate::rebuild::fold_seen;
use crate::verify::VerifyError;
use std::collections::BTreeSet;
use strongroom_domain::State;
use strongroom_domain::ids::CredentialId;
use strongroom_seal::RandomSource;

/// Places that are compared at most: each takes a look at the past.
pub const PLACES_MAX: usize = 1_000;

/// What was compared.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecheckReport {
    /// Records folded.
    pub records: u64,
    /// Positions at which the state as of then was the fold up to there.
    pub places: usize,
    /// Credentials that were by their own history what the fold says, one at each place where there was one.
    pub credentials: usize,
}

impl Ledger {
    /// Folds the log once from its first record, and compares: the running state at the head, and at `places` random earlier sizes the
    /// state as of then and one credential by its own history. Blocks; for a thread that may.
    ///
    /// # Errors
    /// [`VerifyError::Projection`] with the first difference; [`VerifyError`] for a log that can't be read.
    pub fn recheck(&self, places: usize, progress: &mut dyn FnMut(u64, u64)) -> Result<RecheckReport, VerifyError> {
        let published = self.shared.published.load_full();
        let head = published.head;
        let sizes = sizes(places.min(PLACES_MAX), head)?;
        let mut report = RecheckReport {
            records: head,
            places: 0,
            credentials: 0,
        };
        let mut wrong = None;
        let folded = fold_seen(
            &self.shared.store,
            &self.shared.keys,
            0..head,
            &mut |done| progress(done, head),
            &mut |size, state| {
                if wrong.is_none() && sizes.contains(&size) {
                    wrong = self.compare(size, state, &mut report).err();
                }
            },
        )?;
        if let Some(error) = wrong {
            return Err(error);
        }
        match folded.first_difference(&published.state) {
            None => Ok(report),
            Some(key) => Err(differs("running state", &format!("{key:?}"))),
        }
    }

    fn compare(&self, size: u64, state: &State, report: &mut RecheckReport) -> Result<(), VerifyError> {
        let failed =
            |failure: crate::Failure| differs("state as of a moment", &format!("after {size} records: {failure:?}"));
        let then = self.shared.state_at(size).map_err(failed)?;
        if let Some(key) = state.first_difference(&then) {
            return Err(differs(
                "state as of a moment",
                &format!("{key:?} after {size} records"),
            ));
        }
        report.places += 1;
        // Another one each time, and the same for the same size.
        let number = usize::try_from(size).unwrap_or(0) % state.credentials.len().max(1);
        let Some(id) = state.credentials.keys().nth(number).copied() else {
            return Ok(());
        };
        self.compare_credential(id, size, state)?;
        report.credentials += 1;
        Ok(())
    }

    fn compare_credential(&self, id: CredentialId, size: u64, state: &State) -> Result<(), VerifyError> {
        let failed = |failure: crate::Failure| differs("a credential as of a moment", &format!("{id}: {failure:?}"));
        let by_itself = self.shared.credential_at(id, size).map_err(failed)?;
        if by_itself.as_ref() == state.credentials.get(&id) {
            return Ok(());
        }
        Err(differs(
            "a credential as of a moment",
            &format!("{id} after {size} records"),
        ))
    }
}

fn differs(projection: &'static str, what: &str) -> VerifyError {
    VerifyError::Projection {
        projection,
        what: what.to_owned(),
    }
}

/// So many sizes below the head, at random.
fn sizes(places: usize, head: u64) -> Result<BTreeSet<u64>, VerifyError> {
    let mut random = RandomSource::new();
    let mut sizes = BTreeSet::new();
    for _ in 0..places {
        let drawn: [u8; 8] = random.take().map_err(|error| VerifyError::Open(error.into()))?;
        sizes.insert(u64::from_be_bytes(drawn) % head.max(1) + 1);
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use crate::house::House;
    use std::sync::Arc;
    use strongroom_domain::State;

    #[test]
    fn every_way_to_a_state_is_compared_and_a_wrong_one_is_found() {
        let (house, ledger) = House::new();
        for number in 0..40 {
            house.create_client(&ledger, &format!("Client {number}"));
            let (name, value) = (format!("Key {number}"), format!("value-of-{number}-0123456789abcdef"));
            house.create_credential(&ledger, &name, &value).unwrap();
        }
        let report = ledger.recheck(100, &mut |_, _| {}).unwrap();
        assert_eq!(report.records, ledger.view().head);
        assert!(report.places > 30 && report.credentials > 20, "{report:?}");
        ledger.stop().unwrap();
        drop(ledger);
        // A snapshot of the past that is not what was: whatever is folded from there on is wrong.
        let (ledger, _) = house.open();
        ledger.shared.past.put(1, Arc::new(State::default()));
        let error = ledger.recheck(8, &mut |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("state as of a moment"), "{error}");
        ledger.stop().unwrap();
    }

    #[test]
    fn the_running_state_is_compared_with_the_fold() {
        let (house, ledger) = House::new();
        house.create_client(&ledger, "Client");
        let published = ledger.shared.published.load_full();
        let mut state = State::clone(&published.state);
        state.clients.clear();
        ledger.shared.published.store(Arc::new(crate::view::Published {
            state: Arc::new(state),
            checkpoint: Arc::clone(&published.checkpoint),
            ..*published
        }));
        let error = ledger.recheck(0, &mut |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("running state"), "{error}");
        ledger.shared.published.store(published);
        ledger.stop().unwrap();
    }
}
