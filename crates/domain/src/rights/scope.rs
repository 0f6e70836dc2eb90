//! What a scope covers: `docs/rights.md` in code.
//!
//! Sorts that are named narrow each other, several of one sort widen. An allowance needs every named sort to match and is
//! held tightly: what has no such property is not covered. A denial matches what may have to do with what it names.

use super::{NewCredential, Target};
use crate::event::{Granted, Pair, Scope};
use crate::ids::{ClientId, CredentialId, TemplateId, WorkspaceId};
use crate::resolve::reach_covers;
use crate::state::{Credential, Reach, State};
use crate::words::{Right, Role};

/// What of a credential a scope is held against: of one that is there, or of one that is to be.
struct Traits<'a> {
    id: Option<CredentialId>,
    client: Option<ClientId>,
    service: &'a str,
    tags: &'a [Pair],
    reach: Option<&'a Reach>,
}

impl<'a> Traits<'a> {
    fn of(credential: &'a Credential) -> Self {
        Self {
            id: Some(credential.id),
            client: credential.client,
            service: &credential.service,
            tags: &credential.tags,
            reach: Some(&credential.reach),
        }
    }

    fn of_new(new: &NewCredential<'a>) -> Self {
        Self {
            id: None,
            client: new.client,
            service: new.service,
            tags: new.tags,
            reach: None,
        }
    }

    fn reaches_any_workspace(&self, state: &State, workspaces: &[WorkspaceId]) -> bool {
        workspaces
            .iter()
            .filter_map(|id| state.workspaces.get(id))
            .any(|workspace| reach_covers(self.client, self.reach, workspace))
    }

    /// Whether it reaches workspaces of these clients, those that are there and those to come.
    fn reaches_any_client(&self, state: &State, clients: &[ClientId]) -> bool {
        let of_them = |client: Option<ClientId>| client.is_some_and(|client| clients.contains(&client));
        let shared = |reach: &Reach| {
            let workspaces = || reach.workspaces.iter().filter_map(|id| state.workspaces.get(id));
            reach.all
                || reach.clients.iter().any(|client| clients.contains(client))
                || workspaces().any(|workspace| of_them(workspace.client))
        };
        self.client.is_none() || of_them(self.client) || self.reach.is_some_and(shared)
    }

    fn owned_by_any(&self, clients: &[ClientId]) -> bool {
        self.client.is_some_and(|client| clients.contains(&client))
    }
}

/// Whether the scope names workspaces or clients.
pub(super) fn placed(scope: &Scope) -> bool {
    !(scope.workspaces.is_empty() && scope.clients.is_empty())
}

/// Whether the scope names what only credentials have: services, tags, credentials.
pub(super) fn narrowed(scope: &Scope) -> bool {
    !(scope.services.is_empty() && scope.tags.is_empty() && scope.credentials.is_empty())
}

/// Whether a role gives a right somewhere in a scope. A client's people can always take their key back: a viewer of
/// clients also connects and withdraws what belongs to these.
#[must_use]
pub fn gives(role: Role, scope: &Scope, right: Right) -> bool {
    role.holds(right) || takes_back(role, right) && !scope.clients.is_empty()
}

fn takes_back(role: Role, right: Right) -> bool {
    role == Role::Viewer && matches!(right, Right::Connect | Right::Withdraw)
}

/// Whether an allowance gives the right on the target.
pub(super) fn allows(state: &State, granted: &Granted, right: Right, target: Target<'_>) -> bool {
    let (role, scope) = (granted.role, &granted.scope);
    if scope.all {
        return role.holds(right);
    }
    match target {
        Target::Ledger => false,
        Target::Workspace(id) => role.holds(right) && workspace_allowed(state, scope, right, id),
        Target::Within(id, None) => role.holds(right) && placed(scope) && placed_at(state, scope, id),
        Target::Within(id, Some(credential)) => {
            role.holds(right)
                && placed(scope)
                && placed_at(state, scope, id)
                && narrowed_to(scope, &Traits::of(credential))
        }
        Target::Credential(credential) => credential_allowed(state, granted, right, &Traits::of(credential)),
        // Made in a workspace's name a thing would be everybody's who reaches the workspace.
        Target::NewCredential(new) => {
            scope.workspaces.is_empty() && credential_allowed(state, granted, right, &Traits::of_new(new))
        }
        Target::Client(id) => role.holds(right) && client_allowed(state, scope, right, id),
        Target::Template(id) => {
            role.holds(right) && matches!(right, Right::See | Right::Resolve) && installed(state, scope, id)
        }
    }
}

