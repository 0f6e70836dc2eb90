//! One slot of 4,096 bytes. `docs/format.md` has the table; all integers are big-endian.

use strongroom_proof::Hash;

use super::AnchorMac;
use crate::limits::{ANCHOR_CHECKPOINT_BYTES_MAX, ANCHOR_JOURNALS_MAX};

/// Bytes of a slot: a page, so that one write puts it down.
pub(crate) const SLOT_LEN: usize = 4_096;

const MAGIC: [u8; 4] = *b"SRAN";
const VERSION: u8 = 1;
const FLAG_CLEAN: u8 = 0x01;
const JOURNALS_AT: usize = 1_120;
const JOURNAL_LEN: usize = 16;
const COVERED: usize = 4_032;
const MAC_AT: usize = 4_064;

const _: () = assert!(
    JOURNALS_AT + ANCHOR_JOURNALS_MAX * JOURNAL_LEN <= COVERED,
    "the journals end before the checksum"
);

/// A journal of the database, and the first position that can lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalBound {
    /// fjall's number: the journal is the file `<number>.jnl`.
    pub number: u64,
    /// No record below this position is in the journal.
    pub first_position: u64,
}

/// What a slot of the anchor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Whether the last run flushed everything and stopped in order.
    pub clean: bool,
    /// Rises with each writing; the valid slot with the higher one counts.
    pub sequence: u64,
    /// Ledger id.
    pub ledger_id: [u8; 16],
    /// Incarnation.
    pub incarnation: [u8; 8],
    /// Records that were durable.
    pub size: u64,
    /// Root of the tree at that size.
    pub root: Hash,
    /// Sequence of the key file in use.
    pub key_file_sequence: u64,
    /// The newest checkpoint, a signed note; empty unless `clean`.
    pub checkpoint: Vec<u8>,
    /// The journals, by number.
    pub journals: Vec<JournalBound>,
}

/// Why 4,096 bytes are not a valid slot. The MAC is not looked at here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// Not 4,096 bytes.
    #[error("the slot is cut off")]
    Len,
    /// The bytes are not those that were summed: torn, flipped, or never written.
    #[error("the slot's checksum does not match")]
    Checksum,
    /// Magic or version of something else.
    #[error("the slot has another magic or version")]
    Magic,
    /// Reserved bits, lengths or filler that no writer makes.
    #[error("the slot is not in its canonical form")]
    Form,
}

