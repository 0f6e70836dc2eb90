//! `token …`.

use super::principal::{ROLES, ScopeArgs};
use crate::args::{PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::{Failure, Outcome};
use crate::input::{future, seconds};
use crate::output::{Cell, Facts, Table, Tone, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;
use strongroom_api::principal::{CreateRunToken, CreateToken, TokenQuery};

/// `token …`
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Issue a token; it is shown once
    Create(CreateArgs),
    /// Issue a token for one run of a workflow, by the token in use; it is shown once
    Run(RunArgs),
    /// List tokens, never their text
    List(ListArgs),
    /// End a token at once
    Revoke(RevokeArgs),
    /// Let tokens and identities of before a recovery open again
    Release(ReleaseArgs),
}

/// `token release`
#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `token create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom token create --for mia
  strongroom token create --for runner --role service --workspace client-a-shop \\
      --expires 90d
  strongroom token create --for ci --role reader --credential npm-token

Without --role the token may do what its principal may do already. With --role the
principal is made if it isn't there, and granted the role.")]
pub(crate) struct CreateArgs {
    /// Whose token it is: a principal's handle, or with --role a new one's name
    #[arg(long = "for", value_name = "PRINCIPAL")]
    pub(crate) principal: String,
    /// Grant this role too
    #[arg(long, value_name = "ROLE", value_parser = ROLES)]
    pub(crate) role: Option<String>,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// When it ends: a time, or how long from now (90d)
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `token run`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom token run --workspace client-a-shop --template orders --expires 10m

The token is served this template's secrets in this workspace, at the revision that is
admitted now, and opens nothing else. It ends with the token that it was issued by.")]
pub(crate) struct RunArgs {
    /// The workspace
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: String,
    /// The template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: String,
    /// The revision, if it must be this one
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
    /// The workflow instance
    #[arg(long, value_name = "ID")]
    pub(crate) instance: Option<String>,
    /// How long it lives: at most a day
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = seconds)]
    pub(crate) expires: u32,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `token list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this principal
    #[arg(long = "for", value_name = "PRINCIPAL")]
    pub(crate) principal: Option<String>,
    /// Also revoked ones
    #[arg(long)]
    pub(crate) revoked: bool,
    /// Also those of runs
    #[arg(long)]
    pub(crate) runs: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `token revoke`
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// The token's id (`token list`), never the token
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Does it.
pub(crate) async fn run(command: &TokenCommand, session: &Session) -> Outcome {
    match command {
        TokenCommand::Create(args) => create(args, session).await,
        TokenCommand::Run(args) => run_token(args, session).await,
        TokenCommand::List(args) => {
            let query = TokenQuery {
                principal: args.principal.clone(),
                revoked: args.revoked.then_some(true),
                runs: args.runs.then_some(true),
                ..TokenQuery::default()
            };
            let page = session
                .list(&args.page, async |limit, cursor| {
                    session
                        .client
                        .tokens(&TokenQuery {
                            limit,
                            cursor,
                            ..query.clone()
                        })
                        .await
                })
                .await?;
            session.show_list(&page, |look| table(&page).render(look, "no tokens"))
        }
        TokenCommand::Release(args) => {
            let answer = session
                .write(session.client.release_tokens(&args.write.options()))
                .await?;
            session.tell(&answer, "tokens and identities of before the recovery open again")
        }
        TokenCommand::Revoke(args) => {
            if args.id.starts_with("srt_") {
                return Err(
                    Failure::local("that is a token, not a token's id: it is in the shell's history now")
                        .hint("`strongroom token list` shows ids (tk_…); revoke this one"),
                );
            }
            let answer = session
                .write(session.client.revoke_token(&args.id, &args.write.options()))
                .await?;
            session.tell(&answer, &format!("token {} is revoked", args.id))
        }
    }
}

async fn create(args: &CreateArgs, session: &Session) -> Outcome {
    if args.role.is_none() && !args.scope.is_all() {
        return Err(Failure::local("what narrows a role was given without --role")
            .hint("say which: --role service --workspace …"));
    }
    let body = CreateToken {
        principal: Some(args.principal.clone()),
        label: args.label.clone(),
        expires_at: args
            .expires
            .as_deref()
            .map(|text| future("--expires", text, Timestamp::now()))
            .transpose()?,
        role: args.role.clone(),
        workspaces: args.scope.workspaces.clone(),
        clients: args.scope.clients.clone(),
        services: args.scope.services.clone(),
        tags: args.scope.tags.clone(),
        credentials: args.scope.credentials.clone(),
        reason: None,
    };
    let answer = session
        .write(session.client.create_token(&body, &args.write.options()))
        .await?;
    show_once(&answer, session)
}

async fn run_token(args: &RunArgs, session: &Session) -> Outcome {
    let body = CreateRunToken {
        workspace: args.workspace.clone(),
        template: args.template.clone(),
        revision: args.revision,
        instance: args.instance.clone(),
        expires_in: Some(args.expires),
        reason: None,
    };
    let answer = session
        .write(session.client.create_run_token(&body, &args.write.options()))
        .await?;
    show_once(&answer, session)
}

fn show_once(answer: &Value, session: &Session) -> Outcome {
    session.output.show(answer, |look| {
        Facts::default()
            .fact(
                "token",
                answer
                    .text("token")
                    .map_or_else(|| Cell::dim("(shown the first time only)"), Cell::from),
            )
            .maybe("for", answer.text("principal"))
            .maybe("id", answer.text("id"))
            .fact(
                "expires",
                answer.text("expires_at").map_or_else(|| "never".to_owned(), time),
            )
            .render(look)
    })?;
    session.output.talk("the token is shown once: keep it now");
    Ok(())
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["id", "for", "label", "issued", "by", "used", "expires"])
        .without_if_narrow(&["by", "issued", "label"]);
    for token in items(page) {
        let expires = match token.text("revoked_at") {
            Some(at) => Cell::toned(format!("revoked {}", time(at)), Tone::Bad),
            None => token
                .text("expires_at")
                .map_or_else(|| Cell::dim("never"), |at| time(at).into()),
        };
        table.row([
            Cell::dim(token.text("id").unwrap_or_default()),
            token.text("principal").unwrap_or_default().into(),
            Cell::maybe(token.text("label")),
            Cell::maybe(token.text("issued_at").map(time)),
            Cell::maybe(token.text("issued_by")),
            token
                .text("last_used_at")
                .map_or_else(|| Cell::dim("never"), |at| time(at).into()),
            expires,
        ]);
    }
    table
}
