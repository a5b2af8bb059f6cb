//! [`Principal`]: for whom a key speaks.

use core::fmt;

use exchange_wire::KeyMode;

/// For whom a key speaks. The tenant of a request comes from here only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// What it is.
    pub role: Role,
    /// Its name in the catalog; for an operator, a name for the log.
    pub name: Box<str>,
    /// Whether the key sells for real.
    pub mode: KeyMode,
}

/// What a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It submits leads.
    Seller,
    /// It buys.
    Buyer,
    /// It runs the exchange.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Seller, Self::Buyer, Self::Operator];

    /// Returns the name, as it stands before the colon of an owner.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seller => "seller",
            Self::Buyer => "buyer",
            Self::Operator => "operator",
        }
    }

    /// Returns the role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Writes the owner of a key: `seller:acme`.
impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role.name(), self.name)
    }
}
