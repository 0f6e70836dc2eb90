//! One command's talk with the server: address and token, requests, answers or failures.

mod problem;

pub(crate) use problem::failure;

use crate::args::{Globals, PageArgs};
use crate::ask::Ask;
use crate::context::{self, Context};
use crate::doc::Doc;
use crate::failure::{Failure, Outcome, file_failure};
use crate::input::Stdin;
use crate::output::{Look, Output, Tone, clean};
use serde::Serialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::path::Path;
use strongroom_api::Page;
use strongroom_api::page::LIMIT_MAX;
use strongroom_client::{Client, Error};
use zeroize::Zeroizing;

/// What a command has at hand.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) output: Output,
    pub(crate) ask: Ask,
    pub(crate) stdin: RefCell<Stdin>,
    /// The moment that is asked about, if it is not now: a position, or a time as the server takes it.
    pub(crate) as_of: Option<String>,
}

impl Session {
    /// Finds address and token: `--addr` and variables first, then the context file.
    pub(crate) fn open(globals: &Globals, output: &Output) -> Outcome<Self> {
        let kept = context::read(&context::path()?)?;
        let token = std::env::var("STRONGROOM_TOKEN").ok().map(Zeroizing::new);
        let kept_ca = kept.as_ref().and_then(|kept| kept.ca_file.clone());
        let (addr, token) = choose(globals.addr.as_deref(), token, kept)?;
        let ca_file = globals.ca_file.clone().or(kept_ca);
        Self::with(&addr, &token, ca_file.as_deref(), output)
    }

    /// A session with this server and token.
    pub(crate) fn with(addr: &str, token: &str, ca_file: Option<&Path>, output: &Output) -> Outcome<Self> {
        Ok(Self {
            client: client(addr, Some(token), ca_file)?,
            output: output.clone(),
            ask: Ask::new(output),
            stdin: RefCell::default(),
            as_of: None,
        })
    }

    /// The same session about the past.
    pub(crate) fn then(self, moment: String) -> Self {
        Self {
            client: self.client.as_of(&moment),
            as_of: Some(moment),
            ..self
        }
    }

    /// Waits for an answer that reads something.
    pub(crate) async fn read<T: Serialize>(&self, answer: impl Future<Output = Result<T, Error>>) -> Outcome<Value> {
        let answer = answer.await.map_err(failure)?;
        serde_json::to_value(&answer).map_err(|error| Failure::local(format!("can't read the answer: {error}")))
    }

    /// Waits for an answer that changed something, and passes on what the server warns of.
    pub(crate) async fn write<T: Serialize>(&self, answer: impl Future<Output = Result<T, Error>>) -> Outcome<Value> {
        let answer = self.read(answer).await?;
        for warning in answer.texts("warnings") {
            self.output.warn(warning);
        }
        Ok(answer)
    }

    /// A list: so many as were asked for, else all. One document of the shape of a page.
    pub(crate) async fn list<T: Serialize>(
        &self,
        page: &PageArgs,
        ask: impl AsyncFn(Option<u32>, Option<String>) -> Result<Page<T>, Error>,
    ) -> Outcome<Value> {
        let mut all: Vec<T> = Vec::new();
        let mut cursor = page.cursor.clone();
        loop {
            let have = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let room = page
                .limit
                .map_or(LIMIT_MAX, |limit| limit.saturating_sub(have).min(LIMIT_MAX));
            let answer = ask(Some(room), cursor).await.map_err(failure)?;
            all.extend(answer.items);
            cursor = answer.next;
            if cursor.is_none() || page.limit.is_some_and(|limit| all.len() >= limit as usize) {
                break;
            }
        }
        Ok(json!({"items": all, "next": cursor}))
    }

    /// Shows a list, and how to go on where it does not end.
    pub(crate) fn show_list(&self, page: &Value, people: impl FnOnce(&Look) -> String) -> Outcome {
        self.output.show(page, people)?;
        if let Some(next) = page.text("next") {
            self.output.talk(format!("there is more: --cursor {}", clean(next)));
        }
        Ok(())
    }

