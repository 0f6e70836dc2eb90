//! Signing in at an issuer: the browser goes there, and comes back to a port of this machine (RFC 8252).

use crate::failure::{Failure, Outcome, system_said};
use crate::output::{Output, clean};
use crate::session::failure;
use std::time::Duration;
use strongroom_api::SecretText;
use strongroom_api::identity::{BeginSignIn, FinishSignIn};
use strongroom_client::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use zeroize::Zeroizing;

/// How long somebody may take at the issuer; the server waits no longer.
const WITHIN: Duration = Duration::from_secs(600);
/// Bytes of the browser's request that are read: a code and a state are short.
const REQUEST_BYTES_MAX: usize = 16 << 10;

/// Has somebody sign in; gives the token.
pub(super) async fn token(
    client: &Client,
    issuer: Option<&str>,
    port: u16,
    output: &Output,
) -> Outcome<Zeroizing<String>> {
    let local = |error: std::io::Error| {
        Failure::local(format!("can't wait for the browser: {}", system_said(&error)))
            .hint("--port takes another port of this machine")
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(local)?;
    let port = listener.local_addr().map_err(local)?.port();
    let begin = BeginSignIn {
        issuer: issuer.map(str::to_owned),
        client_id: None,
        redirect_uri: format!("http://127.0.0.1:{port}/callback"),
    };
    let begun = client.begin_sign_in(&begin).await.map_err(failure)?;
    // Said whoever reads: without it nobody signs in.
    output.warn_raw(&format!(
        "go to this page and sign in there:\n\n  {}\n",
        clean(&begun.url)
    ));
    let code = tokio::time::timeout(WITHIN, come_back(&listener, &begun.state))
        .await
        .map_err(|_| Failure::local("nobody came back from the issuer").hint("begin again"))??;
    let finish = FinishSignIn {
        state: begun.state,
        code: SecretText::new(code.to_string()),
    };
    let answer = client.finish_sign_in(&finish).await.map_err(failure)?;
    let token = answer
        .token
        .ok_or_else(|| Failure::local("the server answered without a token"))?;
    Ok(Zeroizing::new(token.expose().to_owned()))
}

/// Waits until the browser comes back with our state. Whatever else comes to the port is told that it is wrong here.
async fn come_back(listener: &TcpListener, state: &str) -> Outcome<Zeroizing<String>> {
    loop {
        let Ok((mut browser, _)) = listener.accept().await else {
            continue;
        };
        let Some(asked) = request(&mut browser).await else {
            continue;
        };
        let parameter = |name: &str| {
            let mut pairs = asked.query_pairs();
            pairs
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.into_owned())
        };
        if asked.path() != "/callback" || parameter("state").as_deref() != Some(state) {
            answer(&mut browser, "404 Not Found", "This is not the page that you look for.").await;
            continue;
        }
        if let Some(code) = parameter("code") {
            answer(&mut browser, "200 OK", "You are signed in. You can close this page.").await;
            return Ok(Zeroizing::new(code));
        }
        answer(
            &mut browser,
            "200 OK",
            "You are not signed in. You can close this page.",
        )
        .await;
        let why = parameter("error").unwrap_or_default();
        return Err(Failure::local(format!("the issuer says no: {}", clean(&why))).hint("begin again"));
    }
}

/// The URL of a GET request.
async fn request(browser: &mut TcpStream) -> Option<Url> {
    let mut head = Zeroizing::new(Vec::with_capacity(REQUEST_BYTES_MAX));
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = Zeroizing::new([0; 1_024]);
        let read = browser.read(piece.as_mut()).await.ok()?;
        if read == 0 || head.len() + read > REQUEST_BYTES_MAX {
            return None;
        }
        head.extend_from_slice(&piece[..read]);
    }
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    (words.next() == Some("GET")).then_some(())?;
    Url::parse("http://127.0.0.1").ok()?.join(words.next()?).ok()
}

async fn answer(browser: &mut TcpStream, status: &str, text: &str) {
    let page = format!("<!doctype html><meta charset=utf-8><title>Strongroom</title><p>{text}</p>");
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nreferrer-policy: no-referrer\r\ncache-control: no-store\r\nconnection: close\r\n\r\n",
        page.len()
    );
    // A browser that has gone needs no answer.
    let _ = browser.write_all(format!("{head}{page}").as_bytes()).await;
    let _ = browser.shutdown().await;
}
