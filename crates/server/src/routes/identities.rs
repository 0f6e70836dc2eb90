//! Identities, and signing in.

use super::time_if;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::{Asker, Call, Stranger, context};
use crate::identity;
use crate::params::Params;
use crate::problem::ApiError;
use crate::view::{Lens, identity_written, token_written};
use std::collections::BTreeSet;
use strongroom_api::identity::{BeginSignIn, BindIdentity, FinishSignIn, Identity, IdentityWritten, SignInBegun};
use strongroom_api::principal::TokenWritten;
use strongroom_api::written::Because;
use strongroom_api::{Page, SecretText};
use strongroom_connect::SignInError;
use strongroom_domain::Rejection;
use strongroom_domain::command::{self, Command};
use strongroom_domain::event::ClaimRule;
use strongroom_domain::find;
use strongroom_domain::ids::TokenId;
use strongroom_domain::limits::SIGN_IN_US_MAX;
use strongroom_domain::rights::{TokenRefused, sign_in_clients};
use strongroom_ledger::Failure;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, bind))
        .routes(routes!(unbind))
        .routes(routes!(begin))
        .routes(routes!(finish))
}

/// A principal's identities, oldest first, also those that were taken back; everybody sees his own.
#[utoipa::path(get, path = "/api/v1/principals/{handle}/identities", tag = "identities",
    responses((status = 200, body = Page<Identity>)))]
async fn list(asker: Asker, Params(handle): Params<String>) -> Answer {
    let view = asker.view();
    let lens = Lens::of(&view, &asker.caller);
    let it = find::principal(lens.state, &lens.seen, &handle, "")?;
    answer::ok(&Page {
        items: it.identities.iter().map(|fact| lens.identity(it, fact)).collect(),
        next: None,
    })
}

/// Lets who an issuer says he is act as a principal.
#[utoipa::path(post, path = "/api/v1/principals/{handle}/identities", tag = "identities", request_body = BindIdentity,
    responses((status = 201, body = IdentityWritten)))]
async fn bind(Params(handle): Params<String>, call: Call<BindIdentity>) -> Answer {
    let body = call.body;
    let rule = |(name, values)| ClaimRule { name, values };
    let command = Command::BindIdentity(Box::new(command::BindIdentity {
        principal: handle.clone(),
        issuer: body.issuer,
        audience: body.audience,
        claims: body.claims.into_iter().map(rule).collect(),
        label: body.label.unwrap_or_default(),
        expires_at: time_if(body.expires_at.as_deref(), "/expires_at")?,
    }));
    let receipt = call.app.ledger.execute(call.context, command).await?;
    let written = identity_written(&receipt, &handle, None)?;
    answer::created(&format!("/api/v1/identities/{}", written.id), 1, &written)
}

/// Ends an identity at once, with the tokens of who signed in through it.
#[utoipa::path(delete, path = "/api/v1/identities/{id}", tag = "identities", responses((status = 200, body = IdentityWritten)))]
async fn unbind(Params(id): Params<String>, call: Call<Because>) -> Answer {
    let identity = TokenId::parse(&id).map_err(|_| {
        ApiError::from(Rejection::NotFound {
            what: "identity",
            pointer: String::new(),
            suggestions: Vec::new(),
            denied: None,
        })
    })?;
    let receipt = call
        .app
        .ledger
        .execute(call.context, Command::UnbindIdentity { identity })
        .await?;
    let mut principals = receipt.view.state.principals.values();
    let owner = principals.find(|it| it.identities.iter().any(|fact| fact.bound.identity == identity));
    let owner = owner.map(|it| it.handle.clone()).unwrap_or_default();
    answer::ok(&identity_written(&receipt, &owner, Some(&id))?)
}

/// Begins to sign a person in: says where to go. Takes no token.
#[utoipa::path(post, path = "/api/v1/sign-in", tag = "identities", request_body = BeginSignIn,
    responses((status = 200, body = SignInBegun)), security(()))]
