//! Syslog messages (RFC 5424) over TLS with octet counting (RFC 5425).
//!
//! Syslog answers nothing. What was sent counts as taken only after a while on a connection that still lives: the system gives a
//! connection up whose bytes were not acknowledged for less than that. After a break everything behind it is sent again.

use super::{Entry, Settled, SinkError};
use crate::limits::CONNECT_WITHIN;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long the system waits for bytes to be acknowledged before it gives a connection up.
const UNACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(8);
/// After so long on a living connection a message has arrived.
const SETTLED_AFTER: Duration = Duration::from_secs(10);
/// How long a write may wait for room.
const WRITE_WITHIN: Duration = Duration::from_secs(30);
/// How long the other side has to say that it has everything.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Facility 13, log audit; severities 6 informational and 4 warning (RFC 5424, section 6.2.1).
const PRIORITY: [u8; 2] = [13 * 8 + 6, 13 * 8 + 4];
/// Bytes of a MSGID and of a HOSTNAME (RFC 5424, section 6).
const MESSAGE_ID_BYTES: usize = 32;
const HOST_BYTES: usize = 255;

/// A receiver of syslog.
#[derive(Debug)]
pub(super) struct Syslog {
    host: String,
    port: u16,
    config: Arc<ClientConfig>,
    own_name: String,
    connection: Option<Connection>,
    /// When batches were sent that may not have arrived, and the position that each begins with.
    sent: VecDeque<(Instant, u64)>,
    /// What is to be sent again, from this position on: the connection broke before it had arrived.
    again_from: Option<u64>,
}

#[derive(Debug)]
struct Connection {
    writer: WriteHalf<TlsStream<TcpStream>>,
    /// The other side has ended it, or the system has.
    ended: watch::Receiver<bool>,
    reader: JoinHandle<()>,
}

impl Connection {
    fn lives(&self) -> bool {
        !*self.ended.borrow() && !self.reader.is_finished()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Syslog {
    pub(super) fn new(host: String, port: u16, authorities: Option<&[u8]>, own_name: &str) -> Result<Self, SinkError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = authorities
            .map(|pem| CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>())
            .transpose()
            .map_err(|error| SinkError::Authorities(error.to_string()))?;
        let verifier = Verifier::new_with_extra_roots(roots.unwrap_or_default(), Arc::clone(&provider))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous() // the verifier of the platform, which checks everything
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self {
            host,
            port,
            config: Arc::new(config),
            own_name: word(own_name, HOST_BYTES),
            connection: None,
            sent: VecDeque::new(),
            again_from: None,
        })
    }

    pub(super) async fn send(&mut self, entries: &[Entry]) -> Result<(), SinkError> {
        self.look()?;
        self.again_from = None;
        if let Err(source) = self.try_send(entries).await {
            return Err(self.broke(source));
        }
        if let Some(first) = entries.first() {
            self.sent.push_back((Instant::now(), first.position));
        }
        Ok(())
    }

    /// Looks whether what was sent is still on its way.
    pub(super) fn look(&mut self) -> Result<(), SinkError> {
        if self.connection.as_ref().is_none_or(Connection::lives) {
            return Ok(());
        }
        let source = io::Error::new(io::ErrorKind::ConnectionReset, "the connection has ended");
        let broke = self.broke(source);
        self.again_from.map_or(Ok(()), |_| Err(broke))
    }

    /// Done when the connection has ended.
    pub(super) async fn ended(&mut self) {
        match &mut self.connection {
            // Sent or dropped: the reader has come to its end.
            Some(connection) => drop(connection.ended.wait_for(|ended| *ended).await),
            None => std::future::pending().await,
        }
    }

    /// What has not arrived for certain is to be sent again.
    fn broke(&mut self, source: io::Error) -> SinkError {
        self.settle();
        self.again_from = self.sent.front().map(|(_, first)| *first);
        self.sent.clear();
        self.connection = None;
        let host = self.host.clone();
        SinkError::Connection { host, source }
    }

