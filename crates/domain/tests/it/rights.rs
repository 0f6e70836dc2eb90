//! Who may do what: roles, scopes, denials, times.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::event::Scope;
use strongroom_domain::ids::TokenId;
use strongroom_domain::rights::{DeniedWhy, Target, TokenRefused, authorize, token_caller, visible};
use strongroom_domain::words::{Effect, Right, Role};

impl World {
    fn may(&self, right: Right, target: Target<'_>) -> Result<(), DeniedWhy> {
        authorize(&self.state, &self.caller, right, target, self.now)
            .map(|_| ())
            .map_err(|denied| denied.why)
    }

    fn rights_on(&self, target: Target<'_>) -> Vec<&'static str> {
        let all = Right::ALL.iter().filter(|right| self.may(**right, target).is_ok());
        all.map(|right| right.as_str()).collect()
    }
}

#[test]
fn each_role_has_its_rights() {
    let all: Vec<String> = Role::ALL
        .iter()
        .map(|role| {
            let rights: Vec<_> = Right::ALL
                .iter()
                .filter(|right| role.holds(**right))
                .map(|it| it.as_str())
                .collect();
            format!("{role}: {}", rights.join(" "))
        })
        .collect();
    assert_eq!(
        all,
        [
            "viewer: see",
            "member: see use map",
            "editor: see use edit connect withdraw map create organise design",
            "service: resolve",
            "auditor: see audit",
            "admin: see use edit connect withdraw share map create organise design audit administer",
            "owner: see use edit connect withdraw share read map resolve create organise design audit administer own",
        ]
    );
}

#[test]
fn a_grant_for_workspaces_reaches_these_and_what_reaches_them() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(key_of("Of B", "b"));
    world.ok(create(key("Open")));
    world.ok(template_named("other", vec![]));
    world.person("eva", Role::Editor, &["wa"]);
    world.become_("eva");
    let (a, b, open) = (
        world.credential("of-a"),
        world.credential("of-b"),
        world.credential("open"),
    );
    assert_eq!(world.rights_on(Target::Credential(a)), ["see", "use"]);
    assert_eq!(world.rights_on(Target::Credential(open)), ["see", "use"]);
    assert!(world.rights_on(Target::Credential(b)).is_empty());
    assert!(world.rights_on(Target::Ledger).is_empty());
    assert!(
        world
            .rights_on(Target::Workspace(world.workspace("wa").id))
            .contains(&"map")
    );
    assert!(world.rights_on(Target::Workspace(world.workspace("wb").id)).is_empty());
    let seen = visible(&world.state, &world.caller, world.now);
    let clients: Vec<_> = world
        .state
        .clients
        .values()
        .filter(|it| seen.client(it))
        .map(|it| it.handle.as_str())
        .collect();
    assert_eq!(clients, ["a"]);
    let templates = world.state.templates.values().filter(|it| seen.template(it));
    assert_eq!(templates.map(|it| it.handle.as_str()).collect::<Vec<_>>(), ["sync"]);
    let principals = world.state.principals.values().filter(|it| seen.principal(it));
    assert_eq!(principals.map(|it| it.handle.as_str()).collect::<Vec<_>>(), ["eva"]);
}

#[test]
fn a_denial_beats_every_allowance() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.person("eva", Role::Owner, &[]);
    let scope = world.scope(&["wa"]);
    world.ok(grant("eva", Role::Member, scope, Effect::Deny));
    world.become_("eva");
    let (wa, wb) = (world.workspace("wa").id, world.workspace("wb").id);
    assert_eq!(
        world.may(Right::Map, Target::Workspace(wa)),
        Err(DeniedWhy::DeniedByGrant)
    );
    assert_eq!(
        world.may(Right::Resolve, Target::Workspace(wa)),
        Ok(()),
        "only what the denied role holds"
    );
    assert_eq!(world.may(Right::Map, Target::Workspace(wb)), Ok(()));
    assert_eq!(
        world.may(Right::See, Target::Credential(world.credential("of-a"))),
        Err(DeniedWhy::DeniedByGrant)
    );
}

