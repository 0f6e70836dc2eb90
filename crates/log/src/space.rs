//! The keyspaces of the database. Few, because each costs at every commit.

use fjall::config::{CompressionPolicy, HashRatioPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use crate::limits::MEMTABLE_BYTES;

/// A keyspace. The numbers go into associated data and set hashes and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Space {
    /// Position (u64, big-endian) → record.
    Log = 1,
    /// Tile level (u8) ‖ tile index (u64, big-endian) → full tile (8,192 bytes).
    Tree = 2,
    /// Postings and idempotency hashes; rebuildable.
    Index = 3,
    /// Current state, sealed rows; rebuildable.
    State = 4,
    /// Wrapped data keys. Not rebuildable.
    Keys = 5,
    /// Set hash, newest checkpoint, versions of projections: sealed rows.
    Meta = 6,
}

impl Space {
    /// All keyspaces, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Log, Self::Tree, Self::Index, Self::State, Self::Keys, Self::Meta];

    /// The number that the format gives the keyspace.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The keyspace's name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Tree => "tree",
            Self::Index => "index",
            Self::State => "state",
            Self::Keys => "keys",
            Self::Meta => "meta",
        }
    }

    /// fjall keeps these at creation and ignores later changes.
    fn options(self) -> KeyspaceCreateOptions {
        let options = KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        match self {
            // Sealed bytes and hashes do not compress, and their reads find what they ask for.
            Self::Log | Self::Tree | Self::Keys => options
                .data_block_compression_policy(CompressionPolicy::disabled())
                .expect_point_read_hits(self != Self::Keys)
                .data_block_hash_ratio_policy(HashRatioPolicy::all(0.75)),
            Self::Index | Self::State | Self::Meta => options,
        }
    }
}

impl std::fmt::Display for Space {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The handles of all keyspaces.
#[derive(Clone)]
pub(crate) struct Spaces([Keyspace; 6]);

impl Spaces {
    /// Opens the keyspaces, or makes those that are not there.
    pub(crate) fn open(database: &Database) -> fjall::Result<Self> {
        let open = |space: Space| database.keyspace(space.name(), || space.options());
        Ok(Self([
            open(Space::Log)?,
            open(Space::Tree)?,
            open(Space::Index)?,
            open(Space::State)?,
            open(Space::Keys)?,
            open(Space::Meta)?,
        ]))
    }

    pub(crate) fn of(&self, space: Space) -> &Keyspace {
        &self.0[usize::from(space.number()) - 1]
    }
}
