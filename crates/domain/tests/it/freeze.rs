//! What a freeze stops, and what goes on under every one.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::event::{Event, Scope};
use strongroom_domain::freeze::holding;
use strongroom_domain::ids::FreezeId;
use strongroom_domain::words::{Category, Role, Stop};

fn scope(build: impl FnOnce(&mut Scope)) -> Scope {
    let mut scope = Scope::default();
    build(&mut scope);
    scope
}

fn described(credential: &str) -> Command {
    update(credential, |it| it.description = Some("other".to_owned()))
}

fn reveal(credential: &str) -> Command {
    Command::RecordReveal {
        credential: credential.to_owned(),
        version: None,
        fields: None,
        break_glass: false,
    }
}

fn revoke(credential: &str) -> Command {
    Command::RevokeCredential {
        credential: credential.to_owned(),
    }
}

/// Clients a and b, with a key each behind SHOP in their workspace; `global` is nobody's, behind SHOP in `w`.
fn house() -> World {
    let mut world = World::agency();
    for (name, client) in [("Shop a", "a"), ("Shop b", "b")] {
        world.ok(key_of(name, client));
    }
    world.ok(create(key("Global")));
    world.ok(map("wa", None, "shop-a"));
    world.ok(map("wb", None, "shop-b"));
    world.ok(map("w", None, "global"));
    world.reason = Some("an incident".to_owned());
    world
}

impl World {
    #[track_caller]
    fn frozen(&mut self, scope: Scope, stops: &[Stop]) -> FreezeId {
        let stops = stops.to_vec();
        self.ok(Command::Freeze { scope, stops });
        FreezeId(self.log.last().unwrap().stream.id)
    }

    #[track_caller]
    fn serves(&mut self, workspace: &str, credential: &str) {
        let command = self.served(workspace, credential);
        self.ok(command);
    }

    #[track_caller]
    fn serves_not(&mut self, workspace: &str, credential: &str) {
        let command = self.served(workspace, credential);
        self.refused(command, "frozen");
    }

    fn served(&self, workspace: &str, credential: &str) -> Command {
        let credential = self.credential(credential);
        Command::RecordAccess {
            workspace: workspace.to_owned(),
            template: "sync".to_owned(),
            instance: None,
            expected: vec![strongroom_domain::event::Served {
                variable: "SHOP".to_owned(),
                credential: credential.id,
                version: credential.version(),
            }],
            window_until: None,
        }
    }
}

#[test]
fn a_client_is_stopped_with_all_that_is_its_own_and_nothing_else() {
    let mut world = house();
    let client = *world.state.names.client_handles.get("a").unwrap();
    let id = world.frozen(scope(|it| it.clients = vec![client]), &[Stop::Writes, Stop::Serving]);
    world.serves_not("wa", "shop-a");
    world.refused(reveal("shop-a"), "frozen");
    world.refused(described("shop-a"), "frozen");
    world.refused(map("wa", Some("run"), "shop-a"), "frozen");
    world.refused(workspace_named("Other a", Some("a")), "frozen");
    world.refused(key_of("New of a", "a"), "frozen");
    // Another client's, and nobody's, go on.
    world.serves("wb", "shop-b");
    world.ok(described("shop-b"));
    world.serves("w", "global");
    world.ok(described("global"));
    world.ok(key_of("New of b", "b"));
    // Until it is lifted.
    world.ok(Command::Unfreeze { freeze: id });
    world.serves("wa", "shop-a");
    world.ok(described("shop-a"));
    assert_eq!(holding(&world.state).count(), 0);
}

#[test]
fn what_is_stopped_is_what_was_said() {
    let mut world = house();
    world.frozen(scope(|it| it.all = true), &[Stop::Writes]);
    world.refused(described("global"), "frozen");
    world.serves("wa", "shop-a");
    world.ok(reveal("shop-a"));
    let mut world = house();
    world.frozen(scope(|it| it.all = true), &[Stop::Serving]);
    world.ok(described("global"));
    world.serves_not("wa", "shop-a");
    world.serves_not("w", "global");
    world.refused(reveal("global"), "frozen");
}

#[test]
fn a_workspace_is_stopped_without_those_whose_keys_reach_it() {
    let mut world = house();
    let workspace = world.workspace("w").id;
    world.frozen(
        scope(|it| it.workspaces = vec![workspace]),
        &[Stop::Writes, Stop::Serving],
    );
    world.serves_not("w", "global");
    world.refused(map("w", Some("run"), "global"), "frozen");
    // What merely reaches it is used elsewhere, too.
    world.ok(described("global"));
    world.ok(map("wa", Some("run"), "global"));
    world.ok(reveal("global"));
    world.serves("wa", "shop-a");
}

