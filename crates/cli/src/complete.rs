//! What a shell completes: words of the grammar, and handles of what the token in use may see.
//!
//! The shell asks this program on each Tab, so the server is asked with it, for a moment only. Whatever fails is silence:
//! nobody reads an error that stands in the middle of a line.

use crate::args::{Cli, Globals};
use crate::doc::{Doc, items};
use crate::failure::Outcome;
use crate::output::{Format, Output, clean};
use crate::session::Session;
use clap::{Arg, Command, CommandFactory};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use serde_json::Value;
use std::ffi::OsStr;
use std::time::Duration;
use strongroom_api::client::ClientQuery;
use strongroom_api::credential::CredentialQuery;
use strongroom_api::page::LIMIT_MAX;
use strongroom_api::principal::PrincipalQuery;
use strongroom_api::template::TemplateQuery;
use strongroom_api::workspace::WorkspaceQuery;

/// The variable by which a shell's script asks for completions.
pub(crate) const VARIABLE: &str = "STRONGROOM_COMPLETE";

/// How long a person at a prompt waits without wondering.
const WITHIN: Duration = Duration::from_millis(1_500);

/// Answers a shell's script; false when this is an ordinary run.
pub(crate) fn answered() -> Result<bool, clap::Error> {
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(|| with_handles(Cli::command(), None))
        .var(VARIABLE)
        .try_complete(std::env::args_os(), here.as_deref())
}

/// What has a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noun {
    Credential,
    Client,
    Workspace,
    Template,
    Principal,
}

impl Noun {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "credential" => Self::Credential,
            "client" => Self::Client,
            "workspace" => Self::Workspace,
            "template" => Self::Template,
            "principal" => Self::Principal,
            _ => return None,
        })
    }
}

/// Gives each argument that takes a handle its completer; `noun` is the one that the command is about.
fn with_handles(command: Command, noun: Option<Noun>) -> Command {
    let noun = Noun::parse(command.get_name()).or(noun);
    command
        .mut_args(|arg| match taken_by(&arg, noun) {
            Some(noun) => arg.add(ArgValueCompleter::new(move |begun: &OsStr| candidates(noun, begun))),
            None => arg,
        })
        .mut_subcommands(|command| with_handles(command, noun))
}

/// What an argument takes a handle of: a positional `HANDLE` is the command's own noun, else the value's name says it.
fn taken_by(arg: &Arg, noun: Option<Noun>) -> Option<Noun> {
    if arg.is_positional() && arg.get_id() == "handle" {
        return noun;
    }
    match arg.get_value_names() {
        Some([name]) => Noun::parse(name),
        Some(_) => None,
        None if arg.is_positional() => Noun::parse(arg.get_id().as_str()),
        None => None,
    }
}

fn candidates(noun: Noun, begun: &OsStr) -> Vec<CompletionCandidate> {
    let Some(begun) = begun.to_str() else {
        return Vec::new();
    };
    let page = asked(noun, begun).unwrap_or_default();
    let candidate = |item: &Value| {
        let handle = item.text("handle").filter(|handle| handle.starts_with(begun))?;
        let name = item.text("name").map(|name| clean(name).into());
        Some(CompletionCandidate::new(handle).help(name))
    };
    items(&page).iter().filter_map(candidate).collect()
}

