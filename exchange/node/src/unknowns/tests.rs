//! What resolves a post, what does not, and when it is asked about.

use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_protocol::{CandidateIndex, SaleKind};
use exchange_types::{
    Amount, BuyerIndex, CampaignIndex, NotSent, SellerIndex, Submission, UnknownCause, VerticalIndex,
};

use super::*;

mod model;

const BASE: &str = r#"
[verticals.solar]
currency = "EUR"
reserve = "5.00"
[verticals.solar.fields]
email = { type = "email" }
[sellers.acme.agreements.solar]
payout = { margin = "20%" }
[buyers.north]
legal_name = "North GmbH"
time_zone = "UTC"
"#;

/// 2026-11-20T00:00:00Z.
const START: UtcMicros = UtcMicros(1_795_132_800_000_000);
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

/// Returns a catalog in which each campaign has these lines.
pub(super) fn catalog(campaigns: &[&str]) -> Arc<Snapshot> {
    let campaigns = campaigns.iter().enumerate().map(|(number, lines)| {
        format!(
            "[campaigns.c{number}]\nbuyer = \"north\"\nvertical = \"solar\"\nprice = \"20.00\"\n\
             post = {{ url = \"https://north.example/post\" }}\n\
             signing_secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n{lines}\n"
        )
    });
    let text = format!("{BASE}{}", campaigns.collect::<String>());
    let files = [SourceFile { name: "catalog.toml".to_owned(), text }];
    let options =
        CompileOptions { version: 1, now: START, secrets: &|_| None, allow_http: false, source_names: None };
    Arc::new(compile(&files, &options).expect("a valid catalog").0)
}

fn at(seconds: u64) -> Now {
    let mono = Nanos::from_secs(seconds);
    Now { mono, utc: START.saturating_add(mono) }
}

pub(super) fn key(number: u128) -> UnknownKey {
    UnknownKey { auction: Uuid7::new(START, number), candidate: CandidateIndex(0) }
}

pub(super) fn unknown(snapshot: &Arc<Snapshot>, campaign: u32, key: UnknownKey, now: Now) -> Unknown {
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(0), 1);
    Unknown {
        key,
        campaign: CampaignIndex(campaign),
        buyer: BuyerIndex(0),
        snapshot: Arc::clone(snapshot),
        submission: Some(Box::new(lead)),
        kind: SaleKind::OneCall,
        price: euros(20),
        payout: euros(16),
        exclusive: true,
        bid_id: Box::default(),
        admitted: now.utc,
        intent_at: now.utc,
        give_up_at: now.utc.saturating_add(Nanos::from_secs(10)),
    }
}

fn euros(units: i64) -> Amount {
    Amount::from_micros(units * Amount::MICROS_PER_UNIT)
}

fn reply(outcome: PostOutcome) -> ResolverReply {
    ResolverReply { outcome, digest: [7; 16] }
}

fn says(says: Outcome, by: ResolvedBy) -> Evidence {
    Evidence { says, price: None, by, digest: [9; 16], note: Box::default() }
}

/// A list with one unknown post of a campaign with these lines.
fn one(lines: &str) -> Unknowns {
    let mut unknowns = Unknowns::new(10);
    unknowns.add(at(0), unknown(&catalog(&[lines]), 0, key(1), at(0)));
    unknowns
}

/// Lets time pass to the next thing that is due and returns when and what it is.
fn next(unknowns: &mut Unknowns) -> Option<(u64, Action)> {
    let due = unknowns.next_timeout()?;
    let now = Now { mono: due, utc: START.saturating_add(due) };
    let (_, action) = unknowns.due(now).expect("something is due at its time");
    unknowns.assert_invariants();
    Some((due.0 / 1_000_000_000, action))
}

fn resolved(verdict: Option<Verdict>) -> Resolution {
    let Some(Verdict::Resolved(resolved)) = verdict else { panic!("it is resolved: {verdict:?}") };
    resolved.0
}

/// What is told of a post after some seconds in which every question was in vain: how often it was asked about, what
/// comes next, and after how many seconds.
fn check_inquiry(lines: &str, seconds: u64, expected: (u32, NextInquiry, Option<u64>)) {
    let mut unknowns = one(lines);
    let end = Nanos::from_secs(seconds);
    while unknowns.next_timeout().is_some_and(|due| due <= end) {
        let due = unknowns.next_timeout().expect("something is due");
        let now = Now { mono: due, utc: START.saturating_add(due) };
        unknowns.due(now).expect("something is due at its time");
        unknowns.reply(now, key(1), &reply(PostOutcome::Unknown(UnknownCause::Timeout)));
    }
    let told = unknowns.inquiry(key(1), at(seconds)).expect("it is open");
    let after = told.next_at.map(|at| u64::try_from(at.0 - START.0).expect("later").div_euclid(1_000_000));
    assert_eq!((told.asked, told.next, after), expected, "{lines} after {seconds} s");
}

