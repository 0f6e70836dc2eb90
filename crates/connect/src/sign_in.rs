//! Signing people in: authorization code (RFC 6749 §4.1) with PKCE (RFC 7636), state and nonce each used once.

use crate::limits::{SIGN_IN_WITHIN, SIGN_INS_MAX};
use crate::oidc::{AssertionError, Issuers, Proved};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthUrl, AuthorizationCode, Client, ClientId, CsrfToken, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use url::Url;

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The state was not given out, was used already, or is too old.
    #[error("there is no sign-in under way with this state, or it was finished, or took too long")]
    UnknownState,
    /// Where the answer is to go is not this person's own machine.
    #[error("the redirect is not a port of the person's own machine")]
    Redirect,
    /// The issuer signs nobody in by a code.
    #[error("the issuer signs nobody in by authorization code")]
    NotOffered,
    /// The issuer did not take the code.
    #[error("the issuer did not take the code")]
    Refused,
    /// The issuer said nothing of who it is, or of another sign-in.
    #[error("the issuer's answer is not of this sign-in")]
    NotOfThis,
    /// The issuer could not be asked, or what it said was not proved.
    #[error("{0}")]
    Assertion(#[from] AssertionError),
}

/// A sign-in under way.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where the person goes.
    pub url: String,
    /// What comes back with the code.
    pub state: String,
}

struct Pending {
    issuer: String,
    client_id: String,
    redirect: String,
    verifier: PkceCodeVerifier,
    nonce: String,
    begun: Instant,
}

/// The ID token beside the access token (OpenID Connect Core 1.0 §3.1.3.3).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct IdToken {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdToken {}

type OidcClient = Client<
    BasicErrorResponse,
    StandardTokenResponse<IdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// Sign-ins under way. Lost with the process: who was about to sign in begins again.
pub struct SignIns {
    issuers: Arc<Issuers>,
    pending: Mutex<HashMap<String, Pending>>,
}

impl SignIns {
    /// None under way.
    #[must_use]
    pub fn new(issuers: Arc<Issuers>) -> Self {
        Self {
            issuers,
            pending: Mutex::default(),
        }
    }

