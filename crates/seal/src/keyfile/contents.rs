//! What the compartments hold, and its bytes (in the module docs of `keyfile`).

use zeroize::Zeroizing;

use crate::{random::RandomError, secret::Key32};

/// All keys of a ledger but the root key.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The *history* compartment.
    pub history: HistoryKeys,
    /// The *signing* compartment.
    pub signing: SigningKeys,
    /// The *secrets* compartment.
    pub secrets: SecretsKeys,
}

/// The keys of the *history* compartment.
#[derive(Clone, Debug)]
pub struct HistoryKeys {
    /// The history epochs, rising.
    pub epochs: Vec<EpochKey>,
    /// Seals the rows of `state` and `meta`.
    pub projection: Key32,
    /// Makes the terms of the index.
    pub index: Key32,
    /// MACs the anchor.
    pub anchor: Key32,
    /// Makes the terms of the set hash.
    pub set_hash: Key32,
}

/// The key of one history epoch.
#[derive(Clone, Debug)]
pub struct EpochKey {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    /// Its key.
    pub key: Key32,
}

/// The keys of the *signing* compartment: seeds of Ed25519 keys, oldest first, at least one.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    /// The seeds. The key last announced in the log counts; one behind it is about to be.
    pub seeds: Vec<Key32>,
}

/// The keys of the *secrets* compartment.
#[derive(Clone, Debug)]
pub struct SecretsKeys {
    /// The generations, rising: one, or two while a shred is under way.
    pub generations: Vec<Generation>,
}

/// A generation key: wraps data keys.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Its number, from 1.
    pub number: u32,
    /// Size of the log when it was made: a shred covers the requests at positions below.
    pub made_at: u64,
    /// Its key.
    pub key: Key32,
}

impl Keys {
    /// Makes the keys of a new ledger: one epoch, one signing key, one generation.
    ///
    /// # Errors
    /// [`RandomError`] when the system gives no random bytes.
    pub fn make() -> Result<Self, RandomError> {
        Ok(Self {
            history: HistoryKeys {
                epochs: vec![EpochKey {
                    epoch: 1,
                    key: Key32::make_locked()?,
                }],
                projection: Key32::make_locked()?,
                index: Key32::make_locked()?,
                anchor: Key32::make_locked()?,
                set_hash: Key32::make_locked()?,
            },
            signing: SigningKeys {
                seeds: vec![Key32::make_locked()?],
            },
            secrets: SecretsKeys {
                generations: vec![Generation {
                    number: 1,
                    made_at: 0,
                    key: Key32::make_locked()?,
                }],
            },
        })
    }
}

impl HistoryKeys {
    /// The key of an epoch, if it is here.
    #[must_use]
    pub fn epoch(&self, epoch: u32) -> Option<&Key32> {
        self.epochs
            .iter()
            .find(|entry| entry.epoch == epoch)
            .map(|entry| &entry.key)
    }

    /// The newest epoch: new records are sealed with it.
    ///
    /// # Panics
    /// Without epochs, which no key file has.
    #[must_use]
    pub fn newest(&self) -> &EpochKey {
        self.epochs.last().expect("a key file has an epoch")
    }

    pub(crate) fn to_bytes(&self, incarnation: &[u8; 8]) -> Zeroizing<Vec<u8>> {
        assert!(
            rising(self.epochs.iter().map(|entry| entry.epoch)),
            "epochs begin at 1 and rise"
        );
        let mut bytes = start(incarnation, 4 * 32 + 4 + self.epochs.len() * 36);
        for key in [&self.projection, &self.index, &self.anchor, &self.set_hash] {
            bytes.extend_from_slice(key.expose());
        }
        push_count(&mut bytes, self.epochs.len());
        for entry in &self.epochs {
            bytes.extend_from_slice(&entry.epoch.to_be_bytes());
            bytes.extend_from_slice(entry.key.expose());
        }
        bytes
    }

