//! Where things lie in a data directory, and how far its birth has come.

use std::path::{Path, PathBuf};

use crate::OpenError;

/// The paths in a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Names the paths below `root`; nothing is looked at.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The data directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The key file, written by whoever has the root key.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.root.join("key-file")
    }

    /// The anchor's two slots.
    #[must_use]
    pub fn anchor(&self) -> PathBuf {
        self.root.join("anchor")
    }

    /// The database: fjall's directory, journals inside.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("db")
    }

    /// The file whose lock says that the directory is in use.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }
}

/// How far the birth of a data directory has come: key file, anchor, database, first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// None of the three exists.
    Empty,
    /// Only the key file exists: the birth was stopped behind its first step.
    KeyFile,
    /// An anchor of size 0 without a database: the birth was stopped behind its second step.
    Anchored,
    /// Key file, anchor and database exist. The log may still be empty.
    Whole,
}

/// What exists of a data directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present {
    pub(crate) key_file: bool,
    pub(crate) anchor: bool,
    pub(crate) database: bool,
}

impl Present {
    pub(crate) fn look(layout: &Layout) -> Result<Self, OpenError> {
        let there = |path: PathBuf| {
            path.try_exists()
                .map_err(|source| OpenError::io("look for", &path, source))
        };
        Ok(Self {
            key_file: there(layout.key_file())?,
            anchor: there(layout.anchor())?,
            database: there(layout.database())?,
        })
    }
}
