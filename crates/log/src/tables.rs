//! The tables' files against the sums that the engine noted when it wrote them.
//!
//! Reading every row says nothing of a filter, which only a look-up by key reads, nor of a row that a newer one hides.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use fjall::AbstractTree as _;
use xxhash_rust::xxh3::Xxh3;

use crate::{Space, Store, StoreError};

/// Bytes read at a time.
const READ_BYTES: usize = 1 << 20;

impl Store {
    /// Reads every table of every keyspace whole and compares its XXH3-128 with the one in the list of tables, which the
    /// opening has checked. Costs a reading of the database; tables stay while they are read, also when the engine
    /// merges them meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Table`] for the first file with other bytes, [`StoreError::Engine`] for one that can't be read.
    pub fn check_tables(&self) -> Result<(), StoreError> {
        let mut buffer = vec![0; READ_BYTES];
        for space in Space::ALL {
            let version = self.spaces().of(space).tree.current_version();
            for table in version.iter_tables() {
                let sum = sum(&table.path, &mut buffer).map_err(fjall::Error::Io)?;
                if sum != table.checksum().into_u128() {
                    return Err(StoreError::Table {
                        space,
                        number: table.id(),
                    });
                }
            }
        }
        Ok(())
    }
}

fn sum(path: &Path, buffer: &mut [u8]) -> std::io::Result<u128> {
    let (mut file, mut hasher) = (File::open(path)?, Xxh3::new());
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(hasher.digest128()),
            Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
