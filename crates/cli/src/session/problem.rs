//! What went wrong between this program and a server, as failures: message, hint, did-you-mean, place.

use crate::doc::Doc;
use crate::failure::{Exit, Failure};
use crate::output::clean;
use serde_json::Value;
use strongroom_client::Error;

/// The failure that a client's error tells of.
pub(crate) fn failure(error: Error) -> Failure {
    if let Some(problem) = error.problem() {
        let status = problem.status;
        return match serde_json::to_value(problem) {
            Ok(problem) => refused(status, problem),
            Err(_) => Failure::new(Exit::of_status(status), clean(&error.to_string())),
        };
    }
    if let Error::ApprovalRequested(asked) = &error {
        let id = &asked.approval.id;
        return Failure::new(Exit::Refused, clean(&error.to_string()))
            .hint(format!("another says yes with `strongroom approval approve {id}`"))
            .hint(format!("then repeat this with --approval {id}, within the hour"))
            .with_problem(serde_json::to_value(asked).unwrap_or_default());
    }
    let failure = Failure::local(clean(&error.to_string()));
    match error {
        Error::Connect { .. } => failure
            .hint("is it running? `strongroom serve --dev` starts one")
            .hint("`strongroom login --addr ADDR` keeps another address"),
        Error::Broken { .. } => failure.hint("try again; with --idempotency-key KEY a repeat is done once at most"),
        Error::Answer { .. } => failure.hint("is the address that of a Strongroom server? --addr names another"),
        Error::Tls { .. } => failure
            .hint("--ca-file FILE, or STRONGROOM_CA_FILE, trusts the certificates in it")
            .hint("http://ADDR is for a server that speaks no TLS"),
        Error::Certificates => failure.hint("--ca-file takes certificates in PEM: -----BEGIN CERTIFICATE-----"),
        Error::Token => failure.hint("`strongroom login` keeps another one"),
        _ => failure,
    }
}

/// The failure that a problem document tells of.
fn refused(status: u16, problem: Value) -> Failure {
    let message = problem
        .text("detail")
        .filter(|detail| !detail.is_empty())
        .or_else(|| problem.text("title"));
    let message = message.map_or_else(|| format!("the server said {status}"), clean);
    let mut failure = Failure::new(Exit::of_status(status), with_place(message, &problem));
    // What the server hints at for a refused token is for programs that speak HTTP.
    let hint = problem.text("hint").filter(|_| status != 401).map(clean);
    let meant: Vec<String> = suggestions(&problem)
        .into_iter()
        .filter(|meant| !hint.as_ref().is_some_and(|hint| hint.contains(meant.as_str())))
        .collect();
    failure = failure.maybe_hint(hint);
    if !meant.is_empty() {
        failure = failure.hint(format!("did you mean {}?", meant.join(" or ")));
    }
    for finding in problem.list("findings") {
        let what = finding
            .text("what")
            .or_else(|| finding.text("rule"))
            .unwrap_or("a secret");
        failure = failure.hint(format!(
            "{}: {}",
            clean(finding.text("pointer").unwrap_or("/")),
            clean(what)
        ));
    }
    for held in problem.list("held") {
        let by = held
            .get("by")
            .and_then(|by| by.text("handle"))
            .unwrap_or("another credential");
        failure = failure.hint(format!(
            "`{}` is held by `{}` already",
            clean(held.text("field").unwrap_or_default()),
            clean(by)
        ));
    }
    if status == 401 {
        failure = failure.hint("the token is not known, revoked or has ended: `strongroom login` keeps another");
    }
    failure.with_problem(problem)
}

fn with_place(message: String, at: &Value) -> String {
    match (
        at.text("pointer").filter(|pointer| !pointer.is_empty()),
        at.number("line"),
    ) {
        (Some(pointer), _) => format!("{message} (at {})", clean(pointer)),
        (None, Some(line)) => format!("{message} (line {line})"),
        (None, None) => message,
    }
}

fn suggestions(problem: &Value) -> Vec<String> {
    let texts = ["suggestions", "did_you_mean"]
        .iter()
        .flat_map(|name| match problem.get(*name) {
            Some(Value::String(one)) => vec![one.as_str()],
            _ => problem.texts(name),
        });
    texts.map(|text| format!("`{}`", clean(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_misspelt_handle_is_answered_with_what_was_meant() {
        let failure = refused(
            404,
            json!({
                "type": "/problems/not_found", "title": "not found", "status": 404,
                "detail": "there is no credential `shopfy`", "suggestions": ["shopify-client-a", "shopify-client-b"],
            }),
        );
        assert_eq!(failure.exit(), Exit::NotFound);
        assert_eq!(failure.to_string(), "there is no credential `shopfy`");
        assert_eq!(
            failure.document()["hint"],
            "did you mean `shopify-client-a` or `shopify-client-b`?"
        );
    }

    #[test]
    fn a_place_is_named() {
        let failure = refused(
            422,
            json!({"detail": "a secret is written into the text", "pointer": "/nodes/3/parameters/key"}),
        );
        assert_eq!(
            failure.to_string(),
            "a secret is written into the text (at /nodes/3/parameters/key)"
        );
        assert_eq!(failure.exit(), Exit::Refused);
    }

    #[test]
    fn each_place_of_a_secret_is_listed() {
        let failure = refused(
            422,
            json!({"detail": "secrets are written into it", "findings": [
            {"pointer": "/nodes/0/parameters/key", "rule": "openai", "what": "an OpenAI key"},
        ], "held": [{"field": "api_key", "by": {"handle": "openai"}}]}),
        );
        assert_eq!(
            failure.help_text(),
            "/nodes/0/parameters/key: an OpenAI key\n`api_key` is held by `openai` already"
        );
    }

    #[test]
    fn a_refused_token_says_what_to_do() {
        assert_eq!(refused(401, json!({"title": "unauthenticated"})).exit(), Exit::Denied);
    }
}