    /// Shows what a write did: a sentence, and the position of its record.
    pub(crate) fn tell(&self, answer: &Value, sentence: &str) -> Outcome {
        self.output.show(answer, |look| match answer.number("position") {
            Some(position) => {
                format!(
                    "{} {}",
                    clean(sentence),
                    look.paint(&format!("(position {position})"), Tone::Dim)
                )
            }
            None => "nothing changed".to_owned(),
        })
    }
}

/// A client of this server, which trusts the certificates of a file where one is given.
pub(crate) fn client(addr: &str, token: Option<&str>, ca_file: Option<&Path>) -> Outcome<Client> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| file_failure("read", path, &error));
    let certificates = ca_file.map(read).transpose()?;
    Client::trusting(addr, token, certificates.as_deref()).map_err(failure)
}

/// Address and token to use. The kept token goes to the server that it was kept for, and to no other.
fn choose(
    addr: Option<&str>,
    token: Option<Zeroizing<String>>,
    kept: Option<Context>,
) -> Outcome<(String, Zeroizing<String>)> {
    let token = token
        .map(|token| Zeroizing::new(token.trim().to_owned()))
        .filter(|token| !token.is_empty());
    let addr = addr.filter(|addr| !addr.trim().is_empty()).map(context::normal_addr);
    match (addr, token, kept) {
        (Some(addr), Some(token), _) => Ok((addr, token)),
        (None, Some(token), Some(kept)) => Ok((context::normal_addr(&kept.addr), token)),
        (None, Some(token), None) => Ok((context::normal_addr(context::DEFAULT_ADDR), token)),
        (None, None, Some(kept)) => Ok((context::normal_addr(&kept.addr), kept.token)),
        (Some(addr), None, Some(kept)) if addr == context::normal_addr(&kept.addr) => Ok((addr, kept.token)),
        (Some(addr), None, kept) => {
            let failure = Failure::local(format!("there is no token for {addr}"));
            let failure = failure.maybe_hint(kept.map(|kept| format!("the token that is kept is for {}", kept.addr)));
            Err(failure.hint(format!("`strongroom login --addr {addr}`, or set STRONGROOM_TOKEN")))
        }
        (None, None, None) => Err(Failure::local("no server is known")
            .hint("`strongroom login` keeps an address and a token; `strongroom serve --dev` starts a server and does the same")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(text.to_owned()))
    }

    fn kept() -> Option<Context> {
        Some(Context {
            addr: "http://127.0.0.1:7420".into(),
            token: Zeroizing::new("srt_kept".into()),
            ca_file: None,
        })
    }

    #[track_caller]
    fn check(
        addr: Option<&str>,
        variable: Option<Zeroizing<String>>,
        kept: Option<Context>,
        expected: Option<(&str, &str)>,
    ) {
        let chosen = choose(addr, variable, kept).ok();
        assert_eq!(
            chosen.as_ref().map(|(addr, token)| (addr.as_str(), token.as_str())),
            expected
        );
    }

    #[test]
    fn what_is_nearest_wins() {
        check(None, None, kept(), Some(("http://127.0.0.1:7420", "srt_kept")));
        check(
            Some("ledger:1"),
            token("srt_env"),
            kept(),
            Some(("http://ledger:1", "srt_env")),
        );
        check(
            None,
            token("srt_env\n"),
            kept(),
            Some(("http://127.0.0.1:7420", "srt_env")),
        );
        check(None, token("srt_env"), None, Some(("http://127.0.0.1:7420", "srt_env")));
        check(Some(""), None, kept(), Some(("http://127.0.0.1:7420", "srt_kept")));
        check(None, None, None, None);
    }

    #[test]
    fn the_kept_token_goes_to_its_server_only() {
        check(
            Some("127.0.0.1:7420"),
            None,
            kept(),
            Some(("http://127.0.0.1:7420", "srt_kept")),
        );
        check(Some("http://elsewhere:7420"), None, kept(), None);
        check(Some("http://elsewhere:7420"), token(" "), kept(), None);
    }
}
