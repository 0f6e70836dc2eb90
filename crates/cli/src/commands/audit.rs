//! `audit …`.

use crate::args::PageArgs;
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::input::bound;
use crate::output::{Cell, Facts, Look, Table, Tone, clean, joined, time};
use crate::session::Session;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;
use strongroom_api::audit::EventQuery;

/// `audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// The events, newest first
    Log(LogArgs),
    /// One event with everything that is known of it
    Show(ShowArgs),
    /// The key that checkpoints are verified with
    Key,
}

/// `audit log`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit log --credential shopify-client-a
  strongroom audit log --type credential.revealed --since -7d
  strongroom audit log --actor mia --since 2026-11-01 --until 2026-12-01 --limit 500")]
pub(crate) struct LogArgs {
    /// Only what concerns this credential
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) credential: Option<String>,
    /// Only what concerns this workspace
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// Only what concerns this template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// Only what this principal did
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) actor: Option<String>,
    /// Only events of this type (credential.rotated); may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// From here on: a time, a date, how long ago (-2h), or a position
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Up to here, exclusive: the same
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) until: Option<String>,
    /// The oldest first
    #[arg(long)]
    pub(crate) oldest_first: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Go on after an earlier page: its `next`
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

/// `audit show`
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The event's position in the log
    pub(crate) position: u64,
}

/// Does it.
pub(crate) async fn run(command: &AuditCommand, session: &Session) -> Outcome {
    match command {
        AuditCommand::Log(args) => log(args, session).await,
        AuditCommand::Show(args) => {
            let event = session.read(session.client.event(args.position)).await?;
            session.output.show(&event, |look| one(&event, look))
        }
        AuditCommand::Key => {
            let key = session.read(session.client.verifier_key()).await?;
            session
                .output
                .show(&key, |_| clean(key.text("key").unwrap_or_default()))
        }
    }
}

async fn log(args: &LogArgs, session: &Session) -> Outcome {
    let now = Timestamp::now();
    let query = EventQuery {
        credential: args.credential.clone(),
        workspace: args.workspace.clone(),
        template: args.template.clone(),
        actor: args.actor.clone(),
        type_: (!args.types.is_empty()).then(|| args.types.join(",")),
        since: args
            .since
            .as_deref()
            .map(|text| bound("--since", text, now))
            .transpose()?,
        until: args
            .until
            .as_deref()
            .map(|text| bound("--until", text, now))
            .transpose()?,
        order: args.oldest_first.then(|| "oldest".to_owned()),
        ..EventQuery::default()
    };
    let page = PageArgs {
        limit: Some(args.limit),
        cursor: args.cursor.clone(),
    };
    let page = session
        .list(&page, async |limit, cursor| {
            session
                .client
                .events(&EventQuery {
                    limit,
                    cursor,
                    ..query.clone()
                })
                .await
        })
        .await?;
    session.show_list(&page, |look| table(&page).render(look, "no events"))
}

/// Events, one a line.
pub(crate) fn table(page: &Value) -> Table {
    let mut table =
        Table::new(&["position", "when", "type", "subject", "actor", "reason"]).without_if_narrow(&["reason"]);
    for event in items(page) {
        table.row([
            Cell::maybe(event.shown("position")),
            event.text("recorded_at").map(time).unwrap_or_default().into(),
            event.text("type").unwrap_or_default().into(),
            Cell::maybe(subject(event)),
            event.text("actor").unwrap_or_default().into(),
            Cell::dim(event.text("reason").unwrap_or_default()),
        ]);
    }
    table
}

