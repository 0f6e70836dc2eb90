//! Identities: whose word of somebody lets him act as a principal. To bind one is to issue a token, and judged alike.

use super::principal::{a_way_in_stays, needed_on, not_found, only_owners_are_made, open, stream_of};
use super::{Decision, Desk, at, decided, one, to_come, unchanged};
use crate::command::BindIdentity;
use crate::event::{ClaimRule, Event, IdentityBound, IdentityUnbound, TokenIssued, TokenRevoked};
use crate::ids::{PrincipalId, TimeUs, TokenId};
use crate::limits::{CLAIM_CHARS_MAX, CLAIM_VALUES_MAX, CLAIMS_MAX, SIGN_IN_US_MAX};
use crate::rejection::Rejection;
use crate::rights::{Denied, DeniedWhy, Target, identity_ended, own_affair, stronger};
use crate::state::{IdentityFact, Principal};
use crate::text;
use crate::words::{PrincipalKind, Right};

/// Claims that every assertion makes, and that say nothing of whom it is about.
const OF_NOBODY: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "nonce"];

pub(super) fn bind(desk: &mut Desk<'_, '_, '_>, input: BindIdentity) -> Result<Decision, Rejection> {
    let (principal, allowed) = open(desk, &input.principal, Right::Administer)?;
    only_owners_are_made(desk)?;
    if principal.disabled {
        return Err(Rejection::NotActive {
            what: "principal",
            status: "disabled",
        });
    }
    to_come(input.expires_at, desk.ctx.now, "/expires_at")?;
    if desk.ctx.caller.principal != PrincipalId::SYSTEM
        && stronger(desk.state, principal, &desk.ctx.caller, input.expires_at, desk.ctx.now)
    {
        return Err(Rejection::TokenTooStrong);
    }
    let bound = IdentityBound {
        identity: TokenId(desk.fresh()),
        issuer: issuer(input.issuer)?,
        audience: word(input.audience, "/audience")?,
        claims: claims(input.claims)?,
        label: text::tag_value(&input.label).map_err(at("/label"))?,
        expires_at: input.expires_at,
    };
    if let Some((holder, fact)) = same(desk, &bound) {
        if holder.id == principal.id && fact.bound.expires_at == bound.expires_at {
            return unchanged(allowed);
        }
        return Err(Rejection::invalid(
            "/claims",
            "an identity is bound to just this already",
            "unbind it first, or say more of whom you mean",
        ));
    }
    Ok(decided(
        allowed,
        vec![one(stream_of(principal), Event::IdentityBound(bound))],
    ))
}

pub(super) fn unbind(desk: &mut Desk<'_, '_, '_>, identity: TokenId) -> Result<Decision, Rejection> {
    let held = |principal: &&Principal| principal.identities.iter().any(|fact| fact.bound.identity == identity);
    let holder = desk.state.principals.values().map(AsRef::as_ref).find(held);
    let seen = holder
        .filter(|holder| desk.visible.principal(holder))
        .ok_or_else(|| not_found("identity"))?;
    let allowed = if seen.id == desk.ctx.caller.principal {
        own_affair(&desk.ctx.caller)
    } else {
        only_owners_are_made(desk)?;
        desk.authorize(needed_on(desk, seen), Target::Ledger)?
    };
    desk.match_version(seen.head.changed)?;
    let fact = seen.identities.iter().find(|fact| fact.bound.identity == identity);
    let fact = fact.filter(|fact| fact.unbound_at.is_none());
    let Some(fact) = fact else {
        return unchanged(allowed);
    };
    a_way_in_stays(desk, seen, &fact.tokens)?;
    let mut events = vec![one(
        stream_of(seen),
        Event::IdentityUnbound(IdentityUnbound { identity }),
    )];
    let open = |token: &&TokenId| seen.tokens.iter().any(|it| it.id == **token && it.revoked_at.is_none());
    let tokens = fact.tokens.iter().filter(open);
    events.extend(tokens.map(|token| one(stream_of(seen), Event::TokenRevoked(TokenRevoked { token: *token }))));
    Ok(decided(allowed, events))
}

