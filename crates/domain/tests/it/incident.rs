//! What belongs to an incident, which steps follow from it, and when they are done.

use crate::harness::*;
use strongroom_domain::command::{Command, SuspectRefs};
use strongroom_domain::context::Caller;
use strongroom_domain::event::{Event, Scope};
use strongroom_domain::ids::{CorrelationId, TokenId};
use strongroom_domain::incident::{Facts, Step, StepState, Watched, steps};
use strongroom_domain::rights::visible;
use strongroom_domain::state::Incident;
use strongroom_domain::words::{Effect, Role};

const HOUR: u64 = DAY / 24;

fn open(suspects: SuspectRefs) -> Command {
    Command::OpenIncident {
        name: "Leaked token".to_owned(),
        handle: Some("leak".to_owned()),
        since: NOW + HOUR,
        suspects,
    }
}

fn suspects(build: impl FnOnce(&mut SuspectRefs)) -> SuspectRefs {
    let mut suspects = SuspectRefs::default();
    build(&mut suspects);
    suspects
}

fn close() -> Command {
    Command::CloseIncident {
        incident: "leak".to_owned(),
    }
}

fn skip(step: &str) -> Command {
    Command::SkipStep {
        incident: "leak".to_owned(),
        step: step.to_owned(),
    }
}

/// The house of [`World::agency`] with a key for each client and `mallory`, who may do anything; an hour later.
fn house() -> World {
    let mut world = World::agency();
    world.person("mallory", Role::Admin, &[]);
    world.person("sue", Role::Editor, &[]);
    for (name, client) in [("Shop a", "a"), ("Shop b", "b")] {
        world.ok(key_of(name, client));
    }
    world.ok(update("shop-a", |it| it.steward = Some("sue".to_owned())));
    world.ok(map("wa", None, "shop-a"));
    world.reason = Some("an incident".to_owned());
    world.now = NOW + 2 * HOUR;
    world
}

impl World {
    fn incident(&self) -> &Incident {
        let mut all = self.state.incidents.values();
        all.find(|it| it.handle == "leak").unwrap()
    }

    fn facts(&self) -> Facts {
        let watched = Watched::of(self.incident());
        let mut facts = Facts::default();
        for recorded in self.log.iter().rev().filter(|it| watched.holds(it)) {
            facts.note(&watched, recorded);
        }
        facts
    }

    fn steps(&self) -> Vec<Step> {
        let root = Caller {
            principal: self.principal("root"),
            token: None,
            on_behalf_of: None,
        };
        let seen = visible(&self.state, &root, self.now);
        steps(&self.state, &seen, self.incident(), &self.facts(), self.now)
    }

    /// Steps in order, by name, with where each stands; ids of what has no handle are left out.
    fn shown(&self) -> Vec<String> {
        let shown = |step: &Step| {
            let name = step.name.split_once('_').map_or(step.name.as_str(), |(kind, _)| kind);
            format!("{name} {}", step.state.as_str())
        };
        self.steps().iter().map(shown).collect()
    }

    fn key_of_step(&self, name: &str) -> String {
        let steps = self.steps();
        steps.iter().find(|it| it.name == name).unwrap().key.clone()
    }
}

/// Makes a principal with a grant and a token, sees one secret, replaces another, takes a mapping away.
fn mallory_acts(world: &mut World) {
    world.become_("mallory");
    world.work = 21;
    world.ok(person("helper"));
    world.ok(grant(
        "helper",
        Role::Viewer,
        Scope {
            all: true,
            ..Scope::default()
        },
        Effect::Allow,
    ));
    world.ok(token("helper", 9));
    world.work = 22;
    world.ok(Command::RecordReveal {
        credential: "shop-b".to_owned(),
        version: None,
        fields: None,
        break_glass: true,
    });
    world.work = 23;
    world.ok(rotate("shop-a", &[("value", "of mallory")]));
    world.work = 24;
    world.ok(unmap("wa", None));
}

