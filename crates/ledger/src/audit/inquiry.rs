//! Questions that take more than a list: why something was allowed, what somebody came by, what is untidy.

use super::EventView;
use super::filter::{Filter, FilterKey};
use super::lists::{Join, Shelf};
use super::reader::Reader;
use crate::Ledger;
use crate::index::Concern;
use crate::inner::Shared;
use crate::request::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use strongroom_domain::State;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Subject};
use strongroom_domain::hygiene::{Found, Untidy, overdue, untidy};
use strongroom_domain::ids::{CredentialId, CredentialVersion, GrantId, Position, PrincipalId, TimeUs};
use strongroom_domain::rights::{Target, authorize, visible};
use strongroom_domain::state::{Credential, GrantFact};
use strongroom_domain::words::{CredentialStatus, Right};
use strongroom_domain::{Rejection, stored};

/// Servings that one question looks at, the newest.
const SERVINGS_MAX: u64 = 50_000;
/// Grants that lead to one another, from the one that decided to the first of all.
const CHAIN_MAX: usize = 64;

/// Why a request was allowed or denied.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What was recorded.
    pub event: EventView,
    /// State as it was decided on.
    pub then: Arc<State>,
    /// Who acted, and the grants of his that counted then.
    pub actor: PrincipalId,
    /// The grants that counted then.
    pub in_force: Vec<GrantFact>,
    /// The grant that decided, by which grant its giver gave it, and so on to the first; each with its holder.
    pub chain: Vec<(PrincipalId, GrantFact)>,
}

/// What somebody came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameBy {
    /// The credential.
    pub credential: CredentialId,
    /// The version.
    pub version: CredentialVersion,
    /// The first of what was looked at.
    pub first_at: TimeUs,
    /// The last.
    pub last_at: TimeUs,
    /// Records: a lower bound of how often.
    pub records: u64,
    /// Whether a person saw it.
    pub revealed: bool,
}

