//! Finds secrets that somebody wrote into a text: a workflow, a name, a reason.
//!
//! In: text and JSON values. Out: where, and by which rule; never what. Four looks at each text: key formats of providers
//! (`data/secret-rules.json`), passwords in URLs and query strings, values in `Authorization` headers, and values that are
//! assigned to a name that calls for a secret. The last three also need to look random, so that field names,
//! placeholders and expressions pass. All patterns are regular expressions without backtracking: the time is linear in
//! the text; a text of 16 MiB takes about a second.

mod context; // what a name, a header, a URL says about a value
mod rules; // key formats
mod value; // does this value look like a secret?
mod walk; // the strings of a JSON document, with their keys

use serde_json::Value;

/// A place where a secret stands in clear text. Never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// RFC 6901 pointer to the string, or to the object whose key it is; empty for a text and for the whole document.
    pub pointer: String,
    /// Id of the rule, for people and for statistics.
    pub rule: &'static str,
    /// What it looks like.
    pub what: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

/// At most this many findings are reported for one document.
pub const FINDINGS_MAX: usize = 500;

const MOVE_IT: &str = "put it into a credential and refer to that";
const KEY_OF_OBJECT: &str = "a key of this object is the secret itself: put it into a credential and refer to that";

/// The first secret in a text, if there is one.
pub fn scan_text(text: &str) -> Option<Finding> {
    let (rule, what) = find(text)?;
    Some(Finding {
        pointer: String::new(),
        rule,
        what,
        hint: MOVE_IT,
    })
}

/// The secrets in a document, in its order: at most one for each string, at most [`FINDINGS_MAX`].
pub fn scan_json(document: &Value) -> Vec<Finding> {
    walk::walk(document)
}

/// How many provider formats are known.
pub fn format_count() -> usize {
    rules::count()
}

fn find(text: &str) -> Option<(&'static str, &'static str)> {
    rules::find(text).or_else(|| context::find(text))
}

#[cfg(test)]
mod tests;
