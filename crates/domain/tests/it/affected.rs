//! Whom a revision affects.

use crate::harness::*;
use strongroom_domain::affected::affected;
use strongroom_domain::rights::visible;
use strongroom_domain::words::{Effect, Role};

#[test]
fn who_lacks_something_for_a_revision_is_named_to_who_sees_it_and_counted_for_who_makes_templates() {
    let mut world = World::agency();
    world.ok(key_of("Of A", "a"));
    world.ok(map("wa", None, "of-a"));
    world.ok(create(key("Spare")));
    let optional = strongroom_domain::event::Variable {
        required: false,
        ..variable("MORE", "slack")
    };
    world.ok(revise("sync", 1, vec![variable("SHOP", "shopify"), optional]));
    let told = |world: &World| {
        let template = world.state.templates.values().next().unwrap();
        let newest = template.revisions.last().unwrap();
        let visible = visible(&world.state, &world.caller, world.now);
        let found = affected(&world.state, &visible, template, newest, world.now);
        let mut lacking: Vec<_> = found
            .lacking
            .iter()
            .map(|it| {
                let (variable, fitting) = &it.missing[0];
                let fitting: Vec<_> = fitting.iter().map(|id| &world.state.credentials[id].handle).collect();
                format!(
                    "{} {} {fitting:?}",
                    world.state.workspaces[&it.workspace].handle, variable.name
                )
            })
            .collect();
        lacking.sort();
        (lacking, found.ready, found.hidden)
    };
    let both = vec![r#"w SHOP ["spare"]"#.to_owned(), r#"wb SHOP ["spare"]"#.to_owned()];
    assert_eq!(told(&world), (both, 1, 0));
    world.person("vic", Role::Viewer, &["wb"]);
    world.person("edi", Role::Editor, &[]);
    let hole = world.scope(&["wb"]);
    world.ok(grant("edi", Role::Editor, hole, Effect::Deny));
    world.become_("vic");
    let (lacking, ready, hidden) = told(&world);
    assert_eq!(
        (lacking.len(), ready, hidden),
        (1, 0, 0),
        "how many others run it is not his to know"
    );
    world.become_("edi");
    let (lacking, ready, hidden) = told(&world);
    assert_eq!((lacking.len(), ready, hidden), (1, 1, 1));
}
