//! Four eyes: one asks, another approves, and it is good for that, once.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::decide::Bound;
use strongroom_domain::event::Event;
use strongroom_domain::ids::ApprovalId;
use strongroom_domain::limits::APPROVAL_US;
use strongroom_domain::rejection::Rejection;
use strongroom_domain::words::{Act, Effect, Role};

fn reveal(fields: &[&str]) -> Command {
    Command::RecordReveal {
        credential: "shop".to_owned(),
        version: None,
        fields: Some(fields.iter().map(|it| (*it).to_owned()).collect()),
        break_glass: false,
    }
}

fn policy(acts: &[Act]) -> Command {
    Command::SetFourEyes { acts: acts.to_vec() }
}

fn approve(approval: ApprovalId) -> Command {
    Command::JudgeApproval {
        approval,
        approve: true,
    }
}

fn decline(approval: ApprovalId) -> Command {
    Command::JudgeApproval {
        approval,
        approve: false,
    }
}

/// Two owners with tokens of their own, an administrator, a reader; `shop` stands behind SHOP in `wa`.
fn house(acts: &[Act]) -> World {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    world.ok(map("wa", None, "shop"));
    for (name, role) in [("olga", Role::Owner), ("ada", Role::Admin), ("rita", Role::Reader)] {
        world.person(name, role, &[]);
    }
    world.become_("olga");
    world.ok(token("olga", 40));
    world.become_("root");
    world.ok(policy(acts));
    world.reason = Some("because".to_owned());
    world
}

impl World {
    /// Asks, as the engine does: what the gate says it takes is what is asked for.
    #[track_caller]
    fn ask(&mut self, command: Command) -> ApprovalId {
        let Err(Rejection::ApprovalRequired { bound }) = self.run(command) else {
            panic!("it takes no approval")
        };
        self.ok(Command::RequestApproval { bound });
        ApprovalId(self.log.last().unwrap().stream.id)
    }

    #[track_caller]
    fn asked_and_approved(&mut self, who: &str, command: Command, by: &str) -> ApprovalId {
        self.become_(who);
        let id = self.ask(command);
        self.become_(by);
        self.ok(approve(id));
        self.become_(who);
        self.approvals = vec![id];
        id
    }
}

#[test]
fn without_a_policy_nothing_takes_four_eyes() {
    let mut world = house(&[]);
    world.become_("rita");
    world.ok(reveal(&["api_key"]));
    world.become_("root");
    world.ok(Command::RevokeCredential {
        credential: "shop".to_owned(),
    });
    world.check();
}

#[test]
fn an_approval_is_good_for_what_was_asked_once() {
    let mut world = house(&[Act::Reveal]);
    world.become_("rita");
    world.refused(reveal(&["api_key"]), "approval_required");
    let id = world.ask(reveal(&["api_key"]));
    world.approvals = vec![id];
    world.refused(reveal(&["api_key"]), "approval_required");
    world.become_("ada");
    world.ok(approve(id));
    world.unchanged(approve(id));
    // Another has it, or it is another act.
    world.person_asks("ada", reveal(&["api_key"]), "denied");
    world.become_("rita");
    world.refused(reveal(&[]), "approval_required");
    let events = world.ok(reveal(&["api_key"]));
    assert!(matches!(
        events.as_slice(),
        [Event::Revealed(_), Event::ApprovalUsed(_)]
    ));
    world.refused(reveal(&["api_key"]), "approval_required");
    world.become_("ada");
    world.refused(approve(id), "not_active");
    world.check();
}

impl World {
    #[track_caller]
    fn person_asks(&mut self, who: &str, command: Command, kind: &str) {
        self.become_(who);
        self.refused(command, kind);
    }
}

#[test]
fn nobody_approves_for_himself() {
    let mut world = house(&[Act::Reveal]);
    world.become_("root");
    let id = world.ask(reveal(&["api_key"]));
    world.refused(approve(id), "self_approval");
    // Nor by a principal whose token he issued: he could wear it.
    world.person("puppet", Role::Owner, &[]);
    world.ok(token("puppet", 50));
    world.person_asks("puppet", approve(id), "self_approval");
    world.become_("olga");
    world.ok(approve(id));
}

