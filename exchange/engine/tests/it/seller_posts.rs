//! What stands against a seller's post, row by row, and what a post changes by what it adds.

use exchange_protocol::{
    AnswerStatus, CandidateIndex, Effect, Input, OfferKey, Refusal, SaleKind, SellerPost,
};
use exchange_types::{
    BidEntries, BidEntry, FieldIndex, Nanos, PingReply, Reason, SellerIndex, SmallText, Submission, Value,
    VerticalIndex,
};

use crate::catalog::{campaign, catalog_with, company};
use crate::market::{ACCEPTED, Market, euros};

const ZIP: FieldIndex = FieldIndex(0);
const ROOF: FieldIndex = FieldIndex(2);
/// The values of the roof.
const PITCHED: u16 = 0;
const FLAT: u16 = 1;

/// What a ping or a post gives.
#[derive(Clone, Copy, Debug, Default)]
struct Gives {
    zip: Option<&'static str>,
    roof: Option<u16>,
}

fn lead(gives: Gives) -> Box<Submission> {
    let mut lead = Box::<Submission>::default();
    lead.reset(VerticalIndex(0), SellerIndex(0), 3);
    if let Some(zip) = gives.zip {
        let span = lead.push_text(zip);
        lead.set_value(ZIP, Some(Value::Text(span)));
    }
    lead.set_value(ROOF, gives.roof.map(Value::Choice));
    lead
}

/// Bids, each for so many companies; no number stands for any.
fn bids(entries: &[(i64, u16)]) -> PingReply {
    let mut bids = BidEntries::new();
    for (amount, max_buyers) in entries {
        bids.push(BidEntry { amount: euros(*amount), max_buyers: *max_buyers, bid_id: SmallText::EMPTY });
    }
    PingReply::Bids(bids)
}

/// Returns a ping whose offers are open: `north` bids alone and for company, `picky` takes pitched roofs only. The
/// roof is required.
fn offered(ping: Gives, max_buyers: Option<u16>) -> Market {
    let sections = [
        "[verticals.solar.fields.roof]\ntype = \"enum\"\nvalues = [\"pitched\", \"flat\"]\nrequired = \"post\"\n",
        &company("picky"),
        &campaign("picky", "picky", r#"filter = { field = "roof", equals = "pitched" }"#),
    ];
    let catalog = catalog_with(2, "offers_held = 8", &["north", "south", "west"], &sections.concat());
    let mut market = Market::of(catalog);
    let mut ping = lead(ping);
    ping.max_buyers = max_buyers;
    market.submit(SaleKind::TwoStep, ping);
    market.reply("north", &bids(&[(40, 1), (25, 0)]));
    market.reply("south", &bids(&[(35, 2)]));
    market.reply("west", &bids(&[(30, 0)]));
    market.reply("picky", &bids(&[(20, 0)]));
    market
}

/// Offers that a post names: the campaign, and which of its bids.
type Named = &'static [(&'static str, u8)];

fn post(market: &Market, gives: Gives, named: Named) -> SellerPost {
    let key = |(name, entry): &(&str, u8)| OfferKey { candidate: market.candidate(name), entry: *entry };
    SellerPost {
        submission: lead(gives),
        named: named.iter().map(key).collect(),
        fallback: false,
        wait: None,
    }
}

const NOTHING: Gives = Gives { zip: None, roof: None };
const GIVEN: Gives = Gives { zip: Some("10115"), roof: None };
const WHOLE: Gives = Gives { zip: Some("10115"), roof: Some(PITCHED) };

