//! From a directory that is refused to a ledger, with the loss accepted: what is whole is kept, and where that ends is said.
//!
//! Records are read on a shadow until one is missing, does not verify, or fills a tile that is not the stored one; where the anchor is there
//! and knows another root, the records behind the last full tile go, too. What is kept becomes a new incarnation, whose first record names
//! what was known; the old directory stays, under another name.

use super::BackupError;
use super::half::KeyHalf;
use super::restore::{Before, RecoverOptions, Recovered, check_known, put_in_place};
use crate::OpenError;
use crate::project::CHECKPOINT_ROW_KEY;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use strongroom_log::{Layout, Salvaged, Shadow, Slice, Space, StoreError, hold, salvage};
use strongroom_proof::Hash;
use strongroom_proof::note::SignedNote;
use strongroom_proof::tree::TILE_WIDTH;
use strongroom_proof::verify::{KeyLog, LogVerifier};
use strongroom_seal::keyfile::{self, HistoryKeys, KeyFile};
use strongroom_seal::{Key32, Keyspace, RowSealer, anchor_mac};

/// Records between two words of progress.
const PROGRESS_EVERY: u64 = 4_096;

/// A ledger that goes on, and what is not in it any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The ledger as it is now.
    pub recovered: Recovered,
    /// Records that were there, whole or not.
    pub found: u64,
    /// Why no more is kept; none where all that was found is.
    pub why: Option<String>,
    /// Where the old directory is.
    pub old: PathBuf,
}

pub(super) fn accept(
    dir: &Path,
    options: &RecoverOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Loss, BackupError> {
    if crate::check_keys(dir, options.root.as_ref()).is_ok() {
        return Err(BackupError::Whole { dir: dir.to_owned() });
    }
    let parent = dir
        .parent()
        .filter(|it| !it.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let shadow = Shadow::make(dir, parent).map_err(OpenError::from)?;
    let _held = hold(dir).map_err(OpenError::from)?;
    let key_file = keyfile::read(&Layout::new(shadow.dir()).key_file()).map_err(OpenError::from)?;
    let key_file = key_file.ok_or_else(|| OpenError::NoLedger { dir: dir.to_owned() })?;
    let keys = key_file.open(&options.root.root_key(key_file.source())?)?;
    let anchor_key = Key32::locked(keys.history.anchor.expose());
    let mac: strongroom_log::AnchorMac = Arc::new(move |slot: &[u8]| anchor_mac(&anchor_key, slot));
    let salvaged = salvage(shadow.dir(), *key_file.ledger_id(), &mac).map_err(OpenError::from)?;
    let notes = notes(&salvaged, &key_file, &keys.history, options);
    let read = read(&salvaged, &notes, progress)?;
    if let (Some(note), Some(keys)) = (&options.known, &read.keys) {
        check_known(note, keys)?;
    }
    // As far as it is kept: what was read behind that announces nothing.
    let mut began = read.keys.iter().flat_map(KeyLog::began);
    let newest = began.rfind(|it| it.position < read.kept).cloned();
    let newest = newest.ok_or(BackupError::NothingLeft)?;
    let rows = key_rows(&salvaged);
    let half = KeyHalf {
        size: read.kept,
        key_file: key_file.to_bytes(),
        rows: rows.clone(),
    };
    let anchored = salvaged.anchored.map(|(size, _)| size);
    let before = Before {
        half: half.open(options.root.as_ref())?,
        rows,
        newest,
        checkpoint: read.checkpoint,
        size: read.kept,
        known: anchored
            .into_iter()
            .chain(notes.iter().map(|note| note.checkpoint.size))
            .max(),
    };
    let mut records = |each: super::target::EachRecord<'_>| {
        for entry in salvaged.store.view().records_uncut(0..read.kept) {
            let (position, bytes) = entry.map_err(OpenError::from)?;
            each(position, &bytes)?;
        }
        Ok(())
    };
    let recovered = before.begin_again(dir, options, &mut records, progress)?;
    let old = aside(dir);
    fs::rename(dir, &old).map_err(BackupError::io(dir, "set aside"))?;
    put_in_place(dir)?;
    Ok(Loss {
        recovered,
        found: salvaged.end,
        why: read.why,
        old,
    })
}

/// `DIR.lost-1`, or the next that is free.
fn aside(dir: &Path) -> PathBuf {
    let named = |number: u32| {
        let mut name = dir.file_name().unwrap_or_default().to_owned();
        name.push(format!(".lost-{number}"));
        dir.with_file_name(name)
    };
    (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0))
}

