//! A credential export of another system as one atomic step: what is new is created, what is known is left alone, what
//! changed is proposed as a rotation, what is held already is named.

use super::credential::{CredentialDraft, FieldText, create_command, from_class};
use super::rehearse::rehearse;
use super::template::warning_text;
use super::{STALE_RETRIES, is_stale, scan};
use crate::Ledger;
use crate::fingerprint::is_fingerprintable;
use crate::request::{Failure, Receipt, RequestContext};
use crate::view::View;
use std::collections::{HashMap, HashSet};
use strongroom_domain::Rejection;
use strongroom_domain::command::{Command, FieldInput, RotateCredential};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Pair, Source};
use strongroom_domain::find;
use strongroom_domain::ids::CredentialId;
use strongroom_domain::rights::{Target, Visible, authorize, visible};
use strongroom_domain::secret::{SecretFields, SecretText};
use strongroom_domain::state::Credential;
use strongroom_domain::text::skeleton_of;
use strongroom_domain::words::{CredentialStatus, FieldClass, Kind, Right};
use strongroom_formats::import::{FORMATS, Group, Options, parse};
use strongroom_formats::n8n::credentials::ImportCredential;

/// An export to be imported.
#[derive(Clone, Default)]
pub struct ImportDraft {
    /// One of `strongroom_formats::import::FORMATS`.
    pub format: String,
    /// The export.
    pub document: zeroize::Zeroizing<Vec<u8>>,
    /// The instance's encryption key, for an encrypted export.
    pub encryption_key: Option<SecretText>,
    /// The client that new credentials belong to.
    pub client: Option<String>,
    /// Tags of new credentials.
    pub tags: Vec<Pair>,
    /// Before each name, or the path of a lone answer of Vault.
    pub prefix: String,
    /// How variables become credentials: `service`, `variable`, `file`; empty for the first.
    pub group: String,
    /// Enter changed values as rotations; else they are only proposed.
    pub rotate: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

impl ImportDraft {
    /// Reads the document.
    fn entries(&self) -> Result<Vec<ImportCredential>, Failure> {
        let group = match self.group.as_str() {
            "" => Group::default(),
            name => Group::parse(name).ok_or_else(|| {
                Failure::format("/group", "there is no such grouping", Some("service, variable or file"))
            })?,
        };
        let options = Options {
            encryption_key: self.encryption_key.as_ref().map(SecretText::expose),
            prefix: self.prefix.trim().trim_end_matches('/'),
            scope: self.client.as_deref().unwrap_or_default(),
            group,
        };
        let read = parse(&self.format, &self.document, &options);
        let read =
            read.ok_or_else(|| Failure::format("/format", "there is no such format", Some(&FORMATS.join(", "))))?;
        Ok(read?)
    }
}

impl std::fmt::Debug for ImportDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportDraft")
            .field("format", &self.format)
            .field("dry_run", &self.dry_run)
            .finish_non_exhaustive()
    }
}

/// What becomes of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportAction {
    /// A credential is made.
    Created,
    /// It is here with the same values.
    Unchanged,
    /// It is here with other values: rotate it, or import with `rotate`.
    RotationProposed,
    /// It is here; whether with other values is not told without a record to those who may not read it.
    Held,
    /// It was here with other values, and was rotated.
    Rotated,
    /// Another credential holds its secret: it is not made twice.
    Duplicate,
    /// It holds no values: there is nothing to keep.
    Skipped,
}

impl ImportAction {
    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Unchanged => "unchanged",
            Self::RotationProposed => "rotation_proposed",
            Self::Held => "held",
            Self::Rotated => "rotated",
            Self::Duplicate => "duplicate",
            Self::Skipped => "skipped",
        }
    }
}

/// One entry of an export.
#[derive(Debug, Clone)]
pub struct ImportItem {
    /// Its id in the export.
    pub source_id: String,
    /// The name it has or gets here.
    pub name: String,
    /// Its handle here; none where it is not made yet.
    pub handle: Option<String>,
    /// What became of it.
    pub action: ImportAction,
    /// For a duplicate: the credential (or the entry of this file) that holds the secret.
    pub holder: Option<String>,
    /// Service.
    pub service: String,
    /// Kind.
    pub kind: Kind,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// What an import did, or would do.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// One for each entry, in their order.
    pub items: Vec<ImportItem>,
    /// The receipt; none for a dry run or when nothing changed.
    pub receipt: Option<Receipt>,
}

/// Who has an entry's source, when the caller may not know.
const HIDDEN: &str = "another credential";

