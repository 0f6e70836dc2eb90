//! Who is stronger than whom, so that nobody raises himself.

use super::{Target, authorize, names_unknown, token_ended, visible};
use crate::context::Caller;
use crate::event::Granted;
use crate::ids::{GrantId, PrincipalId, TimeUs, TokenId};
use crate::state::{GrantFact, Principal, State};
use crate::words::{Effect, Right};

/// Whether a principal is, or by a grant that is to come will be, an administrator or owner: only owners act on those.
#[must_use]
pub fn administers(principal: &Principal, now: TimeUs) -> bool {
    live_allowances(principal, now).any(|granted| granted.role.holds(Right::Administer))
}

/// Whether another principal than this one is an owner for good, with a token to act by.
#[must_use]
pub fn another_owner(state: &State, but: PrincipalId, now: TimeUs) -> bool {
    let others = state
        .principals
        .values()
        .filter(|principal| principal.id != but && !principal.disabled);
    others
        .into_iter()
        .any(|principal| owner_for_good(principal, None, now) && has_token(principal, None, now))
}

/// Whether a principal holds a token that opens the ledger now, also without one of his tokens.
#[must_use]
pub fn has_token(principal: &Principal, without: Option<TokenId>, now: TimeUs) -> bool {
    let mut tokens = principal.tokens.iter();
    tokens.any(|token| Some(token.id) != without && !token_ended(token, now))
}

/// Whether a principal is an owner now and without end, also without one of his grants.
#[must_use]
pub fn owner_for_good(principal: &Principal, without: Option<GrantId>, now: TimeUs) -> bool {
    let live = |fact: &&GrantFact| {
        fact.withdrawn_at.is_none()
            && Some(fact.granted.grant) != without
            && fact.granted.role.holds(Right::Own)
            && fact.granted.until.is_none_or(|end| now < end)
    };
    let grants = || principal.grants.iter().filter(live).map(|fact| &fact.granted);
    let given = grants().any(|granted| {
        granted.effect == Effect::Allow && granted.scope.all && granted.from <= now && granted.until.is_none()
    });
    // A denial that is to come ends it as surely as one that is there.
    let denied =
        grants().any(|granted| granted.effect == Effect::Deny && (granted.scope.all || names_unknown(&granted.scope)));
    given && !denied
}

/// Whether a principal is an owner now.
#[must_use]
pub fn is_owner(state: &State, principal: PrincipalId, now: TimeUs) -> bool {
    let caller = Caller {
        principal,
        token: None,
        on_behalf_of: None,
    };
    authorize(state, &caller, Right::Own, Target::Ledger, now).is_ok()
}

/// Whether a principal may do something, now or by a grant that is to come, that the caller may not.
///
/// An allowance for everything is beyond a caller to whom one of its rights is denied anywhere, unless the same is
/// denied to the principal. An owner's own denials don't count: he can make an owner without them.
#[must_use]
pub fn stronger(state: &State, principal: &Principal, caller: &Caller, now: TimeUs) -> bool {
    let mine = visible(state, caller, now);
    if mine.may(Right::Own, Target::Ledger) {
        return false;
    }
    let beyond = |granted: &Granted| {
        let scope = &granted.scope;
        let covers = |right: &Right| {
            if scope.all {
                // A denial for a workspace refuses nothing on the ledger, so it is looked at by itself.
                let as_denied = |denial| denied_as_well(principal, denial, *right, now);
                mine.may(*right, Target::Ledger) && denials_of(state, caller, *right, now).all(as_denied)
            } else {
                scope
                    .workspaces
                    .iter()
                    .all(|id| mine.may(*right, Target::Workspace(*id)))
            }
        };
        names_unknown(scope) || !granted.role.rights().iter().all(covers)
    };
    live_allowances(principal, now).any(beyond)
}

/// The denials of a right to the caller, now or from a later time on.
fn denials_of<'s>(
    state: &'s State,
    caller: &Caller,
    right: Right,
    now: TimeUs,
) -> impl Iterator<Item = &'s Granted> + use<'s> {
    let principal = state.principals.get(&caller.principal);
    let grants = principal.into_iter().flat_map(move |principal| live(principal, now));
    grants.filter(move |granted| granted.effect == Effect::Deny && granted.role.holds(right))
}

/// Whether a right is denied to a principal wherever and whenever another's denial denies it.
fn denied_as_well(principal: &Principal, denial: &Granted, right: Right, now: TimeUs) -> bool {
    live(principal, now).any(|own| {
        let (scope, other) = (&own.scope, &denial.scope);
        let everywhere = scope.all || names_unknown(scope);
        let wherever = everywhere
            || !other.all && !names_unknown(other) && other.workspaces.iter().all(|id| scope.workspaces.contains(id));
        let from_then_on = own.from <= denial.from.max(now);
        let until_then = own
            .until
            .is_none_or(|end| denial.until.is_some_and(|other| other <= end));
        own.effect == Effect::Deny && own.role.holds(right) && wherever && from_then_on && until_then
    })
}

/// What a principal is given, now or from a later time on.
fn live_allowances(principal: &Principal, now: TimeUs) -> impl Iterator<Item = &Granted> {
    live(principal, now).filter(|granted| granted.effect == Effect::Allow)
}

/// A principal's grants and denials, now or from a later time on.
fn live(principal: &Principal, now: TimeUs) -> impl Iterator<Item = &Granted> {
    let live =
        move |grant: &&GrantFact| grant.withdrawn_at.is_none() && grant.granted.until.is_none_or(|end| now < end);
    principal.grants.iter().filter(live).map(|grant| &grant.granted)
}
