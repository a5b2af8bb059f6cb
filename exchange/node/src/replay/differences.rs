//! In what two accounts of one auction differ, campaign by campaign. Moments are not compared.

use std::collections::BTreeMap;

use exchange_protocol::{AnswerOffer, Story};
use exchange_types::CampaignIndex;

use super::{Difference, PostFacts, Standing};

/// Returns the points in which a replay differs from its record, in the order of their weight.
pub(super) fn between(recorded: &Story, replayed: &Story) -> Vec<Difference> {
    let mut found = Vec::new();
    if recorded.status != replayed.status {
        found.push(Difference::Status { recorded: recorded.status, replayed: replayed.status });
    }
    if recorded.payout != replayed.payout {
        found.push(Difference::Payout { recorded: recorded.payout, replayed: replayed.payout });
    }
    let posts = joined(posts(recorded), posts(replayed));
    let differing = posts.filter(|(_, recorded, replayed)| recorded != replayed);
    found.extend(differing.map(|(campaign, recorded, replayed)| Difference::Post {
        campaign,
        recorded,
        replayed,
    }));
    let same_posts = !found.iter().any(|difference| matches!(difference, Difference::Post { .. }));
    let (before, after) = (order(recorded), order(replayed));
    if same_posts && before != after {
        found.push(Difference::PostOrder { recorded: before, replayed: after });
    }
    let campaigns = joined(campaigns(recorded), campaigns(replayed));
    let differing = campaigns.filter(|(_, recorded, replayed)| recorded != replayed);
    found.extend(differing.map(|(campaign, recorded, replayed)| Difference::Campaign {
        campaign,
        recorded,
        replayed,
    }));
    let offers = joined(offers(recorded), offers(replayed));
    let terms = |offer: &AnswerOffer| (offer.buyer, offer.payout, offer.max_buyers);
    let differing =
        offers.filter(|(_, recorded, replayed)| recorded.as_ref().map(terms) != replayed.as_ref().map(terms));
    found.extend(differing.map(|((campaign, entry), recorded, replayed)| Difference::Offer {
        campaign,
        entry,
        recorded,
        replayed,
    }));
    found
}

/// Joins two maps by their keys.
fn joined<K: Ord + Copy, V: Copy>(
    recorded: BTreeMap<K, V>,
    replayed: BTreeMap<K, V>,
) -> impl Iterator<Item = (K, Option<V>, Option<V>)> {
    let mut all: BTreeMap<K, (Option<V>, Option<V>)> =
        recorded.into_iter().map(|(key, value)| (key, (Some(value), None))).collect();
    for (key, value) in replayed {
        all.entry(key).or_default().1 = Some(value);
    }
    all.into_iter().map(|(key, (recorded, replayed))| (key, recorded, replayed))
}

fn order(story: &Story) -> Vec<CampaignIndex> {
    let campaigns = story.posts.iter().filter_map(|post| story.candidates.get(post.candidate.at()));
    campaigns.map(|candidate| candidate.campaign).collect()
}

fn posts(story: &Story) -> BTreeMap<CampaignIndex, PostFacts> {
    let posts = story.posts.iter().filter_map(|post| {
        let facts = PostFacts {
            entry: post.entry,
            price: post.price,
            payout: post.payout,
            exclusive: post.exclusive,
            outcome: post.outcome,
        };
        Some((story.candidates.get(post.candidate.at())?.campaign, facts))
    });
    posts.collect()
}

fn campaigns(story: &Story) -> BTreeMap<CampaignIndex, Standing> {
    let standing = |candidate: &exchange_protocol::StoryCandidate| Standing {
        reason: candidate.reason,
        minimum_to_win: candidate.minimum_to_win,
    };
    story.candidates.iter().map(|candidate| (candidate.campaign, standing(candidate))).collect()
}

fn offers(story: &Story) -> BTreeMap<(CampaignIndex, u8), AnswerOffer> {
    let offers = story.offers.iter().filter_map(|offer| {
        let campaign = story.candidates.get(offer.key.candidate.at())?.campaign;
        Some(((campaign, offer.key.entry), *offer))
    });
    offers.collect()
}
