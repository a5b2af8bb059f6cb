//! [`Play`]: the engine with a clock, a disk, buyers and a seller around it, all as a script says.

use std::collections::BTreeMap;

use exchange_engine::{Content, Engine};
use exchange_protocol::{
    CandidateIndex, Effect, Input, Record, Refusal, SellerPost, SlotKey, Story, Submit, Taken, decode_record,
};
use exchange_types::{Nanos, Now, PostReply, Reason, SellerIndex, Submission, UtcMicros, VerticalIndex};

use super::stage::Script;

/// The engine with everything around it.
pub(super) struct Play<'a> {
    script: &'a Script,
    engine: Engine,
    auction: SlotKey,
    mono: u64,
    /// What happens, by moment in nanoseconds and order.
    agenda: BTreeMap<(u64, u64), Happening>,
    planned: u64,
    asked: [u8; 64],
    closed: Option<Story>,
}

enum Happening {
    Bid(u16),
    PostReply(u16),
    SellerPosts(usize),
    GivesBack,
    Durable(u64),
}

/// The process has been up for a while that is no whole number of microseconds.
const UP: u64 = 77_000_123_456;

impl<'a> Play<'a> {
    pub(super) fn new(script: &'a Script) -> Self {
        let mut play = Self {
            script,
            engine: Engine::new(4),
            auction: SlotKey::default(),
            mono: UP,
            agenda: BTreeMap::new(),
            planned: 0,
            asked: [0; 64],
            closed: None,
        };
        for (index, (at_us, _)) in (0..).zip(&script.bids) {
            play.plan(at_us * 1_000, Happening::Bid(index));
        }
        for (index, (at_us, ..)) in script.steps.iter().enumerate() {
            play.plan(at_us * 1_000 + 300, Happening::SellerPosts(index));
        }
        if let Some(at_us) = script.gives_back {
            play.plan(at_us * 1_000 + 500, Happening::GivesBack);
        }
        play
    }

    pub(super) fn run(&mut self, submit: Submit<'_>) -> Story {
        self.auction = self.engine.handle(self.now(), Input::Submit(submit)).expect("a free slot");
        self.carry_out();
        while self.closed.is_none() {
            let next = self.agenda.first_key_value().map(|(&(at, _), _)| at);
            let timer = self.engine.next_timeout().map(|at| at.0);
            match (next, timer) {
                (Some(at), timer) if timer.is_none_or(|timer| at < timer) => {
                    let (_, what) = self.agenda.pop_first().expect("the next one");
                    self.mono = self.mono.max(at);
                    self.happen(&what);
                }
                (_, Some(timer)) => {
                    self.mono = self.mono.max(timer);
                    self.engine.handle(self.now(), Input::Tick);
                }
                (_, None) => panic!("nothing is left to happen"),
            }
            self.carry_out();
        }
        self.closed.take().expect("the auction has ended")
    }

    fn happen(&mut self, what: &Happening) {
        let (now, auction) = (self.now(), self.auction);
        match *what {
            Happening::Bid(index) => {
                let (_, reply) = self.script.bids.get(usize::from(index)).expect("a bid");
                let candidate = CandidateIndex(index);
                self.engine.handle(now, Input::PingReply { auction, candidate, reply });
            }
            Happening::PostReply(index) => {
                let (_, outcome) = *self.script.posts.get(usize::from(index)).expect("a post");
                let reply = PostReply {
                    redirect_url: "https://north.example/thanks",
                    digest: [3; 16],
                    ..PostReply::bare(outcome)
                };
                let candidate = CandidateIndex(index);
                self.engine.handle(now, Input::PostReply { auction, candidate, reply });
            }
            Happening::SellerPosts(index) => {
                let (_, named, fallback) = self.script.steps.get(index).expect("a step");
                let Some(open) = self.engine.auction(auction) else { return };
                let keys = (0..).zip(open.offers()).map(|(position, offer)| (position, offer.key));
                let named: Vec<_> = keys
                    .filter(|(position, key)| {
                        let of_campaign = key.candidate.at();
                        named.contains(if self.script.names_campaigns { &of_campaign } else { position })
                    })
                    .map(|(_, key)| key)
                    .collect();
                let mut submission = Box::<Submission>::default();
                submission.reset(VerticalIndex(0), SellerIndex(0), 1);
                let post = SellerPost { submission, named, fallback: *fallback, wait: None };
                let checked = self.engine.check_post(auction, &post, now);
                // A worked case may name offers that are too many for one post.
                let may = matches!(checked, Err(Refusal::OffersConflict)) && self.script.names_campaigns;
                if checked.is_ok() || may {
                    self.engine.handle(now, Input::SellerPost { auction, post: &post });
                }
            }
            Happening::GivesBack => {
                self.engine.handle(now, Input::GiveBack { auction });
            }
            Happening::Durable(up_to) => {
                self.engine.handle(now, Input::Durable { up_to });
            }
        }
    }

    fn carry_out(&mut self) {
        let mut written = None;
        while let Some(effect) = self.engine.poll_effect() {
            match effect {
                Effect::Reserve(auction, candidate) => {
                    let asked = self.asked.get_mut(candidate.at()).expect("few campaigns");
                    *asked += 1;
                    let time = self.script.room.get(candidate.at()).copied().flatten();
                    let refused = time.filter(|time| time == asked).map(|_| Reason::BudgetExhausted);
                    let room = refused.map_or(Ok(Taken::default()), Err);
                    self.engine.handle(self.now(), Input::Reserved { auction, candidate, room });
                }
                Effect::SendPost(_, candidate) => {
                    let (took_us, _) = *self.script.posts.get(candidate.at()).expect("a post");
                    // The reply takes as long as it takes, or is never heard.
                    self.plan_at(self.mono + took_us * 1_000 + 7, Happening::PostReply(candidate.0));
                }
                Effect::Append(number) => written = Some(number),
                Effect::Ended(auction) => {
                    assert!(self.engine.free(auction, &mut Content::default()));
                }
                Effect::SendPing(..)
                | Effect::Release(..)
                | Effect::ReleaseUnsent(..)
                | Effect::CountSent(..)
                | Effect::Commit(..)
                | Effect::PostEnded(..)
                | Effect::Answer(_) => {}
            }
        }
        let closed = &mut self.closed;
        self.engine.take_batch(|batch| {
            let mut bytes = batch.bytes;
            while !bytes.is_empty() {
                let (record, rest) = decode_record(bytes).expect("a record that was just written");
                if let Record::Closed(story) = record {
                    *closed = Some(story);
                }
                bytes = rest;
            }
        });
        if let Some(number) = written {
            self.plan_at(self.mono + self.script.disk_us * 1_000, Happening::Durable(number));
        }
    }

    fn plan(&mut self, after: u64, what: Happening) {
        self.plan_at(UP + after, what);
    }

    fn plan_at(&mut self, at: u64, what: Happening) {
        self.agenda.insert((at, self.planned), what);
        self.planned += 1;
    }

    fn now(&self) -> Now {
        let passed = Nanos(self.mono - UP);
        Now { mono: Nanos(self.mono), utc: UtcMicros(1_764_000_000_000_000).saturating_add(passed) }
    }
}
