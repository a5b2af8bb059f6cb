//! What the projector costs: processor time for each auction, with `SQLite`.
//!
//! `cargo run --release -p exchange-store --example projector_cost -- [AUCTIONS]`
//!
//! A batch has 1,000 auctions, or as many as are given: the store of a busy exchange takes what came meanwhile.
//!
//! Of ten auctions three are sold, one is rejected and six end without a bid; each has a lead of 800 bytes of
//! ciphertext, a claim, two fingerprints and an account of ten campaigns. Time of every thread is counted, so
//! that of the database is part of it.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use exchange_protocol::{
    AnswerStatus, Asked, CandidateIndex, CatalogNames, ClaimRecord, LeadRecord, Outcome, Record, SaleKeys,
    SaleKind, SealClass, Sealed, SlotRef, Story, StoryCandidate, StoryPost,
};
use exchange_store::ledger::CheckpointSigner;
use exchange_store::{Projected, Projector, ProjectorConfig, StoreUrl};
use exchange_types::{
    Amount, BidEntries, BuyerIndex, CampaignIndex, Currency, HashKey, Person, Reason, SellerIndex, SmallText,
    UnsoldReason, UtcMicros, Uuid7, VerticalIndex,
};

/// In all.
const AUCTIONS: u64 = 50_000;
/// Of a batch where nothing is given.
const BATCH_DEFAULT: u64 = 1_000;
/// 2026-11-20T10:00:00Z.
const START: i64 = 1_795_168_800_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let url = StoreUrl::file(&directory.path().join("store.db"));
    let config = ProjectorConfig {
        keys: SaleKeys::new(&HashKey::new([4; 16])),
        signer: CheckpointSigner::from_seed(&[7; 32])?,
        checkpoint_entries: ProjectorConfig::CHECKPOINT_ENTRIES_DEFAULT,
    };
    let mut projector = Projector::open(&url, config).await?;
    let mut sequence = 0;
    projector.project(numbered(&mut sequence, vec![(Record::Catalog(names()), None)])).await?;
    let mut per_auction = Vec::new();
    let size = std::env::args().nth(1).map_or(Ok(BATCH_DEFAULT), |given| given.parse())?;
    let batches = AUCTIONS / size.max(1);
    for batch in 0..batches {
        let records = (0..size).flat_map(|one| auction(batch * size + one)).collect();
        let records = numbered(&mut sequence, records);
        let before = processor_time()?;
        projector.project(records).await?;
        per_auction.push((processor_time()? - before) / f64::from(u32::try_from(size)?));
    }
    per_auction.sort_by(f64::total_cmp);
    let at = |share: usize| per_auction.get(per_auction.len() * share / 100).copied().unwrap_or_default();
    println!("microseconds of processor time an auction, over {batches} batches of {size} auctions:");
    println!("p10 {:.1}, median {:.1}, p90 {:.1}", at(10), at(50), at(90));
    Ok(())
}

/// Returns the processor time of this process in microseconds.
fn processor_time() -> Result<f64, Box<dyn std::error::Error>> {
    let mut nanos = 0_f64;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += text.split(' ').next().unwrap_or_default().parse::<f64>()?;
    }
    Ok(nanos / 1_000.0)
}

fn numbered(sequence: &mut u64, records: Vec<(Record, Option<Vec<u8>>)>) -> Vec<Projected> {
    let numbered = records.into_iter().map(|(record, sealed)| {
        *sequence += 1;
        Projected { sequence: *sequence, record, sealed }
    });
    numbered.collect()
}

fn auction(number: u64) -> Vec<(Record, Option<Vec<u8>>)> {
    let at = START + i64::try_from(number).unwrap_or(0) * 200;
    let mixed = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let id = Uuid7::new(UtcMicros(at), mixed);
    let sold = number % 10 < 3;
    let posted = number % 10 < 4;
    let outcome = if sold { Outcome::Accepted } else { Outcome::Failed(Reason::PostRejected) };
    let mut records = vec![(Record::Lead(lead(id, mixed, at)), Some(vec![7; 1_000]))];
    if posted {
        let buyer = u32::try_from(number % 7).unwrap_or(0);
        records.push((intent(id, buyer, at), None));
        records.push((ended(id, outcome, at), None));
    }
    records.push((Record::Closed(story(id, at, posted.then_some(outcome))), None));
    records
}

