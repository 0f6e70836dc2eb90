//! `audit report`: what is asked each quarter, as tables, CSV, JSON or one page to print.

use crate::doc::Doc;
use crate::failure::{Failure, Outcome, file_failure};
use crate::output::{Cell, Facts, Look, Table, Tone, time};
use crate::session::{Session, failure};
use clap::Args;
use serde_json::Value;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use strongroom_api::report::ReportQuery;

/// Rows of a table that a terminal is given; a file has all of them.
const ROWS_SHOWN: usize = 50;

/// `audit report`
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  strongroom audit report
  strongroom audit report access-review --since 90d
  strongroom audit report offboarding --principal maria
  strongroom audit report client --client acme --format html --file acme.html
  strongroom audit report soc2 --since 2026-01-01 --until 2026-07-01 --format csv

Without a name it lists the reports. Takes `audit`; no value of a credential is ever in one.")]
pub(crate) struct ReportArgs {
    /// Which: access-review, rotation, without-reason, break-glass, offboarding, client, incident, soc2, iso27001
    pub(crate) name: Option<String>,
    /// From when on: a time, a date, or how long ago; 90 days where nothing is said
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Until when; else now
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
    /// Of offboarding: who leaves
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) principal: Option<String>,
    /// Of client: which
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Of incident: which
    #[arg(long, value_name = "INCIDENT")]
    pub(crate) incident: Option<String>,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "json", "csv", "markdown", "html"])]
    pub(crate) format: String,
    /// Write to this new file instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Reports.
pub(crate) async fn run(args: &ReportArgs, session: &Session) -> Outcome {
    let Some(name) = &args.name else {
        let reports = session.read(session.client.reports()).await?;
        return session.output.show(&reports, |look| kinds(&reports, look));
    };
    let query = ReportQuery {
        since: args.since.clone(),
        until: args.until.clone(),
        principal: args.principal.clone(),
        client: args.client.clone(),
        incident: args.incident.clone(),
    };
    let bytes = match args.format.as_str() {
        format @ ("csv" | "markdown" | "html") => {
            session.client.report_as(name, &query, format).await.map_err(failure)?
        }
        format => {
            let report = session.read(session.client.report(name, &query)).await?;
            if format == "table" && args.file.is_none() {
                return session.output.show(&report, |look| tables(&report, look));
            }
            let mut bytes = serde_json::to_vec_pretty(&report).map_err(|error| Failure::local(error.to_string()))?;
            bytes.push(b'\n');
            bytes
        }
    };
    let Some(path) = &args.file else {
        let written = std::io::stdout().lock().write_all(&bytes);
        return written.map_err(|error| Failure::local(error.to_string()));
    };
    let mut file = File::create_new(path).map_err(|error| file_failure("make", path, &error))?;
    file.write_all(&bytes)
        .map_err(|error| file_failure("write", path, &error))
}

fn kinds(reports: &Value, look: &Look) -> String {
    let mut table = Table::new(&["report", "about", "of"]);
    for kind in reports.get("items").and_then(Value::as_array).into_iter().flatten() {
        table.row([
            kind.text("name").unwrap_or_default().into(),
            kind.text("about").unwrap_or_default().into(),
            Cell::maybe(kind.text("of").map(|of| format!("--{of}"))),
        ]);
    }
    table.render(look, "no reports")
}

/// The whole report for a terminal.
fn tables(report: &Value, look: &Look) -> String {
    let title = match report.text("of") {
        Some(of) => format!("{}: {of}", report.text("title").unwrap_or_default()),
        None => report.text("title").unwrap_or_default().to_owned(),
    };
    let since = report.text("since").map(time).unwrap_or_default();
    let until = report.text("until").map(time).unwrap_or_default();
    let open = report.number("open");
    let mut texts = vec![look.paint(&title, Tone::Head)];
    texts.push(
        Facts::default()
            .fact("time", format!("{since} to {until}"))
            .maybe("records", report.number("size").map(|size| size.to_string()))
            .maybe("root", report.text("root"))
            .maybe("open", open.map(|open| open.to_string()))
            .render(look),
    );
    if report.get("complete").and_then(Value::as_bool) == Some(false) {
        texts.push(look.paint(
            "not every event of the time was looked at: take a shorter time",
            Tone::Warn,
        ));
    }
    for section in report.get("sections").and_then(Value::as_array).into_iter().flatten() {
        let heading = look.paint(section.text("title").unwrap_or_default(), Tone::Head);
        let note = look.paint(section.text("note").unwrap_or_default(), Tone::Dim);
        texts.push(format!("\n{heading}\n{note}\n{}", table(section, look)));
    }
    texts.join("\n")
}

fn table(section: &Value, look: &Look) -> String {
    let columns = section.texts("columns");
    let headings: Vec<String> = columns.iter().map(|column| column.replace('_', " ")).collect();
    let rows = section.get("rows").and_then(Value::as_array);
    let rows = rows.map(Vec::as_slice).unwrap_or_default();
    let mut table = Table::named(headings);
    for row in rows.iter().take(ROWS_SHOWN).filter_map(Value::as_array) {
        table.row_of(row.iter().map(cell).collect());
    }
    let text = table.render(look, "none");
    match rows.len().checked_sub(ROWS_SHOWN) {
        None | Some(0) => text,
        Some(more) => format!("{text}\n… and {more} more: --format csv has them all"),
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::dim("–"),
        Value::String(text) if is_time(text) => Cell::from(time(text)),
        Value::String(text) if matches!(text.as_str(), "open" | "overdue") => Cell::toned(text, Tone::Bad),
        Value::String(text) => Cell::from(text),
        other => Cell::from(other.to_string()),
    }
}

fn is_time(text: &str) -> bool {
    text.len() == "1970-01-01T00:00:00.000000Z".len() && text.parse::<jiff::Timestamp>().is_ok()
}
