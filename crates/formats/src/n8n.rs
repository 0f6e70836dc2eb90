//! n8n's two exports: workflows, whose credential references become variables, and credentials.
//!
//! A workflow goes `Workflow::parse` → `references` → [`assign::assign`] → `document` and `variables`. What n8n calls a
//! credential type is looked up in the catalogue.

mod references; // where a workflow asks for credentials
pub mod assign; // references → variables, also from one revision to the next
mod strip; // what of a workflow belongs to its author's instance
mod rewrite; // references → variables' names
pub mod workflow; // all of it: read, find, write the document that is stored

mod encryption; // opens the encrypted form of the next one
pub mod credentials; // the credential export
