//! [`Profile`]: a file that says who the buyers are and how each behaves.

mod buyer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use buyer::{
    Answer, BuyerName, BuyerProfile, EntryRule, NoBidForm, OwnListener, Percentage, PingRule, PostRule,
    Rules, SellerName, Status, Weight,
};

/// The buyers of one process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Fixes every chance; another seed gives other bids.
    #[serde(default)]
    pub seed: u64,
    /// Which part of a message decides its chances.
    #[serde(default)]
    pub seed_by: SeedBy,
    /// Whether the log holds the bodies of messages; on by default.
    #[serde(default = "yes")]
    pub log_bodies: bool,
    /// The field of a post whose value stands for the person in the log, such as the phone; none by default.
    #[serde(default)]
    pub person_field: Option<String>,
    /// The buyers.
    #[serde(rename = "buyer")]
    pub buyers: Vec<BuyerProfile>,
}

/// Which part of a message decides its chances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedBy {
    /// The bytes of `fields`: the same lead gets the same bid in every run.
    #[default]
    Fields,
    /// The `lead_ref`: the same person gets the same bid for as long as the pseudonym lasts.
    LeadRef,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("read the profile {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is no profile. The text names line and column.
    #[error("{}: {error}", file.display())]
    Parse {
        /// The file.
        file: PathBuf,
        /// What is wrong, where, and what would be right.
        error: toml::de::Error,
    },
    /// Two buyers have one name, or there is none at all.
    #[error("{}: {problem}", file.display())]
    Buyers {
        /// The file.
        file: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl Profile {
    /// Reads a profile from a file.
    ///
    /// # Errors
    ///
    /// Names the file, the line and column, what is wrong, and what would be right.
    pub fn read(file: &Path) -> Result<Self, ProfileError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ProfileError::Read { file: file.to_owned(), source })?;
        Self::parse(file, &text)
    }

    /// Reads a profile from a text; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Profile::read`].
    pub fn parse(file: &Path, text: &str) -> Result<Self, ProfileError> {
        let profile: Self =
            toml::from_str(text).map_err(|error| ProfileError::Parse { file: file.to_owned(), error })?;
        let problem = |problem| Err(ProfileError::Buyers { file: file.to_owned(), problem });
        if profile.buyers.is_empty() {
            return problem("no buyer; a profile has at least one [[buyer]]".to_owned());
        }
        let mut names = BTreeSet::new();
        for buyer in &profile.buyers {
            if !names.insert(buyer.name.get_ref().as_str()) {
                let before = text.get(..buyer.name.span().start).unwrap_or_default();
                let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
                let name = buyer.name.get_ref().as_str();
                return problem(format!(
                    "line {line}: a second buyer `{name}`; a name is the path prefix of one"
                ));
            }
        }
        Ok(profile)
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_refused(text: &str, line: &str, reason: &str) {
        let error = Profile::parse(Path::new("buyers.toml"), text).expect_err("refused").to_string();
        assert!(error.starts_with("buyers.toml: "), "{error}");
        assert!(error.contains(line), "{error}");
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_remedy() {
        check_refused("buyer = []\n", "", "at least one [[buyer]]");
        check_refused("[[buyer]]\nname = \"a\"\nprise = 1\n", "line 3", "unknown field `prise`, expected");
        check_refused("[[buyer]]\nname = \"a b\"\n", "line 2", "lower-case letters, digits and hyphens");
        check_refused("[[buyer]]\nname = \"a\"\n[[buyer]]\nname = \"a\"\n", "line 4", "second buyer `a`");
        check_refused(
            "[[buyer]]\nname = \"a\"\nprice = { fixed = \"1,5\" }\n",
            "line 3",
            "not a decimal number such as 31.50",
        );
        check_refused(
            "[[buyer]]\nname = \"a\"\nping = [{ fault = \"sulk\" }]\n",
            "line 3",
            "unknown variant `sulk`",
        );
        check_refused(
            "[[buyer]]\nname = \"a\"\nbid_probability = \"80\"\n",
            "line 3",
            "not a percentage such as 20%",
        );
        check_refused("[[buyer]]\nname = \"a\"\npost = [{ status = 99 }]\n", "line 3", "between 200 and 599");
        check_refused(
            "[[buyer]]\nname = \"a\"\npost = [{ weight = 0 }]\n",
            "line 3",
            "weight of more than zero",
        );
        check_refused("[[buyer]]\nname = \"a\"\nsecret = \"x\"\n", "line 3", "whsec_");
    }

    #[test]
    fn a_buyer_needs_only_a_name() {
        let profile = Profile::parse(Path::new("b.toml"), "[[buyer]]\nname = \"a\"\n").expect("a profile");
        let buyer = profile.buyers.first().expect("one buyer");
        assert_eq!(buyer.bid_probability.0, exchange_types::Rate::ONE);
        assert_eq!(profile.seed_by, SeedBy::Fields);
        assert!(profile.log_bodies);
    }
}
