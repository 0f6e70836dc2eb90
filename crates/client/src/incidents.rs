//! Incidents: what is stopped for a while, who and what is suspected, what is to be done.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::Method;
use strongroom_api::Page;
use strongroom_api::incident::{
    CreateFreeze, Freeze, FreezeQuery, FreezeWritten, Incident, IncidentInsight, IncidentQuery, IncidentWritten,
    OpenIncident, SkipStep, TellStewards, WidenIncident,
};
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

    /// `GET /incidents`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn incidents(&self, query: &IncidentQuery) -> Result<Page<Incident>, Error> {
        self.get_with(&path(&["incidents"])?, query).await
    }

    /// `GET /incidents/{handle}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn incident(&self, handle: &str) -> Result<IncidentInsight, Error> {
        self.get(&path(&["incidents", handle])?).await
    }

    /// `POST /incidents`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn open_incident(&self, incident: &OpenIncident, options: &Options) -> Result<IncidentWritten, Error> {
        self.write(Method::POST, &path(&["incidents"])?, incident, options)
            .await
    }

    /// `POST /incidents/{handle}/widen`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn widen_incident(
        &self,
        handle: &str,
        more: &WidenIncident,
        options: &Options,
    ) -> Result<IncidentWritten, Error> {
        self.write(Method::POST, &path(&["incidents", handle, "widen"])?, more, options)
            .await
    }

    /// `POST /incidents/{handle}/tell`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tell_stewards(
        &self,
        handle: &str,
        told: &TellStewards,
        options: &Options,
    ) -> Result<IncidentWritten, Error> {
        self.write(Method::POST, &path(&["incidents", handle, "tell"])?, told, options)
            .await
    }

    /// `POST /incidents/{handle}/skip`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn skip_step(&self, handle: &str, step: &SkipStep, options: &Options) -> Result<IncidentWritten, Error> {
        self.write(Method::POST, &path(&["incidents", handle, "skip"])?, step, options)
            .await
    }

    /// `POST /incidents/{handle}/close`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn close_incident(&self, handle: &str, options: &Options) -> Result<IncidentWritten, Error> {
        let path = path(&["incidents", handle, "close"])?;
        self.write(Method::POST, &path, &Because::default(), options).await
    }
}
