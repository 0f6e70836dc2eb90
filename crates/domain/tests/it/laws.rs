//! Laws: whatever is asked, the live state is the fold of its events and what its rows say.

use crate::harness::*;
use proptest::prelude::*;
use strongroom_domain::command::{Command, CreateCredential};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{RotationPolicy, Served, Source, WindowCount};
use strongroom_domain::ids::TokenId;
use strongroom_domain::words::{Effect, FieldClass, Kind, Right, Role};

const NAMES: [&str; 5] = ["alpha", "beta", "gamma", "delta", "alpha"];

/// A command of a small world, so that commands meet: `kind` picks the verb, the others what it names.
#[expect(clippy::too_many_lines, reason = "a table of commands")]
fn command(world: &World, kind: u8, x: usize, y: usize, z: u8) -> Command {
    let (a, b) = (NAMES[x % NAMES.len()].to_owned(), NAMES[y % NAMES.len()].to_owned());
    let role = Role::ALL[usize::from(z) % Role::ALL.len()];
    let effect = if z.is_multiple_of(5) {
        Effect::Deny
    } else {
        Effect::Allow
    };
    let client = (!z.is_multiple_of(3)).then(|| b.clone());
    let field = |value: u8| vec![classed("api_key", &format!("value {value}"), FieldClass::Secret)];
    match kind {
        0 => create(CreateCredential {
            client,
            source: z.is_multiple_of(4).then(|| Source {
                system: "n8n".to_owned(),
                id: b.clone(),
            }),
            rotation: z.is_multiple_of(2).then_some(RotationPolicy {
                every_days: 30,
                grace_days: 3,
            }),
            ..key(&a)
        }),
        1 => create(oauth(&format!("{a} {z}"))),
        2 => rename(&a, &format!("{b} {}", z % 3)),
        3 => move_to(&a, client.as_deref()),
        4 => update(&a, |input| match z % 3 {
            0 => input.fields = vec![classed("region", &b, FieldClass::Plain)],
            1 => input.remove_fields = vec!["region".to_owned()],
            _ => input.steward = Some(b.clone()),
        }),
        5 => {
            let mut input = rotation(&a, field(z));
            input.source = z.is_multiple_of(6).then(|| Source {
                system: "n8n".to_owned(),
                id: b,
            });
            Command::RotateCredential(Box::new(input))
        }
        6 => rollback(&a, u32::from(z % 4)),
        7 => Command::ShareCredential(sharing(&a, z.is_multiple_of(4), &[&b], &[&b])),
        8 => Command::UnshareCredential(sharing(&a, z.is_multiple_of(4), &[&b], &[])),
        9 => disable(&a),
        10 => enable(&a),
        11 if z < 40 => revoke(&a),
        12 => client_named(&a),
        13 => Command::UpdateClient {
            client: a,
            name: Some(format!("{b} {}", z % 3)),
            description: None,
        },
        14 if z < 20 => Command::ArchiveClient { client: a },
        15 => workspace_named(&a, client.as_deref()),
        16 => Command::UpdateWorkspace {
            workspace: a,
            name: Some(format!("{b} {}", z % 3)),
            description: None,
            environment: None,
        },
        17 if z < 20 => Command::ArchiveWorkspace { workspace: a },
        18 => template_named(&a, vec![variable("SHOP", "shopify")]),
        19 => revise(
            &a,
            u32::from(z % 3),
            vec![variable("SHOP", "shopify"), variable(&format!("V{}", z % 4), "smtp")],
        ),
        20 => Command::UpdateTemplate {
            template: a,
            name: Some(format!("{b} {}", z % 3)),
            description: Some(b),
        },
        21 if z < 20 => Command::RetireTemplate { template: a },
        22 => admit(&a, &b, (!z.is_multiple_of(4)).then(|| u32::from(z % 4))),
        23 => Command::MapVariable {
            workspace: a.clone(),
            template: b,
            variable: "SHOP".to_owned(),
            instance: z.is_multiple_of(2).then(|| a.clone()),
            credential: NAMES[usize::from(z) % 4].to_owned(),
        },
        24 => Command::UnmapVariable {
            workspace: a.clone(),
            template: b,
            variable: "SHOP".to_owned(),
            instance: z.is_multiple_of(2).then_some(a),
        },
        25 => default(z.is_multiple_of(2).then_some(a.as_str()), Kind::ApiKey, &b),
        26 => Command::UnsetDefault {
            workspace: z.is_multiple_of(2).then_some(a),
            service: "shopify".to_owned(),
            kind: Kind::ApiKey,
        },
        27 => person(&a),
        28 if z < 20 => Command::DisablePrincipal { principal: a },
        29 => grant(
            &a,
            role,
            if z.is_multiple_of(2) {
                strongroom_domain::event::Scope {
                    all: true,
                    ..Default::default()
                }
            } else {
                some_scope(world)
            },
            effect,
        ),
        30 => match world
            .state
            .principals
            .values()
            .nth(x)
            .and_then(|it| it.grants.get(y % 3))
        {
            Some(fact) => Command::WithdrawGrant {
                principal: a,
                grant: fact.granted.grant,
            },
            None => token(&a, z),
        },
        31 => token(&a, z),
        32 => match world.state.principals.values().nth(x).and_then(|it| it.tokens.first()) {
            Some(fact) => Command::RevokeToken { token: fact.id },
            None => Command::RevokeToken {
                token: TokenId([z; 16]),
            },
        },
        33 => {
            let served = world.state.credentials.values().nth(x).map(|it| Served {
                variable: "SHOP".to_owned(),
                credential: it.id,
                version: it.version(),
            });
            Command::RecordAccess {
                workspace: a,
                template: b,
                instance: None,
                expected: served.into_iter().collect(),
                window_until: None,
            }
        }
        34 => Command::RecordReveal {
            break_glass: z.is_multiple_of(7),
            credential: a,
            version: None,
            fields: None,
        },
        35 => Command::RecordCounts {
            principal: world.principal("root"),
            windows: vec![WindowCount {
                accessed: 1,
                count: u64::from(z),
            }],
        },
        36 => Command::RecordDenied {
            principal: world.principal("root"),
            right: Right::Read,
            target: a,
            why: b,
            count: 1,
        },
        _ => create(key(&format!("{a} {}", z % 8))),
    }
}

