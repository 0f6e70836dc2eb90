use super::*;
use crate::n8n::assign::{Status, assign};
use proptest::prelude::*;

const OLD: &str = include_str!("../../../tests/data/workflow-old.json");
const WRAPPED: &str = include_str!("../../../tests/data/workflow-wrapped.json");

fn hash(reference: &Reference) -> [u8; 32] {
    let (id, name) = (reference.id.as_deref(), reference.name.as_deref());
    *blake3::hash(format!("{:?}", (&reference.n8n_type, id, name)).as_bytes()).as_bytes()
}

fn assigned(workflow: &Workflow) -> Vec<Assigned> {
    assign(workflow.references(), &[], &[], &hash).assigned
}

fn stored(workflow: &Workflow) -> String {
    String::from_utf8(workflow.document(&assigned(workflow))).unwrap()
}

#[test]
fn references_of_every_shape_become_variables() {
    let workflow = Workflow::parse(OLD.as_bytes()).unwrap();
    let names: Vec<String> = assigned(&workflow).into_iter().map(|one| one.variable).collect();
    let expected = [
        "SMTP",
        "SLACK_API",
        "SLACK_API_2",
        "HTTP_HEADER_AUTH",
        "ACME_CRM_API",
        "NOTION_API",
    ];
    assert_eq!(names, expected);
    assert_eq!(workflow.name, "Old export");
    let slack = workflow.references().get(1).unwrap();
    assert_eq!((slack.uses, slack.enabled), (2, false));
    assert_eq!(slack.first_pointer, "/nodes/2/credentials/slackApi");
    let nested = workflow.references().last().unwrap();
    assert_eq!(
        nested.first_pointer,
        "/nodes/8/parameters/workflowJson/nodes/0/credentials/notionApi"
    );
}

#[test]
fn variables_know_their_service_and_kinds() {
    let workflow = Workflow::parse(OLD.as_bytes()).unwrap();
    let variables = variables(&assigned(&workflow));
    let of = |name: &str| variables.iter().find(|variable| variable.name == name).unwrap();
    assert_eq!(of("SLACK_API").service, "slack");
    assert_eq!(of("SLACK_API").kinds.first(), Some(&Kind::AccessToken));
    assert!(!of("SLACK_API").required, "only disabled nodes use it");
    assert!(of("SLACK_API_2").required);
    assert_eq!(of("ACME_CRM_API").service, "acme-crm");
    assert_eq!(of("ACME_CRM_API").kinds, [Kind::Custom]);
    assert_eq!(of("ACME_CRM_API").n8n_type.as_deref(), Some("acmeCrmApi"));
}

#[test]
fn the_stored_document_has_nothing_of_the_author() {
    let workflow = Workflow::parse(OLD.as_bytes()).unwrap();
    let document = stored(&workflow);
    for gone in [
        "Client A",
        "Slack account",
        "instance-",
        "pinned",
        "pinData",
        "\"77\"",
        "errorWorkflow",
        "\"41\"",
        "colour",
    ] {
        assert!(!document.contains(gone), "{gone} is still there");
    }
    for kept in [
        "\"timezone\":\"UTC\"",
        "\"templateId\":\"2001\"",
        "{\"name\":\"mail\"}",
        "not a node",
        "Uses SMTP, ask first.",
    ] {
        assert!(document.contains(kept), "{kept} is gone");
    }
    let read: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(
        read.pointer("/nodes/1/credentials/smtp").unwrap(),
        &serde_json::json!({"id": "SMTP", "name": "SMTP"})
    );
    let inner = read
        .pointer("/nodes/8/parameters/workflowJson")
        .and_then(Value::as_str)
        .unwrap();
    assert!(inner.starts_with("={") && inner.contains("{\"id\":\"NOTION_API\",\"name\":\"NOTION_API\"}"));
}

#[test]
fn the_stored_document_is_the_same_each_time_and_reads_back() {
    let workflow = Workflow::parse(OLD.as_bytes()).unwrap();
    let document = stored(&workflow);
    assert_eq!(document, stored(&Workflow::parse(OLD.as_bytes()).unwrap()));
    let again = Workflow::parse(document.as_bytes()).unwrap();
    let names: Vec<String> = assigned(&again).into_iter().map(|one| one.variable).collect();
    assert_eq!(names.len(), workflow.references().len());
    assert_eq!(names.last().map(String::as_str), Some("NOTION_API"));
}

#[test]
fn wrappers_are_opened() {
    let workflow = Workflow::parse(WRAPPED.as_bytes()).unwrap();
    assert_eq!(workflow.pointer, "/workflow/workflow");
    let reference = workflow.references().first().unwrap();
    assert_eq!(
        reference.first_pointer,
        "/workflow/workflow/nodes/0/credentials/telegramApi"
    );
    assert!(!stored(&workflow).contains("Client A"));
}

