//! Who may do what: roles, scopes, denials, times.

use crate::harness::*;
use strongroom_domain::command::{Command, CreateCredential};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Pair, Scope, Served};
use strongroom_domain::ids::{ClientId, CredentialId, TokenId, WorkspaceId};
use strongroom_domain::limits::SCOPE_ITEMS_MAX;
use strongroom_domain::rights::{DeniedWhy, Target, TokenRefused, authorize, token_caller, visible};
use strongroom_domain::words::{Effect, Kind, Right, Role};

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
            "reader: see read",
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
    let rename = Command::UpdateWorkspace {
        workspace: "wa".to_owned(),
        name: Some("other".to_owned()),
        description: None,
        environment: None,
    };
    world.refused(rename, "denied");
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

/// A credential of a client, for a service, with tags.
fn tagged(name: &str, client: Option<&str>, service: &str, tags: &[(&str, &str)]) -> Command {
    create(CreateCredential {
        client: client.map(str::to_owned),
        service: service.to_owned(),
        tags: tags.iter().map(|(name, value)| tag(name, value)).collect(),
        ..key(name)
    })
}

fn tag(name: &str, value: &str) -> Pair {
    Pair {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// The agency, with credentials of `a` (one for Shopify in production, one for Stripe), of `b`, of nobody, and one of `b`
/// that is shared with `a`.
fn stocked() -> World {
    let mut world = World::agency();
    world.ok(tagged("a-shop", Some("a"), "shopify", &[("env", "prod")]));
    world.ok(tagged("a-pay", Some("a"), "stripe", &[("env", "dev")]));
    world.ok(tagged("b-shop", Some("b"), "shopify", &[("env", "prod")]));
    world.ok(tagged("open", None, "shopify", &[]));
    world.ok(tagged("b-lent", Some("b"), "shopify", &[]));
    world.ok(Command::ShareCredential(sharing("b-lent", false, &["a"], &[])));
    world
}

const STOCK: [&str; 5] = ["a-pay", "a-shop", "b-lent", "b-shop", "open"];

impl World {
    fn scope_of(&self, clients: &[&str], services: &[&str], tags: &[(&str, &str)], credentials: &[&str]) -> Scope {
        Scope {
            clients: clients.iter().map(|it| self.state.names.client_handles[*it]).collect(),
            services: services.iter().map(|it| (*it).to_owned()).collect(),
            tags: tags.iter().map(|(name, value)| tag(name, value)).collect(),
            credentials: credentials.iter().map(|it| self.credential(it).id).collect(),
            ..Scope::default()
        }
    }

    /// On which of the stock eva has a right.
    fn stock(&self, right: Right) -> Vec<&'static str> {
        let has = |it: &&str| self.may(right, Target::Credential(self.credential(it))).is_ok();
        STOCK.into_iter().filter(has).collect()
    }

    fn eva(&mut self, role: Role, scope: Scope) {
        self.ok(person("eva"));
        self.ok(grant("eva", role, scope, Effect::Allow));
        self.become_("eva");
    }
}

#[test]
fn each_sort_of_scope_reaches_its_own_and_sorts_narrow_each_other() {
    type Sorts = (
        &'static [&'static str],
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
        &'static [&'static str],
    );
    #[track_caller]
    fn check((clients, services, tags, credentials): Sorts, seen: &[&str], edited: &[&str]) {
        let mut world = stocked();
        let scope = world.scope_of(clients, services, tags, credentials);
        world.eva(Role::Editor, scope);
        assert_eq!(world.stock(Right::See), seen);
        assert_eq!(world.stock(Right::Edit), edited);
        let visible = visible(&world.state, &world.caller, world.now);
        let listed = world.state.credentials.values().filter(|it| visible.credential(it));
        assert_eq!(listed.count(), seen.len(), "the filter is the same rule");
    }
    check(
        (&["a"], &[], &[], &[]),
        &["a-pay", "a-shop", "b-lent", "open"],
        &["a-pay", "a-shop"],
    );
    check(
        (&["a", "b"], &[], &[], &[]),
        &STOCK,
        &["a-pay", "a-shop", "b-lent", "b-shop"],
    );
    check((&[], &["stripe"], &[], &[]), &["a-pay"], &["a-pay"]);
    check(
        (&[], &[], &[("env", "prod"), ("env", "dev")], &[]),
        &["a-pay", "a-shop", "b-shop"],
        &["a-pay", "a-shop", "b-shop"],
    );
    check((&[], &[], &[], &["open"]), &["open"], &["open"]);
    check(
        (&["a"], &["shopify"], &[], &[]),
        &["a-shop", "b-lent", "open"],
        &["a-shop"],
    );
    check((&["a"], &["shopify"], &[("env", "dev")], &[]), &[], &[]);
    check((&["b"], &[], &[], &["a-shop"]), &[], &[]);
}

