//! `import …`.

use crate::args::WriteArgs;
use clap::{Args, Subcommand};

/// `import …`
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Credentials exported from n8n, decrypted or encrypted
    N8n(N8nArgs),
}

/// `import n8n`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  n8n export:credentials --all --decrypted --output=export.json
  strongroom import n8n export.json
  strongroom import n8n encrypted.json --encryption-key @key-file --dry-run

A bad file changes nothing at all. A second import of the same file changes nothing and
says so; a value that differs is proposed as a rotation, never a second credential.")]
pub(crate) struct N8nArgs {
    /// The export; `-` is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// The instance's encryption key, for an encrypted export: @FILE, `-` for stdin, or nothing to be asked
    #[arg(long, value_name = "@FILE|-", num_args = 0..=1, default_missing_value = "")]
    pub(crate) encryption_key: Option<String>,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}