fn some_scope(world: &World) -> strongroom_domain::event::Scope {
    let workspaces = world.state.workspaces.keys().take(2).copied().collect();
    strongroom_domain::event::Scope {
        workspaces,
        ..Default::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_give_the_fold_of_their_events(
        steps in prop::collection::vec((0_u8..40, 0_usize..5, 0_usize..5, any::<u8>(), 0_u8..12), 1..120),
    ) {
        let mut world = World::agency();
        world.reason = Some("a law".to_owned());
        for name in ["alpha", "beta"] {
            world.ok(client_named(name));
            world.ok(workspace_named(name, Some(name)));
            world.ok(template_named(name, vec![variable("SHOP", "shopify")]));
            world.ok(key_of(name, name));
        }
        for (kind, x, y, z, who) in steps {
            let command = command(&world, kind, x, y, z);
            // Mostly the owner, sometimes the ledger itself, sometimes one of the others.
            let other = world.state.principals.keys().nth(x).copied();
            world.become_("root");
            match who {
                0 => world.caller = Caller::SYSTEM,
                1 => world.caller.principal = other.unwrap_or(world.caller.principal),
                _ => {}
            }
            world.now += 1_000;
            let _ = world.run(command);
        }
        world.check();
        // Whatever happened, no version was lost, and a version never decreases.
        for credential in world.state.credentials.values() {
            let versions: Vec<_> = credential.versions.iter().map(|fact| fact.version).collect();
            prop_assert_eq!(versions, (1..=credential.version()).collect::<Vec<_>>());
        }
        // Somebody still is an owner.
        let owner = |id: &strongroom_domain::ids::PrincipalId| {
            strongroom_domain::rights::is_owner(&world.state, *id, world.now)
        };
        prop_assert!(world.state.principals.keys().any(owner));
    }
}
