//! Credentials, import, resolution, the service catalogue.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use strongroom_api::Page;
use strongroom_api::audit::{Event, HistoryQuery};
use strongroom_api::credential::{
    CreateCredential, Credential, CredentialQuery, CredentialWritten, Due, DueQuery, RevealCredential, Revealed,
    RollbackCredential, RotateCredential, ShareCredential, UpdateCredential, Usage, WhatIf, WhatIfQuery,
};
use strongroom_api::import::{Import, Imported};
use strongroom_api::resolve::{Resolve, Resolved};
use strongroom_api::service::{Service, ServiceQuery};
use strongroom_api::written::Because;

/// Each method's errors: [`Error`], with the server's problem document where it said no.
impl Client {
    /// `POST /credentials`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_credential(
        &self,
        request: &CreateCredential,
        options: &Options,
    ) -> Result<CredentialWritten, Error> {
        self.write(Method::POST, &path(&["credentials"])?, request, options)
            .await
    }

    /// `GET /credentials`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn credentials(&self, query: &CredentialQuery) -> Result<Page<Credential>, Error> {
        self.get_with(&path(&["credentials"])?, query).await
    }

    /// `GET /credentials/{handle}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn credential(&self, handle: &str) -> Result<Credential, Error> {
        self.get(&path(&["credentials", handle])?).await
    }

    /// `POST /credentials/{handle}/update`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn update_credential(
        &self,
        handle: &str,
        request: &UpdateCredential,
        options: &Options,
    ) -> Result<CredentialWritten, Error> {
        self.write(
            Method::POST,
            &path(&["credentials", handle, "update"])?,
            request,
            options,
        )
        .await
    }

    /// `POST /credentials/{handle}/rotate`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn rotate_credential(
        &self,
        handle: &str,
        request: &RotateCredential,
        options: &Options,
    ) -> Result<CredentialWritten, Error> {
        self.write(
            Method::POST,
            &path(&["credentials", handle, "rotate"])?,
            request,
            options,
        )
        .await
    }

    /// `POST /credentials/{handle}/rollback`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn rollback_credential(
        &self,
        handle: &str,
        request: &RollbackCredential,
        options: &Options,
    ) -> Result<CredentialWritten, Error> {
        self.write(
            Method::POST,
            &path(&["credentials", handle, "rollback"])?,
            request,
            options,
        )
        .await
    }

    /// `POST /credentials/{handle}/disable`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn disable_credential(&self, handle: &str, options: &Options) -> Result<CredentialWritten, Error> {
        self.change(handle, "disable", options).await
    }

    /// `POST /credentials/{handle}/enable`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn enable_credential(&self, handle: &str, options: &Options) -> Result<CredentialWritten, Error> {
        self.change(handle, "enable", options).await
    }

    /// `POST /credentials/{handle}/revoke`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn revoke_credential(&self, handle: &str, options: &Options) -> Result<CredentialWritten, Error> {
        self.change(handle, "revoke", options).await
    }

    /// `POST /credentials/{handle}/share`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn share_credential(
        &self,
        handle: &str,
        request: &ShareCredential,
        options: &Options,
    ) -> Result<CredentialWritten, Error> {
        self.write(
            Method::POST,
            &path(&["credentials", handle, "share"])?,
            request,
            options,
        )
        .await
    }

    /// `POST /credentials/{handle}/unshare`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unshare_credential(
        &self,
        handle: &str,
        request: &ShareCredential,
        options: &Options,
    ) -> Result<CredentialWritten, Error> {
        self.write(
            Method::POST,
            &path(&["credentials", handle, "unshare"])?,
            request,
            options,
        )
        .await
    }

    /// `POST /credentials/{handle}/reveal`. Each one is recorded.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn reveal_credential(&self, handle: &str, request: &RevealCredential) -> Result<Revealed, Error> {
        self.reveal_approved(handle, request, None).await
    }

    /// `POST /credentials/{handle}/reveal` where it takes four eyes: `ask`, or an approval's id.
    ///
    /// # Errors
    /// [`Error`]; [`Error::ApprovalRequested`] when an approval was asked for.
    pub async fn reveal_approved(
        &self,
        handle: &str,
        request: &RevealCredential,
        approval: Option<&str>,
    ) -> Result<Revealed, Error> {
        self.ask_approved(&path(&["credentials", handle, "reveal"])?, request, None, approval)
            .await
    }

    /// `GET /credentials/{handle}/what-if`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn what_if(&self, handle: &str, query: &WhatIfQuery) -> Result<WhatIf, Error> {
        self.get_with(&path(&["credentials", handle, "what-if"])?, query).await
    }

    /// `GET /rotation/due`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn rotation_due(&self, query: &DueQuery) -> Result<Page<Due>, Error> {
        self.get_with(&path(&["rotation", "due"])?, query).await
    }

    /// `GET /credentials/{handle}/usage`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn credential_usage(&self, handle: &str) -> Result<Usage, Error> {
        self.get(&path(&["credentials", handle, "usage"])?).await
    }

    /// `GET /credentials/{handle}/history`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn credential_history(&self, handle: &str, query: &HistoryQuery) -> Result<Page<Event>, Error> {
        self.get_with(&path(&["credentials", handle, "history"])?, query).await
    }

    /// `POST /resolve`.
    ///
    /// # Errors
    /// [`Error`]; `variables_missing` names each with the credentials that would fit.
    pub async fn resolve(&self, request: &Resolve) -> Result<Resolved, Error> {
        self.ask(&path(&["resolve"])?, request, None).await
    }

    /// `POST /import`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn import(&self, request: &Import, options: &Options) -> Result<Imported, Error> {
        let path = path(&["import"])?;
        if request.dry_run {
            return self.ask(&path, request, options.reason.as_deref()).await;
        }
        self.write(Method::POST, &path, request, options).await
    }

    /// `GET /services`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn services(&self, query: &ServiceQuery) -> Result<Page<Service>, Error> {
        self.get_with(&path(&["services"])?, query).await
    }

    /// `GET /services/{id}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn service(&self, id: &str) -> Result<Service, Error> {
        self.get(&path(&["services", id])?).await
    }

    async fn change(&self, handle: &str, verb: &str, options: &Options) -> Result<CredentialWritten, Error> {
        self.write(
            Method::POST,
            &path(&["credentials", handle, verb])?,
            &Because::default(),
            options,
        )
        .await
    }
}