    pub(super) fn parse(bytes: &[u8], incarnation: &[u8; 8]) -> Option<Self> {
        let mut reader = Reader::start(bytes, incarnation)?;
        let [projection, index, anchor, set_hash] = [reader.key()?, reader.key()?, reader.key()?, reader.key()?];
        let count = reader.count()?;
        let epochs = reader.list(count, |reader| {
            Some(EpochKey {
                epoch: reader.u32()?,
                key: reader.key()?,
            })
        })?;
        rising(epochs.iter().map(|entry| entry.epoch)).then_some(Self {
            epochs,
            projection,
            index,
            anchor,
            set_hash,
        })
    }
}

impl SigningKeys {
    pub(crate) fn to_bytes(&self, incarnation: &[u8; 8]) -> Zeroizing<Vec<u8>> {
        assert!(!self.seeds.is_empty(), "a key file has a signing key");
        let mut bytes = start(incarnation, 4 + self.seeds.len() * 32);
        push_count(&mut bytes, self.seeds.len());
        for seed in &self.seeds {
            bytes.extend_from_slice(seed.expose());
        }
        bytes
    }

    pub(super) fn parse(bytes: &[u8], incarnation: &[u8; 8]) -> Option<Self> {
        let mut reader = Reader::start(bytes, incarnation)?;
        let count = reader.count()?;
        let seeds = reader.list(count, Reader::key)?;
        (!seeds.is_empty()).then_some(Self { seeds })
    }
}

impl SecretsKeys {
    /// The newest generation: new data keys are wrapped under it.
    ///
    /// # Panics
    /// Without generations, which no key file has.
    #[must_use]
    pub fn newest(&self) -> &Generation {
        self.generations.last().expect("a key file has a generation")
    }

    pub(crate) fn to_bytes(&self, incarnation: &[u8; 8]) -> Zeroizing<Vec<u8>> {
        assert!(
            rising(self.generations.iter().map(|entry| entry.number)),
            "generations begin at 1 and rise"
        );
        let mut bytes = start(incarnation, 4 + self.generations.len() * 44);
        push_count(&mut bytes, self.generations.len());
        for entry in &self.generations {
            bytes.extend_from_slice(&entry.number.to_be_bytes());
            bytes.extend_from_slice(&entry.made_at.to_be_bytes());
            bytes.extend_from_slice(entry.key.expose());
        }
        bytes
    }

    pub(super) fn parse(bytes: &[u8], incarnation: &[u8; 8]) -> Option<Self> {
        let mut reader = Reader::start(bytes, incarnation)?;
        let count = reader.count()?;
        let generations = reader.list(count, |reader| {
            Some(Generation {
                number: reader.u32()?,
                made_at: reader.u64()?,
                key: reader.key()?,
            })
        })?;
        rising(generations.iter().map(|entry| entry.number)).then_some(Self { generations })
    }
}

/// Whether there is at least one number, the first is not 0, and each is above the one before.
fn rising(numbers: impl Iterator<Item = u32>) -> bool {
    let mut last = 0;
    for number in numbers {
        if number <= last {
            return false;
        }
        last = number;
    }
    last != 0
}

/// A buffer of the final size, so that growing leaves no copy of a key behind.
fn start(incarnation: &[u8; 8], len: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(8 + len));
    bytes.extend_from_slice(incarnation);
    bytes
}

fn push_count(bytes: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).expect("a key file holds a few keys");
    bytes.extend_from_slice(&count.to_be_bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn start(bytes: &'a [u8], incarnation: &[u8; 8]) -> Option<Self> {
        let mut reader = Self(bytes);
        (reader.take::<8>()? == incarnation).then_some(reader)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(|bytes| u32::from_be_bytes(*bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(|bytes| u64::from_be_bytes(*bytes))
    }

    fn key(&mut self) -> Option<Key32> {
        self.take().map(Key32::locked)
    }

    /// How many items follow; never more than the bytes could hold.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.u32()?).ok()?;
        (count <= self.0.len() / 32).then_some(count)
    }

    /// Reads `count` items, behind which there is nothing.
    fn list<T>(&mut self, count: usize, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let items = (0..count).map(|_| item(self)).collect::<Option<Vec<_>>>()?;
        self.0.is_empty().then_some(items)
    }
}
