//! `setup`.

mod fit;
mod fresh;
mod many;

use super::plan::PlanArgs;
use crate::args::{PageArgs, WriteArgs};
use crate::doc::{Doc, items};
use crate::failure::{Exit, Failure, Outcome};
use crate::input::pairs;
use crate::output::{Cell, Table, clean, joined};
use crate::session::Session;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt;
use strongroom_api::credential::{CreateCredential, CredentialQuery};
use strongroom_api::problem::{CredentialName, MissingVariable, TYPE_PREFIX};
use strongroom_api::resolve::Resolve;
use strongroom_api::workspace::{AdmitTemplate, MapVariable};
use strongroom_client::Options;

/// `setup`
#[derive(Debug, Args)]
#[command(
    override_usage = "strongroom setup [OPTIONS] <WORKSPACE> <TEMPLATE>\n       \
                      strongroom setup [OPTIONS] <TEMPLATE> --workspaces <NAME=VALUE>\n       \
                      strongroom setup [OPTIONS] <TEMPLATE> --each",
    after_help = "\
Examples:
  strongroom setup client-a-shop order-sync
  strongroom setup client-a-shop order-sync --map SHOPIFY_API=shopify-client-a
  strongroom setup order-sync --workspaces client=acme --workspaces environment=prod
  strongroom setup order-sync --each --map OPENAI_API=openai-agency --dry-run

For one workspace it asks, on a terminal, what stands behind each variable that is not
given, fitting credentials first, and makes a new one on the spot. Elsewhere nothing is asked: exit code 2 and the list of
what is missing.

For many (and for one with --dry-run or --yes) the whole is shown first: each variable of
each workspace gets the one credential that fits. Where several fit, or none does, the line
says so and nothing is done. All of it is one commit, and `strongroom undo` takes it back."
)]
pub(crate) struct SetupArgs {
    /// The workspace; for many the template
    pub(crate) workspace: String,
    /// The template
    #[arg(required_unless_present_any = ["places", "each"], conflicts_with_all = ["places", "each"])]
    pub(crate) template: Option<String>,
    /// In many workspaces: client=CLIENT, environment=NAME or workspace=WORKSPACE. What is of
    /// one name widens, what is of several narrows
    #[arg(long = "workspaces", id = "places", value_name = "NAME=VALUE")]
    pub(crate) places: Vec<String>,
    /// In each workspace in which you may map, of what --workspaces leaves
    #[arg(long)]
    pub(crate) each: bool,
    /// Leave out a workspace in which something is missing, instead of doing nothing at all
    #[arg(long)]
    pub(crate) skip_incomplete: bool,
    /// What stands behind a variable
    #[arg(long = "map", value_name = "VARIABLE=CREDENTIAL")]
    pub(crate) maps: Vec<String>,
    /// Admit this revision instead of the newest
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    #[command(flatten)]
    pub(crate) write: WriteArgs,
}

/// What is to stand behind one variable.
struct Choice {
    variable: String,
    behind: Behind,
}

/// A credential, by its handle, or one that is still to be made.
enum Behind {
    Held(String),
    Fresh(Box<CreateCredential>),
}

/// Admits the revision and maps the variables: first everything is found out and asked, then it is done. So a setup
/// that can't be finished changes nothing, and what runs goes on.
pub(crate) async fn run(args: &SetupArgs, session: &Session) -> Outcome {
    let Some(named) = args.template.as_deref().filter(|_| !many::asked(args)) else {
        return many::run(args, session).await;
    };
    let mut choices = given(&args.maps)?;
    let template = session.read(session.client.template(named)).await?;
    let workspace = session.read(session.client.workspace(&args.workspace)).await?;
    let mappings = session.read(session.client.mappings(&args.workspace)).await?;
    let variables = variables_of(&template, args.revision)?;
    check_names(&choices, variables, named)?;
    let active = session
        .list(&PageArgs::default(), async |limit, cursor| {
            let status = Some("active".to_owned());
            session
                .client
                .credentials(&CredentialQuery {
                    status,
                    limit,
                    cursor,
                    ..CredentialQuery::default()
                })
                .await
        })
        .await?;
    for choice in &choices {
        check_fit(choice, variables, &workspace, session).await?;
    }
    let handle = template.text("handle").unwrap_or(named);
    let mut missing = Vec::new();
    for variable in variables {
        let name = variable.text("name").unwrap_or_default();
        let settled = choices.iter().any(|choice| choice.variable == name)
            || is_mapped(&mappings, handle, name, items(&active))
            || has_default(&mappings, variable);
        if settled {
            continue;
        }
        let offers = fit::offers(variable, items(&active), &workspace, Timestamp::now());
        match choose(variable, &offers, &workspace, session)? {
            Some(behind) => choices.push(Choice {
                variable: name.to_owned(),
                behind,
            }),
            None if is_required(variable) => missing.push(missing_variable(variable, &offers)),
            None => {}
        }
    }
    if !missing.is_empty() {
        return refuse(args, &missing, session);
    }
    carry_out(args, &choices, handle, session).await
}

