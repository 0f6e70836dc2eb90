//! Small pieces of text for people.

use jiff::{Timestamp, Unit, tz::TimeZone};

/// A text without control and direction characters: what comes from a ledger must not steer the terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An RFC 3339 time to the second, `2026-11-23 14:05:09Z`; anything else as it is.
pub(crate) fn time(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(at) => at
            .to_zoned_datetime(TimeZone::UTC)
            .strftime("%Y-%m-%d %H:%M:%SZ")
            .to_string(),
        Err(_) => clean(text),
    }
}

/// How far a time is from now, in its largest unit: `3 days ago`, `in 2 hours`.
pub(crate) fn age(text: &str, now: Timestamp) -> String {
    let Ok(at) = text.parse::<Timestamp>() else {
        return clean(text);
    };
    let seconds = at.duration_since(now).as_secs();
    let (count, unit) = largest_unit(seconds.unsigned_abs());
    let unit = match unit {
        Unit::Day => "day",
        Unit::Hour => "hour",
        Unit::Minute => "minute",
        _ => return "now".to_owned(),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds < 0 {
        format!("{count} {unit}{plural} ago")
    } else {
        format!("in {count} {unit}{plural}")
    }
}

fn largest_unit(seconds: u64) -> (u64, Unit) {
    match seconds {
        0..60 => (seconds, Unit::Second),
        60..3_600 => (seconds / 60, Unit::Minute),
        3_600..86_400 => (seconds / 3_600, Unit::Hour),
        _ => (seconds / 86_400, Unit::Day),
    }
}

/// Things in a row: `a, b, c`; a dash when there are none.
pub(crate) fn joined<T: AsRef<str>>(things: impl IntoIterator<Item = T>) -> String {
    let joined = things
        .into_iter()
        .map(|thing| clean(thing.as_ref()))
        .collect::<Vec<_>>()
        .join(", ");
    if joined.is_empty() { "–".to_owned() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_the_terminal_is_replaced() {
        assert_eq!(clean("a\u{1b}[31mb\u{202e}c\n"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}");
        assert_eq!(clean("Shopify – Client Ä"), "Shopify – Client Ä");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(time("2026-11-23T14:05:09.123456Z"), "2026-11-23 14:05:09Z");
        assert_eq!(time("2026-11-23T14:05:09+01:00"), "2026-11-23 13:05:09Z");
        assert_eq!(time("never"), "never");
    }

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let cases = [
            ("2026-11-23T12:00:30Z", "now"),
            ("2026-11-23T11:59:00Z", "1 minute ago"),
            ("2026-11-23T09:00:00Z", "3 hours ago"),
            ("2026-11-21T09:00:00Z", "2 days ago"),
            ("2026-12-23T12:00:00Z", "in 30 days"),
        ];
        for (at, told) in cases {
            assert_eq!(age(at, now), told);
        }
    }
}
