//! Where the root key comes from: the options, and the providers that they stand for.

use crate::ask::Ask;
use crate::commands::serve::open_failure;
use crate::failure::{Failure, Outcome};
use crate::input::{Stdin, judged, secret_from};
use crate::output::Output;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use strongroom_ledger::OpenError;
use strongroom_seal::{
    EnvProvider, FdProvider, FileProvider, PassphraseProvider, RootKey, RootKeyError, RootKeyProvider, RootSource,
    SecretVec,
};

/// A provider that engine and verifier take.
pub(crate) type Root = Box<dyn RootKeyProvider + Send + Sync>;

/// The options that say where the root key is; at most one.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Root key")]
#[group(id = "root_key", multiple = false)]
pub(crate) struct RootArgs {
    /// It is in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) root_key_file: Option<PathBuf>,
    /// It comes from this open file descriptor
    #[arg(long, value_name = "N")]
    pub(crate) root_key_fd: Option<u32>,
    /// It is in this environment variable
    #[arg(long, value_name = "NAME")]
    pub(crate) root_key_env: Option<String>,
    /// It is made from a passphrase, which is asked for
    #[arg(long)]
    pub(crate) passphrase: bool,
    /// It is made from the passphrase in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

impl RootArgs {
    /// Whether none was given.
    pub(crate) fn is_none(&self) -> bool {
        self.root_key_file.is_none()
            && self.root_key_fd.is_none()
            && self.root_key_env.is_none()
            && !self.by_passphrase()
    }

    /// Whether the root key is made from a passphrase.
    pub(crate) fn by_passphrase(&self) -> bool {
        self.passphrase || self.passphrase_file.is_some()
    }

    /// The option as it was typed, for a command to go on with.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self {
                root_key_file: Some(path),
                ..
            } => format!("--root-key-file {}", path.display()),
            Self {
                root_key_fd: Some(descriptor),
                ..
            } => format!("--root-key-fd {descriptor}"),
            Self {
                root_key_env: Some(name),
                ..
            } => format!("--root-key-env {name}"),
            Self {
                passphrase_file: Some(path),
                ..
            } => format!("--passphrase-file {}", path.display()),
            Self { passphrase: true, .. } => "--passphrase".to_owned(),
            _ => String::new(),
        }
    }

    /// The provider for a new ledger: as [`RootArgs::provider`], but a passphrase is asked for twice, refused when it is
    /// no protection, and warned of when it is little.
    pub(crate) fn new_provider(&self, output: &Output, ask: &Ask) -> Outcome<Option<Root>> {
        self.made(ask, Some(output))
    }

    /// The provider; none when no option was given.
    pub(crate) fn provider(&self, ask: &Ask) -> Outcome<Option<Root>> {
        self.made(ask, None)
    }

    fn made(&self, ask: &Ask, new: Option<&Output>) -> Outcome<Option<Root>> {
        Ok(if let Some(path) = &self.root_key_file {
            Some(Box::new(FileProvider(path.clone())))
        } else if let Some(descriptor) = self.root_key_fd {
            Some(Box::new(ReadOnce {
                provider: FdProvider(descriptor),
                key: Mutex::new(None),
            }))
        } else if let Some(name) = &self.root_key_env {
            Some(Box::new(EnvProvider(name.clone())))
        } else if self.by_passphrase() {
            let passphrase = match &self.passphrase_file {
                Some(path) => secret_from(
                    "passphrase",
                    Some(&format!("@{}", path.display())),
                    ask,
                    &mut Stdin::default(),
                )?,
                None => ask.passphrase(new.is_some())?,
            };
            if let Some(output) = new
                && let Some(warning) = judged(&passphrase)?
            {
                output.warn(warning);
            }
            Some(Box::new(PassphraseProvider(SecretVec::new(
                passphrase.as_bytes().to_vec(),
            ))))
        } else {
            None
        })
    }

    /// The provider for a ledger that is there: as the options say; a dev ledger's own key needs none.
    pub(crate) fn provider_for(&self, data: &Path, ask: &Ask) -> Outcome<Root> {
        if !data.join("key-file").exists() {
            return Err(open_failure(OpenError::NoLedger { dir: data.to_owned() }));
        }
        if let Some(provider) = self.provider(ask)? {
            return Ok(provider);
        }
        let dev = data.join(DEV_ROOT_KEY);
        if dev.exists() {
            return Ok(Box::new(FileProvider(dev)));
        }
        Err(Failure::local("the root key is needed to open this ledger")
            .hint("--root-key-file FILE, --root-key-fd N, --root-key-env NAME, --passphrase or --passphrase-file FILE"))
    }
}

/// The root key of a dev ledger, in the ledger's directory: it protects nothing.
pub(crate) const DEV_ROOT_KEY: &str = "dev-root-key";

/// A descriptor gives its bytes once; who needs the key a second time gets the one that was read.
struct ReadOnce<P> {
    provider: P,
    key: Mutex<Option<RootKey>>,
}

impl<P: RootKeyProvider> RootKeyProvider for ReadOnce<P> {
    fn root_key(&self, source: &RootSource) -> Result<RootKey, RootKeyError> {
        let mut key = self.key.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match key.as_ref() {
            Some(key) => Ok(key.clone()),
            None => Ok(key.insert(self.provider.root_key(source)?).clone()),
        }
    }
}
