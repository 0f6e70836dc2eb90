//! Damage: refused at opening with its name and its evidence, or nothing is lost.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use strongroom_proof::Hash;
use strongroom_proof::tree::TileId;

use super::{Home, LIFE, mac, record, record_of};
use crate::anchor::{self, SLOT_LEN};
use crate::{JournalBound, Life, OpenError, Slot, Space, Store, read, tree};

/// A crash with one journal: 400 records in four commits, all anchored.
fn crash() -> Home {
    let home = Home::new();
    let mut run = home.open().unwrap();
    for _ in 0..4 {
        run.append(100);
    }
    home.image()
}

/// A crash with two journals, neither flushed: 0 holds the records below 300, 1 the others.
fn crash_with_two_journals() -> Home {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(300);
    // fjall begins a journal only when a memtable is flushed and the journal is over 64 MB.
    let mut rows = run.store.row_batch();
    for row in 0..=255_u8 {
        rows.put(Space::Index, [row], vec![0; 256 << 10]);
    }
    rows.write().unwrap();
    let index = run.store.spaces().of(Space::Index);
    while !home.journal(1).exists() || index.sealed_memtable_count() > 0 {
        std::thread::yield_now();
    }
    run.append(100);
    run.append(100);
    home.image()
}

fn edit(path: &Path, at: u64, change: impl FnOnce(&mut [u8; 4096])) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut bytes = [0; 4096];
    file.read_exact_at(&mut bytes, at).unwrap();
    change(&mut bytes);
    file.write_all_at(&bytes, at).unwrap();
}

fn flip(path: &Path, at: u64) {
    edit(path, at, |bytes| bytes[0] ^= 0x10);
}

fn zero(path: &Path, at: u64) {
    edit(path, at, |bytes| bytes.fill(0));
}

/// Changes the database as somebody with the disk can, and leaves it as a crash would.
pub(super) fn rewrite(home: &Home, change: impl FnOnce(&Store)) {
    let lock = std::fs::File::open(home.layout().key_file()).unwrap();
    let store = Store::open_database(home.layout().database(), 1 << 20, lock.into()).unwrap();
    change(&store);
    store.database().persist(fjall::PersistMode::SyncAll).unwrap();
}

fn slot_of(home: &Home) -> Slot {
    anchor::find(&home.layout().anchor()).unwrap().unwrap().slot
}

/// The refusal has this name, and the journals as they were found lie where it says.
#[track_caller]
fn check_refused(home: &Home, code: &str) -> OpenError {
    let numbers = crate::journals::list(&home.layout().database()).unwrap();
    let found: Vec<Vec<u8>> = numbers
        .iter()
        .map(|number| std::fs::read(home.journal(*number)).unwrap())
        .collect();
    let error = home.open().unwrap_err();
    assert_eq!(error.code(), code, "{error:?}");
    let copy = error.journals().expect("the journals were copied");
    for (number, bytes) in numbers.iter().zip(&found) {
        let copied = std::fs::read(copy.join(format!("{number}.jnl"))).unwrap();
        assert!(copied == *bytes, "journal {number} is not as it was found");
    }
    assert_eq!(home.open().unwrap_err().code(), code, "refused again");
    error
}

/// Everything is there.
#[track_caller]
fn check_whole(home: &Home, size: u64) -> crate::OpenReport {
    let mut run = home.open().unwrap();
    assert_eq!(run.report.size, size);
    let view = run.store.view();
    let whole = view.records(0..size).all(|row| {
        let (position, bytes) = row.unwrap();
        *bytes == *record(position)
    });
    assert!(whole, "a record has other bytes");
    drop(view);
    run.all_checks_passed();
    assert_eq!(home.names("journals"), Vec::<std::path::PathBuf>::new());
    run.append(1);
    run.report
}

#[test]
fn a_crash_loses_nothing_and_leaves_no_copy_behind() {
    let report = check_whole(&crash(), 400);
    assert_eq!((report.anchored, report.clean, report.checked_from), (400, false, 0));
    assert!(report.journals_copied.is_some());
    let home = crash_with_two_journals();
    let journals = [(0, 0), (1, 300)].map(|(number, first_position)| JournalBound { number, first_position });
    assert_eq!(slot_of(&home).journals, journals);
    check_whole(&home, 500);
}

