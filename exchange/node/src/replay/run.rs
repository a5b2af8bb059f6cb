//! [`Run`]: an engine on a clock that turns by itself, fed with recorded inputs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use exchange_engine::{Content, Engine};
use exchange_protocol::{
    CandidateIndex, Effect, Input, SaleKind, SellerPost, SlotKey, Story, StoryStep, Submit, Taken,
};
use exchange_types::{Nanos, Now, PingReply, Submission};

use super::inputs::{Entrant, Inputs, micros};
use super::{Assumption, Recorded, ReplayError};

/// Turns of the clock that a replay may take: each campaign has a bid, two records of a post, a reply and a
/// timer, and each post of the seller may go through all of them again.
const TURNS_MAX: usize = 100_000;
/// Where the replay's monotonic clock begins; any number will do.
const BEGIN: Nanos = Nanos::from_secs(1);

/// An engine on a clock that turns by itself.
#[derive(Debug)]
pub(super) struct Run<'a> {
    inputs: &'a Inputs<'a>,
    engine: Engine,
    auction: Option<SlotKey>,
    /// Since the admission, in microseconds.
    now_us: u64,
    /// What is still to happen; what stands first of one moment happens first.
    events: BTreeMap<(u64, usize), Event>,
    event_count: usize,
    /// Records with the moment at which each was on disk at the earliest.
    records: VecDeque<(u64, u64)>,
    /// How often each campaign's counters were asked.
    asked: Vec<u8>,
    story: Option<Story>,
    /// What was taken for granted.
    pub(super) assumptions: Vec<Assumption>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one entry a campaign, made once")]
enum Event {
    Bid(CandidateIndex, PingReply),
    /// The seller's post of this position.
    Step(usize),
    PostReply(CandidateIndex),
    GiveBack,
}

impl<'a> Run<'a> {
    /// Starts the auction and puts down what is known to come.
    pub(super) fn new(recorded: &Recorded<'_>, inputs: &'a Inputs<'a>) -> Self {
        let mut run = Self {
            inputs,
            engine: Engine::new(1),
            auction: None,
            now_us: 0,
            events: BTreeMap::new(),
            event_count: 0,
            records: VecDeque::new(),
            asked: vec![0; inputs.campaigns.len()],
            story: None,
            assumptions: Vec::new(),
        };
        for (place, entrant) in (0..).map(CandidateIndex).zip(&inputs.campaigns) {
            if let Some((at_us, reply)) = entrant.reply() {
                run.plan(at_us.into(), Event::Bid(place, reply));
            }
        }
        for (position, step) in inputs.story.steps.iter().enumerate() {
            run.plan(step.at_us.into(), Event::Step(position));
        }
        let expires_us = inputs.story.expires_at.0.saturating_sub(inputs.story.admitted.0);
        if inputs.story.kind == SaleKind::TwoStep && i64::from(inputs.story.ended_us) < expires_us {
            // Offers that were still open then ended because the seller gave them back.
            run.plan(inputs.story.ended_us.into(), Event::GiveBack);
        }
        let considered = inputs.considered(recorded);
        let vertical = recorded.snapshot.vertical(inputs.story.vertical);
        let submit = Submit {
            id: inputs.story.id,
            kind: inputs.story.kind,
            submission: Box::new(inputs.submission(recorded)),
            snapshot: Arc::clone(&recorded.snapshot),
            considered: &considered,
            rotation: recorded.ties.rotation(vertical.map_or("", |vertical| &vertical.name)),
        };
        run.auction = run.engine.handle(run.now(), Input::Submit(submit));
        run
    }

    /// Lets the auction run to its end and returns its account.
    pub(super) fn play(&mut self) -> Result<Story, ReplayError> {
        for _ in 0..TURNS_MAX {
            self.carry_out();
            if let Some(story) = self.story.take() {
                return Ok(story);
            }
            self.turn();
        }
        Err(ReplayError::Endless)
    }

    /// Goes on to the next moment at which something happens, and has it happen.
    fn turn(&mut self) {
        let event = self.events.first_key_value().map(|(&(at_us, _), _)| at_us);
        let disk = self.records.front().map(|&(_, at_us)| at_us);
        let timer = self.engine.next_timeout().map(|at| self.when_timer_fires(at));
        let Some(next_us) = [event, disk, timer].into_iter().flatten().min() else { return };
        self.now_us = self.now_us.max(next_us);
        // What came in at the moment of a deadline was there before the timer fired, or it was not recorded.
        if event.is_some_and(|at_us| at_us <= self.now_us) {
            if let Some((_, event)) = self.events.pop_first() {
                self.happen(&event);
            }
        } else if disk.is_some_and(|at_us| at_us <= self.now_us) {
            self.sync();
        } else {
            self.engine.handle(self.now(), Input::Tick);
        }
    }

    /// Returns when a timer fires: the one that closes the bids fired when the record says.
    fn when_timer_fires(&self, at: Nanos) -> u64 {
        let at_us = at.saturating_sub(BEGIN).as_micros();
        let closed_us = u64::from(self.inputs.story.bids_closed_us);
        if self.now_us < closed_us { at_us.max(closed_us) } else { at_us }
    }

