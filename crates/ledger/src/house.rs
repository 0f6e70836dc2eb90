//! A ledger in a directory of its own, for tests that look at its rows.

use crate::{
    CredentialDraft, DevClock, Failure, FieldText, InitOptions, Ledger, OpenOptions, OpenReport, Receipt,
    RequestContext,
};
use std::sync::Arc;
use std::time::Duration;
use strongroom_domain::command::Command;
use strongroom_domain::secret::SecretText;
use strongroom_domain::words::Kind;
use strongroom_seal::{FileProvider, RootKey, RootSource, Token};

pub(crate) struct House {
    dir: tempfile::TempDir,
    token: Token,
    clock: Arc<DevClock>,
}

impl House {
    pub(crate) fn new() -> (Self, Ledger) {
        let (dir, token) = (tempfile::tempdir().unwrap(), Token::make().unwrap());
        let root = dir.path().join("root-key");
        RootKey::make().unwrap().write_new(&root).unwrap();
        let clock = Arc::new(DevClock::default());
        let data = dir.path().join("data");
        let init = InitOptions {
            name: "test".to_owned(),
            dev: true,
            owner_name: "dev".to_owned(),
            root: Box::new(FileProvider(root)),
            source: RootSource::File,
            token_hash: token.stored_hash(),
            token_expires_at: None,
            owners_only: false,
            clock: clock.clone(),
        };
        Ledger::init(&data, init).unwrap();
        let house = Self { dir, token, clock };
        let ledger = house.open().0;
        (house, ledger)
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("root-key")
    }

    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions {
            root: Box::new(FileProvider(self.root())),
            dev: true,
            clock: self.clock.clone(),
            window: Duration::ZERO,
            new_windows: 0,
            rebuild_state: false,
            on_fatal: Box::new(|why| panic!("{why}")),
            cache_bytes: 8 << 20,
        }
    }

    pub(crate) fn open(&self) -> (Ledger, OpenReport) {
        Ledger::open(&self.data(), self.options()).unwrap()
    }

    pub(crate) fn create_client(&self, ledger: &Ledger, name: &str) {
        self.execute(
            ledger,
            Command::CreateClient {
                name: name.to_owned(),
                handle: None,
                description: String::new(),
            },
        );
    }

    pub(crate) fn create_credential(&self, ledger: &Ledger, name: &str, value: &str) -> Result<Receipt, Failure> {
        let text = FieldText {
            text: SecretText::new(value.to_owned()),
            json: false,
        };
        let draft = CredentialDraft {
            name: name.to_owned(),
            service: "openai".to_owned(),
            kind: Some(Kind::ApiKey),
            fields: vec![("api_key".to_owned(), text)],
            ..CredentialDraft::default()
        };
        let caller = ledger.authenticate(&self.token.expose()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(ledger.create_credential(RequestContext::of(caller), draft))
    }

    pub(crate) fn execute(&self, ledger: &Ledger, command: Command) {
        let caller = ledger.authenticate(&self.token.expose()).unwrap();
        ledger
            .execute_blocking(RequestContext::of(caller), vec![command])
            .unwrap();
    }
}