#[test]
fn it_is_told_how_far_a_post_has_been_asked_about() {
    let quiet = "idempotent = false\n";
    let status = format!("{quiet}status_url = \"https://north.example/status/{{post_id}}\"");
    let rule = "on_unknown = \"assume_rejected\"\nunknown_after = \"10s\"";
    check_inquiry("", 0, (0, NextInquiry::Repost, Some(5)));
    check_inquiry("", 7, (1, NextInquiry::Repost, Some(20)));
    check_inquiry(&status, 0, (0, NextInquiry::AskStatus, Some(5)));
    check_inquiry(rule, 7, (1, NextInquiry::Rule, Some(10)));
    check_inquiry(&format!("{quiet}{rule}"), 0, (0, NextInquiry::Rule, Some(10)));
    check_inquiry(quiet, 0, (0, NextInquiry::AwaitReport, Some(24 * HOUR)));
    check_inquiry(&format!("{quiet}unknown_after = \"10s\""), 11, (0, NextInquiry::Person, None));
    assert_eq!(one("").inquiry(key(2), at(0)), None);
}

#[test]
fn an_idempotent_campaign_is_posted_to_again_with_growing_waits() {
    let mut unknowns = one("");
    let mut asked = Vec::new();
    while asked.len() < 7 {
        let (second, action) = next(&mut unknowns).expect("it is asked about until it is answered");
        assert_eq!(action, Action::Repost);
        assert_eq!(unknowns.due(at(second + 1)), None, "one question at a time");
        let verdict = unknowns.reply(at(second), key(1), &reply(PostOutcome::Unknown(UnknownCause::Timeout)));
        assert!(verdict.is_none(), "silence says nothing");
        asked.push(second);
    }
    let waits: Vec<u64> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((5..=7).contains(&asked[0]), "{asked:?}");
    assert!((15..=19).contains(&waits[0]), "{waits:?}");
    assert!(waits[1..].iter().all(|wait| *wait == 45), "a campaign is asked at least every 45 s: {waits:?}");
}

#[test]
fn each_of_many_posts_of_a_campaign_waits_longer_and_longer() {
    let snapshot = catalog(&[""]);
    let mut unknowns = Unknowns::new(100);
    for number in 0..40 {
        unknowns.add(at(0), unknown(&snapshot, 0, key(number), at(0)));
    }
    let mut asked = 0;
    while let Some(due) = unknowns.next_timeout().filter(|due| *due <= Nanos::from_secs(10 * MINUTE)) {
        let now = Now { mono: due, utc: START.saturating_add(due) };
        let Some((key, _)) = unknowns.due(now) else { continue };
        unknowns.reply(now, key, &reply(PostOutcome::NotSent(NotSent::Connect)));
        asked += 1;
    }
    // At 5 s, 20 s, 80 s and 380 s with up to a quarter more, and the probes between.
    assert!((160..=180).contains(&asked), "{asked}");
}

#[test]
fn what_a_question_brings_decides_or_says_nothing() {
    let rejected = Outcome::Failed(Reason::PostRejected);
    let accepted = |price| PostOutcome::Accepted { price };
    let cases = [
        (accepted(None), Some((Outcome::Accepted, 20, 16))),
        (accepted(Some(euros(25))), Some((Outcome::Accepted, 20, 16))),
        (accepted(Some(euros(19))), Some((Outcome::Failed(Reason::PriceChanged), 0, 0))),
        (PostOutcome::Rejected, Some((rejected, 0, 0))),
        (PostOutcome::Duplicate, Some((Outcome::Failed(Reason::PostDuplicate), 0, 0))),
        (PostOutcome::Refused { status: 503 }, None),
        (PostOutcome::Refused { status: 404 }, None),
        (PostOutcome::NotSent(NotSent::Tls), None),
        (PostOutcome::Unknown(UnknownCause::Unreadable { status: 500 }), None),
    ];
    for (outcome, expected) in cases {
        for (lines, by) in [
            ("", ResolvedBy::Repost),
            ("idempotent = false\nstatus_url = \"https://north.example/{post_id}\"", ResolvedBy::StatusUrl),
        ] {
            let mut unknowns = one(lines);
            let (second, _) = next(&mut unknowns).expect("it is asked about");
            let verdict = unknowns.reply(at(second), key(1), &reply(outcome));
            unknowns.assert_invariants();
            let Some((outcome, price, payout)) = expected else {
                assert!(verdict.is_none(), "{outcome:?}");
                assert_eq!(unknowns.len(), 1, "{outcome:?}");
                continue;
            };
            let found = resolved(verdict);
            assert_eq!((found.outcome, found.price, found.payout), (outcome, euros(price), euros(payout)));
            assert_eq!((found.by, found.digest, found.at), (by, [7; 16], at(second).utc));
            let settles = if outcome == Outcome::Accepted { second + 7 * 24 * HOUR } else { second };
            assert_eq!(found.settles_at, at(settles).utc);
            assert!(unknowns.is_empty());
            assert_eq!(unknowns.next_timeout(), None, "nothing is left to do");
        }
    }
}

