//! Tables with one flipped bit, wherever it lies.

use super::Home;
use crate::{Space, StoreError};
use std::path::PathBuf;

/// The tables of a keyspace.
fn tables(home: &Home, space: Space) -> Vec<PathBuf> {
    let dir = home
        .layout()
        .database()
        .join(format!("keyspaces/{}/tables", space.number()));
    let mut tables: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    tables.sort();
    tables
}

/// Two tables of the log, by two clean stops.
fn stopped_twice() -> Home {
    let home = Home::new();
    for _ in 0..2 {
        let mut run = home.open().unwrap();
        run.append(300);
        run.all_checks_passed();
        run.stop();
    }
    home
}

#[test]
fn whole_tables_have_their_sums() {
    let home = stopped_twice();
    assert_eq!(tables(&home, Space::Log).len(), 2);
    let mut run = home.open().unwrap();
    run.store.check_tables().unwrap();
    // Merged while they are known: the new table has its own.
    run.append(300);
    let log = run.store.spaces().of(Space::Log);
    log.rotate_memtable_and_wait().unwrap();
    log.major_compact().unwrap();
    run.store.check_tables().unwrap();
}

#[test]
fn a_flipped_bit_is_found_in_every_part_of_a_table() {
    let home = stopped_twice();
    let whole = std::fs::read(&tables(&home, Space::Log)[0]).unwrap();
    let (mut found, mut passed_by_reading) = (0, 0);
    // Blocks of rows come first; filters and the rest stand at the end.
    let rows = (0..whole.len()).step_by(whole.len() / 25);
    for at in rows.chain((whole.len() - 4_096..whole.len()).step_by(128)) {
        let damaged = home.image();
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&tables(&damaged, Space::Log)[0], &flipped).unwrap();
        let Ok(run) = damaged.open() else { continue };
        let error = run.store.check_tables().unwrap_err();
        assert!(
            matches!(error, StoreError::Table { space: Space::Log, .. }),
            "byte {at}: {error:?}"
        );
        found += 1;
        passed_by_reading += usize::from(run.store.view().records(0..600).all(|row| row.is_ok()));
    }
    assert!(found > 30, "{found} flips passed the opening");
    assert!(passed_by_reading > 0, "a filter is not read by who reads all rows");
}
