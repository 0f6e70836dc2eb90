//! Webhooks: who is told of what, signed, at least once and in order.

use crate::written::Written;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Its handle.
    pub handle: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it sends.
    pub url: String,
    /// The types of events that it tells of; `credential.*` is all of a category.
    pub on: Vec<String>,
    /// What else must hold of them, in the filter language.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// Handle of the credential that holds the secret it signs with.
    pub secret: Option<String>,
    /// Handle of who answers for it: it tells what he sees.
    pub principal: Option<String>,
    /// `active`, `paused` or `removed`.
    pub status: String,
    /// The receiver said that it is gone for good (410).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// Everything before this position was taken, or is no news.
    pub next_position: u64,
    /// Events that were taken.
    pub delivered: u64,
    /// What the receiver does not take at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// When it was made.
    pub created_at: String,
    /// When something happened to it last, a delivery too.
    pub updated_at: String,
    /// Version of its last change by a person, as in `ETag` and `If-Match`.
    pub etag: u64,
}

/// What a receiver does not take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Failing {
    /// The event; it is tried again, and those behind it wait.
    pub position: u64,
    /// Since when.
    pub since: String,
    /// Why.
    pub why: String,
}

/// `GET /webhooks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WebhookQuery {
    /// Removed ones too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<bool>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// `POST /webhooks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// Its name.
    pub name: String,
    /// The handle wished for; else made from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// Where to send: https, at a public address or a listed host.
    pub url: String,
    /// Types of events, as `credential.rotated`; `credential.*`; of a credential's the last word is enough: `rotated`.
    pub on: Vec<String>,
    /// What else must hold of them, in the filter language: `client:acme -workspace:sandbox`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Handle of a credential whose only secret is `whsec_…`; else one is made along with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /webhooks/{handle}/update`: what is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhook {
    /// Where to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// All types of events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Vec<String>>,
    /// What else must hold of them; empty for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What writes to a webhook are answered with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookWritten {
    /// The webhook as it is now.
    pub webhook: Webhook,
    /// The evidence.
    #[serde(flatten)]
    pub written: Written,
}

/// What became of one message that was sent to try it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookTried {
    /// The receiver took it.
    pub ok: bool,
    /// What it answered, or why there was no answer.
    pub answer: String,
    /// The evidence that it was tried.
    #[serde(flatten)]
    pub written: Written,
}

/// What a receiver is sent: the body of the request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WebhookMessage {
    /// The type of the event, or `webhook.test`.
    #[serde(rename = "type")]
    pub type_: String,
    /// When it was recorded.
    pub timestamp: String,
    /// The event as `GET /audit/events/{position}` gives it; nothing for a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<crate::audit::Event>,
}
