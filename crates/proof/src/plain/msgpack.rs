//! As much of MessagePack as a plain part needs. Writes the shortest forms; reads others too, since
//! the caller writes again what it read and compares.

/// Writes values one behind the other.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The head of a map of at most 15 keys.
    pub(super) fn map(&mut self, len: usize) -> &mut Self {
        assert!(len < 16, "a plain part has at most 9 keys");
        self.0.push(0x80 | len as u8);
        self
    }

    pub(super) fn array(&mut self, len: usize) -> &mut Self {
        match len {
            0..16 => self.0.push(0x90 | len as u8),
            _ => self.head16(0xdc, len),
        }
        self
    }

    pub(super) fn str(&mut self, value: &str) -> &mut Self {
        match value.len() {
            len @ 0..32 => self.0.push(0xa0 | len as u8),
            len @ 32..256 => self.0.extend([0xd9, len as u8]),
            len => self.head16(0xda, len),
        }
        self.0.extend(value.as_bytes());
        self
    }

    pub(super) fn bin<const N: usize>(&mut self, value: &[u8; N]) -> &mut Self {
        const { assert!(N < 256, "ids, keys and signatures are short") };
        self.0.extend([0xc4, N as u8]);
        self.0.extend(value);
        self
    }

    pub(super) fn uint(&mut self, value: u64) -> &mut Self {
        let bytes = value.to_be_bytes();
        match value {
            0..0x80 => self.0.push(value as u8),
            0x80..0x100 => self.0.extend([0xcc, value as u8]),
            0x100..0x1_0000 => self.tail(0xcd, &bytes[6..]),
            0x1_0000..0x1_0000_0000 => self.tail(0xce, &bytes[4..]),
            _ => self.tail(0xcf, &bytes),
        }
        self
    }

    pub(super) fn bool(&mut self, value: bool) -> &mut Self {
        self.0.push(if value { 0xc3 } else { 0xc2 });
        self
    }

    fn head16(&mut self, marker: u8, len: usize) {
        let len = u16::try_from(len).expect("a plain part has at most 4 KiB");
        self.tail(marker, &len.to_be_bytes());
    }

    fn tail(&mut self, marker: u8, bytes: &[u8]) {
        self.0.push(marker);
        self.0.extend(bytes);
    }
}

/// Reads values one behind the other; `None` where another value stands.
#[derive(Clone)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Steps over a key, if it is the next.
    pub(super) fn key(&mut self, key: &str) -> Option<&mut Self> {
        let mut ahead = self.clone();
        if ahead.str()? != key {
            return None;
        }
        *self = ahead;
        Some(self)
    }

    pub(super) fn map(&mut self) -> Option<usize> {
        let head = self.byte()?;
        (head & 0xf0 == 0x80).then_some(usize::from(head & 0x0f))
    }

    pub(super) fn array(&mut self) -> Option<usize> {
        match self.byte()? {
            head @ 0x90..=0x9f => Some(usize::from(head & 0x0f)),
            0xdc => self.number(2),
            _ => None,
        }
    }

    pub(super) fn str(&mut self) -> Option<&'a str> {
        let len = match self.byte()? {
            head @ 0xa0..=0xbf => usize::from(head & 0x1f),
            0xd9 => self.number(1)?,
            0xda => self.number(2)?,
            _ => return None,
        };
        std::str::from_utf8(self.take(len)?).ok()
    }

    pub(super) fn bin<const N: usize>(&mut self) -> Option<[u8; N]> {
        if self.byte()? != 0xc4 {
            return None;
        }
        let len = self.number(1)?;
        self.take(len)?.try_into().ok()
    }

    pub(super) fn uint(&mut self) -> Option<u64> {
        let len = match self.byte()? {
            head @ 0..0x80 => return Some(u64::from(head)),
            0xcc => 1,
            0xcd => 2,
            0xce => 4,
            0xcf => 8,
            _ => return None,
        };
        self.number(len)
    }

    pub(super) fn bool(&mut self) -> Option<bool> {
        match self.byte()? {
            0xc2 => Some(false),
            0xc3 => Some(true),
            _ => None,
        }
    }

    fn number<T: TryFrom<u64>>(&mut self, len: usize) -> Option<T> {
        let value = self
            .take(len)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        value.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}
