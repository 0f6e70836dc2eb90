//! `token …`.

use super::principal::ROLES;
use crate::args::{PageArgs, WriteArgs};
use clap::{Args, Subcommand};

/// `token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue a token; it is shown once
    Create(CreateArgs),
    /// List tokens, never their text
    List(ListArgs),
    /// End a token at once
    Revoke(RevokeArgs),
}

/// `token create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom token create --for mia
  strongroom token create --for runner --role service --workspace client-a-shop \\
      --expires 90d

Without --role the token may do what its principal may do already. With --role the
principal is made if it isn't there, and granted the role.")]
pub(crate) struct CreateArgs {
    /// Whose token it is: a principal's handle, or with --role a new one's name
    #[arg(long = "for", value_name = "PRINCIPAL")]
    pub(crate) principal: String,
    /// Grant this role too
    #[arg(long, value_name = "ROLE", value_parser = ROLES)]
    pub(crate) role: Option<String>,
    /// The role only in this workspace; else the whole ledger
    #[arg(long = "workspace", value_name = "WORKSPACE", requires = "role")]
    pub(crate) workspaces: Vec<String>,
    /// When it ends: a time, or how long from now (90d)
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `token list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this principal
    #[arg(long = "for", value_name = "PRINCIPAL")]
    pub(crate) principal: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `token revoke`
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The token's id (`token list`), never the token
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}
