//! `keys …`.

mod new_owner;

use super::serve::open_failure;
use crate::ask::Ask;
use crate::failure::{Outcome, file_failure};
use crate::output::{Facts, Output, Tone};
use crate::root::RootArgs;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use strongroom_ledger::Ledger;

/// `keys …`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Prove that the root key in hand opens key file, data keys and the first record
    Check(CheckArgs),
    /// Write the key that opens what happened and no secret to a file, for an auditor with a copy of the directory
    ExportHistory(ExportArgs),
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

/// `keys export-history`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom keys export-history --data /srv/ledger --root-key-file /media/safe/root-key --to history-key
  strongroom serve --without-secrets --data /copy/of/ledger --history-key-file history-key

Who has the key and a copy of the directory reads everything that happened, and no
value: it opens neither secrets nor signatures. It is good for this copy and all later
ones. The server may run meanwhile.")]
pub(crate) struct ExportArgs {
    /// The new file, readable by you alone
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
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
        KeysCommand::ExportHistory(args) => export_history(args, output),
        KeysCommand::NewOwner(args) => new_owner::run(args, output),
    }
}

fn export_history(args: &ExportArgs, output: &Output) -> Outcome {
    let root = args.root.provider_for(&args.data, &Ask::new(output))?;
    let key = Ledger::history_key(&args.data, root.as_ref()).map_err(open_failure)?;
    key.write_new(&args.to)
        .map_err(|error| file_failure("write", &args.to, &error))?;
    let document = json!({"file": args.to});
    output.show(&document, |_| {
        format!(
            "{} opens what happened in this ledger, and no secret; keep it as you keep the log",
            args.to.display()
        )
    })
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
