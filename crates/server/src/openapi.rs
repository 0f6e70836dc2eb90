//! The contract: OpenAPI 3.1, made from the handlers, finished with what all of them share.

use crate::routes;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use strongroom_api::problem::MEDIA_TYPE;
use utoipa::OpenApi as _;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Strongroom",
        description = "The credential ledger of an automation platform. Every write is answered with its position in the \
                       log and a signed checkpoint; every refusal with a problem document (RFC 9457).",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(
        strongroom_api::Problem,
        strongroom_api::problem::MissingVariable,
        strongroom_api::problem::Held,
        strongroom_api::problem::Finding
    ))
)]
struct Base;

/// The document as it is served and as it lies in `docs/openapi.json`.
#[must_use]
pub fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let (_, mut api) = routes::all().split_for_parts();
        api.merge(Base::openapi());
        let mut document = serde_json::to_value(&api).unwrap_or_default();
        document["info"] = serde_json::to_value(Base::openapi().info).unwrap_or_default();
        document["components"]["securitySchemes"] = json!({"token": {"type": "http", "scheme": "bearer"}});
        document["components"]["parameters"] = write_headers();
        document["components"]["responses"] = json!({"Refusal": {
            "description": "a refusal: what was wrong, and what to do",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }});
        document["security"] = json!([{"token": []}]);
        finish_paths(&mut document);
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    })
}

/// Path parameters, the headers of writes and the one form of refusals.
fn finish_paths(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    let named: Map<String, Value> = std::mem::take(paths)
        .into_iter()
        .map(|(path, operations)| (path.replace("{*", "{"), operations))
        .collect();
    *paths = named;
    for (path, operations) in paths.iter_mut() {
        let Some(operations) = operations.as_object_mut() else {
            continue;
        };
        for (method, operation) in operations.iter_mut() {
            finish(path, method, operation);
        }
    }
}

fn finish(path: &str, method: &str, operation: &mut Value) {
    // A handler is named within its part; the contract wants a name of its own for each.
    let names = (operation["tags"][0].as_str(), operation["operationId"].as_str());
    if let (Some(tag), Some(name)) = names {
        operation["operationId"] = Value::from(format!("{tag}_{name}"));
    }
    let mut parameters = path_parameters(path);
    if let Some(known) = operation["parameters"].as_array() {
        parameters.extend(known.iter().filter(|parameter| parameter["in"] != "path").cloned());
    }
    let takes_key = !matches!(
        path.rsplit('/').next(),
        Some("resolve" | "reveal" | "test" | "verify" | "clock")
    );
    if method != "get" && takes_key {
        let names = HEADERS
            .iter()
            .map(|(name, ..)| json!({"$ref": format!("#/components/parameters/{name}")}));
        parameters.extend(names);
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, response) in responses.iter_mut() {
        let what = if status == "201" { "made" } else { "done" };
        response["description"] = Value::from(if status == "503" { "not now" } else { what });
    }
    responses.insert("default".to_owned(), json!({"$ref": "#/components/responses/Refusal"}));
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect()
}

/// What every write may carry.
const HEADERS: [(&str, &str, &str); 6] = [
    (
        "IdempotencyKey",
        "Idempotency-Key",
        "1 to 128 visible ASCII characters: the same key with the same request is done once",
    ),
    (
        "IfMatch",
        "If-Match",
        "the `ETag` of what is to be changed: 412 when someone was faster",
    ),
    (
        "Reason",
        "X-Strongroom-Reason",
        "why; a `reason` in the body goes before it",
    ),
    (
        "Correlation",
        "X-Correlation-Id",
        "the piece of work that this belongs to, as an earlier event names it",
    ),
    (
        "Incident",
        "X-Strongroom-Incident",
        "the open incident that this is done about, by handle or id; its correlation is taken",
    ),
    (
        "Approval",
        "X-Strongroom-Approval",
        "for what takes four eyes: `ask` for an approval, which is answered 202, or ids of approvals to be used",
    ),
];

fn write_headers() -> Value {
    let header = |(component, name, what): &(&str, &str, &str)| {
        let parameter = json!({"name": name, "in": "header", "description": what, "schema": {"type": "string"}});
        ((*component).to_owned(), parameter)
    };
    Value::Object(HEADERS.iter().map(header).collect())
}
