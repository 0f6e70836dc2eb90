//! TLS by rustls: a certificate and its key, read from PEM files and read again when they change.
//!
//! New connections get the new pair; those that are open keep theirs. A new pair that can't be used changes nothing.

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio_rustls::TlsAcceptor;

/// Why a certificate and key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read as PEM with what belongs into it.
    #[error("{}: {what}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// They don't belong together, or are of no use for TLS.
    #[error("the certificate and the key can't be used: {0}")]
    Pair(#[from] rustls::Error),
}

/// A certificate chain and its key, kept up to date with their files.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    seen: Mutex<Option<Stamp>>,
    pair: Arc<Pair>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// Time and length of both files.
type Stamp = [(SystemTime, u64); 2];

/// The pair in use.
#[derive(Debug)]
struct Pair(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Reads a chain (the server's own certificate first) and its private key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let files = Files { certificate, key };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let seen = files.stamp();
        let pair = Arc::new(Pair(ArcSwap::from_pointee(files.read(&provider)?)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&pair) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            files,
            seen: Mutex::new(seen),
            pair,
            config: Arc::new(config),
        })
    }

    /// Reads the files again; whether there was something new.
    ///
    /// # Errors
    /// [`TlsError`]; the pair before stays in use.
    pub fn reload(&self, only_if_changed: bool) -> Result<bool, TlsError> {
        let stamp = self.files.stamp();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if only_if_changed && (stamp.is_none() || *seen == stamp) {
            return Ok(false);
        }
        // A pair that can't be used is told of once.
        *seen = stamp;
        let pair = self.files.read(self.config.crypto_provider())?;
        let same = self.pair.0.load().cert == pair.cert;
        self.pair.0.store(Arc::new(pair));
        Ok(!same)
    }

    /// The chain in use, DER.
    #[must_use]
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        self.pair.0.load().cert.iter().map(|it| it.to_vec()).collect()
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl Files {
    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let wrong = |path: &Path, what: String| TlsError::File {
            path: path.to_owned(),
            what,
        };
        let of_chain = |error: rustls::pki_types::pem::Error| wrong(&self.certificate, error.to_string());
        let chain = CertificateDer::pem_file_iter(&self.certificate).map_err(of_chain)?;
        let chain = chain.collect::<Result<Vec<_>, _>>().map_err(of_chain)?;
        if chain.is_empty() {
            return Err(wrong(&self.certificate, "it has no certificate in PEM".to_owned()));
        }
        // The error's words are left out: they could hold what was read.
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|_| wrong(&self.key, "it can't be read, or has no private key in PEM".to_owned()))?;
        Ok(CertifiedKey::from_der(chain, key, provider)?)
    }

    fn stamp(&self) -> Option<Stamp> {
        let of = |path: &Path| {
            let meta = fs::metadata(path).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        Some([of(&self.certificate)?, of(&self.key)?])
    }
}
