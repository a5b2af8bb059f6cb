//! Two-step sales: offers, the seller's post, what is given back.

use exchange_protocol::{AnswerStatus, Input, OfferKey, Record, Refusal, SaleKind, SellerPost};
use exchange_types::{
    Amount, BidEntries, BidEntry, PingReply, PostOutcome, Reason, SellerIndex, SmallText, Submission,
    UnsoldReason, UtcMicros, VerticalIndex,
};

use crate::market::{ACCEPTED, Market};

fn offered() -> Market {
    let mut market = Market::new(1, &["north", "south", "west"]);
    market.lead(SaleKind::TwoStep);
    for (campaign, amount) in [("south", "35.00"), ("west", "30.00"), ("north", "40.00")] {
        market.bid(campaign, amount);
    }
    market
}

#[test]
fn the_best_bids_become_offers_backed_by_holds() {
    let market = offered();
    assert_eq!(market.statuses(), [AnswerStatus::Offers]);
    let payouts: Vec<i64> =
        market.told.iter().flat_map(|answer| &answer.offers).map(|offer| offer.payout.micros()).collect();
    assert_eq!(payouts, [32_000_000, 28_000_000], "one more than may buy");
    assert_eq!(market.held(), 2);
}

#[test]
fn a_post_sells_the_best_offer_and_gives_the_others_back() {
    let mut market = offered();
    market.seller_posts(&[], true);
    assert_eq!(market.posted(), ["north"]);
    market.post("north", ACCEPTED);
    assert_eq!(market.statuses(), [AnswerStatus::Offers, AnswerStatus::Sold]);
    assert_eq!(market.held(), 0);
}

#[test]
fn a_chosen_offer_goes_first_and_others_follow_as_fallback_only() {
    for fallback in [true, false] {
        let mut market = offered();
        market.seller_posts(&["south"], fallback);
        assert_eq!(market.posted(), ["south"]);
        market.post("south", PostOutcome::Rejected);
        let expected: &[&str] = if fallback { &["south", "north"] } else { &["south"] };
        assert_eq!(market.posted(), expected);
    }
}

#[test]
fn a_ping_that_sold_nothing_stays_open_for_its_other_offers() {
    let mut market = offered();
    market.seller_posts(&["south"], false);
    market.post("south", PostOutcome::Rejected);
    assert_eq!(market.statuses(), [AnswerStatus::Offers, AnswerStatus::Unsold(UnsoldReason::PostsRejected)]);
    assert!(market.story.is_none(), "the ping is still open");
    market.seller_posts(&["north"], false);
    market.post("north", ACCEPTED);
    assert_eq!(market.statuses().last(), Some(&AnswerStatus::Sold));
    assert_eq!(market.held(), 0);
}

#[test]
fn offers_expire_and_give_their_holds_back() {
    let mut market = offered();
    market.pass(29_999);
    assert!(market.story.is_none());
    market.pass(1);
    assert_eq!(
        market.story.as_ref().map(|story| story.status),
        Some(AnswerStatus::Unsold(UnsoldReason::OffersExpired))
    );
    assert_eq!(market.reasons().get("north"), Some(&Some(Reason::NotPosted)));
    assert_eq!(market.reasons().get("west"), Some(&Some(Reason::Outbid)), "it was no offer");
    assert_eq!(market.held(), 0);
    assert_eq!(market.told.len(), 1, "nobody waits for an expiry");
}

#[test]
fn offers_that_expire_during_a_post_in_vain_end_with_it() {
    for disk in [true, false] {
        let mut market = offered();
        market.pass(29_000);
        market.fast_disk = disk;
        market.seller_posts(&["south"], false);
        market.sync();
        // The rejection comes too late, or in time and reaches the disk too late.
        market.pass(if disk { 1_001 } else { 500 });
        market.post("south", PostOutcome::Rejected);
        market.pass(if disk { 0 } else { 501 });
        market.sync();
        assert_eq!(market.statuses().last(), Some(&AnswerStatus::Unsold(UnsoldReason::PostsRejected)));
        assert_eq!(market.reasons().get("north"), Some(&Some(Reason::OfferExpired)));
        assert_eq!(market.held(), 0);
    }
}

#[test]
fn given_back_offers_hold_nothing() {
    let mut market = offered();
    let auction = market.auction;
    market.engine.handle(market.now, Input::GiveBack { auction });
    market.carry_out();
    assert_eq!(market.held(), 0);
    assert!(market.story.is_some());
}

