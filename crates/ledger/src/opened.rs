//! A record's bytes to the event in it: structure, digests, history part, decoding.

use crate::keyring::Keyring;
use strongroom_domain::event::{Recorded, Stream};
use strongroom_domain::ids::{EventId, Position};
use strongroom_domain::stored::{self, DecodeError};
use strongroom_domain::words::Category;
use strongroom_proof::record::{RecordError, RecordRef};
use strongroom_seal::open_history;

/// Why a record is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordFault {
    /// Its structure or a digest is wrong.
    #[error(transparent)]
    Structure(#[from] RecordError),
    /// Its stream category is none that this version knows.
    #[error("stream category {0} is not known")]
    Category(u16),
    /// No key of its epoch.
    #[error("there is no key of history epoch {0}")]
    Epoch(u32),
    /// Its history part does not open.
    #[error("the history part does not open: {0}")]
    Sealed(#[from] strongroom_seal::OpenError),
    /// Its history part is no event.
    #[error("{0}")]
    Event(#[from] DecodeError),
}

/// Opens a record whose bytes come from the checked log; digests are checked again, since disks lie.
pub(crate) fn open_recorded(keys: &Keyring, position: Position, bytes: &[u8]) -> Result<Recorded, RecordFault> {
    let record = RecordRef::parse(bytes)?;
    record.check_digests()?;
    open_parsed(keys, position, &record)
}

/// Opens a record whose digests were checked.
pub(crate) fn open_parsed(keys: &Keyring, position: Position, record: &RecordRef<'_>) -> Result<Recorded, RecordFault> {
    let header = &record.header;
    let category = Category::from_number(header.category).ok_or(RecordFault::Category(header.category))?;
    let epoch_key = keys.epoch(header.epoch).ok_or(RecordFault::Epoch(header.epoch))?;
    let history = open_history(record, &keys.ledger_id, epoch_key)?;
    let (envelope, event) = stored::decode(header.type_code, header.schema, history.as_slice())?;
    Ok(Recorded {
        position,
        recorded_at: header.recorded_at_us,
        event_id: EventId(header.event_id),
        stream: Stream {
            category,
            id: header.stream_id,
        },
        stream_version: header.stream_version,
        secret_key_id: header.has_secret().then_some(header.secret_key_id),
        envelope,
        event,
    })
}