/// Whether a denial refuses the right on the target.
pub(super) fn denies(state: &State, granted: &Granted, right: Right, target: Target<'_>) -> bool {
    granted.role.holds(right) && touches(state, &granted.scope, target)
}

/// Whether a target has to do with what a scope names, as a denial and a freeze take it.
pub(crate) fn touches(state: &State, scope: &Scope, target: Target<'_>) -> bool {
    if scope.all {
        return true;
    }
    let whole = !narrowed(scope) && placed(scope);
    match target {
        // Templates belong to no client; the ledger is denied as a whole or not at all.
        Target::Ledger | Target::Template(_) => false,
        Target::Workspace(id) | Target::Within(id, None) => whole && placed_at(state, scope, id),
        Target::Within(id, Some(credential)) => {
            (whole || narrowed(scope)) && placed_at(state, scope, id) && narrowed_to(scope, &Traits::of(credential))
        }
        Target::Client(id) => whole && scope.workspaces.is_empty() && scope.clients.contains(&id),
        Target::Credential(credential) => credential_denied(state, scope, &Traits::of(credential)),
        Target::NewCredential(new) => credential_denied(state, scope, &Traits::of_new(new)),
    }
}

fn workspace_allowed(state: &State, scope: &Scope, right: Right, id: WorkspaceId) -> bool {
    let whole = match right {
        // What is served is judged credential by credential on top.
        Right::See | Right::Resolve => true,
        // A workspace is organised by who organises its client.
        Right::Organise => scope.workspaces.is_empty() && !narrowed(scope),
        _ => !narrowed(scope),
    };
    whole && placed(scope) && placed_at(state, scope, id)
}

fn client_allowed(state: &State, scope: &Scope, right: Right, id: ClientId) -> bool {
    if !placed(scope) || !scope.clients.is_empty() && !scope.clients.contains(&id) {
        return false;
    }
    if right == Right::See {
        return scope.workspaces.is_empty() || owns_any(state, id, &scope.workspaces);
    }
    scope.workspaces.is_empty() && !narrowed(scope)
}

fn credential_allowed(state: &State, granted: &Granted, right: Right, it: &Traits<'_>) -> bool {
    let (role, scope) = (granted.role, &granted.scope);
    if !(placed(scope) || narrowed(scope)) || !narrowed_to(scope, it) {
        return false;
    }
    // What people of a workspace see and use is what reaches it; what changes it concerns others' workspaces as well.
    let in_passing = matches!(right, Right::See | Right::Use);
    let by_workspace = scope.workspaces.is_empty() || in_passing && it.reaches_any_workspace(state, &scope.workspaces);
    if !by_workspace {
        return false;
    }
    if scope.clients.is_empty() {
        return role.holds(right);
    }
    if it.owned_by_any(&scope.clients) {
        return gives(role, scope, right);
    }
    // Who maps at a client sees and uses what is shared with it; who only looks sees what is its own.
    in_passing && role.holds(Right::Use) && it.reaches_any_client(state, &scope.clients)
}

fn credential_denied(state: &State, scope: &Scope, it: &Traits<'_>) -> bool {
    (placed(scope) || narrowed(scope))
        && narrowed_to(scope, it)
        && (scope.clients.is_empty() || it.owned_by_any(&scope.clients))
        && (scope.workspaces.is_empty() || it.reaches_any_workspace(state, &scope.workspaces))
}