/// Asks the server for one page of what fits.
fn asked(noun: Noun, begun: &str) -> Option<Value> {
    let globals = Globals {
        output: Format::Json,
        addr: typed_addr(std::env::args()).or_else(|| std::env::var("STRONGROOM_ADDR").ok()),
        ca_file: std::env::var_os("STRONGROOM_CA_FILE").map(Into::into),
        as_of: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let page = runtime.block_on(async {
        let session = Session::open(&globals, &Output::new(Format::Json)).ok()?;
        tokio::time::timeout(WITHIN, list(&session, noun, begun))
            .await
            .ok()?
            .ok()
    });
    runtime.shutdown_background(); // a name that is being looked up is not waited for
    page
}

async fn list(session: &Session, noun: Noun, begun: &str) -> Outcome<Value> {
    let q = Some(begun.to_owned()).filter(|begun| !begun.is_empty());
    let limit = Some(LIMIT_MAX);
    let client = &session.client;
    match noun {
        Noun::Credential => {
            let query = CredentialQuery {
                q,
                limit,
                ..CredentialQuery::default()
            };
            session.read(client.credentials(&query)).await
        }
        Noun::Client => {
            let query = ClientQuery {
                q,
                limit,
                ..ClientQuery::default()
            };
            session.read(client.clients(&query)).await
        }
        Noun::Workspace => {
            let query = WorkspaceQuery {
                q,
                limit,
                ..WorkspaceQuery::default()
            };
            session.read(client.workspaces(&query)).await
        }
        Noun::Template => {
            let query = TemplateQuery {
                q,
                limit,
                ..TemplateQuery::default()
            };
            session.read(client.templates(&query)).await
        }
        Noun::Principal => {
            let query = PrincipalQuery {
                q,
                limit,
                ..PrincipalQuery::default()
            };
            session.read(client.principals(&query)).await
        }
    }
}

/// The `--addr` of the line that is being typed.
fn typed_addr(words: impl Iterator<Item = String>) -> Option<String> {
    let mut words = words.skip_while(|word| word != "--").skip(1);
    while let Some(word) = words.next() {
        if word == "--addr" {
            return words.next();
        }
        if let Some(addr) = word.strip_prefix("--addr=") {
            return Some(addr.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What completes by which noun, as the shell would ask.
    fn noun_of(path: &[&str], arg: &str) -> Option<Noun> {
        let mut command = Cli::command();
        command.build();
        let mut noun = None;
        let mut at = &command;
        for word in path {
            at = at.find_subcommand(word).unwrap();
            noun = Noun::parse(at.get_name()).or(noun);
        }
        let arg = at.get_arguments().find(|it| it.get_id() == arg).unwrap();
        taken_by(arg, noun)
    }

    #[test]
    fn an_argument_is_completed_by_what_it_names() {
        for (path, arg, noun) in [
            (&["credential", "get"][..], "handle", Some(Noun::Credential)),
            (&["credential", "create"], "handle", None),
            (&["credential", "create"], "name", None),
            (&["credential", "create"], "client", Some(Noun::Client)),
            (&["credential", "create"], "steward", Some(Noun::Principal)),
            (&["credential", "share"], "workspaces", Some(Noun::Workspace)),
            (&["client", "update"], "handle", Some(Noun::Client)),
            (&["principal", "grant", "add"], "handle", Some(Noun::Principal)),
            (&["template", "revise"], "handle", Some(Noun::Template)),
            (&["template", "revise"], "file", None),
            (&["map"], "workspace", Some(Noun::Workspace)),
            (&["map"], "template", Some(Noun::Template)),
            (&["map"], "variable", None),
            (&["map"], "credential", Some(Noun::Credential)),
            (&["setup"], "maps", None),
            (&["audit", "log"], "actor", Some(Noun::Principal)),
            (&["token", "create"], "principal", Some(Noun::Principal)),
        ] {
            assert_eq!(noun_of(path, arg), noun, "{path:?} {arg}");
        }
    }

    #[test]
    fn the_address_of_the_line_is_asked() {
        let line = |words: &[&str]| typed_addr(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(
            line(&["bin", "--", "strongroom", "--addr", "a:1", "credential"]).as_deref(),
            Some("a:1")
        );
        assert_eq!(line(&["bin", "--", "strongroom", "--addr=b:2"]).as_deref(), Some("b:2"));
        assert_eq!(line(&["bin", "--addr", "a:1", "--", "strongroom"]), None);
        assert_eq!(line(&["bin", "--", "strongroom", "--addr"]), None);
    }
}
