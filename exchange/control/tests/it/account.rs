//! The story of an auction.

use std::sync::Arc;

use exchange_protocol::{
    Account, AnswerOffer, AnswerStatus, CandidateIndex, LeftOut, OfferKey, Outcome, SaleKeys, SaleKind,
    Story, StoryCandidate, StoryPost,
};
use exchange_types::{
    Amount, AuctionId, BidEntries, BidEntry, BuyerIndex, CampaignIndex, DuplicateScope, HashKey, LeadId,
    PendingReason, PingId, Reason, SaleId, SellerIndex, UnsoldReason, UtcMicros, Uuid7, VerticalIndex,
};
use serde_json::{Value, json};

use crate::client::{Reply, send, start};
use crate::made_up::{MadeUp, snapshot};

fn amount(text: &str) -> Amount {
    Amount::parse(text, 4).expect("an amount")
}

pub(crate) fn id() -> Uuid7 {
    Uuid7::new(UtcMicros(1_795_132_800_000_000), 5)
}

fn candidate(campaign: u32, reason: Option<Reason>, bids: &[(&str, u16)]) -> StoryCandidate {
    let mut entries = BidEntries::new();
    for &(bid, max_buyers) in bids {
        assert!(entries.push(BidEntry { amount: amount(bid), max_buyers, ..BidEntry::default() }));
    }
    let replied_us = if bids.is_empty() { 0 } else { 41_000 + campaign };
    StoryCandidate {
        campaign: CampaignIndex(campaign),
        reason,
        entries,
        replied_us,
        ..StoryCandidate::default()
    }
}

fn keys() -> SaleKeys {
    SaleKeys::new(&HashKey::new([7; 16]))
}

fn ping_id(candidate: u16) -> String {
    keys().ping(id(), CandidateIndex(candidate)).to_string()
}

fn post_id(candidate: u16) -> String {
    keys().post(id(), CandidateIndex(candidate)).to_string()
}

fn sale_id(candidate: u16) -> String {
    keys().sale(id(), CandidateIndex(candidate)).to_string()
}

/// The campaign `alps` rejected, `coast` bought, `delta` was left out.
pub(crate) fn account() -> Account {
    let post = |candidate, buyer, outcome| StoryPost {
        candidate: CandidateIndex(candidate),
        buyer: BuyerIndex(buyer),
        entry: 0,
        price: amount("31.50"),
        payout: if outcome == Some(Outcome::Accepted) { amount("25.2") } else { Amount::ZERO },
        exclusive: true,
        outcome,
        intent_us: 120_000,
        sent_us: 120_300,
        replied_us: 180_000,
        digest: [0xab; 16],
        ..StoryPost::default()
    };
    let outbid = StoryCandidate {
        minimum_to_win: Some(amount("31.51")),
        ..candidate(0, Some(Reason::PostRejected), &[("60", 1), ("30.0001", 0)])
    };
    let story = Story {
        id: id(),
        kind: SaleKind::OneCall,
        seller: SellerIndex(0),
        vertical: VerticalIndex(0),
        test: false,
        catalog_version: 7,
        admitted: UtcMicros(1_795_132_800_000_000),
        bids_closed_us: 110_000,
        answered_us: 200_000,
        ended_us: 200_001,
        expires_at: UtcMicros(0),
        status: AnswerStatus::Sold,
        payout: amount("25.20"),
        candidates: vec![outbid, candidate(1, None, &[("31.50", 1)])],
        posts: vec![
            post(0, 1, Some(Outcome::Failed(Reason::PostRejected))),
            StoryPost {
                redirect_url: "https://north.example/thanks".into(),
                ..post(1, 0, Some(Outcome::Accepted))
            },
        ],
        ..Story::default()
    };
    let left_out = vec![LeftOut {
        campaign: CampaignIndex(2),
        reason: Reason::Filtered,
        condition: Some("zip in [80, 81]".into()),
    }];
    Account { story, snapshot: Arc::new(snapshot()), left_out, live: false, keys: keys() }
}

async fn show(backend: MadeUp, id: &str) -> Reply {
    let running = start(backend).await;
    let head = format!("GET /v1/auctions/{id} HTTP/1.1\nAuthorization: Bearer operator-ada");
    send(running.address, &head, "").await
}

async fn body_of(account: Account) -> Value {
    let id = AuctionId(account.story.id).to_string();
    let reply = show(MadeUp { account: Some(account), ..MadeUp::default() }, &id).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")), "{reply:?}");
    reply.json()
}

#[tokio::test]
async fn the_whole_story_is_told() {
    let expected = json!({
        "auction_id": AuctionId(id()).to_string(),
        "lead_id": LeadId(id()).to_string(),
        "kind": "one_call",
        "live": false,
        "seller": "acme",
        "vertical": "solar",
        "currency": "EUR",
        "catalog_version": 7,
        "status": "sold",
        "payout": "25.20",
        "admitted_at": "2026-11-20T00:00:00.000Z",
        "bids_closed_us": 110_000,
        "answered_us": 200_000,
        "ended_us": 200_001,
        "campaigns": [
            {"campaign": "alps", "buyer": "south", "result": "lost", "reason": "post_rejected", "ping_id": ping_id(0),
             "bids": [{"bid": "60.00", "max_buyers": 1}, {"bid": "30.0001", "max_buyers": "all"}],
             "replied_us": 41_000, "minimum_to_win": "31.51"},
            {"campaign": "coast", "buyer": "north", "result": "bought", "ping_id": ping_id(1),
             "bids": [{"bid": "31.50", "max_buyers": 1}], "replied_us": 41_001},
            {"campaign": "delta", "buyer": "north", "result": "left_out", "reason": "filtered",
             "condition": "zip in [80, 81]"},
        ],
        "posts": [
            {"post_id": post_id(0), "sale_id": sale_id(0), "campaign": "alps", "buyer": "south", "entry": 0, "price": "31.50", "exclusive": true, "outcome": "failed", "reason": "post_rejected",
             "intent_us": 120_000, "sent_us": 120_300, "replied_us": 180_000,
             "reply_digest": "abababababababababababababababab"},
            {"post_id": post_id(1), "sale_id": sale_id(1), "campaign": "coast", "buyer": "north", "entry": 0, "price": "31.50", "payout": "25.20",
             "margin": "6.30", "exclusive": true, "outcome": "accepted",
             "intent_us": 120_000, "sent_us": 120_300, "replied_us": 180_000,
             "reply_digest": "abababababababababababababababab"},
        ],
    });
    assert_eq!(body_of(account()).await, expected);
}

