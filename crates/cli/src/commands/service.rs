//! `services …`.

use crate::args::PageArgs;
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::output::{Cell, Facts, Look, Table, joined};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use strongroom_api::service::ServiceQuery;
use strongroom_formats::catalogue::{Kind, kind_fields};

/// `services`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ServicesArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ServicesCommand>,
}

/// `services …`
#[derive(Debug, Subcommand)]
pub(crate) enum ServicesCommand {
    /// List services
    List(ListArgs),
    /// Show one with its fields
    Get(GetArgs),
}

/// `services list`
#[derive(Debug, Default, Args)]
pub(crate) struct ListArgs {
    /// Only those whose id or name contains this text
    pub(crate) text: Option<String>,
}

/// `services get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its id
    pub(crate) service: String,
}

/// Does it.
pub(crate) async fn run(args: &ServicesArgs, session: &Session) -> Outcome {
    match &args.command {
        None => list(&ListArgs::default(), session).await,
        Some(ServicesCommand::List(args)) => list(args, session).await,
        Some(ServicesCommand::Get(args)) => {
            let service = session.read(session.client.service(&args.service)).await?;
            session.output.show(&service, |look| one(&service, look))
        }
    }
}

async fn list(args: &ListArgs, session: &Session) -> Outcome {
    let page = session
        .list(&PageArgs::default(), async |limit, cursor| {
            session
                .client
                .services(&ServiceQuery {
                    q: args.text.clone(),
                    limit,
                    cursor,
                })
                .await
        })
        .await?;
    session.show_list(&page, |look| {
        table(&page).render(look, "no such service; any id can be used, the catalogue only helps")
    })
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["service", "name", "kinds"]);
    for service in items(page) {
        table.row([
            service.text("id").unwrap_or_default().into(),
            service.text("name").unwrap_or_default().into(),
            joined(service.texts("kinds")).into(),
        ]);
    }
    table
}

/// A service with the fields of each of its kinds.
fn one(service: &Value, look: &Look) -> String {
    let facts = Facts::default()
        .maybe("service", service.text("id"))
        .maybe("name", service.text("name"))
        .fact("hosts", joined(service.texts("hosts")))
        .maybe("authorization", service.text("authorization_url"))
        .maybe("tokens", service.text("token_url"));
    let mut table = Table::new(&["kind", "field", "class", "required"]);
    let yes_no = |required: bool| Cell::from(if required { "yes" } else { "no" });
    for word in service.texts("kinds") {
        for field in Kind::parse(word).map_or(&[][..], kind_fields) {
            table.row([
                word.into(),
                field.name.into(),
                field.class.as_str().into(),
                yes_no(field.required),
            ]);
        }
    }
    for field in service.list("fields") {
        table.row([
            Cell::dim("(any)"),
            field.text("name").unwrap_or_default().into(),
            field.text("class").unwrap_or_default().into(),
            yes_no(field.is("required")),
        ]);
    }
    format!(
        "{}\n\n{}",
        facts.render(look),
        table.render(look, "nothing is known of its fields")
    )
}
