//! One template in many workspaces.

use crate::harness::*;
use strongroom_domain::command::Command;
use strongroom_domain::plan::{Line, Places, Setup, Step, Touched, Wish, plan};
use strongroom_domain::rejection::Rejection;
use strongroom_domain::rights::visible;
use strongroom_domain::words::{Kind, Role};

impl World {
    fn try_setup(&self, setup: Setup) -> Result<Vec<Line>, Rejection> {
        let visible = visible(&self.state, &self.caller, self.now);
        plan(&self.state, &visible, &Wish::Setup(setup), self.now).map(|plan| plan.lines)
    }

    /// Each line as `workspace: what becomes of it`; lines of admissions are left out.
    fn setup(&self, setup: Setup) -> Vec<String> {
        let lines = self.try_setup(setup).unwrap();
        lines.iter().filter_map(|line| self.told(line)).collect()
    }

    fn told(&self, line: &Line) -> Option<String> {
        let Touched::Mapping { workspace, to, .. } = &line.touched else {
            return None;
        };
        let workspace = &self.state.workspaces[workspace].handle;
        let handle = |id| self.state.credentials[id].handle.as_str();
        let outcome = match &line.step {
            Step::Do(_) => format!("map {}", to.as_ref().map(handle).unwrap()),
            Step::Kept(why) => format!("kept: {why}"),
            Step::Blocked(why) => {
                let fitting: Vec<_> = line.fitting.iter().map(handle).collect();
                format!("{} {}", why.as_str(), fitting.join(" ")).trim().to_owned()
            }
        };
        Some(format!("{workspace}: {outcome}"))
    }

    /// Does what a setup comes to, and gives the number of events.
    fn carry_out(&mut self, setup: Setup) -> usize {
        let lines = self.try_setup(setup).unwrap();
        let commands: Vec<Command> = lines
            .into_iter()
            .filter_map(|line| match line.step {
                Step::Do(command) => Some(*command),
                Step::Kept(_) | Step::Blocked(_) => None,
            })
            .collect();
        commands.into_iter().map(|command| self.ok(command).len()).sum()
    }
}

fn each() -> Setup {
    Setup {
        template: "sync".to_owned(),
        places: Places {
            each: true,
            ..Places::default()
        },
        ..Setup::default()
    }
}

fn of_clients(clients: &[&str]) -> Setup {
    Setup {
        places: Places {
            clients: clients.iter().map(|&it| it.to_owned()).collect(),
            ..Places::default()
        },
        ..each()
    }
}

#[test]
fn each_workspace_gets_the_one_credential_that_fits_and_a_repeat_does_nothing() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(key_of("Of B", "b"));
    let wanted = of_clients(&["a", "b"]);
    assert_eq!(world.setup(wanted.clone()), ["wa: map of-a", "wb: map of-b"]);
    assert_eq!(world.carry_out(wanted.clone()), 2);
    let again = ["wa: kept: it is mapped already", "wb: kept: it is mapped already"];
    assert_eq!(world.setup(wanted.clone()), again);
    assert_eq!(world.carry_out(wanted), 0);
}

#[test]
fn of_two_that_fit_none_is_chosen_and_the_clients_own_is_proposed_first() {
    let mut world = World::agency();
    world.ok(create(key("Agency")));
    world.ok(key_of("Of A", "a"));
    assert_eq!(
        world.setup(each()),
        ["w: map agency", "wa: several_fit of-a agency", "wb: map agency"]
    );
    let said = Setup {
        maps: vec![("SHOP".to_owned(), "of-a".to_owned())],
        ..of_clients(&["a"])
    };
    assert_eq!(world.setup(said), ["wa: map of-a"]);
    let left_out = Setup {
        skip_incomplete: true,
        ..each()
    };
    let lines = world.setup(left_out);
    assert!(lines[1].starts_with("wa: kept: several credentials fit"), "{lines:?}");
}

#[test]
fn a_default_is_enough_and_what_no_longer_fits_is_replaced() {
    let mut world = World::agency();
    world.ok(create(key("One")));
    world.ok(default(Some("wa"), Kind::ApiKey, "one"));
    world.ok(map("wb", None, "one"));
    world.ok(default(None, Kind::ApiKey, "one"));
    world.ok(create(key("Two")));
    world.ok(map("w", None, "two"));
    let lines = world.setup(each());
    assert_eq!(
        lines,
        [
            "w: kept: it is mapped already",
            "wa: kept: the workspace's default stands behind it",
            "wb: kept: it is mapped already"
        ]
    );
    world.ok(revoke("one"));
    let lines = world.setup(each());
    assert_eq!(lines[1..], ["wa: map two", "wb: map two"]);
}

#[test]
fn nothing_is_planned_where_the_asker_may_not_map_nor_with_what_he_may_not_use() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(key_of("Of B", "b"));
    world.person("mia", Role::Member, &["wa"]);
    world.person("vic", Role::Viewer, &[]);
    world.become_("mia");
    assert_eq!(world.setup(each()), ["wa: map of-a"]);
    let elsewhere = world.try_setup(of_clients(&["b"])).unwrap_err();
    assert_eq!(elsewhere.kind(), "not_found");
    world.become_("vic");
    assert_eq!(world.try_setup(each()).unwrap_err().kind(), "invalid");
}

#[test]
fn what_is_named_wrongly_is_said() {
    let world = World::agency();
    let with = |maps: &[(&str, &str)]| Setup {
        maps: maps
            .iter()
            .map(|&(variable, credential)| (variable.to_owned(), credential.to_owned()))
            .collect(),
        ..each()
    };
    let nowhere = Setup {
        places: Places::default(),
        ..each()
    };
    let late = Setup {
        revision: Some(9),
        ..each()
    };
    let cases = [
        (with(&[("SHOPP", "x")]), "not_found", "/map"),
        (with(&[("SHOP", "x")]), "not_found", "/map"),
        (nowhere, "invalid", "/workspaces"),
        (late, "invalid", "/revision"),
    ];
    for (setup, kind, pointer) in cases {
        let rejection = world.try_setup(setup).unwrap_err();
        assert_eq!((rejection.kind(), rejection.field()), (kind, Some(pointer)));
    }
}
