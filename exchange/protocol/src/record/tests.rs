//! Records read back as they were written, stay within their size, and never panic on damage.

use exchange_types::{
    BidEntries, BidEntry, Currency, DuplicateScope, Person, QualityFault, SmallText, UnsoldReason,
};

use super::*;
use crate::{
    AnswerOffer, AnswerStatus, Asked, Asks, NoRoom, OfferKey, SaleKind, StoryCandidate, StoryPost, StoryStep,
};

fn id(number: u128) -> Uuid7 {
    Uuid7::new(UtcMicros(1_764_000_000_000_000), number)
}

fn story(pinged: u32) -> Story {
    let mut entries = BidEntries::new();
    for max_buyers in 1..=4 {
        assert!(entries.push(BidEntry {
            amount: Amount::from_micros(5_000_000),
            max_buyers,
            bid_id: SmallText::EMPTY
        }));
    }
    let candidate = |number| StoryCandidate {
        campaign: CampaignIndex(number),
        asked: Asked::Pinged,
        out: (number == 1).then_some(Reason::Timeout),
        no_room: (number == 2).then_some(NoRoom { time: 3, reason: Reason::SoldCapReached }),
        reason: (number > 0).then_some(Reason::Outbid),
        entries,
        replied_us: 40_000 + number,
        minimum_to_win: (number > 1).then_some(Amount::from_micros(6_000_000)),
    };
    Story {
        id: id(9),
        kind: SaleKind::OneCall,
        seller: SellerIndex(3),
        vertical: VerticalIndex(1),
        test: false,
        catalog_version: 7,
        admitted: UtcMicros(1_764_000_000_000_000),
        bids_closed_us: 80_000,
        answered_us: 120_000,
        ended_us: 120_400,
        expires_at: UtcMicros(0),
        asks: Asks {
            floor: Some(Amount::from_micros(3_000_000)),
            max_buyers: Some(3),
            prior_sales: 1,
            wait_us: Some(4_000_000),
            source: Some(2),
        },
        interrupted: true,
        status: AnswerStatus::Sold,
        payout: Amount::from_micros(4_000_000),
        candidates: (0..pinged).map(candidate).collect(),
        posts: vec![StoryPost {
            candidate: CandidateIndex(0),
            buyer: BuyerIndex(2),
            entry: 0,
            price: Amount::from_micros(5_000_000),
            payout: Amount::from_micros(4_000_000),
            agreed: Amount::from_micros(4_100_000),
            stated: Some(Amount::from_micros(4_900_000)),
            exclusive: true,
            outcome: Some(Outcome::Accepted),
            resolved: true,
            intent_us: 80_010,
            sent_us: 81_000,
            replied_us: 119_000,
            digest: [5; 16],
            redirect_url: "https://buyer.example/thanks?lead=1".into(),
        }],
        offers: Vec::new(),
        steps: Vec::new(),
        faults: Vec::new(),
    }
}

/// An account of offers with a seller's post.
fn offered() -> OfferedRecord {
    let key = OfferKey { candidate: CandidateIndex(1), entry: 3 };
    let mut story = story(2);
    story.kind = SaleKind::TwoStep;
    story.offers =
        vec![AnswerOffer { key, buyer: BuyerIndex(2), payout: Amount::from_micros(3), max_buyers: 2 }];
    story.steps = vec![StoryStep { at_us: 9, named: vec![key], fallback: true, wait_us: Some(8) }];
    let bid_id = SmallText::try_new("bid-1").expect("a short text");
    let price = Amount::from_micros(5_000_000);
    OfferedRecord {
        story,
        held: vec![HeldOffer { price, reserved: price, at: UtcMicros(1_795_215_600_000_000), bid_id }],
    }
}

/// The account of a lead that was no good, which takes the second version.
fn invalid() -> Story {
    let fault = |field: &str| QualityFault {
        field: field.into(),
        code: "impossible".into(),
        message: "is a number that no country has".into(),
    };
    let faults = vec![fault("fields.phone"), fault("fields.mobile")];
    Story { id: id(10), status: AnswerStatus::Invalid, faults, ..Story::default() }
}

