//! Principals, grants, tokens, and the first events of a ledger. Nobody raises himself here.

use super::{Decision, Desk, NewEvent, at, decided, named, one, stream, to_come, unchanged};
use crate::context::Caller;
use crate::event::{
    Event, GrantWithdrawn, Granted, LedgerInitialized, Nothing, Pair, PrincipalCreated, Scope, Stream, TokenIssued,
    TokenRevoked,
};
use crate::find;
use crate::ids::{GrantId, LedgerId, PrincipalId, TimeUs, TokenId};
use crate::limits::{SCOPE_ITEMS_MAX, TIME_US_MAX};
use crate::rejection::Rejection;
use crate::rights::{
    Allowed, Denied, DeniedWhy, Target, administers, another_owner, has_token, holds_token_of, is_owner, kept_back,
    own_affair, owner_for_good, owners_only, stronger,
};
use crate::state::{GrantFact, Principal, TokenFact};
use crate::text;
use crate::words::{Category, Effect, PrincipalKind, Right, Role};

/// What is to be granted.
pub(super) struct Wish {
    pub(super) role: Role,
    pub(super) scope: Scope,
    pub(super) effect: Effect,
    /// None: from now on.
    pub(super) from: Option<TimeUs>,
    pub(super) until: Option<TimeUs>,
}

/// A ledger's first token.
pub(super) struct FirstToken {
    pub(super) hash: [u8; 32],
    pub(super) expires_at: Option<TimeUs>,
    pub(super) owners_only: bool,
}

pub(super) fn create(
    desk: &mut Desk<'_, '_, '_>,
    name: &str,
    handle: Option<String>,
    kind: PrincipalKind,
) -> Result<Decision, Rejection> {
    let allowed = desk.authorize(Right::Administer, Target::Ledger)?;
    desk.match_version(0)?;
    if kind == PrincipalKind::System {
        return Err(Rejection::invalid(
            "/kind",
            "only the ledger itself is of the kind system",
            "person or service",
        ));
    }
    if kind != PrincipalKind::Person {
        only_owners_are_made(desk)?;
    }
    let created = principal_named(desk, name, handle, kind)?;
    Ok(decided(
        allowed,
        vec![one(
            stream(Category::Principal, desk.fresh()),
            Event::PrincipalCreated(created),
        )],
    ))
}

pub(super) fn disable(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (principal, allowed) = open(desk, reference, Right::Administer)?;
    only_owners_are_made(desk)?;
    if principal.disabled {
        return unchanged(allowed);
    }
    an_owner_stays(desk, principal)?;
    Ok(decided(
        allowed,
        vec![one(stream_of(principal), Event::PrincipalDisabled(Nothing {}))],
    ))
}

pub(super) fn grant(desk: &mut Desk<'_, '_, '_>, reference: &str, wish: Wish) -> Result<Decision, Rejection> {
    let (principal, allowed) = open(desk, reference, needed_for(wish.role))?;
    let makes_owner = wish.role == Role::Owner && wish.effect == Effect::Allow && wish.scope.all;
    if !makes_owner {
        only_owners_are_made(desk)?;
    }
    not_to_himself(desk, principal)?;
    if principal.disabled {
        return Err(Rejection::NotActive {
            what: "principal",
            status: "disabled",
        });
    }
    let scope = checked_scope(desk, wish.scope)?;
    let unplaced = !scope.all && scope.workspaces.is_empty() && scope.clients.is_empty();
    if wish.role == Role::Service && wish.effect == Effect::Allow && unplaced {
        return Err(Rejection::invalid(
            "/scope",
            "a service is served the secrets of workspaces, and the scope names none",
            "name workspaces or clients too; `reader` reads credentials by id",
        ));
    }
    let now = desk.ctx.now;
    to_come(wish.until, now, "/until")?;
    let from = wish.from.unwrap_or(now);
    if from > TIME_US_MAX || wish.until.is_some_and(|until| until <= from) {
        return Err(Rejection::invalid(
            "/until",
            "it ends before it begins",
            "give an end after the beginning",
        ));
    }
    if wish.effect == Effect::Deny && wish.role.holds(Right::Own) {
        an_owner_stays(desk, principal)?;
    }
    let granted = Granted {
        grant: GrantId(desk.fresh()),
        role: wish.role,
        scope,
        effect: wish.effect,
        from,
        until: wish.until,
    };
    if granted.effect == Effect::Allow {
        passes_on(desk, principal, &granted)?;
    }
    let same = |fact: &GrantFact| {
        let old = &fact.granted;
        fact.withdrawn_at.is_none()
            && (old.role, old.effect, old.until) == (granted.role, granted.effect, granted.until)
            && old.scope == granted.scope
            && old.from <= granted.from
    };
    if principal.grants.iter().any(same) {
        return unchanged(allowed);
    }
    Ok(decided(
        allowed,
        vec![one(stream_of(principal), Event::Granted(granted))],
    ))
}

