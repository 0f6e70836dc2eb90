//! A report as CSV, as Markdown, and as one page to print.

use crate::routes::harmless;
use askama::Template;
use serde_json::Value;
use strongroom_api::report::{Report, ReportSection};
use strongroom_ledger::Failure;

/// One page, without scripts and without anything from elsewhere.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    report: &'r Report,
}

/// The page.
pub(crate) fn html(report: &Report) -> Result<String, Failure> {
    let page = Page { report };
    page.render().map_err(|error| Failure::Internal(error.to_string()))
}

/// Text for people who read it as it is, and for what renders it: tables as GitHub's Markdown has them.
#[derive(Template)]
#[template(path = "report.md", escape = "none")]
struct Text<'r> {
    report: &'r Report,
}

/// The same as Markdown.
pub(crate) fn markdown(report: &Report) -> Result<String, Failure> {
    let text = Text { report };
    text.render().map_err(|error| Failure::Internal(error.to_string()))
}

/// A text within a line of Markdown: signs that would be markup are not, and a cell stays one.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' => plain.extend(['\\', c]),
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

fn row_of<'c>(cells: impl Iterator<Item = &'c Value>) -> String {
    let cells: Vec<String> = cells.map(|cell| plain(&shown(cell))).collect();
    format!("| {} |", cells.join(" | "))
}

/// All tables as one: the section first, then each column that any of them has. Cells are harmless in a spreadsheet.
pub(crate) fn csv(report: &Report) -> Result<Vec<u8>, Failure> {
    let mut columns: Vec<&str> = Vec::new();
    for column in report.sections.iter().flat_map(|section| &section.columns) {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let internal = |error: ::csv::Error| Failure::Internal(error.to_string());
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let heading = std::iter::once("section").chain(columns.iter().copied());
    writer.write_record(heading).map_err(internal)?;
    for section in &report.sections {
        for row in &section.rows {
            let cells = columns
                .iter()
                .map(|column| harmless(&text_of(cell(section, row, column))));
            let record = std::iter::once(harmless(&section.title)).chain(cells);
            writer.write_record(record).map_err(internal)?;
        }
    }
    writer
        .into_inner()
        .map_err(|error| Failure::Internal(error.to_string()))
}

fn cell<'r>(section: &ReportSection, row: &'r [Value], column: &str) -> &'r Value {
    let index = section.columns.iter().position(|it| it == column);
    index.and_then(|index| row.get(index)).unwrap_or(&Value::Null)
}

/// A cell as people read it.
fn text_of(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A time without its fractions; anything else as it is.
fn shown(cell: &Value) -> String {
    let text = text_of(cell);
    let is_time = text.len() == "1970-01-01T00:00:00.000000Z".len()
        && text.ends_with('Z')
        && text.as_bytes().get(10) == Some(&b'T');
    match (is_time, text.get(..19)) {
        (true, Some(seconds)) => seconds.replace('T', " "),
        _ => text,
    }
}

fn moment(text: &str) -> String {
    shown(&Value::from(text))
}

/// A column's name for people.
fn heading(column: &str) -> String {
    column.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Report {
        Report {
            title: "A <b>report</b>".to_owned(),
            sections: vec![
                ReportSection {
                    title: "One".to_owned(),
                    columns: vec!["who".to_owned(), "last_use".to_owned()],
                    rows: vec![vec![json!("=HYPERLINK(\"x\")"), json!("2026-11-20T14:05:00.000000Z")]],
                    ..ReportSection::default()
                },
                ReportSection {
                    title: "Two".to_owned(),
                    columns: vec!["who".to_owned(), "count".to_owned()],
                    rows: vec![vec![json!("<script>alert(1)</script>"), json!(7)]],
                    ..ReportSection::default()
                },
            ],
            ..Report::default()
        }
    }

    #[test]
    fn csv_is_one_table_that_begins_no_formula() {
        let text = String::from_utf8(csv(&report()).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "section,who,last_use,count",
                "One,\"'=HYPERLINK(\"\"x\"\")\",2026-11-20T14:05:00.000000Z,",
                "Two,<script>alert(1)</script>,,7",
            ]
        );
    }

    #[test]
    fn what_people_entered_is_text_on_the_page() {
        let page = html(&report()).unwrap();
        assert!(!page.contains("<script>") && !page.contains("<b>report"), "{page}");
        assert!(
            page.contains("2026-11-20 14:05:00") && page.contains("last use"),
            "{page}"
        );
    }
}
