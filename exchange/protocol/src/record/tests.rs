//! Records read back as they were written, stay within their size, and never panic on damage.

use exchange_types::{BidEntries, BidEntry, SmallText, UnsoldReason};

use super::*;
use crate::{AnswerStatus, SaleKind, StoryCandidate, StoryPost};

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
        catalog_version: 7,
        admitted: UtcMicros(1_764_000_000_000_000),
        bids_closed_us: 80_000,
        answered_us: 120_000,
        ended_us: 120_400,
        expires_at: UtcMicros(0),
        status: AnswerStatus::Sold,
        payout: Amount::from_micros(4_000_000),
        candidates: (0..pinged).map(candidate).collect(),
        posts: vec![StoryPost {
            candidate: CandidateIndex(0),
            buyer: BuyerIndex(2),
            entry: 0,
            price: Amount::from_micros(5_000_000),
            payout: Amount::from_micros(4_000_000),
            exclusive: true,
            outcome: Some(Outcome::Accepted),
            intent_us: 80_010,
            sent_us: 81_000,
            replied_us: 119_000,
            digest: [5; 16],
            redirect_url: "https://buyer.example/thanks?lead=1".into(),
        }],
        offers: Vec::new(),
    }
}

fn samples() -> Vec<Record> {
    let outcome = |outcome| Record::Outcome {
        auction: id(1),
        candidate: CandidateIndex(4),
        outcome,
        price: Amount::from_micros(31_500_000),
        digest: [7; 16],
        at: UtcMicros(1_764_000_000_100_000),
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
            price: Amount::from_micros(31_500_000),
            payout: Amount::from_micros(25_200_000),
            exclusive: true,
            at: UtcMicros(1_764_000_000_000_000),
            give_up_at: UtcMicros(1_764_000_005_000_000),
        },
        outcome(Outcome::Accepted),
        outcome(Outcome::Failed(Reason::PostRejected)),
        outcome(Outcome::Unknown),
        Record::Closed(story(10)),
        Record::Closed(duplicate),
    ]
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
