//! Which credential holds a secret already: an in-memory map of keyed fingerprints, filled from sealed rows at opening.
//!
//! Values that could be guessed (under 64 bits of estimated entropy) have none: two clients may well share `admin`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use strongroom_domain::event::FieldFact;
use strongroom_domain::ids::{CredentialId, CredentialVersion};
use strongroom_domain::secret::SecretFields;
use strongroom_domain::words::FieldClass;
use strongroom_seal::FingerprintKey;

/// Bits of estimated entropy from which a value has a fingerprint.
const ENTROPY_BITS_MIN: f64 = 64.0;

/// A keyed fingerprint of one value.
pub(crate) type Fingerprint = [u8; 32];

/// Where a value was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) credential: CredentialId,
    pub(crate) version: CredentialVersion,
}

/// Fingerprints of every secret value of every version.
#[derive(Debug, Default)]
pub(crate) struct Fingerprints {
    holders: HashMap<Fingerprint, Holders>,
}

/// Who holds one value: mostly one, and there are as many values as versions.
#[derive(Debug)]
enum Holders {
    One(Holder),
    Several(Vec<Holder>),
}

impl Holders {
    fn as_slice(&self) -> &[Holder] {
        match self {
            Self::One(holder) => std::slice::from_ref(holder),
            Self::Several(holders) => holders,
        }
    }

    fn add(&mut self, holder: Holder) {
        if self.as_slice().contains(&holder) {
            return;
        }
        match self {
            Self::One(first) => *self = Self::Several(vec![first.clone(), holder]),
            Self::Several(holders) => holders.push(holder),
        }
    }
}

impl Fingerprints {
    /// Notes that a version of a credential holds a value.
    pub(crate) fn add(&mut self, fingerprint: Fingerprint, holder: Holder) {
        match self.holders.entry(fingerprint) {
            Entry::Vacant(place) => drop(place.insert(Holders::One(holder))),
            Entry::Occupied(mut held) => held.get_mut().add(holder),
        }
    }

    /// The credentials whose current values another one has, too, of those that have a current version. Costs a look at every
    /// fingerprint: it is for people's questions.
    pub(crate) fn duplicates(
        &self,
        current: &dyn Fn(CredentialId) -> Option<CredentialVersion>,
    ) -> BTreeSet<CredentialId> {
        let counts = |holder: &&Holder| current(holder.credential) == Some(holder.version);
        let several = self.holders.values().map(Holders::as_slice);
        let several = several.filter(|holders| holders.len() > 1);
        let held = several.map(|holders| holders.iter().filter(counts).map(|it| it.credential).collect());
        held.filter(|held: &BTreeSet<CredentialId>| held.len() > 1)
            .flatten()
            .collect()
    }

    /// Who holds a value, in the order it was entered.
    pub(crate) fn holders(&self, fingerprint: &Fingerprint) -> &[Holder] {
        self.holders.get(fingerprint).map_or(&[], Holders::as_slice)
    }
}

/// Whether a value has enough entropy for a fingerprint: characters × bits of the character classes that occur,
/// and no more than Shannon's measure of the very text allows.
pub(crate) fn is_fingerprintable(value: &str) -> bool {
    estimated_bits(value) >= ENTROPY_BITS_MIN
}

/// The fingerprints of one version's secret values.
pub(crate) fn fingerprints_of(key: &FingerprintKey, values: &SecretFields, facts: &[FieldFact]) -> Vec<Fingerprint> {
    let is_secret = |name: &str| {
        let mut facts = facts.iter();
        facts.any(|fact| fact.name == name && fact.class == FieldClass::Secret)
    };
    values
        .0
        .iter()
        .filter(|(name, value)| is_secret(name) && is_fingerprintable(value.expose()))
        .map(|(_, value)| key.fingerprint(value.expose().as_bytes()))
        .collect()
}

/// Characters that are looked at: more add nothing to the estimate.
const ESTIMATED_CHARS_MAX: usize = 4_096;

fn estimated_bits(value: &str) -> f64 {
    // Nearly all secrets are ASCII, and this is asked for each value that is written: no map for them.
    if value.is_ascii() {
        let mut counts = [0_u32; 128];
        for byte in value.bytes().take(ESTIMATED_CHARS_MAX) {
            counts[usize::from(byte)] += 1;
        }
        let present = (0_u8..128).zip(counts).filter(|(_, count)| *count > 0);
        return bits_of(present.map(|(byte, count)| (char::from(byte), count)));
    }
    let mut counts: HashMap<char, u32> = HashMap::new();
    for character in value.chars().take(ESTIMATED_CHARS_MAX) {
        *counts.entry(character).or_default() += 1;
    }
    bits_of(counts.into_iter())
}

/// From each character that occurs, and how often. Shannon's sum over n characters of counts c, times n, is
/// n log n − Σ c log c.
fn bits_of(counts: impl Iterator<Item = (char, u32)>) -> f64 {
    let (mut length, mut weighted) = (0.0, 0.0);
    let (mut digit, mut lower, mut upper, mut other) = (0.0, 0.0, 0.0, 0.0);
    for (character, count) in counts {
        let count = f64::from(count);
        length += count;
        weighted += if count > 1.0 { count * count.log2() } else { 0.0 };
        match character {
            '0'..='9' => digit = 10.0,
            'a'..='z' => lower = 26.0,
            'A'..='Z' => upper = 26.0,
            _ => other = 32.0,
        }
    }
    if length == 0.0 {
        return 0.0;
    }
    let alphabet: f64 = digit + lower + upper + other;
    (length * f64::log2(length) - weighted).min(length * alphabet.log2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: bool) {
        assert_eq!(
            is_fingerprintable(value),
            expected,
            "{value}: {} bits",
            estimated_bits(value)
        );
    }

    #[test]
    fn only_values_that_cannot_be_guessed_have_fingerprints() {
        check("", false);
        check("admin", false);
        check("hunter2hunter2", false);
        check("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
        check("correct horse battery staple", true);
        check("3f9a0c71d2e84b56a1c0ffee12345678", true);
        check(&["demo", "-A7f9Qz0LmX2c", "Vb8Nw5Rt3Yk"].concat(), true);
    }
}
