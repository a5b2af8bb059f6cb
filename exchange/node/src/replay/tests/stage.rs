//! [`Stage`]: an auction that was recorded, by a script and a driver that shares nothing with the replay's.

use std::fmt::Write as _;
use std::sync::Arc;

use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_protocol::{Considered, SaleKind, Story, Submit, Verdict};
use exchange_types::{
    Amount, BidEntries, BidEntry, CampaignIndex, HashKey, Nanos, PingReply, PostOutcome, Reason, SellerIndex,
    SourceKey, Submission, UtcMicros, Uuid7, VerticalIndex,
};

use super::super::{Change, Recorded, ReplayError, Replayed, replay};
use super::play::Play;
use crate::TieKeys;

pub(super) const NAMES: [&str; 5] = ["east", "north", "south", "up", "west"];

/// How an auction goes.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) rules: (&'static str, &'static str, &'static str),
    pub(super) kind: SaleKind,
    pub(super) max_buyers: u16,
    pub(super) asks_max: Option<u16>,
    pub(super) prior_sales: u16,
    pub(super) floor: Option<Amount>,
    pub(super) wait: Option<Nanos>,
    /// Of each campaign: when it answers its ping, and what.
    pub(super) bids: Vec<(u64, PingReply)>,
    /// Why it is out before the ping.
    pub(super) out: Vec<Option<Reason>>,
    /// Which time its counters have no room.
    pub(super) room: Vec<Option<u8>>,
    /// How long it takes for a post, and what it answers.
    pub(super) posts: Vec<(u64, PostOutcome)>,
    /// The seller's posts: when, which offers by their position, and whether others may follow.
    pub(super) steps: Vec<(u64, Vec<usize>, bool)>,
    /// Whether the posts name all offers of campaigns instead, by the positions of these.
    pub(super) names_campaigns: bool,
    pub(super) gives_back: Option<u64>,
    /// How long a record takes to the disk.
    pub(super) disk_us: u64,
}

/// A recorded auction.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) story: Story,
    pub(super) submission: Submission,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) ties: TieKeys,
}

pub(super) fn cents(cents: u32) -> Amount {
    Amount::from_micros(i64::from(cents) * 10_000)
}

pub(super) fn entries(bids: &[(u32, u16)]) -> BidEntries {
    let mut entries = BidEntries::new();
    for &(bid, max_buyers) in bids {
        assert!(entries.push(BidEntry { amount: cents(bid), max_buyers, ..BidEntry::default() }));
    }
    entries
}

