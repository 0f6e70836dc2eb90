//! The engine on a real disk: what is acknowledged is there after every kind of end.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod harness;
mod audit; // filters against a plain list
mod restore; // random histories put back to random points
mod questions; // what auditors ask beside lists, against the same
mod idempotency; // repeats of a request
mod life; // write, read, stop, open again
mod rows_put_back; // yesterday's rows are noticed
