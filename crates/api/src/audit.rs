//! The log as people read it, and what proves it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// `GET /audit/events`: filters that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// A text of the filter language: `type:credential.rotated actor:maria since:7d -workspace:sandbox "lost laptop"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only what concerns one of these credentials: handles or ids, separated by commas, as in all filters below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Only what concerns these clients, their credentials or their workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only what concerns these services, or credentials of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only what concerns credentials of these kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Only what concerns these workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Only what concerns workspaces of these environments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Only what concerns these templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Only mappings and servings of these variables, and revisions that declare them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Only what concerns these principals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Only what these principals did, or what was done for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only what was done for these principals.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub for_: Option<String>,
    /// Only what these grants allowed, or what was done to them: ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Only what was done by these tokens, or to them: ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Only events of these types, or of all types of a category: `credential.rotated`, `credential`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// `ok`, `denied` (rights, client guard) or `refused` (no valid token).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Only requests from these addresses or networks: `192.0.2.0/24`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only what belongs to these pieces of work: ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// Only what belongs to these incidents: their suspects' acts, what concerns those, what was done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// Only what these requests did: ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Only what has this text in its reason; commas are part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// From here on, inclusive: a position, a time (RFC 3339), a date, or how long ago (`7d`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Up to here, exclusive: as `since`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Only these positions: `1200`, `1000..2000` (without the last).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// `newest` (unless said otherwise) or `oldest` first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Only say how the events would be looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explain: bool,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl EventQuery {
    /// The filters that are given, by the names that the filter language has for them; `q` is none of them.
    #[must_use]
    pub fn filters(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("credential", &self.credential),
            ("client", &self.client),
            ("service", &self.service),
            ("kind", &self.kind),
            ("workspace", &self.workspace),
            ("environment", &self.environment),
            ("template", &self.template),
            ("variable", &self.variable),
            ("principal", &self.principal),
            ("actor", &self.actor),
            ("for", &self.for_),
            ("grant", &self.grant),
            ("token", &self.token),
            ("type", &self.type_),
            ("outcome", &self.outcome),
            ("source", &self.source),
            ("correlation", &self.correlation),
            ("incident", &self.incident),
            ("request", &self.request),
            ("reason", &self.reason),
            ("since", &self.since),
            ("until", &self.until),
            ("position", &self.position),
        ];
        all.into_iter()
            .filter_map(|(name, text)| text.as_deref().map(|text| (name, text)))
            .collect()
    }
}

/// `GET /audit/export`, beside the filters of `GET /audit/events`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportFormat {
    /// `ndjson`, `csv`, `cloudevents` (1.0, a line each), `ocsf` (1.3, a line each) or `parquet`.
    pub format: Option<String>,
}

/// The data of the event `ended` of a tail: nothing comes after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TailEnded {
    /// `stopping`: come again in a moment; `refused`: the token or the right is gone.
    pub why: String,
}

/// The last line of an export: what it was true of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportEnd {
    /// Always true: so that the line is known from others.
    pub end: bool,
    /// Events that were written.
    pub events: u64,
    /// Records that the log had: what came later is not in it.
    pub size: u64,
    /// Root hash over them (base64).
    pub root: String,
    /// The signed note that says so.
    pub checkpoint: String,
}

/// A page of events.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Events {
    /// The events.
    pub items: Vec<Event>,
    /// Where the next page begins; none at the end. A page may have fewer items than asked for, or none, and go on.
    pub next: Option<String>,
    /// How they were looked for: where it was asked for, and where every record had to be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

/// How events are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The same in words.
    pub text: String,
    /// The filters that choose the records to be looked at, through the index.
    pub indexed: Vec<String>,
    /// The filters that are judged on each of these records.
    pub refined: Vec<String>,
    /// The first position that the question is about.
    pub from: u64,
    /// The position behind the last.
    pub to: u64,
    /// Whether every record between them has to be looked at: no filter is in the index.
    pub full_scan: bool,
    /// Records that were looked at for this page.
    pub looked_at: u64,
}

/// `GET /credentials/{handle}/history`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// One event. Never holds a secret value: its record's history part has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its place in the whole log.
    pub position: u64,
    /// When (RFC 3339, microseconds).
    pub recorded_at: String,
    /// What: `credential.rotated`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Handle of who did it.
    pub actor: String,
    /// Its id.
    pub actor_id: String,
    /// Id of the one for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// Id of the token used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Id of the grant that allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Why, in the actor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The piece of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// The event that led to this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<String>,
    /// The request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The source address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The program that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The thing it belongs to, and that thing's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Its number in that thing's stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_version: Option<u64>,
    /// What it is about.
    #[serde(default)]
    pub subjects: Vec<Subject>,
    /// What it changed, before and after, as far as the caller may see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Its own data.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    pub data: Value,
    /// What else is known: event id, schema, the record's digests and lengths.
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    pub extra: Map<String, Value>,
}

/// One change: what it was, and what it is. Of a secret field only that it changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// What changed: `description`, `fields.username`, `orders.SHOP`.
    pub what: String,
    /// What it was; none: nothing, or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; none: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// It is a secret field.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// Something that an event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    /// `credential`, `workspace`, …
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its handle now; none when it has none, or the caller may not see it.
    pub handle: Option<String>,
}

/// `GET /audit/checkpoint`: the newest signed size and root of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checkpoint {
    /// The signed note (C2SP tlog-checkpoint).
    pub checkpoint: String,
    /// Records that it covers.
    pub size: u64,
    /// Root hash (base64).
    pub root: String,
    /// The log's name.
    pub origin: String,
}

/// `GET /audit/key`: what checkpoints are verified with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerifierKey {
    /// The key in C2SP's text form, `name+id+key`.
    pub key: String,
}

/// `GET /audit/consistency`, as a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// The smaller tree size.
    pub from: u64,
    /// The larger; else the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// `GET /audit/consistency`: proves that a log of size `from` is a prefix of that of size `to` (RFC 9162, section 2.1.4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consistency {
    /// The smaller tree size.
    pub from: u64,
    /// The larger.
    pub to: u64,
    /// The proof's hashes (base64).
    pub hashes: Vec<String>,
}
