//! Derived look-ups: handle to id, skeleton to id, one map for each category.
//!
//! A change copies the nodes on its way, and with them dozens of keys. So keys are plain bytes without a count to
//! raise: a handle lies in the node itself, of a skeleton a hash does.

use crate::ids::{ClientId, CredentialId, PrincipalId, TemplateId, WorkspaceId};
use imbl::OrdMap;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use xxhash_rust::xxh3::xxh3_128;

/// Derived look-ups of all categories.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Credential handles, sorted: the order of lists.
    pub credential_handles: OrdMap<HandleKey, CredentialId>,
    /// Credential skeletons.
    pub credential_skeletons: Skeletons<CredentialId>,
    /// Client handles.
    pub client_handles: OrdMap<HandleKey, ClientId>,
    /// Client skeletons.
    pub client_skeletons: Skeletons<ClientId>,
    /// Workspace handles.
    pub workspace_handles: OrdMap<HandleKey, WorkspaceId>,
    /// Workspace skeletons.
    pub workspace_skeletons: Skeletons<WorkspaceId>,
    /// Template handles.
    pub template_handles: OrdMap<HandleKey, TemplateId>,
    /// Template skeletons.
    pub template_skeletons: Skeletons<TemplateId>,
    /// Principal handles.
    pub principal_handles: OrdMap<HandleKey, PrincipalId>,
    /// Principal skeletons.
    pub principal_skeletons: Skeletons<PrincipalId>,
}

/// Bytes of a handle at most, as `Handle::parse` has it.
const HANDLE_BYTES_MAX: usize = 63;

/// A handle as a key of 64 bytes. Compares as its text does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HandleKey {
    len: u8,
    /// Zeros behind the text.
    text: [u8; HANDLE_BYTES_MAX],
}

impl HandleKey {
    /// The handle.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.text.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// Takes what `Handle::parse` took: ASCII, 63 bytes at most. Of anything else no key is found again.
impl From<&str> for HandleKey {
    fn from(handle: &str) -> Self {
        let mut text = [0; HANDLE_BYTES_MAX];
        let bytes = handle.as_bytes().get(..HANDLE_BYTES_MAX).unwrap_or(handle.as_bytes());
        let len = bytes.len();
        if let Some(room) = text.get_mut(..len) {
            room.copy_from_slice(bytes);
        }
        Self { len: len as u8, text }
    }
}

impl Borrow<str> for HandleKey {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for HandleKey {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Deref for HandleKey {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Ord for HandleKey {
    /// As the texts do: no handle has a zero in it, so a shorter one that is a beginning comes first.
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for HandleKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for HandleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Which thing has a skeleton, by 128 bits of the skeleton's hash (XXH3, not keyed).
///
/// A tree, not a hash map: the writer shares the map with readers, and copying a tree's path at an insert takes fewer fresh
/// pages than copying a hash trie's wide nodes.
///
/// Two names made on purpose to have one hash: the second is refused as taken, and nothing else comes of it.
#[derive(Debug, Clone)]
pub struct Skeletons<T>(OrdMap<u128, T>);

impl<T> Default for Skeletons<T> {
    fn default() -> Self {
        Self(OrdMap::new())
    }
}

impl<T: Copy> Skeletons<T> {
    /// Which thing has the skeleton.
    #[must_use]
    pub fn get(&self, skeleton: &str) -> Option<&T> {
        self.0.get(&key(skeleton))
    }

    /// Gives a skeleton to a thing.
    pub(crate) fn insert(&mut self, skeleton: &str, id: T) {
        self.0.insert(key(skeleton), id);
    }

    /// Frees a skeleton.
    pub(crate) fn remove(&mut self, skeleton: &str) {
        self.0.remove(&key(skeleton));
    }

    /// All of them, by their hash.
    pub fn iter(&self) -> impl Iterator<Item = (&u128, &T)> {
        self.0.iter()
    }
}

fn key(skeleton: &str) -> u128 {
    xxh3_128(skeleton.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_sort_and_are_found_as_their_texts_are() {
        let texts = ["a", "a-b", "a0", "ab", "b", &"z".repeat(63)];
        let map: OrdMap<HandleKey, usize> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| (HandleKey::from(*text), at))
            .collect();
        let mut sorted = texts.to_vec();
        sorted.sort_unstable();
        assert_eq!(map.keys().map(HandleKey::as_str).collect::<Vec<_>>(), sorted);
        for (at, text) in texts.iter().enumerate() {
            assert_eq!(map.get(*text), Some(&at));
        }
        assert_eq!(map.get("a-"), None);
    }

    #[test]
    fn a_skeleton_that_was_freed_is_given_again() {
        let mut skeletons = Skeletons::default();
        skeletons.insert("shopify", 1);
        assert_eq!((skeletons.get("shopify"), skeletons.get("shopifi")), (Some(&1), None));
        skeletons.remove("shopify");
        assert_eq!(skeletons.get("shopify"), None);
    }
}
