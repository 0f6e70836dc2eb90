use ed25519_dalek::{Signer, SigningKey};

use super::*;
use crate::dump::{DumpError, DumpWriter};
use crate::note::NoteError;
use crate::plain::{EpochCommitment, Kept, PlainError, PlainPart, key_change_message};
use crate::testing::{Draft, LEDGER, checkpoint, initialized, key, origin, root, sign, small_log};

fn fed(records: &[Vec<u8>]) -> Result<LogVerifier, VerifyError> {
    let mut log = LogVerifier::new();
    for record in records {
        log.push(record)?;
    }
    Ok(log)
}

#[track_caller]
fn refused(records: &[Vec<u8>], position: u64, fault: RecordFault) {
    match fed(records) {
        Err(VerifyError::Record {
            position: at,
            fault: found,
        }) => {
            assert_eq!((at, found), (position, fault));
        }
        other => panic!("expected {fault:?} at {position}, found {other:?}"),
    }
}

/// The small log with another draft behind it.
fn then(draft: &Draft) -> Vec<Vec<u8>> {
    let mut records = small_log();
    records.push(draft.build());
    records
}

/// A plain part that goes over to another key, signed by the one before, for the event of `draft`.
fn rotated(plain: &PlainPart, old: &SigningKey, new: &SigningKey, draft: &Draft) -> PlainPart {
    let new_key = new.verifying_key().to_bytes();
    let message = key_change_message(
        &plain.ledger_id,
        &plain.incarnation,
        &draft.event_id(),
        old.verifying_key().as_bytes(),
        &new_key,
    );
    let signature = Some(old.sign(&message).to_bytes());
    PlainPart {
        signing_key: new_key,
        signature,
        epochs: vec![],
        ..plain.clone()
    }
}

fn with_plain(plain: &PlainPart) -> Draft {
    Draft::ledger(2, plain)
}

/// `key_rotated` to key 2, as the record at position 5.
fn key_rotated() -> PlainPart {
    rotated(&initialized(), &key(1), &key(2), &with_plain(&initialized()))
}

/// `recovered` to key 3 and incarnation 2, as the record at position 5, linked to key 1.
fn recovered() -> PlainPart {
    let base = PlainPart {
        incarnation: [2; 8],
        origin: origin(2),
        ..initialized()
    };
    let plain = rotated(&base, &key(1), &key(3), &with_plain(&initialized()));
    let note = checkpoint(&small_log()).to_string();
    PlainPart {
        kept: Some(Kept {
            size: 5,
            checkpoint: Some(note),
        }),
        epochs: vec![EpochCommitment {
            epoch: 2,
            commitment: [8; 32],
        }],
        ..plain
    }
}

#[test]
fn a_whole_log_passes() {
    let records = small_log();
    let verified = fed(&records).unwrap().finish_with(checkpoint(&records)).unwrap();
    assert_eq!((verified.size, verified.signed_size, verified.streams), (5, Some(5), 4));
    assert_eq!(verified.root, root(&records));
    assert_eq!(verified.last_recorded_at_us, 1_700_000_000_000_000);
    assert_eq!(verified.keys.ledger_id(), &LEDGER);
    assert_eq!(verified.keys.newest().key.name, origin(1));
    assert_eq!(verified.keys.epochs().get(&1), Some(&[7; 32]));
    assert!(!verified.keys.is_dev());
}

#[test]
fn each_record_comes_with_its_leaf_and_tiles() {
    let mut log = LogVerifier::new();
    let mut edge = Frontier::new();
    let mut records = vec![Draft::ledger(1, &initialized()).build()];
    records.extend((1..300).map(|n| Draft::credential(1, n).build()));
    for (position, bytes) in records.iter().enumerate() {
        let accepted = log.push(bytes).unwrap();
        assert_eq!(accepted.position, position as u64);
        assert_eq!(accepted.leaf, leaf_hash(accepted.record.header_bytes));
        assert_eq!(accepted.tiles, edge.append(accepted.leaf));
        assert_eq!(accepted.tiles.len(), usize::from(position == 255));
    }
    assert_eq!(log.edge(), &edge);
    assert_eq!((log.size(), log.root()), (300, root(&records)));
}

#[test]
fn structure_and_digests_come_first() {
    let mut records = small_log();
    records[2][300] ^= 1;
    let part = crate::record::Part::History;
    refused(&records, 2, RecordFault::Record(RecordError::Digest { part }));
    records[2].pop();
    let error = RecordError::Len {
        expected: 348,
        found: 347,
    };
    refused(&records, 2, RecordFault::Record(error));
}

