//! Workflows and template documents to templates: variables made or read, hard-coded secrets refused, the document with
//! references only.

use super::{Counted, STALE_RETRIES, is_stale, rehearse_one, scan};
use crate::Ledger;
use crate::request::{Failure, Receipt, RequestContext};
use crate::view::View;
use strongroom_domain::State;
use strongroom_domain::command::{Command, TemplateInput};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{AcceptedFinding, Variable};
use strongroom_domain::ids::Revision;
use strongroom_domain::limits::NAME_CHARS_MAX;
use strongroom_domain::rights::visible;
use strongroom_domain::secret::{Document, KnownReference};
use strongroom_domain::state::Template;
use strongroom_domain::text::skeleton_of;
use strongroom_domain::words::Kind;
use strongroom_domain::{Rejection, find, stored};
use strongroom_formats::n8n::assign::{Known, Status, assign};
use strongroom_formats::n8n::workflow::{Workflow, variables};
use strongroom_formats::scan::Finding;
use strongroom_formats::share::{self, Shared};
use strongroom_formats::template::{self, TemplateDocument};
use strongroom_proof::record::RecordRef;
use strongroom_seal::{open_secret, random_bytes};

/// A template to be registered, or a revision of one.
#[derive(Debug, Clone, Default)]
pub struct TemplateDraft {
    /// Name; else the document's.
    pub name: Option<String>,
    /// Handle wished for.
    pub handle: Option<String>,
    /// Text.
    pub description: String,
    /// `n8n` or `strongroom`; else found out from the document.
    pub format: Option<String>,
    /// The document, JSON.
    pub document: Vec<u8>,
    /// The template that this revises; else a new one is registered.
    pub revise: Option<String>,
    /// Register in spite of hard-coded secrets; needs a reason.
    pub allow_hardcoded: bool,
}

