//! From a data directory to a running ledger: unseal, check, load, take over, start the threads.
//!
//! Nothing is answered before log, keys, state and index stand at the same head, and nothing is written before every
//! check has passed: the anchor is taken over only then.

use crate::birth::HeldKeyFile;
use crate::clock::Clock;
use crate::commit::{self, CommitSide};
use crate::denials::Denials;
use crate::error::OpenError;
use crate::fingerprint::{Fingerprints, Holder};
use crate::index::{Index, Posting, open_fingerprint_row};
use crate::inner::{Found, Shared};
use crate::keyring::{Keyring, Powers};
use crate::last_use::LastUse;
use crate::limits::QUEUE_WORKS_MAX;
use crate::lost_fingerprints::{self, Rows};
use crate::opened::open_recorded;
use crate::project::{
    ANNOUNCED_ROW_KEY, CHECKPOINT_ROW_KEY, HEAD_ROW_KEY, PROJECTION_ROW_KEY, PROJECTION_VERSION, Projection,
};
use crate::rebuild;
use crate::sequencer::Sequencer;
use crate::view::Published;
use crate::{Ledger, keeper};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use strongroom_domain::State;
use strongroom_domain::event::Stream;
use strongroom_domain::state::EntityKey;
use strongroom_domain::words::Category;
use strongroom_log::{Committer, DataDir, Life, Opened, Space, Store, StoreError, View};
use strongroom_proof::note::{Origin, SignedNote, VerifyingKey};
use strongroom_proof::plain::PlainPart;
use strongroom_proof::record::RecordRef;
use strongroom_proof::tree::Frontier;
use strongroom_seal::keyfile::{self, HistoryKeys, KeyFile, Keys};
use strongroom_seal::{
    FingerprintKey, Key32, Keyspace, RandomSource, RootKey, RootKeyProvider, RowSealer, SetHashKey, SetHashRow, Signer,
    Wrapper, anchor_mac, epoch_commitment,
};

/// How a ledger is opened.
pub struct OpenOptions {
    /// Where the root key comes from.
    pub root: Box<dyn RootKeyProvider + Send + Sync>,
    /// Whether it is opened by `serve --dev`.
    pub dev: bool,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How long a recorded serving covers the next ones of the same; 0 records each.
    pub window: Duration,
    /// Windows of serving that a principal may open in a minute; 0 is no bound.
    pub new_windows: u32,
    /// Rebuilds `state` from the log though its rows look whole.
    pub rebuild_state: bool,
    /// Told once when the ledger can't write any more: the process should end.
    pub on_fatal: Box<dyn Fn(&str) + Send + Sync>,
    /// Bytes of the store's block cache.
    pub cache_bytes: u64,
}

/// What an opening found and did.
#[derive(Debug, Clone)]
pub struct OpenReport {
    /// Number of records.
    pub records: u64,
    /// Whether the last run ended in order.
    pub clean: bool,
    /// Records that were acknowledged but not yet in the synced anchor, or the other way round: `records - anchored`.
    pub anchored: u64,
    /// What was rebuilt from the log, in words.
    pub rebuilt: Vec<String>,
    /// Bytes of an unfinished commit that were cut.
    pub torn_bytes_cut: u64,
}

/// A directory that is unsealed and whose log is checked.
pub(crate) struct Unsealed {
    pub(crate) opened: Opened,
    pub(crate) keys: Keyring,
    /// The largest checkpoint that was signed and still holds.
    pub(crate) signed: Option<SignedNote>,
}

/// What the key in hand opened of a key file.
pub(crate) enum Contents {
    /// All of it.
    All(Box<Keys>),
    /// What happened, and no secret.
    History(HistoryKeys),
}

impl Contents {
    /// Opens all of a key file.
    pub(crate) fn all(key_file: &KeyFile, root: &RootKey) -> Result<Self, OpenError> {
        Ok(Self::All(Box::new(key_file.open(root)?)))
    }

