//! Values in a stream of output are replaced as it goes by, also where one is split between two reads.

use zeroize::Zeroizing;

/// Shorter values stand in output by chance: masking `1` or `true` would only hide what is printed.
pub(super) const MASKED_BYTES_MIN: usize = 4;

const MASK: &[u8] = b"***";

/// Replaces values in a stream. Keeps back only what may become one.
pub(super) struct Mask<'v> {
    /// Longest first: of two that begin at the same place the longer one is meant.
    values: Vec<&'v [u8]>,
    kept: Zeroizing<Vec<u8>>,
}

impl<'v> Mask<'v> {
    /// For these values, whole; of one with several lines each line too.
    pub(super) fn new(values: impl IntoIterator<Item = &'v str>) -> Self {
        let with_lines = |value: &'v str| std::iter::once(value).chain(value.lines().map(str::trim));
        let mut values: Vec<&[u8]> = values
            .into_iter()
            .flat_map(with_lines)
            .map(str::as_bytes)
            .filter(|value| value.len() >= MASKED_BYTES_MIN)
            .collect();
        values.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        values.dedup();
        Self {
            values,
            kept: Zeroizing::default(),
        }
    }

    /// Takes what was read; gives what can be written.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.kept.extend_from_slice(bytes);
        let held = (0..self.kept.len()).find(|at| self.may_begin(&self.kept[*at..]));
        self.pass(held.unwrap_or(self.kept.len()))
    }

    /// What was kept back, when nothing more comes.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.pass(self.kept.len())
    }

    /// Whether more bytes could make a value of these.
    fn may_begin(&self, rest: &[u8]) -> bool {
        self.values
            .iter()
            .any(|value| value.len() > rest.len() && value.starts_with(rest))
    }

    /// Writes out what begins before `end`.
    fn pass(&mut self, end: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(end);
        let mut at = 0;
        while at < end {
            match self.values.iter().find(|value| self.kept[at..].starts_with(value)) {
                Some(value) => {
                    out.extend_from_slice(MASK);
                    at += value.len();
                }
                None => {
                    out.push(self.kept[at]);
                    at += 1;
                }
            }
        }
        let rest = Zeroizing::new(self.kept[at..].to_vec());
        self.kept = rest;
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(values: &[&str], text: &str, size: usize) -> String {
        let mut mask = Mask::new(values.iter().copied());
        let mut out = Vec::new();
        for part in text.as_bytes().chunks(size) {
            out.extend(mask.push(part));
        }
        out.extend(mask.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_masked_however_the_stream_is_cut() {
        let values = ["hunter22", "hunter22-and-more", "line-one-x\nline-two-y", "no"];
        let text = "a hunter22, hunter22-and-more! hunter2 line-two-y no hunthunter22";
        for size in 1..=text.len() {
            assert_eq!(
                masked(&values, text, size),
                "a ***, ***! hunter2 *** no hunt***",
                "{size}"
            );
        }
    }

    #[test]
    fn only_what_may_become_a_value_waits() {
        let mut mask = Mask::new(["secret-value"]);
        assert_eq!(mask.push(b"Name? "), b"Name? ");
        assert_eq!(mask.push(b"is sec"), b"is ");
        assert_eq!(mask.push(b"ond"), b"second");
        assert_eq!(mask.finish(), b"");
    }
}