#[test]
fn a_log_begins_with_its_keys() {
    refused(&[Draft::credential(1, 1).build()], 0, RecordFault::NoPlain);
    let first = |plain: PlainPart| vec![Draft::ledger(1, &plain).build()];
    let kept = Some(Kept {
        size: 0,
        checkpoint: None,
    });
    refused(&first(PlainPart { kept, ..initialized() }), 0, RecordFault::First);
    let signature = Some([1; 64]);
    refused(
        &first(PlainPart {
            signature,
            ..initialized()
        }),
        0,
        RecordFault::First,
    );
    let no_epoch = PlainPart {
        epochs: vec![],
        ..initialized()
    };
    refused(&first(no_epoch), 0, RecordFault::EpochUnknown { found: 1 });
    let garbled = Draft {
        plain: Some(vec![0xc0]),
        ..Draft::ledger(1, &initialized())
    };
    refused(&[garbled.build()], 0, RecordFault::Plain(PlainError::Form));
    let elsewhere = Draft {
        stream_id: [1; 16],
        ..Draft::ledger(1, &initialized())
    };
    refused(&[elsewhere.build()], 0, RecordFault::Place);
    refused(
        &[Draft::ledger(2, &initialized()).build()],
        0,
        RecordFault::StreamVersion { expected: 1, found: 2 },
    );
    let dev = first(PlainPart {
        dev: true,
        ..initialized()
    });
    let verified = fed(&dev).unwrap().finish_with(checkpoint(&dev)).unwrap();
    assert!(verified.keys.is_dev());
}

#[test]
fn an_empty_log_is_no_log() {
    let error = LogVerifier::new().finish().unwrap_err();
    assert_eq!((error.position(), error.check()), (Some(0), "keys"));
}

#[test]
fn streams_have_no_gap_and_no_repetition() {
    let version = |n, expected| {
        let fault = RecordFault::StreamVersion { expected, found: n };
        refused(&then(&Draft::credential(1, n)), 5, fault);
    };
    version(1, 3);
    version(2, 3);
    version(4, 3);
    let fault = RecordFault::StreamVersion { expected: 1, found: 2 };
    refused(&then(&Draft::credential(9, 2)), 5, fault);
    // The same id in another category is another stream.
    let access = Draft {
        category: 8,
        ..Draft::credential(1, 1)
    };
    assert!(
        fed(&then(&Draft {
            random: [9; 10],
            ..access
        }))
        .is_ok()
    );
}

#[test]
fn swapped_and_missing_records_are_found() {
    let mut swapped = small_log();
    swapped.swap(1, 3);
    refused(&swapped, 1, RecordFault::StreamVersion { expected: 1, found: 2 });
    let mut missing = small_log();
    missing.remove(1);
    refused(&missing, 2, RecordFault::StreamVersion { expected: 1, found: 2 });
    // What no stream shows, the tree does.
    let mut unseen = small_log();
    unseen.swap(2, 4);
    let error = fed(&unseen).unwrap().finish_with(checkpoint(&small_log())).unwrap_err();
    assert_eq!(error.check(), "root");
}

#[test]
fn time_never_decreases() {
    let at = |recorded_at_us| Draft {
        recorded_at_us,
        ..Draft::credential(9, 1)
    };
    let before_us = 1_700_000_000_000_000;
    let found_us = before_us - 1;
    refused(&then(&at(found_us)), 5, RecordFault::Time { before_us, found_us });
    assert!(fed(&then(&at(before_us))).is_ok());
    assert!(fed(&then(&at(before_us + 1))).is_ok());
}

#[test]
fn an_event_id_stands_once() {
    let again = Draft {
        stream_id: [9; 16],
        ..Draft::credential(1, 1)
    };
    refused(&then(&again), 5, RecordFault::EventIdAgain);
    // The microseconds are not in the id.
    let later = Draft {
        recorded_at_us: again.recorded_at_us + 999,
        ..again.clone()
    };
    refused(&then(&later), 5, RecordFault::EventIdAgain);
    let next = Draft {
        recorded_at_us: again.recorded_at_us + 1_000,
        ..again
    };
    assert!(fed(&then(&next)).is_ok());
}

