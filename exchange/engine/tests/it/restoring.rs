//! A ping whose offers were open when the process stopped goes on as if it had not.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_engine::{Engine, Restored};
use exchange_protocol::{
    CandidateIndex, Effect, Input, OfferKey, OfferedRecord, Record, Refusal, SaleKind, SealClass, SellerPost,
    SlotKey, decode_submission, encode_submission,
};
use exchange_types::{
    Amount, BidEntries, BidEntry, CampaignIndex, HashKey, Nanos, Now, PingReply, PostOutcome, Reason,
    SellerIndex, SmallText, SourceKey, Submission, UnknownCause, VerticalIndex,
};
use proptest::prelude::*;

use crate::catalog::catalog;
use crate::market::{ACCEPTED, Market};

const CAMPAIGNS: [&str; 4] = ["east", "north", "south", "west"];
const RULES: [&str; 3] = ["", "rule = \"second_price\"\nreserve = \"1.00\"", "rank_by = \"bid\""];

/// What a ping came to before the restart.
#[derive(Clone, Debug)]
struct Ping {
    max_buyers: u16,
    rules: usize,
    floor: Option<u32>,
    /// For each campaign the cents that it bids for one buyer, and for any number.
    bids: [(u32, Option<u32>); 4],
    without_room: [bool; 4],
}

/// What happens after it.
#[derive(Clone, Debug)]
struct Later {
    /// How long the process was away, and how long after that the seller comes.
    away_ms: u64,
    waits_ms: u64,
    ends: Ends,
    /// What each campaign's counters and replies say.
    without_room: [bool; 4],
    replies: [u8; 4],
}

#[derive(Clone, Debug)]
enum Ends {
    /// The seller posts: whether it names its first or last offer, with fallback or not, once or twice.
    Posts {
        named: Option<bool>,
        fallback: bool,
        twice: bool,
    },
    GivesBack,
    Expires,
}

fn offered(ping: &Ping) -> Market {
    let rules = RULES.get(ping.rules).expect("one of the rules");
    let mut market = Market::of(catalog(ping.max_buyers, rules, &CAMPAIGNS));
    for (name, without) in CAMPAIGNS.iter().zip(ping.without_room) {
        if without {
            market.refused.insert((*name).to_owned(), Reason::SoldCapReached);
        }
    }
    let mut submission = Box::<Submission>::default();
    submission.reset(VerticalIndex(0), SellerIndex(0), 2);
    submission.floor = ping.floor.map(cents_of);
    submission.set_source(SourceKey::Channel, "display");
    market.submit(SaleKind::TwoStep, submission);
    for (name, (alone, shared)) in CAMPAIGNS.iter().zip(ping.bids) {
        let mut entries = BidEntries::new();
        entries.push(entry(alone, 1, name));
        if let Some(shared) = shared {
            entries.push(entry(shared, 0, "shared"));
        }
        market.reply(name, &PingReply::Bids(entries));
    }
    market
}

fn cents_of(cents: u32) -> Amount {
    Amount::from_micros(i64::from(cents) * 10_000)
}

fn entry(cents: u32, max_buyers: u16, name: &str) -> BidEntry {
    let bid_id = SmallText::try_new(name).expect("a short name");
    BidEntry { amount: cents_of(cents), max_buyers, bid_id }
}

fn record_of(market: &Market) -> Option<OfferedRecord> {
    let offered =
        |record: &Record| if let Record::Offered(offered) = record { Some(offered.clone()) } else { None };
    market.records.iter().find_map(offered)
}

/// Returns the lead of a ping as its ciphertext holds it.
fn lead_of(market: &Market) -> Submission {
    let auction = market.engine.auction(market.auction).expect("an open ping");
    let [lead, consent] = [SealClass::Lead, SealClass::Consent].map(|part| {
        let mut bytes = Vec::new();
        encode_submission(auction.submission(), part, &mut bytes);
        bytes
    });
    decode_submission(&lead, Some(&consent)).expect("bytes just written")
}

