//! What auditors ask beside lists, against a naive fold over the plain list of events, while others go on writing.

use crate::audit::{CLIENTS, Dice, WORKSPACES, World};
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::collections::{BTreeMap, BTreeSet};
use strongroom_domain::secret::SecretText;
use strongroom_ledger::instant::Instant;
use strongroom_ledger::{Clock as _, EventView, FilterKey, Leak, RequestContext, ResolveRequest, RevealRequest, Way};

/// A ledger with a history, with some who looked at values.
async fn world() -> (World, Dice) {
    let world = World::new().await;
    let mut dice = Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for number in 0..700 {
        act(&world, &mut dice).await;
        if number % 20 == 0 {
            reveal(&world, &mut dice).await;
        }
    }
    (world, dice)
}

async fn act(world: &World, dice: &mut Dice) {
    world.act(dice).await;
    // Windows end, so that most servings are records.
    let now = world.house.clock.now_us();
    world.house.clock.set_us(now + 120_000_000).unwrap();
}

async fn reveal(world: &World, dice: &mut Dice) {
    let context = RequestContext {
        reason: Some("to see".to_owned()),
        ..RequestContext::of(world.caller("dev"))
    };
    let request = RevealRequest {
        credential: world.credentials[dice.below(world.credentials.len())].clone(),
        ..RevealRequest::default()
    };
    world.ledger.reveal(context, request).await.unwrap();
}

/// What was given out by an event: credential and version, and whether a person saw it.
fn given(event: &EventView) -> Vec<(String, u64, bool)> {
    let one = |it: &serde_json::Value, seen| {
        let credential = it["credential"].as_str().unwrap().to_owned();
        (credential, it["version"].as_u64().unwrap(), seen)
    };
    match event.type_name {
        "access.accessed" => event.data["served"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| one(it, false))
            .collect(),
        "access.revealed" => vec![one(&event.data, true)],
        _ => Vec::new(),
    }
}

fn is_about(event: &EventView, id: &str) -> bool {
    event.subjects.iter().any(|it| it.id == id)
}

fn id_of(world: &World, handle: &str) -> String {
    let view = world.ledger.view();
    view.state.names.credential_handles.get(handle).unwrap().to_string()
}

#[tokio::test]
async fn what_somebody_came_by_is_what_the_list_says() {
    let (world, mut dice) = world().await;
    for round in 0..12 {
        let plain = world.all("mia", "", false, 500);
        let state = world.ledger.view().state;
        let dev = state.principals.values().find(|it| it.handle == "dev").unwrap();
        let token = dev.tokens[0].id.to_string();
        let credential = id_of(&world, &world.credentials[dice.below(world.credentials.len())]);
        let (key, word): (_, &str) = match round % 4 {
            0 => (FilterKey::Credential, &credential),
            1 => (FilterKey::Actor, "dev"),
            2 => (FilterKey::Actor, "ben"),
            _ => (FilterKey::Token, &token),
        };
        let asked = |event: &&EventView| match key {
            FilterKey::Credential => is_about(event, &credential),
            FilterKey::Token => event.token.as_deref() == Some(&token),
            _ => event.actor_handle.as_deref() == Some(word),
        };
        let mut expected: BTreeMap<(String, u64), (u64, u64, u64, bool)> = BTreeMap::new();
        for event in plain.iter().filter(asked) {
            for (credential, version, seen) in given(event) {
                let at = event.recorded_at;
                let entry = expected.entry((credential, version)).or_insert((at, at, 0, false));
                *entry = (entry.0.min(at), entry.1.max(at), entry.2 + 1, entry.3 | seen);
            }
        }
        let (found, complete) = world.ledger.came_by(&world.caller("mia"), key, word).unwrap();
        assert!(complete);
        let found: BTreeMap<_, _> = found
            .iter()
            .map(|it| {
                let told = (it.first_at, it.last_at, it.records, it.revealed);
                ((it.credential.to_string(), u64::from(it.version)), told)
            })
            .collect();
        assert_eq!(found, expected, "round {round}: {word}");
        // A viewer of one client is served nothing.
        assert_eq!(found.is_empty(), word == "ben", "round {round}: {word}");
        for _ in 0..20 {
            act(&world, &mut dice).await;
        }
    }
    world.ledger.stop().unwrap();
}

/// Who was given a credential, on which way, in which version.
type UsedBy = (String, Option<(String, String)>, u64);