    fn history(&self) -> &HistoryKeys {
        match self {
            Self::All(keys) => &keys.history,
            Self::History(history) => history,
        }
    }

    /// The key that signs, where it is in hand.
    fn signer(&self) -> Option<Signer> {
        match self {
            Self::All(keys) => Some(newest_signer(keys)),
            Self::History(_) => None,
        }
    }
}

/// Locks, unseals and checks a directory. `name` is the ledger's name where it is not born yet.
pub(crate) fn unseal(
    data_dir: DataDir,
    contents: Contents,
    key_file: &KeyFile,
    options: &strongroom_log::OpenOptions,
    name: Option<&str>,
) -> Result<Unsealed, OpenError> {
    let life = Life {
        ledger_id: *key_file.ledger_id(),
        incarnation: *key_file.incarnation(),
        key_file_sequence: key_file.sequence(),
    };
    let anchor_key = Key32::locked(contents.history().anchor.expose());
    let mac: strongroom_log::AnchorMac = Arc::new(move |slot: &[u8]| anchor_mac(&anchor_key, slot));
    let opened = data_dir.open(&life, mac, options)?;
    let (origin, verifier) = match opened.store.record(0)? {
        Some(_) => incarnation(&opened.store, &life, &contents)?,
        None => {
            let name = name.ok_or(OpenError::NotBorn)?;
            let origin = Origin::new(name, life.ledger_id, life.incarnation).map_err(|_| OpenError::LedgerName)?;
            let signer = contents.signer().ok_or(OpenError::NotBorn)?;
            (origin.to_string(), signer.verifying_key())
        }
    };
    let keys = keyring(contents, &life, origin, verifier);
    let signed = check_checkpoint(&opened, &keys)?;
    Ok(Unsealed { opened, keys, signed })
}

/// Origin and key of the present incarnation, from the record that announces it. Where the row that says which one that is was lost,
/// all records are looked through.
fn incarnation(store: &Store, life: &Life, contents: &Contents) -> Result<(String, VerifyingKey), OpenError> {
    let row = store.row(Space::Meta, ANNOUNCED_ROW_KEY)?;
    let said = row
        .and_then(|row| row.as_ref().try_into().ok())
        .map_or(0, u64::from_be_bytes);
    let at = |position| match store.record(position)? {
        Some(record) => announced(position, &record, life, contents),
        None => Err(OpenError::OtherLedger),
    };
    match at(said) {
        Err(OpenError::OtherLedger) => {}
        known => return known,
    }
    for entry in store.view().records(0..store.head().size).rev() {
        let (position, record) = entry?;
        let plain = RecordRef::parse(&record)
            .ok()
            .and_then(|record| PlainPart::parse(record.plain?).ok());
        if plain.is_some_and(|plain| plain.incarnation == life.incarnation) {
            return at(position);
        }
    }
    Err(OpenError::OtherLedger)
}

/// The origin and the key of signatures that the log itself announces; the key file must be this log's.
fn announced(
    position: u64,
    record: &[u8],
    life: &Life,
    contents: &Contents,
) -> Result<(String, VerifyingKey), OpenError> {
    let wrong = |what: String| OpenError::Record { position, what };
    let record = RecordRef::parse(record).map_err(|error| wrong(error.to_string()))?;
    let plain = record.plain.ok_or_else(|| wrong("it announces no keys".to_owned()))?;
    let plain = PlainPart::parse(plain).map_err(|error| wrong(error.to_string()))?;
    let signs = contents.signer().is_none_or(|it| it.public_key() == plain.signing_key);
    let announced = plain.epochs.iter().all(|announced| {
        contents
            .history()
            .epoch(announced.epoch)
            .is_some_and(|key| epoch_commitment(key) == announced.commitment)
    });
    let is_ours = plain.ledger_id == life.ledger_id && plain.incarnation == life.incarnation && signs && announced;
    if !is_ours {
        return Err(OpenError::OtherLedger);
    }
    let verifier = plain.verifying_key().map_err(|error| wrong(error.to_string()))?;
    Ok((plain.origin, verifier))
}

