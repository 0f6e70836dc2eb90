//! What concerns the whole ledger: how it is, and what reads all of it. Long readings come one at a time, piece by piece.

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Asker;
use crate::limits::{CHUNK_BYTES, CHUNKS_WAITING_MAX};
use crate::params::Query;
use crate::problem::ApiError;
use crate::time::rfc3339;
use axum::body::{Body, HttpBody};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use bytes::Bytes;
use http_body::Frame;
use serde_json::Value;
use std::io::{self, BufWriter, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use strongroom_api::admin::{BackupQuery, ReplayQuery, Status, VerifyProgress};
use strongroom_domain::Rejection;
use strongroom_domain::rights::{Target, authorize};
use strongroom_domain::words::Right;
use strongroom_ledger::{Failure, PLACES_MAX};
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(verify))
        .routes(routes!(replay))
        .routes(routes!(dump))
        .routes(routes!(backup))
}

/// How the ledger is.
#[utoipa::path(get, path = "/api/v1/admin/status", tag = "admin", responses((status = 200, body = Status)))]
async fn status(asker: Asker) -> Answer {
    let engine = asker.app.ledger.status(&asker.caller)?;
    let engine = serde_json::to_value(engine).map_err(|error| Failure::Internal(error.to_string()))?;
    let Value::Object(mut extra) = engine else {
        return Err(Failure::Internal("the engine's status is no object".to_owned()).into());
    };
    for named in ["dev", "records", "writing"] {
        extra.remove(named);
    }
    if let Some(us) = extra.get("last_recorded_at").and_then(Value::as_u64) {
        extra.insert("last_recorded_at".to_owned(), Value::from(rfc3339(us)));
    }
    let view = asker.view();
    answer::ok(&Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ledger: view.state.ledger.name.clone(),
        dev: asker.app.ledger.is_dev(),
        records: view.head,
        checkpoint: asker.app.ledger.checkpoint().to_string(),
        writing: asker.app.ledger.writes(),
        started_at: rfc3339(asker.app.started_at),
        extra,
    })
}

/// Reads every record and checks it: lines of progress as JSON, the last one with `done`.
#[utoipa::path(post, path = "/api/v1/admin/verify", tag = "admin",
    responses((status = 200, body = VerifyProgress, content_type = "application/x-ndjson")))]
async fn verify(asker: Asker) -> Answer {
    lines(asker, |app, progress| {
        let report = app
            .ledger
            .verify(progress)
            .map(|report| (report.records, serde_json::to_value(&report).ok()));
        report.map_err(|error| (error.position(), error.to_string()))
    })
    .await
}

/// Folds the log once and compares every way to a state with it: the running state, the state as of random earlier positions, credentials by
/// their own history. Lines of progress as JSON, the last one with `done`.
#[utoipa::path(post, path = "/api/v1/admin/replay", tag = "admin", params(ReplayQuery),
    responses((status = 200, body = VerifyProgress, content_type = "application/x-ndjson")))]
async fn replay(asker: Asker, Query(query): Query<ReplayQuery>) -> Answer {
    let places = query.places.unwrap_or(100);
    if places as usize > PLACES_MAX {
        return Err(ApiError::Parameter {
            pointer: "/places".to_owned(),
            what: format!("at most {PLACES_MAX} places are compared"),
            hint: "ask for fewer".to_owned(),
        });
    }
    lines(asker, move |app, progress| {
        let report = app.ledger.recheck(places as usize, progress);
        let report = report.map(|report| (report.records, serde_json::to_value(&report).ok()));
        report.map_err(|error| (error.position(), error.to_string()))
    })
    .await
}

/// How many records were read, and what was found of them; else the first bad position, if there is one, and what is wrong.
type Found = Result<(u64, Option<Value>), (Option<u64>, String)>;

/// Streams what reads all of the log: lines of progress, and a last one with what came of it.
async fn lines(asker: Asker, read: impl FnOnce(&App, &mut dyn FnMut(u64, u64)) -> Found + Send + 'static) -> Answer {
    stream(asker, "application/x-ndjson", |app, out| {
        let line = |out: &mut dyn Write, progress: &VerifyProgress| -> io::Result<()> {
            serde_json::to_writer(&mut *out, progress)?;
            out.write_all(b"\n")?;
            out.flush()
        };
        let mut last = VerifyProgress::default();
        let found = read(app, &mut |records, total| {
            last = VerifyProgress {
                records,
                total,
                ..VerifyProgress::default()
            };
            // Whoever has gone away is noticed at the last line.
            let _ = line(out, &last);
        });
        last.done = true;
        match found {
            Ok((records, report)) => {
                last.records = records;
                last.total = records;
                last.checkpoint = Some(app.ledger.checkpoint().to_string());
                last.report = report;
            }
            Err((position, what)) => {
                last.position = position;
                last.error = Some(what);
            }
        }
        line(out, &last)
    })
    .await
}

/// The whole log with its checkpoint, as `strongroom dump` writes it; sealed parts stay sealed.
#[utoipa::path(get, path = "/api/v1/admin/dump", tag = "admin",
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn dump(asker: Asker) -> Answer {
    stream(asker, "application/octet-stream", |app, out| {
        app.ledger.dump(out).map(drop)
    })
    .await
}

/// What a backup lacks that has so many records: the key half, and a dump from there on; sealed parts and wrapped keys as they lie.
#[utoipa::path(get, path = "/api/v1/admin/backup", tag = "admin", params(BackupQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn backup(asker: Asker, Query(query): Query<BackupQuery>) -> Answer {
    let view = asker.view();
    authorize(&view.state, &asker.caller, Right::Administer, Target::Ledger, view.now).map_err(Rejection::from)?;
    let from = query.from.unwrap_or(0);
    if from > view.head {
        return Err(ApiError::Parameter {
            pointer: "/from".to_owned(),
            what: format!("the log has {} records", view.head),
            hint: "the backup is of another history of this ledger, or of another one".to_owned(),
        });
    }
    drop(view);
    stream(asker, "application/octet-stream", move |app, out| {
        app.ledger.backup(from, out).map(drop)
    })
    .await
}

/// How long a reading of the whole log waits for the one before it.
const PLACE_WAIT: std::time::Duration = std::time::Duration::from_secs(2);

/// Streams what a thread writes. Takes `audit` on the ledger.
pub(super) async fn stream<F>(asker: Asker, media: &'static str, write: F) -> Answer
where
    F: FnOnce(&App, &mut dyn Write) -> io::Result<()> + Send + 'static,
{
    let view = asker.view();
    authorize(&view.state, &asker.caller, Right::Audit, Target::Ledger, view.now).map_err(Rejection::from)?;
    drop(view);
    let app = asker.app;
    // A reading that has just ended gives its place back a moment after its last line.
    let waited = tokio::time::timeout(PLACE_WAIT, app.long_read.clone().acquire_owned()).await;
    let Ok(Ok(alone)) = waited else {
        return Err(ApiError::LongRead);
    };
    let (pieces, received) = mpsc::channel(CHUNKS_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        let _alone = alone;
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, Pieces(pieces.clone()));
        let written = write(&app, &mut out).and_then(|()| out.flush());
        if let Err(error) = written {
            // The answer has begun: cutting it is the one way left to say so.
            tracing::warn!(%error, "a reading of the whole log was cut");
            let _ = pieces.blocking_send(Err(error));
        }
    });
    let mut response = Response::new(Body::new(Received(received)));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Hands pieces to the answer; waits while the reader is slow, fails when he is gone.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The other end: an answer's body.
struct Received(mpsc::Receiver<io::Result<Bytes>>);

impl HttpBody for Received {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.0
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
