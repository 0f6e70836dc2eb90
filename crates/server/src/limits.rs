//! Bounds of the HTTP side, with unit and reason.

/// Bytes of a request body: the largest template document fits.
pub(crate) const BODY_BYTES_MAX: usize = 4 << 20;
/// Bytes of an import's body: an export of thousands of credentials.
pub(crate) const IMPORT_BYTES_MAX: usize = 16 << 20;
/// Bytes of a body that is too large which are read and thrown away, so that the refusal can be heard.
pub(crate) const DRAIN_BYTES_MAX: usize = 64 << 20;
/// How deep arrays and objects may lie in each other.
pub(crate) const JSON_DEPTH_MAX: usize = 64;
/// Characters of an idempotency key.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;
/// Bytes of a user agent that are kept: it stands in every record.
pub(crate) const USER_AGENT_BYTES_MAX: usize = 200;
/// Bytes of a name that an error repeats.
pub(crate) const NAMED_BYTES_MAX: usize = 100;
/// Bytes of one piece of a streamed answer.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;
/// Pieces of a streamed answer that may wait for a slow reader.
pub(crate) const CHUNKS_WAITING_MAX: usize = 8;
/// Seconds that open requests have to end in when the server stops.
pub(crate) const STOP_WITHIN_S: u64 = 10;
/// Seconds in which the header of a request must have come; also how long an idle HTTP/1 connection is kept.
pub const HEADER_WITHIN_S: u64 = 30;
/// Seconds in which the body of a request must have come: the largest import over half a megabit a second.
pub(crate) const BODY_WITHIN_S: u64 = 300;
/// Seconds that the handshake of TLS may take.
pub(crate) const HANDSHAKE_WITHIN_S: u64 = 10;
/// Watches of one principal at a time.
pub(crate) const WATCHES_MAX: u32 = 256;
/// Seconds between two signs of life where nothing changes.
pub(crate) const WATCH_ALIVE_EVERY_S: u64 = 15;
/// Seconds that a slow reader has for the next event.
pub(crate) const WATCH_SEND_WITHIN_S: u64 = 30;
/// Connections at a time: some hundred runners with some connections each, and room.
pub const CONNECTIONS_MAX: u32 = 4_096;
/// Connections beyond the limit that are being told so.
pub(crate) const REFUSALS_MAX: usize = 64;
/// Seconds that telling them may take.
pub(crate) const REFUSE_WITHIN_S: u64 = 2;
/// Seconds between two questions whether the other end of an HTTP/2 connection lives.
pub(crate) const HTTP2_PING_EVERY_S: u64 = 30;
/// Seconds that it has to answer in.
pub(crate) const HTTP2_PONG_WITHIN_S: u64 = 20;

/// Bytes of the body of somebody who is let in by it: a code and a state.
pub(crate) const STRANGER_BYTES_MAX: usize = 16 << 10;

/// Questions of the log that are looked into at a time.
pub(crate) const LOOKING_MAX: usize = 16;

/// Folds of the past at a time; the engine makes one after the other.
pub(crate) const PASTS_MAX: usize = 2;

/// How long somebody waits for the past, before he is told to come again.
pub(crate) const PAST_WAIT_S: u64 = 30;

/// Events that a webhook reads at a time.
pub(crate) const DELIVERY_PIECE: usize = 50;
/// Deliveries that one record covers at most.
pub(crate) const DELIVERIES_PER_RECORD_MAX: u64 = 100;
/// How often it is recorded at least how far a receiver is, while there is more to send.
pub(crate) const DELIVERY_RECORD_EVERY_S: u64 = 5;
/// How long after a message was not taken it is tried again at first; then twice as long, and so on.
pub(crate) const RETRY_FIRST_MS: u64 = 1_000;
/// The longest time between two tries.
pub(crate) const RETRY_MAX_S: u64 = 3_600;
/// How often a webhook looks without a commit: rights begin and end by time.
pub(crate) const WEBHOOKS_LOOK_EVERY_S: u64 = 30;
/// How long webhooks have to end in when the server stops.
pub(crate) const COURIERS_STOP_WITHIN_S: u64 = 5;

/// Events that a sink is handed at a time.
pub(crate) const SINK_PIECE: usize = 200;
/// How often it is noted at least how far a sink is, while there is more to hand on.
pub(crate) const SINK_NOTE_EVERY_S: u64 = 5;
/// The longest time between two tries of a sink: its other side is a service of the same operator.
pub(crate) const SINK_RETRY_MAX_S: u64 = 60;
