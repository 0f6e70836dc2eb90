//! What the events of a principal do.

use super::thing;
use crate::event::{
    GrantWithdrawn, Granted, IdentityBound, IdentityUnbound, PrincipalCreated, Recorded, TokenIssued, TokenRevoked,
};
use crate::ids::{PrincipalId, TimeUs};
use crate::state::{GrantFact, IdentityFact, Principal, State, StreamHead, TokenFact};
use std::sync::Arc;

pub(super) fn created(state: &mut State, recorded: &Recorded, data: &PrincipalCreated) {
    let id = PrincipalId(recorded.stream.id);
    state.names.principal_handles.insert(data.handle.as_str().into(), id);
    state.names.principal_skeletons.insert(&data.skeleton, id);
    let principal = Principal {
        id,
        head: StreamHead::default().after(recorded),
        handle: data.handle.clone(),
        name: data.name.clone(),
        skeleton: data.skeleton.clone(),
        kind: data.kind,
        disabled: false,
        grants: Vec::new(),
        tokens: Vec::new(),
        identities: Vec::new(),
    };
    state.principals.insert(id, Arc::new(principal));
}

pub(super) fn change(state: &mut State, recorded: &Recorded, apply: impl FnOnce(&mut Principal)) {
    if let Some(principal) = thing(&mut state.principals, PrincipalId(recorded.stream.id)) {
        principal.head = principal.head.after(recorded);
        apply(principal);
    }
}

pub(super) fn token_issued(state: &mut State, recorded: &Recorded, data: &TokenIssued) {
    let id = PrincipalId(recorded.stream.id);
    state.tokens.insert(data.hash, (id, data.token));
    if data.run.is_some() {
        forget_runs(state, id, recorded.recorded_at);
    }
    change(state, recorded, |principal| {
        // Issued to who signed in: it ends with the identity. A run's token knows its parent itself.
        let through = |identity: &&mut IdentityFact| Some(identity.bound.identity) == recorded.envelope.token;
        if data.run.is_none()
            && let Some(identity) = principal.identities.iter_mut().find(through)
        {
            identity.tokens.push(data.token);
        }
        principal.tokens.push(TokenFact {
            id: data.token,
            hash: data.hash,
            label: data.label.clone(),
            issued_at: recorded.recorded_at,
            issued_by: recorded.envelope.actor,
            expires_at: data.expires_at,
            revoked_at: None,
            owners_only: data.owners_only,
            parent: data.run.as_ref().and(recorded.envelope.token),
            run: data.run.clone(),
        });
    });
}

/// Lets go of the tokens of runs that are over: there are thousands a day, and the log has them.
fn forget_runs(state: &mut State, id: PrincipalId, now: TimeUs) {
    let Some(principal) = thing(&mut state.principals, id) else {
        return;
    };
    let over = |token: &TokenFact| token.revoked_at.is_some() || token.expires_at.is_some_and(|end| now >= end);
    let tokens = &mut state.tokens;
    principal.tokens.retain(|token| {
        let gone = token.run.is_some() && over(token);
        if gone {
            tokens.remove(&token.hash);
        }
        !gone
    });
}

pub(super) fn token_revoked(state: &mut State, recorded: &Recorded, data: &TokenRevoked) {
    change(state, recorded, |principal| {
        if let Some(token) = principal.tokens.iter_mut().find(|token| token.id == data.token) {
            token.revoked_at = Some(recorded.recorded_at);
        }
    });
}

pub(super) fn granted(state: &mut State, recorded: &Recorded, data: &Granted) {
    change(state, recorded, |principal| {
        principal.grants.push(GrantFact {
            granted: data.clone(),
            granted_at: recorded.recorded_at,
            granted_by: recorded.envelope.actor,
            by_grant: recorded.envelope.grant,
            withdrawn_at: None,
        });
    });
}

pub(super) fn grant_withdrawn(state: &mut State, recorded: &Recorded, data: &GrantWithdrawn) {
    change(state, recorded, |principal| {
        if let Some(grant) = principal
            .grants
            .iter_mut()
            .find(|grant| grant.granted.grant == data.grant)
        {
            grant.withdrawn_at = Some(recorded.recorded_at);
        }
    });
}

pub(super) fn identity_bound(state: &mut State, recorded: &Recorded, data: &IdentityBound) {
    let of = state.issuers.entry(data.issuer.clone()).or_default();
    of.push((PrincipalId(recorded.stream.id), data.identity));
    change(state, recorded, |principal| {
        principal.identities.push(IdentityFact {
            bound: data.clone(),
            bound_at: recorded.recorded_at,
            bound_by: recorded.envelope.actor,
            unbound_at: None,
            tokens: Vec::new(),
        });
    });
}

pub(super) fn identity_unbound(state: &mut State, recorded: &Recorded, data: &IdentityUnbound) {
    change(state, recorded, |principal| {
        let mut identities = principal.identities.iter_mut();
        if let Some(identity) = identities.find(|identity| identity.bound.identity == data.identity) {
            identity.unbound_at = Some(recorded.recorded_at);
        }
    });
}
