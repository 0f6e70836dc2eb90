//! `resolve`.

use crate::doc::Doc;
use crate::failure::{Failure, Outcome};
use crate::output::{Cell, Table, clean, joined, time};
use crate::session::Session;
use clap::Args;
use serde_json::Value;
use strongroom_api::resolve::Resolve;

/// `resolve`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  strongroom resolve client-a-shop order-sync --dry-run --explain
  strongroom resolve client-a-shop order-sync --output json

Whatever is served is recorded before it is served. Tables mask secret values unless
--show is given; JSON holds them.")]
pub(crate) struct ResolveArgs {
    /// The workspace
    pub(crate) workspace: String,
    /// The template
    pub(crate) template: String,
    /// The instance of the workflow
    #[arg(long, value_name = "INSTANCE")]
    pub(crate) instance: Option<String>,
    /// Answer without values; nothing is served or recorded
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Say at which level each credential was found and what was passed over
    #[arg(long)]
    pub(crate) explain: bool,
    /// The `etag` of an earlier answer: when nothing changed since, no value is served
    #[arg(long, value_name = "ETAG")]
    pub(crate) known: Option<String>,
    /// While nothing has changed, wait so long for a change (30s, at most 60s)
    #[arg(long, value_name = "TIME", requires = "known")]
    pub(crate) wait: Option<String>,
    /// Show secret values in the table
    #[arg(long)]
    pub(crate) show: bool,
}

/// Asks, and shows the answer.
pub(crate) async fn run(args: &ResolveArgs, session: &Session) -> Outcome {
    // The past serves nothing: what is asked is what would have been served.
    let dry_run = args.dry_run || session.as_of.is_some();
    let question = Resolve {
        workspace: args.workspace.clone(),
        template: args.template.clone(),
        instance: args.instance.clone(),
        dry_run,
        as_of: session.as_of.clone(),
        known: args.known.clone(),
        wait: args.wait.clone(),
        reason: None,
    };
    let answer = session
        .read(session.client.resolve(&question))
        .await
        .map_err(|failure| explained(failure, args))?;
    session.output.show(&answer, |look| {
        if answer.is("unchanged") {
            return "nothing changed since then".to_owned();
        }
        let mut parts = vec![chosen(&answer, args.explain).render(look, "this template needs no credential")];
        if !dry_run {
            parts.push(values(&answer, args.show).render(look, ""));
        }
        parts.join("\n\n")
    })?;
    if let Some(until) = answer.text("valid_until") {
        session.output.talk(format!("good until {}", time(until)));
    }
    if !dry_run && !args.show && !answer.is("unchanged") {
        session
            .output
            .talk("values are masked: --show shows them, --output json holds them");
    }
    Ok(())
}

/// Which credential stands behind each variable.
fn chosen(answer: &Value, explain: bool) -> Table {
    let mut table = if explain {
        Table::new(&[
            "variable",
            "credential",
            "version",
            "found at",
            "passed over",
            "may go to",
        ])
    } else {
        Table::new(&["variable", "credential", "version", "found at", "may go to"])
    };
    for (name, variable) in variables(answer) {
        let mut cells: Vec<Cell> = vec![
            name.into(),
            variable
                .text("credential")
                .map_or_else(|| Cell::dim("(none)"), Cell::from),
            Cell::maybe(variable.shown("version")),
            variable.text("step").map(step).unwrap_or_default().into(),
        ];
        if explain {
            cells.push(joined(variable.list("passed_over").iter().map(passed_over)).into());
        }
        cells.push(joined(variable.texts("allowed_hosts")).into());
        table.row_of(cells);
    }
    table
}

/// The values, masked unless asked for.
fn values(answer: &Value, show: bool) -> Table {
    let mut table = Table::new(&["variable", "field", "value"]);
    for (name, variable) in variables(answer) {
        let fields = variable.get("fields").and_then(Value::as_object);
        for (field, value) in fields.into_iter().flatten() {
            let value = match (show, value) {
                (true, Value::String(text)) => Cell::from(text),
                (true, other) => Cell::from(other.to_string()),
                (false, _) => Cell::dim("••••••••"),
            };
            table.row([name.into(), field.into(), value]);
        }
    }
    table
}

