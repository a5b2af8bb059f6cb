//! [`AddressRange`]: a network in CIDR notation (RFC 4632).

use core::fmt;
use core::net::IpAddr;

/// A network: the addresses that share its first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    prefix_bits: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRangeError {
    /// It has another form.
    #[error("is no network")]
    Form,
    /// Bits behind the prefix are set, so that it is not clear what is meant.
    #[error("has bits behind its prefix")]
    HostBits {
        /// The network in which the address lies.
        network: AddressRange,
    },
}

impl AddressRange {
    /// Reads `127.0.0.0/8` or `fd00::/8`; an address alone is a network of one.
    ///
    /// # Errors
    ///
    /// Says whether the form is wrong, or bits behind the prefix are set.
    pub fn parse(text: &str) -> Result<Self, AddressRangeError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| AddressRangeError::Form)?;
        let bits_max = address_bits(address);
        let plain = |prefix: &str| prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix_bits = match prefix {
            None => bits_max,
            Some(prefix) if plain(prefix) => prefix.parse().map_err(|_| AddressRangeError::Form)?,
            Some(_) => return Err(AddressRangeError::Form),
        };
        if prefix_bits > bits_max {
            return Err(AddressRangeError::Form);
        }
        let range = Self { network: masked(address, prefix_bits), prefix_bits };
        if range.network == address { Ok(range) } else { Err(AddressRangeError::HostBits { network: range }) }
    }

    /// Returns whether an address lies in the network. An IPv4 address lies in no IPv6 network.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.prefix_bits) == self.network
    }

    /// Returns the first address.
    pub const fn network(&self) -> IpAddr {
        self.network
    }

    /// Returns how many bits the addresses share.
    pub const fn prefix_bits(&self) -> u8 {
        self.prefix_bits
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix_bits)
    }
}

const fn address_bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Clears the bits behind the prefix.
fn masked(address: IpAddr, prefix_bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(prefix_bits))).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(prefix_bits))).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_the_addresses_of_their_prefix() {
        let holds = |range: &str, address: &str| {
            let range = AddressRange::parse(range).expect("a network");
            range.contains(address.parse().expect("an address"))
        };
        assert!(holds("127.0.0.0/8", "127.255.0.1"));
        assert!(!holds("127.0.0.0/8", "128.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(holds("10.1.2.3", "10.1.2.3"));
        assert!(!holds("10.1.2.3", "10.1.2.2"));
        assert!(holds("fd00::/8", "fdff::1"));
        assert!(!holds("fd00::/8", "fe80::1"));
        assert!(holds("::/0", "fe80::1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "localhost", "127.0.0.0/33", "127.0.0.0/", "127.0.0.0/+8", "127.0/8", "::/129"] {
            assert_eq!(AddressRange::parse(text), Err(AddressRangeError::Form), "{text}");
        }
        let Err(AddressRangeError::HostBits { network }) = AddressRange::parse("127.0.0.1/8") else {
            panic!("bits behind the prefix are set");
        };
        assert_eq!(network.to_string(), "127.0.0.0/8");
    }
}
