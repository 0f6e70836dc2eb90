//! History: events found through the index, opened one by one, shown with long names and never with a secret value.
//! Proofs: checkpoints, consistency, tiles.

use crate::Ledger;
use crate::index::Concern;
use crate::inner::Shared;
use crate::opened::open_parsed;
use crate::request::Failure;
use crate::view::View;
use serde_json::{Map, Value};
use std::ops::Range;
use std::sync::Arc;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Recorded, Subject};
use strongroom_domain::ids::{ClientId, CorrelationId, CredentialId, Position, TemplateId, TimeUs, WorkspaceId};
use strongroom_domain::rights::{Target, Visible, authorize, sees_event, visible};
use strongroom_domain::state::State;
use strongroom_domain::words::Right;
use strongroom_domain::{Rejection, find, stored};
use strongroom_proof::note::VerifierKey;
use strongroom_proof::record::{HEADER_LEN, RecordRef};
use strongroom_proof::tiles::{TilePath, write_entry};

/// Most events of one page.
pub const PAGE_EVENTS_MAX: usize = 500;
/// Records that one unindexed page looks at before it says where to go on.
const SCAN_RECORDS_MAX: usize = 20_000;
/// Positions taken from the index at a time.
const CANDIDATES: usize = 256;
/// Most events of one piece of work that are looked at together.
const WORK_EVENTS_MAX: usize = 20_000;

/// A place in the log or in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A position.
    Position(Position),
    /// µs since 1970.
    Time(TimeUs),
}

/// Asks for events; every filter that is set must match.
#[derive(Debug, Clone, Default)]
pub struct EventQuery {
    /// Credential, handle or id.
    pub credential: Option<String>,
    /// Workspace, handle or id.
    pub workspace: Option<String>,
    /// Template, handle or id.
    pub template: Option<String>,
    /// Who acted or for whom, handle or id.
    pub actor: Option<String>,
    /// Types; empty: all.
    pub types: Vec<String>,
    /// From there on, inclusive.
    pub since: Option<Bound>,
    /// Up to there, exclusive.
    pub until: Option<Bound>,
    /// At most so many, 1 to 500.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// The newest first, or the oldest.
    pub newest_first: bool,
}

/// Something that an event is about, as people name it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SubjectView {
    /// `credential`, `workspace`, …
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its handle now, where it has one.
    pub handle: Option<String>,
}

/// An event as auditors see it.
#[derive(Debug, Clone)]
pub struct EventView {
    /// Its place in the log.
    pub position: Position,
    /// When, µs since 1970.
    pub recorded_at: TimeUs,
    /// `credential.rotated`.
    pub type_name: &'static str,
    /// Its id.
    pub event_id: String,
    /// `credential/<id>` in hex and the number in it.
    pub stream: String,
    /// The event's number in its stream.
    pub stream_version: u64,
    /// Who acted: id, and handle now.
    pub actor: String,
    /// The actor's handle now.
    pub actor_handle: Option<String>,
    /// For whom.
    pub on_behalf_of: Option<String>,
    /// By which token.
    pub token: Option<String>,
    /// By which grant.
    pub grant: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The piece of work.
    pub correlation: String,
    /// The event that led to it.
    pub causation: Option<String>,
    /// The request.
    pub request_id: String,
    /// From where.
    pub source: Option<String>,
    /// By which program.
    pub user_agent: Option<String>,
    /// What it is about.
    pub subjects: Vec<SubjectView>,
    /// Its data, with long names.
    pub data: Value,
    /// Schema version of the stored event.
    pub schema: u16,
    /// Whether the record holds secret values.
    pub has_secret: bool,
    /// Leaf hash, hex.
    pub leaf: String,
}

/// A page of events.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// The events.
    pub items: Vec<EventView>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

