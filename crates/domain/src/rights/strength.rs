//! Who is stronger than whom, so that nobody raises himself.

use super::identity::identity_ended;
use super::scope::{allows, contains, denies, disjoint, gives, narrowed, parts};
use super::{Target, authorize, token_ended, visible};
use crate::context::Caller;
use crate::event::Granted;
use crate::ids::{GrantId, PrincipalId, TimeUs, TokenId, WorkspaceId};
use crate::state::{Credential, GrantFact, Principal, State};
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
        .any(|principal| owner_for_good(principal, None, now) && has_token(principal, &[], now))
}

/// Whether a principal holds a token that opens the ledger now, also without some of his tokens. An identity is none: its
/// issuer may be away. Nor is a run's token.
#[must_use]
pub fn has_token(principal: &Principal, without: &[TokenId], now: TimeUs) -> bool {
    let mut tokens = principal.tokens.iter();
    tokens.any(|token| token.run.is_none() && !without.contains(&token.id) && !token_ended(principal, token, now))
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
    let denied = grants().any(|granted| granted.effect == Effect::Deny && granted.scope.all);
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

/// Whether a principal may do something, now or by a grant that is to come, that the caller may not at that time, as far as
/// a token that ends then goes.
///
/// It is judged by what the grants say, not by what is there today: what is made tomorrow is no surprise. A denial of the
/// caller counts unless the same is denied to the principal, or nothing can ever be in both. An owner's own denials don't
/// count: he can make an owner without them.
#[must_use]
pub fn stronger(state: &State, principal: &Principal, caller: &Caller, token_end: Option<TimeUs>, now: TimeUs) -> bool {
    if visible(state, caller, now).may(Right::Own, Target::Ledger) {
        return false;
    }
    let mine = live_of(state, caller, now);
    let beyond = |granted: &Granted| {
        let asked = Granted {
            from: granted.from.max(now),
            until: earlier(granted.until, token_end),
            ..granted.clone()
        };
        let kept_from = |right: Right| {
            let denials = denials(&mine, right);
            let open = |denial: &Granted| {
                !disjoint(&denial.scope, &asked.scope) && !denied_as_well(principal, denial, right, now)
            };
            denials.into_iter().any(open)
        };
        rights_given(&asked).any(|right| !covered(&mine, &asked, right) || kept_from(right))
    };
    live_allowances(principal, now).any(beyond)
}

/// The first right that a role would give in a scope and that the caller does not pass on there, since it is denied to him.
///
/// Who administers passes on every right but `own` and `administer`, which take an owner; none of those that are denied to
/// him, where something is there that both his denial and the grant are about, unless the same is denied to who gets it.
#[must_use]
pub fn kept_back(state: &State, caller: &Caller, to: &Principal, given: &Granted, now: TimeUs) -> Option<Right> {
    if visible(state, caller, now).may(Right::Own, Target::Ledger) {
        return None;
    }
    let mine = live_of(state, caller, now);
    rights_given(given).find(|right| {
        let meets = |denial: &Granted| !denied_as_well(to, denial, *right, now) && meet(state, denial, given, *right);
        denials(&mine, *right).into_iter().any(meets)
    })
}

/// Whether a credential as it is to be would give a principal, now or at a later time, a right that it does not give as it
/// is: then who changes it so would raise him.
#[must_use]
pub fn gains(state: &State, principal: &Principal, before: &Credential, after: &Credential, now: TimeUs) -> bool {
    let caller = Caller {
        principal: principal.id,
        token: None,
        on_behalf_of: None,
    };
    let turns = live(principal, now).flat_map(|granted| [Some(granted.from), granted.until]);
    let times = turns.flatten().filter(|time| *time > now);
    let at = |time| {
        let seen = visible(state, &caller, time);
        let new =
            |right: &Right, after: Target<'_>, before: Target<'_>| seen.may(*right, after) && !seen.may(*right, before);
        let itself = |right: &Right| new(right, Target::Credential(after), Target::Credential(before));
        // Behind a variable it is judged once more, by grants that are narrowed to some credentials.
        let within = |right: &Right| {
            let workspaces = seen.narrowed().then(|| state.workspaces.keys());
            let new = |id: &WorkspaceId| {
                new(
                    right,
                    Target::Within(*id, Some(after)),
                    Target::Within(*id, Some(before)),
                )
            };
            workspaces.into_iter().flatten().any(new)
        };
        !seen.may(Right::Own, Target::Ledger)
            && (Right::ALL.iter().any(itself) || [Right::Map, Right::Resolve].iter().any(within))
    };
    std::iter::once(now).chain(times).any(at)
}

/// Whether another issued a token of a principal that still works, or bound an identity of his that does.
#[must_use]
pub fn holds_token_of(holder: PrincipalId, principal: &Principal, now: TimeUs) -> bool {
    let mut tokens = principal.tokens.iter();
    let mut identities = principal.identities.iter();
    tokens.any(|token| token.issued_by == holder && !token_ended(principal, token, now))
        || identities.any(|identity| identity.bound_by == holder && !identity_ended(identity, now))
}

/// What the caller's grants give and deny, now or from a later time on.
fn live_of<'s>(state: &'s State, caller: &Caller, now: TimeUs) -> Vec<&'s Granted> {
    let own = state.principals.get(&caller.principal);
    own.into_iter().flat_map(|own| live(own, now)).collect()
}