/// Restarts the process: another engine, a monotonic clock that begins anew, and only the records.
fn restart(market: &mut Market, record: &OfferedRecord, away_ms: u64) {
    let submission = Box::new(lead_of(market));
    let held: Vec<_> = (0..4).map(CandidateIndex).filter(|index| is_live(market, *index)).collect();
    let reserved: BTreeMap<_, _> = held.iter().map(|index| (*index, reserve(market, *index))).collect();
    market.engine = Engine::new(16);
    market.written = 0;
    let away = Nanos::from_millis(away_ms);
    market.now = Now { mono: Nanos::from_millis(3), utc: market.now.utc.saturating_add(away) };
    let rotation_ids: Vec<u64> =
        record.story.candidates.iter().map(|candidate| u64::from(candidate.campaign.0)).collect();
    let restored = Restored {
        offered: record,
        submission,
        snapshot: Arc::clone(&market.snapshot),
        rotation: HashKey::new([3; 16]),
        rotation_ids: &rotation_ids,
    };
    market.auction = market.engine.restore(market.now, restored).expect("a ping that fits");
    assert_eq!(market.engine.poll_effect(), None, "nothing is done about it by itself");
    let again: BTreeMap<_, _> = (0..4)
        .map(CandidateIndex)
        .filter(|index| is_live(market, *index))
        .map(|index| (index, reserve(market, index)))
        .collect();
    assert_eq!(again, reserved, "what is reserved again is what was reserved");
}

fn is_live(market: &Market, index: CandidateIndex) -> bool {
    market.engine.auction(market.auction).is_some_and(|auction| auction.offer_is_live(index))
}

fn reserve(market: &Market, index: CandidateIndex) -> Amount {
    market.engine.auction(market.auction).expect("an open ping").reserve_amount(index)
}

fn post(market: &mut Market, named: Vec<OfferKey>, fallback: bool) -> Result<(), Refusal> {
    let mut submission = Box::<Submission>::default();
    submission.reset(VerticalIndex(0), SellerIndex(0), 2);
    let post = SellerPost { submission, named, fallback, wait: None };
    market.engine.check_post(market.auction, &post, market.now)?;
    market.engine.handle(market.now, Input::SellerPost { auction: market.auction, post: &post });
    market.carry_out();
    Ok(())
}

/// Plays what comes after the offers, and returns all that anybody may see of it.
fn play(mut market: Market, later: &Later, offers: &[OfferKey]) -> String {
    let effects_before = market.effects.len();
    let told_before = market.told.len();
    let mut refusals = Vec::new();
    for (name, without) in CAMPAIGNS.iter().zip(later.without_room) {
        if without {
            market.refused.insert((*name).to_owned(), Reason::BudgetExhausted);
        } else {
            market.refused.remove(*name);
        }
    }
    let open = market.engine.answer(market.auction, market.now).map(|answer| (answer.status, answer.offers));
    market.pass(later.waits_ms);
    match later.ends {
        Ends::Posts { named, fallback, twice } => {
            let named = named.and_then(|first| if first { offers.first() } else { offers.last() });
            let named: Vec<_> = named.copied().into_iter().collect();
            refusals.push(post(&mut market, named, fallback));
            answer_posts(&mut market, later, effects_before);
            if twice {
                refusals.push(post(&mut market, Vec::new(), true));
                answer_posts(&mut market, later, effects_before);
            }
        }
        Ends::GivesBack => {
            market.engine.handle(market.now, Input::GiveBack { auction: market.auction });
            market.carry_out();
        }
        Ends::Expires => {}
    }
    market.pass(400_000);
    let effects: Vec<_> = market.effects.iter().skip(effects_before).filter_map(named_effect).collect();
    let told: Vec<_> = market
        .told
        .iter()
        .skip(told_before)
        .map(|answer| (answer.status, answer.payout, answer.sales.clone(), answer.expires_at))
        .collect();
    let posted = market.posted();
    let closed = market.records.iter().rfind(|record| matches!(record, Record::Closed(_)));
    assert!(closed.is_some(), "the auction has ended");
    format!("{open:?}\n{refusals:?}\n{posted:?}\n{effects:?}\n{told:?}\n{closed:#?}")
}

