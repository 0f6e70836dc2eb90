//! A few pages, locked in memory, for the keys that live as long as the process.
//!
//! Only long-lived keys (those of the key file and the root key) lie here: the usual limit of
//! locked memory is small, and a data key lives for the length of a request. Where locking fails
//! the pages are used all the same and [`LockState`] says so: a container without the right to
//! lock memory still needs its ledger.

#![expect(unsafe_code, reason = "mlock and madvise take addresses")]

use std::{
    ffi::c_void,
    sync::{Mutex, OnceLock, PoisonError},
};

use rustix::{
    mm::{Advice, madvise, mlock},
    process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit},
};
use zeroize::Zeroize;

const PAGE_BYTES: usize = 4096;
/// 64 KiB: the smallest limit of locked memory in common use; 2,048 keys.
const PAGES: usize = 16;
const KEY_LEN: usize = 32;

#[repr(C, align(4096))]
struct Page([u8; PAGE_BYTES]);

const _: () = assert!(size_of::<Page>() == PAGE_BYTES, "locking works on whole pages");

/// Whether the pages of the long-lived keys can be written to swap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockState {
    /// The pages stay in memory.
    Locked,
    /// The system refused, with this error number: keys may reach swap. Worth a warning.
    NotLocked(i32),
}

struct Arena {
    state: LockState,
    free: Mutex<Vec<&'static mut [u8; KEY_LEN]>>,
}

fn arena() -> &'static Arena {
    static ARENA: OnceLock<Arena> = OnceLock::new();
    ARENA.get_or_init(|| {
        let pages: Vec<Page> = (0..PAGES).map(|_| Page([0; PAGE_BYTES])).collect();
        let pages: &'static mut [Page] = pages.leak();
        let address: *mut c_void = pages.as_mut_ptr().cast();
        let bytes = size_of_val(pages);
        // SAFETY: the address and length are those of one live allocation of whole, aligned pages
        // that is never freed; locking changes neither their content nor who may write them.
        let locked = unsafe { mlock(address, bytes) };
        // SAFETY: as above; the advice only leaves the pages out of core dumps. That it may fail
        // is no matter: dumps are switched off as well.
        let _ = unsafe { madvise(address, bytes, Advice::LinuxDontDump) };
        let state = match locked {
            Ok(()) => LockState::Locked,
            Err(error) => LockState::NotLocked(error.raw_os_error()),
        };
        let free = pages
            .iter_mut()
            .flat_map(|page| page.0.as_chunks_mut::<KEY_LEN>().0)
            .collect();
        Arena {
            state,
            free: Mutex::new(free),
        }
    })
}

/// Makes and locks the pages for long-lived keys, once, and says whether that worked.
///
/// Called by hand only to report early: the first long-lived key does it by itself.
pub fn lock_key_arena() -> LockState {
    arena().state
}

/// Switches off core dumps of this process and attaching to it.
///
/// # Errors
/// The system's error, where it refuses: a dump could then hold keys.
pub fn disable_core_dumps() -> std::io::Result<()> {
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Thirty-two bytes of the locked pages; zeroed and given back when dropped.
pub(crate) struct LockedCell(Option<&'static mut [u8; KEY_LEN]>);

impl LockedCell {
    /// Copies the bytes into the arena; `None` when it is full.
    pub(crate) fn store(bytes: &[u8; KEY_LEN]) -> Option<Self> {
        let cell = arena().free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        cell.copy_from_slice(bytes);
        Some(Self(Some(cell)))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_LEN] {
        self.0.as_deref().expect("the cell is taken out only by drop")
    }
}

impl Drop for LockedCell {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.zeroize();
            arena().free.lock().unwrap_or_else(PoisonError::into_inner).push(cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_cell_comes_back_zeroed() {
        let cell = LockedCell::store(&[7; 32]).unwrap();
        let address = cell.bytes().as_ptr();
        drop(cell);
        let free = arena().free.lock().unwrap();
        let back = free.iter().find(|cell| cell.as_ptr() == address);
        // Another test may have taken the cell meanwhile; then there is nothing to look at.
        if let Some(back) = back {
            assert_eq!(**back, [0; 32]);
        }
    }

    #[test]
    fn locking_says_how_it_went() {
        match lock_key_arena() {
            LockState::Locked => {}
            LockState::NotLocked(errno) => assert_ne!(errno, 0),
        }
    }
}
