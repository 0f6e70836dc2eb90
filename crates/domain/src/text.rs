//! Names, handles, tags and the other texts that people send: read once at the edge, kept by type.
//!
//! Standards: NFC (UAX 15), skeletons of confusables (UTS 39). An error says which rule was broken, never what was sent.

use crate::limits::{
    ENVIRONMENT_CHARS_MAX, HANDLE_CHARS_MAX, INSTANCE_CHARS_MAX, NAME_CHARS_MAX, SCOPE_CHARS_MAX, TAG_CHARS_MAX,
    TEXT_CHARS_MAX,
};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

#[cfg(test)]
mod tests;

/// The rule that a text breaks, as a sentence without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TextError(pub &'static str);

/// A display name: trimmed, NFC, 1 to 200 characters, nothing invisible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    text: String,
    skeleton: String,
}

impl Name {
    /// Reads a name and computes its skeleton, by which it is unique.
    ///
    /// # Errors
    /// [`TextError`] when it is empty, too long or holds characters that nobody sees.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text: String = nfc(text.trim());
        if text.is_empty() {
            return Err(TextError("a name is at least one character long"));
        }
        if text.chars().count() > NAME_CHARS_MAX {
            return Err(TextError("a name is at most 200 characters long"));
        }
        if text.chars().any(invisible) {
            return Err(TextError("a name holds no control, direction or zero-width characters"));
        }
        let skeleton = skeleton_of(&text);
        Ok(Self { text, skeleton })
    }

    /// The name as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it looks like: two names of the same look cannot both exist.
    #[must_use]
    pub fn skeleton(&self) -> &str {
        &self.skeleton
    }

    /// The handle that it suggests; none when nothing of the name can be spelt in a handle.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        let slug = slug::slugify(&self.text);
        let cut: String = slug.chars().take(HANDLE_CHARS_MAX).collect();
        Handle::parse(cut.trim_end_matches('-')).ok()
    }
}

/// A stable slug, `[a-z0-9][a-z0-9-]{0,62}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle(String);

impl Handle {
    /// Reads a handle.
    ///
    /// # Errors
    /// [`TextError`] when it is anything else.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let first = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        matches_pattern(text, HANDLE_CHARS_MAX, first, |c| first(c) || c == b'-')
            .then(|| Self(text.to_owned()))
            .ok_or(TextError(
                "a handle is 1 to 63 characters of a-z, 0-9 and -, and does not begin with -",
            ))
    }

    /// The handle as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first of this handle, then with `-2`, `-3` … that is not taken.
    #[must_use]
    pub fn free(&self, taken: impl Fn(&str) -> bool) -> Self {
        if !taken(&self.0) {
            return self.clone();
        }
        let free = (2_u64..).map(|number| {
            let suffix = format!("-{number}");
            let room = HANDLE_CHARS_MAX - suffix.len();
            let stem = self.0.get(..room).unwrap_or(&self.0).trim_end_matches('-');
            format!("{stem}{suffix}")
        });
        Self(
            free.into_iter()
                .find(|handle| !taken(handle))
                .unwrap_or_else(|| self.0.clone()),
        )
    }
}

/// What a text looks like: the UTS 39 skeleton of its case-folded NFC form.
///
/// Up and down again, letter by letter, is the folding: it joins `ß` with `ss` and both small sigmas.
#[must_use]
pub fn skeleton_of(text: &str) -> String {
    if text.is_ascii() {
        let of_byte = |byte: u8| SKELETONS_OF_ASCII[usize::from(byte)].as_str();
        return text.bytes().map(of_byte).collect();
    }
    skeleton_of_any(text)
}

fn skeleton_of_any(text: &str) -> String {
    let folded: String = text
        .nfc()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfc()
        .collect();
    skeleton(&folded).collect()
}

/// The skeleton of each ASCII character: most names hold nothing else, and none of these composes with its neighbours.
static SKELETONS_OF_ASCII: LazyLock<Vec<String>> = LazyLock::new(|| {
    (0_u8..128)
        .map(|byte| skeleton_of_any(&char::from(byte).to_string()))
        .collect()
});

/// The NFC form.
fn nfc(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfc().collect()
}

/// Reads a description: NFC, trimmed, at most 2,000 characters, lines allowed.
///
/// # Errors
/// [`TextError`].
pub fn description(text: &str) -> Result<String, TextError> {
    let text: String = nfc(text.trim());
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(TextError("a text is at most 2,000 characters long"));
    }
    if text.chars().any(|c| invisible(c) && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(TextError("a text holds no control, direction or zero-width characters"));
    }
    Ok(text)
}