impl Ledger {
    /// Events that match. Who has no `audit` on the ledger gets those of what he sees, without what he does not.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn events(&self, caller: &Caller, query: &EventQuery) -> Result<EventPage, Failure> {
        let view = self.view();
        let reader = Reader::of(&view, caller);
        let concerns = concerns_of(&view.state, caller, view.now, query)?;
        self.page(&reader, concerns, query)
    }

    /// All events of one credential. Takes `see` on it.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn history(
        &self,
        caller: &Caller,
        credential: &str,
        limit: usize,
        cursor: Option<String>,
    ) -> Result<EventPage, Failure> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let credential = find::credential(&view.state, &seen, credential, "/credential")?;
        let query = EventQuery {
            limit,
            cursor,
            newest_first: true,
            ..EventQuery::default()
        };
        self.page(
            &Reader::of(&view, caller),
            vec![vec![Concern::Subject(Subject::Credential(credential.id))]],
            &query,
        )
    }

    /// One event. Takes `audit` on the ledger, or that it is about what the caller sees.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn event(&self, caller: &Caller, position: Position) -> Result<EventView, Failure> {
        let view = self.view();
        let reader = Reader::of(&view, caller);
        let may = || authorize(&view.state, caller, Right::Audit, Target::Ledger, view.now).map_err(Rejection::from);
        let found = self.shared.opened(position)?;
        let shown = found.and_then(|(recorded, record)| reader.shows(&recorded, &record));
        match shown {
            Some(event) => Ok(event),
            // Whether it is there is for auditors to know.
            None => {
                may()?;
                Err(no_position(view.head))
            }
        }
    }

    /// All events of one piece of work, in log order. It says nothing of who may see them.
    pub(crate) fn events_of(&self, correlation: CorrelationId) -> Result<Vec<Arc<Recorded>>, Failure> {
        let concern = Concern::Correlation(correlation.0);
        let mut range = 0..self.shared.published.load().head;
        let mut events = Vec::new();
        loop {
            let found = self.shared.candidates(&[vec![concern.clone()]], &range, false)?;
            let Some(last) = found.last() else { return Ok(events) };
            range.start = last + 1;
            for position in found {
                let opened = self.shared.opened(position)?;
                events.extend(
                    opened
                        .map(|(recorded, _)| recorded)
                        .filter(|it| it.envelope.correlation == correlation)
                        .map(Arc::new),
                );
            }
            if events.len() > WORK_EVENTS_MAX {
                return Err(Failure::format(
                    "/correlation",
                    "is a piece of work of too many events to be undone at once",
                    None,
                ));
            }
        }
    }

    fn page(&self, reader: &Reader<'_>, concerns: Vec<Vec<Concern>>, query: &EventQuery) -> Result<EventPage, Failure> {
        let limit = query.limit.clamp(1, PAGE_EVENTS_MAX);
        let mut range = self.range(query)?;
        let mut items = Vec::new();
        let mut looked = 0;
        while range.start < range.end {
            let candidates = self.shared.candidates(&concerns, &range, query.newest_first)?;
            let Some(last) = candidates.last().copied() else { break };
            for position in candidates {
                if items.len() == limit || looked == SCAN_RECORDS_MAX {
                    return Ok(EventPage {
                        items,
                        next: Some(cursor(position, query.newest_first)),
                    });
                }
                looked += 1;
                let Some((recorded, record)) = self.shared.opened(position)? else {
                    continue;
                };
                // Rows of the index are hints: the record itself must match.
                if concerns
                    .iter()
                    .all(|any| any.iter().any(|concern| matches(concern, &recorded)))
                {
                    items.extend(reader.shows(&recorded, &record));
                }
            }
            if query.newest_first {
                range.end = last;
            } else {
                range.start = last + 1;
            }
        }
        Ok(EventPage { items, next: None })
    }

    fn range(&self, query: &EventQuery) -> Result<Range<Position>, Failure> {
        let head = self.shared.published.load().head;
        let place = |bound: Option<Bound>, otherwise: Position| match bound {
            None => Ok(otherwise),
            Some(Bound::Position(position)) => Ok(position.min(head)),
            Some(Bound::Time(us)) => self
                .shared
                .store
                .view()
                .find_time(us)
                .map_err(|error| Failure::Internal(error.to_string())),
        };
        let (mut start, mut end) = (place(query.since, 0)?, place(query.until, head)?.min(head));
        if let Some(cursor) = &query.cursor {
            let position = parse_cursor(cursor, query.newest_first).ok_or_else(|| {
                Failure::format(
                    "/cursor",
                    "is not a cursor of this list",
                    Some("leave it out to begin anew"),
                )
            })?;
            if query.newest_first {
                end = end.min(position.saturating_add(1));
            } else {
                start = start.max(position);
            }
        }
        Ok(start..end.max(start))
    }

    /// The newest checkpoint: a signed note.
    #[must_use]
    pub fn checkpoint(&self) -> Arc<str> {
        Arc::clone(&self.shared.published.load().checkpoint)
    }

    /// The key that checks checkpoints, in C2SP's text form.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        VerifierKey {
            name: self.shared.keys.origin.clone(),
            key: self.shared.keys.signer.verifying_key(),
        }
        .to_string()
    }

    /// Proves that the log of `from` records is the beginning of the one of `to` (RFC 9162 §2.1.4.1).
    ///
    /// # Errors
    /// [`Failure::Format`] unless `0 < from <= to <= size`.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<[u8; 32]>, Failure> {
        let proofs = self.shared.store.proofs();
        let size = proofs.head().size;
        if from == 0 || from > to || to > size {
            return Err(Failure::format(
                "/from",
                format!("0 < from <= to <= {size} must hold"),
                None,
            ));
        }
        let hashes = proofs
            .consistency(from, to)
            .map_err(|error| Failure::Internal(error.to_string()))?;
        Ok(hashes.into_iter().map(|hash| hash.0).collect())
    }

    /// A C2SP tile by its path below `tile/`, with the prefix; `None` when there is none. Entries show every client's
    /// activity and take `audit` on the ledger.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn tile(&self, caller: &Caller, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let internal = |what: String| Failure::Internal(what);
        match TilePath::parse(path) {
            Err(_) => Ok(None),
            Ok(TilePath::Hashes { id, width }) => {
                let tile = self
                    .shared
                    .store
                    .proofs()
                    .tile(id, usize::from(width))
                    .map_err(|error| internal(error.to_string()))?;
                Ok(tile.map(|hashes| hashes.iter().flat_map(|hash| hash.0).collect()))
            }
            Ok(TilePath::Entries { index, width }) => {
                let view = self.view();
                authorize(&view.state, caller, Right::Audit, Target::Ledger, view.now).map_err(Rejection::from)?;
                let Some(end) = index
                    .checked_mul(256)
                    .and_then(|first| first.checked_add(u64::from(width)))
                else {
                    return Ok(None);
                };
                let first = end - u64::from(width);
                if end > view.head {
                    return Ok(None);
                }
                let mut bundle = Vec::with_capacity(usize::from(width) * (HEADER_LEN + 2));
                for entry in self.shared.store.view().records(first..first + u64::from(width)) {
                    let (_, bytes) = entry.map_err(|error| internal(error.to_string()))?;
                    let header = bytes
                        .first_chunk()
                        .ok_or_else(|| internal("a record is cut".to_owned()))?;
                    write_entry(&mut bundle, header);
                }
                Ok(Some(bundle))
            }
        }
    }
}

