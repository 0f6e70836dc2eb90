//! What a commit does, what readers see of it, and what a failure stops.

use std::time::{Duration, Instant};

use strongroom_proof::Hash;
use strongroom_proof::record::leaf_hash;
use strongroom_proof::tree::{Frontier, TileId, TreeError, verify_consistency, verify_inclusion};

use super::{Home, LIFE, record, record_of};
use crate::{ANCHOR_SYNC_AFTER, CommitError, Fault, Space, StoreError};

fn leaf(position: u64) -> Hash {
    leaf_hash(record(position).first_chunk().unwrap())
}

fn root_of(size: u64) -> Hash {
    let mut frontier = Frontier::new();
    for position in 0..size {
        frontier.append(leaf(position));
    }
    frontier.root()
}

#[test]
fn records_and_rows_of_a_commit_are_read_back() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    let before = run.store.view();
    let mut batch = run.batch();
    assert_eq!(batch.append(&mut run.frontier, record(0)), 0);
    assert_eq!(batch.append(&mut run.frontier, record(1)), 1);
    batch.put(Space::State, *b"row", *b"old");
    batch.put(Space::State, *b"row", *b"new");
    batch.put(Space::Keys, *b"gone", *b"x");
    batch.remove(Space::Keys, *b"gone");
    let ready = batch.close(&run.frontier);
    assert_eq!((ready.head().size, ready.head().root), (2, root_of(2)));
    assert_eq!(run.store.head().size, 0, "nothing is visible before the commit");
    let head = run.committer.commit(ready).unwrap();
    assert_eq!((head.size, head.root), (2, root_of(2)));

    let after = run.store.view();
    assert_eq!(*after.record(1).unwrap().unwrap(), *record(1));
    assert!(after.record(2).unwrap().is_none());
    assert_eq!(*after.row(Space::State, b"row").unwrap().unwrap(), *b"new");
    assert!(after.row(Space::Keys, b"gone").unwrap().is_none());
    assert!(before.record(0).unwrap().is_none(), "a view stands still");
    assert!(before.row(Space::State, b"row").unwrap().is_none());

    drop((before, after));
    run.committer.anchor(Instant::now()).unwrap();
    let image = home.image();
    let run = image.open().unwrap();
    assert_eq!(*run.store.row(Space::State, b"row").unwrap().unwrap(), *b"new");
    assert!(!run.store.has_row(Space::Keys, b"gone").unwrap());
}

#[test]
fn records_are_scanned_from_both_ends_and_cut_at_the_head() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(300);
    let view = run.store.view();
    let positions: Vec<u64> = view.records(250..999).map(|row| row.unwrap().0).collect();
    assert_eq!(positions, (250..300).collect::<Vec<u64>>());
    let newest: Vec<u64> = view.records(0..300).rev().take(3).map(|row| row.unwrap().0).collect();
    assert_eq!(newest, [299, 298, 297]);
    assert_eq!(view.records(7..7).count(), 0);
    #[expect(clippy::reversed_empty_ranges, reason = "a caller may ask for it")]
    let none = view.records(9..7).count();
    assert_eq!(none, 0);
}

#[test]
fn a_record_that_is_absent_below_the_head_is_an_error_in_its_place() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(10);
    let log = run.store.spaces().of(Space::Log);
    log.remove(crate::read::record_key(4)).unwrap();
    let hole = |error: StoreError| matches!(error, StoreError::Hole { position: 4 });
    let view = run.store.view();
    assert!(hole(view.record(4).unwrap_err()));
    assert!(hole(run.store.record(4).unwrap_err()));
    let rows: Vec<_> = view.records(0..10).collect();
    assert_eq!(rows.len(), 5, "nothing behind a hole is given out");
    assert!(hole(rows.into_iter().last().unwrap().unwrap_err()));
    let rows: Vec<_> = view.records(0..10).rev().collect();
    assert!(matches!(rows.last(), Some(Err(StoreError::Hole { position: 4 }))));
    log.remove(crate::read::record_key(9)).unwrap();
    let last = run.store.view().records(8..10).last().unwrap();
    assert!(matches!(last, Err(StoreError::Hole { position: 9 })));
}

