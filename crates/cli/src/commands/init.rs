//! `init`: a new ledger, its root key, and the token with which the first owners are made.

use super::serve::open_failure;
use crate::ask::Ask;
use crate::failure::{Failure, Outcome, file_failure};
use crate::output::{Facts, Output, Tone, time};
use crate::root::{Root, RootArgs};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use strongroom_ledger::{InitOptions, Ledger, WallClock};
use strongroom_seal::{PassphraseParams, RootKey, RootSource, Token};
use zeroize::Zeroizing;

/// How long the first token is good: it only makes named owners.
const FIRST_TOKEN_HOURS: i64 = 24;

/// `init`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom init --data /srv/ledger --root-key-file /media/safe/root-key
  strongroom init --data /srv/ledger --passphrase --token-file owner-token

A --root-key-file that is not there is made, with a new root key in it.
Keep the root key and the ledger's `key-file`, each in a place of its own: nothing
opens without both.")]
pub(crate) struct InitArgs {
    /// The new ledger's directory
    #[arg(long, value_name = "DIR", default_value = super::serve::DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    /// The ledger's name; part of the origin of its checkpoints
    #[arg(long, value_name = "NAME", default_value = "strongroom")]
    pub(crate) name: String,
    /// The first owner's name
    #[arg(long, value_name = "NAME", default_value = "first owner")]
    pub(crate) owner: String,
    /// Write the first owner's token to this new file; else it is shown on the terminal, or without one kept in the
    /// ledger's directory
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// The first token's file where none was named and no terminal can show it.
const FIRST_TOKEN_FILE: &str = "first-owner-token";

/// Makes the ledger.
pub(crate) fn run(args: &InitArgs, output: &Output, ask: &Ask) -> Outcome {
    let (root, source) = root(&args.root, output, ask)?;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&args.data)
        .map_err(|error| file_failure("make the directory", &args.data, &error))?;
    let shown = output.terminal() && !output.json() && args.token_file.is_none();
    let file = (!shown).then(|| {
        args.token_file
            .clone()
            .unwrap_or_else(|| args.data.join(FIRST_TOKEN_FILE))
    });
    let (token, kept_now) = first_token(file.as_deref(), &args.data)?;
    let expires_at = Timestamp::now() + jiff::SignedDuration::from_hours(FIRST_TOKEN_HOURS);
    let options = InitOptions {
        name: args.name.clone(),
        dev: false,
        owner_name: args.owner.clone(),
        root,
        source,
        token_hash: token.stored_hash(),
        token_expires_at: u64::try_from(expires_at.as_microsecond()).ok(),
        owners_only: true,
        clock: Arc::new(WallClock),
    };
    if let Err(error) = Ledger::init(&args.data, options) {
        if let Some(path) = file.filter(|_| kept_now) {
            let _ = fs::remove_file(path); // it is nobody's token
        }
        return Err(open_failure(error));
    }
    tell(args, &token, file.as_deref(), expires_at, output)
}

/// The first token, kept before it is recorded: a crash in between leaves a token too many, never an owner without one.
/// Where a birth was stopped, the token of the first try is taken up again. The second value: it was written just now.
fn first_token(file: Option<&Path>, data: &Path) -> Outcome<(Token, bool)> {
    if let Some(path) = file.filter(|path| path.exists() && data.join("key-file").exists()) {
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| file_failure("read", path, &error))?;
        let token = Token::parse(text.trim()).map_err(|_| {
            Failure::local(format!("{} is there and holds no token", path.display()))
                .hint("name a new file: --token-file FILE")
        })?;
        return Ok((token, false));
    }
    let token = Token::make().map_err(|error| Failure::local(error.to_string()))?;
    if let Some(path) = file {
        write_new_private(path, token.expose().as_bytes())?;
    }
    Ok((token, file.is_some()))
}

fn tell(args: &InitArgs, token: &Token, file: Option<&Path>, expires_at: Timestamp, output: &Output) -> Outcome {
    let root_key = match &args.root.root_key_file {
        Some(path) => format!("the root key ({})", path.display()),
        None if args.root.by_passphrase() => "the passphrase".to_owned(),
        None => "the root key".to_owned(),
    };
    let keep = [
        root_key,
        format!("the key file ({})", args.data.join("key-file").display()),
    ];
    let document = json!({
        "data": args.data,
        "name": args.name,
        "token_file": file,
        "token_expires_at": expires_at.to_string(),
        "keep": keep,
    });
    output.show(&document, |look| {
        let shown = file.is_none().then(|| token.expose());
        let facts = Facts::default()
            .fact("ledger", args.data.display().to_string())
            .maybe("first token", shown.as_ref().map(|token| token.as_str()))
            .maybe("first token in", file.map(|path| path.display().to_string()))
            .fact("good until", time(&expires_at.to_string()));
        format!(
            "{}\n\n{}",
            look.paint("The ledger is made.", Tone::Good),
            facts.render(look)
        )
    })?;
    let [first, second] = &keep;
    output.talk(format!(
        "\nKeep these, each in a place of its own, neither beside a backup of the log:\n  1. {first}\n  2. {second}\n\
         Nothing opens without both; `strongroom keys check` proves that they fit.\n\n\
         The first token only makes named owners. Next:\n  strongroom serve --data {} {}\n  strongroom login\n  \
         strongroom token create --for \"Your Name\" --role owner",
        args.data.display(),
        args.root.shown(),
    ));
    Ok(())
}

/// The root key's provider and what the key file is to say of it; a key file of one's own is made when it is not there.
fn root(args: &RootArgs, output: &Output, ask: &Ask) -> Outcome<(Root, RootSource)> {
    if let Some(path) = &args.root_key_file
        && !path.exists()
    {
        RootKey::make()
            .map_err(|error| Failure::local(error.to_string()))?
            .write_new(path)
            .map_err(|error| file_failure("write", path, &error))?;
        output.talk(format!("a new root key is in {}", path.display()));
    }
    let Some(provider) = args.new_provider(output, ask)? else {
        return Err(Failure::local("a ledger needs a root key, kept away from its data")
            .hint("--root-key-file FILE (made when it is not there), --passphrase, --root-key-env NAME or --root-key-fd N")
            .hint("only to play: `strongroom serve --dev`"));
    };
    let source = if args.by_passphrase() {
        RootSource::Passphrase(PassphraseParams::make().map_err(|error| Failure::local(error.to_string()))?)
    } else if args.root_key_fd.is_some() {
        RootSource::Fd
    } else if args.root_key_env.is_some() {
        RootSource::Env
    } else {
        RootSource::File
    };
    Ok((provider, source))
}

/// A new file with these bytes and a line end, on the disk, for its owner alone.
pub(crate) fn write_new_private(path: &Path, bytes: &[u8]) -> Outcome {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(bytes)
                .and_then(|()| file.write_all(b"\n"))
                .and_then(|()| file.sync_all())
        })
        .map_err(|error| file_failure("write", path, &error))
}