#[tokio::test]
async fn what_has_not_come_yet_is_left_out() {
    let mut account = account();
    account.live = true;
    let story = &mut account.story;
    (story.status, story.answered_us, story.ended_us) = (AnswerStatus::Running, 0, 0);
    story.posts.truncate(1);
    for post in &mut story.posts {
        (post.outcome, post.sent_us, post.replied_us, post.digest) = (None, 0, 0, [0; 16]);
    }
    let body = body_of(account).await;
    assert_eq!((&body["live"], &body["status"]), (&json!(true), &json!("running")));
    assert_eq!((body.get("answered_us"), body.get("ended_us")), (None, None));
    assert_eq!(body["campaigns"][1]["result"], "open");
    let expected = json!([{"post_id": post_id(0), "sale_id": sale_id(0), "campaign": "alps", "buyer": "south",
        "entry": 0, "price": "31.50",
        "exclusive": true, "outcome": "in_flight", "intent_us": 120_000}]);
    assert_eq!(body["posts"], expected);
}

#[tokio::test]
async fn offers_of_a_two_step_sale_are_shown() {
    let mut account = account();
    let story = &mut account.story;
    (story.kind, story.status) = (SaleKind::TwoStep, AnswerStatus::Offers);
    story.expires_at = UtcMicros(1_795_132_830_000_000);
    let key = OfferKey { candidate: CandidateIndex(1), entry: 0 };
    story.offers = vec![AnswerOffer { key, buyer: BuyerIndex(0), payout: amount("25.2"), max_buyers: 3 }];
    let body = body_of(account).await;
    assert_eq!(body["kind"], "two_step");
    assert_eq!(body["ping_id"], PingId(id()).to_string());
    assert_eq!(body["offers_expire_at"], "2026-11-20T00:00:30.000Z");
    let expected = json!([{"campaign": "coast", "buyer": "north", "payout": "25.20", "max_buyers": 3}]);
    assert_eq!(body["offers"], expected);
}

#[tokio::test]
async fn every_status_has_its_words() {
    let earlier = Uuid7::new(UtcMicros(1), 1);
    let cases = [
        (AnswerStatus::Unsold(UnsoldReason::NoBid), json!({"status": "unsold", "reason": "no_bid"})),
        (
            AnswerStatus::Pending(PendingReason::PostUnknown),
            json!({"status": "pending", "reason": "post_unknown"}),
        ),
        (
            AnswerStatus::NoOffer(UnsoldReason::BelowFloor),
            json!({"status": "no_offer", "reason": "below_floor"}),
        ),
        (
            AnswerStatus::Duplicate(DuplicateScope::Own, Some(earlier)),
            json!({"status": "duplicate", "scope": "own", "duplicate_of": LeadId(earlier).to_string()}),
        ),
        (
            AnswerStatus::Duplicate(DuplicateScope::Exchange, None),
            json!({"status": "duplicate", "scope": "exchange"}),
        ),
    ];
    for (status, expected) in cases {
        let mut account = account();
        account.story.status = status;
        let body = body_of(account).await;
        for key in ["status", "reason", "scope", "duplicate_of"] {
            assert_eq!(body.get(key), expected.get(key), "{status:?}");
        }
    }
}

#[tokio::test]
async fn the_ids_of_lead_and_ping_name_the_auction_too() {
    let known = || MadeUp { account: Some(account()), ..MadeUp::default() };
    for text in [AuctionId(id()).to_string(), LeadId(id()).to_string(), PingId(id()).to_string()] {
        assert_eq!(show(known(), &text).await.status, 200, "{text}");
    }
    let other = AuctionId(Uuid7::new(UtcMicros(1), 1)).to_string();
    for text in [&*other, &SaleId(id()).to_string(), "auc_1", "%ff", "42"] {
        assert_eq!(show(known(), text).await.status, 404, "{text}");
    }
}

#[tokio::test]
async fn a_shard_that_does_not_answer_is_503() {
    let text = AuctionId(id()).to_string();
    let reply = show(MadeUp { shard_is_gone: true, ..MadeUp::default() }, &text).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert_eq!(reply.json()["type"], "/problems/overloaded");
}

#[tokio::test]
async fn a_record_that_does_not_fit_its_catalog_is_no_story() {
    let mut account = account();
    account.story.seller = SellerIndex(9);
    let text = AuctionId(id()).to_string();
    let reply = show(MadeUp { account: Some(account), ..MadeUp::default() }, &text).await;
    assert_eq!(reply.status, 500);
}
