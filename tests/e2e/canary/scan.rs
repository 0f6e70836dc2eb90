//! Looks for many texts in many bytes at once, in every spelling in which they may have leaked.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::HashMap;

/// All spellings of all secrets, found by their first three bytes.
pub(super) struct Needles {
    /// One bit for each possible beginning.
    begins: Vec<u64>,
    by_begin: HashMap<[u8; 3], Vec<Vec<u8>>>,
}

impl Needles {
    /// Prepares the search.
    pub(super) fn of(secrets: &[String]) -> Self {
        let mut needles = Self {
            begins: vec![0; 1 << 18],
            by_begin: HashMap::new(),
        };
        for spelling in secrets.iter().flat_map(|secret| spellings(secret)) {
            let begin: [u8; 3] = spelling[..3].try_into().unwrap();
            let number = number(&begin);
            needles.begins[number >> 6] |= 1 << (number & 63);
            needles.by_begin.entry(begin).or_default().push(spelling);
        }
        needles
    }

    /// The first spelling found, with where it stands.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<(usize, String)> {
        for (at, window) in bytes.windows(3).enumerate() {
            let number = number(window);
            if self.begins[number >> 6] >> (number & 63) & 1 == 0 {
                continue;
            }
            let found = self
                .by_begin
                .get(window)
                .into_iter()
                .flatten()
                .find(|spelling| bytes[at..].starts_with(spelling));
            if let Some(spelling) = found {
                return Some((at, String::from_utf8_lossy(spelling).into_owned()));
            }
        }
        None
    }
}

fn number(begin: &[u8]) -> usize {
    usize::from(begin[0]) << 16 | usize::from(begin[1]) << 8 | usize::from(begin[2])
}

/// Raw, as JSON text, base64 at each of the three places that it can have in a stream (both alphabets), hexadecimal (both
/// cases), URL-encoded (both cases, blanks both ways).
pub(super) fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut all = vec![
        bytes.to_vec(),
        serde_json::to_vec(secret).unwrap().split_last().unwrap().1[1..].to_vec(),
    ];
    for skip in 0..3 {
        let whole = &bytes[skip..skip + (bytes.len() - skip) / 3 * 3];
        all.extend([
            STANDARD_NO_PAD.encode(whole).into_bytes(),
            URL_SAFE_NO_PAD.encode(whole).into_bytes(),
        ]);
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    all.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    let encoded = |blank: &str, upper: bool| -> String {
        bytes
            .iter()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(*byte).to_string(),
                b' ' => blank.to_owned(),
                _ if upper => format!("%{byte:02X}"),
                _ => format!("%{byte:02x}"),
            })
            .collect()
    };
    for (blank, upper) in [("%20", true), ("%20", false), ("+", true), ("+", false)] {
        all.push(encoded(blank, upper).into_bytes());
    }
    all.sort();
    all.dedup();
    all
}
