//! `audit …`.

mod export; // the log for other programs
mod leaks; // values that may have leaked
pub(crate) mod report; // what is asked each quarter
mod questions; // why, who could, what it reaches, what differs
mod words; // a filter as the shell gives it

pub(crate) use questions::{came_out, hygiene, to_rotate};
pub(crate) use words::shielded;

use crate::args::{HistoryArgs, PageArgs};
use crate::commands::credential::WhatIfArgs;
use crate::doc::{Doc, items};
use crate::failure::{Failure, Outcome};
use crate::input::bound;
use crate::output::{Cell, Facts, Look, Table, Tone, clean, joined, time};
use crate::session::{Session, failure};
use clap::{Args, Subcommand};
use export::ExportArgs;
use jiff::Timestamp;
use leaks::LeakArgs;
use questions::{AccessArgs, DiffArgs, ExplainArgs, ImpactArgs};
use report::ReportArgs;
use serde_json::Value;
use strongroom_api::Page;
use strongroom_api::audit::EventQuery;
use words::filter_text;

/// `audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// The events, newest first
    Log(Box<LogArgs>),
    /// One event with everything that is known of it
    Show(ShowArgs),
    /// Why something was allowed or denied: the grants in force then, the one that decided, who gave it
    Explain(ExplainArgs),
    /// Who could come by a credential's values, who did, and who could and never did
    Access(AccessArgs),
    /// What something that leaked reaches and reached, and what to rotate first
    Impact(ImpactArgs),
    /// What would break if a credential were disabled, revoked or shared less
    WhatIf(WhatIfArgs),
    /// What differs between two moments
    Diff(DiffArgs),
    /// Whether a value is, or was, a secret field of any credential
    LeakSearch(LeakArgs),
    /// Write the events for another program, with the size and root of the log at the end
    Export(Box<ExportArgs>),
    /// What is asked each quarter: access review, rotation, offboarding, evidence for SOC 2 and ISO 27001
    Report(ReportArgs),
    /// The key that checkpoints are verified with
    Key,
}

/// `audit log`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit log type:credential.rotated actor:maria since:2026-11-01 -workspace:sandbox
  strongroom audit log --credential shopify-client-a
  strongroom audit log --type credential,access.revealed --since 7d
  strongroom audit log 'outcome:denied source:192.0.2.0/24 \"lost laptop\"' --explain

A FILTER is key:word, or a word that is looked for in reasons. All must hold; commas separate
alternatives, a minus in front says no, quotes hold spaces together. The keys are the flags
below, and since and until. docs/audit.md has them all.")]
pub(crate) struct LogArgs {
    /// What to look for: key:word[,word], -key:word, \"text in a reason\"
    #[arg(value_name = "FILTER")]
    pub(crate) filters: Vec<String>,
    #[command(flatten)]
    pub(crate) flags: FilterFlags,
    /// The oldest first
    #[arg(long)]
    pub(crate) oldest_first: bool,
    /// Go on with what is recorded from now on, or from --since on, until Ctrl-C
    #[arg(long, conflicts_with_all = ["oldest_first", "explain", "limit", "cursor"])]
    pub(crate) follow: bool,
    /// Only say how the events would be looked for
    #[arg(long)]
    pub(crate) explain: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Go on after an earlier page: its `next`
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
}

/// The filters of the log as flags. Each may be repeated, and takes alternatives separated by commas.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct FilterFlags {
    /// Only what concerns this credential
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) credential: Vec<String>,
    /// Only what concerns this client, its credentials or its workspaces
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Vec<String>,
    /// Only what concerns this service, or credentials of it
    #[arg(long, value_name = "SERVICE")]
    pub(crate) service: Vec<String>,
    /// Only what concerns credentials of this kind
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Vec<String>,
    /// Only what concerns this workspace
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Vec<String>,
    /// Only what concerns workspaces of this environment
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(crate) environment: Vec<String>,
    /// Only what concerns this template
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Vec<String>,
    /// Only mappings, servings and declarations of this variable
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) variable: Vec<String>,
    /// Only what concerns this principal
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) principal: Vec<String>,
    /// Only what this principal did, or what was done for it
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) actor: Vec<String>,
    /// Only what was done for this principal
    #[arg(long = "for", value_name = "PRINCIPAL")]
    pub(crate) behalf: Vec<String>,
    /// Only what this grant allowed, or what was done to it
    #[arg(long, value_name = "ID")]
    pub(crate) grant: Vec<String>,
    /// Only what was done by this token, or to it
    #[arg(long, value_name = "ID")]
    pub(crate) token: Vec<String>,
    /// Only events of this type (credential.rotated), or of a category (credential)
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Only what ended so: ok, denied, refused
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Vec<String>,
    /// Only requests from this address or network (192.0.2.0/24)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) source: Vec<String>,
    /// Only what belongs to this piece of work
    #[arg(long, value_name = "ID")]
    pub(crate) correlation: Vec<String>,
    /// Only what belongs to this incident
    #[arg(long, value_name = "HANDLE")]
    pub(crate) incident: Vec<String>,
    /// Only what this request did
    #[arg(long, value_name = "ID")]
    pub(crate) request: Vec<String>,
    /// Only what has this text in its reason
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Vec<String>,
    /// Only these positions: 1200, 1000..2000
    #[arg(long, value_name = "RANGE")]
    pub(crate) position: Vec<String>,
    /// From here on: a time, a date, how long ago (2h), or a position
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    /// Up to here, exclusive: the same
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) until: Option<String>,
}

