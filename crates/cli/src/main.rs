//! The program: arguments, tables, prompts, progress.
//!
//! In: what people type, files, answers of a server. Out: requests, tables, JSON, exit codes.
//! Not here: rules (`domain`), routes (`server`), keys (`seal`); a command is words in, a request, words out.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

mod args;     // the grammar: options for all, one noun after another
mod commands; // each noun: words, requests, answers
mod root;     // where the root key comes from
mod input;    // what people type: fields, secrets, times
mod ask;      // what people are asked, where there are people
mod context;  // the context file: which ledger, which token
mod failure;  // what went wrong, what to do, the exit code
mod output;   // tables and JSON on stdout, talk on stderr

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own exit code for wrong use is 2, which here means that the server said no.
            let code = if error.use_stderr() { failure::Exit::Local.into() } else { ExitCode::SUCCESS };
            let _ = error.print();
            return code;
        }
    };
    let output = output::Output::new(cli.globals.output);
    output::finish(&output, Ok(()))
}