#[test]
fn who_may_not_approve_sees_nothing_of_it() {
    let mut world = house(&[Act::Reveal]);
    world.become_("root");
    world.person("eva", Role::Editor, &[]);
    world.become_("rita");
    let id = world.ask(reveal(&["api_key"]));
    world.person_asks("eva", approve(id), "not_found");
    world.become_("root");
    world.person("otto", Role::Auditor, &[]);
    world.person_asks("otto", approve(id), "denied");
    // Who asked may take it back.
    world.become_("rita");
    world.refused(approve(id), "denied");
    world.ok(decline(id));
    world.person_asks("ada", approve(id), "not_active");
}

#[test]
fn it_ends_after_an_hour() {
    let mut world = house(&[Act::Reveal]);
    world.become_("rita");
    let late = world.ask(reveal(&["api_key"]));
    world.asked_and_approved("rita", reveal(&["api_key"]), "ada");
    world.now = NOW + APPROVAL_US;
    world.refused(reveal(&["api_key"]), "approval_required");
    world.person_asks("ada", approve(late), "not_active");
    world.become_("rita");
    world.now -= 1;
    world.ok(reveal(&["api_key"]));
}

#[test]
fn asking_takes_a_reason() {
    let mut world = house(&[Act::Reveal]);
    world.become_("rita");
    world.reason = None;
    let bound = Bound {
        act: Act::Reveal,
        target: "ledger".to_owned(),
        exactly: "anything".to_owned(),
    };
    world.refused(Command::RequestApproval { bound }, "reason_required");
}

#[test]
fn revoking_takes_four_eyes_only_for_what_is_in_use() {
    let mut world = house(&[Act::RevokeInUse]);
    world.ok(key_of("Spare", "a"));
    let revoke = |handle: &str| Command::RevokeCredential {
        credential: handle.to_owned(),
    };
    world.ok(revoke("spare"));
    world.refused(revoke("shop"), "approval_required");
    world.asked_and_approved("root", revoke("shop"), "ada");
    world.ok(revoke("shop"));
    world.check();
}

#[test]
fn owners_come_and_go_by_four_eyes() {
    let mut world = house(&[Act::Owners]);
    world.person("eva", Role::Viewer, &[]);
    let everywhere = world.scope(&[]);
    let owner = grant("eva", Role::Owner, everywhere, Effect::Allow);
    world.asked_and_approved("root", owner.clone(), "olga");
    world.ok(owner);
    let of_olga = world.state.principals[&world.principal("olga")].grants[0].granted.grant;
    let withdraw = Command::WithdrawGrant {
        principal: "olga".to_owned(),
        grant: of_olga,
    };
    world.refused(withdraw.clone(), "approval_required");
    let disable = Command::DisablePrincipal {
        principal: "olga".to_owned(),
    };
    world.refused(disable, "approval_required");
    // An administrator is no owner.
    world.person_asks("root", withdraw.clone(), "approval_required");
    let id = world.ask(withdraw);
    world.person_asks("ada", approve(id), "denied");
    // What makes no owner takes none.
    world.become_("root");
    world.person("max", Role::Admin, &[]);
    world.check();
}

#[test]
fn the_policy_asks_for_more_by_itself_and_for_less_by_four_eyes() {
    let mut world = house(&[Act::Owners]);
    world.ok(policy(&[Act::Owners, Act::Reveal]));
    world.unchanged(policy(&[Act::Reveal, Act::Owners, Act::Reveal]));
    world.refused(policy(&[]), "approval_required");
    world.refused(policy(&[Act::RevokeInUse]), "approval_required");
    world.refused(policy(&[Act::Policy]), "invalid");
    world.person_asks("ada", policy(&[Act::RevokeInUse]), "denied");
    world.asked_and_approved("root", policy(&[]), "olga");
    world.ok(policy(&[]));
    assert!(world.state.policy.four_eyes.is_empty());
    world.check();
}

#[test]
fn a_policy_without_another_owner_is_refused() {
    let mut world = World::new();
    world.refused(policy(&[Act::Owners]), "invalid");
    // Who has the root key in hand is not held up.
    let mut world = house(&[Act::Owners]);
    world.caller = Caller::SYSTEM;
    world.ok(policy(&[]));
}
