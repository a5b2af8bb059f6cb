//! What a restart makes of the records of an auction that it interrupted.

use exchange_types::{
    Amount, BuyerIndex, CampaignIndex, PendingReason, Person, SellerIndex, UnsoldReason, Uuid7, VerticalIndex,
};

use super::*;
use crate::{
    AnswerOffer, AnswerStatus, HeldOffer, OfferKey, OfferedRecord, Resolution, ResolvedBy, SaleChange,
    SaleKind, SealClass, Sealed, SlotRef,
};

const ADMITTED: UtcMicros = UtcMicros(1_764_000_000_000_000);

fn id(number: u128) -> Uuid7 {
    Uuid7::new(ADMITTED, number)
}

fn lead(kind: SaleKind) -> Record {
    Record::Lead(LeadRecord {
        id: id(1),
        kind,
        seller: SellerIndex(2),
        vertical: VerticalIndex(3),
        test: false,
        catalog_version: 11,
        admitted: ADMITTED,
        claim: None,
        prints: [None; 4],
        person: Person::default(),
        seller_ref: None,
        taken_until: ADMITTED,
        again_from: ADMITTED,
        sealed: Sealed {
            slot: SlotRef { class: SealClass::Lead, file: 1, index: 1 },
            length: 0,
            digest: [0; 32],
        },
        consent: None,
    })
}

fn euros(amount: i64) -> Amount {
    Amount::from_micros(amount * 1_000_000)
}

fn later(millis: i64) -> UtcMicros {
    UtcMicros(ADMITTED.0 + millis * 1_000)
}

fn intent(candidate: u16, price: i64) -> Record {
    Record::Intent {
        auction: id(1),
        seller: SellerIndex(2),
        vertical: VerticalIndex(3),
        catalog_version: 11,
        campaign: CampaignIndex(u32::from(candidate) + 40),
        buyer: BuyerIndex(u32::from(candidate) + 70),
        candidate: CandidateIndex(candidate),
        entry: 1,
        bid_id: SmallText::EMPTY,
        price: euros(price),
        payout: euros(price - 1),
        reserved: euros(price + 1),
        exclusive: false,
        at: later(100),
        give_up_at: later(5_100),
    }
}

fn outcome(candidate: u16, outcome: Outcome, price: i64) -> Record {
    let sold = outcome == Outcome::Accepted;
    Record::Outcome {
        auction: id(1),
        candidate: CandidateIndex(candidate),
        outcome,
        price: if sold { euros(price) } else { Amount::ZERO },
        payout: if sold { euros(price - 1) } else { Amount::ZERO },
        digest: [6; 16],
        at: later(250),
        settles_at: later(250),
        redirect_url: Box::default(),
    }
}

fn resolved(candidate: u16, outcome: Outcome) -> Record {
    Record::Resolved(Resolution {
        auction: id(1),
        candidate: CandidateIndex(candidate),
        outcome,
        price: euros(9),
        payout: euros(8),
        by: ResolvedBy::Report,
        digest: [3; 16],
        at: later(60_000),
        settles_at: later(60_000),
        note: "".into(),
    })
}

const REJECTED: Outcome = Outcome::Failed(Reason::PostRejected);
const UNKNOWN: AnswerStatus = AnswerStatus::Pending(PendingReason::PostUnknown);
const UNSOLD: AnswerStatus = AnswerStatus::Unsold(UnsoldReason::PostsRejected);

fn check(records: &[Record], expected: (AnswerStatus, i64)) -> Story {
    let story = Story::of_records(records).expect("an auction with an intent");
    assert_eq!((story.status, story.payout), (expected.0, euros(expected.1)), "{records:?}");
    assert_eq!((story.answer().status, story.answer().payout), (expected.0, euros(expected.1)));
    assert!(story.interrupted);
    story
}

