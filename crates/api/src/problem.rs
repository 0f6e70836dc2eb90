//! What an error looks like: RFC 9457, `application/problem+json`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What every `type` begins with.
pub const TYPE_PREFIX: &str = "urn:strongroom:problem:";

/// A problem document. Never holds a value that was sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// What kind of problem: `urn:strongroom:problem:<kind>`. Stable.
    #[serde(rename = "type")]
    pub type_: String,
    /// The kind in words; the same for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong this time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where (JSON pointer, RFC 6901): in the request body, for a parameter `/` and its name, for `hardcoded_secret` as its
    /// findings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The request, as in the server's log and in `X-Request-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What belongs to this kind only: `missing`, `findings`, `suggestions`, `held`, `current`, …
    #[serde(flatten)]
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    pub extra: Map<String, Value>,
}

impl Problem {
    /// The kind: the last part of `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.type_.strip_prefix(TYPE_PREFIX).unwrap_or(&self.type_)
    }
}

/// `variables_missing`: one of `missing`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingVariable {
    /// The variable.
    pub variable: String,
    /// The service it needs.
    pub service: String,
    /// The kinds it accepts; empty: any.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The scopes it needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Why there is nothing: `not_mapped`, `nothing_fits`, `ambiguous`.
    pub why: String,
    /// What was found and not taken.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
    /// Credentials that would fit, the workspace's client's first.
    #[serde(default)]
    pub fitting: Vec<CredentialName>,
}

/// A credential that was found and not taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassedOver {
    /// Where: `instance`, `template`, `workspace_default`, `ledger_default`.
    pub step: String,
    /// Its handle; none when the caller may not see it.
    pub credential: Option<String>,
    /// Why: `service`, `kind`, `scopes`, `client_guard`, `out_of_reach`, `disabled`, `revoked`, `expired`.
    pub why: String,
    /// Of `client_guard`: the two clients, for who may see both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<AtOdds>,
}

/// The two clients of a refusal by the client guard, by handle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AtOdds {
    /// Whose the credential is.
    pub credential: String,
    /// Whose the workspace is.
    pub workspace: String,
}

/// A credential by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialName {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// `duplicate_secret`: one of `held`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// The field that was entered.
    pub field: String,
    /// The credential that holds its value already.
    pub by: CredentialName,
}

/// `hardcoded_secret`: one of `findings`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Where it stands (JSON pointer): in the document where one was sent, else in the request.
    pub pointer: String,
    /// The rule that found it.
    pub rule: String,
    /// What it looks like.
    pub what: String,
    /// What to do.
    pub hint: String,
}
