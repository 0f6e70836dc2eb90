//! `audit leak-search`: values that may have leaked, asked about and never shown.

use crate::doc::Doc;
use crate::failure::{Failure, Outcome};
use crate::input::{read_file, secret_from};
use crate::output::{Cell, Table};
use crate::session::Session;
use clap::Args;
use serde_json::{Value, json};
use std::io::IsTerminal as _;
use strongroom_api::SecretText;
use strongroom_api::inquiry::SearchLeaks;
use zeroize::Zeroizing;

/// `audit leak-search`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit leak-search --reason 'pasted in a chat'
  strongroom audit leak-search --reason 'dump of 2026-11-20' --batch candidates.txt

The value is asked for, or read from stdin; of a batch each line is one. It is never shown, kept or
logged. The search is recorded, with its reason, and how many values were held.")]
pub(crate) struct LeakArgs {
    /// Why you ask; kept in the record
    #[arg(long, value_name = "TEXT", required = true)]
    pub(crate) reason: String,
    /// A file with one value a line; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) batch: Option<String>,
}

/// Bytes of a batch.
const BATCH_BYTES_MAX: u64 = 64 << 20;
/// Values, and bytes of them, in one request.
const PIECE_VALUES: usize = 1_000;
const PIECE_BYTES: usize = 128 << 10;

/// Whether values are held.
pub(super) async fn leak_search(args: &LeakArgs, session: &Session) -> Outcome {
    let text = match &args.batch {
        Some(file) => {
            let bytes = read_file(file, BATCH_BYTES_MAX, &mut session.stdin.borrow_mut())?;
            let text = std::str::from_utf8(&bytes).map_err(|_| Failure::local(format!("{file} is no UTF-8 text")))?;
            Zeroizing::new(text.to_owned())
        }
        None => {
            // Whoever sends it somewhere sends it here: a value is asked for at a terminal only.
            let place = (!std::io::stdin().is_terminal()).then_some("-");
            secret_from("value", place, &session.ask, &mut session.stdin.borrow_mut())?
        }
    };
    let lines: Vec<(usize, &str)> = match args.batch {
        Some(_) => text.lines().enumerate().filter(|(_, line)| !line.is_empty()).collect(),
        None => vec![(0, text.as_str())],
    };
    if lines.is_empty() {
        return Err(Failure::local("there is no value to search for"));
    }
    let (results, position) = searched(&lines, &args.reason, session).await?;
    let document = json!({"results": results, "position": position});
    session
        .output
        .show(&document, |look| table(&results).render(look, "none of them is held"))
}

/// Asks for all lines, piece by piece; the answers, each with its line.
async fn searched(lines: &[(usize, &str)], reason: &str, session: &Session) -> Outcome<(Vec<Value>, Option<u64>)> {
    let (mut results, mut position) = (Vec::new(), None);
    let mut rest = lines;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(PIECE_VALUES).take_while(|(_, line)| {
            bytes += line.len() + 3;
            bytes <= PIECE_BYTES
        });
        let count = fits.count().max(1);
        let (piece, behind) = rest.split_at(count);
        rest = behind;
        let body = SearchLeaks {
            reason: Some(reason.to_owned()),
            values: piece.iter().map(|(_, line)| SecretText::from(*line)).collect(),
        };
        let answer = session.read(session.client.leak_search(&body)).await?;
        position = answer.number("position").or(position);
        for ((line, _), result) in piece.iter().zip(answer.list("results")) {
            let mut result = result.clone();
            if let Some(members) = result.as_object_mut() {
                members.insert("line".to_owned(), json!(line + 1));
            }
            results.push(result);
        }
    }
    Ok((results, position))
}

/// Who holds what. Of a long list only what is held, and what is not known.
fn table(results: &[Value]) -> Table {
    let mut table = Table::new(&["line", "outcome", "credential", "version", "status"]);
    for result in results {
        let outcome = result.text("outcome").unwrap_or_default();
        if results.len() > 1 && outcome == "not_held" {
            continue;
        }
        let line = result.shown("line");
        let holders = result.list("by");
        for holder in holders {
            let current = if holder.is("current") { "current" } else { "replaced" };
            table.row([
                Cell::maybe(line.clone()),
                outcome.replace('_', " ").into(),
                holder.text("credential").unwrap_or_default().into(),
                format!("{} ({current})", holder.number("version").unwrap_or_default()).into(),
                holder.text("status").unwrap_or_default().into(),
            ]);
        }
        let hidden = result.number("hidden").unwrap_or_default();
        if holders.is_empty() || hidden > 0 {
            let by = (hidden > 0).then(|| format!("{hidden} that you may not see"));
            table.row([
                Cell::maybe(line),
                outcome.replace('_', " ").into(),
                Cell::maybe(by),
                Cell::maybe(None::<String>),
                Cell::maybe(None::<String>),
            ]);
        }
    }
    table
}