#[tokio::test]
async fn who_used_a_credential_is_what_the_list_says() {
    let (world, mut dice) = world().await;
    for handle in &world.credentials {
        let plain = world.all("mia", "", false, 500);
        let id = id_of(&world, handle);
        let mut expected: BTreeMap<UsedBy, (u64, u64, u64)> = BTreeMap::new();
        let mut windows = BTreeMap::new();
        for event in &plain {
            for (credential, version, seen) in given(event) {
                if credential != id {
                    continue;
                }
                let named = |name: &str| event.data[name].as_str().unwrap().to_owned();
                let way = (!seen).then(|| (named("workspace"), named("template")));
                let key = (event.actor.clone(), way, version);
                windows.insert(event.position, key.clone());
                let at = event.recorded_at;
                let entry = expected.entry(key).or_insert((at, at, 0));
                *entry = (entry.0.min(at), entry.1.max(at), entry.2 + 1);
            }
        }
        for event in plain.iter().filter(|it| it.type_name == "access.counted") {
            for window in event.data["windows"].as_array().unwrap() {
                let opened = window["access"].as_u64().unwrap();
                if let Some(entry) = windows.get(&opened).and_then(|key| expected.get_mut(key)) {
                    entry.2 += window["count"].as_u64().unwrap();
                }
            }
        }
        let credential = *world
            .ledger
            .view()
            .state
            .names
            .credential_handles
            .get(handle.as_str())
            .unwrap();
        let uses = world.ledger.uses(credential).unwrap();
        assert!(uses.complete);
        let found: BTreeMap<_, _> = uses
            .uses
            .iter()
            .map(|it| {
                let way = match it.way {
                    Way::Resolved { workspace, template } => Some((workspace.to_string(), template.to_string())),
                    Way::Revealed => None,
                };
                let told = (it.first_at, it.last_at, it.times);
                ((it.principal.to_string(), way, u64::from(it.version)), told)
            })
            .collect();
        assert_eq!(found, expected, "{handle}");
        act(&world, &mut dice).await;
    }
    world.ledger.stop().unwrap();
}

#[tokio::test]
async fn a_value_is_held_by_exactly_who_was_given_it() {
    let (world, mut dice) = world().await;
    let values = world.values.borrow().clone();
    assert!(values.len() > 40, "{} values", values.len());
    let mut asked: Vec<String> = (0..60).map(|_| values[dice.below(values.len())].2.clone()).collect();
    asked.extend(["never-entered-0123456789abcdef".to_owned(), "short".to_owned()]);
    let context = RequestContext {
        reason: Some("a paste site".to_owned()),
        ..RequestContext::of(world.caller("mia"))
    };
    let before = world.ledger.view().head;
    let texts = asked.iter().cloned().map(SecretText::new).collect();
    let found = world.ledger.leak_search(context, texts).await.unwrap();
    assert!(found.position >= before);
    for (value, told) in asked.iter().zip(&found.results) {
        let held: BTreeSet<_> = values
            .iter()
            .filter(|(_, _, held)| held == value)
            .map(|(handle, version, _)| (id_of(&world, handle), *version))
            .collect();
        match told {
            Leak::NotSearchable => assert_eq!(value, "short"),
            Leak::NotHeld => assert!(held.is_empty() && value != "short", "{value}"),
            Leak::Held { by, hidden } => {
                let by: BTreeSet<_> = by.iter().map(|(id, version)| (id.to_string(), *version)).collect();
                assert_eq!((by, *hidden), (held, 0), "{value}");
            }
        }
    }
    world.ledger.stop().unwrap();
}

