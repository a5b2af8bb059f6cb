//! [`ReturnReasons`]: why a campaign's buyer may return a sale.

/// A set of reasons. A reason is known by its name on the wire and by its position in [`Self::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnReasons(u8);

impl ReturnReasons {
    /// Every reason, in the order of the wire contract.
    pub const NAMES: [&str; 8] =
        ["bad_contact", "wrong_vertical", "out_of_area", "duplicate", "no_consent", "fraud", "test", "other"];
    /// The set of every reason.
    pub const ALL: Self = Self(u8::MAX);
    /// The set of none.
    pub const NONE: Self = Self(0);

    /// Returns the set with one reason more, by its position; no position adds nothing.
    #[must_use]
    pub fn with(self, position: usize) -> Self {
        Self(self.0 | bit(position))
    }

    /// Returns whether a reason is in the set, by its position.
    pub fn contains(self, position: usize) -> bool {
        self.0 & bit(position) != 0
    }

    /// Returns whether the reason of a name is in the set.
    pub fn contains_name(self, name: &str) -> bool {
        Self::NAMES.iter().position(|known| *known == name).is_some_and(|position| self.contains(position))
    }

    /// Returns the names of the reasons in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter(move |&(position, _)| self.contains(position))
            .map(|(_, name)| name)
    }
}

/// Returns the bit of a position; none beyond the last name.
fn bit(position: usize) -> u8 {
    u32::try_from(position).ok().and_then(|position| 1_u8.checked_shl(position)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let some = ReturnReasons::NONE.with(0).with(3).with(8).with(usize::MAX);
        assert_eq!(some.names().collect::<Vec<_>>(), ["bad_contact", "duplicate"]);
        assert!(some.contains_name("duplicate"));
        assert!(!some.contains_name("fraud"));
        assert!(!some.contains_name("Duplicate"));
        assert!(!some.contains(8));
        assert!(ReturnReasons::NAMES.iter().all(|name| ReturnReasons::ALL.contains_name(name)));
    }
}
