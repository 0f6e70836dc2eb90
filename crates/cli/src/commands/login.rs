//! `login`, `whoami`.

use clap::Args;

/// `login`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom login                                          asks for the token
  strongroom login --addr https://ledger.example < token")]
pub(crate) struct LoginArgs {}
