//! `.env` files, as the packages `dotenv` (npm) and `python-dotenv` read them.
//!
//! `NAME=value`, `export NAME=value`, comments; in double quotes `\n`, `\r`, `\t`, `\"` and `\\` are escapes, in single
//! quotes and backticks nothing is; quoted values may have several lines. `$OTHER` is kept as text. What those packages
//! skip or take the last of (a line without `=`, a name twice) is refused here.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::Options;
use super::entry::{at_line, text};
use super::variables::{Variable, credentials};
use crate::error::FormatError;
use crate::n8n::credentials::ImportCredential;

pub(super) fn parse(document: &[u8], options: &Options<'_>) -> Result<Vec<ImportCredential>, FormatError> {
    Ok(credentials(variables(text(document)?)?, options))
}

/// All variables, in their order.
pub(super) fn variables(document: &str) -> Result<Vec<Variable>, FormatError> {
    let mut rest = document;
    let mut line = 0;
    let mut names = HashSet::new();
    let mut out = Vec::new();
    while !rest.is_empty() {
        line += 1;
        let (this, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = this.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = after;
            continue;
        }
        let begins = line;
        let (left, _) = this
            .split_once('=')
            .ok_or_else(|| at_line(begins, "this line is no NAME=value"))?;
        let name = left.trim();
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        if !is_name(name) {
            return Err(at_line(begins, "this is no name of a variable").hint("letters, digits, _, - and ."));
        }
        if !names.insert(name.to_owned()) {
            return Err(at_line(begins, "a line before this one sets the same variable").hint("remove one of the two"));
        }
        let right = rest.get(left.len() + 1..).unwrap_or("");
        let (value, used) = value(right, begins)?;
        line += right.get(..used).unwrap_or("").matches('\n').count();
        rest = right.get(used..).unwrap_or("");
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
        out.push(Variable {
            at: format!("line {begins}"),
            folder: String::new(),
            name: name.to_owned(),
            value,
        });
    }
    Ok(out)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.len() <= 150 && name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// The value at the beginning of `right`, and how many bytes it takes, up to the end of its last line.
fn value(right: &str, line: usize) -> Result<(Zeroizing<String>, usize), FormatError> {
    let skipped = right.len() - right.trim_start_matches([' ', '\t']).len();
    let body = right.get(skipped..).unwrap_or("");
    let end_of_line = |from: usize| {
        let left = right.get(from..).unwrap_or("");
        from + left.find('\n').unwrap_or(left.len())
    };
    let Some(quote) = body.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
        let end = end_of_line(0);
        let plain = right.get(..end).unwrap_or("");
        let plain = plain.find(" #").and_then(|at| plain.get(..at)).unwrap_or(plain);
        return Ok((Zeroizing::new(plain.trim().to_owned()), end));
    };
    let mut out = Zeroizing::new(String::with_capacity(body.len().min(64 * 1024)));
    let mut chars = body.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            let end = end_of_line(skipped + at);
            let tail = right.get(skipped + at + 1..end).unwrap_or("").trim();
            if !tail.is_empty() && !tail.starts_with('#') {
                return Err(
                    at_line(line, "something follows the closing quote").hint("a quote in the value must be escaped")
                );
            }
            return Ok((out, end));
        }
        if c == '\\' && quote == '"' {
            match chars.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 'r')) => out.push('\r'),
                Some((_, 't')) => out.push('\t'),
                Some((_, c @ ('"' | '\\'))) => out.push(c),
                Some((_, c)) => out.extend(['\\', c]),
                None => break,
            }
        } else {
            out.push(c);
        }
    }
    Err(at_line(line, "the quote that begins here is never closed"))
}
