//! Bounds of the engine, with unit and reason.

/// How long the keeper proves tiles at a time, of each half second: ten million records take a quarter of a minute.
pub(crate) const PATROL_AT_ONCE: std::time::Duration = std::time::Duration::from_millis(100);
/// Requests that may wait for the writer; one more is told to come back. About a tenth of a second of work.
pub(crate) const QUEUE_WORKS_MAX: usize = 4_096;
/// Requests in one batch: larger ones gain nothing and make the first wait.
pub(crate) const BATCH_WORKS_MAX: usize = 256;
/// Requests in one batch before it is cut to half of those that are unanswered: a sync costs as much as sealing these.
pub(crate) const BATCH_WORKS_HALVED_MIN: usize = 16;
/// Yields of the writer while a batch is smaller than the last.
pub(crate) const LINGER_YIELDS_MAX: u32 = 64;
/// Newest records whose postings are in memory.
pub(crate) const TAIL_RECORDS_MAX: u64 = 8_192;
/// Sealed records with values kept in memory for servings: how many are expected, and their bytes.
pub(crate) const CACHED_RECORDS: usize = 131_072;
/// Bytes of these records.
pub(crate) const CACHED_BYTES: u64 = 96 << 20;
/// Bytes of the requests that may wait for the writer, bodies and documents: one more is told to come back.
pub(crate) const QUEUE_BYTES_MAX: usize = 256 << 20;
/// Bytes of the requests in one batch.
pub(crate) const BATCH_BYTES_MAX: usize = 8 << 20;
/// Seconds between two records of the same principal's refusals.
pub(crate) const DENIED_EVERY_US: u64 = 60_000_000;
/// Microseconds between two records of requests without a valid token.
pub(crate) const REFUSED_EVERY_US: u64 = 60_000_000;
/// Addresses of these that are counted apart.
pub(crate) const REFUSED_SOURCES_MAX: usize = 256;
/// Addresses of these that one record names.
pub(crate) const REFUSED_SOURCES_TOLD_MAX: usize = 10;
/// Windows of serving that a principal may open in a minute, where nothing else is said: a thousand a second.
pub const NEW_WINDOWS_DEFAULT: u32 = 60_000;
/// Microseconds between two looks at the readers of a replaced version.
pub(crate) const GRACE_LOOK_EVERY_US: u64 = 60_000_000;
/// How often all credentials are looked at for what has become due.
pub(crate) const DUE_LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(5);
/// Credentials that are said to be due at a time: a whole ledger that falls due must not fill the queue.
pub(crate) const DUE_PER_LOOK_MAX: usize = 500;
/// Windows counted in one event: it must fit a history part.
pub(crate) const WINDOWS_PER_EVENT_MAX: usize = 1_000;
/// Seconds that a client should wait when the queue is full.
pub const RETRY_AFTER_S: u64 = 1;
/// How often the newest checkpoint is written beside records: a row of each commit would cost a lone client a tenth.
pub(crate) const CHECKPOINT_STORED_EVERY: std::time::Duration = std::time::Duration::from_millis(50);

/// How long the writer looks for the next request behind a commit of one, before it sleeps.
pub(crate) const LONE_LOOK_MAX: std::time::Duration = std::time::Duration::from_micros(150);
