//! Reports: what an auditor asks each quarter, as tables.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// One report that there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportKind {
    /// Its name in the path.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it says.
    pub about: String,
    /// What must be named: `principal`, `client`, `incident`, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// `GET /audit/reports`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reports {
    /// All reports.
    pub items: Vec<ReportKind>,
}

/// What a report is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// From when on: a time (RFC 3339), a date, or how long ago; else 90 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Until when; else now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Of `offboarding`: the principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Of `client`: the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Of `incident`: the incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// How a report is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportFormat {
    /// `json` (the default), `csv`, `markdown`, or `html`: one page to print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A report: tables, and what they were true of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The principal, client or incident that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The ledger.
    pub ledger: String,
    /// From when on events were looked at.
    pub since: String,
    /// Until when.
    pub until: String,
    /// When it was made.
    pub made_at: String,
    /// Handle of who had it made.
    pub made_by: Option<String>,
    /// The size of the log that it was true of.
    pub size: u64,
    /// The root of that log, hex.
    pub root: String,
    /// Whether every event of the time was looked at; else the newest 200,000 of what a table is made of.
    pub complete: bool,
    /// What is to be done, in all tables; none where nothing of it can be open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<u64>,
    /// The tables.
    pub sections: Vec<ReportSection>,
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportSection {
    /// Its title.
    pub title: String,
    /// What it says, in a sentence.
    pub note: String,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows: a cell for each column, a text, a number, true, false or null.
    pub rows: Vec<Vec<Value>>,
}