    async fn try_send(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut text = Vec::new();
        for entry in entries {
            let message = message(entry, &self.own_name);
            text.extend_from_slice(format!("{} ", message.len()).as_bytes());
            text.extend_from_slice(message.as_bytes());
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.host, self.port, &self.config).await?),
        };
        let write = async {
            connection.writer.write_all(&text).await?;
            connection.writer.flush().await
        };
        within(WRITE_WITHIN, write).await
    }

    pub(super) fn settled(&mut self) -> Settled {
        self.settle();
        let first = self.again_from.or_else(|| self.sent.front().map(|(_, first)| *first));
        first.map_or(Settled::All, Settled::Before)
    }

    /// What was sent long enough ago has arrived, while the connection lives.
    fn settle(&mut self) {
        if !self.connection.as_ref().is_some_and(Connection::lives) {
            return;
        }
        while self.sent.front().is_some_and(|(at, _)| at.elapsed() >= SETTLED_AFTER) {
            self.sent.pop_front();
        }
    }

    /// Says that this was all; a receiver that ends its side then has read everything.
    pub(super) async fn close(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let ended_first = !connection.lives();
        let bye = async {
            connection.writer.shutdown().await?;
            (&mut connection.reader).await.map_err(io::Error::other)
        };
        if within(CLOSE_WITHIN, bye).await.is_ok() && !ended_first {
            self.sent.clear();
        }
    }
}

async fn connect(host: &str, port: u16, config: &Arc<ClientConfig>) -> io::Result<Connection> {
    let stream = within(CONNECT_WITHIN, TcpStream::connect((host, port))).await?;
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(&stream);
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_WITHIN))?;
    socket.set_keepalive(true)?;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let stream = within(
        CONNECT_WITHIN,
        TlsConnector::from(Arc::clone(config)).connect(name, stream),
    )
    .await?;
    let (reader, writer) = tokio::io::split(stream);
    let (end, ended) = watch::channel(false);
    let reader = tokio::spawn(read(reader, end));
    Ok(Connection { writer, ended, reader })
}

/// Nothing is expected but the end.
async fn read(mut reader: ReadHalf<TlsStream<TcpStream>>, end: watch::Sender<bool>) {
    let mut nothing = [0; 256];
    while reader.read(&mut nothing).await.is_ok_and(|bytes| bytes > 0) {}
    end.send_replace(true);
}

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match tokio::time::timeout(time, work).await {
        Ok(done) => done,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("nothing for {time:?}"))),
    }
}

/// `HEADER SP STRUCTURED-DATA SP MSG`, the message in UTF-8 (RFC 5424, section 6).
fn message(entry: &Entry, host: &str) -> String {
    format!(
        "<{}>1 {} {host} strongroom - {} - \u{feff}{}",
        PRIORITY[usize::from(entry.refused)],
        entry.recorded_at,
        word(&entry.type_, MESSAGE_ID_BYTES),
        entry.line
    )
}

/// Printable ASCII of so many bytes at most; `-` is nothing.
fn word(text: &str, most: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_the_standard_has_it() {
        let mut entry = Entry {
            position: 7,
            type_: "credential.rotated".to_owned(),
            recorded_at_us: 0,
            recorded_at: "2026-11-20T14:05:00.000000Z".to_owned(),
            refused: false,
            line: "{\"reason\":\"Größe\"}".to_owned(),
        };
        assert_eq!(
            message(&entry, "host-1"),
            "<110>1 2026-11-20T14:05:00.000000Z host-1 strongroom - credential.rotated - \u{feff}{\"reason\":\"Größe\"}"
        );
        entry.refused = true;
        entry.type_ = "x".repeat(40);
        assert!(message(&entry, "h").starts_with("<108>1 "));
        assert!(message(&entry, "h").contains(&format!(" {} - ", "x".repeat(32))));
        assert_eq!(word("a b\nc", 9), "abc");
        assert_eq!(word("\n", 9), "-");
    }
}
