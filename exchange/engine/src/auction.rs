//! [`Auction`]: one lead on its way, from admission to its last record.
//!
//! This file holds the state and what others may read of it; what happens to it stands in the files below:
//! `bidding` (pings and bids), `offering` (offers of a two-step sale), `selling` (clearing, intents, posts),
//! `answering` (what the seller is told and when), `closing` (the last record), `restoring` (offers that a
//! restart interrupted).

mod answering;
mod bidding;
mod closing;
mod offering;
mod restoring;
mod selling;

pub use restoring::Restored;

use std::sync::Arc;

use exchange_auction::{Contender, Pick, Rules};
use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Campaign, Vertical};
use exchange_protocol::{AnswerOffer, AnswerStatus, CandidateIndex, SaleKind, SlotKey, StoryStep};
use exchange_types::{Amount, Nanos, Now, Submission, UnsoldReason, Uuid7};

use crate::Content;
use crate::candidate::{Candidate, Post, PostStage};

/// One lead on its way. The slot keeps its buffers for the next one.
#[derive(Debug, Default)]
pub struct Auction {
    pub(crate) key: SlotKey,
    pub(crate) phase: Phase,
    id: Uuid7,
    kind: Kind,
    submission: Box<Submission>,
    snapshot: Option<Arc<Snapshot>>,
    admitted: Now,
    /// How old the auction was when it was taken up after a restart: `admitted.mono` is that moment then, for
    /// the monotonic clock starts anew.
    before: Nanos,
    bids_close: Nanos,
    answer_by: Nanos,
    /// When the step that is being answered began; elapsed time counts from here.
    step_began: Nanos,
    /// Until when the offers of a two-step sale are held.
    expires: Nanos,
    /// The earliest timer that is armed for this auction.
    armed: Nanos,
    /// Pings whose answer may still come.
    waiting: u16,
    candidates: Vec<Candidate>,
    contenders: Vec<Contender>,
    rules: Option<Rules>,
    /// The picks that are being reserved, or the ranking of which offers are made.
    round: Vec<Pick>,
    /// The next pick of `round` whose verdict is out.
    cursor: usize,
    /// Whether a counter refused a pick of the round.
    round_refused: bool,
    /// Candidates in the order of their intents.
    posts: Vec<CandidateIndex>,
    offers: Vec<AnswerOffer>,
    /// Whether the record of the offers is written.
    offers_recorded: bool,
    /// The seller's posts.
    steps: Vec<StoryStep>,
    bids_closed_us: u32,
    answered_us: u32,
    /// Whether the present step has been answered.
    answered: bool,
    /// What the present step came to, once nothing more can be started.
    settled: Option<UnsoldReason>,
    /// The bytes of the last record.
    record: Vec<u8>,
}

/// `SaleKind` with a default, for an empty slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    OneCall,
    TwoStep,
}

/// Where an auction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Pings are out.
    #[default]
    Pinging,
    /// Offers are being reserved.
    Holding,
    /// Offers are open to the seller.
    Offering,
    /// Bids are cleared and posts are made.
    Selling,
    /// Nothing more is started; posts may still be out.
    Settled,
    /// The last record is written.
    Over,
}

impl Auction {
    /// Returns the key under which replies reach this auction.
    pub fn key(&self) -> SlotKey {
        self.key
    }

    /// Returns the number behind every id of the sale.
    pub fn id(&self) -> Uuid7 {
        self.id
    }

    /// Returns whether this is a one-call or a two-step sale.
    pub fn kind(&self) -> SaleKind {
        match self.kind {
            Kind::OneCall => SaleKind::OneCall,
            Kind::TwoStep => SaleKind::TwoStep,
        }
    }

    /// Returns the lead.
    pub fn submission(&self) -> &Submission {
        &self.submission
    }

    /// Returns whether this is a test: nothing of it is written down but its story, and nobody waits for the disk.
    pub fn is_test(&self) -> bool {
        self.submission.test.is_some()
    }

    /// Returns by when the present step is answered.
    pub fn answer_by(&self) -> Nanos {
        self.answer_by
    }

    /// Returns to whom the lead was posted first, if it was.
    pub fn first_post(&self) -> Option<CandidateIndex> {
        self.posts.first().copied()
    }

    /// Returns the catalog with which the auction began.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// Returns the lead's vertical.
    pub fn vertical(&self) -> Option<&Vertical> {
        self.snapshot.as_deref()?.vertical(self.submission.vertical)
    }

    /// Returns when the lead was admitted.
    pub fn admitted(&self) -> Now {
        self.admitted
    }

    /// Returns until when the offers of a two-step sale are held.
    pub fn expires(&self) -> Nanos {
        self.expires
    }

    /// Returns the rules by which the lead is sold.
    pub fn rules(&self) -> Option<&Rules> {
        self.rules.as_ref()
    }

    /// Returns the campaigns left after the static filters.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Returns a candidate.
    pub fn candidate(&self, index: CandidateIndex) -> Option<&Candidate> {
        self.candidates.get(index.at())
    }

    /// Returns a candidate's side of the auction: its bid and its terms.
    pub fn contender(&self, index: CandidateIndex) -> Option<&Contender> {
        self.contenders.get(index.at())
    }

    /// Returns a candidate's campaign in the auction's own catalog.
    pub fn campaign(&self, index: CandidateIndex) -> Option<&Campaign> {
        self.snapshot.as_deref()?.campaign(self.candidate(index)?.campaign)
    }

