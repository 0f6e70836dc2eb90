//! The service catalogue.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `GET /services`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceQuery {
    /// Only those whose id or name contains this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Items of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A system outside that a credential authenticates to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// What a credential names: `shopify`.
    pub id: String,
    /// For people.
    pub name: String,
    /// What usually authenticates to it; advice, not a limit.
    pub kinds: Vec<String>,
    /// Its fields beyond those of the kinds.
    pub fields: Vec<ServiceField>,
    /// Where a person grants access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// Where tokens are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
    /// Hosts that its secrets go to.
    pub hosts: Vec<String>,
}

/// A field that a service knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceField {
    /// Its name.
    pub name: String,
    /// `secret`, `destination` or `plain`.
    pub class: String,
    /// Whether it is usually needed; advice.
    pub required: bool,
}
