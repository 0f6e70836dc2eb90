//! Times: µs since 1970 inside, RFC 3339 outside.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use strongroom_domain::ids::TimeUs;

/// A time as it is shown: UTC, always six digits of a second, so that texts sort as times.
pub(crate) fn rfc3339(us: TimeUs) -> String {
    let time = i64::try_from(us)
        .ok()
        .and_then(|us| Timestamp::from_microsecond(us).ok())
        .unwrap_or(Timestamp::MAX);
    format!("{time:.6}")
}

/// Characters of a date.
const DATE_LEN: usize = "1970-01-01".len();

/// Reads RFC 3339, or a date as its first moment in UTC; none for anything else and before 1970.
pub(crate) fn parse(text: &str) -> Option<TimeUs> {
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