fn newest_signer(keys: &Keys) -> Signer {
    Signer::new(
        keys.signing
            .seeds
            .last()
            .expect("a key file holds at least one signing key"),
    )
}

fn keyring(contents: Contents, life: &Life, origin: String, verifier: VerifyingKey) -> Keyring {
    let (history, powers) = match contents {
        Contents::History(history) => (history, None),
        Contents::All(keys) => {
            let generation = keys.secrets.newest();
            let powers = Powers {
                signer: newest_signer(&keys),
                fingerprint: FingerprintKey::new(&generation.key),
                wrapper: Wrapper::new(
                    generation.number,
                    Key32::locked(generation.key.expose()),
                    life.ledger_id,
                ),
            };
            (keys.history, Some(Arc::new(powers)))
        }
    };
    Keyring {
        ledger_id: life.ledger_id,
        incarnation: life.incarnation,
        origin,
        rows: RowSealer::new(&history.projection, life.ledger_id),
        verifier,
        powers,
        set_hash: SetHashKey::new(history.set_hash),
        epochs: history
            .epochs
            .into_iter()
            .map(|epoch| (epoch.epoch, epoch.key))
            .collect(),
        index: history.index,
        succession: None,
        data_keys: RwLock::new(HashMap::new()),
    }
}

/// Before the first signature: what was signed last must still be true.
fn check_checkpoint(opened: &Opened, keys: &Keyring) -> Result<Option<SignedNote>, OpenError> {
    let stored = match opened.store.row(Space::Meta, CHECKPOINT_ROW_KEY)? {
        Some(row) => match keys.rows.open(Keyspace::Meta, CHECKPOINT_ROW_KEY, &row) {
            Ok(note) => String::from_utf8(note.to_vec()).ok(),
            Err(_) => return Err(OpenError::Checkpoint("the stored checkpoint does not open".to_owned())),
        },
        None => None,
    };
    let clean = String::from_utf8(opened.report.checkpoint.clone())
        .ok()
        .filter(|note| !note.is_empty());
    let mut largest: Option<SignedNote> = None;
    for note in stored.into_iter().chain(clean) {
        let note = SignedNote::parse(&note).map_err(|error| OpenError::Checkpoint(error.to_string()))?;
        note.verify(&keys.verifier)
            .map_err(|error| OpenError::Checkpoint(error.to_string()))?;
        let size = note.checkpoint.size;
        let root = opened
            .store
            .proofs()
            .root_at(size)
            .map_err(|error| OpenError::Checkpoint(error.to_string()))?;
        if root != note.checkpoint.root {
            return Err(OpenError::Checkpoint(format!(
                "the log's root at {size} records is not the one that was signed"
            )));
        }
        if largest.as_ref().is_none_or(|it| it.checkpoint.size < size) {
            largest = Some(note);
        }
    }
    Ok(largest)
}

/// Everything in memory that stands at the log's head.
pub(crate) struct Loaded {
    pub(crate) state: State,
    pub(crate) projection: Projection,
    pub(crate) last_us: u64,
    /// What is to be written once all checks have passed.
    anew: Anew,
    /// What had to be made anew, in words.
    pub(crate) rebuilt: Vec<String>,
}

/// What of `state` is written anew by an opening.
enum Anew {
    /// Nothing: its rows were loaded.
    Nothing,
    /// The version of its rows: there are none yet.
    Version,
    /// All of it, as folded from the log.
    Rows,
}

