//! What the engine shows and hands out beside its effects.

use std::sync::Arc;

use exchange_engine::{Content, Engine};
use exchange_protocol::{Acknowledgement, Input, Record, SaleKind, decode_record};
use exchange_types::{CampaignIndex, Nanos, PingReply, SellerIndex, UtcMicros, Uuid7};

use crate::market::{ACCEPTED, Market};

/// Slots in use, auctions in flight, and whether another finds a slot.
fn counts(engine: &Engine) -> (usize, usize, bool) {
    (engine.auctions(), engine.in_flight(), engine.has_room())
}

#[test]
fn offers_that_wait_for_their_seller_are_not_in_flight() {
    let mut market = Market::new(1, &["north"]);
    market.engine = Engine::new(2);
    assert_eq!(counts(&market.engine), (0, 0, true));
    market.lead(SaleKind::TwoStep);
    assert_eq!(counts(&market.engine), (1, 1, true));
    market.bid("north", "40.00");
    assert_eq!(counts(&market.engine), (1, 0, true));
    market.lead(SaleKind::OneCall);
    assert_eq!(counts(&market.engine), (2, 1, false));
    market.reply("north", &PingReply::NoBid);
    assert_eq!(counts(&market.engine), (1, 0, true));
}

#[test]
fn an_auction_shows_whether_it_was_answered_and_has_the_whole_lead() {
    let shows = |market: &Market| {
        let auction = market.engine.auction(market.auction).expect("an auction in flight");
        (auction.is_offering(), auction.is_answered(), auction.was_posted_or_called())
    };
    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::OneCall);
    assert_eq!(shows(&market), (false, false, true));
    market.bid("north", "40.00");
    market.pass(4_000);
    assert_eq!(shows(&market), (false, true, true), "answered as pending");
    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::TwoStep);
    assert_eq!(shows(&market), (false, false, false));
    market.bid("north", "40.00");
    assert_eq!(shows(&market), (true, true, false));
    market.seller_posts(&[], true);
    assert_eq!(shows(&market), (false, false, true));
}

#[test]
fn an_auction_shows_with_what_it_was_begun() {
    let mut market = Market::new(1, &["north", "south"]);
    market.lead(SaleKind::OneCall);
    market.pass(10);
    let began = market.now;
    market.lead(SaleKind::TwoStep);
    market.pass(10);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    let auction = market.engine.auction(market.auction).expect("an open ping");
    assert_eq!((auction.key(), auction.kind()), (market.auction, SaleKind::TwoStep));
    assert_eq!((auction.id(), auction.admitted()), (Uuid7::new(began.utc, 7), began));
    assert!(auction.snapshot().is_some_and(|snapshot| Arc::ptr_eq(snapshot, &market.snapshot)));
    assert_eq!(auction.vertical().map(|vertical| &*vertical.name), Some("solar"));
    assert_eq!(auction.rules().map(|rules| rules.max_buyers), Some(1));
    let campaigns: Vec<_> = auction.candidates().iter().map(|candidate| candidate.campaign).collect();
    assert_eq!(campaigns, [CampaignIndex(0), CampaignIndex(1)]);
    let south = market.candidate("south");
    assert_eq!(auction.campaign(south).map(|campaign| &*campaign.name), Some("south"));
    assert_eq!(auction.contender(south).map(|contender| contender.campaign), Some(CampaignIndex(1)));
    assert_eq!(auction.expires(), market.now.mono.saturating_add(Nanos::from_secs(30)));
    assert_eq!(auction.submission().seller, SellerIndex(0));
}

