//! The filter language for people: `type:credential.rotated actor:maria since:2026-11-01 -workspace:sandbox "lost laptop"`.
//!
//! ```text
//! filter = { clause }                    all must hold
//! clause = [ "-" ] ( key ":" word { "," word } | word )
//! word   = quoted | one or more characters but white space, comma and quote
//! quoted = '"' { character | '\"' | '\\' } '"'
//! ```
//!
//! A word without key is looked for in reasons. A key may stand several times: each clause narrows.

use super::filter::{Clause, FilterFault, FilterKey, Place, Word};
use std::ops::Range;
use winnow::Parser as _;
use winnow::Result as Parsed;
use winnow::ascii::multispace0;
use winnow::combinator::{alt, delimited, opt, preceded, repeat, separated};
use winnow::error::ParserError;
use winnow::stream::LocatingSlice;
use winnow::token::{none_of, one_of, take_while};

/// Longest filter, in characters.
const FILTER_CHARS_MAX: usize = 4_000;
/// Most words of a filter.
const WORDS_MAX: usize = 200;

type Input<'a> = LocatingSlice<&'a str>;

/// A clause as it is written: where its key stands, if it has one, and its words.
struct Written {
    negated: bool,
    key: Option<(String, Range<usize>)>,
    words: Vec<(String, Range<usize>)>,
}

/// Reads a filter.
///
/// # Errors
/// The first fault, with its place in characters.
pub(super) fn parse(text: &str) -> Result<Vec<Clause>, FilterFault> {
    if text.chars().nth(FILTER_CHARS_MAX).is_some() {
        let what = format!("a filter has at most {FILTER_CHARS_MAX} characters");
        return Err(fault(text, FILTER_CHARS_MAX..FILTER_CHARS_MAX + 1, &what, None));
    }
    let mut clauses = Vec::new();
    let mut words = 0;
    let mut rest = LocatingSlice::new(text);
    loop {
        let _: Parsed<_> = multispace0::<_, winnow::error::ContextError>.parse_next(&mut rest);
        if rest.is_empty() {
            return Ok(clauses);
        }
        let begin = text.len() - rest.len();
        let Ok(written) = clause(&mut rest) else {
            return Err(unreadable(text, begin));
        };
        let end = text.len() - rest.len();
        if rest.starts_with(|next: char| !next.is_whitespace()) {
            return Err(unreadable(text, end));
        }
        words += written.words.len();
        if words > WORDS_MAX {
            let what = format!("a filter has at most {WORDS_MAX} words");
            return Err(fault(text, begin..end, &what, None));
        }
        clauses.push(known(text, written)?);
    }
}

/// A clause with a key that there is.
fn known(text: &str, written: Written) -> Result<Clause, FilterFault> {
    let key = match &written.key {
        None => FilterKey::Reason,
        Some((name, place)) => match FilterKey::parse(name) {
            Some(key) => key,
            None => {
                let hint = match near(name) {
                    Some(key) => format!("did you mean `{}:`? A text with a colon goes into quotes", key.name()),
                    None => format!("one of {}; a text with a colon goes into quotes", names()),
                };
                return Err(fault(text, place.clone(), "there is no such filter", Some(&hint)));
            }
        },
    };
    let words = written.words.into_iter().map(|(word, place)| Word {
        text: word,
        place: Place::Text(chars(text, place)),
    });
    Ok(Clause {
        negated: written.negated,
        key,
        words: words.collect(),
    })
}

fn names() -> String {
    let all: Vec<&str> = FilterKey::ALL.iter().map(|key| key.name()).collect();
    all.join(", ")
}

/// The key that is spelt most alike, if one is.
fn near(name: &str) -> Option<FilterKey> {
    let close = FilterKey::ALL
        .iter()
        .map(|key| (strsim::osa_distance(key.name(), &name.to_lowercase()), *key))
        .filter(|(distance, key)| *distance <= 2 && *distance < key.name().len());
    close.min().map(|(_, key)| key)
}

/// What is wrong where no clause could be read.
fn unreadable(text: &str, at: usize) -> FilterFault {
    let rest = &text[at..];
    let first = rest.chars().next().unwrap_or_default();
    // The whole clause, up to its first quote, shows which of the faults it is.
    let key_end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
    let (clause, behind) = rest.split_at(key_end);
    if behind.starts_with('"') && !closes(behind) {
        let quote = at + key_end;
        return fault(
            text,
            quote..text.len(),
            "the quote does not end",
            Some("put a `\"` behind the text"),
        );
    }
    if first == ',' || clause.ends_with(',') && !behind.starts_with('"') {
        let place = if first == ',' { at } else { at + key_end - 1 };
        let hint = "commas separate alternatives: type:credential.rotated,credential.created";
        return fault(text, place..place + 1, "a word is missing beside the comma", Some(hint));
    }
    if clause.ends_with(':') {
        return fault(
            text,
            at..at + key_end,
            "the filter has no word",
            Some("write it behind the colon, without a space"),
        );
    }
    let hint = "put a text with spaces, commas or quotes into quotes: reason:\"lost laptop\"";
    fault(text, at..at + first.len_utf8(), "nothing is expected here", Some(hint))
}

