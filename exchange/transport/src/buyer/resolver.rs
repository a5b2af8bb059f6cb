//! [`Resolver`]: names to addresses, with a small cache.

use core::cell::RefCell;
use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::time::Instant;

/// How long an answer is used. The system's resolver hides the answer's own time to live; buyers that move
/// between addresses usually allow for a minute.
const ANSWER_AGE_MAX: Duration = Duration::from_secs(30);
/// Names in the cache. A catalog with more distinct hosts still works, with more look-ups.
const NAMES_MAX: usize = 1_024;
/// Addresses of one name that are used: a client tries only a few anyway.
const ADDRESSES_MAX: usize = 8;

/// Resolves names by the system's resolver and keeps the answers for a while.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    answers: RefCell<BTreeMap<Box<str>, Answer>>,
}

#[derive(Debug)]
struct Answer {
    addresses: Rc<[IpAddr]>,
    asked_at: Instant,
}

impl Resolver {
    /// Returns the addresses of a name, or the address that `host` itself is; empty if there are none.
    ///
    /// Cancel-safe: a future dropped early stores nothing.
    pub(crate) async fn resolve(&self, host: &str) -> Rc<[IpAddr]> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Rc::new([address]);
        }
        if let Some(addresses) = self.cached(host) {
            return addresses;
        }
        // The port is added by the caller; the resolver only wants one.
        let Ok(answers) = tokio::net::lookup_host((host, 0)).await else { return Rc::new([]) };
        let mut addresses = Vec::with_capacity(ADDRESSES_MAX);
        for address in answers.map(|answer| answer.ip()) {
            if addresses.len() < ADDRESSES_MAX && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let addresses: Rc<[IpAddr]> = addresses.into();
        self.keep(host, &addresses);
        addresses
    }

    fn cached(&self, host: &str) -> Option<Rc<[IpAddr]>> {
        let answers = self.answers.borrow();
        let answer = answers.get(host)?;
        (answer.asked_at.elapsed() < ANSWER_AGE_MAX).then(|| Rc::clone(&answer.addresses))
    }

    fn keep(&self, host: &str, addresses: &Rc<[IpAddr]>) {
        let mut answers = self.answers.borrow_mut();
        if answers.len() >= NAMES_MAX {
            answers.retain(|_, answer| answer.asked_at.elapsed() < ANSWER_AGE_MAX);
        }
        if answers.len() < NAMES_MAX {
            let answer = Answer { addresses: Rc::clone(addresses), asked_at: Instant::now() };
            answers.insert(host.into(), answer);
        }
    }
}
