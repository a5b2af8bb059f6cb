//! [`AddressGuard`]: which addresses the exchange may connect to on a buyer's behalf.
//!
//! A buyer names its endpoints, and the exchange sits inside somebody's network. So every address is checked
//! when connecting, whether it stood in the URL or came from the resolver: an answer that changes between two
//! look-ups gains nothing.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Network;

/// Refuses addresses that are not public, but for those that the configuration allows.
#[derive(Clone, Debug, Default)]
pub struct AddressGuard {
    allowed: Box<[Network]>,
}

/// An address to which the exchange does not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is not a public address")]
pub struct AddressRefused {
    /// The address.
    pub address: IpAddr,
}

/// IPv4 ranges that are not public, by the IANA registry of special-purpose addresses (RFC 6890) and
/// RFC 5771 for multicast.
const REFUSED_V4: [Network; 16] = [
    // "This network", with the unspecified address.
    Network::v4([0, 0, 0, 0], 8),
    // Private.
    Network::v4([10, 0, 0, 0], 8),
    Network::v4([172, 16, 0, 0], 12),
    Network::v4([192, 168, 0, 0], 16),
    // Shared by carriers.
    Network::v4([100, 64, 0, 0], 10),
    // Loopback and link-local; the latter holds the metadata services of clouds.
    Network::v4([127, 0, 0, 0], 8),
    Network::v4([169, 254, 0, 0], 16),
    // Protocol assignments.
    Network::v4([192, 0, 0, 0], 24),
    // Documentation.
    Network::v4([192, 0, 2, 0], 24),
    Network::v4([198, 51, 100, 0], 24),
    Network::v4([203, 0, 113, 0], 24),
    // Relays to 6to4.
    Network::v4([192, 88, 99, 0], 24),
    // Benchmarks.
    Network::v4([198, 18, 0, 0], 15),
    // A cloud's metadata and health service outside the link-local range.
    Network::v4([168, 63, 129, 16], 32),
    // Multicast; reserved, with the broadcast address.
    Network::v4([224, 0, 0, 0], 4),
    Network::v4([240, 0, 0, 0], 4),
];

/// The only IPv6 range given out for the public (RFC 4291, section 2.4). Loopback, unspecified, mapped,
/// unique local, link-local, site-local and multicast addresses lie outside.
const PUBLIC_V6: Network = Network::v6(0x2000 << 112, 3);

/// Ranges inside [`PUBLIC_V6`] that are not public, or that carry an IPv4 address.
const REFUSED_V6: [Network; 4] = [
    // Protocol assignments: Teredo, benchmarks, ORCHID, AMT (RFC 2928).
    Network::v6(0x2001 << 112, 23),
    // Documentation (RFC 3849, RFC 9637).
    Network::v6(0x2001_0db8 << 96, 32),
    Network::v6(0x3fff << 112, 20),
    // 6to4 (RFC 3056): whoever owns the relay decides where it goes.
    Network::v6(0x2002 << 112, 16),
];

/// NAT64 (RFC 6052): an IPv4 address in the last 32 bits. Public where that address is.
const NAT64: Network = Network::v6(0x0064_ff9b << 96, 96);

impl AddressGuard {
    /// Returns a guard that allows these networks besides public addresses.
    pub fn new(allowed: impl Into<Box<[Network]>>) -> Self {
        Self { allowed: allowed.into() }
    }

    /// Checks an address before connecting to it.
    ///
    /// # Errors
    ///
    /// [`AddressRefused`] if it is neither public nor allowed. A mapped or translated address is judged as
    /// the IPv4 address that it stands for.
    pub fn check(&self, address: IpAddr) -> Result<(), AddressRefused> {
        let meant = meant_address(address);
        let allowed = self.allowed.iter().any(|network| network.contains(meant));
        if allowed || is_public(meant) { Ok(()) } else { Err(AddressRefused { address }) }
    }
}

/// Returns the IPv4 address for which an IPv6 address stands, or the address itself.
fn meant_address(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return IpAddr::V4(v4);
    }
    if NAT64.contains(address) { IpAddr::V4(low_v4(v6)) } else { address }
}

const fn low_v4(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

fn is_public(address: IpAddr) -> bool {
    let within = |networks: &[Network]| networks.iter().any(|network| network.contains(address));
    match address {
        IpAddr::V4(_) => !within(&REFUSED_V4),
        IpAddr::V6(_) => PUBLIC_V6.contains(address) && !within(&REFUSED_V6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(guard: &AddressGuard, address: &str, allowed: bool) {
        let parsed: IpAddr = address.parse().expect("an address in the table");
        assert_eq!(guard.check(parsed).is_ok(), allowed, "{address}");
    }

    #[test]
    fn only_public_addresses_pass() {
        let guard = AddressGuard::default();
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:81b::200e",
            "2001:200::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            check(&guard, address, true);
        }
    }

    #[test]
    fn addresses_that_are_not_public_are_refused() {
        let guard = AddressGuard::default();
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            check(&guard, address, false);
            // The same address in the forms by which IPv6 carries it.
            check(&guard, &format!("::ffff:{address}"), false);
            check(&guard, &format!("64:ff9b::{address}"), false);
            check(&guard, &format!("::{address}"), false);
        }
    }

    #[test]
    fn ipv6_addresses_that_are_not_public_are_refused() {
        let guard = AddressGuard::default();
        for address in [
            "::",
            "::1",
            // IPv4-compatible, of a public address.
            "::1.1.1.1",
            // NAT64 of a network's own choice (RFC 8215).
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:53aa:64c:0:fbff:fefe:1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:101:101::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(&guard, address, false);
        }
    }

    #[test]
    fn allowed_networks_pass() {
        let guard = AddressGuard::new([Network::v4([127, 0, 0, 0], 8), Network::v6(1, 128)]);
        check(&guard, "127.0.0.1", true);
        check(&guard, "::1", true);
        check(&guard, "::ffff:127.0.0.1", true);
        check(&guard, "1.1.1.1", true);
        check(&guard, "10.0.0.1", false);
        check(&guard, "::2", false);
    }
}
