//! `run`: a command with secrets in its environment, and nowhere else.
//!
//! Without `--mask` the command takes this process over (exec): signals, terminal and exit code are its own. With it the
//! command is a child whose output goes through a mask, and what this process is sent is sent on.

mod mask; // values in a stream of output
mod watched; // a child whose output is masked

use crate::args::Globals;
use crate::doc::value_text;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::reference::{self, Reference};
use crate::session::Session;
use clap::Args;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use strongroom_api::resolve::Resolve;
use zeroize::Zeroizing;

/// What lets this process in is not passed on: the command gets values, not the right to fetch more.
const OWN_TOKEN: &str = "STRONGROOM_TOKEN";

/// Names that have a program load or run something. Whoever writes templates and credentials must not choose what a runner
/// executes; `--env` is the caller's own choice and may set them.
const LOADS_CODE: [&str; 14] = [
    "PATH",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "IFS",
    "NODE_OPTIONS",
    "PERL5OPT",
    "PERL5LIB",
    "RUBYOPT",
    "RUBYLIB",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "CLASSPATH",
    "PROMPT_COMMAND",
];

/// What such names may begin with, too.
const LOADS_CODE_PREFIXES: [&str; 5] = ["LD_", "DYLD_", "PYTHON", "GIT_", "BASH_FUNC"];

fn loads_code(name: &str) -> bool {
    LOADS_CODE.contains(&name) || LOADS_CODE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// `run`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom run --workspace acme-prod --template order-sync -- node worker.js
  strongroom run --env NPM_TOKEN=cred://npm-registry/token -- npm publish

Each field of a variable is set as VARIABLE_FIELD, in capitals and with _ for what can't be
in a name: the field `api_key` of OPEN_AI is OPEN_AI_API_KEY. A variable whose credential
has one field is set by its own name, too. --env goes before both, and before what is set.
Numbers, booleans and objects are JSON. STRONGROOM_TOKEN is not passed on.

Exit codes: those of COMMAND (128 + n for signal n) · 125 strongroom failed, COMMAND was not
run · 126 COMMAND can't be run · 127 there is no such COMMAND")]
pub(crate) struct RunArgs {
    /// The workspace that it runs in
    #[arg(long, value_name = "WORKSPACE", requires = "template")]
    pub(crate) workspace: Option<String>,
    /// The template whose variables it gets
    #[arg(long, value_name = "TEMPLATE", requires = "workspace")]
    pub(crate) template: Option<String>,
    /// The instance of the workflow
    #[arg(long, value_name = "INSTANCE", requires = "template")]
    pub(crate) instance: Option<String>,
    /// Set NAME to a field of a credential
    #[arg(long = "env", value_name = "NAME=cred://HANDLE/FIELD")]
    pub(crate) env: Vec<String>,
    /// Put *** for values in what the command prints
    #[arg(long)]
    pub(crate) mask: bool,
    /// Why; kept in the record of what is read by reference
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "strongroom run",
        hide_default_value = true
    )]
    pub(crate) reason: String,
    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

type Environment = BTreeMap<String, Zeroizing<String>>;

/// Gets the values and becomes the command, or runs it and ends as it does.
pub(crate) async fn run(args: &RunArgs, globals: &Globals, output: &Output) -> Outcome {
    let environment = async {
        let session = Session::open(globals, output)?;
        environment(args, &session).await
    };
    let environment = environment.await.map_err(|failure| failure.exits(Exit::Run))?;
    let (program, arguments) = args
        .command
        .split_first()
        .ok_or_else(|| Failure::new(Exit::Run, "which command?"))?;
    let mut command = Command::new(program);
    command.args(arguments).env_remove(OWN_TOKEN);
    for (name, value) in &environment {
        command.env(name, value.as_str());
    }
    if args.mask {
        let values = environment.into_values().collect();
        return watched::run(command, values, output).await;
    }
    Err(not_begun(&args.command[0], &command.exec()))
}

/// Why a command could not be begun.
fn not_begun(program: &OsString, error: &std::io::Error) -> Failure {
    let program = program.to_string_lossy();
    match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(Exit::NoCommand, format!("there is no command `{program}`")),
        _ => Failure::new(Exit::NotRunnable, format!("`{program}` can't be run: {error}")),
    }
}

async fn environment(args: &RunArgs, session: &Session) -> Outcome<Environment> {
    let given = given(&args.env)?;
    let mut environment = match (&args.workspace, &args.template) {
        (Some(workspace), Some(template)) => {
            let question = Resolve {
                workspace: workspace.clone(),
                template: template.clone(),
                instance: args.instance.clone(),
                ..Resolve::default()
            };
            let answer = session.read(session.client.resolve(&question)).await;
            let answer = answer.map_err(|failure| {
                failure.hint(format!("strongroom resolve {workspace} {template} --dry-run --explain"))
            })?;
            of_variables(&answer)?
        }
        _ if given.is_empty() => {
            return Err(
                Failure::local("nothing is asked for").hint("--workspace W --template T, or --env NAME=cred://…")
            );
        }
        _ => Environment::new(),
    };
    let wanted: BTreeSet<Reference> = given.iter().map(|(_, reference)| reference.clone()).collect();
    let values = reference::read(&wanted, &args.reason, session).await?;
    for (name, reference) in given {
        if let Some(value) = values.get(&reference) {
            environment.insert(name, value.clone());
        }
    }
    match environment.iter().find(|(_, value)| value.contains('\0')) {
        Some((name, _)) => Err(Failure::local(format!(
            "the value of {name} has a zero byte: no environment can hold it"
        ))),
        None => Ok(environment),
    }
}

