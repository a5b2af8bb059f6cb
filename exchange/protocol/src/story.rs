//! [`Story`]: the whole account of an auction, as its last record holds it.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_types::{
    Amount, BidEntries, BuyerIndex, CampaignIndex, Nanos, Reason, SellerIndex, UtcMicros, Uuid7,
    VerticalIndex,
};

use crate::{Answer, AnswerOffer, AnswerSale, AnswerStatus, CandidateIndex, Outcome, SaleKeys, SaleKind};

/// After how long a post whose outcome nobody knows goes to a person.
pub const UNKNOWN_SETTLED_AFTER: Nanos = Nanos::from_secs(24 * 3_600);

/// The whole account of an auction: facts only. Times within it are microseconds since its admission.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The number behind every id of the sale.
    pub id: Uuid7,
    /// One call or two steps.
    pub kind: SaleKind,
    /// Who asked.
    pub seller: SellerIndex,
    /// In which vertical.
    pub vertical: VerticalIndex,
    /// The catalog's version in which the indices hold.
    pub catalog_version: u64,
    /// When the lead was admitted.
    pub admitted: UtcMicros,
    /// When the bids closed.
    pub bids_closed_us: u32,
    /// When the seller was answered.
    pub answered_us: u32,
    /// When the auction ended.
    pub ended_us: u32,
    /// When the offers expired, for a two-step sale.
    pub expires_at: UtcMicros,
    /// How it ended.
    pub status: AnswerStatus,
    /// What the seller earns in all.
    pub payout: Amount,
    /// Every campaign left after the static filters.
    pub candidates: Vec<StoryCandidate>,
    /// Every post, in the order of the intents.
    pub posts: Vec<StoryPost>,
    /// The offers made, best first.
    pub offers: Vec<AnswerOffer>,
}

/// A campaign left after the static filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoryCandidate {
    /// The campaign.
    pub campaign: CampaignIndex,
    /// Why it did not win; nothing where it bought.
    pub reason: Option<Reason>,
    /// What it bid; entries without bid ids.
    pub entries: BidEntries,
    /// When its answer came; zero where none did.
    pub replied_us: u32,
    /// The least bid with which it would have won, where price decided.
    pub minimum_to_win: Option<Amount>,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryPost {
    /// To whom.
    pub candidate: CandidateIndex,
    /// The company.
    pub buyer: BuyerIndex,
    /// Which entry of the bid was taken.
    pub entry: u8,
    /// What the buyer pays.
    pub price: Amount,
    /// What the seller earns.
    pub payout: Amount,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// What came of it; nothing while it is out.
    pub outcome: Option<Outcome>,
    /// When its intent was written.
    pub intent_us: u32,
    /// When it was sent; zero where it never was.
    pub sent_us: u32,
    /// When its outcome was known; zero while it is out.
    pub replied_us: u32,
    /// The digest of the reply: the evidence of a charge.
    pub digest: [u8; 16],
    /// Where the person is to be sent, or an empty text.
    pub redirect_url: Box<str>,
}

/// A story with what is worked out when an operator asks for it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The recorded facts.
    pub story: Story,
    /// The catalog of the auction, in which the indices hold.
    pub snapshot: Arc<Snapshot>,
    /// The campaigns that the static filters left out, each with why.
    pub left_out: Vec<LeftOut>,
    /// Whether the auction is still on its way.
    pub live: bool,
    /// What names its pings, posts and sales, as buyers and sellers know them.
    pub keys: SaleKeys,
}

/// A campaign that the static filters left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The campaign.
    pub campaign: CampaignIndex,
    /// Why.
    pub reason: Reason,
    /// The condition that does not hold, where a filter decided.
    pub condition: Option<Box<str>>,
}

impl Story {
    /// Returns what the seller of this auction may see of it.
    pub fn answer(&self) -> Answer {
        let sold = self.posts.iter().filter(|post| matches!(post.outcome, Some(Outcome::Accepted)));
        let sales = sold.map(|post| AnswerSale {
            candidate: post.candidate,
            buyer: post.buyer,
            payout: post.payout,
            exclusive: post.exclusive,
            redirect_url: post.redirect_url.clone(),
        });
        Answer {
            id: self.id,
            kind: self.kind,
            seller: self.seller,
            vertical: self.vertical,
            catalog_version: self.catalog_version,
            status: self.status,
            payout: self.payout,
            sales: sales.collect(),
            offers: self.offers.clone(),
            expires_at: self.expires_at,
            elapsed_us: u64::from(self.answered_us),
            settles_by: self.admitted.saturating_add(UNKNOWN_SETTLED_AFTER),
        }
    }
}
