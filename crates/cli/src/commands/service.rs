//! `services …`.

use clap::{Args, Subcommand};

/// `services`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ServicesArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ServicesCommand>,
}

/// `services …`
#[derive(Debug, Subcommand)]
pub(crate) enum ServicesCommand {
    /// List services
    List(ListArgs),
    /// Show one with its fields
    Get(GetArgs),
}

/// `services list`
#[derive(Debug, Default, Args)]
pub(crate) struct ListArgs {
    /// Only those whose id or name contains this text
    pub(crate) text: Option<String>,
}

/// `services get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its id
    pub(crate) service: String,
}
