//! `freeze`, `freezes`, `unfreeze`: what is stopped in an incident.

use crate::args::{PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::{Failure, Outcome};
use crate::output::{Cell, Table, Tone, time};
use crate::session::Session;
use clap::Args;
use serde_json::Value;
use strongroom_api::incident::{CreateFreeze, FreezeQuery};

/// `freeze`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom freeze --scope credential openai --stop serving --reason \"key in a public log\"
  strongroom freeze --scope client acme --reason \"acme's laptop was stolen\"
  strongroom freeze --scope all --stop writes --reason \"looking at what happened\"
  strongroom freeze --scope client acme --scope service stripe --stop serving --reason \"incident 12\"

At once, until `strongroom unfreeze`. What takes away goes on: revoke, disable, unshare, withdraw,
ending tokens and principals. Sorts that are named narrow each other, several of one sort widen.")]
pub(crate) struct FreezeArgs {
    /// Where: `all`, or `credential H`, `workspace W`, `client C`, `service S`, `tag NAME=VALUE`
    #[arg(long, num_args = 1..=2, value_names = ["WHAT", "NAME"], required = true)]
    pub(crate) scope: Vec<String>,
    /// What is stopped; both where it is left out
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = ["writes", "serving"])]
    pub(crate) stop: Vec<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `unfreeze`
#[derive(Debug, Args)]
pub(crate) struct UnfreezeArgs {
    /// The freeze's id
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `freezes`
#[derive(Debug, Args)]
pub(crate) struct FreezesArgs {
    /// Also those that were lifted
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// Stops it.
pub(crate) async fn freeze(args: &FreezeArgs, session: &Session) -> Outcome {
    let wished = wished(args)?;
    let options = args.write.options();
    let answer = session.write(session.client.freeze(&wished, &options)).await?;
    let freeze = answer.get("freeze").unwrap_or(&Value::Null);
    let said = format!(
        "frozen: {} of {}; `strongroom unfreeze {}` ends it",
        freeze.texts("stops").join(" and "),
        scope(freeze),
        freeze.text("id").unwrap_or_default(),
    );
    session.tell(&answer, &said)
}

/// Lets it go on.
pub(crate) async fn unfreeze(args: &UnfreezeArgs, session: &Session) -> Outcome {
    let options = args.write.options();
    let answer = session.write(session.client.unfreeze(&args.id, &options)).await?;
    let freeze = answer.get("freeze").unwrap_or(&Value::Null);
    session.tell(
        &answer,
        &format!("goes on: {} of {}", freeze.texts("stops").join(" and "), scope(freeze)),
    )
}

/// Lists what is stopped.
pub(crate) async fn list(args: &FreezesArgs, session: &Session) -> Outcome {
    let page = session
        .list(&args.page, async |limit, cursor| {
            let query = FreezeQuery {
                all: args.all.then_some(true),
                limit,
                cursor,
            };
            session.client.freezes(&query).await
        })
        .await?;
    session.show_list(&page, |look| table(&page).render(look, "nothing is frozen"))
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["ID", "STOPS", "SCOPE", "SINCE", "BY", "REASON", "LIFTED"]);
    for it in items(page) {
        let stops = it.texts("stops").join(", ");
        let holds = it.text("lifted_at").is_none();
        table.row([
            Cell::from(it.text("id").unwrap_or_default()),
            if holds {
                Cell::toned(stops, Tone::Bad)
            } else {
                Cell::dim(stops)
            },
            Cell::from(scope(it)),
            Cell::from(it.text("since").map(time).unwrap_or_default()),
            Cell::from(it.text("frozen_by").unwrap_or_default()),
            Cell::from(it.text("reason").unwrap_or_default()),
            Cell::from(it.text("lifted_at").map(time).unwrap_or_default()),
        ]);
    }
    table
}

/// `client acme, service stripe`
fn scope(freeze: &Value) -> String {
    if freeze.get("all").and_then(Value::as_bool) == Some(true) {
        return "the whole ledger".to_owned();
    }
    let sorts = [
        ("workspace", "workspaces"),
        ("client", "clients"),
        ("service", "services"),
        ("tag", "tags"),
        ("credential", "credentials"),
    ];
    let named = sorts.iter().filter_map(|(one, many)| {
        let names = freeze.texts(many);
        (!names.is_empty()).then(|| format!("{one} {}", names.join(" or ")))
    });
    named.collect::<Vec<_>>().join(", ")
}

fn wished(args: &FreezeArgs) -> Outcome<CreateFreeze> {
    let mut wished = CreateFreeze {
        stops: args.stop.clone(),
        ..CreateFreeze::default()
    };
    let mut words = args.scope.iter();
    while let Some(what) = words.next() {
        if what == "all" {
            wished.all = true;
            continue;
        }
        let named = match what.as_str() {
            "credential" => &mut wished.credentials,
            "workspace" => &mut wished.workspaces,
            "client" => &mut wished.clients,
            "service" => &mut wished.services,
            "tag" => &mut wished.tags,
            _ => {
                return Err(
                    Failure::local(format!("--scope `{what}` is nothing that can be frozen"))
                        .hint("all, credential H, workspace W, client C, service S, tag NAME=VALUE"),
                );
            }
        };
        let Some(name) = words.next() else {
            return Err(Failure::local(format!("--scope {what} names none")).hint(format!("--scope {what} NAME")));
        };
        named.push(name.clone());
    }
    Ok(wished)
}
