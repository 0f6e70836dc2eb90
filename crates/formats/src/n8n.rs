//! n8n's two exports: workflows, whose credential references become variables, and credentials.
//!
//! A workflow goes `Workflow::parse` → `references` → [`assign::assign`] → `document` and `variables`. What n8n calls a
//! credential type is looked up in the catalogue.

pub mod workflow; // read, find the references, write the document that is stored
pub mod assign; // references → variables, also from one revision to the next
mod strip; // what of a workflow belongs to its author's instance
pub mod credentials; // the credential export
mod encryption; // its encrypted form
