//! `dump`.

use crate::root::RootArgs;
use clap::Args;
use std::path::PathBuf;

/// `dump`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom dump --file ledger.srdp
  strongroom dump | python3 docs/verifier/verify.py -

The dump holds every record, sealed, and the checkpoint: a verifier needs nothing else.")]
pub(crate) struct DumpArgs {
    /// Write to this new file instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Dump this directory instead of asking the server
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}
