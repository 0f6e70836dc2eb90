//! Principals, grants, tokens: nobody raises himself.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Scope};
use strongroom_domain::ids::GrantId;
use strongroom_domain::rejection::Rejection;
use strongroom_domain::rights::token_caller;
use strongroom_domain::words::{Category, Effect, PrincipalKind, Role};

fn all() -> Scope {
    Scope {
        all: true,
        ..Scope::default()
    }
}

fn give(principal: &str, role: Role) -> Command {
    grant(principal, role, all(), Effect::Allow)
}

fn withdraw(principal: &str, grant: GrantId) -> Command {
    Command::WithdrawGrant {
        principal: principal.to_owned(),
        grant,
    }
}

fn disable(principal: &str) -> Command {
    Command::DisablePrincipal {
        principal: principal.to_owned(),
    }
}

impl World {
    fn grant_of(&self, principal: &str, at: usize) -> GrantId {
        self.state.principals[&self.principal(principal)].grants[at]
            .granted
            .grant
    }
}

#[test]
fn a_ledger_begins_with_its_owner() {
    let mut world = World::empty();
    let events = world.ok(initialize(false));
    let names: Vec<_> = events.iter().map(Event::name).collect();
    assert_eq!(
        names,
        [
            "ledger.initialized",
            "principal.created",
            "principal.granted",
            "principal.token_issued"
        ]
    );
    assert_eq!(world.log[0].stream.category, Category::Ledger);
    assert_eq!(world.state.ledger.id, [0xaa; 16]);
    world.refused(initialize(false), "already_initialized");
    world.check();
    let mut world = World::empty();
    world.caller.principal = strongroom_domain::ids::PrincipalId([3; 16]);
    world.refused(initialize(false), "denied");
}

#[test]
fn the_first_token_only_makes_named_owners() {
    let mut world = World::empty();
    world.ok(initialize(true));
    world.caller = token_caller(&world.state, &[1; 32], world.now).unwrap();
    world.refused(create(key("X")), "denied");
    world.refused(client_named("a"), "denied");
    let service = Command::CreatePrincipal {
        name: "s".to_owned(),
        handle: None,
        kind: PrincipalKind::Service,
    };
    world.refused(service, "denied");
    world.refused(token("root", 9), "denied");
    world.refused(disable("root"), "denied");
    world.ok(person("eva"));
    world.refused(token("eva", 9), "denied");
    world.refused(give("eva", Role::Admin), "denied");
    world.refused(grant("eva", Role::Owner, all(), Effect::Deny), "denied");
    world.refused(give("root", Role::Owner), "self_escalation");
    world.ok(give("eva", Role::Owner));
    world.ok(token("eva", 2));
    world.caller = token_caller(&world.state, &[2; 32], world.now).unwrap();
    world.ok(create(key("X")));
}

#[test]
fn an_administrator_makes_neither_owners_nor_administrators() {
    let mut world = World::new();
    world.person("ada", Role::Admin, &[]);
    world.person("eva", Role::Viewer, &[]);
    world.person("other", Role::Admin, &[]);
    world.become_("ada");
    for role in [Role::Viewer, Role::Member, Role::Editor, Role::Service, Role::Auditor] {
        world.ok(give("eva", role));
    }
    for role in [Role::Admin, Role::Owner] {
        world.refused(give("eva", role), "denied");
    }
    for command in [
        disable("other"),
        disable("root"),
        withdraw("other", world.grant_of("other", 0)),
        withdraw("root", world.grant_of("root", 0)),
        grant("other", Role::Viewer, all(), Effect::Deny),
        token("other", 5),
        token("root", 5),
    ] {
        world.refused(command, "denied");
    }
    world.ok(withdraw("eva", world.grant_of("eva", 0)));
    world.ok(disable("eva"));
    world.check();
}

#[test]
fn nobody_changes_his_own_grants() {
    let mut world = World::new();
    world.person("ada", Role::Admin, &[]);
    world.refused(give("root", Role::Viewer), "self_escalation");
    world.refused(withdraw("root", world.grant_of("root", 0)), "self_escalation");
    let scope = all();
    world.ok(grant("ada", Role::Service, scope, Effect::Deny));
    world.become_("ada");
    world.refused(give("ada", Role::Service), "self_escalation");
    world.refused(withdraw("ada", world.grant_of("ada", 1)), "self_escalation");
}

#[test]
fn an_administrator_gives_nothing_to_a_principal_whose_token_he_holds() {
    let mut world = World::new();
    world.person("ada", Role::Admin, &[]);
    world.become_("ada");
    world.ok(person("puppet"));
    world.ok(token("puppet", 5));
    world.refused(give("puppet", Role::Service), "self_escalation");
    let issued = token_caller(&world.state, &[5; 32], NOW).unwrap().token.unwrap();
    world.ok(Command::RevokeToken { token: issued });
    world.ok(give("puppet", Role::Service));
    // And the other way round: granted first, the token is stronger than he is.
    assert_eq!(
        world.refused(token("puppet", 6), "token_too_strong"),
        Rejection::TokenTooStrong
    );
    world.become_("root");
    world.ok(token("puppet", 6));
}

