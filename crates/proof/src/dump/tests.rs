use super::*;
use crate::testing::{checkpoint, small_log};

fn small_dump() -> Vec<u8> {
    let records = small_log();
    let mut dump = DumpWriter::begin(Vec::new(), 0, records.len() as u64).unwrap();
    for record in &records {
        dump.record(record).unwrap();
    }
    dump.finish(&checkpoint(&records).to_string()).unwrap()
}

fn read(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, String), DumpError> {
    let mut dump = DumpReader::begin(bytes)?;
    let mut records = Vec::new();
    while let Some(record) = dump.next_record()? {
        records.push(record.to_vec());
    }
    Ok((records, dump.finish()?))
}

#[test]
fn reading_is_the_inverse_of_writing() {
    let records = small_log();
    let (read_back, note) = read(&small_dump()).unwrap();
    assert_eq!(read_back, records);
    assert_eq!(note, checkpoint(&records).to_string());
}

#[test]
fn the_bytes_are_those_of_the_format() {
    let dump = small_dump();
    assert_eq!(dump[..5], *b"SRDP\x01");
    assert_eq!(dump[5..13], [0; 8]);
    assert_eq!(dump[13..21], [0, 0, 0, 0, 0, 0, 0, 5]);
    let first = &small_log()[0];
    assert_eq!(dump[21..25], (first.len() as u32).to_be_bytes());
    assert_eq!(dump[25..25 + first.len()], first[..]);
}

#[test]
fn a_range_of_a_log_keeps_its_positions() {
    let records = small_log();
    let mut dump = DumpWriter::begin(Vec::new(), 3, 1).unwrap();
    dump.record(&records[3]).unwrap();
    let bytes = dump.finish("").unwrap();
    let dump = DumpReader::begin(bytes.as_slice()).unwrap();
    assert_eq!((dump.first(), dump.count()), (3, 1));
    assert!(
        matches!(dump.finish(), Err(DumpError::Cut { position: 3 })),
        "not read yet"
    );
}

#[test]
fn a_dump_that_is_cut_names_the_position() {
    let dump = small_dump();
    let lens: Vec<usize> = small_log().iter().map(|record| record.len() + 4).collect();
    let note_at = HEAD_LEN + lens.iter().sum::<usize>();
    for len in 0..note_at {
        let error = read(&dump[..len]).unwrap_err();
        if len < HEAD_LEN {
            assert!(matches!(error, DumpError::Magic), "{len}");
            continue;
        }
        let mut whole = HEAD_LEN;
        let complete = lens.iter().take_while(|record| {
            whole += **record;
            whole <= len
        });
        let expected = complete.count() as u64;
        assert!(
            matches!(error, DumpError::Cut { position } if position == expected),
            "{len}"
        );
    }
}

#[test]
fn what_is_no_dump_is_refused() {
    let good = small_dump();
    let with = |at: usize, bytes: &[u8]| {
        let mut dump = good.clone();
        dump[at..at + bytes.len()].copy_from_slice(bytes);
        read(&dump).unwrap_err()
    };
    assert!(matches!(with(0, b"SRLR"), DumpError::Magic));
    assert!(matches!(with(4, &[2]), DumpError::Version { found: 2 }));
    assert!(matches!(with(5, &[0xff; 16]), DumpError::Range));
    let record_len = |found: usize| with(HEAD_LEN, &(found as u32).to_be_bytes());
    for found in [0, RECORD_LEN_MIN - 1, RECORD_LEN_MAX + 1, u32::MAX as usize] {
        assert!(
            matches!(record_len(found), DumpError::RecordLen { position: 0, .. }),
            "{found}"
        );
    }
    assert!(matches!(record_len(RECORD_LEN_MAX), DumpError::Cut { position: 0 }));
    let tail = |tail: &[u8]| read(&[&good, tail].concat()).unwrap_err();
    assert!(matches!(tail(&[0xff]), DumpError::Checkpoint), "no text");
    assert!(matches!(tail(&[b'a'; NOTE_LEN_MAX]), DumpError::Checkpoint), "too long");
}

#[test]
fn a_writer_keeps_to_what_it_announced() {
    let records = small_log();
    let kind = |result: io::Result<()>| result.unwrap_err().kind();
    let mut dump = DumpWriter::begin(Vec::new(), 0, 1).unwrap();
    assert_eq!(kind(dump.record(&[])), io::ErrorKind::InvalidInput);
    assert_eq!(
        kind(dump.record(&vec![0; RECORD_LEN_MAX + 1])),
        io::ErrorKind::InvalidInput
    );
    let unfinished = DumpWriter::begin(Vec::new(), 0, 1).unwrap();
    assert_eq!(unfinished.finish("").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    dump.record(&records[0]).unwrap();
    assert_eq!(kind(dump.record(&records[1])), io::ErrorKind::InvalidInput);
    let long = "a".repeat(NOTE_LEN_MAX + 1);
    assert_eq!(dump.finish(&long).unwrap_err().kind(), io::ErrorKind::InvalidInput);
}
