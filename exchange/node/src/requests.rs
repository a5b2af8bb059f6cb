//! What sellers and operators ask about a sale, here or at the shard that has it.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_engine::Auction;
use exchange_protocol::{Account, Answer, AnswerStatus, Input, Refusal, Reply, SaleKind, Story, Waiter};
use exchange_types::{Now, ShardIndex, Submission, Uuid7};

use crate::claims::Told;
use crate::eligibility;
use crate::mesh::Message;
use crate::tenants::Waiting;
use crate::{Requester, Shard, World};

impl Shard {
    /// Answers how a sale stands, here or at the shard that has it.
    pub fn read(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        requester: Requester,
        waiter: Waiter,
    ) {
        let owner = self.shared.owner(id);
        if owner != self.place {
            return self.pass_on(world, owner, waiter, Message::Read { id, requester, waiter });
        }
        match self.state(id, &requester, now) {
            Some(reply) => self.reply(world, waiter, reply),
            None if self.knows(id) => self.reply(world, waiter, Reply::Refusal(Refusal::NotFound)),
            None => match requester {
                Requester::Seller(_) => self.park_read(world, now, id, (requester, waiter)),
                // Operators read old accounts from the store itself.
                Requester::Operator => self.reply(world, waiter, Reply::Refusal(Refusal::NotFound)),
            },
        }
    }

    /// Gives the offers of a ping back, here or at the shard that has it.
    pub fn give_back(
        &mut self,
        world: &mut impl World,
        now: Now,
        id: Uuid7,
        requester: Requester,
        waiter: Waiter,
    ) {
        let owner = self.shared.owner(id);
        if owner != self.place {
            return self.pass_on(world, owner, waiter, Message::GiveBack { id, requester, waiter });
        }
        let Some(state) = self.state(id, &requester, now) else {
            return self.reply(world, waiter, Reply::Refusal(Refusal::NotFound));
        };
        match self.tenants.find(id) {
            Some(auction) if self.engine.auction(auction).is_some_and(Auction::is_offering) => {
                self.engine.handle(now, Input::GiveBack { auction });
                self.carry_out(world, now);
                self.reply(world, waiter, state);
            }
            Some(_) => self.reply(world, waiter, Reply::Refusal(Refusal::PingClosed)),
            // A ping that is over holds nothing: giving it back again is the same as having done so, unless its
            // lead was sold.
            None if is_sold(&state) => self.reply(world, waiter, Reply::Refusal(Refusal::PingClosed)),
            None => self.reply(world, waiter, state),
        }
    }

    /// Gives back what a ping holds whose seller has pinged for the same person with another body since, here or at the
    /// shard that has it. One that is still asking buyers gives its offers back once it has told them.
    pub(crate) fn supersede(&mut self, world: &mut impl World, now: Now, id: Uuid7) {
        let owner = self.shared.owner(id);
        if owner != self.place {
            return self.send_surely(world, owner, Message::Supersede { id });
        }
        let Some(auction) = self.tenants.find(id) else { return };
        if self.engine.auction(auction).is_some_and(Auction::is_offering) {
            self.engine.handle(now, Input::GiveBack { auction });
            self.carry_out(world, now);
        } else if let Some(tenant) = self.tenants.get_mut(auction) {
            tenant.superseded = true;
        }
    }

    /// Takes what other places of the mesh have sent, at most `limit` messages; returns whether more may wait.
    pub fn take_messages(&mut self, world: &mut impl World, now: Now, limit: usize) -> bool {
        for _ in 0..limit {
            let Some(message) = self.mesh.receive(self.place) else { return false };
            match message {
                Message::Join { id, first, waiter } => self.join(world, now, (id, first), waiter),
                Message::Post(arrival) => self.own_post(world, now, *arrival),
                Message::Read { id, requester, waiter } => self.read(world, now, id, requester, waiter),
                Message::GiveBack { id, requester, waiter } => {
                    self.give_back(world, now, id, requester, waiter);
                }
                Message::Supersede { id } => self.supersede(world, now, id),
                Message::Erase { id } => self.erase(world, now, id),
                Message::Inquire { keys, waiter } => {
                    let unknowns = &self.resolving.unknowns;
                    let inquiries = keys.iter().map(|key| unknowns.inquiry(*key, now)).collect();
                    self.reply(world, waiter, Reply::Inquiries(inquiries));
                }
                Message::Resolve(request) => self.resolve(world, now, *request),
                Message::Reply { token, reply } => world.reply(token, reply),
            }
        }
        true
    }

    pub(crate) fn pass_on(
        &mut self,
        world: &mut impl World,
        owner: ShardIndex,
        waiter: Waiter,
        message: Message,
    ) {
        match self.mesh.send(self.place, owner, message) {
            Ok(()) => world.wake(owner),
            Err(_full) => self.reply(world, waiter, Reply::Refusal(Refusal::Overloaded)),
        }
    }

    /// Tells once more what a step was told.
    pub(crate) fn replay(&mut self, world: &mut impl World, waiter: Waiter, told: &Told) {
        let (answer, snapshot) = (Box::new(told.answer.clone()), Arc::clone(&told.snapshot));
        self.reply(world, waiter, Reply::Answer { answer, snapshot, replayed: true, kept: Vec::new() });
    }

