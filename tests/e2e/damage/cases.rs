//! What is done to a directory.

use super::Outcome;
use super::image::older;
use crate::harness::{Random, copy_all, files};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// One thing that is done, and what may become of it.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) damage: Damage,
    expected: Expected,
}

/// What may become of a damaged directory.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// Any outcome that is honest.
    Any,
    /// It is refused by one of these words.
    Refused(&'static [&'static str]),
    /// It is whole: nothing that counts was damaged.
    Whole,
    /// It is whole, or refused by this word.
    WholeOr(&'static str),
}

/// One thing that is done. Paths are below the data directory.
#[derive(Debug, Clone)]
pub(super) enum Damage {
    /// One bit of one byte is another.
    Flip { file: PathBuf, at: u64, bit: u8 },
    /// 4 KiB are zeros.
    Zero { file: PathBuf, at: u64 },
    /// The file is zeros from there on.
    ZeroTail { file: PathBuf, from: u64 },
    /// The file ends there.
    Cut { file: PathBuf, at: u64 },
    /// The file or folder is gone.
    Delete { path: PathBuf },
    /// The file or folder is as it was before the last run, in a copy that was kept.
    Older { path: PathBuf, from: PathBuf },
    /// Two stretches of 4 KiB have changed places.
    Swap { file: PathBuf, one: u64, other: u64 },
}

impl Damage {
    pub(super) fn apply(&self, data: &Path) {
        match self {
            Self::Flip { file, at, bit } => flip(&data.join(file), *at, *bit),
            Self::Zero { file, at } => edit(&data.join(file), *at, 4_096, |bytes| bytes.fill(0)),
            Self::ZeroTail { file, from } => {
                let length = fs::metadata(data.join(file)).unwrap().len();
                let file = OpenOptions::new().write(true).open(data.join(file)).unwrap();
                file.set_len(*from).unwrap();
                file.set_len(length).unwrap();
            }
            Self::Cut { file, at } => OpenOptions::new()
                .write(true)
                .open(data.join(file))
                .unwrap()
                .set_len(*at)
                .unwrap(),
            Self::Delete { path } => remove(&data.join(path)).unwrap(),
            Self::Older { path, from } => {
                let source = from.join(path);
                remove(&data.join(path)).unwrap();
                if source.is_dir() {
                    copy_all(&source, &data.join(path))
                } else {
                    fs::copy(source, data.join(path)).map(drop).unwrap()
                }
            }
            Self::Swap { file, one, other } => {
                let path = data.join(file);
                let (mut a, mut b) = (Vec::new(), Vec::new());
                edit(&path, *one, 4_096, |bytes| a = bytes.to_vec());
                edit(&path, *other, 4_096, |bytes| {
                    b = bytes.to_vec();
                    let len = a.len().min(bytes.len());
                    bytes[..len].copy_from_slice(&a[..len]);
                });
                edit(&path, *one, 4_096, |bytes| {
                    let len = b.len().min(bytes.len());
                    bytes[..len].copy_from_slice(&b[..len]);
                });
            }
        }
    }
}

/// Flips one bit.
pub(super) fn flip(path: &Path, at: u64, bit: u8) {
    edit(path, at, 1, |bytes| bytes[0] ^= 1 << bit);
}

fn edit(path: &Path, at: u64, len: usize, change: impl FnOnce(&mut [u8])) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut bytes = vec![0; len];
    let read = file.read_at(&mut bytes, at).unwrap();
    change(&mut bytes[..read]);
    file.write_all_at(&bytes[..read], at).unwrap();
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    KeyFile,
    Anchor,
    Journal,
    Table,
    /// What fjall keeps beside journals and tables.
    Other,
    /// Nothing that is looked at: the lock, keys of the dev ledger.
    Aside,
}

fn part(path: &Path) -> Part {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let inside = |folder: &str| path.components().any(|part| part.as_os_str() == folder);
    match name {
        "key-file" => Part::KeyFile,
        "anchor" => Part::Anchor,
        "lock" | "dev-root-key" | "dev-token" => Part::Aside,
        _ if name.ends_with(".jnl") => Part::Journal,
        _ if inside("tables") => Part::Table,
        _ if inside("db") => Part::Other,
        _ => Part::Aside,
    }
}

impl Case {
    fn any(damage: Damage) -> Self {
        Self {
            damage,
            expected: Expected::Any,
        }
    }

    fn whole(damage: Damage) -> Self {
        Self {
            damage,
            expected: Expected::Whole,
        }
    }

