//! May this principal do that, and by which grant.
//!
//! Any matching denial refuses, then one allowance must match. A grant's beginning is inclusive, its end exclusive.
//! [`Allowed`] is made here and nowhere else, so what takes one cannot run unchecked.

use crate::context::Caller;
use crate::event::{Pair, Run};
use crate::ids::{ClientId, GrantId, PrincipalId, TemplateId, TimeUs, WorkspaceId};
use crate::state::{Client, Credential, GrantFact, Principal, State, Template, TokenFact, Workspace};
use crate::words::{Effect, Right, Role};
use std::fmt;

mod approval;
mod denied;
mod history;
mod identity;
mod run;
mod scope;
mod strength;

pub use approval::{approver_right, sees_approval};
pub use denied::{Denied, DeniedWhy};
pub use history::sees_event;
pub(crate) use identity::identity_ended;
pub use identity::{Assertion, identity_caller, issuer_is_known, sign_in_clients};
pub(crate) use scope::touches;
pub use scope::{contains, gives};
pub use strength::{
    administers, another_owner, gains, has_token, holds_token_of, is_owner, kept_back, owner_for_good, stronger,
};

/// The proof that a right was checked: names the grant that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    principal: PrincipalId,
    right: Right,
    grant: Option<GrantId>,
}

impl Allowed {
    /// Who may.
    #[must_use]
    pub fn principal(&self) -> PrincipalId {
        self.principal
    }

    /// What he may.
    #[must_use]
    pub fn right(&self) -> Right {
        self.right
    }

    /// By which grant; none for the ledger itself, and for what everybody may do to his own.
    #[must_use]
    pub fn grant(&self) -> Option<GrantId> {
        self.grant
    }
}

/// What a right is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// The ledger as a whole.
    Ledger,
    /// A workspace as a whole.
    Workspace(WorkspaceId),
    /// A credential where it stands behind a variable of a workspace; none: whatever may stand there.
    Within(WorkspaceId, Option<&'a Credential>),
    /// A credential.
    Credential(&'a Credential),
    /// A credential that is to be made.
    NewCredential(&'a NewCredential<'a>),
    /// A client.
    Client(ClientId),
    /// A template.
    Template(TemplateId),
}

/// What counts of a credential that is not there yet.
#[derive(Debug, Clone, Copy)]
pub struct NewCredential<'a> {
    /// The client it will belong to.
    pub client: Option<ClientId>,
    /// Its service.
    pub service: &'a str,
    /// Its tags.
    pub tags: &'a [Pair],
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => write!(f, "ledger"),
            Self::Workspace(id) | Self::Within(id, None) => write!(f, "workspace:{id}"),
            Self::Credential(credential) | Self::Within(_, Some(credential)) => {
                write!(f, "credential:{}", credential.id)
            }
            Self::NewCredential(NewCredential { client: Some(id), .. }) => write!(f, "client:{id}"),
            Self::NewCredential(_) => write!(f, "ledger"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Template(id) => write!(f, "template:{id}"),
        }
    }
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is no token at all: its checksum does not fit.
    #[error("the text is no token")]
    Malformed,
    /// No such token.
    #[error("the token is unknown")]
    Unknown,
    /// It was revoked.
    #[error("the token was revoked")]
    Revoked,
    /// It has ended.
    #[error("the token has ended")]
    Expired,
    /// The ledger came back from a backup, and the token was not released since.
    #[error("tokens of before the recovery are suspended")]
    Suspended,
    /// Its principal is disabled.
    #[error("the token's principal is disabled")]
    Disabled,
    /// It is another issuer's, and no identity is bound to what it says.
    #[error("no identity is bound to what the assertion says")]
    Unbound,
    /// It is another issuer's, and identities of several principals are bound to what it says.
    #[error("identities of several principals are bound to what the assertion says")]
    Ambiguous,
    /// It is another issuer's, and does not count yet.
    #[error("the assertion does not count yet")]
    NotYet,
    /// It is another issuer's, and not signed by one of its keys, or not as it should be.
    #[error("the assertion is not proved")]
    Unproved,
}