pub(super) fn sign_in(desk: &mut Desk<'_, '_, '_>, hash: [u8; 32], expires_at: TimeUs) -> Result<Decision, Rejection> {
    let caller = desk.ctx.caller;
    let principal = desk.state.principals.get(&caller.principal);
    let principal = principal.ok_or_else(|| not_found("principal"))?;
    let through = |fact: &&IdentityFact| Some(fact.bound.identity) == caller.token;
    let identity = principal
        .identities
        .iter()
        .find(through)
        .filter(|it| !identity_ended(it, desk.ctx.now))
        .filter(|_| !principal.disabled)
        .ok_or_else(ended)?;
    if principal.kind != PrincipalKind::Person {
        return Err(Rejection::invalid(
            "",
            "only people sign in; a service sends its assertion with each request",
            "send the assertion as bearer token",
        ));
    }
    to_come(Some(expires_at), desk.ctx.now, "/expires_at")?;
    let longest = desk.ctx.now.saturating_add(SIGN_IN_US_MAX);
    if expires_at > longest || identity.bound.expires_at.is_some_and(|end| expires_at > end) {
        return Err(Rejection::invalid(
            "/expires_at",
            "it is longer than a sign-in lasts",
            "at most 12 hours, and no longer than the identity",
        ));
    }
    let issued = TokenIssued {
        token: TokenId(desk.fresh()),
        hash,
        label: "sign-in".to_owned(),
        expires_at: Some(expires_at),
        owners_only: false,
        run: None,
    };
    Ok(decided(
        own_affair(&caller),
        vec![one(stream_of(principal), Event::TokenIssued(issued))],
    ))
}

fn ended() -> Rejection {
    Rejection::Denied(Denied {
        right: Right::See,
        target: Target::Ledger.to_string(),
        why: DeniedWhy::TokenEnded,
    })
}

/// The live identity that is recognised by the very same.
fn same<'s>(desk: &Desk<'s, '_, '_>, bound: &IdentityBound) -> Option<(&'s Principal, &'s IdentityFact)> {
    let alike = |fact: &&IdentityFact| {
        let other = &fact.bound;
        !identity_ended(fact, desk.ctx.now)
            && (&other.issuer, &other.audience, &other.claims) == (&bound.issuer, &bound.audience, &bound.claims)
    };
    let of = |principal: &'s Principal| Some((principal, principal.identities.iter().find(alike)?));
    desk.state.principals.values().map(AsRef::as_ref).find_map(of)
}

/// An issuer as it stands in `iss`: an https URL without query and fragment (OpenID Connect Discovery 1.0 §3); http only
/// for this machine.
fn issuer(text: String) -> Result<String, Rejection> {
    let text = word(text, "/issuer")?;
    let invalid = |what: &str| {
        Err(Rejection::invalid(
            "/issuer",
            what,
            "for example https://login.example.com",
        ))
    };
    let this_machine = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let after = |begin: &&str| {
        text.strip_prefix(*begin)
            .map(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    let local = this_machine.iter().find_map(after).unwrap_or(false);
    if !local
        && !text
            .strip_prefix("https://")
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    {
        return invalid("an issuer is an https URL");
    }
    if text.contains(['?', '#', '@', '\\']) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return invalid("an issuer has no query, no fragment, no user and no blanks");
    }
    Ok(text)
}

/// What somebody is recognised by: sorted, each claim once.
fn claims(claims: Vec<ClaimRule>) -> Result<Vec<ClaimRule>, Rejection> {
    if claims.is_empty() || claims.len() > CLAIMS_MAX {
        return Err(Rejection::invalid(
            "/claims",
            "an identity is recognised by 1 to 20 claims",
            "name at least one, `sub` for example: else everybody whom the issuer knows would be this principal",
        ));
    }
    let mut checked = Vec::with_capacity(claims.len());
    for claim in claims {
        let name = word(claim.name, "/claims")?;
        if OF_NOBODY.contains(&name.as_str()) {
            return Err(Rejection::invalid(
                "/claims",
                "the claim says nothing of whom the assertion is about",
                "name `sub` or another claim; issuer and audience have places of their own",
            ));
        }
        if claim.values.is_empty() || claim.values.len() > CLAIM_VALUES_MAX {
            return Err(Rejection::invalid("/claims", "a claim has 1 to 50 values", ""));
        }
        let values = claim.values.into_iter().map(|value| word(value, "/claims"));
        let mut values = values.collect::<Result<Vec<_>, _>>()?;
        values.sort_unstable();
        values.dedup();
        checked.push(ClaimRule { name, values });
    }
    checked.sort();
    if checked.windows(2).any(|two| two[0].name == two[1].name) {
        return Err(Rejection::invalid(
            "/claims",
            "a claim is named twice",
            "name it once, with all the values that will do",
        ));
    }
    Ok(checked)
}

/// A text that is compared to the letter: as sent, but not empty, not long, without control characters.
fn word(text: String, pointer: &str) -> Result<String, Rejection> {
    let good =
        !text.trim().is_empty() && text.chars().count() <= CLAIM_CHARS_MAX && !text.chars().any(char::is_control);
    if good {
        Ok(text)
    } else {
        Err(Rejection::invalid(
            pointer,
            "it is empty, longer than 500 characters or has control characters",
            "",
        ))
    }
}
