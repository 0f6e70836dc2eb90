//! Templates and their revisions.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::event::{AcceptedFinding, Event};
use strongroom_domain::limits::{DOCUMENT_BYTES_MAX, VARIABLES_MAX};
use strongroom_domain::rejection::Rejection;
use strongroom_domain::secret::SecretPart;

fn register(name: &str, input: strongroom_domain::command::TemplateInput) -> Command {
    Command::RegisterTemplate {
        name: name.to_owned(),
        handle: None,
        description: String::new(),
        input: Box::new(input),
    }
}

#[test]
fn a_template_is_registered_with_its_document() {
    let mut world = World::new();
    world.event(
        template_named("Sync orders", vec![variable("SHOP", "shopify")]),
        "template.registered",
    );
    let template = world.state.templates.values().next().unwrap().clone();
    assert_eq!((template.handle.as_str(), template.revisions.len()), ("sync-orders", 1));
    assert!(matches!(
        &world.secrets[&template.revisions[0].document_at],
        SecretPart::Document(_)
    ));
    world.refused(template_named("SYNC ORDERS", vec![]), "name_taken");
    world.check();
}

#[test]
fn a_revision_builds_on_the_newest() {
    let mut world = World::agency();
    let two = || vec![variable("SHOP", "shopify"), variable("MAIL", "smtp")];
    let event = world.event(revise("sync", 1, two()), "template.revised");
    let Event::TemplateRevised(revised) = event else {
        panic!()
    };
    assert_eq!(
        (revised.revision, revised.added, revised.removed),
        (2, vec!["MAIL".to_owned()], vec![])
    );
    assert_eq!(world.refused(revise("sync", 1, two()), "stale"), Rejection::Stale);
    world.unchanged(revise("sync", 2, two()));
    let event = world.event(revise("sync", 2, vec![variable("MAIL", "smtp")]), "template.revised");
    let Event::TemplateRevised(revised) = event else {
        panic!()
    };
    assert_eq!((revised.added, revised.removed), (vec![], vec!["SHOP".to_owned()]));
    let template = world.state.templates.values().next().unwrap();
    assert_eq!(template.used_variables, ["SHOP", "MAIL"], "no name is forgotten");
    world.check();
}

#[test]
fn a_retired_template_is_not_revised() {
    let mut world = World::agency();
    let retire = || Command::RetireTemplate {
        template: "sync".to_owned(),
    };
    world.event(retire(), "template.retired");
    world.unchanged(retire());
    world.refused(revise("sync", 1, vec![]), "not_active");
    let rename = Command::UpdateTemplate {
        template: "sync".to_owned(),
        name: Some("x".to_owned()),
        description: None,
    };
    world.refused(rename, "not_active");
}

#[test]
fn a_template_is_renamed() {
    let mut world = World::agency();
    let rename = |name: &str| Command::UpdateTemplate {
        template: "sync".to_owned(),
        name: Some(name.to_owned()),
        description: Some("text".to_owned()),
    };
    world.event(rename("Synchronise"), "template.updated");
    world.unchanged(rename("Synchronise"));
    world.ok(template_named("sync 2", vec![]));
    world.check();
}

#[test]
fn accepted_secrets_take_a_reason() {
    let mut world = World::new();
    let mut input = template_input(vec![]);
    input.hardcoded_accepted = vec![AcceptedFinding {
        pointer: "/nodes/0".to_owned(),
        rule: "aws_key".to_owned(),
    }];
    world.refused(register("x", input.clone()), "reason_required");
    world.reason = Some("  ".to_owned());
    world.refused(register("x", input.clone()), "reason_required");
    world.reason = Some("a public test key".to_owned());
    world.ok(register("x", input));
}

#[test]
fn variables_follow_their_rules() {
    let mut world = World::new();
    let refused = |world: &mut World, variables, pointer: &str| {
        let rejection = world.refused(template_named("x", variables), "invalid");
        assert_eq!(rejection.field(), Some(pointer));
    };
    refused(&mut world, vec![variable("a", "shopify")], "/variables/0/name");
    refused(&mut world, vec![variable("A", "Shopify")], "/variables/0/service");
    refused(
        &mut world,
        vec![variable("A", "shopify"), variable("A", "smtp")],
        "/variables/1/name",
    );
    let many = |count| {
        (0..count)
            .map(|number| variable(&format!("V{number}"), "shopify"))
            .collect()
    };
    refused(&mut world, many(VARIABLES_MAX + 1), "/variables");
    world.ok(template_named("x", many(VARIABLES_MAX)));
    let mut input = template_input(vec![]);
    input.document.bytes = vec![b' '; DOCUMENT_BYTES_MAX + 1];
    assert_eq!(
        world.refused(register("y", input.clone()), "invalid").field(),
        Some("/document")
    );
    input.document.bytes.pop();
    world.ok(register("y", input.clone()));
    input.format = "yaml".to_owned();
    world.refused(register("z", input), "invalid");
}
