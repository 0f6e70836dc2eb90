//! Leak search: whether a value is a secret field of any credential, in any version. By keyed fingerprint: one hash and one
//! look-up for each value, whatever is found, so that the time tells nothing. Recorded before it is answered.

use crate::Ledger;
use crate::fingerprint::is_fingerprintable;
use crate::request::{Failure, RequestContext};
use std::collections::BTreeSet;
use std::sync::PoisonError;
use strongroom_domain::Rejection;
use strongroom_domain::command::Command;
use strongroom_domain::ids::{CredentialId, CredentialVersion, Position};
use strongroom_domain::rights::{Target, visible};
use strongroom_domain::secret::SecretText;
use strongroom_domain::words::Right;

/// Values of one search.
pub const LEAK_VALUES_MAX: usize = 10_000;

/// What is known of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leak {
    /// It is none that is or was held.
    NotHeld,
    /// It could be guessed, so it has no fingerprint: whether it is held is not known.
    NotSearchable,
    /// It is, or was, a secret field of these.
    Held {
        /// Which credentials the asker sees, and in which versions.
        by: Vec<(CredentialId, CredentialVersion)>,
        /// How many credentials hold it that he does not see.
        hidden: u32,
    },
}

/// The answer to a search.
#[derive(Debug, Clone)]
pub struct LeakSearch {
    /// Of each value, in the order in which they came.
    pub results: Vec<Leak>,
    /// The record that says that it was asked.
    pub position: Position,
}

impl Ledger {
    /// Searches for values. Takes `audit` on the ledger, and a reason.
    ///
    /// # Errors
    /// [`Failure`]; nothing is answered that is not recorded.
    pub async fn leak_search(&self, context: RequestContext, values: Vec<SecretText>) -> Result<LeakSearch, Failure> {
        if values.is_empty() || values.len() > LEAK_VALUES_MAX {
            let what = format!("takes 1 to {LEAK_VALUES_MAX} values");
            return Err(Failure::format("/values", what, Some("split a longer list")));
        }
        let caller = context.caller;
        let view = self.view();
        let seen = visible(&view.state, &caller, view.now);
        // Before anything is looked for: who may not ask learns nothing by asking.
        seen.authorize(Right::Audit, Target::Ledger).map_err(Rejection::from)?;
        let powers = self.shared.keys.powers.as_ref().ok_or(Failure::ReadsOnly)?;
        let results: Vec<Leak> = {
            let held = self.shared.fingerprints.read().unwrap_or_else(PoisonError::into_inner);
            let one = |value: &SecretText| {
                let fingerprint = powers.fingerprint.fingerprint(value.expose().as_bytes());
                let holders = held.holders(&fingerprint);
                let sees = |id: &CredentialId| view.state.credentials.get(id).is_some_and(|it| seen.credential(it));
                match (is_fingerprintable(value.expose()), holders.is_empty()) {
                    (false, _) => Leak::NotSearchable,
                    (true, true) => Leak::NotHeld,
                    (true, false) => {
                        let hidden: BTreeSet<CredentialId> =
                            holders.iter().map(|it| it.credential).filter(|id| !sees(id)).collect();
                        let by = holders.iter().filter(|it| sees(&it.credential));
                        Leak::Held {
                            by: by.map(|it| (it.credential, it.version)).collect(),
                            hidden: u32::try_from(hidden.len()).unwrap_or(u32::MAX),
                        }
                    }
                }
            };
            values.iter().map(one).collect()
        };
        drop(values);
        let count = |of: &dyn Fn(&Leak) -> bool| results.iter().filter(|it| of(it)).count() as u64;
        let command = Command::RecordLeakSearch {
            count: results.len() as u64,
            searchable: count(&|it| *it != Leak::NotSearchable),
            found: count(&|it| matches!(it, Leak::Held { .. })),
        };
        let receipt = self.submit(context, vec![command], false, Vec::new()).await?;
        let position = receipt
            .position
            .ok_or_else(|| Failure::Internal("a search made no record".to_owned()))?;
        Ok(LeakSearch { results, position })
    }
}
