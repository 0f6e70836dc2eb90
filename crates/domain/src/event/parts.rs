//! What several events are made of.

use super::{is_false, is_zero};
use crate::words::FieldClass;
use serde::{Deserialize, Serialize};

/// A tag or a setting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The key.
    #[serde(rename = "nm")]
    pub name: String,
    /// The value.
    #[serde(rename = "fv")]
    pub value: String,
}

/// A field as the history knows it: a value only when it is plain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFact {
    /// The field's name.
    #[serde(rename = "nm")]
    pub name: String,
    /// How it is kept.
    #[serde(rename = "fc")]
    pub class: FieldClass,
    /// Whether the value is JSON text, given back typed.
    #[serde(rename = "js", default, skip_serializing_if = "is_false")]
    pub json: bool,
    /// The value of a plain field; never of another.
    #[serde(rename = "fv", default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// When a credential should be rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationPolicy {
    /// Every so many days.
    #[serde(rename = "ed")]
    pub every_days: u32,
    /// Days during which the version before still resolves by number.
    #[serde(rename = "gd", default, skip_serializing_if = "is_zero")]
    pub grace_days: u32,
}

/// Where an imported thing came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The system, `n8n`.
    #[serde(rename = "sy")]
    pub system: String,
    /// Its id there.
    #[serde(rename = "id")]
    pub id: String,
}

/// An event whose type says all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// What of a client, workspace or template may be changed; in `updated` only what changed is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingChange {
    /// Name.
    #[serde(rename = "nm", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Skeleton.
    #[serde(rename = "sk", default, skip_serializing_if = "Option::is_none")]
    pub skeleton: Option<String>,
    /// Text.
    #[serde(rename = "ds", default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Environment of a workspace.
    #[serde(rename = "en", default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// `client.updated`, `workspace.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThingUpdated {
    /// What it was.
    #[serde(rename = "bf")]
    pub before: ThingChange,
    /// What it is.
    #[serde(rename = "af")]
    pub after: ThingChange,
}
