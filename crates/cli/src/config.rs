//! The configuration file of `serve`: its options by their long names, in TOML. What is typed goes before what is written.
//!
//! A file becomes words in front of those that were typed, so that there is one grammar, one set of checks and one help.

use crate::args::Cli;
use crate::failure::{Failure, Outcome, system_said};
use clap::{ArgAction, CommandFactory};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Names the file where no option does.
pub(crate) const VARIABLE: &str = "STRONGROOM_CONFIG";

/// Options that no file can set: this one, and what is about the typing.
const TYPED_ONLY: [&str; 4] = ["config", "help", "output", "addr"];

/// The words of a command line, with those of the configuration file that it names for `serve`.
pub(crate) fn expanded(words: Vec<OsString>) -> Outcome<Vec<OsString>> {
    let Some(at) = words.iter().position(|word| word == "serve") else {
        return Ok(words);
    };
    let Some(path) = named(&words[at..]).or_else(|| std::env::var_os(VARIABLE).filter(|it| !it.is_empty())) else {
        return Ok(words);
    };
    let written = read(Path::new(&path))?;
    let (before, typed) = words.split_at(at + 1);
    Ok([before, &written, typed].concat())
}

/// The file that the words name: `--config FILE` or `--config=FILE`.
fn named(words: &[OsString]) -> Option<OsString> {
    let mut words = words.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if word == "--config" {
            return words.next().cloned();
        }
        if let Some(path) = word.to_str().and_then(|word| word.strip_prefix("--config=")) {
            return Some(path.into());
        }
    }
    None
}

/// Reads a file as words of `serve`. Paths in it are from the file on.
pub(crate) fn read(path: &Path) -> Outcome<Vec<OsString>> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::local(format!("can't read {}: {}", path.display(), system_said(&error))))?;
    let place = Place { path, text: &text };
    let table = DeTable::parse(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        place.wrong(at, error.message())
    })?;
    let mut words = Vec::new();
    for (name, value) in table.get_ref() {
        option(&place, name, value, &mut words)?;
    }
    Ok(words)
}

struct Place<'t> {
    path: &'t Path,
    text: &'t str,
}

impl Place<'_> {
    fn wrong(&self, at: usize, what: &str) -> Failure {
        let line = self.text.get(..at).unwrap_or_default().matches('\n').count() + 1;
        Failure::local(format!("{} line {line}: {what}", self.path.display()))
    }
}

fn option(
    place: &Place<'_>,
    name: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    words: &mut Vec<OsString>,
) -> Outcome {
    let command = Cli::command();
    let serve = command.find_subcommand("serve");
    let known: Vec<&clap::Arg> = serve.into_iter().flat_map(clap::Command::get_arguments).collect();
    let long = name.get_ref().replace('_', "-");
    let is_known = |it: &&&clap::Arg| it.get_long() == Some(long.as_str()) && !TYPED_ONLY.contains(&long.as_str());
    let Some(arg) = known.iter().find(is_known) else {
        let names = known
            .iter()
            .filter_map(|it| it.get_long())
            .filter(|it| !TYPED_ONLY.contains(it));
        let near = names
            .map(|it| (strsim::osa_distance(it, &long), it))
            .min()
            .filter(|(distance, _)| *distance <= 1 + long.len() / 3)
            .map(|(_, near)| format!("did you mean `{}`?", near.replace('-', "_")));
        let what = format!("there is no `{}`", name.get_ref());
        let failure = place.wrong(name.span().start, &what).maybe_hint(near);
        return Err(failure.hint("`strongroom serve --help` lists the options; each can stand here by its long name"));
    };
    let at = value.span().start;
    let takes_value = arg.get_action().takes_values();
    let mut add = |text: String| {
        // As `--name=value`: a value may begin with a dash.
        words.push(format!("--{long}={text}").into());
    };
    match value.get_ref() {
        DeValue::Boolean(true) if !takes_value => words.push(format!("--{long}").into()),
        DeValue::Boolean(false) if !takes_value => {}
        _ if !takes_value => return Err(place.wrong(at, &format!("`{}` is true or false", name.get_ref()))),
        DeValue::Array(values) if matches!(arg.get_action(), ArgAction::Append) => {
            for value in values {
                add(text(place, name.get_ref(), arg, value)?);
            }
        }
        _ => add(text(place, name.get_ref(), arg, value)?),
    }
    Ok(())
}

/// A value as it would be typed; of a file's path as seen from the configuration file.
fn text(place: &Place<'_>, name: &str, arg: &clap::Arg, value: &Spanned<DeValue<'_>>) -> Outcome<String> {
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        _ => return Err(place.wrong(value.span().start, &format!("`{name}` is a text or a number"))),
    };
    let names_a_path = arg.get_value_parser().type_id() == clap::builder::ValueParser::path_buf().type_id();
    if !names_a_path {
        return Ok(text);
    }
    let directory = place.path.parent().unwrap_or(Path::new(""));
    let path: PathBuf = directory.join(text);
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| place.wrong(value.span().start, "the path is not UTF-8"))
}
