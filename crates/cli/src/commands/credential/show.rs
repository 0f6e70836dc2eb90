//! Credentials for people.

use crate::doc::{Doc, items, value_text};
use crate::output::{Cell, Facts, Look, Table, Tone, age, clean, joined, time};
use jiff::Timestamp;
use serde_json::Value;

/// What ends within so many hours is worth a look: two weeks.
const SOON_HOURS: i64 = 14 * 24;

/// Many, one a line.
pub(super) fn table(page: &Value) -> Table {
    let now = Timestamp::now();
    let mut table = Table::new(&[
        "handle", "name", "service", "kind", "client", "version", "status", "expires",
    ])
    .without_if_narrow(&["expires", "version", "kind", "client"]);
    for credential in items(page) {
        table.row([
            credential.text("handle").unwrap_or_default().into(),
            credential.text("name").unwrap_or_default().into(),
            credential.text("service").unwrap_or_default().into(),
            credential.text("kind").unwrap_or_default().into(),
            Cell::maybe(credential.text("client")),
            Cell::maybe(credential.shown("version")),
            Cell::status(credential.text("status").unwrap_or_default()),
            expiry(credential, now),
        ]);
    }
    table
}

/// One, with everything but values.
pub(super) fn one(credential: &Value, look: &Look) -> String {
    let mut text = facts(credential).render(look);
    text.push_str("\n\n");
    text.push_str(&fields(credential).render(look, "no fields"));
    if !credential.list("versions").is_empty() {
        text.push_str("\n\n");
        text.push_str(&versions(credential).render(look, ""));
    }
    text
}

/// Revealed values; one of several lines stands below its name.
pub(super) fn values(answer: &Value, look: &Look) -> String {
    let Some(fields) = answer.get("fields").and_then(Value::as_object) else {
        return String::new();
    };
    let mut text = String::new();
    for (name, field) in fields {
        let value = value_text(field);
        let name = look.paint(&clean(name), Tone::Dim);
        if value.contains('\n') {
            text.push_str(&format!(
                "{name}\n{}\n",
                value.lines().map(clean).collect::<Vec<_>>().join("\n")
            ));
        } else {
            text.push_str(&format!("{name}  {}\n", clean(&value)));
        }
    }
    text
}

/// When the values end, and whether that is soon.
fn expiry(credential: &Value, now: Timestamp) -> Cell {
    let Some(at) = credential.text("expires_at") else {
        return Cell::dim("–");
    };
    let tone = match at.parse::<Timestamp>() {
        Ok(at) if at <= now => Tone::Bad,
        Ok(at) if at.duration_since(now).as_hours() < SOON_HOURS => Tone::Warn,
        _ => Tone::Plain,
    };
    Cell::toned(age(at, now), tone)
}

fn facts(credential: &Value) -> Facts {
    let now = Timestamp::now();
    let with_age = |name| {
        credential
            .text(name)
            .map(|at| format!("{} ({})", time(at), age(at, now)))
    };
    let pairs = |name| {
        joined(
            credential
                .pairs(name)
                .into_iter()
                .map(|(name, value)| format!("{name}={value}")),
        )
    };
    Facts::default()
        .maybe("handle", credential.text("handle"))
        .maybe("name", credential.text("name"))
        .maybe("service", credential.text("service"))
        .maybe("kind", credential.text("kind"))
        .fact("status", Cell::status(credential.text("status").unwrap_or_default()))
        .maybe("version", credential.shown("version"))
        .maybe("client", credential.text("client"))
        .fact("reach", reach(credential))
        .maybe("steward", credential.text("steward"))
        .fact("tags", pairs("tags"))
        .fact("settings", pairs("settings"))
        .maybe("description", credential.text("description"))
        .maybe("app", credential.text("app"))
        .maybe("scopes", Some(credential.texts("scopes").join(" ")))
        .maybe("expires", with_age("expires_at"))
        .maybe("rotation", rotation(credential))
        .maybe(
            "imported from",
            credential.get("source").map(|source| {
                format!(
                    "{} {}",
                    source.text("system").unwrap_or_default(),
                    source.text("id").unwrap_or_default()
                )
            }),
        )
        .maybe("id", credential.text("id"))
        .maybe("made", with_age("created_at"))
        .maybe("changed", with_age("updated_at"))
}

fn rotation(credential: &Value) -> Option<String> {
    let policy = credential.get("rotation")?;
    let every = policy.number("every_days")?;
    Some(match policy.number("grace_days") {
        Some(grace) if grace > 0 => format!("every {every} days, {grace} days of grace"),
        _ => format!("every {every} days"),
    })
}

/// Where it may be used, in words.
fn reach(credential: &Value) -> String {
    let Some(reach) = credential.get("reach") else {
        return "–".to_owned();
    };
    if let Some(word) = reach.as_str() {
        return clean(word);
    }
    if reach.is("all") {
        return "every workspace".to_owned();
    }
    let clients = reach
        .texts("clients")
        .into_iter()
        .map(|client| format!("client {client}"));
    let workspaces = reach
        .texts("workspaces")
        .into_iter()
        .map(|workspace| format!("workspace {workspace}"));
    joined(clients.chain(workspaces))
}

fn fields(credential: &Value) -> Table {
    let mut table = Table::new(&["field", "class", "value"]);
    for field in credential.list("fields") {
        let class = field.text("class").unwrap_or_default();
        let value = if class == "plain" {
            Cell::maybe(field.get("value").map(value_text))
        } else {
            Cell::dim("••••••••")
        };
        table.row([field.text("name").unwrap_or_default().into(), class.into(), value]);
    }
    table
}

fn versions(credential: &Value) -> Table {
    let mut table = Table::new(&["version", "entered", "by", "remark"]);
    for version in credential.list("versions") {
        let from = version
            .number("from_version")
            .map(|from| format!("values of version {from}"));
        let grace = version
            .text("grace_until")
            .map(|until| format!("good until {}", time(until)));
        table.row([
            Cell::maybe(version.shown("version")),
            Cell::maybe(version.text("entered_at").map(time)),
            Cell::maybe(version.text("entered_by")),
            Cell::maybe(from.or(grace)),
        ]);
    }
    table
}
