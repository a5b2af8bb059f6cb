//! [`Recovery`]: what a node has to know after a restart, folded from its records.
//!
//! It is made from the records of a journal in their order, or from a checkpoint and the records after it; both
//! give the same. What it keeps is bounded, each part by a limit of its own: open sales by what was in flight
//! when the process stopped and the campaigns' `unknown_max`; closed ones and persons by [`RecoveryLimits`];
//! tallies by about 1,000 entries of 40 bytes a campaign; stops by
//! [`Stops::COUNT_MAX`]; suppression lists by the limit that the control plane keeps; what left those by the bytes of two filters.

mod bytes;
mod checkpoint;
mod closed_sales;
mod fold;
mod had;
mod money;
mod names;
mod open_sale;
mod slots;
mod stopped;
mod suppressed;
mod tallies;

use std::collections::{BTreeMap, VecDeque};

use exchange_counters::Posted;
use exchange_protocol::{OfferedRecord, Record, SealClass, SlotRef, SuppressionList};
use exchange_types::{Nanos, SellerIndex, UtcMicros, Uuid7};

pub(crate) use closed_sales::{ClosedSale, KnownPerson};
pub(crate) use had::HadByBuyer;
pub(crate) use open_sale::{KeptClaim, OpenPost, OpenSale};

use crate::NodeConfig;
use crate::Stops;
use crate::seen_filter::SeenFilter;
use closed_sales::{ClosedSales, Persons};
use had::HadByBuyers;
use money::Money;
use names::Names;
use slots::Slots;
use suppressed::Suppressed;
use tallies::Tallies;

/// For how long what a key was told is known.
pub(crate) const CLAIMS_HORIZON: Nanos = Nanos::from_secs(72 * 3_600);
/// For how long a sold person may count as a duplicate: the most that a catalog allows.
pub(crate) const PERSONS_HORIZON: Nanos = Nanos::from_secs(400 * 86_400);

/// What a node has to know after a restart.
#[derive(Debug)]
pub struct Recovery {
    limits: RecoveryLimits,
    /// The number of the last record that was taken in.
    applied: u64,
    /// The latest time that a record named.
    latest: UtcMicros,
    names: Names,
    tallies: Tallies,
    money: Money,
    open: BTreeMap<Uuid7, OpenSale>,
    /// When each open sale is looked at, to be dropped if nothing came of it.
    lapses: VecDeque<(UtcMicros, Uuid7)>,
    closed: ClosedSales,
    persons: Persons,
    seen_claims: SeenFilter,
    seen_persons: SeenFilter,
    slots: Slots,
    stops: Stops,
    suppressed: Suppressed,
    had: HadByBuyers,
}

/// How much a recovery keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryLimits {
    /// Closed sales, over all shards. One takes about a kilobyte.
    pub history_max: usize,
    /// Fingerprints of persons, over all shards. One takes about 100 bytes.
    pub fingerprints_max: usize,
    /// Sales that may still be returned. One takes about 100 bytes.
    pub sales_max: usize,
    /// Leads after one of which nothing came, before it may be dropped: by then it is over, whatever the clock says
    /// that was perhaps set forward meanwhile. One takes 32 bytes.
    pub leads_min: usize,
    /// Bytes of the filters of what is older.
    pub filter_bytes: usize,
}

/// Why bytes are no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The bytes are cut or no field of theirs.
    #[error("checkpoint is damaged at byte {at}")]
    Damaged {
        /// Where it was noticed.
        at: usize,
    },
    /// The checksum is another one.
    #[error("checkpoint has another checksum than its bytes")]
    Checksum,
    /// The version is unknown.
    #[error("unknown version of checkpoint {version}")]
    Version {
        /// What stands there.
        version: u32,
    },
}

impl RecoveryLimits {
    /// Returns what a node of these limits keeps.
    pub fn of(config: &NodeConfig) -> Self {
        let shards = usize::from(config.shards.max(1));
        Self {
            history_max: config.history_max.saturating_mul(shards),
            fingerprints_max: config.fingerprints_max.saturating_mul(shards),
            sales_max: 250_000,
            leads_min: 200_000,
            filter_bytes: config.filter_bytes,
        }
    }
}

impl Recovery {
    /// Returns a recovery that has seen no record.
    pub fn new(limits: RecoveryLimits) -> Self {
        let each = limits.filter_bytes.div_euclid(2);
        Self {
            limits,
            applied: 0,
            latest: UtcMicros(i64::MIN),
            names: Names::default(),
            tallies: Tallies::default(),
            money: Money::default(),
            open: BTreeMap::new(),
            lapses: VecDeque::new(),
            closed: ClosedSales::default(),
            persons: Persons::default(),
            seen_claims: SeenFilter::new(each, CLAIMS_HORIZON),
            seen_persons: SeenFilter::new(each, PERSONS_HORIZON),
            slots: Slots::default(),
            stops: Stops::default(),
            suppressed: Suppressed::default(),
            had: HadByBuyers::default(),
        }
    }

