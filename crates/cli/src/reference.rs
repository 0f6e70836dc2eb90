//! References to one field of a credential, as files and options carry them: `cred://handle/field[?version=n]`.

use crate::doc::value_text;
use crate::failure::{Exit, Failure, Outcome};
use crate::session::Session;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use strongroom_api::credential::RevealCredential;
use strongroom_domain::text::{Handle, field_name};
use zeroize::Zeroizing;

const SCHEME: &str = "cred://";

/// What is wrong with a text that should be a reference.
const FORM: &str = "a reference is cred://HANDLE/FIELD, or cred://HANDLE/FIELD?version=N";

/// One field of a credential; of its current version, unless one is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    handle: String,
    version: Option<u32>,
    field: String,
}

impl Reference {
    /// Reads a whole text as a reference.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no reference: {FORM}");
        let rest = text.strip_prefix(SCHEME).ok_or_else(wrong)?;
        let (path, version) = match rest.split_once("?version=") {
            Some((path, number)) => {
                let number = number.parse().ok().filter(|number: &u32| *number > 0);
                (path, Some(number.ok_or_else(wrong)?))
            }
            None => (rest, None),
        };
        let (handle, field) = path.split_once('/').ok_or_else(wrong)?;
        Handle::parse(handle).map_err(|_| wrong())?;
        field_name(field).map_err(|_| wrong())?;
        Ok(Self {
            handle: handle.to_owned(),
            version,
            field: field.to_owned(),
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.handle, self.field)?;
        match self.version {
            Some(version) => write!(f, "?version={version}"),
            None => Ok(()),
        }
    }
}

/// A reference in a text, or what stands there instead of one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Bytes of the text.
    pub(crate) at: Range<usize>,
    /// Line, from 1.
    pub(crate) line: usize,
    /// What stands there.
    pub(crate) reference: Result<Reference, String>,
}

/// Each place of a text where `cred://` stands, in order.
///
/// A reference ends where a character can be no part of one; a `.` or `-` at its end is the text's, as in a sentence.
pub(crate) fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(SCHEME).map(|at| from + at) {
        let end = start + length(&text[start..]);
        let line = text[..start].matches('\n').count() + 1;
        let reference = Reference::parse(&text[start..end]);
        found.push(Found {
            at: start..end,
            line,
            reference,
        });
        from = end;
    }
    found
}

fn length(text: &str) -> usize {
    let run = |text: &str, part: fn(char) -> bool| text.find(|c| !part(c)).unwrap_or(text.len());
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    let path = SCHEME.len() + run(&text[SCHEME.len()..], word);
    const VERSION: &str = "?version=";
    if let Some(number) = text[path..].strip_prefix(VERSION) {
        let digits = run(number, |c| c.is_ascii_digit());
        if digits > 0 {
            return path + VERSION.len() + digits;
        }
    }
    text[..path].trim_end_matches(['.', '-']).len().max(SCHEME.len())
}

/// Values by reference; wiped when dropped.
pub(crate) type Values = BTreeMap<Reference, Zeroizing<String>>;

/// Reads what is referred to: one recorded read for each credential and version. When one can't be had none is given, and
/// the failure lists all of them.
pub(crate) async fn read(references: &BTreeSet<Reference>, reason: &str, session: &Session) -> Outcome<Values> {
    let mut credentials: BTreeMap<(&str, Option<u32>), Vec<&Reference>> = BTreeMap::new();
    for reference in references {
        let of = (reference.handle.as_str(), reference.version);
        credentials.entry(of).or_default().push(reference);
    }
    let mut values = Values::new();
    let mut failures = Vec::new();
    for ((handle, version), wanted) in credentials {
        let body = RevealCredential {
            reason: Some(reason.to_owned()),
            version,
            fields: Some(wanted.iter().map(|reference| reference.field.clone()).collect()),
            break_glass: false,
        };
        let answer = match session.read(session.client.reveal_credential(handle, &body)).await {
            Ok(answer) => answer,
            Err(failure) => {
                failures.extend(
                    wanted
                        .into_iter()
                        .map(|reference| (reference, failure.exit(), failure.message().to_owned())),
                );
                continue;
            }
        };
        for reference in wanted {
            match answer.get("fields").and_then(|fields| fields.get(&reference.field)) {
                Some(value) => drop(values.insert(reference.clone(), Zeroizing::new(value_text(value)))),
                None => failures.push((reference, Exit::NotFound, "there is no such field".to_owned())),
            }
        }
    }
    let Some((_, first, _)) = failures.first() else {
        return Ok(values);
    };
    // One reason for all has its own exit code; several are a no.
    let exit = if failures.iter().all(|(_, exit, _)| exit == first) {
        *first
    } else {
        Exit::Refused
    };
    let lines = failures.iter().map(|(reference, _, why)| format!("{reference}: {why}"));
    Err(unresolved(exit, lines))
}

/// The failure that lists every reference which can't be replaced.
pub(crate) fn unresolved(exit: Exit, lines: impl IntoIterator<Item = String>) -> Failure {
    let lines: Vec<String> = lines.into_iter().collect();
    let count = match lines.len() {
        1 => "1 reference is".to_owned(),
        count => format!("{count} references are"),
    };
    Failure::new(exit, format!("{count} not resolved:\n{}", lines.join("\n")))
        .hint("nothing was written; values by reference take the right `read` on the credential")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(handle: &str, field: &str, version: Option<u32>) -> Reference {
        Reference {
            handle: handle.to_owned(),
            version,
            field: field.to_owned(),
        }
    }

    #[test]
    fn a_reference_is_read_as_it_is_shown() {
        for (text, expected) in [
            ("cred://openai/api_key", reference("openai", "api_key", None)),
            (
                "cred://a-1/user.name?version=12",
                reference("a-1", "user.name", Some(12)),
            ),
        ] {
            assert_eq!(Reference::parse(text), Ok(expected.clone()));
            assert_eq!(expected.to_string(), text);
        }
        for text in [
            "openai/api_key",
            "cred://openai",
            "cred://openai/",
            "cred:///api_key",
            "cred://Open/api_key",
            "cred://openai/api_key?version=0",
            "cred://openai/api_key?version=new",
            "cred://openai/a/b",
        ] {
            let error = Reference::parse(text).unwrap_err();
            assert!(error.contains(text) && error.contains("cred://HANDLE/FIELD"), "{error}");
        }
    }

    #[test]
    fn references_are_found_where_they_stand() {
        let text = "a=cred://one/key\nb=\"cred://two/pass.word?version=3\" # see cred://one/key.\ncred://,cred://x/1\n";
        let found = find(text);
        let shown: Vec<(&str, usize, bool)> = found
            .iter()
            .map(|found| (&text[found.at.clone()], found.line, found.reference.is_ok()))
            .collect();
        assert_eq!(
            shown,
            [
                ("cred://one/key", 1, true),
                ("cred://two/pass.word?version=3", 2, true),
                ("cred://one/key", 2, true),
                ("cred://", 3, false),
                ("cred://x/1", 3, false),
            ]
        );
    }
}
