//! [`Person`]: under which digests the person of a lead is known.

/// Digests of one person: two phones and two e-mail addresses, as far as a lead names them. In this order: phone,
/// e-mail, second phone, second e-mail.
pub type Prints = [Option<u128>; 4];

/// A person, by the keyed digests of its phones and e-mail addresses. They are the same in every vertical.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Person(Prints);

impl Person {
    /// Returns the person of these digests.
    pub const fn new(digests: Prints) -> Self {
        Self(digests)
    }

    /// Adds a phone; a third one is left out.
    pub fn add_phone(&mut self, digest: u128) {
        let [phone, _, second, _] = &mut self.0;
        add(digest, phone, second);
    }

    /// Adds an e-mail address; a third one is left out.
    pub fn add_email(&mut self, digest: u128) {
        let [_, email, _, second] = &mut self.0;
        add(digest, email, second);
    }

    /// Returns whether a phone is known.
    pub const fn has_phone(&self) -> bool {
        self.0[0].is_some()
    }

    /// Returns whether an e-mail address is known.
    pub const fn has_email(&self) -> bool {
        self.0[1].is_some()
    }

    /// Returns whether nothing is known of the person.
    pub fn is_nobody(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Returns the digests.
    pub const fn digests(&self) -> Prints {
        self.0
    }

    /// Returns the person with what `earlier` says where this one is silent.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self(or(self.0, earlier.0))
    }
}

/// Returns digests with what `earlier` has in the places that are empty.
pub fn or(mut digests: Prints, earlier: Prints) -> Prints {
    for (place, earlier) in digests.iter_mut().zip(earlier) {
        *place = place.or(earlier);
    }
    digests
}

fn add(digest: u128, first: &mut Option<u128>, second: &mut Option<u128>) {
    match *first {
        None => *first = Some(digest),
        Some(known) if known != digest => {
            second.get_or_insert(digest);
        }
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_digest_has_a_place_of_its_kind() {
        let mut person = Person::default();
        assert!(person.is_nobody());
        person.add_email(2);
        assert_eq!((person.has_phone(), person.has_email()), (false, true));
        for digest in [1, 1, 3, 5] {
            person.add_phone(digest);
        }
        person.add_email(4);
        assert_eq!(person.digests(), [Some(1), Some(2), Some(3), Some(4)], "a third phone is left out");
        let later = Person::new([Some(9), None, None, None]);
        assert_eq!(later.or(person).digests(), [Some(9), Some(2), Some(3), Some(4)]);
    }
}
