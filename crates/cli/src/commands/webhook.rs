//! `webhook …`.

use super::audit::at_fault;
use crate::args::{PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::{Failure, Outcome};
use crate::output::{Cell, Facts, Table, Tone, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use strongroom_api::webhook::{CreateWebhook, UpdateWebhook, WebhookQuery};

/// `webhook …`
#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Have a URL told of events, signed, at least once and in order
    Create(CreateArgs),
    /// List webhooks, and how far their receivers are
    List(ListArgs),
    /// Show one
    Get(HandleArgs),
    /// Change where it sends what
    Update(UpdateArgs),
    /// Send nothing until it is resumed; nothing is skipped
    Pause(ChangeArgs),
    /// Send again, from where it was
    Resume(ChangeArgs),
    /// Send never again
    Remove(ChangeArgs),
    /// Send one message now, and say what came of it
    Test(ChangeArgs),
}

/// `webhook create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom webhook create Pager --url https://hooks.example.com/s --on rotation_due,rotated,grace_ended
  strongroom webhook create Audit --url https://siem.example.com/in --on 'credential.*,principal.*' --filter client:acme

Without --secret-from a signing secret is made, as a credential of its own:
`strongroom get cred://signing-secret-of-pager/secret` shows it to who may read it, on the record.")]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// Where to send: https, at a public address or a listed host
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Types of events, `credential.rotated` or `credential.*`; of a credential's the last word is enough
    #[arg(long, value_name = "TYPE", value_delimiter = ',', required = true)]
    pub(crate) on: Vec<String>,
    /// What else must hold of them, in the filter language
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// Only events about this client
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// The credential with the signing secret (`whsec_…`); else one is made
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) secret_from: Option<String>,
    /// The handle; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `webhook list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also removed ones
    #[arg(long)]
    pub(crate) removed: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `webhook get`
#[derive(Debug, Args)]
pub(crate) struct HandleArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `webhook update`
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// Where to send
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// All types of events
    #[arg(long, value_name = "TYPE", value_delimiter = ',')]
    pub(crate) on: Vec<String>,
    /// What else must hold of them; empty for nothing
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `webhook pause`, `webhook resume`, `webhook remove`, `webhook test`
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Does it.
pub(crate) async fn run(command: &WebhookCommand, session: &Session) -> Outcome {
    match command {
        WebhookCommand::Create(args) => create(args, session).await,
        WebhookCommand::List(args) => {
            let page = session
                .list(&args.page, async |limit, cursor| {
                    let query = WebhookQuery {
                        removed: args.removed.then_some(true),
                        limit,
                        cursor,
                    };
                    session.client.webhooks(&query).await
                })
                .await?;
            session.show_list(&page, |look| table(&page).render(look, "no webhooks"))
        }
        WebhookCommand::Get(args) => {
            let webhook = session.read(session.client.webhook(&args.handle)).await?;
            session.output.show(&webhook, |look| facts(&webhook).render(look))
        }
        WebhookCommand::Update(args) => {
            let update = UpdateWebhook {
                url: args.url.clone(),
                on: (!args.on.is_empty()).then(|| args.on.clone()),
                filter: args.filter.clone(),
                reason: None,
            };
            let options = args.write.options();
            let answer = session.write(session.client.update_webhook(&args.handle, &update, &options));
            let answer = answer
                .await
                .map_err(|failure| at_fault(failure, update.filter.as_deref()))?;
            session.tell(&answer, &format!("changed {}", args.handle))
        }
        WebhookCommand::Pause(args) => {
            let options = args.write.options();
            let answer = session
                .write(session.client.pause_webhook(&args.handle, &options))
                .await?;
            session.tell(&answer, &format!("paused {}", args.handle))
        }
        WebhookCommand::Resume(args) => {
            let options = args.write.options();
            let answer = session
                .write(session.client.resume_webhook(&args.handle, &options))
                .await?;
            session.tell(&answer, &format!("{} sends again", args.handle))
        }
        WebhookCommand::Remove(args) => {
            let options = args.write.options();
            let answer = session
                .write(session.client.remove_webhook(&args.handle, &options))
                .await?;
            session.tell(&answer, &format!("removed {}", args.handle))
        }
        WebhookCommand::Test(args) => {
            let options = args.write.options();
            let tried = session
                .write(session.client.test_webhook(&args.handle, &options))
                .await?;
            let answer = tried.text("answer").unwrap_or_default().to_owned();
            if tried.get("ok").and_then(Value::as_bool) == Some(true) {
                return session.tell(&tried, &answer);
            }
            Err(Failure::local(format!("not taken: {answer}")))
        }
    }
}

async fn create(args: &CreateArgs, session: &Session) -> Outcome {
    let client = args.client.as_ref().map(|client| format!("client:{client}"));
    let filters: Vec<String> = client.into_iter().chain(args.filter.clone()).collect();
    let webhook = CreateWebhook {
        name: args.name.clone(),
        handle: args.handle.clone(),
        url: args.url.clone(),
        on: args.on.clone(),
        filter: (!filters.is_empty()).then(|| filters.join(" ")),
        secret: args.secret_from.clone(),
        reason: None,
    };
    let options = args.write.options();
    let answer = session.write(session.client.create_webhook(&webhook, &options));
    let answer = answer
        .await
        .map_err(|failure| at_fault(failure, webhook.filter.as_deref()))?;
    let made = answer.get("webhook").unwrap_or(&Value::Null);
    let (handle, secret) = (
        made.text("handle").unwrap_or_default(),
        made.text("secret").unwrap_or_default(),
    );
    session.tell(&answer, &format!("made {handle}; it signs with the secret of {secret}"))
}

fn facts(webhook: &Value) -> Facts {
    let failing = webhook.get("failing");
    let failure = failing.map(|it| {
        let position = it.get("position").map(Value::to_string).unwrap_or_default();
        format!("position {position}: {}", it.text("why").unwrap_or_default())
    });
    Facts::default()
        .maybe("name", webhook.text("name"))
        .maybe("url", webhook.text("url"))
        .fact("on", webhook.texts("on").join(", "))
        .maybe("filter", webhook.text("filter"))
        .fact("status", status(webhook))
        .maybe("signs with", webhook.text("secret"))
        .maybe("tells what is seen by", webhook.text("principal"))
        .maybe("taken", webhook.get("delivered").map(Value::to_string))
        .maybe("not taken", failure)
        .maybe("since", failing.and_then(|it| it.text("since")).map(time))
        .maybe("id", webhook.text("id"))
}

fn status(webhook: &Value) -> String {
    let status = webhook.text("status").unwrap_or_default();
    if webhook.get("gone").and_then(Value::as_bool) == Some(true) {
        return format!("{status}: the receiver said that it is gone");
    }
    status.to_owned()
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["handle", "url", "on", "status", "taken"]).without_if_narrow(&["on", "url"]);
    for webhook in items(page) {
        let failing = webhook.get("failing").is_some();
        let (said, tone) = match (webhook.text("status").unwrap_or_default(), failing) {
            ("active", true) => ("failing".to_owned(), Tone::Bad),
            ("active", false) => ("active".to_owned(), Tone::Good),
            _ => (status(webhook), Tone::Warn),
        };
        table.row([
            webhook.text("handle").unwrap_or_default().into(),
            Cell::maybe(webhook.text("url")),
            webhook.texts("on").join(", ").as_str().into(),
            Cell::toned(&said, tone),
            Cell::maybe(webhook.get("delivered").map(Value::to_string)),
        ]);
    }
    table
}