    /// Begins one. The redirect is a port of the person's own machine (RFC 8252 §7.3): a code that goes elsewhere is
    /// somebody else's.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn begin(&self, issuer: &str, client_id: &str, redirect: &str) -> Result<Begun, SignInError> {
        if !is_own_machine(redirect) {
            return Err(SignInError::Redirect);
        }
        let description = self.issuers.description(issuer).await?;
        let (Some(authorize), Some(_)) = (description.authorization_endpoint, description.token_endpoint) else {
            return Err(SignInError::NotOffered);
        };
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = CsrfToken::new_random().secret().clone();
        let client = OidcClient::new(ClientId::new(client_id.to_owned()))
            .set_auth_uri(AuthUrl::from_url(authorize))
            .set_redirect_uri(RedirectUrl::new(redirect.to_owned()).map_err(|_| SignInError::Redirect)?);
        let (url, state) = client
            .authorize_url(CsrfToken::new_random)
            .add_scope(Scope::new("openid".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .add_extra_param("nonce", nonce.clone())
            .set_pkce_challenge(challenge)
            .url();
        let state = state.secret().clone();
        self.keep(
            state.clone(),
            Pending {
                issuer: issuer.to_owned(),
                client_id: client_id.to_owned(),
                redirect: redirect.to_owned(),
                verifier,
                nonce,
                begun: Instant::now(),
            },
        );
        Ok(Begun {
            url: url.to_string(),
            state,
        })
    }

    /// Finishes one: what the issuer says of who signed in. Whatever comes of it, the state is used up.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn finish(&self, state: &str, code: String) -> Result<Arc<Proved>, SignInError> {
        let pending = {
            let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            all.remove(state)
        };
        let pending = pending
            .filter(|it| it.begun.elapsed() < SIGN_IN_WITHIN)
            .ok_or(SignInError::UnknownState)?;
        let description = self.issuers.description(&pending.issuer).await?;
        let token_url = description.token_endpoint.ok_or(SignInError::NotOffered)?;
        let client = OidcClient::new(ClientId::new(pending.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(token_url))
            .set_redirect_uri(RedirectUrl::new(pending.redirect).map_err(|_| SignInError::Redirect)?);
        let outgoing = self.issuers.outgoing().clone();
        let send = move |request| {
            let outgoing = outgoing.clone();
            async move { outgoing.call(request).await }
        };
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(pending.verifier)
            .request_async(&send)
            .await
            .map_err(|error| match error {
                RequestTokenError::Request(error) => SignInError::Assertion(AssertionError::Issuer(Arc::new(error))),
                _ => SignInError::Refused,
            })?;
        let id_token = answer
            .extra_fields()
            .id_token
            .as_deref()
            .ok_or(SignInError::NotOfThis)?;
        let proved = self.issuers.prove(id_token, |issuer| issuer == pending.issuer).await?;
        if !is_of_this(&proved, &pending.client_id, &pending.nonce) {
            return Err(SignInError::NotOfThis);
        }
        Ok(proved)
    }

    fn keep(&self, state: String, pending: Pending) {
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SIGN_INS_MAX {
            all.retain(|_, it| it.begun.elapsed() < SIGN_IN_WITHIN);
        }
        if all.len() >= SIGN_INS_MAX {
            let oldest = all
                .iter()
                .min_by_key(|(_, it)| it.begun)
                .map(|(state, _)| state.clone());
            oldest.and_then(|state| all.remove(&state));
        }
        all.insert(state, pending);
    }
}

/// Whether an ID token was made for this client and this very sign-in.
fn is_of_this(proved: &Proved, client_id: &str, nonce: &str) -> bool {
    let of_client = proved.audiences().iter().any(|audience| audience == client_id);
    // With several audiences `azp` says whom the token was made for (OpenID Connect Core 1.0 §3.1.3.7).
    let party = proved.claim("azp");
    let for_client = party.is_empty() && proved.audiences().len() == 1 || party == [client_id];
    of_client && for_client && proved.claim("nonce") == [nonce]
}

fn is_own_machine(redirect: &str) -> bool {
    Url::parse(redirect).is_ok_and(|url| {
        url.scheme() == "http"
            && matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
            && url.port().is_some()
            && url.username().is_empty()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_id_token_counts_for_its_client_and_its_sign_in_only() {
        let is = |claims: Value| is_of_this(&Proved::of_claims(claims), "strongroom", "n-1");
        for good in [
            json!({"aud": "strongroom", "nonce": "n-1"}),
            json!({"aud": ["strongroom"], "nonce": "n-1", "azp": "strongroom"}),
            json!({"aud": ["strongroom", "other"], "nonce": "n-1", "azp": "strongroom"}),
        ] {
            assert!(is(good.clone()), "{good}");
        }
        for bad in [
            json!({"aud": "strongroom"}),
            json!({"aud": "strongroom", "nonce": "n-2"}),
            json!({"aud": "strongroom", "nonce": ""}),
            json!({"aud": "strongroom", "nonce": ["n-1", "n-2"]}),
            json!({"aud": "other", "nonce": "n-1"}),
            json!({"aud": [], "nonce": "n-1", "azp": "strongroom"}),
            json!({"aud": "other", "nonce": "n-1", "azp": "strongroom"}),
            json!({"aud": "strongroom", "nonce": "n-1", "azp": "other"}),
            json!({"aud": ["strongroom", "other"], "nonce": "n-1"}),
            json!({"aud": ["strongroom", "other"], "nonce": "n-1", "azp": "other"}),
        ] {
            assert!(!is(bad.clone()), "{bad}");
        }
    }

    #[test]
    fn a_code_goes_to_a_port_of_the_own_machine_only() {
        for good in [
            "http://127.0.0.1:4711/callback",
            "http://localhost:1/x",
            "http://[::1]:99/",
        ] {
            assert!(is_own_machine(good), "{good}");
        }
        for bad in [
            "https://evil.example/",
            "http://127.0.0.1/",
            "http://127.0.0.1.evil.example:1/",
            "http://127.0.0.1:1@evil.example:2/",
            "http://user@127.0.0.1:1/",
            "http://10.0.0.1:1/",
            "http://127.0.0.1:1/?x=1",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!is_own_machine(bad), "{bad}");
        }
    }
}
