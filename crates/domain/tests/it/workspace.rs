//! Clients, workspaces, admissions, mappings, defaults.

use crate::harness::*;
use strongroom_domain::command::{Command, CreateCredential};
use strongroom_domain::event::Event;
use strongroom_domain::rejection::Rejection;
use strongroom_domain::resolve::{AtOdds, WhyNot};
use strongroom_domain::words::{Category, Kind};

fn archive_client(client: &str) -> Command {
    Command::ArchiveClient {
        client: client.to_owned(),
    }
}

fn archive(workspace: &str) -> Command {
    Command::ArchiveWorkspace {
        workspace: workspace.to_owned(),
    }
}

#[test]
fn clients_and_workspaces_are_created_renamed_and_archived() {
    let mut world = World::agency();
    world.refused(client_named("A"), "name_taken");
    let rename = |name: &str| Command::UpdateClient {
        client: "a".to_owned(),
        name: Some(name.to_owned()),
        description: None,
    };
    world.event(rename("Änne"), "client.updated");
    world.unchanged(rename("Änne"));
    world.refused(rename("b"), "name_taken");
    world.event(archive_client("a"), "client.archived");
    world.unchanged(archive_client("a"));
    world.refused(rename("Other"), "not_active");
    world.refused(workspace_named("new", Some("a")), "not_active");
    world.refused(key_of("Key", "a"), "not_active");
    let to = |environment: &str| Command::UpdateWorkspace {
        workspace: "w".to_owned(),
        name: None,
        description: Some("text".to_owned()),
        environment: Some(environment.to_owned()),
    };
    world.refused(to("Not Good"), "invalid");
    world.event(to("dev"), "workspace.updated");
    assert_eq!(world.workspace("w").environment, "dev");
    world.event(archive("w"), "workspace.archived");
    world.unchanged(archive("w"));
    world.refused(to("prod"), "not_active");
    world.check();
}

#[test]
fn what_is_misspelt_gets_suggestions() {
    let mut world = World::agency();
    world.ok(create(key("Shopify Client A")));
    let rejection = world.refused(revoke("Shopify-clinet-a"), "not_found");
    assert_eq!(rejection.hint().as_deref(), Some("did you mean `shopify-client-a`?"));
    let rejection = world.refused(revoke("quite-another-thing"), "not_found");
    assert!(matches!(rejection, Rejection::NotFound { suggestions, .. } if suggestions.is_empty()));
    let id = world.credential("shopify-client-a").id.to_string();
    world.ok(disable(&id));
}

#[test]
fn a_revision_is_admitted_once() {
    let mut world = World::agency();
    world.unchanged(admit("w", "sync", None));
    world.unchanged(admit("w", "sync", Some(1)));
    world.refused(admit("w", "sync", Some(2)), "invalid");
    world.ok(revise(
        "sync",
        1,
        vec![variable("SHOP", "shopify"), variable("MAIL", "smtp")],
    ));
    let event = world.event(admit("w", "sync", None), "workspace.template_admitted");
    let Event::TemplateAdmitted(admitted) = event else {
        panic!()
    };
    assert_eq!((admitted.revision, admitted.previous), (2, Some(1)));
    world.event(admit("w", "sync", Some(1)), "workspace.template_admitted");
    world.ok(Command::RetireTemplate {
        template: "sync".to_owned(),
    });
    world.refused(admit("w", "sync", None), "not_active");
    world.ok(archive("wa"));
    world.refused(admit("wa", "sync", None), "not_active");
    world.check();
}

#[test]
fn mapping_is_a_fact_of_the_workspace() {
    let mut world = World::agency();
    world.ok(create(key("One")));
    world.ok(create(key("Two")));
    let event = world.event(map("w", None, "one"), "workspace.variable_mapped");
    assert!(matches!(event, Event::VariableMapped(mapped) if mapped.previous.is_none()));
    world.unchanged(map("w", None, "one"));
    let event = world.event(map("w", None, "two"), "workspace.variable_mapped");
    assert!(matches!(event, Event::VariableMapped(mapped) if mapped.previous == Some(world.credential("one").id)));
    world.event(map("w", Some("flow-1"), "one"), "workspace.variable_mapped");
    world.unchanged(unmap("w", Some("flow-2")));
    world.event(unmap("w", None), "workspace.variable_unmapped");
    world.event(unmap("w", Some("flow-1")), "workspace.variable_unmapped");
    world.unchanged(unmap("w", Some("flow-1")));
    world.refused(map("w", Some("two words"), "one"), "invalid");
    assert_eq!(categories(&world).last(), Some(&Category::Workspace));
    world.check();
}