#[test]
fn a_scope_that_is_not_understood_gives_nothing_and_refuses_all() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.person("eva", Role::Member, &[]);
    let scope = Scope {
        services: vec!["shopify".to_owned()],
        ..Scope::default()
    };
    world.refused(grant("eva", Role::Owner, scope.clone(), Effect::Allow), "invalid");
    // A newer version's log may hold one.
    let put = |world: &mut World, effect, role| {
        let mut recorded = world
            .log
            .iter()
            .rev()
            .find(|it| it.event.name() == "principal.granted")
            .unwrap()
            .clone();
        let strongroom_domain::event::Event::Granted(granted) = &mut recorded.event else {
            panic!()
        };
        (granted.scope, granted.effect, granted.role) = (scope.clone(), effect, role);
        strongroom_domain::evolve::evolve(&mut world.state, &recorded);
    };
    put(&mut world, Effect::Allow, Role::Owner);
    world.become_("eva");
    assert_eq!(
        world.rights_on(Target::Credential(world.credential("of-a"))),
        ["see", "use", "map"]
    );
    put(&mut world, Effect::Deny, Role::Viewer);
    assert_eq!(
        world.rights_on(Target::Credential(world.credential("of-a"))),
        ["use", "map"]
    );
}

#[test]
fn a_grant_begins_with_its_first_microsecond_and_ends_before_its_last() {
    let mut world = World::new();
    world.ok(person("eva"));
    let all = Scope {
        all: true,
        ..Scope::default()
    };
    world.ok(Command::Grant {
        principal: "eva".to_owned(),
        role: Role::Viewer,
        scope: all,
        effect: Effect::Allow,
        from: Some(NOW + 10),
        until: Some(NOW + 20),
    });
    world.become_("eva");
    for (now, may) in [(NOW + 9, false), (NOW + 10, true), (NOW + 19, true), (NOW + 20, false)] {
        world.now = now;
        assert_eq!(world.may(Right::See, Target::Ledger).is_ok(), may, "{}", now - NOW);
    }
}

#[test]
fn a_disabled_principal_and_an_ended_token_may_nothing() {
    let mut world = World::new();
    world.person("eva", Role::Viewer, &[]);
    world.ok(Command::IssueToken {
        principal: "eva".to_owned(),
        hash: [2; 32],
        label: String::new(),
        expires_at: Some(NOW + 10),
    });
    world.ok(token("eva", 3));
    let caller = |world: &World, hash: u8| token_caller(&world.state, &[hash; 32], world.now);
    assert_eq!(caller(&world, 9), Err(TokenRefused::Unknown));
    let eva = caller(&world, 2).unwrap();
    assert_eq!(eva.principal, world.principal("eva"));
    world.now += 10;
    assert_eq!(caller(&world, 2), Err(TokenRefused::Expired));
    let check = |world: &World, caller: &Caller| authorize(&world.state, caller, Right::See, Target::Ledger, world.now);
    assert_eq!(
        check(&world, &eva).unwrap_err().why,
        DeniedWhy::TokenEnded,
        "also when it ended on the way"
    );
    let other = caller(&world, 3).unwrap();
    assert!(check(&world, &other).is_ok());
    assert!(
        check(
            &world,
            &Caller {
                token: Some(TokenId([9; 16])),
                ..other
            }
        )
        .is_err()
    );
    world.ok(Command::RevokeToken {
        token: other.token.unwrap(),
    });
    assert_eq!(caller(&world, 3), Err(TokenRefused::Revoked));
    assert_eq!(check(&world, &other).unwrap_err().why, DeniedWhy::TokenEnded);
    world.ok(token("eva", 4));
    let last = caller(&world, 4).unwrap();
    world.ok(Command::DisablePrincipal {
        principal: "eva".to_owned(),
    });
    assert_eq!(caller(&world, 4), Err(TokenRefused::Disabled));
    assert_eq!(check(&world, &last).unwrap_err().why, DeniedWhy::PrincipalDisabled);
}

#[test]
fn what_is_hidden_is_not_there() {
    let mut world = World::agency();
    world.ok(key_of("Secret Customer", "b"));
    world.person("eva", Role::Editor, &["wa"]);
    world.become_("eva");
    let rejection = world.refused(revoke("secret-custome"), "not_found");
    assert_eq!(
        rejection.hint().unwrap(),
        "list what there is; what your grants do not reach is not shown"
    );
    let rejection = world.refused(revoke("secret-customer"), "not_found");
    assert!(!format!("{} {:?}", rejection.message(), rejection.hint()).contains("ustomer"));
}
