//! [`Market`]: a catalog that a seed made up, as text and as the world itself knows it.

use std::fmt::Write as _;

use exchange_catalog::{CompileOptions, Diagnostic, Snapshot, SourceFile, compile};
use exchange_types::UtcMicros;

use crate::draws::{Draw, Draws};

/// Of a hundred campaigns, those that a new catalog does not have any more.
const LEAVES_PERCENT: u64 = 12;
/// Of a hundred that have left, those that a new catalog has again.
const COMES_BACK_PERCENT: u64 = 50;

/// A catalog of one vertical.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub(crate) version: u64,
    pub(crate) max_buyers: u16,
    pub(crate) offers_held: u16,
    pub(crate) bid_window_ms: u64,
    pub(crate) answer_by_ms: u64,
    pub(crate) post_min_ms: u64,
    pub(crate) hold_secs: u64,
    pub(crate) resubmit_secs: u64,
    pub(crate) reserve_cents: Option<i64>,
    pub(crate) sellers: Vec<SellerPlan>,
    pub(crate) buyers: Vec<BuyerPlan>,
    pub(crate) campaigns: Vec<CampaignPlan>,
    /// Those that an earlier catalog had, and a later one may have again.
    left: Vec<CampaignPlan>,
}

#[derive(Clone, Debug)]
pub(crate) struct SellerPlan {
    pub(crate) name: String,
    /// What the exchange keeps, in percent.
    pub(crate) margin: u32,
    pub(crate) holds_max: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct BuyerPlan {
    pub(crate) name: String,
    zone: &'static str,
    caps: Caps,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the catalog of its own")]
pub(crate) struct CampaignPlan {
    pub(crate) name: String,
    pub(crate) buyer: usize,
    pub(crate) tier: u8,
    /// In percent.
    pub(crate) penalty: u32,
    pub(crate) reserve_cents: Option<i64>,
    /// The standing price; none where the campaign is pinged.
    pub(crate) standing_cents: Option<i64>,
    pub(crate) takes_lower_price: bool,
    pub(crate) paused: bool,
    post_timeout_ms: u64,
    pub(crate) unknown_max: u64,
    idempotent: bool,
    has_status: bool,
    pub(crate) on_unknown: OnUnknown,
    unknown_after_secs: u64,
    caps: Caps,
}

/// What a campaign makes of a post of which nobody knows after its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnUnknown {
    Hold,
    Accepted,
    Rejected,
}

/// Limits, in leads or cents.
#[derive(Clone, Debug, Default)]
struct Caps {
    sent_day: Option<i64>,
    sold_hour: Option<i64>,
    sold_total: Option<i64>,
    budget_day: Option<i64>,
}

impl Market {
    /// Makes up the first catalog of a run.
    pub(crate) fn first(draws: &Draws) -> Self {
        let mut draw = draws.of("market", &[]);
        let buyers: Vec<BuyerPlan> = (0..draw.between(3, 6)).map(|number| buyer(number, &mut draw)).collect();
        let count = draw.between(3, 8);
        let campaigns = (0..count).map(|number| campaign(number, buyers.len(), &mut draw)).collect();
        let max_buyers = u16::try_from(draw.between(1, 3)).unwrap_or(1);
        let bid_window_ms = draw.between(150, 300);
        let post_min_ms = draw.between(50, 300);
        Self {
            version: 1,
            max_buyers,
            offers_held: max_buyers.saturating_add(u16::try_from(draw.between(0, 2)).unwrap_or(1)),
            bid_window_ms,
            answer_by_ms: draw.between(bid_window_ms.saturating_add(post_min_ms), 2_000),
            post_min_ms,
            hold_secs: draw.between(2, 8),
            resubmit_secs: draw.between(0, 6),
            reserve_cents: draw.percent(50).then_some(1_500),
            sellers: ["web", "app", "tel"].map(|name| seller(name, &mut draw)).into(),
            buyers,
            campaigns,
            left: Vec::new(),
        }
    }

