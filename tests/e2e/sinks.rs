//! The log beside the ledger: files, syslog over TLS, a collector of OpenTelemetry logs; nothing is lost when the other side breaks.

use crate::harness::{Agency, Place, Receiver, Server};
use crate::tls::Authority;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const VALUE: &str = "Zq7-sink-canary-1";

fn positions(events: &[Value]) -> Vec<u64> {
    events.iter().map(|it| it["position"].as_u64().unwrap()).collect()
}

/// The whole lines of a file that another program writes.
fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |at| &text[..at]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let given_up = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < given_up, "it never came");
        std::thread::yield_now();
    }
}

fn lag(server: &Server, sink: &str) -> Option<u64> {
    let text = server.raw("GET", "/metrics").send().unwrap().text().unwrap();
    let name = format!("strongroom_sink_lag_records{{sink=\"{sink}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok())
}

#[test]
fn a_file_holds_every_event_as_an_auditor_is_shown_it_also_after_a_kill() {
    let place = Place::new();
    let path = place.path().join("kept/audit.ndjson");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let sink = format!("archive=file://{}?as=dev&rotate=4KiB", path.display());
    let server = place.serve_with(&["--sink", &sink], &[]);
    Agency::build(&server);
    let body = json!({"name": "Kept", "service": "openai", "kind": "api_key", "fields": {"api_key": VALUE}});
    server.post("/credentials", body).is(201);
    let size = server.size();
    until(|| (lag(&server, "archive") == Some(0)).then_some(()));
    server.kill9();
    let server = place.serve_with(&["--sink", &sink], &[]);
    server.post("/clients", json!({"name": "After the kill"})).is(201);
    until(|| (lag(&server, "archive") == Some(0)).then_some(()));
    let all = server.all("/audit/events?order=oldest");
    let mut older: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| *it != path)
        .collect();
    older.sort();
    assert!(!older.is_empty(), "4 KiB are enough for {size} events");
    let mut kept: Vec<Value> = older.iter().chain([&path]).flat_map(|it| lines(it)).collect();
    // What was taken shortly before the kill may stand there twice.
    let mut seen = BTreeSet::new();
    kept.retain(|it| seen.insert(it["position"].as_u64().unwrap()));
    kept.sort_by_key(|it| it["position"].as_u64());
    assert_eq!(positions(&kept), positions(&all));
    for (kept, told) in kept.iter().zip(&all) {
        assert_eq!(kept, told);
    }
    let text: String = kept.iter().map(Value::to_string).collect();
    assert!(!text.contains(VALUE) && !text.contains("srt_"));
    server.stop();
    // In order nothing is handed on twice.
    let before = lines(&path).len();
    let server = place.serve_with(&["--sink", &sink], &[]);
    until(|| (lag(&server, "archive") == Some(0)).then_some(()));
    let added = server.size() - all.len() as u64;
    assert_eq!(lines(&path).len() as u64, before as u64 + added);
}

#[test]
fn a_sink_tells_what_its_principal_sees_and_waits_while_he_sees_nothing() {
    let place = Place::new();
    let path = place.path().join("audit.ndjson");
    let sink = format!("acme=file://{}?as=watcher&filter=type:credential", path.display());
    let server = place.serve_with(&["--sink", &sink], &[]);
    Agency::build(&server);
    assert!(lines(&path).is_empty());
    let body = json!({"name": "Watcher", "kind": "service"});
    server.post("/principals", body).is(201);
    server
        .post("/principals/watcher/grants", json!({"role": "auditor", "all": true}))
        .is(201);
    let told = until(|| Some(lines(&path)).filter(|it| !it.is_empty()));
    assert!(
        told.iter()
            .all(|it| it["type"].as_str().unwrap().starts_with("credential.")),
        "{told:?}"
    );
    let expected = server.all("/audit/events?order=oldest&type=credential");
    until(|| (lines(&path).len() == expected.len()).then_some(()));
    assert_eq!(positions(&lines(&path)), positions(&expected));
}

/// Receivers of syslog, each of which ends the connection after so many messages.
fn syslog(authority: &Authority, enough: Vec<usize>) -> (u16, Channel<String>) {
    let (certificate, key) = authority.sign();
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (to_test, taken) = channel();
    std::thread::spawn(move || {
        let mut enough = enough.into_iter();
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let stream = StreamOwned::new(connection, stream);
            let most = enough.next().unwrap_or(usize::MAX);
            for message in messages(stream).take(most) {
                if to_test.send(message).is_err() {
                    return;
                }
            }
        }
    });
    (port, taken)
}

/// Messages by their counted octets (RFC 5425).
fn messages(stream: StreamOwned<ServerConnection, TcpStream>) -> impl Iterator<Item = String> {
    let mut stream = BufReader::new(stream);
    std::iter::from_fn(move || {
        let mut length = 0_usize;
        loop {
            let mut byte = [0];
            stream.read_exact(&mut byte).ok()?;
            match byte[0] {
                b' ' => break,
                digit => length = length * 10 + usize::from(digit.checked_sub(b'0')?),
            }
        }
        let mut message = vec![0; length];
        stream.read_exact(&mut message).ok()?;
        String::from_utf8(message).ok()
    })
}