/// Checkpoints of the ledger that are at hand: the anchor's, the stored one, and the one that somebody kept.
fn notes(salvaged: &Salvaged, key_file: &KeyFile, keys: &HistoryKeys, options: &RecoverOptions) -> Vec<SignedNote> {
    let rows = RowSealer::new(&keys.projection, *key_file.ledger_id());
    let stored = salvaged.store.row(Space::Meta, CHECKPOINT_ROW_KEY).ok().flatten();
    let stored = stored.and_then(|row| rows.open(Keyspace::Meta, CHECKPOINT_ROW_KEY, &row).ok());
    let stored = stored.and_then(|note| String::from_utf8(note.to_vec()).ok());
    let texts = salvaged.checkpoint.clone().into_iter().chain(stored);
    let notes = texts.filter_map(|text| SignedNote::parse(&text).ok());
    notes.chain(options.known.clone()).collect()
}

/// Wrapped keys as far as they can be read: what is missing of a live one is refused later.
fn key_rows(salvaged: &Salvaged) -> Vec<(Vec<u8>, Vec<u8>)> {
    let view = salvaged.store.view();
    let rows = view.rows_with_prefix(Space::Keys, b"").map_while(Result::ok);
    rows.map(|(key, value): (Slice, Slice)| (key.to_vec(), value.to_vec()))
        .collect()
}

/// How far a log is whole.
struct Read {
    kept: u64,
    why: Option<String>,
    keys: Option<KeyLog>,
    /// The newest checkpoint at hand that is true of what is kept.
    checkpoint: Option<String>,
}