impl Shared {
    /// Positions to look at: those of the first filter that is set, or simply the next ones.
    pub(crate) fn candidates(
        &self,
        concerns: &[Vec<Concern>],
        range: &Range<Position>,
        newest_first: bool,
    ) -> Result<Vec<Position>, Failure> {
        let Some(any) = concerns.first() else {
            let count = (range.end - range.start).min(CANDIDATES as u64);
            return Ok(if newest_first {
                (range.end - count..range.end).rev().collect()
            } else {
                (range.start..range.start + count).collect()
            });
        };
        let mut positions = Vec::new();
        for concern in any {
            let term = concern.term(&self.keys);
            let found = self
                .index
                .positions(&self.store, &term, range.clone(), newest_first, CANDIDATES)
                .map_err(|error| Failure::Internal(error.to_string()))?;
            positions.extend(found);
        }
        positions.sort_unstable();
        positions.dedup();
        if newest_first {
            positions.reverse();
        }
        positions.truncate(CANDIDATES);
        Ok(positions)
    }

    pub(crate) fn opened(&self, position: Position) -> Result<Option<(Recorded, RecordFacts)>, Failure> {
        let internal = |what: String| Failure::Internal(format!("the record at {position}: {what}"));
        let Some(bytes) = self
            .store
            .record(position)
            .map_err(|error| internal(error.to_string()))?
        else {
            return Ok(None);
        };
        let record = RecordRef::parse(&bytes).map_err(|error| internal(error.to_string()))?;
        self.prove(position, &bytes).map_err(Failure::Internal)?;
        let recorded = open_parsed(&self.keys, position, &record).map_err(|error| internal(error.to_string()))?;
        let facts = RecordFacts {
            schema: record.header.schema,
            has_secret: record.header.has_secret(),
            leaf: hex(&record.leaf_hash().0),
        };
        Ok(Some((recorded, facts)))
    }
}

