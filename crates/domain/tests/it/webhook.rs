//! Webhooks: who may have one, of what it tells, and how far it has told.

use crate::harness::*;
use strongroom_domain::command::{Command, UpdateCredential};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, RotationPolicy, WebhookAim};
use strongroom_domain::ids::WebhookId;
use strongroom_domain::state::{Webhook, WebhookStatus};
use strongroom_domain::words::Role;

fn pager(url: &str, on: &[&str]) -> Command {
    Command::CreateWebhook {
        name: "Pager".to_owned(),
        handle: None,
        aim: WebhookAim {
            url: url.to_owned(),
            on: on.iter().map(|it| (*it).to_owned()).collect(),
            filter: String::new(),
        },
        secret: "shop".to_owned(),
    }
}

const URL: &str = "https://hooks.example.com/s";

fn named(command: fn(String) -> Command) -> Command {
    command("pager".to_owned())
}

impl World {
    fn pager(&self) -> &Webhook {
        self.state.webhooks.values().next().expect("it was made")
    }

    /// What the ledger itself says of it.
    fn says(&mut self, command: impl FnOnce(WebhookId) -> Command) -> Vec<Event> {
        let command = command(self.pager().id);
        let caller = std::mem::replace(&mut self.caller, Caller::SYSTEM);
        let events = self.ok(command);
        self.caller = caller;
        events
    }
}

/// `shop` holds the secret, `ada` administers, `pager` tells of rotations.
fn house() -> World {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    for (name, role) in [("ada", Role::Admin), ("aud", Role::Auditor), ("ed", Role::Editor)] {
        world.person(name, role, &[]);
    }
    world.ok(pager(URL, &["rotated", "credential.grace_ended", "rotated"]));
    world
}

#[test]
fn only_who_administers_has_one() {
    let mut world = house();
    assert_eq!(world.pager().aim.on, ["credential.grace_ended", "credential.rotated"]);
    world.refused(pager(URL, &["rotated"]), "name_taken");
    for name in ["aud", "ed"] {
        world.become_(name);
        world.refused(pager(URL, &["rotated"]), "denied");
        world.refused(named(|webhook| Command::PauseWebhook { webhook }), "denied");
    }
    world.become_("ada");
    world.ok(named(|webhook| Command::PauseWebhook { webhook }));
}

#[test]
fn it_tells_of_types_that_there_are_and_not_of_itself() {
    let mut world = house();
    for (url, on) in [
        (URL, &[][..]),
        (URL, &["credential.rotted"]),
        (URL, &["webhook.delivered"]),
        (URL, &["webhook.*"]),
        (URL, &["nothing.*"]),
        ("hooks.example.com", &["rotated"]),
        ("https://hooks.example.com/a b", &["rotated"]),
    ] {
        world.refused(pager(url, on), "name_taken");
        let on = on.iter().map(|it| (*it).to_owned()).collect();
        let change = Command::UpdateWebhook {
            webhook: "pager".to_owned(),
            url: Some(url.to_owned()),
            on: Some(on),
            filter: None,
        };
        world.refused(change, "invalid");
    }
}

#[test]
fn a_secret_is_one_that_may_be_used_and_the_only_one() {
    let mut world = house();
    let second = || {
        let Command::CreateWebhook { aim, secret, .. } = pager(URL, &["rotated"]) else {
            unreachable!()
        };
        Command::CreateWebhook {
            name: "Second".to_owned(),
            handle: None,
            aim,
            secret,
        }
    };
    world.ok(Command::DisableCredential {
        credential: "shop".to_owned(),
    });
    world.refused(second(), "not_active");
    world.ok(Command::EnableCredential {
        credential: "shop".to_owned(),
    });
    world.ok(second());
    world.ok(named(|webhook| Command::RemoveWebhook { webhook }));
    // The name is free again, the handle is not: the log names it.
    world.refused(pager(URL, &["rotated"]), "handle_taken");
}

#[test]
fn what_was_taken_is_taken_once_and_a_failure_is_said_once() {
    let mut world = house();
    let next = world.pager().next;
    let fail = |webhook| Command::RecordDeliveryFailed {
        webhook,
        position: next,
        why: "status 500".to_owned(),
    };
    assert_eq!(world.says(fail).len(), 1);
    assert_eq!(world.says(fail).len(), 0, "it is known");
    assert!(world.pager().failure.is_some());
    let take = |webhook| Command::RecordDelivered {
        webhook,
        position: next + 4,
        count: 2,
    };
    let etag = world.pager().head.changed;
    assert_eq!(world.says(take).len(), 1);
    assert_eq!(world.says(take).len(), 0, "it was taken");
    let pager = world.pager();
    assert_eq!(
        (pager.next, pager.delivered, pager.failure.is_some()),
        (next + 5, 2, false)
    );
    assert_eq!(pager.head.changed, etag, "what is observed changes no version");
    world.refused(take(world.pager().id), "denied");
}

#[test]
fn paused_it_is_resumed_where_it_was_by_whoever_answers_for_it_from_then_on() {
    let mut world = house();
    let (next, maker) = (world.pager().next, world.pager().principal);
    assert_eq!(world.says(|webhook| Command::RecordWebhookGone { webhook }).len(), 1);
    assert_eq!(world.pager().status, WebhookStatus::Paused { gone: true });
    world.become_("ada");
    world.ok(named(|webhook| Command::ResumeWebhook { webhook }));
    let pager = world.pager();
    assert_eq!((pager.status, pager.next), (WebhookStatus::Active, next));
    assert_ne!(pager.principal, maker);
    world.ok(named(|webhook| Command::RemoveWebhook { webhook }));
    for command in [
        named(|webhook| Command::ResumeWebhook { webhook }),
        named(|webhook| Command::PauseWebhook { webhook }),
        named(|webhook| Command::RemoveWebhook { webhook }),
    ] {
        world.refused(command, "not_active");
    }
    assert!(world.says(|webhook| Command::RecordWebhookGone { webhook }).is_empty());
}

#[test]
fn what_is_due_is_said_once_for_each_date() {
    let mut world = house();
    let policy = |days| {
        Command::UpdateCredential(Box::new(UpdateCredential {
            credential: "shop".to_owned(),
            rotation: strongroom_domain::command::Change::Set(RotationPolicy {
                every_days: days,
                grace_days: 0,
            }),
            ..UpdateCredential::default()
        }))
    };
    world.ok(policy(30));
    let credential = world.credential("shop").id;
    let due = move |_| Command::RecordRotationDue { credential, version: 1 };
    assert!(world.says(due).is_empty(), "not yet");
    world.now = NOW + 31 * DAY;
    let said = world.says(due);
    let [Event::RotationDue(said)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert_eq!((said.version, said.due_at, said.by_expiry), (1, NOW + 30 * DAY, false));
    assert!(world.says(due).is_empty(), "it is known");
    world.ok(policy(40));
    world.now = NOW + 41 * DAY;
    assert_eq!(world.says(due).len(), 1, "another date");
    world.ok(rotate("shop", &[("api_key", "second")]));
    assert!(world.says(due).is_empty(), "another version");
}

#[test]
fn a_test_is_on_the_record_and_no_change() {
    let mut world = house();
    let etag = world.pager().head.changed;
    let test = || named(|webhook| Command::TestWebhook { webhook });
    world.event(test(), "webhook.tested");
    world.event(test(), "webhook.tested");
    assert_eq!(world.pager().head.changed, etag);
    world.become_("aud");
    world.refused(test(), "denied");
    world.become_("ada");
    world.ok(named(|webhook| Command::RemoveWebhook { webhook }));
    world.refused(test(), "not_active");
    world.check();
}
