//! [`DisposableDomains`]: domains of e-mail addresses that are thrown away after use.
//!
//! The bundled list is `data/disposable_domains.txt`, which names its source, its date and its licence. An
//! operator's own file adds to it and takes out of it.

use std::borrow::Cow;

/// The bundled list.
const BUNDLED: &str = include_str!("../data/disposable_domains.txt");
/// Lines of an operator's file: twenty times the bundled list, as many as the largest public lists have.
const LINES_MAX: usize = 200_000;
/// Bytes of a domain name (RFC 1035, section 2.3.4).
const DOMAIN_BYTES_MAX: usize = 253;

/// Domains of e-mail addresses that are thrown away after use, ordered. A look-up is one binary search for
/// each label of the domain.
#[derive(Debug, Clone)]
pub struct DisposableDomains(Box<[Cow<'static, str>]>);

/// Why an operator's file of domains is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisposableDomainsError {
    /// A line is no domain.
    #[error("line {line} is no domain such as mailinator.com, nor !example.org to take one out")]
    Line {
        /// The line, from one.
        line: usize,
    },
    /// There are too many lines.
    #[error("has more than {LINES_MAX} lines")]
    TooLong,
}

impl DisposableDomains {
    /// Returns the bundled list.
    pub fn bundled() -> Self {
        let domains = BUNDLED.lines().filter(|line| !line.starts_with('#'));
        Self(domains.map(Cow::Borrowed).collect())
    }

    /// Returns the bundled list as an operator's file changes it: a domain a line is added, `!` before it takes
    /// it out, and what stands behind `#` is passed over.
    ///
    /// # Errors
    ///
    /// Says which line is no domain.
    pub fn with_file(text: &str) -> Result<Self, DisposableDomainsError> {
        let (mut added, mut taken_out): (Vec<Cow<'static, str>>, Vec<String>) = (Vec::new(), Vec::new());
        for (line, text) in (1..).zip(text.lines()) {
            if line > LINES_MAX {
                return Err(DisposableDomainsError::TooLong);
            }
            let text = text.split('#').next().unwrap_or("").trim().to_ascii_lowercase();
            if text.is_empty() {
                continue;
            }
            let (place, domain) = match text.strip_prefix('!') {
                Some(domain) => (None, domain.to_owned()),
                None => (Some(&mut added), text),
            };
            if !is_domain(&domain) {
                return Err(DisposableDomainsError::Line { line });
            }
            match place {
                Some(added) => added.push(Cow::Owned(domain)),
                None => taken_out.push(domain),
            }
        }
        taken_out.sort_unstable();
        let mut all = Self::bundled().0.into_vec();
        all.append(&mut added);
        all.sort_unstable();
        all.dedup();
        all.retain(|domain| taken_out.binary_search_by(|out| (**out).cmp(domain)).is_err());
        Ok(Self(all.into()))
    }

    /// Returns whether a domain in lower case, or one above it, is on the list.
    pub fn has(&self, domain: &str) -> bool {
        let listed = |domain: &str| self.0.binary_search_by(|known| (**known).cmp(domain)).is_ok();
        let above = core::iter::successors(Some(domain), |domain| {
            domain.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'))
        });
        above.into_iter().any(listed)
    }

    /// Returns how many domains are on the list.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

fn is_domain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.len() <= DOMAIN_BYTES_MAX
        && text.contains('.')
        && text.split('.').all(|label| !label.is_empty() && label.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_list_is_ordered_and_as_long_as_its_head_says() {
        let bundled = DisposableDomains::bundled();
        assert!(bundled.0.is_sorted(), "a binary search needs it");
        assert!(bundled.0.iter().all(|domain| is_domain(domain)));
        let first = BUNDLED.lines().next().expect("a head");
        assert!(first.contains(&format!(": {} of them", bundled.count())), "{first}");
        assert!(BUNDLED.contains("MIT License") && BUNDLED.contains("CC0"), "the licence goes with it");
    }

    #[test]
    fn domains_are_found_with_what_lies_below_them() {
        let bundled = DisposableDomains::bundled();
        for domain in ["mailinator.com", "a.b.mailinator.com"] {
            assert!(bundled.has(domain), "{domain}");
        }
        for domain in ["example.org", "nosuchmailinator.com", "com", "mailinator.com.example.org", ""] {
            assert!(!bundled.has(domain), "{domain}");
        }
    }

    #[test]
    fn a_file_adds_and_takes_out() {
        let own = "# ours\n\nThrowaway.example # since May\n!mailinator.com\r\n";
        let domains = DisposableDomains::with_file(own).expect("the file is right");
        assert!(domains.has("throwaway.example"));
        assert!(!domains.has("mailinator.com"));
        assert_eq!(domains.count(), DisposableDomains::bundled().count(), "one more and one less");
        for (text, line) in [("a.example\nno domain", 2), ("localhost", 1), ("!", 1), ("a..b", 1)] {
            let refused = DisposableDomains::with_file(text).expect_err(text);
            assert_eq!(refused, DisposableDomainsError::Line { line }, "{text}");
        }
        let long = "a.example\n".repeat(LINES_MAX);
        assert!(DisposableDomains::with_file(&long).is_ok());
        let longer = long + "a.example\n";
        assert_eq!(DisposableDomains::with_file(&longer).err(), Some(DisposableDomainsError::TooLong));
    }
}