    /// Returns the post to a candidate, once its intent is written.
    pub fn post(&self, index: CandidateIndex) -> Option<&Post> {
        self.candidate(index)?.post.as_ref()
    }

    /// Returns the money for which a candidate's counters are asked: the bid that was picked, or the largest
    /// of its bids where offers are made.
    pub fn reserve_amount(&self, index: CandidateIndex) -> Amount {
        let picks = self.round.iter().filter(|pick| usize::from(pick.contender) == index.at());
        picks.map(|pick| pick.bid).max().unwrap_or(Amount::ZERO)
    }

    /// Returns whether the auction waits for the seller to post.
    pub fn is_offering(&self) -> bool {
        self.phase == Phase::Offering
    }

    /// Returns whether the present step has been answered.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// Returns whether the person's full data came in: by one call, or by the seller's post.
    pub fn was_posted_or_called(&self) -> bool {
        self.kind == Kind::OneCall || self.seller_has_posted()
    }

    /// Returns the offers of a two-step sale, best first.
    pub fn offers(&self) -> &[AnswerOffer] {
        &self.offers
    }

    /// Returns whether an offer may still be posted to.
    pub fn offer_is_live(&self, index: CandidateIndex) -> bool {
        self.candidate(index).is_some_and(|candidate| candidate.held && candidate.post.is_none())
    }

    /// Swaps what is left of the auction against buffers that are free for the next one.
    pub(crate) fn swap_content(&mut self, content: &mut Content) {
        core::mem::swap(&mut self.submission, &mut content.submission);
        core::mem::swap(&mut self.snapshot, &mut content.snapshot);
        core::mem::swap(&mut self.record, &mut content.record);
    }

    /// Returns the moment at which this auction wants to be looked at next.
    pub(crate) fn next_deadline(&self) -> Nanos {
        match self.phase {
            // A seller that waits for less than the bid window is answered before the bids close.
            Phase::Pinging if self.kind == Kind::OneCall => self.bids_close.min(self.answer_by),
            Phase::Pinging => self.bids_close,
            Phase::Holding | Phase::Selling | Phase::Settled => {
                let posts = self.posts.iter().filter_map(|index| self.post(*index));
                let posts = posts.filter(|post| post.stage == PostStage::Sending);
                let give_up = posts.map(|post| post.give_up_at).min().unwrap_or(Nanos::NEVER);
                if self.answered { give_up } else { give_up.min(self.answer_by) }
            }
            Phase::Offering => self.expires,
            Phase::Over => Nanos::NEVER,
        }
    }

    /// Returns whether a timer has to be armed for the next deadline, and notes it as armed.
    pub(crate) fn arm(&mut self) -> Option<Nanos> {
        let next = self.next_deadline();
        if next >= self.armed || next == Nanos::NEVER {
            return None;
        }
        self.armed = next;
        Some(next)
    }

    /// Notes that a timer fired; the next deadline needs one of its own.
    pub(crate) fn disarm(&mut self) {
        self.armed = Nanos::NEVER;
    }

    fn since_admission(&self, now: Now) -> u32 {
        micros(self.age(now.mono))
    }

    /// Returns how long ago, at a moment, the lead was admitted; also where a restart lies in between.
    pub fn age(&self, at: Nanos) -> Nanos {
        at.saturating_sub(self.admitted.mono).saturating_add(self.before)
    }

    fn seller_has_posted(&self) -> bool {
        !self.steps.is_empty()
    }

    fn any_post(&self, wanted: impl Fn(PostStage) -> bool) -> bool {
        self.posts.iter().filter_map(|index| self.post(*index)).any(|post| wanted(post.stage))
    }

    fn posts_are_out(&self) -> bool {
        self.posts.iter().filter_map(|index| self.post(*index)).any(Post::is_out)
    }

    /// Checks what must hold between two inputs.
    pub(crate) fn assert_invariants(&self) {
        assert_eq!(
            self.candidates.len(),
            self.contenders.len(),
            "invariant: every candidate has a contender"
        );
        let waiting = self.candidates.iter().filter(|candidate| candidate.waiting).count();
        assert_eq!(usize::from(self.waiting), waiting, "invariant: waiting pings are counted");
        assert!(
            self.phase == Phase::Pinging || waiting == 0,
            "invariant: no ping is awaited after the bids closed"
        );
        let exclusive_open = self
            .posts
            .iter()
            .filter_map(|index| self.post(*index))
            .filter(|post| post.pick.exclusive && !matches!(post.stage, PostStage::Failed(_)))
            .count();
        assert!(exclusive_open <= 1, "invariant: an exclusive lead is with one company at most");
        let open = self
            .posts
            .iter()
            .filter_map(|index| self.post(*index))
            .filter(|post| !matches!(post.stage, PostStage::Failed(_)))
            .count();
        let bound = self.rules.as_ref().map_or(0, |rules| usize::from(rules.max_buyers));
        assert!(open <= bound.max(1), "invariant: no more companies hold a lead than it allows");
    }
}

/// Returns a length of time as a story holds it.
fn micros(length: Nanos) -> u32 {
    u32::try_from(length.as_micros()).unwrap_or(u32::MAX)
}

/// What the seller may be told of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: AnswerStatus,
    /// Whether the seller may be told at once, before the deadline.
    pub(crate) ready: bool,
}
