//! `inject`: a file in which references are replaced by values.

use crate::context::write_private;
use crate::failure::{Exit, Failure, Outcome};
use crate::reference::{self, Found, Values, unresolved};
use crate::session::Session;
use clap::Args;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

/// `inject`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom inject -i app.env.tmpl -o app.env
  echo 'token = \"cred://npm-registry/token\"' | strongroom inject -i - -o -

Each cred://HANDLE/FIELD, also with ?version=N, is replaced by its value as it is: nothing
is quoted or escaped. The file is readable by its owner only (0600) and takes the place of
an older one in one step. When a reference can't be resolved nothing is written, and all
that can't be are listed.")]
pub(crate) struct InjectArgs {
    /// The file with references; - is standard input
    #[arg(short = 'i', long = "in", value_name = "FILE")]
    pub(crate) input: String,
    /// The file with values; - is standard output
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub(crate) out: String,
    /// Why; kept in the record
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "strongroom inject",
        hide_default_value = true
    )]
    pub(crate) reason: String,
}

/// Replaces all references, or none.
pub(crate) async fn run(args: &InjectArgs, session: &Session) -> Outcome {
    let text = read_text(&args.input)?;
    let found = reference::find(&text);
    let mut wanted = BTreeSet::new();
    let mut wrong = Vec::new();
    for place in &found {
        match &place.reference {
            Ok(reference) => drop(wanted.insert(reference.clone())),
            Err(why) => wrong.push(format!("line {}: {why}", place.line)),
        }
    }
    if !wrong.is_empty() {
        return Err(unresolved(Exit::Local, wrong));
    }
    let values = reference::read(&wanted, &args.reason, session).await?;
    let filled = fill(&text, &found, &values);
    if args.out == "-" {
        return session.output.bytes(filled.as_bytes());
    }
    write_private(Path::new(&args.out), filled.as_bytes())?;
    let count = found.len();
    if session.output.json() {
        return session.output.document(&json!({"file": args.out, "replaced": count}));
    }
    session
        .output
        .talk(format!("{}: {count} replaced, readable by you only", args.out));
    Ok(())
}

fn read_text(input: &str) -> Outcome<String> {
    let mut bytes = Vec::new();
    let read = match input {
        "-" => std::io::stdin().lock().read_to_end(&mut bytes),
        path => fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    read.map_err(|error| Failure::local(format!("can't read {input}: {error}")))?;
    String::from_utf8(bytes).map_err(|_| Failure::local(format!("{input} is not UTF-8")))
}

fn fill(text: &str, found: &[Found], values: &Values) -> Zeroizing<String> {
    let parts: usize = values.values().map(|value| value.len()).sum();
    let mut filled = Zeroizing::new(String::with_capacity(text.len() + parts * found.len()));
    let mut from = 0;
    for place in found {
        let value = place
            .reference
            .as_ref()
            .ok()
            .and_then(|reference| values.get(reference));
        filled.push_str(&text[from..place.at.start]);
        filled.push_str(value.map_or(&text[place.at.clone()], |value| value.as_str()));
        from = place.at.end;
    }
    filled.push_str(&text[from..]);
    filled
}
