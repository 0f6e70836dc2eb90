//! One signed message to a receiver: Standard Webhooks 1.0.0, symmetric signatures.
//!
//! Headers `webhook-id`, `webhook-timestamp` and `webhook-signature`; what is signed is `id.timestamp.body`, by HMAC-SHA256 (RFC
//! 2104), once for each secret that is good now, so that a receiver can move from one to the next.

use crate::outgoing::{Outgoing, OutgoingError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use sha2::Sha256;
use std::time::Duration;
use url::Url;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The same at each try, so that a receiver knows what it has taken.
    pub id: &'a str,
    /// When it is sent, seconds since 1970.
    pub timestamp: u64,
    /// The body, JSON.
    pub body: &'a [u8],
}

/// Why a receiver has not taken a message. Never names more of the URL than the host.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It says that it is gone for good (410).
    #[error("the receiver says that it is gone for good (410)")]
    Gone,
    /// It answered with another status than a success.
    #[error("the receiver answered with {status}")]
    Status {
        /// The status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// There was no answer.
    #[error(transparent)]
    Outgoing(#[from] OutgoingError),
    /// The URL is none.
    #[error("the URL can't be read")]
    Url,
}

impl SendError {
    /// How long the receiver asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Gone | Self::Outgoing(_) | Self::Url => None,
        }
    }
}

impl Message<'_> {
    /// The value of `webhook-signature`: one signature for each key, separated by spaces.
    #[must_use]
    pub fn signatures(&self, keys: &[impl AsRef<[u8]>]) -> String {
        let mut text = String::new();
        for key in keys {
            // HMAC takes keys of any length (RFC 2104 §2).
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_ref()) else {
                continue;
            };
            mac.update(self.id.as_bytes());
            mac.update(b".");
            mac.update(self.timestamp.to_string().as_bytes());
            mac.update(b".");
            mac.update(self.body);
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str("v1,");
            STANDARD.encode_string(mac.finalize().into_bytes(), &mut text);
        }
        text
    }
}

impl Outgoing {
    /// Whether a URL is one that messages may be sent to.
    ///
    /// # Errors
    /// [`SendError::Url`], [`SendError::Outgoing`].
    pub fn check_receiver(&self, url: &str) -> Result<(), SendError> {
        let url = Url::parse(url).map_err(|_| SendError::Url)?;
        Ok(self.check(&url)?)
    }

    /// Sends a message, signed with each of the keys. Any status from 200 to 299 says that it was taken; a redirect does not.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_message(
        &self,
        url: &str,
        message: &Message<'_>,
        keys: &[impl AsRef<[u8]>],
    ) -> Result<u16, SendError> {
        let request = http::Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp.to_string())
            .header("webhook-signature", message.signatures(keys))
            .body(message.body.to_vec())
            .map_err(|_| SendError::Url)?;
        let answer = self.call(request).await?;
        match answer.status().as_u16() {
            status @ 200..=299 => Ok(status),
            410 => Err(SendError::Gone),
            status => Err(SendError::Status {
                status,
                retry_after: retry_after(answer.headers()),
            }),
        }
    }
}

/// How long an answer asks to be left alone, where it says so in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn a_message_is_signed_as_the_reference_does() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: 1_614_265_330,
            body: b"{\"test\": 2432232314}",
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(message.signatures(&[&key]), expected);
        let two = message.signatures(&[key.as_slice(), b"another"]);
        assert!(two.starts_with(expected) && two.split(' ').count() == 2, "{two}");
    }

    #[test]
    fn only_what_may_be_reached_is_a_receiver() {
        let outgoing = Outgoing::new(crate::Reach::default()).unwrap();
        outgoing.check_receiver("https://hooks.example.com/s").unwrap();
        for bad in [
            "hooks",
            "http://hooks.example.com",
            "https://127.0.0.1/",
            "https://me:pw@hooks.example.com",
        ] {
            outgoing.check_receiver(bad).unwrap_err();
        }
    }
}
