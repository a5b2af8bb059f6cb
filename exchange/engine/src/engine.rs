//! [`Engine`]: one shard without I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use exchange_auction::{Loss, Scratch};
use exchange_catalog::Snapshot;
use exchange_protocol::{
    Answer, CandidateIndex, Effect, Input, OfferedRecord, Record, RecordBatch, Refusal, SellerPost, SlotKey,
    Story, Submit, Taken,
};
use exchange_types::{Nanos, Now, Reason, Submission};

use crate::auction::Phase;
use crate::outbox::Outbox;
use crate::slab::Slab;
use crate::timers::Timers;
use crate::{Auction, Restored};

/// One shard without I/O.
///
/// Call [`Engine::handle`] with whatever happened, then carry out [`Engine::poll_effect`] until it returns
/// nothing; an [`Effect::Reserve`] is answered by an [`Input::Reserved`] before the next effect is taken.
/// When [`Engine::next_timeout`] has come, call `handle` with [`Input::Tick`]. Records go out by
/// [`Engine::take_batch`] and come back as [`Input::Durable`].
#[derive(Debug)]
pub struct Engine {
    slab: Slab,
    timers: Timers,
    outbox: Outbox,
    scratch: Scratch,
    losses: Vec<Loss>,
    story: Story,
    offered: OfferedRecord,
    touched: VecDeque<SlotKey>,
}

impl Engine {
    /// Returns a shard for so many auctions at a time.
    pub fn new(auctions_max: u32) -> Self {
        let working = usize::try_from(auctions_max.min(4_096)).unwrap_or(4_096);
        Self {
            slab: Slab::new(auctions_max),
            timers: Timers::with_capacity(working),
            outbox: Outbox::default(),
            scratch: Scratch::default(),
            losses: Vec::new(),
            story: Story::default(),
            offered: OfferedRecord::default(),
            touched: VecDeque::with_capacity(64),
        }
    }

    /// Takes what happened. Its effects wait in [`Engine::poll_effect`].
    ///
    /// Returns the key of the auction that an [`Input::Submit`] started; nothing where every slot is in use,
    /// or for any other input.
    pub fn handle(&mut self, now: Now, input: Input<'_>) -> Option<SlotKey> {
        let mut started = None;
        // A story counts in microseconds; so does the engine, so that a replay decides each deadline alike.
        let now = Now { mono: now.mono.floor_to_micros(), ..now };
        self.outbox.begin(now);
        match input {
            Input::Submit(submit) => started = self.submit(now, submit),
            Input::PingReply { auction, candidate, reply } => {
                self.with(auction, |auction, _| auction.take_bid(candidate, reply, now));
            }
            Input::Reserved { auction, candidate, room } => {
                self.reserved(now, auction, candidate, room);
            }
            Input::PostReply { auction, candidate, reply } => {
                self.with(auction, |auction, outbox| auction.take_outcome(candidate, &reply, outbox));
            }
            Input::SellerPost { auction, post } => {
                self.with(auction, |auction, outbox| auction.take_post(post, now, outbox));
            }
            Input::GiveBack { auction } => self.with(auction, |auction, outbox| {
                if auction.is_offering() {
                    auction.end_offers(false, outbox);
                }
            }),
            Input::Durable { up_to } => {
                self.outbox.set_durable(up_to);
                while let Some(auction) = self.outbox.pop_durable() {
                    self.touched.push_back(auction);
                }
            }
            Input::Tick => {
                while let Some(auction) = self.timers.pop_due(now.mono) {
                    if let Some(auction) = self.slab.get_mut(auction) {
                        auction.disarm();
                    }
                    self.touched.push_back(auction);
                }
            }
        }
        self.advance_touched();
        started
    }

    /// Opens the offers of a ping again that a restart interrupted, as they were. Nothing is done about it:
    /// what it holds is to be reserved again by the caller, for each candidate whose
    /// [offer is live](Auction::offer_is_live), before the next input.
    ///
    /// Returns its key; nothing where every slot is in use, or where the record does not fit the catalog.
    pub fn restore(&mut self, now: Now, restored: Restored<'_>) -> Option<SlotKey> {
        let now = Now { mono: now.mono.floor_to_micros(), ..now };
        if !restored.fits() {
            return None;
        }
        let key = self.slab.occupy()?;
        let auction = self.slab.get_mut(key)?;
        auction.restore(key, restored, now, &mut self.outbox);
        if let Some(at) = auction.arm() {
            self.timers.arm(at, key);
        }
        auction.assert_invariants();
        Some(key)
    }

