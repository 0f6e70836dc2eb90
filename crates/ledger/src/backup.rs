//! Backups in two halves, and the way back from one: a new incarnation of the ledger.
//!
//! The log half is the records, sealed as they lie in the log, in pieces that are dumps (`docs/format.md`, Dump); the key half is the
//! key file and the wrapped data keys. The log half can be kept as long as one likes; of the key half a target keeps the newest, so that what
//! is destroyed for good does not come back with an old log. Neither opens anything without the root key.
//!
//! In a target: `log/FIRST-SIZE.srdp`, each beginning where the one before ends; `keys.srkh`; `edge`, the right edge of the tree over
//! them, so that a backup costs what is new. Half a piece has another name.

mod copy;
mod error;
mod half;
mod loss;
mod restore;
mod target;

pub use copy::Copied;
pub use error::BackupError;
pub use loss::Loss;
pub use restore::{RecoverOptions, Recovered};
pub use target::{Checked, Piece, Taken, Target};

use crate::Ledger;
use half::KeyHalf;
use std::io::{self, Read, Write};
use std::path::Path;
use strongroom_domain::ids::TimeUs;
use strongroom_log::{Layout, Space};
use strongroom_proof::dump::DumpWriter;
use strongroom_seal::RootKeyProvider;

/// The first bytes of what a server gives for a backup: both halves.
const STREAM_MAGIC: [u8; 4] = *b"SRBK";
/// Version of that stream.
const STREAM_VERSION: u8 = 1;

impl Ledger {
    /// Writes what a backup that has `from` records lacks: the key half, and a dump of the records from there on with the newest
    /// checkpoint. Returns the size that it reaches. Writers go on meanwhile.
    ///
    /// `SRBK` ‖ version 1 ‖ u32 length ‖ key half ‖ dump.
    ///
    /// # Errors
    /// Those of the writer, or of the store as text; `InvalidInput` for more records than there are.
    pub fn backup(&self, from: u64, out: &mut dyn Write) -> io::Result<u64> {
        let published = self.shared.published.load_full();
        // Behind the head: what it holds of keys is what these records need, or more.
        let view = self.shared.store.view();
        let size = published.head;
        let count = size.checked_sub(from).ok_or(io::ErrorKind::InvalidInput)?;
        let key_file = std::fs::read(Layout::new(&self.shared.dir).key_file())?;
        let rows = view.rows_with_prefix(Space::Keys, b"");
        let rows = rows.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())));
        let half = KeyHalf {
            size,
            key_file,
            rows: rows.collect::<Result<_, _>>().map_err(io::Error::other)?,
        }
        .to_bytes();
        out.write_all(&STREAM_MAGIC)?;
        out.write_all(&[STREAM_VERSION])?;
        let len = u32::try_from(half.len()).map_err(io::Error::other)?;
        out.write_all(&len.to_be_bytes())?;
        out.write_all(&half)?;
        let mut dump = DumpWriter::begin(out, from, count)?;
        for entry in view.records(from..size) {
            dump.record(&entry.map_err(io::Error::other)?.1)?;
        }
        dump.finish(&published.checkpoint)?;
        Ok(size)
    }

    /// Makes a ledger in a directory of its own from a backup, as a new incarnation. Blocks.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no such directory.
    pub fn recover(
        target: &Target,
        dir: &Path,
        options: RecoverOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Recovered, BackupError> {
        restore::recover(target, dir, options, progress)
    }
}

impl Ledger {
    /// Makes a ledger of what is whole in a directory that is refused, as a new incarnation, and sets the directory aside. Blocks.
    ///
    /// # Errors
    /// [`BackupError`]; the directory is as it was then. [`BackupError::Whole`] where it is not refused.
    pub fn accept_loss(
        dir: &Path,
        options: &RecoverOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Loss, BackupError> {
        loss::accept(dir, options, progress)
    }
}

impl Ledger {
    /// Copies the records up to a moment (a position, a time, how long before `now`) into a directory of its own, with the keys of the history
    /// and no others: to look at, by [`Ledger::look`]. Blocks; costs a replay.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no such directory.
    pub fn copy_until(
        dir: &Path,
        into: &Path,
        root: &dyn RootKeyProvider,
        (until, now): (&str, TimeUs),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Copied, BackupError> {
        copy::copy(dir, into, root, (until, now), progress)
    }
}

/// Reads the key half off such a stream; what follows is a dump.
fn read_half(input: &mut impl Read) -> Result<KeyHalf, BackupError> {
    let stream = |what: &str| BackupError::Stream(what.to_owned());
    let mut head = [0; 9];
    input
        .read_exact(&mut head)
        .map_err(|error| stream(&error.to_string()))?;
    let [m0, m1, m2, m3, version, len @ ..] = head;
    if [m0, m1, m2, m3] != STREAM_MAGIC || version != STREAM_VERSION {
        return Err(stream("it is none of this version"));
    }
    let len = u64::from(u32::from_be_bytes(len));
    let mut half = Vec::new();
    input
        .take(len)
        .read_to_end(&mut half)
        .map_err(|error| stream(&error.to_string()))?;
    KeyHalf::parse(&half).ok_or_else(|| stream("its key half is cut or damaged"))
}

/// Whether a root key opens the key half of a target, and every wrapped key in it.
///
/// # Errors
/// [`BackupError`].
pub fn check_backup_keys(target: &Target, root: &dyn RootKeyProvider) -> Result<u64, BackupError> {
    let half = target.half()?;
    let opened = half.open(root)?;
    Ok(opened.data_keys.len() as u64)
}
