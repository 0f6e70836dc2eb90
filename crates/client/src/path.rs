//! Paths made of segments, so that no reference becomes another route.

use crate::error::Error;
use std::fmt::Write;

/// Joins segments below `/api/v1`, each percent-encoded.
///
/// # Errors
/// [`Error::Reference`] for what a URL parser would take away: nothing, `.` and `..`.
pub(crate) fn path(segments: &[&str]) -> Result<String, Error> {
    let mut path = String::from("/api/v1");
    for segment in segments {
        if matches!(*segment, "" | "." | "..") {
            return Err(Error::Reference);
        }
        path.push('/');
        for byte in segment.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                path.push(char::from(byte));
            } else {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_stays_one_segment() {
        assert_eq!(
            path(&["credentials", "a/../b"]).unwrap(),
            "/api/v1/credentials/a%2F..%2Fb"
        );
        assert_eq!(
            path(&["credentials", "ü?#%"]).unwrap(),
            "/api/v1/credentials/%C3%BC%3F%23%25"
        );
        for dots in ["", ".", ".."] {
            assert!(matches!(path(&["credentials", dots]), Err(Error::Reference)));
        }
    }
}
