//! Who should have bought, worked out from the world's own log of bids, without the auction's code.
//!
//! Sets of buyers are simply enumerated: first price, payout ranking, tiers, penalties, floors and reserves. An
//! auction in which two sets score the same is left out: turns break ties, and they have tests of their own.

use exchange_protocol::{CandidateIndex, Outcome, SaleKind, Story, StoryPost};
use exchange_types::{Amount, Reason};

use crate::catalog::Market;
use crate::seller::{Terms, What};
use crate::violation::Promise;
use crate::world::{World, cents_below};

/// A campaign in an auction, as the world knows it.
struct Bidder {
    candidate: CandidateIndex,
    buyer: usize,
    tier: u8,
    entries: Vec<Entry>,
    state: State,
}

struct Entry {
    position: u8,
    score: i128,
    limit: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Out,
    /// It has the lead or may have it, with an entry for so many.
    Kept(usize),
}

type Pick = (CandidateIndex, u8);

/// Checks the posts of an auction, round by round.
pub(crate) fn check(world: &mut World, story: &Story) {
    let Some(log) = world.ledger.auctions.get(&story.id) else { return };
    let Some(market) = world.markets.get(&log.catalog) else { return };
    let Some(request) = world.request_of(story.id) else { return };
    let (What::Lead(terms) | What::Ping(terms)) = request.what else { return };
    let margin = market.sellers.iter().find(|seller| seller.name == request.seller).map_or(0, |s| s.margin);
    let mut wrong = None;
    for post in &story.posts {
        wrong = wrong.or_else(|| wrong_price(world, story, post, margin));
    }
    if story.kind == SaleKind::OneCall && !story.interrupted && wrong.is_none() {
        let bidders = bidders(world, story, market, (terms, margin));
        let allowed = terms.max_buyers.map_or(market.max_buyers, |wanted| wanted.min(market.max_buyers));
        let wait = terms.wait_ms.map_or(market.answer_by_ms, |wait| wait.min(market.answer_by_ms));
        // A lead that had to wait for the store has less.
        let wait_us = wait.saturating_mul(1_000);
        let answer_by_us = story.asks.wait_us.map_or(wait_us, |left| wait_us.min(u64::from(left)));
        let limits = Limits {
            allowed: usize::from(allowed),
            last_start_us: answer_by_us.saturating_sub(market.post_min_ms.saturating_mul(1_000)),
        };
        wrong = wrong_round(story, bidders, &limits);
    }
    world.verdicts.check(Promise::BestBid, wrong.is_none(), || {
        format!("{:?}: {}\n{story:#?}", story.id, wrong.unwrap_or_default())
    });
}

struct Limits {
    allowed: usize,
    /// The latest start of a post after admission, in microseconds.
    last_start_us: u64,
}

fn wrong_price(world: &World, story: &Story, post: &StoryPost, margin: u32) -> Option<String> {
    let bid = bid_of(world, story, post)?;
    let lower = world.ledger.posts.get(&(story.id, post.candidate)).and_then(|known| known.lower);
    let full = cents_below(bid);
    let right = post.price == full
        || (post.outcome == Some(Outcome::Accepted)
            && lower.is_some_and(|lower| cents_below(lower) == post.price));
    if !right {
        return Some(format!("{post:?} of a bid of {bid:?}"));
    }
    let payout = payout(post.price, margin);
    let promised = story.offers.iter().map(|offer| offer.payout).min().unwrap_or_default();
    let paid = if post.outcome == Some(Outcome::Accepted) { post.payout } else { payout };
    let fits =
        if story.kind == SaleKind::OneCall { paid == payout } else { paid == payout || paid >= promised };
    (!fits).then(|| format!("{post:?} should pay {payout:?}"))
}

fn bid_of(world: &World, story: &Story, post: &StoryPost) -> Option<Amount> {
    let log = world.ledger.auctions.get(&story.id)?;
    let entries = log.bids.get(&post.candidate)?;
    entries.as_slice().get(usize::from(post.entry)).map(|entry| entry.amount)
}

/// Returns what a price pays under a margin in percent.
fn payout(price: Amount, margin: u32) -> Amount {
    let micros = i128::from(price.micros()).saturating_mul(100_i128.saturating_sub(i128::from(margin)));
    cents_below(Amount::from_micros(i64::try_from(micros.div_euclid(100)).unwrap_or(i64::MAX)))
}