/// Loads keys and state; folds state from the log where its rows stand at another head. Writes nothing.
pub(crate) fn load(unsealed: &Unsealed, rebuild_state: bool) -> Result<Loaded, OpenError> {
    let Unsealed { opened, keys, .. } = unsealed;
    let store = &opened.store;
    let mut rebuilt = Vec::new();
    let head = store.head();
    let mut projection = Projection::default();
    load_data_keys(store, keys, &mut projection)?;
    let last_us = match head.size {
        0 => 0,
        size => {
            let bytes = store.record(size - 1)?.ok_or(OpenError::Record {
                position: size - 1,
                what: "it is not there".to_owned(),
            })?;
            RecordRef::parse(&bytes)
                .map_err(|error| OpenError::Record {
                    position: size - 1,
                    what: error.to_string(),
                })?
                .header
                .recorded_at_us
        }
    };
    let stored = head_row(&store.view(), keys)
        .filter(|row| row.size == head.size && row.root == head.root.0 && row.incarnation == keys.incarnation);
    let version = store.row(Space::Meta, PROJECTION_ROW_KEY)?;
    let is_current = version.is_some_and(|version| version.as_ref() == PROJECTION_VERSION.to_be_bytes());
    let stored = stored.filter(|_| is_current || head.size == 0);
    let journals = opened.checks.journals().map(Path::to_owned);
    let state_differs = || OpenError::StateDiffers {
        records: head.size,
        journals: journals.clone(),
    };
    let mut state = State::default();
    let anew = match stored {
        Some(stored) if !rebuild_state => {
            state = load_rows(&store.view(), keys, &mut projection)?.ok_or_else(state_differs)?;
            if !projection.rights_equal(&stored) {
                return Err(state_differs());
            }
            state.last_recorded_at = last_us;
            check_tail(store, &state, opened.report.anchored, head.size)?;
            if !projection.keys_equal(&stored) {
                check_live_keys(&state, keys)?;
                rebuilt.push("the sum over wrapped keys".to_owned());
            }
            Anew::Nothing
        }
        Some(_) | None if head.size == 0 => Anew::Version,
        _ => {
            state = rebuild::fold(store, keys, 0..head.size, &mut |_| {})?;
            check_live_keys(&state, keys)?;
            rebuilt.push(format!("current state, from {} records", head.size));
            Anew::Rows
        }
    };
    Ok(Loaded {
        state,
        projection,
        last_us,
        anew,
        rebuilt,
    })
}

impl Loaded {
    /// What was folded and written before.
    pub(crate) fn of(state: State, projection: Projection, last_us: u64) -> Self {
        Self {
            state,
            projection,
            last_us,
            anew: Anew::Nothing,
            rebuilt: Vec::new(),
        }
    }

    /// Writes what was folded anew.
    fn write(&mut self, store: &Store, keys: &Keyring, frontier: &Frontier) -> Result<(), OpenError> {
        match self.anew {
            Anew::Nothing => Ok(()),
            Anew::Version => rebuild::write_version(store),
            Anew::Rows => rebuild::write_state(store, keys, &self.state, &mut self.projection, frontier),
        }
    }
}

/// State as its rows have it, and their sum; `None` when one of them is not a row of this ledger.
pub(crate) fn load_rows(view: &View, keys: &Keyring, projection: &mut Projection) -> Result<Option<State>, StoreError> {
    let mut state = State::default();
    for row in view.rows_with_prefix(Space::State, b"") {
        let (key, sealed) = row?;
        let Ok(row) = keys.rows.open(Keyspace::State, &key, &sealed) else {
            return Ok(None);
        };
        if state.load_row(&key, &row).is_err() {
            return Ok(None);
        }
        if let Some(entity) = EntityKey::parse(&key).filter(EntityKey::counted_in_rights) {
            projection.count_state_row(&keys.set_hash, &entity, &key, &sealed);
        }
    }
    Ok(Some(state))
}

