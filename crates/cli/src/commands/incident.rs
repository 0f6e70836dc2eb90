//! `incident …`: what is looked into, what is to be done about it, and what was.

use super::audit::{self, report::ReportArgs};
use crate::args::{Cli, Command, PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::{Exit, Failure, Outcome};
use crate::input::bound;
use crate::output::{Cell, Facts, Look, Table, Tone, joined, time};
use crate::session::Session;
use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use strongroom_api::audit::EventQuery;
use strongroom_api::incident::{IncidentQuery, OpenIncident, SkipStep, Suspects, TellStewards, WidenIncident};

/// Events of the timeline that `show` shows; `audit log --incident` has all.
const EVENTS_SHOWN: u32 = 20;

/// `incident …`
#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Begin: who and what is suspected, since when
    Open(OpenArgs),
    /// List incidents
    List(ListArgs),
    /// Show its timeline, and what is to be done
    Show(HandleArgs),
    /// Suspect more, or from earlier on
    Widen(WidenArgs),
    /// Do steps, each by the one command that it is
    Step(StepArgs),
    /// Leave a step out, with a reason
    Skip(SkipArgs),
    /// Say that stewards were told what concerns them
    Tell(TellArgs),
    /// The whole of it, as Markdown, HTML, JSON, CSV, or tables
    Report(PaperArgs),
    /// End it
    Close(CloseArgs),
}

/// Who and what is suspected.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Suspects")]
pub(crate) struct SuspectArgs {
    /// Whoever acts as this principal
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) principal: Vec<String>,
    /// Whoever uses this token or identity: its id, never the token itself
    #[arg(long, value_name = "ID")]
    pub(crate) token: Vec<String>,
    /// Whoever asks from this address or network
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) source: Vec<String>,
    /// A credential that may be known to somebody who should not know it
    #[arg(long, value_name = "CREDENTIAL")]
    pub(crate) credential: Vec<String>,
}

impl SuspectArgs {
    fn suspects(&self) -> Suspects {
        Suspects {
            principals: self.principal.clone(),
            tokens: self.token.clone(),
            sources: self.source.clone(),
            credentials: self.credential.clone(),
        }
    }
}

/// `incident open`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom incident open \"Leaked runner token\" --since -3h --token tk_… --reason \"seen in a build log\"
  strongroom incident open laptop --since 2026-11-20 --principal mia --source 198.51.100.0/24 --reason \"stolen\"
  strongroom incident show leaked-runner-token

What is done with `--incident leaked-runner-token`, by any command, belongs to it.")]
pub(crate) struct OpenArgs {
    /// Its name, for people
    pub(crate) name: String,
    /// From when on it is looked at: a time, a date, how long ago (2h), or a position
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) since: String,
    /// The handle; else made from the name
    #[arg(long, value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    #[command(flatten)]
    pub(crate) suspects: SuspectArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `incident list`
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Also closed ones
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) page: PageArgs,
}

/// `incident show`
#[derive(Debug, Args)]
pub(crate) struct HandleArgs {
    /// Its handle or id
    pub(crate) handle: String,
}

/// `incident widen`
#[derive(Debug, Args)]
pub(crate) struct WidenArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// From when on it is looked at, earlier than before
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) since: Option<String>,
    #[command(flatten)]
    pub(crate) suspects: SuspectArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `incident step`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom incident step laptop disable:mia revoke-token:tk_…
  strongroom incident step laptop rotate:openai -- --secret api_key=@new-key
  strongroom incident step laptop undo:co_… --print

Each is done by the command that --print shows; what stands behind -- goes to it.")]
pub(crate) struct StepArgs {
    /// The incident's handle or id
    pub(crate) handle: String,
    /// The steps, as `incident show` names them
    #[arg(required = true, value_name = "STEP")]
    pub(crate) steps: Vec<String>,
    /// Why; else the incident and the step
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Only print the commands
    #[arg(long)]
    pub(crate) print: bool,
    /// Options for the step's command, behind --
    #[arg(last = true, value_name = "OPTION")]
    pub(crate) more: Vec<String>,
}