#[test]
fn plain_parts_and_the_ledgers_records_are_in_the_ledgers_stream() {
    let plain = Some(
        PlainPart {
            epochs: vec![],
            ..initialized()
        }
        .encode(),
    );
    let in_credential = Draft {
        plain,
        ..Draft::credential(9, 1)
    };
    refused(&then(&in_credential), 5, RecordFault::Place);
    let other_stream = Draft {
        category: 1,
        ..Draft::credential(9, 1)
    };
    refused(&then(&other_stream), 5, RecordFault::Place);
    let without_plain = Draft {
        plain: None,
        ..with_plain(&initialized())
    };
    assert!(fed(&then(&without_plain)).is_ok());
}

#[test]
fn a_key_change_is_linked_to_the_key_before() {
    let rotated = with_plain(&key_rotated());
    let verified =
        |records: &[Vec<u8>], note: SignedNote| fed(records).unwrap().finish_with(note).map(|verified| verified.keys);
    let records = then(&rotated);
    let note = |size, key: &SigningKey| sign(&origin(1), size, root(&records), key);
    let keys = verified(&records, note(6, &key(2))).unwrap();
    assert_eq!(keys.began().len(), 2);
    assert_eq!((keys.newest().position, keys.newest().linked), (5, true));
    let by_old = verified(&records, note(6, &key(1))).unwrap_err();
    assert_eq!(
        by_old.to_string(),
        "checkpoint of size 6: not signed by a key that counts for this origin and size"
    );

    let at = |plain: PlainPart| then(&with_plain(&plain));
    let error = RecordFault::Plain(PlainError::Signature);
    refused(
        &at(PlainPart {
            signature: None,
            ..key_rotated()
        }),
        5,
        error,
    );
    refused(
        &at(PlainPart {
            signature: Some([1; 64]),
            ..key_rotated()
        }),
        5,
        error,
    );
    let other_event = Draft {
        random: [3; 10],
        ..rotated
    };
    refused(&then(&other_event), 5, error);
    let unchanged = PlainPart {
        signature: Some([1; 64]),
        epochs: vec![],
        ..initialized()
    };
    refused(&at(unchanged), 5, RecordFault::Key);
    let incarnation = PlainPart {
        incarnation: [2; 8],
        origin: origin(2),
        ..key_rotated()
    };
    refused(&at(incarnation), 5, RecordFault::Incarnation);
    let renamed = PlainPart {
        origin: origin(1).replace("acme", "evil"),
        ..key_rotated()
    };
    refused(&at(renamed), 5, RecordFault::Incarnation);
}

#[test]
fn a_plain_part_of_another_ledger_is_refused() {
    let ledger_id = [0xcd; 16];
    let origin = origin(1).replace("ab", "cd");
    let other = PlainPart {
        ledger_id,
        origin,
        epochs: vec![],
        ..initialized()
    };
    refused(&then(&with_plain(&other)), 5, RecordFault::LedgerId);
}

#[test]
fn epochs_are_announced_once_and_before_use() {
    let at = |epochs: &[u32], epoch| {
        let epochs = epochs.iter().map(|epoch| EpochCommitment {
            epoch: *epoch,
            commitment: [8; 32],
        });
        let plain = PlainPart {
            epochs: epochs.collect(),
            ..initialized()
        };
        then(&Draft {
            epoch,
            ..with_plain(&plain)
        })
    };
    assert!(fed(&at(&[2, 3], 3)).is_ok(), "announced in the record itself");
    assert!(fed(&at(&[2, 3], 1)).is_ok(), "announced before");
    refused(&at(&[1], 1), 5, RecordFault::EpochAgain { found: 1 });
    refused(&at(&[2], 3), 5, RecordFault::EpochUnknown { found: 3 });
    let unknown = Draft {
        epoch: 2,
        ..Draft::credential(9, 1)
    };
    refused(&then(&unknown), 5, RecordFault::EpochUnknown { found: 2 });
}