    /// Takes the next effect, in the order in which they came about.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.outbox.pop()
    }

    /// Returns when [`Input::Tick`] is wanted next.
    pub fn next_timeout(&self) -> Option<Nanos> {
        self.timers.next()
    }

    /// Writes a record of the node into the shard's stream and returns its number.
    pub fn append(&mut self, record: &Record) -> u64 {
        self.outbox.append(record)
    }

    /// Writes a record of the node with the ciphertexts that it owns, and returns its number.
    pub fn append_sealed(&mut self, record: &Record, sealed: &[u8]) -> u64 {
        self.outbox.append_sealed(record, sealed)
    }

    /// Returns whether the record of this number is on disk.
    pub fn is_durable(&self, record: u64) -> bool {
        self.outbox.is_durable(record)
    }

    /// Hands the records that were written since the last call to `batch`.
    pub fn take_batch(&mut self, batch: impl FnOnce(RecordBatch<'_>)) {
        self.outbox.take_batch(batch);
    }

    /// Takes a submission whose buffers are free to be used again, with an old lead still in it.
    pub fn take_spare(&mut self) -> Option<Box<Submission>> {
        self.outbox.take_spare()
    }

    /// Returns whether another auction finds a slot.
    pub fn has_room(&self) -> bool {
        self.slab.has_room()
    }

    /// Returns how many auctions are in flight or hold offers.
    pub fn auctions(&self) -> usize {
        self.slab.occupied()
    }

    /// Returns how many auctions are in flight, without those that only wait for their seller. Looks at every
    /// slot; for a drain.
    pub fn in_flight(&self) -> usize {
        self.slab.iter().filter(|auction| !auction.is_offering()).count()
    }

    /// Returns an auction in flight.
    pub fn auction(&self, key: SlotKey) -> Option<&Auction> {
        self.slab.get(key)
    }

    /// Returns what the seller of an auction in flight may be told now.
    pub fn answer(&self, key: SlotKey, now: Now) -> Option<Answer> {
        self.slab.get(key).map(|auction| auction.answer(&self.outbox, now))
    }

    /// Returns the account of an auction in flight as it stands.
    pub fn story(&mut self, key: SlotKey, now: Now) -> Option<Story> {
        let auction = self.slab.get(key)?;
        self.outbox.begin(now);
        let mut story = Story::default();
        auction.tell(&mut self.scratch, &mut self.losses, &mut story, &self.outbox);
        Some(story)
    }

    /// Says whether the second step of a two-step sale may go on; nothing is changed by it.
    ///
    /// # Errors
    ///
    /// Says what stands against it.
    pub fn check_post(&self, key: SlotKey, post: &SellerPost, now: Now) -> Result<(), Refusal> {
        self.slab.get(key).ok_or(Refusal::PingLost)?.check_post(post, now)
    }

    /// Frees the slot of an auction that has ended and swaps its content against buffers for the next one.
    ///
    /// Returns whether there was such an auction.
    pub fn free(&mut self, key: SlotKey, content: &mut Content) -> bool {
        let Some(auction) = self.slab.get_mut(key).filter(|auction| auction.phase == Phase::Over) else {
            return false;
        };
        auction.swap_content(content);
        self.slab.free(key);
        true
    }

    fn submit(&mut self, now: Now, submit: Submit<'_>) -> Option<SlotKey> {
        let key = self.slab.occupy()?;
        if let Some(auction) = self.slab.get_mut(key) {
            auction.begin(key, submit, now, &mut self.outbox);
            self.touched.push_back(key);
        }
        Some(key)
    }

    fn reserved(&mut self, now: Now, key: SlotKey, candidate: CandidateIndex, room: Result<Taken, Reason>) {
        self.with(key, |auction, outbox| match auction.phase {
            Phase::Holding => auction.take_hold(candidate, room, now, outbox),
            Phase::Selling => auction.take_verdict(candidate, room, outbox),
            Phase::Pinging | Phase::Offering | Phase::Settled | Phase::Over => {}
        });
    }

    fn with(&mut self, key: SlotKey, act: impl FnOnce(&mut Auction, &mut Outbox)) {
        if let Some(auction) = self.slab.get_mut(key) {
            act(auction, &mut self.outbox);
            self.touched.push_back(key);
        }
    }

    fn advance_touched(&mut self) {
        while let Some(key) = self.touched.pop_front() {
            let Some(auction) = self.slab.get_mut(key) else { continue };
            let keep = Keep {
                scratch: &mut self.scratch,
                losses: &mut self.losses,
                story: &mut self.story,
                offered: &mut self.offered,
            };
            advance(auction, keep, &mut self.outbox);
            if let Some(at) = auction.arm() {
                self.timers.arm(at, key);
            }
            if cfg!(debug_assertions) {
                auction.assert_invariants();
            }
        }
    }
}

/// What is left of an auction when its slot is freed.
#[derive(Debug, Default)]
pub struct Content {
    /// The lead.
    pub submission: Box<Submission>,
    /// The catalog with which it was sold.
    pub snapshot: Option<Arc<Snapshot>>,
    /// The bytes of its last record.
    pub record: Vec<u8>,
}

/// What one auction computes with and the next uses again.
struct Keep<'a> {
    scratch: &'a mut Scratch,
    losses: &'a mut Vec<Loss>,
    story: &'a mut Story,
    offered: &'a mut OfferedRecord,
}

/// Takes an auction as far as it can go without another input.
fn advance(auction: &mut Auction, keep: Keep<'_>, outbox: &mut Outbox) {
    let Keep { scratch, losses, story, offered } = keep;
    let now = outbox.now();
    if auction.phase == Phase::Over {
        return;
    }
    if auction.bids_are_due(now) {
        auction.close_bids(now);
        if auction.phase == Phase::Holding {
            auction.make_offers(scratch, now, outbox);
        }
    }
    auction.send_durable(outbox);
    auction.give_up(outbox);
    auction.sell(scratch, outbox);
    if auction.phase == Phase::Offering && now.mono >= auction.expires() {
        auction.end_offers(true, outbox);
    }
    auction.answer_if_due(scratch, now, outbox);
    auction.record_offers(scratch, losses, offered, outbox);
    let reopened =
        auction.is_finished(outbox) && auction.unsold(outbox).is_some() && auction.reopen(now, outbox);
    if !reopened && auction.is_finished(outbox) {
        auction.close(scratch, losses, story, outbox);
    }
}
