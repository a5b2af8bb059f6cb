//! [`Market`]: an exchange with its buyers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};

use serde_json::Value;
use tempfile::TempDir;

use crate::buyers::Buyers;
use crate::catalog::CatalogText;
use crate::exchange::Exchange;
use crate::seller::{Answer, Caller, Request};

/// An exchange with its buyers. They end before their folder goes.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) exchange: Exchange,
    pub(crate) buyers: Buyers,
    _dir: TempDir,
}

impl Market {
    /// Starts buyers with a profile, and an exchange that sells to them.
    pub(crate) fn open(profile: &str, catalog: &CatalogText) -> Self {
        Self::open_with(profile, catalog, "")
    }

    /// The same with more in the configuration of the exchange.
    pub(crate) fn open_with(profile: &str, catalog: &CatalogText, more: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let buyers = Buyers::start(dir.path(), profile, &[]);
        let exchange = Exchange::start(dir.path(), &catalog.for_buyers_at(buyers.address()), more);
        Self { exchange, buyers, _dir: dir }
    }
}

/// Sells leads from many connections at once and returns every number with its answer, in order.
///
/// Each connection takes the next number as soon as it is free.
pub(crate) fn sell(
    seller: &Caller,
    connections: usize,
    serials: core::ops::Range<u64>,
    lead: fn(u64) -> Value,
) -> Vec<(u64, Answer)> {
    let next = AtomicU64::new(serials.start);
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = seller.connect();
                loop {
                    let serial = next.fetch_add(1, Ordering::Relaxed);
                    if serial >= serials.end {
                        break;
                    }
                    let answer = connection.lead(&lead(serial));
                    answers.lock().expect("no seller has failed").push((serial, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().expect("no seller has failed");
    answers.sort_by_key(|(serial, _)| *serial);
    answers
}

/// Sends requests over connections of their own, all at the same moment.
pub(crate) fn at_once(seller: &Caller, requests: &[Request<'_>]) -> Vec<Answer> {
    let start = Barrier::new(requests.len());
    std::thread::scope(|scope| {
        let callers: Vec<_> = requests
            .iter()
            .map(|request| {
                scope.spawn(|| {
                    let mut connection = seller.connect();
                    start.wait();
                    connection.call(request)
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("an answer comes")).collect()
    })
}