#[test]
fn a_lower_price_follows_the_rule_of_the_post() {
    let judged = |floor: Option<i64>, price: i64| {
        let mut post = unknown(&catalog(&["on_lower_price = \"accept\""]), 0, key(1), at(0));
        if let Some(lead) = &mut post.submission {
            lead.floor = floor.map(euros);
        }
        let mut unknowns = Unknowns::new(10);
        unknowns.add(at(0), post);
        let evidence = Evidence { price: Some(euros(price)), ..says(Outcome::Accepted, ResolvedBy::Report) };
        let found = resolved(unknowns.resolve(at(1), key(1), evidence).ok());
        (found.outcome, found.price, found.payout)
    };
    let refused = (Outcome::Failed(Reason::PriceChanged), Amount::ZERO, Amount::ZERO);
    assert_eq!(judged(None, 10), (Outcome::Accepted, euros(10), euros(8)));
    assert_eq!(judged(Some(8), 10), (Outcome::Accepted, euros(10), euros(8)));
    assert_eq!(judged(Some(9), 10), refused, "the seller's floor");
    assert_eq!(judged(None, 4), refused, "the vertical's reserve");
}

#[test]
fn in_a_two_step_sale_a_lower_price_leaves_the_seller_its_payout() {
    let judged = |price: i64| {
        let mut post = unknown(&catalog(&["on_lower_price = \"accept\""]), 0, key(1), at(0));
        post.kind = SaleKind::TwoStep;
        let mut unknowns = Unknowns::new(10);
        unknowns.add(at(0), post);
        let evidence = Evidence { price: Some(euros(price)), ..says(Outcome::Accepted, ResolvedBy::Repost) };
        let found = resolved(unknowns.resolve(at(1), key(1), evidence).ok());
        (found.outcome, found.price, found.payout)
    };
    assert_eq!(judged(18), (Outcome::Accepted, euros(18), euros(16)), "out of the margin");
    assert_eq!(judged(15).0, Outcome::Failed(Reason::PriceChanged), "never at a loss");
}

#[test]
fn a_price_without_its_lead_is_taken_only_where_it_was_agreed() {
    for (price, outcome) in [(20, Outcome::Accepted), (19, Outcome::Failed(Reason::PriceChanged))] {
        let mut unknowns = one("on_lower_price = \"accept\"");
        unknowns.erase(key(1).auction, at(1));
        let evidence = Evidence { price: Some(euros(price)), ..says(Outcome::Accepted, ResolvedBy::Report) };
        assert_eq!(resolved(unknowns.resolve(at(1), key(1), evidence).ok()).outcome, outcome);
    }
}

#[test]
fn a_person_may_agree_to_less_but_not_below_what_has_to_be_paid() {
    let mut unknowns = one("");
    let evidence =
        |price| Evidence { price: Some(euros(price)), ..says(Outcome::Accepted, ResolvedBy::Person) };
    let refused = unknowns.resolve(at(1), key(1), evidence(4));
    assert_eq!(refused.expect_err("below the reserve"), ResolveError::PriceTooLow);
    assert_eq!(unknowns.len(), 1, "it stays open");
    let found = resolved(unknowns.resolve(at(1), key(1), evidence(10)).ok());
    assert_eq!((found.price, found.payout), (euros(10), euros(8)));
}

