//! Templates for others: as a file for another ledger, and whom a revision affects here.

use super::{AffectedArgs, ExportArgs};
use crate::doc::Doc;
use crate::failure::{Failure, Outcome};
use crate::output::{Cell, Table, joined};
use crate::session::{self, Session};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use strongroom_api::template::{AffectedQuery, ExportQuery};

/// Workspaces that are told by name where there is no table.
const TOLD_MAX: usize = 10;

/// Writes the file; one that is there already is not written over.
pub(super) async fn export(args: &ExportArgs, session: &Session) -> Outcome {
    let query = ExportQuery {
        revision: args.revision,
        as_is: args.as_is.then_some(true),
    };
    let exported = session.client.export_template(&args.handle, &query).await;
    let bytes = exported.map_err(session::failure)?;
    let Some(out) = args.out.as_deref().filter(|out| *out != Path::new("-")) else {
        return session.output.bytes(&bytes);
    };
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(out)
        .and_then(|mut file| file.write_all(&bytes));
    written.map_err(|error| {
        let failure = Failure::local(format!("can't write {}: {error}", out.display()));
        failure.hint("name a file that is not there yet")
    })?;
    let document = json!({"file": out, "bytes": bytes.len()});
    session.output.show(&document, |_| {
        format!(
            "{} holds the template: `strongroom template import` takes it",
            out.display()
        )
    })
}

/// Shows which workspaces lack what.
pub(super) async fn affected(args: &AffectedArgs, session: &Session) -> Outcome {
    let query = AffectedQuery {
        revision: args.revision,
    };
    let affected = session
        .read(session.client.template_affected(&args.handle, &query))
        .await?;
    session.output.show(&affected, |look| {
        let mut table = Table::new(&["workspace", "runs", "lacks", "needs", "credentials that fit"]);
        for lacking in affected.list("lacking") {
            for missing in lacking.list("missing") {
                let kinds = missing.texts("kinds").join(" or ");
                table.row([
                    lacking.text("workspace").unwrap_or_default().into(),
                    Cell::maybe(lacking.shown("admitted").map(|revision| format!("revision {revision}"))),
                    missing.text("variable").unwrap_or_default().into(),
                    format!("{} {kinds}", missing.text("service").unwrap_or_default())
                        .trim()
                        .into(),
                    joined(missing.texts("fitting")).into(),
                ]);
            }
        }
        format!(
            "{}\n{}",
            table.render(look, "no workspace lacks anything"),
            counts(&affected)
        )
    })
}

/// Says in a few lines who lacks what.
pub(super) fn tell_lacking(affected: &Value, session: &Session) {
    let lacking = affected.list("lacking");
    for workspace in lacking.iter().take(TOLD_MAX) {
        let variables = workspace.list("missing").iter().filter_map(|it| it.text("variable"));
        session.output.talk(format!(
            "  {} lacks {}",
            workspace.text("workspace").unwrap_or_default(),
            joined(variables)
        ));
    }
    if lacking.len() > TOLD_MAX {
        session.output.talk(format!(
            "  and {} more: strongroom template affected",
            lacking.len() - TOLD_MAX
        ));
    }
    session.output.talk(counts(affected));
}

fn counts(affected: &Value) -> String {
    let number = |name: &str| affected.number(name).unwrap_or_default();
    let mut text = format!(
        "revision {}: {} workspaces lack something, {} lack nothing",
        number("revision"),
        affected.list("lacking").len(),
        number("ready")
    );
    if number("hidden") > 0 {
        text.push_str(&format!(", {} that you may not see lack something", number("hidden")));
    }
    text
}
