//! `client …`.

use crate::args::{PageArgs, WriteArgs};
use clap::{Args, Subcommand};

/// `client …`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Make a client
    Create(CreateArgs),
    /// List clients
    List(ListArgs),
    /// Show one
    Get(GetArgs),
    /// Change name or description
    Update(UpdateArgs),
    /// Put it away: hidden from lists, nothing new for it
    Archive(ArchiveArgs),
}

/// `client create`
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// The handle that references use; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// Who they are
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `client list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also archived ones
    #[arg(long)]
    pub(crate) archived: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `client get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `client update`
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
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `client archive`
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}
