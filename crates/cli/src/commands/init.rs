//! `init`.

use crate::root::RootArgs;
use clap::Args;
use std::path::PathBuf;

/// `init`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom init --data /srv/ledger --root-key-file /media/safe/root-key
  strongroom init --data /srv/ledger --passphrase --token-file owner-token

A --root-key-file that is not there is made, with a new root key in it.
Keep the root key and the ledger's `key-file`, each in a place of its own: nothing
opens without both.")]
pub(crate) struct InitArgs {
    /// The new ledger's directory
    #[arg(long, value_name = "DIR", default_value = super::serve::DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    /// The ledger's name; part of the origin of its checkpoints
    #[arg(long, value_name = "NAME", default_value = "strongroom")]
    pub(crate) name: String,
    /// The first owner's name
    #[arg(long, value_name = "NAME", default_value = "first owner")]
    pub(crate) owner: String,
    /// Write the first owner's token to this new file instead of to the terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}
