//! Gives each credential reference its variable, and keeps it from one revision to the next.
//!
//! A revision keeps keyed hashes of its references, never their ids or names. A reference whose hash is known keeps its
//! variable; any other gets a name that the template has never used. One that shares its id *or* its name with a reference
//! that is gone may be the same credential, renamed or moved to another instance: it gets a new name too, and is reported
//! as unsure. So two variables never trade places silently.

use std::collections::HashSet;

use super::workflow::Reference;
use crate::names;

/// What a revision keeps of one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The variable it became.
    pub variable: String,
    /// Hash of type, id and name.
    pub hash: [u8; 32],
    /// Hash of type and id alone, when it has an id.
    pub id_hash: Option<[u8; 32]>,
    /// Hash of type and name alone, when it has a name.
    pub name_hash: Option<[u8; 32]>,
}

/// How a reference stands to the revision before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was there and keeps its variable.
    Known,
    /// It wasn't there.
    New,
    /// It has a new variable, and may be one that was there: see [`Assigned::candidates`].
    Unsure,
}

/// A reference and its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The reference.
    pub reference: Reference,
    /// Its variable's name.
    pub variable: String,
    /// Hash of type, id and name.
    pub hash: [u8; 32],
    /// Hash of type and id alone, when it has an id.
    pub id_hash: Option<[u8; 32]>,
    /// Hash of type and name alone, when it has a name.
    pub name_hash: Option<[u8; 32]>,
    /// How it stands to the revision before.
    pub status: Status,
    /// Variables of the revision before, now gone, that it may be: same type, and the same id or the same name.
    pub candidates: Vec<String>,
}

impl Assigned {
    /// What the revision keeps of it.
    pub fn known(&self) -> Known {
        Known {
            variable: self.variable.clone(),
            hash: self.hash,
            id_hash: self.id_hash,
            name_hash: self.name_hash,
        }
    }
}

/// The references of one revision with their variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// In the order of the references.
    pub assigned: Vec<Assigned>,
    /// Variables of the revision before that nothing refers to any more, in their order.
    pub removed: Vec<String>,
}

/// Gives each reference its variable: UPPER_SNAKE of its type, then `_2`, `_3` by order of first use.
///
/// `previous` is the revision before, `used_names` every name that any revision has had (those of `previous` count by
/// themselves). `hash` is keyed by the caller and takes type, id and name; it is also asked with the id or the name left out.
pub fn assign(
    references: &[Reference],
    previous: &[Known],
    used_names: &[String],
    hash: &dyn Fn(&Reference) -> [u8; 32],
) -> Assignment {
    let hashes: Vec<Hashes> = references.iter().map(|reference| Hashes::of(reference, hash)).collect();
    let whole: HashSet<[u8; 32]> = hashes.iter().map(|hashes| hashes.whole).collect();
    let gone: Vec<&Known> = previous.iter().filter(|known| !whole.contains(&known.hash)).collect();

    let mut used: HashSet<String> = used_names.iter().cloned().collect();
    used.extend(previous.iter().map(|known| known.variable.clone()));

    let assigned = references
        .iter()
        .zip(&hashes)
        .map(|(reference, hashes)| {
            let known = previous.iter().find(|known| known.hash == hashes.whole);
            let candidates = if known.is_some() {
                Vec::new()
            } else {
                hashes.candidates(&gone)
            };
            let (variable, status) = match known {
                Some(known) => (known.variable.clone(), Status::Known),
                None => {
                    let variable = fresh_name(&reference.n8n_type, &mut used);
                    let status = if candidates.is_empty() {
                        Status::New
                    } else {
                        Status::Unsure
                    };
                    (variable, status)
                }
            };
            Assigned {
                reference: reference.clone(),
                variable,
                hash: hashes.whole,
                id_hash: hashes.id,
                name_hash: hashes.name,
                status,
                candidates,
            }
        })
        .collect();
    let removed = gone.into_iter().map(|known| known.variable.clone()).collect();
    Assignment { assigned, removed }
}

struct Hashes {
    whole: [u8; 32],
    id: Option<[u8; 32]>,
    name: Option<[u8; 32]>,
}

impl Hashes {
    fn of(reference: &Reference, hash: &dyn Fn(&Reference) -> [u8; 32]) -> Self {
        let part = |id: &Option<String>, name: &Option<String>| {
            hash(&Reference {
                id: id.clone(),
                name: name.clone(),
                ..reference.clone()
            })
        };
        Self {
            whole: part(&reference.id, &reference.name),
            id: reference.id.is_some().then(|| part(&reference.id, &None)),
            name: reference.name.is_some().then(|| part(&None, &reference.name)),
        }
    }

    fn candidates(&self, gone: &[&Known]) -> Vec<String> {
        let same = |ours: Option<[u8; 32]>, theirs: Option<[u8; 32]>| ours.is_some() && ours == theirs;
        gone.iter()
            .filter(|known| same(self.id, known.id_hash) || same(self.name, known.name_hash))
            .map(|known| known.variable.clone())
            .collect()
    }
}

/// The first of `NAME`, `NAME_2`, `NAME_3` … that was never used.
fn fresh_name(n8n_type: &str, used: &mut HashSet<String>) -> String {
    let base = names::upper_snake(n8n_type);
    let mut name = base.clone();
    let mut number: u32 = 2;
    while !used.insert(name.clone()) {
        name = format!("{base}_{number}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests;
