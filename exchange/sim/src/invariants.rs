//! What must hold after every step: deadlines, and counters that are what the records say.

use std::collections::BTreeMap;

use exchange_catalog::snapshot::CapKind;
use exchange_counters::{CapRow, Owner, WindowId};
use exchange_node::{Current, Shard};
use exchange_protocol::{CandidateIndex, Outcome, SlotKey};
use exchange_types::{Amount, Nanos, Reason, UtcMicros};

use crate::ledger::{OutcomeLog, PostLog};
use crate::violation::Promise;
use crate::world::World;

/// Tenants of one slot between two looks at it; the looks follow every change, so a few are many.
const GENERATIONS_MAX: u32 = 64;

/// What is remembered from one look at the counters to the next.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// The largest limit that each window had: lowering one takes nothing back.
    limits: BTreeMap<(Owner, CapKind, WindowId), i64>,
    /// The generation of each slot, as far as it is known.
    generations: BTreeMap<(usize, u32), u32>,
    seen: Option<u64>,
}

/// A hold of an offer that is live.
struct Hold {
    seller: String,
    campaign: String,
    buyer: String,
    at: UtcMicros,
    money: Amount,
}

/// What a row of the counters has to show.
#[derive(Default)]
struct Expected {
    pending: i64,
    posted: i64,
}

impl Counted {
    /// Forgets what belongs to the shards of a process that has stopped.
    pub(crate) fn start_anew(&mut self) {
        self.generations.clear();
        self.seen = None;
    }
}

/// Checks that no request has waited beyond its time.
pub(crate) fn check_deadlines(world: &mut World) {
    let now = world.clock.now().mono;
    let late = world.waiting.first().copied().filter(|(due, _)| *due < now);
    world
        .verdicts
        .check(Promise::Deadline, late.is_none(), || format!("request {late:?} has no answer at {now:?}"));
}

/// Checks every window of every cap against the world's own account, where anything has changed.
pub(crate) fn check_caps(world: &mut World, shards: &[Shard], current: &Current, counted: &mut Counted) {
    if counted.seen == Some(world.ledger.changes) {
        return;
    }
    counted.seen = Some(world.ledger.changes);
    let holds = find_holds(world, shards, counted);
    check_holds(world, &holds);
    for row in current.caps.rows() {
        let Some(cell) = current.caps.cells().get(row.cell) else { continue };
        let (room, pending, posted, limit) = (cell.room(), cell.pending(), cell.posted(), cell.limit());
        let key = (row.owner.clone(), row.kind, row.window.id);
        let highest = counted.limits.entry(key).or_insert(limit);
        *highest = limit.max(*highest);
        let fits = pending.saturating_add(posted) <= *highest && pending >= 0 && posted >= 0;
        let adds_up = room == limit.saturating_sub(pending).saturating_sub(posted);
        let expected = expect(world, &holds, row);
        let counted_right = expected.pending == pending && expected.posted == posted;
        world.verdicts.check(Promise::Cap, fits && adds_up && counted_right, || {
            format!(
                "{:?} {:?} {}: limit {limit}, room {room}, pending {pending} (by the records {}), posted \
                 {posted} (by the records {})",
                row.owner, row.kind, row.window.id, expected.pending, expected.posted
            )
        });
    }
}

/// Checks that no seller holds more than it ever might, and that none was refused that holds nothing.
fn check_holds(world: &mut World, holds: &[Hold]) {
    let count = |seller: &str| holds.iter().filter(|hold| hold.seller == seller).count();
    for seller in core::mem::take(&mut world.ledger.throttled) {
        let held = count(&seller);
        world.verdicts.check(Promise::Holds, held > 0, || {
            format!("{seller} gets no offer for its many holds, and has none")
        });
    }
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    for plan in world.markets.values().flat_map(|market| &market.sellers) {
        let limit = most.entry(&plan.name).or_insert(0);
        *limit = plan.holds_max.max(*limit);
    }
    for (seller, limit) in most {
        let held = u64::try_from(count(seller)).unwrap_or(u64::MAX);
        world
            .verdicts
            .check(Promise::Holds, held <= limit, || format!("{seller} has {held} holds of at most {limit}"));
    }
}

