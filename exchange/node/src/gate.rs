//! [`Gate`]: how fast requests may come, by the address and by the key that they come with.
//!
//! It stands before everything else: a request that comes too fast is answered without its key being looked at, or
//! its body being read.

use core::net::IpAddr;
use core::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use exchange_types::{HashKey, Nanos, Pace};

use crate::Meter;
use crate::id_map::SharedIdMap;

/// Addresses whose requests are counted at a time: as many as have connections in a large exchange, several times over.
const ADDRESSES_MAX: usize = 65_536;
/// How often addresses that have been silent are looked for where there is no room: the search goes through them all.
const SWEEP_EVERY: Nanos = Nanos::from_secs(1);

/// How fast requests may come. What is left out has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateLimits {
    /// From one address: one of IPv4, or the 64 bits of IPv6 that one customer of a network has.
    pub per_address: Option<Pace>,
    /// With one key, unless the key has a limit of its own.
    pub per_key: Option<Pace>,
}

/// How fast requests may come, and how fast they came.
#[derive(Debug)]
pub struct Gate {
    limits: ArcSwap<GateLimits>,
    /// When the bucket of an address is full again, by its keyed hash: nobody can choose addresses that meet in one
    /// place. Those without an entry have not come for a while.
    addresses: SharedIdMap<u64>,
    keys: HashKey,
    /// For all that find no room among the addresses.
    crowd: Meter,
    swept_at: AtomicU64,
}

impl Gate {
    /// The most addresses that a gate remembers.
    pub const ADDRESSES_MAX: usize = ADDRESSES_MAX;

    /// Returns a gate through which nobody has come.
    pub fn new(limits: GateLimits, keys: HashKey) -> Self {
        Self {
            limits: ArcSwap::from_pointee(limits),
            addresses: SharedIdMap::default(),
            keys,
            crowd: Meter::default(),
            swept_at: AtomicU64::new(0),
        }
    }

    /// Puts other limits in force; who came lately is not forgotten.
    pub fn set(&self, limits: GateLimits) {
        self.limits.store(limits.into());
    }

    /// Lets a request of an address in.
    ///
    /// # Errors
    ///
    /// Says after how long one is let in.
    pub fn pass_address(&self, address: IpAddr, now: Nanos) -> Result<(), Nanos> {
        let Some(pace) = self.limits.load().per_address else { return Ok(()) };
        let address = self.keys.hasher().number(block(address)).finish();
        if !self.addresses.contains_key(&address) && !self.has_room(now) {
            return self.crowd.take(pace, now);
        }
        let mut full_at = self.addresses.entry(address).or_insert(0);
        *full_at = pace.take(Nanos(*full_at), now)?.0;
        Ok(())
    }

    /// Lets a request with a key in; the key may have a limit of its own.
    ///
    /// # Errors
    ///
    /// Says after how long one is let in.
    pub fn pass_key(&self, own: Option<Pace>, used: &Meter, now: Nanos) -> Result<(), Nanos> {
        own.or(self.limits.load().per_key).map_or(Ok(()), |pace| used.take(pace, now))
    }

    /// Returns whether another address can be remembered; where there is none left, those are forgotten whose buckets
    /// are full again, which is as if they had never come.
    fn has_room(&self, now: Nanos) -> bool {
        if self.addresses.len() < ADDRESSES_MAX {
            return true;
        }
        let swept_at = self.swept_at.load(Ordering::Relaxed);
        if now.0 < swept_at.saturating_add(SWEEP_EVERY.0) {
            return false;
        }
        let mine = self.swept_at.compare_exchange(swept_at, now.0, Ordering::Relaxed, Ordering::Relaxed);
        if mine.is_ok() {
            self.addresses.retain(|_, full_at| *full_at > now.0);
        }
        self.addresses.len() < ADDRESSES_MAX
    }
}

/// Returns the number for which the requests of an address count. No network of IPv6 has an upper half of zeros.
fn block(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() & (u128::MAX << 64),
    }
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn gate(per_address: &str, per_key: &str) -> Gate {
        let limits = GateLimits { per_address: Pace::parse(per_address), per_key: Pace::parse(per_key) };
        Gate::new(limits, HashKey::new([7; 16]))
    }

    fn v4(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(number))
    }

    #[test]
    fn each_address_has_its_own_bucket() {
        let gate = gate("2/s", "");
        let second = Nanos::from_secs(1);
        let table = [
            ("192.0.2.1", true),
            ("192.0.2.1", true),
            ("192.0.2.1", false),
            ("192.0.2.2", true),
            ("::ffff:192.0.2.1", false),
            ("2001:db8:0:1::1", true),
            ("2001:db8:0:1::2", true),
            ("2001:db8:0:1:ffff::3", false),
            ("2001:db8:0:2::1", true),
        ];
        for (address, let_in) in table {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(gate.pass_address(address, second).is_ok(), let_in, "{address}");
        }
        assert_eq!(gate.pass_address(v4(0xc000_0201), second), Err(Nanos(500_000_000)));
        gate.set(GateLimits::default());
        assert_eq!(gate.pass_address(v4(0xc000_0201), second), Ok(()), "no limit any more");
    }

    #[test]
    fn a_key_with_a_limit_of_its_own_follows_that() {
        let (gate, used) = (gate("", "1/s"), Meter::default());
        assert_eq!(gate.pass_key(None, &used, Nanos::ZERO), Ok(()));
        assert!(gate.pass_key(None, &used, Nanos::ZERO).is_err());
        let (own, used) = (Pace::parse("3/s"), Meter::default());
        let let_in = (0..10).filter(|_| gate.pass_key(own, &used, Nanos::ZERO).is_ok()).count();
        assert_eq!(let_in, 3);
    }

    #[test]
    fn a_crowd_shares_one_bucket_and_the_silent_make_room() {
        let gate = gate("5/s", "");
        let start = Nanos::from_secs(10);
        let count = u32::try_from(ADDRESSES_MAX).expect("a count");
        for number in 0..count {
            assert_eq!(gate.pass_address(v4(number), start), Ok(()));
        }
        let strangers = (count..count + 100).filter(|number| gate.pass_address(v4(*number), start).is_ok());
        assert_eq!(strangers.count(), 5, "they share what one has");
        assert_eq!(gate.addresses.len(), ADDRESSES_MAX, "and take no memory");
        assert_eq!(gate.pass_address(v4(0), start), Ok(()), "who was there has its own");
        let later = start.saturating_add(Nanos::from_secs(2));
        assert_eq!(gate.pass_address(v4(count), later), Ok(()));
        assert_eq!(gate.addresses.len(), 1, "the others have been silent");
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        assert_eq!(gate.pass_address(v6, later), Ok(()));
    }
}
