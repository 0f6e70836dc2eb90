//! A file with a line for each event. When it is full it is set aside under the position that the next one begins with, so that
//! names sort as the log does.

use super::{Entry, SinkError};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Digits of a position in a file's name: those of the largest.
const DIGITS: usize = 20;
/// Bytes that are read at a time in search of the last line's end.
const PIECE: u64 = 64 << 10;

/// The file, and where it is.
#[derive(Debug)]
pub(super) struct File {
    writer: Option<Writer>,
    path: PathBuf,
}

#[derive(Debug)]
struct Writer {
    path: PathBuf,
    rotate: u64,
    keep: Option<usize>,
    open: Option<Open>,
}

/// A file that is open for writing at its end.
#[derive(Debug)]
struct Open {
    file: fs::File,
    bytes: u64,
    /// Device and number: a file that somebody moved away is not written any more.
    id: (u64, u64),
}

impl File {
    pub(super) fn new(path: PathBuf, rotate: u64, keep: Option<usize>) -> Self {
        let writer = Writer {
            path: path.clone(),
            rotate,
            keep,
            open: None,
        };
        Self {
            writer: Some(writer),
            path,
        }
    }

    /// Writes lines, and syncs them.
    pub(super) async fn write(&mut self, entries: Vec<Entry>) -> Result<(), SinkError> {
        let error = |source| SinkError::File {
            path: self.path.display().to_string(),
            source,
        };
        let Some(mut writer) = self.writer.take() else {
            return Err(error(io::Error::other("it was given up in the middle of writing")));
        };
        let (writer, written) = tokio::task::spawn_blocking(move || {
            let written = writer.write(&entries);
            if written.is_err() {
                writer.open = None; // looked at anew: half a line is cut
            }
            (writer, written)
        })
        .await
        .map_err(|failed| error(io::Error::other(failed)))?;
        self.writer = Some(writer);
        written.map_err(error)
    }
}

impl Writer {
    fn write(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut text = Vec::new();
        for entry in entries {
            let line = entry.line.len() as u64 + 1;
            let room = self.opened()?.bytes.saturating_add(text.len() as u64);
            if room > 0 && room + line > self.rotate {
                self.append(&std::mem::take(&mut text))?;
                self.set_aside(entry.position)?;
            }
            text.extend_from_slice(entry.line.as_bytes());
            text.push(b'\n');
        }
        self.append(&text)
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        let open = self.opened()?;
        open.file.write_all(text)?;
        open.bytes += text.len() as u64;
        open.file.sync_data()
    }