#[test]
fn who_only_looks_at_a_client_sees_its_own_and_can_take_it_back() {
    let mut world = stocked();
    let scope = world.scope_of(&["a"], &[], &[], &[]);
    world.eva(Role::Viewer, scope);
    assert_eq!(world.stock(Right::See), ["a-pay", "a-shop"]);
    assert_eq!(
        world.rights_on(Target::Credential(world.credential("a-shop"))),
        ["see", "connect", "withdraw"]
    );
    assert!(
        world
            .rights_on(Target::Credential(world.credential("b-lent")))
            .is_empty()
    );
    let seen = visible(&world.state, &world.caller, world.now);
    let workspaces = world.state.workspaces.values().filter(|it| seen.workspace(it));
    assert_eq!(workspaces.map(|it| it.handle.as_str()).collect::<Vec<_>>(), ["wa"]);
    let clients = world.state.clients.values().filter(|it| seen.client(it));
    assert_eq!(clients.map(|it| it.handle.as_str()).collect::<Vec<_>>(), ["a"]);
    world.ok(disable("a-shop"));
    world.ok(revoke("a-pay"));
    world.refused(revoke("b-lent"), "not_found");
    world.refused(rotate("a-shop", &[("api_key", "second")]), "denied");
    world.refused(key_of("Mine", "a"), "denied");
}

#[test]
fn an_editor_of_a_client_keeps_its_house_and_no_other() {
    let mut world = stocked();
    let scope = world.scope_of(&["a"], &[], &[], &[]);
    world.eva(Role::Editor, scope);
    world.ok(key_of("A new", "a"));
    world.ok(workspace_named("a-dev", Some("a")));
    world.ok(map("wa", None, "a-shop"));
    world.ok(map("wa", None, "open"));
    world.ok(Command::UpdateClient {
        client: "a".to_owned(),
        name: Some("Anna".to_owned()),
        description: None,
    });
    world.refused(create(key("Nobody's")), "denied");
    world.refused(key_of("B new", "b"), "not_found");
    world.refused(workspace_named("free", None), "denied");
    world.refused(client_named("c"), "denied");
    world.refused(map("wb", None, "b-shop"), "not_found");
    world.refused(default(None, Kind::ApiKey, "open"), "denied");
    world.refused(template_named("mine", vec![]), "denied");
    world.refused(Command::ShareCredential(sharing("a-shop", true, &[], &[])), "denied");
    world.refused(rotate("open", &[("api_key", "second")]), "denied");
    world.check();
}

#[test]
fn a_new_credential_is_judged_as_it_will_be() {
    let mut world = stocked();
    let scope = world.scope_of(&["a"], &["shopify"], &[("env", "dev")], &[]);
    world.eva(Role::Editor, scope);
    world.refused(tagged("one", Some("a"), "shopify", &[]), "denied");
    world.refused(tagged("two", Some("a"), "stripe", &[("env", "dev")]), "denied");
    world.refused(tagged("three", None, "shopify", &[("env", "dev")]), "denied");
    world.ok(tagged("four", Some("a"), "shopify", &[("env", "dev")]));
}

