//! Paths and bodies of C2SP tlog-tiles: what a log serves under its prefix.
//!
//! Paths: `tile/<level>/<index>[.p/<width>]` for hashes and `tile/entries/<index>[.p/<width>]` for
//! entries, where the index is in groups of three digits, each but the last with an `x` before it.

use std::fmt;
use std::str::FromStr;

use crate::record::HEADER_LEN;
use crate::tree::{TILE_WIDTH, TileId};

/// Tile levels at most: a tree of 2^64 leaves has 8.
const LEVELS_MAX: u8 = 8;

/// A path that names no tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path names no tile of a log")]
pub struct TilePathError;

/// What a path under the log's prefix names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePath {
    /// Hashes of the tree.
    Hashes {
        /// The tile.
        id: TileId,
        /// How many of its hashes: 1..=256; 256 is the full tile.
        width: u16,
    },
    /// Entries: the headers of the records, as [`write_entry`] makes them.
    Entries {
        /// Index of the bundle: position / 256.
        index: u64,
        /// How many entries: 1..=256; 256 is the full bundle.
        width: u16,
    },
}

impl TilePath {
    /// Parses a path in its one form, without a slash before it.
    ///
    /// # Errors
    /// [`TilePathError`] for everything that [`TilePath`] would not print.
    pub fn parse(path: &str) -> Result<Self, TilePathError> {
        Self::read(path)
            .filter(|parsed| parsed.to_string() == path)
            .ok_or(TilePathError)
    }

    /// Returns how many hashes or entries are asked for.
    #[must_use]
    pub const fn width(&self) -> u16 {
        match self {
            Self::Hashes { width, .. } | Self::Entries { width, .. } => *width,
        }
    }

    fn read(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok().filter(|width| is_partial(*width))?),
            None => (rest, TILE_WIDTH as u16),
        };
        let index = index_of(index)?;
        if kind == "entries" {
            return Some(Self::Entries { index, width });
        }
        let level = kind.parse().ok().filter(|level| *level < LEVELS_MAX)?;
        Some(Self::Hashes {
            id: TileId { level, index },
            width,
        })
    }
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        Self::parse(path)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match self {
            Self::Hashes { id, width } => {
                write!(f, "tile/{}/", id.level)?;
                (id.index, *width)
            }
            Self::Entries { index, width } => {
                f.write_str("tile/entries/")?;
                (*index, *width)
            }
        };
        write_index(f, index)?;
        if is_partial(width) {
            write!(f, ".p/{width}")
        } else {
            Ok(())
        }
    }
}

/// Appends an entry to the body of an entry bundle: u16 length ‖ header.
pub fn write_entry(bundle: &mut Vec<u8>, header: &[u8; HEADER_LEN]) {
    const { assert!(HEADER_LEN <= u16::MAX as usize, "the length of an entry has 16 bits") };
    bundle.extend_from_slice(&(HEADER_LEN as u16).to_be_bytes());
    bundle.extend_from_slice(header);
}

/// Reads the body of an entry bundle; `None` unless it is whole entries of [`HEADER_LEN`] bytes, at
/// most 256.
#[must_use]
pub fn read_entries(bundle: &[u8]) -> Option<Vec<&[u8; HEADER_LEN]>> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (len, behind) = rest.split_first_chunk()?;
        let (entry, behind) = behind.split_first_chunk()?;
        if usize::from(u16::from_be_bytes(*len)) != HEADER_LEN || entries.len() == TILE_WIDTH {
            return None;
        }
        entries.push(entry);
        rest = behind;
    }
    Some(entries)
}

fn is_partial(width: u16) -> bool {
    (1..TILE_WIDTH as u16).contains(&width)
}

fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    let above = index / 1000;
    if above > 0 {
        write_groups(f, above)?;
    }
    write!(f, "{:03}", index % 1000)
}

/// The groups that others follow.
fn write_groups(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    if index >= 1000 {
        write_groups(f, index / 1000)?;
    }
    write!(f, "x{:03}/", index % 1000)
}

/// Reads an index in whatever groups; whether they are the right ones is seen when it is printed.
fn index_of(path: &str) -> Option<u64> {
    path.split('/').try_fold(0u64, |index, group| {
        let digits = group.strip_prefix('x').unwrap_or(group);
        index.checked_mul(1000)?.checked_add(digits.parse().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hashes(level: u8, index: u64, width: u16) -> TilePath {
        TilePath::Hashes {
            id: TileId { level, index },
            width,
        }
    }

    #[track_caller]
    fn check(path: TilePath, text: &str) {
        assert_eq!(path.to_string(), text);
        assert_eq!(TilePath::parse(text), Ok(path));
    }

    #[test]
    fn paths_are_those_of_the_standard() {
        check(hashes(0, 0, 256), "tile/0/000");
        check(hashes(1, 999, 256), "tile/1/999");
        check(hashes(0, 1_000, 256), "tile/0/x001/000");
        check(hashes(0, 1_234_067, 256), "tile/0/x001/x234/067");
        check(hashes(0, 273, 112), "tile/0/273.p/112");
        check(hashes(2, 0, 1), "tile/2/000.p/1");
        check(hashes(7, 0, 255), "tile/7/000.p/255");
        let largest = "tile/0/x018/x446/x744/x073/x709/x551/615";
        check(hashes(0, u64::MAX, 256), largest);
        check(
            TilePath::Entries {
                index: 1_067,
                width: 256,
            },
            "tile/entries/x001/067",
        );
        check(TilePath::Entries { index: 3, width: 17 }, "tile/entries/003.p/17");
    }

    #[test]
    fn other_paths_name_nothing() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/8/000",
            "tile/-1/000",
            "tile/00/000",
            "tile/+1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/00a",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/001/001",
            "tile/0/X001/000",
            "tile/0/001/x001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1/",
            "tile/0/000.p/65537",
            "tile/entry/000",
            "tile/entries/000.p/999",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/../000",
            "tile/0/٠٠٠",
        ] {
            assert_eq!(TilePath::parse(path), Err(TilePathError), "{path}");
        }
    }

    #[test]
    fn a_bundle_is_its_entries() {
        let headers: Vec<[u8; HEADER_LEN]> = (0..=255).map(|n| [n; HEADER_LEN]).collect();
        let mut bundle = Vec::new();
        assert_eq!(read_entries(&bundle), Some(vec![]));
        for header in &headers {
            write_entry(&mut bundle, header);
        }
        assert_eq!(bundle.len(), 256 * 238);
        assert_eq!(bundle[..3], [0, 236, 0]);
        assert_eq!(read_entries(&bundle), Some(headers.iter().collect()));
        assert_eq!(read_entries(&bundle[..bundle.len() - 1]), None);
        let mut wrong_len = bundle.clone();
        wrong_len[1] ^= 1;
        assert_eq!(read_entries(&wrong_len), None);
        write_entry(&mut bundle, &headers[0]);
        assert_eq!(read_entries(&bundle), None, "257 entries");
    }

    proptest! {
        #[test]
        fn parsing_is_the_inverse_of_printing(index: u64, level in 0..8u8, width in 1..=256u16) {
            for path in [hashes(level, index, width), TilePath::Entries { index, width }] {
                prop_assert_eq!(TilePath::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn any_path_is_refused_or_in_its_one_form(path in "tile/[0-9a-z]{1,7}/[x0-9/]{3,9}(\\.p/[0-9]{1,3})?") {
            if let Ok(parsed) = TilePath::parse(&path) {
                prop_assert_eq!(parsed.to_string(), path);
            }
        }
    }
}