/// Asks what is to stand behind a variable; none when nobody is there, or nothing was chosen.
fn choose(
    variable: &Value,
    offers: &[(&Value, Option<&str>)],
    workspace: &Value,
    session: &Session,
) -> Outcome<Option<Behind>> {
    let name = variable.text("name").unwrap_or_default();
    let needs = format!(
        "{} {}",
        variable.text("service").unwrap_or_default(),
        joined(variable.texts("kinds"))
    );
    let help = if is_required(variable) {
        "type to search, Esc stops"
    } else {
        "type to search, Esc leaves it empty"
    };
    let mut options: Vec<_> = offers
        .iter()
        .map(|(credential, why)| Offer::new(credential, *why))
        .collect();
    // Behind those that fit, before those that don't.
    let fitting = offers.iter().take_while(|(_, why)| why.is_none()).count();
    options.insert(fitting, Offer::fresh());
    let chosen = session.ask.choose(&format!("{name} ({needs}):"), help, options)?;
    match chosen.map(|offer| offer.handle) {
        None => Ok(None),
        Some(Some(handle)) => Ok(Some(Behind::Held(handle))),
        Some(None) => Ok(Some(Behind::Fresh(Box::new(fresh::ask(variable, workspace, session)?)))),
    }
}

/// A credential as it is offered; without a handle it is the offer to make one.
struct Offer {
    handle: Option<String>,
    line: String,
}

impl Offer {
    fn new(credential: &Value, why: Option<&str>) -> Self {
        let handle = credential.text("handle").unwrap_or_default().to_owned();
        let name = clean(credential.text("name").unwrap_or_default());
        let client = credential
            .text("client")
            .map(|client| format!(", {client}"))
            .unwrap_or_default();
        let remark = why.map(|why| format!(" – does not fit: {why}")).unwrap_or_default();
        Self {
            line: format!("{handle} ({name}{client}){remark}"),
            handle: Some(handle),
        }
    }