#[test]
fn what_came_of_the_posts_decides_how_the_auction_ended() {
    let one = |last: &[Record]| [&[lead(SaleKind::OneCall), intent(2, 10)], last].concat();
    check(&one(&[]), (UNKNOWN, 0));
    check(&one(&[outcome(2, Outcome::Unknown, 10)]), (UNKNOWN, 0));
    check(&one(&[outcome(2, REJECTED, 10)]), (UNSOLD, 0));
    check(&one(&[outcome(2, Outcome::Accepted, 10)]), (AnswerStatus::Sold, 9));
    let two = |last: &[Record]| one(&[&[outcome(2, REJECTED, 10), intent(0, 8)], last].concat());
    check(&two(&[]), (UNKNOWN, 0));
    check(&two(&[outcome(0, REJECTED, 8)]), (UNSOLD, 0));
    check(&two(&[outcome(0, Outcome::Accepted, 8)]), (AnswerStatus::Sold, 7));
    let shared = one(&[intent(3, 8), outcome(2, Outcome::Accepted, 10)]);
    check(&shared, (AnswerStatus::Sold, 9));
}

#[test]
fn a_resolution_that_is_in_the_journal_already_counts() {
    let open = [lead(SaleKind::OneCall), intent(2, 10)];
    check(&[&open[..], &[resolved(2, Outcome::Accepted)]].concat(), (AnswerStatus::Sold, 8));
    let story = check(&[&open[..], &[resolved(2, REJECTED)]].concat(), (UNSOLD, 0));
    assert!(story.posts.iter().all(|post| post.resolved));
}

#[test]
fn a_corrected_payout_is_the_one_that_is_told() {
    let change = Record::SaleChanged(SaleChange {
        auction: id(1),
        candidate: CandidateIndex(3),
        step: SaleStep::Adjusted { price: euros(8), payout: Amount::ZERO },
        at: later(300),
        by: "rule".into(),
        digest: [0; 16],
    });
    let sold = |candidate, price| [intent(candidate, price), outcome(candidate, Outcome::Accepted, price)];
    let records = [&[lead(SaleKind::OneCall)][..], &sold(2, 10), &sold(3, 8), &[change]].concat();
    check(&records, (AnswerStatus::Sold, 9));
}

#[test]
fn posts_keep_their_places_and_what_was_agreed() {
    let story = check(&[lead(SaleKind::OneCall), intent(2, 10)], (UNKNOWN, 0));
    let campaigns: Vec<_> = story.candidates.iter().map(|candidate| candidate.campaign).collect();
    assert_eq!(campaigns, [FORGOTTEN, FORGOTTEN, CampaignIndex(42)]);
    let post = story.posts.first().expect("a post");
    assert_eq!((post.candidate, post.buyer), (CandidateIndex(2), BuyerIndex(72)));
    assert_eq!((post.price, post.payout, post.agreed), (euros(10), Amount::ZERO, euros(9)));
    assert_eq!((post.intent_us, post.outcome), (100_000, Some(Outcome::Unknown)));
    assert_eq!((story.id, story.seller, story.vertical), (id(1), SellerIndex(2), VerticalIndex(3)));
}

#[test]
fn offers_and_the_seller_s_posts_stay_known() {
    let entry = |number: u32| StoryCandidate {
        campaign: CampaignIndex(number),
        asked: Asked::Pinged,
        ..StoryCandidate::default()
    };
    let mut entries = BidEntries::new();
    for amount in [20, 11] {
        entries.push(BidEntry { amount: euros(amount), ..BidEntry::default() });
    }
    let key = OfferKey { candidate: CandidateIndex(1), entry: 1 };
    let story = Story {
        id: id(1),
        kind: SaleKind::TwoStep,
        candidates: vec![entry(5), StoryCandidate { entries, ..entry(6) }],
        offers: vec![AnswerOffer { key, buyer: BuyerIndex(71), payout: euros(9), max_buyers: 1 }],
        admitted: ADMITTED,
        ..Story::default()
    };
    let offered = OfferedRecord { story, held: vec![HeldOffer::default()] };
    let completed = Record::Completed(CompletedRecord {
        id: id(1),
        at: later(90),
        claim: None,
        prints: [None; 4],
        person: Person::default(),
        sealed: Sealed {
            slot: SlotRef { class: SealClass::Lead, file: 1, index: 2 },
            length: 0,
            digest: [0; 32],
        },
        consent: None,
    });
    let records = [lead(SaleKind::TwoStep), Record::Offered(offered), completed, intent(1, 10)];
    let story = check(&records, (UNKNOWN, 0));
    assert_eq!((story.kind, story.offers.len()), (SaleKind::TwoStep, 1));
    assert_eq!(story.steps, [StoryStep { at_us: 90_000, ..StoryStep::default() }]);
    assert_eq!(story.candidates.get(1).map(|candidate| candidate.campaign), Some(CampaignIndex(6)));
    assert_eq!(story.posts.first().map(|post| post.entry), Some(1));
}

