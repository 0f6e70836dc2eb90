//! `principal …`.

use crate::args::{PageArgs, WriteArgs};
use clap::{Args, Subcommand};

/// `principal …`
#[derive(Debug, Subcommand)]
pub(crate) enum PrincipalCommand {
    /// Make a principal; it may do nothing until it is granted something
    Create(CreateArgs),
    /// List principals
    List(ListArgs),
    /// End all its tokens at once
    Disable(DisableArgs),
    /// What a principal may do
    #[command(subcommand)]
    Grant(GrantCommand),
}

/// `principal create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom principal create \"Mia\"
  strongroom principal create \"n8n runner\" --kind service")]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// A human being or a program
    #[arg(long, value_name = "KIND", default_value = "person", value_parser = ["person", "service"])]
    pub(crate) kind: String,
    /// The handle that references use; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `principal disable`
#[derive(Debug, Args)]
pub(crate) struct DisableArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal grant …`
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Grant a role
    Add(AddArgs),
    /// Take a grant back
    Withdraw(WithdrawArgs),
    /// List a principal's grants
    List(GrantListArgs),
}

/// The roles, for people.
pub(crate) const ROLES: [&str; 7] = ["viewer", "member", "editor", "service", "auditor", "admin", "owner"];

/// `principal grant add`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom principal grant add mia editor
  strongroom principal grant add runner service --workspace client-a-shop --until 365d

Roles: viewer (see) · member (and use, map) · editor (and create, edit, withdraw,
organise, design) · service (resolve) · auditor (history, proofs) · admin (share,
principals, grants, keys) · owner (all)")]
pub(crate) struct AddArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// The role
    #[arg(value_parser = ROLES)]
    pub(crate) role: String,
    /// Only in this workspace; else the whole ledger
    #[arg(long = "workspace", value_name = "WORKSPACE")]
    pub(crate) workspaces: Vec<String>,
    /// Refuse these rights instead, whatever else grants them
    #[arg(long)]
    pub(crate) deny: bool,
    /// When it begins: a time, or how long from now
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// When it ends: a time, or how long from now
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal grant withdraw`
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// The grant's id (`principal grant list`)
    pub(crate) grant: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal grant list`
#[derive(Debug, Args)]
pub(crate) struct GrantListArgs {
    /// Its handle or id
    pub(crate) handle: String,
}
