//! From a backup to a ledger: the log byte for byte, everything else made anew under keys of a new incarnation.
//!
//! Signing key, history epoch, and the keys of rows, index, anchor and set hash are new, so that nothing of the life before can be put back
//! into this one or signed beside it; generation and data keys stay, since they open the secrets. It is made beside its place and
//! renamed into it: a crash leaves nothing that opens.

use super::half::{KeyRow, OpenedHalf};
use super::target::{EachRecord, sync_dir};
use super::{BackupError, Target};
use crate::birth::HeldKeyFile;
use crate::clock::Clock;
use crate::fingerprint::{Fingerprints, Holder, fingerprints_of};
use crate::index::{Index, Posting, fingerprint_row};
use crate::inner::open_values;
use crate::keyring::{Keyring, Succession};
use crate::open::{self, Begin, Contents, Loaded, Running, Unsealed};
use crate::opened::open_recorded;
use crate::project::{ANNOUNCED_ROW_KEY, Projection};
use crate::{OpenError, RequestContext, rebuild};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use strongroom_domain::State;
use strongroom_domain::command::Command;
use strongroom_domain::event::{Event, Recorded};
use strongroom_domain::evolve::evolve;
use strongroom_domain::ids::CredentialId;
use strongroom_log::{Committer, DataDir, Opened, Slice, Space, Store, hold};
use strongroom_proof::Hash;
use strongroom_proof::note::{Origin, SignedNote};
use strongroom_proof::tree::Frontier;
use strongroom_proof::verify::{Began, KeyLog};
use strongroom_seal::keyfile::{self, EpochKey, HistoryKeys, KeyFile, Keys, SigningKeys};
use strongroom_seal::{Key32, RootKey, RootKeyProvider, Signer, random_bytes};

/// Records of one commit.
const BATCH_RECORDS: u64 = 2_048;

/// How a ledger comes back.
pub struct RecoverOptions {
    /// Where the root key comes from.
    pub root: Box<dyn RootKeyProvider + Send + Sync>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Why; kept in the record.
    pub reason: String,
    /// The newest checkpoint of the ledger that is known from elsewhere: what lies between it and the backup is lost, and is named.
    pub known: Option<SignedNote>,
    /// Whether a log half that ends before its key half is taken as it is.
    pub accept_loss: bool,
    /// Whether tokens and identities of before open something at once: only where nothing can have been revoked since the backup.
    pub keep_tokens: bool,
}

/// A ledger that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Records of the life before that it has.
    pub kept: u64,
    /// Size of the newest checkpoint that was known, where it is beyond them.
    pub known: Option<u64>,
    /// Whether tokens and identities wait to be released.
    pub suspended: bool,
    /// Its origin from now on.
    pub origin: String,
    /// The first checkpoint of its new life.
    pub checkpoint: String,
}

