//! [`Owner`]: whose a key is: `seller:acme`.

use core::fmt;
use core::str::FromStr;

use exchange_catalog::limits::NAME_BYTES_MAX;
use exchange_control::Role;

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// What it is.
    pub role: Role,
    /// Its name in the catalog; for an operator, a name for the log.
    pub name: Box<str>,
}

/// Why a text is no owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// What stands before the colon is no role.
    #[error("an owner is seller:NAME, buyer:NAME or operator:NAME")]
    Role,
    /// What stands behind the colon is no name.
    #[error("a name has a-z, 0-9, - and _, and begins with a letter or digit")]
    Name,
}

impl FromStr for Owner {
    type Err = OwnerError;

    fn from_str(text: &str) -> Result<Self, OwnerError> {
        let (role, name) = text.split_once(':').ok_or(OwnerError::Role)?;
        let role = Role::from_name(role).ok_or(OwnerError::Role)?;
        // The rule for names in the catalog.
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins_well = name.bytes().next().is_some_and(plain);
        let inside = |byte: u8| plain(byte) || b"-_".contains(&byte);
        if begins_well && name.bytes().all(inside) && name.len() <= NAME_BYTES_MAX {
            Ok(Self { role, name: name.into() })
        } else {
            Err(OwnerError::Name)
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role.name(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_have_a_role_and_a_name() {
        for text in ["seller:acme", "buyer:north-2", "operator:a_b"] {
            assert_eq!(text.parse::<Owner>().map(|owner| owner.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "acme", "agent:acme", "Seller:acme"] {
            assert_eq!(text.parse::<Owner>(), Err(OwnerError::Role), "{text}");
        }
        for text in [
            "seller:",
            "seller:Acme",
            "seller:-a",
            "seller:a b",
            "seller:a\"",
            &format!("buyer:{}", "a".repeat(65)),
        ] {
            assert_eq!(text.parse::<Owner>(), Err(OwnerError::Name), "{text}");
        }
    }
}
