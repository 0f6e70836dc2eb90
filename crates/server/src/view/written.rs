//! What a write is answered with: a function of the receipt's events, so that a repeat gives the same answer. The view
//! gives only what never changes (handles, digests), and stands in where nothing was appended.

use super::hex;
use super::template::variables;
use crate::time::rfc3339;
use std::sync::Arc;
use strongroom_api::Written;
use strongroom_api::credential::CredentialWritten;
use strongroom_api::identity::IdentityWritten;
use strongroom_api::principal::{GrantWritten, TokenWritten};
use strongroom_api::template::TemplateWritten;
use strongroom_api::workspace::{Admitted, Default_, DefaultWritten, MappingWritten};
use strongroom_api::written::ThingWritten;
use strongroom_domain::event::{Event, Recorded};
use strongroom_domain::ids::{ClientId, CredentialId, PrincipalId, TemplateId, TimeUs, WorkspaceId};
use strongroom_domain::state::{self, State, StreamHead};
use strongroom_domain::words::{Category, CredentialStatus};
use strongroom_ledger::{Failure, Receipt};

/// The evidence.
pub(crate) fn written(receipt: &Receipt) -> Written {
    Written {
        position: receipt.position,
        checkpoint: receipt.checkpoint.to_string(),
        events: u32::try_from(receipt.events.len()).unwrap_or(u32::MAX),
        replayed: receipt.replayed,
        warnings: receipt.warnings.clone(),
    }
}

/// The stream of a receipt's last event of a category, and its version after the write.
fn stream_of(receipt: &Receipt, category: Category) -> Option<(&Arc<Recorded>, u64)> {
    let last = receipt.events.iter().rfind(|event| event.stream.category == category)?;
    Some((last, last.stream_version))
}

/// A write to one credential.
pub(crate) fn credential_written(receipt: &Receipt, reference: &str) -> Result<CredentialWritten, Failure> {
    let state = &receipt.view.state;
    let Some((last, etag)) = stream_of(receipt, Category::Credential) else {
        let it = by_reference(state, reference).ok_or_else(|| lost("credential"))?;
        return Ok(CredentialWritten {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            version: it.version(),
            status: Some(it.status.as_str().to_owned()),
            etag: it.head.changed,
            written: written(receipt),
        });
    };
    let it = state
        .credentials
        .get(&CredentialId(last.stream.id))
        .ok_or_else(|| lost("credential"))?;
    let status = match &last.event {
        Event::CredentialCreated(_) | Event::CredentialEnabled(_) => Some(CredentialStatus::Active),
        Event::CredentialDisabled(_) => Some(CredentialStatus::Disabled),
        Event::CredentialRevoked(_) => Some(CredentialStatus::Revoked),
        _ => None,
    };
    let version = match &last.event {
        Event::CredentialRotated(rotated) => rotated.version,
        Event::CredentialRolledBack(back) => back.version,
        _ => version_at(it, last.recorded_at),
    };
    Ok(CredentialWritten {
        handle: it.handle.clone(),
        id: it.id.to_string(),
        version,
        status: status.map(|status| status.as_str().to_owned()),
        etag,
        written: written(receipt),
    })
}

/// The version that was current at a time.
fn version_at(it: &state::Credential, at: TimeUs) -> u32 {
    it.versions
        .iter()
        .rev()
        .find(|fact| fact.entered_at <= at)
        .map_or(1, |fact| fact.version)
}

fn by_reference<'s>(state: &'s State, reference: &str) -> Option<&'s Arc<state::Credential>> {
    let id = CredentialId::parse(reference)
        .ok()
        .or_else(|| state.names.credential_handles.get(reference).copied())?;
    state.credentials.get(&id)
}

/// A write to one client, workspace, template or principal.
pub(crate) fn thing_written(receipt: &Receipt, category: Category, reference: &str) -> Result<ThingWritten, Failure> {
    let state = &receipt.view.state;
    let event = stream_of(receipt, category);
    let id = event.map(|(event, _)| event.stream.id);
    let (handle, id, head) = thing(state, category, id, reference).ok_or_else(|| lost(category.as_str()))?;
    let etag = event.map_or(head.changed, |(_, version)| version);
    Ok(ThingWritten {
        handle,
        id,
        etag,
        written: written(receipt),
    })
}