#[test]
fn an_unknown_variable_gets_suggestions() {
    let mut world = World::agency();
    world.ok(create(key("One")));
    let mapped = |variable: &str| Command::MapVariable {
        workspace: "w".to_owned(),
        template: "sync".to_owned(),
        variable: variable.to_owned(),
        instance: None,
        credential: "one".to_owned(),
    };
    let rejection = world.refused(mapped("SHOPP"), "not_found");
    assert_eq!(rejection.hint().as_deref(), Some("did you mean `SHOP`?"));
    assert_eq!(rejection.field(), Some("/variable"));
}

#[test]
fn a_variable_is_mapped_before_its_revision_is_admitted() {
    let mut world = World::agency();
    world.ok(workspace_named("fresh", None));
    world.ok(create(key("One")));
    world.ok(map("fresh", None, "one"));
    world.check();
}

#[test]
fn what_does_not_fit_is_not_mapped() {
    let mut world = World::agency();
    world.ok(create(CreateCredential {
        service: "stripe".to_owned(),
        ..key("Stripe")
    }));
    let doubt = |world: &mut World, credential: &str, why: WhyNot| {
        let rejection = world.refused(map("w", None, credential), "does_not_fit");
        assert_eq!(
            rejection,
            Rejection::DoesNotFit {
                variable: "SHOP".to_owned(),
                why
            }
        );
    };
    doubt(&mut world, "stripe", WhyNot::Service);
    world.ok(key_of("Of A", "a"));
    doubt(&mut world, "of-a", WhyNot::OutOfReach);
    world.ok(create(CreateCredential {
        expires_at: Some(NOW + DAY),
        ..key("Old")
    }));
    world.now += DAY;
    doubt(&mut world, "old", WhyNot::Expired);
    world.ok(create(key("Off")));
    world.ok(disable("off"));
    doubt(&mut world, "off", WhyNot::Disabled);
    world.ok(revoke("off"));
    doubt(&mut world, "off", WhyNot::Revoked);
    let mut narrow = variable("SHOP", "shopify");
    narrow.kinds = vec![Kind::Basic];
    narrow.scopes = vec!["read".to_owned()];
    world.ok(revise("sync", 1, vec![narrow]));
    world.ok(admit("w", "sync", None));
    world.ok(create(key("Key")));
    doubt(&mut world, "key", WhyNot::Kind);
    let user = credential("User", Kind::Basic, &[("username", "u"), ("password", "p")]);
    world.ok(create(user.clone()));
    doubt(
        &mut world,
        "user",
        WhyNot::Scopes {
            missing: vec!["read".to_owned()],
        },
    );
    world.ok(create(CreateCredential {
        name: "Scoped".to_owned(),
        scopes: vec!["read".to_owned()],
        ..user
    }));
    world.ok(map("w", None, "scoped"));
}

#[test]
fn a_client_s_credential_stays_out_of_another_s_workspace_whoever_maps_it() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(map("wa", None, "of-a"));
    let id = world.credential("of-a").id;
    for refused in [
        map("wb", None, "of-a"),
        map("wb", Some("x"), "of-a"),
        default(Some("wb"), Kind::ApiKey, "of-a"),
    ] {
        let rejection = world.refused(refused, "client_guard");
        let clients = Some(AtOdds {
            credential: "a".to_owned(),
            workspace: "b".to_owned(),
        });
        assert_eq!(
            rejection,
            Rejection::ClientGuard {
                credential: id,
                clients
            }
        );
        assert!(rejection.denial().is_some(), "the try is recorded");
    }
    world.ok(Command::ShareCredential(sharing("of-a", false, &["b"], &[])));
    world.ok(map("wb", None, "of-a"));
}

#[test]
fn a_default_has_one_stream_for_ever() {
    let mut world = World::agency();
    world.ok(create(key("One")));
    world.ok(create(key("Two")));
    let unset = || Command::UnsetDefault {
        workspace: None,
        service: "shopify".to_owned(),
        kind: Kind::ApiKey,
    };
    world.unchanged(unset());
    world.event(default(None, Kind::ApiKey, "one"), "default.default_mapped");
    world.unchanged(default(None, Kind::ApiKey, "one"));
    world.if_match = Some(1);
    world.event(default(None, Kind::ApiKey, "two"), "default.default_mapped");
    world.refused(default(None, Kind::ApiKey, "one"), "version_mismatch");
    world.if_match = None;
    world.event(unset(), "default.default_unmapped");
    world.unchanged(unset());
    world.event(default(None, Kind::ApiKey, "one"), "default.default_mapped");
    let streams: Vec<_> = world
        .log
        .iter()
        .filter(|it| it.stream.category == Category::Default)
        .collect();
    assert!(streams.iter().all(|it| it.stream == streams[0].stream));
    assert_eq!(streams.last().unwrap().stream_version, 4);
    world.refused(default(None, Kind::Basic, "one"), "does_not_fit");
    world.event(default(Some("w"), Kind::ApiKey, "one"), "default.default_mapped");
    world.check();
}
