//! The contract in the repository is the one that is served. After a change that is meant, write it anew:
//! `STRONGROOM_WRITE_CONTRACT=1 cargo test -p strongroom-server --test it`, and review the difference.

use serde_json::Value;
use std::path::{Path, PathBuf};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

fn document() -> Value {
    serde_json::from_str(strongroom_server::openapi_document()).unwrap()
}

#[test]
fn the_contract_in_the_repository_is_the_one_that_is_served() {
    let served = strongroom_server::openapi_document();
    if std::env::var_os("STRONGROOM_WRITE_CONTRACT").is_some() {
        std::fs::write(committed(), served).unwrap();
    }
    let committed = std::fs::read_to_string(committed()).unwrap();
    let differs = committed.lines().zip(served.lines()).position(|(a, b)| a != b);
    assert_eq!(differs, None, "the first line that differs (from 0)");
    assert_eq!(committed.len(), served.len());
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100, "{}", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(text) if name == "$ref" => references.push(text.to_owned()),
                    _ => collect(value, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_answers() {
    let document = document();
    let mut names = std::collections::HashSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(
                names.insert(operation["operationId"].as_str().unwrap()),
                "{method} {path}"
            );
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{method} {path}"
            );
            for (status, response) in responses {
                assert!(
                    response["description"].is_string() || response["$ref"].is_string(),
                    "{method} {path} {status}"
                );
            }
        }
    }
}

#[test]
fn every_route_is_in_the_contract() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let api = "\
POST GET /credentials
GET /credentials/{handle}
POST /credentials/{handle}/update
POST /credentials/{handle}/rotate
POST /credentials/{handle}/rollback
POST /credentials/{handle}/disable
POST /credentials/{handle}/enable
POST /credentials/{handle}/revoke
POST /credentials/{handle}/share
POST /credentials/{handle}/unshare
POST /credentials/{handle}/reveal
GET /credentials/{handle}/history
POST GET /clients
GET /clients/{handle}
POST /clients/{handle}/update
POST /clients/{handle}/archive
POST GET /workspaces
GET /workspaces/{handle}
POST /workspaces/{handle}/update
POST /workspaces/{handle}/archive
POST GET /templates
GET /templates/{handle}
POST /templates/{handle}/update
POST /templates/{handle}/archive
POST /templates/{handle}/revise
POST /templates/{handle}/retire
GET /templates/{handle}/document
POST /workspaces/{workspace}/templates/{template}/admit
PUT DELETE /workspaces/{workspace}/templates/{template}/mappings/{variable}
GET /workspaces/{workspace}/mappings
PUT DELETE GET /defaults
POST /resolve
POST /import
GET /services
GET /whoami
GET POST /principals
GET POST /tokens
DELETE /tokens/{id}
GET /audit/events
GET /audit/events/{position}
GET /audit/checkpoint
GET /audit/consistency
GET /audit/log/{path}
GET /admin/status";
    for line in api.lines() {
        let (methods, path) = line.rsplit_once(' ').unwrap();
        for method in methods.split(' ') {
            let operation = &document["paths"][format!("/api/v1{path}")][method.to_lowercase()];
            assert!(operation.is_object(), "{method} {path}");
            assert!(
                operation["responses"]["default"].is_object(),
                "{method} {path} can be refused"
            );
        }
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert!(document["paths"][path]["get"].is_object(), "{path}");
    }
}