#[test]
fn a_recovered_ledger_is_a_new_incarnation() {
    let at = |plain: PlainPart| then(&with_plain(&plain));
    let records = at(recovered());
    let note = sign(&origin(2), 6, root(&records), &key(3));
    let verified = fed(&records).unwrap().finish_with(note).unwrap();
    let newest = verified.keys.newest();
    assert_eq!((newest.incarnation, newest.position, newest.linked), ([2; 8], 5, true));

    let lost = at(PlainPart {
        signature: None,
        ..recovered()
    });
    let keys = fed(&lost).unwrap().finish().unwrap().keys;
    assert!(!keys.newest().linked, "who pinned the old key must ask a person");

    let kept = |size, checkpoint| {
        at(PlainPart {
            kept: Some(Kept { size, checkpoint }),
            ..recovered()
        })
    };
    assert!(fed(&kept(5, None)).is_ok());
    refused(&kept(4, None), 5, RecordFault::Kept { found: 4 });
    refused(&kept(6, None), 5, RecordFault::Kept { found: 6 });
    refused(
        &at(PlainPart {
            signature: Some([1; 64]),
            ..recovered()
        }),
        5,
        RecordFault::Plain(PlainError::Signature),
    );
    let same = PlainPart {
        incarnation: [1; 8],
        origin: origin(1),
        ..recovered()
    };
    refused(&at(same), 5, RecordFault::Incarnation);
    let same_key = PlainPart {
        signing_key: initialized().signing_key,
        ..recovered()
    };
    refused(&at(same_key), 5, RecordFault::Key);
}

#[test]
fn the_checkpoint_kept_is_one_of_the_log_before() {
    let at = |note: String| {
        let kept = Some(Kept {
            size: 5,
            checkpoint: Some(note),
        });
        then(&with_plain(&PlainPart { kept, ..recovered() }))
    };
    let records = small_log();
    let root = root(&records);
    assert!(fed(&at(sign(&origin(1), 5, root, &key(1)).to_string())).is_ok());
    assert!(
        fed(&at(sign(&origin(1), 9, root, &key(1)).to_string())).is_ok(),
        "what was lost"
    );
    for wrong in [
        sign(&origin(1), 5, Hash([0; 32]), &key(1)).to_string(),
        sign(&origin(1), 5, root, &key(2)).to_string(),
        sign(&origin(2), 5, root, &key(1)).to_string(),
        "note".to_owned(),
    ] {
        refused(&at(wrong), 5, RecordFault::KeptCheckpoint);
    }
}

#[test]
fn only_the_newest_incarnation_is_the_one_before() {
    let mut records = then(&with_plain(&recovered()));
    let draft = Draft::ledger(3, &initialized());
    let base = PlainPart {
        incarnation: [3; 8],
        origin: origin(3),
        ..initialized()
    };
    let plain = rotated(&base, &key(3), &key(4), &draft);
    let mut push = |note: SignedNote| {
        let kept = Some(Kept {
            size: 6,
            checkpoint: Some(note.to_string()),
        });
        records.truncate(6);
        records.push(Draft::ledger(3, &PlainPart { kept, ..plain.clone() }).build());
        fed(&records).is_ok()
    };
    let kept_root = root(&then(&with_plain(&recovered())));
    assert!(push(sign(&origin(2), 6, kept_root, &key(3))));
    assert!(!push(sign(&origin(1), 5, root(&small_log()), &key(1))));
}

#[test]
fn only_the_ids_of_the_last_millisecond_are_held() {
    let mut log = fed(&small_log()).unwrap();
    assert_eq!(log.ids.len(), 5);
    let later = Draft {
        recorded_at_us: 1_700_000_000_001_000,
        ..Draft::credential(9, 1)
    };
    log.push(&later.build()).unwrap();
    assert_eq!(log.ids.len(), 1);
}

#[test]
fn keys_count_for_their_sizes() {
    // Key 1 from 0, key 2 from 5, then incarnation 2 with key 3 from 6.
    let mut records = then(&with_plain(&key_rotated()));
    let base = Draft::ledger(3, &initialized());
    let next = PlainPart {
        incarnation: [2; 8],
        origin: origin(2),
        ..initialized()
    };
    let next = rotated(&next, &key(2), &key(3), &base);
    let kept = Some(Kept {
        size: 6,
        checkpoint: None,
    });
    records.push(Draft::ledger(3, &PlainPart { kept, ..next }).build());
    let keys = fed(&records).unwrap().finish().unwrap().keys;
    let counts = |incarnation, size, seed| {
        let note = sign(&origin(incarnation), size, Hash([0; 32]), &key(seed));
        keys.verify_note(&note).is_ok()
    };
    assert!(counts(1, 1, 1) && counts(1, 5, 1) && !counts(1, 6, 1));
    assert!(counts(1, 1, 2) && counts(1, 6, 2) && !counts(1, 7, 2));
    assert!(counts(2, 1, 3) && counts(2, 7, 3) && counts(2, 1_000, 3));
    assert!(!counts(2, 7, 2) && !counts(1, 6, 3) && !counts(3, 7, 3));
}

