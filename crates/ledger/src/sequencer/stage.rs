//! Commands to recorded events that are not yet sealed: everything that can fail, so that sealing can't.

use super::Sequencer;
use crate::fingerprint::is_fingerprintable;
use crate::inner::{credential_id, open_values};
use crate::request::{Failure, RequestContext};
use std::sync::Arc;
use strongroom_domain::command::{Command, FieldInput};
use strongroom_domain::context::{Context, Duplicate, Ids};
use strongroom_domain::decide::{NewEvent, decide, needs_current_secret};
use strongroom_domain::event::{Envelope, Event, Idempotency, Recorded, Stream};
use strongroom_domain::evolve::evolve;
use strongroom_domain::ids::{
    CorrelationId, CredentialId, CredentialVersion, EventId, GrantId, PrincipalId, TemplateId, TimeUs,
};
use strongroom_domain::secret::{SecretFields, SecretPart};
use strongroom_domain::stored;
use strongroom_domain::words::{Category, FieldClass};
use strongroom_domain::{Rejection, State};
use strongroom_proof::plain::{EpochCommitment, Kept, PlainPart};
use strongroom_proof::record::{HISTORY_PLAINTEXT_MAX, event_id};
use strongroom_seal::{Key32, RandomSource, body_mac, epoch_commitment};

/// Bytes of a history part's plaintext, its u32 length taken off.
const HISTORY_BYTES_MAX: usize = HISTORY_PLAINTEXT_MAX as usize - 4;

/// An event that only needs sealing.
pub(super) struct Staged {
    pub(super) recorded: Recorded,
    pub(super) history: Vec<u8>,
    pub(super) secret: Option<SecretPart>,
    pub(super) plain: Option<Vec<u8>>,
    /// A data key that begins with this event.
    pub(super) new_key: Option<([u8; 16], Arc<Key32>)>,
}

struct RandomIds<'a>(&'a mut RandomSource);

impl Ids for RandomIds<'_> {
    fn fresh(&mut self) -> [u8; 16] {
        self.0.take().expect("the system gives random bytes")
    }
}

impl Sequencer {
    /// Decides all commands of a request, each on the state as the one before left it. On success the speculative state
    /// holds the events; on failure it is as it was.
    pub(super) fn stage(
        &mut self,
        context: &RequestContext,
        commands: Vec<Command>,
        body_has_secrets: bool,
    ) -> Result<Vec<Staged>, Failure> {
        if self.shared.has_stopped() {
            return Err(Failure::Stopped);
        }
        self.shared.check_space(&commands)?;
        let now = self.shared.clock.now_us().max(self.last_us);
        let correlation = match context.correlation {
            Some(correlation) => correlation,
            None => CorrelationId(self.fresh()?),
        };
        // A persistent map's clone is cheap, but what it shares must be copied when it changes: only several commands need it.
        let saved = (commands.len() > 1).then(|| self.state.clone());
        let mut staged = Vec::new();
        let result = commands
            .into_iter()
            .try_for_each(|command| self.stage_one(context, command, correlation, now, saved.is_some(), &mut staged));
        let result = self.or_ask(context, result, correlation, now, saved.as_ref(), &mut staged);
        let result = result.and_then(|()| self.encode(context, body_has_secrets, &mut staged));
        match (result, saved) {
            (Ok(()), Some(_)) => Ok(staged),
            (Ok(()), None) => {
                staged.iter().for_each(|item| evolve(&mut self.state, &item.recorded));
                Ok(staged)
            }
            (Err(failure), saved) => {
                if let Some(saved) = saved {
                    self.state = saved;
                }
                Err(failure)
            }
        }
    }

    /// Where it takes four eyes and the caller wishes to ask: nothing of it is done but the asking.
    fn or_ask(
        &mut self,
        context: &RequestContext,
        result: Result<(), Failure>,
        correlation: CorrelationId,
        now: TimeUs,
        saved: Option<&State>,
        staged: &mut Vec<Staged>,
    ) -> Result<(), Failure> {
        let bound = match &result {
            Err(Failure::Rejected(rejection)) if context.approval.ask => match rejection.as_ref() {
                Rejection::ApprovalRequired { bound } => bound.clone(),
                _ => return result,
            },
            _ => return result,
        };
        if let Some(saved) = saved {
            self.state = saved.clone();
        }
        staged.clear();
        let unmatched = RequestContext {
            if_match: None,
            ..context.clone()
        };
        let command = Command::RequestApproval { bound };
        self.stage_one(&unmatched, command, correlation, now, saved.is_some(), staged)
    }

