//! An event as auditors see it: with long names, and never with a secret value.

use serde_json::{Map, Value};
use strongroom_domain::event::{Recorded, Subject};
use strongroom_domain::ids::{Position, TimeUs};
use strongroom_domain::state::State;
use strongroom_domain::stored;

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

/// What the record itself says, beside the event in it.
pub(crate) struct RecordFacts {
    pub(super) schema: u16,
    pub(super) has_secret: bool,
    pub(super) leaf: String,
}

pub(super) fn event_view(state: &State, recorded: &Recorded, facts: &RecordFacts) -> EventView {
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