/// What a draft would come to.
#[derive(Debug)]
pub struct RehearsedTemplate {
    /// What there is.
    pub before: View,
    /// What there would be.
    pub after: State,
    /// Variables of which it is not sure that they mean what they meant.
    pub unsure: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// A name that is free, from a document's own: other systems allow many workflows of one name, longer ones, and characters
/// that no name may have here. The very same document under its own name is no second template: that name is taken.
fn free_name(state: &State, name: &str, digest: &[u8; 32]) -> String {
    let cleaned: String = name
        .chars()
        .map(|it| if it.is_whitespace() { ' ' } else { it })
        .filter(is_plain)
        .collect();
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    let base: String = words.join(" ").chars().take(NAME_CHARS_MAX - 8).collect();
    let base = if base.is_empty() {
        "Untitled workflow".to_owned()
    } else {
        base
    };
    let mut candidate = base.clone();
    let mut number = 2;
    while let Some(holder) = state.names.template_skeletons.get(skeleton_of(&candidate).as_str()) {
        let newest = state
            .templates
            .get(holder)
            .and_then(|template| template.revisions.last());
        if newest.is_some_and(|newest| newest.digest == *digest) {
            return candidate;
        }
        candidate = format!("{base} ({number})");
        number += 1;
    }
    candidate
}

/// Whether a character may stand in a name: no control, no direction mark, nothing invisible.
fn is_plain(character: &char) -> bool {
    let invisible = matches!(*character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !character.is_control() && !invisible
}

/// A document that was read, before its references have variables.
enum Read {
    N8n(Box<Workflow>),
    Strongroom {
        document: Vec<u8>,
        variables: Vec<strongroom_formats::Variable>,
    },
}

struct Source {
    name: String,
    read: Read,
    findings: Vec<Finding>,
    warnings: Vec<String>,
    /// What came from another ledger says what it is for, and how its variables are named.
    description: String,
    named: Vec<(String, String)>,
}

impl Ledger {
    /// Registers a template, or revises one, from a document.
    ///
    /// # Errors
    /// [`Failure`]; [`Failure::HardcodedSecret`] names every place.
    pub async fn import_template(&self, context: RequestContext, draft: TemplateDraft) -> Result<Receipt, Failure> {
        let source = read(&draft)?;
        let accepted = accepted(&source.findings, &draft, &context)?;
        let mut tries = 0;
        loop {
            let (command, warnings) = self.template_command(&context, &draft, &source, &accepted)?;
            match self.submit(context.clone(), vec![command], false, warnings).await {
                Err(failure) if is_stale(&failure) && tries < STALE_RETRIES => tries += 1,
                answer => return answer,
            }
        }
    }

    /// What a draft would come to. Nothing is changed.
    ///
    /// # Errors
    /// [`Failure`], as importing it has them.
    pub fn rehearse_template(
        &self,
        context: &RequestContext,
        draft: &TemplateDraft,
    ) -> Result<RehearsedTemplate, Failure> {
        let source = read(draft)?;
        let accepted = accepted(&source.findings, draft, context)?;
        let (command, warnings) = self.template_command(context, draft, &source, &accepted)?;
        scan(context, std::slice::from_ref(&command))?;
        let unsure = match &command {
            Command::ReviseTemplate { input, .. } | Command::RegisterTemplate { input, .. } => input.unsure.clone(),
            _ => Vec::new(),
        };
        let before = self.view();
        let mut after = (*before.state).clone();
        rehearse_one(
            context,
            &mut after,
            before.head,
            before.now,
            &mut Counted::default(),
            &command,
        )?;
        Ok(RehearsedTemplate {
            before,
            after,
            unsure,
            warnings,
        })
    }

    fn template_command(
        &self,
        context: &RequestContext,
        draft: &TemplateDraft,
        source: &Source,
        accepted: &[AcceptedFinding],
    ) -> Result<(Command, Vec<String>), Failure> {
        let previous = match &draft.revise {
            Some(reference) => Some(self.previous(&context.caller, reference)?),
            None => None,
        };
        let (input, warnings) = prepare(source, previous.as_ref(), accepted)?;
        let command = match previous {
            Some(previous) => Command::ReviseTemplate {
                template: previous.template.id.to_string(),
                based_on: previous.revision,
                input: Box::new(input),
            },
            None => Command::RegisterTemplate {
                name: match &draft.name {
                    Some(name) => name.clone(),
                    None => free_name(&self.view().state, &source.name, &input.digest),
                },
                handle: draft.handle.clone(),
                description: match draft.description.is_empty() {
                    true => source.description.clone(),
                    false => draft.description.clone(),
                },
                input: Box::new(input),
            },
        };
        Ok((command, warnings))
    }

    /// The revision that a new one is compared to.
    fn previous(&self, caller: &Caller, reference: &str) -> Result<Previous, Failure> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let template = find::template(&view.state, &seen, reference, "/template")?;
        let revision = template
            .revisions
            .last()
            .ok_or_else(|| Failure::Internal("a template without revision".to_owned()))?;
        let document = self.open_document(revision.document_at)?;
        Ok(Previous {
            template: template.clone(),
            revision: revision.revision,
            document,
        })
    }

    /// A revision's document.
    pub(crate) fn open_document(&self, position: u64) -> Result<Document, Failure> {
        let internal = |what: String| Failure::Internal(format!("the document at {position}: {what}"));
        let bytes = self
            .shared
            .store
            .record(position)
            .map_err(|error| internal(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| internal("its record is not in the log".to_owned()))?;
        let record = RecordRef::parse(&bytes).map_err(|error| internal(error.to_string()))?;
        self.shared.prove(position, &bytes).map_err(internal)?;
        let key = self
            .shared
            .keys
            .data_key(&record.header.secret_key_id)
            .ok_or_else(|| internal("its key is gone".to_owned()))?;
        let plaintext =
            open_secret(&record, &self.shared.keys.ledger_id, &key).map_err(|error| internal(error.to_string()))?;
        stored::decode_document(plaintext.expose()).map_err(|error| internal(error.to_string()))
    }

    /// The document of a template's revision (else its newest), as served.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn template_document(
        &self,
        caller: &Caller,
        template: &str,
        revision: Option<Revision>,
    ) -> Result<Vec<u8>, Failure> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let template = find::template(&view.state, &seen, template, "/template")?;
        let fact = find::revision(template, revision, "/revision")?;
        Ok(self.open_document(fact.document_at)?.bytes)
    }
}

