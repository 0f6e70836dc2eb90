//! Four eyes: approvals, and the policy that asks for them.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use strongroom_api::Page;
use strongroom_api::approval::{Approval, ApprovalQuery, ApprovalWritten, Policy, PolicyWritten, SetPolicy};
use strongroom_api::written::Because;

impl Client {
    /// `GET /approvals`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn approvals(&self, query: &ApprovalQuery) -> Result<Page<Approval>, Error> {
        self.get_with(&path(&["approvals"])?, query).await
    }

    /// `GET /approvals/{id}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn approval(&self, id: &str) -> Result<Approval, Error> {
        self.get(&path(&["approvals", id])?).await
    }

    /// `POST /approvals/{id}/approve`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn approve(&self, id: &str, options: &Options) -> Result<ApprovalWritten, Error> {
        self.write(
            Method::POST,
            &path(&["approvals", id, "approve"])?,
            &Because::default(),
            options,
        )
        .await
    }

    /// `POST /approvals/{id}/decline`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn decline(&self, id: &str, options: &Options) -> Result<ApprovalWritten, Error> {
        self.write(
            Method::POST,
            &path(&["approvals", id, "decline"])?,
            &Because::default(),
            options,
        )
        .await
    }

    /// `GET /policy`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn policy(&self) -> Result<Policy, Error> {
        self.get(&path(&["policy"])?).await
    }

    /// `PUT /policy`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn set_policy(&self, policy: &SetPolicy, options: &Options) -> Result<PolicyWritten, Error> {
        self.write(Method::PUT, &path(&["policy"])?, policy, options).await
    }
}
