//! `audit explain`, `audit access`, `audit impact`, `audit diff`, `hygiene`.

use super::{change, one};
use crate::doc::Doc;
use crate::failure::{Exit, Failure, Outcome};
use crate::input::bound;
use crate::output::{Cell, Look, Table, Tone, clean, joined, time};
use crate::session::{Session, failure};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use strongroom_api::audit::EventQuery;
use strongroom_api::inquiry::{DiffQuery, ImpactQuery};

/// Events of one request that are explained.
const EXPLAINED_MAX: usize = 20;

/// `audit explain`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit explain 1204
  strongroom audit explain nrtngvmc-fssj")]
pub(crate) struct ExplainArgs {
    /// The event's position, or the id of the request, as an error or an event shows it
    #[arg(value_name = "POSITION|REQUEST")]
    pub(crate) what: String,
}

/// `audit access`
#[derive(Debug, Args)]
pub(crate) struct AccessArgs {
    /// The credential's handle or id
    pub(crate) credential: String,
}

/// `audit impact`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit impact credential:shopify-client-a
  strongroom audit impact credential:shopify-client-a@2
  strongroom audit impact token:tk_0123456789abcdef0123456789abcdef
  strongroom audit impact principal:mia-lindqvist")]
pub(crate) struct ImpactArgs {
    /// What leaked or left: credential:HANDLE[@VERSION], token:ID, principal:HANDLE, service:ID
    #[arg(value_name = "WHAT")]
    pub(crate) of: String,
}

/// `audit diff`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom audit diff 2d now
  strongroom audit diff 2026-11-20T14:05:00Z 2026-11-20T15:00:00Z --credential shopify-client-a
  strongroom audit diff 1200 --kind workspace")]
pub(crate) struct DiffArgs {
    /// The first moment: a time, a date, how long ago, or a position
    #[arg(value_name = "A", allow_hyphen_values = true)]
    pub(crate) from: String,
    /// The second; else now
    #[arg(value_name = "B", allow_hyphen_values = true)]
    pub(crate) to: Option<String>,
    /// Only this credential
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) credential: Option<String>,
    /// Only this workspace, with its mappings
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: Option<String>,
    /// Only things of this kind: credential, client, workspace, template, principal, default
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
}

/// Why a request was allowed or denied.
pub(super) async fn explain(args: &ExplainArgs, session: &Session) -> Outcome {
    if let Ok(position) = args.what.parse() {
        let explained = session.read(session.client.explain(position)).await?;
        return session.output.show(&explained, |look| explanation(&explained, look));
    }
    let mut query = EventQuery {
        request: Some(args.what.clone()),
        order: Some("newest".to_owned()),
        ..EventQuery::default()
    };
    let mut positions = Vec::new();
    loop {
        let page = session.client.events(&query).await.map_err(failure)?;
        positions.extend(page.items.iter().map(|event| event.position));
        // What one request did stands together.
        if !positions.is_empty() || page.next.is_none() {
            break;
        }
        query.cursor = page.next;
    }
    positions.truncate(EXPLAINED_MAX);
    if positions.is_empty() {
        return Err(Failure::new(Exit::NotFound, "no record of that request")
            .hint("only what changed, served or denied something is recorded; refusals that are alike are one record a minute"));
    }
    positions.reverse();
    let mut all = Vec::new();
    for position in positions {
        all.push(session.read(session.client.explain(position)).await?);
    }
    let document = json!({"items": all});
    session.output.show(&document, |look| {
        let parts: Vec<String> = all.iter().map(|one| explanation(one, look)).collect();
        parts.join("\n\n")
    })
}

fn explanation(explained: &Value, look: &Look) -> String {
    let mut parts = vec![look.paint(&clean(explained.text("text").unwrap_or_default()), Tone::Head)];
    if let Some(event) = explained.get("event") {
        parts.push(one(event, look));
    }
    let chain = explained.list("chain");
    if !chain.is_empty() {
        parts.push(look.paint("the grant that decided, and how its giver came to give it", Tone::Head));
        parts.push(grants(chain).render(look, ""));
    }
    parts.push(look.paint("grants in force then", Tone::Head));
    parts.push(grants(explained.list("in_force")).render(look, "none"));
    parts.join("\n\n")
}

fn grants(grants: &[Value]) -> Table {
    let mut table =
        Table::new(&["grant", "holder", "role", "where", "given by", "at"]).without_if_narrow(&["grant", "at"]);
    for grant in grants {
        let effect = if grant.text("effect") == Some("deny") {
            "not "
        } else {
            ""
        };
        table.row([
            Cell::dim(grant.text("id").unwrap_or_default()),
            Cell::maybe(grant.text("holder").map(str::to_owned)),
            format!("{effect}{}", grant.text("role").unwrap_or_default()).into(),
            scope(grant).into(),
            Cell::maybe(grant.text("granted_by").map(str::to_owned)),
            grant.text("granted_at").map(time).unwrap_or_default().into(),
        ]);
    }
    table
}