/// Whether the workspace is among the places that the scope names, if it names any.
fn placed_at(state: &State, scope: &Scope, id: WorkspaceId) -> bool {
    let of_them = || {
        let client = state.workspaces.get(&id).and_then(|workspace| workspace.client);
        client.is_some_and(|client| scope.clients.contains(&client))
    };
    (scope.workspaces.is_empty() || scope.workspaces.contains(&id)) && (scope.clients.is_empty() || of_them())
}

/// Whether the credential is among those that the scope names by what only credentials have, if it does.
fn narrowed_to(scope: &Scope, it: &Traits<'_>) -> bool {
    (scope.services.is_empty() || scope.services.iter().any(|service| service == it.service))
        && (scope.tags.is_empty() || scope.tags.iter().any(|tag| it.tags.contains(tag)))
        && (scope.credentials.is_empty() || it.id.is_some_and(|id| scope.credentials.contains(&id)))
}

fn owns_any(state: &State, client: ClientId, workspaces: &[WorkspaceId]) -> bool {
    workspaces
        .iter()
        .filter_map(|id| state.workspaces.get(id))
        .any(|workspace| workspace.client == Some(client))
}

/// Whether the template runs in a workspace of the scope. Looks at every workspace where the scope names clients only.
fn installed(state: &State, scope: &Scope, template: TemplateId) -> bool {
    let runs = |id: &WorkspaceId| placed_at(state, scope, *id) && state.installations.contains_key(&(*id, template));
    if scope.workspaces.is_empty() {
        placed(scope) && state.workspaces.keys().any(runs)
    } else {
        scope.workspaces.iter().any(runs)
    }
}

/// Whether everything that one scope gives of a right, with its role, another gives as well, whatever comes.
#[must_use]
pub fn contains(outer: &Granted, inner: &Granted, right: Right) -> bool {
    let (out, within) = (&outer.scope, &inner.scope);
    if !gives(outer.role, out, right) {
        return false;
    }
    if out.all || !gives(inner.role, within, right) {
        return true;
    }
    // Who maps at a client sees more of it than who only looks.
    let as_far = out.clients.is_empty() || outer.role.holds(Right::Use) || !inner.role.holds(Right::Use);
    !within.all
        && as_far
        && (placed(out) || !placed(within))
        && named_within(&out.workspaces, &within.workspaces)
        && named_within(&out.clients, &within.clients)
        && named_within(&out.services, &within.services)
        && named_within(&out.tags, &within.tags)
        && named_within(&out.credentials, &within.credentials)
}

fn named_within<T: PartialEq>(outer: &[T], inner: &[T]) -> bool {
    outer.is_empty() || !inner.is_empty() && inner.iter().all(|item| outer.contains(item))
}

/// Whether no credential can ever be in both scopes, and neither holds for more than credentials.
pub(super) fn disjoint(one: &Scope, other: &Scope) -> bool {
    apart(&one.services, &other.services) || apart(&one.credentials, &other.credentials)
}

fn apart<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    !one.is_empty() && !other.is_empty() && !one.iter().any(|item| other.contains(item))
}

/// The scope in parts that make it up together: one item each of the first sort that has several.
pub(super) fn parts(scope: &Scope) -> Vec<Scope> {
    fn split<T: Clone>(scope: &Scope, items: &[T], put: impl Fn(&mut Scope, T)) -> Option<Vec<Scope>> {
        (items.len() > 1).then(|| {
            let part = |item: &T| {
                let mut part = scope.clone();
                put(&mut part, item.clone());
                part
            };
            items.iter().map(part).collect()
        })
    }
    split(scope, &scope.workspaces, |part, item| part.workspaces = vec![item])
        .or_else(|| split(scope, &scope.clients, |part, item| part.clients = vec![item]))
        .or_else(|| split(scope, &scope.services, |part, item| part.services = vec![item]))
        .or_else(|| split(scope, &scope.tags, |part, item| part.tags = vec![item]))
        .or_else(|| split(scope, &scope.credentials, |part, item| part.credentials = vec![item]))
        .unwrap_or_default()
}