#[test]
fn syslog_over_tls_has_every_event_though_the_receiver_breaks_off() {
    let (authority, place) = (Authority::new("ours"), Place::new());
    // The first breaks off with some read and the rest under way.
    let (port, taken) = syslog(&authority, vec![3, 1]);
    let ca = place.file("ca.pem", authority.pem());
    let sink = format!("siem=syslog+tls://localhost:{port}?as=dev&format=cloudevents");
    let server = place.serve_with(&["--sink", &sink, "--outgoing-ca", &ca], &[]);
    Agency::build(&server);
    let size = server.size();
    let mut seen = BTreeSet::new();
    while seen.len() as u64 != size {
        let message = taken.recv_timeout(PATIENCE).unwrap();
        let (head, body) = message.split_once('\u{feff}').unwrap();
        let words: Vec<&str> = head.split(' ').collect();
        let event: Value = serde_json::from_str(body).unwrap();
        assert_eq!(words[0], "<110>1", "{head}");
        assert_eq!(words[1], event["time"], "{head}");
        assert_eq!((words[3], words[4], words[6]), ("strongroom", "-", "-"), "{head}");
        assert_eq!(format!("strongroom.{}", words[5]), event["type"].as_str().unwrap());
        let position = event["data"]["position"].as_u64().unwrap();
        // In order: what is new is what comes next.
        assert!(
            position <= seen.len() as u64,
            "{position} came when {} were there",
            seen.len()
        );
        seen.insert(position);
    }
}

#[test]
fn a_receiver_of_syslog_that_nobody_vouches_for_is_told_nothing() {
    let (authority, place) = (Authority::new("ours"), Place::new());
    let (port, taken) = syslog(&Authority::new("theirs"), Vec::new());
    let ca = place.file("ca.pem", authority.pem());
    let sink = format!("siem=syslog+tls://localhost:{port}?as=dev");
    let server = place.serve_with(&["--sink", &sink, "--outgoing-ca", &ca], &[]);
    until(|| {
        let text = server.raw("GET", "/metrics").send().unwrap().text().unwrap();
        text.contains("strongroom_sink_failing{sink=\"siem\"} 1").then_some(())
    });
    assert!(lag(&server, "siem").unwrap() > 0);
    assert!(taken.try_recv().is_err());
    // A sink that fails stops nothing.
    server.post("/clients", json!({"name": "Goes on"})).is(201);
}

#[test]
fn a_collector_of_logs_has_every_event_though_it_was_away() {
    let asked = AtomicUsize::new(0);
    let collector = Receiver::answering(move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) == 0 {
            503
        } else {
            200
        }
    });
    let place = Place::new();
    let url = collector.url.strip_prefix("http").unwrap();
    let sink = format!("logs=otlp+http{url}?as=dev");
    let server = place.serve_with(&["--sink", &sink], &[]);
    let refused = server.with_token("srt_nobody").get("/credentials");
    refused.is(401);
    Agency::build(&server);
    let size = server.size();
    // The first was refused, so that it comes again.
    let first = collector.next();
    assert_eq!(first.path, "/v1/logs");
    let mut records = Vec::new();
    while (records.len() as u64) < size {
        let document = collector.next().json();
        let resource = &document["resourceLogs"][0];
        assert_eq!(
            resource["resource"]["attributes"][0]["value"]["stringValue"],
            "strongroom"
        );
        records.extend(
            resource["scopeLogs"][0]["logRecords"]
                .as_array()
                .unwrap()
                .iter()
                .cloned(),
        );
    }
    let told: Vec<Value> = records
        .iter()
        .map(|it| serde_json::from_str(it["body"]["stringValue"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(positions(&told), (0..records.len() as u64).collect::<Vec<_>>());
    let of = |record: &Value| format!("strongroom.{}", record["type"].as_str().unwrap());
    assert!(
        records
            .iter()
            .zip(&told)
            .all(|(record, event)| record["eventName"] == of(event))
    );
    assert_eq!(records[0]["severityText"], "INFO");
}

#[test]
fn a_sink_that_is_none_is_told_where_it_is_wrong() {
    let place = Place::new();
    for (sink, told) in [
        ("siem=syslog+tls://host", "`as=PRINCIPAL` is missing"),
        ("siem=http://host?as=dev", "no kind of sink"),
    ] {
        let refusal = place.try_serve(&["--sink", sink], &[]).err().unwrap();
        assert!(refusal.text.contains(told), "{sink}: {}", refusal.text);
    }
    let twice = ["--sink", "a=file:///tmp/a?as=dev", "--sink", "a=file:///tmp/b?as=dev"];
    let refusal = place.try_serve(&twice, &[]).err().unwrap();
    assert!(refusal.text.contains("two of this name"), "{}", refusal.text);
}
