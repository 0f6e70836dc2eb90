//! Every event that matches, looked at once: what reports count. Nothing is kept but what the asker notes.

use super::bind;
use super::filter::{Filter, FilterKey};
use super::lists::{Join, Shelf};
use super::reader::Reader;
use crate::Ledger;
use crate::request::Failure;
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use strongroom_domain::context::Caller;
use strongroom_domain::event::Recorded;
use strongroom_domain::ids::{CorrelationId, GrantId, Position, PrincipalId, TimeUs};
use strongroom_domain::rights::{Target, authorize};
use strongroom_domain::words::Right;
use strongroom_domain::{Rejection, State};

/// Times that a principal lost rights that are looked back at, the newest.
const LOSSES_MAX: usize = 16;
/// Events of one principal that are looked at for the last use of his grants, the newest.
const LAST_USES_MAX: u64 = 20_000;

impl Ledger {
    /// Shows each event that matches to `note`, the newest first, until it breaks off; at most `max`. Says whether that was all
    /// that it was to see. Takes `audit` on the ledger. Costs an opened record for each.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn survey(
        &self,
        caller: &Caller,
        filter: &Filter,
        max: u64,
        note: &mut dyn FnMut(&Recorded) -> ControlFlow<()>,
    ) -> Result<bool, Failure> {
        let view = self.view();
        authorize(&view.state, caller, Right::Audit, Target::Ledger, view.now).map_err(Rejection::from)?;
        let reader = Reader::of(&view, caller);
        let bound = bind::bind(&self.shared, &reader, filter)?;
        let lists = bound.conditions.iter().filter_map(|condition| condition.lists.as_ref());
        let terms = lists.map(|any| any.iter().map(|concern| concern.term(&self.shared.keys)).collect());
        let shelf = Shelf {
            store: &self.shared.store,
            index: &self.shared.index,
            range: bound.range,
            newest_first: true,
        };
        let mut join = Join::new(shelf, terms.collect());
        let mut looked = 0;
        while let Some(position) = join.next().map_err(|error| Failure::Internal(error.to_string()))? {
            if looked == max {
                return Ok(false);
            }
            looked += 1;
            if let Some((recorded, _)) = self.shared.opened(position)?
                && bound
                    .conditions
                    .iter()
                    .all(|condition| condition.holds(&reader, &recorded))
                && note(&recorded).is_break()
            {
                return Ok(true);
            }
        }
        Ok(true)
    }

    /// When each grant was last used, of those of the newest 20,000 acts of each principal. Takes `audit` on the ledger.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn grants_used(&self, caller: &Caller) -> Result<BTreeMap<GrantId, TimeUs>, Failure> {
        let state = self.view().state;
        let mut used = BTreeMap::new();
        for principal in state.principals.values() {
            let live = principal.grants.iter().filter(|fact| fact.withdrawn_at.is_none());
            let mut wanted: BTreeSet<GrantId> = live.map(|fact| fact.granted.grant).collect();
            if wanted.is_empty() {
                continue;
            }
            let mut filter = Filter::default();
            filter.parameter(FilterKey::Actor, &principal.id.to_string());
            self.survey(caller, &filter, LAST_USES_MAX, &mut |recorded| {
                if let Some(grant) = recorded.envelope.grant.filter(|grant| wanted.remove(grant)) {
                    used.insert(grant, recorded.recorded_at);
                }
                if wanted.is_empty() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
        }
        Ok(used)
    }

    /// State as it was before each time that a principal lost rights: grants withdrawn, disabled; the newest 16 first. What was
    /// done in one piece of work counts as once. Takes `audit` on the ledger; costs a replay for each, up to the nearest snapshot.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn before_losses(&self, caller: &Caller, principal: PrincipalId) -> Result<Vec<Arc<State>>, Failure> {
        let mut filter = Filter::default();
        filter.parameter(FilterKey::Principal, &principal.to_string());
        filter.parameter(FilterKey::Type, "principal.disabled,principal.grant_withdrawn");
        let mut losses: Vec<(CorrelationId, Position)> = Vec::new();
        self.survey(caller, &filter, LAST_USES_MAX, &mut |recorded| {
            if recorded.stream.id != principal.0 {
                return ControlFlow::Continue(());
            }
            let of = recorded.envelope.correlation;
            let full = losses.len() == LOSSES_MAX;
            match losses.last_mut() {
                Some((last, first)) if *last == of => *first = recorded.position,
                _ if full => return ControlFlow::Break(()),
                _ => losses.push((of, recorded.position)),
            }
            ControlFlow::Continue(())
        })?;
        losses
            .into_iter()
            .map(|(_, position)| self.shared.state_at(position))
            .collect()
    }

    /// The root of the log that a view is of.
    ///
    /// # Errors
    /// [`Failure`] where the tree can't be read.
    pub fn root_of(&self, view: &View) -> Result<[u8; 32], Failure> {
        let root = self.shared.store.proofs().root_at(view.head);
        root.map(|root| root.0)
            .map_err(|error| Failure::Internal(error.to_string()))
    }
}
