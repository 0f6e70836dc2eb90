//! The words of a filter between the shell and the filter language.

use std::ffi::OsString;

/// Stands for the minus of a word that says no, so that it is not taken for an option.
const NO: char = '\u{1}';

/// Lets words like `-workspace:sandbox` through where a filter may stand: behind `audit`.
pub(crate) fn shielded(words: Vec<OsString>) -> Vec<OsString> {
    let mut audit = false;
    let each = words.into_iter().map(|word| {
        audit |= word == "audit";
        match word.to_str().filter(|_| audit).and_then(no) {
            Some(rest) => OsString::from(format!("{NO}{rest}")),
            None => word,
        }
    });
    each.collect()
}

/// The rest of a word that is a minus, a key of letters and a colon: no option is written so.
fn no(word: &str) -> Option<&str> {
    let rest = word.strip_prefix('-')?;
    let (key, _) = rest.split_once(':')?;
    (!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(rest)
}

/// The words of a filter as one text. What the shell took the quotes from gets them back: `reason:lost laptop` came as one word
/// of several, and is meant as one.
pub(super) fn filter_text(words: &[String]) -> Option<String> {
    let quoted = |word: &String| {
        let (minus, word) = match word.strip_prefix(NO) {
            Some(rest) => ("-", rest),
            None => ("", word.as_str()),
        };
        if words.len() == 1 || word.contains('"') || !word.contains(char::is_whitespace) {
            return format!("{minus}{word}");
        }
        match word.split_once(':') {
            Some((key, text)) if !key.contains(char::is_whitespace) => format!("{minus}{key}:\"{text}\""),
            _ => format!("{minus}\"{word}\""),
        }
    };
    let text: Vec<String> = words.iter().map(quoted).collect();
    (!text.is_empty()).then(|| text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(words: &[&str]) -> Option<String> {
        let shielded = shielded(words.iter().map(OsString::from).collect());
        let words: Vec<String> = shielded.into_iter().map(|word| word.into_string().unwrap()).collect();
        filter_text(&words[1..])
    }

    #[test]
    fn a_filter_comes_through_the_shell() {
        assert_eq!(through(&["audit"]), None);
        assert_eq!(
            through(&[
                "audit",
                "type:a",
                "-workspace:sandbox",
                "reason:lost laptop",
                "lost key"
            ])
            .unwrap(),
            "type:a -workspace:sandbox reason:\"lost laptop\" \"lost key\""
        );
        assert_eq!(
            through(&["audit", "type:a -workspace:sandbox"]).unwrap(),
            "type:a -workspace:sandbox"
        );
        let options = ["audit", "--since", "-2h", "-o", "-h", "--limit", "3"]
            .map(OsString::from)
            .to_vec();
        assert_eq!(shielded(options.clone()), options);
        let elsewhere = ["run", "--", "-key:x"].map(OsString::from).to_vec();
        assert_eq!(shielded(elsewhere.clone()), elsewhere);
    }
}
