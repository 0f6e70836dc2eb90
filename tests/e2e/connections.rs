//! Connections: slow ones are cut, too many are refused politely, the rest is served.

use crate::harness::{Place, Server};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Connects, and sends these bytes.
fn connect(server: &Server, bytes: &str) -> TcpStream {
    let addr = server.addr.trim_start_matches("http://");
    let mut stream = TcpStream::connect(addr).unwrap();
    // Long beyond what is expected: a test that fails must end.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    stream
}

/// All that comes until the server closes.
fn to_the_end(mut stream: &TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server did not close: {error}"),
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer to `GET /healthz`, the connection kept.
fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    let mut byte = [0];
    while !answer.ends_with("}") && stream.read(&mut byte).unwrap() > 0 {
        answer.push(char::from(byte[0]));
    }
    answer
}

const HALF: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ";

#[test]
fn a_client_that_never_ends_its_header_is_cut() {
    let place = Place::new();
    let server = place.serve_with(&["--header-timeout", "50ms"], &[]);
    for sent in ["", "G", HALF, "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let stream = connect(&server, sent);
        let answer = to_the_end(&stream);
        assert!(!answer.contains("200"), "{sent}: {answer}");
    }
    // Neither is one whose first request was good.
    let mut stream = connect(&server, "");
    let first = ask(&mut stream);
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    let _ = stream.write_all(HALF.as_bytes()); // the server may be faster
    to_the_end(&stream);
    assert_eq!(place.json(&["whoami"])["handle"], "dev");
}

#[test]
fn one_connection_too_many_is_told_to_come_back() {
    let place = Place::new();
    let server = place.serve_with(&["--max-connections", "2"], &[]);
    let mut open: Vec<TcpStream> = (0..2).map(|_| connect(&server, "")).collect();
    for stream in &mut open {
        assert!(ask(stream).starts_with("HTTP/1.1 200"));
    }
    for sent in ["", HALF, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let stream = connect(&server, sent);
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let refused = to_the_end(&stream);
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        for part in [
            "Retry-After: 1\r\n",
            "Connection: close\r\n",
            "application/problem+json",
            "problem:busy",
        ] {
            assert!(refused.contains(part), "{part}: {refused}");
        }
    }
    let counted = |open: &mut TcpStream| {
        open.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        to_the_end(open)
    };
    let metrics = counted(&mut open[0]);
    for line in ["strongroom_connections 2", "strongroom_connections_refused_total 3"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    // The place of the one that went is another's.
    let served = (0..10_000).any(|_| {
        let mut stream = connect(&server, "");
        ask(&mut stream).starts_with("HTTP/1.1 200")
    });
    assert!(served);
}
