//! [`UnknownPost`]: a post whose outcome nobody knows leaves its auction for the resolver.

use std::sync::Arc;

use exchange_counters::Reservation;
use exchange_protocol::{CandidateIndex, Outcome, SlotKey, Story};
use exchange_types::{CampaignIndex, Nanos, Now, Prints, UtcMicros};

use crate::history::Finished;
use crate::resolving::{Room, UnknownSale};
use crate::{Shard, Unknown, UnknownKey};

/// An unknown post of an auction whose slot is about to be freed.
#[derive(Debug)]
pub(crate) struct UnknownPost {
    pub(crate) candidate: CandidateIndex,
    campaign: CampaignIndex,
    bid_id: Box<str>,
    give_up_at: UtcMicros,
}

impl Shard {
    /// Returns what is to be kept of the unknown posts of an auction before its slot is freed.
    pub(crate) fn unknown_posts(&mut self, auction: SlotKey) -> Vec<UnknownPost> {
        // Nobody asks after the post of a test.
        let found = self.engine.auction(auction).filter(|found| !found.is_test());
        let Some(found) = found else { return Vec::new() };
        let admitted = found.admitted();
        let mut posts = Vec::new();
        for (candidate, asked) in (0_u16..).map(CandidateIndex).zip(found.candidates()) {
            let Some(post) = found.post(candidate) else { continue };
            if post.outcome() != Some(Outcome::Unknown) {
                continue;
            }
            let entry = usize::from(post.pick.entry);
            let entries = found.contender(candidate).map(|contender| contender.entries.as_slice());
            let bid_id = entries.and_then(|entries| entries.get(entry)).map(|entry| entry.bid_id.as_str());
            posts.push(UnknownPost {
                candidate,
                campaign: asked.campaign,
                bid_id: bid_id.unwrap_or_default().into(),
                give_up_at: admitted.utc.saturating_add(found.age(post.give_up_at)),
            });
        }
        posts
    }

    /// Hands the unknown posts of a finished auction to the resolver.
    pub(crate) fn resolve_later(
        &mut self,
        now: Now,
        posts: Vec<(UnknownPost, Option<Reservation>)>,
        (prints, finished): ([Prints; 2], &Finished),
    ) {
        let (Some(story), Some(snapshot)) = (finished.story(), finished.content.snapshot.as_ref()) else {
            return;
        };
        let Some(vertical) = snapshot.vertical(story.vertical) else { return };
        self.add_unknown_sale(
            story.id,
            UnknownSale {
                prints,
                taken_until: story.admitted.saturating_add(vertical.duplicate_window),
                again_from: story.admitted.saturating_add(vertical.resubmit_after),
                open: posts.len(),
                sold: story.posts.iter().any(|post| post.outcome == Some(Outcome::Accepted)),
            },
        );
        for (post, reservation) in posts {
            let Some(told) = story.posts.iter().find(|told| told.candidate == post.candidate) else {
                continue;
            };
            let unknown = Unknown {
                key: UnknownKey { auction: story.id, candidate: post.candidate },
                campaign: post.campaign,
                buyer: told.buyer,
                snapshot: Arc::clone(snapshot),
                submission: Some(finished.content.submission.clone()),
                kind: story.kind,
                price: told.price,
                payout: told.agreed,
                exclusive: told.exclusive,
                bid_id: post.bid_id,
                admitted: story.admitted,
                intent_at: after(&story, told.intent_us),
                give_up_at: post.give_up_at,
            };
            self.add_unknown(now, unknown, reservation.map(Room::Reserved));
        }
    }
}

/// Returns the moment so many microseconds after the admission of a sale.
fn after(story: &Story, micros: u32) -> UtcMicros {
    story.admitted.saturating_add(Nanos(u64::from(micros).saturating_mul(1_000)))
}
