//! `default …`.

use crate::args::WriteArgs;
use clap::{Args, Subcommand};

/// `default …`
#[derive(Debug, Subcommand)]
pub(crate) enum DefaultCommand {
    /// Set what stands behind unmapped variables of a service and kind
    Set(SetArgs),
    /// Take a default away
    Unset(UnsetArgs),
    /// List defaults
    List(ListArgs),
}

/// `default set`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom default set openai api_key openai
  strongroom default set --workspace client-a-shop slack access_token slack-a")]
pub(crate) struct SetArgs {
    /// Only in this workspace; else everywhere
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// The service
    pub(crate) service: String,
    /// The kind
    pub(crate) kind: String,
    /// The credential
    pub(crate) credential: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `default unset`
#[derive(Debug, Args)]
pub(crate) struct UnsetArgs {
    /// Only in this workspace; else everywhere
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// The service
    pub(crate) service: String,
    /// The kind
    pub(crate) kind: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `default list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this workspace
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
}
