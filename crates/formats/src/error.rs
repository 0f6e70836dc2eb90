//! One shape of error for everything that can be wrong with a document: where, what, what to do.

use std::fmt;

/// A document that can't be read, and where. Never holds a value of the document.
///
/// Shown as `what (at /pointer, line 3, column 4)`; the hint is separate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// RFC 6901 pointer to the value that is wrong, as far as it may be named; empty for the whole document.
    pub pointer: String,
    /// Line, from 1, where the text itself is wrong.
    pub line: Option<usize>,
    /// Column in bytes, from 1.
    pub column: Option<usize>,
    /// What is wrong, lower case, no full stop.
    pub what: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

impl FormatError {
    /// Makes an error about the value at `pointer`.
    pub(crate) fn at(pointer: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            line: None,
            column: None,
            what: what.into(),
            hint: String::new(),
        }
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match (self.pointer.is_empty(), self.line, self.column) {
            (true, Some(line), Some(column)) => write!(f, " (line {line}, column {column})"),
            (false, Some(line), Some(column)) => {
                write!(f, " (at {}, line {line}, column {column})", self.pointer)
            }
            (false, _, _) => write!(f, " (at {})", self.pointer),
            (true, _, _) => Ok(()),
        }
    }
}

impl std::error::Error for FormatError {}

/// Something to tell the person who imports; nothing was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// RFC 6901 pointer to the place; empty for the whole document.
    pub pointer: String,
    /// What was noticed and what follows from it.
    pub what: String,
}

impl Warning {
    pub(crate) fn at(pointer: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            what: what.into(),
        }
    }
}