#[test]
fn copied_journals_stay_until_all_checks_have_passed() {
    let home = crash();
    let run = home.open().unwrap();
    let copied = run.report.journals_copied.clone().unwrap();
    drop(run);
    assert!(copied.join("0.jnl").exists());
    check_whole(&home, 400);
    assert!(!copied.exists());
}

#[test]
fn a_power_cut_behind_the_answer_and_before_the_anchors_sync_is_no_false_alarm() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(100);
    let anchor = std::fs::read(home.layout().anchor()).unwrap();
    run.append(100);
    run.append(200);
    let image = home.image();
    std::fs::write(image.layout().anchor(), anchor).unwrap();
    let report = check_whole(&image, 400);
    assert_eq!(report.anchored, 100);
}

#[test]
fn a_crash_between_commit_and_anchor_is_no_false_alarm() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(100);
    run.commit(50);
    assert_eq!(check_whole(&home.image(), 150).anchored, 100);
}

#[test]
fn a_commit_torn_by_a_power_cut_is_cut_off_and_nothing_else() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(100);
    let anchor = std::fs::read(home.layout().anchor()).unwrap();
    let end = written(&home.image().journal(0));
    let mut batch = run.batch();
    batch.append(&mut run.frontier, record_of(100, 48 + (64 << 10)));
    run.committer.commit(batch.close(&run.frontier)).unwrap();
    let torn = home.image();
    // Pages reach the disk in any order: one of the middle did not.
    zero(&torn.journal(0), end + 16_384);
    let report = check_whole(&torn.image(), 100);
    assert!(report.torn_bytes_cut > 64 << 10, "{report:?}");

    // The same where the commit was answered, as the anchor says: no power cut does that.
    run.committer.anchor(Instant::now()).unwrap();
    assert_ne!(std::fs::read(home.layout().anchor()).unwrap(), anchor);
    let damaged = home.image();
    zero(&damaged.journal(0), end + 16_384);
    let error = check_refused(&damaged, "log_shorter");
    assert!(matches!(
        error,
        OpenError::LogShorter {
            anchored: 101,
            found: 100,
            ..
        }
    ));
}

/// Bytes of a journal up to the zeros at its end.
fn written(path: &Path) -> u64 {
    let bytes = std::fs::read(path).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1
}

#[test]
fn a_byte_flipped_anywhere_in_a_journal_is_refused() {
    let crashed = crash();
    let end = written(&crashed.journal(0));
    // One byte in each part of a batch's frame at its beginning and end, then here and there.
    let offsets = (0..40).chain((end - 15)..end).chain((40..end - 15).step_by(19_973));
    for at in offsets {
        let home = crashed.image();
        flip_one(&home.journal(0), at);
        let Err(error) = home.open() else {
            // A flip in a batch's number or in a compression byte may leave every record whole.
            check_whole(&home, 400);
            continue;
        };
        let expected = [
            "log_shorter",
            "log_hole",
            "log_differs",
            "journal_damaged",
            "database_damaged",
        ];
        assert!(expected.contains(&error.code()), "byte {at}: {error:?}");
        assert!(error.journals().is_some(), "byte {at}");
    }
}

