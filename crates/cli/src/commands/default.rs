//! `default …`.

use crate::args::{PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::output::{Cell, Table};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use strongroom_api::workspace::{DefaultKey, DefaultQuery, SetDefault};

/// `default …`
#[derive(Debug, Subcommand)]
pub(crate) enum DefaultCommand {
    /// Set what stands behind unmapped variables of a service and kind
    Set(SetArgs),
    /// Take a default away
    Unset(UnsetArgs),
    /// List defaults
    List(ListArgs),
}

/// `default set`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom default set openai api_key openai
  strongroom default set --workspace client-a-shop slack access_token slack-a")]
pub(crate) struct SetArgs {
    /// Only in this workspace; else everywhere
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// The service
    pub(crate) service: String,
    /// The kind
    pub(crate) kind: String,
    /// The credential
    pub(crate) credential: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `default unset`
#[derive(Debug, Args)]
pub(crate) struct UnsetArgs {
    /// Only in this workspace; else everywhere
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// The service
    pub(crate) service: String,
    /// The kind
    pub(crate) kind: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `default list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only those that hold in this workspace
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Does it.
pub(crate) async fn run(command: &DefaultCommand, session: &Session) -> Outcome {
    match command {
        DefaultCommand::Set(args) => {
            let body = SetDefault {
                workspace: args.workspace.clone(),
                service: args.service.clone(),
                kind: args.kind.clone(),
                credential: args.credential.clone(),
                reason: None,
            };
            let answer = session
                .write(session.client.set_default(&body, &args.write.options()))
                .await?;
            let place = place(args.workspace.as_deref());
            session.tell(
                &answer,
                &format!(
                    "`{}` is the default for {} {} {place}",
                    args.credential, args.service, args.kind
                ),
            )
        }
        DefaultCommand::Unset(args) => {
            let key = DefaultKey {
                workspace: args.workspace.clone(),
                service: args.service.clone(),
                kind: args.kind.clone(),
            };
            let answer = session
                .write(session.client.unset_default(&key, &args.write.options()))
                .await?;
            let place = place(args.workspace.as_deref());
            session.tell(
                &answer,
                &format!(
                    "there is no default for {} {} {place} any more",
                    args.service, args.kind
                ),
            )
        }
        DefaultCommand::List(args) => {
            let workspace = args.workspace.clone();
            let page = session
                .list(&args.page, async |limit, cursor| {
                    session
                        .client
                        .defaults(&DefaultQuery {
                            workspace: workspace.clone(),
                            limit,
                            cursor,
                        })
                        .await
                })
                .await?;
            session.show_list(&page, |look| {
                table(items(&page)).render(look, "no defaults: `strongroom default set`")
            })
        }
    }
}

fn place(workspace: Option<&str>) -> String {
    workspace.map_or_else(|| "everywhere".to_owned(), |workspace| format!("in `{workspace}`"))
}

/// Defaults, one a line.
pub(crate) fn table(defaults: &[Value]) -> Table {
    let mut table = Table::new(&["service", "kind", "workspace", "credential"]);
    for default in defaults {
        table.row([
            default.text("service").unwrap_or_default().into(),
            default.text("kind").unwrap_or_default().into(),
            default
                .text("workspace")
                .map_or_else(|| Cell::dim("(everywhere)"), Cell::from),
            Cell::maybe(default.text("credential")),
        ]);
    }
    table
}
