//! From a handle or an id to the thing, of what the caller may see. What he may not see is not there for him, and what
//! is spelt alike is proposed from what he may.

use crate::ids::{ClientId, CredentialId, IncidentId, PrincipalId, Revision, TemplateId, WebhookId, WorkspaceId};
use crate::limits::{HANDLE_CHARS_MAX, SUGGESTIONS_LOOKED_AT_MAX, SUGGESTIONS_MAX};
use crate::rejection::Rejection;
use crate::rights::{Denied, Target, Visible};
use crate::state::{
    Client, Credential, HandleKey, Incident, Principal, RevisionFact, State, Template, Webhook, Workspace,
};
use crate::words::Right;
use imbl::OrdMap;
use std::sync::Arc;

/// Finds a credential.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn credential<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Credential, Rejection> {
    let shelf = Shelf {
        what: "credential",
        things: &state.credentials,
        handles: &state.names.credential_handles,
        seen: &|it: &Credential| visible.credential(it),
        hidden: &|it: &Credential| visible.authorize(Right::See, Target::Credential(it)).err(),
    };
    shelf.find(CredentialId::parse(reference).ok(), reference, pointer)
}

/// Finds a webhook, removed ones too. They are for who reads the whole history or administers.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn webhook<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Webhook, Rejection> {
    let may = visible
        .authorize(Right::Audit, Target::Ledger)
        .or_else(|_| visible.authorize(Right::Administer, Target::Ledger));
    may.map_err(Rejection::Denied)?;
    let id = WebhookId::parse(reference).ok();
    let is_it = |it: &&Arc<Webhook>| id == Some(it.id) || it.handle == reference;
    let found = state.webhooks.values().find(is_it).map(Arc::as_ref);
    found.ok_or_else(|| Rejection::NotFound {
        what: "webhook",
        pointer: pointer.to_owned(),
        suggestions: near(reference, state.webhooks.values().map(|it| it.handle.as_str())),
        denied: None,
    })
}

/// Finds an incident, closed ones too. They are for who reads the whole history or administers.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn incident<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Incident, Rejection> {
    let may = visible
        .authorize(Right::Audit, Target::Ledger)
        .or_else(|_| visible.authorize(Right::Administer, Target::Ledger));
    may.map_err(Rejection::Denied)?;
    let id = IncidentId::parse(reference).ok();
    let is_it = |it: &&Arc<Incident>| id == Some(it.id) || it.handle == reference;
    let found = state.incidents.values().find(is_it).map(Arc::as_ref);
    found.ok_or_else(|| Rejection::NotFound {
        what: "incident",
        pointer: pointer.to_owned(),
        suggestions: near(reference, state.incidents.values().map(|it| it.handle.as_str())),
        denied: None,
    })
}

/// The names nearest to what was asked for, of few.
fn near<'n>(reference: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let distance_max = 1 + reference.len().min(HANDLE_CHARS_MAX) / 4;
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| name.len().abs_diff(reference.len()) <= distance_max)
        .map(|name| (strsim::osa_distance(name, reference), name))
        .filter(|(distance, _)| *distance <= distance_max)
        .collect();
    near.sort_unstable();
    near.truncate(SUGGESTIONS_MAX);
    near.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// Finds a client.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn client<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Client, Rejection> {
    let shelf = Shelf {
        what: "client",
        things: &state.clients,
        handles: &state.names.client_handles,
        seen: &|it: &Client| visible.client(it),
        hidden: &|it: &Client| visible.authorize(Right::See, Target::Client(it.id)).err(),
    };
    shelf.find(ClientId::parse(reference).ok(), reference, pointer)
}

/// Finds a workspace.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn workspace<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Workspace, Rejection> {
    let shelf = Shelf {
        what: "workspace",
        things: &state.workspaces,
        handles: &state.names.workspace_handles,
        seen: &|it: &Workspace| visible.workspace(it),
        hidden: &|it: &Workspace| visible.authorize(Right::See, Target::Workspace(it.id)).err(),
    };
    shelf.find(WorkspaceId::parse(reference).ok(), reference, pointer)
}

/// Finds a template.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn template<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Template, Rejection> {
    let shelf = Shelf {
        what: "template",
        things: &state.templates,
        handles: &state.names.template_handles,
        seen: &|it: &Template| visible.template(it),
        hidden: &|it: &Template| visible.authorize(Right::See, Target::Template(it.id)).err(),
    };
    shelf.find(TemplateId::parse(reference).ok(), reference, pointer)
}

