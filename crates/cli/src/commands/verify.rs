//! `verify`.

use super::serve::open_failure;
use crate::args::Globals;
use crate::ask::Ask;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Facts, Look, Output, Tone};
use crate::progress::Progress;
use crate::root::RootArgs;
use crate::session::{self, Session};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use strongroom_ledger::VerifyError;

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom verify                   the running server's ledger
  strongroom verify --data /srv/ledger --root-key-file /media/safe/root-key

With --data a ledger that is not running is read and left exactly as it is.
Exit code 5 and the first bad position when something is wrong.")]
pub(crate) struct VerifyArgs {
    /// Verify this directory instead of asking the server
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) root: RootArgs,
}

/// Verifies.
pub(crate) async fn run(args: &VerifyArgs, globals: &Globals, output: &Output) -> Outcome {
    match &args.data {
        Some(data) => offline(data, &args.root, output),
        None if !args.root.is_none() => Err(Failure::local(
            "the root key is for --data DIR; a running server has it already",
        )),
        None => online(&Session::open(globals, output)?).await,
    }
}

/// Asks the server; the last line of its progress is the answer.
async fn online(session: &Session) -> Outcome {
    let progress = Progress::new("verifying", &session.output);
    let answer = session
        .client
        .verify(|line| progress.at(line.records, line.total))
        .await;
    progress.end();
    let answer = answer.map_err(session::failure)?;
    let records = answer.records;
    match &answer.error {
        None => {
            let document = json!({"ok": true, "records": records, "checkpoint": answer.checkpoint});
            session.output.show(&document, |look| good(records, look))
        }
        Some(what) => bad(answer.position, what, None, &session.output),
    }
}

/// Verifies a directory that no server has open.
fn offline(data: &Path, root: &RootArgs, output: &Output) -> Outcome {
    let root = root.provider_for(data, &Ask::new(output))?;
    let progress = Progress::new("verifying", output);
    let verified = strongroom_ledger::verify_offline(data, root.as_ref(), &mut |done, total| progress.at(done, total));
    progress.end();
    match verified {
        Ok(report) => {
            let mut document = serde_json::to_value(&report).unwrap_or_default();
            if let Some(members) = document.as_object_mut() {
                members.insert("ok".to_owned(), json!(true));
            }
            output.show(&document, |look| {
                let facts = Facts::default()
                    .fact("root", report.root.as_str())
                    .fact("things", report.streams.to_string())
                    .fact("secret parts opened", report.secrets_opened.to_string())
                    .fact("rows of state", report.state_rows.to_string())
                    .fact("postings", report.postings.to_string());
                format!("{}\n\n{}", good(report.records, look), facts.render(look))
            })
        }
        Err(VerifyError::Open(error)) if is_about_us(error.code()) => Err(open_failure(error)),
        Err(error) => {
            let hint = match &error {
                VerifyError::Open(open) => Some(open.hint()),
                _ => None,
            };
            bad(error.position(), &told(&error), hint, output)
        }
    }
}

/// Refusals to open that say nothing about the ledger being whole: a wrong key, a wrong directory, a running server.
fn is_about_us(code: &str) -> bool {
    matches!(
        code,
        "root_key" | "key_file" | "no_ledger" | "not_born" | "locked" | "system"
    )
}

fn told(error: &VerifyError) -> String {
    match error {
        // The position is told by itself.
        VerifyError::Record { what, .. } => what.clone(),
        other => other.to_string(),
    }
}

fn good(records: u64, look: &Look) -> String {
    let what = "every digest, the tree, the signatures, the order and current state";
    format!(
        "{} {what}",
        look.paint(&format!("{records} records are whole:"), Tone::Good)
    )
}

/// Something is wrong: the first bad position where there is one, and exit code 5.
pub(super) fn bad(position: Option<u64>, what: &str, hint: Option<&str>, output: &Output) -> Outcome {
    let message = match position {
        Some(position) => format!("verification failed at position {position}: {what}"),
        None => format!("verification failed: {what}"),
    };
    let document = json!({"ok": false, "position": position, "error": what});
    if output.json() {
        output.document(&document)?;
    }
    let failure = Failure::new(Exit::Unverified, message)
        .with_problem(document)
        .maybe_hint(hint);
    Err(failure.hint("keep the directory as it is, and compare with a backup and with checkpoints kept elsewhere"))
}