    fn stage_one(
        &mut self,
        context: &RequestContext,
        command: Command,
        correlation: CorrelationId,
        now: TimeUs,
        evolve_now: bool,
        staged: &mut Vec<Staged>,
    ) -> Result<(), Failure> {
        let current = match needs_current_secret(&self.state, &command) {
            Some((credential, version)) => Some(self.values_of(credential, version)?),
            None => None,
        };
        let duplicates = self.duplicates(&command);
        let decision = decide(
            &self.state,
            command,
            &mut Context {
                now,
                caller: context.caller,
                ids: &mut RandomIds(&mut self.random),
                reason: context.reason.as_deref(),
                if_match: context.if_match,
                approvals: &context.approval.given,
                current_secret: current.as_ref(),
                duplicates: &duplicates,
            },
        )?;
        let before = if evolve_now { staged.len() } else { 0 };
        for event in decision.events {
            let position = self.frontier.size() + staged.len() as u64;
            let earlier = staged[before..]
                .iter()
                .filter(|item| item.recorded.stream == event.stream)
                .count() as u64;
            let (secret_key_id, new_key) =
                self.data_key_for(&event.stream, event.secret.is_some(), &staged[before..])?;
            let recorded = Recorded {
                position,
                recorded_at: now,
                event_id: EventId(event_id(now, self.random_bytes()?)),
                stream: event.stream,
                stream_version: self.state.stream_version(&event.stream) + earlier + 1,
                secret_key_id,
                envelope: Envelope {
                    actor: actor(context, &event),
                    ..envelope(context, decision.grant, correlation)
                },
                event: event.event,
            };
            let plain = self.plain_part(&recorded);
            staged.push(Staged {
                recorded,
                history: Vec::new(),
                secret: event.secret,
                plain,
                new_key,
            });
        }
        if evolve_now {
            staged[before..]
                .iter()
                .for_each(|item| evolve(&mut self.state, &item.recorded));
        }
        Ok(())
    }

    /// What a verifier without keys must know: where keys begin.
    fn plain_part(&self, recorded: &Recorded) -> Option<Vec<u8>> {
        let keys = &self.shared.keys;
        let commitment = |(epoch, key): &(u32, Key32)| EpochCommitment {
            epoch: *epoch,
            commitment: epoch_commitment(key),
        };
        let plain = PlainPart {
            ledger_id: keys.ledger_id,
            origin: keys.origin.clone(),
            incarnation: keys.incarnation,
            signing_key: self.powers.signer.public_key(),
            epochs: Vec::new(),
            kept: None,
            signature: None,
            dev: self.state.ledger.dev,
        };
        let plain = match &recorded.event {
            Event::LedgerInitialized(initialized) => PlainPart {
                epochs: keys.epochs.iter().map(commitment).collect(),
                dev: initialized.dev,
                ..plain
            },
            Event::Recovered(recovered) => {
                let before = keys.succession.as_ref();
                let signature = before.and_then(|it| it.signer.as_ref()).map(|signer| {
                    let (id, incarnation) = (&keys.ledger_id, &keys.incarnation);
                    signer.sign_key_change(id, incarnation, &recorded.event_id.0, &plain.signing_key)
                });
                PlainPart {
                    // Those of before were announced when they began.
                    epochs: keys.epochs.last().map(commitment).into_iter().collect(),
                    kept: Some(Kept {
                        size: recovered.kept,
                        checkpoint: before.and_then(|it| it.checkpoint.clone()),
                    }),
                    signature,
                    ..plain
                }
            }
            _ => return None,
        };
        Some(plain.encode())
    }

    /// Gives the first event the request's idempotency facts, and every event its history bytes.
    fn encode(&self, context: &RequestContext, body_has_secrets: bool, staged: &mut [Staged]) -> Result<(), Failure> {
        if let Some(facts) = self.idempotency_facts(context, body_has_secrets, staged) {
            staged[0].recorded.envelope.idempotency = Some(facts);
        }
        for item in staged.iter_mut() {
            item.history = stored::encode(&item.recorded.envelope, &item.recorded.event);
            if item.history.len() > HISTORY_BYTES_MAX {
                return Err(Failure::format(
                    "",
                    format!(
                        "what is to be recorded has {} bytes, more than the {HISTORY_BYTES_MAX} of one event",
                        item.history.len()
                    ),
                    Some("shorten descriptions, tags or variables"),
                ));
            }
        }
        Ok(())
    }

