//! Repeats of a request: recognised by its key, answered from the log, never done twice.

use super::Sequencer;
use crate::opened::open_recorded;
use crate::request::{Failure, IdempotencyKey, Receipt, RequestContext};
use std::sync::Arc;
use strongroom_domain::event::Recorded;
use strongroom_domain::ids::{Position, PrincipalId};
use strongroom_seal::{Key32, body_mac_matches, idempotency_term};

impl Sequencer {
    /// The answer to a request that was done before; `None` for a new one.
    pub(super) fn answer_repeat(&self, context: &RequestContext) -> Option<Result<Receipt, Failure>> {
        let key = context.idempotency.as_ref()?;
        let term = self.request_term(context.caller.principal, key);
        if self.pending_requests.contains_key(&term) {
            return Some(Err(Failure::InFlight));
        }
        let (first, count) = match self.shared.index.request(&self.shared.store, &term) {
            Ok(Some(place)) => place,
            Ok(None) => return None,
            Err(_) => return Some(Err(Failure::IndexDamaged)),
        };
        Some(self.repeat(context, key, first, count))
    }

    /// After sealing: until the commit is durable, a second request with this key is one too many.
    pub(super) fn remember_request(&mut self, events: &[Arc<Recorded>]) {
        let Some(first) = events.first() else { return };
        let Some(facts) = &first.envelope.idempotency else {
            return;
        };
        let term = term(&self.shared.keys.index, first.envelope.actor, &facts.route, &facts.key);
        self.pending_requests.insert(term, self.frontier.size());
    }

    fn request_term(&self, principal: PrincipalId, key: &IdempotencyKey) -> [u8; 16] {
        term(&self.shared.keys.index, principal, &key.route, &key.key)
    }

    /// Reads the events again. The index is a hint: what the record says counts.
    fn repeat(
        &self,
        context: &RequestContext,
        key: &IdempotencyKey,
        first: Position,
        count: u32,
    ) -> Result<Receipt, Failure> {
        let published = self.shared.published.load_full();
        let mut events = Vec::new();
        for position in first..first.saturating_add(u64::from(count)) {
            let bytes = self
                .shared
                .store
                .record(position)
                .map_err(|error| Failure::Internal(error.to_string()))?;
            let bytes = bytes.ok_or(Failure::IndexDamaged)?;
            let recorded = open_recorded(&self.shared.keys, position, &bytes).map_err(|_| Failure::IndexDamaged)?;
            // The record itself says how many; the row may have been changed.
            let says = recorded.envelope.idempotency.as_ref().map(|facts| facts.events);
            if events.is_empty() && says != Some(count) {
                return Err(Failure::IndexDamaged);
            }
            events.push(Arc::new(recorded));
        }
        let head = events.first().ok_or(Failure::IndexDamaged)?;
        let facts = head.envelope.idempotency.as_ref().ok_or(Failure::IndexDamaged)?;
        let is_same = facts.key == key.key
            && facts.route == key.route
            && facts.events == count
            && head.envelope.actor == context.caller.principal;
        if !is_same {
            return Err(Failure::IndexDamaged);
        }
        let Some(mac) = &facts.body_mac else {
            return Err(Failure::IdempotencyUnchecked);
        };
        let mut key_ids: Vec<[u8; 16]> = Vec::new();
        for id in events.iter().filter_map(|event| event.secret_key_id) {
            if !key_ids.contains(&id) {
                key_ids.push(id);
            }
        }
        let data_keys: Option<Vec<Arc<Key32>>> = key_ids.iter().map(|id| self.shared.keys.data_key(id)).collect();
        let data_keys = data_keys.ok_or(Failure::IdempotencyShredded)?;
        let keys: Vec<&Key32> = data_keys.iter().map(AsRef::as_ref).collect();
        let header = self.shared.header(first)?;
        let epoch_key = self
            .shared
            .keys
            .epoch(header.epoch)
            .ok_or(Failure::IdempotencyShredded)?;
        if !body_mac_matches(epoch_key, &head.event_id.0, &keys, &key.body, mac) {
            return Err(Failure::IdempotencyMismatch);
        }
        Ok(Receipt {
            position: Some(first),
            events,
            head: published.head,
            checkpoint: Arc::clone(&published.checkpoint),
            replayed: true,
            warnings: Vec::new(),
            view: self.shared.view_of(&published),
        })
    }
}

/// The index term of a request: principal, method and route with its parameters, key.
pub(crate) fn term(index: &Key32, principal: PrincipalId, route: &str, key: &str) -> [u8; 16] {
    let (method, path) = route.split_once(' ').unwrap_or(("", route));
    idempotency_term(index, &principal.0, method, path, &[], key)
}