/// The `--env` options.
fn given(options: &[String]) -> Outcome<Vec<(String, Reference)>> {
    let mut given: Vec<(String, Reference)> = Vec::new();
    for option in options {
        let form = || Failure::local(format!("`--env {option}` is not NAME=cred://HANDLE/FIELD"));
        let (name, text) = option.split_once('=').ok_or_else(form)?;
        if !is_name(name) {
            return Err(form().hint("a name is letters, digits and _, and begins with no digit"));
        }
        if given.iter().any(|(there, _)| there == name) {
            return Err(Failure::local(format!("`--env {name}` is given twice")));
        }
        given.push((name.to_owned(), Reference::parse(text).map_err(Failure::local)?));
    }
    Ok(given)
}

fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| word(c) && !c.is_ascii_digit()) && text.chars().all(word)
}

/// One entry for each field. Two fields that come to the same name are refused: neither is the right one.
fn of_variables(answer: &Value) -> Outcome<Environment> {
    let mut environment = Environment::new();
    let mut from: BTreeMap<String, String> = BTreeMap::new();
    let variables = answer.get("variables").and_then(Value::as_object);
    for (variable, resolved) in variables.into_iter().flatten() {
        let Some(fields) = resolved.get("fields").and_then(Value::as_object) else {
            continue;
        };
        for (field, value) in fields {
            let value = Zeroizing::new(value_text(value));
            let source = format!("field `{field}` of {variable}");
            let short = (fields.len() == 1).then(|| env_name(variable));
            for name in short.into_iter().chain([env_name(&format!("{variable}_{field}"))]) {
                if loads_code(&name) {
                    return Err(Failure::local(format!(
                        "{source} would be {name}, by which a program loads or runs something"
                    ))
                    .hint(format!(
                        "rename the variable in the template; --env {name}=cred://… sets it if you mean it"
                    )));
                }
                if let Some(other) = from.insert(name.clone(), source.clone()) {
                    return Err(Failure::local(format!("{other} and {source} would both be {name}"))
                        .hint("rename one of the variables in the template"));
                }
                environment.insert(name, value.clone());
            }
        }
    }
    Ok(environment)
}

/// Capitals, digits and `_`.
fn env_name(text: &str) -> String {
    let fitting = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let name: String = text.chars().map(fitting).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(fields: Value) -> Value {
        json!({"variables": {"SHOP": {"fields": fields}, "NONE": {"credential": null}}})
    }

    #[test]
    fn fields_have_names_of_their_own() {
        let environment = of_variables(&answer(json!({"api.key": "a", "port": 993}))).unwrap();
        let names: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(names, [("SHOP_API_KEY", "a"), ("SHOP_PORT", "993")]);
        let environment = of_variables(&answer(json!({"token": "a"}))).unwrap();
        assert_eq!(environment.keys().collect::<Vec<_>>(), ["SHOP", "SHOP_TOKEN"]);
    }

    #[test]
    fn two_fields_of_one_name_are_refused() {
        let refused = of_variables(&answer(json!({"api.key": "aaa", "api-key": "bbb"}))).unwrap_err();
        assert!(refused.message().contains("SHOP_API_KEY"), "{}", refused.message());
        assert!(!refused.message().contains("aaa") && !refused.message().contains("bbb"));
    }

    #[test]
    fn a_template_does_not_choose_what_is_executed() {
        for (variable, field, name) in [
            ("LD", "preload", "LD_PRELOAD"),
            ("PATH", "x", "PATH"),
            ("NODE", "options", "NODE_OPTIONS"),
        ] {
            let answer = json!({"variables": {variable: {"fields": {field: "value-of-it"}}}});
            let refused = of_variables(&answer).unwrap_err();
            assert!(refused.message().contains(name), "{}", refused.message());
            assert!(!refused.message().contains("value-of-it"));
        }
        assert!(given(&["PATH=cred://tools/path".to_owned()]).is_ok());
    }

    #[test]
    fn options_are_read_whole() {
        let read = |option: &str| given(&[option.to_owned()]);
        assert!(read("TOKEN=cred://npm/token?version=2").is_ok());
        for wrong in [
            "TOKEN",
            "=cred://npm/token",
            "1T=cred://npm/token",
            "A-B=cred://npm/token",
            "T=npm/token",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let twice = ["T=cred://npm/token".to_owned(), "T=cred://npm/other".to_owned()];
        assert!(given(&twice).unwrap_err().message().contains("twice"));
    }
}
