//! What crosses the wire in one auction: a lead and bids are read, pings are written and signed.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use exchange_benches::{BID, LEAD, NOW, bid, snapshot};
use exchange_catalog::{DisposableDomains, QualityCheck};
use exchange_types::{Date, LeadId, PingId, PingReply, SellerIndex, Submission, Uuid7, VerticalIndex};
use exchange_wire::lead::Against;
use exchange_wire::ping::{SharedPart, channel_of, render, render_shared};
use exchange_wire::sign::Signed;
use exchange_wire::{Mode, PingMessage, Pseudonyms, Signer, SourceRefs, lead, reply};

fn wire(criterion: &mut Criterion) {
    let snapshot = snapshot();
    let vertical = snapshot.vertical(VerticalIndex(0)).expect("the only vertical");
    let mut submission = Submission::default();
    let day = NOW.utc.0.div_euclid(86_400_000_000);
    let today = Date::from_days(i32::try_from(day).expect("a day of this century"));
    let disposable = DisposableDomains::bundled();
    let quality = QualityCheck { today, disposable: &disposable };
    let against = Against { snapshot: &snapshot, seller: SellerIndex(0), quality };
    criterion.bench_function("read a lead", |bencher| {
        bencher.iter(|| {
            let body = black_box(LEAD).as_bytes();
            lead::parse(body, Mode::Lead, against, &mut submission).expect("a good lead")
        });
    });
    assert_eq!(parse_bid(vertical), PingReply::Bids(bid(3_050, 0)));
    criterion.bench_function("read a bid", |bencher| bencher.iter(|| parse_bid(vertical)));

    let pseudonyms = Pseudonyms::new(&[7; 32]);
    let id = Uuid7::new(NOW.utc, 7);
    let part = SharedPart { vertical, lead: &submission, created_at: NOW.utc, today, test: false };
    let (mut shared, mut body) = (Vec::new(), Vec::new());
    criterion.bench_function("write ten pings", |bencher| {
        bencher.iter(|| {
            shared.clear();
            render_shared(black_box(&part), &mut shared);
            for campaign in &snapshot.campaigns {
                let source = pseudonyms.source_ref(&campaign.name, "bench");
                let message = PingMessage {
                    shared: &shared,
                    ping_id: PingId(id),
                    campaign: &campaign.name,
                    timeout_ms: 1_000,
                    lead_ref: pseudonyms.lead_ref(&campaign.name, LeadId(id)),
                    source: SourceRefs { source, sub: None },
                    channel: channel_of(&submission),
                    floor: None,
                };
                body.clear();
                render(&message, &mut body);
            }
            body.len()
        });
    });

    let campaign = snapshot.campaigns.first().expect("ten campaigns");
    let signer = Signer::new(&campaign.secrets);
    let ping = PingId(id).to_string();
    let mut signature = Vec::new();
    criterion.bench_function("sign a ping", |bencher| {
        bencher.iter(|| {
            signature.clear();
            let message = Signed { id: &ping, timestamp: 1_795_132_800, body: black_box(&body) };
            signer.signature(message, &mut signature);
        });
    });
}

fn parse_bid(vertical: &exchange_catalog::snapshot::Vertical) -> PingReply {
    reply::parse_ping(200, black_box(BID).as_bytes(), vertical.currency, vertical.bid_max)
}

criterion_group!(benches, wire);
criterion_main!(benches);
