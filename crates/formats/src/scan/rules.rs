//! Key formats of providers, compiled in from `data/secret-rules.json`.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use super::value;

const ROWS: &str = include_str!("../../data/secret-rules.json");

/// Compiled patterns may take this much; ours take a tenth.
const COMPILED_BYTES_MAX: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: &'static str,
    what: &'static str,
    regex: String,
}

struct Rules {
    set: RegexSet,
    rules: Vec<Rule>,
}

struct Rule {
    id: &'static str,
    what: &'static str,
    regex: Regex,
}

/// The first rule, in the order of the file, that a match satisfies.
pub(super) fn find(text: &str) -> Option<(&'static str, &'static str)> {
    // The shortest format has 20 characters.
    if text.len() < 20 {
        return None;
    }
    let rules = rules();
    rules.set.matches(text).iter().find_map(|at| {
        let rule = rules.rules.get(at)?;
        let real = |found: &str| !value::is_placeholder_key(found);
        rule.regex
            .find_iter(text)
            .any(|found| real(found.as_str()))
            .then_some((rule.id, rule.what))
    })
}

pub(super) fn count() -> usize {
    rules().rules.len()
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| {
        let rows: Vec<Row> = match serde_json::from_str(ROWS) {
            Ok(rows) => rows,
            Err(error) => panic!("compiled-in rules can't be read: {error}"),
        };
        // Formats are ASCII: without Unicode classes the automata stay small and fast on any text.
        let patterns: Vec<String> = rows.iter().map(|row| format!("(?-u:{})", row.regex)).collect();
        let set = RegexSetBuilder::new(&patterns)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .build();
        let set = match set {
            Ok(set) => set,
            Err(error) => panic!("compiled-in rules don't compile: {error}"),
        };
        let rules = rows
            .iter()
            .zip(&patterns)
            .map(|(row, pattern)| Rule {
                id: row.id,
                what: row.what,
                regex: match RegexBuilder::new(pattern).size_limit(COMPILED_BYTES_MAX).build() {
                    Ok(regex) => regex,
                    Err(error) => panic!("the rule {} doesn't compile: {error}", row.id),
                },
            })
            .collect();
        Rules { set, rules }
    })
}

#[cfg(test)]
pub(super) fn patterns() -> Vec<(&'static str, String)> {
    let rows: Vec<Row> = serde_json::from_str(ROWS).unwrap();
    rows.into_iter().map(|row| (row.id, row.regex)).collect()
}
