//! Places in the log as people name them: a position, a time, a date, or how long ago.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp, Unit};
use strongroom_domain::ids::{Position, TimeUs};

/// What may be written.
pub const HINT: &str =
    "a position like 1200, a time like 2026-11-23T14:05:00Z, a date like 2026-11-23, or how long ago: 2h, 7d";

/// Characters of a date.
const DATE_LEN: usize = "1970-01-01".len();

/// A place in the log or in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instant {
    /// A position.
    Position(Position),
    /// µs since 1970.
    Time(TimeUs),
}

/// Reads a position, a time, a date or how long before `now`; none for anything else.
#[must_use]
pub fn parse(text: &str, now: TimeUs) -> Option<Instant> {
    if let Ok(position) = text.parse() {
        return Some(Instant::Position(position));
    }
    if let Some(time) = parse_time(text) {
        return Some(Instant::Time(time));
    }
    if text == "now" {
        return Some(Instant::Time(now));
    }
    let span: Span = text.strip_prefix('-').unwrap_or(text).parse().ok()?;
    let ago = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).ok()?;
    // A float of seconds is exact to the microsecond for a hundred years.
    (0.0..3.2e9)
        .contains(&ago)
        .then(|| Instant::Time(now.saturating_sub((ago * 1e6) as TimeUs)))
}

/// Reads RFC 3339, or a date as its first moment in UTC; none for anything else and before 1970.
#[must_use]
pub fn parse_time(text: &str) -> Option<TimeUs> {
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time,
        // A date alone; jiff would take one with a time of no known zone as well.
        Err(_) if text.len() != DATE_LEN => return None,
        Err(_) => TimeZone::UTC
            .to_timestamp(text.parse::<Date>().ok()?.at(0, 0, 0, 0))
            .ok()?,
    };
    u64::try_from(time.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        let now = 1_700_000_000_000_000;
        for (text, place) in [
            ("0", Instant::Position(0)),
            ("1200", Instant::Position(1_200)),
            ("1970-01-02", Instant::Time(86_400_000_000)),
            ("1970-01-01T00:00:01.5Z", Instant::Time(1_500_000)),
            ("2h", Instant::Time(now - 7_200_000_000)),
            ("-7d", Instant::Time(now - 7 * 86_400_000_000)),
            ("2w", Instant::Time(now - 14 * 86_400_000_000)),
            ("now", Instant::Time(now)),
        ] {
            assert_eq!(parse(text, now), Some(place), "{text}");
        }
        for bad in [
            "",
            "yesterday",
            "-5",
            "12x",
            "2026-13-01",
            "1969-12-31T23:59:59Z",
            "--2h",
            "1h -",
        ] {
            assert_eq!(parse(bad, now), None, "{bad}");
        }
    }
}