pub(super) fn withdraw(desk: &mut Desk<'_, '_, '_>, reference: &str, grant: GrantId) -> Result<Decision, Rejection> {
    let principal = find::principal(desk.state, &desk.visible, reference, "")?;
    let Some(fact) = principal.grants.iter().find(|fact| fact.granted.grant == grant) else {
        return Err(not_found("grant"));
    };
    let (_, allowed) = open(desk, reference, needed_for(fact.granted.role))?;
    only_owners_are_made(desk)?;
    not_to_himself(desk, principal)?;
    if fact.withdrawn_at.is_some() {
        return unchanged(allowed);
    }
    if fact.granted.effect == Effect::Deny {
        // What a denial kept from him he would get back.
        passes_on(desk, principal, &fact.granted)?;
    }
    if fact.granted.effect == Effect::Allow
        && fact.granted.role.holds(Right::Own)
        && !owner_for_good(principal, Some(grant), desk.ctx.now)
    {
        an_owner_stays(desk, principal)?;
    }
    Ok(decided(
        allowed,
        vec![one(
            stream_of(principal),
            Event::GrantWithdrawn(GrantWithdrawn { grant }),
        )],
    ))
}

pub(super) fn issue_token(
    desk: &mut Desk<'_, '_, '_>,
    reference: &str,
    hash: [u8; 32],
    label: &str,
    expires_at: Option<TimeUs>,
) -> Result<Decision, Rejection> {
    let (principal, allowed) = open(desk, reference, Right::Administer)?;
    if principal.id == desk.ctx.caller.principal || !is_owner(desk.state, principal.id, desk.ctx.now) {
        only_owners_are_made(desk)?;
    }
    if principal.disabled {
        return Err(Rejection::NotActive {
            what: "principal",
            status: "disabled",
        });
    }
    to_come(expires_at, desk.ctx.now, "/expires_at")?;
    let house = desk.ctx.caller.principal == PrincipalId::SYSTEM;
    if !house && stronger(desk.state, principal, &desk.ctx.caller, expires_at, desk.ctx.now) {
        return Err(Rejection::TokenTooStrong);
    }
    if desk.state.tokens.contains_key(&hash) {
        return Err(Rejection::invalid("", "the token exists already", "make another"));
    }
    let label = text::tag_value(label).map_err(at("/label"))?;
    let token = TokenId(desk.fresh());
    let issued = TokenIssued {
        token,
        hash,
        label,
        expires_at,
        owners_only: false,
        run: None,
    };
    Ok(decided(
        allowed,
        vec![one(stream_of(principal), Event::TokenIssued(issued))],
    ))
}

pub(super) fn revoke_token(desk: &mut Desk<'_, '_, '_>, token: TokenId) -> Result<Decision, Rejection> {
    let held = |principal: &&Principal| principal.tokens.iter().any(|fact| fact.id == token);
    let holder = desk.state.principals.values().map(AsRef::as_ref).find(held);
    let seen = holder
        .filter(|holder| desk.visible.principal(holder))
        .ok_or_else(|| not_found("token"))?;
    let allowed = if seen.id == desk.ctx.caller.principal {
        own_affair(&desk.ctx.caller)
    } else {
        only_owners_are_made(desk)?;
        desk.authorize(needed_on(desk, seen), Target::Ledger)?
    };
    desk.match_version(seen.head.changed)?;
    let revoked = |fact: &TokenFact| fact.id == token && fact.revoked_at.is_some();
    if seen.tokens.iter().any(revoked) {
        return unchanged(allowed);
    }
    a_way_in_stays(desk, seen, &[token])?;
    Ok(decided(
        allowed,
        vec![one(stream_of(seen), Event::TokenRevoked(TokenRevoked { token }))],
    ))
}

