//! The access review: who may what, how he gets in, and what of it he uses.

use super::{Desk, Made, at, at_if, section};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use strongroom_api::principal::Grant;
use strongroom_api::report::ReportSection;
use strongroom_domain::ids::{GrantId, TimeUs};
use strongroom_domain::state::{GrantFact, Principal, TokenFact};
use strongroom_domain::words::{Effect, PrincipalKind};

impl Desk<'_> {
    pub(super) fn access_review(&self) -> Made {
        let used = self.app.ledger.grants_used(&self.caller)?;
        let mut principals: Vec<&Arc<Principal>> = self
            .lens
            .state
            .principals
            .values()
            .filter(|it| it.kind != PrincipalKind::System)
            .collect();
        principals.sort_by(|one, other| one.handle.cmp(&other.handle));
        let mut people = section(
            "Principals",
            "Who may act, how he gets in, and when he last did.",
            &[
                "principal",
                "kind",
                "status",
                "grants",
                "tokens",
                "identities",
                "last_use",
                "look_at",
            ],
        );
        let mut grants = section(
            "Grants",
            "What each may do, since when, by whom, and whether he did.",
            &[
                "principal",
                "effect",
                "role",
                "where",
                "since",
                "until",
                "given_by",
                "last_use",
                "look_at",
                "grant",
            ],
        );
        let mut open = 0;
        for principal in principals {
            let live: Vec<&GrantFact> = principal.grants.iter().filter(|it| self.counts(it)).collect();
            open += u64::from(self.one(principal, &live, &mut people));
            for fact in live {
                open += u64::from(self.grant_row(principal, fact, &used, &mut grants));
            }
        }
        Ok((vec![people, grants], Some(open)))
    }

    /// Whether a grant counts now.
    pub(super) fn counts(&self, fact: &GrantFact) -> bool {
        let now = self.lens.now;
        let granted = &fact.granted;
        fact.withdrawn_at.is_none() && granted.from <= now && granted.until.is_none_or(|end| now < end)
    }

    fn token_counts(&self, token: &TokenFact) -> bool {
        token.revoked_at.is_none() && token.expires_at.is_none_or(|end| self.lens.now < end)
    }

    /// Tokens and identities that let a principal in now.
    pub(super) fn ways_in(&self, principal: &Principal) -> (usize, usize) {
        let tokens = principal.tokens.iter().filter(|it| self.token_counts(it)).count();
        let identities = principal.identities.iter().filter(|it| it.unbound_at.is_none()).count();
        (tokens, identities)
    }

    /// When a principal last got in, by any token or identity.
    pub(super) fn last_use(&self, principal: &Principal) -> Option<TimeUs> {
        let tokens = principal.tokens.iter().map(|it| it.id);
        let identities = principal.identities.iter().map(|it| it.bound.identity);
        tokens
            .chain(identities)
            .filter_map(|id| self.lens.last_use.of(id))
            .max()
    }

    fn one(&self, principal: &Principal, live: &[&GrantFact], to: &mut ReportSection) -> bool {
        let (tokens, identities) = self.ways_in(principal);
        let last_use = self.last_use(principal);
        let gets_in = tokens + identities > 0;
        let look_at = match (principal.disabled, last_use) {
            (true, _) if !live.is_empty() => "disabled, and still has grants",
            (true, _) => "",
            (false, _) if live.is_empty() => "has no grants",
            (false, _) if !gets_in => "has no way in",
            (false, None) => "never came",
            (false, Some(at)) if at < self.since => "did not come in this time",
            (false, Some(_)) => "",
        };
        to.rows.push(vec![
            json!(principal.handle),
            json!(principal.kind.as_str()),
            json!(if principal.disabled { "disabled" } else { "active" }),
            json!(live.len()),
            json!(tokens),
            json!(identities),
            at_if(last_use),
            json!(look_at),
        ]);
        !look_at.is_empty()
    }

    fn grant_row(
        &self,
        principal: &Principal,
        fact: &GrantFact,
        used: &BTreeMap<GrantId, TimeUs>,
        to: &mut ReportSection,
    ) -> bool {
        let grant = self.lens.grant(fact);
        let last_use = used.get(&fact.granted.grant).copied();
        let look_at = match last_use {
            // A denial is there not to be used.
            _ if fact.granted.effect == Effect::Deny => "",
            None => "was never used",
            Some(at) if at < self.since => "was not used in this time",
            Some(_) => "",
        };
        to.rows.push(vec![
            json!(principal.handle),
            json!(grant.effect),
            json!(grant.role),
            json!(place(&grant)),
            at(fact.granted.from),
            at_if(fact.granted.until),
            json!(self.person(fact.granted_by)),
            at_if(last_use),
            json!(look_at),
            json!(grant.id),
        ]);
        !look_at.is_empty()
    }
}

/// Where a grant holds, in words.
pub(super) fn place(grant: &Grant) -> String {
    if grant.all {
        return "everywhere".to_owned();
    }
    let parts = [
        ("workspaces", &grant.workspaces),
        ("clients", &grant.clients),
        ("services", &grant.services),
        ("tags", &grant.tags),
        ("credentials", &grant.credentials),
    ];
    let named = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let texts: Vec<String> = named
        .map(|(what, names)| format!("{what} {}", names.join(", ")))
        .collect();
    texts.join("; ")
}

/// The whole of somebody's grants, for a sentence.
pub(super) fn roles(desk: &Desk<'_>, principal: &Principal) -> String {
    let live = principal.grants.iter().filter(|it| desk.counts(it));
    let texts: Vec<String> = live
        .map(|fact| {
            let grant = desk.lens.grant(fact);
            let denied = if grant.effect == "deny" { "not " } else { "" };
            format!("{denied}{} ({})", grant.role, place(&grant))
        })
        .collect();
    texts.join("; ")
}
