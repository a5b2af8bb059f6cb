//! A replay in which one campaign bids something else.

use exchange_control::{ReplayChanges, ReplayError, Replayed, Replays};
use exchange_protocol::AnswerStatus;
use exchange_types::{Amount, AuctionId, Reason, UnsoldReason};

use super::{MadeUp, Seen};

impl Replays for MadeUp {
    /// With a floor nothing is sold; else all comes as it came.
    async fn replay(&self, id: AuctionId, changes: ReplayChanges) -> Result<Box<Replayed>, ReplayError> {
        let floor = changes.floor;
        self.note(Seen::Replay(changes));
        self.answers()?;
        if let Some(refused) = &self.fails.replay {
            return Err(refused.clone());
        }
        let known = self.account.as_ref().filter(|account| account.story.id == id.0);
        let recorded = known.cloned().ok_or(ReplayError::NotFound)?;
        let mut replayed = recorded.clone();
        if floor.is_some() {
            let story = &mut replayed.story;
            (story.status, story.payout) = (AnswerStatus::Unsold(UnsoldReason::BelowFloor), Amount::ZERO);
            story.posts.clear();
            story.candidates.iter_mut().for_each(|candidate| candidate.reason = Some(Reason::BelowFloor));
        }
        Ok(Box::new(Replayed { recorded, replayed }))
    }
}