#[test]
fn a_token_is_never_stronger_than_who_issues_it() {
    let mut world = World::agency();
    world.person("ada", Role::Admin, &[]);
    world.person("viewer", Role::Viewer, &[]);
    world.person("runner", Role::Service, &["wa"]);
    world.ok(person("later"));
    world.ok(Command::Grant {
        principal: "later".to_owned(),
        role: Role::Service,
        scope: all(),
        effect: Effect::Allow,
        from: Some(NOW + DAY),
        until: None,
    });
    world.become_("ada");
    world.ok(token("viewer", 5));
    world.refused(token("runner", 6), "token_too_strong");
    world.refused(token("later", 7), "token_too_strong");
    world.ok(token("ada", 8));
    world.become_("viewer");
    world.refused(token("viewer", 9), "denied");
    world.become_("root");
    world.refused(token("runner", 5), "invalid");
    world.ok(token("runner", 6));
}

#[test]
fn what_is_denied_to_an_administrator_he_gets_by_no_token() {
    let mut world = World::agency();
    let until = |principal: &str, scope: Scope, until| Command::Grant {
        principal: principal.to_owned(),
        role: Role::Member,
        scope,
        effect: Effect::Deny,
        from: None,
        until,
    };
    let (wa, both) = (world.scope(&["wa"]), world.scope(&["wa", "wb"]));
    world.person("ada", Role::Admin, &[]);
    world.ok(until("ada", wa.clone(), Some(NOW + 2 * DAY)));
    for (name, workspaces) in [("all", &[][..]), ("at-a", &["wa"]), ("at-b", &["wb"])] {
        world.person(name, Role::Viewer, workspaces);
    }
    for name in ["as-long", "wider", "shorter"] {
        world.person(name, Role::Viewer, &[]);
    }
    world.ok(until("as-long", wa.clone(), Some(NOW + 2 * DAY)));
    world.ok(until("wider", both, None));
    world.ok(until("shorter", wa, Some(NOW + DAY)));
    world.become_("ada");
    world.refused(token("all", 5), "token_too_strong");
    world.refused(token("at-a", 5), "token_too_strong");
    world.refused(token("shorter", 5), "token_too_strong");
    // A credential may come to reach both workspaces: what is denied at one he would see at the other.
    world.refused(token("at-b", 6), "token_too_strong");
    world.ok(token("as-long", 7));
    world.ok(token("wider", 8));
    world.ok(token("ada", 9));
    // Nor by a grant to whom he holds a token of, before or after.
    world.ok(person("puppet"));
    world.refused(give("puppet", Role::Viewer), "denied");
    let at_b = world.scope(&["wb"]);
    world.ok(grant("puppet", Role::Viewer, at_b, Effect::Allow));
    world.refused(token("puppet", 10), "token_too_strong");
    world.refused(withdraw("shorter", world.grant_of("shorter", 1)), "denied");
    world.refused(withdraw("as-long", world.grant_of("as-long", 1)), "self_escalation");
    world.become_("root");
    world.ok(token("all", 5));
}

#[test]
fn the_last_owner_stays() {
    let mut world = World::new();
    world.person("eva", Role::Owner, &[]);
    world.ok(token("eva", 5));
    world.become_("eva");
    world.ok(withdraw("root", world.grant_of("root", 0)));
    world.refused(disable("eva"), "last_owner");
    world.become_("root");
    world.refused(disable("eva"), "not_found");
    world.caller = Caller::SYSTEM;
    world.refused(withdraw("eva", world.grant_of("eva", 0)), "last_owner");
    world.refused(grant("eva", Role::Owner, all(), Effect::Deny), "last_owner");
    world.refused(disable("eva"), "last_owner");
    // The root key in hand makes another one.
    world.ok(give("root", Role::Owner));
    world.ok(token("root", 7));
    world.ok(disable("eva"));
    world.refused(disable("root"), "last_owner");
    world.check();
}

#[test]
fn an_owner_for_a_time_is_no_last_owner_s_successor_for_ever() {
    let mut world = World::new();
    world.ok(person("eva"));
    world.ok(Command::Grant {
        principal: "eva".to_owned(),
        role: Role::Owner,
        scope: all(),
        effect: Effect::Allow,
        from: None,
        until: Some(NOW + DAY),
    });
    world.ok(token("eva", 5));
    world.become_("eva");
    world.refused(withdraw("root", world.grant_of("root", 0)), "last_owner");
}

#[test]
fn a_denial_to_come_ends_an_owner_too() {
    let mut world = World::new();
    world.person("eva", Role::Owner, &[]);
    world.ok(token("eva", 5));
    world.ok(Command::Grant {
        principal: "eva".to_owned(),
        role: Role::Owner,
        scope: all(),
        effect: Effect::Deny,
        from: Some(NOW + DAY),
        until: None,
    });
    world.become_("eva");
    world.refused(withdraw("root", world.grant_of("root", 0)), "last_owner");
}

