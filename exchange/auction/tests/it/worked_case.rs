//! A worked case as the file gives it, and as the auction takes it.

use std::collections::BTreeMap;

use exchange_auction::{Contender, Offer, Rules, Scratch, Standing, TwoStep, offers};
use exchange_catalog::snapshot::{OnLowerPrice, Payout, RankBy, Rule, Terms};
use exchange_types::{
    Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, Currency, HashKey, Rate, Reason, limits,
};
use serde::Deserialize;

use crate::played::Answer;

#[derive(Deserialize)]
pub(crate) struct CaseFile {
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) why: String,
    vertical: CaseVertical,
    agreement: CaseAgreement,
    lead: CaseLead,
    pub(crate) campaigns: Vec<CaseCampaign>,
    bids: BTreeMap<String, Replied>,
    posts: BTreeMap<String, Posted>,
    pub(crate) expect: Expected,
}

#[derive(Deserialize)]
struct CaseVertical {
    currency: String,
    rule: String,
    rank_by: String,
    max_buyers: MaxBuyers,
    reserve: Option<String>,
    #[serde(default = "yes")]
    cascade_into_margin: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MaxBuyers {
    Number(u16),
    All(String),
}

#[derive(Deserialize)]
struct CaseAgreement {
    #[serde(flatten)]
    terms: CaseTerms,
    #[serde(default)]
    overrides: Overrides,
}

#[derive(Deserialize, Default)]
struct Overrides {
    #[serde(default)]
    buyers: BTreeMap<String, CaseTerms>,
    #[serde(default)]
    sources: BTreeMap<String, CaseTerms>,
}

#[derive(Deserialize)]
struct CaseTerms {
    payout: CasePayout,
    min_margin: Option<String>,
    #[serde(default)]
    allow_loss: bool,
}

#[derive(Deserialize)]
struct CasePayout {
    margin: Option<String>,
    share: Option<String>,
    fixed: Option<String>,
    per: Option<String>,
}

#[derive(Deserialize)]
struct CaseLead {
    floor: Option<String>,
    max_buyers: Option<u16>,
    source: Option<String>,
    two_step: Option<CaseTwoStep>,
}

#[derive(Deserialize)]
struct CaseTwoStep {
    named: Option<Vec<String>>,
    fallback: String,
}

#[derive(Deserialize)]
pub(crate) struct CaseCampaign {
    pub(crate) id: String,
    buyer: Option<String>,
    tier: Option<u8>,
    weight: Option<u32>,
    penalty: Option<String>,
    reserve: Option<String>,
    standing_price: Option<String>,
    on_lower_price: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Replied {
    Bids { bids: Vec<CaseBid> },
    Reason(String),
}

#[derive(Deserialize)]
struct CaseBid {
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
pub(crate) enum Expected {
    OneOf { one_of: Vec<CaseOutcome>, shares: Option<Shares> },
    Outcome(CaseOutcome),
}

#[derive(Deserialize)]
pub(crate) struct Shares {
    pub(crate) auctions: u32,
    pub(crate) of: BTreeMap<String, String>,
    pub(crate) within: String,
}

#[derive(Deserialize)]
pub(crate) struct CaseOutcome {
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) sales: Vec<CaseSale>,
    pub(crate) payout: String,
    pub(crate) losers: BTreeMap<String, OneOrMore>,
    pub(crate) order: Option<Vec<Vec<String>>>,
    #[serde(default)]
    pub(crate) minimum_to_win: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
pub(crate) struct CaseSale {
    pub(crate) campaign: String,
    pub(crate) price: String,
    pub(crate) payout: String,
    pub(crate) margin: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

const fn yes() -> bool {
    true
}

/// Bids above this are taken for a mistake: the default of a vertical.
const BID_MAX: Amount = Amount::from_micros(10_000_000_000);

pub(crate) fn amount(text: &str) -> Amount {
    Amount::parse(text, 4).expect("a decimal")
}

fn optional(text: Option<&String>) -> Option<Amount> {
    text.map(|text| amount(text))
}

impl Case {
    /// Returns the rules of the case for the auction of this number.
    pub(crate) fn rules(&self, auction: u128) -> Rules {
        let vertical = &self.vertical;
        let max_buyers = match &vertical.max_buyers {
            MaxBuyers::Number(number) => *number,
            MaxBuyers::All(all) => {
                assert_eq!(all, "all");
                limits::SHARED_BUYERS_MAX
            }
        };
        let two_step = self.lead.two_step.as_ref();
        Rules {
            currency: Currency::parse(&vertical.currency).expect("a known currency"),
            rule: match &*vertical.rule {
                "first_price" => Rule::FirstPrice,
                "second_price" => Rule::SecondPrice,
                other => panic!("{other}"),
            },
            rank_by: match &*vertical.rank_by {
                "payout" => RankBy::Payout,
                "bid" => RankBy::Bid,
                "margin" => RankBy::Margin,
                "none" => RankBy::Nothing,
                other => panic!("{other}"),
            },
            max_buyers: self.lead.max_buyers.map_or(max_buyers, |lead| lead.min(max_buyers)),
            prior_sales: 0,
            reserve: optional(vertical.reserve.as_ref()),
            floor: optional(self.lead.floor.as_ref()),
            cascade_into_margin: vertical.cascade_into_margin,
            rotation: HashKey::new([11; 16]),
            auction,
            two_step: two_step
                .map(|post| TwoStep { named: post.named.is_some(), fallback: post.fallback == "offers" }),
        }
    }

