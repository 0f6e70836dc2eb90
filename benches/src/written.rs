//! What the engine wrote, commit by commit: the very keys and values, read back from its database.
//!
//! Index chunks that were written beside the commits are left out: they are no part of a commit.

use crate::Result;
use crate::load::Run;
use fjall::{Database, KeyspaceCreateOptions, Readable as _, Slice};
use std::collections::HashMap;
use std::path::Path;
use strongroom_log::Space;
use strongroom_proof::record::{HEADER_LEN, Header};

/// A row of a batch.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) space: Space,
    pub(crate) key: Slice,
    pub(crate) value: Slice,
}

impl Row {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

/// The rows of a load that only made credentials.
pub(crate) struct Written {
    /// Rows of each record, in log order: the record, its tiles, its projections, its data key.
    pub(crate) events: Vec<Vec<Row>>,
    /// Rows that every commit writes (the checkpoint's goes with one in hundreds and is left out).
    pub(crate) of_commit: Vec<Row>,
    /// Number of records in each commit.
    pub(crate) batches: Vec<usize>,
}

impl Written {
    /// Reads the database of a stopped ledger. Of a row that several commits wrote the last counts: the rows of a new
    /// credential are written once, and the commit's own rows keep their length.
    pub(crate) fn read(data: &Path, run: &Run) -> Result<Self> {
        let database = Database::builder(data.join("db")).open()?;
        let rows = |space: Space| -> Result<Vec<Row>> {
            let keyspace = database.keyspace(space.name(), KeyspaceCreateOptions::default)?;
            let row = |row: fjall::Guard| -> Result<Row> {
                let (key, value) = row.into_inner()?;
                Ok(Row { space, key, value })
            };
            database.snapshot().iter(&keyspace).map(row).collect()
        };
        let mut events: Vec<Vec<Row>> = Vec::new();
        let mut streams: HashMap<[u8; 16], usize> = HashMap::new();
        let mut keys: HashMap<[u8; 16], usize> = HashMap::new();
        for row in rows(Space::Log)? {
            if position(&row.key)? < run.first {
                continue;
            }
            let header = Header::parse(row.value.first_chunk::<HEADER_LEN>().ok_or("a record without header")?)?;
            streams.insert(header.stream_id, events.len());
            keys.insert(header.secret_key_id, events.len());
            events.push(vec![row]);
        }
        for row in rows(Space::Tree)? {
            let (level, index) = row.key.split_first().ok_or("a tile without key")?;
            let last = (position(index)? + 1) * 256_u64.pow(u32::from(*level) + 1) - 1;
            if let Some(at) = last.checked_sub(run.first) {
                events[usize::try_from(at)?].push(row);
            }
        }
        for (space, owners, from) in [
            (Space::State, &streams, 1),
            (Space::Keys, &keys, 4),
            (Space::Index, &keys, 1),
        ] {
            for row in rows(space)? {
                let id: Option<[u8; 16]> = row.key.get(from..from + 16).and_then(|id| id.try_into().ok());
                if let Some(at) = id.and_then(|id| owners.get(&id)) {
                    events[*at].push(row);
                }
            }
        }
        let of_commit = rows(Space::Meta)?
            .into_iter()
            .filter(|row| row.key.as_ref() == b"head")
            .collect();
        let ends = run.heads.iter().copied();
        let starts = std::iter::once(run.first).chain(ends.clone());
        let batches = starts.zip(ends).map(|(start, end)| (end - start) as usize).collect();
        let written = Self {
            events,
            of_commit,
            batches,
        };
        assert_eq!(written.batches.iter().sum::<usize>(), written.events.len());
        Ok(written)
    }

    /// Keys and values of a commit of one record, in bytes.
    pub(crate) fn bytes_of_single(&self, event: usize) -> usize {
        self.events[event].iter().chain(&self.of_commit).map(Row::bytes).sum()
    }

    /// Bytes of an event without its commit's rows, on the average.
    pub(crate) fn bytes_per_event(&self) -> f64 {
        self.events.iter().flatten().map(Row::bytes).sum::<usize>() as f64 / self.events.len() as f64
    }

    /// Rows of an event without its commit's rows, on the average.
    pub(crate) fn rows_per_event(&self) -> f64 {
        self.events.iter().flatten().count() as f64 / self.events.len() as f64
    }
}

fn position(key: &[u8]) -> Result<u64> {
    Ok(u64::from_be_bytes(key.try_into()?))
}
