//! `template …`.

use crate::args::{PageArgs, WriteArgs};
use clap::{Args, Subcommand};

/// `template …`
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Make templates from workflow files; each credential that a workflow refers to becomes a variable
    Import(ImportArgs),
    /// List templates
    List(ListArgs),
    /// Show one with its variables
    Get(GetArgs),
    /// Bring a newer file as the next revision
    Revise(ReviseArgs),
    /// Put it away: it is not admitted any more; where it runs it goes on
    Retire(RetireArgs),
    /// Print a revision's document
    Document(DocumentArgs),
}

/// `template import`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom template import workflows/*.json
  strongroom template import order-sync.json --name \"Order sync\"
  strongroom template import old.json --allow-hardcoded --reason \"a public demo key\"

Each file counts alone: when one is refused the exit code is 2, and the others are
imported all the same. A workflow with a secret written into it is refused, and the
place is named.")]
pub(crate) struct ImportArgs {
    /// Workflow files; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// A name for people; else the workflow's own (one file only)
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The handle that references use; else made from the name (one file only)
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// What it is for (one file only)
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// How a file is read.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReadingArgs {
    /// n8n or strongroom; else found out from the file
    #[arg(long, value_name = "FORMAT", value_parser = ["n8n", "strongroom"])]
    pub(crate) format: Option<String>,
    /// Take it though a secret seems to be written into it; needs --reason, and both are recorded
    #[arg(long, requires = "reason")]
    pub(crate) allow_hardcoded: bool,
}

/// `template list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also retired ones
    #[arg(long)]
    pub(crate) retired: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `template get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `template revise`
#[derive(Debug, Args)]
pub(crate) struct ReviseArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// The newer workflow file; `-` is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `template retire`
#[derive(Debug, Args)]
pub(crate) struct RetireArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `template document`
#[derive(Debug, Args)]
pub(crate) struct DocumentArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// An earlier revision instead of the newest
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
}