/// What an event is about: of a serving the template and where it ran, else the thing that it happened to, else all that it
/// concerns but services and who acted.
fn subject(event: &Value) -> Option<String> {
    let subjects = event.list("subjects");
    let named = |subject: &'_ Value| subject.text("handle").or_else(|| subject.text("id")).map(str::to_owned);
    let of = |kind: &str| {
        subjects
            .iter()
            .find(|subject| subject.text("kind") == Some(kind))
            .and_then(named)
    };
    let stream = event
        .text("stream")
        .and_then(|stream| stream.split('/').next())
        .unwrap_or_default();
    match (stream, of("template"), of("workspace")) {
        ("access" | "workspace", Some(template), Some(workspace)) => return Some(format!("{template} in {workspace}")),
        ("access", ..) => return of("credential"),
        _ => {}
    }
    of(stream).or_else(|| {
        let others = subjects
            .iter()
            .filter(|subject| subject.text("kind") != Some("service") && subject.text("id") != event.text("actor_id"));
        let names: Vec<String> = others.filter_map(named).collect();
        (!names.is_empty()).then(|| joined(names))
    })
}

/// One event with all that is known of it: who and why, what, and what the record commits to.
fn one(event: &Value, look: &Look) -> String {
    const FIRST: [&str; 16] = [
        "position",
        "recorded_at",
        "type",
        "actor",
        "actor_id",
        "on_behalf_of",
        "token",
        "grant",
        "reason",
        "correlation",
        "causation",
        "request_id",
        "source",
        "user_agent",
        "stream",
        "stream_version",
    ];
    let mut facts = Facts::default();
    for name in FIRST {
        facts = facts.maybe(name, event.shown(name));
    }
    for subject in event.list("subjects") {
        let about = ["kind", "handle", "id"]
            .iter()
            .filter_map(|name| subject.text(name))
            .collect::<Vec<_>>()
            .join(" ");
        facts = facts.fact("about", about);
    }
    let mut parts = vec![facts.render(look)];
    if let Some(data) = event.get("data").filter(|data| !data.is_null()) {
        parts.push(tree("data", data, look));
    }
    for (name, value) in event.as_object().into_iter().flatten() {
        if !FIRST.contains(&name.as_str()) && name != "data" && name != "subjects" {
            parts.push(tree(name, value, look));
        }
    }
    parts.join("\n\n")
}

/// A structure as indented lines.
fn tree(name: &str, value: &Value, look: &Look) -> String {
    let mut text = look.paint(&clean(name), Tone::Head);
    let json = serde_json::to_string_pretty(value).unwrap_or_default();
    match value {
        Value::Object(_) | Value::Array(_) => {
            for line in json.lines() {
                text.push_str(&format!("\n  {}", clean(line)));
            }
        }
        _ => text.push_str(&format!("  {}", clean(value.as_str().unwrap_or(&json)))),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Value {
        json!({
            "position": 42, "recorded_at": "2026-11-23T14:05:09.123456Z", "type": "credential.rotated", "actor": "mia",
            "actor_id": "pr_00", "subjects": [{"kind": "credential", "id": "cr_00", "handle": "shopify-client-a"}], "reason": "quarterly", "request_id": "r1",
            "data": {"version": 2, "changed": ["token"]}, "schema": 1,
        })
    }

    #[test]
    fn a_log_is_a_line_for_each_event() {
        insta::assert_snapshot!(table(&json!({"items": [event()]})).render(&Look::new(false, None), ""));
    }

    #[test]
    fn a_serving_is_about_what_ran_where() {
        let subjects = json!([
            {"kind": "credential", "handle": "openai"}, {"kind": "workspace", "handle": "shop-a"},
            {"kind": "template", "handle": "order-sync"}, {"kind": "principal", "id": "pr_1", "handle": "runner"},
        ]);
        let about =
            |stream: &str| subject(&json!({"stream": stream, "subjects": subjects, "actor_id": "pr_1"})).unwrap();
        assert_eq!(about("access/00"), "order-sync in shop-a");
        assert_eq!(about("credential/00"), "openai");
        assert_eq!(about("default/00"), "openai, shop-a, order-sync");
        assert_eq!(subject(&json!({"stream": "ledger/00"})), None);
    }

    #[test]
    fn an_event_is_shown_whole() {
        insta::assert_snapshot!(one(&event(), &Look::new(false, None)));
    }
}