/// What is said of an entry that is `held`.
const HELD: &str = "whether its values differ is not compared for who may not read it: an import with `rotate` enters \
                    what differs, on the record";

struct Plan {
    items: Vec<ImportItem>,
    /// With the index of the entry.
    commands: Vec<(usize, Command)>,
}

/// How far an import goes.
#[derive(Clone, Copy)]
struct Reach {
    rotate: bool,
    dry_run: bool,
}

impl Ledger {
    /// Imports an export: all of it in one commit, or nothing.
    ///
    /// # Errors
    /// [`Failure`]; a bad entry changes nothing at all.
    pub async fn import_credentials(
        &self,
        context: RequestContext,
        draft: ImportDraft,
    ) -> Result<ImportReport, Failure> {
        let mut tries = 0;
        loop {
            let view = self.view();
            // Asked before the document is read: what it says of what is here is for those who may create.
            if let Err(rejection) = may_import(&view, &context.caller, draft.client.as_deref()) {
                if let Some(denied) = rejection.denial() {
                    self.note_denied(&context, denied).await;
                }
                return Err(rejection.into());
            }
            let entries = draft.entries()?;
            let reach = Reach {
                rotate: draft.rotate,
                dry_run: draft.dry_run,
            };
            let Plan { mut items, commands } = self.plan(&view, &context.caller, entries, &draft, reach)?;
            check(&context, &view, &commands)?;
            let rotations = rotations(&commands);
            let commands: Vec<Command> = commands.into_iter().map(|(_, command)| command).collect();
            if draft.dry_run || commands.is_empty() {
                return Ok(ImportReport { items, receipt: None });
            }
            match self.submit(context.clone(), commands, true, Vec::new()).await {
                Err(failure) if is_stale(&failure) && tries < STALE_RETRIES => tries += 1,
                Err(failure) => return Err(failure),
                Ok(receipt) => {
                    settle(&mut items, &rotations, &receipt);
                    fill_handles(&mut items, &draft.format, &receipt.view);
                    return Ok(ImportReport {
                        items,
                        receipt: Some(receipt),
                    });
                }
            }
        }
    }