impl Ledger {
    /// Why what is recorded at a position was allowed or denied. Takes `audit` on the ledger.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn explain(&self, caller: &Caller, position: Position) -> Result<Explained, Failure> {
        let view = self.view();
        authorize(&view.state, caller, Right::Audit, Target::Ledger, view.now).map_err(Rejection::from)?;
        let reader = Reader::of(&view, caller);
        let opened = self.shared.opened(position)?;
        let (recorded, record) = opened.ok_or_else(|| super::no_position(view.head))?;
        let event = reader
            .shows(&recorded, &record)
            .ok_or_else(|| super::no_position(view.head))?;
        let then = self.shared.state_at(position)?;
        let actor = recorded.envelope.actor;
        let counts = |fact: &&GrantFact| {
            let granted = &fact.granted;
            let at = recorded.recorded_at;
            fact.withdrawn_at.is_none() && granted.from <= at && granted.until.is_none_or(|end| at < end)
        };
        let principal = then.principals.get(&actor);
        let in_force = principal
            .into_iter()
            .flat_map(|it| &it.grants)
            .filter(counts)
            .cloned()
            .collect();
        Ok(Explained {
            event,
            chain: recorded
                .envelope
                .grant
                .map_or_else(Vec::new, |grant| chain(&then, grant)),
            then,
            actor,
            in_force,
        })
    }

    /// What came out by a token or to a principal: servings and reveals, of the newest 50,000 records; and whether that was
    /// all. Takes `audit` on the ledger.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn came_by(&self, caller: &Caller, key: FilterKey, word: &str) -> Result<(Vec<CameBy>, bool), Failure> {
        let mut filter = Filter::default();
        filter.parameter(key, word);
        filter.parameter(FilterKey::Type, "access.accessed,access.revealed");
        let mut found: BTreeMap<(CredentialId, CredentialVersion), CameBy> = BTreeMap::new();
        let complete = self.survey(caller, &filter, SERVINGS_MAX, &mut |recorded| {
            let at = recorded.recorded_at;
            let mut note = |credential, version, revealed| {
                let entry = found.entry((credential, version)).or_insert(CameBy {
                    credential,
                    version,
                    first_at: at,
                    last_at: at,
                    records: 0,
                    revealed: false,
                });
                entry.first_at = entry.first_at.min(at);
                entry.last_at = entry.last_at.max(at);
                entry.records += 1;
                entry.revealed |= revealed;
            };
            match &recorded.event {
                Event::Accessed(data) => {
                    for served in &data.served {
                        note(served.credential, served.version, false);
                    }
                }
                Event::Revealed(data) => note(data.credential, data.version, true),
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        let mut found: Vec<CameBy> = found.into_values().collect();
        found.sort_by_key(|it| std::cmp::Reverse((it.revealed, it.last_at)));
        Ok((found, complete))
    }

    /// What is untidy about each credential that a caller sees; tidy ones are left out. Costs one look into the index for each
    /// credential that stands nowhere.
    #[must_use]
    pub fn hygiene(&self, caller: &Caller) -> Vec<(Arc<Credential>, Vec<Untidy>)> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let overdue = overdue(&view.state, view.now);
        let current = |id: CredentialId| {
            let credential = view.state.credentials.get(&id).filter(|it| seen.credential(it))?;
            (credential.status != CredentialStatus::Revoked).then(|| credential.version())
        };
        let fingerprints = self.shared.fingerprints.read().unwrap_or_else(PoisonError::into_inner);
        let found = Looked {
            shared: &self.shared,
            duplicates: fingerprints.duplicates(&current),
        };
        drop(fingerprints);
        let mut all = Vec::new();
        for credential in view.state.credentials.values().filter(|it| seen.credential(it)) {
            let mut of = untidy(&view.state, credential, &found, view.now);
            if overdue.contains(&credential.id) {
                of.insert(Untidy::Overdue);
            }
            if !of.is_empty() {
                let ordered = Untidy::ALL.iter().copied().filter(|it| of.contains(it)).collect();
                all.push((Arc::clone(credential), ordered));
            }
        }
        all.sort_by(|(a, _), (b, _)| a.handle.cmp(&b.handle));
        all
    }
}

/// A grant, the grant by which it was given, and so on.
fn chain(state: &State, first: GrantId) -> Vec<(PrincipalId, GrantFact)> {
    let mut chain: Vec<(PrincipalId, GrantFact)> = Vec::new();
    let mut next = Some(first);
    while let Some(id) = next.take() {
        let holds = |fact: &&GrantFact| fact.granted.grant == id;
        let found = state
            .principals
            .values()
            .find_map(|it| it.grants.iter().find(holds).map(|fact| (it.id, fact)));
        let Some((holder, fact)) = found else { break };
        next = fact.by_grant.filter(|by| *by != id && chain.len() < CHAIN_MAX);
        chain.push((holder, fact.clone()));
    }
    chain
}

/// What hygiene asks of fingerprints and index.
struct Looked<'l> {
    shared: &'l Shared,
    duplicates: BTreeSet<CredentialId>,
}

impl Found for Looked<'_> {
    fn duplicated(&self, credential: &Credential) -> bool {
        self.duplicates.contains(&credential.id)
    }

    fn used(&self, credential: CredentialId) -> bool {
        let term = |concern: Concern| vec![concern.term(&self.shared.keys)];
        let codes = ["access.accessed", "access.revealed"].map(|name| stored::type_code_of(name).unwrap_or_default());
        let shelf = Shelf {
            store: &self.shared.store,
            index: &self.shared.index,
            range: 0..self.shared.published.load().head,
            newest_first: true,
        };
        let served = codes
            .into_iter()
            .map(|code| Concern::Type(code).term(&self.shared.keys))
            .collect();
        let mut join = Join::new(
            shelf,
            vec![term(Concern::Subject(Subject::Credential(credential))), served],
        );
        // What can't be read is not said to be unused.
        join.next().map_or(true, |found| found.is_some())
    }
}
