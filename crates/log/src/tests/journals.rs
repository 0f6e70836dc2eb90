//! Journals of this run: begun behind an opening, filled with zeros ahead, and lost nothing by either.

use std::os::unix::fs::MetadataExt as _;

use super::damage::rewrite;
use super::{Home, record};
use crate::journals;
use crate::limits::ZEROS_AHEAD_BYTES;

fn newest(home: &Home) -> u64 {
    journals::list(&home.layout().database()).unwrap().pop().unwrap()
}

#[track_caller]
fn check_all_there(home: &Home, size: u64) {
    let run = home.open().unwrap();
    assert_eq!(run.report.size, size);
    for position in 0..size {
        assert_eq!(run.store.record(position).unwrap().unwrap().as_ref(), record(position));
    }
}

#[test]
fn each_opening_begins_a_journal_and_a_crash_in_it_loses_nothing() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(100);
    run.stop();
    let first = newest(&home);
    let mut run = home.open().unwrap();
    assert_eq!(newest(&home), first + 1);
    run.append(50);
    let crashed = home.image();
    let mut run = crashed.open().unwrap();
    assert_eq!(run.report.size, 150);
    assert!(newest(&crashed) > first + 1, "behind a crash too");
    run.append(1);
    check_all_there(&crashed.image(), 151);
}

#[test]
fn a_crash_before_fjall_has_begun_the_new_journal_loses_nothing() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(100);
    let crashed = home.image();
    rewrite(&crashed, |store| {
        journals::write_behind_a_hole(store, &crashed.journal(newest(&crashed))).unwrap();
    });
    check_all_there(&crashed, 100);
}

#[test]
fn zeros_ahead_of_the_commits_change_nothing_that_is_read() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    let journal = home.journal(newest(&home));
    let bytes_on_disk = || std::fs::metadata(&journal).unwrap().blocks() * 512;
    let mut size = 0;
    while bytes_on_disk() < ZEROS_AHEAD_BYTES {
        run.append(10);
        size += 10;
    }
    check_all_there(&home.image(), size);
}
