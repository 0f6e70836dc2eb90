//! `watch`.

use crate::doc::Doc;
use crate::failure::{Failure, Outcome};
use crate::session::{Session, failure};
use clap::Args;
use serde_json::json;
use strongroom_api::watch::WatchQuery;
use strongroom_client::WatchEvent;

/// `watch`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom watch --workspace client-a-shop
  strongroom watch --workspace client-a-shop --template orders --output json | while read line; do …; done

A line for each template that runs there, and one for each change of what it would be served; never a
value. It goes on over restarts of the server, until Ctrl-C or until the right to resolve ends.")]
pub(crate) struct WatchArgs {
    /// A workspace to watch
    #[arg(long = "workspace", value_name = "WORKSPACE", required = true)]
    pub(crate) workspaces: Vec<String>,
    /// Only this template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// Go on behind this position: what has changed since is told first
    #[arg(long, value_name = "POSITION")]
    pub(crate) since: Option<u64>,
}

/// Tells of changes.
pub(crate) async fn run(args: &WatchArgs, session: &Session) -> Outcome {
    let mut watch = session.client.watch(WatchQuery {
        workspace: args.workspaces.join(","),
        template: args.template.clone(),
        since: args.since,
    });
    loop {
        let event = watch.next().await.map_err(failure)?;
        let (what, data) = match &event {
            WatchEvent::Current(data) => ("current", data),
            WatchEvent::Changed(data) => ("changed", data),
        };
        let mut document = serde_json::to_value(data).map_err(|error| Failure::local(error.to_string()))?;
        if let Some(members) = document.as_object_mut() {
            members.insert("event".to_owned(), json!(what));
        }
        session.output.show(&document, |_| {
            let served = if document.text("etag").is_some() {
                ""
            } else {
                ": it would be refused"
            };
            format!(
                "{} {what} {} / {}{served}",
                data.position, data.workspace, data.template
            )
        })?;
    }
}
