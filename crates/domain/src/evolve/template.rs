//! What the events of a template do.

use super::thing;
use crate::event::{Recorded, RevisionContent, TemplateRegistered, TemplateRevised, ThingChange};
use crate::ids::{Revision, TemplateId};
use crate::state::{RevisionFact, State, StreamHead, Template};
use std::sync::Arc;

pub(super) fn registered(state: &mut State, recorded: &Recorded, data: &TemplateRegistered) {
    let id = TemplateId(recorded.stream.id);
    state.names.template_handles.insert(data.handle.as_str().into(), id);
    state.names.template_skeletons.insert(&data.skeleton, id);
    let template = Template {
        id,
        head: StreamHead::default().after(recorded),
        handle: data.handle.clone(),
        name: data.name.clone(),
        skeleton: data.skeleton.clone(),
        description: data.description.clone(),
        revisions: vec![entered(recorded, 1, &data.content)],
        used_variables: data
            .content
            .variables
            .iter()
            .map(|variable| variable.name.clone())
            .collect(),
        source: data.content.source.clone(),
        retired: false,
        key_id: recorded.secret_key_id.unwrap_or_default(),
    };
    state.templates.insert(id, Arc::new(template));
}

pub(super) fn revised(state: &mut State, recorded: &Recorded, data: &TemplateRevised) {
    let Some(template) = thing(&mut state.templates, TemplateId(recorded.stream.id)) else {
        return;
    };
    template.head = template.head.after(recorded);
    template.revisions.push(entered(recorded, data.revision, &data.content));
    for variable in &data.content.variables {
        if !template.used_variables.contains(&variable.name) {
            template.used_variables.push(variable.name.clone());
        }
    }
    if data.content.source.is_some() {
        template.source.clone_from(&data.content.source);
    }
    if let Some(key_id) = recorded.secret_key_id {
        template.key_id = key_id;
    }
}

pub(super) fn updated(state: &mut State, recorded: &Recorded, after: &ThingChange) {
    let id = TemplateId(recorded.stream.id);
    let Some(template) = thing(&mut state.templates, id) else {
        return;
    };
    template.head = template.head.after(recorded);
    if let Some(name) = &after.name {
        template.name.clone_from(name);
    }
    if let Some(description) = &after.description {
        template.description.clone_from(description);
    }
    if let Some(skeleton) = &after.skeleton {
        let before = std::mem::replace(&mut template.skeleton, skeleton.clone());
        state.names.template_skeletons.remove(&before);
        state.names.template_skeletons.insert(skeleton, id);
    }
}

pub(super) fn retired(state: &mut State, recorded: &Recorded) {
    if let Some(template) = thing(&mut state.templates, TemplateId(recorded.stream.id)) {
        template.head = template.head.after(recorded);
        template.retired = true;
    }
}

fn entered(recorded: &Recorded, revision: Revision, content: &RevisionContent) -> RevisionFact {
    RevisionFact {
        revision,
        format: content.format.clone(),
        digest: content.digest,
        document_bytes: content.document_bytes,
        variables: content.variables.clone(),
        hardcoded_accepted: content.hardcoded_accepted.clone(),
        document_at: recorded.position,
        entered_at: recorded.recorded_at,
        entered_by: recorded.envelope.actor,
    }
}
