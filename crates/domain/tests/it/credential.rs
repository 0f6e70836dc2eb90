//! The life of a credential.

use crate::harness::*;
use strongroom_domain::command::{Change, Command, CreateCredential, RotateCredential};
use strongroom_domain::context::Duplicate;
use strongroom_domain::event::{Event, Pair, RotationPolicy, Source};
use strongroom_domain::rejection::Rejection;
use strongroom_domain::secret::SecretPart;
use strongroom_domain::words::{CredentialStatus, FieldClass, Kind, Role};

#[test]
fn a_credential_is_created_with_its_first_version() {
    let mut world = World::new();
    let event = world.event(create(key("Shopify – Client A")), "credential.created");
    let Event::CredentialCreated(created) = event else {
        panic!()
    };
    assert_eq!(created.handle, "shopify-client-a");
    assert_eq!(created.fields[0].value, None, "no secret value is in the history");
    let credential = world.credential("shopify-client-a");
    assert_eq!((credential.version(), credential.status), (1, CredentialStatus::Active));
    assert_eq!(credential.steward, world.principal("root"));
    assert_eq!(
        world.values("shopify-client-a", 1),
        [("api_key".to_owned(), "first".to_owned())]
    );
    world.check();
}

#[test]
fn plain_values_are_in_the_history_and_the_others_are_not() {
    let mut world = World::new();
    world.ok(create(oauth("Shop")));
    let credential = world.credential("shop");
    let plain: Vec<_> = credential
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.value.as_deref()))
        .collect();
    assert_eq!(
        plain,
        [("client_id", Some("id")), ("client_secret", None), ("token_url", None)]
    );
    let names: Vec<_> = world.values("shop", 1).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["client_secret", "token_url"],
        "destinations lie with the secrets"
    );
}

#[test]
fn names_that_look_alike_cannot_both_exist() {
    let mut world = World::new();
    world.ok(create(key("Shopify – Client A")));
    let rejection = world.refused(create(key("  shopify - client a")), "name_taken");
    assert!(rejection.hint().unwrap().contains("`shopify-client-a`"));
    world.ok(create(key("Other")));
    world.refused(rename("other", "SHOPIFY - CLIENT A"), "name_taken");
}

#[test]
fn a_taken_handle_comes_with_a_free_one() {
    let mut world = World::new();
    world.ok(create(key("Shopify (A)")));
    let rejection = world.refused(create(key("Shopify [A]!")), "handle_taken");
    assert_eq!(
        rejection,
        Rejection::HandleTaken {
            what: "credential",
            proposal: "shopify-a-2".to_owned()
        }
    );
    world.ok(create(CreateCredential {
        handle: Some("shopify-a-2".to_owned()),
        ..key("Shopify [A]!")
    }));
}

#[test]
fn a_handle_is_kept_on_rename_and_never_given_out_again() {
    let mut world = World::new();
    world.ok(create(key("Old")));
    world.event(rename("old", "New"), "credential.updated");
    assert_eq!(world.credential("old").name, "New");
    world.ok(revoke("old"));
    world.refused(create(key("Old")), "handle_taken");
    world.refused(create(key("New")), "name_taken");
    world.check();
}

#[test]
fn what_a_kind_needs_must_be_there() {
    for (kind, fields, good) in [
        (Kind::ApiKey, vec![("api_key", "x")], true),
        (Kind::ApiKey, vec![("api_key", "")], false),
        (Kind::ApiKey, vec![("key", "x")], false),
        (Kind::AccessToken, vec![("token", "x"), ("extra", "y")], true),
        (Kind::Basic, vec![("username", "u"), ("password", "")], true),
        (Kind::Basic, vec![("username", ""), ("password", "")], false),
        (Kind::Basic, vec![("username", "u")], false),
        (
            Kind::ClientCredentials,
            vec![("client_id", "i"), ("client_secret", "s")],
            true,
        ),
        (Kind::ClientCredentials, vec![("client_secret", "s")], false),
        (Kind::Oauth2App, vec![("client_id", "i"), ("client_secret", "s")], true),
        (Kind::Oauth2, vec![("refresh_token", "r")], true),
        (Kind::Oauth2, vec![("account", "a")], false),
        (Kind::Custom, vec![("anything", "x")], true),
        (Kind::Custom, vec![], false),
    ] {
        let mut world = World::new();
        let result = world.run(create(credential("X", kind, &fields)));
        assert_eq!(result.is_ok(), good, "{kind} {fields:?}: {result:?}");
        assert!(result.is_ok() || result.unwrap_err().kind() == "invalid");
    }
}