#[test]
fn an_offer_says_for_how_many_companies_it_holds() {
    for (wanted, any) in [(None, 2), (Some(1), 1)] {
        let market = offered(GIVEN, wanted);
        let offers = market.told.iter().flat_map(|answer| &answer.offers);
        let of: Vec<_> = offers
            .map(|offer| (market.name(offer.key.candidate), offer.key.entry, offer.max_buyers))
            .collect();
        let expected =
            [("north", 0, 1), ("south", 0, 2), ("west", 0, any), ("north", 1, any), ("picky", 0, any)];
        assert_eq!(of, expected.map(|(name, entry, buyers)| (name.to_owned(), entry, buyers)));
        assert_eq!(market.held(), 4, "a campaign with two offers has one hold");
        let reserved = |name: &str| {
            let auction = market.engine.auction(market.auction).expect("an open ping");
            auction.reserve_amount(market.candidate(name))
        };
        assert_eq!([reserved("north"), reserved("west")], [euros(40), euros(30)], "the largest of its bids");
    }
}

#[test]
fn a_post_is_checked_before_it_changes_anything() {
    let roof = |roof| Gives { roof: Some(roof), ..NOTHING };
    let cases: [(Gives, Gives, Named, Result<(), Refusal>); 15] = [
        (GIVEN, WHOLE, &[], Ok(())),
        (GIVEN, roof(FLAT), &[], Ok(())),
        (NOTHING, WHOLE, &[], Ok(())),
        (WHOLE, NOTHING, &[], Ok(())),
        (WHOLE, roof(PITCHED), &[], Ok(())),
        (WHOLE, roof(FLAT), &[], Err(Refusal::FieldsChanged(vec![ROOF]))),
        (
            WHOLE,
            Gives { zip: Some("80331"), roof: Some(FLAT) },
            &[],
            Err(Refusal::FieldsChanged(vec![ZIP, ROOF])),
        ),
        (GIVEN, Gives { zip: Some("80331"), roof: None }, &[], Err(Refusal::FieldsChanged(vec![ZIP]))),
        (GIVEN, GIVEN, &[], Err(Refusal::FieldsMissing(vec![ROOF]))),
        (GIVEN, WHOLE, &[("south", 0), ("west", 0)], Ok(())),
        (GIVEN, WHOLE, &[("north", 0)], Ok(())),
        (GIVEN, WHOLE, &[("north", 0), ("south", 0)], Err(Refusal::OffersConflict)),
        (GIVEN, WHOLE, &[("south", 0), ("west", 0), ("picky", 0)], Err(Refusal::OffersConflict)),
        (GIVEN, WHOLE, &[("north", 1), ("south", 1)], Err(Refusal::UnknownOffer(1))),
        (GIVEN, WHOLE, &[("north", 2)], Err(Refusal::UnknownOffer(0))),
    ];
    for (ping, given, named, expected) in cases {
        let market = offered(ping, None);
        let post = post(&market, given, named);
        let checked = market.engine.check_post(market.auction, &post, market.now);
        assert_eq!(checked, expected, "{ping:?} {given:?} {named:?}");
    }
    let alone = offered(GIVEN, Some(1));
    let two = post(&alone, WHOLE, &[("south", 0), ("west", 0)]);
    assert_eq!(alone.engine.check_post(alone.auction, &two, alone.now), Err(Refusal::OffersConflict));
}

#[test]
fn a_post_finds_the_ping_open_closed_expired_or_lost() {
    let mut market = offered(GIVEN, None);
    let whole = post(&market, WHOLE, &[]);
    let checked = |market: &Market| market.engine.check_post(market.auction, &whole, market.now);
    market.now.mono = market.now.mono.saturating_add(Nanos::from_millis(29_999));
    assert_eq!(checked(&market), Ok(()));
    market.now.mono = market.now.mono.saturating_add(Nanos::from_millis(1));
    assert_eq!(checked(&market), Err(Refusal::PingExpired), "the time is over, whatever the timer does");
    market.engine.handle(market.now, Input::Tick);
    assert_eq!(checked(&market), Err(Refusal::PingExpired), "over, and the slot not free yet");
    market.carry_out();
    assert_eq!(checked(&market), Err(Refusal::PingLost));

    let mut market = offered(GIVEN, None);
    market.engine.handle(market.now, Input::SellerPost { auction: market.auction, post: &whole });
    assert_eq!(checked(&market), Err(Refusal::PingClosed), "it is being sold");
    market.carry_out();
    for campaign in ["south", "west"] {
        assert_eq!(checked(&market), Err(Refusal::PingClosed), "it is posted");
        market.fast_disk = false;
        market.post(campaign, ACCEPTED);
    }
    market.engine.handle(market.now, Input::Durable { up_to: market.written });
    assert_eq!(checked(&market), Err(Refusal::PingClosed), "sold, and the slot not free yet");
    assert_eq!(market.engine.poll_effect().map(|effect| matches!(effect, Effect::Answer(_))), Some(true));

    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::TwoStep);
    assert_eq!(checked(&market), Err(Refusal::PingClosed), "its bids are out");
    market.bid("north", "40.00");
    assert_eq!(market.statuses(), [AnswerStatus::Offers]);
}