/// `incident skip`
#[derive(Debug, Args)]
pub(crate) struct SkipArgs {
    /// The incident's handle or id
    pub(crate) handle: String,
    /// The step, as `incident show` names it
    pub(crate) step: String,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `incident tell`
#[derive(Debug, Args)]
#[command(after_help = "\
It records who was told of which credentials, and sends nothing itself; a webhook of
incident.told does.")]
pub(crate) struct TellArgs {
    /// The incident's handle or id
    pub(crate) handle: String,
    /// Who was told
    #[arg(required = true, value_name = "STEWARD")]
    pub(crate) stewards: Vec<String>,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// `incident report`
#[derive(Debug, Args)]
pub(crate) struct PaperArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "markdown", value_parser = ["table", "json", "csv", "markdown", "html"])]
    pub(crate) format: String,
    /// Write to this new file instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// `incident close`
#[derive(Debug, Args)]
pub(crate) struct CloseArgs {
    /// Its handle or id
    pub(crate) handle: String,
    /// Close it though steps are open
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// Does it; the commands that steps come to are for the caller to do.
pub(crate) async fn run(command: &IncidentCommand, session: &Session) -> Outcome<Vec<Command>> {
    match command {
        IncidentCommand::Step(args) => return steps(args, session).await,
        IncidentCommand::Open(args) => open(args, session).await?,
        IncidentCommand::List(args) => list(args, session).await?,
        IncidentCommand::Show(args) => show(args, session).await?,
        IncidentCommand::Widen(args) => widen(args, session).await?,
        IncidentCommand::Skip(args) => skip(args, session).await?,
        IncidentCommand::Tell(args) => tell(args, session).await?,
        IncidentCommand::Report(args) => paper(args, session).await?,
        IncidentCommand::Close(args) => close(args, session).await?,
    }
    Ok(Vec::new())
}

async fn open(args: &OpenArgs, session: &Session) -> Outcome {
    let wished = OpenIncident {
        name: args.name.clone(),
        handle: args.handle.clone(),
        since: bound("--since", &args.since, jiff::Timestamp::now())?,
        suspects: args.suspects.suspects(),
        reason: None,
    };
    let answer = session
        .write(session.client.open_incident(&wished, &args.write.options()))
        .await?;
    let handle = answer
        .get("incident")
        .and_then(|it| it.text("handle"))
        .unwrap_or_default();
    session.tell(
        &answer,
        &format!("incident `{handle}` is open; `strongroom incident show {handle}` says what is to be done"),
    )
}

async fn list(args: &ListArgs, session: &Session) -> Outcome {
    let page = session
        .list(&args.page, async |limit, cursor| {
            let query = IncidentQuery {
                all: args.all.then_some(true),
                limit,
                cursor,
            };
            session.client.incidents(&query).await
        })
        .await?;
    session.show_list(&page, |look| {
        let mut table = Table::new(&["HANDLE", "STATUS", "SINCE", "OPENED", "BY", "REASON"]);
        for it in items(&page) {
            let status = it.text("status").unwrap_or_default();
            table.row([
                Cell::from(it.text("handle").unwrap_or_default()),
                if status == "open" {
                    Cell::toned(status, Tone::Bad)
                } else {
                    Cell::dim(status)
                },
                Cell::from(it.text("since").map(time).unwrap_or_default()),
                Cell::from(it.text("opened_at").map(time).unwrap_or_default()),
                Cell::from(it.text("opened_by").unwrap_or_default()),
                Cell::from(it.text("reason").unwrap_or_default()),
            ]);
        }
        table.render(look, "no incidents")
    })
}

async fn show(args: &HandleArgs, session: &Session) -> Outcome {
    let mut insight = session.read(session.client.incident(&args.handle)).await?;
    let query = EventQuery {
        incident: Some(args.handle.clone()),
        limit: Some(EVENTS_SHOWN),
        ..EventQuery::default()
    };
    let events = session.read(session.client.events(&query)).await?;
    if let Some(insight) = insight.as_object_mut() {
        insight.insert("newest_events".to_owned(), json!(events.list("items")));
    }
    session.output.show(&insight, |look| shown(&insight, &events, look))
}

fn shown(insight: &Value, events: &Value, look: &Look) -> String {
    let null = Value::Null;
    let incident = insight.get("incident").unwrap_or(&null);
    let suspects = incident.get("suspects").unwrap_or(&null);
    let named = |name: &str| {
        let names = suspects.texts(name);
        (!names.is_empty()).then(|| joined(names.into_iter().map(str::to_owned)))
    };
    let figure = |name: &str| insight.number(name).unwrap_or_default();
    let facts = Facts::default()
        .maybe("incident", incident.text("handle"))
        .maybe("name", incident.text("name"))
        .maybe("status", incident.text("status"))
        .maybe("since", incident.text("since").map(time))
        .maybe("principals", named("principals"))
        .maybe("tokens", named("tokens"))
        .maybe("sources", named("sources"))
        .maybe("credentials", named("credentials"))
        .maybe("reason", incident.text("reason"))
        .maybe("correlation", incident.text("correlation"))
        .fact(
            "events",
            format!("{}, of them {} by suspects", figure("events"), figure("acts")),
        )
        .render(look);
    let mut steps = Table::new(&["STEP", "ABOUT", "WHY", "STATE"]);
    for it in insight.list("steps") {
        let state = it.text("state").unwrap_or_default();
        steps.row([
            Cell::from(it.text("step").unwrap_or_default()),
            Cell::from(it.text("about").unwrap_or_default()),
            Cell::from(it.text("why").unwrap_or_default()),
            match state {
                "open" => Cell::toned(state, Tone::Bad),
                _ => Cell::dim(state),
            },
        ]);
    }
    let mut texts = vec![facts];
    if insight.get("complete").and_then(Value::as_bool) == Some(false) {
        texts.push(look.paint("not all of its timeline was looked at: there is more", Tone::Warn));
    }
    let head = |text: &str| format!("\n{}", look.paint(text, Tone::Head));
    texts.push(head("What is to be done, in this order"));
    texts.push(steps.render(look, "nothing that the ledger knows of"));
    texts.push(head("What happened, the newest first"));
    texts.push(audit::table(events).render(look, "nothing yet"));
    if events.get("next").is_some_and(|next| !next.is_null()) {
        let handle = incident.text("handle").unwrap_or_default();
        texts.push(look.paint(
            &format!("all of it: strongroom audit log --incident {handle}"),
            Tone::Dim,
        ));
    }
    texts.join("\n")
}

async fn widen(args: &WidenArgs, session: &Session) -> Outcome {
    let since = args.since.as_deref();
    let more = WidenIncident {
        since: since
            .map(|since| bound("--since", since, jiff::Timestamp::now()))
            .transpose()?,
        suspects: args.suspects.suspects(),
        reason: None,
    };
    let answer = session
        .write(
            session
                .client
                .widen_incident(&args.handle, &more, &args.write.options()),
        )
        .await?;
    session.tell(&answer, &format!("incident `{}` is wider", args.handle))
}

/// The commands that steps come to, each tied to the incident.
async fn steps(args: &StepArgs, session: &Session) -> Outcome<Vec<Command>> {
    if args.steps.len() > 1 && !args.more.is_empty() {
        return Err(Failure::local("what stands behind -- is for one step").hint("name one step at a time"));
    }
    let insight = session.read(session.client.incident(&args.handle)).await?;
    let all = insight.list("steps");
    let mut lines = Vec::new();
    for name in &args.steps {
        let step = all.iter().find(|it| it.text("step") == Some(name));
        let step = step.ok_or_else(|| {
            let open = all.iter().filter(|it| it.text("state") == Some("open"));
            let open: Vec<String> = open.filter_map(|it| it.text("step")).map(str::to_owned).collect();
            let failure = Failure::new(Exit::NotFound, format!("`{name}` is no step of `{}`", args.handle));
            failure.maybe_hint((!open.is_empty()).then(|| format!("open are {}", joined(open))))
        })?;
        if step.text("state") == Some("done") && !args.print {
            session.output.talk(format!("{name} is done already"));
            continue;
        }
        let reason = args.reason.clone();
        let mut line: Vec<String> = step.texts("command").into_iter().map(str::to_owned).collect();
        // Telling is the incident's own.
        if step.text("kind") != Some("tell") {
            line.extend(["--incident".to_owned(), args.handle.clone()]);
        }
        let reason = reason.unwrap_or_else(|| format!("incident {}: {name}", args.handle));
        line.extend(["--reason".to_owned(), reason]);
        line.extend(args.more.iter().cloned());
        lines.push(line);
    }
    if args.print {
        let shown: Vec<String> = lines.iter().map(|line| command_line(line)).collect();
        session
            .output
            .show(&json!({ "commands": lines }), |_| shown.join("\n"))?;
        return Ok(Vec::new());
    }
    lines.into_iter().map(parsed).collect()
}

/// A line as somebody would type it.
fn command_line(words: &[String]) -> String {
    let plain = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_=:./@,".contains(c))
    };
    let quoted = words.iter().map(|word| {
        if plain(word) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    format!("strongroom {}", quoted.collect::<Vec<_>>().join(" "))
}

fn parsed(line: Vec<String>) -> Outcome<Command> {
    let words = std::iter::once("strongroom".to_owned()).chain(line.iter().cloned());
    match Cli::try_parse_from(words) {
        Ok(cli) => Ok(cli.command),
        // What stands behind -- may hold values, and is not repeated.
        Err(error) => Err(Failure::local(format!(
            "what stands behind -- is nothing for this step: {}",
            error.kind()
        ))
        .hint("it is for the step's own command, which --print shows")),
    }
}

async fn skip(args: &SkipArgs, session: &Session) -> Outcome {
    let step = SkipStep {
        step: args.step.clone(),
        reason: None,
    };
    let answer = session
        .write(session.client.skip_step(&args.handle, &step, &args.write.options()))
        .await?;
    session.tell(&answer, &format!("{} is left out", args.step))
}

async fn tell(args: &TellArgs, session: &Session) -> Outcome {
    let told = TellStewards {
        stewards: args.stewards.clone(),
        reason: None,
    };
    let answer = session
        .write(session.client.tell_stewards(&args.handle, &told, &args.write.options()))
        .await?;
    session.tell(
        &answer,
        &format!("recorded: {} know", joined(args.stewards.iter().cloned())),
    )
}

async fn paper(args: &PaperArgs, session: &Session) -> Outcome {
    let report = ReportArgs {
        name: Some("incident".to_owned()),
        incident: Some(args.handle.clone()),
        format: args.format.clone(),
        file: args.file.clone(),
        ..ReportArgs::default()
    };
    audit::report::run(&report, session).await
}

async fn close(args: &CloseArgs, session: &Session) -> Outcome {
    let insight = session.read(session.client.incident(&args.handle)).await?;
    let open = insight.number("open").unwrap_or_default();
    if open > 0 && !args.yes {
        let are = if open == 1 { "step is" } else { "steps are" };
        return Err(
            Failure::new(Exit::Refused, format!("{open} {are} open; nothing was changed")).hint(format!(
                "`strongroom incident show {}` names them; --yes closes it all the same",
                args.handle
            )),
        );
    }
    let answer = session
        .write(session.client.close_incident(&args.handle, &args.write.options()))
        .await?;
    session.tell(&answer, &format!("incident `{}` is closed", args.handle))
}
