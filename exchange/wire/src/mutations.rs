//! Bytes that nearly are a reply or a lead never make a reader panic, and never a bid out of range.

use exchange_catalog::snapshot::Unmatched;
use exchange_types::{Amount, Currency, HashKey, PingReply, Submission};

use crate::lead::{self, Mode};
use crate::reply::{parse_ping, parse_post};
use crate::{ProblemKind, sample};

const REPLIES: [&str; 6] = [
    r#"{"bids": [{"bid": "60.00", "max_buyers": 1, "bid_id": "b-1"}, {"bid": 30.5}], "currency": "EUR"}"#,
    r#"{"bid": 31.50, "exclusive": true, "expires_in_ms": 5000, "reason": "sch\u00f6n \ud83d\ude00"}"#,
    r#"{"bid": 0, "reason": "full"}"#,
    r#"{"status": "accepted", "buyer_ref": "x\"y", "redirect_url": "https:\/\/b.example\/", "price": "12.50"}"#,
    r#"{"status": "rejected", "reason": "é", "deep": [[[[{"a": {"b": null}}]]]]}"#,
    r#"{"status": "duplicate", "extra": {"n": -1.5e10, "t": true, "f": false}}"#,
];
/// Bytes that have a meaning in JSON, or none in UTF-8.
const INTERESTING: &[u8] = b"{}[]\",:\\u0123456789.eE+-tfn \n\x00\x1f\x7f\x80\xc3\xff";
const REPLY_ROUNDS: u64 = 5_000;
const LEAD_ROUNDS: u64 = 5_000;

/// Numbers that look random and are the same in every run.
struct Numbers {
    key: HashKey,
    count: u64,
}

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.count += 1;
        let bits = self.key.hasher().number(u128::from(self.count)).finish() >> 64;
        usize::try_from(bits).expect("64 bits") % bound.max(1)
    }
}

/// Changes, inserts, removes, repeats or cuts, one to four times.
fn mutate(body: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(body.len());
        let byte = *INTERESTING.get(numbers.below(INTERESTING.len())).expect("within");
        match numbers.below(5) {
            0 => body.insert(at, byte),
            1 => body.truncate(at),
            2 if at < body.len() => {
                body.remove(at);
            }
            3 => {
                let end = (at + numbers.below(40)).min(body.len());
                let piece = body.get(at..end).unwrap_or(&[]).repeat(1 + numbers.below(4));
                body.splice(at..at, piece);
            }
            _ => {
                if let Some(place) = body.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }
}

#[test]
fn mutated_replies_are_read_or_refused() {
    let eur = Currency::parse("EUR").expect("a currency");
    let bid_max = Amount::from_micros(100_000_000);
    let mut numbers = Numbers { key: HashKey::new(*b"mutated replies!"), count: 0 };
    let mut scratch = String::new();
    let mut bids = 0;
    for round in 0..REPLY_ROUNDS {
        for seed in REPLIES {
            let mut body = seed.as_bytes().to_vec();
            mutate(&mut body, &mut numbers);
            if let PingReply::Bids(entries) = parse_ping(200, &body, eur, bid_max) {
                bids += 1;
                for entry in entries.as_slice() {
                    assert!(
                        Amount::ZERO < entry.amount && entry.amount <= bid_max,
                        "round {round}: {entry:?}"
                    );
                }
            }
            let status = [200, 404, 500].get(numbers.below(3)).copied().unwrap_or(200);
            let reply = parse_post(status, &body, Unmatched::Unknown, eur, &mut scratch);
            assert!(reply.reason.len() <= 256, "round {round}");
        }
    }
    assert!(bids > 100, "some mutations leave a reply as it was");
}

#[test]
fn mutated_leads_are_read_or_refused() {
    let snapshot = sample::snapshot();
    let mut numbers = Numbers { key: HashKey::new(*b"mutated leads!!!"), count: 0 };
    let mut out = Submission::default();
    let (mut taken, mut invalid, mut malformed) = (0, 0, 0);
    let post = r#"{"fields":{"first_name":"A","email":"a@b.de"},"offer_ids":["ofr_1"],"fallback":"none"}"#;
    for round in 0..LEAD_ROUNDS {
        let (seed, mode) = match round % 3 {
            0 => (sample::WHOLE_LEAD, Mode::Lead),
            1 => (sample::WHOLE_LEAD, Mode::Ping),
            _ => (post, Mode::Post { vertical: sample::SOLAR }),
        };
        let mut body = seed.as_bytes().to_vec();
        mutate(&mut body, &mut numbers);
        match lead::parse(&body, mode, sample::against(&snapshot), &mut out) {
            Ok(_) => taken += 1,
            Err(problem) => {
                let is_malformed = problem.kind == ProblemKind::MalformedBody;
                assert_eq!(problem.errors.is_empty(), is_malformed, "round {round}: {problem:?}");
                *(if is_malformed { &mut malformed } else { &mut invalid }) += 1;
            }
        }
    }
    assert!(taken > 100 && invalid > 100 && malformed > 100, "{taken} {invalid} {malformed}");
}