#[test]
fn a_filter_on_what_the_post_adds_takes_its_campaign_out() {
    for (roof, takes) in [(PITCHED, true), (FLAT, false)] {
        let mut market = offered(GIVEN, None);
        let post = post(&market, Gives { roof: Some(roof), ..NOTHING }, &[("picky", 0)]);
        market.engine.handle(market.now, Input::SellerPost { auction: market.auction, post: &post });
        market.carry_out();
        assert_eq!(market.posted().len(), usize::from(takes));
        let released = market.effects.iter().filter(|effect| matches!(effect, Effect::Release(..))).count();
        assert_eq!(released, usize::from(!takes), "the others' offers stay open");
        let story = market.engine.story(market.auction, market.now).expect("an auction in flight");
        let picky = story.candidates.get(market.candidate("picky").at()).expect("a candidate");
        assert_eq!(picky.reason == Some(Reason::Filtered), !takes, "{:?}", picky.reason);
    }
}

#[test]
fn an_offer_of_another_ping_stays_out_of_the_auction() {
    let mut market = offered(GIVEN, None);
    let stranger = CandidateIndex(9);
    let reply = exchange_types::PostReply::bare(ACCEPTED);
    let before = market.effects.len();
    market
        .engine
        .handle(market.now, Input::PostReply { auction: market.auction, candidate: stranger, reply });
    market.engine.handle(
        market.now,
        Input::PingReply { auction: market.auction, candidate: stranger, reply: &PingReply::NoBid },
    );
    market.carry_out();
    assert_eq!(market.effects.len(), before);
}

#[test]
fn a_sellers_patience_bounds_the_ping_and_the_post() {
    let mut ping = lead(GIVEN);
    ping.wait = Some(Nanos::from_millis(100));
    let mut market = Market::of(catalog_with(1, "", &["north", "south"], ""));
    market.submit(SaleKind::TwoStep, ping);
    market.bid("north", "40.00");
    market.pass(99);
    assert_eq!(market.statuses(), []);
    market.pass(1);
    assert_eq!(market.statuses(), [AnswerStatus::Offers], "a ping is answered when its bids close");

    // The post's own patience counts from the post, and no longer than the vertical's.
    for (wait, answered_after) in [(Some(1_000), 1_000), (Some(60_000), 4_000), (None, 4_000)] {
        let mut market = Market::of(catalog_with(1, "", &["north"], ""));
        market.lead(SaleKind::TwoStep);
        market.bid("north", "40.00");
        market.pass(10_000);
        let wait = wait.map(Nanos::from_millis);
        let post = SellerPost { wait, ..post(&market, NOTHING, &[]) };
        market.engine.handle(market.now, Input::SellerPost { auction: market.auction, post: &post });
        market.carry_out();
        market.pass(answered_after - 1);
        assert_eq!(market.told.len(), 1);
        market.pass(1);
        assert_eq!(market.told.len(), 2, "{wait:?}");
        let elapsed: Vec<_> = market.told.iter().map(|answer| answer.elapsed_us).collect();
        assert_eq!(elapsed, [0, answered_after * 1_000], "each step counts its own time");
    }
}
