//! What an auction allocates in steady state.
#![expect(unsafe_code, reason = "a global allocator that counts is the only way to see every allocation")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use exchange_engine::{Content, Engine};
use exchange_protocol::{CandidateIndex, Effect, Input, SaleKind, Taken};
use exchange_types::{Now, PingReply, PostReply};

use crate::market::{ACCEPTED, Market, bid};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed to the system's allocator unchanged; the count is a plain thread-local cell
// that neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Sells one lead to ten campaigns with nothing around the engine, and returns what that allocated.
fn sell(market: &mut Market, replies: &[PingReply], content: &mut Content) -> u64 {
    market.lead(SaleKind::OneCall);
    let (auction, now) = (market.auction, market.now);
    let engine = &mut market.engine;
    let before = ALLOCATIONS.get();
    for (candidate, reply) in (0..).map(CandidateIndex).zip(replies) {
        engine.handle(now, Input::PingReply { auction, candidate, reply });
        carry_out(engine, now, content);
    }
    let (candidate, reply) = (CandidateIndex(9), PostReply::bare(ACCEPTED));
    engine.handle(now, Input::PostReply { auction, candidate, reply });
    carry_out(engine, now, content);
    assert_eq!(engine.auctions(), 0, "the auction has ended");
    ALLOCATIONS.get() - before
}

/// Pings for offers of ten campaigns, has them given back, and returns what that allocated.
fn offer(market: &mut Market, replies: &[PingReply], content: &mut Content) -> u64 {
    market.lead(SaleKind::TwoStep);
    let (auction, now) = (market.auction, market.now);
    let engine = &mut market.engine;
    let before = ALLOCATIONS.get();
    for (candidate, reply) in (0..).map(CandidateIndex).zip(replies) {
        engine.handle(now, Input::PingReply { auction, candidate, reply });
        carry_out(engine, now, content);
    }
    assert!(engine.auction(auction).is_some_and(|auction| auction.offers().len() == 2));
    engine.handle(now, Input::GiveBack { auction });
    carry_out(engine, now, content);
    assert_eq!(engine.auctions(), 0, "the auction has ended");
    ALLOCATIONS.get() - before
}

fn carry_out(engine: &mut Engine, now: Now, content: &mut Content) {
    while let Some(effect) = engine.poll_effect() {
        match effect {
            Effect::Reserve(auction, candidate) => {
                engine.handle(now, Input::Reserved { auction, candidate, room: Ok(Taken::default()) });
            }
            Effect::Append(up_to) => {
                engine.take_batch(|_| ());
                engine.handle(now, Input::Durable { up_to });
            }
            Effect::Ended(auction) => assert!(engine.free(auction, content)),
            Effect::SendPing(..)
            | Effect::SendPost(..)
            | Effect::Release(..)
            | Effect::CountSent(..)
            | Effect::PostEnded(..)
            | Effect::ReleaseUnsent(..)
            | Effect::Commit(..)
            | Effect::Answer(_) => {}
        }
    }
}

#[test]
fn an_auction_in_steady_state_allocates_nothing() {
    check(sell);
}

#[test]
fn offers_in_steady_state_allocate_nothing() {
    check(offer);
}

fn check(run: fn(&mut Market, &[PingReply], &mut Content) -> u64) {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let mut market = Market::new(1, &names);
    let mut content = Content::default();
    let replies: Vec<_> = (0..10).map(|cents| bid(&format!("{}.00", 30 + cents))).collect();
    let counts: Vec<u64> = (0..40).map(|_| run(&mut market, &replies, &mut content)).collect();
    let steady = counts.get(20..).expect("forty sales");
    assert!(steady.iter().all(|count| *count == 0), "allocations of each auction: {counts:?}");
    assert!(counts.first().is_some_and(|count| *count > 0), "the count sees the first auction's buffers");
}
