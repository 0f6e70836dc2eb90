//! The events of webhooks: who is told of what, and how far he has been told.

use crate::ids::{CredentialId, CredentialVersion, Position};
use serde::{Deserialize, Serialize};

/// Where a webhook sends what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAim {
    /// Where it sends.
    #[serde(rename = "url")]
    pub url: String,
    /// The types of events: names, or `category.*`.
    #[serde(rename = "nts")]
    pub on: Vec<String>,
    /// What else must hold of them, in the filter language.
    #[serde(rename = "flt", default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
}

/// `webhook.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookCreated {
    /// Name.
    #[serde(rename = "nm")]
    pub name: String,
    /// Skeleton.
    #[serde(rename = "sk")]
    pub skeleton: String,
    /// Handle.
    #[serde(rename = "hd")]
    pub handle: String,
    /// Where it sends what.
    #[serde(rename = "aim")]
    pub aim: WebhookAim,
    /// The credential that holds the secret it signs with.
    #[serde(rename = "cr")]
    pub secret: CredentialId,
}

/// `webhook.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookUpdated {
    /// Until now.
    #[serde(rename = "bf")]
    pub before: WebhookAim,
    /// From now on.
    #[serde(rename = "af")]
    pub after: WebhookAim,
}

/// `webhook.paused`: nothing is sent until it is resumed, and nothing is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookPaused {
    /// The receiver said that it is gone for good (410); else somebody asked for it.
    #[serde(rename = "gn", default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// `webhook.delivered`: the receiver has taken every event up to a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDelivered {
    /// The newest event that was taken.
    #[serde(rename = "pos")]
    pub position: Position,
    /// How many were taken since the record before.
    #[serde(rename = "cn")]
    pub count: u64,
}

/// `webhook.failed`: the receiver did not take an event; it is tried again, and so said once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookFailed {
    /// The event.
    #[serde(rename = "pos")]
    pub position: Position,
    /// Why, without the URL.
    #[serde(rename = "wy")]
    pub why: String,
}

/// `credential.rotation_due`: its current version is to be rotated; said once for each date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationDue {
    /// The current version.
    #[serde(rename = "v")]
    pub version: CredentialVersion,
    /// Since when, µs since 1970.
    #[serde(rename = "du")]
    pub due_at: u64,
    /// By the end of its values; else by its policy.
    #[serde(rename = "be", default, skip_serializing_if = "std::ops::Not::not")]
    pub by_expiry: bool,
}
