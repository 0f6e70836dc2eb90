//! What runs where, and with which credentials: admissions, mappings, defaults.

use super::workspace::stream_of;
use super::{Decision, Desk, at, decided, one, stream, unchanged};
use crate::event::{DefaultMapped, DefaultUnmapped, Event, TemplateAdmitted, VariableMapped, VariableUnmapped};
use crate::find;
use crate::ids::{CredentialId, Revision};
use crate::rejection::Rejection;
use crate::resolve::{AtOdds, WhyNot, declared, fits, in_reach, in_use};
use crate::rights::{Allowed, Target};
use crate::state::{Credential, DefaultKey, Installation, Template, Workspace};
use crate::text;
use crate::words::{Category, Kind, Right};

pub(super) fn admit(
    desk: &mut Desk<'_, '_, '_>,
    workspace: &str,
    template: &str,
    revision: Option<Revision>,
) -> Result<Decision, Rejection> {
    let (workspace, _) = open(desk, workspace)?;
    // Another revision is another set of variables: that takes `map` on all of the workspace.
    let allowed = desk.authorize(Right::Map, Target::Workspace(workspace.id))?;
    let template = desk.template(template, "/template")?;
    if template.retired {
        return Err(Rejection::NotActive {
            what: "template",
            status: "retired",
        });
    }
    let newest = template.revisions.last().map_or(0, |fact| fact.revision);
    let revision = revision.unwrap_or(newest);
    if !template.revisions.iter().any(|fact| fact.revision == revision) {
        let message = format!("the template has the revisions 1 to {newest}");
        return Err(Rejection::invalid("/revision", message, "leave it out for the newest"));
    }
    let previous = installation(desk, workspace, template).and_then(|installation| installation.revision);
    if previous == Some(revision) {
        return unchanged(allowed);
    }
    let admitted = TemplateAdmitted {
        template: template.id,
        revision,
        previous,
    };
    Ok(decided(
        allowed,
        vec![one(stream_of(workspace), Event::TemplateAdmitted(admitted))],
    ))
}

pub(super) fn map(
    desk: &mut Desk<'_, '_, '_>,
    workspace: &str,
    template: &str,
    variable: String,
    instance: Option<String>,
    credential: &str,
) -> Result<Decision, Rejection> {
    let (workspace, _) = open(desk, workspace)?;
    let template = desk.template(template, "/template")?;
    instance
        .as_deref()
        .map_or(Ok(()), |it| text::instance_id(it).map_err(at("/instance")))?;
    let declared = declared(desk.state, Some(workspace), template, &variable, "/variable")?;
    let credential = desk.credential(credential, "/credential")?;
    desk.authorize(Right::Use, Target::Credential(credential))?;
    let refused = |why| refused(desk, declared.name.clone(), credential, Some(workspace), why);
    fits(declared, credential, workspace, desk.ctx.now).map_err(refused)?;
    production_needs_reason(desk, credential, Some(workspace))?;
    let previous = mapped(desk, workspace, template, &variable, instance.as_deref());
    let allowed = stands_there(desk, workspace, Some(credential.id), previous)?;
    if previous == Some(credential.id) {
        return unchanged(allowed);
    }
    let mapped = VariableMapped {
        template: template.id,
        variable,
        instance,
        credential: credential.id,
        previous,
    };
    Ok(decided(
        allowed,
        vec![one(stream_of(workspace), Event::VariableMapped(mapped))],
    ))
}