pub(super) fn initialize(
    desk: &mut Desk<'_, '_, '_>,
    ledger: LedgerId,
    name: String,
    dev: bool,
    owner_name: &str,
    token: FirstToken,
) -> Result<Decision, Rejection> {
    if desk.state.ledger.head.version > 0 {
        return Err(Rejection::AlreadyInitialized);
    }
    if desk.ctx.caller != Caller::SYSTEM {
        return Err(denied(DeniedWhy::NoGrant));
    }
    let allowed = desk.authorize(Right::Own, Target::Ledger)?;
    text::ledger_name(&name).map_err(at("/name"))?;
    to_come(token.expires_at, desk.ctx.now, "/token_expires_at")?;
    let created = principal_named(desk, owner_name, None, PrincipalKind::Person)?;
    let owner = stream(Category::Principal, desk.fresh());
    let granted = Granted {
        grant: GrantId(desk.fresh()),
        role: Role::Owner,
        scope: Scope {
            all: true,
            ..Scope::default()
        },
        effect: Effect::Allow,
        from: desk.ctx.now,
        until: None,
    };
    let issued = TokenIssued {
        token: TokenId(desk.fresh()),
        hash: token.hash,
        label: "first token".to_owned(),
        expires_at: token.expires_at,
        owners_only: token.owners_only,
        run: None,
    };
    let events: Vec<NewEvent> = vec![
        one(
            stream(Category::Ledger, ledger.0),
            Event::LedgerInitialized(LedgerInitialized { name, dev }),
        ),
        one(owner, Event::PrincipalCreated(created)),
        one(owner, Event::Granted(granted)),
        one(owner, Event::TokenIssued(issued)),
    ];
    Ok(decided(allowed, events))
}

pub(super) fn stream_of(principal: &Principal) -> Stream {
    stream(Category::Principal, principal.id.0)
}

/// Finds a principal to act on. On an administrator or owner only an owner acts, whatever is done.
pub(super) fn open<'s>(
    desk: &Desk<'s, '_, '_>,
    reference: &str,
    right: Right,
) -> Result<(&'s Principal, Allowed), Rejection> {
    let principal = find::principal(desk.state, &desk.visible, reference, "")?;
    let right = if right == Right::Own {
        right
    } else {
        needed_on(desk, principal)
    };
    let allowed = desk.authorize(right, Target::Ledger)?;
    desk.match_version(principal.head.changed)?;
    Ok((principal, allowed))
}

pub(super) fn needed_on(desk: &Desk<'_, '_, '_>, principal: &Principal) -> Right {
    let himself = principal.id == desk.ctx.caller.principal;
    if !himself && administers(principal, desk.ctx.now) {
        Right::Own
    } else {
        Right::Administer
    }
}

/// Administrators pass on everything but what makes administrators and owners.
fn needed_for(role: Role) -> Right {
    if role.holds(Right::Administer) || role.holds(Right::Own) {
        Right::Own
    } else {
        Right::Administer
    }
}

/// Nobody changes his own grants. Who is no owner changes none of a principal whose token he holds either: else he
/// would wear them.
fn not_to_himself(desk: &Desk<'_, '_, '_>, principal: &Principal) -> Result<(), Rejection> {
    let (caller, now) = (&desk.ctx.caller, desk.ctx.now);
    if caller.principal == principal.id {
        return Err(Rejection::SelfEscalation);
    }
    let holds = holds_token_of(caller.principal, principal, now);
    if holds && caller.principal != PrincipalId::SYSTEM && !desk.visible.may(Right::Own, Target::Ledger) {
        return Err(Rejection::SelfEscalation);
    }
    Ok(())
}

/// Nobody passes on what is denied to him.
fn passes_on(desk: &Desk<'_, '_, '_>, principal: &Principal, granted: &Granted) -> Result<(), Rejection> {
    match kept_back(desk.state, &desk.ctx.caller, principal, granted, desk.ctx.now) {
        None => Ok(()),
        Some(right) => Err(Rejection::Denied(Denied {
            right,
            target: Target::Ledger.to_string(),
            why: DeniedWhy::DeniedByGrant,
        })),
    }
}

/// A token that may only make named owners is refused here.
pub(super) fn only_owners_are_made(desk: &Desk<'_, '_, '_>) -> Result<(), Rejection> {
    if owners_only(desk.state, &desk.ctx.caller) {
        Err(denied(DeniedWhy::OwnersOnly))
    } else {
        Ok(())
    }
}

fn denied(why: DeniedWhy) -> Rejection {
    Rejection::Denied(Denied {
        right: Right::Administer,
        target: Target::Ledger.to_string(),
        why,
    })
}

/// An act that takes ownership from a principal is refused when no other owner is left who has a token to act by.
fn an_owner_stays(desk: &Desk<'_, '_, '_>, principal: &Principal) -> Result<(), Rejection> {
    let (state, now) = (desk.state, desk.ctx.now);
    if is_owner(state, principal.id, now) && !another_owner(state, principal.id, now) {
        return Err(Rejection::LastOwner);
    }
    Ok(())
}

