//! Whatever the order of commits, anchors, stops and crashes: what was committed is there.

use std::time::Instant;

use proptest::prelude::*;

use super::{Home, record};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// One commit of so many records.
    Commit(u64),
    Anchor,
    SyncAnchor,
    /// A clean stop and a new start.
    Restart,
    /// `kill -9` and a new start.
    Crash,
    /// A power cut that takes what was written to the anchor since its last sync.
    PowerCut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..300_u64).prop_map(Step::Commit),
        4 => Just(Step::Anchor),
        1 => Just(Step::SyncAnchor),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
        1 => Just(Step::PowerCut),
    ];
    proptest::collection::vec(step, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_committed_is_there_after_any_crash(steps in steps()) {
        let mut home = Home::new();
        let mut run = home.open().unwrap();
        let mut size = 0;
        let mut synced = std::fs::read(home.layout().anchor()).unwrap();
        for step in steps.into_iter().chain([Step::PowerCut]) {
            match step {
                Step::Commit(count) => {
                    run.commit(count);
                    size += count;
                    continue;
                }
                Step::Anchor => {
                    run.committer.anchor(Instant::now()).unwrap();
                    if run.committer.sync_due().is_none() {
                        synced = std::fs::read(home.layout().anchor()).unwrap();
                    }
                    continue;
                }
                Step::SyncAnchor => {
                    run.committer.sync_anchor().unwrap();
                    synced = std::fs::read(home.layout().anchor()).unwrap();
                    continue;
                }
                Step::Restart => {
                    run.stop();
                }
                Step::Crash => home = home.image(),
                Step::PowerCut => {
                    let cut = home.image();
                    std::fs::write(cut.layout().anchor(), &synced).unwrap();
                    home = cut;
                }
            }
            run = home.open().unwrap();
            synced = std::fs::read(home.layout().anchor()).unwrap();
            prop_assert_eq!(run.report.size, size);
            prop_assert!(run.report.anchored <= size);
            prop_assert_eq!(run.report.tiles_rebuilt, 0);
            let records = run.store.view().records(0..size);
            let whole = records.enumerate().all(|(position, row)| *row.unwrap().1 == *record(position as u64));
            prop_assert!(whole);
            run.all_checks_passed();
        }
    }
}

#[test]
fn until_all_checks_have_passed_the_anchor_and_the_copied_journals_stay() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(300);
    let crashed = home.image();
    run.stop();
    for (home, is_copied) in [(home, false), (crashed, true)] {
        let anchor = std::fs::read(home.layout().anchor()).unwrap();
        // Refused by the ledger, twice: the second opening has the same to go by as the first.
        for _ in 0..2 {
            drop(home.check_as(&super::LIFE).unwrap());
            assert_eq!(std::fs::read(home.layout().anchor()).unwrap(), anchor);
            assert_eq!(!home.names("journals-").is_empty(), is_copied);
        }
        home.open().unwrap().all_checks_passed();
        assert_ne!(std::fs::read(home.layout().anchor()).unwrap(), anchor);
        assert_eq!(home.names("journals-").len(), 0);
    }
}
