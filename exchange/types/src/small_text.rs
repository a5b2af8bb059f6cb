//! [`SmallText`]: a short text that is stored in place.

use core::fmt;

/// A UTF-8 text of at most `N` bytes, stored in place and copied as a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SmallText<const N: usize> {
    length: u8,
    bytes: [u8; N],
}

/// The text is longer than its place allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text longer than {bytes_max} bytes")]
pub struct TextTooLong {
    /// The most bytes that would have been taken.
    pub bytes_max: usize,
}

impl<const N: usize> SmallText<N> {
    /// No text.
    pub const EMPTY: Self = Self { length: 0, bytes: [0; N] };

    /// Takes a text.
    ///
    /// # Errors
    ///
    /// Refuses a text of more than `N` bytes, or of more than 255.
    pub fn try_new(text: &str) -> Result<Self, TextTooLong> {
        let error = TextTooLong { bytes_max: N };
        let length = u8::try_from(text.len()).map_err(|_| error)?;
        let mut bytes = [0; N];
        bytes.get_mut(..text.len()).ok_or(error)?.copy_from_slice(text.as_bytes());
        Ok(Self { length, bytes })
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        self.bytes
            .get(..usize::from(self.length))
            .and_then(|bytes| core::str::from_utf8(bytes).ok())
            .unwrap_or("")
    }

    /// Returns whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<const N: usize> Default for SmallText<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> fmt::Debug for SmallText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_up_to_the_limit_are_kept_and_longer_ones_refused() {
        assert_eq!(SmallText::<4>::try_new("abcd").expect("four bytes fit").as_str(), "abcd");
        assert_eq!(SmallText::<4>::try_new("abcde"), Err(TextTooLong { bytes_max: 4 }));
        assert!(SmallText::<4>::EMPTY.is_empty());
        let text = SmallText::<4>::try_new("ab").expect("two bytes fit");
        assert_eq!((text.is_empty(), format!("{text:?}")), (false, "\"ab\"".into()));
    }
}