impl Slot {
    /// Writes the slot with checksum and MAC.
    ///
    /// # Panics
    /// With more journals or a longer checkpoint than a slot takes.
    pub(crate) fn to_bytes(&self, mac: &AnchorMac) -> [u8; SLOT_LEN] {
        assert!(self.journals.len() <= ANCHOR_JOURNALS_MAX);
        assert!(self.checkpoint.len() <= ANCHOR_CHECKPOINT_BYTES_MAX);
        let mut bytes = [0; SLOT_LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = VERSION;
        bytes[5] = if self.clean { FLAG_CLEAN } else { 0 };
        bytes[6..8].copy_from_slice(&(self.journals.len() as u16).to_be_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[16..32].copy_from_slice(&self.ledger_id);
        bytes[32..40].copy_from_slice(&self.incarnation);
        bytes[40..48].copy_from_slice(&self.size.to_be_bytes());
        bytes[48..80].copy_from_slice(&self.root.0);
        bytes[80..88].copy_from_slice(&self.key_file_sequence.to_be_bytes());
        bytes[88..90].copy_from_slice(&(self.checkpoint.len() as u16).to_be_bytes());
        bytes[90..90 + self.checkpoint.len()].copy_from_slice(&self.checkpoint);
        for (journal, place) in self
            .journals
            .iter()
            .zip(bytes[JOURNALS_AT..COVERED].chunks_exact_mut(JOURNAL_LEN))
        {
            place[..8].copy_from_slice(&journal.number.to_be_bytes());
            place[8..].copy_from_slice(&journal.first_position.to_be_bytes());
        }
        let sum = blake3::hash(&bytes[..COVERED]);
        bytes[COVERED..MAC_AT].copy_from_slice(sum.as_bytes());
        let mac = mac(&bytes[..COVERED]);
        bytes[MAC_AT..].copy_from_slice(&mac);
        bytes
    }

    /// Reads a slot: checksum first, then its one canonical form.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, SlotError> {
        let bytes: &[u8; SLOT_LEN] = bytes.try_into().map_err(|_| SlotError::Len)?;
        if *blake3::hash(&bytes[..COVERED]).as_bytes() != bytes[COVERED..MAC_AT] {
            return Err(SlotError::Checksum);
        }
        if bytes[..4] != MAGIC || bytes[4] != VERSION {
            return Err(SlotError::Magic);
        }
        let clean = bytes[5] == FLAG_CLEAN;
        let journal_count = usize::from(u16::from_be_bytes(field(bytes, 6)));
        let checkpoint_len = usize::from(u16::from_be_bytes(field(bytes, 88)));
        if bytes[5] & !FLAG_CLEAN != 0
            || journal_count > ANCHOR_JOURNALS_MAX
            || checkpoint_len > ANCHOR_CHECKPOINT_BYTES_MAX
            || (checkpoint_len > 0 && !clean)
        {
            return Err(SlotError::Form);
        }
        let (checkpoint, filler) = bytes[90..JOURNALS_AT].split_at(checkpoint_len);
        let journals_end = JOURNALS_AT + journal_count * JOURNAL_LEN;
        if filler
            .iter()
            .chain(&bytes[journals_end..COVERED])
            .any(|byte| *byte != 0)
        {
            return Err(SlotError::Form);
        }
        let journals: Vec<JournalBound> = bytes[JOURNALS_AT..journals_end]
            .as_chunks::<JOURNAL_LEN>()
            .0
            .iter()
            .map(|place| JournalBound {
                number: u64::from_be_bytes(field(place, 0)),
                first_position: u64::from_be_bytes(field(place, 8)),
            })
            .collect();
        if !journals.is_sorted_by(|a, b| a.number < b.number) {
            return Err(SlotError::Form);
        }
        Ok(Self {
            clean,
            sequence: u64::from_be_bytes(field(bytes, 8)),
            ledger_id: field(bytes, 16),
            incarnation: field(bytes, 32),
            size: u64::from_be_bytes(field(bytes, 40)),
            root: Hash(field(bytes, 48)),
            key_file_sequence: u64::from_be_bytes(field(bytes, 80)),
            checkpoint: checkpoint.to_vec(),
            journals,
        })
    }
}

/// Compares the MAC of a slot in constant time.
pub(crate) fn mac_matches(bytes: &[u8; SLOT_LEN], mac: &AnchorMac) -> bool {
    // `blake3::Hash` compares in constant time; arrays do not.
    blake3::Hash::from_bytes(mac(&bytes[..COVERED])) == blake3::Hash::from_bytes(field(bytes, MAC_AT))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn mac_of(key: u8) -> AnchorMac {
        Arc::new(move |covered| *blake3::keyed_hash(&[key; 32], covered).as_bytes())
    }

    fn slot() -> Slot {
        Slot {
            clean: true,
            sequence: 7,
            ledger_id: [1; 16],
            incarnation: [2; 8],
            size: 1_000,
            root: Hash([3; 32]),
            key_file_sequence: 2,
            checkpoint: b"a note\n".to_vec(),
            journals: vec![
                JournalBound {
                    number: 3,
                    first_position: 10,
                },
                JournalBound {
                    number: 4,
                    first_position: 900,
                },
            ],
        }
    }

    #[test]
    fn a_slot_reads_back_as_written() {
        let full = Slot {
            checkpoint: vec![b'x'; ANCHOR_CHECKPOINT_BYTES_MAX],
            journals: (0..180)
                .map(|number| JournalBound {
                    number,
                    first_position: number,
                })
                .collect(),
            ..slot()
        };
        let bare = Slot {
            clean: false,
            checkpoint: vec![],
            journals: vec![],
            ..slot()
        };
        for slot in [slot(), full, bare] {
            assert_eq!(Slot::parse(&slot.to_bytes(&mac_of(1))).unwrap(), slot);
        }
    }

    #[test]
    fn fields_lie_where_the_format_says() {
        let bytes = slot().to_bytes(&mac_of(1));
        assert_eq!(&bytes[..8], b"SRAN\x01\x01\x00\x02");
        assert_eq!(bytes[8..16], 7u64.to_be_bytes());
        assert_eq!(bytes[40..48], 1_000u64.to_be_bytes());
        assert_eq!(bytes[80..88], 2u64.to_be_bytes());
        assert_eq!(&bytes[88..97], b"\x00\x07a note\n");
        assert_eq!(bytes[1_120..1_128], 3u64.to_be_bytes());
        assert_eq!(bytes[1_144..1_152], 900u64.to_be_bytes());
    }

    #[test]
    fn every_flipped_byte_is_refused_or_fails_the_mac() {
        let bytes = slot().to_bytes(&mac_of(1));
        for at in 0..SLOT_LEN {
            let mut flipped = bytes;
            flipped[at] ^= 0x40;
            let refused = Slot::parse(&flipped).is_err() || !mac_matches(&flipped, &mac_of(1));
            assert!(refused, "byte {at}");
        }
        assert!(mac_matches(&bytes, &mac_of(1)));
        assert!(!mac_matches(&bytes, &mac_of(2)));
    }

    /// Sums the slot again after a change, as somebody without the key can.
    fn forge(change: impl FnOnce(&mut [u8; SLOT_LEN])) -> Result<Slot, SlotError> {
        let mut bytes = slot().to_bytes(&mac_of(1));
        change(&mut bytes);
        let sum = blake3::hash(&bytes[..COVERED]);
        bytes[COVERED..MAC_AT].copy_from_slice(sum.as_bytes());
        Slot::parse(&bytes)
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        assert_eq!(Slot::parse(&[0; 100]), Err(SlotError::Len));
        assert_eq!(Slot::parse(&[0; SLOT_LEN]), Err(SlotError::Checksum));
        assert_eq!(forge(|bytes| bytes[0] = b'X'), Err(SlotError::Magic));
        assert_eq!(forge(|bytes| bytes[4] = 2), Err(SlotError::Magic));
        let forms: [fn(&mut [u8; SLOT_LEN]); 8] = [
            |bytes| bytes[5] = 3,     // an unknown flag
            |bytes| bytes[5] = 0,     // a checkpoint without the clean flag
            |bytes| bytes[7] = 181,   // more journals than places
            |bytes| bytes[7] = 1,     // a journal behind the count
            |bytes| bytes[88] = 5,    // a checkpoint longer than its place
            |bytes| bytes[1_113] = 1, // filler behind the checkpoint
            |bytes| bytes[1_119] = 1, // reserved bytes
            |bytes| bytes[1_127] = 4, // a journal twice
        ];
        for (case, form) in forms.into_iter().enumerate() {
            assert_eq!(forge(form), Err(SlotError::Form), "case {case}");
        }
    }
}
