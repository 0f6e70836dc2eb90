//! What went wrong, what to do about it, and the exit code that says so to scripts.
//!
//! 0 done · 1 wrong use or local failure · 2 the server said no · 3 not found · 4 denied · 5 verification failed.
//! `run` gives the exit code of its command; its own failures are 125 to 127, as with `env` and `docker run`.

use crate::output::Output;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, SourceSpan};
use serde_json::{Map, Value, json};
use std::fmt;
use std::process::ExitCode;

/// The exit codes; scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Wrong use, or a failure on this machine.
    Local,
    /// The server said no.
    Refused,
    /// What was named is not there, or not for the caller to see.
    NotFound,
    /// The token is not good enough.
    Denied,
    /// Something does not match what was signed.
    Unverified,
    /// `run` failed before its command began.
    Run,
    /// The command of `run` is there and can't be begun.
    NotRunnable,
    /// The command of `run` is not there.
    NoCommand,
    /// The command of `run` ended so.
    Child(u8),
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Refused => 2,
            Self::NotFound => 3,
            Self::Denied => 4,
            Self::Unverified => 5,
            Self::Run => 125,
            Self::NotRunnable => 126,
            Self::NoCommand => 127,
            Self::Child(code) => code,
        }
    }

    /// The exit code for an HTTP status that is an error.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Denied,
            404 => Self::NotFound,
            _ => Self::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A failed command: a message, what to try next, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hints: Vec<String>,
    /// What the server sent, for `--output json`.
    problem: Option<Box<Value>>, // boxed: failures travel in every result
    /// The text in which something is wrong, and where: characters from, and how many.
    excerpt: Option<Box<Excerpt>>,
    /// The command has already shown its answer: only the exit code is left to give.
    told: bool,
}

/// A text of the user's own, and the place in it that a failure is about.
#[derive(Debug)]
struct Excerpt {
    text: String,
    place: SourceSpan,
}

/// What commands return.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure of this kind.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hints: Vec::new(),
            problem: None,
            excerpt: None,
            told: false,
        }
    }

    /// Wrong use, or something on this machine failed.
    pub(crate) fn local(message: impl Into<String>) -> Self {
        Self::new(Exit::Local, message)
    }

    /// The answer is on stdout already; only the exit code says that it is a no.
    pub(crate) fn told(exit: Exit) -> Self {
        Self {
            told: true,
            ..Self::new(exit, String::new())
        }
    }

    /// Adds what to try next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what to try next, if there is something.
    #[must_use]
    pub(crate) fn maybe_hint(self, hint: Option<impl Into<String>>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Keeps the server's problem document for programs.
    #[must_use]
    pub(crate) fn with_problem(mut self, problem: Value) -> Self {
        self.problem = Some(Box::new(problem));
        self
    }

    /// Shows where in a text the fault lies: `offset` characters from its beginning, `length` of them.
    #[must_use]
    pub(crate) fn within(mut self, text: &str, offset: u64, length: u64) -> Self {
        let byte = |characters: u64| {
            let nth = usize::try_from(characters).unwrap_or(usize::MAX);
            text.char_indices().nth(nth).map_or(text.len(), |(at, _)| at)
        };
        let (from, to) = (byte(offset), byte(offset.saturating_add(length)));
        self.excerpt = Some(Box::new(Excerpt {
            text: text.to_owned(),
            place: (from..to).into(),
        }));
        self
    }

    /// The server's problem document, if it sent one.
    pub(crate) fn problem(&self) -> Option<&Value> {
        self.problem.as_deref()
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The same failure with another exit code.
    #[must_use]
    pub(crate) fn exits(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// What went wrong, without hints.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to try next, all together.
    #[cfg(test)]
    pub(crate) fn help_text(&self) -> String {
        self.hints.join("\n")
    }

    /// The problem document, as the server sent it or as made here.
    pub(crate) fn document(&self) -> Value {
        let mut document = match self.problem.as_deref() {
            Some(Value::Object(members)) => members.clone(),
            _ => Map::from_iter([("title".to_owned(), json!(self.message))]),
        };
        if !self.hints.is_empty() {
            document.insert("hint".to_owned(), json!(self.hints.join("; "))); // the server's own comes first
        }
        document.insert("exit".to_owned(), json!(self.exit.code()));
        Value::Object(document)
    }

    /// Shows it on stderr: for people a message with its hints, for programs one line of JSON.
    pub(crate) fn report(&self, output: &Output) {
        if self.told {
            return;
        }
        if output.json() {
            output.warn_raw(&self.document().to_string());
        } else {
            output.warn_raw(self.render(output.colour_stderr(), output.width()).trim_end());
        }
    }

    fn render(&self, colour: bool, width: Option<u16>) -> String {
        let theme = if colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false);
        let handler = match width {
            Some(width) => handler.with_width(usize::from(width.max(40))),
            None => handler.with_wrap_lines(false).with_width(10_000), // a pipe: lines stay whole for `grep`
        };
        let mut text = String::new();
        match handler.render_report(&mut text, self) {
            Ok(()) => text,
            Err(_) => format!("error: {}", self.message),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.hints.as_slice() {
            [] => None,
            hints => Some(Box::new(hints.join("\n"))),
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| &excerpt.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.excerpt.as_ref()?.place;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(
            Some("here".to_owned()),
            place,
        ))))
    }
}

/// Says which file, and what the system said.
pub(crate) fn file_failure(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::local(format!("can't {doing} {}: {}", path.display(), system_said(error)))
}

/// What the system said, without its number.
pub(crate) fn system_said(error: &std::io::Error) -> String {
    let text = error.to_string();
    let said = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = said.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_become_the_promised_exit_codes() {
        let codes = [
            (400, 2),
            (401, 4),
            (403, 4),
            (404, 3),
            (409, 2),
            (412, 2),
            (422, 2),
            (503, 2),
        ];
        for (status, code) in codes {
            assert_eq!(Exit::of_status(status).code(), code, "{status}");
        }
    }

    #[test]
    fn a_failure_reads_as_message_and_help() {
        let failure = Failure::local("no such thing").hint("try another").hint("or none");
        insta::assert_snapshot!(failure.render(false, None), @r"
          × no such thing
          help: try another
                or none
        ");
    }

    #[test]
    fn a_fault_in_a_text_is_shown_in_it() {
        let failure = Failure::local("there is no such filter").within("é actr:mia since:7d", 2, 4);
        insta::assert_snapshot!(failure.render(false, None));
    }

    #[test]
    fn programs_get_the_problem_with_the_exit_code() {
        let failure = Failure::new(Exit::NotFound, "x")
            .with_problem(json!({"type": "/problems/not_found", "status": 404, "detail": "x"}))
            .hint("did you mean `y`?");
        assert_eq!(
            failure.document(),
            json!({"type": "/problems/not_found", "status": 404, "detail": "x", "hint": "did you mean `y`?", "exit": 3})
        );
    }
}
