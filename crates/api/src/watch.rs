//! Watching: what is told of a resolution that changed.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// `GET /watch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WatchQuery {
    /// Workspaces to watch, separated by commas.
    pub workspace: String,
    /// Only this template; else all that run there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Go on behind this position, as `Last-Event-ID` does: what has changed since is told first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

/// The data of the events `current` and `changed`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Watched {
    /// The size of the log that it was decided on; also the event's id.
    pub position: u64,
    /// Handle of the workspace.
    pub workspace: String,
    /// Handle of the template.
    pub template: String,
    /// What `resolve` would answer with, as its `etag` (without an instance); none while it would refuse.
    pub etag: Option<String>,
}

/// The data of the event `ended`: nothing comes after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchEnded {
    /// `stopping`: come again in a moment; `refused`: the right is gone, or the workspace; `slow`: too much waits to be read.
    pub why: String,
}