/// Who reads history: an auditor all of it, others what is about things that they see.
struct Reader<'v> {
    state: &'v State,
    seen: Visible<'v>,
    caller: Caller,
    audits: bool,
}

impl<'v> Reader<'v> {
    fn of(view: &'v View, caller: &Caller) -> Self {
        let seen = visible(&view.state, caller, view.now);
        Self {
            state: &view.state,
            audits: seen.may(Right::Audit, Target::Ledger),
            seen,
            caller: *caller,
        }
    }

    /// An event as this reader gets it; none when he does not.
    fn shows(&self, recorded: &Recorded, facts: &RecordFacts) -> Option<EventView> {
        if self.audits {
            return Some(event_view(self.state, recorded, facts));
        }
        sees_event(self.state, &self.seen, &self.caller, recorded).then(|| {
            let mut event = event_view(self.state, recorded, facts);
            self.redact(&mut event, recorded.envelope.actor == self.caller.principal);
            event
        })
    }

    /// What someone without `audit` learns of an event: nothing of things that he does not see, and of others' tokens and
    /// places.
    fn redact(&self, event: &mut EventView, own: bool) {
        if !own {
            event.source = None;
            event.user_agent = None;
            event.token = None;
            event.grant = None;
        }
        event.subjects.retain(|subject| self.sees(subject.kind, &subject.id));
        if let Some(Value::Array(served)) = event.data.get_mut("served") {
            served.retain(|one| {
                let credential = one.get("credential").and_then(Value::as_str);
                credential.is_some_and(|id| self.sees("credential", id))
            });
        }
    }

    fn sees(&self, kind: &str, id: &str) -> bool {
        let state = self.state;
        match kind {
            "credential" => CredentialId::parse(id)
                .is_ok_and(|id| state.credentials.get(&id).is_some_and(|it| self.seen.credential(it))),
            "client" => {
                ClientId::parse(id).is_ok_and(|id| state.clients.get(&id).is_some_and(|it| self.seen.client(it)))
            }
            "workspace" => WorkspaceId::parse(id)
                .is_ok_and(|id| state.workspaces.get(&id).is_some_and(|it| self.seen.workspace(it))),
            "template" => {
                TemplateId::parse(id).is_ok_and(|id| state.templates.get(&id).is_some_and(|it| self.seen.template(it)))
            }
            _ => true,
        }
    }
}

pub(crate) struct RecordFacts {
    schema: u16,
    has_secret: bool,
    leaf: String,
}

fn no_position(head: u64) -> Failure {
    Failure::Rejected(Box::new(Rejection::NotFound {
        what: "position",
        pointer: "/position".to_owned(),
        suggestions: head.checked_sub(1).map(|last| last.to_string()).into_iter().collect(),
        denied: None,
    }))
}

/// The filters, the narrowest kind first; within one filter any may match.
fn concerns_of(state: &State, caller: &Caller, now: TimeUs, query: &EventQuery) -> Result<Vec<Vec<Concern>>, Failure> {
    let seen = visible(state, caller, now);
    let mut concerns = Vec::new();
    if let Some(reference) = &query.credential {
        let id = find::credential(state, &seen, reference, "/credential")?.id;
        concerns.push(vec![Concern::Subject(Subject::Credential(id))]);
    }
    if let Some(reference) = &query.template {
        let id = find::template(state, &seen, reference, "/template")?.id;
        concerns.push(vec![Concern::Subject(Subject::Template(id))]);
    }
    if let Some(reference) = &query.workspace {
        let id = find::workspace(state, &seen, reference, "/workspace")?.id;
        concerns.push(vec![Concern::Subject(Subject::Workspace(id))]);
    }
    if let Some(reference) = &query.actor {
        let id = find::principal(state, &seen, reference, "/actor")?.id;
        concerns.push(vec![Concern::Actor(id.0)]);
    }
    if !query.types.is_empty() {
        let mut types = Vec::new();
        for name in &query.types {
            types.extend(codes_of(name)?.into_iter().map(Concern::Type));
        }
        concerns.push(types);
    }
    Ok(concerns)
}

/// A type's code, or those of a whole category (`credential`).
fn codes_of(name: &str) -> Result<Vec<u16>, Failure> {
    let codes: Vec<u16> = stored::TYPES
        .iter()
        .filter(|(_, known)| *known == name || known.split_once('.').is_some_and(|(category, _)| category == name))
        .map(|(code, _)| *code)
        .collect();
    if codes.is_empty() {
        let known: Vec<&str> = stored::TYPES.iter().map(|(_, known)| *known).collect();
        return Err(Failure::format(
            "/type",
            "there is no such type of event",
            Some(&format!("one of {}", known.join(", "))),
        ));
    }
    Ok(codes)
}