/// Finds a revision of a template; the newest where none is named.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn revision<'s>(
    template: &'s Template,
    number: Option<Revision>,
    pointer: &str,
) -> Result<&'s RevisionFact, Rejection> {
    let found = match number {
        Some(number) => template.revisions.iter().find(|fact| fact.revision == number),
        None => template.revisions.last(),
    };
    found.ok_or_else(|| Rejection::NotFound {
        what: "revision",
        pointer: pointer.to_owned(),
        suggestions: Vec::new(),
        denied: None,
    })
}

/// Says that a template has no such variable, with those that are spelt alike.
#[must_use]
pub fn unknown_variable(template: &Template, name: &str, pointer: &str) -> Rejection {
    let newest = template.revisions.last().into_iter().flat_map(|fact| &fact.variables);
    let mut near: Vec<_> = newest
        .map(|variable| {
            (
                strsim::osa_distance(&variable.name, &name.to_uppercase()),
                variable.name.clone(),
            )
        })
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3)
        .collect();
    near.sort_unstable();
    near.truncate(SUGGESTIONS_MAX);
    Rejection::NotFound {
        what: "variable",
        pointer: pointer.to_owned(),
        suggestions: near.into_iter().map(|(_, name)| name).collect(),
        denied: None,
    }
}

/// Finds a principal.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn principal<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Principal, Rejection> {
    principal_where(
        state,
        &|it| visible.principal(it),
        &|_| visible.authorize(Right::Administer, Target::Ledger).err(),
        reference,
        pointer,
    )
}

/// Finds a principal that the caller may name as steward.
///
/// # Errors
/// [`Rejection::NotFound`] at `pointer`.
pub fn steward<'s>(
    state: &'s State,
    visible: &Visible<'_>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Principal, Rejection> {
    principal_where(state, &|it| visible.steward(it), &|_| None, reference, pointer)
}

fn principal_where<'s>(
    state: &'s State,
    seen: &dyn Fn(&Principal) -> bool,
    hidden: &dyn Fn(&Principal) -> Option<Denied>,
    reference: &str,
    pointer: &str,
) -> Result<&'s Principal, Rejection> {
    let shelf = Shelf {
        what: "principal",
        things: &state.principals,
        handles: &state.names.principal_handles,
        seen,
        hidden,
    };
    shelf.find(PrincipalId::parse(reference).ok(), reference, pointer)
}

/// All things of one category, and how to tell whether one shows.
struct Shelf<'s, 'f, I, T> {
    what: &'static str,
    things: &'s OrdMap<I, Arc<T>>,
    handles: &'s OrdMap<HandleKey, I>,
    seen: &'f dyn Fn(&T) -> bool,
    hidden: &'f dyn Fn(&T) -> Option<Denied>,
}

impl<'s, I: Ord + Copy, T> Shelf<'s, '_, I, T> {
    fn find(&self, id: Option<I>, reference: &str, pointer: &str) -> Result<&'s T, Rejection> {
        let id = id.or_else(|| self.handles.get(reference).copied());
        let thing = id.and_then(|id| self.things.get(&id)).map(AsRef::as_ref);
        match thing {
            Some(thing) if (self.seen)(thing) => Ok(thing),
            hidden => Err(Rejection::NotFound {
                what: self.what,
                pointer: pointer.to_owned(),
                suggestions: self.suggestions(reference),
                denied: hidden.and_then(self.hidden),
            }),
        }
    }

    /// The visible handles nearest to what was asked for, among those that begin with the same character.
    fn suggestions(&self, reference: &str) -> Vec<String> {
        let reference = reference.to_lowercase();
        let Some(first) = reference.chars().next().filter(|_| reference.len() <= HANDLE_CHARS_MAX) else {
            return Vec::new();
        };
        let distance_max = 1 + reference.len() / 4;
        let mut near: Vec<(usize, &str)> = self
            .handles
            .range(HandleKey::from(first.to_string().as_str())..)
            .take_while(|(handle, _)| handle.starts_with(first))
            .take(SUGGESTIONS_LOOKED_AT_MAX)
            .filter(|(handle, _)| handle.len().abs_diff(reference.len()) <= distance_max)
            .map(|(handle, id)| (strsim::osa_distance(handle, &reference), handle, id))
            .filter(|(distance, ..)| *distance <= distance_max)
            .filter(|(.., id)| self.things.get(*id).is_some_and(|thing| (self.seen)(thing)))
            .map(|(distance, handle, _)| (distance, handle.as_str()))
            .collect();
        near.sort_unstable();
        near.truncate(SUGGESTIONS_MAX);
        near.into_iter().map(|(_, handle)| handle.to_owned()).collect()
    }
}
