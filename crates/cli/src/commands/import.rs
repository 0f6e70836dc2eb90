//! `import …`.

use crate::args::WriteArgs;
use crate::doc::{Doc, items};
use crate::failure::{Exit, Failure, Outcome};
use crate::input::{pairs, read_file, secret_from};
use crate::output::{Cell, Table, Tone, joined};
use crate::session::Session;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use strongroom_api::import::Import;
use strongroom_api::{Document, Pairs, SecretText};
use strongroom_formats::import::onepassword;

/// `import …`
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Credentials exported from n8n, decrypted or encrypted
    N8n(N8nArgs),
    /// A .env file
    Dotenv(FileArgs),
    /// 1Password's CSV or 1PUX
    #[command(name = "1password")]
    OnePassword(FileArgs),
    /// Bitwarden's JSON, unencrypted
    Bitwarden(FileArgs),
    /// Vault or OpenBao: `kv get -format=json`, or such data by path
    Vault(FileArgs),
    /// Infisical's JSON, CSV or dotenv
    Infisical(FileArgs),
    /// Doppler's JSON
    Doppler(FileArgs),
    /// Airflow's connections, JSON or env
    Airflow(FileArgs),
    /// Activepieces' connections with their values
    Activepieces(FileArgs),
    /// Windmill's resources and variables
    Windmill(FileArgs),
}

