//! Grace of replaced versions, and what is due.

use crate::harness::*;
use strongroom_domain::command::{Command, RotateCredential, UpdateCredential};
use strongroom_domain::due::{DueBy, due};
use strongroom_domain::event::{Event, RotationPolicy};
use strongroom_domain::words::{Effect, PrincipalKind, Role};

const KEY: &str = "shop";

fn with_grace(value: &str, days: u32, until_moved: bool) -> Command {
    let Command::RotateCredential(input) = rotate(KEY, &[("api_key", value)]) else {
        unreachable!()
    };
    Command::RotateCredential(Box::new(RotateCredential {
        grace_days: Some(days),
        until_moved,
        ..*input
    }))
}

fn reveal(version: u32) -> Command {
    Command::RecordReveal {
        credential: KEY.to_owned(),
        version: Some(version),
        fields: None,
        break_glass: false,
    }
}

impl World {
    /// What the ledger itself says of version 1.
    fn end(&mut self, moved: bool) -> Vec<Event> {
        let credential = self.credential(KEY).id;
        let caller = std::mem::replace(&mut self.caller, strongroom_domain::context::Caller::SYSTEM);
        let events = self.ok(Command::RecordGraceEnded {
            credential,
            version: 1,
            moved,
        });
        self.caller = caller;
        events
    }
}

/// `shop`, rotated once; the service `ci` reads it by id.
fn rotated(days: u32, until_moved: bool) -> World {
    let mut world = World::new();
    world.ok(create(key("Shop")));
    world.ok(Command::CreatePrincipal {
        name: "ci".to_owned(),
        handle: None,
        kind: PrincipalKind::Service,
    });
    let scope = world.scope(&[]);
    world.ok(grant("ci", Role::Reader, scope, Effect::Allow));
    world.ok(with_grace("second", days, until_moved));
    world.reason = Some("because".to_owned());
    world
}

#[test]
fn a_program_gets_what_was_replaced_only_in_its_grace() {
    let mut world = rotated(2, false);
    world.become_("ci");
    world.ok(reveal(1));
    world.now = NOW + 2 * DAY - 1;
    world.ok(reveal(1));
    world.now = NOW + 2 * DAY;
    world.refused(reveal(1), "not_active");
    world.ok(reveal(2));
    // A person looks at what was.
    world.become_("root");
    world.ok(reveal(1));
    // Back to it: its values are current, by either number.
    world.ok(Command::RollbackCredential {
        credential: KEY.to_owned(),
        version: 1,
    });
    world.become_("ci");
    world.ok(reveal(1));
    world.refused(reveal(2), "not_active");
}

#[test]
fn grace_ends_by_its_time_and_is_said_once() {
    let mut world = rotated(2, false);
    assert!(
        world.end(false).is_empty() && world.end(true).is_empty(),
        "it is not over"
    );
    world.now = NOW + 2 * DAY;
    let events = world.end(true);
    assert!(matches!(events.as_slice(), [Event::GraceEnded(ended)] if ended.version == 1 && !ended.moved));
    assert!(world.end(false).is_empty());
    let fact = world.credential(KEY).version_fact(1).unwrap();
    assert_eq!(fact.grace_ended_at, Some(NOW + 2 * DAY));
    assert!(world.state.graces.is_empty());
    world.check();
}

#[test]
fn grace_ends_sooner_where_it_was_said_and_all_have_moved() {
    let mut world = rotated(2, true);
    let head = world.credential(KEY).head;
    let events = world.end(true);
    assert!(matches!(events.as_slice(), [Event::GraceEnded(ended)] if ended.moved));
    let after = world.credential(KEY).head;
    assert_eq!(
        (after.changed, after.version),
        (head.changed, head.version + 1),
        "an observation"
    );
    world.become_("ci");
    world.refused(reveal(1), "not_active");
    world.check();
}

#[test]
fn only_the_ledger_says_that_grace_is_over_and_what_has_none_has_none_to_end() {
    let mut world = rotated(2, true);
    let credential = world.credential(KEY).id;
    let by_root = Command::RecordGraceEnded {
        credential,
        version: 1,
        moved: true,
    };
    world.refused(by_root, "denied");
    world.refused(with_grace("third", 0, true), "invalid");
    let mut world = rotated(0, false);
    assert!(world.state.graces.is_empty() && world.end(false).is_empty());
    world.check();
}

#[test]
fn what_is_due_is_listed_the_earliest_first() {
    let mut world = World::new();
    for (name, days) in [("Shop", 30), ("Mail", 10), ("Never", 0)] {
        world.ok(create(key(name)));
        if days > 0 {
            let policy = RotationPolicy {
                every_days: days,
                grace_days: 0,
            };
            world.ok(Command::UpdateCredential(Box::new(UpdateCredential {
                credential: name.to_lowercase(),
                rotation: strongroom_domain::command::Change::Set(policy),
                ..UpdateCredential::default()
            })));
        }
    }
    let listed = |world: &World, before| -> Vec<(String, DueBy, bool)> {
        let due = due(&world.state, before);
        due.iter()
            .map(|it| (it.credential.handle.clone(), it.by, it.never_rotated))
            .collect()
    };
    assert_eq!(listed(&world, NOW + 10 * DAY), []);
    let mail = ("mail".to_owned(), DueBy::Policy, true);
    let shop = ("shop".to_owned(), DueBy::Policy, true);
    assert_eq!(listed(&world, NOW + 10 * DAY + 1), std::slice::from_ref(&mail));
    assert_eq!(listed(&world, NOW + 40 * DAY), [mail, shop.clone()]);
    // Rotated, its days begin anew; an expiry that comes sooner goes before the policy.
    world.now = NOW + 9 * DAY;
    world.ok(rotate("mail", &[("api_key", "second")]));
    world.ok(Command::UpdateCredential(Box::new(UpdateCredential {
        credential: "never".to_owned(),
        expires_at: strongroom_domain::command::Change::Set(NOW + 11 * DAY),
        ..UpdateCredential::default()
    })));
    let never = ("never".to_owned(), DueBy::Expiry, true);
    let mail = ("mail".to_owned(), DueBy::Policy, false);
    assert_eq!(listed(&world, NOW + 40 * DAY), [never, mail.clone(), shop]);
    world.ok(disable("shop"));
    assert_eq!(listed(&world, NOW + 40 * DAY).len(), 2);
}
