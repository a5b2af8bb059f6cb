//! [`TagRule`]: which buyers are meant, by their tags.

/// Buyers by their tags. The default means every buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagRule {
    /// A buyer has one of these, where any is named.
    pub any: Box<[Box<str>]>,
    /// A buyer has none of these.
    pub none: Box<[Box<str>]>,
}

impl TagRule {
    /// Returns whether a buyer with these tags is meant.
    pub fn takes(&self, tags: &[Box<str>]) -> bool {
        (self.any.is_empty() || self.any.iter().any(|tag| tags.contains(tag)))
            && !self.none.iter().any(|tag| tags.contains(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buyer_needs_one_of_the_tags_and_none_of_the_others() {
        let texts = |tags: &[&str]| tags.iter().map(|&tag| tag.into()).collect::<Box<[Box<str>]>>();
        let rule = TagRule { any: texts(&["direct", "local"]), none: texts(&["reseller"]) };
        for (tags, expected) in [
            (&["direct"][..], true),
            (&["local", "new"], true),
            (&["direct", "reseller"], false),
            (&["new"], false),
            (&[], false),
        ] {
            assert_eq!(rule.takes(&texts(tags)), expected, "{tags:?}");
        }
        assert!(TagRule::default().takes(&[]));
        assert!(!TagRule { any: [].into(), none: texts(&["reseller"]) }.takes(&texts(&["reseller"])));
    }
}
