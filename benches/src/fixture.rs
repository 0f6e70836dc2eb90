//! A ledger in a directory of its own, born and opened as the program does it.

use crate::Result;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use strongroom_domain::secret::SecretText;
use strongroom_domain::words::Kind;
use strongroom_ledger::{
    Clock, CredentialDraft, FieldText, InitOptions, Ledger, OpenOptions, RequestContext, WallClock,
};
use strongroom_log::{CACHE_BYTES_DEFAULT, Life, Opened, Shadow};
use strongroom_seal::keyfile::{self, Keys};
use strongroom_seal::{FileProvider, RootKey, RootKeyProvider, RootSource, Token, anchor_mac};
use tempfile::TempDir;

/// A data directory with its root key and the owner's token.
pub(crate) struct Fixture {
    dir: TempDir,
    token: Token,
}

impl Fixture {
    /// Makes a ledger with nothing in it but its owner.
    pub(crate) fn new(parent: &Path) -> Result<Self> {
        let dir = TempDir::with_prefix_in("strongroom-bench-", parent)?;
        RootKey::make()?.write_new(&dir.path().join("root-key"))?;
        let fixture = Self {
            dir,
            token: Token::make()?,
        };
        Ledger::init(
            &fixture.data(),
            InitOptions {
                name: "bench".to_owned(),
                dev: false,
                owner_name: "bench".to_owned(),
                root: Box::new(fixture.root()),
                source: RootSource::File,
                token_hash: fixture.token.stored_hash(),
                token_expires_at: None,
                owners_only: false,
                clock: Arc::new(WallClock),
            },
        )?;
        Ok(fixture)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn root(&self) -> FileProvider {
        FileProvider(self.dir.path().join("root-key"))
    }

    /// The directory with the ledger and its root key.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Opens the ledger; each serving is recorded singly when `window` is zero.
    pub(crate) fn open(&self, window: Duration) -> Result<Ledger> {
        self.open_with(window, Arc::new(WallClock))
    }

    /// Opens it with a clock of one's own.
    pub(crate) fn open_with(&self, window: Duration, clock: Arc<dyn Clock>) -> Result<Ledger> {
        open_at(self.dir.path(), window, clock)
    }

    /// The owner's token, as it goes into a header.
    pub(crate) fn token(&self) -> String {
        self.token.expose().to_string()
    }

    /// A request of the owner.
    pub(crate) fn context(&self, ledger: &Ledger) -> Result<RequestContext> {
        let caller = ledger
            .authenticate(&self.token.expose())
            .map_err(|failure| format!("{failure:?}"))?;
        Ok(RequestContext {
            request_id: "bench-1".to_owned(),
            source: Some("192.0.2.17".to_owned()),
            ..RequestContext::of(caller)
        })
    }

    /// The stopped ledger's log and keys, on a shadow, for reading without the engine.
    pub(crate) fn read_only(&self) -> Result<Readable> {
        let shadow = Shadow::make(&self.data(), self.dir.path())?;
        let data_dir = shadow.lock()?;
        let key_file = keyfile::read(&data_dir.layout().key_file())?.ok_or("there is no key file")?;
        let keys = key_file.open(&self.root().root_key(key_file.source())?)?;
        let life = Life {
            ledger_id: *key_file.ledger_id(),
            incarnation: *key_file.incarnation(),
            key_file_sequence: key_file.sequence(),
        };
        let anchor_key = keys.history.anchor.clone();
        let mac = Arc::new(move |slot: &[u8]| anchor_mac(&anchor_key, slot));
        let opened = data_dir.open(&life, mac, &shadow.options())?;
        Ok(Readable {
            opened,
            keys,
            ledger_id: life.ledger_id,
            _shadow: shadow,
        })
    }
}

/// Opens the ledger of a fixture that lies there.
pub(crate) fn open_at(dir: &Path, window: Duration, clock: Arc<dyn Clock>) -> Result<Ledger> {
    let options = OpenOptions {
        root: Box::new(FileProvider(dir.join("root-key"))),
        dev: false,
        clock,
        window,
        new_windows: 0,
        rebuild_state: false,
        on_fatal: Box::new(|why| panic!("{why}")),
        cache_bytes: CACHE_BYTES_DEFAULT,
    };
    Ok(Ledger::open(&dir.join("data"), options)?.0)
}

/// A log that is open beside its ledger.
pub(crate) struct Readable {
    pub(crate) opened: Opened,
    pub(crate) keys: Keys,
    pub(crate) ledger_id: [u8; 16],
    /// Deleted when this goes.
    _shadow: Shadow,
}

/// A credential as a small agency enters them: one secret of 48 characters.
pub(crate) fn draft(name: String) -> Result<CredentialDraft> {
    let random: [u8; 24] = strongroom_seal::random_bytes()?;
    let value: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(CredentialDraft {
        name,
        service: "openai".to_owned(),
        kind: Some(Kind::ApiKey),
        fields: vec![field("api_key", value)],
        ..CredentialDraft::default()
    })
}

pub(crate) fn field(name: &str, value: String) -> (String, FieldText) {
    let text = SecretText::new(value);
    (name.to_owned(), FieldText { text, json: false })
}
