//! The built-in market of tests, made anew with every catalog: its seller is paid nothing in any vertical.

use exchange_types::{Amount, Nanos, VerticalIndex};

use super::{buyer, campaign, seller};
use crate::snapshot::{Agreement, Payout, TagRule, Terms, TestMarket};

/// How long a built-in buyer may take for a post: longer than any vertical lets a seller wait, so that a test may be
/// sold after its answer.
const POST_TIMEOUT: Nanos = Nanos::from_secs(600);

/// Returns the built-in market for so many verticals.
pub(super) fn compile(verticals: usize) -> TestMarket {
    let agreement = Agreement {
        terms: Terms { payout: Payout::None, min_margin: Amount::ZERO, allow_loss: false },
        buyers: [].into(),
        sub_ids: [].into(),
        sources: [].into(),
        channels: [].into(),
        partners: TagRule::default(),
    };
    let indices = (0..verticals).filter_map(|position| u16::try_from(position).ok().map(VerticalIndex));
    let mut seller = seller::blank(TestMarket::SELLER_NAME);
    seller.agreements = indices.map(|index| (index, agreement.clone())).collect();
    let buyers = TestMarket::LEGAL_NAMES.iter().enumerate().map(|(position, legal_name)| {
        let mut buyer = buyer::blank(&name(position));
        buyer.legal_name = (*legal_name).into();
        buyer
    });
    let campaigns = TestMarket::BUYERS.iter().enumerate().map(|(position, buyer)| {
        let mut campaign = campaign::blank(&name(position));
        campaign.buyer = *buyer;
        campaign.post_timeout = POST_TIMEOUT;
        campaign
    });
    TestMarket { sellers: [seller].into(), buyers: buyers.collect(), campaigns: campaigns.collect() }
}

fn name(position: usize) -> String {
    format!("{}-{}", TestMarket::SELLER_NAME, position.saturating_add(1))
}