fn flip_one(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

#[test]
fn a_damaged_older_journal_is_a_hole() {
    let crashed = crash_with_two_journals();
    let home = crashed.image();
    zero(&home.journal(0), 40_960);
    let error = check_refused(&home, "log_hole");
    let OpenError::LogHole {
        position,
        anchored,
        found,
        ..
    } = error
    else {
        unreachable!()
    };
    assert!(position < 300, "{position}");
    assert_eq!((anchored, found), (500, 500));

    let home = crashed.image();
    std::fs::remove_file(home.journal(0)).unwrap();
    let error = check_refused(&home, "log_hole");
    assert!(matches!(
        error,
        OpenError::LogHole {
            position: 0,
            found: 500,
            ..
        }
    ));
}

#[test]
fn a_flipped_byte_in_an_older_journal_is_named_and_nothing_is_cut() {
    let home = crash_with_two_journals();
    let newest = written(&home.journal(1));
    flip(&home.journal(0), 40_960);
    check_refused(&home, "journal_damaged");
    assert_eq!(written(&home.journal(1)), newest, "the newest journal is whole");
}

#[test]
fn a_damaged_newest_journal_is_a_shorter_log() {
    let crashed = crash_with_two_journals();
    for damage in [
        |home: &Home| zero(&home.journal(1), 4_096),
        |home: &Home| std::fs::remove_file(home.journal(1)).unwrap(),
    ] {
        let home = crashed.image();
        damage(&home);
        let error = check_refused(&home, "log_shorter");
        let OpenError::LogShorter { anchored, found, .. } = error else {
            unreachable!()
        };
        assert!(anchored == 500 && found < 500, "{found} of {anchored}");
    }
}

#[test]
fn records_that_were_changed_in_place_are_refused() {
    type Damage = fn(&Store);
    let cases: [(&str, Damage); 5] = [
        ("log_shorter", |store| {
            for position in 390..400 {
                remove(store, position);
            }
        }),
        ("log_hole", |store| remove(store, 200)),
        ("log_hole", |store| {
            let mut bytes = record(200);
            *bytes.last_mut().unwrap() ^= 1; // the header is the old one, its digest is not
            put(store, 200, &bytes);
        }),
        ("log_differs", |store| {
            put(store, 200, &record(201));
            put(store, 201, &record(200));
        }),
        ("log_differs", |store| put(store, 200, &record_of(200, 176))),
    ];
    let crashed = crash();
    for (number, (code, damage)) in cases.into_iter().enumerate() {
        let home = crashed.image();
        rewrite(&home, damage);
        let error = home.open().unwrap_err();
        assert_eq!(error.code(), code, "case {number}: {error:?}");
    }
}

fn put(store: &Store, position: u64, bytes: &[u8]) {
    let log = store.spaces().of(Space::Log);
    log.insert(read::record_key(position), bytes).unwrap();
}

fn remove(store: &Store, position: u64) {
    let log = store.spaces().of(Space::Log);
    log.remove(read::record_key(position)).unwrap();
}

#[test]
fn tiles_are_made_again_from_the_records() {
    let key = tree::tile_key(TileId { level: 0, index: 0 });
    let changes: [fn(&Store, [u8; 9]); 3] = [
        |store, key| store.spaces().of(Space::Tree).remove(key).unwrap(),
        |store, key| store.spaces().of(Space::Tree).insert(key, [7; 8_192]).unwrap(),
        |store, key| store.spaces().of(Space::Tree).insert(key, [7; 100]).unwrap(),
    ];
    let crashed = crash();
    let stopped = Home::new();
    let mut run = stopped.open().unwrap();
    run.append(400);
    run.stop();
    for change in changes {
        // Where the records are read anyway, and where only the anchor's root says so.
        for home in [crashed.image(), stopped.image()] {
            rewrite(&home, |store| change(store, key));
            let run = home.open().unwrap();
            assert_eq!((run.report.tiles_rebuilt, run.report.checked_from), (1, 0));
            let proofs = run.store.proofs();
            assert_eq!(proofs.root_at(400).unwrap(), proofs.head().root);
            drop((run, proofs));
            assert_eq!(home.open().unwrap().report.tiles_rebuilt, 0);
        }
    }
}

#[test]
fn without_a_valid_slot_nothing_is_opened_and_with_one_all_is_checked() {
    let home = crash();
    let path = home.layout().anchor();
    let in_use = slot_of(&home).size;
    assert_eq!(in_use, 400);
    let bytes = std::fs::read(&path).unwrap();
    let newest = bytes
        .chunks(SLOT_LEN)
        .position(|bytes| Slot::parse(bytes).is_ok_and(|slot| slot.size == 400))
        .unwrap() as u64;
    flip(&path, newest * SLOT_LEN as u64);
    assert!(slot_of(&home).size < 400, "the older slot stands");
    check_whole(&home.image(), 400);
    flip(&path, (1 - newest) * SLOT_LEN as u64);
    let error = home.open().unwrap_err();
    assert!(matches!(error, OpenError::AnchorMissing { ref slots, .. } if slots.len() == 2));
    std::fs::write(&path, b"").unwrap();
    assert_eq!(home.open().unwrap_err().code(), "anchor_missing");
}

#[test]
fn a_slot_written_without_the_key_is_refused_and_the_other_one_not_taken() {
    let home = crash();
    let path = home.layout().anchor();
    let forged = Slot {
        sequence: 1_000_000,
        size: 300,
        ..slot_of(&home)
    };
    let wrong: crate::AnchorMac = std::sync::Arc::new(|_| [0; 32]);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&forged.to_bytes(&wrong), 0).unwrap();
    let error = home.open().unwrap_err();
    assert!(matches!(error, OpenError::AnchorForged { size: 300 }));
    assert_eq!(home.names("journals"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn an_anchor_that_claims_another_root_or_ledger_is_refused() {
    let crashed = crash();
    let rewritten = |change: fn(&mut Slot)| {
        let home = crashed.image();
        let mut slot = slot_of(&home);
        change(&mut slot);
        slot.sequence += 1;
        anchor::create(&home.layout().anchor(), &slot, &mac()).unwrap();
        home.open().unwrap_err()
    };
    assert_eq!(rewritten(|slot| slot.root = Hash([0; 32])).code(), "log_differs");
    assert_eq!(rewritten(|slot| slot.size = 399).code(), "log_differs");
    assert_eq!(rewritten(|slot| slot.size = 401).code(), "log_shorter");
    assert_eq!(rewritten(|slot| slot.ledger_id = [0; 16]).code(), "ledger_mixed");
    assert_eq!(rewritten(|slot| slot.incarnation = [0; 8]).code(), "ledger_mixed");
    assert_eq!(rewritten(|slot| slot.key_file_sequence = 3).code(), "key_file_old");
}

#[test]
fn an_older_anchor_put_back_hides_no_damage() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(100);
    run.stop();
    let clean = std::fs::read(home.layout().anchor()).unwrap();
    let mut run = home.open().unwrap();
    run.append(300);
    let image = home.image();
    std::fs::write(image.layout().anchor(), &clean).unwrap();
    assert_eq!(
        image.open().unwrap_err().code(),
        "log_differs",
        "nothing stands behind a clean stop"
    );
    rewrite(&image, |store| remove(store, 250));
    assert_eq!(image.open().unwrap_err().code(), "log_differs");

    // One of a run is not told from what a crash leaves: the log may be longer, not damaged.
    let unclean = std::fs::read(home.layout().anchor()).unwrap();
    run.append(100);
    let image = home.image();
    std::fs::write(image.layout().anchor(), &unclean).unwrap();
    check_whole(&image.image(), 500);
    rewrite(&image, |store| remove(store, 450));
    assert_eq!(image.open().unwrap_err().code(), "log_hole");

    let life = Life {
        key_file_sequence: 2,
        ..LIFE
    };
    run.committer.key_file_replaced(2, Instant::now()).unwrap();
    let image = home.image();
    std::fs::write(image.layout().anchor(), &unclean).unwrap();
    assert_eq!(
        image.open_as(&life).unwrap().report.size,
        500,
        "newer key files are normal"
    );
}

#[test]
fn a_record_put_behind_a_clean_stop_is_refused() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(400);
    run.stop();
    for copied in [7, 399] {
        let image = home.image();
        // An old record is as well formed as a new one.
        rewrite(&image, |store| put(store, 400, &record(copied)));
        let error = image.open().unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::LogDiffers {
                    anchored: 400,
                    found: 401,
                    journals: None
                }
            ),
            "{error:?}"
        );
        assert_eq!(image.open().unwrap_err().code(), "log_differs", "refused again");
    }
    check_whole(&home, 400);
}

