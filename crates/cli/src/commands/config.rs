//! `config check`.

use crate::args::Cli;
use crate::config;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::usage;
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use std::ffi::OsString;
use std::path::PathBuf;

/// `config …`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check a configuration file of `serve`; nothing is opened
    Check(CheckArgs),
}

/// `config check`
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The file; else the one that STRONGROOM_CONFIG names
    pub(crate) file: Option<PathBuf>,
}

/// Does it.
pub(crate) fn run(command: &ConfigCommand, output: &Output) -> Outcome {
    let ConfigCommand::Check(args) = command;
    let named = std::env::var_os(config::VARIABLE).map(PathBuf::from);
    let file = args.file.clone().or(named).ok_or_else(|| {
        Failure::local("no file is named").hint("strongroom config check FILE, or set STRONGROOM_CONFIG")
    })?;
    let written = config::read(&file)?;
    let words: Vec<OsString> = ["strongroom", "serve"]
        .map(OsString::from)
        .into_iter()
        .chain(written)
        .collect();
    let options: Vec<String> = words
        .iter()
        .skip(2)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    Cli::try_parse_from(&words).map_err(|error| usage::failure(&error))?;
    let document = json!({"file": file, "options": options});
    output.show(&document, |_| {
        let listed: String = options.iter().map(|option| format!("  {option}\n")).collect();
        format!("{} is good; it stands for\n{listed}", file.display())
    })
}
