//! [`BidEnd`]: what a buyer may be told of a bid when it is certain what became of it.

use std::collections::BTreeSet;

use exchange_catalog::snapshot::MinimumToWin;
use exchange_protocol::{Asked, CandidateIndex, CatalogNames, Outcome, Story, StoryCandidate};
use exchange_types::{Amount, Reason};

/// What became of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BidEnd {
    /// The candidate that bid.
    pub candidate: CandidateIndex,
    /// Whether it bought.
    pub fate: BidFate,
    /// Why, by its name on the wire.
    pub reason: &'static str,
    /// What it bid: the entry that was posted, else the highest.
    pub bid: Amount,
    /// The least bid with which it would have won, where it may know it.
    pub minimum_to_win: Option<Amount>,
}

/// Whether a bid bought the lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BidFate {
    /// It did, at this price.
    Won(Amount),
    /// It did not.
    Lost,
    /// Nobody could: the seller did not post, or the offer had ended.
    Void,
}

/// A post that was resolved after its auction had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResolvedPost {
    /// Whose.
    pub candidate: CandidateIndex,
    /// What came of it; nothing while that is not known.
    pub outcome: Option<Outcome>,
    /// What the buyer pays where it accepted.
    pub price: Amount,
}

/// What a notice says of a bid that won.
const WON: &str = "accepted";

impl BidEnd {
    /// Returns what a campaign is told as its auction has ended, or as a post of it was resolved afterwards; nothing
    /// where the campaign was not pinged or did not bid, or its post may still become a sale.
    pub fn of(
        campaign: &str,
        (story, names): (&Story, &CatalogNames),
        resolved: Option<ResolvedPost>,
        rule: Option<MinimumToWin>,
    ) -> Option<Self> {
        let is_its = |candidate: &StoryCandidate| {
            let name = names.campaigns.get(candidate.campaign.at());
            name.is_some_and(|(name, ..)| **name == *campaign) && candidate.asked == Asked::Pinged
        };
        let at = story.candidates.iter().position(is_its)?;
        let (index, candidate) = (CandidateIndex(u16::try_from(at).ok()?), story.candidates.get(at)?);
        let post = story.posts.iter().find(|post| post.candidate == index);
        let entries = candidate.entries.as_slice();
        let posted = post.and_then(|post| entries.get(usize::from(post.entry)));
        let bid = posted.or_else(|| entries.iter().max_by_key(|entry| entry.amount))?.amount;
        let (fate, reason) = match resolved {
            Some(resolved) if resolved.candidate != index => return None,
            Some(resolved) => fate_of(resolved.outcome?, resolved.price)?,
            None => match (candidate.reason, post) {
                (Some(reason @ (Reason::NotPosted | Reason::OfferExpired)), None) => {
                    (BidFate::Void, reason.name())
                }
                (Some(reason), None) => (BidFate::Lost, reason.name()),
                (_, Some(post)) => fate_of(post.outcome?, post.price)?,
                (None, None) => return None,
            },
        };
        let rule =
            rule.filter(|_| fate == BidFate::Lost && companies(story, names) >= MinimumToWin::BIDDERS_MIN);
        let minimum_to_win = rule.and_then(|rule| Some(rule.rounded(candidate.minimum_to_win?)));
        Some(Self { candidate: index, fate, reason, bid, minimum_to_win })
    }
}

fn fate_of(outcome: Outcome, price: Amount) -> Option<(BidFate, &'static str)> {
    match outcome {
        Outcome::Accepted => Some((BidFate::Won(price), WON)),
        Outcome::Failed(reason) => Some((BidFate::Lost, reason.name())),
        Outcome::Unknown => None,
    }
}

