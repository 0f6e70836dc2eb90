//! Webhooks: who is told of what.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use strongroom_api::Page;
use strongroom_api::webhook::{CreateWebhook, UpdateWebhook, Webhook, WebhookQuery, WebhookTried, WebhookWritten};
use strongroom_api::written::Because;

impl Client {
    /// `GET /webhooks`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn webhooks(&self, query: &WebhookQuery) -> Result<Page<Webhook>, Error> {
        self.get_with(&path(&["webhooks"])?, query).await
    }

    /// `GET /webhooks/{handle}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn webhook(&self, handle: &str) -> Result<Webhook, Error> {
        self.get(&path(&["webhooks", handle])?).await
    }

    /// `POST /webhooks`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_webhook(&self, webhook: &CreateWebhook, options: &Options) -> Result<WebhookWritten, Error> {
        self.write(Method::POST, &path(&["webhooks"])?, webhook, options).await
    }

    /// `POST /webhooks/{handle}/update`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn update_webhook(
        &self,
        handle: &str,
        update: &UpdateWebhook,
        options: &Options,
    ) -> Result<WebhookWritten, Error> {
        self.write(Method::POST, &path(&["webhooks", handle, "update"])?, update, options)
            .await
    }

    /// `POST /webhooks/{handle}/pause`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pause_webhook(&self, handle: &str, options: &Options) -> Result<WebhookWritten, Error> {
        self.change_webhook(handle, "pause", options).await
    }

    /// `POST /webhooks/{handle}/resume`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn resume_webhook(&self, handle: &str, options: &Options) -> Result<WebhookWritten, Error> {
        self.change_webhook(handle, "resume", options).await
    }

    /// `POST /webhooks/{handle}/remove`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn remove_webhook(&self, handle: &str, options: &Options) -> Result<WebhookWritten, Error> {
        self.change_webhook(handle, "remove", options).await
    }

    async fn change_webhook(&self, handle: &str, verb: &str, options: &Options) -> Result<WebhookWritten, Error> {
        let path = path(&["webhooks", handle, verb])?;
        self.write(Method::POST, &path, &Because::default(), options).await
    }

    /// `POST /webhooks/{handle}/test`: sends one message.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn test_webhook(&self, handle: &str, options: &Options) -> Result<WebhookTried, Error> {
        let path = path(&["webhooks", handle, "test"])?;
        self.write(Method::POST, &path, &Because::default(), options).await
    }
}
