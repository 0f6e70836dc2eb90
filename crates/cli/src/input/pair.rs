//! `name=value`.

use crate::failure::{Failure, Outcome};

/// A name and its value as typed.
pub(crate) type NameValue = (String, String);

/// Splits at the first `=`. A message names the option and never the value.
pub(crate) fn pair(option: &str, text: &str) -> Outcome<NameValue> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => {
            Err(Failure::local(format!("{option} takes NAME=VALUE")).hint(format!("for example: {option} team=europe")))
        }
    }
}

/// Splits all of them; a name may come once.
pub(crate) fn pairs(option: &str, texts: &[String]) -> Outcome<Vec<NameValue>> {
    let mut pairs: Vec<NameValue> = Vec::with_capacity(texts.len());
    for text in texts {
        let (name, value) = pair(option, text)?;
        if pairs.iter().any(|(other, _)| *other == name) {
            return Err(Failure::local(format!("{option} names `{name}` twice")));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn the_first_equals_sign_splits() {
        assert_eq!(pair("--tag", "a=b=c").unwrap(), ("a".into(), "b=c".into()));
        assert_eq!(pair("--tag", "a=").unwrap(), ("a".into(), String::new()));
    }

    #[test]
    fn what_is_no_pair_is_refused_without_repeating_it() {
        for text in ["sk-live-123", "=sk-live-123", ""] {
            let failure = pair("--tag", text).unwrap_err().to_string();
            assert!(!failure.contains("sk-live"), "{failure}");
        }
    }

    #[test]
    fn a_name_comes_once() {
        assert!(pairs("--tag", &texts(&["a=1", "b=2"])).is_ok());
        assert!(pairs("--tag", &texts(&["a=1", "a=2"])).is_err());
    }
}