pub(super) fn unmap(
    desk: &mut Desk<'_, '_, '_>,
    workspace: &str,
    template: &str,
    variable: String,
    instance: Option<String>,
) -> Result<Decision, Rejection> {
    let (workspace, allowed) = open(desk, workspace)?;
    let template = desk.template(template, "/template")?;
    let Some(previous) = mapped(desk, workspace, template, &variable, instance.as_deref()) else {
        // A variable that a later revision no longer has may still be mapped; one that never was is a slip of the pen.
        if !template.used_variables.contains(&variable) {
            return Err(find::unknown_variable(template, &variable, "/variable"));
        }
        return unchanged(allowed);
    };
    let allowed = stands_there(desk, workspace, None, Some(previous))?;
    let unmapped = VariableUnmapped {
        template: template.id,
        variable,
        instance,
        previous,
    };
    Ok(decided(
        allowed,
        vec![one(stream_of(workspace), Event::VariableUnmapped(unmapped))],
    ))
}

pub(super) fn set_default(
    desk: &mut Desk<'_, '_, '_>,
    workspace: Option<&str>,
    service: String,
    kind: Kind,
    credential: &str,
) -> Result<Decision, Rejection> {
    let (workspace, allowed) = place(desk, workspace)?;
    text::service_id(&service).map_err(at("/service"))?;
    let credential = desk.credential(credential, "/credential")?;
    desk.authorize(Right::Use, Target::Credential(credential))?;
    let key = DefaultKey {
        workspace: workspace.map(|it| it.id),
        service,
        kind,
    };
    let refused = |why| refused(desk, format!("{} {kind}", key.service), credential, workspace, why);
    fits_default(&key, credential, workspace).map_err(&refused)?;
    in_use(credential, desk.ctx.now).map_err(&refused)?;
    production_needs_reason(desk, credential, workspace)?;
    let (stream_id, previous) = standing(desk, &key)?;
    let allowed = match workspace {
        Some(workspace) => stands_there(desk, workspace, Some(credential.id), previous)?,
        None => allowed,
    };
    if previous == Some(credential.id) {
        return unchanged(allowed);
    }
    let mapped = DefaultMapped {
        workspace: key.workspace,
        service: key.service.clone(),
        kind,
        credential: credential.id,
        previous,
    };
    let id = stream_id.unwrap_or_else(|| desk.fresh());
    Ok(decided(
        allowed,
        vec![one(stream(Category::Default, id), Event::DefaultMapped(mapped))],
    ))
}

pub(super) fn unset_default(
    desk: &mut Desk<'_, '_, '_>,
    workspace: Option<&str>,
    service: String,
    kind: Kind,
) -> Result<Decision, Rejection> {
    let (workspace, allowed) = place(desk, workspace)?;
    text::service_id(&service).map_err(at("/service"))?;
    let key = DefaultKey {
        workspace: workspace.map(|it| it.id),
        service,
        kind,
    };
    let (Some(id), Some(previous)) = standing(desk, &key)? else {
        return unchanged(allowed);
    };
    let allowed = match workspace {
        Some(workspace) => stands_there(desk, workspace, None, Some(previous))?,
        None => allowed,
    };
    let unmapped = DefaultUnmapped {
        workspace: key.workspace,
        service: key.service,
        kind,
        previous,
    };
    Ok(decided(
        allowed,
        vec![one(stream(Category::Default, id), Event::DefaultUnmapped(unmapped))],
    ))
}

/// Finds a workspace whose mappings change: visible, `map` there, the version as expected, in use.
fn open<'s>(desk: &Desk<'s, '_, '_>, reference: &str) -> Result<(&'s Workspace, Allowed), Rejection> {
    let workspace = desk.workspace(reference, "/workspace")?;
    let allowed = desk.authorize(Right::Map, Target::Within(workspace.id, None))?;
    desk.match_version(workspace.head.changed)?;
    in_use_workspace(workspace)?;
    Ok((workspace, allowed))
}

/// Where a default is set: a workspace takes `map` on it, the ledger `organise`.
fn place<'s>(desk: &Desk<'s, '_, '_>, workspace: Option<&str>) -> Result<(Option<&'s Workspace>, Allowed), Rejection> {
    let Some(reference) = workspace else {
        return Ok((None, desk.authorize(Right::Organise, Target::Ledger)?));
    };
    let workspace = desk.workspace(reference, "/workspace")?;
    let allowed = desk.authorize(Right::Map, Target::Within(workspace.id, None))?;
    in_use_workspace(workspace)?;
    Ok((Some(workspace), allowed))
}