fn sealed(class: SealClass) -> Sealed {
    Sealed { slot: SlotRef { class, file: 3, index: 77 }, length: 812, digest: [9; 32] }
}

fn changed(step: SaleStep) -> Record {
    Record::SaleChanged(SaleChange {
        auction: id(1),
        candidate: CandidateIndex(4),
        step,
        at: UtcMicros(1_764_000_000_000_000),
        by: "buyer:north".into(),
        digest: [1; 16],
    })
}

fn samples() -> Vec<Record> {
    let outcome = |outcome| Record::Outcome {
        auction: id(1),
        candidate: CandidateIndex(4),
        outcome,
        price: Amount::from_micros(31_500_000),
        payout: Amount::from_micros(25_200_000),
        digest: [7; 16],
        at: UtcMicros(1_764_000_000_100_000),
        settles_at: UtcMicros(1_764_604_800_100_000),
        redirect_url: "https://buyer.example/thanks".into(),
    };
    let mut duplicate = story(0);
    duplicate.status = AnswerStatus::NoOffer(UnsoldReason::NoBid);
    duplicate.kind = SaleKind::TwoStep;
    vec![
        Record::Intent {
            auction: id(1),
            seller: SellerIndex(2),
            vertical: VerticalIndex(3),
            catalog_version: 11,
            campaign: CampaignIndex(4),
            buyer: BuyerIndex(5),
            candidate: CandidateIndex(6),
            entry: 2,
            bid_id: SmallText::try_new("bid-7").expect("short"),
            price: Amount::from_micros(31_500_000),
            payout: Amount::from_micros(25_200_000),
            reserved: Amount::from_micros(32_000_000),
            exclusive: true,
            at: UtcMicros(1_764_000_000_000_000),
            give_up_at: UtcMicros(1_764_000_005_000_000),
        },
        outcome(Outcome::Accepted),
        outcome(Outcome::Failed(Reason::PostRejected)),
        outcome(Outcome::Unknown),
        Record::Closed(story(10)),
        Record::Closed(invalid()),
        Record::Closed(duplicate),
        Record::Closed(Story { test: true, ..story(2) }),
        Record::Closed(Story { test: true, ..invalid() }),
    ]
    .into_iter()
    .chain(leads())
    .chain(afterwards())
    .collect()
}

fn leads() -> Vec<Record> {
    vec![
        Record::Lead(LeadRecord {
            id: id(1),
            kind: SaleKind::TwoStep,
            seller: SellerIndex(2),
            vertical: VerticalIndex(3),
            test: false,
            catalog_version: 11,
            admitted: UtcMicros(1_764_000_000_000_000),
            claim: Some(ClaimRecord { key: 5, digest: 6 }),
            prints: [Some(7), None, None, None],
            person: Person::default(),
            seller_ref: Some(8),
            taken_until: UtcMicros(1_766_000_000_000_000),
            again_from: UtcMicros(1_764_000_900_000_000),
            sealed: sealed(SealClass::Lead),
            consent: Some(sealed(SealClass::Consent)),
        }),
        Record::Lead(LeadRecord {
            id: id(11),
            kind: SaleKind::TwoStep,
            seller: SellerIndex(2),
            vertical: VerticalIndex(3),
            test: true,
            catalog_version: 11,
            admitted: UtcMicros(1_764_000_000_000_000),
            claim: Some(ClaimRecord { key: 5, digest: 6 }),
            prints: [Some(7), None, None, None],
            person: Person::default(),
            seller_ref: Some(8),
            taken_until: UtcMicros(1_766_000_000_000_000),
            again_from: UtcMicros(1_764_000_900_000_000),
            sealed: sealed(SealClass::Lead),
            consent: Some(sealed(SealClass::Consent)),
        }),
        Record::Completed(CompletedRecord {
            id: id(1),
            at: UtcMicros(1_764_000_000_000_000),
            claim: None,
            prints: [None, Some(9), None, None],
            person: Person::default(),
            sealed: sealed(SealClass::Lead),
            consent: None,
        }),
        Record::Offered(offered()),
        Record::Resolved(Resolution {
            auction: id(1),
            candidate: CandidateIndex(4),
            outcome: Outcome::Failed(Reason::PostRejected),
            price: Amount::ZERO,
            payout: Amount::ZERO,
            by: ResolvedBy::Person,
            digest: [3; 16],
            at: UtcMicros(1_764_000_000_000_000),
            settles_at: UtcMicros(1_764_000_000_000_000),
            note: "operator:ada the buyer confirms by phone".into(),
        }),
    ]
}

