//! Does a value look like a secret, or like the name of one, a placeholder, an expression?

use std::collections::BTreeMap;

/// How much the place of a value says that it is a secret: the less, the more random it has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Could be: `token`, `auth`.
    Weak,
    /// Calls for a key: `apiKey`, `Authorization`.
    Strong,
    /// Calls for a password: people choose those, so they may be short.
    Password,
}

/// Longest part of a value that is looked at, in bytes; a secret shows well before.
const LOOK_BYTES_MAX: usize = 4096;

/// Whether `value`, standing at such a place, looks like a secret.
pub(super) fn is_secret(value: &str, place: Place) -> bool {
    let literal = without_expressions(head(value));
    let literal = without_scheme(literal.trim());
    // The cheap looks first: hostile texts have a million places like this.
    let (length_min, bits_min) = match place {
        Place::Password => (6, 14.0),
        Place::Strong => (8, 24.0),
        Place::Weak => (16, 48.0),
    };
    let mixed = literal.chars().any(|c| c.is_ascii_digit() || is_symbol(c));
    if literal.len() < length_min || !mixed || literal.contains(char::is_whitespace) {
        return false;
    }
    let shape = Shape::of(literal);
    let weak = place == Place::Weak;
    let random = shape.bits() >= bits_min
        && shape.digits + shape.letters > 0
        && (!weak || (shape.digits > 0 && shape.letters > 0 && shape.entropy >= 3.0));
    random && !is_placeholder(literal) && !is_reference(literal) && !is_name(literal, place)
}

/// Whether a text in the format of a key is a sample of that format: `AKIA…EXAMPLE`, `sk-xxxx`.
pub(super) fn is_placeholder_key(found: &str) -> bool {
    let lower = head(found).to_ascii_lowercase();
    let said = [
        "xxxx",
        "your",
        "example",
        "placeholder",
        "replace",
        "redacted",
        "insert",
        "_here",
        "-here",
        "****",
        "...",
        "0000000000",
        "dummy",
    ];
    said.iter().any(|word| lower.contains(word)) || Shape::of(head(found)).distinct < 6
}

/// Whether a value says by its words that the real one belongs here.
pub(super) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let said = [
        "your",
        "example",
        "placeholder",
        "changeme",
        "change_me",
        "change-me",
        "replace",
        "insert",
        "redacted",
        "xxx",
        "***",
        "•••",
        "${",
        "$(",
        "{{",
        "}}",
        "%s",
        "[[",
        "todo",
        "dummy",
        "...",
        "…",
        "hidden",
        "process.env",
        "_here",
        "-here",
        "n8n_blank_value",
        "enter_",
        "enter-",
        "add_your",
        "paste",
        "fake",
        "sample",
    ];
    if said.iter().any(|word| lower.contains(word)) {
        return true;
    }
    let bracketed = |open: char, close: char| value.starts_with(open) && value.ends_with(close);
    bracketed('<', '>')
        || bracketed('[', ']')
        || bracketed('{', '}')
        || bracketed('%', '%')
        || Shape::of(value).distinct < 4
}

/// Words that stand for a password in examples: `https://user:password@host`.
pub(super) fn is_word_for_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "password"
            | "passwd"
            | "pass"
            | "pwd"
            | "pw"
            | "secret"
            | "token"
            | "user"
            | "username"
            | "key"
            | "apikey"
            | "api_key"
            | "test"
            | "x"
            | "admin"
            | "root"
            | "postgres"
    )
}

/// A path, an address, a variable: what points to a value and isn't one.
fn is_reference(value: &str) -> bool {
    let property = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | '[' | ']');
    let dotted = value.contains('.')
        && value.chars().all(property)
        && value
            .split('.')
            .all(|part| part.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '$') && part.len() < 24);
    dotted
        || value.starts_with('$')
        || value.starts_with("./")
        || value.starts_with("http://")
        || value.starts_with("https://")
        || value.starts_with("@file")
        || (value.starts_with('/') && value.matches('/').count() > 1 && value.len() < 60)
}

/// `accessToken`, `OPENAI_API_KEY_2`, `api-key-v2`: the name of a field or variable.
fn is_name(value: &str, place: Place) -> bool {
    let shape = Shape::of(value);
    let separated = value.contains(['_', '-']);
    let words = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if !words {
        return false;
    }
    let constant = separated
        && shape.lower == 0
        && shape.upper > shape.digits
        && value.starts_with(|c: char| c.is_ascii_uppercase())
        && value
            .split('_')
            .any(|word| word.len() >= 3 && word.chars().all(|c| c.is_ascii_uppercase()));
    let all_words = separated
        && shape.digits <= 2
        && place != Place::Password
        && value
            .split(['_', '-', '.'])
            .all(|word| word.len() <= 14 && (word.chars().all(|c| c.is_ascii_lowercase()) || word.len() <= 3));
    constant || all_words || shape.digits == 0
}

/// The value without n8n's `{{ … }}`; what is left is literal text.
fn without_expressions(value: &str) -> String {
    let mut rest = value.strip_prefix('=').unwrap_or(value);
    let mut out = String::new();
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        match after.split_once("}}") {
            Some((_, tail)) => rest = tail,
            None => return out,
        }
    }
    out.push_str(rest);
    out
}

/// The value without `Bearer` and the like.
fn without_scheme(value: &str) -> &str {
    for scheme in ["bearer", "basic", "token", "apikey", "api-key", "key", "bot"] {
        let Some((head, tail)) = value.split_at_checked(scheme.len()) else {
            continue;
        };
        if head.eq_ignore_ascii_case(scheme) && tail.starts_with([' ', '\t', ':']) {
            return tail.trim_start_matches([' ', '\t', ':']);
        }
    }
    value
}

fn head(value: &str) -> &str {
    value.get(..value.floor_char_boundary(LOOK_BYTES_MAX)).unwrap_or(value)
}

/// What people put into passwords, and not between the words of a name.
fn is_symbol(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | ':' | '/' | ' ')
}

/// What a value is made of.
struct Shape {
    chars: usize,
    letters: usize,
    lower: usize,
    upper: usize,
    digits: usize,
    distinct: usize,
    /// Shannon entropy of its characters, in bits for each.
    entropy: f64,
}

impl Shape {
    fn of(value: &str) -> Self {
        let mut ascii = [0_usize; 128];
        let mut others = BTreeMap::<char, usize>::new();
        let mut shape = Self {
            chars: 0,
            letters: 0,
            lower: 0,
            upper: 0,
            digits: 0,
            distinct: 0,
            entropy: 0.0,
        };
        for c in value.chars() {
            match ascii.get_mut(c as usize) {
                Some(count) => *count += 1,
                None => *others.entry(c).or_default() += 1,
            }
            shape.chars += 1;
            shape.letters += usize::from(c.is_alphabetic());
            shape.lower += usize::from(c.is_lowercase());
            shape.upper += usize::from(c.is_uppercase());
            shape.digits += usize::from(c.is_ascii_digit());
        }
        let counts = || ascii.iter().filter(|count| **count > 0).chain(others.values());
        shape.distinct = counts().count();
        let total = to_f64(shape.chars);
        shape.entropy = counts()
            .map(|count| to_f64(*count) / total)
            .map(|share| -share * share.log2())
            .sum();
        shape
    }

    /// Estimated strength of the whole, in bits.
    fn bits(&self) -> f64 {
        self.entropy * to_f64(self.chars)
    }
}

/// Counts here are at most [`LOOK_BYTES_MAX`].
fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
