//! Principals, grants, tokens; never a token's text.

use super::Lens;
use crate::time::rfc3339;
use strongroom_api::identity::Identity;
use strongroom_api::principal::{Grant, Principal, Token, TokenRun, Whoami};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{ClaimRule, Pair, Scope};
use strongroom_domain::ids::{ClientId, CredentialId, TimeUs, WorkspaceId};
use strongroom_domain::rights::gives;
use strongroom_domain::state::{self, GrantFact, IdentityFact, TokenFact};
use strongroom_domain::words::{Effect, Right};

impl Lens<'_> {
    /// A principal with what it was granted.
    pub(crate) fn principal(&self, it: &state::Principal) -> Principal {
        Principal {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            kind: it.kind.as_str().to_owned(),
            disabled: it.disabled,
            grants: it.grants.iter().map(|grant| self.grant(grant)).collect(),
            etag: it.head.changed,
            created_at: rfc3339(it.head.created_at),
            updated_at: rfc3339(it.head.updated_at),
        }
    }

    /// What a scope names, for who may know of it: an id stands for what he may not see.
    pub(crate) fn scope(&self, scope: &Scope) -> Named {
        let workspace = |id: &WorkspaceId| self.workspace_handle(*id).unwrap_or(id.to_string());
        let client = |id: &ClientId| self.client_handle(*id).unwrap_or(id.to_string());
        let credential = |id: &CredentialId| self.credential_handle(*id).unwrap_or(id.to_string());
        let tag = |tag: &Pair| format!("{}={}", tag.name, tag.value);
        Named {
            workspaces: scope.workspaces.iter().map(workspace).collect(),
            clients: scope.clients.iter().map(client).collect(),
            services: scope.services.clone(),
            tags: scope.tags.iter().map(tag).collect(),
            credentials: scope.credentials.iter().map(credential).collect(),
        }
    }

    pub(crate) fn grant(&self, fact: &GrantFact) -> Grant {
        let granted = &fact.granted;
        let scope = self.scope(&granted.scope);
        Grant {
            id: granted.grant.to_string(),
            role: granted.role.as_str().to_owned(),
            effect: granted.effect.as_str().to_owned(),
            all: granted.scope.all,
            workspaces: scope.workspaces,
            clients: scope.clients,
            services: scope.services,
            tags: scope.tags,
            credentials: scope.credentials,
            from: rfc3339(granted.from),
            until: granted.until.map(rfc3339),
            granted_at: rfc3339(fact.granted_at),
            granted_by: self.principal_handle(fact.granted_by),
            withdrawn_at: fact.withdrawn_at.map(rfc3339),
        }
    }

    /// A token's facts.
    pub(crate) fn token(&self, owner: &state::Principal, it: &TokenFact) -> Token {
        Token {
            id: it.id.to_string(),
            principal: owner.handle.clone(),
            label: it.label.clone(),
            issued_at: rfc3339(it.issued_at),
            issued_by: self.principal_handle(it.issued_by),
            expires_at: it.expires_at.map(rfc3339),
            revoked_at: it.revoked_at.map(rfc3339),
            last_used_at: self.last_use.of(it.id).map(rfc3339),
            run: it.run.as_ref().map(|run| TokenRun {
                workspace: self
                    .workspace_handle(run.workspace)
                    .unwrap_or(run.workspace.to_string()),
                template: self.template_handle(run.template).unwrap_or(run.template.to_string()),
                revision: run.revision,
                instance: run.instance.clone(),
            }),
        }
    }

    /// An identity's facts.
    pub(crate) fn identity(&self, owner: &state::Principal, it: &IdentityFact) -> Identity {
        let rule = |rule: &ClaimRule| (rule.name.clone(), rule.values.clone());
        Identity {
            id: it.bound.identity.to_string(),
            principal: owner.handle.clone(),
            issuer: it.bound.issuer.clone(),
            audience: it.bound.audience.clone(),
            claims: it.bound.claims.iter().map(rule).collect(),
            label: it.bound.label.clone(),
            bound_at: rfc3339(it.bound_at),
            bound_by: self.principal_handle(it.bound_by),
            expires_at: it.bound.expires_at.map(rfc3339),
            unbound_at: it.unbound_at.map(rfc3339),
            last_used_at: self.last_use.of(it.bound.identity).map(rfc3339),
        }
    }

    /// Who a caller is.
    pub(crate) fn whoami(&self, caller: &Caller) -> Option<Whoami> {
        let it = self.state.principals.get(&caller.principal)?;
        let token = it.tokens.iter().find(|token| Some(token.id) == caller.token);
        let identity = it
            .identities
            .iter()
            .find(|fact| Some(fact.bound.identity) == caller.token);
        let live: Vec<&GrantFact> = it.grants.iter().filter(|grant| counts(grant, self.now)).collect();
        let gives = |right: &Right| {
            live.iter().any(|fact| {
                fact.granted.effect == Effect::Allow && gives(fact.granted.role, &fact.granted.scope, *right)
            })
        };
        Some(Whoami {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            kind: it.kind.as_str().to_owned(),
            token: token.map(|token| self.token(it, token)),
            identity: identity.map(|identity| self.identity(it, identity)),
            grants: live.iter().map(|grant| self.grant(grant)).collect(),
            rights: Right::ALL
                .iter()
                .filter(|right| gives(right))
                .map(|right| right.as_str().to_owned())
                .collect(),
            ledger: self.state.ledger.name.clone(),
            dev: self.state.ledger.dev,
        })
    }
}

/// What a scope names: handles, and words as they are.
pub(crate) struct Named {
    pub(crate) workspaces: Vec<String>,
    pub(crate) clients: Vec<String>,
    pub(crate) services: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) credentials: Vec<String>,
}

fn counts(grant: &GrantFact, now: TimeUs) -> bool {
    grant.withdrawn_at.is_none() && grant.granted.from <= now && grant.granted.until.is_none_or(|end| now < end)
}