#[tokio::test]
async fn why_is_told_by_the_grants_of_that_moment() {
    let (world, mut dice) = world().await;
    let caller = world.caller("mia");
    let head = world.ledger.view().head as usize;
    let mut by_grant = 0;
    for _ in 0..40 {
        let position = dice.below(head - 40) as u64 + 40;
        let told = world.ledger.explain(&caller, position).unwrap();
        let then = world.ledger.replay(position, &mut |_| {}).unwrap();
        let event = world.ledger.event(&caller, position).unwrap();
        assert_eq!(
            (told.event.position, told.actor.to_string()),
            (position, event.actor.clone())
        );
        let in_force: BTreeSet<String> = told.in_force.iter().map(|it| it.granted.grant.to_string()).collect();
        let principal = then.principals.get(&told.actor);
        let counted = |it: &&strongroom_domain::state::GrantFact| {
            it.withdrawn_at.is_none()
                && it.granted.from <= event.recorded_at
                && it.granted.until.is_none_or(|end| end > event.recorded_at)
        };
        let expected: BTreeSet<String> = principal
            .iter()
            .flat_map(|it| it.grants.iter().filter(counted).map(|it| it.granted.grant.to_string()))
            .collect();
        assert_eq!(in_force, expected, "at {position}");
        let chain: Vec<String> = told.chain.iter().map(|(_, it)| it.granted.grant.to_string()).collect();
        assert_eq!(chain.first(), event.grant.as_ref(), "at {position}");
        // From one to the next, to one that nobody gave by a grant.
        for pair in told.chain.windows(2) {
            assert_eq!(pair[0].1.by_grant, Some(pair[1].1.granted.grant));
        }
        if let Some((_, last)) = told.chain.last() {
            assert_eq!(last.by_grant, None);
            assert!(event.grant.is_none_or(|grant| in_force.contains(&grant)));
            by_grant += 1;
        }
    }
    assert!(by_grant > 5, "only {by_grant} were by a grant");
    world.ledger.stop().unwrap();
}

/// What the list says that a workspace's variable stood for, and in which version, just after a position.
fn stood_for(plain: &[EventView], workspace: &str, variable: &str, position: u64) -> (String, u64) {
    let before = || plain.iter().take_while(|it| it.position <= position);
    let mapped = before().filter(|it| {
        it.type_name == "workspace.variable_mapped" && is_about(it, workspace) && it.data["variable"] == variable
    });
    let credential = mapped.last().unwrap().data["credential"].as_str().unwrap().to_owned();
    let rotated = before().filter(|it| it.type_name == "credential.rotated" && is_about(it, &credential));
    let version = rotated.last().map_or(1, |it| it.data["version"].as_u64().unwrap());
    (credential, version)
}

#[tokio::test]
async fn what_would_have_been_served_then_is_what_the_list_says() {
    let (world, mut dice) = world().await;
    let plain = world.all("mia", "", false, 500);
    let first = plain
        .iter()
        .rposition(|it| it.type_name == "workspace.template_admitted")
        .unwrap()
        + 3;
    let caller = world.caller("mia");
    for _ in 0..60 {
        let position = (first + dice.below(plain.len() - first)) as u64;
        let workspace = dice.one(&WORKSPACES);
        let view = world.ledger.view_as_of(&caller, Instant::Position(position)).unwrap();
        let request = ResolveRequest {
            workspace: workspace.to_owned(),
            template: "orders".to_owned(),
            ..ResolveRequest::default()
        };
        let told = world.ledger.resolve_then(&view, &caller, &request).unwrap();
        let id = view.state.names.workspace_handles.get(workspace).unwrap().to_string();
        for variable in &told.variables {
            let (credential, version) = stood_for(&plain, &id, &variable.name, position);
            let found = variable.credential.as_deref().map(|handle| id_of(&world, handle));
            let found = (found, u64::from(variable.version));
            assert_eq!(
                found,
                (Some(credential), version),
                "{workspace} {} at {position}",
                variable.name
            );
        }
        assert_eq!(told.variables.len(), 2);
    }
    world.ledger.stop().unwrap();
}

#[tokio::test]
async fn a_history_and_the_last_use_of_a_grant_are_what_the_list_says() {
    let (world, _) = world().await;
    let caller = world.caller("mia");
    let plain = world.all("mia", "", true, 500);
    for handle in &world.credentials {
        let id = id_of(&world, handle);
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = world.ledger.history(&caller, handle, 7, cursor).unwrap();
            found.extend(page.items.iter().map(|it| it.position));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<u64> = plain
            .iter()
            .filter(|it| is_about(it, &id))
            .map(|it| it.position)
            .collect();
        assert_eq!(found, expected, "{handle}");
        assert!(CLIENTS.iter().any(|client| handle.contains(client)) && expected.len() > 5);
    }
    let used: BTreeMap<String, u64> = world
        .ledger
        .grants_used(&caller)
        .unwrap()
        .into_iter()
        .map(|(grant, at)| (grant.to_string(), at))
        .collect();
    let mut expected = BTreeMap::new();
    for event in plain.iter().rev() {
        expected.extend(event.grant.clone().map(|grant| (grant, event.recorded_at)));
    }
    assert_eq!(used, expected);
    world.ledger.stop().unwrap();
}
