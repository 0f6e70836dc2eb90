//! Which credentials seem to fit a variable, for a person to choose from. A suggestion only: the server has the rule.

use crate::doc::Doc;
use jiff::Timestamp;
use serde_json::Value;

/// Why a credential seems not to fit a variable in a workspace; none: it fits.
pub(super) fn why_not(variable: &Value, credential: &Value, workspace: &Value, now: Timestamp) -> Option<&'static str> {
    let kinds = variable.texts("kinds");
    let scopes = credential.texts("scopes");
    let ended = credential
        .text("expires_at")
        .and_then(|at| at.parse::<Timestamp>().ok())
        .is_some_and(|at| at <= now);
    if credential.text("service") != variable.text("service") {
        Some("it is for another service")
    } else if !kinds.is_empty() && !credential.text("kind").is_some_and(|kind| kinds.contains(&kind)) {
        Some("it is of another kind")
    } else if !variable.texts("scopes").iter().all(|scope| scopes.contains(scope)) {
        Some("it lacks scopes")
    } else if !reaches(credential, workspace) {
        Some("it does not reach this workspace")
    } else if credential.text("status") != Some("active") {
        Some("it is not active")
    } else if ended {
        Some("its values have ended")
    } else {
        None
    }
}

fn reaches(credential: &Value, workspace: &Value) -> bool {
    let Some(reach) = credential.get("reach") else {
        return true;
    };
    let client = workspace.text("client");
    reach.is("all")
        || client.is_some_and(|client| reach.texts("clients").contains(&client))
        || workspace
            .text("handle")
            .is_some_and(|handle| reach.texts("workspaces").contains(&handle))
}

/// Credentials in the order to offer them: those that fit, the workspace's client's own first, then by the order of the
/// variable's kinds, then what has the fewest scopes beyond those asked for; then those of the service that don't fit, each
/// with why not. What is for another service is no offer.
pub(super) fn offers<'a>(
    variable: &Value,
    credentials: &'a [Value],
    workspace: &Value,
    now: Timestamp,
) -> Vec<(&'a Value, Option<&'static str>)> {
    let client = workspace.text("client");
    let (kinds, scopes) = (variable.texts("kinds"), variable.texts("scopes"));
    let mut offers: Vec<_> = credentials
        .iter()
        .filter(|credential| credential.text("service") == variable.text("service"))
        .map(|credential| (credential, why_not(variable, credential, workspace, now)))
        .collect();
    offers.sort_by_key(|(credential, why)| {
        let foreign = credential.text("client") != client || client.is_none();
        let kind = kinds.iter().position(|kind| Some(*kind) == credential.text("kind"));
        let beyond = credential
            .texts("scopes")
            .iter()
            .filter(|it| !scopes.contains(it))
            .count();
        let handle = credential.text("handle").map(str::to_owned);
        (why.is_some(), foreign, kind.unwrap_or(kinds.len()), beyond, handle)
    });
    offers
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn variable() -> Value {
        json!({"name": "SHOPIFY", "service": "shopify", "kinds": ["access_token"], "scopes": ["read_orders"]})
    }

    fn workspace() -> Value {
        json!({"handle": "a-shop", "client": "client-a"})
    }

    fn credential(handle: &str, changes: Value) -> Value {
        let mut credential = json!({
            "handle": handle, "service": "shopify", "kind": "access_token", "status": "active", "client": "client-a",
            "scopes": ["read_orders", "write_orders"], "reach": {"all": false, "clients": ["client-a"], "workspaces": []},
        });
        for (name, value) in changes.as_object().unwrap() {
            credential[name] = value.clone();
        }
        credential
    }

    #[test]
    fn each_thing_that_does_not_fit_is_named() {
        let cases = [
            (json!({}), None),
            (json!({"service": "slack"}), Some("it is for another service")),
            (json!({"kind": "api_key"}), Some("it is of another kind")),
            (json!({"scopes": []}), Some("it lacks scopes")),
            (
                json!({"reach": {"clients": ["client-b"]}}),
                Some("it does not reach this workspace"),
            ),
            (json!({"reach": {"workspaces": ["a-shop"]}}), None),
            (json!({"reach": {"all": true}}), None),
            (json!({"status": "disabled"}), Some("it is not active")),
            (
                json!({"expires_at": "2026-11-23T11:59:59Z"}),
                Some("its values have ended"),
            ),
        ];
        for (changes, expected) in cases {
            let credential = credential("x", changes.clone());
            assert_eq!(
                why_not(&variable(), &credential, &workspace(), now()),
                expected,
                "{changes}"
            );
        }
    }

    #[test]
    fn what_fits_comes_first_and_the_clients_own_before_that() {
        let credentials = [
            credential("slack", json!({"service": "slack"})),
            credential("b-shared", json!({"client": null, "reach": {"all": true}})),
            credential("c-basic", json!({"kind": "basic"})),
            credential(
                "a-wide",
                json!({"scopes": ["read_orders", "write_orders", "read_customers"]}),
            ),
            credential("z-own", json!({})),
        ];
        let (variable, workspace) = (variable(), workspace());
        let offers = offers(&variable, &credentials, &workspace, now());
        let order: Vec<_> = offers
            .iter()
            .filter_map(|(credential, _)| credential.text("handle"))
            .collect();
        assert_eq!(order, ["z-own", "a-wide", "b-shared", "c-basic"]);
    }
}