#[test]
fn a_clean_stop_needs_no_journal() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(400);
    run.committer.stop(b"a signed note\n").unwrap();
    drop(run.store);
    assert_eq!(slot_of(&home).checkpoint, b"a signed note\n");
    let report = home.image().open().unwrap().report;
    assert!(report.clean);
    assert_eq!(report.checked_from, 256, "what is in no full tile");
    assert_eq!(report.journals_copied, None);
    assert_eq!(report.checkpoint, b"a signed note\n");
    let without = home.image();
    std::fs::remove_file(without.journal(0)).unwrap();
    check_whole(&without, 400);
    let mut run = without.open().unwrap();
    assert_eq!((run.report.clean, run.report.size), (false, 401));
    run.append(1);
    check_whole(&without.image(), 402);
    drop(run);
    let zeroed = home.image();
    zero(&zeroed.journal(0), 40_960);
    check_whole(&zeroed, 400);
}

#[test]
fn a_crash_right_behind_a_clean_start_is_an_unclean_stop() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(400);
    run.stop();
    let mut run = home.open().unwrap();
    assert!(!slot_of(&home).clean, "before anything can be committed");
    assert_eq!(slot_of(&home).checkpoint, b"");
    run.commit(10);
    let image = home.image();
    let report = check_whole(&image.image(), 410);
    assert_eq!((report.clean, report.anchored, report.checked_from), (false, 400, 256));
    rewrite(&image, |store| remove(store, 405));
    assert_eq!(image.open().unwrap_err().code(), "log_hole");
}

