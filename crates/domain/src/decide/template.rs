//! Templates: documents without secrets, and the variables that stand in for them.

use super::client::Changes;
use super::{Decision, Desk, NewEvent, at, decided, free_name, named, one, stream, unchanged};
use crate::command::TemplateInput;
use crate::event::{Event, Nothing, RevisionContent, Stream, TemplateRegistered, TemplateRevised, Variable};
use crate::ids::{Revision, TemplateId};
use crate::limits::{DOCUMENT_BYTES_MAX, TAGS_MAX, VARIABLES_MAX};
use crate::rejection::Rejection;
use crate::rights::{Allowed, Target};
use crate::secret::{Document, SecretPart};
use crate::state::Template;
use crate::text;
use crate::words::{Category, Right};

pub(super) fn register(
    desk: &mut Desk<'_, '_, '_>,
    name: &str,
    handle: Option<String>,
    description: &str,
    input: TemplateInput,
) -> Result<Decision, Rejection> {
    let allowed = desk.authorize(Right::Design, Target::Ledger)?;
    desk.match_version(0)?;
    let names = &desk.state.names;
    let taken = |handle: &str| names.template_handles.contains_key(handle);
    let (name, handle) = named("template", name, handle, taken, |skeleton| holder(desk, skeleton, None))?;
    let (content, document, _) = checked(desk, input)?;
    let registered = TemplateRegistered {
        name: name.as_str().to_owned(),
        skeleton: name.skeleton().to_owned(),
        handle: handle.as_str().to_owned(),
        description: text::description(description).map_err(at("/description"))?,
        content,
    };
    let event = NewEvent {
        stream: stream(Category::Template, desk.fresh()),
        event: Event::TemplateRegistered(registered),
        secret: Some(SecretPart::Document(document)),
    };
    Ok(decided(allowed, vec![event]))
}

pub(super) fn revise(
    desk: &mut Desk<'_, '_, '_>,
    reference: &str,
    based_on: Revision,
    input: TemplateInput,
) -> Result<Decision, Rejection> {
    let (template, allowed) = open_in_use(desk, reference)?;
    let (content, document, unsure) = checked(desk, input)?;
    let newest = template
        .revisions
        .last()
        .filter(|newest| newest.revision == based_on)
        .ok_or(Rejection::Stale)?;
    if newest.digest == content.digest && newest.variables == content.variables {
        return unchanged(allowed);
    }
    let names = |variables: &[Variable]| variables.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    let (old, new) = (names(&newest.variables), names(&content.variables));
    let revised = TemplateRevised {
        revision: based_on + 1,
        added: new.iter().filter(|name| !old.contains(name)).cloned().collect(),
        removed: old.into_iter().filter(|name| !new.contains(name)).collect(),
        unsure,
        content,
    };
    let event = NewEvent {
        stream: stream_of(template),
        event: Event::TemplateRevised(revised),
        secret: Some(SecretPart::Document(document)),
    };
    Ok(decided(allowed, vec![event]))
}

pub(super) fn update(
    desk: &mut Desk<'_, '_, '_>,
    reference: &str,
    name: Option<String>,
    description: Option<String>,
) -> Result<Decision, Rejection> {
    let (template, allowed) = open_in_use(desk, reference)?;
    let free = |name: String| free_name("template", &name, |skeleton| holder(desk, skeleton, Some(template.id)));
    let name = name.map(free).transpose()?;
    let mut change = Changes::default();
    change.name(&template.name, &template.skeleton, name.as_ref());
    change.description(&template.description, description)?;
    match change.done() {
        None => unchanged(allowed),
        Some(updated) => Ok(decided(
            allowed,
            vec![one(stream_of(template), Event::TemplateUpdated(updated))],
        )),
    }
}

pub(super) fn retire(desk: &mut Desk<'_, '_, '_>, reference: &str) -> Result<Decision, Rejection> {
    let (template, allowed) = open(desk, reference)?;
    if template.retired {
        return unchanged(allowed);
    }
    Ok(decided(
        allowed,
        vec![one(stream_of(template), Event::TemplateRetired(Nothing {}))],
    ))
}