    /// Makes up the catalog that follows: limits move, campaigns pause, leave and come back, and names in front of
    /// the others shift every index.
    pub(crate) fn next(&self, draws: &Draws) -> Self {
        let mut draw = draws.of("change", &[u128::from(self.version)]);
        let mut next = self.clone();
        next.version = self.version.saturating_add(1);
        for campaign in &mut next.campaigns {
            campaign.paused = draw.percent(15);
            campaign.caps.change(&mut draw);
        }
        for buyer in &mut next.buyers {
            buyer.caps.change(&mut draw);
        }
        if draw.percent(50) {
            let name = format!("a{}", next.version);
            let holds_max = draw.between(1, 3);
            next.sellers.push(SellerPlan { name, margin: 20, holds_max });
        }
        if draw.percent(50) {
            let mut added = campaign(next.version, next.buyers.len(), &mut draw);
            added.name = format!("a{}", next.version);
            next.campaigns.push(added);
        }
        next.let_campaigns_go(&mut draw);
        next
    }

    fn let_campaigns_go(&mut self, draw: &mut Draw) {
        let (back, left): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.left).into_iter().partition(|_| draw.percent(COMES_BACK_PERCENT));
        let (stays, leaves): (Vec<_>, Vec<_>) =
            core::mem::take(&mut self.campaigns).into_iter().partition(|_| !draw.percent(LEAVES_PERCENT));
        self.campaigns = stays;
        self.campaigns.extend(back);
        self.left = left;
        self.left.extend(leaves);
    }

    /// Returns the compiled catalog.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text, which is a mistake in this crate.
    pub(crate) fn compile(&self, now: UtcMicros) -> Result<Snapshot, Vec<Diagnostic>> {
        let options = CompileOptions {
            version: self.version,
            now,
            secrets: &|_| None,
            allow_http: false,
            source_names: None,
        };
        let files = [SourceFile { name: "catalog.toml".into(), text: self.text() }];
        compile(&files, &options).map(|(snapshot, _warnings)| snapshot)
    }

    pub(crate) fn campaign(&self, name: &str) -> Option<&CampaignPlan> {
        self.campaigns.iter().find(|campaign| campaign.name == name)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            r#"
[verticals.solar]
currency = "EUR"
max_buyers = {}
offers_held = {}
bid_window = "{}ms"
answer_by = "{}ms"
post_min = "{}ms"
hold_time = "{}s"
resubmit_after = "{}s"
{}
[verticals.solar.fields.zip]
type = "postal_code"
country = "DE"
required = "ping"
ping = {{ prefix = 2 }}
[verticals.solar.fields.phone]
type = "phone"
country = "DE"
required = "post"
"#,
            self.max_buyers,
            self.offers_held,
            self.bid_window_ms,
            self.answer_by_ms,
            self.post_min_ms,
            self.hold_secs,
            self.resubmit_secs,
            self.reserve_cents.map_or_else(String::new, |cents| format!("reserve = {}", money(cents))),
        );
        for seller in &self.sellers {
            let SellerPlan { name, margin, holds_max } = seller;
            let _ = write!(
                text,
                "[sellers.{name}]\nholds_max = {holds_max}\n[sellers.{name}.agreements.solar]\n\
                 payout = {{ margin = \"{margin}%\" }}\n"
            );
        }
        for buyer in &self.buyers {
            let BuyerPlan { name, zone, .. } = buyer;
            let _ = write!(text, "[buyers.{name}]\nlegal_name = \"{name}\"\ntime_zone = \"{zone}\"\n");
            buyer.caps.write(&format!("buyers.{name}"), &mut text);
        }
        for campaign in &self.campaigns {
            self.write_campaign(campaign, &mut text);
        }
        text
    }

    fn write_campaign(&self, campaign: &CampaignPlan, text: &mut String) {
        let CampaignPlan { name, tier, penalty, paused, post_timeout_ms, unknown_max, .. } = campaign;
        let buyer = self.buyers.get(campaign.buyer).map_or("", |buyer| &buyer.name);
        let on_lower_price = if campaign.takes_lower_price { "accept" } else { "reject" };
        let _ = write!(
            text,
            r#"
[campaigns.{name}]
buyer = "{buyer}"
vertical = "solar"
signing_secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
tier = {tier}
penalty = "{penalty}%"
paused = {paused}
on_lower_price = "{on_lower_price}"
unknown_max = {unknown_max}
post = {{ url = "https://{name}.example/post", timeout = "{post_timeout_ms}ms" }}
"#
        );
        let rule = match campaign.on_unknown {
            OnUnknown::Hold => "hold",
            OnUnknown::Accepted => "assume_accepted",
            OnUnknown::Rejected => "assume_rejected",
        };
        let _ = writeln!(
            text,
            "idempotent = {}\non_unknown = \"{rule}\"\nunknown_after = \"{}s\"",
            campaign.idempotent, campaign.unknown_after_secs
        );
        if campaign.has_status {
            let _ = writeln!(text, "status_url = \"https://{name}.example/posts/{{post_id}}\"");
        }
        if let Some(cents) = campaign.reserve_cents {
            let _ = writeln!(text, "reserve = {}", money(cents));
        }
        let _ = match campaign.standing_cents {
            Some(cents) => writeln!(text, "price = {}", money(cents)),
            None => writeln!(text, "ping = {{ url = \"https://{name}.example/ping\" }}"),
        };
        campaign.caps.write(&format!("campaigns.{name}"), text);
    }
}

