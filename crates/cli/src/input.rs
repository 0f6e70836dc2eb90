//! What people type, read: fields and secrets, pairs, times, durations.
//!
//! Secret values come from a prompt, a file or stdin, never from an argument; no message repeats a value.

mod field;
mod pair;
mod passphrase;
mod secret;
mod when;

pub(crate) use field::{FieldArgs, Fields};
pub(crate) use pair::pairs;
pub(crate) use passphrase::judged;
pub(crate) use secret::{Stdin, read_file, secret_from};
pub(crate) use when::{bound, days, future, seconds};