#[test]
fn what_a_suspect_made_saw_and_changed_is_to_be_put_right_in_order() {
    let mut world = house();
    mallory_acts(&mut world);
    world.become_("root");
    world.work = 30;
    world.ok(open(suspects(|it| it.principals.push("mallory".to_owned()))));
    assert_eq!(world.incident().correlation, CorrelationId([30; 16]));
    assert_eq!(
        world.shown(),
        [
            "revoke-token:tk open",
            "withdraw:gr open",
            "disable:helper open",
            "disable:mallory open",
            "rotate:shop-a open",
            "rotate:shop-b open",
            "undo:co open",
            "tell:root open",
            "tell:sue open",
        ]
    );
    // Each is done when it holds, whoever did it, and in whichever piece of work.
    let made = world.facts();
    world.ok(Command::RevokeToken {
        token: *made.tokens.first().unwrap(),
    });
    let (principal, grant) = *made.grants.first().unwrap();
    world.ok(Command::WithdrawGrant {
        principal: principal.to_string(),
        grant,
    });
    for handle in ["helper", "mallory"] {
        world.ok(Command::DisablePrincipal {
            principal: handle.to_owned(),
        });
    }
    world.work = 31;
    for handle in ["shop-a", "shop-b"] {
        world.ok(rotate(handle, &[("value", "of root")]));
    }
    world.ok(map("wa", None, "shop-a"));
    world.ok(Command::TellStewards {
        incident: "leak".to_owned(),
        stewards: vec!["sue".to_owned()],
        credentials: vec![world.credential("shop-a").id, world.credential("shop-b").id],
    });
    let told = world.incident().told[0].clone();
    assert_eq!(
        told.credentials,
        [world.credential("shop-a").id],
        "only what she answers for"
    );
    let key = world.key_of_step("tell:root");
    world.ok(skip(&key));
    world.unchanged(skip(&key));
    let states: Vec<StepState> = world.steps().iter().map(|it| it.state).collect();
    assert_eq!(states[..7], [StepState::Done; 7], "{:?}", world.shown());
    assert_eq!(states[7..], [StepState::Skipped, StepState::Done]);
    world.check();
}

#[test]
fn a_timeline_has_what_suspects_did_what_concerns_them_and_what_is_done_about_it() {
    let mut world = house();
    world.now = NOW + HOUR - 1;
    world.ok(token("root", 8));
    let of_root = world.state.principals[&world.principal("root")]
        .tokens
        .last()
        .unwrap()
        .id;
    world.become_("mallory");
    world.ok(rename("shop-a", "Before it began"));
    world.now = NOW + 2 * HOUR;
    let first = world.log.len() as u64;
    world.ok(rename("shop-a", "A suspect's act"));
    world.become_("root");
    world.ok(rename("shop-b", "Somebody else's"));
    world.ok(rename("shop-a", "Of what is suspected"));
    world.source = Some("192.0.2.7".to_owned());
    world.ok(rename("shop-b", "From a suspected network"));
    world.source = Some("198.51.100.1".to_owned());
    world.caller.token = Some(of_root);
    world.ok(rename("shop-b", "With another's token"));
    world.caller.token = None;
    world.ok(token("mallory", 3));
    world.work = 40;
    world.ok(open(suspects(|it| {
        it.principals.push("mallory".to_owned());
        it.sources.push("192.0.2.99/24".to_owned());
        it.credentials.push("shop-a".to_owned());
    })));
    world.ok(disable("shop-b"));
    world.ok(close());
    world.work = 41;
    world.become_("mallory");
    world.ok(rename("shop-a", "After it was closed"));
    let watched = Watched::of(world.incident());
    let held: Vec<u64> = world
        .log
        .iter()
        .filter(|it| watched.holds(it))
        .map(|it| it.position - first)
        .collect();
    assert_eq!(held, [0, 2, 3, 5, 6, 7, 8]);
    assert_eq!(world.incident().suspects.sources, ["192.0.2.0/24"]);
    let facts = world.facts();
    assert_eq!((facts.events, facts.acts), (7, 2));
}