struct Previous {
    template: Template,
    revision: Revision,
    document: Document,
}

fn read(draft: &TemplateDraft) -> Result<Source, Failure> {
    if draft.format.as_deref() != Some("n8n")
        && let Some(shared) = share::parse(&draft.document)?
    {
        return of_shared(shared);
    }
    let is_n8n = match draft.format.as_deref() {
        Some("n8n") => true,
        Some("strongroom") => false,
        Some(_) => {
            return Err(Failure::format(
                "/format",
                "there is no such format",
                Some("one of n8n, strongroom"),
            ));
        }
        None => Workflow::parse(&draft.document).is_ok(),
    };
    if is_n8n {
        return Ok(of_workflow(Workflow::parse(&draft.document)?));
    }
    let value = serde_json::from_slice(&draft.document).map_err(|_| Failure::format("", "is not JSON", None))?;
    of_own(template::parse(&draft.document)?, &value)
}

/// A template that another ledger wrote. Places in its document are told from the file.
fn of_shared(shared: Shared) -> Result<Source, Failure> {
    let mut source = match shared.format.as_str() {
        "n8n" => {
            let mut workflow = Workflow::of(shared.document)?;
            workflow.origin = "/document".to_owned();
            of_workflow(workflow)
        }
        _ => {
            let parsed = template::from_value(shared.document.clone())?;
            let mut source = of_own(parsed, &shared.document)?;
            for finding in &mut source.findings {
                finding.pointer.insert_str(0, "/document");
            }
            source
        }
    };
    source.name = shared.name;
    source.description = shared.description;
    source.named = shared.variables;
    Ok(source)
}

fn of_workflow(workflow: Workflow) -> Source {
    let name = if workflow.name.is_empty() {
        "Untitled workflow".to_owned()
    } else {
        workflow.name.clone()
    };
    let findings = workflow.findings();
    let warnings = workflow
        .warnings
        .iter()
        .map(|warning| warning_text(&warning.pointer, &warning.what))
        .collect();
    Source {
        name,
        read: Read::N8n(Box::new(workflow)),
        findings,
        warnings,
        description: String::new(),
        named: Vec::new(),
    }
}

fn of_own(parsed: TemplateDocument, value: &serde_json::Value) -> Result<Source, Failure> {
    let findings = strongroom_formats::scan::scan_json(value);
    let document = serde_json::to_vec(value).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(Source {
        name: parsed.name,
        read: Read::Strongroom {
            document,
            variables: parsed.variables,
        },
        findings,
        warnings: Vec::new(),
        description: String::new(),
        named: Vec::new(),
    })
}

/// Hard-coded secrets that the caller takes upon himself, or a refusal that names them.
fn accepted(
    findings: &[Finding],
    draft: &TemplateDraft,
    context: &RequestContext,
) -> Result<Vec<AcceptedFinding>, Failure> {
    if findings.is_empty() {
        return Ok(Vec::new());
    }
    if !draft.allow_hardcoded {
        return Err(Failure::HardcodedSecret {
            findings: findings.to_vec(),
        });
    }
    if context.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Rejection::ReasonRequired.into());
    }
    Ok(findings
        .iter()
        .map(|finding| AcceptedFinding {
            pointer: finding.pointer.clone(),
            rule: finding.rule.to_owned(),
        })
        .collect())
}