    fn idempotency_facts(
        &self,
        context: &RequestContext,
        body_has_secrets: bool,
        staged: &[Staged],
    ) -> Option<Idempotency> {
        let key = context.idempotency.as_ref()?;
        let first = staged.first()?;
        let mut key_ids: Vec<[u8; 16]> = Vec::new();
        for id in staged.iter().filter_map(|item| item.recorded.secret_key_id) {
            if !key_ids.contains(&id) {
                key_ids.push(id);
            }
        }
        let data_keys: Vec<Arc<Key32>> = key_ids.iter().filter_map(|id| self.shared.keys.data_key(id)).collect();
        let body_mac = (!body_has_secrets || !data_keys.is_empty()).then(|| {
            let keys: Vec<&Key32> = data_keys.iter().map(AsRef::as_ref).collect();
            let (_, epoch_key) = self.shared.keys.current_epoch();
            serde_bytes::ByteArray::new(body_mac(epoch_key, &first.recorded.event_id.0, &keys, &key.body))
        });
        Some(Idempotency {
            key: key.key.clone(),
            route: key.route.clone(),
            events: u32::try_from(staged.len()).unwrap_or(u32::MAX),
            body_mac,
        })
    }

    /// The data key of a stream: the one it has, one staged just before, or a new one.
    #[expect(clippy::type_complexity, reason = "a key id and the key that begins with it")]
    fn data_key_for(
        &mut self,
        stream: &Stream,
        has_secret: bool,
        staged: &[Staged],
    ) -> Result<(Option<[u8; 16]>, Option<([u8; 16], Arc<Key32>)>), Failure> {
        if !has_secret {
            return Ok((None, None));
        }
        let held = match stream.category {
            Category::Credential => self
                .state
                .credentials
                .get(&CredentialId(stream.id))
                .map(|held| held.key_id),
            Category::Template => self.state.templates.get(&TemplateId(stream.id)).map(|held| held.key_id),
            _ => None,
        };
        let earlier = || {
            staged
                .iter()
                .filter(|item| item.recorded.stream == *stream)
                .find_map(|item| item.recorded.secret_key_id)
        };
        if let Some(id) = held.or_else(earlier) {
            return match self.shared.keys.data_key(&id) {
                Some(_) => Ok((Some(id), None)),
                None => Err(Failure::Internal("a live stream has no data key".to_owned())),
            };
        }
        let id = self.fresh()?;
        let key = Arc::new(Key32::from_bytes(&self.random_bytes()?));
        self.shared.keys.add_data_key(id, Arc::clone(&key));
        Ok((Some(id), Some((id, key))))
    }

    /// A credential version's values, also of one that is decided but not yet durable.
    fn values_of(&self, credential: CredentialId, version: CredentialVersion) -> Result<SecretFields, Failure> {
        let internal = |what: &str| Failure::Internal(format!("{credential} version {version}: {what}"));
        let facts = self
            .state
            .credentials
            .get(&credential)
            .ok_or_else(|| internal("no such credential"))?;
        let at = facts
            .version_fact(version)
            .ok_or_else(|| internal("no such version"))?
            .values_at;
        let stored;
        let bytes: &[u8] = match self.pending_records.get(&at) {
            Some(pending) => pending,
            None => {
                stored = self.shared.record_bytes(at)?;
                &stored
            }
        };
        open_values(&self.shared.keys, bytes, facts).map_err(|what| internal(&what))
    }

    /// Which entered values other credentials hold in their current version.
    fn duplicates(&self, command: &Command) -> Vec<Duplicate> {
        let (fields, target): (&[FieldInput], Option<CredentialId>) = match command {
            Command::CreateCredential(create) => (&create.fields, None),
            Command::RotateCredential(rotate) => (&rotate.fields, credential_id(&self.state, &rotate.credential)),
            _ => return Vec::new(),
        };
        let mut found = Vec::new();
        for field in fields.iter().filter(|field| field.class == FieldClass::Secret) {
            if is_fingerprintable(field.value.expose()) {
                let fingerprint = self.powers.fingerprint.fingerprint(field.value.expose().as_bytes());
                let holders = self.shared.holders_of(&fingerprint, &self.state, target);
                found.extend(holders.into_iter().map(|credential| Duplicate {
                    field: field.name.clone(),
                    credential,
                }));
            }
        }
        found
    }

    fn fresh(&mut self) -> Result<[u8; 16], Failure> {
        self.random_bytes()
    }

    fn random_bytes<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        self.random.take().map_err(|error| Failure::Internal(error.to_string()))
    }
}

/// Who acted: whoever asked. A refusal is written by the ledger, but it was the refused one who tried.
fn actor(context: &RequestContext, event: &NewEvent) -> PrincipalId {
    match event.event {
        Event::Denied(_) => PrincipalId(event.stream.id),
        _ => context.caller.principal,
    }
}

fn envelope(context: &RequestContext, grant: Option<GrantId>, correlation: CorrelationId) -> Envelope {
    Envelope {
        actor: context.caller.principal,
        on_behalf_of: context.caller.on_behalf_of,
        token: context.caller.token,
        grant,
        reason: context.reason.clone(),
        correlation,
        causation: None,
        request_id: context.request_id.clone(),
        source: context.source.clone(),
        user_agent: context.user_agent.clone(),
        idempotency: None,
    }
}
