//! The examples that the README imports.

use strongroom_formats::n8n::assign::assign;
use strongroom_formats::n8n::credentials;
use strongroom_formats::n8n::workflow::{Workflow, variables};

use super::hash;

const ORDERS: &str = include_str!("../../../../examples/n8n-workflow-orders.json");
const SUPPORT: &str = include_str!("../../../../examples/n8n-workflow-support.json");
const CREDENTIALS: &str = include_str!("../../../../examples/n8n-credentials.json");

#[track_caller]
fn check(document: &str, expected: &[&str]) {
    let workflow = Workflow::parse(document.as_bytes()).unwrap();
    assert_eq!(workflow.findings(), []);
    assert_eq!(workflow.warnings, []);
    let assigned = assign(workflow.references(), &[], &[], &hash).assigned;
    let names: Vec<String> = variables(&assigned).into_iter().map(|variable| variable.name).collect();
    assert_eq!(names, expected);
    let stored = String::from_utf8(workflow.document(&assigned)).unwrap();
    for gone in [
        "Client A",
        "kX2pQ7",
        "pinData",
        "instanceId",
        "demoOrders",
        "demoSupport",
        "demoErrors",
        "demoTag",
    ] {
        assert!(!stored.contains(gone), "{gone} is still there");
    }
}

#[test]
fn the_example_workflows_become_templates() {
    let orders = [
        "SHOPIFY_ACCESS_TOKEN_API",
        "OPEN_AI_API",
        "GMAIL_OAUTH2",
        "GOOGLE_SHEETS_OAUTH2_API",
        "HTTP_HEADER_AUTH",
        "SLACK_API",
    ];
    check(ORDERS, &orders);
    let support = [
        "GMAIL_OAUTH2",
        "OPEN_AI_API",
        "SHOPIFY_ACCESS_TOKEN_API",
        "GOOGLE_SHEETS_OAUTH2_API",
        "SLACK_API",
        "HTTP_HEADER_AUTH",
    ];
    check(SUPPORT, &support);
}

#[test]
fn the_example_credentials_fit_the_example_workflows() {
    let Ok(imported) = credentials::parse(CREDENTIALS.as_bytes(), None) else {
        panic!("the example isn't read");
    };
    assert_eq!(imported.len(), 6);
    let workflow = Workflow::parse(ORDERS.as_bytes()).unwrap();
    let assigned = assign(workflow.references(), &[], &[], &hash).assigned;
    let fitting = variables(&assigned)
        .iter()
        .filter(|variable| {
            imported
                .iter()
                .any(|c| c.service == variable.service && variable.kinds.contains(&c.kind))
        })
        .count();
    assert_eq!(fitting, 6);
}
