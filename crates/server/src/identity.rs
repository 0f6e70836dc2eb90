//! Another issuer's word: proved outside (`connect`), judged by the rules (`domain`).

use crate::app::App;
use crate::problem::ApiError;
use strongroom_connect::{AssertionError, Proved};
use strongroom_domain::context::Caller;
use strongroom_domain::rights::{Assertion, TokenRefused, issuer_is_known};
use strongroom_ledger::Failure;

const US: u64 = 1_000_000;

/// Whom an assertion lets in.
pub(crate) async fn asserted(app: &App, token: &str) -> Result<Caller, ApiError> {
    let view = app.ledger.view();
    let known = |issuer: &str| issuer_is_known(&view.state, issuer, view.now);
    let proved = app
        .issuers
        .prove(token, known)
        .await
        .map_err(|error| unproved(&error))?;
    identify(app, &proved)
}

/// Whom what was proved stands for, by the newest state: the proof may have taken a while.
pub(crate) fn identify(app: &App, proved: &Proved) -> Result<Caller, ApiError> {
    let assertion = Assertion {
        issuer: proved.issuer(),
        audiences: proved.audiences(),
        not_before: proved.not_before_s().map(|s| s.saturating_mul(US)),
        expires_at: proved.expires_s().saturating_mul(US),
        claim: &|name| proved.claim(name),
    };
    app.ledger.identify(&assertion).map_err(|failure| {
        if let Failure::Unauthenticated(why) = &failure {
            tracing::info!(%why, issuer = proved.issuer(), "an assertion lets nobody in");
        }
        failure.into()
    })
}

/// Strangers are not told what was wrong; the log is. That the issuer is away is no secret, and the caller can wait.
pub(crate) fn unproved(error: &AssertionError) -> ApiError {
    tracing::info!(%error, "an assertion was not proved");
    match error {
        AssertionError::Issuer(_) | AssertionError::Description(_) => ApiError::IssuerAway,
        AssertionError::Malformed
        | AssertionError::UnknownIssuer
        | AssertionError::UnknownKey
        | AssertionError::Forged => ApiError::Failure(Failure::Unauthenticated(TokenRefused::Unproved)),
    }
}