fn bidders(world: &World, story: &Story, market: &Market, (terms, margin): (Terms, u32)) -> Vec<Bidder> {
    let Some(log) = world.ledger.auctions.get(&story.id) else { return Vec::new() };
    let snapshot = world.snapshots.get(&log.catalog);
    let mut bidders = Vec::new();
    for (position, candidate) in (0_u16..).zip(&story.candidates) {
        let index = CandidateIndex(position);
        let name =
            snapshot.and_then(|snapshot| snapshot.campaign(candidate.campaign)).map(|found| &*found.name);
        let Some(plan) = name.and_then(|name| market.campaign(name)) else { continue };
        let bids = match (plan.standing_cents, log.bids.get(&index)) {
            (Some(cents), _) => vec![(Amount::from_micros(cents.saturating_mul(10_000)), 0)],
            (None, Some(bids)) => bids.as_slice().iter().map(|bid| (bid.amount, bid.max_buyers)).collect(),
            (None, None) => Vec::new(),
        };
        let reserve = plan.reserve_cents.max(market.reserve_cents).unwrap_or(0);
        let floor = terms.floor_cents.unwrap_or(0).max(1);
        let passes = |bid: Amount| {
            let paid = payout(cents_below(bid), margin);
            bid.micros() >= reserve.saturating_mul(10_000) && paid.micros() >= floor.saturating_mul(10_000)
        };
        let kept = 100_i128.saturating_sub(i128::from(margin));
        let fair = 100_i128.saturating_sub(i128::from(plan.penalty));
        let entries =
            (0_u8..).zip(bids).filter(|(_, (bid, _))| passes(*bid)).map(|(position, (bid, limit))| {
                let score = i128::from(bid.micros()).saturating_mul(kept).saturating_mul(fair);
                let limit = if limit == 0 { usize::MAX } else { usize::from(limit) };
                Entry { position, score, limit }
            });
        // What has no room is not worked out anew here; the counters have their own check.
        let refused = matches!(
            candidate.reason,
            Some(
                Reason::SentCapReached
                    | Reason::SoldCapReached
                    | Reason::BudgetExhausted
                    | Reason::CircuitOpen
                    | Reason::Throttled
                    | Reason::Paused
            )
        );
        let had = candidate.reason == Some(Reason::DuplicateForBuyer) && has_the_person(world, story, name);
        let state = if refused || had { State::Out } else { State::Running };
        bidders.push(Bidder {
            candidate: index,
            buyer: plan.buyer,
            tier: plan.tier,
            entries: entries.collect(),
            state,
        });
    }
    bidders
}

/// Returns whether the company of a campaign was posted the person in another auction, so that it is offered the person
/// no more. Whom it declined as known in this auction the rounds themselves leave out.
fn has_the_person(world: &World, story: &Story, campaign: Option<&str>) -> bool {
    let Some(log) = world.ledger.auctions.get(&story.id) else { return false };
    let Some(snapshot) = world.snapshots.get(&log.catalog) else { return false };
    let buyer_of = |name: &str| {
        let found = snapshot.campaign(snapshot.campaign_named(name)?)?;
        snapshot.buyer(found.buyer).map(|buyer| &*buyer.name)
    };
    let buyer = campaign.and_then(buyer_of);
    let person = world.person(story.id);
    world.ledger.posts.iter().any(|((auction, _), post)| {
        *auction != story.id && Some(&*post.buyer) == buyer && world.person(*auction) == person
    })
}

