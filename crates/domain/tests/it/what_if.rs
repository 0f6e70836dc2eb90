//! What would break: the resolution of now and the one of then.

use crate::harness::*;
use strongroom_domain::event::Sharing;
use strongroom_domain::resolve::MissingWhy;
use strongroom_domain::rights::visible;
use strongroom_domain::what_if::{Following, Then, WhatIf, what_if};
use strongroom_domain::words::{Kind, Role};

impl World {
    fn what_if(&self, handle: &str, act: &WhatIf) -> Following {
        let visible = visible(&self.state, &self.caller, self.now);
        what_if(&self.state, &visible, self.credential(handle), act, self.now)
    }

    /// Workspace, instance, and what would be there.
    fn touched(&self, handle: &str, act: &WhatIf) -> Vec<(String, Option<String>, Then)> {
        let name = |id| self.state.workspaces[&id].handle.clone();
        let following = self.what_if(handle, act);
        assert_eq!(following.hidden, 0);
        let all = following.touched.into_iter();
        all.map(|it| (name(it.workspace), it.instance, it.then)).collect()
    }
}

#[test]
fn what_is_not_used_breaks_nothing() {
    let mut world = World::agency();
    world.ok(key_of("Shop", "a"));
    assert_eq!(world.what_if("shop", &WhatIf::Revoke), Following::default());
}

#[test]
fn each_variable_that_would_have_nothing_or_another_is_named_once() {
    let mut world = World::agency();
    world.ok(create(key("Shop")));
    world.ok(create(key("Spare")));
    for workspace in ["wa", "wb"] {
        world.ok(map(workspace, None, "shop"));
    }
    world.ok(map("wa", Some("x"), "shop"));
    world.ok(map("wb", Some("y"), "spare"));
    world.ok(default(Some("wb"), Kind::ApiKey, "spare"));
    let spare = Then::Other(world.credential("spare").id);
    let none = Then::Missing(MissingWhy::NothingFits);
    for act in [WhatIf::Disable, WhatIf::Revoke] {
        assert_eq!(
            world.touched("shop", &act),
            [
                ("wa".to_owned(), None, none),
                ("wa".to_owned(), Some("x".to_owned()), none),
                ("wb".to_owned(), None, spare)
            ]
        );
    }
    world.ok(disable("shop"));
    assert_eq!(world.touched("shop", &WhatIf::Revoke), [], "it stands nowhere by now");
}

#[test]
fn a_default_reaches_all_that_have_none_of_their_own() {
    let mut world = World::agency();
    world.ok(create(key("Shop")));
    world.ok(default(None, Kind::ApiKey, "shop"));
    world.ok(create(key("Own")));
    world.ok(map("wa", None, "own"));
    let places: Vec<String> = world
        .touched("shop", &WhatIf::Revoke)
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(places, ["wb", "w"].map(str::to_owned).to_vec());
}

#[test]
fn unsharing_is_judged_by_what_is_taken_away() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(strongroom_domain::command::Command::ShareCredential(sharing(
        "of-a",
        false,
        &["b"],
        &[],
    )));
    world.ok(map("wa", None, "of-a"));
    world.ok(map("wb", None, "of-a"));
    let taken = Sharing {
        clients: vec![world.state.names.client_handles["b"]],
        ..Sharing::default()
    };
    let places: Vec<String> = world
        .touched("of-a", &WhatIf::Unshare(taken))
        .into_iter()
        .map(|it| it.0)
        .collect();
    assert_eq!(places, ["wb"]);
    assert_eq!(
        world.what_if("of-a", &WhatIf::Unshare(Sharing::default())),
        Following::default()
    );
}

#[test]
fn what_the_asker_does_not_see_is_counted() {
    let mut world = World::agency();
    world.ok(create(key("Shop")));
    for workspace in ["wa", "wb", "w"] {
        world.ok(map(workspace, None, "shop"));
    }
    world.person("eva", Role::Member, &["wa"]);
    world.become_("eva");
    let following = world.what_if("shop", &WhatIf::Revoke);
    assert_eq!((following.touched.len(), following.hidden), (1, 2));
}
