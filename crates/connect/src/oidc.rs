//! Other issuers' word: their keys (OpenID Connect Discovery 1.0, RFC 7517), and what they signed (RFC 7519, 8725).
//!
//! Time, audience and claims are not judged here: that is a rule, and `domain` has it.

use crate::limits::{ASK_AGAIN_AFTER, ASSERTION_BYTES_MAX, KEYS_FRESH, KEYS_STALE_MAX, PROVED_FOR, PROVED_MAX};
use crate::outgoing::{Outgoing, OutgoingError};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Instant;
use tokio::sync::Mutex;
use url::Url;

/// What is believed: signatures by keys that only the issuer has. Never `none`, and never a shared secret, which a key
/// that everybody may read would be taken for.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why an assertion counts for nothing. For the log; the answer to the caller should not say which.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// Not a signed JWT, or one of an algorithm that is not believed.
    #[error("it is no assertion with a signature that is believed")]
    Malformed,
    /// Nobody acts by this issuer's word.
    #[error("no identity is of its issuer")]
    UnknownIssuer,
    /// The issuer has no key of this id.
    #[error("the issuer has no such key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Forged,
    /// The issuer could not be asked.
    #[error("the issuer's keys could not be fetched")]
    Issuer(#[from] Arc<OutgoingError>),
    /// The issuer's description is of another issuer, or lacks something.
    #[error("the issuer's description is wrong: {0}")]
    Description(&'static str),
}

/// What an issuer said, its signature checked: made here and nowhere else.
#[derive(Debug)]
pub struct Proved {
    issuer: String,
    audiences: Vec<String>,
    not_before_s: Option<u64>,
    expires_s: u64,
    claims: Map<String, Value>,
    at: Instant,
}

impl Proved {
    /// `iss`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `aud`, all of them.
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// `nbf`, in seconds since 1970.
    #[must_use]
    pub fn not_before_s(&self) -> Option<u64> {
        self.not_before_s
    }

    /// `exp`, in seconds since 1970.
    #[must_use]
    pub fn expires_s(&self) -> u64 {
        self.expires_s
    }

    /// The values of a claim as text: of a list each, of an object none. A name that begins with `/` is a JSON pointer
    /// (RFC 6901).
    #[must_use]
    pub fn claim(&self, name: &str) -> Vec<String> {
        let value = match name.strip_prefix('/') {
            None => self.claims.get(name),
            Some(rest) => {
                let mut names = rest.split('/').map(|name| name.replace("~1", "/").replace("~0", "~"));
                let first = names.next().and_then(|name| self.claims.get(&name));
                names.fold(first, |value, name| value?.get(&name))
            }
        };
        match value {
            Some(Value::Array(values)) => values.iter().filter_map(text).collect(),
            Some(value) => text(value).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
impl Proved {
    /// As if an issuer had said so.
    pub(crate) fn of_claims(claims: Value) -> Self {
        let Value::Object(claims) = claims else {
            panic!("claims are an object")
        };
        let audiences = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
            other => other.and_then(text).into_iter().collect(),
        };
        Self {
            issuer: String::new(),
            audiences,
            not_before_s: None,
            expires_s: 0,
            claims,
            at: Instant::now(),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(it) => Some(it.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a bearer token looks like a JWT, and is to be proved rather than looked up.
#[must_use]
pub fn is_assertion(token: &str) -> bool {
    token.starts_with("ey") && token.split('.').count() == 3
}

/// An issuer's description, as far as it is used.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Description {
    issuer: String,
    jwks_uri: Url,
    #[serde(default)]
    pub(crate) authorization_endpoint: Option<Url>,
    #[serde(default)]
    pub(crate) token_endpoint: Option<Url>,
}

#[derive(Debug)]
struct Keys {
    description: Description,
    set: JwkSet,
    fetched: Instant,
}

#[derive(Debug, Default)]
struct Issuer {
    keys: Option<Arc<Keys>>,
    asked: Option<Instant>,
    failed: Option<Arc<OutgoingError>>,
}

/// Issuers and their keys, fetched when they are needed and kept for a while.
#[derive(Debug)]
pub struct Issuers {
    outgoing: Outgoing,
    /// One lock for each: while it is asked, the others who want its keys wait for the one answer.
    issuers: SyncMutex<HashMap<String, Arc<Mutex<Issuer>>>>,
    proved: quick_cache::sync::Cache<[u8; 32], Arc<Proved>>,
}

impl Issuers {
    /// None known yet.
    #[must_use]
    pub fn new(outgoing: Outgoing) -> Self {
        Self {
            outgoing,
            issuers: SyncMutex::default(),
            proved: quick_cache::sync::Cache::new(PROVED_MAX),
        }
    }

    pub(crate) fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    /// Proves that an issuer signed an assertion. `known` says whether anybody acts by an issuer's word; of another nothing is
    /// fetched.
    ///
    /// # Errors
    /// [`AssertionError`].
    pub async fn prove(&self, token: &str, known: impl Fn(&str) -> bool) -> Result<Arc<Proved>, AssertionError> {
        if token.len() > ASSERTION_BYTES_MAX {
            return Err(AssertionError::Malformed);
        }
        #[derive(Deserialize)]
        struct By {
            iss: String,
        }
        let by: By = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| AssertionError::Malformed)?;
        if !known(&by.iss) {
            return Err(AssertionError::UnknownIssuer);
        }
        let digest = *blake3::hash(token.as_bytes()).as_bytes();
        if let Some(proved) = self.proved.get(&digest).filter(|it| it.at.elapsed() < PROVED_FOR) {
            return Ok(proved);
        }
        let proved = Arc::new(self.prove_anew(token, &by.iss).await?);
        self.proved.insert(digest, Arc::clone(&proved));
        Ok(proved)
    }

    async fn prove_anew(&self, token: &str, issuer: &str) -> Result<Proved, AssertionError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| AssertionError::Malformed)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(AssertionError::Malformed);
        }
        let key = self.key(issuer, header.kid.as_deref(), header.alg).await?;
        let key = DecodingKey::from_jwk(&key).map_err(|_| AssertionError::UnknownKey)?;
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false; // by the ledger's clock, in `domain`
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation.set_issuer(&[issuer]);
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation)
            .map_err(|_| AssertionError::Forged)?
            .claims;
        let seconds = |name: &str| claims.get(name).and_then(seconds);
        let audiences = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        };
        Ok(Proved {
            issuer: issuer.to_owned(),
            audiences,
            not_before_s: seconds("nbf"),
            expires_s: seconds("exp").ok_or(AssertionError::Malformed)?,
            claims,
            at: Instant::now(),
        })
    }

    /// The key that signed: by its id; without one the only key there is for this algorithm.
    async fn key(&self, issuer: &str, kid: Option<&str>, algorithm: Algorithm) -> Result<Jwk, AssertionError> {
        let find = |keys: &Keys| {
            let mut fitting = keys.set.keys.iter().filter(|key| fits(key, kid, algorithm));
            let first = fitting.next().cloned();
            first.filter(|_| fitting.next().is_none())
        };
        let keys = self.keys(issuer, false).await?;
        if let Some(key) = find(&keys) {
            return Ok(key);
        }
        // It may have changed its keys since.
        let keys = self.keys(issuer, true).await?;
        find(&keys).ok_or(AssertionError::UnknownKey)
    }

    /// What an issuer says of itself.
    pub(crate) async fn description(&self, issuer: &str) -> Result<Description, AssertionError> {
        Ok(self.keys(issuer, false).await?.description.clone())
    }

    async fn keys(&self, issuer: &str, anew: bool) -> Result<Arc<Keys>, AssertionError> {
        let entry = {
            let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(issuers.entry(issuer.to_owned()).or_default())
        };
        let mut entry = entry.lock().await;
        let fresh = |keys: &&Arc<Keys>| !anew && keys.fetched.elapsed() < KEYS_FRESH;
        if let Some(keys) = entry.keys.as_ref().filter(fresh) {
            return Ok(Arc::clone(keys));
        }
        let left_alone = entry.asked.is_some_and(|asked| asked.elapsed() < ASK_AGAIN_AFTER);
        if !left_alone {
            entry.asked = Some(Instant::now());
            match self.fetch(issuer).await {
                Ok(keys) => {
                    entry.failed = None;
                    entry.keys = Some(Arc::new(keys));
                }
                Err(AssertionError::Issuer(error)) => {
                    tracing::warn!(issuer, %error, "an issuer's keys could not be fetched");
                    entry.failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let believed = |keys: &&Arc<Keys>| keys.fetched.elapsed() < KEYS_STALE_MAX;
        match (entry.keys.as_ref().filter(believed), &entry.failed) {
            (Some(keys), _) => Ok(Arc::clone(keys)),
            (None, Some(error)) => Err(AssertionError::Issuer(Arc::clone(error))),
            (None, None) => Err(AssertionError::UnknownKey),
        }
    }

    async fn fetch(&self, issuer: &str) -> Result<Keys, AssertionError> {
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let at = Url::parse(&at).map_err(|_| AssertionError::Description("the issuer is no URL"))?;
        let description: Description = self.outgoing.json(&at).await.map_err(Arc::new)?;
        if description.issuer != issuer {
            return Err(AssertionError::Description("it is another issuer's"));
        }
        let set = self.outgoing.json(&description.jwks_uri).await.map_err(Arc::new)?;
        Ok(Keys {
            description,
            set,
            fetched: Instant::now(),
        })
    }
}

/// Whether a key may have made a signature.
fn fits(key: &Jwk, kid: Option<&str>, algorithm: Algorithm) -> bool {
    let of_id = kid.is_none() || key.common.key_id.as_deref() == kid;
    let signs = key
        .common
        .public_key_use
        .as_ref()
        .is_none_or(|it| *it == PublicKeyUse::Signature);
    let of_algorithm = key
        .common
        .key_algorithm
        .is_none_or(|it| it.to_string() == format!("{algorithm:?}"));
    let family = DecodingKey::from_jwk(key).is_ok_and(|it| it.family() == algorithm.family());
    of_id && signs && of_algorithm && family
}

/// A NumericDate (RFC 7519 §2), cut to whole seconds.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let value = value.as_f64().filter(|it| (0.0..1e12).contains(it))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within 0 and 1e12"
        )]
        Some(value as u64)
    })
}