    fn refused(damage: Damage, words: &'static [&'static str]) -> Self {
        Self {
            damage,
            expected: Expected::Refused(words),
        }
    }

    /// A flip in the anchor. One slot is left, or the flip is in one that does not count; but a slot with a right
    /// checksum and a wrong MAC counts, and is never passed over for the other.
    fn anchor_flipped(damage: Damage, at: u64) -> Self {
        let in_mac = at % 4_096 >= 4_064;
        Self {
            damage,
            expected: match in_mac {
                true => Expected::WholeOr("anchor_forged"),
                false => Expected::Whole,
            },
        }
    }

    /// The outcome is one that this case allows.
    #[track_caller]
    pub(super) fn check(&self, outcome: &Outcome, name: &str) {
        let is_allowed = match (self.expected, outcome) {
            (Expected::Any, _) | (Expected::Whole | Expected::WholeOr(_), Outcome::Whole) => true,
            (Expected::Refused(words), Outcome::Refused(word)) => words.contains(&word.as_str()),
            (Expected::WholeOr(allowed), Outcome::Refused(word)) => word == allowed,
            (Expected::Refused(_) | Expected::Whole | Expected::WholeOr(_), _) => false,
        };
        assert!(is_allowed, "{name}: {outcome:?}, but expected is {:?}", self.expected);
    }
}

/// The table for one directory: every file is flipped, zeroed, deleted.
pub(super) fn table(data: &Path, random: &mut Random) -> Vec<Case> {
    let mut cases = Vec::new();
    for path in files(data) {
        let file = path.strip_prefix(data).unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let written = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last as u64 + 1);
        let part = part(&file);
        if written == 0 || part == Part::Aside {
            continue;
        }
        let flips = match part {
            Part::Journal => 8,
            Part::Anchor | Part::KeyFile => 6,
            Part::Table if written > 16_384 => 4,
            Part::Table => 2,
            _ => 1,
        };
        for _ in 0..flips {
            let at = random.below(written);
            let damage = Damage::Flip {
                file: file.clone(),
                at,
                bit: random.below(8) as u8,
            };
            cases.push(match part {
                Part::KeyFile => Case::refused(damage, &["key_file", "key_file_old", "ledger_mixed", "anchor_forged"]),
                Part::Anchor => Case::anchor_flipped(damage, at),
                _ => Case::any(damage),
            });
        }
        let zeros = match part {
            Part::Journal => 4,
            Part::Table => 1,
            _ => 0,
        };
        for _ in 0..zeros {
            cases.push(Case::any(Damage::Zero {
                file: file.clone(),
                at: random.below(written) / 4_096 * 4_096,
            }));
        }
        cases.extend(special(&file, part, written, random));
    }
    cases.extend(whole_parts(data));
    cases
}

fn special(file: &Path, part: Part, written: u64, random: &mut Random) -> Vec<Case> {
    let file = || file.to_owned();
    match part {
        Part::KeyFile => vec![
            Case::refused(Damage::Delete { path: file() }, &["key_file_missing"]),
            Case::refused(
                Damage::Cut {
                    file: file(),
                    at: random.below(written),
                },
                &["key_file"],
            ),
        ],
        Part::Anchor => vec![
            Case::refused(Damage::Delete { path: file() }, &["anchor_missing"]),
            Case::refused(Damage::Cut { file: file(), at: 0 }, &["anchor_missing"]),
            Case::whole(Damage::Zero { file: file(), at: 0 }),
            Case::whole(Damage::Zero {
                file: file(),
                at: 4_096,
            }),
            Case::refused(Damage::ZeroTail { file: file(), from: 0 }, &["anchor_missing"]),
        ],
        Part::Journal => {
            let mut cases = vec![Case::any(Damage::Delete { path: file() })];
            for _ in 0..3 {
                cases.push(Case::any(Damage::ZeroTail {
                    file: file(),
                    from: random.below(written),
                }));
            }
            cases.push(Case::any(Damage::Cut {
                file: file(),
                at: random.below(written),
            }));
            if written > 16_384 {
                let pages = written / 4_096;
                let one = random.below(pages - 1);
                cases.push(Case::any(Damage::Swap {
                    file: file(),
                    one: one * 4_096,
                    other: (one + 1) * 4_096,
                }));
            }
            cases
        }
        Part::Table | Part::Other => vec![Case::any(match random.below(2) {
            0 => Damage::Delete { path: file() },
            _ => Damage::Cut {
                file: file(),
                at: random.below(written),
            },
        })],
        Part::Aside => Vec::new(),
    }
}

/// Whole parts of the directory are gone, or from before the last run.
fn whole_parts(data: &Path) -> Vec<Case> {
    let mut cases = vec![Case::refused(Damage::Delete { path: "db".into() }, &["log_shorter"])];
    let from = older(data);
    if from.exists() {
        let older = |path: &str| Damage::Older {
            path: path.into(),
            from: from.clone(),
        };
        cases.push(Case::refused(older("db"), &["log_shorter"]));
        // It says that all was written and the program had ended: no run leaves it behind once it has begun.
        cases.push(Case::refused(older("anchor"), &["log_differs"]));
        // The only key file that there ever was.
        cases.push(Case::whole(older("key-file")));
    }
    cases
}