impl TokenRefused {
    /// The stable word, as it is counted in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Disabled => "disabled",
            Self::Unbound => "unbound",
            Self::Ambiguous => "ambiguous",
            Self::NotYet => "not_yet",
            Self::Unproved => "unproved",
        }
    }
}

impl Role {
    /// What the role may do. The one place that says so.
    #[must_use]
    pub fn rights(self) -> &'static [Right] {
        use Right::{
            Administer, Audit, Connect, Create, Design, Edit, Map, Organise, Read, Resolve, See, Share, Use, Withdraw,
        };
        match self {
            Self::Viewer => &[See],
            Self::Member => &[See, Use, Map],
            Self::Editor => &[See, Use, Map, Create, Edit, Connect, Withdraw, Organise, Design],
            Self::Service => &[Resolve],
            Self::Reader => &[See, Read],
            Self::Auditor => &[See, Audit],
            // No Read and no Resolve: an administrator sees no value. No Own: he makes neither owners nor administrators.
            Self::Admin => &[
                See, Use, Map, Create, Edit, Connect, Withdraw, Organise, Design, Share, Audit, Administer,
            ],
            Self::Owner => Right::ALL,
        }
    }

    /// Whether the role holds a right.
    #[must_use]
    pub fn holds(self, right: Right) -> bool {
        self.rights().contains(&right)
    }
}

/// Finds who a token belongs to.
///
/// # Errors
/// [`TokenRefused`]; the answer to the caller should not say which.
pub fn token_caller(state: &State, hash: &[u8; 32], now: TimeUs) -> Result<Caller, TokenRefused> {
    let &(principal_id, token_id) = state.tokens.get(hash).ok_or(TokenRefused::Unknown)?;
    let principal = state.principals.get(&principal_id).ok_or(TokenRefused::Unknown)?;
    let token = principal
        .tokens
        .iter()
        .find(|token| token.id == token_id)
        .ok_or(TokenRefused::Unknown)?;
    if token.revoked_at.is_some() || !run::parent_is_live(principal, token, now) {
        return Err(TokenRefused::Revoked);
    }
    if token.expires_at.is_some_and(|end| now >= end) {
        return Err(TokenRefused::Expired);
    }
    if suspended(state, token.issued_at) {
        return Err(TokenRefused::Suspended);
    }
    if principal.disabled {
        return Err(TokenRefused::Disabled);
    }
    Ok(Caller {
        principal: principal_id,
        token: Some(token_id),
        on_behalf_of: None,
    })
}

/// Checks one right on one thing, and names the grant that gives it.
///
/// # Errors
/// [`Denied`] with the reason.
pub fn authorize(
    state: &State,
    caller: &Caller,
    right: Right,
    target: Target<'_>,
    now: TimeUs,
) -> Result<Allowed, Denied> {
    visible(state, caller, now).authorize(right, target)
}

/// Lets a principal do to his own what everybody may: revoke a token of his.
pub(crate) fn own_affair(caller: &Caller) -> Allowed {
    Allowed {
        principal: caller.principal,
        right: Right::See,
        grant: None,
    }
}

/// Whether the caller's token may only make named owners.
#[must_use]
pub fn owners_only(state: &State, caller: &Caller) -> bool {
    let token = caller.token.and_then(|id| {
        let principal = state.principals.get(&caller.principal)?;
        principal.tokens.iter().find(|token| token.id == id)
    });
    token.is_some_and(|token| token.owners_only)
}

/// What a caller may see: the filter of every list, suggestion, count and explanation.
#[derive(Debug)]
pub struct Visible<'a> {
    rules: Result<Rules<'a>, DeniedWhy>,
}

/// Makes the filter for a caller.
#[must_use]
pub fn visible<'a>(state: &'a State, caller: &Caller, now: TimeUs) -> Visible<'a> {
    Visible {
        rules: Rules::of(state, caller, now),
    }
}