/// Taking the last tokens that open the ledger to an owner is refused: nobody could issue another.
pub(super) fn a_way_in_stays(desk: &Desk<'_, '_, '_>, holder: &Principal, gone: &[TokenId]) -> Result<(), Rejection> {
    let (state, now) = (desk.state, desk.ctx.now);
    let last_of_his = has_token(holder, &[], now) && !has_token(holder, gone, now);
    if last_of_his && is_owner(state, holder.id, now) && !another_owner(state, holder.id, now) {
        return Err(Rejection::LastOwnerToken);
    }
    Ok(())
}

/// A scope as it is stored: everything it names is there and shows, sorted, each once.
/// What a scope names is there, is seen, and is named once, in order.
pub(super) fn checked_scope(desk: &Desk<'_, '_, '_>, mut scope: Scope) -> Result<Scope, Rejection> {
    sizes(&scope)?;
    let state = desk.state;
    let (workspaces, clients) = (&scope.workspaces, &scope.clients);
    let gone = |id| !state.workspaces.get(id).is_some_and(|it| desk.visible.workspace(it));
    if workspaces.iter().any(gone) {
        return Err(not_found("workspace"));
    }
    let gone = |id| !state.clients.get(id).is_some_and(|it| desk.visible.client(it));
    if clients.iter().any(gone) {
        return Err(not_found("client"));
    }
    let gone = |id| !state.credentials.get(id).is_some_and(|it| desk.visible.credential(it));
    if scope.credentials.iter().any(gone) {
        return Err(not_found("credential"));
    }
    let service = |id: &String| text::service_id(id).map_err(at("/scope/services"));
    scope.services.iter().try_for_each(service)?;
    let tag = |tag: &Pair| {
        let name = text::tag_name(&tag.name).map_err(at("/scope/tags"))?;
        let value = text::tag_value(&tag.value).map_err(at("/scope/tags"))?;
        Ok(Pair { name, value })
    };
    scope.tags = scope.tags.iter().map(tag).collect::<Result<_, Rejection>>()?;
    scope.workspaces.sort_unstable();
    scope.workspaces.dedup();
    scope.clients.sort_unstable();
    scope.clients.dedup();
    scope.services.sort_unstable();
    scope.services.dedup();
    scope.tags.sort();
    scope.tags.dedup();
    scope.credentials.sort_unstable();
    scope.credentials.dedup();
    Ok(scope)
}

/// All is written out, and nothing else stands beside it; else something is named, and not too much.
fn sizes(scope: &Scope) -> Result<(), Rejection> {
    let named = [
        ("/scope/workspaces", scope.workspaces.len()),
        ("/scope/clients", scope.clients.len()),
        ("/scope/services", scope.services.len()),
        ("/scope/tags", scope.tags.len()),
        ("/scope/credentials", scope.credentials.len()),
    ];
    if scope.all != named.iter().all(|(_, count)| *count == 0) {
        return Err(Rejection::invalid(
            "/scope",
            "a scope is all, or names workspaces, clients, services, tags or credentials",
            "an empty scope is nothing",
        ));
    }
    match named.into_iter().find(|(_, count)| *count > SCOPE_ITEMS_MAX) {
        Some((pointer, _)) => Err(Rejection::invalid(pointer, format!("at most {SCOPE_ITEMS_MAX}"), "")),
        None => Ok(()),
    }
}

fn principal_named(
    desk: &Desk<'_, '_, '_>,
    name: &str,
    handle: Option<String>,
    kind: PrincipalKind,
) -> Result<PrincipalCreated, Rejection> {
    let names = &desk.state.names;
    let taken = |handle: &str| names.principal_handles.contains_key(handle);
    let holder = |skeleton: &str| {
        let id = names.principal_skeletons.get(skeleton)?;
        let holder = desk
            .state
            .principals
            .get(id)
            .filter(|holder| desk.visible.principal(holder));
        Some(holder.map(|holder| holder.handle.as_str()))
    };
    let (name, handle) = named("principal", name, handle, taken, holder)?;
    Ok(PrincipalCreated {
        name: name.as_str().to_owned(),
        skeleton: name.skeleton().to_owned(),
        handle: handle.as_str().to_owned(),
        kind,
    })
}

pub(super) fn not_found(what: &'static str) -> Rejection {
    Rejection::NotFound {
        what,
        pointer: String::new(),
        suggestions: Vec::new(),
        denied: None,
    }
}