#[test]
fn a_field_is_kept_no_weaker_than_its_kind_says() {
    let mut world = World::new();
    let mut input = oauth("Shop");
    for (field, class) in [
        (1, FieldClass::Plain),
        (1, FieldClass::Destination),
        (2, FieldClass::Plain),
        (2, FieldClass::Secret),
    ] {
        let mut input = input.clone();
        input.fields[field].class = class;
        world.refused(create(input), "invalid");
    }
    input.fields[0].class = FieldClass::Secret;
    world.ok(create(input));
}

#[test]
fn all_values_together_fit_64_kib() {
    let mut world = World::new();
    let value = "x".repeat(64 * 1024);
    world.ok(create(credential("Fits", Kind::ApiKey, &[("api_key", &value)])));
    let rejection = world.refused(
        create(credential("Too", Kind::ApiKey, &[("api_key", &value), ("b", "y")])),
        "invalid",
    );
    assert!(!rejection.message().contains("xx"));
    world.refused(rotate("fits", &[("b", "y")]), "invalid");
    let plain = |input: &mut strongroom_domain::command::UpdateCredential| {
        input.fields = vec![classed("b", "y", FieldClass::Plain)];
    };
    world.refused(update("fits", plain), "invalid");
}

#[test]
fn no_error_echoes_what_was_sent() {
    const CANARY: &str = "s3cr3t-c4n4ry";
    let mut world = World::agency();
    world.ok(create(key("Shop")));
    let bad = format!("{CANARY}\u{7}");
    let mut inputs = vec![
        create(key(&bad)),
        create(CreateCredential {
            handle: Some(format!("{CANARY}_")),
            ..key("A")
        }),
        create(CreateCredential {
            service: format!("{CANARY}!"),
            ..key("A")
        }),
        create(CreateCredential {
            description: bad.clone(),
            ..key("A")
        }),
        create(CreateCredential {
            client: Some(CANARY.to_owned()),
            ..key("A")
        }),
        create(CreateCredential {
            scopes: vec![bad.clone()],
            ..key("A")
        }),
        create(credential("A", Kind::Basic, &[("username", CANARY)])),
        create(credential("A", Kind::Custom, &[(&format!("{CANARY} x"), CANARY)])),
        rotate("shop", &[("api_key", CANARY), ("api_key", CANARY)]),
        rotate(CANARY, &[("api_key", CANARY)]),
        update("shop", |input| {
            input.fields = vec![classed("api_key", CANARY, FieldClass::Plain)]
        }),
        map("wa", Some(&bad), "shop"),
        map("wa", None, CANARY),
        admit(CANARY, "sync", None),
        template_named(&bad, vec![]),
        template_named("t", vec![variable(&bad, "shopify")]),
        workspace_named("x", Some(CANARY)),
        token(CANARY, 9),
    ];
    inputs.push(create(CreateCredential {
        tags: vec![Pair {
            name: bad.clone(),
            value: bad,
        }],
        ..key("A")
    }));
    for input in inputs {
        let rejection = world.run(input).unwrap_err();
        let said = format!(
            "{rejection:?} {} {:?} {:?}",
            rejection.message(),
            rejection.hint(),
            rejection.field()
        );
        assert!(!said.contains(CANARY), "{said}");
    }
}

#[test]
fn rotating_changes_what_is_entered_and_keeps_the_rest() {
    let mut world = World::new();
    world.ok(create(oauth("Shop")));
    let event = world.event(rotate("shop", &[("client_secret", "second")]), "credential.rotated");
    let Event::CredentialRotated(rotated) = event else {
        panic!()
    };
    assert_eq!(
        (rotated.version, rotated.changed),
        (2, vec!["client_secret".to_owned()])
    );
    let values = world.values("shop", 2);
    assert_eq!(values[0], ("client_secret".to_owned(), "second".to_owned()));
    assert_eq!(
        values[1],
        ("token_url".to_owned(), "https://shop.example/token".to_owned())
    );
    assert_eq!(world.values("shop", 1)[0].1, "first", "the version before is as it was");
    world.check();
}