pub(super) fn recover(
    target: &Target,
    dir: &Path,
    options: RecoverOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Recovered, BackupError> {
    let checked = target.verify(progress)?;
    if checked.log.size < checked.key_half_at && !options.accept_loss {
        return Err(checked.behind());
    }
    if let Some(note) = &options.known {
        check_known(note, &checked.log.keys)?;
    }
    let is_empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty {
        return Err(BackupError::NotEmpty { dir: dir.to_owned() });
    }
    let half = target.half()?;
    let before = Before {
        half: half.open(options.root.as_ref())?,
        rows: half.rows,
        newest: checked.log.keys.newest().clone(),
        checkpoint: Some(checked.checkpoint.clone()),
        size: checked.log.size,
        known: options.known.as_ref().map(|note| note.checkpoint.size),
    };
    let recovered = before.begin_again(dir, &options, &mut |each| target.each_record(each), progress)?;
    if dir.exists() {
        fs::remove_dir(dir).map_err(BackupError::io(dir, "replaced"))?;
    }
    put_in_place(dir)?;
    Ok(recovered)
}

/// The ledger that was made beside a place comes into it.
pub(super) fn put_in_place(dir: &Path) -> Result<(), BackupError> {
    fs::rename(beside(dir), dir).map_err(BackupError::io(dir, "put in place"))?;
    let parent = dir.parent().filter(|it| !it.as_os_str().is_empty());
    sync_dir(parent.unwrap_or(Path::new(".")))
}

/// What is left of the incarnation before.
pub(super) struct Before {
    pub(super) half: OpenedHalf,
    /// The rows of `keys`, as stored.
    pub(super) rows: Vec<KeyRow>,
    /// Its incarnation, origin and signing key, as the records that are kept announce them.
    pub(super) newest: Began,
    /// Its newest checkpoint that is true of what is kept.
    pub(super) checkpoint: Option<String>,
    /// Records that are kept.
    pub(super) size: u64,
    /// Size of the newest checkpoint that is known.
    pub(super) known: Option<u64>,
}

/// Hands each record that is kept to who asks, in order.
pub(super) type Records<'r> = &'r mut dyn FnMut(EachRecord<'_>) -> Result<(), BackupError>;

impl Before {
    /// Makes the ledger beside its place; where that fails nothing stays there.
    pub(super) fn begin_again(
        &self,
        dir: &Path,
        options: &RecoverOptions,
        records: Records<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Recovered, BackupError> {
        if options.reason.trim().is_empty() {
            return Err(BackupError::Reason);
        }
        let beside = beside(dir);
        if beside.exists() {
            // What an earlier try left, and no other is at work on: it opens nothing.
            drop(hold(&beside).map_err(OpenError::from)?);
            fs::remove_dir_all(&beside).map_err(BackupError::io(&beside, "removed"))?;
        }
        let made = self.make(&beside, options, records, progress);
        if made.is_err() {
            let _ = fs::remove_dir_all(&beside);
        }
        made
    }

    fn make(
        &self,
        dir: &Path,
        options: &RecoverOptions,
        records: Records<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Recovered, BackupError> {
        let keys = new_keys(&self.half.keys)?;
        let key_file = KeyFile::create(
            &self.half.root,
            *self.half.key_file.source(),
            *self.half.key_file.ledger_id(),
            random_bytes().map_err(OpenError::from)?,
            &keys,
        )?;
        let origin = Origin::parse(&self.newest.key.name).map_err(|_| OpenError::LedgerName)?;
        let mut load = Load::create(dir, &key_file, &self.half.root, origin.name())?;
        load.keys.succession = Some(Succession {
            checkpoint: self.checkpoint.clone(),
            signer: self.signer(),
        });
        for (id, key) in &self.half.data_keys {
            load.keys.add_data_key(*id, Arc::clone(key));
        }
        load.keys_of(&self.half, &self.rows)?;
        load.records(records, self.size, progress)?;
        load.begin(dir, options, self.known)
    }
}

impl Before {
    /// What signed for the records that are kept: a key half may be newer, and know keys of a later life.
    fn signer(&self) -> Option<Signer> {
        let signers = self.half.keys.signing.seeds.iter().map(Signer::new);
        let of_it = |signer: &Signer| signer.public_key() == *self.newest.key.key.as_bytes();
        signers.into_iter().find(of_it)
    }
}

/// A checkpoint from elsewhere must be this ledger's.
pub(super) fn check_known(note: &SignedNote, keys: &KeyLog) -> Result<(), BackupError> {
    let of_it = keys
        .began()
        .iter()
        .any(|it| it.key.name == note.checkpoint.origin && it.key.verify(note).is_ok());
    if of_it { Ok(()) } else { Err(BackupError::OtherLedger) }
}

/// `DIR.recovering`, on the same disk.
fn beside(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".recovering");
    dir.with_file_name(name)
}

/// Keys of a new incarnation: what names and signs is new, what opens stays.
fn new_keys(old: &Keys) -> Result<Keys, BackupError> {
    let fresh = || Key32::make_locked().map_err(|error| BackupError::Open(error.into()));
    let mut epochs = old.history.epochs.clone();
    epochs.push(EpochKey {
        epoch: old.history.newest().epoch + 1,
        key: fresh()?,
    });
    let mut seeds = old.signing.seeds.clone();
    seeds.push(fresh()?);
    Ok(Keys {
        history: HistoryKeys {
            epochs,
            projection: fresh()?,
            index: fresh()?,
            anchor: fresh()?,
            set_hash: fresh()?,
        },
        signing: SigningKeys { seeds },
        secrets: old.secrets.clone(),
    })
}

/// A ledger while its log is written.
pub(super) struct Load {
    store: Store,
    keys: Keyring,
    committer: Committer,
    frontier: Frontier,
    pub(super) state: State,
    projection: Projection,
    index: Index,
    fingerprints: Fingerprints,
    last_us: u64,
}

impl Load {
    /// Makes a directory with a key file and an empty log.
    pub(super) fn create(dir: &Path, key_file: &KeyFile, root: &RootKey, name: &str) -> Result<Self, BackupError> {
        let data_dir = DataDir::create(dir).map_err(OpenError::from)?;
        let path = data_dir.layout().key_file();
        keyfile::write(&path, key_file).map_err(OpenError::from)?;
        let held = HeldKeyFile::new(path, key_file, root)?;
        let contents = Contents::all(key_file, root)?;
        let log_options = strongroom_log::OpenOptions::default();
        let unsealed = open::unseal(data_dir, contents, key_file, &log_options, Some(name))?;
        let Unsealed { opened, keys, .. } = unsealed;
        let Opened {
            store,
            frontier,
            checks,
            ..
        } = opened;
        let (committer, evidence) = checks.all_passed(held.end_birth(0)?).map_err(OpenError::from)?;
        evidence.discard().map_err(OpenError::from)?;
        Ok(Self {
            index: Index::open(&store, 0).map_err(OpenError::from)?,
            store,
            keys,
            committer,
            frontier,
            state: State::default(),
            projection: Projection::default(),
            fingerprints: Fingerprints::default(),
            last_us: 0,
        })
    }

    /// Writes state, and stops: nothing follows. `signed` is a checkpoint of these records, or empty.
    pub(super) fn end(mut self, signed: &str) -> Result<(), BackupError> {
        rebuild::write_state(
            &self.store,
            &self.keys,
            &self.state,
            &mut self.projection,
            &self.frontier,
        )?;
        let failed = |error: strongroom_log::CommitError| BackupError::Open(OpenError::Birth(error.to_string()));
        self.committer.stop(signed.as_bytes()).map_err(failed)
    }

    /// The root of what was written.
    pub(super) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Writes the wrapped keys; they stay as they are.
    fn keys_of(&mut self, half: &OpenedHalf, rows: &[KeyRow]) -> Result<(), BackupError> {
        let opened: std::collections::HashSet<_> = half.data_keys.iter().map(|(id, _)| *id).collect();
        let mut batch = self.store.row_batch();
        for (key, row) in rows {
            if !key.get(4..).is_some_and(|id| opened.contains(id)) {
                continue;
            }
            if batch.is_full() {
                std::mem::replace(&mut batch, self.store.row_batch())
                    .write()
                    .map_err(OpenError::from)?;
            }
            self.projection.put_key_row(&self.keys.set_hash, key, row);
            batch.put(Space::Keys, key.as_slice(), row.as_slice());
        }
        Ok(batch.write_durably().map_err(OpenError::from)?)
    }

    /// Writes the records, folds them, and makes what they are found by.
    pub(super) fn records(
        &mut self,
        records: Records<'_>,
        total: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), BackupError> {
        let mut batch = Vec::new();
        records(&mut |_, bytes| {
            batch.push(Slice::from(bytes));
            if batch.len() as u64 == BATCH_RECORDS {
                self.commit(std::mem::take(&mut batch))?;
                progress(self.frontier.size(), total);
            }
            Ok(())
        })?;
        self.commit(batch)?;
        progress(total, total);
        Ok(())
    }

    fn commit(&mut self, records: Vec<Slice>) -> Result<(), BackupError> {
        let first = self.frontier.size();
        let mut batch = self.store.batch(first);
        let mut postings = Vec::with_capacity(records.len());
        for record in records {
            let position = self.frontier.size();
            let recorded = open_recorded(&self.keys, position, &record);
            let recorded = recorded.map_err(|error| OpenError::Record {
                position,
                what: error.to_string(),
            })?;
            evolve(&mut self.state, &recorded);
            self.last_us = recorded.recorded_at;
            postings.push(Posting::of(&self.keys, &recorded));
            if let Some((key, row)) = self.fingerprints_of(&recorded, &record)? {
                batch.put(Space::Index, key, row);
            }
            batch.append(&mut self.frontier, record);
        }
        let failed = |error: strongroom_log::CommitError| BackupError::Open(OpenError::Birth(error.to_string()));
        self.committer.commit(batch.close(&self.frontier)).map_err(failed)?;
        self.committer.anchor(Instant::now()).map_err(failed)?;
        self.index.push(postings);
        Ok(self.index.flush(&self.store).map_err(OpenError::from)?)
    }

    /// The row of fingerprints of what a record entered, if it entered values that can be opened.
    fn fingerprints_of(&mut self, recorded: &Recorded, bytes: &[u8]) -> Result<Option<KeyRow>, BackupError> {
        let (version, facts) = match &recorded.event {
            Event::CredentialCreated(created) => (1, &created.fields),
            Event::CredentialRotated(rotated) => (rotated.version, &rotated.fields),
            _ => return Ok(None),
        };
        let id = CredentialId(recorded.stream.id);
        let Some(credential) = self.state.credentials.get(&id) else {
            return Ok(None);
        };
        let (Some(powers), Ok(values)) = (&self.keys.powers, open_values(&self.keys, bytes, credential)) else {
            return Ok(None); // its key is gone: a live one's is asked for at the end
        };
        let list = fingerprints_of(&powers.fingerprint, &values, facts);
        for fingerprint in &list {
            let credential = id;
            self.fingerprints.add(*fingerprint, Holder { credential, version });
        }
        if list.is_empty() {
            return Ok(None);
        }
        let random = random_bytes().map_err(OpenError::from)?;
        Ok(Some(fingerprint_row(
            &self.keys,
            &credential.key_id,
            id,
            version,
            &list,
            &random,
        )))
    }

    /// Writes state, and the first record of the new life.
    fn begin(mut self, dir: &Path, options: &RecoverOptions, known: Option<u64>) -> Result<Recovered, BackupError> {
        open::check_live_keys(&self.state, &self.keys)?;
        rebuild::write_state(
            &self.store,
            &self.keys,
            &self.state,
            &mut self.projection,
            &self.frontier,
        )?;
        let kept = self.frontier.size();
        let mut announced = self.store.row_batch();
        announced.put(Space::Meta, ANNOUNCED_ROW_KEY, kept.to_be_bytes().as_slice());
        announced.write_durably().map_err(OpenError::from)?;
        let known = known.filter(|size| *size > kept);
        let command = Command::RecordRecovered {
            kept,
            known,
            suspended: !options.keep_tokens,
        };
        let context = RequestContext {
            reason: Some(options.reason.clone()),
            ..RequestContext::system()
        };
        let origin = self.keys.origin.clone();
        let dev = self.state.ledger.dev;
        let ledger = open::begin(Begin {
            dir: dir.to_owned(),
            store: self.store,
            keys: self.keys,
            frontier: self.frontier,
            committer: self.committer,
            loaded: Loaded::of(self.state, self.projection, self.last_us),
            index: self.index,
            fingerprints: self.fingerprints,
            running: Running {
                dev,
                clock: Arc::clone(&options.clock),
                window: Duration::ZERO,
                new_windows: 0,
                on_fatal: Box::new(|_| {}),
            },
        })?;
        let done = ledger.execute_blocking(context, vec![command]);
        let checkpoint = ledger.checkpoint().to_string();
        let stopped = ledger.stop();
        let done = done.map_err(|failure| OpenError::Birth(format!("{failure:?}")))?;
        if done.position != Some(kept) {
            // What the ledger has to say by itself may come first where this one is held up: a life begins with its announcement.
            return Err(OpenError::Birth("another record came before the announcement".to_owned()).into());
        }
        stopped.map_err(OpenError::Birth)?;
        Ok(Recovered {
            kept,
            known,
            suspended: !options.keep_tokens,
            origin,
            checkpoint,
        })
    }
}