fn afterwards() -> Vec<Record> {
    vec![
        Record::Disputed(Dispute {
            auction: id(1),
            candidate: CandidateIndex(4),
            says: Outcome::Accepted,
            by: ResolvedBy::Report,
            digest: [3; 16],
            at: UtcMicros(1_764_000_000_000_000),
        }),
        changed(SaleStep::Returned { reason: ReturnReason::BadContact, restores: true }),
        changed(SaleStep::Adjusted { price: Amount::from_micros(5), payout: Amount::from_micros(4) }),
        changed(SaleStep::Reversed),
        changed(SaleStep::Settled),
        Record::Balance(BalanceChange {
            id: 77,
            buyer: "north".into(),
            currency: Currency::parse("EUR").expect("a currency"),
            amount: Amount::from_micros(-5_000_000),
            reference: "invoice 7".into(),
            by: "operator:ada".into(),
            at: UtcMicros(1_764_000_000_000_000),
        }),
        Record::Catalog(CatalogNames {
            version: 3,
            at: UtcMicros(1_764_000_000_000_000),
            verticals: vec![("solar".into(), Currency::parse("EUR").expect("a currency"))],
            sellers: vec!["sun".into()],
            buyers: vec!["north".into(), "south".into()],
            campaigns: vec![("north-solar".into(), BuyerIndex(0), VerticalIndex(0))],
        }),
        Record::Erased(Erasure {
            request: id(3),
            lead: id(1),
            slots: vec![sealed(SealClass::Lead).slot],
            by: "operator:ada".into(),
            at: UtcMicros(1_764_000_000_000_000),
        }),
        Record::Acknowledged(Acknowledgement {
            lead: id(1),
            buyer: "north".into(),
            at: UtcMicros(1_764_000_000_000_000),
        }),
        stopped(StopKind::Campaign, true),
        stopped(StopKind::Vertical, false),
        suppressed(SuppressionList::DoNotCall, "", true),
        suppressed(SuppressionList::Own, "north", false),
        answered(Vec::new()),
        answered(vec![QualityFault {
            field: "fields.phone".into(),
            code: "impossible".into(),
            message: "no such number can exist".into(),
        }]),
    ]
}

fn suppressed(list: SuppressionList, buyer: &str, on: bool) -> Record {
    Record::Suppressed(Suppression {
        list,
        buyer: buyer.into(),
        on,
        digests: vec![1, u128::MAX, 7],
        by: "operator:ada".into(),
        at: UtcMicros(1_764_000_000_000_000),
    })
}

/// What a post was told: that the person is known, or what makes it no good.
fn answered(faults: Vec<QualityFault>) -> Record {
    let known = AnswerStatus::Duplicate(DuplicateScope::Own, Some(id(3)));
    let status = if faults.is_empty() { known } else { AnswerStatus::Invalid };
    let told = Story { id: id(1), kind: SaleKind::TwoStep, status, faults, ..Story::default() };
    let claim = ClaimRecord { key: 7, digest: 9 };
    Record::Answered(AnsweredRecord { claim, at: UtcMicros(1_764_000_000_000_000), told })
}

fn stopped(kind: StopKind, on: bool) -> Record {
    Record::Stopped(Stop {
        id: id(5),
        kind,
        name: "north-solar".into(),
        on,
        by: "operator:ada".into(),
        reason: "wrong prices".into(),
        at: UtcMicros(1_764_000_000_000_000),
    })
}

