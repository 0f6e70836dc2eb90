//! Where words go: data to stdout, talk to stderr; tables for people, JSON for programs.
//!
//! Colours and fitted widths only on a terminal, and no colours under `NO_COLOR`.

mod style;
mod table;
mod text;

pub(crate) use style::{Look, Tone};
pub(crate) use table::{Cell, Facts, Table};
pub(crate) use text::{age, clean, joined, time};

use crate::failure::{Failure, Outcome};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    // No doc comments here: clap would print them, and spread out every help text for them.
    #[default]
    Table,
    Json,
}

/// Where and how to write.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    stdout_terminal: bool,
    stderr_terminal: bool,
    no_colour: bool,
    width: Option<u16>,
}

impl Output {
    /// Looks at the terminal, once.
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            stdout_terminal: io::stdout().is_terminal(),
            stderr_terminal: io::stderr().is_terminal(),
            no_colour: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            width: comfy_table::Table::new().width(),
        }
    }

    /// Whether a program reads.
    pub(crate) fn json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether data goes to a terminal.
    pub(crate) fn terminal(&self) -> bool {
        self.stdout_terminal
    }

    /// Whether talk goes to a terminal.
    pub(crate) fn stderr_terminal(&self) -> bool {
        self.stderr_terminal
    }

    /// Whether talk may be coloured.
    pub(crate) fn colour_stderr(&self) -> bool {
        self.stderr_terminal && !self.no_colour
    }

    /// Columns of the terminal; none when data goes to a pipe or a file.
    pub(crate) fn width(&self) -> Option<u16> {
        self.width.filter(|_| self.stdout_terminal)
    }

    /// How text for people looks here.
    pub(crate) fn look(&self) -> Look {
        Look::new(self.stdout_terminal && !self.no_colour, self.width())
    }

    /// Writes an answer: for programs the document, for people what `people` makes of it.
    pub(crate) fn show<T: Serialize>(&self, document: &T, people: impl FnOnce(&Look) -> String) -> Outcome {
        match self.format {
            Format::Json => self.document(document),
            Format::Table => {
                let text = people(&self.look());
                let text = text.trim_end_matches('\n');
                if text.is_empty() {
                    Ok(())
                } else {
                    self.bytes(format!("{text}\n").as_bytes())
                }
            }
        }
    }

    /// Writes one JSON document on one line; also one element of a stream.
    pub(crate) fn document<T: Serialize>(&self, document: &T) -> Outcome {
        let mut line =
            serde_json::to_vec(document).map_err(|error| Failure::local(format!("can't write JSON: {error}")))?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// Writes bytes as they are: documents, dumps.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Outcome {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(bytes)
            .and_then(|()| stdout.flush())
            .map_err(stdout_failure)
    }

    /// A remark for people; not made where a program reads.
    pub(crate) fn talk(&self, text: impl AsRef<str>) {
        if !self.json() {
            self.warn_raw(text.as_ref());
        }
    }

    /// Something that the caller must know, whoever reads.
    pub(crate) fn warn(&self, text: impl AsRef<str>) {
        let look = Look::new(self.colour_stderr(), None);
        self.warn_raw(&format!(
            "{} {}",
            look.paint("warning:", Tone::Warn),
            clean(text.as_ref())
        ));
    }

    /// A line on stderr as it is. Nobody is told when stderr is gone.
    pub(crate) fn warn_raw(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// The reader of a pipe that went away (`… | head`) is no failure of ours.
pub(crate) fn stdout_failure(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::told(crate::failure::Exit::Local);
    }
    Failure::local(format!("can't write to stdout: {error}"))
}

/// The exit code of a finished command, its failure shown.
pub(crate) fn finish(output: &Output, outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(output);
            failure.exit().into()
        }
    }
}