/// Records beyond the anchor are there after a crash; each must be the next of its stream, in time's order. So a copy of
/// an old record that someone put behind the end is refused.
fn check_tail(store: &Store, state: &State, anchored: u64, size: u64) -> Result<(), OpenError> {
    let mut versions: HashMap<Stream, u64> = HashMap::new();
    let mut later_us = u64::MAX;
    for entry in store.view().records(anchored.saturating_sub(1)..size).rev() {
        let (position, bytes) = entry?;
        let wrong = |what: &str| OpenError::Record {
            position,
            what: what.to_owned(),
        };
        let header = RecordRef::parse(&bytes)
            .map_err(|error| wrong(&error.to_string()))?
            .header;
        if header.recorded_at_us > later_us {
            return Err(wrong("time goes backwards behind it"));
        }
        later_us = header.recorded_at_us;
        if position < anchored {
            break;
        }
        let category =
            Category::from_number(header.category).ok_or_else(|| wrong("its stream category is not known"))?;
        let stream = Stream {
            category,
            id: header.stream_id,
        };
        let version = versions.entry(stream).or_insert_with(|| state.stream_version(&stream));
        if header.stream_version != *version {
            return Err(wrong("it is not the next of its stream"));
        }
        *version -= 1;
    }
    Ok(())
}

/// What the newest commit in a view says of its rows.
pub(crate) fn head_row(view: &View, keys: &Keyring) -> Option<SetHashRow> {
    let row = view.row(Space::Meta, HEAD_ROW_KEY).ok()??;
    let row = keys.rows.open(Keyspace::Meta, HEAD_ROW_KEY, &row).ok()?;
    SetHashRow::from_bytes(&row)
}

/// Unwraps every data key. One that does not open is an error: it was changed on disk.
fn load_data_keys(store: &Store, keys: &Keyring, projection: &mut Projection) -> Result<(), OpenError> {
    for row in store.view().rows_with_prefix(Space::Keys, b"") {
        let (row_key, wrapped) = row?;
        let id: Option<[u8; 16]> = row_key.get(4..).and_then(|id| id.try_into().ok());
        let generation = row_key.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        let (Some(id), Some(generation)) = (id, generation) else {
            return Err(OpenError::KeyRow { id: None });
        };
        projection.put_key_row(&keys.set_hash, &row_key, &wrapped);
        let Some(powers) = keys.powers.as_ref().filter(|it| it.wrapper.generation() == generation) else {
            continue;
        };
        let key = powers
            .wrapper
            .unwrap(&id, &wrapped)
            .map_err(|_| OpenError::KeyRow { id: Some(id) })?;
        keys.add_data_key(id, Arc::new(key));
    }
    Ok(())
}

/// Every live credential and template must have its data key.
pub(crate) fn check_live_keys(state: &State, keys: &Keyring) -> Result<(), OpenError> {
    if keys.powers.is_none() {
        return Ok(()); // none are unwrapped
    }
    let credentials = state
        .credentials
        .values()
        .map(|credential| (credential.head.first, credential.key_id));
    let templates = state
        .templates
        .values()
        .map(|template| (template.head.first, template.key_id));
    for (position, id) in credentials.chain(templates) {
        if keys.data_key(&id).is_none() {
            return Err(OpenError::KeyMissing { position, id });
        }
    }
    Ok(())
}

/// Fingerprints of every version, from their sealed rows; and which versions have one.
pub(crate) fn load_fingerprints(store: &Store, keys: &Keyring) -> Result<(Fingerprints, Rows), OpenError> {
    let mut fingerprints = Fingerprints::default();
    let mut rows = Rows::new();
    for row in store.view().rows_with_prefix(Space::Index, b"f") {
        let (key, sealed) = row?;
        if let Some((credential, version, list)) = open_fingerprint_row(keys, &key, &sealed) {
            if let Some(key_id) = key.get(1..17).and_then(|id| id.try_into().ok()) {
                // Rows come in the order of their keys: the last one is the newest.
                rows.insert(key_id, version);
            }
            list.into_iter()
                .for_each(|fingerprint| fingerprints.add(fingerprint, Holder { credential, version }));
        }
    }
    Ok((fingerprints, rows))
}