#[test]
fn records_read_back_as_they_were_written() {
    let mut bytes = Vec::new();
    for record in samples() {
        encode_record(&record, &mut bytes);
    }
    let mut rest = bytes.as_slice();
    for record in samples() {
        let (read, after) = decode_record(rest).expect("a record that was just written");
        assert_eq!(read, record);
        rest = after;
    }
    assert!(rest.is_empty());
}

#[test]
fn a_closed_auction_takes_512_bytes_and_64_a_pinged_campaign() {
    for pinged in [0, 1, 10, 20, 256] {
        let mut bytes = Vec::new();
        encode_record(&Record::Closed(story(pinged)), &mut bytes);
        let limit = 512 + 64 * usize::try_from(pinged).expect("a small number");
        assert!(bytes.len() <= limit, "{} bytes for {pinged} campaigns, at most {limit}", bytes.len());
    }
}

#[test]
fn every_cut_is_noticed() {
    for record in samples() {
        let mut bytes = Vec::new();
        encode_record(&record, &mut bytes);
        for length in 0..bytes.len() {
            let cut = bytes.get(..length).expect("a prefix");
            assert!(decode_record(cut).is_err(), "{length} of {} bytes were read as a record", bytes.len());
        }
    }
}

#[test]
fn a_flipped_byte_never_panics() {
    for record in samples() {
        let mut bytes = Vec::new();
        encode_record(&record, &mut bytes);
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                if let Some(byte) = damaged.get_mut(position) {
                    *byte ^= 1 << bit;
                }
                // The checksum of a batch notices the damage; here it must only not panic or loop.
                let outcome = decode_record(&damaged);
                assert!(outcome.is_err() || outcome.is_ok_and(|(read, _)| read != record || position < 4));
            }
        }
    }
}

#[test]
fn unknown_kinds_and_versions_are_named() {
    let mut bytes = Vec::new();
    encode_record(&samples().remove(1), &mut bytes);
    let with = |position: usize, value: u8| {
        let mut changed = bytes.clone();
        if let Some(byte) = changed.get_mut(position) {
            *byte = value;
        }
        decode_record(&changed).map(|_| ())
    };
    assert_eq!(with(4, 99), Err(DecodeError::Kind { kind: 99 }));
    assert_eq!(with(5, 2), Err(DecodeError::Version { version: 2 }));
}

#[test]
fn a_lead_has_the_second_version_only_where_it_needs_it() {
    let [lead, _test, completed, ..] = &*leads() else { panic!("a ping, a test and a post") };
    let Record::Lead(lead) = lead else { panic!("a lead") };
    let Record::Completed(completed) = completed else { panic!("a post") };
    let known = LeadRecord { person: Person::new([Some(4), None, None, Some(5)]), ..lead.clone() };
    let prints = [Some(1), None, None, Some(2)];
    for (record, version) in [
        (Record::Lead(lead.clone()), 1),
        (Record::Lead(known), 2),
        (Record::Lead(LeadRecord { prints, ..lead.clone() }), 2),
        (Record::Completed(completed.clone()), 1),
        (Record::Completed(CompletedRecord { prints, ..completed.clone() }), 2),
        (Record::Completed(CompletedRecord { person: Person::new(prints), ..completed.clone() }), 2),
    ] {
        let mut bytes = Vec::new();
        encode_record(&record, &mut bytes);
        assert_eq!(bytes.get(5), Some(&version), "{record:?}");
        assert_eq!(decode_record(&bytes), Ok((record, &[][..])));
    }
}

#[test]
fn a_story_has_the_second_version_only_where_it_needs_it() {
    for (story, version) in [(story(2), 1), (invalid(), 2)] {
        let mut bytes = Vec::new();
        encode_closed(&story, &mut bytes);
        assert_eq!(bytes.get(5), Some(&version), "{:?}", story.status);
        if let Some(place) = bytes.get_mut(5) {
            *place = 3;
        }
        assert_eq!(decode_record(&bytes).map(|_| ()), Err(DecodeError::Version { version: 3 }));
    }
}