#[test]
fn a_denial_matches_what_has_every_sort_it_names() {
    #[track_caller]
    fn check(clients: &[&str], services: &[&str], seen: &[&str]) {
        let mut world = stocked();
        world.person("eva", Role::Viewer, &[]);
        let scope = world.scope_of(clients, services, &[], &[]);
        world.ok(grant("eva", Role::Viewer, scope, Effect::Deny));
        world.become_("eva");
        assert_eq!(world.stock(Right::See), seen);
    }
    check(&["b"], &[], &["a-pay", "a-shop", "open"]);
    check(&[], &["shopify"], &["a-pay"]);
    check(&["b"], &["stripe"], &STOCK);
    let mut world = stocked();
    world.person("eva", Role::Viewer, &[]);
    let scope = world.scope_of(&["b"], &[], &[], &[]);
    world.ok(grant("eva", Role::Viewer, scope, Effect::Deny));
    world.become_("eva");
    let hidden = [
        Target::Workspace(world.workspace("wb").id),
        Target::Client(world.workspace("wb").client.unwrap()),
    ];
    for target in hidden {
        assert_eq!(world.may(Right::See, target), Err(DeniedWhy::DeniedByGrant));
    }
    assert_eq!(world.may(Right::See, Target::Ledger), Ok(()));
}

#[test]
fn who_is_narrowed_to_some_credentials_maps_and_is_served_these_only() {
    let mut world = stocked();
    let mut scope = world.scope_of(&["a"], &["shopify"], &[], &[]);
    world.person("eva", Role::Owner, &[]);
    world.become_("eva");
    world.ok(template_named("pay", vec![variable("PAY", "stripe")]));
    world.ok(admit("wa", "pay", None));
    let map_pay = |credential: &str| Command::MapVariable {
        workspace: "wa".to_owned(),
        template: "pay".to_owned(),
        variable: "PAY".to_owned(),
        instance: None,
        credential: credential.to_owned(),
    };
    world.ok(map_pay("a-pay"));
    for (name, role) in [("mapper", Role::Member), ("runner", Role::Service)] {
        world.ok(person(name));
        world.ok(grant(name, role, scope.clone(), Effect::Allow));
    }
    world.become_("mapper");
    world.ok(map("wa", None, "a-shop"));
    world.refused(map_pay("a-pay"), "not_found");
    let unmap_pay = Command::UnmapVariable {
        workspace: "wa".to_owned(),
        template: "pay".to_owned(),
        variable: "PAY".to_owned(),
        instance: None,
    };
    world.refused(unmap_pay, "denied");
    world.refused(admit("wa", "sync", None), "denied");
    world.become_("runner");
    let access = |world: &World, template: &str, variable: &str, credential: &str| Command::RecordAccess {
        workspace: "wa".to_owned(),
        template: template.to_owned(),
        instance: None,
        expected: vec![Served {
            variable: variable.to_owned(),
            credential: world.credential(credential).id,
            version: 1,
        }],
        window_until: None,
    };
    world.ok(access(&world, "sync", "SHOP", "a-shop"));
    world.refused(access(&world, "pay", "PAY", "a-pay"), "denied");
    // And a denial of one credential is a hole in what is served.
    world.become_("root");
    scope = world.scope_of(&[], &[], &[], &["a-shop"]);
    world.ok(grant("runner", Role::Service, scope, Effect::Deny));
    world.become_("runner");
    world.refused(access(&world, "sync", "SHOP", "a-shop"), "denied");
}

