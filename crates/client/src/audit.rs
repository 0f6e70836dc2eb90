//! History and proofs; how the server is doing.

use crate::error::Error;
use crate::http::{Client, Options};
use crate::path::path;
use reqwest::{Method, Response};
use serde::Serialize;
use std::io::Write;
use strongroom_api::admin::{BackupQuery, Clock, Health, SetClock, Status, VerifyProgress};
use strongroom_api::audit::{Checkpoint, Consistency, ConsistencyQuery, Event, EventQuery, Events, VerifierKey};
use strongroom_api::inquiry::{
    Access, Diff, DiffQuery, Explained, Hygiene, Impact, ImpactQuery, LeakSearch, SearchLeaks,
};
use strongroom_api::report::{Report, ReportQuery, Reports};

/// Each method's errors: [`Error`], with the server's problem document where it said no.
impl Client {
    /// `GET /audit/events`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn events(&self, query: &EventQuery) -> Result<Events, Error> {
        self.get_with(&path(&["audit", "events"])?, query).await
    }

    /// `GET /audit/events/{position}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn event(&self, position: u64) -> Result<Event, Error> {
        self.get(&path(&["audit", "events", &position.to_string()])?).await
    }

    /// `GET /audit/explain/{position}`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn explain(&self, position: u64) -> Result<Explained, Error> {
        self.get(&path(&["audit", "explain", &position.to_string()])?).await
    }

    /// `GET /audit/impact`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn impact(&self, query: &ImpactQuery) -> Result<Impact, Error> {
        self.get_with(&path(&["audit", "impact"])?, query).await
    }

    /// `GET /audit/diff`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn diff(&self, query: &DiffQuery) -> Result<Diff, Error> {
        self.get_with(&path(&["audit", "diff"])?, query).await
    }

    /// `GET /credentials/{handle}/access`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn credential_access(&self, handle: &str) -> Result<Access, Error> {
        self.get(&path(&["credentials", handle, "access"])?).await
    }

    /// `POST /audit/leak-search`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn leak_search(&self, body: &SearchLeaks) -> Result<LeakSearch, Error> {
        self.ask(&path(&["audit", "leak-search"])?, body, None).await
    }

    /// `GET /audit/reports`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn reports(&self) -> Result<Reports, Error> {
        self.get(&path(&["audit", "reports"])?).await
    }

    /// `GET /audit/reports/{name}`: the tables.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn report(&self, name: &str, query: &ReportQuery) -> Result<Report, Error> {
        self.get_with(&path(&["audit", "reports", name])?, query).await
    }

    /// `GET /audit/reports/{name}`, written as `csv` or `html`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn report_as(&self, name: &str, query: &ReportQuery, format: &str) -> Result<Vec<u8>, Error> {
        let query = ReportAs {
            format: Some(format),
            query,
        };
        self.bytes(&path(&["audit", "reports", name])?, &query).await
    }

    /// `GET /hygiene`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn hygiene(&self) -> Result<Hygiene, Error> {
        self.get(&path(&["hygiene"])?).await
    }

    /// `GET /audit/checkpoint`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn checkpoint(&self) -> Result<Checkpoint, Error> {
        self.get(&path(&["audit", "checkpoint"])?).await
    }

    /// `GET /audit/key`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn verifier_key(&self) -> Result<VerifierKey, Error> {
        self.get(&path(&["audit", "key"])?).await
    }

    /// `GET /audit/consistency`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn consistency(&self, query: &ConsistencyQuery) -> Result<Consistency, Error> {
        self.get_with(&path(&["audit", "consistency"])?, query).await
    }

    /// `GET /audit/log/{tile}`: a path of C2SP tlog-tiles below the log, `tile/0/x001/067`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn tile(&self, tile: &str) -> Result<Vec<u8>, Error> {
        let mut segments = vec!["audit", "log"];
        segments.extend(tile.split('/'));
        self.bytes(&path(&segments)?, &()).await
    }

    /// `GET /admin/status`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn status(&self) -> Result<Status, Error> {
        self.get(&path(&["admin", "status"])?).await
    }

    /// `POST /admin/verify`: every record is read; each line of progress is handed on, the last is returned.
    ///
    /// # Errors
    /// [`Error`]; what is wrong with the log is no error but the answer.
    pub async fn verify(&self, progress: impl FnMut(&VerifyProgress)) -> Result<VerifyProgress, Error> {
        let response = self.stream(Method::POST, &path(&["admin", "verify"])?).await?;
        self.last_line(response, progress).await
    }

    /// `POST /admin/replay`: the log is folded once and compared with every other way to a state, also at so many earlier places.
    ///
    /// # Errors
    /// [`Error`]; what differs is no error but the answer.
    pub async fn replay(&self, places: u32, progress: impl FnMut(&VerifyProgress)) -> Result<VerifyProgress, Error> {
        let route = format!("{}?places={places}", path(&["admin", "replay"])?);
        let response = self.stream(Method::POST, &route).await?;
        self.last_line(response, progress).await
    }

    /// Hands on each line of progress; the last is what came of it.
    async fn last_line(
        &self,
        mut response: Response,
        mut progress: impl FnMut(&VerifyProgress),
    ) -> Result<VerifyProgress, Error> {
        let unreadable = || Error::Answer {
            addr: self.base().to_owned(),
            status: 200,
        };
        let mut pending = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|source| self.broken(source))? {
            pending.extend_from_slice(&chunk);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                let line: VerifyProgress = serde_json::from_slice(&line).map_err(|_| unreadable())?;
                progress(&line);
                if line.done {
                    return Ok(line);
                }
            }
        }
        Err(unreadable())
    }

    /// `GET /admin/dump`: the whole log, as `strongroom dump` writes it.
    ///
    /// # Errors
    /// [`Error`]; what was written so far is no whole dump then.
    pub async fn dump(&self, sink: impl Write) -> Result<u64, Error> {
        let response = self.stream(Method::GET, &path(&["admin", "dump"])?).await?;
        self.pour(response, sink).await
    }

    /// `GET /admin/backup`: what a backup of `from` records lacks.
    ///
    /// # Errors
    /// [`Error`]; what was written so far is no backup then.
    pub async fn backup(&self, from: u64, sink: impl Write) -> Result<u64, Error> {
        let query = BackupQuery { from: Some(from) };
        let response = self.stream_with(&path(&["admin", "backup"])?, &query).await?;
        self.pour(response, sink).await
    }

    /// `GET /audit/export`: events as lines, `ndjson`, `csv`, `cloudevents` or `ocsf`, or as a table, `parquet`.
    ///
    /// # Errors
    /// [`Error`]; what was written so far is no whole export then, and lacks its last line.
    pub async fn export(&self, format: &str, query: &EventQuery, sink: impl Write) -> Result<u64, Error> {
        #[derive(Serialize)]
        struct Asked<'q> {
            format: &'q str,
            #[serde(flatten)]
            query: &'q EventQuery,
        }
        let response = self
            .stream_with(&path(&["audit", "export"])?, &Asked { format, query })
            .await?;
        self.pour(response, sink).await
    }

    /// Writes an answer as it comes; how many bytes it had.
    async fn pour(&self, mut response: Response, mut sink: impl Write) -> Result<u64, Error> {
        let mut bytes = 0;
        while let Some(chunk) = response.chunk().await.map_err(|source| self.broken(source))? {
            sink.write_all(&chunk)?;
            bytes += chunk.len() as u64;
        }
        sink.flush()?;
        Ok(bytes)
    }

    /// `GET /readyz`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn ready(&self) -> Result<Health, Error> {
        self.get("/readyz").await
    }

    /// `PUT /dev/clock`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn set_clock(&self, request: &SetClock) -> Result<Clock, Error> {
        self.write(Method::PUT, "/dev/clock", request, &Options::default())
            .await
    }
}

#[derive(Serialize)]
struct ReportAs<'q> {
    format: Option<&'q str>,
    #[serde(flatten)]
    query: &'q ReportQuery,
}
