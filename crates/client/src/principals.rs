//! Principals, grants, tokens, and who one is.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use strongroom_api::Page;
use strongroom_api::identity::{BeginSignIn, BindIdentity, FinishSignIn, Identity, IdentityWritten, SignInBegun};
use strongroom_api::principal::{
    CreateGrant, CreatePrincipal, CreateRunToken, CreateToken, Grant, GrantWritten, Principal, PrincipalQuery, Token,
    TokenQuery, TokenWritten, Whoami,
};
use strongroom_api::written::{Because, ThingWritten, Written};

/// Each method's errors: [`Error`], with the server's problem document where it said no.
impl Client {
    /// `GET /whoami`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn whoami(&self) -> Result<Whoami, Error> {
        self.get(&path(&["whoami"])?).await
    }

    /// `POST /principals`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_principal(&self, request: &CreatePrincipal, options: &Options) -> Result<ThingWritten, Error> {
        self.write(Method::POST, &path(&["principals"])?, request, options)
            .await
    }

    /// `GET /principals`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn principals(&self, query: &PrincipalQuery) -> Result<Page<Principal>, Error> {
        self.get_with(&path(&["principals"])?, query).await
    }

    /// `GET /principals/{handle}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn principal(&self, handle: &str) -> Result<Principal, Error> {
        self.get(&path(&["principals", handle])?).await
    }

    /// `POST /principals/{handle}/disable`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn disable_principal(&self, handle: &str, options: &Options) -> Result<ThingWritten, Error> {
        self.write(
            Method::POST,
            &path(&["principals", handle, "disable"])?,
            &Because::default(),
            options,
        )
        .await
    }

    /// `GET /principals/{handle}/grants`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn grants(&self, handle: &str) -> Result<Page<Grant>, Error> {
        self.get(&path(&["principals", handle, "grants"])?).await
    }

    /// `POST /principals/{handle}/grants`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_grant(
        &self,
        handle: &str,
        request: &CreateGrant,
        options: &Options,
    ) -> Result<GrantWritten, Error> {
        self.write(
            Method::POST,
            &path(&["principals", handle, "grants"])?,
            request,
            options,
        )
        .await
    }

    /// `DELETE /principals/{handle}/grants/{id}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn withdraw_grant(&self, handle: &str, id: &str, options: &Options) -> Result<GrantWritten, Error> {
        self.delete(&path(&["principals", handle, "grants", id])?, &(), options)
            .await
    }

    /// `POST /tokens`. The answer holds the token, this once.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_token(&self, request: &CreateToken, options: &Options) -> Result<TokenWritten, Error> {
        self.write(Method::POST, &path(&["tokens"])?, request, options).await
    }

    /// `POST /tokens/run`. The answer holds the token, this once.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_run_token(&self, request: &CreateRunToken, options: &Options) -> Result<TokenWritten, Error> {
        self.write(Method::POST, &path(&["tokens", "run"])?, request, options)
            .await
    }

    /// `GET /tokens`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tokens(&self, query: &TokenQuery) -> Result<Page<Token>, Error> {
        self.get_with(&path(&["tokens"])?, query).await
    }

    /// `DELETE /tokens/{id}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn revoke_token(&self, id: &str, options: &Options) -> Result<TokenWritten, Error> {
        self.delete(&path(&["tokens", id])?, &(), options).await
    }

    /// `POST /tokens/release`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn release_tokens(&self, options: &Options) -> Result<Written, Error> {
        self.write(
            Method::POST,
            &path(&["tokens", "release"])?,
            &Because::default(),
            options,
        )
        .await
    }

    /// `GET /principals/{handle}/identities`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn identities(&self, handle: &str) -> Result<Page<Identity>, Error> {
        self.get(&path(&["principals", handle, "identities"])?).await
    }

    /// `POST /principals/{handle}/identities`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn bind_identity(
        &self,
        handle: &str,
        request: &BindIdentity,
        options: &Options,
    ) -> Result<IdentityWritten, Error> {
        self.write(
            Method::POST,
            &path(&["principals", handle, "identities"])?,
            request,
            options,
        )
        .await
    }

    /// `DELETE /identities/{id}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unbind_identity(&self, id: &str, options: &Options) -> Result<IdentityWritten, Error> {
        self.delete(&path(&["identities", id])?, &(), options).await
    }

    /// `POST /sign-in`; takes no token.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn begin_sign_in(&self, request: &BeginSignIn) -> Result<SignInBegun, Error> {
        self.ask(&path(&["sign-in"])?, request, None).await
    }

    /// `POST /sign-in/finish`; takes no token, and answers with one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn finish_sign_in(&self, request: &FinishSignIn) -> Result<TokenWritten, Error> {
        self.ask(&path(&["sign-in", "finish"])?, request, None).await
    }
}
