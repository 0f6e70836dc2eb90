//! `workspace …`.

use crate::args::{PageArgs, WriteArgs};
use clap::{Args, Subcommand};

/// `workspace …`
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Make a workspace
    Create(CreateArgs),
    /// List workspaces
    List(ListArgs),
    /// Show one with what runs in it
    Get(GetArgs),
    /// Change name, description or environment
    Update(UpdateArgs),
    /// Put it away: hidden from lists, nothing is resolved in it
    Archive(ArchiveArgs),
}

/// `workspace create`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom workspace create \"Client A – shop\" --client client-a --environment prod")]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// The client it belongs to
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Its environment: dev, prod, …
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    /// The handle that references use; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `workspace list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this client
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Only of this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    /// Also archived ones
    #[arg(long)]
    pub(crate) archived: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `workspace get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `workspace update`
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// A new name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A new description
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Another environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `workspace archive`
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}
