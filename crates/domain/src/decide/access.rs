//! What is recorded before a secret leaves, and what is recorded of refusals.

use super::credential::open;
use super::{Decision, Desk, decided, one, stream, unchanged};
use crate::context::Caller;
use crate::event::{Accessed, Counted, DeniedAccess, Event, LeakSearched, Refused, Revealed, Served, WindowCount};
use crate::freeze;
use crate::ids::{CredentialVersion, PrincipalId, TimeUs};
use crate::rejection::Rejection;
use crate::resolve::resolve;
use crate::rights::{Allowed, Denied, DeniedWhy, Target};
use crate::words::{Category, FieldClass, PrincipalKind, Right};

pub(super) fn accessed(
    desk: &mut Desk<'_, '_, '_>,
    workspace: &str,
    template: &str,
    instance: Option<String>,
    expected: Vec<Served>,
    window_until: Option<TimeUs>,
) -> Result<Decision, Rejection> {
    let workspace = desk.workspace(workspace, "/workspace")?;
    let allowed = desk.authorize(Right::Resolve, Target::Workspace(workspace.id))?;
    let template = desk.template(template, "/template")?;
    let resolution = resolve(
        desk.state,
        workspace,
        template,
        instance.as_deref(),
        &desk.visible,
        desk.ctx.now,
    )?;
    resolution.narrowed(desk.state, &desk.visible, instance.as_deref())?;
    freeze::check_resolution(desk.state, &resolution)?;
    let missing = resolution.missing(desk.state);
    if !missing.is_empty() {
        return Err(Rejection::VariablesMissing { missing });
    }
    // Values were looked up before this was decided: they are served only if they still are the answer.
    if resolution.served() != expected {
        return Err(Rejection::Stale);
    }
    let accessed = Accessed {
        workspace: workspace.id,
        template: template.id,
        revision: resolution.revision,
        instance,
        served: expected,
        window_until,
    };
    let stream = stream(Category::Access, desk.ctx.caller.principal.0);
    Ok(decided(allowed, vec![one(stream, Event::Accessed(accessed))]))
}

pub(super) fn revealed(
    desk: &mut Desk<'_, '_, '_>,
    credential: &str,
    version: Option<CredentialVersion>,
    fields: Option<Vec<String>>,
    break_glass: bool,
) -> Result<Decision, Rejection> {
    let (credential, _) = open(desk, credential, Right::See)?;
    let (allowed, break_glass) = desk.visible.reads(credential, break_glass)?;
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    freeze::check_reveal(desk.state, credential)?;
    let version = version.unwrap_or_else(|| credential.version());
    let Some(fact) = credential.version_fact(version) else {
        return Err(not_found("version", "/version"));
    };
    let caller = desk.state.principals.get(&desk.ctx.caller.principal);
    let is_program = caller.is_some_and(|it| it.kind == PrincipalKind::Service);
    let is_current = credential
        .version_fact(credential.version())
        .is_some_and(|current| current.values_at == fact.values_at);
    // A person may look at what was; a program is to move on.
    if is_program && !is_current && !fact.in_grace(desk.ctx.now) {
        return Err(Rejection::NotActive {
            what: "version",
            status: "replaced",
        });
    }
    let plain = credential
        .fields
        .iter()
        .filter(|field| field.class == FieldClass::Plain);
    let known: Vec<&String> = fact.fields.iter().chain(plain).map(|field| &field.name).collect();
    let fields = match fields {
        None => known.into_iter().cloned().collect(),
        Some(wished) if wished.iter().all(|name| known.contains(&name)) => wished,
        Some(_) => return Err(not_found("field", "/fields")),
    };
    let revealed = Revealed {
        credential: credential.id,
        version,
        fields,
        break_glass,
    };
    let stream = stream(Category::Access, desk.ctx.caller.principal.0);
    Ok(decided(allowed, vec![one(stream, Event::Revealed(revealed))]))
}

pub(super) fn leak_searched(desk: &mut Desk<'_, '_, '_>, searched: LeakSearched) -> Result<Decision, Rejection> {
    let allowed = desk.authorize(Right::Audit, Target::Ledger)?;
    if desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    let stream = stream(Category::Access, desk.ctx.caller.principal.0);
    Ok(decided(allowed, vec![one(stream, Event::LeakSearched(searched))]))
}

pub(super) fn counted(
    desk: &mut Desk<'_, '_, '_>,
    principal: PrincipalId,
    windows: Vec<WindowCount>,
) -> Result<Decision, Rejection> {
    let allowed = by_the_ledger(desk)?;
    if windows.is_empty() {
        return unchanged(allowed);
    }
    let stream = stream(Category::Access, principal.0);
    Ok(decided(allowed, vec![one(stream, Event::Counted(Counted { windows }))]))
}

pub(super) fn denied(
    desk: &mut Desk<'_, '_, '_>,
    principal: PrincipalId,
    denied: DeniedAccess,
) -> Result<Decision, Rejection> {
    let allowed = by_the_ledger(desk)?;
    let stream = stream(Category::Access, principal.0);
    Ok(decided(allowed, vec![one(stream, Event::Denied(denied))]))
}

pub(super) fn refused(desk: &mut Desk<'_, '_, '_>, refused: Refused) -> Result<Decision, Rejection> {
    let allowed = by_the_ledger(desk)?;
    let stream = stream(Category::Access, PrincipalId::SYSTEM.0);
    Ok(decided(allowed, vec![one(stream, Event::Refused(refused))]))
}

/// Only the ledger itself says what it counted and refused.
pub(super) fn by_the_ledger(desk: &Desk<'_, '_, '_>) -> Result<Allowed, Rejection> {
    if desk.ctx.caller.principal != Caller::SYSTEM.principal {
        let target = Target::Ledger.to_string();
        return Err(Rejection::Denied(Denied {
            right: Right::Administer,
            target,
            why: DeniedWhy::NoGrant,
        }));
    }
    desk.authorize(Right::Administer, Target::Ledger)
}

fn not_found(what: &'static str, pointer: &str) -> Rejection {
    Rejection::NotFound {
        what,
        pointer: pointer.to_owned(),
        suggestions: Vec::new(),
        denied: None,
    }
}