#[test]
fn without_a_usable_bid_there_is_no_offer() {
    let mut market = Market::new(1, &["north"]);
    market.refused.insert("north".into(), Reason::BudgetExhausted);
    market.lead(SaleKind::TwoStep);
    market.bid("north", "40.00");
    assert!(matches!(market.statuses().as_slice(), [AnswerStatus::NoOffer(_)]));
    assert_eq!(market.reasons().get("north"), Some(&Some(Reason::BudgetExhausted)));
}

#[test]
fn a_post_that_cannot_go_on_changes_nothing() {
    let mut market = offered();
    let west = OfferKey { candidate: market.candidate("west"), entry: 0 };
    let mut submission = Box::<Submission>::default();
    submission.reset(VerticalIndex(0), SellerIndex(0), 2);
    let post = SellerPost { submission, named: vec![west], fallback: true, wait: None };
    let refused = market.engine.check_post(market.auction, &post, market.now);
    assert_eq!(refused, Err(Refusal::UnknownOffer(0)), "west was no offer");
    market.pass(30_000);
    let refused = market.engine.check_post(market.auction, &post, market.now);
    assert_eq!(refused, Err(Refusal::PingLost), "the slot is free again");
}

#[test]
fn nobody_gets_a_lead_whose_consent_does_not_name_it() {
    let offered = || {
        let mut market = Market::named(&["north", "south"]);
        let mut submission = Box::<Submission>::default();
        submission.reset(VerticalIndex(0), SellerIndex(0), 2);
        submission.push_named_seller("north GmbH");
        market.submit(SaleKind::TwoStep, submission);
        market.bid("north", "40.00");
        market.bid("south", "35.00");
        market
    };
    let mut market = offered();
    assert_eq!(market.seller_posts_with(&["south"], true, &[]), Err(Refusal::SellerNotNamed(0)));
    assert_eq!(market.seller_posts_with(&["north"], true, &["south GmbH"]), Err(Refusal::SellerNotNamed(0)));
    // Without a choice all live offers are allowed, but for those that the consent leaves out.
    assert_eq!(market.seller_posts_with(&[], true, &["south GmbH"]), Ok(()));
    assert_eq!(market.posted(), ["south"]);
    market.post("south", ACCEPTED);
    assert_eq!(market.reasons().get("north"), Some(&Some(Reason::NotNamedInConsent)));
    assert_eq!(market.held(), 0);
    let mut market = offered();
    assert_eq!(market.seller_posts_with(&[], true, &[]), Ok(()));
    assert_eq!(market.posted(), ["north"], "the ping's consent holds where the post names nobody");
}

/// Sums that were taken from the counters, each with the moment as of which it counts.
type Sums = Vec<(Amount, UtcMicros)>;

/// Returns what the records say was taken for offers, and for posts.
fn taken(market: &Market) -> (Sums, Sums) {
    let (mut held, mut posted) = (Vec::new(), Vec::new());
    for record in &market.records {
        if let Record::Offered(offered) = record {
            held.extend(offered.held.iter().map(|held| (held.reserved, held.at)));
        }
        if let Record::Intent { reserved, at, .. } = record {
            posted.push((*reserved, *at));
        }
    }
    (held, posted)
}

#[test]
fn records_carry_what_the_counters_took_and_as_of_when() {
    let tomorrow = UtcMicros(1_764_086_400_000_000);
    let euros = |euros: i64| Amount::from_micros(euros * 1_000_000);
    for kind in [SaleKind::OneCall, SaleKind::TwoStep] {
        for counted_at in [None, Some(tomorrow)] {
            let mut market = Market::new(1, &["north"]);
            market.counted_at = counted_at;
            let at = counted_at.unwrap_or(market.now.utc);
            market.lead(kind);
            let mut entries = BidEntries::new();
            for (amount, max_buyers) in [(euros(40), 1), (euros(30), 0)] {
                entries.push(BidEntry { amount, max_buyers, bid_id: SmallText::EMPTY });
            }
            market.reply("north", &PingReply::Bids(entries));
            if kind == SaleKind::TwoStep {
                // The cheaper entry is posted; the hold is that of both.
                let named = vec![OfferKey { candidate: market.candidate("north"), entry: 1 }];
                let mut submission = Box::<Submission>::default();
                submission.reset(VerticalIndex(0), SellerIndex(0), 2);
                let post = SellerPost { submission, named, fallback: false, wait: None };
                market.engine.handle(market.now, Input::SellerPost { auction: market.auction, post: &post });
                market.carry_out();
                assert_eq!(taken(&market), (vec![(euros(40), at); 2], vec![(euros(40), at)]));
            } else {
                assert_eq!(taken(&market), (vec![], vec![(euros(40), at)]));
            }
        }
    }
}
