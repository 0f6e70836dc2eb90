//! `backup …`: both halves of a ledger kept elsewhere, and a ledger made from them.

use super::serve::{DEFAULT_DATA, open_failure};
use crate::args::Globals;
use crate::ask::Ask;
use crate::failure::{Exit, Failure, Outcome, file_failure, system_said};
use crate::input::seconds;
use crate::output::{Cell, Facts, Output, Table, Tone, time};
use crate::progress::Progress;
use crate::root::{Root, RootArgs};
use crate::session::{self, Session};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use strongroom_ledger::{
    BackupError, BackupTarget, CheckedBackup, Ledger, RecoverOptions, WallClock, check_backup_keys,
};
use strongroom_proof::note::SignedNote;

/// `backup …`
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Bring a backup up to date, while the server runs
    Create(CreateArgs),
    /// List what a backup has
    List(ListArgs),
    /// Read a backup from its first record to its last
    Verify(VerifyArgs),
    /// Make a ledger from a backup, as a new incarnation
    Restore(RestoreArgs),
}

/// `backup create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom backup create /mnt/backup/acme
  strongroom backup create /mnt/backup/acme --every 5m        goes on until it is stopped
  0 * * * *  strongroom backup create /mnt/backup/acme --output json

Only what is new is fetched and written, and checked on the way. The log half is the
records as they are sealed; the key half is the key file and the wrapped data keys. The
root key is in neither: without it a backup opens nothing, and neither does a thief's.")]
pub(crate) struct CreateArgs {
    /// The directory that the backup lies in; made where it is not there
    pub(crate) target: PathBuf,
    /// Go on, and bring it up to date so often (30s, 5m, 1h): what fails is told and tried again
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) every: Option<u32>,
}

/// `backup list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The directory that the backup lies in
    pub(crate) target: PathBuf,
}

/// `backup verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom backup verify /mnt/backup/acme
  strongroom backup verify /mnt/backup/acme --root-key-file /media/safe/root-key

