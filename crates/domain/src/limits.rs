//! Every bound of the rules, with its unit and its reason.

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Bytes of all values of a credential together: a version must fit one secret part.
pub const VALUES_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a template's document.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Characters of a description or a reason.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Fields of a credential.
pub const FIELDS_MAX: usize = 100;
/// Tags, settings, scopes of a credential.
pub const TAGS_MAX: usize = 50;
/// Characters of a tag's name or value.
pub const TAG_CHARS_MAX: usize = 200;
/// Variables of a template.
pub const VARIABLES_MAX: usize = 500;
/// Characters of a workflow instance's id.
pub const INSTANCE_CHARS_MAX: usize = 200;
