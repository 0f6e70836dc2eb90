//! The newest version of each stream, compactly: a log may have millions.

use std::collections::HashMap;

use crate::record::Header;

/// The versions of all streams seen.
#[derive(Debug, Default)]
pub(super) struct Streams(HashMap<[u8; 17], u64>);

impl Streams {
    /// Counts the next event of a header's stream, and returns the version that it must have.
    pub(super) fn next(&mut self, header: &Header) -> u64 {
        // A stream is named by category and id together: a principal and its accesses share the id.
        let mut stream = [0; 17];
        stream[0] = header.category as u8;
        stream[1..].copy_from_slice(&header.stream_id);
        let version = self.0.entry(stream).or_insert(0);
        *version += 1;
        *version
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