/// Returns an effect without what counts from the start of the process.
fn named_effect(effect: &Effect) -> Option<String> {
    let same = SlotKey::default();
    let effect = match *effect {
        Effect::Append(_) => return None,
        Effect::SendPing(_, candidate) => Effect::SendPing(same, candidate),
        Effect::Reserve(_, candidate) => Effect::Reserve(same, candidate),
        Effect::Release(_, candidate) => Effect::Release(same, candidate),
        Effect::CountSent(_, candidate) => Effect::CountSent(same, candidate),
        Effect::ReleaseUnsent(_, candidate) => Effect::ReleaseUnsent(same, candidate),
        Effect::Commit(_, candidate) => Effect::Commit(same, candidate),
        Effect::PostEnded(_, candidate) => Effect::PostEnded(same, candidate),
        Effect::SendPost(_, candidate) => Effect::SendPost(same, candidate),
        Effect::Answer(_) => Effect::Answer(same),
        Effect::Ended(_) => Effect::Ended(same),
    };
    Some(format!("{effect:?}"))
}

/// Has the buyers answer until nobody is posted to any more.
fn answer_posts(market: &mut Market, later: &Later, from: usize) {
    for _ in 0..8 {
        let post = |effect: &Effect| if let Effect::SendPost(_, post) = effect { Some(*post) } else { None };
        let posts = market.effects.iter().skip(from).filter_map(post);
        for candidate in posts.collect::<Vec<_>>() {
            let reply = match later.replies.get(candidate.at()) {
                Some(0) => ACCEPTED,
                Some(1) => PostOutcome::Rejected,
                Some(2) => PostOutcome::Unknown(UnknownCause::Broken),
                _ => PostOutcome::Accepted { price: Some(cents_of(900)) },
            };
            let name = market.name(candidate);
            // An answer to a post that has one already changes nothing.
            market.post(&name, reply);
        }
    }
}

prop_compose! {
    fn ping()(
        max_buyers in 1_u16..4,
        rules in 0..RULES.len(),
        floor in prop::option::of(700_u32..900),
        bids in prop::array::uniform4((995_u32..1_005, prop::option::of(600_u32..1_000))),
        without_room in prop::array::uniform4(prop::bool::weighted(0.2)),
    ) -> Ping {
        Ping { max_buyers, rules, floor, bids, without_room }
    }
}

