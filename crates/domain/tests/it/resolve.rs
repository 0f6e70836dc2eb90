//! Which credential stands behind a variable.

use crate::harness::*;
use strongroom_domain::command::{Command, CreateCredential};
use strongroom_domain::rejection::Rejection;
use strongroom_domain::resolve::{MissingWhy, Outcome, PassedOver, Resolution, WhyNot, resolve};
use strongroom_domain::rights::visible;
use strongroom_domain::words::{Kind, Role, Step};

impl World {
    fn try_resolve(&self, workspace: &str, instance: Option<&str>) -> Result<Resolution, Rejection> {
        let template = self.state.templates.values().next().unwrap();
        let visible = visible(&self.state, &self.caller, self.now);
        resolve(
            &self.state,
            self.workspace(workspace),
            template,
            instance,
            &visible,
            self.now,
        )
    }

    fn outcome(&self, workspace: &str, instance: Option<&str>) -> Outcome {
        self.try_resolve(workspace, instance)
            .unwrap()
            .variables
            .remove(0)
            .outcome
    }

    #[track_caller]
    fn chosen(&self, workspace: &str, instance: Option<&str>, handle: &str, step: Step) -> Vec<PassedOver> {
        match self.outcome(workspace, instance) {
            Outcome::Chosen {
                credential,
                version,
                step: found,
                passed_over,
            } => {
                let expected = self.credential(handle);
                assert_eq!((credential, version, found), (expected.id, expected.version(), step));
                passed_over
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn missing(&self, workspace: &str) -> (MissingWhy, Vec<WhyNot>, Vec<String>) {
        match self.outcome(workspace, None) {
            Outcome::Missing {
                why,
                passed_over,
                fitting,
            } => {
                let handles = fitting
                    .iter()
                    .map(|id| self.state.credentials[id].handle.clone())
                    .collect();
                (why, passed_over.into_iter().map(|it| it.why).collect(), handles)
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_most_specific_step_wins() {
    let mut world = World::agency();
    for name in ["ledger", "workspace", "template", "instance"] {
        world.ok(create(key(name)));
    }
    assert_eq!(world.missing("w").0, MissingWhy::NotMapped);
    world.ok(default(None, Kind::ApiKey, "ledger"));
    world.chosen("w", Some("i"), "ledger", Step::LedgerDefault);
    world.ok(default(Some("w"), Kind::ApiKey, "workspace"));
    world.chosen("w", Some("i"), "workspace", Step::WorkspaceDefault);
    world.ok(map("w", None, "template"));
    world.chosen("w", Some("i"), "template", Step::Template);
    world.ok(map("w", Some("i"), "instance"));
    world.chosen("w", Some("i"), "instance", Step::Instance);
    world.chosen("w", Some("j"), "template", Step::Template);
    world.chosen("w", None, "template", Step::Template);
    world.chosen("wa", None, "ledger", Step::LedgerDefault);
}

#[test]
fn a_rotation_is_seen_everywhere_at_once() {
    let mut world = World::agency();
    world.ok(create(key("Shop")));
    world.ok(map("wa", None, "shop"));
    world.ok(map("wb", None, "shop"));
    world.ok(rotate("shop", &[("api_key", "second")]));
    for workspace in ["wa", "wb"] {
        world.chosen(workspace, None, "shop", Step::Template);
        assert_eq!(world.try_resolve(workspace, None).unwrap().served()[0].version, 2);
    }
}

#[test]
fn what_no_longer_fits_is_passed_over_and_named() {
    let mut world = World::agency();
    world.ok(create(key("Mapped")));
    world.ok(create(key("Fallback")));
    world.ok(map("w", None, "mapped"));
    world.ok(disable("mapped"));
    assert_eq!(
        world.missing("w"),
        (
            MissingWhy::NothingFits,
            vec![WhyNot::Disabled],
            vec!["fallback".to_owned()]
        )
    );
    world.ok(default(None, Kind::ApiKey, "fallback"));
    let passed_over = world.chosen("w", None, "fallback", Step::LedgerDefault);
    let mapped = Some(world.credential("mapped").id);
    assert_eq!(
        passed_over,
        [PassedOver {
            step: Step::Template,
            credential: mapped,
            why: WhyNot::Disabled,
            clients: None,
            record: world.credential("mapped").id,
        }]
    );
    world.ok(enable("mapped"));
    world.chosen("w", None, "mapped", Step::Template);
}

#[test]
fn values_end_at_the_very_microsecond() {
    let mut world = World::agency();
    world.ok(create(CreateCredential {
        expires_at: Some(NOW + DAY),
        ..key("Shop")
    }));
    world.ok(map("w", None, "shop"));
    world.now = NOW + DAY - 1;
    world.chosen("w", None, "shop", Step::Template);
    world.now = NOW + DAY;
    assert_eq!(world.missing("w").1, [WhyNot::Expired]);
}

#[test]
fn the_client_guard_holds_whatever_a_default_says() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(default(None, Kind::ApiKey, "of-a"));
    world.chosen("wa", None, "of-a", Step::LedgerDefault);
    assert_eq!(
        world.missing("wb"),
        (MissingWhy::NothingFits, vec![WhyNot::ClientGuard], vec![])
    );
    assert_eq!(world.missing("w").1, [WhyNot::OutOfReach]);
    world.ok(Command::ShareCredential(sharing("of-a", false, &[], &["w"])));
    world.chosen("w", None, "of-a", Step::LedgerDefault);
    world.ok(Command::UnshareCredential(sharing("of-a", false, &[], &["w"])));
    assert_eq!(world.missing("w").1, [WhyNot::OutOfReach]);
}

#[test]
fn a_credential_that_moves_to_another_client_leaves_the_first_s_workspaces() {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    world.ok(map("wa", None, "shop"));
    world.ok(move_to("shop", Some("b")));
    assert_eq!(world.missing("wa").1, [WhyNot::ClientGuard]);
}

#[test]
fn when_two_defaults_fit_none_is_chosen() {
    let mut world = World::agency();
    world.ok(create(key("Key")));
    world.ok(create(credential(
        "User",
        Kind::Basic,
        &[("username", "u"), ("password", "p")],
    )));
    world.ok(default(Some("w"), Kind::ApiKey, "key"));
    world.ok(default(Some("w"), Kind::Basic, "user"));
    let (why, _, fitting) = world.missing("w");
    assert_eq!(
        (why, fitting),
        (MissingWhy::Ambiguous, vec!["key".to_owned(), "user".to_owned()])
    );
    world.ok(disable("user"));
    world.chosen("w", None, "key", Step::WorkspaceDefault);
}

#[test]
fn the_workspace_s_client_s_credentials_are_proposed_first() {
    let mut world = World::agency();
    world.ok(create(key("Anyone's")));
    world.ok(key_of("Zebra", "a"));
    world.ok(key_of("Of B", "b"));
    world.ok(create(CreateCredential {
        service: "stripe".to_owned(),
        ..key("Stripe")
    }));
    assert_eq!(world.missing("wa").2, ["zebra", "anyone-s"]);
}

#[test]
fn an_optional_variable_may_stay_unset() {
    let mut world = World::agency();
    let mut optional = variable("SHOP", "shopify");
    optional.required = false;
    world.ok(revise("sync", 1, vec![optional]));
    world.ok(admit("w", "sync", None));
    assert_eq!(world.outcome("w", None), Outcome::Unset { passed_over: vec![] });
    let resolution = world.try_resolve("w", None).unwrap();
    assert!(resolution.missing(&world.state).is_empty() && resolution.served().is_empty());
}

#[test]
fn only_an_admitted_revision_is_resolved() {
    let mut world = World::agency();
    world.ok(workspace_named("fresh", None));
    assert_eq!(
        world.try_resolve("fresh", None),
        Err(Rejection::NotAdmitted { newest: 1 })
    );
    world.ok(create(key("Shop")));
    world.ok(map("fresh", None, "shop"));
    assert_eq!(
        world.try_resolve("fresh", None),
        Err(Rejection::NotAdmitted { newest: 1 })
    );
    world.ok(admit("fresh", "sync", None));
    world.ok(revise("sync", 1, vec![variable("MAIL", "smtp")]));
    assert_eq!(
        world.try_resolve("fresh", None).unwrap().revision,
        1,
        "a later revision waits for its admission"
    );
    world.ok(Command::ArchiveWorkspace {
        workspace: "fresh".to_owned(),
    });
    assert_eq!(world.try_resolve("fresh", None).unwrap_err().kind(), "not_active");
}

#[test]
fn what_the_asker_may_not_see_is_counted_and_not_named() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(create(key("Open")));
    world.ok(map("wb", None, "open"));
    world.ok(move_to("open", Some("a")));
    world.person("eva", Role::Member, &["wb"]);
    world.become_("eva");
    let Outcome::Missing {
        passed_over, fitting, ..
    } = world.outcome("wb", None)
    else {
        panic!()
    };
    assert_eq!(
        passed_over,
        [PassedOver {
            step: Step::Template,
            credential: None,
            why: WhyNot::ClientGuard,
            clients: None,
            record: world.credential("open").id,
        }]
    );
    assert!(fitting.is_empty());
}

#[test]
fn a_rejection_lists_each_missing_variable() {
    let mut world = World::agency();
    world.ok(create(key("Shop")));
    let missing = world.try_resolve("w", None).unwrap().missing(&world.state);
    assert_eq!(
        (missing[0].variable.as_str(), missing[0].fitting[0].handle.as_str()),
        ("SHOP", "shop")
    );
    let rejection = Rejection::VariablesMissing { missing };
    assert_eq!(rejection.message(), "no credential for `SHOP`");
}

#[test]
fn scopes_may_stand_in_a_plain_field() {
    let mut world = World::agency();
    let mut narrow = variable("SHOP", "shopify");
    narrow.scopes = vec!["read".to_owned(), "write".to_owned()];
    world.ok(revise("sync", 1, vec![narrow]));
    world.ok(admit("w", "sync", None));
    let fields = [("client_id", "i"), ("client_secret", "s"), ("scopes", "read write")];
    world.ok(create(credential("Shop", Kind::ClientCredentials, &fields)));
    world.ok(map("w", None, "shop"));
    world.chosen("w", None, "shop", Step::Template);
}
