//! The program: arguments, tables, prompts, progress.
//!
//! In: what people type, files, answers of a server. Out: requests, tables, JSON, exit codes.
//! Not here: rules (`domain`), routes (`server`), keys (`seal`); a command is words in, a request, words out.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

mod args; // the grammar: options for all, one noun after another
mod usage; // wrong use of it
mod complete; // what a shell completes
mod commands; // each noun: words, requests, answers
mod reference; // cred://handle/field
mod input; // what people type: fields, secrets, times
mod ask; // what people are asked, where there are people
mod root; // where the root key comes from
mod config; // the configuration file of serve
mod context; // the context file: which ledger, which token
mod session; // one command's talk with the server
mod doc; // answers as documents
mod failure; // what went wrong, what to do, the exit code
mod output; // tables and JSON on stdout, talk on stderr
mod progress; // bars for long work
mod sample; // a sample agency, through the public API

use crate::args::{Cli, Command};
use crate::ask::Ask;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Format, Output};
use crate::session::Session;
use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match complete::answered() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            let _ = error.print();
            return Exit::Local.into();
        }
    }
    let words = match config::expanded(std::env::args_os().collect()) {
        Ok(words) => words,
        Err(failure) => {
            let format = if usage::wants_json(std::env::args_os()) {
                Format::Json
            } else {
                Format::Table
            };
            return output::finish(&Output::new(format), Err(failure));
        }
    };
    let cli = match Cli::try_parse_from(commands::audit::shielded(words)) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && usage::wants_json(std::env::args_os()) => {
            let failure = usage::failure(&error).exits(usage::exit(std::env::args_os()));
            return output::finish(&Output::new(Format::Json), Err(failure));
        }
        Err(error) => {
            // clap's own exit code for wrong use is 2, which here means that the server said no.
            let code = if error.use_stderr() {
                usage::exit(std::env::args_os()).into()
            } else {
                ExitCode::SUCCESS
            };
            let _ = error.print();
            return code;
        }
    };
    let output = Output::new(cli.globals.output);
    if let Err(error) = strongroom_seal::disable_core_dumps() {
        output.warn(format!(
            "core dumps can't be switched off ({error}): one could hold secrets"
        ));
    }
    output::finish(&output, run(&cli, &output))
}

fn run(cli: &Cli, output: &Output) -> Outcome {
    match &cli.command {
        Command::Serve(args) => commands::serve::run(args, output, &Ask::new(output)),
        Command::Init(args) => commands::init::run(args, output, &Ask::new(output)),
        Command::Doctor(args) => commands::doctor::run(args, output),
        Command::Recover(args) => commands::recover::run(args, output),
        Command::Replay(args) if let (Some(until), Some(into)) = (&args.until, &args.into) => {
            commands::replay::copy(args, until, into, output)
        }
        Command::Man(args) => commands::man::run(args, output),
        Command::Config(command) => commands::config::run(command, output),
        Command::Keys(command) => commands::keys::run(command, output),
        Command::Completions(args) => commands::completions::run(args, output),
        _ => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .map_err(|error| Failure::local(format!("can't start: {error}")))?
                .block_on(talk(cli, output))
        }
    }
}

/// The commands that talk to a server.
async fn talk(cli: &Cli, output: &Output) -> Outcome {
    let globals = &cli.globals;
    let moment = match &globals.as_of {
        Some(text) if cli.command.shows_state() => Some(input::bound("--as-of", text, jiff::Timestamp::now())?),
        Some(_) => {
            return Err(Failure::local("--as-of is for what lists or shows state")
                .hint("`audit log` and `history` take --since and --until"));
        }
        None => None,
    };
    match &cli.command {
        Command::Login(args) => return commands::login::run(args, globals, output).await,
        Command::Verify(args) => return commands::verify::run(args, globals, output).await,
        Command::Dump(args) => return commands::dump::run(args, globals, output).await,
        Command::Backup(command) => return commands::backup::run(command, globals, output).await,
        Command::Run(args) => return commands::run::run(args, globals, output).await,
        _ => {}
    }
    let mut session = Session::open(globals, output)?;
    if let Some(moment) = moment {
        session = session.then(moment);
    }
    dispatch(&cli.command, &session).await
}

/// One command, in a session.
async fn dispatch(command: &Command, session: &Session) -> Outcome {
    match command {
        Command::Incident(command) => {
            for step in commands::incident::run(command, session).await? {
                Box::pin(dispatch(&step, session)).await?;
            }
            Ok(())
        }
        Command::Whoami => commands::login::whoami(session).await,
        Command::Credential(command) => commands::credential::run(command, session).await,
        Command::Client(command) => commands::client::run(command, session).await,
        Command::Workspace(command) => commands::workspace::run(command, session).await,
        Command::Template(command) => commands::template::run(command, session).await,
        Command::Setup(args) => commands::setup::run(args, session).await,
        Command::Map(args) => commands::mapping::map(args, session).await,
        Command::Unmap(args) => commands::mapping::unmap(args, session).await,
        Command::Undo(args) => commands::plan::undo(args, session).await,
        Command::Restore(args) => commands::restore::run(args, session).await,
        Command::Freeze(args) => commands::freeze::freeze(args, session).await,
        Command::Unfreeze(args) => commands::freeze::unfreeze(args, session).await,
        Command::Freezes(args) => commands::freeze::list(args, session).await,
        Command::Default(command) => commands::default::run(command, session).await,
        Command::Resolve(args) => commands::resolve::run(args, session).await,
        Command::Watch(args) => commands::watch::run(args, session).await,
        Command::Get(args) => commands::get::run(args, session).await,
        Command::Inject(args) => commands::inject::run(args, session).await,
        Command::Audit(command) => commands::audit::run(command, session).await,
        Command::Import(command) => commands::import::run(command, session).await,
        Command::Services(args) => commands::service::run(args, session).await,
        Command::Principal(command) => commands::principal::run(command, session).await,
        Command::Grant(command) => commands::principal::grant(command, session).await,
        Command::Identity(command) => commands::identity::run(command, session).await,
        Command::Token(command) => commands::token::run(command, session).await,
        Command::Rotation(command) => commands::rotation::run(command, session).await,
        Command::Replay(args) => commands::replay::run(args, session).await,
        Command::Hygiene => commands::audit::hygiene(session).await,
        Command::Approval(command) => commands::approval::run(command, session).await,
        Command::Policy(command) => commands::approval::run_policy(command, session).await,
        Command::Webhook(command) => commands::webhook::run(command, session).await,
        Command::Status(_) => commands::status::run(session).await,
        Command::Serve(_)
        | Command::Init(_)
        | Command::Keys(_)
        | Command::Config(_)
        | Command::Doctor(_)
        | Command::Recover(_)
        | Command::Man(_)
        | Command::Completions(_) => Ok(()), // done without a server
        Command::Login(_) | Command::Verify(_) | Command::Dump(_) | Command::Backup(_) | Command::Run(_) => Ok(()), // done before a session
    }
}
