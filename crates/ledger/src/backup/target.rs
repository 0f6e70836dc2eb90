//! A directory that backups go to: pieces of the log, one key half.

use super::half::KeyHalf;
use super::{BackupError, read_half};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use strongroom_proof::Hash;
use strongroom_proof::dump::{DumpReader, DumpWriter};
use strongroom_proof::note::SignedNote;
use strongroom_proof::record::RecordRef;
use strongroom_proof::tree::Frontier;
use strongroom_proof::verify::{Checked as CheckedRecord, LogVerifier, Verified};

const LOG: &str = "log";
const KEY_HALF: &str = "keys.srkh";
const EDGE: &str = "edge";
const PIECE: &str = "srdp";
/// Records between two words of progress.
const PROGRESS_EVERY: u64 = 4_096;

/// What is done with each record, by its position.
pub(super) type EachRecord<'r> = &'r mut dyn FnMut(u64, &[u8]) -> Result<(), BackupError>;

/// Where backups of one ledger lie.
#[derive(Debug)]
pub struct Target {
    dir: PathBuf,
    pieces: Vec<Piece>,
}

/// A piece of the log half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Position of its first record.
    pub first: u64,
    /// Records of the log up to its end.
    pub size: u64,
    path: PathBuf,
}

/// What one backup added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Records that were there before.
    pub before: u64,
    /// Records that are there now.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
    /// Bytes of records that were added.
    pub bytes: u64,
}

/// A backup that was verified from its first record to its last.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Its log, with the keys that it announces.
    pub log: Verified,
    /// The newest checkpoint in it.
    pub checkpoint: String,
    /// Records of the ledger when the key half was taken; the log half has at most so many.
    pub key_half_at: u64,
    /// Pieces that the log half has.
    pub pieces: usize,
    /// Bytes of all of it.
    pub bytes: u64,
}

impl Checked {
    /// That its log half ends before the key half was taken.
    #[must_use]
    pub fn behind(&self) -> BackupError {
        BackupError::Behind {
            log: self.log.size,
            keys: self.key_half_at,
        }
    }
}

impl Target {
    /// Looks into a directory, which need not be there yet.
    ///
    /// # Errors
    /// [`BackupError::Io`], [`BackupError::Hole`].
    pub fn open(dir: &Path) -> Result<Self, BackupError> {
        let log = dir.join(LOG);
        let mut pieces = Vec::new();
        match fs::read_dir(&log) {
            Ok(entries) => {
                for entry in entries {
                    let path = entry.map_err(BackupError::io(&log, "listed"))?.path();
                    pieces.extend(Piece::of(path));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(BackupError::io(&log, "listed")(error)),
        }
        pieces.sort_by_key(|piece| piece.first);
        let mut expected = 0;
        for piece in &pieces {
            if piece.first != expected {
                let found = piece.first;
                return Err(BackupError::Hole { expected, found });
            }
            expected = piece.size;
        }
        Ok(Self {
            dir: dir.to_owned(),
            pieces,
        })
    }

    /// Its pieces, the oldest first.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// How many records it has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| piece.size)
    }

    /// When the last backup was made, also one that found nothing new: its key half is written anew each time.
    ///
    /// # Errors
    /// [`BackupError::KeyHalf`] where there is none, [`BackupError::Io`].
    pub fn taken_at(&self) -> Result<std::time::SystemTime, BackupError> {
        let path = self.dir.join(KEY_HALF);
        match fs::metadata(&path).and_then(|it| it.modified()) {
            Ok(time) => Ok(time),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(BackupError::KeyHalf),
            Err(error) => Err(BackupError::io(path, "looked at")(error)),
        }
    }

    /// The key half.
    pub(super) fn half(&self) -> Result<KeyHalf, BackupError> {
        let path = self.dir.join(KEY_HALF);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(BackupError::KeyHalf),
            Err(error) => return Err(BackupError::io(path, "read")(error)),
        };
        KeyHalf::parse(&bytes).ok_or(BackupError::KeyHalf)
    }