#[test]
fn without_an_intent_there_was_no_auction() {
    assert_eq!(Story::of_records(&[lead(SaleKind::OneCall)]), None);
    assert_eq!(Story::of_records(&[]), None);
    let other = Record::Outcome {
        auction: id(9),
        candidate: CandidateIndex(2),
        outcome: Outcome::Accepted,
        price: euros(1),
        payout: euros(1),
        digest: [0; 16],
        at: ADMITTED,
        settles_at: ADMITTED,
        redirect_url: Box::default(),
    };
    check(&[lead(SaleKind::OneCall), intent(2, 10), other], (UNKNOWN, 0));
}

#[test]
fn offers_of_another_auction_do_not_take_its_place() {
    let story = Story { id: id(9), kind: SaleKind::TwoStep, ..Story::default() };
    let other = Record::Offered(OfferedRecord { story, held: Vec::new() });
    let story = check(&[lead(SaleKind::OneCall), other, intent(2, 10)], (UNKNOWN, 0));
    assert_eq!((story.id, story.posts.len()), (id(1), 1));
}

#[test]
fn an_unknown_post_is_resolved_once() {
    let records = [lead(SaleKind::OneCall), intent(1, 10), intent(2, 8), outcome(2, REJECTED, 8)];
    let unknown = Story::of_records(&records).expect("an auction with an intent");
    let accept = |story: &mut Story, candidate| {
        story.resolve(CandidateIndex(candidate), Outcome::Accepted, euros(6), euros(5))
    };
    let mut story = unknown.clone();
    assert!(!accept(&mut story, 2), "its outcome is known");
    assert!(!accept(&mut story, 0), "it was not posted to");
    assert!(!story.resolve(CandidateIndex(1), Outcome::Unknown, euros(6), euros(5)), "this says nothing");
    assert_eq!(story, unknown, "nothing has changed");
    assert!(accept(&mut story, 1));
    assert_eq!((story.status, story.payout), (AnswerStatus::Sold, euros(5)));
    let answer = story.answer();
    assert_eq!(answer.sales.len(), 1);
    assert_eq!(answer.sales.first().map(|sale| (sale.buyer, sale.payout)), Some((BuyerIndex(71), euros(5))));
    let post = story.posts.first().expect("a post");
    assert_eq!((post.price, post.payout, post.agreed, post.resolved), (euros(6), euros(5), euros(9), true));
    assert_eq!(story.candidates.get(1).and_then(|candidate| candidate.reason), None);
    assert!(!accept(&mut story, 1), "it is resolved already");

    let mut story = unknown;
    assert!(story.resolve(CandidateIndex(1), REJECTED, euros(6), euros(5)));
    assert_eq!((story.status, story.payout), (UNSOLD, Amount::ZERO));
    assert_eq!(story.candidates.get(1).and_then(|candidate| candidate.reason), Some(Reason::PostRejected));
    let post = story.posts.first().expect("a post");
    assert_eq!((post.price, post.payout), (euros(10), Amount::ZERO), "what it would have paid stays known");
}