    /// Returns the contenders of the case, with offers where the seller pinged first.
    pub(crate) fn contenders(&self) -> Vec<Contender> {
        let mut companies: Vec<&str> = self.campaigns.iter().map(CaseCampaign::company).collect();
        companies.sort_unstable();
        let positions = self.campaigns.iter().zip(0_u32..);
        let mut contenders: Vec<Contender> = positions
            .map(|(campaign, position)| {
                let company = companies.iter().position(|company| *company == campaign.company());
                let company = company.and_then(|company| u32::try_from(company).ok()).expect("a company");
                self.contender(campaign, CampaignIndex(position), BuyerIndex(company))
            })
            .collect();
        let Some(two_step) = &self.lead.two_step else { return contenders };
        let mut scratch = Scratch::default();
        let made = offers(&self.rules(0), &contenders, u16::MAX, &mut scratch).to_vec();
        for pick in made {
            let position = usize::from(pick.contender);
            let id = self.campaigns.get(position).map(|campaign| &campaign.id).expect("a campaign");
            let named = two_step.named.as_ref().is_some_and(|named| named.contains(id));
            let contender = contenders.get_mut(position).expect("a contender");
            let place = contender.offers.get_mut(usize::from(pick.entry)).expect("an entry");
            *place = Some(Offer { price: pick.price, payout: pick.payout, named });
        }
        contenders
    }

    /// Returns what the campaign at a position answers to its post.
    pub(crate) fn answer(&self, position: usize) -> Answer {
        let campaign = self.campaigns.get(position).expect("a campaign");
        let on_lower = match campaign.on_lower_price.as_deref() {
            Some("accept") => OnLowerPrice::Accept,
            _ => OnLowerPrice::Reject,
        };
        match self.posts.get(&campaign.id) {
            None => panic!("{}: {} must not be posted to", self.name, campaign.id),
            Some(Posted::Price { price }) => Answer::Accepted(Some(amount(price)), on_lower),
            Some(Posted::Outcome(outcome)) => match &**outcome {
                "accepted" => Answer::Accepted(None, on_lower),
                "rejected" => Answer::Failed(Reason::PostRejected),
                "duplicate" => Answer::Failed(Reason::PostDuplicate),
                "refused" => Answer::Failed(Reason::PostRefused),
                "connect_failed" => Answer::Failed(Reason::PostFailed),
                "unknown" => Answer::Unknown,
                other => panic!("{other}"),
            },
        }
    }

    fn contender(&self, campaign: &CaseCampaign, index: CampaignIndex, buyer: BuyerIndex) -> Contender {
        let standing_price =
            campaign.standing_price.as_ref().map(|price| CaseBid { bid: price.clone(), max_buyers: None });
        let replied = match (standing_price, self.bids.get(&campaign.id)) {
            (Some(bid), _) => read_bids(&[bid]),
            (None, Some(Replied::Bids { bids })) => read_bids(bids),
            (None, Some(Replied::Reason(reason))) => Err(Reason::from_name(reason).expect("a known reason")),
            (None, None) => panic!("{} has neither a price nor a reply", campaign.id),
        };
        Contender {
            campaign: index,
            buyer,
            rotation_id: u64::from(index.0),
            tier: campaign.tier.unwrap_or(1),
            weight: campaign.weight.unwrap_or(1),
            penalty: campaign.penalty.as_ref().map_or(Rate::ZERO, |text| Rate::parse(text).expect("a rate")),
            reserve: optional(campaign.reserve.as_ref()),
            terms: self.terms(campaign),
            entries: replied.unwrap_or_default(),
            standing: replied.map_or_else(Standing::Out, |_| Standing::Running),
            offers: Default::default(),
        }
    }

    fn terms(&self, campaign: &CaseCampaign) -> Terms {
        let overrides = &self.agreement.overrides;
        let by_source = self.lead.source.as_ref().and_then(|source| overrides.sources.get(source));
        let terms = overrides.buyers.get(campaign.company()).or(by_source).unwrap_or(&self.agreement.terms);
        Terms {
            payout: terms.payout.read(),
            min_margin: optional(terms.min_margin.as_ref()).unwrap_or_default(),
            allow_loss: terms.allow_loss,
        }
    }
}

impl CaseCampaign {
    fn company(&self) -> &str {
        self.buyer.as_deref().unwrap_or(&self.id)
    }
}

impl CasePayout {
    fn read(&self) -> Payout {
        let rate = |text: &str| Rate::parse(text).expect("a rate");
        match (&self.margin, &self.share, &self.fixed) {
            (Some(margin), ..) if margin.ends_with('%') => Payout::MarginRate(rate(margin)),
            (Some(margin), ..) => Payout::MarginAmount(amount(margin)),
            (None, Some(share), _) => Payout::Share(rate(share)),
            (None, None, Some(fixed)) if self.per.as_deref() == Some("lead") => {
                Payout::FixedPerLead(amount(fixed))
            }
            (None, None, Some(fixed)) => Payout::FixedPerSale(amount(fixed)),
            (None, None, None) => Payout::None,
        }
    }
}

/// Reads a reply as the wire does: one entry that cannot be used makes it a no-bid.
fn read_bids(bids: &[CaseBid]) -> Result<BidEntries, Reason> {
    let mut entries = BidEntries::new();
    for bid in bids {
        let amount = Amount::parse(&bid.bid, 4).map_err(|_| Reason::BadPrice)?;
        if amount < Amount::ZERO || amount > BID_MAX {
            return Err(Reason::BadPrice);
        }
        if amount == Amount::ZERO {
            return Err(Reason::NoBid);
        }
        let max_buyers = bid.max_buyers.unwrap_or(0);
        assert!(entries.push(BidEntry { amount, max_buyers, ..BidEntry::default() }), "few entries");
    }
    Ok(entries)
}