    fn happen(&mut self, event: &Event) {
        let (now, Some(auction)) = (self.now(), self.auction) else { return };
        match event {
            Event::Bid(candidate, reply) => {
                let candidate = *candidate;
                self.engine.handle(now, Input::PingReply { auction, candidate, reply });
            }
            Event::Step(position) => {
                if let Some(step) = self.inputs.story.steps.get(*position) {
                    self.seller_posts(auction, step);
                }
            }
            Event::PostReply(candidate) => {
                let (inputs, candidate) = (self.inputs, *candidate);
                let reply = inputs.campaigns.get(candidate.at()).and_then(Entrant::post_reply);
                let accepted = exchange_types::PostOutcome::Accepted { price: None };
                let reply = reply.unwrap_or(exchange_types::PostReply::bare(accepted));
                self.engine.handle(now, Input::PostReply { auction, candidate, reply });
            }
            Event::GiveBack => {
                self.engine.handle(now, Input::GiveBack { auction });
            }
        }
    }

    fn seller_posts(&mut self, auction: SlotKey, step: &StoryStep) {
        let Some(open) = self.engine.auction(auction).filter(|auction| auction.is_offering()) else { return };
        let mut named: Vec<_> = step.named.iter().filter_map(|key| self.inputs.offer(*key)).collect();
        named.retain(|key| open.offers().iter().any(|offer| offer.key == *key));
        if named.is_empty() && !step.named.is_empty() {
            self.assumptions.push(Assumption::PostsToAll);
        }
        let post = SellerPost {
            // The lead is whole from the beginning, as the record has it.
            submission: Box::<Submission>::default(),
            named,
            fallback: step.fallback,
            wait: step.wait_us.map(micros),
        };
        self.engine.handle(self.now(), Input::SellerPost { auction, post: &post });
    }

    /// Has the records reach the disk that were there by now, in their order.
    fn sync(&mut self) {
        let mut up_to = 0;
        while let Some(&(number, at_us)) = self.records.front()
            && at_us <= self.now_us
        {
            up_to = number;
            self.records.pop_front();
        }
        self.engine.handle(self.now(), Input::Durable { up_to });
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Reserve(auction, candidate) => self.reserve(auction, candidate),
                Effect::Append(number) => self.records.push_back((number, self.now_us)),
                Effect::CountSent(_, candidate) => self.intended(candidate),
                Effect::SendPost(_, candidate) => self.sent(candidate),
                Effect::Ended(auction) => {
                    self.story = self.engine.story(auction, self.now());
                    self.engine.free(auction, &mut Content::default());
                }
                Effect::SendPing(..)
                | Effect::Release(..)
                | Effect::ReleaseUnsent(..)
                | Effect::Commit(..)
                | Effect::PostEnded(..)
                | Effect::Answer(_) => {}
            }
        }
        self.engine.take_batch(|_| ());
    }

    fn reserve(&mut self, auction: SlotKey, candidate: CandidateIndex) {
        let mut time = 0;
        if let Some(asked) = self.asked.get_mut(candidate.at()) {
            *asked = asked.saturating_add(1);
            time = *asked;
        }
        let refused = self.inputs.campaigns.get(candidate.at()).and_then(|entrant| entrant.room(time));
        let money = self.engine.auction(auction).map(|found| found.reserve_amount(candidate));
        let taken = Taken { at: self.now().utc, money: money.unwrap_or_default() };
        let room = refused.map_or(Ok(taken), Err);
        self.engine.handle(self.now(), Input::Reserved { auction, candidate, room });
    }

    /// The last record is the intent of a post: it was on disk when the post was sent, or when it was too late
    /// for that.
    fn intended(&mut self, candidate: CandidateIndex) {
        let Some(post) = self.inputs.campaigns.get(candidate.at()).and_then(|entrant| entrant.post) else {
            return;
        };
        let on_disk = if post.sent_us == 0 { post.replied_us } else { post.sent_us };
        // On another course of things than the record's, the disk takes as long as it took then.
        let took = u64::from(on_disk.saturating_sub(post.intent_us));
        if let Some((_, at_us)) = self.records.back_mut() {
            *at_us = self.now_us.saturating_add(took);
        }
    }

    fn sent(&mut self, candidate: CandidateIndex) {
        let Some(entrant) = self.inputs.campaigns.get(candidate.at()) else { return };
        let known = entrant.post.filter(|_| entrant.post_reply().is_some());
        if known.is_none() {
            self.assumptions.push(Assumption::Accepts(entrant.campaign));
        }
        let took = known.map_or(0, |post| post.replied_us.saturating_sub(post.sent_us));
        self.plan(self.now_us.saturating_add(took.into()), Event::PostReply(candidate));
    }

    fn plan(&mut self, at_us: u64, event: Event) {
        self.events.insert((at_us, self.event_count), event);
        self.event_count = self.event_count.saturating_add(1);
    }

    fn now(&self) -> Now {
        let passed = Nanos(self.now_us.saturating_mul(1_000));
        Now { mono: BEGIN.saturating_add(passed), utc: self.inputs.story.admitted.saturating_add(passed) }
    }
}