    fn fresh() -> Self {
        Self {
            handle: None,
            line: "+ a new credential".to_owned(),
        }
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// Makes what is new, admits, then maps; the answer lists what was done and what resolves now.
async fn carry_out(args: &SetupArgs, choices: &[Choice], handle: &str, session: &Session) -> Outcome {
    let made = fresh::make(choices, &args.write, session).await?;
    let admission = AdmitTemplate {
        revision: args.revision,
        reason: None,
    };
    let first = Options {
        if_match: args.write.if_match,
        ..part(&args.write, "admit")
    };
    let admitted = session
        .write(
            session
                .client
                .admit_template(&args.workspace, handle, &admission, &first),
        )
        .await?;
    let mut done = Vec::new();
    for choice in choices {
        let body = MapVariable {
            credential: match &choice.behind {
                Behind::Held(handle) => handle.clone(),
                Behind::Fresh(_) => made.get(&choice.variable).cloned().unwrap_or_default(),
            },
            instance: None,
            reason: None,
        };
        let options = part(&args.write, &choice.variable);
        let mapped = session
            .client
            .map_variable(&args.workspace, handle, &choice.variable, &body, &options);
        let answer = session.write(mapped).await.map_err(|failure| {
            failure.hint(format!(
                "{}revision admitted, {} of {} variables mapped; run it again",
                if made.is_empty() { "" } else { "new credentials made, " },
                done.len(),
                choices.len()
            ))
        })?;
        done.push(answer);
    }
    let document = json!({
        "workspace": args.workspace,
        "template": handle,
        "revision": admitted.get("revision"),
        "admitted": admitted,
        "created": made,
        "mappings": done,
        "position": done.last().and_then(|last| last.number("position")).or_else(|| admitted.number("position")),
        "checkpoint": done.last().unwrap_or(&admitted).get("checkpoint"),
    });
    session.output.show(&document, |look| {
        let mut text = format!(
            "template `{handle}` runs in `{}` at revision {}",
            args.workspace,
            document.number("revision").unwrap_or_default()
        );
        if !done.is_empty() {
            text.push_str(&format!("\n\n{}", mapped_table(&done).render(look, "")));
        }
        text
    })?;
    check(args, handle, session).await
}

/// Everything was done as asked; now the server says whether it resolves.
async fn check(args: &SetupArgs, handle: &str, session: &Session) -> Outcome {
    let question = Resolve {
        workspace: args.workspace.clone(),
        template: handle.to_owned(),
        dry_run: true,
        ..Resolve::default()
    };
    match session.read(session.client.resolve(&question)).await {
        Ok(_) => {
            session
                .output
                .talk(format!("it resolves: strongroom resolve {} {handle}", args.workspace));
            Ok(())
        }
        // Who may map need not be one who may resolve.
        Err(failure) if failure.exit() == Exit::Denied => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Each part of a setup is a request of its own, and so has a key of its own.
fn part(write: &WriteArgs, part: &str) -> Options {
    Options {
        reason: write.reason.clone(),
        idempotency_key: write.idempotency_key.as_ref().map(|key| format!("{key}/{part}")),
        if_match: None,
        approval: None,
        incident: write.incident.clone(),
    }
}

/// Nobody to ask and something missing: the list is the answer, and nothing was changed.
fn refuse(args: &SetupArgs, missing: &[MissingVariable], session: &Session) -> Outcome {
    let document = json!({"workspace": args.workspace, "template": args.template, "missing": missing});
    session.output.show(&document, |look| {
        let mut table = Table::new(&["variable", "service", "kinds", "credentials that fit"]);
        for variable in missing {
            let fitting = variable.fitting.iter().map(|credential| credential.handle.as_str());
            table.row([
                variable.variable.as_str().into(),
                variable.service.as_str().into(),
                joined(&variable.kinds).into(),
                joined(fitting).into(),
            ]);
        }
        table.render(look, "")
    })?;
    let example = missing.first().map(|variable| {
        let credential = variable
            .fitting
            .first()
            .map_or("CREDENTIAL", |credential| credential.handle.as_str());
        format!("--map {}={credential}", variable.variable)
    });
    let names = joined(missing.iter().map(|variable| variable.variable.as_str()));
    let failure = Failure::new(
        Exit::Refused,
        format!("nothing stands behind {names}; nothing was changed"),
    )
    .maybe_hint(example)
    .with_problem(json!({
        "type": format!("{TYPE_PREFIX}variables_missing"),
        "title": "variables without a credential",
        "missing": missing,
    }));
    Err(failure)
}

/// What was given by `--map`.
fn given(maps: &[String]) -> Outcome<Vec<Choice>> {
    let pairs = pairs("--map", maps)?;
    Ok(pairs
        .into_iter()
        .map(|(variable, credential)| Choice {
            variable,
            behind: Behind::Held(credential),
        })
        .collect())
}

/// The variables of the newest revision, or of the one asked for.
fn variables_of(template: &Value, revision: Option<u32>) -> Outcome<&[Value]> {
    let Some(wanted) = revision else {
        return Ok(template.list("variables"));
    };
    let found = template
        .list("revisions")
        .iter()
        .find(|revision| revision.number("revision") == Some(u64::from(wanted)));
    match found {
        Some(revision) => Ok(revision.list("variables")),
        None => {
            let newest = template.number("revision").unwrap_or_default();
            Err(Failure::new(
                Exit::NotFound,
                format!("there is no revision {wanted}; the newest is {newest}"),
            ))
        }
    }
}

/// A misspelt variable is said before anything is changed.
fn check_names(given: &[Choice], variables: &[Value], template: &str) -> Outcome {
    for choice in given {
        let names = || variables.iter().filter_map(|variable| variable.text("name"));
        if !names().any(|name| name == choice.variable) {
            let near = names().max_by(|a, b| {
                strsim::jaro_winkler(a, &choice.variable).total_cmp(&strsim::jaro_winkler(b, &choice.variable))
            });
            return Err(
                Failure::local(format!("template `{template}` has no variable {}", choice.variable))
                    .maybe_hint(near.map(|near| format!("did you mean {near}?")))
                    .hint(format!("its variables are {}", joined(names()))),
            );
        }
    }
    Ok(())
}

/// A credential that is not there, or that does not fit, is said before anything is changed.
async fn check_fit(choice: &Choice, variables: &[Value], workspace: &Value, session: &Session) -> Outcome {
    let Behind::Held(handle) = &choice.behind else {
        return Ok(());
    };
    let credential = session.read(session.client.credential(handle)).await?;
    let variable = variables
        .iter()
        .find(|variable| variable.text("name") == Some(choice.variable.as_str()));
    match variable.and_then(|variable| fit::why_not(variable, &credential, workspace, Timestamp::now())) {
        None => Ok(()),
        Some(why) => {
            let message = format!("`{handle}` does not fit {}: {why}", choice.variable);
            Err(Failure::new(Exit::Refused, message).hint("nothing was changed"))
        }
    }
}

/// Whether a mapping stands behind a variable already, with a credential that is still active.
fn is_mapped(mappings: &Value, template: &str, variable: &str, active: &[Value]) -> bool {
    let installation = items(mappings)
        .iter()
        .find(|installation| installation.text("template") == Some(template));
    let mapped = installation.map_or(&[][..], |installation| installation.list("mappings"));
    mapped.iter().any(|mapping| {
        let unseen = mapping.text("credential").is_none();
        let at_template = mapping.get("instance").is_none_or(Value::is_null);
        at_template
            && mapping.text("variable") == Some(variable)
            && (unseen
                || active
                    .iter()
                    .any(|credential| credential.text("handle") == mapping.text("credential")))
    })
}

/// Whether a default would fill a variable; the server has the last word.
fn has_default(mappings: &Value, variable: &Value) -> bool {
    let kinds = variable.texts("kinds");
    mappings.list("defaults").iter().any(|default| {
        default.text("service") == variable.text("service")
            && default.text("credential").is_some()
            && default
                .text("kind")
                .is_some_and(|kind| kinds.is_empty() || kinds.contains(&kind))
    })
}

fn is_required(variable: &Value) -> bool {
    variable.get("required").and_then(Value::as_bool).unwrap_or(true)
}

fn missing_variable(variable: &Value, offers: &[(&Value, Option<&str>)]) -> MissingVariable {
    let owned = |name: &str| variable.texts(name).into_iter().map(str::to_owned).collect();
    let fitting = offers
        .iter()
        .filter(|(_, why)| why.is_none())
        .map(|(credential, _)| CredentialName {
            handle: credential.text("handle").unwrap_or_default().to_owned(),
            id: credential.text("id").unwrap_or_default().to_owned(),
            name: credential.text("name").unwrap_or_default().to_owned(),
        });
    MissingVariable {
        variable: variable.text("name").unwrap_or_default().to_owned(),
        service: variable.text("service").unwrap_or_default().to_owned(),
        kinds: owned("kinds"),
        scopes: owned("scopes"),
        why: "not_mapped".to_owned(),
        passed_over: Vec::new(),
        fitting: fitting.collect(),
    }
}

fn mapped_table(done: &[Value]) -> Table {
    let mut table = Table::new(&["variable", "credential", "position"]);
    for mapping in done {
        table.row([
            mapping.text("variable").unwrap_or_default().into(),
            mapping.text("credential").unwrap_or_default().into(),
            mapping
                .shown("position")
                .map_or_else(|| Cell::dim("as it was"), Cell::from),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_said_with_what_was_meant() {
        let variables = [json!({"name": "SHOPIFY_API"}), json!({"name": "SLACK_API"})];
        let given = given(&["SHOPIFY_AP=x".to_owned()]).unwrap();
        let failure = check_names(&given, &variables, "order-sync").unwrap_err();
        assert!(
            failure.document()["hint"]
                .as_str()
                .unwrap()
                .starts_with("did you mean SHOPIFY_API?")
        );
    }

    #[test]
    fn a_mapping_to_a_credential_that_is_gone_does_not_count() {
        let mappings = json!({"items": [{"template": "t", "mappings": [
            {"variable": "A", "credential": "gone"}, {"variable": "B", "credential": "here"},
            {"variable": "C", "credential": "here", "instance": "7"}, {"variable": "D", "credential": null},
        ]}]});
        let active = [json!({"handle": "here"})];
        let mapped = ["A", "B", "C", "D", "E"].map(|variable| is_mapped(&mappings, "t", variable, &active));
        assert_eq!(mapped, [false, true, false, true, false]);
    }

    #[test]
    fn a_default_fills_a_variable_of_its_service_and_kind() {
        let mappings = json!({"defaults": [{"service": "openai", "kind": "api_key", "credential": "openai"}]});
        assert!(has_default(
            &mappings,
            &json!({"service": "openai", "kinds": ["api_key"]})
        ));
        assert!(has_default(&mappings, &json!({"service": "openai", "kinds": []})));
        assert!(!has_default(
            &mappings,
            &json!({"service": "openai", "kinds": ["basic"]})
        ));
        assert!(!has_default(
            &mappings,
            &json!({"service": "slack", "kinds": ["api_key"]})
        ));
    }
}