    fn plan(
        &self,
        view: &View,
        caller: &Caller,
        entries: Vec<ImportCredential>,
        draft: &ImportDraft,
        reach: Reach,
    ) -> Result<Plan, Failure> {
        let seen_by = visible(&view.state, caller, view.now);
        let mut plan = Plan {
            items: Vec::new(),
            commands: Vec::new(),
        };
        let mut names = Names {
            view,
            taken: HashSet::new(),
        };
        let mut seen: HashMap<[u8; 32], String> = HashMap::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let source = Source {
                system: draft.format.clone(),
                id: entry.source_id.clone(),
            };
            let known = view
                .state
                .sources
                .get(&source)
                .and_then(|id| view.state.credentials.get(id));
            // Whether values are the same is told to those who may enter them only.
            let hidden = known.is_some_and(|credential| !seen_by.may(Right::Edit, Target::Credential(credential)));
            let known = known.filter(|_| !hidden);
            let mut item = item(&entry, known);
            let holder = if hidden {
                Some(HIDDEN.to_owned())
            } else {
                self.holder(view, &seen_by, &entry, known, &mut seen)
            };
            match (known, holder) {
                (Some(credential), _) => {
                    item.name.clone_from(&credential.name);
                    let may_read = seen_by.may(Right::Read, Target::Credential(credential));
                    let changed = self.changes(credential, entry, &mut item, may_read, reach)?;
                    if reach.rotate && !changed.is_empty() {
                        plan.commands.push((index, rotation(credential, changed, source)));
                    }
                }
                (None, Some(holder)) => {
                    item.action = ImportAction::Duplicate;
                    item.holder = Some(holder);
                }
                (None, None) if entry.fields.is_empty() => {
                    item.action = ImportAction::Skipped;
                    item.warnings.push("it holds no values".to_owned());
                }
                (None, None) => {
                    item.action = ImportAction::Created;
                    item.name = names.free(&entry.name);
                    plan.commands.push((index, creation(&item, entry, source, draft)?));
                }
            }
            plan.items.push(item);
        }
        Ok(plan)
    }

    /// Who holds a secret of this entry already: a credential, or an entry before it.
    fn holder(
        &self,
        view: &View,
        seen_by: &Visible<'_>,
        entry: &ImportCredential,
        known: Option<&std::sync::Arc<Credential>>,
        seen: &mut HashMap<[u8; 32], String>,
    ) -> Option<String> {
        // Without the key of fingerprints nothing can be compared, and nothing be entered.
        let powers = self.shared.keys.powers.as_ref()?;
        let mut found = None;
        for field in entry
            .fields
            .iter()
            .filter(|field| from_class(field.class) == FieldClass::Secret)
        {
            if !is_fingerprintable(field.value.expose()) {
                continue;
            }
            let fingerprint = powers.fingerprint.fingerprint(field.value.expose().as_bytes());
            let holders = self
                .shared
                .holders_of(&fingerprint, &view.state, known.map(|credential| credential.id));
            // As at `create`: that a credential holds a value is told to who may see the credential.
            let held = holders
                .iter()
                .filter_map(|id| view.state.credentials.get(id))
                .find(|holder| seen_by.credential(holder))
                .map(|holder| holder.handle.clone());
            let name = held.or_else(|| seen.get(&fingerprint).cloned());
            found = found.or(name);
            seen.entry(fingerprint).or_insert_with(|| entry.name.clone());
        }
        found
    }

    /// What is to be entered of a known entry, and what is said of it.
    ///
    /// To compare is to tell: who may not read the values could guess them here, without a record. For him nothing is
    /// compared but by the writer, whose rotation is one.
    fn changes(
        &self,
        credential: &Credential,
        entry: ImportCredential,
        item: &mut ImportItem,
        may_read: bool,
        reach: Reach,
    ) -> Result<Vec<FieldInput>, Failure> {
        let fields = entered(credential, entry);
        let takes_values = matches!(credential.status, CredentialStatus::Active | CredentialStatus::Disabled);
        if !may_read && takes_values && reach.rotate && !reach.dry_run {
            return Ok(fields); // the receipt says whether they differed
        }
        if !may_read {
            item.action = ImportAction::Held;
            item.warnings.push(HELD.to_owned());
            return Ok(Vec::new());
        }
        let changed = self.changed_fields(credential, fields)?;
        if !changed.is_empty() {
            item.action = if reach.rotate {
                ImportAction::Rotated
            } else {
                ImportAction::RotationProposed
            };
        }
        Ok(changed)
    }

    /// The fields of an entry if one of them differs from the credential's, compared in constant time.
    fn changed_fields(&self, credential: &Credential, fields: Vec<FieldInput>) -> Result<Vec<FieldInput>, Failure> {
        let held = self.shared.current_values(credential)?;
        let differs = |field: &FieldInput| match field.class {
            FieldClass::Plain => {
                let fact = credential.fields.iter().find(|fact| fact.name == field.name);
                fact.and_then(|fact| fact.value.as_deref()) != Some(field.value.expose())
            }
            FieldClass::Secret | FieldClass::Destination => !held_equal(&held, field),
        };
        let any = fields.iter().any(differs);
        // All of the entry's fields are entered, so that secrets come with their destinations.
        Ok(if any { fields } else { Vec::new() })
    }
}

/// Whoever may create what belongs to a client may import for this client; else it takes `create` on the ledger. Each
/// credential is judged again when it is made.
fn may_import(view: &View, caller: &Caller, client: Option<&str>) -> Result<(), Rejection> {
    let target = match client {
        Some(reference) => {
            let seen_by = visible(&view.state, caller, view.now);
            Target::Client(find::client(&view.state, &seen_by, reference, "/client")?.id)
        }
        None => Target::Ledger,
    };
    authorize(&view.state, caller, Right::Create, target, view.now)?;
    Ok(())
}

/// What is told of an entry before it is known what becomes of it.
fn item(entry: &ImportCredential, known: Option<&std::sync::Arc<Credential>>) -> ImportItem {
    let warnings = entry.warnings.iter();
    ImportItem {
        source_id: entry.source_id.clone(),
        name: entry.name.clone(),
        handle: known.map(|credential| credential.handle.clone()),
        action: ImportAction::Unchanged,
        holder: None,
        service: entry.service.clone(),
        kind: Kind::parse(entry.kind.as_str()).unwrap_or(Kind::Custom),
        warnings: warnings
            .map(|warning| warning_text(&warning.pointer, &warning.what))
            .collect(),
    }
}

/// Refuses what the writer would refuse, naming the entry.
fn check(context: &RequestContext, view: &View, commands: &[(usize, Command)]) -> Result<(), Failure> {
    for (entry, command) in commands {
        scan(context, std::slice::from_ref(command)).map_err(|failure| in_entry(*entry, failure))?;
    }
    let refused = rehearse(context, view, commands.iter().map(|(_, command)| command));
    refused.map_err(|(index, rejection)| match rejection {
        // Of the whole, not of the entry.
        Rejection::Denied(_) | Rejection::AlreadyImported { .. } | Rejection::Stale => rejection.into(),
        rejection => in_entry(commands[index].0, rejection.into()),
    })
}