impl Visible<'_> {
    /// Whether the caller may see the credential.
    #[must_use]
    pub fn credential(&self, credential: &Credential) -> bool {
        self.may(Right::See, Target::Credential(credential))
    }

    /// Whether the caller may know of the workspace: who may be served its secrets may.
    #[must_use]
    pub fn workspace(&self, workspace: &Workspace) -> bool {
        [Right::See, Right::Map, Right::Resolve]
            .iter()
            .any(|right| self.may(*right, Target::Workspace(workspace.id)))
    }

    /// Whether the caller may see the client.
    #[must_use]
    pub fn client(&self, client: &Client) -> bool {
        self.may(Right::See, Target::Client(client.id))
    }

    /// Whether the caller may know of the template.
    #[must_use]
    pub fn template(&self, template: &Template) -> bool {
        [Right::See, Right::Design, Right::Resolve]
            .iter()
            .any(|right| self.may(*right, Target::Template(template.id)))
    }

    /// Whether the caller may see the principal: himself, or with `audit`, `administer` or `own` anybody.
    #[must_use]
    pub fn principal(&self, principal: &Principal) -> bool {
        self.rules
            .as_ref()
            .is_ok_and(|rules| rules.caller.principal == principal.id)
            || self.principals()
    }

    /// Whether the caller has any right at all: somebody who is enabled, with a grant in force.
    #[must_use]
    pub fn anything(&self) -> bool {
        let allows = |grant: &&GrantFact| grant.granted.effect == Effect::Allow;
        self.rules.as_ref().is_ok_and(|rules| rules.grants.iter().any(allows))
    }

    /// Whether the caller may see all principals.
    #[must_use]
    pub fn principals(&self) -> bool {
        [Right::Audit, Right::Administer, Right::Own]
            .iter()
            .any(|right| self.may(*right, Target::Ledger))
    }

    /// Whether the caller may name the principal as steward: who sees credentials sees who answers for them.
    #[must_use]
    pub fn steward(&self, principal: &Principal) -> bool {
        self.may(Right::See, Target::Ledger) || self.principal(principal)
    }

    /// Checks one right on one thing, as [`authorize`] does.
    ///
    /// # Errors
    /// [`Denied`] with the reason.
    pub fn authorize(&self, right: Right, target: Target<'_>) -> Result<Allowed, Denied> {
        let checked = self
            .rules
            .as_ref()
            .map_err(|why| *why)
            .and_then(|rules| rules.check(right, target));
        checked.map_err(|why| Denied {
            right,
            target: target.to_string(),
            why,
        })
    }

    /// Checks `read` on a credential. Who breaks the glass needs no `read` but `administer` there; that `read` is denied to
    /// him stops him as well. Says whether the glass was broken.
    ///
    /// # Errors
    /// [`Denied`] with the reason that there is no `read`.
    pub fn reads(&self, credential: &Credential, break_glass: bool) -> Result<(Allowed, bool), Denied> {
        let target = Target::Credential(credential);
        match self.authorize(Right::Read, target) {
            Ok(allowed) => Ok((allowed, false)),
            Err(denied) if break_glass && denied.why == DeniedWhy::NoGrant => {
                let broken = self.authorize(Right::Administer, target).map_err(|_| denied)?;
                Ok((broken, true))
            }
            Err(denied) => Err(denied),
        }
    }

    /// Whether a grant of the caller names services, tags or credentials: then what is served is judged one by one.
    #[must_use]
    pub fn narrowed(&self) -> bool {
        self.rules
            .as_ref()
            .is_ok_and(|rules| rules.grants.iter().any(|grant| scope::narrowed(&grant.granted.scope)))
    }

    /// The run that the caller's token is bound to.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        self.rules.as_ref().ok().and_then(|rules| rules.run)
    }

    /// Whether one right holds.
    #[must_use]
    pub fn may(&self, right: Right, target: Target<'_>) -> bool {
        self.rules
            .as_ref()
            .is_ok_and(|rules| rules.check(right, target).is_ok())
    }
}