    /// Has somebody wait for a sale that began under the same key, or tells how it ended.
    pub(crate) fn join(
        &mut self,
        world: &mut impl World,
        now: Now,
        (id, first): (Uuid7, bool),
        waiter: Waiter,
    ) {
        let owner = self.shared.owner(id);
        if owner != self.place {
            return self.pass_on(world, owner, waiter, Message::Join { id, first, waiter });
        }
        if let Some(auction) = self.tenants.find(id) {
            let waits = self.engine.auction(auction).is_some_and(|auction| {
                // A ping that is repeated while its post runs was answered long ago.
                let passed = first && auction.kind() == SaleKind::TwoStep && auction.was_posted_or_called();
                !auction.is_answered() && !passed
            });
            if waits {
                if let Some(tenant) = self.tenants.get_mut(auction) {
                    tenant.waiters.push(Waiting { waiter, replayed: true, kept: Vec::new() });
                }
                return;
            }
        }
        let waiting = Waiting { waiter, replayed: true, kept: Vec::new() };
        let Err(Waiting { waiter, .. }) = self.parking.join(id, first, waiting) else { return };
        // A claim whose sale is gone was refused, or is being forgotten: the same key may come again.
        let reply = self.known(id, now).map_or(Reply::Refusal(Refusal::Overloaded), |(answer, snapshot)| {
            Reply::Answer { answer: Box::new(answer), snapshot, replayed: true, kept: Vec::new() }
        });
        self.reply(world, waiter, reply);
    }

    /// Returns how a sale stands, where the requester may see it.
    pub(crate) fn state(&mut self, id: Uuid7, requester: &Requester, now: Now) -> Option<Reply> {
        let Requester::Seller(seller) = requester else { return self.account(id, now) };
        let (answer, snapshot) = self.known(id, now)?;
        let own = snapshot.seller(answer.seller).is_some_and(|known| known.name == *seller);
        own.then(|| Reply::Answer { answer: Box::new(answer), snapshot, replayed: false, kept: Vec::new() })
    }

    /// Returns whether the memory has a sale.
    fn knows(&self, id: Uuid7) -> bool {
        self.tenants.find(id).is_some() || self.history.get(id).is_some()
    }

    /// Returns how a sale of this shard stands, with the catalog in which its indices hold.
    fn known(&self, id: Uuid7, now: Now) -> Option<(Answer, Arc<Snapshot>)> {
        if let Some(auction) = self.tenants.find(id) {
            let snapshot = self.engine.auction(auction)?.snapshot()?;
            return Some((self.engine.answer(auction, now)?, Arc::clone(snapshot)));
        }
        let finished = self.history.get(id)?;
        Some((finished.story()?.answer(), Arc::clone(finished.content.snapshot.as_ref()?)))
    }

    fn account_of(
        &self,
        story: Story,
        snapshot: &Arc<Snapshot>,
        submission: &Submission,
        live: bool,
    ) -> Account {
        // A duplicate or invalid lead was not auctioned, so no campaign was considered; nor was one in a test.
        let left_out = match story.status {
            _ if story.test => Vec::new(),
            AnswerStatus::Duplicate(..) | AnswerStatus::Invalid => Vec::new(),
            AnswerStatus::Running
            | AnswerStatus::Sold
            | AnswerStatus::Unsold(_)
            | AnswerStatus::Pending(_)
            | AnswerStatus::Offers
            | AnswerStatus::NoOffer(_) => eligibility::left_out(snapshot, submission, story.admitted),
        };
        Account { left_out, snapshot: Arc::clone(snapshot), story, live, keys: *self.shared.sale_keys() }
    }

    fn account(&mut self, id: Uuid7, now: Now) -> Option<Reply> {
        let account = if let Some(auction) = self.tenants.find(id) {
            let story = self.engine.story(auction, now)?;
            let found = self.engine.auction(auction)?;
            self.account_of(story, found.snapshot()?, found.submission(), true)
        } else {
            let finished = self.history.get(id)?;
            let content = &finished.content;
            let (story, snapshot) = (finished.story()?, content.snapshot.as_ref()?);
            if finished.without_lead {
                // Why a campaign was left out follows from the lead, and that is not here any more.
                let (snapshot, keys) = (Arc::clone(snapshot), *self.shared.sale_keys());
                Account { story, snapshot, left_out: Vec::new(), live: false, keys }
            } else {
                self.account_of(story, snapshot, &content.submission, false)
            }
        };
        Some(Reply::Account(Box::new(account)))
    }
}

/// Returns whether somebody bought the lead, or may have.
fn is_sold(state: &Reply) -> bool {
    match state {
        Reply::Answer { answer, .. } => {
            matches!(answer.status, AnswerStatus::Sold | AnswerStatus::Pending(_))
        }
        Reply::Refusal(_) | Reply::Account(_) | Reply::Resolved(_) | Reply::Inquiries(_) => false,
    }
}