#[test]
fn a_piece_of_work_under_a_newer_one_is_undone_after_it() {
    let mut world = house();
    world.ok(create(key("Other")));
    world.ok(create(key("Third")));
    world.become_("mallory");
    world.work = 21;
    world.ok(unmap("wa", None));
    world.work = 22;
    world.ok(map("wa", None, "other"));
    world.become_("root");
    world.work = 30;
    world.ok(open(suspects(|it| it.principals.push("mallory".to_owned()))));
    let works = |world: &World| -> Vec<(u8, StepState)> {
        let steps = world.steps();
        let undo = steps.iter().filter(|it| it.name.starts_with("undo:"));
        undo.map(|it| {
            (
                u8::from_str_radix(&it.name["undo:co_".len()..][..2], 16).unwrap(),
                it.state,
            )
        })
        .collect()
    };
    assert_eq!(works(&world), [(22, StepState::Open), (21, StepState::Open)]);
    world.ok(unmap("wa", None));
    assert_eq!(works(&world), [(22, StepState::Done), (21, StepState::Open)]);
    world.ok(map("wa", None, "shop-a"));
    assert_eq!(works(&world), [(22, StepState::Done), (21, StepState::Done)]);
    // What somebody else has chosen since stays; what the suspect chose is to be undone whoever chose it again.
    world.ok(map("wa", None, "third"));
    assert_eq!(works(&world), [(22, StepState::Done), (21, StepState::Done)]);
    world.ok(map("wa", None, "other"));
    assert_eq!(works(&world)[0], (22, StepState::Open));
}

#[test]
fn a_credential_that_may_be_known_is_rotated_or_revoked() {
    for (about, command, state) in [
        ("renamed", rename("shop-a", "Other"), StepState::Open),
        ("disabled", disable("shop-a"), StepState::Open),
        ("rotated", rotate("shop-a", &[("value", "new")]), StepState::Done),
        ("revoked", revoke("shop-a"), StepState::Done),
    ] {
        let mut world = house();
        world.ok(open(suspects(|it| it.credentials.push("shop-a".to_owned()))));
        assert_eq!(world.shown(), ["rotate:shop-a open", "tell:sue open"]);
        world.now += 1;
        world.ok(command);
        assert_eq!(world.steps()[0].state, state, "{about}");
    }
    // Back to what was known is open again.
    let mut world = house();
    world.ok(open(suspects(|it| it.credentials.push("shop-a".to_owned()))));
    world.now += 1;
    world.ok(rotate("shop-a", &[("value", "new")]));
    world.ok(rollback("shop-a", 1));
    assert_eq!(world.steps()[0].state, StepState::Open);
}

#[test]
fn an_incident_is_opened_widened_and_closed_once() {
    let mut world = house();
    world.reason = None;
    world.refused(open(SuspectRefs::default()), "reason_required");
    world.reason = Some("an incident".to_owned());
    world.refused(
        open(suspects(|it| it.principals.push("mallroy".to_owned()))),
        "not_found",
    );
    world.refused(open(suspects(|it| it.tokens.push(TokenId([3; 16])))), "not_found");
    world.refused(open(suspects(|it| it.sources.push("a laptop".to_owned()))), "invalid");
    world.event(open(SuspectRefs::default()), "incident.opened");
    world.refused(open(SuspectRefs::default()), "name_taken");
    let widen = |since, suspects| Command::WidenIncident {
        incident: "leak".to_owned(),
        since,
        suspects,
    };
    world.unchanged(widen(None, SuspectRefs::default()));
    world.unchanged(widen(Some(NOW + HOUR), SuspectRefs::default()));
    world.refused(widen(Some(NOW + HOUR + 1), SuspectRefs::default()), "invalid");
    let more = || suspects(|it| it.credentials.push("shop-a".to_owned()));
    world.event(widen(Some(NOW), more()), "incident.widened");
    world.unchanged(widen(None, more()));
    assert_eq!(world.incident().since, NOW);
    world.event(close(), "incident.closed");
    for command in [close(), widen(None, more()), skip("rotate:x")] {
        world.refused(command, "not_active");
    }
    // Who may not administer has no incidents; a freeze of everything does not hold them up.
    world.become_("sue");
    world.refused(close(), "denied");
    world.become_("root");
    world.ok(Command::Freeze {
        scope: Scope {
            all: true,
            ..Scope::default()
        },
        stops: strongroom_domain::words::Stop::ALL.to_vec(),
    });
    world.event(
        Command::OpenIncident {
            name: "Another".to_owned(),
            handle: None,
            since: NOW,
            suspects: more(),
        },
        "incident.opened",
    );
    let is_freeze = |event: &Event| matches!(event, Event::Frozen(_));
    assert!(world.log.iter().any(|it| is_freeze(&it.event)));
    world.check();
}