fn lead(id: Uuid7, mixed: u128, at: i64) -> LeadRecord {
    let slot = |class| SlotRef { class, file: 1, index: 1 };
    LeadRecord {
        id,
        kind: SaleKind::OneCall,
        seller: SellerIndex(0),
        vertical: VerticalIndex(0),
        test: false,
        catalog_version: 1,
        admitted: UtcMicros(at),
        claim: Some(ClaimRecord { key: mixed.rotate_left(17), digest: mixed }),
        prints: [Some(mixed.rotate_left(31)), Some(mixed.rotate_left(53)), None, None],
        person: Person::default(),
        seller_ref: None,
        taken_until: UtcMicros(at),
        again_from: UtcMicros(at),
        sealed: Sealed { slot: slot(SealClass::Lead), length: 800, digest: [1; 32] },
        consent: Some(Sealed { slot: slot(SealClass::Consent), length: 200, digest: [2; 32] }),
    }
}

fn intent(auction: Uuid7, buyer: u32, at: i64) -> Record {
    Record::Intent {
        auction,
        seller: SellerIndex(0),
        vertical: VerticalIndex(0),
        catalog_version: 1,
        campaign: CampaignIndex(buyer),
        buyer: BuyerIndex(buyer),
        candidate: CandidateIndex(0),
        entry: 0,
        bid_id: SmallText::EMPTY,
        price: Amount::from_micros(30_000_000),
        payout: Amount::from_micros(24_000_000),
        reserved: Amount::from_micros(30_000_000),
        exclusive: true,
        at: UtcMicros(at),
        give_up_at: UtcMicros(at),
    }
}

fn ended(auction: Uuid7, outcome: Outcome, at: i64) -> Record {
    Record::Outcome {
        auction,
        candidate: CandidateIndex(0),
        outcome,
        price: Amount::from_micros(30_000_000),
        payout: Amount::from_micros(24_000_000),
        digest: [9; 16],
        at: UtcMicros(at),
        settles_at: UtcMicros(at + 604_800_000_000),
        redirect_url: "https://buyer.example/thanks".into(),
    }
}

fn story(id: Uuid7, at: i64, outcome: Option<Outcome>) -> Story {
    let candidate = |number| StoryCandidate {
        campaign: CampaignIndex(number),
        asked: Asked::default(),
        out: None,
        no_room: None,
        reason: Some(Reason::Outbid),
        entries: BidEntries::new(),
        replied_us: 40_000,
        minimum_to_win: None,
    };
    let post = |outcome| StoryPost {
        price: Amount::from_micros(30_000_000),
        payout: Amount::from_micros(24_000_000),
        outcome: Some(outcome),
        replied_us: 90_000,
        redirect_url: "https://buyer.example/thanks".into(),
        ..StoryPost::default()
    };
    let status = match outcome {
        Some(Outcome::Accepted) => AnswerStatus::Sold,
        _ => AnswerStatus::Unsold(UnsoldReason::NoBid),
    };
    Story {
        id,
        catalog_version: 1,
        admitted: UtcMicros(at),
        answered_us: 100_000,
        ended_us: 100_000,
        status,
        candidates: (0..10).map(candidate).collect(),
        posts: outcome.map(post).into_iter().collect(),
        ..Story::default()
    }
}

fn names() -> CatalogNames {
    let names: Vec<Box<str>> = (0..7).map(|number| format!("company-{number}").into()).collect();
    CatalogNames {
        version: 1,
        at: UtcMicros(START),
        verticals: Currency::parse("EUR").map(|euro| ("solar".into(), euro)).into_iter().collect(),
        sellers: vec!["acme".into()],
        buyers: names.clone(),
        campaigns: (0_u32..).zip(names).map(|(at, name)| (name, BuyerIndex(at), VerticalIndex(0))).collect(),
    }
}