#[test]
fn a_credential_is_stopped_wherever_it_stands() {
    let mut world = house();
    world.ok(map("wa", None, "global"));
    let credential = world.credential("global").id;
    world.frozen(scope(|it| it.credentials = vec![credential]), &[Stop::Serving]);
    world.serves_not("w", "global");
    world.serves_not("wa", "global");
    world.refused(reveal("global"), "frozen");
    world.serves("wb", "shop-b");
    // Another may be put in its place.
    world.ok(map("wa", None, "shop-a"));
    world.serves("wa", "shop-a");
}

#[test]
fn sorts_narrow_each_other() {
    let mut world = house();
    let client = *world.state.names.client_handles.get("a").unwrap();
    world.frozen(
        scope(|it| {
            it.clients = vec![client];
            it.services = vec!["stripe".to_owned()];
        }),
        &[Stop::Serving],
    );
    world.serves("wa", "shop-a");
    world.frozen(
        scope(|it| {
            it.clients = vec![client];
            it.services = vec!["shopify".to_owned()];
        }),
        &[Stop::Serving],
    );
    world.serves_not("wa", "shop-a");
    world.serves("wb", "shop-b");
}

#[test]
fn taking_away_goes_on_under_every_freeze() {
    let mut world = house();
    world.person("eve", Role::Editor, &[]);
    world.ok(token("eve", 41));
    let token = world.state.principals[&world.principal("eve")].tokens[0].id;
    let grant = world.state.principals[&world.principal("eve")].grants[0].granted.grant;
    world.frozen(scope(|it| it.all = true), &[Stop::Writes, Stop::Serving]);
    world.refused(person("mallory"), "frozen");
    world.refused(
        Command::UnmapVariable {
            workspace: "wa".to_owned(),
            template: "sync".to_owned(),
            variable: "SHOP".to_owned(),
            instance: None,
        },
        "frozen",
    );
    world.ok(Command::DisableCredential {
        credential: "shop-b".to_owned(),
    });
    world.refused(
        Command::EnableCredential {
            credential: "shop-b".to_owned(),
        },
        "frozen",
    );
    world.ok(revoke("shop-a"));
    world.ok(Command::RevokeToken { token });
    world.ok(Command::WithdrawGrant {
        principal: "eve".to_owned(),
        grant,
    });
    world.ok(Command::DisablePrincipal {
        principal: "eve".to_owned(),
    });
}

#[test]
fn it_takes_an_administrator_and_a_reason() {
    let mut world = house();
    let all = || Command::Freeze {
        scope: scope(|it| it.all = true),
        stops: vec![Stop::Serving],
    };
    world.person("ed", Role::Editor, &[]);
    world.person("ada", Role::Admin, &[]);
    world.person("wa-admin", Role::Admin, &["wa"]);
    for who in ["ed", "wa-admin"] {
        world.become_(who);
        world.refused(all(), "denied");
    }
    world.become_("ada");
    world.reason = None;
    world.refused(all(), "reason_required");
    world.reason = Some("an incident".to_owned());
    world.ok(all());
    let id = FreezeId(world.log.last().unwrap().stream.id);
    // A second time it is so already.
    let size = world.log.len();
    world.ok(all());
    assert_eq!(world.log.len(), size);
    world.reason = None;
    world.refused(Command::Unfreeze { freeze: id }, "reason_required");
    world.reason = Some("it is over".to_owned());
    world.become_("ed");
    world.refused(Command::Unfreeze { freeze: id }, "denied");
    world.become_("ada");
    world.ok(Command::Unfreeze { freeze: id });
    let last = world.log.last().unwrap();
    assert_eq!(
        (last.stream.category, &last.event),
        (
            Category::Incident,
            &Event::Unfrozen(strongroom_domain::event::Nothing {})
        )
    );
    world.refused(
        Command::Freeze {
            scope: Scope::default(),
            stops: vec![Stop::Writes],
        },
        "invalid",
    );
    world.refused(
        Command::Freeze {
            scope: scope(|it| it.all = true),
            stops: Vec::new(),
        },
        "invalid",
    );
}

#[test]
fn a_refused_serving_is_on_the_record() {
    let mut world = house();
    world.frozen(scope(|it| it.all = true), &[Stop::Serving]);
    let command = world.served("wa", "shop-a");
    let rejection = world.run(command).unwrap_err();
    assert_eq!(rejection.denial().unwrap().why.as_str(), "frozen");
    let rejection = world.run(reveal("shop-a")).unwrap_err();
    assert_eq!(rejection.denial().unwrap().right.as_str(), "read");
    assert!(rejection.message().contains("an incident"), "{rejection}");
}
