//! Incidents: what is stopped for a while.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use strongroom_api::Page;
use strongroom_api::incident::{CreateFreeze, Freeze, FreezeQuery, FreezeWritten};
use strongroom_api::written::Because;

impl Client {
    /// `GET /freezes`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn freezes(&self, query: &FreezeQuery) -> Result<Page<Freeze>, Error> {
        self.get_with(&path(&["freezes"])?, query).await
    }

    /// `POST /freezes`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn freeze(&self, freeze: &CreateFreeze, options: &Options) -> Result<FreezeWritten, Error> {
        self.write(Method::POST, &path(&["freezes"])?, freeze, options).await
    }

    /// `POST /freezes/{id}/lift`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unfreeze(&self, id: &str, options: &Options) -> Result<FreezeWritten, Error> {
        self.write(
            Method::POST,
            &path(&["freezes", id, "lift"])?,
            &Because::default(),
            options,
        )
        .await
    }
}