fn find_holds(world: &World, shards: &[Shard], counted: &mut Counted) -> Vec<Hold> {
    let mut holds = Vec::new();
    for (place, shard) in shards.iter().enumerate() {
        let mut left = shard.auctions();
        for slot in 0..shard.shared().config().auctions_max {
            if left == 0 {
                break;
            }
            let known = counted.generations.entry((place, slot)).or_insert(0);
            let range = *known..known.saturating_add(GENERATIONS_MAX);
            let live = range.into_iter().find_map(|generation| {
                shard.auction(SlotKey { slot, generation }).map(|auction| (generation, auction))
            });
            let Some((generation, auction)) = live else { continue };
            *known = generation;
            left = left.saturating_sub(1);
            let hold_time = auction.vertical().map_or(Nanos::ZERO, |vertical| vertical.hold_time);
            let begun = world.clock.utc_at(auction.expires().saturating_sub(hold_time));
            for position in 0..auction.candidates().len() {
                let index = CandidateIndex(u16::try_from(position).unwrap_or(u16::MAX));
                let Some(campaign) = auction.campaign(index).filter(|_| auction.offer_is_live(index)) else {
                    continue;
                };
                if world.ledger.unheld.contains(&(auction.id(), index)) {
                    continue;
                }
                let buyer = auction.snapshot().and_then(|snapshot| snapshot.buyer(campaign.buyer));
                let entries = auction.contender(index).map(|contender| contender.entries).unwrap_or_default();
                let money = entries.as_slice().iter().map(|entry| entry.amount).max();
                let seller =
                    auction.snapshot().and_then(|snapshot| snapshot.seller(auction.submission().seller));
                let recorded = world.ledger.held.get(&(auction.id(), index)).map_or(begun, |held| held.at);
                // A round of a post moves its holds to the present windows. One that finds no room for all of its
                // picks ends there, and the next one may leave some of them out.
                let moved = auction.candidate(index).map_or(recorded, |candidate| candidate.taken.at);
                let at = recorded.max(moved);
                holds.push(Hold {
                    seller: seller.map(|seller| seller.name.to_string()).unwrap_or_default(),
                    campaign: campaign.name.to_string(),
                    buyer: buyer.map(|buyer| buyer.name.to_string()).unwrap_or_default(),
                    at,
                    money: money.unwrap_or_default(),
                });
            }
        }
    }
    holds
}

/// Works out from records and live offers what a row has to show.
fn expect(world: &World, holds: &[Hold], row: &CapRow) -> Expected {
    let owns = |campaign: &str, buyer: &str| match &row.owner {
        Owner::Campaign(name) => **name == *campaign,
        Owner::Buyer(name) => **name == *buyer,
    };
    let within = |at: UtcMicros| row.window.opens <= at && at < row.window.closes;
    let mut expected = Expected::default();
    for hold in holds.iter().filter(|hold| owns(&hold.campaign, &hold.buyer) && within(hold.at)) {
        let money =
            if matches!(row.kind, CapKind::Budget | CapKind::Balance) { hold.money.micros() } else { 1 };
        expected.pending = expected.pending.saturating_add(money);
    }
    for post in world.ledger.posts.values() {
        if owns(&post.campaign, &post.buyer) && within(post.at) {
            let (pending, posted) = counts(post, row.kind);
            expected.pending = expected.pending.saturating_add(pending);
            expected.posted = expected.posted.saturating_add(posted);
        }
    }
    expected
}

/// Returns what a post has pending and posted in a cap of a kind.
fn counts(post: &PostLog, kind: CapKind) -> (i64, i64) {
    let unsent = matches!(
        post.outcome,
        Some(OutcomeLog { outcome: Outcome::Failed(Reason::PostFailed | Reason::Deadline), .. })
    );
    let charged =
        post.counts_as().filter(|found| found.outcome == Outcome::Accepted).map(|found| found.price);
    match kind {
        CapKind::Sent => (0, i64::from(!unsent)),
        CapKind::Sold => (i64::from(post.is_open()), i64::from(charged.is_some())),
        CapKind::Budget | CapKind::Balance => {
            let pending = if post.is_open() { post.reserved.micros() } else { 0 };
            (pending, charged.map_or(0, Amount::micros))
        }
    }
}
