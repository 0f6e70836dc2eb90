//! The contract: OpenAPI 3.1, made from the handlers, finished with what all of them share.

use crate::routes;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use utoipa::OpenApi as _;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Strongroom",
        description = "The credential ledger of an automation platform. Every write is answered with its position in the \
                       log and a signed checkpoint; every refusal with a problem document (RFC 9457).",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(strongroom_api::Problem))
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
            let mut parameters = path_parameters(path);
            if let Some(known) = operation["parameters"].as_array() {
                parameters.extend(known.iter().filter(|parameter| parameter["in"] != "path").cloned());
            }
            let takes_key = !matches!(path.rsplit('/').next(), Some("resolve" | "reveal" | "verify" | "clock"));
            if method != "get" && takes_key {
                parameters.extend(write_headers());
            }
            if !parameters.is_empty() {
                operation["parameters"] = Value::Array(parameters);
            }
            operation["responses"]["default"] = json!({
                "description": "a refusal",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            });
        }
    }
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect()
}

fn write_headers() -> Vec<Value> {
    let header = |name: &str, what: &str| json!({"name": name, "in": "header", "description": what, "schema": {"type": "string"}});
    vec![
        header(
            "Idempotency-Key",
            "1 to 128 visible ASCII characters: the same key with the same request is done once",
        ),
        header(
            "If-Match",
            "the `ETag` of what is to be changed: 412 when someone was faster",
        ),
        header("X-Strongroom-Reason", "why; a `reason` in the body goes before it"),
        header(
            "X-Correlation-Id",
            "the piece of work that this belongs to, as an earlier event names it",
        ),
    ]
}