#[test]
fn any_time_is_found() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    assert_eq!(run.store.view().find_time(0).unwrap(), 0);
    run.append(100);
    let view = run.store.view();
    let first = 1_700_000_000_000_000;
    let cases = [(0, 0), (first, 0), (first + 1, 1), (first + 99, 99), (first + 100, 100)];
    for (time, position) in cases {
        assert_eq!(view.find_time(time).unwrap(), position, "{time}");
    }
}

#[test]
fn the_tree_proves_what_was_committed() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    for _ in 0..7 {
        run.append(100);
    }
    let proofs = run.store.proofs();
    assert_eq!(proofs.head().root, root_of(700));
    for size in [1, 255, 256, 257, 512, 699, 700] {
        let root = proofs.root_at(size).unwrap();
        assert_eq!(root, root_of(size), "{size}");
        let proof = proofs.consistency(size, 700).unwrap();
        verify_consistency(size, 700, &proof, &root, &proofs.head().root).unwrap();
    }
    for position in [0, 255, 256, 600, 699] {
        let proof = proofs.inclusion(position, 700).unwrap();
        verify_inclusion(&leaf(position), position, 700, &proof, &proofs.head().root).unwrap();
    }
    assert!(matches!(proofs.root_at(701), Err(TreeError::Range { .. })));

    let tile = |level, index, width| proofs.tile(TileId { level, index }, width).unwrap();
    assert_eq!(tile(0, 1, 256).unwrap()[0], leaf(256));
    assert_eq!(tile(0, 2, 188).unwrap()[187], leaf(699));
    assert_eq!(tile(0, 2, 189), None);
    assert_eq!(tile(0, 3, 1), None);
    assert_eq!(tile(1, 0, 2).unwrap()[0], proofs.root_at(256).unwrap());

    run.append(100);
    assert_eq!(proofs.tile(TileId { level: 0, index: 2 }, 189).unwrap(), None);
    assert_eq!(
        proofs.root_at(700).unwrap(),
        root_of(700),
        "the head that was taken stands"
    );
    let tile = TileId { level: 0, index: 2 };
    run.store
        .spaces()
        .of(Space::Tree)
        .remove(crate::tree::tile_key(tile))
        .unwrap();
    let absent = run.store.proofs().inclusion(520, 800).unwrap_err();
    assert!(matches!(
        absent,
        TreeError::Read(StoreError::Tile { level: 0, index: 2 })
    ));
}

#[test]
fn a_failed_commit_stops_everything_and_is_never_tried_again() {
    for (fault, records) in [(Fault::NotWritten, 3), (Fault::WrittenButFailed, 5)] {
        let home = Home::new();
        let mut run = home.open().unwrap();
        run.append(3);
        let mut batch = run.batch();
        for position in 3..5 {
            batch.append(&mut run.frontier, record(position));
        }
        let next = run.store.batch(3).close(&run.store.head().edge);
        run.committer.inject(fault);
        let failed = run.committer.commit(batch.close(&run.frontier));
        assert!(matches!(failed, Err(CommitError::Engine(_))));
        assert_eq!(run.store.head().size, 3, "what may not be durable is not read");
        assert!(run.store.record(3).unwrap().is_none());
        assert!(matches!(run.committer.commit(next), Err(CommitError::Stopped)));
        let now = Instant::now();
        assert!(matches!(run.committer.anchor(now), Err(CommitError::Stopped)));
        assert!(matches!(run.committer.sync_anchor(), Err(CommitError::Stopped)));
        let image = home.image();
        assert!(matches!(run.committer.stop(b""), Err(CommitError::Stopped)));
        // The next opening says what the outcome was.
        let report = image.open().unwrap().report;
        assert_eq!((report.anchored, report.size), (3, records));
    }
}

#[test]
fn a_failed_anchor_stops_what_would_come_after_it() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.commit(2);
    run.committer.inject(Fault::Anchor);
    let now = Instant::now();
    assert!(matches!(run.committer.anchor(now), Err(CommitError::Anchor(_))));
    let batch = run.store.batch(2).close(&run.frontier);
    assert!(matches!(run.committer.commit(batch), Err(CommitError::Stopped)));
    assert_eq!(run.store.head().size, 2, "the commit before it was durable");
}