impl Script {
    /// Returns a one-call auction of one buyer in which everybody bids at once and takes what it gets.
    pub(super) fn plain(bids: [u32; 5]) -> Self {
        let bid = |bid| (40_000, PingReply::Bids(entries(&[(bid, 0)])));
        Self {
            rules: ("", r#"payout = { margin = "20%" }"#, "reject"),
            kind: SaleKind::OneCall,
            max_buyers: 1,
            asks_max: None,
            prior_sales: 0,
            floor: None,
            wait: None,
            bids: bids.into_iter().map(bid).collect(),
            out: vec![None; 5],
            room: vec![None; 5],
            posts: vec![(100_000, PostOutcome::Accepted { price: None }); 5],
            steps: Vec::new(),
            names_campaigns: false,
            gives_back: None,
            disk_us: 800,
        }
    }

    /// Returns the catalog: five campaigns, of which two belong to one company and one has a standing price,
    /// and a sixth that nobody considers.
    fn catalog(&self) -> Arc<Snapshot> {
        let (vertical, agreement, on_lower_price) = self.rules;
        let max_buyers = self.max_buyers;
        let mut text = format!(
            r#"
[verticals.solar]
{vertical}
currency = "EUR"
max_buyers = {max_buyers}
bid_window = "300ms"
answer_by = "4s"
post_min = "500ms"
post_timeout = "5s"
hold_time = "30s"
[verticals.solar.fields.zip]
type = "postal_code"
country = "DE"
[sellers.web]
[sellers.web.agreements.solar]
{agreement}
[sellers.web.agreements.solar.overrides.sources.display]
{agreement}
min_margin = "0.50"
"#
        );
        for name in ["east", "north", "south", "west", "zenith"] {
            write!(text, "[buyers.{name}]\nlegal_name = \"{name} GmbH\"\ntime_zone = \"Europe/Berlin\"\n")
                .expect("writing to a string cannot fail");
        }
        for (name, buyer) in [
            ("east", "east"),
            ("north", "north"),
            ("south", "south"),
            ("up", "north"),
            ("west", "west"),
            ("zenith", "zenith"),
        ] {
            let pricing = if name == "west" {
                r#"price = "9.50""#.to_owned()
            } else {
                format!(r#"ping = {{ url = "https://{name}.example/ping", timeout = "250ms" }}"#)
            };
            let written = write!(
                text,
                r#"
[campaigns.{name}]
buyer = "{buyer}"
vertical = "solar"
on_lower_price = "{on_lower_price}"
signing_secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
{pricing}
post = {{ url = "https://{name}.example/post" }}
"#
            );
            written.expect("writing to a string cannot fail");
        }
        compiled(text).expect("a catalog without mistakes")
    }
}

/// Compiles a catalog, or says what is wrong with it.
pub(super) fn compiled(text: String) -> Result<Arc<Snapshot>, String> {
    let options = CompileOptions {
        version: 7,
        now: UtcMicros(0),
        secrets: &|_| None,
        allow_http: false,
        source_names: None,
    };
    let files = [SourceFile { name: "catalog.toml".into(), text }];
    match compile(&files, &options) {
        Ok((snapshot, _warnings)) => Ok(Arc::new(snapshot)),
        Err(mistakes) => Err(format!("{mistakes:#?}")),
    }
}

impl Stage {
    /// Plays a script and keeps its last record.
    pub(super) fn record(script: &Script) -> Self {
        let snapshot = script.catalog();
        let mut submission = Submission::default();
        submission.reset(VerticalIndex(0), SellerIndex(0), 1);
        submission.floor = script.floor;
        submission.max_buyers = script.asks_max;
        submission.prior_sales = script.prior_sales;
        submission.wait = script.wait;
        submission.set_source(SourceKey::Channel, "display");
        for name in ["north GmbH", "east GmbH"] {
            submission.push_named_seller(name);
        }
        let considered = NAMES.iter().zip(&script.out).map(|(name, out)| {
            let ping = Verdict::Ping { timeout: Nanos::from_millis(250) };
            let verdict = if *name == "west" { Verdict::Standing(cents(950)) } else { ping };
            (*name, out.map_or(verdict, Verdict::Out))
        });
        Self::play(script, snapshot, submission, &considered.collect::<Vec<_>>())
    }

    /// Plays a script among the given campaigns.
    pub(super) fn play(
        script: &Script,
        snapshot: Arc<Snapshot>,
        submission: Submission,
        verdicts: &[(&str, Verdict)],
    ) -> Self {
        let ties = TieKeys::new(&HashKey::new([5; 16]));
        let mut play = Play::new(script);
        let considered: Vec<_> = verdicts
            .iter()
            .map(|&(name, verdict)| Considered {
                campaign: snapshot.campaign_named(name).expect("a campaign of the catalog"),
                verdict,
                rotation_id: ties.number(name),
            })
            .collect();
        let vertical = &snapshot.vertical(VerticalIndex(0)).expect("a vertical").name;
        let submit = Submit {
            id: Uuid7::new(UtcMicros(1_764_000_000_000_000), 7),
            kind: script.kind,
            submission: Box::new(submission.clone()),
            snapshot: Arc::clone(&snapshot),
            considered: &considered,
            rotation: ties.rotation(vertical),
        };
        let story = play.run(submit);
        Self { story, submission, snapshot, ties }
    }

    pub(super) fn recorded<'a>(&'a self, submission: Option<&'a Submission>) -> Recorded<'a> {
        Recorded { story: &self.story, submission, snapshot: Arc::clone(&self.snapshot), ties: self.ties }
    }

    pub(super) fn replay(&self, changes: &[Change]) -> Result<Replayed, ReplayError> {
        replay(&self.recorded(Some(&self.submission)), changes)
    }

    pub(super) fn campaign(&self, name: &str) -> CampaignIndex {
        self.snapshot.campaign_named(name).expect("a campaign of the catalog")
    }

    pub(super) fn name(&self, campaign: CampaignIndex) -> String {
        self.snapshot.campaign(campaign).expect("a campaign of the catalog").name.to_string()
    }
}
