//! `recover`: a ledger that is refused goes on with what is whole.

use super::backup::{failure, note};
use super::serve::DEFAULT_DATA;
use crate::ask::Ask;
use crate::failure::Outcome;
use crate::output::{Cell, Facts, Output, Tone};
use crate::progress::Progress;
use crate::root::RootArgs;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use strongroom_ledger::{Ledger, Loss, RecoverOptions, WallClock};

/// `recover`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom recover --accept-loss --data /srv/ledger --root-key-file /media/safe/root-key \\
      --reason \"the journal was damaged, ticket 4711\"

For a ledger whose log is refused at opening, where no backup reaches further. Look first: \"strongroom
verify --data\" says what is wrong, a restored backup how far that one reaches. What is whole from
the first record on becomes a new incarnation; its first record names the newest checkpoint and how much was
known. The old directory stays beside it, as DIR.lost-1. Tokens and identities of before open nothing
until `strongroom token release`: what is lost may have been a revocation.")]
pub(crate) struct RecoverArgs {
    /// Say that what is lost is lost
    #[arg(long, required = true)]
    pub(crate) accept_loss: bool,
    /// The ledger's directory
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// The newest checkpoint that is known from elsewhere, a signed note
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// Tokens and identities open at once: only where nothing can have been revoked in what is lost
    #[arg(long)]
    pub(crate) keep_tokens: bool,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Does it.
pub(crate) fn run(args: &RecoverArgs, output: &Output) -> Outcome {
    let options = RecoverOptions {
        root: args.root.provider_for(&args.data, &Ask::new(output))?,
        clock: Arc::new(WallClock),
        reason: args.reason.clone(),
        known: args.known.as_deref().map(note).transpose()?,
        accept_loss: args.accept_loss,
        keep_tokens: args.keep_tokens,
    };
    let progress = Progress::new("recovering", output);
    let loss = Ledger::accept_loss(&args.data, &options, &mut |done, total| progress.at(done, total));
    progress.end();
    tell(args, &loss.map_err(failure)?, output)
}

fn tell(args: &RecoverArgs, loss: &Loss, output: &Output) -> Outcome {
    let recovered = &loss.recovered;
    let lost = recovered.known.map(|known| known - recovered.kept);
    let document = json!({
        "data": args.data, "kept": recovered.kept, "found": loss.found, "known": recovered.known, "lost": lost, "why": loss.why,
        "old": loss.old, "tokens_suspended": recovered.suspended, "origin": recovered.origin, "checkpoint": recovered.checkpoint,
    });
    output.show(&document, |look| {
        let missing = match lost {
            Some(lost) => Cell::toned(format!("{lost} records that are known to have been there"), Tone::Bad),
            None => Cell::from("nothing that is known to have been there"),
        };
        let facts = Facts::default()
            .fact("ledger", args.data.display().to_string())
            .fact("records", format!("{} of {} found", recovered.kept, loss.found))
            .named("lost", missing)
            .maybe("because", loss.why.as_deref())
            .fact("old directory", loss.old.display().to_string())
            .fact("origin", recovered.origin.clone());
        if recovered.suspended {
            let next = "suspended: `strongroom keys new-owner` lets you in, `strongroom token release` ends it";
            return facts.fact("tokens", next).render(look);
        }
        facts.render(look)
    })
}
