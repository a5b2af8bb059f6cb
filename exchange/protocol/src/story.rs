//! [`Story`]: the whole account of an auction, as its last record holds it.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_types::{
    Amount, BidEntries, BuyerIndex, CampaignIndex, Nanos, PendingReason, QualityFault, Reason, SellerIndex,
    UnsoldReason, UtcMicros, Uuid7, VerticalIndex,
};

use crate::{
    Answer, AnswerOffer, AnswerSale, AnswerStatus, CandidateIndex, OfferKey, Outcome, SaleKeys, SaleKind,
};

/// After how long a post whose outcome nobody knows goes to a person.
pub const UNKNOWN_SETTLED_AFTER: Nanos = Nanos::from_secs(24 * 3_600);

/// Stands for the campaign at a place of an [interrupted](Story::interrupted) auction that is forgotten.
pub const FORGOTTEN: CampaignIndex = CampaignIndex(u32::MAX);

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
    /// What the seller asked for.
    pub asks: Asks,
    /// Whether the process stopped before the auction ended: what was not posted to is forgotten then.
    pub interrupted: bool,
    /// How it ended.
    pub status: AnswerStatus,
    /// What makes an invalid lead invalid.
    pub faults: Vec<QualityFault>,
    /// Whether it is a test: nothing was sold for real. The record has a kind of its own then.
    pub test: bool,
    /// What the seller earns in all.
    pub payout: Amount,
    /// Every campaign left after the static filters.
    pub candidates: Vec<StoryCandidate>,
    /// Every post, in the order of the intents.
    pub posts: Vec<StoryPost>,
    /// The offers made, best first.
    pub offers: Vec<AnswerOffer>,
    /// The seller's posts, for a two-step sale.
    pub steps: Vec<StoryStep>,
}

/// What a seller asked for with its lead, as far as it decides the sale and says nothing about the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// The least payout that it takes.
    pub floor: Option<Amount>,
    /// The most companies that may get the lead.
    pub max_buyers: Option<u16>,
    /// Sales of the lead made elsewhere.
    pub prior_sales: u16,
    /// The most that the answer may take, in microseconds.
    pub wait_us: Option<u32>,
    /// Which override of the agreement, by its place among those of channels, sources and sub-ids, holds for where the
    /// lead came from; none where none of them does.
    pub source: Option<u16>,
}

/// A seller's post of its ping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoryStep {
    /// When it came.
    pub at_us: u32,
    /// The offers that it named; none stands for all live ones.
    pub named: Vec<OfferKey>,
    /// Whether live offers that were not named may follow.
    pub fallback: bool,
    /// The most that the answer may take, in microseconds.
    pub wait_us: Option<u32>,
}

/// How a campaign came to its bid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// It was out before it could bid.
    #[default]
    No,
    /// Its price stands in the catalog.
    Standing,
    /// It was pinged.
    Pinged,
}

/// The counters had no room for a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom {
    /// Which time they were asked for it in this auction, counted from one.
    pub time: u8,
    /// Why.
    pub reason: Reason,
}

/// A campaign left after the static filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoryCandidate {
    /// The campaign.
    pub campaign: CampaignIndex,
    /// How it came to its bid.
    pub asked: Asked,
    /// Why it had no bid that counted when the bids closed; nothing where it had one.
    pub out: Option<Reason>,
    /// Whether the counters took it out afterwards.
    pub no_room: Option<NoRoom>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoryPost {
    /// To whom.
    pub candidate: CandidateIndex,
    /// The company.
    pub buyer: BuyerIndex,
    /// Which entry of the bid was taken.
    pub entry: u8,
    /// What the buyer pays; as long as it has not accepted, what it would pay.
    pub price: Amount,
    /// What the seller earns; nothing unless the buyer accepted.
    pub payout: Amount,
    /// What the seller was to earn when the intent was written.
    pub agreed: Amount,
    /// The price that the buyer's reply named, where it is another one than was posted.
    pub stated: Option<Amount>,
    /// Whether nobody else may get the lead.
    pub exclusive: bool,
    /// What came of it; nothing while it is out.
    pub outcome: Option<Outcome>,
    /// Whether that was found out afterwards: the post itself ended as unknown.
    pub resolved: bool,
    /// When its intent was written.
    pub intent_us: u32,
    /// When it was sent; zero where it never was.
    pub sent_us: u32,
    /// When its outcome was known; zero while it is out.
    pub replied_us: u32,
    /// The digest of the reply: the evidence of a charge.
    pub digest: [u8; 16],
    /// Where the person is to be sent, or an empty text; sealed, see [`SealedText`](crate::SealedText).
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
    /// Notes what an unknown post turned out to be: its outcome, and for an acceptance what the buyer pays and
    /// the seller earns. How the auction ended follows from it.
    ///
    /// Returns whether there was such a post; a post is resolved once.
    pub fn resolve(
        &mut self,
        candidate: CandidateIndex,
        outcome: Outcome,
        price: Amount,
        payout: Amount,
    ) -> bool {
        let unknown = |post: &&mut StoryPost| post.candidate == candidate && post.is_unknown();
        let (Some(post), true) = (self.posts.iter_mut().find(unknown), outcome != Outcome::Unknown) else {
            return false;
        };
        post.outcome = Some(outcome);
        post.resolved = true;
        if outcome == Outcome::Accepted {
            post.price = price;
            post.payout = payout;
        }
        if let Some(entry) = self.candidates.get_mut(candidate.at()) {
            entry.reason = match outcome {
                Outcome::Failed(reason) => Some(reason),
                Outcome::Accepted | Outcome::Unknown => None,
            };
        }
        self.conclude();
        true
    }

    /// Works out status and payout from what came of the posts.
    pub(crate) fn conclude(&mut self) {
        let sold = || self.posts.iter().filter(|post| post.outcome == Some(Outcome::Accepted));
        self.payout =
            sold().fold(Amount::ZERO, |sum, post| sum.checked_add(post.payout).unwrap_or(Amount::MAX));
        self.status = if sold().next().is_some() {
            AnswerStatus::Sold
        } else if self.posts.iter().any(StoryPost::is_unknown) {
            AnswerStatus::Pending(PendingReason::PostUnknown)
        } else {
            AnswerStatus::Unsold(UnsoldReason::PostsRejected)
        };
    }

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
            faults: self.faults.clone(),
            test: self.test,
            payout: self.payout,
            sales: sales.collect(),
            offers: self.offers.clone(),
            expires_at: self.expires_at,
            elapsed_us: u64::from(self.answered_us),
            settles_by: self.admitted.saturating_add(UNKNOWN_SETTLED_AFTER),
            open: self.status == AnswerStatus::Sold && self.posts.iter().any(StoryPost::is_unknown),
        }
    }
}

impl StoryPost {
    /// Returns whether nobody knows what came of the post.
    pub const fn is_unknown(&self) -> bool {
        matches!(self.outcome, None | Some(Outcome::Unknown))
    }
}
