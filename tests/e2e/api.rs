//! Every route: what it does, and what it refuses.

mod approvals; // four eyes
mod audit; // the log over HTTP, and what proves it
mod bodies; // what a request may be at all
mod credential; // a credential's life
mod defaults; // mappings and defaults at all four levels
mod freeze;
mod incident;
mod idempotency; // repeats, and changes behind someone's back
mod names; // names, handles, texts
mod people; // principals, grants, tokens
mod restore; // back to what it was
mod resolve; // secrets for a run, and their records
mod runs; // tokens for one run, last use, strangers, quotas
mod rotation; // what is due, grace, values made up
mod revocation; // while many are served, something is taken back
mod routes; // all of them, in OpenAPI and in truth
mod template; // templates, admission
mod usage; // where it stands, who used it, what would break
mod tail; // followed, and exported
mod wait; // answers that wait for a change
mod plans; // many places at once
mod inquiry; // questions of auditors
mod past; // state as it was
mod reports; // what auditors ask each quarter
mod webhooks; // who is told of what