/// The index with the newest records' postings in memory.
pub(crate) fn load_index(store: &Store, keys: &Keyring, checked_from: u64, clean: bool) -> Result<Index, OpenError> {
    let size = store.head().size;
    let index = Index::open(store, if clean { size } else { checked_from })?;
    let from = index.end().min(size);
    index.restart_at(from);
    for entry in store.view().records(from..size) {
        let (position, bytes) = entry?;
        let recorded = open_recorded(keys, position, &bytes).map_err(|error| OpenError::Record {
            position,
            what: error.to_string(),
        })?;
        index.push(vec![Posting::of(keys, &recorded)]);
    }
    Ok(index)
}

/// What lies in the index: fingerprints, which versions have one, and postings.
fn load_from_index(unsealed: &Unsealed) -> Result<(Fingerprints, Rows, Index), OpenError> {
    let Unsealed { opened, keys, .. } = unsealed;
    let (fingerprints, rows) = load_fingerprints(&opened.store, keys)?;
    let index = load_index(&opened.store, keys, opened.report.checked_from, opened.report.clean)?;
    Ok((fingerprints, rows, index))
}

/// Opens a ledger and starts its threads.
pub(crate) fn open(dir: &Path, options: OpenOptions) -> Result<(Ledger, OpenReport), OpenError> {
    let data_dir = DataDir::lock(dir)?;
    let key_file =
        read_key_file(&data_dir.layout().key_file())?.ok_or_else(|| OpenError::NoLedger { dir: dir.to_owned() })?;
    let root = options.root.root_key(key_file.source())?;
    let log_options = strongroom_log::OpenOptions {
        cache_bytes: options.cache_bytes,
        ..Default::default()
    };
    let held = HeldKeyFile::new(data_dir.layout().key_file(), &key_file, &root)?;
    let contents = Contents::all(&key_file, &root)?;
    let unsealed = unseal(data_dir, contents, &key_file, &log_options, None)?;
    start(dir, unsealed, held, options)
}

/// Loads and starts what is unsealed.
pub(crate) fn start(
    dir: &Path,
    unsealed: Unsealed,
    key_file: HeldKeyFile,
    options: OpenOptions,
) -> Result<(Ledger, OpenReport), OpenError> {
    let powers = unsealed.keys.powers.clone().ok_or(OpenError::HistoryOnly)?;
    // Each reads rows of its own: together they take as long as the longer one.
    let (loaded, read) = std::thread::scope(|scope| {
        let read = scope.spawn(|| load_from_index(&unsealed));
        (load(&unsealed, options.rebuild_state), read.join())
    });
    let mut loaded = loaded?;
    let (mut fingerprints, rows, index) = read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    if loaded.state.ledger.dev != options.dev && unsealed.opened.report.size > 0 {
        return Err(if options.dev { OpenError::NotDev } else { OpenError::Dev });
    }
    let Unsealed { opened, keys, .. } = unsealed;
    let Opened {
        store,
        frontier,
        report,
        checks,
        ..
    } = opened;
    // Every check has passed; from here on the directory is this run's, and is written to.
    let (committer, evidence) = checks.all_passed(key_file.end_birth(report.size)?)?;
    loaded.write(&store, &keys, &frontier)?;
    match lost_fingerprints::make_anew(&store, &keys, &powers, &loaded.state, &mut fingerprints, &rows)? {
        0 => {}
        count => loaded
            .rebuilt
            .push(format!("fingerprints of current values, rows: {count}")),
    }
    evidence.discard()?;
    let open_report = OpenReport {
        records: report.size,
        clean: report.clean,
        anchored: report.anchored,
        rebuilt: std::mem::take(&mut loaded.rebuilt),
        torn_bytes_cut: report.torn_bytes_cut,
    };
    let ledger = begin(Begin {
        dir: dir.to_owned(),
        store,
        keys,
        frontier,
        committer,
        loaded,
        index,
        fingerprints,
        running: Running {
            dev: options.dev,
            clock: options.clock,
            window: options.window,
            new_windows: options.new_windows,
            on_fatal: options.on_fatal,
        },
    })?;
    Ok((ledger, open_report))
}