fn rights_given(granted: &Granted) -> impl Iterator<Item = Right> + use<'_> {
    let given = |right: &Right| gives(granted.role, &granted.scope, *right);
    Right::ALL.iter().copied().filter(given)
}

fn denials<'g>(grants: &[&'g Granted], right: Right) -> Vec<&'g Granted> {
    let denies = |granted: &&&Granted| granted.effect == Effect::Deny && granted.role.holds(right);
    grants.iter().filter(denies).copied().collect()
}

/// Whether one of the allowances covers what is asked, or several do, part by part.
fn covered(mine: &[&Granted], asked: &Granted, right: Right) -> bool {
    let one = |asked: &Granted| {
        mine.iter().any(|own| {
            let as_long = own
                .until
                .is_none_or(|end| asked.until.is_some_and(|other| other <= end));
            own.effect == Effect::Allow && own.from <= asked.from && as_long && contains(own, asked, right)
        })
    };
    let part = |scope| one(&Granted { scope, ..asked.clone() });
    if one(asked) {
        return true;
    }
    let parts = parts(&asked.scope);
    !parts.is_empty() && parts.into_iter().all(part)
}

/// Whether something is there that a denial refuses and an allowance gives.
fn meet(state: &State, denial: &Granted, given: &Granted, right: Right) -> bool {
    if disjoint(&denial.scope, &given.scope) {
        return false;
    }
    let by_credential = matches!(right, Right::Map | Right::Resolve);
    if denial.scope.all || given.scope.all || by_credential && narrowed(&denial.scope) {
        return true;
    }
    let both = |target: Target<'_>| denies(state, denial, right, target) && allows(state, given, right, target);
    state.workspaces.keys().any(|id| both(Target::Workspace(*id)))
        || state.clients.keys().any(|id| both(Target::Client(*id)))
        || state.credentials.values().any(|it| both(Target::Credential(it)))
}

fn earlier(one: Option<TimeUs>, other: Option<TimeUs>) -> Option<TimeUs> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Whether a right is denied to a principal wherever and whenever another's denial denies it.
fn denied_as_well(principal: &Principal, denial: &Granted, right: Right, now: TimeUs) -> bool {
    live(principal, now).any(|own| {
        let from_then_on = own.from <= denial.from.max(now);
        let until_then = own
            .until
            .is_none_or(|end| denial.until.is_some_and(|other| other <= end));
        let wherever = own.scope.all || !denial.scope.all && refuses_all_of(own, denial);
        own.effect == Effect::Deny && own.role.holds(right) && wherever && from_then_on && until_then
    })
}

/// Whether everything that one denial refuses another refuses as well: it names the same sorts, and no fewer of each.
fn refuses_all_of(own: &Granted, denial: &Granted) -> bool {
    fn all_of<T: PartialEq>(own: &[T], other: &[T]) -> bool {
        own.is_empty() == other.is_empty() && other.iter().all(|item| own.contains(item))
    }
    let (own, other) = (&own.scope, &denial.scope);
    all_of(&own.workspaces, &other.workspaces)
        && all_of(&own.clients, &other.clients)
        && all_of(&own.services, &other.services)
        && all_of(&own.tags, &other.tags)
        && all_of(&own.credentials, &other.credentials)
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
