//! The auction's worked cases through the whole engine: each comes out as it says there, and its record
//! replays without a difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use exchange_protocol::Verdict;
use exchange_types::{Nanos, SellerIndex, SourceKey, VerticalIndex};
use serde::Deserialize;

use super::stage::{Script, Stage, compiled};
use super::*;

const CASES: &str = include_str!("../../../../auction/tests/cases/auction-cases.json");

#[derive(Deserialize)]
struct CaseFile {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    vertical: BTreeMap<String, serde_json::Value>,
    agreement: Agreement,
    lead: Lead,
    campaigns: Vec<Campaign>,
    bids: BTreeMap<String, Replied>,
    posts: BTreeMap<String, Posted>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Agreement {
    #[serde(flatten)]
    terms: Terms,
    #[serde(default)]
    overrides: BTreeMap<String, BTreeMap<String, Terms>>,
}

#[derive(Deserialize)]
struct Terms {
    payout: BTreeMap<String, serde_json::Value>,
    min_margin: Option<String>,
    #[serde(default)]
    allow_loss: bool,
}

#[derive(Deserialize)]
struct Lead {
    floor: Option<String>,
    max_buyers: Option<u16>,
    source: Option<String>,
    two_step: Option<TwoStep>,
}

#[derive(Deserialize)]
struct TwoStep {
    named: Option<Vec<String>>,
    fallback: String,
}

#[derive(Deserialize)]
struct Campaign {
    id: String,
    buyer: Option<String>,
    standing_price: Option<String>,
    #[serde(flatten)]
    keys: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Replied {
    Bids { bids: Vec<Bid> },
    Reason(String),
}

#[derive(Deserialize)]
struct Bid {
    bid: String,
    max_buyers: Option<u16>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Posted {
    Outcome(String),
    Price { price: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    OneOf { one_of: Vec<CaseOutcome> },
    Outcome(CaseOutcome),
}

#[derive(Deserialize)]
struct CaseOutcome {
    status: String,
    sales: Vec<Sale>,
    payout: String,
}

#[derive(Deserialize)]
struct Sale {
    campaign: String,
    price: String,
    payout: String,
}

fn amount(text: &str) -> Amount {
    Amount::parse(text, 4).expect("a decimal")
}

/// Returns the bids of a reply as the wire reads them: one that cannot be used makes it none.
fn read(replied: &Replied) -> PingReply {
    let bids = match replied {
        Replied::Bids { bids } => bids,
        Replied::Reason(reason) => {
            return match &**reason {
                "timeout" => PingReply::Timeout,
                "connect_failed" => PingReply::ConnectFailed,
                "bad_reply" => PingReply::BadReply,
                "bad_price" => PingReply::BadPrice,
                // Or out before the ping, and not asked.
                _ => PingReply::NoBid,
            };
        }
    };
    let mut entries = BidEntries::new();
    for bid in bids {
        let Ok(amount) = Amount::parse(&bid.bid, 4) else { return PingReply::BadPrice };
        if amount < Amount::ZERO || amount > amount_max() {
            return PingReply::BadPrice;
        }
        if amount == Amount::ZERO {
            return PingReply::NoBid;
        }
        let max_buyers = bid.max_buyers.unwrap_or(0);
        assert!(entries.push(exchange_types::BidEntry { amount, max_buyers, ..Default::default() }));
    }
    PingReply::Bids(entries)
}

/// Bids above this are taken for a mistake: the default of a vertical.
fn amount_max() -> Amount {
    amount("10000")
}

fn push(text: &mut String, more: core::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("writing to a string cannot fail");
}

impl Terms {
    fn text(&self) -> String {
        let keys = self.payout.iter().map(|(key, value)| format!("{key} = {value}"));
        let mut text = format!("payout = {{ {} }}\n", keys.collect::<Vec<_>>().join(", "));
        if let Some(least) = &self.min_margin {
            push(&mut text, format_args!("min_margin = \"{least}\"\n"));
        }
        push(&mut text, format_args!("allow_loss = {}\n", self.allow_loss));
        text
    }
}

impl Campaign {
    fn buyer(&self) -> &str {
        self.buyer.as_deref().unwrap_or(&self.id)
    }
}

impl Case {
    fn catalog(&self) -> String {
        let mut text = "[verticals.solar]\n".to_owned();
        for (key, value) in self.vertical.iter().filter(|(_, value)| !value.is_null()) {
            push(&mut text, format_args!("{key} = {value}\n"));
        }
        text += "bid_window = \"300ms\"\nanswer_by = \"30s\"\npost_timeout = \"5s\"\noffers_held = 20\n\
                 [verticals.solar.fields.zip]\ntype = \"postal_code\"\ncountry = \"DE\"\n\
                 [sellers.web]\n[sellers.web.agreements.solar]\n";
        text += &self.agreement.terms.text();
        for (kind, overrides) in &self.agreement.overrides {
            for (name, terms) in overrides {
                push(
                    &mut text,
                    format_args!("[sellers.web.agreements.solar.overrides.{kind}.{name}]\n{}", terms.text()),
                );
            }
        }
        let buyers: std::collections::BTreeSet<_> = self.campaigns.iter().map(Campaign::buyer).collect();
        for buyer in buyers {
            push(
                &mut text,
                format_args!("[buyers.{buyer}]\nlegal_name = \"{buyer}\"\ntime_zone = \"Europe/Berlin\"\n"),
            );
        }
        for campaign in &self.campaigns {
            let (id, buyer) = (&campaign.id, campaign.buyer());
            let pricing = campaign.standing_price.as_ref().map_or_else(
                || format!("ping = {{ url = \"https://{id}.example/ping\", timeout = \"250ms\" }}"),
                |price| format!("price = \"{price}\""),
            );
            push(
                &mut text,
                format_args!(
                    "[campaigns.{id}]\nbuyer = \"{buyer}\"\nvertical = \"solar\"\n{pricing}\n\
                 signing_secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n\
                 post = {{ url = \"https://{id}.example/post\" }}\n"
                ),
            );
            for (key, value) in campaign.keys.iter().filter(|(_, value)| !value.is_null()) {
                push(&mut text, format_args!("{key} = {value}\n"));
            }
        }
        text
    }

    fn script(&self) -> Script {
        let answer = |campaign: &Campaign| {
            let outcome = match self.posts.get(&campaign.id) {
                Some(Posted::Price { price }) => PostOutcome::Accepted { price: Some(amount(price)) },
                Some(Posted::Outcome(outcome)) => match &**outcome {
                    "accepted" => PostOutcome::Accepted { price: None },
                    "rejected" => PostOutcome::Rejected,
                    "duplicate" => PostOutcome::Duplicate,
                    "refused" => PostOutcome::Refused { status: 404 },
                    "connect_failed" => PostOutcome::NotSent(exchange_types::NotSent::Connect),
                    "unknown" => PostOutcome::Unknown(UnknownCause::Broken),
                    other => panic!("{other}"),
                },
                // Nobody posts to it, so what it would answer does not matter.
                None => PostOutcome::Accepted { price: None },
            };
            (10_000, outcome)
        };
        let bid = |campaign: &Campaign| (1_000, self.bids.get(&campaign.id).map_or(PingReply::NoBid, read));
        let step = self.lead.two_step.as_ref().map(|post| {
            let named = post.named.iter().flatten();
            let position = |id: &String| self.campaigns.iter().position(|campaign| campaign.id == *id);
            (500_000, named.filter_map(position).collect(), post.fallback == "offers")
        });
        Script {
            kind: if step.is_some() { SaleKind::TwoStep } else { SaleKind::OneCall },
            bids: self.campaigns.iter().map(bid).collect(),
            room: vec![None; self.campaigns.len()],
            posts: self.campaigns.iter().map(answer).collect(),
            // What is left of the offers after the post is given back.
            gives_back: step.is_some().then_some(25_000_000),
            steps: step.into_iter().collect(),
            names_campaigns: true,
            ..Script::plain([0; 5])
        }
    }

    fn play(&self) -> Result<Stage, String> {
        let snapshot = compiled(self.catalog())?;
        let mut submission = Submission::default();
        submission.reset(VerticalIndex(0), SellerIndex(0), 1);
        submission.floor = self.lead.floor.as_deref().map(amount);
        submission.max_buyers = self.lead.max_buyers;
        if let Some(source) = &self.lead.source {
            submission.set_source(SourceKey::Channel, source);
        }
        let asked =
            [Reason::NoBid, Reason::Timeout, Reason::ConnectFailed, Reason::BadReply, Reason::BadPrice];
        let out = |campaign: &Campaign| match self.bids.get(&campaign.id) {
            Some(Replied::Reason(reason)) => {
                Reason::from_name(reason).filter(|reason| !asked.contains(reason))
            }
            Some(Replied::Bids { .. }) | None => None,
        };
        let verdict = |campaign: &Campaign| match (&campaign.standing_price, out(campaign)) {
            (_, Some(reason)) => Verdict::Out(reason),
            (Some(price), None) => Verdict::Standing(amount(price)),
            (None, None) => Verdict::Ping { timeout: Nanos::from_millis(250) },
        };
        let verdicts: Vec<_> =
            self.campaigns.iter().map(|campaign| (&*campaign.id, verdict(campaign))).collect();
        Ok(Stage::play(&self.script(), snapshot, submission, &verdicts))
    }
}

impl CaseOutcome {
    fn compare(&self, stage: &Stage) -> Result<(), String> {
        let story = &stage.story;
        let status = match story.status {
            AnswerStatus::Sold => "sold",
            AnswerStatus::Pending(_) => "pending",
            AnswerStatus::Unsold(_) | AnswerStatus::NoOffer(_) => "unsold",
            AnswerStatus::Running
            | AnswerStatus::Duplicate(..)
            | AnswerStatus::Offers
            | AnswerStatus::Invalid => "not over",
        };
        let sold = story.posts.iter().filter(|post| post.outcome == Some(Outcome::Accepted));
        let sales: BTreeMap<String, _> = sold
            .map(|post| {
                let candidate = story.candidates.get(post.candidate.at()).expect("a candidate");
                (stage.name(candidate.campaign), (post.price, post.payout))
            })
            .collect();
        let expected: BTreeMap<String, _> = self
            .sales
            .iter()
            .map(|sale| (sale.campaign.clone(), (amount(&sale.price), amount(&sale.payout))))
            .collect();
        let (found, wanted) =
            ((status, story.payout, sales), (&*self.status, amount(&self.payout), expected));
        if found == wanted { Ok(()) } else { Err(format!("{found:?}, not {wanted:?}")) }
    }
}

#[test]
fn every_worked_case_comes_out_and_replays_alike() {
    let file: CaseFile = serde_json::from_str(CASES).expect("the file follows its schema");
    let mut wrong = Vec::new();
    let mut without_catalog = Vec::new();
    for case in &file.cases {
        let stage = match case.play() {
            Ok(stage) => stage,
            Err(mistakes) => {
                without_catalog.push(format!("{}: {mistakes}", case.name));
                continue;
            }
        };
        let compared = match &case.expect {
            Expected::Outcome(expected) => expected.compare(&stage),
            Expected::OneOf { one_of } => {
                let compared: Vec<_> = one_of.iter().map(|expected| expected.compare(&stage)).collect();
                if compared.iter().any(Result::is_ok) { Ok(()) } else { Err(format!("{compared:?}")) }
            }
        };
        if let Err(why) = compared {
            wrong.push(format!("{}: {why}", case.name));
        }
        let replayed = stage.replay(&[]).expect("a record that is enough");
        if !replayed.differences.is_empty() || !replayed.assumptions.is_empty() {
            wrong.push(format!("{}: {:?} {:?}", case.name, replayed.differences, replayed.assumptions));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(without_catalog.is_empty(), "{}", without_catalog.join("\n"));
}