/// Whether a quote that begins a text also ends in it.
fn closes(text: &str) -> bool {
    quoted::<winnow::error::EmptyError>(&mut LocatingSlice::new(text)).is_ok()
}

fn fault(text: &str, place: Range<usize>, what: &str, hint: Option<&str>) -> FilterFault {
    FilterFault {
        place: Place::Text(chars(text, place)),
        what: what.to_owned(),
        hint: hint.map(str::to_owned),
    }
}

/// A place in characters, from one in bytes.
fn chars(text: &str, bytes: Range<usize>) -> Range<usize> {
    let count = |end: usize| text.char_indices().take_while(|(at, _)| *at < end).count();
    count(bytes.start)..count(bytes.end)
}

fn clause(input: &mut Input<'_>) -> Parsed<Written> {
    let negated = opt('-').parse_next(input)?.is_some();
    let key = opt((name.with_span(), ':')).parse_next(input)?;
    let words = match key {
        Some(_) => separated(1.., word.with_span(), ',').parse_next(input)?,
        None => vec![text.with_span().parse_next(input)?],
    };
    Ok(Written {
        negated,
        key: key.map(|(key, _)| key),
        words,
    })
}

fn name(input: &mut Input<'_>) -> Parsed<String> {
    take_while(1.., |c: char| c.is_alphanumeric() || c == '_')
        .map(str::to_owned)
        .parse_next(input)
}

/// An alternative: no comma but in quotes.
fn word(input: &mut Input<'_>) -> Parsed<String> {
    let bare = take_while(1.., |c: char| !c.is_whitespace() && c != ',' && c != '"').map(str::to_owned);
    alt((quoted, bare)).parse_next(input)
}

/// A word without key.
fn text(input: &mut Input<'_>) -> Parsed<String> {
    let bare = take_while(1.., |c: char| !c.is_whitespace() && c != ',' && c != '"').map(str::to_owned);
    alt((quoted, bare)).parse_next(input)
}

fn quoted<'a, E: ParserError<Input<'a>>>(input: &mut Input<'a>) -> Result<String, E> {
    let escaped = preceded('\\', one_of(['"', '\\']));
    let characters = repeat(1.., alt((escaped, none_of(['"', '\\']))));
    delimited('"', characters, '"').parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<String> {
        let clauses = parse(text).unwrap();
        let one = |clause: &Clause| {
            let words: Vec<&str> = clause.words.iter().map(|word| word.text.as_str()).collect();
            format!(
                "{}{}={}",
                if clause.negated { "not " } else { "" },
                clause.key.name(),
                words.join("|")
            )
        };
        clauses.iter().map(one).collect()
    }

    #[test]
    fn clauses_are_read_as_people_write_them() {
        for (text, clauses) in [
            ("", vec![]),
            ("   ", vec![]),
            (
                "type:credential.rotated actor:maria",
                vec!["type=credential.rotated", "actor=maria"],
            ),
            ("since:2026-11-20T14:05:00Z", vec!["since=2026-11-20T14:05:00Z"]),
            ("-workspace:sandbox,scratch", vec!["not workspace=sandbox|scratch"]),
            ("source:2001:db8::/32", vec!["source=2001:db8::/32"]),
            (
                r#"reason:"lost \"old\" laptop, again""#,
                vec![r#"reason=lost "old" laptop, again"#],
            ),
            (
                r#"credential:a,"b c",d  leak"#,
                vec!["credential=a|b c|d", "reason=leak"],
            ),
            (r#"-"quarterly rotation""#, vec!["not reason=quarterly rotation"]),
            ("acme-prod", vec!["reason=acme-prod"]),
            (
                "type:credential type:credential.created",
                vec!["type=credential", "type=credential.created"],
            ),
        ] {
            assert_eq!(shown(text), clauses, "{text}");
        }
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        for (text, place, what) in [
            ("actr:maria", 0..4, "there is no such filter"),
            ("type:a wörkspace:b", 7..16, "there is no such filter"),
            ("type:", 0..5, "the filter has no word"),
            ("type: created", 0..5, "the filter has no word"),
            ("é type:a,", 8..9, "a word is missing beside the comma"),
            (", type:a", 0..1, "a word is missing beside the comma"),
            ("type:a,,b", 6..7, "a word is missing beside the comma"),
            ("actor:a reason:\"lost", 15..20, "the quote does not end"),
            ("\"lost", 0..5, "the quote does not end"),
            ("actor:a\"b\"", 7..8, "nothing is expected here"),
            ("type:a,b\"", 8..9, "the quote does not end"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!((fault.place, fault.what.as_str()), (Place::Text(place), what), "{text}");
        }
        assert!(parse("actr:maria").unwrap_err().hint.unwrap().contains("`actor:`"));
        assert!(parse(&"a ".repeat(WORDS_MAX + 1)).unwrap_err().what.contains("words"));
        assert!(
            parse(&"a".repeat(FILTER_CHARS_MAX + 1))
                .unwrap_err()
                .what
                .contains("characters")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_place_in_it(text in "[-:,\"\\\\a-c é]{0,40}") {
            if let Err(fault) = parse(&text) {
                let Place::Text(place) = fault.place else { panic!("no place") };
                prop_assert!(place.start < place.end && place.end <= text.chars().count(), "{place:?} of {text:?}");
            }
        }
    }
}
