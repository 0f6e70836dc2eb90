//! Templates as they are shown; their documents are asked for by themselves.

use super::credential::source;
use super::{Lens, hex};
use crate::time::rfc3339;
use strongroom_api::Written;
use strongroom_api::template::{
    AcceptedFinding, Affected, Lacking, LackingVariable, Revision, Template, TemplateWritten, Variable,
};
use strongroom_domain::affected::affected;
use strongroom_domain::event;
use strongroom_domain::state::{self, RevisionFact};
use strongroom_ledger::RehearsedTemplate;

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

impl Lens<'_> {
    /// Whom a revision affects.
    pub(crate) fn affected(&self, it: &state::Template, fact: &RevisionFact) -> Affected {
        let found = affected(self.state, &self.seen, it, fact, self.now);
        let variable = |(variable, fitting): &(event::Variable, Vec<_>)| LackingVariable {
            variable: variable.name.clone(),
            service: variable.service.clone(),
            kinds: variable.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            fitting: fitting.iter().filter_map(|id| self.credential_handle(*id)).collect(),
        };
        let mut lacking: Vec<Lacking> = found
            .lacking
            .iter()
            .map(|it| Lacking {
                workspace: self.workspace_handle(it.workspace).unwrap_or_default(),
                admitted: it.admitted,
                missing: it.missing.iter().map(variable).collect(),
            })
            .collect();
        lacking.sort_by(|left, right| left.workspace.cmp(&right.workspace));
        Affected {
            revision: fact.revision,
            lacking,
            ready: u32::try_from(found.ready).unwrap_or(u32::MAX),
            hidden: u32::try_from(found.hidden).unwrap_or(u32::MAX),
        }
    }

    /// What a revision would be, compared to the newest that there is.
    pub(crate) fn template_rehearsed(
        &self,
        before: &state::Template,
        after: &state::Template,
        rehearsed: &RehearsedTemplate,
        checkpoint: &str,
    ) -> Option<TemplateWritten> {
        let (old, new) = (before.revisions.last()?, after.revisions.last()?);
        let names = |those: &RevisionFact, not: &RevisionFact| {
            let names = those.variables.iter().map(|it| it.name.clone());
            names.filter(|name| !not.declares(name)).collect()
        };
        Some(TemplateWritten {
            handle: after.handle.clone(),
            id: after.id.to_string(),
            revision: new.revision,
            digest: hex(&new.digest),
            variables: variables(&new.variables),
            added: names(new, old),
            removed: names(old, new),
            unsure: rehearsed.unsure.clone(),
            affected: Some(self.affected(after, new)),
            dry_run: true,
            etag: before.head.changed,
            written: Written {
                checkpoint: checkpoint.to_owned(),
                warnings: rehearsed.warnings.clone(),
                ..Written::default()
            },
        })
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
