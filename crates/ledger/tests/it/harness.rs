//! A ledger in a directory of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use strongroom_domain::context::Caller;
use strongroom_domain::secret::SecretText;
use strongroom_domain::words::Kind;
use strongroom_ledger::{
    Clock, CredentialDraft, DevClock, FieldText, InitOptions, Ledger, OpenError, OpenOptions, OpenReport,
    RequestContext,
};
use strongroom_seal::{FileProvider, RootKey, RootSource, Token};
use tempfile::TempDir;

pub(crate) struct House {
    pub(crate) dir: TempDir,
    pub(crate) token: Token,
    pub(crate) clock: Arc<DevClock>,
}

impl House {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let token = Token::make().unwrap();
        RootKey::make()
            .unwrap()
            .write_new(&dir.path().join("root-key"))
            .unwrap();
        let house = Self {
            dir,
            token,
            clock: Arc::new(DevClock::default()),
        };
        Ledger::init(
            &house.data(),
            InitOptions {
                name: "test".to_owned(),
                dev: true,
                owner_name: "dev".to_owned(),
                root: Box::new(house.root()),
                source: RootSource::File,
                token_hash: house.token.stored_hash(),
                token_expires_at: None,
                owners_only: false,
                clock: house.clock.clone(),
            },
        )
        .unwrap();
        house
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn root(&self) -> FileProvider {
        FileProvider(self.dir.path().join("root-key"))
    }

    pub(crate) fn try_open(&self, rebuild_state: bool) -> Result<(Ledger, OpenReport), OpenError> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        Ledger::open(
            &self.data(),
            OpenOptions {
                root: Box::new(self.root()),
                dev: true,
                clock,
                window: Duration::from_secs(300),
                new_windows: 0,
                rebuild_state,
                on_fatal: Box::new(|why| panic!("{why}")),
                cache_bytes: 8 << 20,
            },
        )
    }

    pub(crate) fn open(&self) -> Ledger {
        self.try_open(false).unwrap().0
    }

    pub(crate) fn dev(&self, ledger: &Ledger) -> Caller {
        ledger.authenticate(&self.token.expose()).unwrap()
    }

    pub(crate) fn context(&self, ledger: &Ledger) -> RequestContext {
        RequestContext {
            request_id: "test-1".to_owned(),
            ..RequestContext::of(self.dev(ledger))
        }
    }
}

/// An OpenAI-like key, obviously made up.
pub(crate) fn draft(name: &str, value: &str) -> CredentialDraft {
    CredentialDraft {
        name: name.to_owned(),
        service: "openai".to_owned(),
        kind: Some(Kind::ApiKey),
        fields: vec![field("api_key", value)],
        ..CredentialDraft::default()
    }
}

pub(crate) fn field(name: &str, value: &str) -> (String, FieldText) {
    (
        name.to_owned(),
        FieldText {
            text: SecretText::new(value.to_owned()),
            json: false,
        },
    )
}

/// Copies a directory tree.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
