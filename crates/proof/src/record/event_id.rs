//! Event ids: `UUIDv7` (RFC 9562 §5.7) made with the event's time.

/// The latest time that an event id can hold, µs since 1970: its milliseconds have 48 bits.
pub const EVENT_TIME_US_MAX: u64 = (1 << 48) * 1000 - 1;

/// Makes the event id of a time from 80 random bits, of which 74 are used.
///
/// Unix milliseconds (48 bits) ‖ version 7 (4) ‖ random (12) ‖ variant 0b10 (2) ‖ random (62).
///
/// # Panics
/// When `recorded_at_us` is above [`EVENT_TIME_US_MAX`], in the year 10,889.
#[must_use]
pub fn event_id(recorded_at_us: u64, random: [u8; 10]) -> [u8; 16] {
    assert!(
        recorded_at_us <= EVENT_TIME_US_MAX,
        "the time fits 48 bits of milliseconds"
    );
    let millis = (recorded_at_us / 1000).to_be_bytes();
    let mut id = [0; 16];
    id[..6].copy_from_slice(&millis[2..]);
    id[6..].copy_from_slice(&random);
    id[6] = 0x70 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    id
}

/// Whether `id` is a `UUIDv7` of this time: version, variant and milliseconds are as they must be.
#[must_use]
pub fn check_event_id(id: &[u8; 16], recorded_at_us: u64) -> bool {
    let [a, b, c, d, e, f, version, _, variant, ..] = *id;
    let millis = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    millis == recorded_at_us / 1000 && version >> 4 == 7 && variant >> 6 == 0b10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_its_millisecond_only() {
        let id = event_id(1_700_000_000_123_456, [0xff; 10]);
        assert!(check_event_id(&id, 1_700_000_000_123_000));
        assert!(check_event_id(&id, 1_700_000_000_123_999));
        assert!(!check_event_id(&id, 1_700_000_000_124_000));
        assert!(!check_event_id(&id, 1_700_000_000_122_999));
    }

    #[test]
    fn the_example_of_the_standard_is_made() {
        // RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z
        let random = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = event_id(0x017F_22E2_79B0 * 1000, random);
        assert_eq!(u128::from_be_bytes(id), 0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F);
    }

    #[test]
    fn version_and_variant_are_checked() {
        let id = event_id(5_000, [0; 10]);
        for bit in [0x10, 0x20, 0x40, 0x80] {
            let mut other = id;
            other[6] ^= bit;
            assert!(!check_event_id(&other, 5_000));
        }
        for bit in [0x40, 0x80] {
            let mut other = id;
            other[8] ^= bit;
            assert!(!check_event_id(&other, 5_000));
        }
    }

    #[test]
    fn a_time_past_48_bits_has_no_id() {
        let id = event_id(EVENT_TIME_US_MAX, [7; 10]);
        assert!(check_event_id(&id, EVENT_TIME_US_MAX));
        assert!(!check_event_id(&event_id(0, [7; 10]), EVENT_TIME_US_MAX + 1));
    }
}