#[test]
fn a_destination_changes_only_together_with_all_secrets() {
    let mut world = World::new();
    let mut input = oauth("Shop");
    input.fields.push(classed("other", "second secret", FieldClass::Secret));
    world.ok(create(input));
    let url = ("token_url", "https://evil.example/");
    let rejection = world.refused(rotate("shop", &[url]), "destination_needs_secrets");
    let Rejection::DestinationNeedsSecrets { destinations, secrets } = rejection else {
        panic!()
    };
    assert_eq!(
        (destinations, secrets),
        (
            vec!["token_url".to_owned()],
            vec!["client_secret".to_owned(), "other".to_owned()]
        )
    );
    world.refused(
        rotate("shop", &[url, ("client_secret", "x")]),
        "destination_needs_secrets",
    );
    world.ok(rotate("shop", &[url, ("client_secret", "x"), ("other", "y")]));
    // The same destination again is no change of it, a new one is.
    world.ok(rotate("shop", &[url, ("client_secret", "z")]));
    let new = rotation(
        "shop",
        vec![classed("base_url", "https://evil.example", FieldClass::Destination)],
    );
    world.refused(Command::RotateCredential(Box::new(new)), "destination_needs_secrets");
}

#[test]
fn a_secret_never_becomes_plain() {
    let mut world = World::new();
    world.ok(create(credential("X", Kind::Custom, &[("one", "1")])));
    for class in [FieldClass::Plain, FieldClass::Destination] {
        let input = rotation("x", vec![classed("one", "2", class)]);
        world.refused(Command::RotateCredential(Box::new(input)), "invalid");
        world.refused(
            update("x", |input| input.fields = vec![classed("one", "2", class)]),
            "invalid",
        );
    }
    world.refused(
        update("x", |input| input.remove_fields = vec!["one".to_owned()]),
        "invalid",
    );
}

#[test]
fn what_is_sent_as_secret_is_never_kept_plain() {
    let mut world = World::new();
    let mut input = key("Shop");
    input.fields.push(classed("note", "open", FieldClass::Plain));
    world.ok(create(input));
    world.refused(
        update("shop", |input| {
            input.fields = vec![classed("note", "hidden", FieldClass::Secret)]
        }),
        "invalid",
    );
    let event = world.event(rotate("shop", &[("note", "hidden")]), "credential.rotated");
    assert!(!format!("{event:?}").contains("hidden"));
    assert_eq!(world.values("shop", 2)[1], ("note".to_owned(), "hidden".to_owned()));
    world.ok(rollback("shop", 1));
    assert_eq!(
        world.credential("shop").fields.len(),
        1,
        "the plain value was given up when it became secret"
    );
    world.check();
}

#[test]
fn entering_the_values_that_are_there_changes_nothing() {
    let mut world = World::new();
    world.ok(create(oauth("Shop")));
    world.unchanged(rotate("shop", &[("client_secret", "first")]));
    world.unchanged(rotate(
        "shop",
        &[("client_secret", "first"), ("token_url", "https://shop.example/token")],
    ));
    assert_eq!(world.credential("shop").version(), 1);
}

#[test]
fn grace_comes_from_the_request_or_the_policy() {
    let mut world = World::new();
    let rotation_policy = Some(RotationPolicy {
        every_days: 90,
        grace_days: 7,
    });
    world.ok(create(CreateCredential {
        rotation: rotation_policy,
        ..key("Shop")
    }));
    world.ok(rotate("shop", &[("api_key", "second")]));
    assert_eq!(
        world.credential("shop").version_fact(1).unwrap().grace_until,
        Some(NOW + 7 * DAY)
    );
    let now_gone = RotateCredential {
        grace_days: Some(0),
        ..rotation("shop", vec![classed("api_key", "third", FieldClass::Secret)])
    };
    world.ok(Command::RotateCredential(Box::new(now_gone)));
    assert_eq!(world.credential("shop").version_fact(2).unwrap().grace_until, None);
    world.check();
}

