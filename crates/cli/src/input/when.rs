//! Times: RFC 3339, dates, relative ones; positions; durations in days.

use crate::failure::{Failure, Outcome};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Unit, civil::Date};

/// A `--since` or `--until`: a position as it is, or a time made absolute (`-2h` is two hours ago).
pub(crate) fn bound(option: &str, text: &str, now: Timestamp) -> Outcome<String> {
    let text = text.trim();
    if text.parse::<u64>().is_ok() {
        return Ok(text.to_owned());
    }
    absolute(text, now, -1).ok_or_else(|| {
        Failure::local(format!("{option} `{text}` is neither a position nor a time")).hint(
            "a position like 1200, a time like 2026-11-23T14:05:00Z, a date like 2026-11-23, or how long ago: -2h, 7d",
        )
    })
}

/// A time to come, as of `--expires`: RFC 3339, a date, or how long from now (`90d`).
pub(crate) fn future(option: &str, text: &str, now: Timestamp) -> Outcome<String> {
    let text = text.trim();
    absolute(text, now, 1).ok_or_else(|| {
        Failure::local(format!("{option} `{text}` is no time"))
            .hint("a time like 2026-11-23T14:05:00Z, a date like 2026-11-23, or how long from now: 12h, 90d")
    })
}

/// Whole days: `90d`, `2w`, `90`.
pub(crate) fn days(option: &str, text: &str) -> Outcome<u32> {
    let text = text.trim();
    let days = text.parse::<u32>().ok().or_else(|| {
        let span = text.parse::<Span>().ok()?;
        let days = span
            .total((Unit::Day, jiff::SpanRelativeTo::days_are_24_hours()))
            .ok()?;
        // A span of whole days is exact in a float far beyond any policy.
        (days.fract() == 0.0 && (0.0..=36_500.0).contains(&days)).then_some(days as u32)
    });
    days.ok_or_else(|| Failure::local(format!("{option} `{text}` is no number of days")).hint("for example: 90d, 2w"))
}

/// Whole seconds for clap: `90s`, `10m`, `1h`.
pub(crate) fn seconds(text: &str) -> Result<u32, String> {
    let span = text.trim().parse::<Span>().ok();
    let seconds = span.and_then(|span| {
        span.total((Unit::Second, jiff::SpanRelativeTo::days_are_24_hours()))
            .ok()
    });
    match seconds {
        Some(seconds) if seconds.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&seconds) => Ok(seconds as u32),
        _ => Err("a time like 90s, 10m, 1h".to_owned()),
    }
}

fn absolute(text: &str, now: Timestamp, direction: i8) -> Option<String> {
    if text == "now" {
        return Some(now.to_string());
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.to_string());
    }
    if let Ok(date) = text.parse::<Date>() {
        return Some(date.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().to_string());
    }
    // `P…` is what jiff reads too; people write `2h`. The sign is the option's: `--since 2h` and `-2h` are the same.
    let span = text.trim_start_matches(['-', '+']).parse::<Span>().ok()?;
    let span = if direction < 0 {
        0.seconds()
            .checked_sub((span.abs(), &now.to_zoned_datetime(TimeZone::UTC)))
            .ok()?
    } else {
        span.abs()
    };
    Some(
        now.to_zoned_datetime(TimeZone::UTC)
            .checked_add(span)
            .ok()?
            .timestamp()
            .to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn bounds_are_positions_or_times() {
        let cases = [
            ("0", "0"),
            ("1200", "1200"),
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            ("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("-2h", "2026-11-23T10:00:00Z"),
            ("2h", "2026-11-23T10:00:00Z"),
            ("7d", "2026-11-16T12:00:00Z"),
            ("-1w", "2026-11-16T12:00:00Z"),
            ("1mo", "2026-10-23T12:00:00Z"),
            ("now", "2026-11-23T12:00:00Z"),
        ];
        for (text, told) in cases {
            assert_eq!(bound("--since", text, now()).unwrap(), told, "{text}");
        }
        for text in ["", "yesterday", "-5", "12x", "2026-13-01"] {
            assert!(bound("--since", text, now()).is_err(), "{text}");
        }
    }

    #[test]
    fn expiries_lie_ahead() {
        assert_eq!(future("--expires", "90d", now()).unwrap(), "2027-02-21T12:00:00Z");
        assert_eq!(future("--expires", "12h", now()).unwrap(), "2026-11-24T00:00:00Z");
        assert_eq!(
            future("--expires", "2027-01-01", now()).unwrap(),
            "2027-01-01T00:00:00Z"
        );
        assert!(future("--expires", "soon", now()).is_err());
    }

    #[test]
    fn days_are_whole() {
        let cases = [("90d", 90), ("2w", 14), ("7", 7), ("48h", 2), ("0", 0)];
        for (text, told) in cases {
            assert_eq!(days("--grace", text).unwrap(), told, "{text}");
        }
        for text in ["12h", "-1d", "a while", "200000d"] {
            assert!(days("--grace", text).is_err(), "{text}");
        }
    }
}