prop_compose! {
    fn later()(
        away_ms in 0_u64..20_000,
        waits_ms in prop_oneof![Just(0_u64), 0_u64..30_000],
        ends in prop_oneof![
            6 => (any::<Option<bool>>(), any::<bool>(), any::<bool>())
                .prop_map(|(named, fallback, twice)| Ends::Posts { named, fallback, twice }),
            1 => Just(Ends::GivesBack),
            1 => Just(Ends::Expires),
        ],
        without_room in prop::array::uniform4(prop::bool::weighted(0.15)),
        replies in prop::array::uniform4(0_u8..4),
    ) -> Later {
        Later { away_ms, waits_ms, ends, without_room, replies }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_between_ping_and_post_changes_nothing(ping in ping(), later in later()) {
        let mut through = offered(&ping);
        let Some(record) = record_of(&through) else {
            prop_assert!(through.story.is_some(), "a ping without offers is over and leaves no record of any");
            return Ok(());
        };
        let offers: Vec<_> = record.story.offers.iter().map(|offer| offer.key).collect();
        let mut restarted = offered(&ping);
        restart(&mut restarted, &record, later.away_ms);
        through.pass(later.away_ms);
        prop_assert_eq!(play(restarted, &later, &offers), play(through, &later, &offers));
    }
}

fn simple() -> Ping {
    let bids = [(1_000, None), (1_001, None), (1_002, None), (1_003, None)];
    Ping { max_buyers: 1, rules: 0, floor: None, bids, without_room: [false; 4] }
}

#[test]
fn the_record_of_offers_holds_what_stands_behind_them_and_delays_nothing() {
    let market = offered(&simple());
    let record = record_of(&market).expect("a record");
    let bid_ids: Vec<_> = record.held.iter().map(|held| held.bid_id.as_str().to_owned()).collect();
    assert_eq!(bid_ids, ["west", "south"]);
    let prices: Vec<_> = record.held.iter().map(|held| (held.price, held.reserved)).collect();
    assert_eq!(prices, [(cents_of(1_003), cents_of(1_003)), (cents_of(1_002), cents_of(1_002))]);
    let position = |wanted: fn(&Effect) -> bool| market.effects.iter().position(wanted).expect("the effect");
    let answered = position(|effect| matches!(effect, Effect::Answer(_)));
    let written = position(|effect| matches!(effect, Effect::Append(_)));
    assert!(answered < written, "the seller is told its offers before their record is even on its way");
    assert_eq!(market.records.len(), 1);
}

#[test]
fn offers_that_are_open_again_after_a_post_in_vain_are_not_recorded_again() {
    let mut market = offered(&simple());
    let key = record_of(&market).and_then(|record| record.story.offers.first().map(|offer| offer.key));
    post(&mut market, key.into_iter().collect(), false).expect("a post that may go on");
    market.post("west", PostOutcome::Rejected);
    // Whatever else comes in is looked at with the offers open.
    market.post("west", PostOutcome::Rejected);
    assert!(market.engine.auction(market.auction).is_some_and(exchange_engine::Auction::is_offering));
    let records = market.records.iter().filter(|record| matches!(record, Record::Offered(_)));
    assert_eq!(records.count(), 1, "a restart knows the posts that were made since");
}

#[test]
fn offers_that_expired_while_the_process_was_away_end_with_the_first_tick() {
    let mut market = offered(&simple());
    let record = record_of(&market).expect("a record");
    restart(&mut market, &record, 60_000);
    assert_eq!(market.engine.next_timeout(), Some(market.now.mono));
    let refused = post(&mut market, Vec::new(), true);
    assert_eq!(refused, Err(Refusal::PingExpired));
    market.pass(0);
    assert!(market.story.is_some());
    assert_eq!(market.held(), 0);
    assert_eq!(market.engine.auctions(), 0);
}

#[test]
fn parts_that_do_not_belong_together_open_nothing() {
    let market = offered(&simple());
    let record = record_of(&market).expect("a record");
    let mut engine = Engine::new(1);
    let mut restore = |offered: &OfferedRecord, snapshot, lead: Submission, rotation_ids: &[u64]| {
        let submission = Box::new(lead);
        let rotation = HashKey::new([3; 16]);
        let restored = Restored { offered, submission, snapshot, rotation, rotation_ids };
        engine.restore(market.now, restored)
    };
    let snapshot = || Arc::clone(&market.snapshot);
    let mut other = record.clone();
    other.story.catalog_version += 1;
    assert_eq!(restore(&other, snapshot(), lead_of(&market), &[0; 4]), None, "another catalog");
    let mut other = record.clone();
    other.story.kind = SaleKind::OneCall;
    assert_eq!(restore(&other, snapshot(), lead_of(&market), &[0; 4]), None, "no ping");
    let mut lead = lead_of(&market);
    lead.seller = SellerIndex(9);
    assert_eq!(restore(&record, snapshot(), lead, &[0; 4]), None, "another seller's lead");
    let mut lead = lead_of(&market);
    lead.vertical = VerticalIndex(9);
    assert_eq!(restore(&record, snapshot(), lead, &[0; 4]), None, "a lead of another vertical");
    assert_eq!(restore(&record, snapshot(), lead_of(&market), &[0; 3]), None, "a number is missing");
    // What no process has written: a record that contradicts itself or the catalog.
    let mut wrong = |change: fn(&mut OfferedRecord)| {
        let mut other = record.clone();
        change(&mut other);
        let mut lead = lead_of(&market);
        (lead.seller, lead.vertical) = (other.story.seller, other.story.vertical);
        restore(&other, snapshot(), lead, &[0; 4])
    };
    assert_eq!(wrong(|record| record.story.vertical = VerticalIndex(9)), None, "a vertical too many");
    assert_eq!(wrong(|record| record.story.seller = SellerIndex(9)), None, "a seller too many");
    assert_eq!(wrong(|record| record.held.clear()), None, "an offer without what stands behind it");
    let foreign = |record: &mut OfferedRecord| {
        record.story.candidates.iter_mut().for_each(|candidate| candidate.campaign = CampaignIndex(9));
    };
    assert_eq!(wrong(foreign), None, "campaigns that the catalog does not have");
    let beyond = |record: &mut OfferedRecord| {
        record.story.offers.iter_mut().for_each(|offer| offer.key.candidate = CandidateIndex(4));
    };
    assert_eq!(wrong(beyond), None, "offers of a candidate too many");
    assert!(restore(&record, snapshot(), lead_of(&market), &[0; 4]).is_some());
    assert_eq!(restore(&record, snapshot(), lead_of(&market), &[0; 4]), None, "no slot is left");
}
