//! How long a restart reads its records: decoded and folded, one core, without the disk.
//!
//! An iteration is 100,000 auctions; every other one is sold, so it is 300,000 records. A million take three and
//! a third of it.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use exchange_node::{NodeConfig, Recovery, RecoveryLimits};
use exchange_protocol::{
    AnswerStatus, CandidateIndex, CatalogNames, ClaimRecord, LeadRecord, Outcome, Record, SaleKind,
    SealClass, Sealed, SlotRef, Story, StoryCandidate, StoryPost, decode_record, encode_record,
};
use exchange_types::{
    Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, Currency, HashKey, Person, SellerIndex,
    SmallText, UtcMicros, Uuid7, VerticalIndex,
};

const AUCTIONS: u64 = 100_000;
/// Bytes of a lead's ciphertext.
const SEALED_BYTES: u32 = 700;
const BEGIN: i64 = 1_795_255_200_000_000;

/// The records of an auction, encoded; the id stands behind the header of each.
struct Templates {
    unsold: Vec<Vec<u8>>,
    sold: Vec<Vec<u8>>,
}

fn templates() -> Templates {
    let encoded = |record: &Record| {
        let mut bytes = Vec::new();
        encode_record(record, &mut bytes);
        bytes
    };
    let lead = encoded(&Record::Lead(lead()));
    let intent = encoded(&Record::Intent {
        auction: Uuid7::default(),
        seller: SellerIndex(0),
        vertical: VerticalIndex(0),
        catalog_version: 1,
        campaign: CampaignIndex(3),
        buyer: BuyerIndex(3),
        candidate: CandidateIndex(3),
        entry: 0,
        price: Amount::from_micros(31_500_000),
        payout: Amount::from_micros(25_200_000),
        reserved: Amount::from_micros(32_000_000),
        exclusive: true,
        bid_id: SmallText::EMPTY,
        at: UtcMicros(BEGIN),
        give_up_at: UtcMicros(BEGIN),
    });
    let outcome = encoded(&Record::Outcome {
        auction: Uuid7::default(),
        candidate: CandidateIndex(3),
        outcome: Outcome::Accepted,
        price: Amount::from_micros(31_500_000),
        payout: Amount::from_micros(25_200_000),
        digest: [7; 16],
        at: UtcMicros(BEGIN),
        settles_at: UtcMicros(BEGIN),
        redirect_url: Box::default(),
    });
    let closed = |status| encoded(&Record::Closed(story(status)));
    let unsold = closed(AnswerStatus::Unsold(exchange_types::UnsoldReason::NoBid));
    Templates {
        unsold: vec![lead.clone(), unsold],
        sold: vec![lead, intent, outcome, closed(AnswerStatus::Sold)],
    }
}

fn lead() -> LeadRecord {
    LeadRecord {
        id: Uuid7::default(),
        kind: SaleKind::OneCall,
        seller: SellerIndex(0),
        vertical: VerticalIndex(0),
        test: false,
        catalog_version: 1,
        admitted: UtcMicros(BEGIN),
        claim: None,
        prints: [None; 4],
        person: Person::default(),
        seller_ref: Some(8),
        taken_until: UtcMicros(BEGIN + 1_000_000_000_000),
        again_from: UtcMicros(BEGIN + 1_000_000_000),
        sealed: Sealed {
            slot: SlotRef { class: SealClass::Lead, file: 3, index: 77 },
            length: SEALED_BYTES,
            digest: [9; 32],
        },
        consent: None,
    }
}

fn story(status: AnswerStatus) -> Story {
    let mut entries = BidEntries::new();
    entries.push(BidEntry {
        amount: Amount::from_micros(5_000_000),
        max_buyers: 1,
        bid_id: SmallText::EMPTY,
    });
    let candidate = |number| StoryCandidate {
        campaign: CampaignIndex(number),
        entries,
        replied_us: 40_000,
        ..StoryCandidate::default()
    };
    let sold = status == AnswerStatus::Sold;
    let post = StoryPost {
        candidate: CandidateIndex(3),
        buyer: BuyerIndex(3),
        outcome: Some(Outcome::Accepted),
        ..StoryPost::default()
    };
    Story {
        catalog_version: 1,
        admitted: UtcMicros(BEGIN),
        status,
        candidates: (0..10).map(candidate).collect(),
        posts: if sold { vec![post] } else { Vec::new() },
        ..Story::default()
    }
}

fn catalog() -> Record {
    let names =
        |kind: &str| (0..20).map(|number| format!("{kind}{number}").into()).collect::<Vec<Box<str>>>();
    let campaign = |number: u32| (format!("c{number}").into(), BuyerIndex(number), VerticalIndex(0));
    Record::Catalog(CatalogNames {
        version: 1,
        at: UtcMicros(BEGIN),
        verticals: vec![("solar".into(), Currency::parse("EUR").expect("a currency"))],
        sellers: names("seller"),
        buyers: names("buyer"),
        campaigns: (0..20).map(campaign).collect(),
    })
}

/// Decodes and folds the records of many auctions, each with an id, a key and a person of its own.
fn fold(mut recovered: Recovery, templates: &Templates, sealed: &[u8]) -> Recovery {
    let keys = HashKey::new([3; 16]);
    let (mut sequence, mut bytes) = (1, Vec::new());
    recovered.apply(sequence, &catalog(), None);
    for number in 0..AUCTIONS {
        let bits = keys.hasher().number(u128::from(number)).finish();
        let at = UtcMicros(BEGIN + i64::try_from(number).unwrap_or(0) * 1_000);
        let id = Uuid7::new(at, bits);
        for template in if number % 2 == 0 { &templates.sold } else { &templates.unsold } {
            bytes.clear();
            bytes.extend_from_slice(template);
            if let Some(place) = bytes.get_mut(6..22) {
                place.copy_from_slice(&id.as_u128().to_le_bytes());
            }
            let (mut record, _) = decode_record(&bytes).expect("a record");
            let mut owned = None;
            if let Record::Lead(lead) = &mut record {
                lead.claim = Some(ClaimRecord { key: bits, digest: bits });
                lead.prints = [Some(bits ^ 1), Some(bits ^ 2), None, None];
                lead.admitted = at;
                owned = Some(sealed);
            }
            sequence += 1;
            recovered.apply(sequence, &record, owned);
        }
    }
    recovered
}

fn recovery(criterion: &mut Criterion) {
    let templates = templates();
    let sealed = vec![0x5a; usize::try_from(SEALED_BYTES).expect("small")];
    let limits = RecoveryLimits::of(&NodeConfig { shards: 2, ..NodeConfig::default() });
    let mut group = criterion.benchmark_group("recovery");
    group.sample_size(10);
    group.throughput(Throughput::Elements(AUCTIONS * 3));
    group.bench_function("decode and fold", |bencher| {
        bencher.iter_batched(
            || Recovery::new(limits),
            |recovered| fold(recovered, &templates, &sealed),
            BatchSize::PerIteration,
        );
    });
    let mut folded = fold(Recovery::new(limits), &templates, &sealed);
    let mut bytes = Vec::new();
    group.bench_function("write a checkpoint", |bencher| {
        bencher.iter(|| {
            bytes.clear();
            folded.checkpoint(&mut bytes);
            bytes.len()
        });
    });
    group.bench_function("read a checkpoint", |bencher| {
        bencher.iter_batched(
            || (),
            |()| Recovery::from_checkpoint(limits, &bytes).expect("a checkpoint"),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, recovery);
criterion_main!(benches);
