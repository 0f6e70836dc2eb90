//! Tables in docs that must be those of the code.

use std::fs;

use strongroom_domain::event::KEYS;
use strongroom_domain::stored::TYPES;
use strongroom_domain::words::{Right, Role};

use crate::house::top;

#[test]
fn the_type_codes_of_the_format_are_those_of_the_code() {
    let rows = rows("docs/format.md", "### Type codes");
    let found = rows.iter().map(|row| [row[0].clone(), row[1].clone(), row[2].clone()]);
    let expected = TYPES
        .iter()
        .map(|(code, name)| [code.to_string(), format!("{code:04x}"), format!("`{name}`")]);
    assert!(found.eq(expected), "docs/format.md, Type codes");
}

#[test]
fn the_stored_keys_of_the_format_are_those_of_the_code() {
    let found = rows("docs/format.md", "### Stored keys")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()));
    let mut expected: Vec<_> = KEYS
        .iter()
        .map(|(key, name)| (format!("`{key}`"), (*name).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn every_event_is_described_and_no_other() {
    let page = fs::read_to_string(top().join("docs/events.md")).unwrap();
    let events = page
        .lines()
        .filter(|line| line.starts_with("| `") && line.split('`').nth(1).is_some_and(is_type));
    let found: Vec<(String, String)> = events
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[0].trim_matches('`').to_owned())
        })
        .collect();
    let expected: Vec<(String, String)> = TYPES
        .iter()
        .map(|(code, name)| (code.to_string(), (*name).to_owned()))
        .collect();
    assert_eq!(found, expected, "docs/events.md has each event once, by code");
}

#[test]
fn the_events_page_names_stored_keys_only() {
    let page = fs::read_to_string(top().join("docs/events.md")).unwrap();
    let spans = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|span| span.strip_suffix(':'));
    for key in spans {
        assert!(KEYS.iter().any(|(known, _)| *known == key), "`{key}:` is no stored key");
    }
}

#[test]
fn the_roles_of_the_events_page_are_those_of_the_code() {
    for (row, role) in rows("docs/events.md", "## Who has which right").iter().zip(Role::ALL) {
        let rights: Vec<String> = role.rights().iter().map(|right| format!("`{right}`")).collect();
        let rights = if role.rights() == Right::ALL {
            "all".to_owned()
        } else {
            rights.join(", ")
        };
        assert_eq!(row, &[format!("`{role}`"), rights]);
    }
}

fn is_type(text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(stream, _)| !stream.is_empty() && !text.contains([' ', '/']))
}

/// The cells of the first table under a heading, without its two head lines.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(top().join(page)).unwrap();
    let (_, section) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let table = section
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    table.skip(2).map(cells).collect()
}
