//! The rules of the ledger as plain functions over plain values.
//!
//! In: state, commands, the context of a request. Out: events, rejections, state.
//! Not here: clocks, randomness, files, networks, keys, ciphers. Time, ids and whatever needs a key come in [`Context`].
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail loudly"))]

pub mod ids; // what names things: 16-byte ids, positions, versions
pub mod words; // the closed vocabularies: kinds, roles, rights, statuses
pub mod text; // names, handles, tags: parsed once at the edge, kept by type
pub mod secret; // values that must not be printed, compared or stored by accident
pub mod event; // one fact each, past tense, with its frozen stored shape
pub mod stored; // events <-> MessagePack; upcasters
pub mod state; // what the fold of all events is
pub mod concerns; // what an event is about, for the index of the audit
pub mod evolve; // state, event -> state
pub mod rows; // state <-> rows of the state keyspace
pub mod rights; // may this principal do that, and by which grant
pub mod freeze; // what is stopped, and for what
pub mod incident; // what belongs to an incident, and what is to be done about it
pub mod resolve; // which credential stands behind a variable, and why
pub mod kinds; // which fields a kind has
pub mod find; // handle or id -> thing, of what the caller may see
pub mod command; // what a caller asks for
pub mod context; // what decide is told: time, ids, who, what was held
pub mod decide; // state, command, context -> events or a rejection
pub mod affected; // which workspaces lack something for a revision
pub mod due; // what is to be rotated, and when
pub mod access; // who could come by a credential
pub mod hygiene; // what is untidy
pub mod what_if; // what would break if a credential were withdrawn
pub mod plan; // work on many places at once -> commands, all or none
pub mod rejection; // why not
pub mod limits; // every bound, with its unit and its reason

pub use context::Context;
pub use event::Event;
pub use rejection::Rejection;
pub use state::State;