    /// Takes what a server gives for a backup that has [`Target::size`] records: each record's digests are checked on the way, and
    /// the tree over all of them has the root of the checkpoint that comes behind. A crash leaves the backup as it was.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn take(&mut self, input: &mut dyn Read, progress: &mut dyn FnMut(u64, u64)) -> Result<Taken, BackupError> {
        let log = self.dir.join(LOG);
        let mut input = BufReader::new(input);
        let half = read_half(&mut input)?;
        make_dir(&log)?;
        let _alone = self.alone()?;
        // Another may have been made since this target was looked into.
        self.pieces = Self::open(&self.dir)?.pieces;
        self.check_ledger(&half)?;
        let before = self.size();
        let mut edge = self.edge()?;
        let part = log.join("piece.part");
        let stream = |error: strongroom_proof::dump::DumpError| BackupError::Stream(error.to_string());
        let mut dump = DumpReader::begin(input).map_err(stream)?;
        if dump.first() != before {
            return Err(BackupError::Stream(format!("it begins at {}", dump.first())));
        }
        let (count, mut bytes) = (dump.count(), 0);
        let written = BackupError::io(&part, "written");
        let file = File::create(&part).map_err(BackupError::io(&part, "made"))?;
        let mut piece = DumpWriter::begin(BufWriter::new(file), before, count).map_err(written)?;
        while let Some(record) = dump.next_record().map_err(stream)? {
            let position = edge.size();
            let checked = CheckedRecord::check(record);
            let checked = checked.map_err(|source| BackupError::Record { position, source })?;
            edge.append(checked.leaf());
            piece.record(record).map_err(BackupError::io(&part, "written"))?;
            bytes += record.len() as u64;
            if edge.size().is_multiple_of(PROGRESS_EVERY) {
                progress(edge.size() - before, count);
            }
        }
        let size = edge.size();
        let note = dump.finish().map_err(stream)?;
        let checkpoint = parse_note(&note, size)?.checkpoint;
        if (checkpoint.size, checkpoint.root) != (size, edge.root()) {
            return Err(BackupError::Diverged { size: before });
        }
        let file = piece.finish(&note).and_then(|out| Ok(out.into_inner()?));
        file.and_then(|file| file.sync_all())
            .map_err(BackupError::io(&part, "written"))?;
        // The keys of what is added come first: a log without them would open nothing.
        replace(&self.dir.join(KEY_HALF), &half.to_bytes())?;
        if count > 0 {
            let path = log.join(format!("{before:020}-{size:020}.{PIECE}"));
            fs::rename(&part, &path).map_err(BackupError::io(&path, "put in place"))?;
            sync_dir(&log)?;
            self.pieces.push(Piece {
                first: before,
                size,
                path,
            });
            replace(&self.dir.join(EDGE), &edge_bytes(&edge))?;
        } else {
            fs::remove_file(&part).map_err(BackupError::io(&part, "removed"))?;
        }
        Ok(Taken {
            before,
            size,
            root: edge.root(),
            bytes,
        })
    }

    /// Reads all of it: every record, the tree, each checkpoint and its signature, the key half's sum.
    ///
    /// # Errors
    /// [`BackupError`] with the first position that is wrong.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Checked, BackupError> {
        if self.pieces.is_empty() {
            return Err(BackupError::None { dir: self.dir.clone() });
        }
        let mut log = LogVerifier::new();
        let mut checkpoint = String::new();
        for piece in &self.pieces {
            checkpoint = read_piece(piece, &mut |_, record| {
                log.push(record)?;
                if log.size().is_multiple_of(PROGRESS_EVERY) {
                    progress(log.size(), self.size());
                }
                Ok(())
            })?;
            let note = parse_note(&checkpoint, log.size())?;
            if note.checkpoint.size != log.size() {
                return Err(BackupError::Hole {
                    expected: note.checkpoint.size,
                    found: log.size(),
                });
            }
            log.expect_note(note)?;
        }
        let half = self.half()?;
        let log = log.finish()?;
        if *log.keys.ledger_id() != *half.sealed()?.ledger_id() {
            return Err(BackupError::OtherLedger);
        }
        Ok(Checked {
            bytes: self.bytes()?,
            checkpoint,
            key_half_at: half.size,
            pieces: self.pieces.len(),
            log,
        })
    }

    /// The time of a piece's last record, µs since 1970. Reads the piece.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn as_of(&self, piece: &Piece) -> Result<u64, BackupError> {
        let mut last = 0;
        read_piece(piece, &mut |position, record| {
            let record = RecordRef::parse(record).map_err(|source| BackupError::Record { position, source })?;
            last = record.header.recorded_at_us;
            Ok(())
        })?;
        Ok(last)
    }

    /// Every record in order.
    pub(super) fn each_record(&self, record: EachRecord<'_>) -> Result<(), BackupError> {
        self.pieces
            .iter()
            .try_for_each(|piece| read_piece(piece, record).map(drop))
    }

    fn bytes(&self) -> Result<u64, BackupError> {
        let half = self.dir.join(KEY_HALF);
        let paths = self.pieces.iter().map(|piece| &piece.path).chain([&half]);
        let mut sum = 0;
        for path in paths {
            sum += fs::metadata(path).map_err(BackupError::io(path, "looked at"))?.len();
        }
        Ok(sum)
    }

    /// Keeps other backups out while this one is made.
    fn alone(&self) -> Result<File, BackupError> {
        let path = self.dir.join("lock");
        let file = File::create(&path).map_err(BackupError::io(&path, "made"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => Err(BackupError::UnderWay { dir: self.dir.clone() }),
            Err(fs::TryLockError::Error(error)) => Err(BackupError::io(&path, "locked")(error)),
        }
    }

    /// Another ledger's records must not come behind these.
    fn check_ledger(&self, half: &KeyHalf) -> Result<(), BackupError> {
        let theirs = *half.sealed()?.ledger_id();
        match self.half() {
            Ok(ours) if *ours.sealed()?.ledger_id() != theirs => Err(BackupError::OtherLedger),
            Ok(_) => Ok(()),
            Err(BackupError::KeyHalf) => Ok(()), // written anew
            Err(error) => Err(error),
        }
    }

    /// The tree over the pieces: as it was left, else from all their records.
    fn edge(&self) -> Result<Frontier, BackupError> {
        let path = self.dir.join(EDGE);
        if let Some(edge) = fs::read(&path).ok().and_then(|bytes| parse_edge(&bytes))
            && edge.size() == self.size()
        {
            return Ok(edge);
        }
        let mut edge = Frontier::new();
        self.each_record(&mut |position, record| {
            let checked = CheckedRecord::check(record);
            edge.append(
                checked
                    .map_err(|source| BackupError::Record { position, source })?
                    .leaf(),
            );
            Ok(())
        })?;
        Ok(edge)
    }
}

