//! A birth that is stopped behind each of its steps is finished at the next start, and nothing else
//! is taken for one.

use super::{Home, LIFE, mac};
use crate::{DataDir, Life, OpenError, OpenOptions, Stage, birth};

/// The birth goes on from here: the log is empty, and takes its first record.
#[track_caller]
fn check_goes_on(home: &Home, stage: Stage) {
    let dir = DataDir::lock(&home.dir).unwrap();
    assert_eq!(dir.stage(), stage);
    drop(dir);
    let mut run = home.open().unwrap();
    assert_eq!((run.report.anchored, run.report.size), (0, 0));
    run.append(1);
    run.all_checks_passed();
    drop(run);
    let run = home.open().unwrap();
    assert_eq!((run.report.anchored, run.report.size), (1, 1));
}

fn with_anchor() -> Home {
    let home = Home::new();
    birth::make_anchor(&home.layout(), &LIFE, &mac()).unwrap();
    home
}

#[test]
fn an_empty_directory_waits_for_a_key_file() {
    let home = Home::empty();
    assert!(matches!(DataDir::lock(&home.dir), Err(OpenError::NoDirectory { .. })));
    let dir = DataDir::create(&home.dir).unwrap();
    assert_eq!(dir.stage(), Stage::Empty);
    let refused = dir.open(&LIFE, mac(), &OpenOptions::default());
    assert!(matches!(refused, Err(OpenError::NoLedger { .. })));
    let dir = DataDir::create(&home.dir).unwrap();
    std::fs::write(dir.layout().key_file(), b"keys").unwrap();
    let opened = dir.open(&LIFE, mac(), &OpenOptions::default()).unwrap();
    assert!(opened.report.born);
}

#[test]
fn a_birth_stopped_behind_the_key_file_goes_on() {
    check_goes_on(&Home::new(), Stage::KeyFile);
}

#[test]
fn a_birth_stopped_while_the_anchor_was_written_goes_on() {
    let home = Home::new();
    std::fs::write(home.dir.join("anchor.new"), b"SRAN").unwrap();
    check_goes_on(&home, Stage::KeyFile);
}

#[test]
fn a_birth_stopped_behind_the_anchor_goes_on() {
    check_goes_on(&with_anchor(), Stage::Anchored);
}

#[test]
fn a_birth_stopped_while_the_database_was_made_goes_on() {
    let home = with_anchor();
    let database = home.layout().database();
    std::fs::create_dir_all(database.join("keyspaces")).unwrap();
    check_goes_on(&home, Stage::Whole);

    let home = with_anchor();
    let database = home.layout().database();
    std::fs::create_dir_all(database.join("keyspaces")).unwrap();
    std::fs::write(database.join("lock"), b"").unwrap();
    std::fs::write(database.join("0.jnl"), vec![0; 100_000]).unwrap();
    check_goes_on(&home, Stage::Whole);
}

#[test]
fn a_birth_stopped_while_the_version_marker_was_written_goes_on() {
    for marker in [&b""[..], b"FJL", &[0; 4]] {
        let home = with_anchor();
        let database = home.layout().database();
        std::fs::create_dir_all(database.join("keyspaces")).unwrap();
        std::fs::write(database.join("lock"), b"").unwrap();
        std::fs::write(database.join("0.jnl"), vec![0; 100_000]).unwrap();
        std::fs::write(database.join("version"), marker).unwrap();
        check_goes_on(&home, Stage::Whole);
    }
}

#[test]
fn a_birth_stopped_between_two_keyspaces_goes_on() {
    let home = with_anchor();
    let database = fjall::Database::builder(home.layout().database()).open().unwrap();
    for name in ["log", "tree", "index"] {
        database.keyspace(name, fjall::KeyspaceCreateOptions::default).unwrap();
    }
    drop(database);
    check_goes_on(&home, Stage::Whole);

    let home = with_anchor();
    drop(fjall::Database::builder(home.layout().database()).open().unwrap());
    std::fs::remove_dir_all(home.layout().database().join("keyspaces/0")).unwrap();
    check_goes_on(&home, Stage::Whole);
}

