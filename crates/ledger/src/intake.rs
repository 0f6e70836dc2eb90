//! Drafts to commands: fields classified by the service catalogue, every text scanned for secrets. Pure but for the
//! retries; runs on the caller's thread, so that the writer only decides.

mod credential; // create, rotate, update
mod import; // a foreign export, one atomic step
mod rehearse; // what would be refused, and where
mod scan; // every text of every command
mod share; // templates for another ledger
mod template; // workflows and template documents

pub use credential::{Alphabet, CredentialDraft, FieldText, Generate, RotateDraft};
pub use import::{ImportAction, ImportDraft, ImportItem, ImportReport};
pub(crate) use rehearse::{Counted, rehearse_one};
pub(crate) use scan::{recordable, scan};
pub use template::{RehearsedTemplate, TemplateDraft};

use crate::request::Failure;
use strongroom_domain::Rejection;
use strongroom_formats::FormatError;

/// Times a draft is prepared anew when the state moved on in between.
const STALE_RETRIES: usize = 8;

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        Self::Format {
            pointer: (!error.pointer.is_empty()).then_some(error.pointer),
            line: error.line.and_then(|line| u32::try_from(line).ok()),
            what: error.what,
            hint: (!error.hint.is_empty()).then_some(error.hint),
        }
    }
}

/// Whether a failure only says that the state moved on.
fn is_stale(failure: &Failure) -> bool {
    matches!(failure, Failure::Rejected(rejection) if matches!(**rejection, Rejection::Stale | Rejection::AlreadyImported { .. }))
}