/// Returns how many companies bid.
fn companies(story: &Story, names: &CatalogNames) -> usize {
    let bidding = story.candidates.iter().filter(|candidate| !candidate.entries.as_slice().is_empty());
    let buyers = bidding.filter_map(|candidate| names.campaigns.get(candidate.campaign.at()));
    buyers.map(|(_, buyer, _)| *buyer).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use exchange_protocol::StoryPost;
    use exchange_types::{BidEntries, BidEntry, BuyerIndex, CampaignIndex, Nanos, VerticalIndex};

    use super::*;

    const RULE: MinimumToWin = MinimumToWin { delay: Nanos::ZERO, step: Amount::from_micros(500_000) };

    fn euros(euros: i64) -> Amount {
        Amount::from_micros(euros.saturating_mul(1_000_000))
    }

    /// Campaigns `a` and `b` of one company, `c` and `d` of two others; `d` has a standing price.
    fn names() -> CatalogNames {
        let owners = [("a", 0), ("b", 0), ("c", 1), ("d", 2)];
        let campaign = |(name, buyer): (&str, u32)| (name.into(), BuyerIndex(buyer), VerticalIndex(0));
        CatalogNames { campaigns: owners.map(campaign).to_vec(), ..CatalogNames::default() }
    }

    fn bidder(campaign: u32, reason: Option<Reason>) -> StoryCandidate {
        let mut entries = BidEntries::new();
        for amount in [euros(20), euros(30)] {
            assert!(entries.push(BidEntry { amount, ..BidEntry::default() }), "two entries find room");
        }
        let asked = if campaign == 3 { Asked::Standing } else { Asked::Pinged };
        let minimum_to_win = Some(Amount::from_micros(37_340_000));
        let campaign = CampaignIndex(campaign);
        StoryCandidate { campaign, asked, entries, reason, minimum_to_win, ..StoryCandidate::default() }
    }

    fn posted(outcome: Option<Outcome>) -> StoryPost {
        StoryPost { candidate: CandidateIndex(0), price: euros(19), outcome, ..StoryPost::default() }
    }

    #[test]
    fn a_bid_ends_once_it_is_certain_how() {
        let rejected = Outcome::Failed(Reason::PostRejected);
        for (reason, outcome, expected) in [
            (None, Some(Some(Outcome::Accepted)), Some((BidFate::Won(euros(19)), "accepted", 20))),
            (Some(Reason::PostRejected), Some(Some(rejected)), Some((BidFate::Lost, "post_rejected", 20))),
            (Some(Reason::PostUnknown), Some(Some(Outcome::Unknown)), None),
            (None, Some(None), None),
            (None, None, None),
            (Some(Reason::Outbid), None, Some((BidFate::Lost, "outbid", 30))),
            (Some(Reason::NotChosen), None, Some((BidFate::Lost, "not_chosen", 30))),
            (Some(Reason::NotPosted), None, Some((BidFate::Void, "not_posted", 30))),
            (Some(Reason::OfferExpired), None, Some((BidFate::Void, "offer_expired", 30))),
        ] {
            let posts = outcome.map(posted).into_iter().collect();
            let story = Story { candidates: vec![bidder(0, reason)], posts, ..Story::default() };
            let told = BidEnd::of("a", (&story, &names()), None, Some(RULE));
            let told = told.map(|told| (told.fate, told.reason, told.bid));
            assert_eq!(
                told,
                expected.map(|(fate, why, bid)| (fate, why, euros(bid))),
                "{reason:?} {outcome:?}"
            );
            assert_eq!(BidEnd::of("c", (&story, &names()), None, None), None, "it did not bid");
        }
        let story = Story { candidates: vec![bidder(3, Some(Reason::Outbid))], ..Story::default() };
        assert_eq!(BidEnd::of("d", (&story, &names()), None, None), None, "it was not asked");
    }

    #[test]
    fn a_post_that_is_resolved_later_is_told_then_and_to_nobody_else() {
        let candidates = vec![bidder(0, Some(Reason::PostUnknown)), bidder(2, Some(Reason::Outbid))];
        let posts = vec![posted(Some(Outcome::Unknown))];
        let story = Story { candidates, posts, ..Story::default() };
        let resolved = |outcome| ResolvedPost { candidate: CandidateIndex(0), outcome, price: euros(18) };
        let told = |name, outcome| {
            let told = BidEnd::of(name, (&story, &names()), Some(resolved(outcome)), None);
            told.map(|told| (told.fate, told.reason))
        };
        assert_eq!(told("a", Some(Outcome::Accepted)), Some((BidFate::Won(euros(18)), "accepted")));
        let rejected = Outcome::Failed(Reason::PostRejected);
        assert_eq!(told("a", Some(rejected)), Some((BidFate::Lost, "post_rejected")));
        assert_eq!(told("a", None), None);
        assert_eq!(told("c", Some(Outcome::Accepted)), None);
    }

    #[test]
    fn the_minimum_to_win_is_withheld_where_fewer_than_three_companies_bid() {
        let lost = Some(Reason::Outbid);
        for (campaigns, expected) in
            [(&[0, 1, 2][..], None), (&[0, 2, 3], Some(37_500_000)), (&[0, 1, 2, 3], Some(37_500_000))]
        {
            let candidates = campaigns.iter().map(|campaign| bidder(*campaign, lost)).collect();
            let story = Story { candidates, ..Story::default() };
            let told =
                |rule| BidEnd::of("a", (&story, &names()), None, rule).expect("it lost").minimum_to_win;
            assert_eq!(told(Some(RULE)), expected.map(Amount::from_micros), "{campaigns:?}");
            assert_eq!(told(None), None, "not disclosed");
        }
    }
}