    /// The file under its name, which others may have moved away or emptied.
    fn opened(&mut self) -> io::Result<&mut Open> {
        let there = match fs::metadata(&self.path) {
            Ok(found) => Some(((found.dev(), found.ino()), found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let is_same = |open: &Open| there == Some((open.id, open.bytes));
        let open = match self.open.take() {
            Some(open) if is_same(&open) => open,
            _ => open(&self.path)?,
        };
        Ok(self.open.insert(open))
    }

    /// Sets the file aside; the next one begins with this position.
    fn set_aside(&mut self, next: u64) -> io::Result<()> {
        self.open = None;
        // What is handed on again after a crash may be set aside at the same position: no file replaces another.
        let name = |again: u32| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".before-{next:0DIGITS$}"));
            if again > 0 {
                name.push(format!("-{again}"));
            }
            PathBuf::from(name)
        };
        let mut again = 0;
        while name(again).try_exists()? {
            again += 1;
        }
        fs::rename(&self.path, name(again))?;
        sync_directory(&self.path)?;
        let Some(keep) = self.keep else { return Ok(()) };
        let mut older = self.older()?;
        older.sort_unstable();
        for path in older.iter().rev().skip(keep) {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// The files that were set aside.
    fn older(&self) -> io::Result<Vec<PathBuf>> {
        let own = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_older = |name: &str| {
            let rest = name.strip_prefix(&own).and_then(|rest| rest.strip_prefix(".before-"));
            let place = rest.map(|rest| rest.split_once('-').unwrap_or((rest, "0")));
            place.is_some_and(|(next, again)| next.len() == DIGITS && digits(next) && digits(again))
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(directory(&self.path))? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(is_older) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }
}

/// Opens a file at the end of its last whole line; half a line is what a power cut left.
fn open(path: &Path) -> io::Result<Open> {
    let is_new = !path.try_exists()?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    if is_new {
        sync_directory(path)?;
    }
    let found = file.metadata()?;
    let bytes = end_of_lines(&mut file, found.len())?;
    if bytes < found.len() {
        file.set_len(bytes)?;
    }
    file.seek(SeekFrom::Start(bytes))?;
    Ok(Open {
        file,
        bytes,
        id: (found.dev(), found.ino()),
    })
}

/// Bytes up to and with the last end of a line.
fn end_of_lines(file: &mut fs::File, bytes: u64) -> io::Result<u64> {
    let mut end = bytes;
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        file.seek(SeekFrom::Start(start))?;
        let mut piece = Vec::new();
        (&*file).take(end - start).read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

fn directory(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(directory(path))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(position: u64) -> Entry {
        Entry {
            position,
            type_: "credential.rotated".to_owned(),
            recorded_at_us: 0,
            recorded_at: String::new(),
            refused: false,
            line: format!("{{\"position\":{position}}}"),
        }
    }

    fn lines(path: &Path) -> Vec<String> {
        fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[tokio::test]
    async fn a_full_file_is_set_aside_and_no_line_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.ndjson");
        let mut file = File::new(path.clone(), 40, None);
        file.write((0..5).map(entry).collect()).await.unwrap();
        file.write((5..7).map(entry).collect()).await.unwrap();
        // Two lines of 15 bytes fit into 40.
        let names = names(dir.path());
        assert_eq!(names.len(), 4, "{names:?}");
        assert_eq!(names[1], "audit.ndjson.before-00000000000000000002");
        let all: Vec<String> = names
            .iter()
            .skip(1)
            .chain([&names[0]])
            .flat_map(|it| lines(&dir.path().join(it)))
            .collect();
        let expected: Vec<String> = (0..7).map(|at| entry(at).line).collect();
        assert_eq!(all, expected);
    }

    #[tokio::test]
    async fn so_many_older_files_are_kept_as_was_asked_and_no_other_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.ndjson");
        let other = dir.path().join("audit.ndjson.before-mine");
        fs::write(&other, "mine").unwrap();
        let mut file = File::new(path, 16, Some(2));
        file.write((0..6).map(entry).collect()).await.unwrap();
        assert_eq!(
            names(dir.path()),
            [
                "audit.ndjson",
                "audit.ndjson.before-00000000000000000004",
                "audit.ndjson.before-00000000000000000005",
                "audit.ndjson.before-mine",
            ]
        );
    }

    #[tokio::test]
    async fn what_is_handed_on_again_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.ndjson");
        for _ in 0..2 {
            let mut file = File::new(path.clone(), 16, None);
            file.write((0..3).map(entry).collect()).await.unwrap();
        }
        let older = names(dir.path());
        let all: Vec<String> = older.iter().flat_map(|it| lines(&dir.path().join(it))).collect();
        assert_eq!((older.len(), all.len()), (6, 6), "{older:?}");
    }

    #[tokio::test]
    async fn half_a_line_is_cut_and_a_file_that_was_moved_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.ndjson");
        fs::write(&path, "{\"position\":0}\n{\"posi").unwrap();
        let mut file = File::new(path.clone(), 1_000, None);
        file.write(vec![entry(1)]).await.unwrap();
        assert_eq!(lines(&path), [entry(0).line, entry(1).line]);
        let moved = dir.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        file.write(vec![entry(2)]).await.unwrap();
        assert_eq!((lines(&moved).len(), lines(&path)), (2, vec![entry(2).line]));
    }
}
