//! Whether a new passphrase can stand up to guessing: whoever has the key file guesses at his own pace.

use crate::failure::{Failure, Outcome};

/// Characters below which a passphrase is guessed in days, whatever Argon2id costs.
const CHARS_MIN: usize = 8;
/// Characters from which a passphrase of random letters is out of reach.
const CHARS_GOOD: usize = 15;
/// Different characters, and characters that don't follow from the one before, below which length is an illusion.
const DIFFERENT_GOOD: usize = 8;

/// Refuses a new passphrase that is no protection, and gives what to warn of for one that is little.
pub(crate) fn judged(passphrase: &str) -> Outcome<Option<String>> {
    let chars: Vec<char> = passphrase.trim().chars().collect();
    if chars.len() < CHARS_MIN {
        return Err(
            Failure::local(format!("the passphrase is shorter than {CHARS_MIN} characters")).hint(
                "it is all that stands between a copy of the ledger and its secrets: five or six random words are good",
            ),
        );
    }
    let why = if chars.len() < CHARS_GOOD {
        Some(format!("is shorter than {CHARS_GOOD} characters"))
    } else if different(&chars) < DIFFERENT_GOOD {
        Some(format!("has fewer than {DIFFERENT_GOOD} different characters"))
    } else if leaps(&chars) < DIFFERENT_GOOD {
        Some("is a run of characters that follow each other".to_owned())
    } else {
        None
    };
    Ok(why.map(|why| {
        format!(
            "the passphrase {why}: whoever has a copy of the key file may guess it. Five or six random words are good; \
             --root-key-file needs no guessing to be feared"
        )
    }))
}

fn different(chars: &[char]) -> usize {
    let mut sorted = chars.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

/// Characters that are neither the one before them nor its neighbour: `aaaa`, `abcd` and `4321` have one.
fn leaps(chars: &[char]) -> usize {
    let follows = |pair: &[char]| match pair {
        [one, next] => u32::from(*one).abs_diff(u32::from(*next)) <= 1,
        _ => false,
    };
    chars.windows(2).filter(|pair| !follows(pair)).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn warned(passphrase: &str) -> bool {
        judged(passphrase).unwrap().is_some()
    }

    #[test]
    fn seven_characters_are_refused_and_eight_warned_of() {
        for short in ["x", "seven c", "1234567", "       x       ", "äöüßéèà"] {
            let failure = judged(short).unwrap_err();
            assert!(!failure.to_string().contains(short), "it is not repeated");
        }
        assert!(warned("kW83hqL9") && warned("fourteen chars"));
        assert!(!warned("fifteen, chars."));
    }

    #[test]
    fn length_alone_is_not_enough() {
        for weak in [
            "aaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "abcdefghijklmnopqrstuvwxyz",
            "98765432109876543210",
        ] {
            assert!(warned(weak), "{weak}");
        }
        for good in ["correct horse battery staple", "vX72-kQw9-mTb4-zR61"] {
            assert!(!warned(good), "{good}");
        }
    }
}
