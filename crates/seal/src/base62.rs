//! A number of fixed size as text that is typed and pasted: digits of base 62, then a checksum.
//!
//! The number is big-endian, written in as many digits `0-9A-Za-z` as its greatest value needs;
//! CRC-32/ISO-HDLC of those digits follows in 6 digits. One value has one text.

use zeroize::Zeroizing;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM_DIGITS: usize = 6;

/// A text that is no token or key. Says nothing of what was in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TextError {
    /// Another prefix, a wrong length or a character that is no digit.
    #[error("it does not have the form of a {what}")]
    Form {
        /// What it should be.
        what: &'static str,
    },
    /// The checksum does not match: mistyped, or cut and filled.
    #[error("the checksum of the {what} does not match: it was mistyped or damaged")]
    Checksum {
        /// What it should be.
        what: &'static str,
    },
    /// The digits are a number that is too great.
    #[error("the digits of the {what} are out of range")]
    Range {
        /// What it should be.
        what: &'static str,
    },
}

/// Writes prefix, `digits` digits of the number, and the checksum. The text is as secret as the number.
pub(crate) fn encode(prefix: &str, number: &[u8], digits: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + digits + CHECKSUM_DIGITS));
    text.push_str(prefix);
    push_digits(&mut text, number, digits);
    let checksum = crc32fast::hash(&text.as_bytes()[prefix.len()..]);
    push_digits(&mut text, &checksum.to_be_bytes(), CHECKSUM_DIGITS);
    text
}

/// Reads what [`encode`] writes, and nothing else.
pub(crate) fn decode<const N: usize>(
    what: &'static str,
    prefix: &str,
    digits: usize,
    text: &str,
) -> Result<Zeroizing<[u8; N]>, TextError> {
    let form = TextError::Form { what };
    let rest = text.as_bytes().strip_prefix(prefix.as_bytes()).ok_or(form)?;
    if rest.len() != digits + CHECKSUM_DIGITS {
        return Err(form);
    }
    let (number, checksum) = rest.split_at(digits);
    if !rest.iter().all(u8::is_ascii_alphanumeric) {
        return Err(form);
    }
    let range = TextError::Range { what };
    let announced = read_digits::<4>(checksum).ok_or(range)?;
    if u32::from_be_bytes(*announced) != crc32fast::hash(number) {
        return Err(TextError::Checksum { what });
    }
    read_digits(number).ok_or(range)
}

/// Writes a big-endian number with leading zeros, by repeated division.
fn push_digits(text: &mut String, number: &[u8], digits: usize) {
    let mut rest = Zeroizing::new(number.to_vec());
    let mut reversed = Zeroizing::new(Vec::with_capacity(digits));
    for _ in 0..digits {
        let mut remainder = 0u16;
        for byte in rest.iter_mut() {
            let part = remainder << 8 | u16::from(*byte);
            *byte = (part / 62).to_le_bytes()[0];
            remainder = part % 62;
        }
        reversed.push(DIGITS[usize::from(remainder)]);
    }
    assert!(rest.iter().all(|byte| *byte == 0), "the number fits its digits");
    text.extend(reversed.iter().rev().map(|digit| char::from(*digit)));
}

/// Reads digits into a big-endian number of `N` bytes; `None` when it does not fit.
fn read_digits<const N: usize>(digits: &[u8]) -> Option<Zeroizing<[u8; N]>> {
    let mut number = Zeroizing::new([0; N]);
    for digit in digits {
        let mut carry = u16::from(digit_value(*digit)?);
        for byte in number.iter_mut().rev() {
            let part = u16::from(*byte) * 62 + carry;
            *byte = part.to_le_bytes()[0];
            carry = part >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

fn digit_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'Z' => Some(digit - b'A' + 10),
        b'a'..=b'z' => Some(digit - b'a' + 36),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number: [u8; 20]) {
            let text = encode("srt_", &number, 27);
            prop_assert_eq!(text.len(), 37);
            prop_assert_eq!(*decode::<20>("token", "srt_", 27, &text).unwrap(), number);
        }

        #[test]
        fn any_other_text_is_refused_or_is_the_only_one_of_its_number(text in "srt_[0-9A-Za-z]{33}") {
            if let Ok(number) = decode::<20>("token", "srt_", 27, &text) {
                let written = encode("srt_", number.as_slice(), 27);
                prop_assert_eq!(written.as_str(), text.as_str());
            }
        }
    }

    #[test]
    fn numbers_at_the_limit_and_one_past_it() {
        assert_eq!(read_digits::<1>(b"47").as_deref(), Some(&[255]));
        assert_eq!(read_digits::<1>(b"48"), None);
        let greatest = encode("", &[0xff; 20], 27);
        assert_eq!(*read_digits::<20>(&greatest.as_bytes()[..27]).unwrap(), [0xff; 20]);
        assert_eq!(read_digits::<20>(&[b'z'; 27]), None);
    }

    #[test]
    fn digits_are_in_the_order_of_the_format() {
        assert_eq!(encode("", &[61], 2).get(..2), Some("0z"));
        assert_eq!(encode("", &[10], 2).get(..2), Some("0A"));
        assert_eq!(encode("", &[62], 2).get(..2), Some("10"));
    }
}