#[test]
fn a_grant_is_given_and_withdrawn_once() {
    let mut world = World::agency();
    world.person("eva", Role::Viewer, &["wa"]);
    let scope = world.scope(&["wa"]);
    world.unchanged(grant("eva", Role::Viewer, scope.clone(), Effect::Allow));
    world.event(grant("eva", Role::Member, scope, Effect::Allow), "principal.granted");
    let first = world.grant_of("eva", 0);
    world.event(withdraw("eva", first), "principal.grant_withdrawn");
    world.unchanged(withdraw("eva", first));
    world.refused(withdraw("eva", GrantId([9; 16])), "not_found");
    world.refused(grant("eva", Role::Viewer, Scope::default(), Effect::Allow), "invalid");
    let both = Scope {
        all: true,
        ..world.scope(&["wa"])
    };
    world.refused(grant("eva", Role::Viewer, both, Effect::Allow), "invalid");
    for (from, until) in [
        (Some(NOW + 5), Some(NOW + 5)),
        (None, Some(NOW)),
        (Some(u64::MAX), None),
    ] {
        let command = Command::Grant {
            principal: "eva".to_owned(),
            role: Role::Auditor,
            scope: all(),
            effect: Effect::Allow,
            from,
            until,
        };
        world.refused(command, "invalid");
    }
    world.event(disable("eva"), "principal.disabled");
    world.unchanged(disable("eva"));
    world.refused(give("eva", Role::Viewer), "not_active");
    world.refused(token("eva", 5), "not_active");
    world.check();
}

#[test]
fn everybody_ends_his_own_tokens() {
    let mut world = World::new();
    world.person("eva", Role::Viewer, &[]);
    world.person("max", Role::Viewer, &[]);
    world.ok(token("eva", 5));
    let issued = token_caller(&world.state, &[5; 32], NOW).unwrap().token.unwrap();
    let end = || Command::RevokeToken { token: issued };
    world.become_("max");
    world.refused(end(), "not_found");
    world.become_("eva");
    world.event(end(), "principal.token_revoked");
    world.unchanged(end());
    world.check();
}

impl World {
    fn revoke(&self, hash: u8) -> Command {
        let (_, token) = self.state.tokens[&[hash; 32]];
        Command::RevokeToken { token }
    }
}

fn token_until(principal: &str, hash: u8, end: u64) -> Command {
    Command::IssueToken {
        principal: principal.to_owned(),
        hash: [hash; 32],
        label: "test".to_owned(),
        expires_at: Some(end),
    }
}

#[test]
fn the_last_token_of_the_last_owner_stays() {
    let mut world = World::new();
    world.person("ada", Role::Admin, &[]);
    world.ok(token("ada", 2));
    world.refused(world.revoke(1), "last_owner_token");
    world.caller = Caller::SYSTEM;
    world.refused(world.revoke(1), "last_owner_token");
    world.become_("root");
    world.ok(token("root", 3));
    world.ok(world.revoke(1));
    world.unchanged(world.revoke(1));
    world.refused(world.revoke(3), "last_owner_token");
    world.ok(world.revoke(2));
    world.check();
}

#[test]
fn a_token_that_has_ended_keeps_nobody_in() {
    let mut world = World::new();
    world.ok(token_until("root", 2, NOW + DAY));
    world.now = NOW + DAY;
    world.refused(world.revoke(1), "last_owner_token");
    world.ok(world.revoke(2));
    world.check();
}

#[test]
fn another_owner_counts_once_he_has_a_token() {
    let mut world = World::new();
    world.person("eva", Role::Owner, &[]);
    world.refused(world.revoke(1), "last_owner_token");
    world.caller = Caller::SYSTEM;
    world.refused(disable("root"), "last_owner");
    world.refused(withdraw("root", world.grant_of("root", 0)), "last_owner");
    world.become_("root");
    world.ok(token_until("eva", 2, NOW + DAY));
    world.ok(world.revoke(1));
    world.become_("eva");
    world.refused(world.revoke(2), "last_owner_token");
    world.check();
}

#[test]
fn a_disabled_owner_s_token_keeps_nobody_in() {
    let mut world = World::new();
    world.person("eva", Role::Owner, &[]);
    world.ok(token("eva", 2));
    world.ok(disable("eva"));
    world.refused(world.revoke(1), "last_owner_token");
    world.ok(world.revoke(2));
}

#[test]
fn the_system_is_made_by_nobody() {
    let mut world = World::new();
    let system = Command::CreatePrincipal {
        name: "s".to_owned(),
        handle: None,
        kind: PrincipalKind::System,
    };
    world.refused(system, "invalid");
    world.refused(person("ROOT"), "name_taken");
}
