//! What webhooks send, what they sign it with, and what becomes of it. The sending itself is the server's.

use crate::Ledger;
use crate::audit::{EventPage, EventQuery, Filter, FilterFault, FilterKey};
use crate::inner::open_values;
use crate::request::{Failure, RequestContext};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_domain::Rejection;
use strongroom_domain::command::Command;
use strongroom_domain::context::Caller;
use strongroom_domain::event::WebhookAim;
use strongroom_domain::find;
use strongroom_domain::ids::{Position, WebhookId};
use strongroom_domain::rights::{Target, authorize, visible};
use strongroom_domain::secret::SecretText;
use strongroom_domain::state::{Credential, Webhook};
use strongroom_domain::words::{CredentialStatus, FieldClass, Right};
use zeroize::Zeroizing;

/// What a secret begins with (Standard Webhooks, "Signature scheme").
pub const WEBHOOK_SECRET_PREFIX: &str = "whsec_";
/// Bytes of a secret, as Standard Webhooks has it.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a webhook's messages can't be signed; never with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// It is disabled, revoked or not there.
    #[error("the credential with the signing secret is not active")]
    NotActive,
    /// Not `whsec_` and base64 of 24 to 64 bytes.
    #[error("the signing secret is not `whsec_` and the base64 of 24 to 64 bytes")]
    Unfit,
    /// Its record does not open.
    #[error("the signing secret can't be opened")]
    Closed,
}

impl Ledger {
    /// Looks whether a webhook's filter means something to a caller. Costs no reading of events.
    ///
    /// # Errors
    /// [`Failure`] at the filter.
    pub fn check_webhook_filter(&self, caller: &Caller, filter: &str) -> Result<(), Failure> {
        let looked = parsed(filter).map_err(Failure::from).and_then(|filter| {
            let query = EventQuery {
                filter,
                explain: true,
                limit: 1,
                ..EventQuery::default()
            };
            self.events(caller, &query)
        });
        looked.map(drop).map_err(at_filter)
    }

    /// Checks that a credential's secret can sign, for somebody who names it; none of it leaves.
    ///
    /// # Errors
    /// [`Failure`] at `/secret`.
    pub fn check_signing(&self, caller: &Caller, reference: &str) -> Result<(), Failure> {
        let view = self.view();
        let seen = visible(&view.state, caller, view.now);
        let credential = find::credential(&view.state, &seen, reference, "/secret")?;
        // What he may not use, or is not one secret, is refused by the rules; whether it could sign is not his to know.
        let may = seen.authorize(Right::Use, Target::Credential(credential));
        if may.is_err() || secret_fields(credential) != 1 {
            return Ok(());
        }
        self.signing_keys(credential)
            .map(drop)
            .map_err(|error| Failure::format("/secret", error.to_string(), Some("leave it out: one is made then")))
    }

    /// What a webhook signs with: the secret of the current version first, then those whose grace is open, so that the
    /// receiver can move in the meantime.
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn webhook_keys(&self, webhook: &Webhook) -> Result<Vec<Zeroizing<Vec<u8>>>, SigningError> {
        let view = self.view();
        let credential = view.state.credentials.get(&webhook.secret);
        let credential = credential.filter(|it| it.status == CredentialStatus::Active);
        self.signing_keys(credential.ok_or(SigningError::NotActive)?)
    }

    fn signing_keys(&self, credential: &Credential) -> Result<Vec<Zeroizing<Vec<u8>>>, SigningError> {
        let now = self.view().now;
        let current = credential.version();
        let good = credential
            .versions
            .iter()
            .rev()
            .filter(|fact| fact.version == current || fact.in_grace(now));
        let mut keys = Vec::new();
        for fact in good {
            let bytes = self
                .shared
                .record_bytes(fact.values_at)
                .map_err(|_| SigningError::Closed)?;
            let values = open_values(&self.shared.keys, &bytes, credential).map_err(|_| SigningError::Closed)?;
            let secret = fact.fields.iter().find(|it| it.class == FieldClass::Secret);
            let value = secret.and_then(|field| values.field(&field.name));
            keys.push(decoded(value.ok_or(SigningError::Unfit)?.expose())?);
        }
        Ok(keys)
    }