/// The same failure with pointers that begin at the entry.
fn in_entry(entry: usize, failure: Failure) -> Failure {
    match failure {
        Failure::HardcodedSecret { mut findings } => {
            findings
                .iter_mut()
                .for_each(|finding| finding.pointer = format!("/{entry}{}", finding.pointer));
            Failure::HardcodedSecret { findings }
        }
        Failure::Rejected(rejection) => Failure::Format {
            pointer: Some(format!("/{entry}{}", rejection.field().unwrap_or_default())),
            line: None,
            what: rejection.message(),
            hint: rejection.hint(),
        },
        other => other,
    }
}

/// An entry's fields as a rotation enters them.
fn entered(credential: &Credential, entry: ImportCredential) -> Vec<FieldInput> {
    let class_of = |name: &str| {
        credential
            .fields
            .iter()
            .find(|fact| fact.name == name)
            .map(|fact| fact.class)
    };
    let fields = entry.fields.into_iter().map(|field| FieldInput {
        class: class_of(&field.name).unwrap_or_else(|| from_class(field.class)),
        json: field.json,
        value: SecretText::new(field.value.expose().to_owned()),
        name: field.name,
    });
    fields.collect()
}

/// Which entries are to be rotations, and of what.
fn rotations(commands: &[(usize, Command)]) -> Vec<(usize, CredentialId)> {
    let of = |command: &Command| match command {
        Command::RotateCredential(input) => CredentialId::parse(&input.credential).ok(),
        _ => None,
    };
    commands
        .iter()
        .filter_map(|(index, command)| Some((*index, of(command)?)))
        .collect()
}

/// What became of the rotations, by the record: the writer makes none of values that are held already.
fn settle(items: &mut [ImportItem], rotations: &[(usize, CredentialId)], receipt: &Receipt) {
    for (index, credential) in rotations {
        let rotated = receipt.events.iter().any(|recorded| {
            recorded.stream.id == credential.0 && matches!(recorded.event, Event::CredentialRotated(_))
        });
        if let Some(item) = items.get_mut(*index) {
            item.action = if rotated {
                ImportAction::Rotated
            } else {
                ImportAction::Unchanged
            };
        }
    }
}

fn held_equal(held: &SecretFields, field: &FieldInput) -> bool {
    held.field(&field.name).is_some_and(|value| value.ct_eq(&field.value))
}

fn rotation(credential: &Credential, fields: Vec<FieldInput>, source: Source) -> Command {
    Command::RotateCredential(Box::new(RotateCredential {
        credential: credential.id.to_string(),
        fields,
        grace_days: None,
        until_moved: false,
        expires_at: None,
        source: Some(source),
        accept_duplicate: true,
    }))
}

fn creation(item: &ImportItem, entry: ImportCredential, source: Source, of: &ImportDraft) -> Result<Command, Failure> {
    let mut draft = CredentialDraft {
        name: item.name.clone(),
        service: entry.service,
        kind: Some(item.kind),
        source: Some(source),
        client: of.client.clone(),
        tags: of.tags.clone(),
        ..CredentialDraft::default()
    };
    for field in entry.fields {
        match from_class(field.class) {
            FieldClass::Plain => draft.plain.push(field.name.clone()),
            FieldClass::Destination => draft.destinations.push(field.name.clone()),
            FieldClass::Secret => {}
        }
        let text = SecretText::new(field.value.expose().to_owned());
        draft.fields.push((field.name, FieldText { text, json: field.json }));
    }
    create_command(draft)
}

/// Names that are free: instances elsewhere allow many credentials of one name.
struct Names<'a> {
    view: &'a View,
    taken: HashSet<String>,
}

impl Names<'_> {
    fn free(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.is_free(&candidate) {
            candidate = format!("{name} ({number})");
            number += 1;
        }
        self.taken.insert(skeleton_of(&candidate));
        candidate
    }

    fn is_free(&self, name: &str) -> bool {
        let skeleton = skeleton_of(name);
        !self.taken.contains(&skeleton)
            && self
                .view
                .state
                .names
                .credential_skeletons
                .get(skeleton.as_str())
                .is_none()
    }
}

fn fill_handles(items: &mut [ImportItem], system: &str, view: &View) {
    for item in items {
        let source = Source {
            system: system.to_owned(),
            id: item.source_id.clone(),
        };
        let credential = view
            .state
            .sources
            .get(&source)
            .and_then(|id| view.state.credentials.get(id));
        item.handle = credential.map(|credential| credential.handle.clone());
    }
}
