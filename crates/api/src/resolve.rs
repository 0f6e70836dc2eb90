//! Resolution: the secrets that a template needs in a workspace.

use crate::problem::PassedOver;
use crate::value::Values;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use utoipa::ToSchema;

/// `POST /resolve`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// The workspace.
    pub workspace: String,
    /// The template.
    pub template: String,
    /// The instance of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Answer without values; nothing is served or recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// With `dry_run`: what would have been served then. A position, a time (RFC 3339), a date, or how long ago (`7d`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// The `etag` of an earlier answer: when nothing changed since, no value is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// With `known`: while nothing has changed, wait so long for a change before saying so, as in `30s`; at most 60 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    /// Why, in the caller's words; kept in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What `resolve` is answered with: values, or that nothing changed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Resolved {
    /// Nothing changed since `known`: there is nothing else here but the etag.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// What to send as `known` next time.
    pub etag: String,
    /// The admitted revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Its document's digest (BLAKE3, hexadecimal).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Until when the answer stands without asking again; null: ask each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Each variable by name, in the revision's order.
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, ResolvedVariable>)]
    pub variables: Variables,
}

/// Variables by name, in their order.
#[derive(Debug, Clone, Default)]
pub struct Variables(pub Vec<(String, ResolvedVariable)>);

impl Variables {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What stands behind one variable, and why.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ResolvedVariable {
    /// Handle of the credential; null: the variable is not required, and nothing stands behind it.
    pub credential: Option<String>,
    /// Its version.
    pub version: Option<u32>,
    /// Where it was found: `instance`, `template`, `workspace_default`, `ledger_default`.
    pub step: Option<String>,
    /// Its values; none in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Values>,
    /// The hosts to which its secrets may be sent, for the runner to enforce.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// What more specific steps named, and why it was not taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
}

impl Serialize for Variables {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, variable)| (name, variable)))
    }
}

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Variables;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of variables")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Variables, A::Error> {
        let mut variables = Vec::new();
        while let Some(entry) = map.next_entry()? {
            variables.push(entry);
        }
        Ok(Variables(variables))
    }
}
