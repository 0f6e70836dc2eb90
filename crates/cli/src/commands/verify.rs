//! `verify`.

use crate::root::RootArgs;
use clap::Args;
use std::path::PathBuf;

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom verify                   the running server's ledger
  strongroom verify --data /srv/ledger --root-key-file /media/safe/root-key

With --data a ledger that is not running is read and left exactly as it is.
Exit code 5 and the first bad position when something is wrong.")]
pub(crate) struct VerifyArgs {
    /// Verify this directory instead of asking the server
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}