Every record, the tree, every signature; with the root key also that it opens the key file
and every data key. Exit code 5 and the first bad position when something is wrong.")]
pub(crate) struct VerifyArgs {
    /// The directory that the backup lies in
    pub(crate) target: PathBuf,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// `backup restore`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom backup restore /mnt/backup/acme --data /srv/ledger --reason \"the disk died\" \\
    --root-key-file /media/safe/root-key --known last-checkpoint.txt
  strongroom keys new-owner \"Ada Lovelace\" --data /srv/ledger --reason \"the disk died\" …
  strongroom serve --data /srv/ledger …
  strongroom token release --reason \"nothing was revoked since the backup\"

The whole backup is verified first. The log is kept byte for byte; the ledger goes on as a
new incarnation, with a new origin and new keys, and its first record says so. Tokens and
identities of before open nothing until an owner releases them: what was revoked after the
backup is not known. With --known, a checkpoint that somebody kept, it is said how much is lost.")]
pub(crate) struct RestoreArgs {
    /// The directory that the backup lies in
    pub(crate) target: PathBuf,
    /// Where the ledger comes to: a directory that is not there yet, or empty
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// The newest checkpoint that is known from elsewhere, a signed note
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// Take a backup whose end is missing as it is
    #[arg(long)]
    pub(crate) accept_loss: bool,
    /// Tokens and identities open at once: only where nothing was revoked since the backup
    #[arg(long)]
    pub(crate) keep_tokens: bool,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Does it.
pub(crate) async fn run(command: &BackupCommand, globals: &Globals, output: &Output) -> Outcome {
    match command {
        BackupCommand::Create(args) => create(args, globals, output).await,
        BackupCommand::List(args) => list(args, output),
        BackupCommand::Verify(args) => verify(args, output),
        BackupCommand::Restore(args) => restore(args, output),
    }
}

async fn create(args: &CreateArgs, globals: &Globals, output: &Output) -> Outcome {
    let Some(every) = args.every else {
        return create_once(args, globals, output).await;
    };
    let every = Duration::from_secs(u64::from(every).max(1));
    let mut failed = false;
    loop {
        match create_once(args, globals, output).await {
            Ok(()) => failed = false,
            // Told when it begins to fail, and as long as it does not say the same again and again.
            Err(failure) if !failed => {
                output.warn(failure.message());
                failed = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(every).await;
    }
}

async fn create_once(args: &CreateArgs, globals: &Globals, output: &Output) -> Outcome {
    let mut target = BackupTarget::open(&args.target).map_err(failure)?;
    let session = Session::open(globals, output)?;
    let from = target.size();
    let (mut reader, writer) =
        std::io::pipe().map_err(|error| Failure::local(format!("can't make a pipe: {}", system_said(&error))))?;
    let progress = Progress::new("backing up", output);
    let taker = std::thread::spawn(move || {
        let taken = target.take(&mut reader, &mut |done, total| progress.at(done, total));
        progress.end();
        taken
    });
    let poured = session.client.backup(from, writer).await; // the writer is dropped: the end of the stream
    let taken = taker
        .join()
        .map_err(|_| Failure::local("the backup was not written to its end"))?;
    let taken = match (taken, poured) {
        (Ok(taken), Ok(_)) => taken,
        // Why it is cut says the server.
        (Err(BackupError::Stream(_)), Err(error)) | (Ok(_), Err(error)) => return Err(session::failure(error)),
        (Err(error), _) => return Err(failure(error)),
    };
    let added = taken.size - taken.before;
    let document = json!({
        "target": args.target, "size": taken.size, "added": added, "bytes": taken.bytes, "root": taken.root.to_string(),
    });
    output.show(&document, |look| {
        Facts::default()
            .fact("backup", args.target.display().to_string())
            .fact(
                "records",
                format!("{} ({added} new, {} bytes)", taken.size, taken.bytes),
            )
            .fact("root", taken.root.to_string())
            .render(look)
    })
}

fn list(args: &ListArgs, output: &Output) -> Outcome {
    let target = BackupTarget::open(&args.target).map_err(failure)?;
    let mut items = Vec::new();
    for piece in target.pieces() {
        let as_of = rfc3339(target.as_of(piece).map_err(failure)?);
        items.push(json!({"first": piece.first, "size": piece.size, "as_of": as_of}));
    }
    let document = json!({"target": args.target, "size": target.size(), "items": items});
    output.show(&document, |look| {
        let mut table = Table::new(&["FROM", "RECORDS", "AS OF"]);
        for it in &items {
            let number = |name: &str| it.get(name).map(Value::to_string).unwrap_or_default();
            table.row([
                Cell::from(number("first")),
                Cell::from(number("size")),
                Cell::from(it.get("as_of").and_then(Value::as_str).map(time).unwrap_or_default()),
            ]);
        }
        table.render(look, "no backup is there")
    })
}

fn verify(args: &VerifyArgs, output: &Output) -> Outcome {
    let target = BackupTarget::open(&args.target).map_err(failure)?;
    let progress = Progress::new("verifying", output);
    let checked = target.verify(&mut |done, total| progress.at(done, total));
    progress.end();
    let checked = checked.map_err(failure)?;
    if checked.log.size < checked.key_half_at {
        return Err(failure(checked.behind()));
    }
    let opened = match args.root.is_none() {
        true => None,
        false => {
            let root = root(&args.root, output)?;
            Some(check_backup_keys(&target, root.as_ref()).map_err(failure)?)
        }
    };
    tell(&checked, opened, output)
}

fn tell(checked: &CheckedBackup, opened: Option<u64>, output: &Output) -> Outcome {
    let log = &checked.log;
    let as_of = rfc3339(log.last_recorded_at_us);
    let document = json!({
        "ok": true, "size": log.size, "root": log.root.to_string(), "as_of": as_of, "pieces": checked.pieces, "bytes": checked.bytes,
        "origin": log.keys.newest().key.name, "key_half_at": checked.key_half_at, "data_keys_opened": opened,
    });
    output.show(&document, |look| {
        let keys = match opened {
            Some(count) => format!("opened: {count} data keys"),
            None => "not opened: give the root key".to_owned(),
        };
        Facts::default()
            .fact("backup", Cell::toned("whole", Tone::Good))
            .fact("origin", log.keys.newest().key.name.clone())
            .fact("records", log.size.to_string())
            .fact("root", log.root.to_string())
            .fact("as of", time(&as_of))
            .fact("keys", keys)
            .render(look)
    })
}

fn restore(args: &RestoreArgs, output: &Output) -> Outcome {
    let target = BackupTarget::open(&args.target).map_err(failure)?;
    let known = args.known.as_deref().map(note).transpose()?;
    let options = RecoverOptions {
        root: root(&args.root, output)?,
        clock: Arc::new(WallClock),
        reason: args.reason.clone(),
        known,
        accept_loss: args.accept_loss,
        keep_tokens: args.keep_tokens,
    };
    let progress = Progress::new("restoring", output);
    let recovered = Ledger::recover(&target, &args.data, options, &mut |done, total| {
        progress.at(done, total)
    });
    progress.end();
    let recovered = recovered.map_err(failure)?;
    let lost = recovered.known.map(|known| known - recovered.kept);
    let document = json!({
        "data": args.data, "kept": recovered.kept, "known": recovered.known, "lost": lost, "tokens_suspended": recovered.suspended,
        "origin": recovered.origin, "checkpoint": recovered.checkpoint,
    });
    output.show(&document, |look| {
        let missing = match (lost, args.known.is_some()) {
            (Some(lost), _) => Cell::toned(format!("{lost} records that are known to have been there"), Tone::Bad),
            (None, true) => Cell::from("nothing: the backup reaches the checkpoint that is known"),
            (None, false) => Cell::from("not known: name the newest checkpoint with --known"),
        };
        let facts = Facts::default()
            .fact("ledger", args.data.display().to_string())
            .fact("records", recovered.kept.to_string())
            .named("lost", missing)
            .fact("origin", recovered.origin.clone());
        if recovered.suspended {
            let next = "suspended: `strongroom keys new-owner` lets you in, `strongroom token release` ends it";
            return facts.fact("tokens", next).render(look);
        }
        facts.render(look)
    })
}

/// The root key opens what is in the backup; it lies elsewhere.
fn root(args: &RootArgs, output: &Output) -> Outcome<Root> {
    args.provider(&Ask::new(output))?.ok_or_else(|| {
        Failure::local("the root key is needed to open the key half")
            .hint("--root-key-file FILE, --root-key-fd N, --root-key-env NAME, --passphrase or --passphrase-file FILE")
    })
}

/// A checkpoint that somebody kept.
pub(super) fn note(path: &Path) -> Outcome<SignedNote> {
    let text = std::fs::read_to_string(path).map_err(|error| file_failure("read", path, &error))?;
    SignedNote::parse(&text).map_err(|error| {
        Failure::local(format!("{} is no checkpoint: {error}", path.display()))
            .hint("`strongroom status --output json` has one, and so has every answer to a write")
    })
}

fn rfc3339(us: u64) -> String {
    let time = i64::try_from(us)
        .ok()
        .and_then(|us| Timestamp::from_microsecond(us).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

pub(super) fn failure(error: BackupError) -> Failure {
    let exit = match &error {
        BackupError::Dump { .. }
        | BackupError::Record { .. }
        | BackupError::Note { .. }
        | BackupError::Hole { .. }
        | BackupError::KeyHalf
        | BackupError::Behind { .. }
        | BackupError::Diverged { .. }
        | BackupError::DataKey
        | BackupError::Unverified(_) => Exit::Unverified,
        _ => Exit::Local,
    };
    match error {
        BackupError::Open(error) => open_failure(error),
        error => Failure::new(exit, error.to_string()).hint(error.hint()),
    }
}
