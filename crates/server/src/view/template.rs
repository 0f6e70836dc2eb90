//! Templates as they are shown; their documents are asked for by themselves.

use super::credential::source;
use super::{Lens, hex};
use crate::time::rfc3339;
use strongroom_api::template::{AcceptedFinding, Revision, Template, Variable};
use strongroom_domain::event;
use strongroom_domain::state::{self, RevisionFact};

impl Lens<'_> {
    /// A template; with its revisions where one is asked for.
    pub(crate) fn template(&self, it: &state::Template, with_revisions: bool) -> Template {
        let newest = it.revisions.last();
        let revisions = it.revisions.iter().filter(|_| with_revisions);
        Template {
            handle: it.handle.clone(),
            id: it.id.to_string(),
            name: it.name.clone(),
            description: it.description.clone(),
            revision: newest.map_or(0, |fact| fact.revision),
            format: newest.map(|fact| fact.format.clone()).unwrap_or_default(),
            digest: newest.map(|fact| hex(&fact.digest)).unwrap_or_default(),
            variables: newest.map(|fact| variables(&fact.variables)).unwrap_or_default(),
            retired: it.retired,
            source: it.source.as_ref().map(source),
            etag: it.head.changed,
            created_at: rfc3339(it.head.created_at),
            updated_at: rfc3339(it.head.updated_at),
            revisions: revisions.map(|fact| self.revision(fact)).collect(),
        }
    }

    fn revision(&self, fact: &RevisionFact) -> Revision {
        let accepted = |it: &event::AcceptedFinding| AcceptedFinding {
            pointer: it.pointer.clone(),
            rule: it.rule.clone(),
        };
        Revision {
            revision: fact.revision,
            format: fact.format.clone(),
            digest: hex(&fact.digest),
            document_bytes: fact.document_bytes,
            variables: variables(&fact.variables),
            hardcoded_accepted: fact.hardcoded_accepted.iter().map(accepted).collect(),
            entered_at: rfc3339(fact.entered_at),
            entered_by: self.principal_handle(fact.entered_by),
        }
    }
}

/// Variables as a revision declares them.
pub(super) fn variables(variables: &[event::Variable]) -> Vec<Variable> {
    let variable = |it: &event::Variable| Variable {
        name: it.name.clone(),
        service: it.service.clone(),
        kinds: it.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        scopes: it.scopes.clone(),
        required: it.required,
        description: it.description.clone(),
        foreign_type: it.foreign_type.clone(),
    };
    variables.iter().map(variable).collect()
}