impl FilterFlags {
    /// The query, with the words of the filter language beside the flags.
    fn query(&self, words: &[String]) -> Outcome<EventQuery> {
        let now = Timestamp::now();
        let when =
            |option: &str, text: &Option<String>| text.as_deref().map(|text| bound(option, text, now)).transpose();
        let any = |words: &Vec<String>| (!words.is_empty()).then(|| words.join(","));
        Ok(EventQuery {
            q: filter_text(words),
            credential: any(&self.credential),
            client: any(&self.client),
            service: any(&self.service),
            kind: any(&self.kind),
            workspace: any(&self.workspace),
            environment: any(&self.environment),
            template: any(&self.template),
            variable: any(&self.variable),
            principal: any(&self.principal),
            actor: any(&self.actor),
            for_: any(&self.behalf),
            grant: any(&self.grant),
            token: any(&self.token),
            type_: any(&self.types),
            outcome: any(&self.outcome),
            source: any(&self.source),
            correlation: any(&self.correlation),
            incident: any(&self.incident),
            request: any(&self.request),
            reason: any(&self.reason),
            position: any(&self.position),
            since: when("--since", &self.since)?,
            until: when("--until", &self.until)?,
            ..EventQuery::default()
        })
    }
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
        AuditCommand::Explain(args) => questions::explain(args, session).await,
        AuditCommand::Access(args) => questions::access(args, session).await,
        AuditCommand::Impact(args) => questions::impact(args, session).await,
        AuditCommand::WhatIf(args) => super::credential::would_follow(args, session).await,
        AuditCommand::Diff(args) => questions::diff(args, session).await,
        AuditCommand::Export(args) => export::run(args, session).await,
        AuditCommand::Report(args) => report::run(args, session).await,
        AuditCommand::LeakSearch(args) => leaks::leak_search(args, session).await,
        AuditCommand::Key => {
            let key = session.read(session.client.verifier_key()).await?;
            session
                .output
                .show(&key, |_| clean(key.text("key").unwrap_or_default()))
        }
    }
}

async fn log(args: &LogArgs, session: &Session) -> Outcome {
    let query = EventQuery {
        order: args.oldest_first.then(|| "oldest".to_owned()),
        explain: args.explain,
        ..args.flags.query(&args.filters)?
    };
    if args.explain {
        let answer = session.client.events(&query).await;
        let answer = answer.map_err(|error| at_fault(failure(error), query.q.as_deref()))?;
        let explain = serde_json::to_value(answer.explain).map_err(|error| Failure::local(error.to_string()))?;
        return session.output.show(&explain, |look| explained(&explain, look));
    }
    if args.follow {
        return follow(query, session).await;
    }
    let page = PageArgs {
        limit: Some(args.limit),
        cursor: args.cursor.clone(),
    };
    let told = std::cell::Cell::new(false);
    let page = session
        .list(&page, async |limit, cursor| {
            let query = EventQuery {
                limit,
                cursor,
                ..query.clone()
            };
            let answer = session.client.events(&query).await?;
            // Before the second page of a long search: what takes so long.
            if let Some(explain) = answer.explain.as_ref().filter(|_| answer.next.is_some() && !told.get()) {
                session.output.talk(format!(
                    "{}; --explain says more, since: narrows it",
                    clean(&explain.text)
                ));
                told.set(true);
            }
            Ok(Page {
                items: answer.items,
                next: answer.next,
            })
        })
        .await
        .map_err(|failure| at_fault(failure, query.q.as_deref()))?;
    session.show_list(&page, |look| table(&page).render(look, "no events"))
}