fn prepare(
    source: &Source,
    previous: Option<&Previous>,
    accepted: &[AcceptedFinding],
) -> Result<(TemplateInput, Vec<String>), Failure> {
    let reference_key = match previous {
        Some(previous) => previous.document.reference_key,
        None => random_bytes().map_err(|error| Failure::Internal(error.to_string()))?,
    };
    let mut unsure = Vec::new();
    let (format, bytes, references, declared) = match &source.read {
        Read::Strongroom { document, variables } => ("strongroom", document.clone(), Vec::new(), variables.clone()),
        Read::N8n(workflow) => {
            let mut known: Vec<Known> = previous.map_or_else(Vec::new, |previous| {
                previous.document.references.iter().map(known).collect()
            });
            let used: &[String] = previous.map_or(&[], |previous| &previous.template.used_variables);
            // The variables of another ledger keep their names, but where one means something else here.
            let free = source.named.iter().filter(|(_, variable)| !used.contains(variable));
            known.extend(free.map(|(n8n_type, variable)| named(&reference_key, n8n_type, variable)));
            let assignment = assign(workflow.references(), &known, used, &|reference| {
                reference_hash(
                    &reference_key,
                    &reference.n8n_type,
                    reference.id.as_ref(),
                    reference.name.as_ref(),
                )
            });
            let is_unsure = |one: &&strongroom_formats::n8n::assign::Assigned| one.status == Status::Unsure;
            unsure = assignment
                .assigned
                .iter()
                .filter(is_unsure)
                .map(|one| one.variable.clone())
                .collect();
            let references = assignment.assigned.iter().map(|one| reference(one.known())).collect();
            (
                "n8n",
                workflow.document(&assignment.assigned),
                references,
                variables(&assignment.assigned),
            )
        }
    };
    let digest = blake3::hash(&bytes).into();
    let input = TemplateInput {
        format: format.to_owned(),
        variables: declared.into_iter().map(variable).collect(),
        document: Document {
            bytes,
            reference_key,
            references,
        },
        digest,
        hardcoded_accepted: accepted.to_vec(),
        unsure,
        source: None,
    };
    Ok((input, source.warnings.clone()))
}

/// Keyed by the template's own random key, which lies in the secret part beside the hashes.
fn reference_hash(key: &[u8; 32], n8n_type: &str, id: Option<&String>, name: Option<&String>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in [Some(n8n_type), id.map(String::as_str), name.map(String::as_str)] {
        match part {
            Some(text) => hasher
                .update(&[1])
                .update(&(text.len() as u64).to_be_bytes())
                .update(text.as_bytes()),
            None => hasher.update(&[0]),
        };
    }
    hasher.finalize().into()
}

/// What a reference of a shared template is known by: its variable's name stands for id and name.
fn named(key: &[u8; 32], n8n_type: &str, variable: &str) -> Known {
    let hash = |id: bool, name: bool| {
        let text = |given: bool| given.then(|| variable.to_owned());
        reference_hash(key, n8n_type, text(id).as_ref(), text(name).as_ref())
    };
    Known {
        variable: variable.to_owned(),
        hash: hash(true, true),
        id_hash: Some(hash(true, false)),
        name_hash: Some(hash(false, true)),
    }
}

fn known(reference: &KnownReference) -> Known {
    Known {
        variable: reference.variable.clone(),
        hash: reference.hash,
        id_hash: reference.id_hash,
        name_hash: reference.name_hash,
    }
}

fn reference(known: Known) -> KnownReference {
    KnownReference {
        variable: known.variable,
        hash: known.hash,
        id_hash: known.id_hash,
        name_hash: known.name_hash,
    }
}

fn variable(variable: strongroom_formats::Variable) -> Variable {
    Variable {
        name: variable.name,
        service: variable.service,
        kinds: variable
            .kinds
            .iter()
            .filter_map(|kind| Kind::parse(kind.as_str()))
            .collect(),
        scopes: variable.scopes,
        required: variable.required,
        description: variable.description,
        foreign_type: variable.n8n_type,
    }
}

/// A warning with its place.
pub(super) fn warning_text(pointer: &str, what: &str) -> String {
    if pointer.is_empty() {
        what.to_owned()
    } else {
        format!("{pointer}: {what}")
    }
}