#[test]
fn an_auction_is_freed_once_it_is_over() {
    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::OneCall);
    assert!(!market.engine.free(market.auction, &mut Content::default()), "its pings are out");
    market.engine.handle(
        market.now,
        Input::PingReply {
            auction: market.auction,
            candidate: market.candidate("north"),
            reply: &PingReply::NoBid,
        },
    );
    let auction = market.engine.auction(market.auction).expect("its slot is not free yet");
    assert_eq!((auction.key(), auction.id()), (market.auction, Uuid7::new(market.now.utc, 7)));
    let mut content = Content::default();
    assert!(market.engine.free(market.auction, &mut content));
    assert!(content.snapshot.is_some_and(|snapshot| snapshot.version == 1));
    assert!(matches!(decode_record(&content.record), Ok((Record::Closed(_), []))));
    assert!(market.engine.auction(market.auction).is_none());
    assert!(!market.engine.free(market.auction, &mut Content::default()), "it is free already");
}

#[test]
fn the_buffers_of_a_lead_come_back_with_the_next_auction_of_its_slot() {
    let mut market = Market::new(1, &["north"]);
    assert!(market.engine.take_spare().is_none());
    market.lead(SaleKind::OneCall);
    assert!(market.engine.take_spare().is_some());
    assert!(market.engine.take_spare().is_none());
}

#[test]
fn records_of_the_node_are_numbered_with_those_of_the_auctions() {
    let mut market = Market::new(1, &["north"]);
    market.fast_disk = false;
    let record = Record::Acknowledged(Acknowledgement {
        lead: Uuid7::new(market.now.utc, 7),
        buyer: "north".into(),
        at: market.now.utc,
    });
    assert_eq!(market.engine.append(&record), 1);
    assert_eq!(market.engine.append_sealed(&record, &[7, 8]), 2);
    let mut batches = Vec::new();
    let mut take = |engine: &mut Engine| {
        engine.take_batch(|batch| {
            batches.push((batch.first, batch.count, batch.bytes.len(), batch.sealed.to_vec()));
        });
    };
    take(&mut market.engine);
    take(&mut market.engine);
    assert_eq!(market.engine.append(&record), 3);
    take(&mut market.engine);
    let length = batches.last().map_or(0, |(_, _, length, _)| *length);
    assert!(length > 0);
    assert_eq!(batches, [(1, 2, 2 * length, vec![7, 8]), (3, 1, length, Vec::new())], "no batch is empty");
    assert!(!market.engine.is_durable(1));
    market.engine.handle(market.now, Input::Durable { up_to: 2 });
    market.engine.handle(market.now, Input::Durable { up_to: 1 });
    assert_eq!([1, 2, 3].map(|record| market.engine.is_durable(record)), [true, true, false]);
}

#[test]
fn an_answer_names_its_times() {
    let day = Nanos::from_secs(24 * 3_600);
    let mut market = Market::new(1, &["north"]);
    let began = market.now.utc;
    market.lead(SaleKind::OneCall);
    let after = |millis: u64| began.saturating_add(Nanos::from_millis(millis));
    let times = |market: &Market| {
        let answer = market.engine.answer(market.auction, market.now).expect("an auction in flight");
        (answer.elapsed_us, answer.settles_by, answer.expires_at)
    };
    market.pass(100);
    assert_eq!(times(&market), (100_000, after(4_000), UtcMicros(0)), "no post is out: at the answer");
    market.bid("north", "40.00");
    assert_eq!(times(&market), (100_000, after(5_100), UtcMicros(0)), "when the post is given up");
    market.pass(3_900);
    market.fast_disk = false;
    market.pass(1_100);
    assert_eq!(
        times(&market),
        (4_000_000, began.saturating_add(day), UtcMicros(0)),
        "an unknown goes to a person, and an answered step counts no further"
    );

    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::TwoStep);
    market.pass(100);
    market.bid("north", "40.00");
    assert_eq!(times(&market), (100_000, after(4_000), after(30_100)));
    market.pass(1_000);
    market.seller_posts(&[], true);
    market.pass(200);
    assert_eq!(times(&market), (200_000, after(6_100), after(30_100)));
    market.post("north", ACCEPTED);
    let told: Vec<_> = market.told.iter().map(|answer| (answer.elapsed_us, answer.catalog_version)).collect();
    assert_eq!(told, [(100_000, 1), (200_000, 1)]);
}