fn matches(concern: &Concern, recorded: &Recorded) -> bool {
    match concern {
        Concern::Subject(subject) => recorded.concerns().contains(subject),
        Concern::Actor(id) => {
            recorded.envelope.actor.0 == *id || recorded.envelope.on_behalf_of.is_some_and(|other| other.0 == *id)
        }
        Concern::Correlation(id) => recorded.envelope.correlation.0 == *id,
        Concern::Source(address) => recorded.envelope.source.as_ref() == Some(address),
        Concern::Type(code) => stored::type_code(&recorded.event) == *code,
    }
}

fn cursor(position: Position, newest_first: bool) -> String {
    format!("{}{position:x}", if newest_first { 'd' } else { 'a' })
}

fn parse_cursor(cursor: &str, newest_first: bool) -> Option<Position> {
    let digits = cursor.strip_prefix(if newest_first { 'd' } else { 'a' })?;
    Position::from_str_radix(digits, 16).ok()
}

fn event_view(state: &State, recorded: &Recorded, facts: &RecordFacts) -> EventView {
    let envelope = &recorded.envelope;
    let data = serde_json::to_value(stored::DataOf(&recorded.event)).unwrap_or(Value::Null);
    EventView {
        position: recorded.position,
        recorded_at: recorded.recorded_at,
        type_name: recorded.event.name(),
        event_id: recorded.event_id.to_string(),
        stream: format!("{}/{}", recorded.stream.category, hex(&recorded.stream.id)),
        stream_version: recorded.stream_version,
        actor: envelope.actor.to_string(),
        actor_handle: state
            .principals
            .get(&envelope.actor)
            .map(|principal| principal.handle.clone()),
        on_behalf_of: envelope.on_behalf_of.map(|id| id.to_string()),
        token: envelope.token.map(|id| id.to_string()),
        grant: envelope.grant.map(|id| id.to_string()),
        reason: envelope.reason.clone(),
        correlation: envelope.correlation.to_string(),
        causation: envelope.causation.map(|id| id.to_string()),
        request_id: envelope.request_id.clone(),
        source: envelope.source.clone(),
        user_agent: envelope.user_agent.clone(),
        subjects: recorded
            .concerns()
            .iter()
            .map(|subject| subject_view(state, subject))
            .collect(),
        data: long_names(data),
        schema: facts.schema,
        has_secret: facts.has_secret,
        leaf: facts.leaf.clone(),
    }
}

fn subject_view(state: &State, subject: &Subject) -> SubjectView {
    let (kind, id, handle) = match subject {
        Subject::Credential(id) => (
            "credential",
            id.to_string(),
            state.credentials.get(id).map(|it| it.handle.clone()),
        ),
        Subject::Client(id) => (
            "client",
            id.to_string(),
            state.clients.get(id).map(|it| it.handle.clone()),
        ),
        Subject::Workspace(id) => (
            "workspace",
            id.to_string(),
            state.workspaces.get(id).map(|it| it.handle.clone()),
        ),
        Subject::Template(id) => (
            "template",
            id.to_string(),
            state.templates.get(id).map(|it| it.handle.clone()),
        ),
        Subject::Principal(id) => (
            "principal",
            id.to_string(),
            state.principals.get(id).map(|it| it.handle.clone()),
        ),
        Subject::Service(id) => ("service", id.clone(), None),
    };
    SubjectView { kind, id, handle }
}

/// Stored keys to served names, everywhere: no stored key is ever a person's. Bytes become hex.
fn long_names(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let renamed = entries.into_iter().map(|(key, value)| {
                let name = stored::long_name(&key).map_or(key, str::to_owned);
                (name, long_names(value))
            });
            Value::Object(renamed.collect::<Map<_, _>>())
        }
        Value::Array(items)
            if items.len() >= 16 && items.iter().all(|item| item.as_u64().is_some_and(|byte| byte < 256)) =>
        {
            let bytes: Vec<u8> = items
                .iter()
                .filter_map(|item| u8::try_from(item.as_u64()?).ok())
                .collect();
            Value::String(hex(&bytes))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(long_names).collect()),
        other => other,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
