//! One batch while it is built: records, rows, answers.

use super::Sequencer;
use super::stage::Staged;
use crate::commit::{Prepared, Reply};
use crate::fingerprint::{Holder, fingerprints_of};
use crate::index::Posting;
use crate::inner::Shared;
use crate::limits::CHECKPOINT_STORED_EVERY;
use crate::project::CHECKPOINT_ROW_KEY;
use crate::request::Failure;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use strongroom_domain::event::{Event, Recorded};
use strongroom_domain::evolve::touched;
use strongroom_domain::ids::{CredentialId, Position};
use strongroom_domain::secret::SecretPart;
use strongroom_domain::state::EntityKey;
use strongroom_domain::stored;
use strongroom_log::{Batch, Slice, Space};
use strongroom_seal::{Key32, Keyspace, RecordInput, SecretInput, SecretKind, build_record};

/// A batch that is not yet closed.
pub(super) struct Draft {
    pub(super) batch: Batch,
    pub(super) replies: Vec<Reply>,
    touched: BTreeSet<EntityKey>,
    postings: Vec<Posting>,
    cached: Vec<(Position, Slice)>,
}

impl Draft {
    pub(super) fn new(shared: &Shared, first: Position) -> Self {
        Self {
            batch: shared.store.batch(first),
            replies: Vec::new(),
            touched: BTreeSet::new(),
            postings: Vec::new(),
            cached: Vec::new(),
        }
    }
}

impl Sequencer {
    /// Seals staged events behind the log's end. What can fail has been done: their parts fit.
    pub(super) fn seal_into(&mut self, staged: Vec<Staged>, draft: &mut Draft) -> Vec<Arc<Recorded>> {
        let shared = Arc::clone(&self.shared);
        let keys = &shared.keys;
        let (epoch, epoch_key) = keys.current_epoch();
        let mut events = Vec::with_capacity(staged.len());
        for item in staged {
            let Staged {
                recorded,
                history,
                secret,
                plain,
                new_key,
            } = item;
            if let Some((id, key)) = new_key {
                self.store_data_key(id, &key, draft);
            }
            let data_key = recorded
                .secret_key_id
                .map(|id| keys.data_key(&id).expect("staged with a live data key"));
            let secret_plaintext = secret.as_ref().map(stored::encode_secret);
            let secret_input = recorded
                .secret_key_id
                .zip(data_key.as_deref())
                .zip(secret_plaintext.as_ref())
                .map(|((key_id, data_key), plaintext)| SecretInput {
                    key_id,
                    data_key,
                    plaintext,
                    kind: match secret {
                        Some(SecretPart::Document(_)) => SecretKind::Document,
                        _ => SecretKind::Credential,
                    },
                });
            let built = build_record(
                &RecordInput {
                    category: recorded.stream.category.number(),
                    stream_id: recorded.stream.id,
                    stream_version: recorded.stream_version,
                    event_id: recorded.event_id.0,
                    recorded_at_us: recorded.recorded_at,
                    type_code: stored::type_code(&recorded.event),
                    schema: stored::schema_version(&recorded.event),
                    plain: plain.as_deref(),
                    epoch,
                    epoch_key,
                    history: &history,
                    secret: secret_input,
                    random: self.random.take().expect("the system gives random bytes"),
                },
                &keys.ledger_id,
            )
            .expect("staged parts fit a record");
            // Shared from here on: by the batch, the store's memtable and the readers' cache.
            let record = Slice::from(built.bytes);
            self.keep_record(&recorded, &record, secret.as_ref(), draft);
            let position = draft.batch.append(&mut self.frontier, record);
            assert_eq!(
                position, recorded.position,
                "events are sealed in the order in which they were staged"
            );
            draft.touched.extend(touched(&recorded));
            draft.postings.push(Posting::of(keys, &recorded));
            self.last_us = recorded.recorded_at;
            events.push(Arc::new(recorded));
        }
        self.remember_request(&events);
        events
    }

    /// A new data key's wrapped row, in the same batch as the first record that names it.
    fn store_data_key(&mut self, id: [u8; 16], key: &Arc<Key32>, draft: &mut Draft) {
        let wrapper = &self.powers.wrapper;
        let row_key = wrapper.row_key(&id);
        let random = self.random.take().expect("the system gives random bytes");
        let row = wrapper.wrap(&id, key, &random).expect("a key fits its row");
        self.projection.put_key_row(&self.shared.keys.set_hash, &row_key, &row);
        draft.batch.put(Space::Keys, row_key.as_slice(), row.as_slice());
    }