#[test]
fn files_that_fjall_would_make_anew_are_missed_before_it_opens() {
    let stopped = Home::new();
    let mut run = stopped.open().unwrap();
    run.append(400);
    run.stop();
    let damages: [fn(&Path); 4] = [
        |database| std::fs::remove_file(database.join("version")).unwrap(),
        |database| std::fs::remove_file(database.join("keyspaces/1/current")).unwrap(),
        |database| std::fs::remove_dir_all(database.join("keyspaces/5")).unwrap(),
        |database| std::fs::remove_dir_all(database.join("keyspaces/0")).unwrap(),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let home = stopped.image();
        let database = home.layout().database();
        damage(&database);
        let error = home.open().unwrap_err();
        assert_eq!(error.code(), "database_damaged", "case {number}");
        let tables = database.join("keyspaces/2/tables");
        assert!(tables.exists(), "case {number}: nothing was taken away");
    }
}

#[test]
fn a_damaged_table_is_never_served_as_whole() {
    let stopped = Home::new();
    let mut run = stopped.open().unwrap();
    run.append(400);
    run.stop();
    let tables = |home: &Home| {
        let dir = home.layout().database().join("keyspaces/1/tables");
        let mut paths: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths
    };
    let len = std::fs::metadata(&tables(&stopped)[0]).unwrap().len();
    for at in (0..len - 4_096).step_by(17_011) {
        let home = stopped.image();
        flip(&tables(&home)[0], at);
        let Ok(run) = home.open() else { continue };
        let view = run.store.view();
        let whole = view
            .records(0..400)
            .all(|row| row.is_ok_and(|(position, bytes)| *bytes == *record(position)));
        let read = view.records(0..400).all(|row| row.is_ok());
        assert!(whole || !read, "byte {at} of a table was served as if whole");
    }
}

#[test]
fn a_flipped_byte_in_a_list_of_tables_is_refused_before_fjall_believes_it() {
    let home = Home::new();
    let mut run = home.open().unwrap();
    run.append(300);
    run.stop();
    let keyspace = home.layout().database().join("keyspaces/1");
    let names = std::fs::read_dir(&keyspace)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let newest = names
        .filter(|name| name.to_str().unwrap().starts_with('v'))
        .max()
        .unwrap();
    for name in [newest.to_str().unwrap(), "current"] {
        let len = std::fs::metadata(keyspace.join(name)).unwrap().len();
        for at in (0..len).step_by(7).chain([len - 1]) {
            let home = home.image();
            flip_one(&home.layout().database().join("keyspaces/1").join(name), at);
            assert_eq!(
                home.open().unwrap_err().code(),
                "database_damaged",
                "byte {at} of {name}"
            );
            let tables = home.layout().database().join("keyspaces/1/tables");
            assert!(std::fs::read_dir(tables).unwrap().count() > 0, "no table was deleted");
        }
    }
}