fn scope(grant: &Value) -> String {
    if grant.is("all") {
        return "the whole ledger".to_owned();
    }
    let dimensions = ["workspaces", "clients", "services", "tags", "credentials"];
    let told = dimensions.iter().filter_map(|name| {
        let of = grant.texts(name);
        (!of.is_empty()).then(|| format!("{name} {}", joined(of.into_iter().map(str::to_owned))))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        "nothing".to_owned()
    } else {
        told.join("; ")
    }
}

/// Who could, who did.
pub(super) async fn access(args: &AccessArgs, session: &Session) -> Outcome {
    let access = session.read(session.client.credential_access(&args.credential)).await?;
    session.output.show(&access, |look| {
        let mut could = Table::new(&["could", "how", "gets in", "did"]);
        let never = access.texts("never");
        for one in access.list("could") {
            let principal = one.text("principal").unwrap_or_default();
            let how = one.list("means").iter().map(|means| {
                let place = means.text("template").zip(means.text("workspace"));
                let place = place.map_or_else(String::new, |(template, workspace)| {
                    format!(" for {template} in {workspace}")
                });
                format!("{}{place}", means.text("way").unwrap_or_default())
            });
            could.row([
                principal.into(),
                joined(how).into(),
                if one.is("gets_in") { "yes" } else { "no" }.into(),
                if never.contains(&principal) { "never" } else { "yes" }.into(),
            ]);
        }
        let mut did = Table::new(&["did", "how", "version", "last", "times"]);
        for one in access.list("did") {
            let place = one.text("template").zip(one.text("workspace"));
            let how = place.map_or_else(
                || one.text("how").unwrap_or_default().to_owned(),
                |(template, workspace)| format!("{template} in {workspace}"),
            );
            did.row([
                Cell::maybe(one.text("principal").map(str::to_owned)),
                how.into(),
                Cell::maybe(one.shown("version")),
                one.text("last_at").map(time).unwrap_or_default().into(),
                Cell::maybe(one.shown("times")),
            ]);
        }
        format!(
            "{}\n\n{}",
            could.render(look, "nobody could come by it"),
            did.render(look, "nobody came by it")
        )
    })?;
    if !access.is("complete") {
        session
            .output
            .talk("its history is long: only the newest servings were looked at");
    }
    Ok(())
}

/// What it reaches, and what to rotate first.
pub(super) async fn impact(args: &ImpactArgs, session: &Session) -> Outcome {
    let query = ImpactQuery { of: args.of.clone() };
    let impact = session.read(session.client.impact(&query)).await?;
    session.output.show(&impact, |look| {
        let rotate = to_rotate(impact.list("rotate"));
        let reached = came_out(impact.list("reached"));
        let mut stands = Table::new(&["would break", "workspace", "template", "then"]);
        for one in impact.list("stands") {
            stands.row([
                one.text("variable").unwrap_or_default().into(),
                Cell::maybe(one.text("workspace").map(str::to_owned)),
                Cell::maybe(one.text("template").map(str::to_owned)),
                one.text("then").unwrap_or_default().into(),
            ]);
        }
        let mut parts = vec![
            rotate.render(look, "nothing is left to rotate"),
            reached.render(look, "nothing came out"),
        ];
        if !impact.list("stands").is_empty() {
            parts.push(stands.render(look, ""));
        }
        parts.join("\n\n")
    })?;
    if !impact.is("complete") {
        session
            .output
            .talk("its history is long: only the newest records were looked at");
    }
    Ok(())
}

/// What to rotate, the most urgent first.
pub(crate) fn to_rotate(list: &[Value]) -> Table {
    let mut table = Table::new(&["rotate", "because", "last"]);
    for one in list {
        table.row([
            one.text("credential").unwrap_or_default().into(),
            one.text("why").unwrap_or_default().replace('_', " ").into(),
            Cell::maybe(one.text("last_at").map(time)),
        ]);
    }
    table
}

/// What came out.
pub(crate) fn came_out(list: &[Value]) -> Table {
    let mut table = Table::new(&[
        "came out",
        "version",
        "rotated since",
        "seen by a person",
        "last",
        "records",
    ]);
    for one in list {
        let yes = |name: &str| if one.is(name) { "yes" } else { "no" };
        table.row([
            Cell::maybe(one.text("credential").map(str::to_owned)),
            Cell::maybe(one.shown("version")),
            yes("rotated_since").into(),
            yes("revealed").into(),
            one.text("last_at").map(time).unwrap_or_default().into(),
            Cell::maybe(one.shown("records")),
        ]);
    }
    table
}

/// What differs between two moments.
pub(super) async fn diff(args: &DiffArgs, session: &Session) -> Outcome {
    let now = Timestamp::now();
    let to = args.to.as_deref().filter(|text| text.trim() != "now");
    let query = DiffQuery {
        from: bound("A", &args.from, now)?,
        to: to.map(|text| bound("B", text, now)).transpose()?,
        credential: args.credential.clone(),
        workspace: args.workspace.clone(),
        kind: args.kind.clone(),
    };
    let diff = session.read(session.client.diff(&query)).await?;
    session.output.show(&diff, |look| {
        let mut table = Table::new(&["kind", "which", "how", "what"]);
        for item in diff.list("items") {
            let changes: Vec<String> = item.list("changes").iter().map(change).collect();
            table.row([
                item.text("kind").unwrap_or_default().into(),
                item.text("handle").unwrap_or_default().into(),
                item.text("how").unwrap_or_default().into(),
                joined(changes).into(),
            ]);
        }
        table.render(look, "nothing differs")
    })
}

/// `hygiene`
pub(crate) async fn hygiene(session: &Session) -> Outcome {
    let hygiene = session.read(session.client.hygiene()).await?;
    session.output.show(&hygiene, |look| {
        let mut table = Table::new(&["credential", "what", "steward"]);
        for item in hygiene.list("items") {
            let untidy = item.texts("untidy").into_iter().map(|word| word.replace('_', " "));
            table.row([
                item.text("credential").unwrap_or_default().into(),
                joined(untidy).into(),
                Cell::maybe(item.text("steward").map(str::to_owned)),
            ]);
        }
        let mut text = table.render(look, "all is tidy");
        let hardcoded = hygiene.texts("hardcoded");
        if !hardcoded.is_empty() {
            let names = joined(hardcoded.into_iter().map(clean));
            text.push_str(&format!(
                "\n\ntemplates with a secret in their text that somebody accepted: {names}"
            ));
        }
        text
    })
}