#[test]
fn an_export_of_several_is_read_one_by_one() {
    let export = format!("[{OLD},{WRAPPED}]");
    assert_eq!(Workflow::parse_all(export.as_bytes()).unwrap().len(), 2);
    let error = Workflow::parse(export.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the document holds 2 workflows");
    let second = Workflow::parse_all(export.as_bytes()).unwrap().pop().unwrap();
    assert_eq!(
        second.references().first().unwrap().first_pointer,
        "/1/workflow/workflow/nodes/0/credentials/telegramApi"
    );
}

#[test]
fn what_is_no_workflow_is_refused() {
    for (document, expected) in [
        ("{}", "this is no n8n workflow: it has neither nodes nor connections"),
        ("7", "this is no n8n workflow: it has neither nodes nor connections"),
        (
            "[1]",
            "this is no n8n workflow: it has neither nodes nor connections (at /0)",
        ),
        ("{\"nodes\": 3}", "nodes is no array (at /nodes)"),
        ("[]", "the document holds no workflow"),
    ] {
        assert_eq!(Workflow::parse(document.as_bytes()).unwrap_err().to_string(), expected);
    }
    assert!(Workflow::parse(b"{\"nodes\": null, \"connections\": {}}").is_ok());
}

#[test]
fn people_are_told_what_will_be_missing() {
    let workflow = Workflow::parse(OLD.as_bytes()).unwrap();
    let at = |pointer: &str| {
        workflow
            .warnings
            .iter()
            .filter(|warning| warning.pointer == pointer)
            .count()
    };
    assert_eq!(at("/nodes/6/credentials"), 1, "credentials of an unknown shape");
    assert_eq!(
        at("/nodes/9/parameters/nodeCredentialType"),
        1,
        "a type without a reference"
    );
    assert_eq!(at("/nodes/10"), 1, "a call of another workflow");
    assert_eq!(at("/nodes/5/credentials/acmeCrmApi"), 1, "an unknown type");
    assert!(
        workflow
            .warnings
            .iter()
            .any(|warning| warning.what.starts_with("colour"))
    );
}

#[test]
fn a_name_in_code_is_warned_about() {
    let document = r#"{"nodes":[{"name":"Code","parameters":{"jsCode":"// Shop of Client-7"},"credentials":{"shopifyApi":{"id":"1","name":"Shop of Client-7"}}}],"connections":{}}"#;
    let workflow = Workflow::parse(document.as_bytes()).unwrap();
    assert!(
        workflow
            .warnings
            .iter()
            .any(|warning| warning.what.contains("stands elsewhere"))
    );
}

#[test]
fn too_many_references_are_refused() {
    let node = |n: usize| format!(r#"{{"credentials":{{"slackApi":{{"id":"{n}","name":"n"}}}}}}"#);
    let of = |count: usize| format!("{{\"nodes\":[{}]}}", (0..count).map(node).collect::<Vec<_>>().join(","));
    assert_eq!(
        Workflow::parse(of(REFERENCES_MAX).as_bytes())
            .unwrap()
            .references()
            .len(),
        REFERENCES_MAX
    );
    assert!(Workflow::parse(of(REFERENCES_MAX + 1).as_bytes()).is_err());
}

#[test]
fn workflows_inside_each_other_end_somewhere() {
    let mut document = r#"{"nodes":[{"parameters":{},"credentials":{"slackApi":"inmost name"}}]}"#.to_owned();
    for _ in 0..3 {
        let text = serde_json::to_string(&document).unwrap();
        document = format!(r#"{{"nodes":[{{"parameters":{{"workflowJson":{text}}},"credentials":{{}}}}]}}"#);
    }
    let workflow = Workflow::parse(document.as_bytes()).unwrap();
    assert_eq!(workflow.references().len(), 1);
    assert!(!stored(&workflow).contains("inmost name"));
    let text = serde_json::to_string(&document).unwrap();
    let deeper = format!(r#"{{"nodes":[{{"parameters":{{"workflowJson":{text}}},"credentials":{{}}}}]}}"#);
    assert!(
        Workflow::parse(deeper.as_bytes())
            .unwrap_err()
            .to_string()
            .contains("lie inside each other")
    );
}

#[test]
fn a_secret_is_found_where_it_was_sent() {
    let token = format!("xox{}-{}", "b", "1234567890-abcdefghij");
    let document = format!(r#"[{{"nodes":[],"connections":{{}},"pinData":{{"A":[{{"t":"{token}"}}]}}}}]"#);
    let workflow = Workflow::parse(document.as_bytes()).unwrap();
    let findings = workflow.findings();
    assert_eq!(findings.first().unwrap().pointer, "/0/pinData/A/0/t");
    assert!(!format!("{findings:?}").contains(&token));
}

#[test]
fn a_revision_keeps_known_variables() {
    let workflow = Workflow::parse(OLD.as_bytes()).unwrap();
    let known: Vec<_> = assigned(&workflow).iter().map(Assigned::known).collect();
    let again = assign(workflow.references(), &known, &[], &hash);
    assert!(again.assigned.iter().all(|one| one.status == Status::Known));
}

fn json_value() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("nodes".to_owned()),
        Just("credentials".to_owned()),
        Just("parameters".to_owned()),
        Just("workflow".to_owned()),
        Just("workflowJson".to_owned()),
        Just("slackApi".to_owned()),
        Just("id".to_owned()),
        Just("name".to_owned()),
        Just("data".to_owned()),
        Just("settings".to_owned()),
        Just("meta".to_owned()),
        Just("tags".to_owned()),
        ".{0,6}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::String),
        Just(Value::String(
            "{\"nodes\":[{\"credentials\":{\"a\":{}}}],\"credentials\":1}".to_owned()
        )),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_it_panic(value in json_value()) {
        let wrapped = serde_json::json!({"nodes": [value.clone()], "connections": {}});
        for value in [value, wrapped] {
            if let Ok(workflow) = Workflow::of(value) {
                let _ = (workflow.findings(), variables(&assigned(&workflow)));
                let document = stored(&workflow);
                prop_assert!(Workflow::parse(document.as_bytes()).is_ok());
            }
        }
    }
}
