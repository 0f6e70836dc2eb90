//! Pages and cursors. A cursor holds the last key shown and a mark of the list and filters that it belongs to; it is
//! opaque, not secret, and gives no right: each page is filtered anew.

use crate::problem::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::ops::Bound;
use strongroom_api::Page;
use strongroom_api::page::{LIMIT_DEFAULT, LIMIT_MAX};

/// One page as it is asked for.
#[derive(Debug)]
pub(crate) struct Slice {
    mark: u64,
    limit: usize,
    after: Option<String>,
}

impl Slice {
    /// Reads limit and cursor; `list` and `filters` are what a cursor is bound to.
    ///
    /// # Errors
    /// Of a limit out of range, of a cursor of another list.
    pub(crate) fn of(
        list: &str,
        filters: &[Option<&str>],
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Self, ApiError> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if limit == 0 || limit > LIMIT_MAX {
            return Err(ApiError::Parameter {
                pointer: "/limit".to_owned(),
                what: format!("a page has 1 to {LIMIT_MAX} items"),
                hint: format!("send a limit from 1 to {LIMIT_MAX}, and go on with `next`"),
            });
        }
        let mark = mark(list, filters);
        let after = cursor
            .map(|cursor| open(mark, cursor).ok_or(ApiError::Cursor))
            .transpose()?;
        Ok(Self {
            mark,
            limit: limit as usize,
            after,
        })
    }

    /// Items of the page.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The key after which it begins.
    pub(crate) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The keys at which to look.
    pub(crate) fn range(&self) -> (Bound<&str>, Bound<&str>) {
        (self.after().map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
    }

    /// The cursor that goes on after a key.
    pub(crate) fn next(&self, key: &str) -> String {
        let mut bytes = self.mark.to_be_bytes().to_vec();
        bytes.extend_from_slice(key.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Takes a page of what is in the order of its keys and lies behind the cursor.
    pub(crate) fn take<K: AsRef<str>, T>(&self, items: impl Iterator<Item = (K, T)>) -> Page<T> {
        let (mut page, mut last) = (
            Page {
                items: Vec::new(),
                next: None,
            },
            None,
        );
        for (key, item) in items {
            if page.items.len() == self.limit {
                page.next = last.map(|key: K| self.next(key.as_ref()));
                return page;
            }
            page.items.push(item);
            last = Some(key);
        }
        page
    }
}

fn open(mark: u64, cursor: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (its, key) = bytes.split_first_chunk::<8>()?;
    (u64::from_be_bytes(*its) == mark)
        .then(|| String::from_utf8(key.to_vec()).ok())
        .flatten()
}

/// FNV-1a over list and filters: it keeps honest callers from going on in another list, and no more is needed.
fn mark(list: &str, filters: &[Option<&str>]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut byte = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    list.bytes().for_each(&mut byte);
    for filter in filters {
        byte(u8::from(filter.is_some()));
        filter.unwrap_or_default().bytes().for_each(&mut byte);
        byte(0xff); // no byte of UTF-8: the end of one filter is not the beginning of the next
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(q: &str, limit: u32, cursor: Option<&str>) -> Result<Slice, ApiError> {
        Slice::of("things", &[Some(q), None], Some(limit), cursor)
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repeat() {
        let all: Vec<String> = (0..11).map(|number| format!("h-{number:02}")).collect();
        let (mut seen, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let slice = slice("x", 4, cursor.as_deref()).unwrap();
            let behind = all
                .iter()
                .filter(|key| slice.after().is_none_or(|after| key.as_str() > after));
            let page = slice.take(behind.map(|key| (key, key.clone())));
            seen.extend(page.items);
            pages += 1;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((seen, pages), (all, 3));
        let exact = slice("x", 2, None)
            .unwrap()
            .take(["a", "b"].into_iter().map(|key| (key, key)));
        assert_eq!(exact.next, None, "a full last page says that it is the last");
    }

    #[test]
    fn a_cursor_is_of_its_list_and_filters() {
        let cursor = slice("x", 4, None).unwrap().next("key-ü");
        assert_eq!(
            slice("x", 9, Some(&cursor)).unwrap().after(),
            Some("key-ü"),
            "another limit is the same list"
        );
        assert!(matches!(slice("y", 4, Some(&cursor)), Err(ApiError::Cursor)));
        assert!(matches!(
            Slice::of("others", &[Some("x"), None], None, Some(&cursor)),
            Err(ApiError::Cursor)
        ));
        assert!(matches!(
            Slice::of("things", &[None, Some("x")], None, Some(&cursor)),
            Err(ApiError::Cursor)
        ));
        for bad in ["", "nonsense", "AAAAAAAAAAA", "%%%"] {
            assert!(matches!(slice("x", 4, Some(bad)), Err(ApiError::Cursor)), "{bad}");
        }
    }

    #[test]
    fn a_page_has_1_to_500_items() {
        assert_eq!(Slice::of("things", &[], None, None).unwrap().limit(), 50);
        assert_eq!(slice("x", 500, None).unwrap().limit(), 500);
        for bad in [0, 501] {
            assert!(matches!(slice("x", bad, None), Err(ApiError::Parameter { .. })));
        }
    }
}