impl Piece {
    /// The piece that a file's name says; none for other files.
    fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(&format!(".{PIECE}"))?;
        let (first, size) = name.split_once('-')?;
        let (first, size) = (first.parse().ok()?, size.parse().ok()?);
        (first < size).then_some(Self { first, size, path })
    }
}

/// Hands on each record of a piece, and gives the checkpoint behind them.
fn read_piece(piece: &Piece, record: EachRecord<'_>) -> Result<String, BackupError> {
    let path = || piece.path.clone();
    let wrong = |source| BackupError::Dump { path: path(), source };
    let file = File::open(&piece.path).map_err(BackupError::io(path(), "opened"))?;
    let mut dump = DumpReader::begin(BufReader::with_capacity(1 << 20, file)).map_err(wrong)?;
    if (dump.first(), dump.first() + dump.count()) != (piece.first, piece.size) {
        return Err(BackupError::Hole {
            expected: piece.first,
            found: dump.first(),
        });
    }
    let mut position = piece.first;
    while let Some(bytes) = dump.next_record().map_err(wrong)? {
        record(position, bytes)?;
        position += 1;
    }
    dump.finish().map_err(wrong)
}

fn parse_note(note: &str, size: u64) -> Result<SignedNote, BackupError> {
    SignedNote::parse(note).map_err(|source| BackupError::Note { size, source })
}

/// Size u64 ‖ for each tile level: u16 count ‖ hashes ‖ BLAKE3 of all before. It is believed because the next checkpoint's root rests on it.
fn edge_bytes(edge: &Frontier) -> Vec<u8> {
    let mut bytes = edge.size().to_be_bytes().to_vec();
    let mut nodes = edge.size();
    for level in 0.. {
        if nodes == 0 {
            break;
        }
        let row = edge.row(level);
        bytes.extend((row.len() as u16).to_be_bytes());
        row.iter().for_each(|hash| bytes.extend(hash.0));
        nodes /= strongroom_proof::tree::TILE_WIDTH as u64;
    }
    let sum = blake3::hash(&bytes);
    bytes.extend(sum.as_bytes());
    bytes
}

fn parse_edge(bytes: &[u8]) -> Option<Frontier> {
    let (body, sum) = bytes.split_last_chunk::<32>()?;
    let (size, mut rest) = body.split_first_chunk::<8>()?;
    if blake3::hash(body).as_bytes() != sum {
        return None;
    }
    let size = u64::from_be_bytes(*size);
    let mut rows = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk::<2>() {
        let (row, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*len)) * 32)?;
        rows.push(
            row.as_chunks::<32>()
                .0
                .iter()
                .map(|hash| Hash(*hash))
                .collect::<Vec<_>>(),
        );
        rest = behind;
    }
    rest.is_empty().then(|| Frontier::of_rows(size, rows))?
}

fn make_dir(dir: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(BackupError::io(dir, "made"))
}

/// A whole file or the one before: written beside it, synced, renamed over it.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = path.with_extension("new");
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new);
    let mut file = file.map_err(BackupError::io(&new, "made"))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(BackupError::io(&new, "written"))?;
    fs::rename(&new, path).map_err(BackupError::io(path, "put in place"))?;
    path.parent().map_or(Ok(()), sync_dir)
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), BackupError> {
    File::open(dir)
        .and_then(|it| it.sync_all())
        .map_err(BackupError::io(dir, "synced"))
}
