//! `client …`.

use crate::args::{HistoryArgs, PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::output::{Cell, Facts, Table, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use strongroom_api::client::{ClientQuery, CreateClient, UpdateClient};

/// `client …`
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Make a client
    Create(CreateArgs),
    /// List clients
    List(ListArgs),
    /// Show one
    Get(GetArgs),
    /// What happened to it, its credentials and its workspaces, the newest first, before and after
    History(HistoryArgs),
    /// Change name or description
    Update(UpdateArgs),
    /// Put it away: hidden from lists, nothing new for it
    Archive(ArchiveArgs),
}

/// `client create`
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// The handle that references use; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// Who they are
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `client list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also archived ones
    #[arg(long)]
    pub(crate) archived: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `client get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `client update`
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// A new name
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A new description
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `client archive`
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Does it.
pub(crate) async fn run(command: &ClientCommand, session: &Session) -> Outcome {
    match command {
        ClientCommand::Create(args) => {
            let body = CreateClient {
                name: args.name.clone(),
                handle: args.handle.clone(),
                description: args.description.clone(),
                reason: None,
            };
            let answer = session
                .write(session.client.create_client(&body, &args.write.options()))
                .await?;
            session.tell(
                &answer,
                &format!("client `{}` made", answer.text("handle").unwrap_or_default()),
            )
        }
        ClientCommand::List(args) => {
            let archived = args.archived.then_some(true);
            let page = session
                .list(&args.page, async |limit, cursor| {
                    session
                        .client
                        .clients(&ClientQuery {
                            q: None,
                            archived,
                            limit,
                            cursor,
                        })
                        .await
                })
                .await?;
            session.show_list(&page, |look| {
                table(&page).render(look, "no clients yet: `strongroom client create NAME`")
            })
        }
        ClientCommand::History(args) => super::audit::history_of("client", args, session).await,
        ClientCommand::Get(args) => {
            let client = session.read(session.client.client(&args.handle)).await?;
            session.output.show(&client, |look| facts(&client).render(look))
        }
        ClientCommand::Update(args) => {
            let body = UpdateClient {
                name: args.name.clone(),
                description: args.description.clone(),
                reason: None,
            };
            let answer = session
                .write(session.client.update_client(&args.handle, &body, &args.write.options()))
                .await?;
            session.tell(&answer, &format!("client `{}` changed", args.handle))
        }
        ClientCommand::Archive(args) => {
            let answer = session
                .write(session.client.archive_client(&args.handle, &args.write.options()))
                .await?;
            session.tell(&answer, &format!("client `{}` archived", args.handle))
        }
    }
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["handle", "name", "description", "state"]);
    for client in items(page) {
        table.row([
            client.text("handle").unwrap_or_default().into(),
            client.text("name").unwrap_or_default().into(),
            Cell::maybe(client.text("description")),
            state(client),
        ]);
    }
    table
}

fn facts(client: &Value) -> Facts {
    Facts::default()
        .maybe("handle", client.text("handle"))
        .maybe("name", client.text("name"))
        .maybe("description", client.text("description"))
        .fact("state", state(client))
        .maybe("id", client.text("id"))
        .maybe("made", client.text("created_at").map(time))
        .maybe("changed", client.text("updated_at").map(time))
}

fn state(client: &Value) -> Cell {
    Cell::status(if client.is("archived") { "archived" } else { "active" })
}