/// `import FORMAT`
#[derive(Debug, Args)]
#[command(after_help = "\
A bad file changes nothing at all. A second import of the same file changes nothing and
says so; a value that differs is proposed as a rotation, never a second credential.
docs/import.md says how to export from each system, and shows an example of each.")]
pub(crate) struct FileArgs {
    /// The export; `-` is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// The client that new credentials belong to
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Before each name, to tell files apart; for a lone answer of Vault its path
    #[arg(long, value_name = "TEXT")]
    pub(crate) prefix: Option<String>,
    /// A tag of new credentials
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub(crate) tags: Vec<String>,
    /// How variables become credentials: one for each service, each variable, or the file
    #[arg(long, value_name = "BY", value_parser = ["service", "variable", "file"])]
    pub(crate) group: Option<String>,
    /// Enter values that changed as rotations; else they are only proposed
    #[arg(long)]
    pub(crate) rotate: bool,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `import n8n`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  n8n export:credentials --all --decrypted --output=export.json
  strongroom import n8n export.json
  strongroom import n8n encrypted.json --encryption-key @key-file --dry-run

A bad file changes nothing at all. A second import of the same file changes nothing and
says so; a value that differs is proposed as a rotation, never a second credential.")]
pub(crate) struct N8nArgs {
    /// The export; `-` is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// The instance's encryption key, for an encrypted export: @FILE, `-` for stdin, or nothing to be asked
    #[arg(long, value_name = "@FILE|-", num_args = 0..=1, default_missing_value = "")]
    pub(crate) encryption_key: Option<String>,
    /// Enter values that changed as rotations; else they are only proposed
    #[arg(long)]
    pub(crate) rotate: bool,
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// The format of the CSV and the 1PUX.
const ONE_PASSWORD: &str = "1password";

/// Bytes of an export: what the server takes.
const EXPORT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Does it.
pub(crate) async fn run(command: &ImportCommand, session: &Session) -> Outcome {
    match command {
        ImportCommand::N8n(args) => n8n(args, session).await,
        ImportCommand::Dotenv(args) => file("dotenv", args, session).await,
        ImportCommand::OnePassword(args) => file(ONE_PASSWORD, args, session).await,
        ImportCommand::Bitwarden(args) => file("bitwarden", args, session).await,
        ImportCommand::Vault(args) => file("vault", args, session).await,
        ImportCommand::Infisical(args) => file("infisical", args, session).await,
        ImportCommand::Doppler(args) => file("doppler", args, session).await,
        ImportCommand::Airflow(args) => file("airflow", args, session).await,
        ImportCommand::Activepieces(args) => file("activepieces", args, session).await,
        ImportCommand::Windmill(args) => file("windmill", args, session).await,
    }
}

async fn file(format: &str, args: &FileArgs, session: &Session) -> Outcome {
    let request = Import {
        format: format.to_owned(),
        document: document(format, &args.file, session)?,
        encryption_key: None,
        client: args.client.clone(),
        tags: pairs("--tag", &args.tags)?.into_iter().collect(),
        prefix: args.prefix.clone(),
        group: args.group.clone(),
        rotate: args.rotate,
        dry_run: args.dry_run,
        reason: None,
    };
    send(&request, &args.write, session).await
}

/// The export as text. A 1PUX file is a zip, which holds the items in one file of it.
fn document(format: &str, file: &str, session: &Session) -> Outcome<Document> {
    if format == ONE_PASSWORD
        && let Some(archive) = archive(file)
    {
        return unpacked(archive, file);
    }
    let bytes = read_file(file, EXPORT_BYTES_MAX, &mut session.stdin.borrow_mut())?;
    if onepassword::is_zip(&bytes) {
        if format == ONE_PASSWORD {
            return unpacked(Cursor::new(bytes.as_slice()), file);
        }
        let failure = Failure::new(Exit::Refused, format!("{file} is a zip"));
        return Err(failure.hint("unpack it, and import the file in it"));
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Failure::new(Exit::Refused, format!("{file} is not UTF-8 text")))?;
    Ok(Document::new(text.to_owned()))
}

/// A file on a disk that is a zip, at its beginning; why it can't be read is said by whoever reads it whole. It is not read whole
/// here: it may hold attachments, and be larger than any export. What comes through a pipe can be read once only.
fn archive(file: &str) -> Option<impl Read + Seek> {
    if !std::fs::metadata(file).ok()?.is_file() {
        return None;
    }
    let mut archive = BufReader::new(File::open(file).ok()?);
    let mut start = [0; 4];
    archive.read_exact(&mut start).ok()?;
    archive.rewind().ok()?;
    onepassword::is_zip(&start).then_some(archive)
}

fn unpacked(archive: impl Read + Seek, file: &str) -> Outcome<Document> {
    let text = onepassword::export_data(archive, EXPORT_BYTES_MAX).map_err(|error| {
        let failure = Failure::new(Exit::Refused, format!("{file}: {error}; nothing was imported"));
        failure.maybe_hint(Some(error.hint).filter(|hint| !hint.is_empty()))
    })?;
    Ok(Document::new(text.to_string()))
}

async fn n8n(args: &N8nArgs, session: &Session) -> Outcome {
    let request = {
        let mut stdin = session.stdin.borrow_mut();
        let encryption_key = match args.encryption_key.as_deref() {
            None => None,
            Some("") => Some(secret_from("--encryption-key", None, &session.ask, &mut stdin)?),
            Some(place) => Some(secret_from("--encryption-key", Some(place), &session.ask, &mut stdin)?),
        };
        drop(stdin);
        let document = document("n8n", &args.file, session)?;
        Import {
            format: "n8n".to_owned(),
            document,
            encryption_key: encryption_key.map(|key| SecretText::from(key.as_str())),
            client: None,
            tags: Pairs::default(),
            prefix: None,
            group: None,
            rotate: args.rotate,
            dry_run: args.dry_run,
            reason: None,
        }
    };
    send(&request, &args.write, session).await
}

async fn send(request: &Import, write: &WriteArgs, session: &Session) -> Outcome {
    let answer = session.write(session.client.import(request, &write.options())).await?;
    session.output.show(&answer, |look| {
        table(&answer).render(look, "the file holds no credentials")
    })?;
    for item in items(&answer) {
        for warning in item.texts("warnings") {
            session
                .output
                .warn(format!("{}: {warning}", item.text("name").unwrap_or_default()));
        }
    }
    session.output.talk(summary(&answer, request.dry_run));
    Ok(())
}

fn table(answer: &Value) -> Table {
    let mut table = Table::new(&["name", "became", "credential", "service", "kind"]);
    for item in items(answer) {
        table.row([
            item.text("name").unwrap_or_default().into(),
            action(item),
            Cell::maybe(item.text("handle")),
            Cell::maybe(item.text("service")),
            Cell::maybe(item.text("kind")),
        ]);
    }
    table
}

fn action(item: &Value) -> Cell {
    let word = item.text("action").unwrap_or_default();
    if let Some(holder) = item.text("holder") {
        return Cell::toned(format!("{} of {holder}", word.replace('_', " ")), Tone::Warn);
    }
    let tone = match word {
        "created" | "rotated" => Tone::Good,
        "unchanged" | "held" => Tone::Dim,
        _ => Tone::Warn,
    };
    Cell::toned(word.replace('_', " "), tone)
}

/// What was done, in one line; and what is left for a person to do.
fn summary(answer: &Value, dry_run: bool) -> String {
    let count = |word: &str| {
        items(answer)
            .iter()
            .filter(|item| item.text("action") == Some(word))
            .count()
    };
    let words = [
        "created",
        "rotated",
        "unchanged",
        "held",
        "rotation_proposed",
        "duplicate",
    ];
    let told: Vec<_> = words
        .iter()
        .filter_map(|word| {
            let count = count(word);
            (count > 0).then(|| format!("{count} {}", word.replace('_', " ")))
        })
        .collect();
    let mut text = if told.is_empty() {
        "nothing to import".to_owned()
    } else {
        told.join(", ")
    };
    if dry_run {
        text.push_str(" (a dry run: nothing was done)");
    } else if count("created") + count("rotated") == 0 {
        text.push_str(": nothing changed");
    }
    let proposed = items(answer)
        .iter()
        .filter(|item| item.text("action") == Some("rotation_proposed"));
    let proposed = joined(proposed.filter_map(|item| item.text("handle")));
    if count("rotation_proposed") > 0 {
        text.push_str(&format!(
            "\nother values in the file than in the ledger: {proposed}; --rotate enters them"
        ));
    }
    if count("held") > 0 {
        text.push_str(
            "\nwhether what is held has other values is not told without `read`; --rotate enters those that have, on the record",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_second_import_says_that_nothing_changed() {
        let answer = json!({"items": [{"name": "a", "action": "unchanged"}, {"name": "b", "action": "unchanged"}]});
        assert_eq!(summary(&answer, false), "2 unchanged: nothing changed");
    }

    #[test]
    fn a_changed_value_is_proposed_as_a_rotation() {
        let answer = json!({"items": [{"name": "a", "handle": "a", "action": "rotation_proposed"}, {"name": "b", "action": "created"}]});
        assert_eq!(
            summary(&answer, false),
            "1 created, 1 rotation proposed\nother values in the file than in the ledger: a; --rotate enters them"
        );
    }
}