#[test]
fn rolling_back_makes_a_new_version_with_the_old_values() {
    let mut world = World::new();
    world.ok(create(CreateCredential {
        expires_at: Some(NOW + DAY),
        ..oauth("Shop")
    }));
    world.ok(rotate("shop", &[("client_secret", "second"), ("extra", "e")]));
    world.event(rollback("shop", 1), "credential.rolled_back");
    let credential = world.credential("shop");
    assert_eq!(credential.version(), 3);
    assert_eq!(
        credential.expires_at,
        Some(NOW + DAY),
        "the old values end when they did"
    );
    assert!(credential.fields.iter().all(|field| field.name != "extra"));
    assert_eq!(world.values("shop", 3), world.values("shop", 1));
    world.unchanged(rollback("shop", 1));
    world.unchanged(rollback("shop", 3));
    world.refused(rollback("shop", 4), "not_found");
    world.refused(rollback("shop", 0), "not_found");
    world.ok(rotate("shop", &[("client_secret", "third")]));
    assert_eq!(world.values("shop", 4).len(), 2);
    world.check();
}

#[test]
fn disabling_and_enabling_twice_is_once() {
    let mut world = World::new();
    world.ok(create(key("Shop")));
    world.unchanged(enable("shop"));
    world.event(disable("shop"), "credential.disabled");
    world.unchanged(disable("shop"));
    world.ok(rotate("shop", &[("api_key", "second")]));
    world.event(enable("shop"), "credential.enabled");
}

#[test]
fn a_revoked_credential_stays_as_it_is() {
    let mut world = World::new();
    world.ok(create(key("Shop")));
    world.event(revoke("shop"), "credential.revoked");
    world.unchanged(revoke("shop"));
    world.reason = Some("why".to_owned());
    for command in [
        rotate("shop", &[("api_key", "second")]),
        rename("shop", "X"),
        rollback("shop", 1),
        disable("shop"),
        enable("shop"),
        Command::ShareCredential(sharing("shop", true, &[], &[])),
        Command::RecordReveal {
            break_glass: false,
            credential: "shop".to_owned(),
            version: None,
            fields: None,
        },
    ] {
        let rejection = world.refused(command, "not_active");
        assert_eq!(
            rejection,
            Rejection::NotActive {
                what: "credential",
                status: "revoked"
            }
        );
    }
}

#[test]
fn an_update_says_what_was_and_what_is_and_nothing_else() {
    let mut world = World::new();
    world.ok(create(credential(
        "Shop",
        Kind::Basic,
        &[("username", "u"), ("password", "p")],
    )));
    let event = world.event(
        update("shop", |input| {
            input.name = Some("Shop".to_owned());
            input.description = Some("new".to_owned());
            input.expires_at = Change::Set(NOW + DAY);
            input.client = Change::Clear;
            input.fields = vec![classed("username", "v", FieldClass::Plain)];
        }),
        "credential.updated",
    );
    let Event::CredentialUpdated(updated) = event else {
        panic!()
    };
    assert_eq!((updated.after.name, updated.after.client), (None, None));
    assert_eq!(
        (
            updated.before.description.as_deref(),
            updated.after.description.as_deref()
        ),
        (Some(""), Some("new"))
    );
    assert_eq!(
        (updated.before.expires_at, updated.after.expires_at),
        (Some(None), Some(Some(NOW + DAY)))
    );
    assert_eq!(updated.before.fields[0].value.as_deref(), Some("u"));
    assert_eq!(updated.after.fields[0].value.as_deref(), Some("v"));
    world.unchanged(update("shop", |input| input.description = Some(" new ".to_owned())));
    let cleared = world.event(
        update("shop", |input| input.expires_at = Change::Clear),
        "credential.updated",
    );
    let Event::CredentialUpdated(cleared) = cleared else {
        panic!()
    };
    assert_eq!(cleared.after.expires_at, Some(None));
    assert_eq!(world.credential("shop").expires_at, None);
    world.check();
}