/// Checks `map` for what will stand in a workspace and for what stands there until then: a grant may be narrowed to
/// some credentials.
fn stands_there(
    desk: &Desk<'_, '_, '_>,
    workspace: &Workspace,
    new: Option<CredentialId>,
    previous: Option<CredentialId>,
) -> Result<Allowed, Rejection> {
    let mut allowed = desk.authorize(Right::Map, Target::Within(workspace.id, None))?;
    for id in previous.iter().chain(&new) {
        let credential = desk.state.credentials.get(id).map(AsRef::as_ref);
        allowed = desk.authorize(Right::Map, Target::Within(workspace.id, credential))?;
    }
    Ok(allowed)
}

/// A credential tagged `environment=prod` in a workspace of another environment is seldom meant: who means it says why.
fn production_needs_reason(
    desk: &Desk<'_, '_, '_>,
    credential: &Credential,
    workspace: Option<&Workspace>,
) -> Result<(), Rejection> {
    let is_production = |text: &str| matches!(text, "prod" | "production");
    let tagged = credential
        .tags
        .iter()
        .any(|it| it.name == "environment" && is_production(&it.value));
    let elsewhere = workspace.is_some_and(|it| !it.environment.is_empty() && !is_production(&it.environment));
    if tagged && elsewhere && desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    Ok(())
}

fn in_use_workspace(workspace: &Workspace) -> Result<(), Rejection> {
    if workspace.archived {
        return Err(Rejection::NotActive {
            what: "workspace",
            status: "archived",
        });
    }
    Ok(())
}

fn installation<'s>(desk: &Desk<'s, '_, '_>, workspace: &Workspace, template: &Template) -> Option<&'s Installation> {
    desk.state
        .installations
        .get(&(workspace.id, template.id))
        .map(AsRef::as_ref)
}

fn mapped(
    desk: &Desk<'_, '_, '_>,
    workspace: &Workspace,
    template: &Template,
    variable: &str,
    instance: Option<&str>,
) -> Option<CredentialId> {
    let mappings = &installation(desk, workspace, template)?.mappings;
    let same = |it: &&crate::state::Mapping| it.variable == variable && it.instance.as_deref() == instance;
    mappings.iter().find(same).map(|mapping| mapping.credential)
}

fn refused(
    desk: &Desk<'_, '_, '_>,
    variable: String,
    credential: &Credential,
    workspace: Option<&Workspace>,
    why: WhyNot,
) -> Rejection {
    match why {
        WhyNot::ClientGuard => Rejection::ClientGuard {
            credential: credential.id,
            clients: workspace.and_then(|it| AtOdds::of(desk.state, &desk.visible, credential, it)),
        },
        why => Rejection::DoesNotFit { variable, why },
    }
}

fn fits_default(key: &DefaultKey, credential: &Credential, workspace: Option<&Workspace>) -> Result<(), WhyNot> {
    if let Some(workspace) = workspace {
        in_reach(credential, workspace)?;
    }
    if credential.service != key.service {
        return Err(WhyNot::Service);
    }
    if credential.kind != key.kind {
        return Err(WhyNot::Kind);
    }
    Ok(())
}

/// A default's stream, if it was ever set, and what it is set to; checks `If-Match` against it.
fn standing(desk: &Desk<'_, '_, '_>, key: &DefaultKey) -> Result<(Option<[u8; 16]>, Option<CredentialId>), Rejection> {
    let default = desk.state.defaults.get(key);
    desk.match_version(default.map_or(0, |default| default.head.changed))?;
    Ok((
        default.map(|default| default.stream_id),
        default.and_then(|default| default.credential),
    ))
}
