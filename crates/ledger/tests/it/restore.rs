//! Random histories put back to random points: what the scope has then is what it had.

use crate::audit::{CLIENTS, Dice, WORKSPACES, World};
use proptest::test_runner::{RngAlgorithm, TestRng};
use strongroom_domain::State;
use strongroom_domain::ids::ClientId;
use strongroom_domain::plan::RestoreScope;
use strongroom_domain::state::Credential;
use strongroom_ledger::instant::Instant;
use strongroom_ledger::{Receipt, RequestContext};

/// What a credential is, without what tells when it became so.
fn worth(it: &Credential) -> impl PartialEq + std::fmt::Debug + use<> {
    let values = it.versions.back().unwrap().values_at;
    (
        values,
        it.name.clone(),
        it.description.clone(),
        it.reach.clone(),
        it.client,
        it.steward,
        it.status,
    )
}

/// What stands behind the variables of some workspaces.
fn stands(state: &State, of: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for installation in state.installations.values() {
        let workspace = &state.workspaces[&installation.workspace].handle;
        let mappings = installation.mappings.iter().filter(|_| of(workspace));
        lines.extend(mappings.map(|it| format!("{workspace} {} {:?} {}", it.variable, it.instance, it.credential)));
    }
    lines.sort();
    lines
}

async fn restored(world: &World, position: u64, scope: RestoreScope) -> Receipt {
    let caller = world.caller("dev");
    let context = RequestContext {
        reason: Some("an incident".to_owned()),
        ..RequestContext::of(caller)
    };
    let wish = world
        .ledger
        .restoring(&caller, Instant::Position(position), scope)
        .unwrap();
    world.ledger.execute_wish(context, wish, None).await.unwrap()
}

/// Whether a workspace's mappings lie in what is put back.
type Within = Box<dyn Fn(&str) -> bool>;

/// One piece of work, which says what it is; nothing at all where nothing differed.
fn is_one_piece(receipt: &Receipt) {
    let names: Vec<&str> = receipt.events.iter().map(|it| it.event.name()).collect();
    assert!(names.first().is_none_or(|it| *it == "ledger.restored"), "{names:?}");
    let mut correlations = receipt.events.iter().map(|it| it.envelope.correlation);
    let first = correlations.next();
    assert!(correlations.all(|it| Some(it) == first), "{names:?}");
}

#[tokio::test]
async fn what_was_put_back_is_what_it_was() {
    let world = World::new().await;
    let mut dice = Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let first = world.ledger.view().head - 1;
    let mut changed = 0;
    for round in 0..24 {
        for _ in 0..40 {
            world.act(&mut dice).await;
        }
        let before = world.ledger.view();
        let position = first + dice.below((before.head - first) as usize) as u64;
        let then = world.ledger.replay(position + 1, &mut |_| {}).unwrap();
        let client = dice.one(&CLIENTS);
        let workspace = dice.one(&WORKSPACES);
        let credential = world.credentials[dice.below(world.credentials.len())].clone();
        let id = *before.state.names.credential_handles.get(credential.as_str()).unwrap();
        let (scope, within): (_, Within) = match round % 4 {
            0 => (RestoreScope::Mappings, Box::new(|_: &str| true)),
            1 => (
                RestoreScope::Workspace(workspace.to_owned()),
                Box::new(move |it: &str| it == workspace),
            ),
            2 => (
                RestoreScope::Client(client.to_owned()),
                Box::new(move |it: &str| it.starts_with(client)),
            ),
            _ => (RestoreScope::Credential(credential), Box::new(|_: &str| false)),
        };
        let receipt = restored(&world, position, scope.clone()).await;
        let now = world.ledger.view().state;
        assert_eq!(
            stands(&now, &within),
            stands(&then, &within),
            "{scope:?} as of {position}"
        );
        let beyond = |it: &str| !within(it);
        assert_eq!(
            stands(&now, beyond),
            stands(&before.state, beyond),
            "{scope:?} as of {position}"
        );
        let of_client = now.names.client_handles.get(client).copied();
        let put_back = |it: &Credential, of: Option<ClientId>| match round % 4 {
            2 => it.client == of,
            3 => it.id == id,
            _ => false,
        };
        for one in now.credentials.values() {
            let wanted = if put_back(one, of_client) {
                &then
            } else {
                &*before.state
            };
            assert_eq!(
                worth(one),
                worth(&wanted.credentials[&one.id]),
                "{scope:?} as of {position}: {}",
                one.handle
            );
        }
        is_one_piece(&receipt);
        changed += usize::from(receipt.events.len() > 1);
        // A second time there is nothing to put back.
        assert!(restored(&world, position, scope).await.events.is_empty());
    }
    assert!(changed > 12, "only {changed} of 24 changed anything");
    world.ledger.stop().unwrap();
}

#[tokio::test]
async fn a_restore_is_taken_back_by_one_to_the_position_before_it() {
    let world = World::new().await;
    let mut dice = Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let first = world.ledger.view().head - 1;
    for _ in 0..120 {
        world.act(&mut dice).await;
    }
    for client in CLIENTS {
        let before = world.ledger.view();
        restored(&world, first, RestoreScope::Client(client.to_owned())).await;
        let between = world.ledger.view();
        assert_ne!(
            stands(&between.state, |_| true),
            stands(&before.state, |_| true),
            "{client}"
        );
        restored(&world, before.head - 1, RestoreScope::Client(client.to_owned())).await;
        let after = world.ledger.view().state;
        assert_eq!(stands(&after, |_| true), stands(&before.state, |_| true), "{client}");
        for one in after.credentials.values() {
            assert_eq!(worth(one), worth(&before.state.credentials[&one.id]), "{}", one.handle);
        }
    }
    world.ledger.stop().unwrap();
}