/// The grants of a caller that count now.
#[derive(Debug)]
struct Rules<'a> {
    state: &'a State,
    caller: Caller,
    grants: Vec<&'a GrantFact>,
    owners_only: bool,
    run: Option<&'a Run>,
}

impl<'a> Rules<'a> {
    fn of(state: &'a State, caller: &Caller, now: TimeUs) -> Result<Self, DeniedWhy> {
        if caller.principal == PrincipalId::SYSTEM {
            return Ok(Self {
                state,
                caller: *caller,
                grants: Vec::new(),
                owners_only: false,
                run: None,
            });
        }
        let principal = state
            .principals
            .get(&caller.principal)
            .ok_or(DeniedWhy::PrincipalDisabled)?;
        if principal.disabled {
            return Err(DeniedWhy::PrincipalDisabled);
        }
        let token = match caller.token {
            None => None,
            Some(id) => {
                let token = principal.tokens.iter().find(|token| token.id == id);
                let identity = || identity::live(principal, id, now).filter(|it| !suspended(state, it.bound_at));
                if token.is_none() && identity().is_none() {
                    return Err(DeniedWhy::TokenEnded);
                }
                token
            }
        };
        if token.is_some_and(|token| token_ended(principal, token, now) || suspended(state, token.issued_at)) {
            return Err(DeniedWhy::TokenEnded);
        }
        let grants = principal.grants.iter().filter(|grant| counts_at(grant, now)).collect();
        Ok(Self {
            state,
            caller: *caller,
            grants,
            owners_only: token.is_some_and(|token| token.owners_only),
            run: token.and_then(|token| token.run.as_ref()),
        })
    }

    fn check(&self, right: Right, target: Target<'_>) -> Result<Allowed, DeniedWhy> {
        let allowed = |grant| Allowed {
            principal: self.caller.principal,
            right,
            grant,
        };
        if self.caller.principal == PrincipalId::SYSTEM {
            // The ledger itself keeps house; it never reads, serves or changes what is others'.
            let own_house = matches!((right, target), (Right::Administer | Right::Own, Target::Ledger));
            return if own_house {
                Ok(allowed(None))
            } else {
                Err(DeniedWhy::NoGrant)
            };
        }
        if self.owners_only && !matches!((right, target), (Right::Administer | Right::Own, Target::Ledger)) {
            return Err(DeniedWhy::OwnersOnly);
        }
        if self.run.is_some_and(|run| !run::covers(run, right, target)) {
            return Err(DeniedWhy::RunToken);
        }
        let mut given = None;
        for grant in &self.grants {
            let granted = &grant.granted;
            match granted.effect {
                Effect::Deny if scope::denies(self.state, granted, right, target) => {
                    return Err(DeniedWhy::DeniedByGrant);
                }
                Effect::Allow if given.is_none() && scope::allows(self.state, granted, right, target) => {
                    given = Some(granted.grant);
                }
                Effect::Allow | Effect::Deny => {}
            }
        }
        given.map(|grant| allowed(Some(grant))).ok_or(DeniedWhy::NoGrant)
    }
}

/// Whether what was issued or bound then is suspended until it is released: the ledger came back from a backup.
fn suspended(state: &State, issued_at: TimeUs) -> bool {
    state.ledger.suspended_before.is_some_and(|end| issued_at <= end)
}

fn token_ended(principal: &Principal, token: &TokenFact, now: TimeUs) -> bool {
    token.revoked_at.is_some()
        || token.expires_at.is_some_and(|end| now >= end)
        || !run::parent_is_live(principal, token, now)
}

fn counts_at(grant: &GrantFact, now: TimeUs) -> bool {
    grant.withdrawn_at.is_none() && grant.granted.from <= now && grant.granted.until.is_none_or(|end| now < end)
}