/// Goes through the rounds of posts and returns what is wrong with the first that is not as it should be.
fn wrong_round(story: &Story, mut bidders: Vec<Bidder>, limits: &Limits) -> Option<String> {
    let mut posts = story.posts.as_slice();
    let mut clock = u64::from(story.bids_closed_us);
    loop {
        let begin = posts.first().map(|post| post.intent_us);
        let count = posts.iter().take_while(|post| Some(post.intent_us) == begin).count();
        let (round, rest) = posts.split_at_checked(count)?;
        let expected = best_set(&bidders, limits.allowed)?;
        let mut made: Vec<Pick> = round.iter().map(|post| (post.candidate, post.entry)).collect();
        made.sort_unstable();
        if made != expected {
            let out_of_time = made.is_empty() && clock > limits.last_start_us;
            return (!out_of_time).then(|| format!("posts {made:?} instead of {expected:?}"));
        }
        if made.is_empty() {
            return None;
        }
        if round.iter().any(|post| u64::from(post.intent_us) > limits.last_start_us) {
            return Some(format!("a post that starts after {} us", limits.last_start_us));
        }
        for post in round {
            take_outcome(&mut bidders, post);
            clock = clock.max(u64::from(post.replied_us));
        }
        let failed = round.iter().any(|post| matches!(post.outcome, Some(Outcome::Failed(_))));
        if !failed {
            return (!rest.is_empty()).then(|| "a post after a round of which none failed".to_owned());
        }
        posts = rest;
    }
}

fn take_outcome(bidders: &mut [Bidder], post: &StoryPost) {
    let Some(own) = bidders.iter_mut().find(|bidder| bidder.candidate == post.candidate) else { return };
    let buyer = own.buyer;
    let limit = own.entries.iter().find(|entry| entry.position == post.entry).map_or(1, |entry| entry.limit);
    own.state = match post.outcome {
        Some(Outcome::Failed(_)) => State::Out,
        Some(Outcome::Accepted | Outcome::Unknown) | None => State::Kept(limit),
    };
    if matches!(post.outcome, Some(Outcome::Failed(Reason::PostRejected | Reason::PostDuplicate))) {
        for other in bidders.iter_mut().filter(|other| other.buyer == buyer && other.state == State::Running)
        {
            other.state = State::Out;
        }
    }
}

/// Returns the set with the greatest sum of scores, in the order of the candidates; nothing where two are equal.
fn best_set(bidders: &[Bidder], allowed: usize) -> Option<Vec<Pick>> {
    let kept: Vec<(&Bidder, usize)> = bidders
        .iter()
        .filter_map(|bidder| if let State::Kept(limit) = bidder.state { Some((bidder, limit)) } else { None })
        .collect();
    let running = |bidder: &&Bidder| {
        bidder.state == State::Running && kept.iter().all(|(other, _)| other.buyer != bidder.buyer)
    };
    let bids = bidders.iter().filter(running).filter(|bidder| !bidder.entries.is_empty());
    let tier =
        kept.iter().map(|(bidder, _)| bidder.tier).max().or_else(|| bids.clone().map(|b| b.tier).min());
    let field: Vec<&Bidder> = bids.filter(|bidder| Some(bidder.tier) == tier).collect();
    let mut search = Search { field: &field, best: (0, Vec::new()), tied: false };
    let bound = kept.iter().map(|(_, limit)| *limit).min().unwrap_or(usize::MAX).min(allowed);
    for size in 1..=bound.saturating_sub(kept.len()).min(field.len()) {
        let total = size.saturating_add(kept.len());
        search.extend(0, (size, total), &mut Vec::new(), &mut Vec::new(), 0);
    }
    (!search.tied).then(|| {
        let (_, mut picks) = search.best;
        picks.sort_unstable();
        picks
    })
}

struct Search<'a> {
    field: &'a [&'a Bidder],
    best: (i128, Vec<Pick>),
    tied: bool,
}

impl Search<'_> {
    /// Tries every set of `size` entries that allow a set of `total`.
    fn extend(
        &mut self,
        from: usize,
        (size, total): (usize, usize),
        picks: &mut Vec<Pick>,
        buyers: &mut Vec<usize>,
        score: i128,
    ) {
        if picks.len() == size {
            if score > self.best.0 {
                self.best = (score, picks.clone());
                self.tied = false;
            } else if score == self.best.0 {
                self.tied = true;
            }
            return;
        }
        for (position, bidder) in self.field.iter().enumerate().skip(from) {
            if buyers.contains(&bidder.buyer) {
                continue;
            }
            for entry in bidder.entries.iter().filter(|entry| entry.limit >= total) {
                picks.push((bidder.candidate, entry.position));
                buyers.push(bidder.buyer);
                self.extend(
                    position.saturating_add(1),
                    (size, total),
                    picks,
                    buyers,
                    score.saturating_add(entry.score),
                );
                buyers.pop();
                picks.pop();
            }
        }
    }
}
