//! State to rows of the `state` keyspace and back. Rows may be dropped and rebuilt from the log at any time.

use crate::event::Stream;
use crate::ids::StreamVersion;
use crate::state::{EntityKey, State};

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The key names no entity.
    #[error("a row's key names no entity")]
    Key,
    /// The value is no such entity.
    #[error("a row is malformed")]
    Malformed(#[source] rmp_serde::decode::Error),
    /// The rows are not in the order of their keys, or one is missing.
    #[error("a row stands before the one that it belongs to")]
    Order,
}

impl EntityKey {
    /// The row's key. Sorted, the rows load in an order in which each finds what it belongs to.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Reads a row's key.
    #[must_use]
    pub fn parse(_bytes: &[u8]) -> Option<Self> {
        None
    }

    /// Whether the row is covered by the sum over what decides rights. Not so where it only counts.
    #[must_use]
    pub fn counted_in_rights(&self) -> bool {
        !matches!(self, Self::Access(_))
    }
}

impl State {
    /// The row of an entity; none when there is no such entity.
    #[must_use]
    pub fn row(&self, _key: &EntityKey) -> Option<Vec<u8>> {
        None
    }

    /// Takes a row back in. Rows come in the order of their keys. `last_recorded_at` is the caller's to set.
    ///
    /// # Errors
    /// [`RowError`]; the state is to be thrown away then.
    pub fn load_row(&mut self, _key: &[u8], _row: &[u8]) -> Result<(), RowError> {
        Err(RowError::Key)
    }

    /// The keys of all rows, in order.
    pub fn entities(&self) -> impl Iterator<Item = EntityKey> + '_ {
        std::iter::empty()
    }

    /// The first row in which two states differ.
    #[must_use]
    pub fn first_difference(&self, _other: &Self) -> Option<EntityKey> {
        None
    }

    /// Whether two states have the same rows.
    #[must_use]
    pub fn rows_equal(&self, other: &Self) -> bool {
        self.first_difference(other).is_none()
    }

    /// The version of a stream's last event; 0 for a stream without events.
    #[must_use]
    pub fn stream_version(&self, _stream: &Stream) -> StreamVersion {
        0
    }
}
