//! Work on many places at once.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use serde::Serialize;
use strongroom_api::plan::{
    CopyWorkspace, Offboard, Planned, ReplaceCredential, Restore, SetUp, TransferStewardship, Undo,
};
use strongroom_api::workspace::Comparison;

/// Each is done whole or not at all; with `dry_run` nothing is changed.
impl Client {
    /// `POST /credentials/{handle}/replace`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn replace_credential(
        &self,
        handle: &str,
        request: &ReplaceCredential,
        options: &Options,
    ) -> Result<Planned, Error> {
        self.plan(
            &path(&["credentials", handle, "replace"])?,
            request,
            request.dry_run,
            options,
        )
        .await
    }

    /// `POST /undo`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn undo(&self, request: &Undo, options: &Options) -> Result<Planned, Error> {
        self.plan(&path(&["undo"])?, request, request.dry_run, options).await
    }

    /// `POST /restore`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn restore(&self, request: &Restore, options: &Options) -> Result<Planned, Error> {
        self.plan(&path(&["restore"])?, request, request.dry_run, options).await
    }

    /// `GET /workspaces/{from}/compare/{to}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn compare_workspaces(&self, from: &str, to: &str) -> Result<Comparison, Error> {
        self.get(&path(&["workspaces", from, "compare", to])?).await
    }

    /// `POST /workspaces/{from}/copy/{to}`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn copy_workspace(
        &self,
        from: &str,
        to: &str,
        request: &CopyWorkspace,
        options: &Options,
    ) -> Result<Planned, Error> {
        self.plan(
            &path(&["workspaces", from, "copy", to])?,
            request,
            request.dry_run,
            options,
        )
        .await
    }

    /// `POST /principals/{handle}/stewardship`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn transfer_stewardship(
        &self,
        handle: &str,
        request: &TransferStewardship,
        options: &Options,
    ) -> Result<Planned, Error> {
        self.plan(
            &path(&["principals", handle, "stewardship"])?,
            request,
            request.dry_run,
            options,
        )
        .await
    }

    /// `POST /principals/{handle}/offboard`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn offboard(&self, handle: &str, request: &Offboard, options: &Options) -> Result<Planned, Error> {
        self.plan(
            &path(&["principals", handle, "offboard"])?,
            request,
            request.dry_run,
            options,
        )
        .await
    }

    /// `POST /templates/{handle}/setup`.
    ///
    /// # Errors
    /// [`Error`]; then nothing was changed.
    pub async fn set_up(&self, template: &str, request: &SetUp, options: &Options) -> Result<Planned, Error> {
        self.plan(
            &path(&["templates", template, "setup"])?,
            request,
            request.dry_run,
            options,
        )
        .await
    }

    async fn plan<B: Serialize>(
        &self,
        path: &str,
        request: &B,
        dry_run: bool,
        options: &Options,
    ) -> Result<Planned, Error> {
        if dry_run {
            return self.ask(path, request, options.reason.as_deref()).await;
        }
        self.write(Method::POST, path, request, options).await
    }
}
