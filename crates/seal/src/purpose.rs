//! The numbers that keep uses of one key apart, and those that name keyspaces.
//!
//! Both stand in hashed and authenticated bytes: a number is never reused, also when its use ends.

/// What a derived key, a MAC or associated data is for. One byte, the first of what is hashed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// History part of a record, under the epoch key.
    History = 1,
    /// Secret part of a record, under a data key.
    Secret = 2,
    /// Data key wrapped by a generation key.
    WrappedDataKey = 3,
    /// Row of `state` or `meta`, under the projection key.
    Row = 4,
    /// Term of an idempotency key, under the index key.
    Idempotency = 5,
    /// MAC of a request's body.
    BodyMac = 6,
    /// Term of a posting list, under the index key.
    IndexTerm = 7,
    /// Fingerprint key, under a generation key.
    Fingerprint = 8,
    /// MAC of an anchor slot, under the anchor key. (10 has never been given out.)
    Anchor = 9,
    /// Term of the set hash.
    SetHash = 11,
    /// Compartment of the key file, under the root key.
    Compartment = 12,
    /// Key backup.
    Backup = 13,
}

/// Where a row lies. The number stands in associated data and in set-hash terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Keyspace {
    /// Position → record.
    Log = 1,
    /// Tiles.
    Tree = 2,
    /// Blind postings.
    Index = 3,
    /// Projections.
    State = 4,
    /// Wrapped data keys.
    Keys = 5,
    /// Versions, newest checkpoint, set-hash sums.
    Meta = 6,
}
