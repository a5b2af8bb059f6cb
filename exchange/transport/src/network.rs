//! [`Network`]: a range of addresses in CIDR form.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// A range of IPv4 or IPv6 addresses, such as `127.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// What stands before the slash is no address.
    #[error("no IP address before the slash")]
    Address,
    /// What stands after the slash is no number of bits for such an address.
    #[error("prefix length is not a number from 0 to {bits_max}")]
    Prefix {
        /// The most bits of such an address.
        bits_max: u8,
    },
    /// The address has bits beyond the prefix.
    #[error("address has bits set beyond the prefix")]
    HostBits,
}

impl Network {
    /// Returns the IPv4 network of an address and a number of leading bits, at most 32.
    pub const fn v4(address: [u8; 4], prefix: u8) -> Self {
        let [a, b, c, d] = address;
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    /// Returns the IPv6 network of an address and a number of leading bits, at most 128.
    pub const fn v6(address: u128, prefix: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::from_bits(address)), prefix }
    }

    /// Returns whether an address lies in the network. Families never mix: an IPv4-mapped IPv6 address lies
    /// in no IPv4 network.
    pub const fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()) & mask_v4(self.prefix) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()) & mask_v6(self.prefix) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    const fn has_host_bits(&self) -> bool {
        match self.address {
            IpAddr::V4(address) => address.to_bits() & !mask_v4(self.prefix) != 0,
            IpAddr::V6(address) => address.to_bits() & !mask_v6(self.prefix) != 0,
        }
    }
}

/// The leading `prefix` bits. A shift by the whole width is an overflow, so a prefix of zero is its own case.
const fn mask_v4(prefix: u8) -> u32 {
    if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) }
}

const fn mask_v6(prefix: u8) -> u128 {
    if prefix == 0 { 0 } else { u128::MAX << (128 - prefix) }
}

/// Reads `address/prefix`; an address alone is the network of that one address.
impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits_max,
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|bits| *bits <= bits_max && !prefix.starts_with('+'))
                .ok_or(NetworkError::Prefix { bits_max })?,
        };
        let network = Self { address, prefix };
        if network.has_host_bits() { Err(NetworkError::HostBits) } else { Ok(network) }
    }
}

impl core::fmt::Display for Network {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NetworkError>) {
        let network = text.parse::<Network>().map(|network| network.to_string());
        assert_eq!(network.as_deref(), expected.as_ref().copied(), "{text}");
    }

    #[test]
    fn networks_are_read_strictly() {
        check("127.0.0.0/8", Ok("127.0.0.0/8"));
        check("10.1.2.3", Ok("10.1.2.3/32"));
        check("0.0.0.0/0", Ok("0.0.0.0/0"));
        check("::1", Ok("::1/128"));
        check("fd00::/8", Ok("fd00::/8"));
        check("127.0.0.1/8", Err(NetworkError::HostBits));
        check("10.0.0.0/33", Err(NetworkError::Prefix { bits_max: 32 }));
        check("10.0.0.0/+8", Err(NetworkError::Prefix { bits_max: 32 }));
        check("::/129", Err(NetworkError::Prefix { bits_max: 128 }));
        check("localhost/8", Err(NetworkError::Address));
        check("", Err(NetworkError::Address));
    }

    #[test]
    fn an_edge_of_a_network_lies_in_it() {
        let network = Network::v4([172, 16, 0, 0], 12);
        assert!(network.contains(IpAddr::from([172, 16, 0, 0])));
        assert!(network.contains(IpAddr::from([172, 31, 255, 255])));
        assert!(!network.contains(IpAddr::from([172, 32, 0, 0])));
        assert!(!network.contains(IpAddr::V6(Ipv4Addr::new(172, 16, 0, 1).to_ipv6_mapped())));
    }
}
