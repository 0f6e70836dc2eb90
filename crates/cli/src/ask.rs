//! Questions to a person, asked only where there is one: stdin and stderr on a terminal, and no program reading.

use crate::failure::{Failure, Outcome};
use crate::output::{Output, clean};
use inquire::{InquireError, Password, PasswordDisplayMode, Select};
use std::fmt::Display;
use std::io::{self, IsTerminal};
use zeroize::Zeroizing;

/// Whether somebody can be asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    somebody: bool,
}

impl Ask {
    /// Looks whether somebody is there.
    pub(crate) fn new(output: &Output) -> Self {
        Self {
            somebody: io::stdin().is_terminal() && output.stderr_terminal() && !output.json(),
        }
    }

    /// Nobody to ask.
    #[cfg(test)]
    pub(crate) fn nobody() -> Self {
        Self { somebody: false }
    }

    /// Whether somebody is there.
    pub(crate) fn somebody(self) -> bool {
        self.somebody
    }

    /// Asks for a secret without showing it.
    pub(crate) fn secret(self, what: &str) -> Outcome<Zeroizing<String>> {
        if !self.somebody {
            return Err(Failure::local(format!("there is no terminal to ask for `{what}`"))
                .hint(format!("`{what}=@FILE` reads a file, `{what}=-` reads stdin")));
        }
        self.password(&format!("{what}:"), false)
    }

    /// Asks for a passphrase; twice when it is a new one.
    pub(crate) fn passphrase(self, new: bool) -> Outcome<Zeroizing<String>> {
        if !self.somebody {
            return Err(Failure::local("there is no terminal to ask for the passphrase")
                .hint("--passphrase-file FILE reads it from a file"));
        }
        self.password(if new { "New passphrase:" } else { "Passphrase:" }, new)
    }

    fn password(self, message: &str, twice: bool) -> Outcome<Zeroizing<String>> {
        let prompt = Password::new(message).with_display_mode(PasswordDisplayMode::Hidden);
        let prompt = if twice { prompt } else { prompt.without_confirmation() };
        let value = Zeroizing::new(prompt.prompt().map_err(stopped)?);
        if value.is_empty() {
            Err(Failure::local("nothing was entered"))
        } else {
            Ok(value)
        }
    }

    /// Asks for a line of text; none when nobody is there.
    pub(crate) fn text(self, message: &str) -> Outcome<Option<String>> {
        if !self.somebody {
            return Ok(None);
        }
        let text = inquire::Text::new(message).prompt().map_err(stopped)?;
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// Lets choose one of several; none for "none of these" (Esc), or when nobody is there.
    pub(crate) fn choose<T: Display>(self, message: &str, help: &str, options: Vec<T>) -> Outcome<Option<T>> {
        if !self.somebody || options.is_empty() {
            return Ok(None);
        }
        Select::new(&clean(message), options)
            .with_help_message(help)
            .with_page_size(12)
            .prompt_skippable()
            .map_err(stopped)
    }
}

fn stopped(error: InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            Failure::local("stopped; nothing was changed")
        }
        other => Failure::local(format!("can't ask: {other}")),
    }
}
