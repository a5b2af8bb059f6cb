//! [`ByteCount`]: sizes as people write them: `16 KiB`, `2 GiB`.

use core::fmt;

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteCount(pub u64);

/// Units with their bytes, from the smallest.
const UNITS: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl ByteCount {
    /// What a size looks like, for remedies.
    pub(super) const EXAMPLE: &str =
        r#"a whole number with its unit, such as "16 KiB", "512 MiB" or "2 GiB""#;

    /// Returns so many kibibytes.
    pub const fn from_kib(kib: u64) -> Self {
        Self(kib.saturating_mul(1 << 10))
    }

    /// Reads a whole number with its unit; nothing where the text is none or does not fit.
    pub fn parse(text: &str) -> Option<Self> {
        let digits_count = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, unit) = text.split_at_checked(digits_count)?;
        let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit.trim_start_matches(' '))?;
        digits.parse::<u64>().ok()?.checked_mul(*bytes).map(Self)
    }

    /// Rounds up to what reads well: whole mebibytes from one on.
    #[must_use]
    pub const fn rounded_up(self) -> Self {
        let mebibyte = 1 << 20;
        if self.0 < mebibyte { self } else { Self(self.0.div_ceil(mebibyte).saturating_mul(mebibyte)) }
    }
}

/// Writes the size in the largest unit that keeps it whole.
impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().rev().find(|&&(_, bytes)| self.0 >= bytes && self.0.is_multiple_of(bytes));
        let &(unit, bytes) = whole.unwrap_or(&("B", 1));
        write!(f, "{} {unit}", self.0.div_euclid(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_whole_number_and_a_unit() {
        let written = |text| ByteCount::parse(text).map(|size| size.to_string());
        for text in ["16 KiB", "1 B", "0 B", "512 MiB", "3 GiB"] {
            assert_eq!(written(text).as_deref(), Some(text));
        }
        assert_eq!(written("16KiB").as_deref(), Some("16 KiB"));
        assert_eq!(written("2048 MiB").as_deref(), Some("2 GiB"));
        for text in ["", "16", "KiB", "1.5 GiB", "16 kB", "16 KB", "-1 B", "99999999999 GiB"] {
            assert_eq!(written(text), None, "{text}");
        }
        assert_eq!(ByteCount(1_500_000).rounded_up().to_string(), "2 MiB");
        assert_eq!(ByteCount(1_000).rounded_up().to_string(), "1000 B");
    }
}