#[test]
fn checkpoints_are_compared_on_the_way() {
    let records = small_log();
    let expecting = |note: SignedNote| {
        let mut log = LogVerifier::new();
        log.expect_note(note)?;
        records.iter().try_for_each(|record| log.push(record).map(|_| ()))?;
        log.finish()
    };
    let root_of_3 = root(&records[..3]);
    let verified = expecting(sign(&origin(1), 3, root_of_3, &key(1))).unwrap();
    assert_eq!((verified.size, verified.signed_size), (5, Some(3)));
    let check = |note| expecting(note).unwrap_err().check();
    assert_eq!(check(sign(&origin(1), 3, Hash([0; 32]), &key(1))), "root");
    assert_eq!(check(sign(&origin(1), 4, root_of_3, &key(1))), "root");
    assert_eq!(check(sign(&origin(1), 6, root_of_3, &key(1))), "size");
    assert_eq!(check(sign(&origin(1), 3, root_of_3, &key(2))), "note");
    assert_eq!(check(sign(&origin(1), 0, root_of_3, &key(1))), "root");
    let mut forged = sign(&origin(1), 3, root_of_3, &key(1));
    forged.signature[0] ^= 1;
    assert_eq!(check(forged), "note");
}

#[test]
fn a_last_checkpoint_is_of_the_logs_size() {
    let records = small_log();
    let finish = |note| fed(&records).unwrap().finish_with(note).unwrap_err();
    let root = root(&records);
    let smaller = finish(sign(&origin(1), 4, root, &key(1)));
    assert_eq!(smaller.to_string(), "checkpoint of size 4: the log has 5 records");
    assert_eq!(finish(sign(&origin(1), 6, root, &key(1))).check(), "size");
    assert_eq!(finish(sign(&origin(1), 5, Hash([1; 32]), &key(1))).check(), "root");
    let unsigned = fed(&records).unwrap().finish().unwrap();
    assert_eq!(unsigned.signed_size, None);
}

fn dump(first: u64, records: &[Vec<u8>], note: &str) -> Vec<u8> {
    let mut dump = DumpWriter::begin(Vec::new(), first, records.len() as u64).unwrap();
    records.iter().for_each(|record| dump.record(record).unwrap());
    dump.finish(note).unwrap()
}

#[test]
fn a_dump_is_verified_as_a_whole() {
    let records = then(&with_plain(&recovered()));
    let note = sign(&origin(2), 6, root(&records), &key(3)).to_string();
    assert_eq!(verify_dump(dump(0, &records, &note).as_slice()).unwrap().size, 6);
    let later = verify_dump(dump(1, &records, &note).as_slice()).unwrap_err();
    assert!(matches!(later, VerifyError::NotWhole { first: 1 }));
    let unsigned = verify_dump(dump(0, &records, "").as_slice()).unwrap_err();
    let fault = CheckpointFault::Note(NoteError::Form);
    assert!(matches!(unsigned, VerifyError::Checkpoint { fault: found, .. } if found == fault));
    let cut = verify_dump(&dump(0, &records, &note)[..700]).unwrap_err();
    assert!(matches!(cut, VerifyError::Dump(DumpError::Cut { position: 1 })));
    assert_eq!((cut.position(), cut.check()), (Some(1), "dump"));
}

#[test]
fn each_flipped_byte_of_a_dump_is_found() {
    let records = then(&with_plain(&recovered()));
    let note = sign(&origin(2), 6, root(&records), &key(3)).to_string();
    let good = dump(0, &records, &note);
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(verify_dump(bytes.as_slice()).is_err(), "byte {at}");
    }
}

#[test]
fn records_checked_apart_are_accepted_in_order() {
    let records = small_log();
    let checked: Vec<Checked<'_>> = records.iter().map(|record| Checked::check(record).unwrap()).collect();
    let mut log = LogVerifier::new();
    for checked in checked {
        let leaf = checked.leaf();
        assert_eq!(checked.record().leaf_hash(), leaf);
        assert_eq!(log.accept(checked).unwrap().leaf, leaf);
    }
    assert!(log.finish_with(checkpoint(&records)).is_ok());
}
