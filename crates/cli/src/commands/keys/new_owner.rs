//! `keys new-owner`: a way in again for who has the root key and no owner's token, as events of the ledger.

use super::super::init::write_new_private;
use super::super::serve::{DEFAULT_DATA, open_failure, refused};
use crate::ask::Ask;
use crate::failure::{Failure, Outcome};
use crate::output::{Facts, Output, Tone, time};
use crate::root::RootArgs;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use strongroom_domain::command::Command;
use strongroom_domain::event::Scope;
use strongroom_domain::rights::is_owner;
use strongroom_domain::text::Name;
use strongroom_domain::words::{Effect, PrincipalKind, Role};
use strongroom_ledger::{Failure as LedgerFailure, Ledger, OpenOptions, RequestContext, View, WallClock};
use strongroom_seal::Token;

/// How long its token is good: long enough to make tokens that stay.
const TOKEN_HOURS: i64 = 24;

/// Bytes of the store's block cache: little is read here.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// `keys new-owner`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom keys new-owner \"Ada Lovelace\" --reason \"the only owner left\" \\
    --data /srv/ledger --root-key-file /media/safe/root-key --token-file ada-token

For when the last owner's token is lost, or four eyes are asked for and there is one
owner only. Stop the server first: one process opens a ledger at a time. The owner, the
grant and a token for 24 hours are events like all others, with the reason in them, and
no policy of four eyes holds them up: who has the root key has the ledger.")]
pub(crate) struct NewOwnerArgs {
    /// The owner's name; a principal who is there already becomes an owner
    pub(crate) name: String,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// The ledger's directory
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    /// Write the token to this new file; else it is shown on the terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Does it: all of it in one commit, or nothing.
pub(super) fn run(args: &NewOwnerArgs, output: &Output) -> Outcome {
    if args.token_file.is_none() && (!output.terminal() || output.json()) {
        return Err(Failure::local("there is no terminal to show the token on")
            .hint("--token-file FILE writes it to a new file, readable by you alone"));
    }
    let options = OpenOptions {
        root: args.root.provider_for(&args.data, &Ask::new(output))?,
        dev: false,
        clock: Arc::new(WallClock),
        window: Duration::ZERO,
        new_windows: 0,
        rebuild_state: false,
        on_fatal: Box::new(|_| {}),
        cache_bytes: CACHE_BYTES,
    };
    let (ledger, _) = Ledger::open(&args.data, options).map_err(open_failure)?;
    let done = make(args, &ledger);
    let stopped = ledger.stop();
    let (token, handle, expires_at) = done?;
    stopped.map_err(|error| Failure::local(format!("it is done, and the ledger did not close in order: {error}")))?;
    tell(&handle, &token, args.token_file.as_deref(), expires_at, output)
}

fn make(args: &NewOwnerArgs, ledger: &Ledger) -> Outcome<(Token, String, Timestamp)> {
    let expires_at = Timestamp::now() + SignedDuration::from_hours(TOKEN_HOURS);
    let token = Token::make().map_err(|error| Failure::local(error.to_string()))?;
    let (handle, commands) = commands(&args.name, &token, expires_at, &ledger.view())?;
    // Kept before it is recorded: a crash in between leaves a token too many, never an owner without one.
    if let Some(path) = &args.token_file {
        write_new_private(path, token.expose().as_bytes())?;
    }
    let context = RequestContext {
        reason: Some(args.reason.clone()),
        ..RequestContext::system()
    };
    match ledger.execute_blocking(context, commands) {
        Ok(_) => Ok((token, handle, expires_at)),
        Err(failure) => {
            if let Some(path) = args.token_file.as_ref().filter(|_| !unknown(&failure)) {
                let _ = std::fs::remove_file(path); // it is nobody's token
            }
            Err(refused("no owner could be made", failure))
        }
    }
}

/// Whether it may have been done.
fn unknown(failure: &LedgerFailure) -> bool {
    matches!(failure, LedgerFailure::OutcomeUnknown)
}

/// What makes an owner of this name, and his handle.
fn commands(name: &str, token: &Token, expires_at: Timestamp, view: &View) -> Outcome<(String, Vec<Command>)> {
    let state = &view.state;
    let spelt = Name::parse(name).map_err(|fault| Failure::local(fault.0))?;
    let there = state
        .names
        .principal_skeletons
        .get(spelt.skeleton())
        .or_else(|| state.names.principal_handles.get(name))
        .and_then(|id| state.principals.get(id));
    let mut commands = Vec::new();
    let handle = match there {
        Some(principal) => principal.handle.clone(),
        None => {
            let handle = spelt
                .handle()
                .ok_or_else(|| Failure::local("the name gives no handle").hint("use letters or digits, too"))?;
            commands.push(Command::CreatePrincipal {
                name: name.to_owned(),
                handle: Some(handle.as_str().to_owned()),
                kind: PrincipalKind::Person,
            });
            handle.as_str().to_owned()
        }
    };
    if !there.is_some_and(|principal| is_owner(state, principal.id, view.now)) {
        commands.push(Command::Grant {
            principal: handle.clone(),
            role: Role::Owner,
            scope: Scope {
                all: true,
                ..Scope::default()
            },
            effect: Effect::Allow,
            from: None,
            until: None,
        });
    }
    commands.push(Command::IssueToken {
        principal: handle.clone(),
        hash: token.stored_hash(),
        label: "issued with the root key".to_owned(),
        expires_at: u64::try_from(expires_at.as_microsecond()).ok(),
    });
    Ok((handle, commands))
}

fn tell(handle: &str, token: &Token, file: Option<&Path>, expires_at: Timestamp, output: &Output) -> Outcome {
    let document = json!({"principal": handle, "token_file": file, "token_expires_at": expires_at.to_string()});
    output.show(&document, |look| {
        let shown = file.is_none().then(|| token.expose());
        let facts = Facts::default()
            .fact("owner", handle.to_owned())
            .maybe("token", shown.as_ref().map(|token| token.as_str()))
            .maybe("token in", file.map(|path| path.display().to_string()))
            .fact("good until", time(&expires_at.to_string()));
        format!(
            "{}\n\n{}",
            look.paint("The ledger has an owner.", Tone::Good),
            facts.render(look)
        )
    })?;
    output.talk(format!(
        "start the server again, `strongroom login`, then `strongroom token create --for {handle} --role owner` and \
         `token list` for what is to be revoked"
    ));
    Ok(())
}