#[test]
fn a_post_whose_lead_is_erased_is_not_sent_again() {
    let mut unknowns = one("status_url = \"https://north.example/{post_id}\"");
    assert!(matches!(next(&mut unknowns), Some((_, Action::Repost))));
    unknowns.reply(at(10), key(1), &reply(PostOutcome::NotSent(NotSent::Connect)));
    unknowns.erase(key(1).auction, at(10));
    unknowns.assert_invariants();
    assert!(matches!(next(&mut unknowns), Some((_, Action::AskStatus))));
    let mut unknowns = one("");
    unknowns.erase(key(1).auction, at(1));
    assert_eq!(next(&mut unknowns), Some((24 * HOUR, Action::HandOver)), "nobody can be asked");
}

#[test]
fn after_its_time_the_campaigns_rule_decides() {
    let failed = Outcome::Failed(Reason::PostUnknown);
    for (rule, action) in [
        ("hold", Action::HandOver),
        ("assume_accepted", Action::Assume(Outcome::Accepted)),
        ("assume_rejected", Action::Assume(failed)),
    ] {
        let mut unknowns =
            one(&format!("idempotent = false\nunknown_after = \"2h\"\non_unknown = \"{rule}\""));
        assert_eq!(next(&mut unknowns), Some((2 * HOUR, action)));
        assert_eq!(unknowns.list().next().map(|open| open.with_person), Some(action == Action::HandOver));
        assert_eq!(next(&mut unknowns), None, "it is said once");
        let Action::Assume(outcome) = action else { continue };
        let found = resolved(unknowns.resolve(at(2 * HOUR), key(1), says(outcome, ResolvedBy::Rule)).ok());
        let charged = if outcome == Outcome::Accepted { 20 } else { 0 };
        assert_eq!((found.outcome, found.price, found.by), (outcome, euros(charged), ResolvedBy::Rule));
    }
}

#[test]
fn the_time_runs_from_the_intent_over_restarts() {
    let post = unknown(&catalog(&["idempotent = false"]), 0, key(1), at(0));
    let mut unknowns = Unknowns::new(10);
    // The process has started anew: its clock begins at zero, the calendar goes on.
    let restarted = Now { mono: Nanos::ZERO, utc: at(23 * HOUR).utc };
    unknowns.add(restarted, post);
    assert_eq!(unknowns.next_timeout(), Some(Nanos::from_secs(HOUR)));
}

#[test]
fn a_campaign_on_hold_is_still_asked_after_a_person_has_it() {
    let mut unknowns = one("unknown_after = \"1s\"");
    assert_eq!(next(&mut unknowns), Some((1, Action::HandOver)));
    assert!(matches!(next(&mut unknowns), Some((_, Action::Repost))));
}

#[test]
fn what_is_resolved_is_resolved_once() {
    let accepted = || says(Outcome::Accepted, ResolvedBy::Report);
    let failed = || says(Outcome::Failed(Reason::PostRejected), ResolvedBy::Person);
    let mut unknowns = one("");
    assert!(matches!(unknowns.resolve(at(1), key(1), accepted()), Ok(Verdict::Resolved(_))));
    assert!(matches!(unknowns.resolve(at(2), key(1), accepted()), Ok(Verdict::Same)));
    assert!(matches!(
        unknowns.resolve(at(2), key(1), says(Outcome::Unknown, ResolvedBy::Report)),
        Ok(Verdict::Same)
    ));
    let Ok(Verdict::Disputed(dispute)) = unknowns.resolve(at(3), key(1), failed()) else {
        panic!("a contrary fact is a dispute");
    };
    assert_eq!((dispute.says, dispute.by, dispute.at), (failed().says, ResolvedBy::Person, at(3).utc));
    assert!(matches!(unknowns.resolve(at(4), key(1), failed()), Ok(Verdict::Same)), "it is told once");
    assert_eq!(unknowns.resolve(at(4), key(2), failed()).expect_err("another post"), ResolveError::NotFound);
    unknowns.add(at(5), unknown(&catalog(&[""]), 0, key(1), at(0)));
    assert!(unknowns.is_empty(), "what is resolved does not become unknown again");
}

#[test]
fn a_reply_after_a_resolution_is_the_same_fact_or_a_dispute() {
    for (outcome, disputed) in [(PostOutcome::Rejected, true), (PostOutcome::Accepted { price: None }, false)]
    {
        let mut unknowns = one("");
        let (second, _) = next(&mut unknowns).expect("it is asked about");
        let verdict = unknowns.resolve(at(second), key(1), says(Outcome::Accepted, ResolvedBy::Person));
        assert!(matches!(verdict, Ok(Verdict::Resolved(_))));
        let late = unknowns.reply(at(second), key(1), &reply(outcome));
        assert_eq!(matches!(late, Some(Verdict::Disputed(_))), disputed, "{outcome:?}");
        assert_eq!(unknowns.in_flight(), 0, "its place is free");
        unknowns.assert_invariants();
    }
}