/// Tells of each event as it comes; goes on over restarts of the server, without a gap or a repeat.
async fn follow(query: EventQuery, session: &Session) -> Outcome {
    let text = query.q.clone();
    let mut tail = session.client.tail(query);
    loop {
        let event = tail
            .next()
            .await
            .map_err(|error| at_fault(failure(error), text.as_deref()))?;
        let event = serde_json::to_value(event).map_err(|error| Failure::local(error.to_string()))?;
        session.output.show(&event, |look| {
            let when = event.text("recorded_at").map(time).unwrap_or_default();
            let what = event.text("type").unwrap_or_default();
            let about = subject(&event).map_or_else(String::new, |about| format!("  {}", clean(&about)));
            let actor = clean(event.text("actor").unwrap_or_default());
            let reason = event.text("reason").map_or_else(String::new, |reason| {
                format!("  {}", look.paint(&clean(reason), Tone::Dim))
            });
            let position = event.number("position").unwrap_or_default();
            format!("{position}  {when}  {what}{about}  {actor}{reason}")
        })?;
    }
}

/// Shows where in the filter the fault lies.
pub(crate) fn at_fault(failure: Failure, filter: Option<&str>) -> Failure {
    let place = failure
        .problem()
        .and_then(|problem| problem.number("offset").zip(problem.number("length")));
    match filter.zip(place) {
        Some((filter, (offset, length))) => failure.within(filter, offset, length),
        None => failure,
    }
}

/// How events would be looked for.
fn explained(explain: &Value, look: &Look) -> String {
    let named = |name: &str| {
        let names: Vec<String> = explain.texts(name).into_iter().map(str::to_owned).collect();
        (!names.is_empty()).then(|| joined(names))
    };
    Facts::default()
        .maybe("plan", explain.shown("text"))
        .maybe("through the index", named("indexed"))
        .maybe("judged on each", named("refined"))
        .maybe("from", explain.shown("from"))
        .maybe("up to", explain.shown("to"))
        .render(look)
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

/// The events of one thing, with what each changed.
pub(crate) fn history(page: &Value) -> Table {
    let mut table =
        Table::new(&["position", "when", "type", "change", "actor", "reason"]).without_if_narrow(&["reason"]);
    for event in items(page) {
        let changes: Vec<String> = event.list("changes").iter().map(change).collect();
        table.row([
            Cell::maybe(event.shown("position")),
            event.text("recorded_at").map(time).unwrap_or_default().into(),
            event.text("type").unwrap_or_default().into(),
            Cell::maybe(
                (!changes.is_empty())
                    .then(|| joined(changes))
                    .or_else(|| subject(event)),
            ),
            event.text("actor").unwrap_or_default().into(),
            Cell::dim(event.text("reason").unwrap_or_default()),
        ]);
    }
    table
}

/// `description: old → new`.
fn change(change: &Value) -> String {
    let what = change.text("what").unwrap_or_default();
    let told = |name: &str| match change.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    match (told("before"), told("after")) {
        (Some(before), Some(after)) => format!("{what}: {before} → {after}"),
        (None, Some(after)) if change.is("secret") => format!("{what} {after}"),
        (None, Some(after)) => format!("{what}: {after}"),
        (Some(before), None) => format!("{what}: {before} → none"),
        (None, None) => what.to_owned(),
    }
}

/// All events about one thing of a kind: `client`, `workspace`, …
pub(crate) async fn history_of(kind: &str, args: &HistoryArgs, session: &Session) -> Outcome {
    let handle = Some(args.handle.clone());
    let filter = match kind {
        "client" => EventQuery {
            client: handle,
            ..EventQuery::default()
        },
        "workspace" => EventQuery {
            workspace: handle,
            ..EventQuery::default()
        },
        "template" => EventQuery {
            template: handle,
            ..EventQuery::default()
        },
        _ => EventQuery {
            principal: handle,
            ..EventQuery::default()
        },
    };
    let page = session
        .list(&args.page, async |limit, cursor| {
            let query = EventQuery {
                limit,
                cursor,
                ..filter.clone()
            };
            let answer = session.client.events(&query).await?;
            Ok(Page {
                items: answer.items,
                next: answer.next,
            })
        })
        .await?;
    session.show_list(&page, |look| history(&page).render(look, "nothing yet"))
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