    /// Keeps a record with values for readers, and its fingerprints.
    fn keep_record(&mut self, recorded: &Recorded, record: &Slice, secret: Option<&SecretPart>, draft: &mut Draft) {
        let Some(secret) = secret else { return };
        self.pending_records.insert(recorded.position, record.clone());
        let SecretPart::Fields(fields) = secret else { return };
        // New values of what is in use are about to be read; what is only just there is read when somebody maps it.
        if matches!(recorded.event, Event::CredentialRotated(_)) {
            draft.cached.push((recorded.position, record.clone()));
        }
        let credential = CredentialId(recorded.stream.id);
        let (version, facts) = match &recorded.event {
            Event::CredentialCreated(created) => (1, &created.fields),
            Event::CredentialRotated(rotated) => (rotated.version, &rotated.fields),
            _ => return,
        };
        let list = fingerprints_of(&self.powers.fingerprint, fields, facts);
        if list.is_empty() {
            return;
        }
        if let Some(key_id) = recorded.secret_key_id {
            let random = self.random.take().expect("the system gives random bytes");
            let (row_key, row) =
                crate::index::fingerprint_row(&self.shared.keys, &key_id, credential, version, &list, &random);
            draft.batch.put(Space::Index, row_key, row);
        }
        let mut held = self.shared.fingerprints.write().unwrap_or_else(PoisonError::into_inner);
        for fingerprint in list {
            held.add(fingerprint, Holder { credential, version });
        }
    }

    /// The newest signed checkpoint goes with the next commit, once in a while: the next opening checks the log against it.
    ///
    /// An older one says no less: both lie in the same journal, and what is lost of the log behind it the anchor notices.
    fn store_checkpoint(&mut self, draft: &mut Draft) -> Result<(), String> {
        let published = self.shared.published.load();
        let now = Instant::now();
        let stored = self.checkpoint_stored;
        if published.head == 0 || stored.is_some_and(|stored| now.duration_since(stored) < CHECKPOINT_STORED_EVERY) {
            return Ok(());
        }
        self.checkpoint_stored = Some(now);
        let random = self.random.take().map_err(|error| error.to_string())?;
        let note = published.checkpoint.as_bytes();
        let row = self
            .shared
            .keys
            .rows
            .seal(Keyspace::Meta, CHECKPOINT_ROW_KEY, note, &random);
        draft
            .batch
            .put(Space::Meta, CHECKPOINT_ROW_KEY, row.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Closes the batch: rows of what was touched, the head row. `None` when there is nothing to commit or to answer.
    pub(super) fn finish(&mut self, mut draft: Draft) -> Result<Option<Prepared>, String> {
        if draft.batch.records() == 0 {
            if self.in_flight.load(std::sync::atomic::Ordering::Acquire) == 0 {
                if self.shared.has_stopped() {
                    draft
                        .replies
                        .into_iter()
                        .for_each(|reply| reply.fail(Failure::OutcomeUnknown));
                    return Ok(None);
                }
                let published = self.shared.published.load_full();
                draft
                    .replies
                    .into_iter()
                    .for_each(|reply| reply.send(&self.shared, &published));
                return Ok(None);
            }
            return Ok(Some(Prepared::answers_only(
                draft.replies,
                Arc::clone(&self.shared.published.load().state),
            )));
        }
        for key in &draft.touched {
            let row = self
                .state
                .row(key)
                .ok_or_else(|| format!("no entity behind the touched row {key:?}"))?;
            let random = self.random.take().map_err(|error| error.to_string())?;
            let (row_key, sealed) = self.projection.put_state_row(&self.shared.keys, key, &row, &random);
            draft.batch.put(Space::State, row_key, sealed);
        }
        let random = self.random.take().map_err(|error| error.to_string())?;
        let head_row = self.projection.head_row(&self.shared.keys, &self.frontier, &random);
        draft.batch.put(Space::Meta, crate::project::HEAD_ROW_KEY, head_row);
        self.store_checkpoint(&mut draft)?;
        Ok(Some(Prepared {
            ready: Some(draft.batch.close(&self.frontier)),
            replies: draft.replies,
            state: Arc::new(self.state.clone()),
            last_recorded_at: self.last_us,
            postings: draft.postings,
            cached: draft.cached,
        }))
    }
}
