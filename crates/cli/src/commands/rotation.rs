//! `rotation …`.

use crate::args::PageArgs;
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::input::days;
use crate::output::{Cell, Table, Tone, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use strongroom_api::credential::DueQuery;

/// `rotation …`
#[derive(Debug, Subcommand)]
pub(crate) enum RotationCommand {
    /// List what is to be rotated, overdue credentials first
    Due(DueArgs),
}

/// `rotation due`
#[derive(Debug, Args)]
#[command(after_help = "\
A credential is due by its policy (`credential update H --rotate-every 90d`), or since its
values end (--expires).")]
pub(crate) struct DueArgs {
    /// What is due in so many days
    #[arg(long, value_name = "DAYS", default_value = "30d")]
    pub(crate) within: String,
    /// Only of this client
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Does it.
pub(crate) async fn run(command: &RotationCommand, session: &Session) -> Outcome {
    let RotationCommand::Due(args) = command;
    let within = days("--within", &args.within)?;
    let page = session
        .list(&args.page, async |limit, cursor| {
            let query = DueQuery {
                within_days: Some(within),
                client: args.client.clone(),
                limit,
                cursor,
            };
            session.client.rotation_due(&query).await
        })
        .await?;
    session.show_list(&page, |look| table(&page).render(look, "nothing is due"))
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&[
        "credential",
        "due",
        "by",
        "steward",
        "client",
        "workspaces",
        "values entered",
    ])
    .without_if_narrow(&["client", "by", "values entered"]);
    for due in items(page) {
        let at = due.text("due_at").map(time).unwrap_or_default();
        let overdue = due.get("overdue") == Some(&Value::Bool(true));
        let entered = due.text("entered_at").map(time).unwrap_or_default();
        let never = due.get("never_rotated") == Some(&Value::Bool(true));
        table.row([
            due.text("credential").unwrap_or_default().into(),
            if overdue {
                Cell::toned(format!("overdue since {at}"), Tone::Bad)
            } else {
                Cell::toned(at, Tone::Warn)
            },
            due.text("by").unwrap_or_default().into(),
            Cell::maybe(due.text("steward")),
            Cell::maybe(due.text("client")),
            due.shown("workspaces").unwrap_or_default().into(),
            if never {
                format!("{entered}, never rotated").into()
            } else {
                entered.into()
            },
        ]);
    }
    table
}