fn variables(answer: &Value) -> impl Iterator<Item = (&String, &Value)> {
    answer.get("variables").and_then(Value::as_object).into_iter().flatten()
}

/// The level at which a credential was found, in words.
fn step(word: &str) -> String {
    match word {
        "instance" => "mapping of the instance".to_owned(),
        "template" => "mapping".to_owned(),
        "workspace_default" => "default of the workspace".to_owned(),
        "ledger_default" => "default of the ledger".to_owned(),
        other => clean(other),
    }
}

fn passed_over(passed: &Value) -> String {
    let credential = passed.text("credential").unwrap_or("one that you may not see");
    let why = passed.text("why").unwrap_or("does not fit").replace('_', " ");
    let clients = passed.get("clients").map(|it| {
        let of = |name| it.text(name).unwrap_or_default();
        format!(", {} and {}", clean(of("credential")), clean(of("workspace")))
    });
    let why = why + &clients.unwrap_or_default();
    format!(
        "{credential} ({}: {why})",
        passed.text("step").map(step).unwrap_or_default()
    )
}

/// A refusal for missing variables lists each with what would fit.
fn explained(failure: Failure, args: &ResolveArgs) -> Failure {
    let problem = failure.document();
    let mut failure = failure;
    for missing in problem.list("missing") {
        let variable = missing.text("variable").unwrap_or_default();
        let fitting = missing
            .list("fitting")
            .iter()
            .filter_map(|credential| credential.text("handle"));
        let needs = format!(
            "{} {}",
            missing.text("service").unwrap_or_default(),
            joined(missing.texts("kinds"))
        );
        failure = failure.hint(format!("{variable} needs {needs}; what fits: {}", joined(fitting)));
        for passed in missing.list("passed_over") {
            failure = failure.hint(format!("  passed over: {}", passed_over(passed)));
        }
    }
    let not_admitted = problem.text("type").is_some_and(|kind| kind.ends_with("not_admitted"));
    if not_admitted || !problem.list("missing").is_empty() {
        failure = failure.hint(format!("strongroom setup {} {}", args.workspace, args.template));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;
    use crate::output::Look;
    use serde_json::json;

    fn answer() -> Value {
        json!({"etag": "x", "revision": 1, "variables": {
            "SHOPIFY": {"credential": "shopify-a", "version": 2, "step": "template", "allowed_hosts": ["a.myshopify.com"],
                "fields": {"token": "obviously-secret", "port": 993}},
            "SLACK": {"credential": "slack", "version": 1, "step": "ledger_default", "allowed_hosts": [],
                "passed_over": [{"step": "workspace_default", "credential": null, "why": "out_of_reach"}]},
        }})
    }

    #[test]
    fn values_are_masked_unless_asked_for() {
        let look = Look::new(false, None);
        assert!(!values(&answer(), false).render(&look, "").contains("obviously-secret"));
        assert!(values(&answer(), true).render(&look, "").contains("obviously-secret"));
    }

    #[test]
    fn a_resolution_explains_itself() {
        insta::assert_snapshot!(chosen(&answer(), true).render(&Look::new(false, None), ""));
    }

    #[test]
    fn what_is_missing_is_listed_with_what_fits() {
        let problem = json!({"detail": "1 variable has no credential", "missing": [
            {"variable": "SHOPIFY", "service": "shopify", "kinds": ["access_token"], "fitting": [{"handle": "shopify-a"}]},
        ]});
        let args = ResolveArgs {
            workspace: "w".into(),
            template: "t".into(),
            instance: None,
            dry_run: false,
            explain: false,
            known: None,
            wait: None,
            show: false,
        };
        let failure = explained(
            Failure::new(Exit::Refused, "1 variable has no credential").with_problem(problem),
            &args,
        );
        assert!(
            failure
                .help_text()
                .contains("SHOPIFY needs shopify access_token; what fits: shopify-a")
        );
    }
}
