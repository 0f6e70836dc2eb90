//! Times: µs since 1970 inside, RFC 3339 outside.

use jiff::Timestamp;
use strongroom_domain::ids::TimeUs;

/// A time as it is shown: UTC, always six digits of a second, so that texts sort as times.
pub(crate) fn rfc3339(us: TimeUs) -> String {
    let time = i64::try_from(us)
        .ok()
        .and_then(|us| Timestamp::from_microsecond(us).ok())
        .unwrap_or(Timestamp::MAX);
    format!("{time:.6}")
}

pub(crate) use strongroom_ledger::instant::parse_time as parse;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_six_digits_and_read_back() {
        for (us, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_700_000_000_123_400, "2023-11-14T22:13:20.123400Z"),
        ] {
            assert_eq!(rfc3339(us), text);
            assert_eq!(parse(text), Some(us));
        }
        assert_eq!(parse("2023-11-14T23:13:20+01:00"), Some(1_700_000_000_000_000));
        assert_eq!(parse("1970-01-02"), Some(86_400_000_000));
        for bad in ["", "yesterday", "1969-12-31T23:59:59Z", "12", "2023-11-14T22:13:20"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
