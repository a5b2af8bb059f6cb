//! [`Scope`]: whose things a request may see.

use crate::{Principal, Role};

/// Whose things a request may see. Every read of a partner's things asks for one, and only a [`Principal`] makes
/// one, so what a caller sees comes from its key alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    role: Role,
    name: Box<str>,
}

impl Scope {
    /// Returns what a principal may see.
    pub fn of(principal: &Principal) -> Self {
        Self { role: principal.role, name: principal.name.clone() }
    }

    /// Returns whether everything is seen: an operator asks.
    pub fn is_everything(&self) -> bool {
        self.role == Role::Operator
    }

    /// Returns the seller whose things alone are seen, if a seller asks.
    pub fn seller(&self) -> Option<&str> {
        (self.role == Role::Seller).then_some(&*self.name)
    }

    /// Returns the buyer whose things alone are seen, if a buyer asks.
    pub fn buyer(&self) -> Option<&str> {
        (self.role == Role::Buyer).then_some(&*self.name)
    }

    /// Returns what the caller is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Returns who asks, as a record names it: `operator:ada`.
    pub fn owner(&self) -> Box<str> {
        format!("{}:{}", self.role.name(), self.name).into()
    }

    /// Returns whether a thing of this seller and buyer is seen.
    pub fn sees(&self, parties: Parties<'_>) -> bool {
        match self.role {
            Role::Operator => true,
            Role::Seller => parties.seller == &*self.name,
            Role::Buyer => parties.buyer == Some(&*self.name),
        }
    }
}

/// To whom a thing belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties<'a> {
    /// The seller of the lead.
    pub seller: &'a str,
    /// The buyer, where the thing has one.
    pub buyer: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use exchange_wire::KeyMode;

    use super::*;

    #[test]
    fn a_partner_sees_its_own_things_only() {
        let sees = |role, name: &str| {
            let scope = Scope::of(&Principal { role, name: name.into(), mode: KeyMode::Live });
            let parties = |buyer| Parties { seller: "acme", buyer };
            (scope.sees(parties(Some("north"))), scope.sees(parties(None)))
        };
        assert_eq!(sees(Role::Operator, "ada"), (true, true));
        assert_eq!(sees(Role::Seller, "acme"), (true, true));
        assert_eq!(sees(Role::Buyer, "north"), (true, false));
        // A name says nothing without its role.
        assert_eq!(sees(Role::Seller, "north"), (false, false));
        assert_eq!(sees(Role::Buyer, "acme"), (false, false));
    }
}
