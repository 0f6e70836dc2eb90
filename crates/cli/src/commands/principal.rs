//! `principal …`.

use super::plan::PlanArgs;
use crate::args::{HistoryArgs, PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::input::future;
use crate::output::{Cell, Table, Tone, joined, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;
use strongroom_api::plan::Offboard;
use strongroom_api::principal::{CreateGrant, CreatePrincipal, PrincipalQuery};
use strongroom_client::Options;

/// `principal …`
#[derive(Debug, Subcommand)]
pub(crate) enum PrincipalCommand {
    /// Make a principal; it may do nothing until it is granted something
    Create(CreateArgs),
    /// List principals
    List(ListArgs),
    /// What happened to it, the newest first, before and after
    History(HistoryArgs),
    /// End all its tokens at once
    Disable(DisableArgs),
    /// Let a principal go: its credentials' steward, tokens, grants, and itself, in one step
    Offboard(OffboardArgs),
    /// What a principal may do
    #[command(subcommand)]
    Grant(GrantCommand),
}

/// `principal offboard`
#[derive(Debug, Args)]
pub(crate) struct OffboardArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// Who answers for its credentials from then on
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) steward_to: Option<String>,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

async fn offboard(args: &OffboardArgs, session: &Session) -> Outcome {
    let send = async |dry_run, expected, options: Options| {
        let body = Offboard {
            steward_to: args.steward_to.clone(),
            dry_run,
            expected,
            reason: None,
        };
        session.client.offboard(&args.handle, &body, &options).await
    };
    super::plan::carry_out(&args.plan, &args.write, session, send).await
}

/// `principal create`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom principal create \"Mia\"
  strongroom principal create \"n8n runner\" --kind service")]
pub(crate) struct CreateArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// A human being or a program
    #[arg(long, value_name = "KIND", default_value = "person", value_parser = ["person", "service"])]
    pub(crate) kind: String,
    /// The handle that references use; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also disabled ones
    #[arg(long)]
    pub(crate) disabled: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `principal disable`
#[derive(Debug, Args)]
pub(crate) struct DisableArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal grant …`
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Grant a role
    Add(AddArgs),
    /// Take a grant back
    Withdraw(WithdrawArgs),
    /// List a principal's grants
    List(GrantListArgs),
}

/// The roles, for people.
pub(crate) const ROLES: [&str; 8] = [
    "viewer", "member", "editor", "service", "reader", "auditor", "admin", "owner",
];

/// What a role is narrowed to. Sorts narrow each other, several of one sort widen.
#[derive(Debug, Default, Args)]
pub(crate) struct ScopeArgs {
    /// Only in this workspace. Where nothing narrows it, a role holds for the whole ledger
    #[arg(long = "workspace", value_name = "WORKSPACE")]
    pub(crate) workspaces: Vec<String>,
    /// Only what belongs to this client
    #[arg(long = "client", value_name = "CLIENT")]
    pub(crate) clients: Vec<String>,
    /// Only credentials for this service
    #[arg(long = "service", value_name = "SERVICE")]
    pub(crate) services: Vec<String>,
    /// Only credentials with this tag (NAME=VALUE)
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Only this credential
    #[arg(long = "credential", value_name = "CREDENTIAL")]
    pub(crate) credentials: Vec<String>,
}

impl ScopeArgs {
    /// Whether nothing narrows the role.
    pub(crate) fn is_all(&self) -> bool {
        let named = [
            &self.workspaces,
            &self.clients,
            &self.services,
            &self.tags,
            &self.credentials,
        ];
        named.iter().all(|names| names.is_empty())
    }
}

/// `principal grant add`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom principal grant add mia editor
  strongroom principal grant add runner service --workspace client-a-shop --until 365d
  strongroom principal grant add client-a viewer --client client-a
  strongroom principal grant add ci reader --credential npm-token

Roles: viewer (see; a client's also withdraws its own) · member (and use, map) ·
editor (and create, edit, withdraw, organise, design) · service (resolve) · reader
(read values by id) · auditor (history, proofs) · admin (share, principals, grants,
keys) · owner (all)")]
pub(crate) struct AddArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// The role
    #[arg(value_parser = ROLES)]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
    /// Refuse these rights instead, whatever else grants them
    #[arg(long)]
    pub(crate) deny: bool,
    /// When it begins: a time, or how long from now
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// When it ends: a time, or how long from now
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal grant withdraw`
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// The grant's id (`principal grant list`)
    pub(crate) grant: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `principal grant list`
#[derive(Debug, Args)]
pub(crate) struct GrantListArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// Does it.
pub(crate) async fn run(command: &PrincipalCommand, session: &Session) -> Outcome {
    match command {
        PrincipalCommand::Create(args) => {
            let body = CreatePrincipal {
                name: args.name.clone(),
                kind: Some(args.kind.clone()),
                handle: args.handle.clone(),
                grants: Vec::new(),
                reason: None,
            };
            let answer = session
                .write(session.client.create_principal(&body, &args.write.options()))
                .await?;
            let handle = answer.text("handle").unwrap_or_default();
            session.tell(&answer, &format!("principal `{handle}` made"))?;
            session.output.talk(format!(
                "it may do nothing yet: strongroom principal grant add {handle} ROLE"
            ));
            Ok(())
        }
        PrincipalCommand::History(args) => super::audit::history_of("principal", args, session).await,
        PrincipalCommand::List(args) => {
            let disabled = args.disabled.then_some(true);
            let page = session
                .list(&args.page, async |limit, cursor| {
                    session
                        .client
                        .principals(&PrincipalQuery {
                            q: None,
                            disabled,
                            limit,
                            cursor,
                        })
                        .await
                })
                .await?;
            session.show_list(&page, |look| table(&page).render(look, "no principals"))
        }
        PrincipalCommand::Offboard(args) => offboard(args, session).await,
        PrincipalCommand::Disable(args) => {
            let answer = session
                .write(session.client.disable_principal(&args.handle, &args.write.options()))
                .await?;
            session.tell(
                &answer,
                &format!("principal `{}` is disabled: its tokens are refused", args.handle),
            )
        }
        PrincipalCommand::Grant(command) => grant(command, session).await,
    }
}