fn read(salvaged: &Salvaged, notes: &[SignedNote], progress: &mut dyn FnMut(u64, u64)) -> Result<Read, BackupError> {
    let mut asked: BTreeMap<u64, Option<Hash>> = notes.iter().map(|note| (note.checkpoint.size, None)).collect();
    asked.extend(salvaged.anchored.map(|(size, _)| (size, None)));
    let mut log = LogVerifier::new();
    let (mut kept, mut why) = (None, None);
    for entry in salvaged.store.view().records_uncut(0..salvaged.end) {
        let position = log.size();
        let read = entry.map_err(|error| error.to_string());
        let tiles = read.and_then(|(_, bytes)| Ok(log.push(&bytes).map_err(|error| error.to_string())?.tiles));
        let tiles = match tiles {
            Ok(tiles) => tiles,
            Err(what) => {
                kept = Some(position);
                why = Some(format!("the record at position {position}: {what}"));
                break;
            }
        };
        let other = |stored: Result<Option<Slice>, StoreError>, bytes: Vec<u8>| {
            stored.ok().flatten().is_some_and(|stored| *stored != bytes[..])
        };
        if let Some((id, _)) = tiles
            .iter()
            .find(|(id, tile)| id.level == 0 && other(salvaged.tile(*id), tile.to_bytes()))
        {
            kept = Some(id.index * TILE_WIDTH as u64);
            why = Some(format!(
                "among the {TILE_WIDTH} records up to {position} one is not what it was"
            ));
            break;
        }
        if let Some(root) = asked.get_mut(&log.size()) {
            *root = Some(log.root());
        }
        if log.size().is_multiple_of(PROGRESS_EVERY) {
            progress(log.size(), salvaged.end);
        }
    }
    let mut kept = kept.unwrap_or(log.size());
    let root_at = |size: u64| asked.get(&size).copied().flatten();
    if let Some((size, root)) = salvaged.anchored
        && size <= kept
        && root_at(size).is_some_and(|found| found != root)
    {
        kept = size - size % TILE_WIDTH as u64;
        why = Some(format!("of {size} records the anchor has another root"));
    }
    let holds = |note: &&SignedNote| {
        let checkpoint = &note.checkpoint;
        checkpoint.size <= kept && root_at(checkpoint.size) == Some(checkpoint.root)
    };
    let checkpoint = notes.iter().filter(holds).max_by_key(|note| note.checkpoint.size);
    Ok(Read {
        kept,
        why,
        keys: log.keys().cloned(),
        checkpoint: checkpoint.map(SignedNote::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::House;
    use crate::{Ledger, WallClock};
    use strongroom_seal::FileProvider;

    fn options(house: &House) -> RecoverOptions {
        RecoverOptions {
            root: Box::new(FileProvider(house.root())),
            clock: Arc::new(WallClock),
            reason: "a test".to_owned(),
            known: None,
            accept_loss: true,
            keep_tokens: false,
        }
    }

    /// A stopped ledger of more than 600 records without an anchor, one of whose tiles someone wrote anew.
    fn damaged(tile: Option<u64>) -> (House, u64) {
        let (house, ledger) = House::new();
        for number in 0..600 {
            house.create_client(&ledger, &format!("Client {number}"));
        }
        let size = ledger.view().head;
        if let Some(index) = tile {
            let mut batch = ledger.shared.store.row_batch();
            let key = [&[0][..], &index.to_be_bytes()].concat();
            batch.put(Space::Tree, key, vec![7; 32 * TILE_WIDTH]);
            batch.write_durably().unwrap();
        }
        ledger.stop().unwrap();
        fs::remove_file(Layout::new(house.data()).anchor()).unwrap();
        (house, size)
    }

    #[test]
    fn what_stands_behind_a_tile_that_is_not_the_trees_is_not_kept() {
        let (house, size) = damaged(Some(1));
        let loss = Ledger::accept_loss(&house.data(), &options(&house), &mut |_, _| {}).unwrap();
        assert_eq!((loss.recovered.kept, loss.found), (256, size));
        // The checkpoint of the clean stop is gone with the anchor; the stored one knows that there was more.
        assert!(loss.recovered.known.is_some_and(|known| known > 256), "{loss:?}");
        assert!(loss.why.unwrap().contains("511"));
        let (house, _) = damaged(Some(0));
        let nothing = Ledger::accept_loss(&house.data(), &options(&house), &mut |_, _| {});
        assert!(matches!(nothing, Err(BackupError::NothingLeft)));
        assert!(house.data().join("key-file").exists(), "it is as it was");
    }

    #[test]
    fn all_is_kept_where_nothing_is_wrong_with_the_log() {
        let (house, size) = damaged(None);
        let loss = Ledger::accept_loss(&house.data(), &options(&house), &mut |_, _| {}).unwrap();
        assert_eq!((loss.recovered.kept, loss.found, loss.why), (size, size, None));
        assert_eq!(loss.recovered.known, None);
        // It opens, says the same, and is whole now; also where nobody says any more which record announced it.
        let (ledger, _) = house.open();
        let mut batch = ledger.shared.store.row_batch();
        batch.remove(Space::Meta, crate::project::ANNOUNCED_ROW_KEY);
        batch.write_durably().unwrap();
        ledger.stop().unwrap();
        drop(ledger);
        let (ledger, _) = house.open();
        assert_eq!(ledger.view().head, size + 1);
        assert_eq!(ledger.view().state.clients.len(), 600);
        ledger.stop().unwrap();
        drop(ledger);
        let again = Ledger::accept_loss(&house.data(), &options(&house), &mut |_, _| {});
        assert!(matches!(again, Err(BackupError::Whole { .. })));
    }
}
