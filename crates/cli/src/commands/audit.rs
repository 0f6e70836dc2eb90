//! `audit …`.

use clap::{Args, Subcommand};

/// `audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// The events, newest first
    Log(LogArgs),
    /// One event with everything that is known of it
    Show(ShowArgs),
    /// The key that checkpoints are verified with
    Key,
}

/// `audit log`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit log --credential shopify-client-a
  strongroom audit log --type credential.revealed --since -7d
  strongroom audit log --actor mia --since 2026-11-01 --until 2026-12-01 --limit 500")]
pub(crate) struct LogArgs {
    /// Only what concerns this credential
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) credential: Option<String>,
    /// Only what concerns this workspace
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// Only what concerns this template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// Only what this principal did
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) actor: Option<String>,
    /// Only events of this type (credential.rotated); may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// From here on: a time, a date, how long ago (-2h), or a position
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Up to here, exclusive: the same
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) until: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Go on after an earlier page: its `next`
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

/// `audit show`
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The event's position in the log
    pub(crate) position: u64,
}
