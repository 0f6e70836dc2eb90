//! The log for other programs: lines as they are read, in constant memory, and at the end what they were true of.

mod parquet; // a table for analysis

use super::audit::filter;
use super::whole::stream;
use crate::answer::Answer;
use crate::app::App;
use crate::call::Asker;
use crate::params::{Format, Query};
use crate::problem::ApiError;
use crate::routes::word;
use crate::view::{Lens, cloud_event, ocsf};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use std::io::{self, Write};
use strongroom_api::audit::{Event, EventQuery, ExportEnd, ExportFormat};
use strongroom_ledger::{Filter, FilterKey, PAGE_EVENTS_MAX, Tip};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum As {
    Ndjson,
    Csv,
    CloudEvents,
    Ocsf,
    Parquet,
}

/// Writes all events that match, the oldest first, with `audit` on the ledger. The last line says how many, and at which size
/// and root of the log it was true; an export without it was cut.
#[utoipa::path(get, path = "/api/v1/audit/export", tag = "audit", params(ExportFormat, EventQuery),
    responses((status = 200, body = ExportEnd, content_type = "application/x-ndjson")))]
async fn export(asker: Asker, Format(format): Format, Query(query): Query<EventQuery>) -> Answer {
    let names = ["ndjson", "csv", "cloudevents", "ocsf", "parquet"];
    let format = match format.as_deref() {
        None | Some("ndjson") => Some(As::Ndjson),
        Some("csv") => Some(As::Csv),
        Some("cloudevents") => Some(As::CloudEvents),
        Some("ocsf") => Some(As::Ocsf),
        Some("parquet") => Some(As::Parquet),
        Some(_) => None,
    };
    let format = word(format, "/format", "format", &names)?;
    if query.order.is_some() || query.cursor.is_some() || query.limit.is_some() || query.explain {
        return Err(ApiError::Parameter {
            pointer: String::new(),
            what: "an export has no order, limit, cursor or explain".to_owned(),
            hint: "leave them out; `since` and `until` narrow it".to_owned(),
        });
    }
    let filter = filter(&query)?;
    // A filter that is wrong is told before the answer begins.
    let check = strongroom_ledger::EventQuery {
        filter: filter.clone(),
        explain: true,
        ..strongroom_ledger::EventQuery::default()
    };
    asker.app.ledger.events(&asker.caller, &check)?;
    let media = match format {
        As::Csv => "text/csv; charset=utf-8",
        As::Parquet => "application/vnd.apache.parquet",
        As::Ndjson | As::CloudEvents | As::Ocsf => "application/x-ndjson",
    };
    let caller = asker.caller;
    stream(asker, media, move |app, out| write(app, &caller, filter, format, out)).await
}

fn write(
    app: &App,
    caller: &strongroom_domain::context::Caller,
    mut filter: Filter,
    format: As,
    out: &mut dyn Write,
) -> io::Result<()> {
    let other = |error: String| io::Error::other(error);
    let Tip { size, root, checkpoint } = app.ledger.tip();
    filter.parameter(FilterKey::Until, &size.to_string());
    let mut query = strongroom_ledger::EventQuery {
        filter,
        limit: PAGE_EVENTS_MAX,
        ..strongroom_ledger::EventQuery::default()
    };
    if format == As::Csv {
        row(out, COLUMNS.map(str::to_owned))?;
    }
    let mut table = (format == As::Parquet).then(parquet::Table::begin).transpose()?;
    let mut events = 0;
    loop {
        let page = app
            .ledger
            .events(caller, &query)
            .map_err(|failure| other(format!("{failure:?}")))?;
        let view = app.ledger.view();
        let lens = Lens::of(&view, caller);
        for event in page.items {
            events += 1;
            let event = lens.event(event);
            match format {
                As::Ndjson => line(out, &event)?,
                As::Csv => row(out, cells(&event))?,
                As::CloudEvents => line(out, &cloud_event(app.ledger.origin(), &event))?,
                As::Ocsf => line(out, &ocsf(&event))?,
                As::Parquet => {
                    if let Some(table) = &mut table {
                        table.row(&event, out)?;
                    }
                }
            }
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    let end = ExportEnd {
        end: true,
        events,
        size,
        root: STANDARD.encode(root),
        checkpoint: checkpoint.to_string(),
    };
    if let Some(table) = table {
        return table.end(&end, out);
    }
    if format == As::Csv {
        let mut last = COLUMNS.map(|_| String::new());
        last[0] = "end".to_owned();
        last[1] = format!("{events} events");
        last[2] = format!("size {size}");
        last[3] = format!("root {}", end.root);
        return row(out, last);
    }
    line(out, &end)
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

const COLUMNS: [&str; 16] = [
    "position",
    "recorded_at",
    "type",
    "actor",
    "actor_id",
    "on_behalf_of",
    "subjects",
    "changes",
    "reason",
    "grant",
    "token",
    "source",
    "correlation",
    "request_id",
    "event_id",
    "data",
];

fn cells(event: &Event) -> [String; 16] {
    let subjects = event
        .subjects
        .iter()
        .map(|it| format!("{} {}", it.kind, it.handle.as_ref().unwrap_or(&it.id)));
    let told = |value: &Option<Value>| match value {
        None => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let changes = event
        .changes
        .iter()
        .map(|it| format!("{}: {} -> {}", it.what, told(&it.before), told(&it.after)));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        event.position.to_string(),
        event.recorded_at.clone(),
        event.type_.clone(),
        event.actor.clone(),
        event.actor_id.clone(),
        text(&event.on_behalf_of),
        subjects.collect::<Vec<_>>().join("; "),
        changes.collect::<Vec<_>>().join("; "),
        text(&event.reason),
        text(&event.grant),
        text(&event.token),
        text(&event.source),
        text(&event.correlation),
        text(&event.request_id),
        event
            .extra
            .get("event_id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        event.data.to_string(),
    ]
}

/// A row, with each cell harmless in a spreadsheet: what would begin a formula there begins with an apostrophe
/// (OWASP, CSV Injection).
fn row(out: &mut dyn Write, cells: [String; 16]) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells.iter().map(|cell| harmless(cell)))?;
    let bytes = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&bytes)
}

/// A cell that begins no formula.
pub(crate) fn harmless(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("-2", "'-2"),
            ("@a", "'@a"),
            ("\tx", "'\tx"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell), written);
        }
    }
}
