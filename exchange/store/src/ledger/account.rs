//! [`Account`]: whose money an entry is.

use core::fmt;

/// Whose money an entry is; in each currency there is one of each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// What a buyer owes and is invoiced for.
    Receivable(Box<str>),
    /// What a buyer has paid in advance.
    Prepaid(Box<str>),
    /// What a seller has earned by sales that may still be given back.
    Pending(Box<str>),
    /// What a seller is owed.
    Payable(Box<str>),
    /// What the exchange keeps.
    Margin,
    /// Money that came in.
    Cash,
}

impl Account {
    /// Returns the names that the accounts of a partner have, which is given as `buyer:NAME` or `seller:NAME`.
    pub(crate) fn names_of(partner: &str) -> [String; 2] {
        let kinds =
            if partner.starts_with("seller:") { ["pending", "payable"] } else { ["receivable", "prepaid"] };
        kinds.map(|kind| format!("{partner} {kind}"))
    }

    /// Returns the account of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let partner = |prefix: &str, kind: &str| name.strip_prefix(prefix)?.strip_suffix(kind).map(Box::from);
        match name {
            "exchange margin" => Some(Self::Margin),
            "exchange cash" => Some(Self::Cash),
            _ => None
                .or_else(|| partner("buyer:", " receivable").map(Self::Receivable))
                .or_else(|| partner("buyer:", " prepaid").map(Self::Prepaid))
                .or_else(|| partner("seller:", " pending").map(Self::Pending))
                .or_else(|| partner("seller:", " payable").map(Self::Payable)),
        }
    }
}

/// Writes the account's name.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receivable(buyer) => write!(f, "buyer:{buyer} receivable"),
            Self::Prepaid(buyer) => write!(f, "buyer:{buyer} prepaid"),
            Self::Pending(seller) => write!(f, "seller:{seller} pending"),
            Self::Payable(seller) => write!(f, "seller:{seller} payable"),
            Self::Margin => f.write_str("exchange margin"),
            Self::Cash => f.write_str("exchange cash"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let all = [
            Account::Receivable("north".into()),
            Account::Prepaid("north".into()),
            Account::Pending("acme".into()),
            Account::Payable("acme".into()),
            Account::Margin,
            Account::Cash,
        ];
        for account in all {
            assert_eq!(Account::named(&account.to_string()), Some(account));
        }
        assert_eq!(Account::named("buyer:north"), None);
    }

    #[test]
    fn a_partner_owns_two() {
        let names = |accounts: [Account; 2]| accounts.map(|account| account.to_string());
        let buyer = [Account::Receivable("north".into()), Account::Prepaid("north".into())];
        let seller = [Account::Pending("acme".into()), Account::Payable("acme".into())];
        assert_eq!(Account::names_of("buyer:north"), names(buyer));
        assert_eq!(Account::names_of("seller:acme"), names(seller));
    }
}
