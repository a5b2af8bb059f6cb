//! [`Page`] and [`Listed`]: lists in parts that stay whole while rows are added.

use core::fmt;
use core::str::FromStr;

/// Which part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many; none or too many stand for [`Page::LIMIT_MAX`].
    pub limit: u16,
    /// After which one: [`Listed::next`] of the part before.
    pub after: Option<Box<str>>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The part.
    pub items: Vec<T>,
    /// Where the next part begins; nothing at the end.
    pub next: Option<Box<str>>,
}

/// A text is no cursor of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no cursor of this list: give `next` of the part before")]
pub struct BadCursor;

impl Page {
    /// The most rows of a part: what a list's answer of 256 KiB holds.
    pub const LIMIT_MAX: u16 = 200;

    pub(crate) fn limit(&self) -> i64 {
        i64::from(match self.limit {
            0 => Self::LIMIT_MAX,
            limit => limit.min(Self::LIMIT_MAX),
        })
    }

    /// Returns the key after which the part begins, or `start`.
    pub(crate) fn key_or(&self, start: Key) -> Result<Key, BadCursor> {
        self.after.as_deref().map_or(Ok(start), str::parse)
    }
}

/// The key of a row: an id, or a sequence number, and a number below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) id: u128,
    pub(crate) number: u16,
}

impl Key {
    pub(crate) const FIRST: Self = Self { id: 0, number: 0 };
    pub(crate) const LAST: Self = Self { id: u128::MAX, number: u16::MAX };
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}{:04x}", self.id, self.number)
    }
}

impl FromStr for Key {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let (id, number) =
            text.split_at_checked(32).filter(|_| plain && text.len() == 36).ok_or(BadCursor)?;
        let id = u128::from_str_radix(id, 16).map_err(|_| BadCursor)?;
        let number = u16::from_str_radix(number, 16).map_err(|_| BadCursor)?;
        Ok(Self { id, number })
    }
}

impl<T> Listed<T> {
    /// Returns the part that these rows are, of which one more was asked for than the limit.
    pub(crate) fn of(mut items: Vec<T>, page: &Page, key: impl Fn(&T) -> Key) -> Self {
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| key(last).to_string().into());
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_nothing_else_is_one() {
        let key = Key { id: 77, number: 3 };
        assert_eq!(key.to_string().parse(), Ok(key));
        for bad in ["", "77", "00000000000000000000000000000000-001", &"F".repeat(36), &"0".repeat(37)] {
            assert_eq!(bad.parse::<Key>(), Err(BadCursor), "{bad}");
        }
    }

    #[test]
    fn the_last_part_has_no_next_one() {
        let page = Page { limit: 2, after: None };
        let key = |id: &u128| Key { id: *id, number: 0 };
        assert_eq!(Listed::of(vec![1, 2, 3], &page, key).next, Some(key(&2).to_string().into()));
        assert_eq!(Listed::of(vec![1, 2], &page, key).next, None);
    }
}
