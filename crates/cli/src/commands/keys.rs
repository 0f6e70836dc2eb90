//! `keys …`.

mod new_owner;

use super::serve::open_failure;
use crate::ask::Ask;
use crate::failure::Outcome;
use crate::output::{Facts, Output, Tone};
use crate::root::RootArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Prove that the root key in hand opens key file, data keys and the first record
    Check(CheckArgs),
    /// Make an owner with the root key, where none can get in any more
    NewOwner(new_owner::NewOwnerArgs),
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

/// Does it.
pub(crate) fn run(command: &KeysCommand, output: &Output) -> Outcome {
    match command {
        KeysCommand::Check(args) => check(args, output),
        KeysCommand::NewOwner(args) => new_owner::run(args, output),
    }
}

fn check(args: &CheckArgs, output: &Output) -> Outcome {
    let root = args.root.provider_for(&args.data, &Ask::new(output))?;
    let report = strongroom_ledger::check_keys(&args.data, root.as_ref()).map_err(open_failure)?;
    output.show(&report, |look| {
        let facts = Facts::default()
            .fact("ledger", report.origin.as_str())
            .fact(
                "key file",
                format!("opens (its sequence is {})", report.key_file_sequence),
            )
            .fact("data keys", format!("{} open", report.data_keys))
            .fact(
                "first record",
                if report.first_record_opened {
                    "opens"
                } else {
                    "does not open"
                },
            )
            .fact("records", report.records.to_string());
        format!(
            "{}\n\n{}",
            look.paint("This root key opens the ledger.", Tone::Good),
            facts.render(look)
        )
    })
}
