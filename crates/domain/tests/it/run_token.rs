//! Tokens for one run: what they open, and with what they end.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Served, Variable};
use strongroom_domain::ids::TokenId;
use strongroom_domain::limits::{RUN_TOKEN_US_MAX, RUN_TOKENS_MAX};
use strongroom_domain::rights::{Target, TokenRefused, authorize, token_caller};
use strongroom_domain::words::{Right, Role};

const HOUR: u64 = 3_600_000_000;

fn run_token(workspace: &str, instance: Option<&str>, hash: u8, end: u64) -> Command {
    Command::IssueRunToken {
        workspace: workspace.to_owned(),
        template: "sync".to_owned(),
        revision: None,
        instance: instance.map(str::to_owned),
        hash: [hash; 32],
        expires_at: end,
    }
}

/// `sync` runs in `wa`; the service `runner` resolves in `wa` and `wb`, and asks by its own token.
fn running() -> World {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    world.ok(map("wa", None, "shop"));
    world.person("runner", Role::Service, &["wa", "wb"]);
    world.ok(token("runner", 9));
    world.by_token(9);
    world
}

impl World {
    /// From now on who holds this token asks.
    fn by_token(&mut self, hash: u8) {
        self.caller = token_caller(&self.state, &[hash; 32], self.now).unwrap();
    }

    fn access(&self, workspace: &str, instance: Option<&str>) -> Command {
        Command::RecordAccess {
            workspace: workspace.to_owned(),
            template: "sync".to_owned(),
            instance: instance.map(str::to_owned),
            expected: vec![Served {
                variable: "SHOP".to_owned(),
                credential: self.credential("shop").id,
                version: 1,
            }],
            window_until: None,
        }
    }

    fn token_id(&self, hash: u8) -> TokenId {
        self.state.tokens[&[hash; 32]].1
    }
}

#[test]
fn it_is_served_its_own_run_and_nothing_else() {
    let mut world = running();
    world.ok(run_token("wa", Some("wf-1"), 20, NOW + HOUR));
    let head = world.state.principals[&world.principal("runner")].head;
    assert!(
        head.changed < head.version,
        "a runner's daily work is no change of the principal"
    );
    world.by_token(20);
    world.ok(world.access("wa", Some("wf-1")));
    world.refused(world.access("wa", Some("wf-2")), "denied");
    world.refused(world.access("wa", None), "denied");
    // As if they were not there.
    world.refused(world.access("wb", Some("wf-1")), "not_found");
    world.refused(run_token("wa", None, 21, NOW + HOUR), "denied");
    let may =
        |world: &World, right, target: Target<'_>| authorize(&world.state, &world.caller, right, target, NOW).is_ok();
    let (wa, wb) = (world.workspace("wa").id, world.workspace("wb").id);
    assert!(may(&world, Right::Resolve, Target::Workspace(wa)));
    assert!(!may(&world, Right::Resolve, Target::Workspace(wb)));
    for right in Right::ALL.iter().filter(|right| **right != Right::Resolve) {
        assert!(!may(&world, *right, Target::Workspace(wa)), "{right}");
        assert!(!may(&world, *right, Target::Ledger), "{right}");
    }
    world.check();
}

#[test]
fn a_run_of_an_owner_is_no_owner() {
    let mut world = running();
    world.by_token(1);
    world.ok(run_token("wa", None, 20, NOW + HOUR));
    world.by_token(20);
    world.refused(token("root", 21), "denied");
    world.refused(person("eva"), "denied");
    // It is no way in for an owner either: the last real token stays.
    world.by_token(1);
    let last = Command::RevokeToken {
        token: world.token_id(1),
    };
    world.refused(last, "last_owner_token");
}

#[test]
fn another_revision_is_another_run() {
    let mut world = running();
    world.ok(run_token("wa", None, 20, NOW + HOUR));
    world.become_("root");
    let mail = Variable {
        required: false,
        ..variable("MAIL", "smtp")
    };
    world.ok(revise("sync", 1, vec![variable("SHOP", "shopify"), mail]));
    world.by_token(20);
    world.ok(world.access("wa", None));
    world.become_("root");
    world.ok(admit("wa", "sync", Some(2)));
    world.by_token(20);
    world.refused(world.access("wa", None), "denied");
    world.by_token(9);
    let of_the_first = Command::IssueRunToken {
        workspace: "wa".to_owned(),
        template: "sync".to_owned(),
        revision: Some(1),
        instance: None,
        hash: [22; 32],
        expires_at: NOW + HOUR,
    };
    world.refused(of_the_first, "invalid");
}

#[test]
fn it_ends_with_its_time_its_parent_and_its_principal() {
    let mut world = running();
    world.refused(run_token("wa", None, 20, NOW + RUN_TOKEN_US_MAX + 1), "invalid");
    world.refused(run_token("wa", None, 20, NOW), "invalid");
    world.ok(run_token("wa", None, 20, NOW + HOUR));
    let refused = |world: &World, now| token_caller(&world.state, &[20; 32], now).err();
    assert_eq!(refused(&world, NOW + HOUR - 1), None);
    assert_eq!(refused(&world, NOW + HOUR), Some(TokenRefused::Expired));
    let parent = Command::RevokeToken {
        token: world.token_id(9),
    };
    let by_run = Caller {
        token: Some(world.token_id(20)),
        ..world.caller
    };
    world.become_("root");
    world.ok(parent);
    assert_eq!(refused(&world, NOW), Some(TokenRefused::Revoked));
    // Who was let in a moment before is judged anew.
    world.caller = by_run;
    world.refused(world.access("wa", None), "not_found");
    world.check();
}

#[test]
fn who_may_not_resolve_there_issues_none() {
    let mut world = running();
    world.become_("root");
    world.person("eva", Role::Editor, &[]);
    world.ok(token("eva", 10));
    world.by_token(10);
    world.refused(run_token("wa", None, 20, NOW + HOUR), "denied");
    // Without a token there is nothing that it could end with.
    world.become_("runner");
    world.refused(run_token("wa", None, 20, NOW + HOUR), "denied");
    world.by_token(9);
    world.refused(run_token("nowhere", None, 20, NOW + HOUR), "not_found");
}

#[test]
fn what_is_over_takes_no_room_and_there_are_so_many_at_a_time() {
    let mut world = running();
    let tokens = |world: &World| world.state.principals[&world.principal("runner")].tokens.len();
    let issue = |world: &mut World, n: u32, end| {
        let mut hash = [0xaa; 32];
        hash[..4].copy_from_slice(&n.to_be_bytes());
        let command = Command::IssueRunToken {
            workspace: "wa".to_owned(),
            template: "sync".to_owned(),
            revision: None,
            instance: None,
            hash,
            expires_at: end,
        };
        world.run(command)
    };
    for n in 0..RUN_TOKENS_MAX as u32 {
        issue(&mut world, n, NOW + HOUR).unwrap();
    }
    assert_eq!(
        issue(&mut world, 5_000, NOW + HOUR).unwrap_err().kind(),
        "too_many_run_tokens"
    );
    world.now = NOW + HOUR;
    issue(&mut world, 5_001, NOW + 2 * HOUR).unwrap();
    assert_eq!(tokens(&world), 2, "its own, and the one that runs");
    let of_a_run = world
        .state
        .tokens
        .values()
        .filter(|(id, _)| *id == world.principal("runner"));
    assert_eq!(of_a_run.count(), 2);
    world.check();
}
