//! `replay`: the log folded once more, and compared, or kept as it was at a moment.

use super::backup;
use super::serve::DEFAULT_DATA;
use super::verify::bad;
use crate::ask::Ask;
use crate::failure::{Failure, Outcome};
use crate::input::bound;
use crate::output::{Facts, Output, Tone, time};
use crate::progress::Progress;
use crate::root::RootArgs;
use crate::session::{self, Session};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use strongroom_ledger::Ledger;

/// `replay`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom replay --check
  strongroom replay --check --places 1000
  strongroom replay --until 2026-11-20T14:05:00Z --into then --data /srv/ledger --root-key-file /media/safe/root-key
  strongroom serve --read-only --data then --root-key-file /media/safe/root-key
  strongroom credential list --as-of 2026-11-20T14:05:00Z      the same of a ledger that runs

The log is folded from its first record and compared: with the running state, at random earlier positions
with the state that is shown as of then, and there with a credential by its own history. Exit code 5
and the first difference when there is one: then `strongroom serve --rebuild-state` makes state anew from the log.

--until with --into copies the records up to a moment from a directory that no server has open, folds them, and keeps
them with the keys of the history: to look at, to compare, to hand to who looks into an incident. No value can be opened
from it, and nothing can go on from it. What it is made of stays as it is.")]
pub(crate) struct ReplayArgs {
    /// Compare, and say whether all is the same
    #[arg(long, required_unless_present = "until", conflicts_with = "until")]
    pub(crate) check: bool,
    /// Earlier positions that are compared
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) places: u32,
    /// Up to when: a position, a time, a date, or how long ago
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, requires = "into")]
    pub(crate) until: Option<String>,
    /// The new directory for it
    #[arg(long, value_name = "DIR", requires = "until")]
    pub(crate) into: Option<PathBuf>,
    /// The ledger's directory, of which the copy is made
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA)]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Makes a copy of what there was, without a server.
pub(crate) fn copy(args: &ReplayArgs, until: &str, into: &Path, output: &Output) -> Outcome {
    let root = args.root.provider_for(&args.data, &Ask::new(output))?;
    let now = jiff::Timestamp::now();
    let until = bound("--until", until, now)?;
    let now = u64::try_from(now.as_microsecond()).map_err(|_| Failure::local("the clock stands before 1970"))?;
    let progress = Progress::new("replaying", output);
    let copied = Ledger::copy_until(&args.data, into, root.as_ref(), (&until, now), &mut |done, total| {
        progress.at(done, total);
    });
    progress.end();
    let copied = copied.map_err(backup::failure)?;
    let root: String = copied.root.iter().map(|byte| format!("{byte:02x}")).collect();
    let last_at = i64::try_from(copied.last_at).ok();
    let last_at = last_at.and_then(|us| jiff::Timestamp::from_microsecond(us).ok());
    let last_at = last_at.map(|at| at.to_string()).unwrap_or_default();
    let state = &copied.state;
    let document = json!({
        "into": into, "records": copied.size, "of": copied.of, "root": root, "last_recorded_at": last_at,
        "credentials": state.credentials.len(), "workspaces": state.workspaces.len(), "clients": state.clients.len(),
        "templates": state.templates.len(), "principals": state.principals.len(),
    });
    output.show(&document, |look| {
        let count = |what: usize| what.to_string();
        Facts::default()
            .fact("directory", into.display().to_string())
            .fact("records", format!("{} of {}", copied.size, copied.of))
            .fact("root", root.clone())
            .fact("last record", time(&last_at))
            .fact("credentials", count(state.credentials.len()))
            .fact("workspaces", count(state.workspaces.len()))
            .fact("clients", count(state.clients.len()))
            .fact("templates", count(state.templates.len()))
            .fact("principals", count(state.principals.len()))
            .fact(
                "look at it",
                format!("strongroom serve --read-only --data {}", into.display()),
            )
            .render(look)
    })
}

/// Asks the server.
pub(crate) async fn run(args: &ReplayArgs, session: &Session) -> Outcome {
    let progress = Progress::new("replaying", &session.output);
    let answer = session
        .client
        .replay(args.places, |line| progress.at(line.records, line.total))
        .await;
    progress.end();
    let answer = answer.map_err(session::failure)?;
    if let Some(what) = &answer.error {
        return bad(answer.position, what, None, &session.output);
    }
    let report = answer.report.clone().unwrap_or_default();
    let number = |name: &str| report.get(name).map(Value::to_string).unwrap_or_default();
    let document = json!({
        "ok": true, "records": answer.records, "checkpoint": answer.checkpoint, "places": report["places"],
        "credentials": report["credentials"],
    });
    session.output.show(&document, |look| {
        let facts = Facts::default()
            .fact("earlier positions", number("places"))
            .fact("credentials by their own history", number("credentials"));
        let good = look.paint("every way to the state comes to the same one:", Tone::Good);
        format!("{good} {} records folded\n\n{}", answer.records, facts.render(look))
    })
}
