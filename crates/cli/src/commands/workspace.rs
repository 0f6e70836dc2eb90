//! `workspace …`.

use super::plan::PlanArgs;
use crate::args::{HistoryArgs, PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::output::{Cell, Facts, Table, Tone, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use strongroom_api::plan::CopyWorkspace;
use strongroom_api::workspace::{CreateWorkspace, UpdateWorkspace, WorkspaceQuery};
use strongroom_client::Options;

/// `workspace …`
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Make a workspace
    Create(CreateArgs),
    /// List workspaces
    List(ListArgs),
    /// Show one with what runs in it
    Get(GetArgs),
    /// What happened to it, the newest first, before and after
    History(HistoryArgs),
    /// Change name, description or environment
    Update(UpdateArgs),
    /// What another workspace lacks of what runs here; --copy takes it over
    Compare(CompareArgs),
    /// Put it away: hidden from lists, nothing is resolved in it
    Archive(ArchiveArgs),
}

/// `workspace create`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom workspace create \"Client A – shop\" --client client-a --environment prod")]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// The client it belongs to
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Its environment: dev, prod, …
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    /// The handle that references use; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `workspace list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this client
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Only of this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    /// Also archived ones
    #[arg(long)]
    pub(crate) archived: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `workspace get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `workspace update`
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
    /// Another environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `workspace archive`
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `workspace compare`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom workspace compare acme-dev acme-prod --copy

Without --copy nothing is changed: what stands in both, and what only in one, is shown.")]
pub(crate) struct CompareArgs {
    /// What is to be taken over
    pub(crate) from: String,
    /// What it is compared to
    pub(crate) to: String,
    /// Take over revisions and mappings, in one step
    #[arg(long)]
    pub(crate) copy: bool,
    /// Also where another credential is mapped there
    #[arg(long)]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

async fn compare(args: &CompareArgs, session: &Session) -> Outcome {
    if !args.copy {
        let comparison = session.client.compare_workspaces(&args.from, &args.to);
        let comparison = session.read(comparison).await?;
        session.output.show(&comparison, |look| {
            side_by_side(&comparison).render(look, "nothing runs in either")
        })?;
        let differs = |it: &Value| matches!(it.text("how"), Some("only_from" | "other"));
        if comparison.list("items").iter().any(differs) {
            session
                .output
                .talk("--copy --dry-run says what would be taken over, --copy takes it over");
        }
        return Ok(());
    }
    let send = async |dry_run, expected, options: Options| {
        let body = CopyWorkspace {
            overwrite: args.overwrite,
            dry_run,
            expected,
            reason: None,
        };
        session
            .client
            .copy_workspace(&args.from, &args.to, &body, &options)
            .await
    };
    super::plan::carry_out(&args.plan, &args.write, session, send).await
}

/// What stands in both, what only in one.
fn side_by_side(comparison: &Value) -> Table {
    let of = |name: &str| comparison.text(name).unwrap_or_default().to_owned();
    let (from, to) = (of("from"), of("to"));
    let mut table = Table::new(&["template", "variable", "how", "in the first", "in the second"]);
    for item in comparison.list("items") {
        let side = |name: &str| {
            let side = item.get(name)?;
            if let Some(revision) = side.number("revision") {
                return Some(format!("revision {revision}"));
            }
            let credential = side.text("credential").unwrap_or("hidden");
            match side.text("step") {
                Some(step @ ("workspace_default" | "ledger_default")) => {
                    Some(format!("{credential} ({})", step.replace('_', " ")))
                }
                _ => Some(credential.to_owned()),
            }
        };
        let variable = item.text("variable").unwrap_or_default();
        let variable = match item.text("instance") {
            Some(instance) => format!("{variable} (instance {instance})"),
            None => variable.to_owned(),
        };
        let how = match item.text("how").unwrap_or_default() {
            "only_from" => format!("only in {from}"),
            "only_to" => format!("only in {to}"),
            how => how.to_owned(),
        };
        table.row([
            item.text("template").unwrap_or_default().into(),
            variable.into(),
            how.into(),
            Cell::maybe(side("from")),
            Cell::maybe(side("to")),
        ]);
    }
    table
}

/// Does it.
pub(crate) async fn run(command: &WorkspaceCommand, session: &Session) -> Outcome {
    match command {
        WorkspaceCommand::Create(args) => {
            let body = CreateWorkspace {
                name: args.name.clone(),
                client: args.client.clone(),
                environment: args.environment.clone(),
                handle: args.handle.clone(),
                description: args.description.clone(),
                reason: None,
            };
            let answer = session
                .write(session.client.create_workspace(&body, &args.write.options()))
                .await?;
            session.tell(
                &answer,
                &format!("workspace `{}` made", answer.text("handle").unwrap_or_default()),
            )
        }
        WorkspaceCommand::Compare(args) => compare(args, session).await,
        WorkspaceCommand::List(args) => {
            let query = WorkspaceQuery {
                client: args.client.clone(),
                environment: args.environment.clone(),
                archived: args.archived.then_some(true),
                ..WorkspaceQuery::default()
            };
            let page = session
                .list(&args.page, async |limit, cursor| {
                    session
                        .client
                        .workspaces(&WorkspaceQuery {
                            limit,
                            cursor,
                            ..query.clone()
                        })
                        .await
                })
                .await?;
            session.show_list(&page, |look| {
                table(&page).render(look, "no workspaces: `strongroom workspace create NAME`")
            })
        }
        WorkspaceCommand::History(args) => super::audit::history_of("workspace", args, session).await,
        WorkspaceCommand::Get(args) => get(args, session).await,
        WorkspaceCommand::Update(args) => {
            let body = UpdateWorkspace {
                name: args.name.clone(),
                description: args.description.clone(),
                environment: args.environment.clone(),
                reason: None,
            };
            let answer = session
                .write(
                    session
                        .client
                        .update_workspace(&args.handle, &body, &args.write.options()),
                )
                .await?;
            session.tell(&answer, &format!("workspace `{}` changed", args.handle))
        }
        WorkspaceCommand::Archive(args) => {
            let answer = session
                .write(session.client.archive_workspace(&args.handle, &args.write.options()))
                .await?;
            session.tell(&answer, &format!("workspace `{}` archived", args.handle))
        }
    }
}

/// Shows a workspace with what runs in it; for programs one document with the defaults that hold in it.
async fn get(args: &GetArgs, session: &Session) -> Outcome {
    let mut workspace = session.read(session.client.workspace(&args.handle)).await?;
    let mappings = session.read(session.client.mappings(&args.handle)).await?;
    if let Some(members) = workspace.as_object_mut() {
        members.insert("templates".to_owned(), Value::from(items(&mappings)));
        members.insert("defaults".to_owned(), Value::from(mappings.list("defaults")));
    }
    session.output.show(&workspace, |look| {
        let templates = workspace.list("templates");
        let mut parts = vec![
            facts(&workspace).render(look),
            installed(templates).render(look, "no template runs here yet: `strongroom setup WORKSPACE TEMPLATE`"),
        ];
        if templates.iter().any(|template| !template.list("mappings").is_empty()) {
            parts.push(mapped(templates).render(look, ""));
        }
        if !workspace.list("defaults").is_empty() {
            parts.push(super::default::table(workspace.list("defaults")).render(look, ""));
        }
        parts.join("\n\n")
    })
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["handle", "name", "client", "environment", "state"]);
    for workspace in items(page) {
        table.row([
            workspace.text("handle").unwrap_or_default().into(),
            workspace.text("name").unwrap_or_default().into(),
            Cell::maybe(workspace.text("client")),
            Cell::maybe(workspace.text("environment")),
            state(workspace),
        ]);
    }
    table
}

fn facts(workspace: &Value) -> Facts {
    Facts::default()
        .maybe("handle", workspace.text("handle"))
        .maybe("name", workspace.text("name"))
        .maybe("client", workspace.text("client"))
        .maybe("environment", workspace.text("environment"))
        .maybe("description", workspace.text("description"))
        .fact("state", state(workspace))
        .maybe("id", workspace.text("id"))
        .maybe("made", workspace.text("created_at").map(time))
        .maybe("changed", workspace.text("updated_at").map(time))
}

fn installed(templates: &[Value]) -> Table {
    let mut table = Table::new(&["template", "revision", "newest", "admitted", "by"]);
    for template in templates {
        let revision = template.number("revision");
        let newest = template.number("newest_revision");
        let behind = revision.is_some() && revision != newest;
        table.row([
            template.text("template").unwrap_or_default().into(),
            template
                .shown("revision")
                .map_or_else(|| Cell::toned("not admitted", Tone::Warn), Cell::from),
            Cell::toned(
                template.shown("newest_revision").unwrap_or_default(),
                if behind { Tone::Warn } else { Tone::Plain },
            ),
            Cell::maybe(template.text("admitted_at").map(time)),
            Cell::maybe(template.text("admitted_by")),
        ]);
    }
    table
}

fn mapped(templates: &[Value]) -> Table {
    let mut table = Table::new(&["template", "variable", "instance", "credential", "mapped", "by"])
        .without_if_narrow(&["by", "mapped"]);
    for template in templates {
        for mapping in template.list("mappings") {
            table.row([
                template.text("template").unwrap_or_default().into(),
                mapping.text("variable").unwrap_or_default().into(),
                Cell::maybe(mapping.text("instance")),
                mapping
                    .text("credential")
                    .map_or_else(|| Cell::dim("(not yours to see)"), Cell::from),
                Cell::maybe(mapping.text("mapped_at").map(time)),
                Cell::maybe(mapping.text("mapped_by")),
            ]);
        }
    }
    table
}

fn state(workspace: &Value) -> Cell {
    Cell::status(if workspace.is("archived") { "archived" } else { "active" })
}
