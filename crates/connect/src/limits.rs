//! Bounds of what goes out, with unit and reason.

use std::time::Duration;

/// Bytes of an answer that is read: the largest set of keys seen is a tenth of it.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 << 20;
/// How long a connection may take to be there.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a whole request may take: somebody waits for it.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an assertion: headers are cut at 16 KiB by most servers.
pub(crate) const ASSERTION_BYTES_MAX: usize = 16 << 10;
/// How long an issuer's keys are taken for its keys without asking again.
pub(crate) const KEYS_FRESH: Duration = Duration::from_secs(3_600);
/// How long they are believed while the issuer does not answer.
pub(crate) const KEYS_STALE_MAX: Duration = Duration::from_secs(24 * 3_600);
/// How long an issuer is left alone after it was asked: a key that is not there must not let strangers make us ask.
pub(crate) const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long an assertion that was proved once is not proved again. A key that is taken back counts so much longer.
pub(crate) const PROVED_FOR: Duration = Duration::from_secs(300);
/// Assertions that are remembered as proved.
pub(crate) const PROVED_MAX: usize = 10_000;
/// How long somebody may take to sign in at the issuer.
pub(crate) const SIGN_IN_WITHIN: Duration = Duration::from_secs(600);
/// People who are about to sign in; the oldest is forgotten for one more.
pub(crate) const SIGN_INS_MAX: usize = 1_000;
