//! `keys …`.

use crate::root::RootArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Prove that the root key in hand opens key file, data keys and the first record
    Check(CheckArgs),
}

/// `keys check`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom keys check --data /srv/ledger --root-key-file /media/safe/root-key")]
pub(crate) struct CheckArgs {
    /// The ledger's directory
    #[arg(long, value_name = "DIR", default_value = super::serve::DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}
