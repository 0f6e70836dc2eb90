use super::*;

fn reference(n8n_type: &str, id: &str, name: &str) -> Reference {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Reference {
        n8n_type: n8n_type.to_owned(),
        id: text(id),
        name: text(name),
        first_pointer: String::new(),
        uses: 1,
        enabled: true,
    }
}

fn hash(reference: &Reference) -> [u8; 32] {
    let id = reference.id.as_deref();
    let name = reference.name.as_deref();
    *blake3::hash(format!("{:?}", (&reference.n8n_type, id, name)).as_bytes()).as_bytes()
}

fn first(references: &[Reference]) -> Vec<Known> {
    let made = assign(references, &[], &[], &hash);
    made.assigned.iter().map(Assigned::known).collect()
}

#[track_caller]
fn check(made: &Assignment, expected: &[(&str, Status)]) {
    let got: Vec<(&str, Status)> = made
        .assigned
        .iter()
        .map(|one| (one.variable.as_str(), one.status))
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn names_count_up_by_first_use() {
    let references = [
        reference("shopifyApi", "1", "A"),
        reference("slackApi", "2", "A"),
        reference("shopifyApi", "3", "B"),
        reference("shopifyApi", "", "B"),
    ];
    check(
        &assign(&references, &[], &[], &hash),
        &[
            ("SHOPIFY_API", Status::New),
            ("SLACK_API", Status::New),
            ("SHOPIFY_API_2", Status::New),
            ("SHOPIFY_API_3", Status::New),
        ],
    );
}

#[test]
fn a_known_reference_keeps_its_variable_wherever_it_stands() {
    let a = reference("slackApi", "1", "A");
    let b = reference("slackApi", "2", "B");
    let previous = first(&[a.clone(), b.clone()]);
    let made = assign(&[b, a], &previous, &[], &hash);
    check(&made, &[("SLACK_API_2", Status::Known), ("SLACK_API", Status::Known)]);
    assert!(made.removed.is_empty());
}

#[test]
fn a_new_reference_takes_a_name_that_was_never_used() {
    let previous = first(&[reference("slackApi", "1", "A")]);
    let used = ["SLACK_API_2".to_owned(), "SLACK_API_3".to_owned()];
    let made = assign(&[reference("slackApi", "9", "Z")], &previous, &used, &hash);
    check(&made, &[("SLACK_API_4", Status::New)]);
    assert_eq!(made.removed, ["SLACK_API"]);
}

#[test]
fn two_credentials_that_trade_names_do_not_trade_variables() {
    let previous = first(&[reference("slackApi", "1", "A"), reference("slackApi", "2", "B")]);
    let swapped = [reference("slackApi", "1", "B"), reference("slackApi", "2", "A")];
    let made = assign(&swapped, &previous, &[], &hash);
    check(
        &made,
        &[("SLACK_API_3", Status::Unsure), ("SLACK_API_4", Status::Unsure)],
    );
    let candidates = &made.assigned.first().unwrap().candidates;
    assert_eq!(candidates, &["SLACK_API", "SLACK_API_2"]);
}

#[test]
fn renamed_moved_and_old_style_references_are_unsure() {
    for changed in [
        reference("slackApi", "1", "renamed"),
        reference("slackApi", "other instance", "A"),
        reference("slackApi", "", "A"),
    ] {
        let previous = first(&[reference("slackApi", "1", "A")]);
        let made = assign(&[changed], &previous, &[], &hash);
        check(&made, &[("SLACK_API_2", Status::Unsure)]);
        assert_eq!(made.assigned.first().unwrap().candidates, ["SLACK_API"]);
        assert_eq!(made.removed, ["SLACK_API"]);
    }
    let previous = first(&[reference("slackApi", "1", "A")]);
    let other_type = assign(&[reference("slackOAuth2Api", "1", "A")], &previous, &[], &hash);
    check(&other_type, &[("SLACK_OAUTH2_API", Status::New)]);
}
