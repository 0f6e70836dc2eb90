//! `man`: the manual pages.

use crate::args::Cli;
use crate::failure::{Failure, Outcome, file_failure, system_said};
use crate::output::Output;
use clap::{Args, CommandFactory};
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// `man`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom man --dir /usr/local/share/man/man1 && man strongroom-credential-rotate")]
pub(crate) struct ManArgs {
    /// Where the pages go, one file for each command
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// Writes them.
pub(crate) fn run(args: &ManArgs, output: &Output) -> Outcome {
    fs::create_dir_all(&args.dir).map_err(|error| file_failure("make the directory", &args.dir, &error))?;
    let mut command = Cli::command();
    command.build();
    clap_mangen::generate_to(command, &args.dir)
        .map_err(|error| Failure::local(format!("the pages can't be written: {}", system_said(&error))))?;
    let pages = fs::read_dir(&args.dir).map(Iterator::count).unwrap_or_default();
    let document = json!({"dir": args.dir, "pages": pages});
    output.show(&document, |_| format!("{pages} pages are in {}", args.dir.display()))
}