    /// Returns the number of the last record that was taken in: reading goes on after it.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Takes in the record of a number, with the ciphertexts that it owns one after another; nothing where
    /// an archive has dropped them. Records come in the order of their numbers; one that was taken in before
    /// changes nothing.
    pub fn apply(&mut self, sequence: u64, record: &Record, sealed: Option<&[u8]>) {
        if sequence <= self.applied {
            return;
        }
        self.applied = sequence;
        self.slots.take(record);
        self.fold(record, sealed.unwrap_or_default());
    }

    /// Returns the last slot of a class that a record names; keys are drawn from later files only.
    pub fn highest_slot(&self, class: SealClass) -> Option<SlotRef> {
        self.slots.highest(class)
    }

    /// Returns every slot that was erased.
    pub fn slots_erased(&self) -> impl Iterator<Item = SlotRef> + '_ {
        self.slots.erased()
    }

    /// Returns whether the names of a catalog's version are known.
    pub fn knows_catalog(&self, version: u64) -> bool {
        self.names.has(version)
    }

    /// Returns how many posts have an outcome that nobody knows.
    pub fn unknowns(&self) -> usize {
        let posts = self.open.values().flat_map(|sale| &sale.posts);
        posts.filter(|post| post.is_unknown()).count()
    }

    /// Returns how many pings have offers that are still open.
    pub fn open_pings(&self) -> usize {
        self.open.values().filter(|sale| sale.open_offers().is_some()).count()
    }

    pub(crate) fn stops(&self) -> &Stops {
        &self.stops
    }

    /// Returns which buyers have which persons after posts of which everything is known.
    pub(crate) fn had(&self) -> impl Iterator<Item = (u128, HadByBuyer, &str)> {
        self.had.iter().map(|(print, had)| (print, had, self.names.name(had.buyer).unwrap_or_default()))
    }

    /// Returns every entry of a suppression list with the buyer whose own list it is.
    pub(crate) fn suppressed(&self) -> impl Iterator<Item = (SuppressionList, &str, u128)> {
        self.suppressed.iter(&self.names)
    }

    pub(crate) fn open_sales(&self) -> impl Iterator<Item = &OpenSale> {
        self.open.values()
    }

    pub(crate) fn closed_sales(&self) -> impl Iterator<Item = &ClosedSale> {
        self.closed.iter()
    }

    pub(crate) fn persons(&self) -> impl Iterator<Item = (u128, KnownPerson)> + '_ {
        self.persons.iter()
    }

    /// Returns what was counted, each with the names of its campaign and buyer and a moment that lies in the
    /// same windows.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (&str, &str, UtcMicros, Posted)> + '_ {
        self.tallies.iter().filter_map(|((campaign, buyer), at, posted)| {
            let buyer = self.names.name(buyer)?;
            Some((self.names.name(campaign).unwrap_or_default(), buyer, at, posted))
        })
    }

    /// Returns where something was counted after a moment: sales, posts of which nobody knows, and offers.
    pub(crate) fn counted_after(&self, now: UtcMicros) -> impl Iterator<Item = (&str, &str, UtcMicros)> + '_ {
        let posts = self.open.values().flat_map(|sale| &sale.posts).filter(|post| post.is_unknown());
        let posts = posts.filter_map(|post| {
            let (campaign, buyer) = self.owner(post);
            Some((campaign, buyer, post.intended()?.at))
        });
        let offered = self.open.values().filter_map(OpenSale::open_offers);
        let offers = offered.flat_map(|OfferedRecord { story, held }| {
            story.offers.iter().zip(held).filter_map(|(offer, held)| {
                let campaign = story.candidates.get(offer.key.candidate.at())?.campaign;
                let (campaign, buyer) = self.names.campaign(story.catalog_version, campaign, offer.buyer);
                Some((self.names.name(campaign)?, self.names.name(buyer)?, held.at))
            })
        });
        let tallies = self.tallies().map(|(campaign, buyer, at, _)| (campaign, buyer, at));
        tallies.chain(posts).chain(offers).filter(move |(.., at)| now < *at)
    }

    /// Returns the names of the campaign and the buyer of a post.
    pub(crate) fn owner(&self, post: &OpenPost) -> (&str, &str) {
        let name = |id| self.names.name(id).unwrap_or_default();
        (name(post.owner.0), name(post.owner.1))
    }

    /// Returns what is left of what each buyer has paid ahead, in micros.
    pub(crate) fn balances(&self) -> impl Iterator<Item = (&str, i64)> + '_ {
        self.money.balances().filter_map(|(buyer, left)| Some((self.names.name(buyer)?, left)))
    }

    pub(crate) fn seller_of_person(&self, person: KnownPerson) -> &str {
        self.names.name(person.seller).unwrap_or_default()
    }

    /// Returns a seller's name in a version of the catalog.
    pub(crate) fn seller(&self, version: u64, seller: SellerIndex) -> &str {
        self.names.name(self.names.seller(version, seller)).unwrap_or_default()
    }

    pub(crate) fn seen(&self) -> (&SeenFilter, &SeenFilter) {
        (&self.seen_claims, &self.seen_persons)
    }
}

#[cfg(test)]
mod tests;