fn thing(
    state: &State,
    category: Category,
    id: Option<[u8; 16]>,
    reference: &str,
) -> Option<(String, String, StreamHead)> {
    macro_rules! look {
        ($Id:ident, $things:ident, $handles:ident) => {{
            let named = || {
                $Id::parse(reference)
                    .ok()
                    .or_else(|| state.names.$handles.get(reference).copied())
            };
            let it = state.$things.get(&id.map($Id).or_else(named)?)?;
            (it.handle.clone(), it.id.to_string(), it.head)
        }};
    }
    Some(match category {
        Category::Client => look!(ClientId, clients, client_handles),
        Category::Workspace => look!(WorkspaceId, workspaces, workspace_handles),
        Category::Template => look!(TemplateId, templates, template_handles),
        Category::Principal => look!(PrincipalId, principals, principal_handles),
        Category::Credential
        | Category::Ledger
        | Category::Default
        | Category::Access
        | Category::Approval
        | Category::Policy
        | Category::Webhook
        | Category::Incident => return None,
    })
}

/// A template registered or revised.
pub(crate) fn template_written(receipt: &Receipt, reference: &str) -> Result<TemplateWritten, Failure> {
    let thing = thing_written(receipt, Category::Template, reference)?;
    let mut answer = TemplateWritten {
        handle: thing.handle,
        id: thing.id,
        etag: thing.etag,
        written: thing.written,
        ..TemplateWritten::default()
    };
    let event = stream_of(receipt, Category::Template).map(|(recorded, _)| &recorded.event);
    match event {
        Some(Event::TemplateRegistered(registered)) => {
            answer.revision = 1;
            answer.digest = hex(&registered.content.digest);
            answer.variables = variables(&registered.content.variables);
        }
        Some(Event::TemplateRevised(revised)) => {
            answer.revision = revised.revision;
            answer.digest = hex(&revised.content.digest);
            answer.variables = variables(&revised.content.variables);
            answer.added.clone_from(&revised.added);
            answer.removed.clone_from(&revised.removed);
            answer.unsure.clone_from(&revised.unsure);
        }
        _ => {
            let it = TemplateId::parse(&answer.id)
                .ok()
                .and_then(|id| receipt.view.state.templates.get(&id));
            let newest = it.and_then(|it| it.revisions.last()).ok_or_else(|| lost("template"))?;
            answer.revision = newest.revision;
            answer.digest = hex(&newest.digest);
            answer.variables = variables(&newest.variables);
        }
    }
    Ok(answer)
}

/// An admission.
pub(crate) fn admitted(receipt: &Receipt, workspace: &str, template: &str) -> Result<Admitted, Failure> {
    let place = thing_written(receipt, Category::Workspace, workspace)?;
    let state = &receipt.view.state;
    let event = receipt.events.iter().find_map(|recorded| match &recorded.event {
        Event::TemplateAdmitted(admitted) => Some(admitted),
        _ => None,
    });
    let named = || {
        TemplateId::parse(template)
            .ok()
            .or_else(|| state.names.template_handles.get(template).copied())
    };
    let id = event
        .map(|admitted| admitted.template)
        .or_else(named)
        .ok_or_else(|| lost("template"))?;
    let it = state.templates.get(&id).ok_or_else(|| lost("template"))?;
    let workspace_id = WorkspaceId::parse(&place.id).map_err(|_| lost("workspace"))?;
    let standing = || {
        state
            .installations
            .get(&(workspace_id, id))
            .and_then(|installation| installation.revision)
    };
    let revision = event
        .map(|admitted| admitted.revision)
        .or_else(standing)
        .ok_or_else(|| lost("admission"))?;
    let fact = it
        .revisions
        .iter()
        .find(|fact| fact.revision == revision)
        .ok_or_else(|| lost("revision"))?;
    Ok(Admitted {
        workspace: place.handle,
        template: it.handle.clone(),
        revision,
        digest: hex(&fact.digest),
        etag: place.etag,
        written: place.written,
    })
}

