//! `approval …`, `policy …`.

use crate::args::{PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::output::{Cell, Facts, Table, Tone, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use strongroom_api::approval::{ApprovalQuery, SetPolicy};

/// `approval …`
#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalCommand {
    /// List what you asked for and what you may approve
    List(ListArgs),
    /// Show one approval
    Get(GetArgs),
    /// Say yes: who asked may then do it, once
    Approve(JudgeArgs),
    /// Say no; who asked may take it back so
    Decline(JudgeArgs),
}

/// `approval list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also those that are declined, used or expired
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `approval get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The approval's id
    pub(crate) id: String,
}

/// `approval approve`, `approval decline`
#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    /// The approval's id
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `policy …`
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show what the ledger asks of everybody
    Show,
    /// Set which acts take four eyes
    Set(SetArgs),
}

/// `policy set`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom policy set --four-eyes reveal,owners --reason \"audit finding 12\"
  strongroom policy set --four-eyes none

To ask for less takes four eyes itself.")]
pub(crate) struct SetArgs {
    /// The acts that take four eyes from now on
    #[arg(long, value_name = "ACT", value_delimiter = ',', required = true,
        value_parser = ["reveal", "revoke_in_use", "owners", "none"])]
    pub(crate) four_eyes: Vec<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Does it.
pub(crate) async fn run(command: &ApprovalCommand, session: &Session) -> Outcome {
    match command {
        ApprovalCommand::List(args) => {
            let page = session
                .list(&args.page, async |limit, cursor| {
                    let query = ApprovalQuery {
                        all: args.all.then_some(true),
                        limit,
                        cursor,
                    };
                    session.client.approvals(&query).await
                })
                .await?;
            session.show_list(&page, |look| table(&page).render(look, "no approvals"))
        }
        ApprovalCommand::Get(args) => {
            let approval = session.read(session.client.approval(&args.id)).await?;
            session.output.show(&approval, |look| facts(&approval).render(look))
        }
        ApprovalCommand::Approve(args) => {
            let options = args.write.options();
            let answer = session.write(session.client.approve(&args.id, &options)).await?;
            session.tell(&answer, &format!("approved: {}", exactly(&answer)))
        }
        ApprovalCommand::Decline(args) => {
            let options = args.write.options();
            let answer = session.write(session.client.decline(&args.id, &options)).await?;
            session.tell(&answer, &format!("declined: {}", exactly(&answer)))
        }
    }
}

/// Does it.
pub(crate) async fn run_policy(command: &PolicyCommand, session: &Session) -> Outcome {
    match command {
        PolicyCommand::Show => {
            let policy = session.read(session.client.policy()).await?;
            session.output.show(&policy, |look| {
                Facts::default().fact("four eyes", acts(&policy)).render(look)
            })
        }
        PolicyCommand::Set(args) => {
            let named = args.four_eyes.iter().filter(|it| *it != "none");
            let policy = SetPolicy {
                four_eyes: named.cloned().collect(),
                reason: None,
            };
            let options = args.write.options();
            let answer = session.write(session.client.set_policy(&policy, &options)).await?;
            let said = answer.get("policy").map(acts).unwrap_or_default();
            session.tell(&answer, &format!("four eyes are asked for: {said}"))
        }
    }
}

fn acts(policy: &Value) -> String {
    let acts = policy.texts("four_eyes");
    if acts.is_empty() {
        "nothing".to_owned()
    } else {
        acts.join(", ")
    }
}

fn exactly(answer: &Value) -> String {
    let approval = answer.get("approval");
    approval
        .and_then(|it| it.text("exactly"))
        .unwrap_or_default()
        .to_owned()
}

fn facts(approval: &Value) -> Facts {
    Facts::default()
        .maybe("what", approval.text("exactly"))
        .maybe("status", approval.text("status"))
        .maybe("asked by", approval.text("requested_by"))
        .maybe("asked", approval.text("requested_at").map(time))
        .maybe("reason", approval.text("reason"))
        .maybe("judged by", approval.text("judged_by"))
        .maybe("until", approval.text("expires_at").map(time))
        .maybe("id", approval.text("id"))
}

fn table(page: &Value) -> Table {
    let mut table =
        Table::new(&["id", "what", "asked by", "reason", "status", "until"]).without_if_narrow(&["until", "reason"]);
    for approval in items(page) {
        let status = approval.text("status").unwrap_or_default();
        let tone = match status {
            "approved" => Tone::Good,
            "pending" => Tone::Warn,
            _ => Tone::Bad,
        };
        table.row([
            Cell::dim(approval.text("id").unwrap_or_default()),
            approval.text("exactly").unwrap_or_default().into(),
            Cell::maybe(approval.text("requested_by")),
            Cell::maybe(approval.text("reason")),
            Cell::toned(status, tone),
            Cell::maybe(approval.text("expires_at").map(time)),
        ]);
    }
    table
}