/// A ledger whose log, keys, state and index stand at the same head, and which may be written.
pub(crate) struct Begin {
    pub(crate) dir: PathBuf,
    pub(crate) store: Store,
    pub(crate) keys: Keyring,
    pub(crate) frontier: Frontier,
    pub(crate) committer: Committer,
    pub(crate) loaded: Loaded,
    pub(crate) index: Index,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) running: Running,
}

/// What of [`OpenOptions`] a ledger runs with, once it is open.
pub(crate) struct Running {
    pub(crate) dev: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) window: Duration,
    pub(crate) new_windows: u32,
    pub(crate) on_fatal: Box<dyn Fn(&str) + Send + Sync>,
}

/// Starts it.
pub(crate) fn begin(it: Begin) -> Result<Ledger, OpenError> {
    let powers = it.keys.powers.clone().ok_or(OpenError::HistoryOnly)?;
    let head = it.store.head();
    let checkpoint = if head.size == 0 {
        "".into()
    } else {
        commit::sign(&it.keys.origin, &powers.signer, head.size, head.root)
    };
    let running = it.running;
    let shared = Arc::new(Shared::of(Found {
        dir: it.dir,
        dev: running.dev,
        published: published(&it.store, &it.loaded, checkpoint),
        last_use: LastUse::open(&it.store, &it.keys)?,
        store: it.store,
        keys: it.keys,
        clock: running.clock,
        index: it.index,
        fingerprints: it.fingerprints,
        new_windows: running.new_windows,
        window: running.window,
        on_fatal: running.on_fatal,
        looked_at: None,
    }));
    shared.look_at_space();
    spawn(shared, powers, it.committer, it.frontier, it.loaded)
}

/// What readers see first: the log as it was found.
pub(crate) fn published(store: &Store, loaded: &Loaded, checkpoint: Arc<str>) -> Published {
    let head = store.head();
    Published {
        state: Arc::new(loaded.state.clone()),
        head: head.size,
        root: head.root.0,
        checkpoint,
        last_recorded_at: loaded.last_us,
    }
}

/// Starts the threads.
fn spawn(
    shared: Arc<Shared>,
    powers: Arc<Powers>,
    committer: Committer,
    frontier: Frontier,
    loaded: Loaded,
) -> Result<Ledger, OpenError> {
    let side = CommitSide::new(Arc::clone(&shared), Arc::clone(&powers), committer)?;
    let side = Arc::new(Mutex::new(side));
    let (to_committer, batches) = sync_channel(1);
    let (queue, works) = sync_channel(QUEUE_WORKS_MAX);
    let in_flight = Arc::new(AtomicUsize::new(0));
    let sequencer = Sequencer {
        shared: Arc::clone(&shared),
        powers,
        state: loaded.state,
        frontier,
        projection: loaded.projection,
        last_us: loaded.last_us,
        random: RandomSource::new(),
        denials: Denials::default(),
        pending_records: HashMap::new(),
        pending_requests: HashMap::new(),
        to_committer,
        commit_side: Arc::clone(&side),
        in_flight: Arc::clone(&in_flight),
        last_batch: 0,
        checkpoint_stored: None,
    };
    let committing = Arc::clone(&side);
    let committer_thread = guarded(&shared, "committer", move || {
        commit::run(&committing, &batches, &in_flight)
    })?;
    let sequencer_thread = guarded(&shared, "sequencer", move || sequencer.run(&works))?;
    let keeper = keeper::start(Arc::clone(&shared), queue.clone())?;
    Ok(Ledger::assemble(
        shared,
        queue,
        side,
        [sequencer_thread, committer_thread],
        keeper,
    ))
}

/// A thread whose panic stops the ledger: half a writer must not go on.
pub(crate) fn guarded(
    shared: &Arc<Shared>,
    name: &'static str,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let shared = Arc::clone(shared);
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).is_err() {
            shared.fail(&format!("the {name} failed: this is a bug"));
        }
    })
}

pub(crate) fn read_key_file(path: &Path) -> Result<Option<KeyFile>, OpenError> {
    Ok(keyfile::read(path)?)
}