/// Reads an environment, as a handle or empty.
///
/// # Errors
/// [`TextError`].
pub fn environment(text: &str) -> Result<String, TextError> {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    if text.is_empty() || matches_pattern(text, ENVIRONMENT_CHARS_MAX, inner, |c| inner(c) || c == b'-') {
        return Ok(text.to_owned());
    }
    Err(TextError(
        "an environment is at most 63 characters of a-z, 0-9 and -, as in `prod`",
    ))
}

/// Checks the name of a template's variable, `[A-Z][A-Z0-9_]{0,62}`.
///
/// # Errors
/// [`TextError`].
pub fn variable_name(text: &str) -> Result<(), TextError> {
    let rest = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
    matches_pattern(text, 63, |c| c.is_ascii_uppercase(), rest)
        .then_some(())
        .ok_or(TextError(
            "a variable's name is 1 to 63 characters of A-Z, 0-9 and _, and begins with a letter",
        ))
}

/// Checks the name of a credential's field, `[A-Za-z_][A-Za-z0-9_.-]{0,63}`.
///
/// # Errors
/// [`TextError`].
pub fn field_name(text: &str) -> Result<(), TextError> {
    let first = |c: u8| c.is_ascii_alphabetic() || c == b'_';
    matches_pattern(text, 64, first, |c| {
        first(c) || c.is_ascii_digit() || c == b'.' || c == b'-'
    })
    .then_some(())
    .ok_or(TextError(
        "a field's name is 1 to 64 letters, digits, _ . and -, and begins with a letter or _",
    ))
}

/// Checks a service's id, `[a-z0-9][a-z0-9-_.]{0,62}`.
///
/// # Errors
/// [`TextError`].
pub fn service_id(text: &str) -> Result<(), TextError> {
    let first = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    matches_pattern(text, 63, first, |c| first(c) || matches!(c, b'-' | b'_' | b'.'))
        .then_some(())
        .ok_or(TextError(
            "a service's id is 1 to 63 characters of a-z, 0-9 and - _ ., as in `shopify`",
        ))
}

/// Checks the ledger's name, which stands in its origin: `[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?`.
///
/// # Errors
/// [`TextError`].
pub fn ledger_name(text: &str) -> Result<(), TextError> {
    let end = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = matches_pattern(text, 63, end, |c| end(c) || matches!(c, b'.' | b'-'));
    (good && text.bytes().last().is_some_and(end))
        .then_some(())
        .ok_or(TextError(
            "a ledger's name is 1 to 63 characters of a-z, 0-9, . and -, as in `vault.example.com`",
        ))
}

/// Reads a tag's or setting's name: 1 to 200 visible characters without `=`.
///
/// # Errors
/// [`TextError`].
pub fn tag_name(text: &str) -> Result<String, TextError> {
    let name = tag_value(text)?;
    if name.is_empty() || name.contains('=') {
        return Err(TextError(
            "the name of a tag is at least one character long and holds no =",
        ));
    }
    Ok(name)
}

/// Reads a tag's or setting's value: at most 200 visible characters.
///
/// # Errors
/// [`TextError`].
pub fn tag_value(text: &str) -> Result<String, TextError> {
    let value: String = nfc(text.trim());
    if value.chars().count() > TAG_CHARS_MAX {
        return Err(TextError("names and values of tags are at most 200 characters long"));
    }
    if value.chars().any(invisible) {
        return Err(TextError("tags hold no control, direction or zero-width characters"));
    }
    Ok(value)
}

/// Checks the id of a workflow's instance: 1 to 200 visible ASCII characters.
///
/// # Errors
/// [`TextError`].
pub fn instance_id(text: &str) -> Result<(), TextError> {
    matches_pattern(
        text,
        INSTANCE_CHARS_MAX,
        |c| c.is_ascii_graphic(),
        |c| c.is_ascii_graphic(),
    )
    .then_some(())
    .ok_or(TextError("an instance's id is 1 to 200 visible ASCII characters"))
}

/// Checks a scope: 1 to 200 visible ASCII characters (RFC 6749, section 3.3, but for the two that it leaves out).
///
/// # Errors
/// [`TextError`].
pub fn scope(text: &str) -> Result<(), TextError> {
    let good = |c: u8| c.is_ascii_graphic() && c != b'"' && c != b'\\';
    matches_pattern(text, SCOPE_CHARS_MAX, good, good)
        .then_some(())
        .ok_or(TextError(
            "a scope is 1 to 200 visible ASCII characters without quotes and backslashes",
        ))
}

fn matches_pattern(text: &str, chars_max: usize, first: impl Fn(u8) -> bool, rest: impl Fn(u8) -> bool) -> bool {
    match text.as_bytes() {
        [head, tail @ ..] => text.len() <= chars_max && first(*head) && tail.iter().all(|c| rest(*c)),
        [] => false,
    }
}

/// Characters that show nothing, or that change how others show: a name with one is not what it looks like.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}