#[test]
fn a_birth_stopped_before_the_first_record_goes_on() {
    let home = Home::new();
    drop(home.open().unwrap());
    check_goes_on(&home, Stage::Whole);
}

#[test]
fn a_first_record_whose_anchor_was_never_synced_is_kept() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.commit(1);
    let report = home.image().open().unwrap().report;
    assert_eq!((report.anchored, report.size), (0, 1));
}

#[test]
fn a_database_in_use_that_lost_its_marker_is_no_unfinished_birth() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.commit(1);
    let image = home.image();
    std::fs::remove_file(image.layout().database().join("version")).unwrap();
    let error = image.open().unwrap_err();
    assert_eq!(error.code(), "database_damaged");
    assert!(image.journal(0).exists(), "nothing was taken away");
}

#[test]
fn what_no_birth_leaves_is_refused() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(3);

    let without_key_file = home.image();
    std::fs::remove_file(without_key_file.layout().key_file()).unwrap();
    assert_eq!(without_key_file.open().unwrap_err().code(), "key_file_missing");

    let without_anchor = home.image();
    std::fs::remove_file(without_anchor.layout().anchor()).unwrap();
    assert_eq!(without_anchor.open().unwrap_err().code(), "anchor_missing");

    let without_database = home.image();
    std::fs::remove_dir_all(without_database.layout().database()).unwrap();
    let error = without_database.open().unwrap_err();
    assert!(matches!(
        error,
        OpenError::LogShorter {
            anchored: 3,
            found: 0,
            ..
        }
    ));
    let made = without_database.layout().database().exists();
    assert!(!made, "a lost database is not made anew");
}

#[test]
fn a_finished_birth_is_never_begun_a_second_time() {
    let second = Life {
        key_file_sequence: 2,
        ..LIFE
    };
    let home = Home::new();
    let mut run = home.open_as(&second_of(&home)).unwrap();
    // The anchor that says so is not synced yet: it still has size 0.
    run.commit(1);
    let refused = |home: &Home, life: &Life| {
        let files = home.names("");
        assert_eq!(home.open_as(life).unwrap_err().code(), "log_missing");
        assert_eq!(home.names(""), files, "nothing is made");
    };
    let without_database = home.image();
    std::fs::remove_dir_all(without_database.layout().database()).unwrap();
    refused(&without_database, &second);
    // The anchor remembers, too.
    refused(&without_database, &LIFE);
    std::fs::remove_file(without_database.layout().anchor()).unwrap();
    refused(&without_database, &second);

    let emptied = home.image();
    let database = emptied.layout().database();
    std::fs::remove_dir_all(&database).unwrap();
    std::fs::create_dir_all(database.join("keyspaces")).unwrap();
    assert_eq!(emptied.open_as(&second).unwrap_err().code(), "database_damaged");

    assert_eq!(home.image().open_as(&second).unwrap().report.size, 1);
}

/// What a birth does with its key file once the database is there.
fn second_of(home: &Home) -> Life {
    let (life, opened) = (
        Life {
            key_file_sequence: 2,
            ..LIFE
        },
        home.check_as(&LIFE).unwrap(),
    );
    drop(opened.checks.all_passed(2).unwrap());
    life
}

#[test]
fn a_birth_that_is_over_and_has_no_record_yet_goes_on() {
    let home = Home::new();
    let second = second_of(&home);
    let mut run = home.open_as(&second).unwrap();
    assert_eq!((run.report.born, run.report.size), (false, 0));
    run.append(1);
    drop(run);
    assert_eq!(home.open_as(&second).unwrap().report.size, 1);
}

#[test]
fn one_process_opens_a_directory_at_a_time() {
    let home = Home::new();
    let run = home.open().unwrap();
    assert_eq!(home.open().unwrap_err().code(), "locked");
    let reader = run.store.clone();
    drop(run);
    assert_eq!(home.open().unwrap_err().code(), "locked", "a reader is left");
    drop(reader);
    home.open().unwrap();
}
