//! Somebody who is told by HTTP: takes what comes, and answers as the test says.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Channel, channel};
use std::time::Duration;

/// How long it is waited for what is expected before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// One request that came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The path.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// It listens until the test ends.
pub(crate) struct Receiver {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    taken: Channel<Received>,
}

impl Receiver {
    /// Listens, and answers each request with the status that `answer` gives.
    pub(crate) fn answering(answer: impl Fn(&Received) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, (to_test, taken)) = (Arc::new(answer), channel());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, to_test) = (Arc::clone(&answer), to_test.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    while let Some(received) = read(&mut reader) {
                        let status = answer(&received);
                        let sent = format!(
                            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
                        );
                        let written = reader.get_mut().write_all(sent.as_bytes());
                        if written.is_err() || to_test.send(received).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, taken }
    }

    /// What comes next.
    #[track_caller]
    pub(crate) fn next(&self) -> Received {
        let next = self.taken.recv_timeout(PATIENCE);
        next.unwrap_or_else(|_| panic!("nothing came within {PATIENCE:?}"))
    }

    /// What has come and was not asked for.
    pub(crate) fn rest(&self) -> Vec<Received> {
        self.taken.try_iter().collect()
    }
}

/// One request; none at the end of the connection.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers: BTreeMap<String, String> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        path: lines.first()?.split(' ').nth(1)?.to_owned(),
        headers,
        body,
    })
}