#[test]
fn the_anchor_is_due_for_a_sync_until_it_is_synced() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    assert_eq!(run.committer.sync_due(), None);
    run.commit(1);
    let now = Instant::now();
    run.committer.anchor(now).unwrap();
    assert_eq!(run.committer.sync_due(), Some(now + ANCHOR_SYNC_AFTER));
    run.commit(1);
    run.committer.anchor(now + Duration::from_millis(60)).unwrap();
    assert_eq!(run.committer.sync_due(), None, "old enough: synced with the commit");
    run.commit(1);
    run.committer.anchor(now).unwrap();
    run.committer.sync_anchor().unwrap();
    assert_eq!(run.committer.sync_due(), None);
}

#[test]
fn rows_beside_the_commits_are_read_and_survive_the_next_commit() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    let mut rows = run.store.row_batch();
    assert!(rows.is_empty());
    for number in 0..=255_u8 {
        rows.put(Space::Index, [b'e', number], [number]);
    }
    assert!(rows.is_full());
    rows.write().unwrap();
    let mut rows = run.store.row_batch();
    rows.remove(Space::Index, [b'e', 7]);
    rows.write_durably().unwrap();
    run.append(1);
    let run = home.image().open().unwrap();
    let view = run.store.view();
    let found: Vec<u8> = view
        .rows_with_prefix(Space::Index, b"e")
        .map(|row| row.unwrap().1[0])
        .collect();
    assert_eq!(found.len(), 255);
    assert!(!found.contains(&7));
    let (from, to) = (&b"e\x10"[..], &b"e\x12"[..]);
    let range: Vec<u8> = view
        .rows(Space::Index, from..=to)
        .rev()
        .map(|row| row.unwrap().1[0])
        .collect();
    assert_eq!(range, [0x12, 0x11, 0x10]);
}

#[test]
fn a_projection_is_emptied_and_loaded_in_bulk() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    let mut batch = run.batch();
    batch.append(&mut run.frontier, record(0));
    batch.put(Space::State, *b"stale", *b"x");
    run.committer.commit(batch.close(&run.frontier)).unwrap();
    run.store.empty(Space::State).unwrap();
    assert!(!run.store.has_row(Space::State, b"stale").unwrap());
    let rows = (0..1_000_u32).map(|row| (row.to_be_bytes().to_vec(), b"fresh".to_vec()));
    run.store.load(Space::State, rows).unwrap();
    run.append(1);
    // As a crash and as a second opening leave it: the journals are read again each time.
    let crashed = home.image();
    for _ in 0..2 {
        let run = crashed.open().unwrap();
        let view = run.store.view();
        assert_eq!(view.rows_with_prefix(Space::State, b"").count(), 1_000);
        assert!(view.row(Space::State, b"stale").unwrap().is_none());
    }
    assert!(run.store.disk_bytes().unwrap() > 0);
}

#[test]
fn records_of_every_size_that_the_format_allows_are_kept() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    let large = record_of(0, 48 + (64 << 10));
    let mut batch = run.batch();
    batch.append(&mut run.frontier, large.clone());
    run.committer.commit(batch.close(&run.frontier)).unwrap();
    run.committer.anchor(Instant::now()).unwrap();
    let run = home.image().open().unwrap();
    assert_eq!(*run.store.record(0).unwrap().unwrap(), *large);
}

#[test]
fn a_replaced_key_file_is_noted_at_once() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(1);
    run.committer.key_file_replaced(3, Instant::now()).unwrap();
    assert_eq!(run.committer.sync_due(), None);
    for sequence in [1, 2] {
        let older = crate::Life {
            key_file_sequence: sequence,
            ..LIFE
        };
        let error = home.image().open_as(&older).unwrap_err();
        assert_eq!(error.code(), "key_file_old");
    }
    let life = crate::Life {
        key_file_sequence: 3,
        ..LIFE
    };
    home.image().open_as(&life).unwrap();
}

#[test]
fn the_first_key_file_serves_beside_the_second_which_has_its_keys() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(1);
    run.committer.key_file_replaced(2, Instant::now()).unwrap();
    drop(run);
    let run = home.open().unwrap();
    assert_eq!(run.report.size, 1);
}
