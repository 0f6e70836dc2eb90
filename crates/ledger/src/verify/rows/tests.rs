use crate::Ledger;
use crate::VerifyError;
use crate::house::House;
use std::sync::atomic::{AtomicBool, Ordering};
use strongroom_domain::command::Command;
use strongroom_log::{Slice, Space};

fn rows(ledger: &Ledger, space: Space) -> Vec<(Slice, Slice)> {
    let rows = ledger.shared.store.view().rows_with_prefix(space, b"");
    rows.collect::<Result<_, _>>().unwrap()
}

#[track_caller]
fn check_found(ledger: &Ledger, expected: &str) {
    let error = ledger.verify(&mut |_, _| {}).unwrap_err();
    let VerifyError::Projection { projection, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*projection, expected, "{error}");
}

#[test]
fn a_row_that_is_gone_from_disk_is_found_though_memory_has_it() {
    let (house, ledger) = House::new();
    house.create_client(&ledger, "Acme");
    house
        .create_credential(&ledger, "Mail", "demo-value-one-0123456789abcdef")
        .unwrap();
    ledger.verify(&mut |_, _| {}).unwrap();
    assert!(!rows(&ledger, Space::Keys).is_empty());
    for space in [Space::State, Space::Keys] {
        for (key, value) in rows(&ledger, space) {
            let mut batch = ledger.shared.store.row_batch();
            batch.remove(space, key.clone());
            batch.write().unwrap();
            check_found(&ledger, space.name());
            let mut batch = ledger.shared.store.row_batch();
            batch.put(space, key, value);
            batch.write().unwrap();
            ledger.verify(&mut |_, _| {}).unwrap();
        }
    }
}

#[test]
fn rows_of_yesterday_put_back_under_a_running_ledger_are_found() {
    let (house, ledger) = House::new();
    house.create_client(&ledger, "Acme");
    let before = rows(&ledger, Space::State);
    let head = ledger.shared.store.row(Space::Meta, b"head").unwrap().unwrap();
    let archive = Command::ArchiveClient {
        client: "acme".to_owned(),
    };
    house.execute(&ledger, archive);
    let mut put_back = ledger.shared.store.row_batch();
    for (key, value) in before {
        put_back.put(Space::State, key, value);
    }
    put_back.write().unwrap();
    check_found(&ledger, "state");
    // With the head row of the same commit they fit together, and not the log.
    let mut put_back = ledger.shared.store.row_batch();
    put_back.put(Space::Meta, b"head".as_slice(), head);
    put_back.write().unwrap();
    check_found(&ledger, "state");
}

#[test]
fn a_ledger_that_is_written_to_all_the_while_is_whole() {
    let (house, ledger) = House::new();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (house, ledger, done) = (&house, &ledger, &done);
            scope.spawn(move || {
                let mut number = 0;
                while !done.load(Ordering::Relaxed) {
                    house.create_client(ledger, &format!("Client {writer} {number}"));
                    number += 1;
                }
            });
        }
        let verified: Result<Vec<_>, _> = (0..20).map(|_| ledger.verify(&mut |_, _| {})).collect();
        done.store(true, Ordering::Relaxed);
        let verified = verified.unwrap();
        assert!(verified.is_sorted_by_key(|report| report.records));
    });
}