#[test]
fn one_question_a_campaign_and_sixteen_a_shard_are_under_way() {
    let snapshot = catalog(&[""; 20]);
    let mut unknowns = Unknowns::new(100);
    for number in 0..40 {
        let campaign = u32::try_from(number % 20).expect("few");
        unknowns.add(at(0), unknown(&snapshot, campaign, key(number), at(0)));
    }
    let mut asked = Vec::new();
    while let Some((key, _)) = unknowns.due(at(MINUTE)) {
        asked.push((unknowns.get(key).expect("open").campaign, key));
    }
    unknowns.assert_invariants();
    assert_eq!(asked.len(), agenda::IN_FLIGHT_MAX);
    let mut campaigns: Vec<_> = asked.iter().map(|(campaign, _)| *campaign).collect();
    campaigns.sort_unstable();
    campaigns.dedup();
    assert_eq!(campaigns.len(), asked.len(), "each campaign is asked about one");
    // All places are taken; the rules are not held up by that.
    assert_eq!(unknowns.next_timeout(), Some(Nanos::from_secs(24 * HOUR)));
    unknowns.reply(at(MINUTE), asked[0].1, &reply(PostOutcome::Rejected));
    assert!(unknowns.due(at(MINUTE)).is_some(), "a place is free again");
}

#[test]
fn a_buyer_that_answers_is_asked_about_the_rest_at_once() {
    let snapshot = catalog(&[""]);
    let mut unknowns = Unknowns::new(100);
    for number in 0..5 {
        unknowns.add(at(0), unknown(&snapshot, 0, key(number), at(0)));
    }
    // For half an hour the buyer is down.
    let down = Nanos::from_secs(HOUR / 2);
    while let Some(due) = unknowns.next_timeout().filter(|due| *due <= down) {
        let now = Now { mono: due, utc: START.saturating_add(due) };
        let Some((key, _)) = unknowns.due(now) else { continue };
        unknowns.reply(now, key, &reply(PostOutcome::NotSent(NotSent::Connect)));
    }
    let back = unknowns.next_timeout().expect("it goes on");
    assert!(back <= down.saturating_add(agenda::PROBE_EVERY), "within a minute somebody is asked");
    let now = Now { mono: back, utc: START.saturating_add(back) };
    let mut resolutions = 0;
    while let Some((key, _)) = unknowns.due(now) {
        resolved(unknowns.reply(now, key, &reply(PostOutcome::Accepted { price: None })));
        resolutions += 1;
    }
    assert_eq!(resolutions, 5);
}

#[test]
fn beyond_the_limit_a_post_is_kept_without_its_lead() {
    let snapshot = catalog(&[""]);
    let mut unknowns = Unknowns::new(2);
    for number in 0..3 {
        unknowns.add(at(0), unknown(&snapshot, 0, key(number), at(0)));
        unknowns.assert_invariants();
    }
    let leads: Vec<bool> = unknowns.list().map(|open| open.unknown.submission.is_some()).collect();
    assert_eq!(leads, [true, true, false]);
    unknowns.resolve(at(1), key(0), says(Outcome::Accepted, ResolvedBy::Report)).expect("open");
    unknowns.add(at(1), unknown(&snapshot, 0, key(3), at(1)));
    assert!(unknowns.get(key(3)).expect("open").submission.is_some(), "there is room again");
    assert!(
        unknowns.resolve(at(2), key(2), says(Outcome::Accepted, ResolvedBy::Report)).is_ok(),
        "it is not lost"
    );
}

#[test]
fn reasons_of_returns_are_those_of_the_protocol() {
    let names = exchange_protocol::ReturnReason::ALL.map(exchange_protocol::ReturnReason::name);
    assert_eq!(names, exchange_catalog::snapshot::ReturnReasons::NAMES);
}

#[test]
fn a_fact_is_compared_with_how_a_post_came_out() {
    let [rejected, duplicate] = [Reason::PostRejected, Reason::PostDuplicate].map(Outcome::Failed);
    for (known, says, late) in [
        (Outcome::Accepted, Outcome::Accepted, Late::Same),
        (rejected, duplicate, Late::Same),
        (Outcome::Accepted, rejected, Late::Contrary),
        (rejected, Outcome::Accepted, Late::Contrary),
        (Outcome::Unknown, Outcome::Accepted, Late::Same),
        (Outcome::Accepted, Outcome::Unknown, Late::Same),
    ] {
        assert_eq!(Late::judge(known, says), late, "{known:?} {says:?}");
    }
}
