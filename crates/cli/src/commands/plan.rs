//! What touches many places: the plan is shown first, and done when somebody says yes.

use crate::args::WriteArgs;
use crate::doc::Doc;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Cell, Look, Table, joined};
use crate::session::Session;
use clap::Args;
use serde_json::Value;
use strongroom_api::plan::{Planned, Undo};
use strongroom_client::{Error, Options};

/// How far to go.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PlanArgs {
    /// Only show what it would touch
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `undo`
#[derive(Debug, Args)]
#[command(after_help = "\
Undone are mappings, defaults, admissions, sharing and stewards, by new records that change
them back. What was changed since, or what was revoked since, refuses the whole.")]
pub(crate) struct UndoArgs {
    /// The piece of work, as the answer and `audit show` name it: co_…
    pub(crate) correlation: String,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Changes a piece of work back.
pub(crate) async fn undo(args: &UndoArgs, session: &Session) -> Outcome {
    let send = async |dry_run, expected, options: Options| {
        let body = Undo {
            correlation: args.correlation.clone(),
            dry_run,
            expected,
            reason: None,
        };
        session.client.undo(&body, &options).await
    };
    carry_out(&args.plan, &args.write, session, send).await
}

/// Plans, shows, asks, does: what is done is what was shown, or nothing.
pub(crate) async fn carry_out(
    args: &PlanArgs,
    write: &WriteArgs,
    session: &Session,
    send: impl AsyncFn(bool, Option<String>, Options) -> Result<Planned, Error>,
) -> Outcome {
    let planned = session.read(send(true, None, write.options())).await?;
    let refused = planned.number("hidden").unwrap_or_default() > 0
        || planned
            .list("changes")
            .iter()
            .any(|it| it.text("outcome") == Some("refused"));
    let todo = planned
        .list("changes")
        .iter()
        .any(|it| it.text("outcome") == Some("ok"));
    if refused || args.dry_run || !todo || !args.yes {
        session.output.show(&planned, |look| table(&planned, look))?;
    }
    if refused {
        return Err(
            Failure::new(Exit::Refused, "not all of it can be done; nothing was changed").maybe_hint(hint(&planned)),
        );
    }
    if args.dry_run || !todo {
        return Ok(());
    }
    if !args.yes && session.ask.text("Type yes to do it:")?.as_deref() != Some("yes") {
        return Err(Failure::new(Exit::Refused, "nothing was changed").hint("--yes does what is shown"));
    }
    let digest = planned.text("digest").map(str::to_owned);
    let done = session.write(send(false, digest, write.options())).await?;
    session.output.show(&done, |look| table(&done, look))?;
    if let Some(correlation) = done.text("correlation") {
        session.output.talk(format!("undone by: strongroom undo {correlation}"));
    }
    Ok(())
}

/// What helps with the first line that helps itself.
fn hint(planned: &Value) -> Option<String> {
    let changes = planned.list("changes");
    let first = |why: &str| changes.iter().find(|it| it.text("why") == Some(why));
    if let Some(change) = first("several_fit") {
        let variable = change.text("variable").unwrap_or("VARIABLE");
        let credential = change.texts("fitting").first().copied().unwrap_or("CREDENTIAL");
        return Some(format!(
            "--map {variable}={credential} says which; --skip-incomplete leaves such workspaces out"
        ));
    }
    first("nothing_fits").map(|_| {
        "`strongroom credential create` makes what is missing; --skip-incomplete leaves such workspaces out".to_owned()
    })
}

fn table(planned: &Value, look: &Look) -> String {
    let mut table = Table::new(&["what", "where", "from", "to", "outcome"]);
    for change in planned.list("changes") {
        let place: Vec<&str> = ["workspace", "template", "variable", "instance", "subject"]
            .iter()
            .filter_map(|name| change.text(name))
            .collect();
        let outcome = change.text("outcome").unwrap_or_default();
        let outcome = match change.text("detail") {
            Some(detail) => format!("{outcome}: {detail}"),
            None => outcome.to_owned(),
        };
        let fitting = change.texts("fitting");
        let outcome = if fitting.is_empty() {
            outcome
        } else {
            format!("{outcome} ({})", joined(fitting))
        };
        table.row([
            change.text("what").unwrap_or_default().into(),
            place.join(" / ").into(),
            Cell::maybe(change.text("from")),
            Cell::maybe(change.text("to")),
            outcome.into(),
        ]);
    }
    let mut text = table.render(look, "nothing to change");
    let rotate = planned.list("rotate");
    if !rotate.is_empty() {
        text.push_str("\n\n");
        text.push_str(&crate::commands::audit::to_rotate(rotate).render(look, ""));
    }
    if !planned.list("saw").is_empty() {
        text.push_str("\n\n");
        text.push_str(&crate::commands::audit::came_out(planned.list("saw")).render(look, ""));
    }
    match planned.number("hidden") {
        Some(hidden) if hidden > 0 => format!("{text}\n{hidden} places that you may not see"),
        _ => text,
    }
}