#[test]
fn plain_fields_come_and_go_without_a_version() {
    let mut world = World::new();
    world.ok(create(key("Shop")));
    world.ok(update("shop", |input| {
        input.fields = vec![classed("region", "eu", FieldClass::Plain)]
    }));
    assert_eq!(world.credential("shop").version(), 1);
    let mut input = rotation("shop", vec![classed("region", "us", FieldClass::Plain)]);
    input.fields.push(classed("api_key", "second", FieldClass::Secret));
    world.ok(Command::RotateCredential(Box::new(input)));
    let credential = world.credential("shop");
    let region = credential.fields.iter().find(|field| field.name == "region").unwrap();
    assert_eq!(
        (region.class, region.value.as_deref()),
        (FieldClass::Plain, Some("us")),
        "it stays plain"
    );
    world.ok(update("shop", |input| input.remove_fields = vec!["region".to_owned()]));
    assert_eq!(world.credential("shop").fields.len(), 1);
    world.unchanged(update("shop", |input| input.remove_fields = vec!["region".to_owned()]));
    world.check();
}

#[test]
fn another_steward_is_an_event_of_its_own() {
    let mut world = World::new();
    world.ok(create(key("Shop")));
    world.ok(person("Eva"));
    world.event(
        update("shop", |input| input.steward = Some("eva".to_owned())),
        "credential.steward_changed",
    );
    assert_eq!(world.credential("shop").steward, world.principal("eva"));
    world.ok(Command::DisablePrincipal {
        principal: "eva".to_owned(),
    });
    world.ok(create(key("Other")));
    world.refused(
        update("other", |input| input.steward = Some("eva".to_owned())),
        "not_active",
    );
}

#[test]
fn a_secret_held_elsewhere_is_named_to_those_who_may_see_the_holder() {
    let mut world = World::agency();
    world.ok(key_of("A", "a"));
    let holder = world.credential("a").id;
    world.duplicates = vec![Duplicate {
        field: "api_key".to_owned(),
        credential: holder,
    }];
    let rejection = world.refused(create(key("Again")), "duplicate_secret");
    assert!(rejection.message().contains("`a`"), "{rejection}");
    let event = world.event(
        create(CreateCredential {
            accept_duplicate: true,
            ..key("Again")
        }),
        "credential.created",
    );
    let Event::CredentialCreated(created) = event else {
        panic!()
    };
    assert!(created.duplicate_accepted);
    world.ok(rotate("a", &[("api_key", "x")]));
    // Who may not see the holder is told nothing.
    world.person("eva", Role::Editor, &[]);
    let scope = world.scope(&["wa"]);
    world.ok(grant(
        "eva",
        Role::Viewer,
        scope,
        strongroom_domain::words::Effect::Deny,
    ));
    world.become_("eva");
    let event = world.event(create(key("Mine")), "credential.created");
    assert!(matches!(event, Event::CredentialCreated(created) if !created.duplicate_accepted));
}

#[test]
fn an_import_comes_once() {
    let mut world = World::new();
    let source = Source {
        system: "n8n".to_owned(),
        id: "17".to_owned(),
    };
    world.ok(create(CreateCredential {
        source: Some(source.clone()),
        ..key("Shop")
    }));
    let rejection = world.refused(
        create(CreateCredential {
            source: Some(source.clone()),
            ..key("New")
        }),
        "already_imported",
    );
    assert!(rejection.message().contains("`shop`"));
    let again = RotateCredential {
        source: Some(source.clone()),
        ..rotation("shop", vec![classed("api_key", "second", FieldClass::Secret)])
    };
    world.ok(Command::RotateCredential(Box::new(again)));
    assert_eq!(world.state.sources.get(&source), Some(&world.credential("shop").id));
    world.check();
}

#[test]
fn an_oauth2_account_names_its_app() {
    let mut world = World::new();
    let app = [("client_id", "i"), ("client_secret", "s")];
    world.ok(create(credential("App", Kind::Oauth2App, &app)));
    world.ok(create(key("Key")));
    let account = |app: &str| {
        let fields = [("account", "x@example.org"), ("access_token", "t")];
        create(CreateCredential {
            app: Some(app.to_owned()),
            ..credential("Account", Kind::Oauth2, &fields)
        })
    };
    world.refused(account("key"), "invalid");
    world.refused(account("nobody"), "not_found");
    world.ok(account("app"));
    assert_eq!(world.credential("account").app, Some(world.credential("app").id));
}

