//! `template …`.

mod share;

use crate::args::{HistoryArgs, PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::{Exit, Failure, Outcome};
use crate::input::read_file;
use crate::output::{Cell, Facts, Table, joined, time};
use crate::session::{self, Session};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use strongroom_api::Document;
use strongroom_api::template::{CreateTemplate, ReviseTemplate, TemplateQuery};

/// Bytes of a workflow file: what the server takes.
const DOCUMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// `template …`
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Make templates from workflow files; each credential that a workflow refers to becomes a variable
    Import(ImportArgs),
    /// List templates
    List(ListArgs),
    /// Show one with its variables
    Get(GetArgs),
    /// What happened to it, the newest first, before and after
    History(HistoryArgs),
    /// Bring a newer file as the next revision
    Revise(ReviseArgs),
    /// Put it away: it is not admitted any more; where it runs it goes on
    Retire(RetireArgs),
    /// Print a revision's document
    Document(DocumentArgs),
    /// Write a revision as a file that another ledger can import
    Export(ExportArgs),
    /// Which workspaces that run it lack something for a revision
    Affected(AffectedArgs),
}

/// `template import`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom template import workflows/*.json
  strongroom template import order-sync.json --name \"Order sync\"
  strongroom template import old.json --allow-hardcoded --reason \"a public demo key\"

Each file counts alone: when one is refused the exit code is 2, and the others are
imported all the same. A workflow with a secret written into it is refused, and the
place is named.")]
pub(crate) struct ImportArgs {
    /// Workflow files; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// A name for people; else the workflow's own (one file only)
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The handle that references use; else made from the name (one file only)
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// What it is for (one file only)
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// How a file is read.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReadingArgs {
    /// n8n or strongroom; else found out from the file
    #[arg(long, value_name = "FORMAT", value_parser = ["n8n", "strongroom"])]
    pub(crate) format: Option<String>,
    /// Take it though a secret seems to be written into it; needs --reason, and both are recorded
    #[arg(long, requires = "reason")]
    pub(crate) allow_hardcoded: bool,
}

