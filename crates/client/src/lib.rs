//! Async client of the HTTP API: one method for each route, problem documents as errors, repeats that are safe.
//!
//! In: the shapes of `strongroom-api`. Out: the same. Not here: terminals, files, configuration.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

mod error; // what can go wrong, as types
mod path; // segments that stay segments
mod http;
mod incidents; // one request: headers, retries, reading the answer
mod credentials; // the routes, one file for each part of the API
mod places;
mod principals;
mod plans;
mod approvals;
mod audit;
mod sse; // server-sent events as they come
mod watch; // typed events, taken up again
mod webhooks;
mod tail; // the log as it grows
mod cache; // secrets kept for a bounded time

pub use cache::{CacheOptions, SecretsCache};
pub use error::Error;
pub use http::{Client, Options};
pub use strongroom_api as api;
pub use strongroom_api::Problem;
pub use tail::Tail;
pub use watch::{Watch, WatchEvent};