    /// The next events of a webhook from a position on, the oldest first: what whoever answers for it sees, while he may
    /// administer the ledger. Else nothing is read, so that nothing is passed over until somebody else takes it over.
    ///
    /// # Errors
    /// [`Rejection::Denied`] when he may not; other [`Failure`]s.
    pub fn webhook_events(&self, webhook: &Webhook, from: Position, limit: usize) -> Result<EventPage, Failure> {
        let caller = Caller {
            principal: webhook.principal,
            token: None,
            on_behalf_of: None,
        };
        let view = self.view();
        authorize(&view.state, &caller, Right::Administer, Target::Ledger, view.now).map_err(Rejection::from)?;
        let query = EventQuery {
            limit,
            ..query_of(&webhook.aim, from)?
        };
        self.events(&caller, &query)
    }

    /// Records that a receiver has taken everything up to a position.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn webhook_delivered(&self, webhook: WebhookId, position: Position, count: u64) -> Result<(), Failure> {
        self.note_of_webhook(Command::RecordDelivered {
            webhook,
            position,
            count,
        })
        .await
    }

    /// Records that a receiver did not take an event; once, until it takes one.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn webhook_failed(&self, webhook: WebhookId, position: Position, why: String) -> Result<(), Failure> {
        self.note_of_webhook(Command::RecordDeliveryFailed { webhook, position, why })
            .await
    }

    /// Records that a receiver is gone for good: it is paused.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn webhook_gone(&self, webhook: WebhookId) -> Result<(), Failure> {
        self.note_of_webhook(Command::RecordWebhookGone { webhook }).await
    }

    async fn note_of_webhook(&self, command: Command) -> Result<(), Failure> {
        self.execute(RequestContext::system(), command).await.map(drop)
    }
}

fn secret_fields(credential: &Credential) -> usize {
    credential
        .fields
        .iter()
        .filter(|it| it.class == FieldClass::Secret)
        .count()
}

fn parsed(text: &str) -> Result<Filter, FilterFault> {
    let mut filter = Filter::default();
    filter.text(text)?;
    Ok(filter)
}

/// A filter's fault, in the field that it came in.
fn at_filter(mut failure: Failure) -> Failure {
    let Failure::Filter { failure: inner, .. } = &mut failure else {
        return failure;
    };
    let place = match inner.as_mut() {
        Failure::Format { pointer, .. } => pointer.as_mut(),
        Failure::Rejected(rejection) => match rejection.as_mut() {
            Rejection::NotFound { pointer, .. } | Rejection::Invalid { pointer, .. } => Some(pointer),
            _ => None,
        },
        _ => None,
    };
    if let Some(pointer) = place {
        "/filter".clone_into(pointer);
    }
    failure
}

fn query_of(aim: &WebhookAim, from: Position) -> Result<EventQuery, FilterFault> {
    let mut filter = parsed(&aim.filter)?;
    let types: Vec<&str> = aim
        .on
        .iter()
        .map(|word| word.strip_suffix(".*").unwrap_or(word))
        .collect();
    filter.parameter(FilterKey::Type, &types.join(","));
    filter.parameter(FilterKey::Since, &from.to_string());
    Ok(EventQuery {
        filter,
        ..EventQuery::default()
    })
}

fn decoded(secret: &str) -> Result<Zeroizing<Vec<u8>>, SigningError> {
    let text = secret
        .trim()
        .strip_prefix(WEBHOOK_SECRET_PREFIX)
        .ok_or(SigningError::Unfit)?;
    let bytes = STANDARD
        .decode(text)
        .map(Zeroizing::new)
        .map_err(|_| SigningError::Unfit)?;
    if SECRET_BYTES.contains(&bytes.len()) {
        Ok(bytes)
    } else {
        Err(SigningError::Unfit)
    }
}

/// A new secret: 32 random bytes.
///
/// # Errors
/// Without random bytes.
pub fn new_webhook_secret() -> Result<SecretText, Failure> {
    let bytes: Zeroizing<[u8; 32]> =
        Zeroizing::new(strongroom_seal::random_bytes().map_err(|error| Failure::Internal(error.to_string()))?);
    let mut secret = Zeroizing::new(WEBHOOK_SECRET_PREFIX.to_owned());
    STANDARD.encode_string(bytes.as_slice(), &mut secret);
    Ok(SecretText::new(std::mem::take(&mut *secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_as_it_is_read() {
        let secret = new_webhook_secret().unwrap();
        assert_eq!(decoded(secret.expose()).unwrap().len(), 32);
        assert_ne!(secret.expose(), new_webhook_secret().unwrap().expose());
        for bad in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_c2hvcnQ=",
            "whsec_no base64!",
        ] {
            assert_eq!(decoded(bad).unwrap_err(), SigningError::Unfit, "{bad}");
        }
    }
}
