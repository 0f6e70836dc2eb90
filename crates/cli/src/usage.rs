//! Wrong use: what clap found wrong, as a failure like others.

use crate::failure::{Exit, Failure};
use clap::error::ErrorKind;
use serde_json::json;
use strongroom_api::problem::TYPE_PREFIX;

/// Whether a program reads: the grammar may not have been understood, so the words are looked at by themselves.
pub(crate) fn wants_json(words: impl IntoIterator<Item = std::ffi::OsString>) -> bool {
    let mut words = words.into_iter().take_while(|word| word != "--");
    while let Some(word) = words.next() {
        if word == "--output=json" || word == "--output" && words.next().is_some_and(|format| format == "json") {
            return true;
        }
    }
    false
}

/// Wrong use is 1; of `run` it is 125, since 1 may be its command's.
pub(crate) fn exit(words: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let mut words = words.into_iter().skip(1).take_while(|word| word != "--");
    while let Some(word) = words.next() {
        if word == "--output" || word == "--addr" || word == "--ca-file" {
            words.next();
        } else if !word.as_encoded_bytes().starts_with(b"-") {
            return if word == "run" { Exit::Run } else { Exit::Local };
        }
    }
    Exit::Local
}

/// The failure with message, usage and tips apart, as a program takes them.
pub(crate) fn failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let whole_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
    );
    let mut paragraphs = text.split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let message = if whole_help {
        "a command is needed".to_owned()
    } else {
        let lines: Vec<&str> = first.trim_start_matches("error: ").lines().map(str::trim).collect();
        lines.join(" ")
    };
    let rest: Vec<&str> = paragraphs.flat_map(str::lines).map(str::trim).collect();
    let after = |label: &str| {
        let mut found = rest.iter().filter_map(|line| line.strip_prefix(label)).map(str::trim);
        found.next().map(str::to_owned)
    };
    let usage = after("Usage:").or_else(|| first.strip_prefix("Usage:").map(|usage| usage.trim().to_owned()));
    let mut problem = json!({"type": format!("{TYPE_PREFIX}usage"), "title": "Wrong use", "detail": message});
    if let (Some(usage), Some(members)) = (usage, problem.as_object_mut()) {
        members.insert("usage".to_owned(), json!(usage));
    }
    Failure::local(message)
        .with_problem(problem)
        .maybe_hint(after("tip:"))
        .hint("--help says what there is")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;

    fn told(words: &[&str]) -> serde_json::Value {
        let words = ["strongroom"].iter().chain(words);
        failure(&Cli::try_parse_from(words).unwrap_err()).document()
    }

    #[test]
    fn wrong_use_is_a_problem() {
        assert_eq!(
            told(&["credential", "lst"]),
            json!({
                "type": "urn:strongroom:problem:usage",
                "title": "Wrong use",
                "detail": "unrecognized subcommand 'lst'",
                "usage": "strongroom credential [OPTIONS] <COMMAND>",
                "hint": "a similar subcommand exists: 'list'; --help says what there is",
                "exit": 1,
            })
        );
        let missing = told(&["credential", "get"]);
        assert_eq!(
            missing["detail"],
            "the following required arguments were not provided: <HANDLE>"
        );
        for nothing in [&[][..], &["credential"]] {
            assert_eq!(told(nothing)["detail"], "a command is needed", "{nothing:?}");
        }
    }

    #[test]
    fn a_program_reads_when_the_words_say_so() {
        let wants = |words: &[&str]| wants_json(words.iter().map(std::ffi::OsString::from));
        assert!(wants(&["x", "--output", "json"]) && wants(&["--output=json", "x"]));
        for people in [
            &["x"][..],
            &["--output", "table", "json"],
            &["x", "--", "--output", "json"],
            &["--output"],
        ] {
            assert!(!wants(people), "{people:?}");
        }
    }
}
