//! `replay`: the log folded once more, and compared.

use super::verify::bad;
use crate::failure::Outcome;
use crate::output::{Facts, Tone};
use crate::progress::Progress;
use crate::session::{self, Session};
use clap::Args;
use serde_json::{Value, json};

/// `replay`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom replay --check
  strongroom replay --check --places 1000
  strongroom credential list --as-of 2026-11-20T14:05:00Z      what there was then

The log is folded from its first record and compared: with the running state, at random earlier positions
with the state that is shown as of then, and there with a credential by its own history. Exit code 5
and the first difference when there is one: then `strongroom serve --rebuild-state` makes state anew from the log.")]
pub(crate) struct ReplayArgs {
    /// Compare, and say whether all is the same
    #[arg(long, required = true)]
    pub(crate) check: bool,
    /// Earlier positions that are compared
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) places: u32,
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