#[test]
fn if_match_names_the_version_of_the_last_change() {
    let mut world = World::new();
    world.ok(create(key("Shop")));
    world.ok(rename("shop", "Shop 2"));
    world.if_match = Some(1);
    let rejection = world.refused(rename("shop", "Shop 3"), "version_mismatch");
    assert_eq!(
        rejection,
        Rejection::VersionMismatch {
            expected: 1,
            current: 2
        }
    );
    world.if_match = Some(2);
    world.ok(rename("shop", "Shop 3"));
    world.refused(create(key("New")), "version_mismatch");
}

#[test]
fn tags_are_sorted_and_each_is_there_once() {
    let mut world = World::new();
    let pair = |name: &str| Pair {
        name: name.to_owned(),
        value: String::new(),
    };
    world.ok(create(CreateCredential {
        tags: vec![pair("b"), pair("a")],
        ..key("Shop")
    }));
    assert_eq!(world.credential("shop").tags, [pair("a"), pair("b")]);
    world.unchanged(update("shop", |input| input.tags = Some(vec![pair("b"), pair("a")])));
    world.refused(
        update("shop", |input| input.tags = Some(vec![pair("b"), pair("b")])),
        "invalid",
    );
    let many = (0..51).map(|number| pair(&number.to_string())).collect();
    world.refused(update("shop", |input| input.tags = Some(many)), "invalid");
}

#[test]
fn times_lie_ahead_and_days_have_an_end() {
    let mut world = World::new();
    for end in [0, NOW, u64::MAX] {
        world.refused(
            create(CreateCredential {
                expires_at: Some(end),
                ..key("X")
            }),
            "invalid",
        );
    }
    for (every_days, grace_days) in [(0, 0), (36_501, 0), (1, u32::MAX)] {
        let rotation = Some(RotationPolicy { every_days, grace_days });
        world.refused(create(CreateCredential { rotation, ..key("X") }), "invalid");
    }
    world.ok(create(CreateCredential {
        expires_at: Some(NOW + 1),
        ..key("X")
    }));
}

#[test]
fn another_client_is_another_reach_and_takes_share() {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    world.person("eva", Role::Editor, &[]);
    world.become_("eva");
    world.refused(move_to("shop", None), "denied");
    world.refused(move_to("shop", Some("b")), "denied");
    world.unchanged(move_to("shop", Some("a")));
    world.become_("root");
    world.ok(move_to("shop", Some("b")));
    world.check();
}

#[test]
fn sharing_says_what_is_added_and_what_is_taken_away() {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    world.refused(Command::ShareCredential(sharing("shop", false, &[], &[])), "invalid");
    world.refused(
        Command::ShareCredential(sharing("shop", false, &["nobody"], &[])),
        "not_found",
    );
    world.event(
        Command::ShareCredential(sharing("shop", false, &["b", "b"], &["w"])),
        "credential.shared",
    );
    let event = world.event(
        Command::ShareCredential(sharing("shop", true, &["b"], &[])),
        "credential.shared",
    );
    let Event::CredentialShared(shared) = event else {
        panic!()
    };
    assert!(shared.all && shared.clients.is_empty(), "only what is new");
    world.unchanged(Command::ShareCredential(sharing("shop", true, &["b"], &["w"])));
    world.event(
        Command::UnshareCredential(sharing("shop", true, &["a", "b"], &[])),
        "credential.unshared",
    );
    let reach = &world.credential("shop").reach;
    assert_eq!((reach.all, reach.clients.len(), reach.workspaces.len()), (false, 0, 1));
    world.unchanged(Command::UnshareCredential(sharing("shop", true, &[], &[])));
    world.check();
}

#[test]
fn every_version_with_values_has_a_secret_part() {
    let mut world = World::new();
    let plain = vec![classed("host", "db.example", FieldClass::Plain)];
    world.ok(create(CreateCredential {
        fields: plain,
        kind: Kind::Custom,
        ..key("X")
    }));
    let at = world.credential("x").version_fact(1).unwrap().values_at;
    assert!(matches!(&world.secrets[&at], SecretPart::Fields(fields) if fields.0.is_empty()));
}
