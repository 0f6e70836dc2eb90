//! Proofs: checkpoints, consistency, tiles.

use crate::Ledger;
use crate::request::Failure;
use std::sync::Arc;
use strongroom_domain::Rejection;
use strongroom_domain::context::Caller;
use strongroom_domain::rights::{Target, authorize};
use strongroom_domain::words::Right;
use strongroom_proof::note::VerifierKey;
use strongroom_proof::record::HEADER_LEN;
use strongroom_proof::tiles::{TilePath, write_entry};

/// The end of the log at one commit.
#[derive(Debug, Clone)]
pub struct Tip {
    /// Records.
    pub size: u64,
    /// The root over them.
    pub root: [u8; 32],
    /// What was signed: as [`Ledger::checkpoint`].
    pub checkpoint: Arc<str>,
}

impl Ledger {
    /// The end of the log.
    #[must_use]
    pub fn tip(&self) -> Tip {
        let published = self.shared.published.load();
        Tip {
            size: published.head,
            root: published.root,
            checkpoint: Arc::clone(&published.checkpoint),
        }
    }

    /// What the log calls itself in its checkpoints.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.shared.keys.origin
    }

    /// The newest checkpoint: a signed note. Of a ledger that is only looked at it may be of a smaller size than the log, after a stop out of
    /// order, or empty, when none was ever signed.
    #[must_use]
    pub fn checkpoint(&self) -> Arc<str> {
        Arc::clone(&self.shared.published.load().checkpoint)
    }

    /// The key that checks checkpoints, in C2SP's text form.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        VerifierKey {
            name: self.shared.keys.origin.clone(),
            key: self.shared.keys.verifier,
        }
        .to_string()
    }

    /// Proves that the log of `from` records is the beginning of the one of `to` (RFC 9162 §2.1.4.1).
    ///
    /// # Errors
    /// [`Failure::Format`] unless `0 < from <= to <= size`.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<[u8; 32]>, Failure> {
        let proofs = self.shared.store.proofs();
        let size = proofs.head().size;
        if from == 0 || from > to || to > size {
            return Err(Failure::format(
                "/from",
                format!("0 < from <= to <= {size} must hold"),
                None,
            ));
        }
        let hashes = proofs
            .consistency(from, to)
            .map_err(|error| Failure::Internal(error.to_string()))?;
        Ok(hashes.into_iter().map(|hash| hash.0).collect())
    }

    /// A C2SP tile by its path below `tile/`, with the prefix; `None` when there is none. Entries show every client's
    /// activity and take `audit` on the ledger.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn tile(&self, caller: &Caller, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let internal = |what: String| Failure::Internal(what);
        match TilePath::parse(path) {
            Err(_) => Ok(None),
            Ok(TilePath::Hashes { id, width }) => {
                let tile = self
                    .shared
                    .store
                    .proofs()
                    .tile(id, usize::from(width))
                    .map_err(|error| internal(error.to_string()))?;
                Ok(tile.map(|hashes| hashes.iter().flat_map(|hash| hash.0).collect()))
            }
            Ok(TilePath::Entries { index, width }) => {
                let view = self.view();
                authorize(&view.state, caller, Right::Audit, Target::Ledger, view.now).map_err(Rejection::from)?;
                let Some(end) = index
                    .checked_mul(256)
                    .and_then(|first| first.checked_add(u64::from(width)))
                else {
                    return Ok(None);
                };
                let first = end - u64::from(width);
                if end > view.head {
                    return Ok(None);
                }
                let mut bundle = Vec::with_capacity(usize::from(width) * (HEADER_LEN + 2));
                for entry in self.shared.store.view().records(first..first + u64::from(width)) {
                    let (_, bytes) = entry.map_err(|error| internal(error.to_string()))?;
                    let header = bytes
                        .first_chunk()
                        .ok_or_else(|| internal("a record is cut".to_owned()))?;
                    write_entry(&mut bundle, header);
                }
                Ok(Some(bundle))
            }
        }
    }
}
