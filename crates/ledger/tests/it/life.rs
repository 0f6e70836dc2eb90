use crate::harness::{House, draft, field};
use strongroom_domain::command::Command;
use strongroom_ledger::{Failure, ResolveRequest, RevealRequest, RotateDraft, TemplateDraft};

/// One client's workspace that runs a template with one OpenAI variable.
async fn workspace(house: &House, ledger: &strongroom_ledger::Ledger) {
    let context = || house.context(ledger);
    ledger
        .create_credential(context(), draft("OpenAI – Client A", "demo-value-one-0123456789abcdef"))
        .await
        .unwrap();
    let create = Command::CreateWorkspace {
        name: "Acme prod".to_owned(),
        handle: None,
        client: None,
        environment: "prod".to_owned(),
        description: String::new(),
    };
    ledger.execute(context(), create).await.unwrap();
    let document = br#"{"name":"Orders","variables":[{"name":"OPENAI","service":"openai","kinds":["api_key"]}]}"#;
    let template = TemplateDraft {
        document: document.to_vec(),
        ..TemplateDraft::default()
    };
    ledger.import_template(context(), template).await.unwrap();
    let admit = Command::AdmitTemplate {
        workspace: "acme-prod".to_owned(),
        template: "orders".to_owned(),
        revision: None,
    };
    let map = Command::MapVariable {
        workspace: "acme-prod".to_owned(),
        template: "orders".to_owned(),
        variable: "OPENAI".to_owned(),
        instance: None,
        credential: "openai-client-a".to_owned(),
    };
    ledger.execute_all(context(), vec![admit, map]).await.unwrap();
}

fn request() -> ResolveRequest {
    ResolveRequest {
        workspace: "acme-prod".to_owned(),
        template: "orders".to_owned(),
        ..ResolveRequest::default()
    }
}

#[tokio::test]
async fn a_rotation_is_seen_at_once_and_after_every_kind_of_end() {
    let house = House::new();
    let ledger = house.open();
    workspace(&house, &ledger).await;
    let before = ledger.view().head;
    let resolved = ledger.resolve(house.context(&ledger), request()).await.unwrap();
    assert_eq!(
        resolved.variables[0].fields[0].1.expose(),
        "demo-value-one-0123456789abcdef"
    );
    assert_eq!(resolved.recorded_at, Some(before), "the record comes before the values");
    let again = ledger.resolve(house.context(&ledger), request()).await.unwrap();
    assert_eq!(again.recorded_at, Some(before), "one window, one record");
    assert_eq!(ledger.view().head, before + 1);
    let known = ResolveRequest {
        known: Some(again.etag.clone()),
        ..request()
    };
    assert!(
        ledger
            .resolve(house.context(&ledger), known.clone())
            .await
            .unwrap()
            .unchanged
    );

    let rotate = RotateDraft {
        credential: "openai-client-a".to_owned(),
        fields: vec![field("api_key", "demo-value-two-0123456789abcdef")],
        ..RotateDraft::default()
    };
    ledger.rotate_credential(house.context(&ledger), rotate).await.unwrap();
    let rotated = ledger.resolve(house.context(&ledger), known.clone()).await.unwrap();
    assert!(!rotated.unchanged);
    assert_eq!(
        rotated.variables[0].fields[0].1.expose(),
        "demo-value-two-0123456789abcdef"
    );
    assert_eq!(rotated.variables[0].version, 2);
    ledger.verify(&mut |_, _| {}).unwrap();
    ledger.stop().unwrap();
    drop(ledger);

    let ledger = house.open();
    let head = ledger.view().head;
    let reopened = ledger.resolve(house.context(&ledger), request()).await.unwrap();
    assert_eq!(
        reopened.variables[0].fields[0].1.expose(),
        "demo-value-two-0123456789abcdef"
    );
    assert_eq!(reopened.recorded_at, Some(head), "windows do not outlive the process");
    ledger.verify(&mut |_, _| {}).unwrap();
    ledger.stop().unwrap();
    drop(ledger);
    let report = strongroom_ledger::verify_offline(&house.data(), &house.root(), &mut |_, _| {}).unwrap();
    assert!(report.secrets_opened >= 3, "two versions and a document: {report:?}");
}

#[tokio::test]
async fn a_reveal_needs_a_reason_and_is_recorded_each_time() {
    let house = House::new();
    let ledger = house.open();
    ledger
        .create_credential(house.context(&ledger), draft("Mail", "demo-value-three-0123456789abc"))
        .await
        .unwrap();
    let reveal = RevealRequest {
        credential: "mail".to_owned(),
        ..RevealRequest::default()
    };
    let refused = ledger.reveal(house.context(&ledger), reveal.clone()).await.unwrap_err();
    assert!(matches!(refused, Failure::Rejected(why) if why.kind() == "reason_required"));
    let mut context = house.context(&ledger);
    context.reason = Some("support case 17".to_owned());
    let first = ledger.reveal(context.clone(), reveal.clone()).await.unwrap();
    let second = ledger.reveal(context, reveal).await.unwrap();
    assert_eq!(first.fields[0].1.expose(), "demo-value-three-0123456789abc");
    assert_eq!(second.position, first.position + 1);
    ledger.stop().unwrap();
}

#[tokio::test]
async fn state_that_is_lost_is_rebuilt_from_the_log() {
    let house = House::new();
    let ledger = house.open();
    workspace(&house, &ledger).await;
    let state = ledger.view().state;
    ledger.stop().unwrap();
    drop(ledger);
    let (ledger, report) = house.try_open(true).unwrap();
    assert_eq!(report.rebuilt.len(), 1, "{report:?}");
    assert_eq!(ledger.view().state.first_difference(&state), None);
    ledger.stop().unwrap();
    drop(ledger);
    house.open().stop().unwrap();
}

#[tokio::test]
async fn an_atomic_step_is_done_whole_or_not_at_all() {
    let house = House::new();
    let ledger = house.open();
    let client = |name: &str| Command::CreateClient {
        name: name.to_owned(),
        handle: None,
        description: String::new(),
    };
    let head = ledger.view().head;
    let refused = ledger
        .execute_all(house.context(&ledger), vec![client("Acme"), client("Acme")])
        .await
        .unwrap_err();
    assert!(matches!(refused, Failure::Rejected(why) if why.kind() == "name_taken"));
    assert_eq!(ledger.view().head, head);
    ledger
        .execute_all(house.context(&ledger), vec![client("Acme"), client("Beta")])
        .await
        .unwrap();
    assert_eq!(ledger.view().head, head + 2);
    ledger.stop().unwrap();
}
