//! The account of an auction that the process did not live to end, from the records that it left.

use exchange_types::{BidEntries, BidEntry, Reason, SmallText, UtcMicros};

use crate::{
    Asked, CandidateIndex, CompletedRecord, FORGOTTEN, LeadRecord, Outcome, Record, SaleStep, Story,
    StoryCandidate, StoryPost, StoryStep,
};

impl Story {
    /// Returns the account of an auction that was interrupted after an intent, from its records in their order:
    /// lead, offers, seller's posts, intents, outcomes, resolutions, changes of sales. The first of them says which
    /// auction; records of others are passed over, and so are those that belong to none.
    ///
    /// Whatever was not posted to is forgotten: the campaigns at such places are [`FORGOTTEN`] unless a record
    /// of offers names them. An intent without an outcome is a post whose outcome nobody knows.
    ///
    /// Returns nothing where there is no intent: then nothing of the auction has left, and it never was.
    pub fn of_records<'a>(records: impl IntoIterator<Item = &'a Record>) -> Option<Self> {
        let mut story: Option<Self> = None;
        for record in records {
            match record {
                Record::Lead(lead) => {
                    story.get_or_insert_with(|| of_lead(lead));
                }
                Record::Offered(offered) => {
                    if story.as_ref().is_none_or(|story| story.id == offered.story.id) {
                        story = Some(offered.story.clone());
                    }
                }
                Record::Intent { auction, seller, vertical, catalog_version, at, give_up_at, .. } => {
                    let story = story.get_or_insert_with(|| Self {
                        id: *auction,
                        seller: *seller,
                        vertical: *vertical,
                        catalog_version: *catalog_version,
                        admitted: *at.min(give_up_at),
                        ..Self::default()
                    });
                    story.take_intent(record);
                }
                Record::Outcome { auction, candidate, .. } => {
                    if let Some(story) = story.as_mut().filter(|story| story.id == *auction) {
                        story.take_outcome(*candidate, record);
                    }
                }
                Record::Completed(completed) => {
                    if let Some(story) = story.as_mut().filter(|story| story.id == completed.id) {
                        story.take_step(completed);
                    }
                }
                Record::Resolved(found) => {
                    if let Some(story) = story.as_mut().filter(|story| story.id == found.auction) {
                        story.resolve(found.candidate, found.outcome, found.price, found.payout);
                        story.ended_us = story.since(found.at);
                    }
                }
                Record::SaleChanged(change) => {
                    if let Some(story) = story.as_mut().filter(|story| story.id == change.auction) {
                        story.take_change(change.candidate, change.step);
                    }
                }
                Record::Closed(_)
                | Record::Disputed(_)
                | Record::Balance(_)
                | Record::Catalog(_)
                | Record::Erased(_)
                | Record::Acknowledged(_)
                | Record::Stopped(_)
                | Record::Suppressed(_)
                | Record::Answered(_) => {}
            }
        }
        let mut story = story.filter(|story| !story.posts.is_empty())?;
        for post in &mut story.posts {
            post.outcome.get_or_insert(Outcome::Unknown);
            if post.is_unknown()
                && let Some(entry) = story.candidates.get_mut(post.candidate.at())
            {
                entry.reason = Some(Reason::PostUnknown);
            }
        }
        story.interrupted = true;
        story.conclude();
        Some(story)
    }

    fn since(&self, at: UtcMicros) -> u32 {
        u32::try_from(at.0.saturating_sub(self.admitted.0).max(0)).unwrap_or(u32::MAX)
    }

    fn take_step(&mut self, completed: &CompletedRecord) {
        let at_us = self.since(completed.at);
        self.steps.push(StoryStep { at_us, ..StoryStep::default() });
    }

    fn take_intent(&mut self, intent: &Record) {
        let Record::Intent {
            auction,
            campaign,
            buyer,
            candidate,
            entry,
            price,
            payout,
            reserved,
            exclusive,
            at,
            give_up_at,
            ..
        } = *intent
        else {
            return;
        };
        if auction != self.id {
            return;
        }
        while self.candidates.len() <= candidate.at() {
            self.candidates.push(StoryCandidate { campaign: FORGOTTEN, ..StoryCandidate::default() });
        }
        if let Some(entry) = self.candidates.get_mut(candidate.at()).filter(|it| it.campaign == FORGOTTEN) {
            let mut entries = BidEntries::new();
            entries.push(BidEntry { amount: reserved, max_buyers: 0, bid_id: SmallText::EMPTY });
            *entry = StoryCandidate { campaign, asked: Asked::Pinged, entries, ..*entry };
        }
        // Where the clock was set back it counts as of a later moment than it was written.
        let intent_us = self.since(at.min(give_up_at));
        self.ended_us = self.ended_us.max(intent_us);
        self.posts.push(StoryPost {
            candidate,
            buyer,
            entry,
            price,
            agreed: payout,
            exclusive,
            intent_us,
            ..StoryPost::default()
        });
    }

    fn take_outcome(&mut self, index: CandidateIndex, record: &Record) {
        let Record::Outcome { outcome, price, payout, digest, at, ref redirect_url, .. } = *record else {
            return;
        };
        let replied_us = self.since(at);
        let open = |post: &&mut StoryPost| post.candidate == index && post.outcome.is_none();
        let Some(post) = self.posts.iter_mut().find(open) else { return };
        post.outcome = Some(outcome);
        post.replied_us = replied_us;
        post.digest = digest;
        if outcome == Outcome::Accepted {
            post.price = price;
            post.payout = payout;
            post.redirect_url.clone_from(redirect_url);
        }
        if let Some(entry) = self.candidates.get_mut(index.at()) {
            entry.reason = match outcome {
                Outcome::Accepted => None,
                Outcome::Failed(reason) => Some(reason),
                Outcome::Unknown => Some(Reason::PostUnknown),
            };
        }
        self.ended_us = self.ended_us.max(replied_us);
    }

    fn take_change(&mut self, index: CandidateIndex, step: SaleStep) {
        let SaleStep::Adjusted { price, payout } = step else { return };
        let sold = |post: &&mut StoryPost| post.candidate == index && post.outcome == Some(Outcome::Accepted);
        if let Some(post) = self.posts.iter_mut().find(sold) {
            post.price = price;
            post.payout = payout;
        }
    }
}

fn of_lead(lead: &LeadRecord) -> Story {
    Story {
        id: lead.id,
        kind: lead.kind,
        seller: lead.seller,
        vertical: lead.vertical,
        test: lead.test,
        catalog_version: lead.catalog_version,
        admitted: lead.admitted,
        ..Story::default()
    }
}

#[cfg(test)]
mod tests;
