//! The handlers: read the request, call the engine once, say what came of it. No rules here.

mod approvals; // four eyes
mod audit; // the log, and what proves it
mod clients;
mod credentials;
mod defaults; // defaults and mappings
mod inquiries; // why, who could, what it reaches, what differs, what is untidy
mod identities; // who acts by another issuer's word, and signing in
mod health; // is it there, is it ready, how much does it do
mod imports;
mod incidents; // what is stopped
mod plans; // many places at once
mod principals; // principals, grants, tokens
mod reports; // what auditors ask each quarter
mod resolve; // the hot path
mod rotation; // what is to be rotated
mod services;
mod templates;
mod tail; // the log as it grows
mod export; // the log for other programs
mod watch; // something that you use has changed
mod whole; // what reads the whole log: verify, dump
mod webhooks; // who is told of what
mod workspaces;

pub(crate) use export::harmless;

use crate::app::App;
use crate::problem::ApiError;
use crate::time;
use axum::routing::get;
use strongroom_domain::ids::TimeUs;
use utoipa_axum::router::OpenApiRouter;

/// All routes with what the contract says of them.
pub(crate) fn all() -> OpenApiRouter<App> {
    // Whole paths in each handler and no nesting: axum would rewrite the URI of every request.
    OpenApiRouter::new()
        .merge(credentials::routes())
        .merge(clients::routes())
        .merge(workspaces::routes())
        .merge(templates::routes())
        .merge(defaults::routes())
        .merge(resolve::routes())
        .merge(rotation::routes())
        .merge(watch::routes())
        .merge(imports::routes())
        .merge(plans::routes())
        .merge(services::routes())
        .merge(principals::routes())
        .merge(identities::routes())
        .merge(reports::routes())
        .merge(webhooks::routes())
        .merge(approvals::routes())
        .merge(incidents::routes())
        .merge(audit::routes())
        .merge(inquiries::routes())
        .merge(tail::routes())
        .merge(export::routes())
        .merge(whole::routes())
        .merge(health::routes())
        .route("/api/v1/openapi.json", get(health::openapi))
}

/// A closed word of a request.
fn word<T>(found: Option<T>, pointer: &str, what: &str, all: &[&str]) -> Result<T, ApiError> {
    found.ok_or_else(|| ApiError::Parameter {
        pointer: pointer.to_owned(),
        what: format!("there is no such {what}"),
        hint: format!("one of {}", all.join(", ")),
    })
}

/// A time of a request.
fn time_at(text: &str, pointer: &str) -> Result<TimeUs, ApiError> {
    time::parse(text).ok_or_else(|| ApiError::Parameter {
        pointer: pointer.to_owned(),
        what: "is no time".to_owned(),
        hint: "send RFC 3339, for example 2026-11-30T12:00:00Z".to_owned(),
    })
}

/// An optional time of a request.
fn time_if(text: Option<&str>, pointer: &str) -> Result<Option<TimeUs>, ApiError> {
    text.map(|text| time_at(text, pointer)).transpose()
}

/// Whether a text is in one of these, whatever the case.
fn found_in(q: Option<&str>, texts: &[&str]) -> bool {
    let Some(q) = q else { return true };
    let q = q.to_lowercase();
    texts.iter().any(|text| text.to_lowercase().contains(&q))
}
