//! What is recorded before a secret leaves, and what of refusals.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Served, WindowCount};
use strongroom_domain::rejection::Rejection;
use strongroom_domain::words::{Category, Right, Role};

fn access(workspace: &str, expected: Vec<Served>) -> Command {
    Command::RecordAccess {
        workspace: workspace.to_owned(),
        template: "sync".to_owned(),
        instance: None,
        expected,
        window_until: Some(NOW + 1),
    }
}

fn reveal(credential: &str, version: Option<u32>, fields: Option<&[&str]>) -> Command {
    let fields = fields.map(|fields| fields.iter().map(|it| (*it).to_owned()).collect());
    Command::RecordReveal {
        break_glass: false,
        credential: credential.to_owned(),
        version,
        fields,
    }
}

/// `sync` runs in `wa` with a credential of client a; the service `runner` resolves there.
fn running() -> (World, Vec<Served>) {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    world.ok(map("wa", None, "shop"));
    world.person("runner", Role::Service, &["wa"]);
    let served = Served {
        variable: "SHOP".to_owned(),
        credential: world.credential("shop").id,
        version: 1,
    };
    (world.act_as("runner"), vec![served])
}

#[test]
fn a_serving_is_recorded_in_the_stream_of_who_asked() {
    let (mut world, served) = running();
    let head = world.credential("shop").head;
    let event = world.event(access("wa", served.clone()), "access.accessed");
    assert!(matches!(event, Event::Accessed(accessed) if accessed.served == served && accessed.revision == 1));
    let recorded = world.log.last().unwrap();
    assert_eq!(
        (recorded.stream.category, recorded.stream.id),
        (Category::Access, world.principal("runner").0)
    );
    assert!(recorded.envelope.grant.is_some(), "the record names the grant");
    assert_eq!(
        world.credential("shop").head,
        head,
        "reads never bump a credential's version"
    );
    world.check();
}

#[test]
fn a_serving_of_yesterday_s_answer_is_stale() {
    let (mut world, served) = running();
    world.become_("root");
    world.ok(rotate("shop", &[("api_key", "second")]));
    world.become_("runner");
    assert_eq!(world.refused(access("wa", served), "stale"), Rejection::Stale);
    world.become_("root");
    world.ok(disable("shop"));
    world.become_("runner");
    let rejection = world.refused(access("wa", vec![]), "variables_missing");
    let Rejection::VariablesMissing { missing } = rejection else {
        panic!()
    };
    assert_eq!(
        missing[0].passed_over[0].credential, None,
        "a runner sees no credentials"
    );
}

#[test]
fn a_service_resolves_in_its_workspaces_only() {
    let (mut world, served) = running();
    let rejection = world.refused(access("wb", served.clone()), "not_found");
    assert!(
        rejection.denial().is_some(),
        "the refusal is recorded though the answer does not tell"
    );
    assert!(world.refused(access("nowhere", served), "not_found").denial().is_none());
    world.refused(reveal("shop", None, None), "not_found");
    world.refused(rotate("shop", &[("api_key", "x")]), "not_found");
}

#[test]
fn only_a_grant_of_resolve_serves() {
    let (mut world, served) = running();
    world.become_("root");
    for (name, role) in [
        ("v", Role::Viewer),
        ("m", Role::Member),
        ("e", Role::Editor),
        ("au", Role::Auditor),
        ("ad", Role::Admin),
    ] {
        world.become_("root");
        world.person(name, role, &[]);
        world.become_(name);
        world.reason = Some("because".to_owned());
        for command in [access("wa", served.clone()), reveal("shop", None, None)] {
            let rejection = world.refused(command, "denied");
            assert!(
                matches!(rejection, Rejection::Denied(denied) if [Right::Resolve, Right::Read].contains(&denied.right))
            );
        }
    }
    world.become_("root");
    world.ok(access("wa", served));
}

#[test]
fn a_reveal_says_why() {
    let mut world = World::new();
    world.ok(create(oauth("Shop")));
    world.ok(rotate("shop", &[("client_secret", "second")]));
    world.refused(reveal("shop", None, None), "reason_required");
    world.reason = Some("incident 7".to_owned());
    let event = world.event(reveal("shop", None, None), "access.revealed");
    let Event::Revealed(revealed) = event else { panic!() };
    assert_eq!((revealed.version, revealed.fields.len()), (2, 3));
    let event = world.event(reveal("shop", Some(1), Some(&["client_secret"])), "access.revealed");
    assert!(matches!(event, Event::Revealed(it) if it.version == 1 && it.fields == ["client_secret"]));
    world.refused(reveal("shop", Some(3), None), "not_found");
    world.refused(reveal("shop", None, Some(&["nothing"])), "not_found");
    world.ok(disable("shop"));
    world.ok(reveal("shop", None, None));
    world.check();
}

#[test]
fn counts_and_refusals_are_the_ledger_s_own_words() {
    let (mut world, _) = running();
    let runner = world.principal("runner");
    let counts = |windows| Command::RecordCounts {
        principal: runner,
        windows,
    };
    let denied = || Command::RecordDenied {
        principal: runner,
        right: Right::Read,
        target: "credential:cr_00000000000000000000000000000000".to_owned(),
        why: "no_grant".to_owned(),
        count: 1,
    };
    for principal in ["runner", "root"] {
        world.become_(principal);
        world.refused(counts(vec![WindowCount { accessed: 1, count: 2 }]), "denied");
        world.refused(denied(), "denied");
    }
    world.caller = Caller::SYSTEM;
    world.unchanged(counts(vec![]));
    world.event(counts(vec![WindowCount { accessed: 1, count: 2 }]), "access.counted");
    world.event(denied(), "access.denied");
    assert_eq!(world.log.last().unwrap().stream.id, runner.0);
    assert_eq!(
        world.state.access[&runner].head.changed, 0,
        "an observation is no change by a person"
    );
    world.check();
}

#[test]
fn the_ledger_itself_reads_and_changes_nothing_of_others() {
    let (mut world, served) = running();
    world.caller = Caller::SYSTEM;
    world.reason = Some("x".to_owned());
    for command in [access("wa", served), reveal("shop", None, None), revoke("shop")] {
        world.refused(command, "not_found");
    }
    world.refused(create(key("X")), "denied");
}