impl Caps {
    fn new(draw: &mut Draw) -> Self {
        Self {
            sent_day: draw.percent(35).then(|| draw.amount(2, 20)),
            sold_hour: draw.percent(25).then(|| draw.amount(1, 12)),
            sold_total: draw.percent(35).then(|| draw.amount(1, 15)),
            budget_day: draw.percent(35).then(|| draw.amount(3_000, 60_000)),
        }
    }

    /// Moves limits up and down. None is added or taken away: what was used before would not be counted.
    fn change(&mut self, draw: &mut Draw) {
        for leads in [&mut self.sent_day, &mut self.sold_hour, &mut self.sold_total].into_iter().flatten() {
            if draw.percent(40) {
                *leads = draw.amount(0, 20);
            }
        }
        if let Some(cents) = &mut self.budget_day
            && draw.percent(40)
        {
            *cents = draw.amount(0, 60_000);
        }
    }

    fn write(&self, owner: &str, text: &mut String) {
        let key = |name: &str, limit: Option<i64>| limit.map(|limit| format!("{name} = {limit}"));
        let sold: Vec<String> =
            [key("hour", self.sold_hour), key("total", self.sold_total)].into_iter().flatten().collect();
        let _ = write!(text, "[{owner}.caps]\nsold = {{ {} }}\n", sold.join(", "));
        if let Some(limit) = self.sent_day {
            let _ = writeln!(text, "sent = {{ day = {limit} }}");
        }
        if let Some(cents) = self.budget_day {
            let _ = writeln!(text, "budget = {{ day = {} }}", money(cents));
        }
    }
}

fn money(cents: i64) -> String {
    format!("\"{}.{:02}\"", cents.div_euclid(100), cents.rem_euclid(100))
}

fn seller(name: &str, draw: &mut Draw) -> SellerPlan {
    let margin = [10, 20, 25].get(draw.index(3)).copied().unwrap_or(20);
    SellerPlan { name: name.to_owned(), margin, holds_max: draw.between(2, 12) }
}

fn buyer(number: u64, draw: &mut Draw) -> BuyerPlan {
    let zone = if draw.percent(70) { "Europe/Berlin" } else { "UTC" };
    BuyerPlan { name: format!("b{number}"), zone, caps: Caps::new(draw) }
}

fn campaign(number: u64, buyers: usize, draw: &mut Draw) -> CampaignPlan {
    CampaignPlan {
        name: format!("c{number}"),
        buyer: draw.index(buyers),
        tier: if draw.percent(75) { 1 } else { 2 },
        penalty: if draw.percent(70) { 0 } else { 15 },
        reserve_cents: draw.percent(25).then_some(2_000),
        standing_cents: draw.percent(20).then(|| draw.amount(1_000, 4_000)),
        takes_lower_price: draw.percent(50),
        paused: draw.percent(5),
        post_timeout_ms: draw.between(300, 3_000),
        unknown_max: draw.between(1, 10),
        idempotent: draw.percent(60),
        has_status: draw.percent(40),
        on_unknown: match draw.weighted([60, 20, 20]) {
            0 => OnUnknown::Hold,
            1 => OnUnknown::Accepted,
            _ => OnUnknown::Rejected,
        },
        unknown_after_secs: draw.between(2, 60),
        caps: Caps::new(draw),
    }
}