#[test]
fn what_a_suspect_made_acts_for_the_suspect() {
    let mut world = house();
    world.become_("mallory");
    world.ok(person("helper"));
    let full = Scope {
        all: true,
        ..Scope::default()
    };
    world.ok(grant("helper", Role::Editor, full, Effect::Allow));
    world.ok(token("helper", 9));
    world.ok(token("sue", 10));
    let of_sue = world.state.principals[&world.principal("sue")].tokens[0].id;
    world.become_("helper");
    let helped = world.log.len() as u64;
    world.ok(rename("shop-b", "By the helper"));
    world.become_("sue");
    world.caller.token = Some(of_sue);
    world.ok(rename("shop-b", "By another's name"));
    world.caller.token = None;
    world.ok(rename("shop-b", "By herself"));
    world.become_("root");
    world.work = 30;
    world.ok(open(suspects(|it| it.principals.push("mallory".to_owned()))));
    let mut watched = Watched::of(world.incident());
    world.log.iter().for_each(|it| watched.note_made(it));
    let acts = world
        .log
        .iter()
        .filter(|it| watched.holds(it) && watched.acted(it) && !watched.answers(it));
    let acts: Vec<u64> = acts.map(|it| it.position).filter(|it| *it >= helped).collect();
    assert_eq!(acts, [helped, helped + 1]);
}

#[test]
fn a_serving_of_before_belongs_to_it_as_long_as_its_window_reaches_into_it() {
    let since = NOW + HOUR;
    for (until, holds) in [(None, false), (Some(since), false), (Some(since + 1), true)] {
        let mut world = house();
        world.now = since - 1;
        let credential = world.credential("shop-a");
        let served = strongroom_domain::event::Served {
            variable: "SHOP".to_owned(),
            credential: credential.id,
            version: 1,
        };
        world.ok(map("wa", None, "shop-a"));
        world.ok(Command::RecordAccess {
            workspace: "wa".to_owned(),
            template: "sync".to_owned(),
            instance: None,
            expected: vec![served],
            window_until: until,
        });
        let at = world.log.len() - 1;
        world.now = since + 1;
        world.work = 30;
        world.ok(open(suspects(|it| it.principals.push("root".to_owned()))));
        let watched = Watched::of(world.incident());
        assert_eq!(watched.holds(&world.log[at]), holds, "{until:?}");
    }
}

#[test]
fn nothing_is_hidden_by_being_tied_to_the_incident() {
    let mut world = house();
    world.work = 30;
    world.ok(open(suspects(|it| it.principals.push("mallory".to_owned()))));
    world.become_("mallory");
    world.ok(rotate("shop-a", &[("value", "of mallory")]));
    world.ok(token("sue", 8));
    let facts = world.facts();
    assert_eq!((facts.acts, facts.known.len(), facts.tokens.len()), (2, 1, 1));
    let mut watched = Watched::of(world.incident());
    world.log.iter().for_each(|it| watched.note_made(it));
    assert_eq!(watched.made_for().collect::<Vec<_>>(), [world.principal("sue")]);
}
