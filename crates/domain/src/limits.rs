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
/// Characters of a handle.
pub const HANDLE_CHARS_MAX: usize = 63;
/// Characters of an environment.
pub const ENVIRONMENT_CHARS_MAX: usize = 63;
/// Characters of one scope.
pub const SCOPE_CHARS_MAX: usize = 200;
/// Bytes of all plain values of a credential together: they stand in the history part, twice when they change,
/// and that holds 64 KiB.
pub const PLAIN_BYTES_MAX: usize = 16 * 1024;
/// Days of a rotation policy and of a grace period: a hundred years, so that no sum of times overflows.
pub const DAYS_MAX: u32 = 36_500;
/// Microseconds since 1970 that a date may name: the end of the year 9999, the last that RFC 3339 can write.
pub const TIME_US_MAX: u64 = 253_402_300_799_999_999;
/// Claims that an identity is recognised by.
pub const CLAIMS_MAX: usize = 20;
/// Values of which a claim must have one.
pub const CLAIM_VALUES_MAX: usize = 50;
/// Characters of an issuer, an audience, a claim's name or value.
pub const CLAIM_CHARS_MAX: usize = 500;
/// How long the token of somebody who signed in may live: a working day. Taking the identity back ends it sooner.
pub const SIGN_IN_US_MAX: u64 = 12 * 3_600 * 1_000_000;
/// How long an approval can be given and used: an hour.
pub const APPROVAL_US: u64 = 3_600 * 1_000_000;
/// Freezes that hold at a time: each serving and each change is held against all of them.
pub const FREEZES_MAX: usize = 64;
/// Incidents that are open at a time.
pub const INCIDENTS_OPEN_MAX: usize = 64;
/// Suspects of one sort that an incident names.
pub const SUSPECTS_MAX: usize = 256;
/// How long one record covers repeated servings at most: a day.
pub const ACCESS_WINDOW_US_MAX: u64 = 24 * 3_600 * 1_000_000;
/// How long a run's token lives at most: a day.
pub const RUN_TOKEN_US_MAX: u64 = 24 * 3_600 * 1_000_000;
/// Tokens of runs that a principal has at a time: each stands in its row until it ends.
pub const RUN_TOKENS_MAX: usize = 1_000;
/// What clocks of two machines may be apart: an assertion counts so much before it begins and after it ends.
pub const CLOCKS_APART_US: u64 = 60 * 1_000_000;
/// Webhooks that there are at a time: each is a task of its own.
pub const WEBHOOKS_MAX: usize = 100;
/// Types of events that one webhook names.
pub const WEBHOOK_TYPES_MAX: usize = 50;
/// Characters of a URL.
pub const URL_CHARS_MAX: usize = 2_000;
/// Workspaces that one grant names.
pub const SCOPE_ITEMS_MAX: usize = 500;
/// Fitting credentials that an error lists for one variable.
pub const FITTING_MAX: usize = 20;
/// Handles that an error suggests for a misspelt one.
pub const SUGGESTIONS_MAX: usize = 3;
/// Handles that are looked at for those suggestions: a misspelt handle must not hold up the writers.
pub const SUGGESTIONS_LOOKED_AT_MAX: usize = 1_000;

/// Lines of one plan: its events are one commit, and are all in memory while it is decided.
pub const PLAN_LINES_MAX: usize = 5_000;
