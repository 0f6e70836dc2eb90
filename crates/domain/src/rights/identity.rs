//! Who acts by another issuer's word: which principal an assertion stands for (OpenID Connect Core 1.0 §2, RFC 7519 §4.1).
//! That the issuer said so is proved elsewhere, before this is asked.

use super::TokenRefused;
use crate::context::Caller;
use crate::event::ClaimRule;
use crate::ids::{PrincipalId, TimeUs, TokenId};
use crate::limits::CLOCKS_APART_US;
use crate::state::{IdentityFact, Principal, State};
use crate::words::PrincipalKind;

/// What an issuer says of somebody, proved to be its word.
pub struct Assertion<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`, all of them.
    pub audiences: &'a [String],
    /// `nbf`.
    pub not_before: Option<TimeUs>,
    /// `exp`.
    pub expires_at: TimeUs,
    /// The values of any claim, as text; none where it is not made.
    pub claim: &'a dyn Fn(&str) -> Vec<String>,
}

/// Whether anybody may act by an issuer's word: else nothing of it is looked at, let alone fetched.
#[must_use]
pub fn issuer_is_known(state: &State, issuer: &str, now: TimeUs) -> bool {
    live_of(state, issuer, now).next().is_some()
}

/// Finds the one principal that an assertion stands for.
///
/// # Errors
/// [`TokenRefused`]; the answer to the caller should not say which.
pub fn identity_caller(state: &State, assertion: &Assertion<'_>, now: TimeUs) -> Result<Caller, TokenRefused> {
    if now >= assertion.expires_at.saturating_add(CLOCKS_APART_US) {
        return Err(TokenRefused::Expired);
    }
    if assertion
        .not_before
        .is_some_and(|begin| now.saturating_add(CLOCKS_APART_US) < begin)
    {
        return Err(TokenRefused::NotYet);
    }
    let holds = |rule: &ClaimRule| {
        let said = (assertion.claim)(&rule.name);
        rule.values.iter().any(|value| said.contains(value))
    };
    let stands_for = |(_, identity): &(&Principal, &IdentityFact)| {
        let bound = &identity.bound;
        // Without a rule everybody whom the issuer knows would match: none is stored, and none would count.
        assertion.audiences.contains(&bound.audience) && !bound.claims.is_empty() && bound.claims.iter().all(holds)
    };
    let mut found = live_of(state, assertion.issuer, now).filter(stands_for);
    let (principal, identity) = found.next().ok_or(TokenRefused::Unbound)?;
    if found.any(|(other, _)| other.id != principal.id) {
        return Err(TokenRefused::Ambiguous);
    }
    if principal.disabled {
        return Err(TokenRefused::Disabled);
    }
    Ok(Caller {
        principal: principal.id,
        token: Some(identity.bound.identity),
        on_behalf_of: None,
    })
}

/// By which issuers, and as which of their clients, people sign in here.
#[must_use]
pub fn sign_in_clients(state: &State, now: TimeUs) -> Vec<(String, String)> {
    let people = state.principals.values();
    let people = people.filter(|it| it.kind == PrincipalKind::Person && !it.disabled);
    let live = people.flat_map(|it| it.identities.iter().filter(|fact| !identity_ended(fact, now)));
    live.map(|fact| (fact.bound.issuer.clone(), fact.bound.audience.clone()))
        .collect()
}

/// Whether a principal has an identity of this id that counts now.
pub(super) fn is_live(principal: &Principal, id: TokenId, now: TimeUs) -> bool {
    live(principal, id, now).is_some()
}

/// The identity of this id, if it counts now.
pub(super) fn live(principal: &Principal, id: TokenId, now: TimeUs) -> Option<&IdentityFact> {
    let mut identities = principal.identities.iter();
    identities.find(|identity| identity.bound.identity == id && !identity_ended(identity, now))
}

pub(crate) fn identity_ended(identity: &IdentityFact, now: TimeUs) -> bool {
    identity.unbound_at.is_some() || identity.bound.expires_at.is_some_and(|end| now >= end)
}

/// An issuer's identities that count, with their principals, also disabled ones.
fn live_of<'s>(
    state: &'s State,
    issuer: &str,
    now: TimeUs,
) -> impl Iterator<Item = (&'s Principal, &'s IdentityFact)> + use<'s> {
    let of = |&(principal, id): &'s (PrincipalId, TokenId)| {
        let principal = state.principals.get(&principal)?;
        let identity = principal.identities.iter().find(|it| it.bound.identity == id)?;
        Some((principal.as_ref(), identity))
    };
    let all = state.issuers.get(issuer).into_iter().flatten();
    all.filter_map(of)
        .filter(move |(_, identity)| !identity_ended(identity, now) && !super::suspended(state, identity.bound_at))
}