/// Checks what a revision is made of; the names of unsure variables come back beside it.
fn checked(
    desk: &Desk<'_, '_, '_>,
    mut input: TemplateInput,
) -> Result<(RevisionContent, Document, Vec<String>), Rejection> {
    let bytes = input.document.bytes.len();
    if bytes > DOCUMENT_BYTES_MAX {
        let message = format!("the document has {bytes} bytes, more than {DOCUMENT_BYTES_MAX}");
        return Err(Rejection::invalid("/document", message, "take pinned data out of it"));
    }
    if !matches!(input.format.as_str(), "n8n" | "strongroom") {
        return Err(Rejection::invalid("/format", "the format is `n8n` or `strongroom`", ""));
    }
    if input.variables.len() > VARIABLES_MAX {
        return Err(Rejection::invalid(
            "/variables",
            format!("at most {VARIABLES_MAX} variables"),
            "split the template",
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (number, variable) in input.variables.iter_mut().enumerate() {
        check_variable(variable, number)?;
        if !seen.insert(variable.name.clone()) {
            let pointer = format!("/variables/{number}/name");
            return Err(Rejection::invalid(
                pointer,
                "the variable is there twice",
                "name each once",
            ));
        }
    }
    if !input.hardcoded_accepted.is_empty() && desk.reason().is_none() {
        return Err(Rejection::ReasonRequired);
    }
    let content = RevisionContent {
        format: input.format,
        digest: input.digest,
        document_bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        variables: input.variables,
        hardcoded_accepted: input.hardcoded_accepted,
        source: input.source,
    };
    Ok((content, input.document, input.unsure))
}

fn check_variable(variable: &mut Variable, number: usize) -> Result<(), Rejection> {
    let pointer = |field: &str| format!("/variables/{number}/{field}");
    text::variable_name(&variable.name).map_err(at(&pointer("name")))?;
    text::service_id(&variable.service).map_err(at(&pointer("service")))?;
    variable.kinds.sort_unstable();
    variable.kinds.dedup();
    if variable.scopes.len() > TAGS_MAX {
        return Err(Rejection::invalid(pointer("scopes"), format!("at most {TAGS_MAX}"), ""));
    }
    variable
        .scopes
        .iter()
        .try_for_each(|scope| text::scope(scope).map_err(at(&pointer("scopes"))))?;
    variable.scopes.sort();
    variable.scopes.dedup();
    variable.description = text::description(&variable.description).map_err(at(&pointer("description")))?;
    Ok(())
}

fn stream_of(template: &Template) -> Stream {
    stream(Category::Template, template.id.0)
}

fn open<'s>(desk: &Desk<'s, '_, '_>, reference: &str) -> Result<(&'s Template, Allowed), Rejection> {
    let template = desk.template(reference, "")?;
    let allowed = desk.authorize(Right::Design, Target::Ledger)?;
    desk.match_version(template.head.changed)?;
    Ok((template, allowed))
}

fn open_in_use<'s>(desk: &Desk<'s, '_, '_>, reference: &str) -> Result<(&'s Template, Allowed), Rejection> {
    let (template, allowed) = open(desk, reference)?;
    if template.retired {
        return Err(Rejection::NotActive {
            what: "template",
            status: "retired",
        });
    }
    Ok((template, allowed))
}

fn holder<'s>(desk: &Desk<'s, '_, '_>, skeleton: &str, but: Option<TemplateId>) -> Option<Option<&'s str>> {
    let id = desk
        .state
        .names
        .template_skeletons
        .get(skeleton)
        .filter(|id| Some(**id) != but)?;
    let holder = desk
        .state
        .templates
        .get(id)
        .filter(|holder| desk.visible.template(holder));
    Some(holder.map(|holder| holder.handle.as_str()))
}