#[test]
fn a_scope_names_what_is_there_and_gives_something() {
    let mut world = stocked();
    world.ok(person("eva"));
    let named = |name: fn(&mut Scope)| {
        let mut scope = Scope::default();
        name(&mut scope);
        scope
    };
    let missing: [fn(&mut Scope); 3] = [
        |it| it.clients = vec![ClientId([9; 16])],
        |it| it.workspaces = vec![WorkspaceId([9; 16])],
        |it| it.credentials = vec![CredentialId([9; 16])],
    ];
    for name in missing {
        world.refused(grant("eva", Role::Viewer, named(name), Effect::Allow), "not_found");
    }
    let bad: [fn(&mut Scope); 4] = [
        |_| (),
        |it| (it.all, it.services) = (true, vec!["shopify".to_owned()]),
        |it| it.services = vec!["No Service".to_owned()],
        |it| it.tags = vec![tag("", "x")],
    ];
    for name in bad {
        world.refused(grant("eva", Role::Viewer, named(name), Effect::Allow), "invalid");
    }
    let services = |count: usize| Scope {
        services: (0..count).map(|it| format!("s{it}")).collect(),
        ..Scope::default()
    };
    world.ok(grant("eva", Role::Viewer, services(SCOPE_ITEMS_MAX), Effect::Allow));
    world.refused(
        grant("eva", Role::Viewer, services(SCOPE_ITEMS_MAX + 1), Effect::Allow),
        "invalid",
    );
    world.refused(grant("eva", Role::Service, services(1), Effect::Allow), "invalid");
    world.ok(grant("eva", Role::Service, services(1), Effect::Deny));
}

#[test]
fn an_administrator_sees_a_value_by_breaking_the_glass_only() {
    let mut world = stocked();
    world.reason = Some("the client called".to_owned());
    world.person("ada", Role::Admin, &[]);
    world.person("eva", Role::Editor, &[]);
    let reader = world.scope_of(&[], &[], &[], &["a-shop"]);
    world.ok(person("ci"));
    world.ok(grant("ci", Role::Reader, reader, Effect::Allow));
    let reveal = |credential: &str, break_glass| Command::RecordReveal {
        credential: credential.to_owned(),
        version: None,
        fields: None,
        break_glass,
    };
    let broken = |event: &Event| matches!(event, Event::Revealed(revealed) if revealed.break_glass);
    world.become_("ci");
    assert!(!broken(&world.event(reveal("a-shop", false), "access.revealed")));
    assert!(
        !broken(&world.event(reveal("a-shop", true), "access.revealed")),
        "no glass was in the way"
    );
    world.refused(reveal("a-pay", true), "not_found");
    world.become_("eva");
    world.refused(reveal("a-shop", true), "denied");
    world.become_("ada");
    world.refused(reveal("a-shop", false), "denied");
    assert!(broken(&world.event(reveal("a-shop", true), "access.revealed")));
    world.reason = None;
    world.refused(reveal("a-shop", true), "reason_required");
    world.reason = Some("again".to_owned());
    world.become_("root");
    let kept = world.scope_of(&["b"], &[], &[], &[]);
    world.ok(grant("ada", Role::Reader, kept, Effect::Deny));
    world.become_("ada");
    world.refused(reveal("b-shop", true), "not_found");
    world.ok(reveal("a-shop", true));
    world.check();
}

#[test]
fn a_token_that_makes_owners_breaks_no_glass() {
    let world = stocked();
    let mut empty = World::empty();
    empty.ok(initialize(true));
    empty.caller = token_caller(&empty.state, &[1; 32], empty.now).unwrap();
    let credential = world.credential("a-shop");
    let seen = visible(&empty.state, &empty.caller, empty.now);
    assert_eq!(seen.reads(credential, true).unwrap_err().why, DeniedWhy::OwnersOnly);
    let house = visible(&empty.state, &Caller::SYSTEM, empty.now);
    assert_eq!(house.reads(credential, true).unwrap_err().why, DeniedWhy::NoGrant);
    assert!(!seen.may(Right::Administer, Target::Credential(credential)));
    assert!(!house.may(Right::Administer, Target::Credential(credential)));
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
