//! `ratios`: each figure beside a bound measured in the same run, so that the machine drops out.
//!
//! In: how many events and rounds. Out: one line for each row of the design's list of figures.
//! Rounds are interleaved (ours, reference, ours …); what is printed are medians.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program talks on its terminal"
)]

mod report; // lines, medians, table or NDJSON
mod fixture; // a ledger in a directory of its own
mod load; // tasks that write credentials
mod written; // the very rows that the engine wrote, read back from its database
mod bare; // the same rows without the engine
mod writes; // durable writes against them
mod history; // a ledger with a long history
mod reads; // secrets over HTTP against a constant
mod agency; // a year of an agency
mod beside; // the same events in PostgreSQL
mod opening; // a large ledger opened
mod questions; // of auditors, among few events and among many
mod backups; // what is new into a backup, beside all of it
mod replay; // replay and verify against scan, open, hash

use clap::{Parser, Subcommand, ValueEnum};
use report::{Line, Output};
use std::path::PathBuf;

/// As the program does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(about = "Benchmarks of Strongroom")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures each figure beside its bound and prints their ratios.
    Ratios(Ratios),
    /// Opens a ledger and says how long that took and how much memory the process then has; for `ratios` itself.
    #[command(hide = true)]
    Probe {
        /// The directory with the ledger and its root key.
        dir: PathBuf,
    },
}

/// What is measured, and how long.
#[derive(clap::Args)]
struct Ratios {
    /// A tenth of the events: for a first look.
    #[arg(long)]
    quick: bool,
    /// A table, or one JSON object on a line for each figure.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
    /// Rounds of each pair.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only figures of these groups.
    #[arg(long, value_enum)]
    only: Vec<Group>,
    /// Events of the large ledger that is replayed, asked, opened and backed up.
    #[arg(long, default_value_t = 1_000_000)]
    events: usize,
    /// Ask the same questions of PostgreSQL, too: how it is reached, as `host=/run/postgresql user=bench dbname=bench`. Tables of
    /// its own are made there and dropped.
    #[arg(long)]
    postgres: Option<String>,
    /// Where the ledgers are made: a directory on the disk to be measured.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    dir: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Durable writes of one client.
    Single,
    /// Durable writes of 64 clients.
    Many,
    /// Secrets over HTTP.
    Reads,
    /// Replay and verify.
    Replay,
    /// Questions of auditors.
    Questions,
    /// Opening a large ledger.
    Opening,
    /// What is new into a backup.
    Backup,
}

impl Ratios {
    fn wants(&self, group: Group) -> bool {
        self.only.is_empty() || self.only.contains(&group)
    }

    fn scale(&self, events: usize) -> usize {
        if self.quick { events / 10 } else { events }
    }
}

fn main() -> Result<()> {
    let arguments = match Arguments::parse().command {
        Command::Ratios(arguments) => arguments,
        Command::Probe { dir } => return opening::probe(&dir),
    };
    let mut output = Output::begin(arguments.output == Format::Json);
    let mut print = |line: Line| output.line(line);
    if arguments.wants(Group::Single) {
        writes::single(&arguments, &mut print)?;
    }
    if arguments.wants(Group::Many) {
        writes::many(&arguments, &mut print)?;
    }
    if arguments.wants(Group::Reads) {
        reads::measure(&arguments, &mut print)?;
    }
    if arguments.wants(Group::Replay) {
        replay::measure(&arguments, &mut print)?;
    }
    if arguments.wants(Group::Questions) {
        questions::measure(&arguments, &mut print)?;
    }
    if arguments.wants(Group::Opening) {
        opening::measure(&arguments, &mut print)?;
    }
    if arguments.wants(Group::Backup) {
        backups::measure(&arguments, &mut print)?;
    }
    output.end();
    Ok(())
}