/// A mapping made or taken away.
pub(crate) fn mapping_written(
    receipt: &Receipt,
    workspace: &str,
    template: &str,
    variable: String,
    instance: Option<String>,
    credential: Option<&str>,
) -> Result<MappingWritten, Failure> {
    let place = thing_written(receipt, Category::Workspace, workspace)?;
    let (template, ..) =
        thing(&receipt.view.state, Category::Template, None, template).ok_or_else(|| lost("template"))?;
    let credential = credential
        .and_then(|reference| by_reference(&receipt.view.state, reference))
        .map(|it| it.handle.clone());
    Ok(MappingWritten {
        workspace: place.handle,
        template,
        variable,
        instance,
        credential,
        etag: place.etag,
        written: place.written,
    })
}

/// A default set or taken away.
pub(crate) fn default_written(receipt: &Receipt, key: &state::DefaultKey, credential: Option<&str>) -> DefaultWritten {
    let state = &receipt.view.state;
    let event = stream_of(receipt, Category::Default);
    let standing = || state.defaults.get(key).map_or(0, |it| it.head.changed);
    let workspace = key
        .workspace
        .and_then(|id| state.workspaces.get(&id))
        .map(|it| it.handle.clone());
    let credential = credential
        .and_then(|reference| by_reference(state, reference))
        .map(|it| it.handle.clone());
    DefaultWritten {
        default: Default_ {
            workspace,
            service: key.service.clone(),
            kind: key.kind.as_str().to_owned(),
            credential,
        },
        etag: event.map_or_else(standing, |(_, version)| version),
        written: written(receipt),
    }
}

/// A grant given or taken back.
pub(crate) fn grant_written(receipt: &Receipt, reference: &str, id: Option<&str>) -> Result<GrantWritten, Failure> {
    let thing = thing_written(receipt, Category::Principal, reference)?;
    let made = receipt.events.iter().find_map(|recorded| match &recorded.event {
        Event::Granted(granted) => Some(granted.grant.to_string()),
        Event::GrantWithdrawn(withdrawn) => Some(withdrawn.grant.to_string()),
        _ => None,
    });
    let id = made.or_else(|| id.map(str::to_owned)).ok_or_else(|| lost("grant"))?;
    Ok(GrantWritten {
        id,
        principal: thing.handle,
        written: thing.written,
    })
}

/// A token issued or revoked; the token itself is the route's to add.
pub(crate) fn token_written(receipt: &Receipt, reference: &str, id: Option<&str>) -> Result<TokenWritten, Failure> {
    let thing = thing_written(receipt, Category::Principal, reference)?;
    let mut answer = TokenWritten {
        principal: thing.handle,
        written: thing.written,
        ..TokenWritten::default()
    };
    for recorded in &receipt.events {
        match &recorded.event {
            Event::TokenIssued(issued) => {
                answer.id = issued.token.to_string();
                answer.expires_at = issued.expires_at.map(rfc3339);
            }
            Event::TokenRevoked(revoked) => answer.id = revoked.token.to_string(),
            _ => {}
        }
    }
    if answer.id.is_empty() {
        answer.id = id.map(str::to_owned).ok_or_else(|| lost("token"))?;
    }
    Ok(answer)
}

/// An identity bound or unbound.
pub(crate) fn identity_written(
    receipt: &Receipt,
    reference: &str,
    id: Option<&str>,
) -> Result<IdentityWritten, Failure> {
    let thing = thing_written(receipt, Category::Principal, reference)?;
    let made = receipt.events.iter().find_map(|recorded| match &recorded.event {
        Event::IdentityBound(bound) => Some(bound.identity.to_string()),
        Event::IdentityUnbound(unbound) => Some(unbound.identity.to_string()),
        _ => None,
    });
    let same = || {
        // Bound before: nothing was written, and it is the newest that still is.
        let id = receipt.view.state.names.principal_handles.get(thing.handle.as_str())?;
        let principal = receipt.view.state.principals.get(id)?;
        let mut live = principal.identities.iter().rev().filter(|it| it.unbound_at.is_none());
        live.next().map(|it| it.bound.identity.to_string())
    };
    Ok(IdentityWritten {
        id: made
            .or_else(|| id.map(str::to_owned))
            .or_else(same)
            .ok_or_else(|| lost("identity"))?,
        principal: thing.handle.clone(),
        written: thing.written,
    })
}

fn lost(what: &str) -> Failure {
    Failure::Internal(format!("the {what} that was written is not in the state that holds it"))
}