/// `template list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also retired ones
    #[arg(long)]
    pub(crate) retired: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `template get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `template revise`
#[derive(Debug, Args)]
pub(crate) struct ReviseArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// The newer workflow file; `-` is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Only say what it would come to, and which workspaces would lack something
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `template export`
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  strongroom template export order-sync -o order-sync.json
  strongroom template import order-sync.json          on the other side

The file says what the template needs and holds its document: no credentials, no mappings, no
ids. Where a name of a client, workspace or credential of yours stands in a text, or a secret
that was accepted, it is refused, and the places are named.")]
pub(crate) struct ExportArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// Where to write it; else stdout
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    pub(crate) out: Option<std::path::PathBuf>,
    /// An earlier revision instead of the newest
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
    /// Also where names of yours, or secrets that were accepted, stand in it
    #[arg(long)]
    pub(crate) as_is: bool,
}

/// `template affected`
#[derive(Debug, Args)]
pub(crate) struct AffectedArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// An earlier revision instead of the newest
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
}

/// `template retire`
#[derive(Debug, Args)]
pub(crate) struct RetireArgs {
    /// Its handle or id
    pub(crate) handle: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `template document`
#[derive(Debug, Args)]
pub(crate) struct DocumentArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// An earlier revision instead of the newest
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
}

/// Does it.
pub(crate) async fn run(command: &TemplateCommand, session: &Session) -> Outcome {
    match command {
        TemplateCommand::Import(args) => import(args, session).await,
        TemplateCommand::List(args) => {
            let retired = args.retired.then_some(true);
            let page = session
                .list(&args.page, async |limit, cursor| {
                    session
                        .client
                        .templates(&TemplateQuery {
                            q: None,
                            retired,
                            limit,
                            cursor,
                        })
                        .await
                })
                .await?;
            session.show_list(&page, |look| {
                table(&page).render(look, "no templates: `strongroom template import FILE`")
            })
        }
        TemplateCommand::History(args) => super::audit::history_of("template", args, session).await,
        TemplateCommand::Get(args) => {
            let template = session.read(session.client.template(&args.handle)).await?;
            session.output.show(&template, |look| {
                let variables = variables(template.list("variables")).render(look, "it needs no credential");
                let mut text = format!("{}\n\n{variables}", facts(&template).render(look));
                if template.list("revisions").len() > 1 {
                    text.push_str(&format!("\n\n{}", revisions(&template).render(look, "")));
                }
                text
            })
        }
        TemplateCommand::Revise(args) => {
            let body = ReviseTemplate {
                document: Some(document(&args.file, session)?),
                format: args.reading.format.clone(),
                allow_hardcoded: args.reading.allow_hardcoded,
                dry_run: args.dry_run,
                ..ReviseTemplate::default()
            };
            let options = args.write.options();
            let revise = session.client.revise_template(&args.handle, &body, &options);
            let answer = match args.dry_run {
                true => session.read(revise).await?,
                false => session.write(revise).await?,
            };
            revised(&args.handle, &answer, session)
        }
        TemplateCommand::Retire(args) => {
            let answer = session
                .write(session.client.retire_template(&args.handle, &args.write.options()))
                .await?;
            session.tell(&answer, &format!("template `{}` retired", args.handle))
        }
        TemplateCommand::Export(args) => share::export(args, session).await,
        TemplateCommand::Affected(args) => share::affected(args, session).await,
        TemplateCommand::Document(args) => {
            let document = session.client.template_document(&args.handle, args.revision).await;
            let mut bytes = document.map_err(session::failure)?;
            if session.output.terminal() && bytes.last() != Some(&b'\n') {
                bytes.push(b'\n');
            }
            session.output.bytes(&bytes)
        }
    }
}

/// Imports each file by itself; the answer lists what was taken and what was not.
async fn import(args: &ImportArgs, session: &Session) -> Outcome {
    let one_only = [&args.name, &args.handle, &args.description]
        .iter()
        .any(|option| option.is_some());
    if args.files.len() > 1 && (one_only || args.write.idempotency_key.is_some()) {
        return Err(
            Failure::local("--name, --handle, --description and --idempotency-key are for one file")
                .hint("import the files one by one"),
        );
    }
    let (mut taken, mut refused, mut worst) = (Vec::new(), Vec::new(), None);
    for file in &args.files {
        match import_one(file, args, session).await {
            Ok(mut answer) => {
                if let Some(members) = answer.as_object_mut() {
                    members.insert("file".to_owned(), json!(file));
                }
                taken.push(answer);
            }
            Err(failure) => {
                worst = Some(worse(worst, failure.exit()));
                if !session.output.json() {
                    session.output.warn_raw(&format!("{file}:"));
                    failure.report(&session.output);
                }
                refused.push(json!({"file": file, "problem": failure.document()}));
            }
        }
    }
    let document = if refused.is_empty() {
        json!({"items": taken})
    } else {
        json!({"items": taken, "refused": refused})
    };
    session.output.show(&document, |look| {
        imported(&document).render(look, "nothing was imported")
    })?;
    if let [one] = taken.as_slice() {
        let handle = one.text("handle").unwrap_or_default();
        session
            .output
            .talk(format!("next: strongroom setup WORKSPACE {handle}"));
    }
    match worst {
        None => Ok(()),
        Some(exit) => {
            session
                .output
                .talk(format!("{} of {} refused", refused.len(), args.files.len()));
            Err(Failure::told(exit))
        }
    }
}

async fn import_one(file: &str, args: &ImportArgs, session: &Session) -> Outcome<Value> {
    let body = CreateTemplate {
        name: args.name.clone(),
        handle: args.handle.clone(),
        description: args.description.clone(),
        document: Some(document(file, session)?),
        format: args.reading.format.clone(),
        allow_hardcoded: args.reading.allow_hardcoded,
        ..CreateTemplate::default()
    };
    session
        .write(session.client.create_template(&body, &args.write.options()))
        .await
}

/// Of several failures the exit code is that of the server's no, if there was one.
fn worse(before: Option<Exit>, now: Exit) -> Exit {
    match before {
        Some(Exit::Refused) => Exit::Refused,
        _ if now == Exit::Refused => Exit::Refused,
        Some(before) => before,
        None => now,
    }
}

/// A file as a document: as JSON where it is JSON, so that the server can name a place in it; else as text, and the
/// server says what is wrong with it.
fn document(file: &str, session: &Session) -> Outcome<Document> {
    let bytes = read_file(file, DOCUMENT_BYTES_MAX, &mut session.stdin.borrow_mut())?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Document::new(text.to_owned())),
        Err(_) => Err(Failure::new(Exit::Refused, format!("{file} is not UTF-8 text"))),
    }
}

fn revised(handle: &str, answer: &Value, session: &Session) -> Outcome {
    let revision = answer
        .number("revision")
        .map(|revision| format!(": revision {revision}"))
        .unwrap_or_default();
    let done = if answer.is("dry_run") {
        "would be revised"
    } else {
        "revised"
    };
    session.tell(answer, &format!("template `{handle}` {done}{revision}"))?;
    let changes = [
        ("added", "new"),
        ("removed", "gone"),
        ("unsure", "look at these: the reference changed"),
    ];
    for (name, told) in changes {
        let variables = answer.texts(name);
        if !variables.is_empty() {
            session.output.talk(format!("  {told}: {}", joined(variables)));
        }
    }
    if let Some(affected) = answer.get("affected") {
        share::tell_lacking(affected, session);
    }
    session.output.talk(format!(
        "workspaces keep the revision they admitted: strongroom setup WORKSPACE {handle}"
    ));
    Ok(())
}

fn imported(document: &Value) -> Table {
    let mut table = Table::new(&["template", "revision", "variables", "file"]);
    for item in items(document) {
        let variables = item
            .list("variables")
            .iter()
            .filter_map(|variable| variable.text("name").or(variable.as_str()));
        table.row([
            item.text("handle").unwrap_or_default().into(),
            Cell::maybe(item.shown("revision")),
            joined(variables).into(),
            Cell::dim(item.text("file").unwrap_or_default()),
        ]);
    }
    table
}

fn table(page: &Value) -> Table {
    let mut table = Table::new(&["handle", "name", "revision", "variables", "state"]);
    for template in items(page) {
        let count = template
            .get("variables")
            .and_then(Value::as_array)
            .map(|variables| variables.len().to_string());
        table.row([
            template.text("handle").unwrap_or_default().into(),
            template.text("name").unwrap_or_default().into(),
            Cell::maybe(template.shown("revision")),
            Cell::maybe(count.or_else(|| template.shown("variables"))),
            state(template),
        ]);
    }
    table
}

fn facts(template: &Value) -> Facts {
    Facts::default()
        .maybe("handle", template.text("handle"))
        .maybe("name", template.text("name"))
        .maybe("description", template.text("description"))
        .maybe("format", template.text("format"))
        .maybe("revision", template.shown("revision"))
        .maybe("digest", template.text("digest"))
        .fact("state", state(template))
        .maybe("id", template.text("id"))
        .maybe("made", template.text("created_at").map(time))
        .maybe("changed", template.text("updated_at").map(time))
}

/// Variables, one a line.
pub(crate) fn variables(variables: &[Value]) -> Table {
    let mut table = Table::new(&["variable", "service", "kinds", "required", "scopes", "description"])
        .without_if_narrow(&["description", "scopes"]);
    for variable in variables {
        table.row([
            variable.text("name").unwrap_or_default().into(),
            variable.text("service").unwrap_or_default().into(),
            joined(variable.texts("kinds")).into(),
            if variable.get("required").and_then(Value::as_bool).unwrap_or(true) {
                "yes".into()
            } else {
                "no".into()
            },
            Cell::dim(variable.texts("scopes").join(" ")),
            Cell::dim(variable.text("description").unwrap_or_default()),
        ]);
    }
    table
}

fn revisions(template: &Value) -> Table {
    let mut table = Table::new(&["revision", "entered", "by", "variables", "digest"]);
    for revision in template.list("revisions") {
        let digest: String = revision.text("digest").unwrap_or_default().chars().take(16).collect();
        table.row([
            Cell::maybe(revision.shown("revision")),
            Cell::maybe(revision.text("entered_at").map(time)),
            Cell::maybe(revision.text("entered_by")),
            revision.list("variables").len().to_string().into(),
            Cell::dim(digest),
        ]);
    }
    table
}

fn state(template: &Value) -> Cell {
    Cell::status(if template.is("retired") { "retired" } else { "active" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_file_outweighs_a_local_failure() {
        assert_eq!(worse(None, Exit::Local), Exit::Local);
        assert_eq!(worse(Some(Exit::Local), Exit::Refused), Exit::Refused);
        assert_eq!(worse(Some(Exit::Refused), Exit::Local), Exit::Refused);
        assert_eq!(worse(Some(Exit::Denied), Exit::Local), Exit::Denied);
    }
}
