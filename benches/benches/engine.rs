//! One auction of ten bids through the engine, from the submission to the sale, without sockets.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use exchange_benches::{NOW, PINGED, bid, snapshot};
use exchange_catalog::Snapshot;
use exchange_engine::{Content, Engine};
use exchange_protocol::{CandidateIndex, Considered, Effect, Input, SaleKind, Submit, Taken, Verdict};
use exchange_types::{
    HashKey, Nanos, PingReply, PostOutcome, PostReply, SellerIndex, Submission, Uuid7, VerticalIndex,
};

/// What an auction leaves behind for the next one.
struct Reused {
    engine: Engine,
    content: Content,
    submission: Option<Box<Submission>>,
}

/// Sells one lead to the best of ten bids.
fn sell(reused: &mut Reused, snapshot: &Arc<Snapshot>, considered: &[Considered], replies: &[PingReply]) {
    let mut submission = reused.submission.take().unwrap_or_default();
    submission.reset(VerticalIndex(0), SellerIndex(0), 20);
    let submit = Submit {
        id: Uuid7::new(NOW.utc, 7),
        kind: SaleKind::OneCall,
        submission,
        snapshot: Arc::clone(snapshot),
        considered,
        rotation: HashKey::new([3; 16]),
    };
    let Some(auction) = reused.engine.handle(NOW, Input::Submit(submit)) else {
        unreachable!("every auction before it was freed")
    };
    carry_out(reused);
    for (candidate, reply) in (0..).map(CandidateIndex).zip(replies) {
        reused.engine.handle(NOW, Input::PingReply { auction, candidate, reply });
        carry_out(reused);
    }
    let candidate = CandidateIndex(PINGED - 1);
    let reply = PostReply::bare(PostOutcome::Accepted { price: None });
    reused.engine.handle(NOW, Input::PostReply { auction, candidate, reply });
    carry_out(reused);
    assert_eq!(reused.engine.auctions(), 0, "the auction has ended");
}

/// Grants every reservation and writes every record at once.
fn carry_out(reused: &mut Reused) {
    let Reused { engine, content, .. } = reused;
    while let Some(effect) = engine.poll_effect() {
        match effect {
            Effect::Reserve(auction, candidate) => {
                engine.handle(NOW, Input::Reserved { auction, candidate, room: Ok(Taken::default()) });
            }
            Effect::Append(up_to) => {
                engine.take_batch(|_| ());
                engine.handle(NOW, Input::Durable { up_to });
            }
            Effect::Ended(auction) => assert!(engine.free(auction, content)),
            Effect::SendPing(..)
            | Effect::SendPost(..)
            | Effect::Release(..)
            | Effect::ReleaseUnsent(..)
            | Effect::CountSent(..)
            | Effect::Commit(..)
            | Effect::PostEnded(..)
            | Effect::Answer(_) => {}
        }
    }
}

fn engine(criterion: &mut Criterion) {
    let snapshot = snapshot();
    let verdict = Verdict::Ping { timeout: Nanos::from_millis(250) };
    let vertical = snapshot.vertical(VerticalIndex(0)).expect("the only vertical");
    let considered: Vec<_> = vertical
        .campaigns
        .iter()
        .map(|campaign| Considered { campaign: *campaign, verdict, rotation_id: u64::from(campaign.0) })
        .collect();
    let replies: Vec<_> =
        (0..u32::from(PINGED)).map(|it| PingReply::Bids(bid(2_000 + it * 100, 0))).collect();
    let mut reused = Reused { engine: Engine::new(16), content: Content::default(), submission: None };
    criterion.bench_function("engine sells one lead of ten bids", |bencher| {
        bencher.iter(|| sell(&mut reused, &snapshot, black_box(&considered), black_box(&replies)));
    });
}

criterion_group!(benches, engine);
criterion_main!(benches);