/// Does what is asked of grants.
pub(crate) async fn grant(command: &GrantCommand, session: &Session) -> Outcome {
    match command {
        GrantCommand::Add(args) => {
            let now = Timestamp::now();
            let body = CreateGrant {
                role: args.role.clone(),
                all: args.scope.is_all(),
                workspaces: args.scope.workspaces.clone(),
                clients: args.scope.clients.clone(),
                services: args.scope.services.clone(),
                tags: args.scope.tags.clone(),
                credentials: args.scope.credentials.clone(),
                effect: args.deny.then(|| "deny".to_owned()),
                from: args
                    .from
                    .as_deref()
                    .map(|text| future("--from", text, now))
                    .transpose()?,
                until: args
                    .until
                    .as_deref()
                    .map(|text| future("--until", text, now))
                    .transpose()?,
                reason: None,
            };
            let answer = session
                .write(session.client.create_grant(&args.handle, &body, &args.write.options()))
                .await?;
            let place = place(&serde_json::to_value(&body).unwrap_or_default());
            let verb = if args.deny { "is denied" } else { "is" };
            session.tell(&answer, &format!("`{}` {verb} {} of {place}", args.handle, args.role))
        }
        GrantCommand::Withdraw(args) => {
            let options = args.write.options();
            let answer = session
                .write(session.client.withdraw_grant(&args.handle, &args.grant, &options))
                .await?;
            session.tell(&answer, &format!("grant withdrawn from `{}`", args.handle))
        }
        GrantCommand::List(args) => {
            let page = session.read(session.client.grants(&args.handle)).await?;
            session.show_list(&page, |look| {
                grants(items(&page)).render(look, "no grants: it may do nothing")
            })
        }
    }
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["handle", "name", "kind", "roles", "state"]);
    for principal in items(page) {
        let roles = principal
            .list("grants")
            .iter()
            .filter(|grant| grant.text("withdrawn_at").is_none())
            .map(role);
        table.row([
            principal.text("handle").unwrap_or_default().into(),
            principal.text("name").unwrap_or_default().into(),
            principal.text("kind").unwrap_or_default().into(),
            joined(roles).into(),
            Cell::status(if principal.is("disabled") { "disabled" } else { "active" }),
        ]);
    }
    table
}

/// A grant in a few words: `service (client-a-shop)`, `not viewer`, `service (5 workspaces)`.
fn role(grant: &Value) -> String {
    let role = grant.text("role").unwrap_or_default();
    let not = if grant.text("effect") == Some("deny") {
        "not "
    } else {
        ""
    };
    if grant.is("all") {
        return format!("{not}{role}");
    }
    let few = |(sort, one): &(&str, &str)| match grant.texts(sort).len() {
        0 => None,
        1 | 2 => Some(joined(grant.texts(sort))),
        many => Some(format!("{many} {one}s")),
    };
    format!(
        "{not}{role} ({})",
        SORTS.iter().filter_map(few).collect::<Vec<_>>().join("; ")
    )
}

/// What a grant may be narrowed to, and what one of it is called.
const SORTS: [(&str, &str); 5] = [
    ("workspaces", "workspace"),
    ("clients", "client"),
    ("services", "service"),
    ("tags", "tag"),
    ("credentials", "credential"),
];

/// Where a grant holds, in words: `client-a`, `client-a; service shopify`.
fn place(grant: &Value) -> String {
    if grant.is("all") {
        return "the whole ledger".to_owned();
    }
    let named = |(sort, one): &(&str, &str)| {
        let names = grant.texts(sort);
        let what = if *sort == "workspaces" { "" } else { *one };
        (!names.is_empty()).then(|| format!("{what} {}", joined(names)).trim().to_owned())
    };
    SORTS.iter().filter_map(named).collect::<Vec<_>>().join("; ")
}

/// Grants, one a line.
pub(crate) fn grants(grants: &[Value]) -> Table {
    let mut table = Table::new(&["grant", "role", "on", "effect", "from", "until", "given by"])
        .without_if_narrow(&["given by", "from"]);
    for grant in grants {
        let until = match grant.text("withdrawn_at") {
            Some(at) => Cell::toned(format!("withdrawn {}", time(at)), Tone::Bad),
            None => Cell::maybe(grant.text("until").map(time)),
        };
        table.row([
            Cell::dim(grant.text("id").unwrap_or_default()),
            grant.text("role").unwrap_or_default().into(),
            place(grant).into(),
            Cell::status(grant.text("effect").unwrap_or("allow")),
            Cell::maybe(grant.text("from").map(time)),
            until,
            Cell::maybe(grant.text("granted_by")),
        ]);
    }
    table
}