async fn begin(stranger: Stranger<BeginSignIn>) -> Answer {
    let body = stranger.body;
    let view = stranger.app.ledger.view();
    let clients = sign_in_clients(&view.state, view.now);
    let fits = |(issuer, client): &(String, String)| {
        body.issuer.as_ref().is_none_or(|it| it == issuer) && body.client_id.as_ref().is_none_or(|it| it == client)
    };
    let fitting: BTreeSet<(String, String)> = clients.into_iter().filter(fits).collect();
    let mut fitting = fitting.into_iter();
    let (issuer, client_id) = match (fitting.next(), fitting.next()) {
        (Some(one), None) => one,
        (Some(_), Some(_)) => {
            return Err(ApiError::Parameter {
                pointer: "/issuer".to_owned(),
                what: "people sign in here by several issuers or clients".to_owned(),
                hint: "name `issuer`, and `client_id` if it has several".to_owned(),
            });
        }
        (None, _) => {
            return Err(ApiError::Parameter {
                pointer: "/issuer".to_owned(),
                what: "nobody signs in here by such an issuer".to_owned(),
                hint: "an administrator binds identities of persons (`strongroom identity bind`)".to_owned(),
            });
        }
    };
    let begun = stranger
        .app
        .sign_ins
        .begin(&issuer, &client_id, &body.redirect_uri)
        .await;
    let begun = begun.map_err(|error| refused(&error))?;
    answer::ok(&SignInBegun {
        url: begun.url,
        state: begun.state,
    })
}

/// Finishes it: a token of at most 12 hours, shown once. Takes no token.
#[utoipa::path(post, path = "/api/v1/sign-in/finish", tag = "identities", request_body = FinishSignIn,
    responses((status = 201, body = TokenWritten)), security(()))]
async fn finish(stranger: Stranger<FinishSignIn>) -> Answer {
    let FinishSignIn { state, code } = stranger.body;
    let app = stranger.app;
    let proved = app.sign_ins.finish(&state, code.expose().to_owned()).await;
    let proved = proved.map_err(|error| refused(&error))?;
    let caller = identity::identify(&app, &proved)?;
    let token = strongroom_seal::Token::make().map_err(|error| Failure::Internal(error.to_string()))?;
    let view = app.ledger.view();
    let ends = |identity: &strongroom_domain::state::IdentityFact| identity.bound.expires_at;
    let principal = view.state.principals.get(&caller.principal);
    let mut identities = principal.into_iter().flat_map(|it| &it.identities);
    let identity = identities.find(|it| Some(it.bound.identity) == caller.token);
    let longest = view.now.saturating_add(SIGN_IN_US_MAX);
    let command = Command::SignIn {
        hash: token.stored_hash(),
        expires_at: identity.and_then(ends).map_or(longest, |end| end.min(longest)),
    };
    let receipt = app.ledger.execute(context(&stranger.parts, caller)?, command).await?;
    let handle = principal.map(|it| it.handle.clone()).unwrap_or_default();
    let mut written = token_written(&receipt, &handle, None)?;
    written.token = Some(SecretText::new(token.expose().to_string()));
    answer::created(&format!("/api/v1/tokens/{}", written.id), 1, &written)
}

fn refused(error: &SignInError) -> ApiError {
    let parameter = |pointer: &str, hint: &str| ApiError::Parameter {
        pointer: pointer.to_owned(),
        what: error.to_string(),
        hint: hint.to_owned(),
    };
    match error {
        SignInError::UnknownState => parameter("/state", "begin again with `POST /api/v1/sign-in`"),
        SignInError::Redirect => parameter("/redirect_uri", "for example http://127.0.0.1:4711/callback"),
        SignInError::NotOffered => parameter("/issuer", "the issuer must offer the authorization code flow"),
        SignInError::Refused | SignInError::NotOfThis => {
            tracing::info!(%error, "nobody signed in");
            ApiError::Failure(Failure::Unauthenticated(TokenRefused::Unproved))
        }
        SignInError::Assertion(error) => identity::unproved(error),
    }
}
