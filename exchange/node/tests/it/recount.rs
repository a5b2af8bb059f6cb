//! What the counters must show, counted plainly over the records.

use std::collections::BTreeMap;

use exchange_catalog::snapshot::CapKind;
use exchange_counters::Owner;
use exchange_node::UnknownKey;
use exchange_protocol::{Outcome, Record};
use exchange_types::{Amount, Reason, UtcMicros};

use crate::world::Entry;

/// What the records say of one post.
pub(crate) struct NaivePost {
    pub(crate) campaign: String,
    pub(crate) buyer: String,
    pub(crate) at: UtcMicros,
    pub(crate) reserved: Amount,
    pub(crate) came_to: Option<Outcome>,
    pub(crate) resolved: Option<(Outcome, Amount)>,
    pub(crate) price: Amount,
}

/// Reads every post out of the records, plainly.
pub(crate) fn posts(journal: &[Entry]) -> BTreeMap<UnknownKey, NaivePost> {
    let mut names = BTreeMap::new();
    let mut posts: BTreeMap<UnknownKey, NaivePost> = BTreeMap::new();
    for entry in journal {
        match &entry.record {
            Record::Catalog(catalog) => {
                names.insert(catalog.version, catalog.clone());
            }
            Record::Intent { auction, candidate, campaign, catalog_version, reserved, at, .. } => {
                let (name, buyer, _) = &names[catalog_version].campaigns[campaign.at()];
                let post = NaivePost {
                    campaign: name.to_string(),
                    buyer: names[catalog_version].buyers[buyer.at()].to_string(),
                    at: *at,
                    reserved: *reserved,
                    came_to: None,
                    resolved: None,
                    price: Amount::ZERO,
                };
                posts.insert(UnknownKey { auction: *auction, candidate: *candidate }, post);
            }
            Record::Outcome { auction, candidate, outcome, price, .. } => {
                let post = posts.get_mut(&UnknownKey { auction: *auction, candidate: *candidate });
                let post = post.expect("an outcome follows its intent");
                post.came_to = Some(*outcome);
                post.price = *price;
            }
            Record::Resolved(found) => {
                let key = UnknownKey { auction: found.auction, candidate: found.candidate };
                posts.get_mut(&key).expect("a post").resolved = Some((found.outcome, found.price));
            }
            _ => {}
        }
    }
    posts
}

/// What a counter shows: posted and pending.
pub(crate) type Counts = (i64, i64);

/// Counts what the posts take from a cap of an owner in a window.
pub(crate) fn counted(
    posts: &BTreeMap<UnknownKey, NaivePost>,
    owner: &Owner,
    kind: CapKind,
    window: (UtcMicros, UtcMicros),
) -> Counts {
    let (mut posted, mut pending) = (0, 0);
    let own = posts.values().filter(|post| match owner {
        Owner::Campaign(name) => **name == *post.campaign,
        Owner::Buyer(name) => **name == *post.buyer,
    });
    for post in own.filter(|post| window.0 <= post.at && post.at < window.1) {
        let (came_to, price) =
            post.resolved.unwrap_or((post.came_to.unwrap_or(Outcome::Unknown), post.price));
        let unsent = post.resolved.is_none()
            && matches!(came_to, Outcome::Failed(Reason::PostFailed | Reason::Deadline));
        match (kind, came_to) {
            (CapKind::Sent, _) => posted += i64::from(!unsent),
            (CapKind::Sold, Outcome::Accepted) => posted += 1,
            (CapKind::Sold, Outcome::Unknown) => pending += 1,
            (CapKind::Budget, Outcome::Accepted) => posted += price.micros(),
            (CapKind::Budget, Outcome::Unknown) => pending += post.reserved.micros(),
            (CapKind::Balance, _) | (_, Outcome::Failed(_)) => {}
        }
    }
    (posted, pending)
}

/// Adds what open offers hold: those whose ping has neither an intent nor a last record.
pub(crate) fn held(journal: &[Entry], owner: &Owner, kind: CapKind) -> i64 {
    let mut names = BTreeMap::new();
    let mut open = BTreeMap::new();
    for entry in journal {
        match &entry.record {
            Record::Catalog(catalog) => {
                names.insert(catalog.version, catalog.clone());
            }
            Record::Offered(offered) => {
                open.insert(offered.story.id, offered.clone());
            }
            Record::Intent { auction, .. } => {
                open.remove(auction);
            }
            Record::Closed(story) => {
                open.remove(&story.id);
            }
            _ => {}
        }
    }
    let mut sum = 0;
    for offered in open.values() {
        let mut campaigns = BTreeMap::new();
        for (offer, held) in offered.story.offers.iter().zip(&offered.held) {
            campaigns.insert(offer.key.candidate, held.reserved);
        }
        for (candidate, reserved) in campaigns {
            let campaign = offered.story.candidates[candidate.at()].campaign;
            let names = &names[&offered.story.catalog_version];
            let (name, buyer, _) = &names.campaigns[campaign.at()];
            let is_own = match owner {
                Owner::Campaign(own) => **own == **name,
                Owner::Buyer(own) => **own == *names.buyers[buyer.at()],
            };
            if is_own {
                sum += if kind == CapKind::Budget { reserved.micros() } else { 1 };
            }
        }
    }
    sum
}
