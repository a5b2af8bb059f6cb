//! From admission to the close of the bids.

use exchange_auction::{Contender, Rules, Standing};
use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Agreement, Campaign, Terms, Vertical};
use exchange_protocol::{
    Asked, CandidateIndex, Considered, Effect, SaleKind, SlotKey, Submit, Taken, Verdict,
};
use exchange_types::{
    BidEntries, BidEntry, CampaignIndex, HashKey, Nanos, Now, PingReply, Reason, SmallText, Submission,
    Uuid7, limits,
};

use super::{Auction, Kind, Phase};
use crate::candidate::Candidate;
use crate::outbox::Outbox;

impl Auction {
    /// Starts an auction in an emptied slot and sends its pings.
    pub(crate) fn begin(&mut self, key: SlotKey, submit: Submit<'_>, now: Now, outbox: &mut Outbox) {
        let Submit { id, kind, submission, snapshot, considered, rotation } = submit;
        self.clear();
        self.key = key;
        self.id = id;
        self.kind = match kind {
            SaleKind::OneCall => Kind::OneCall,
            SaleKind::TwoStep => Kind::TwoStep,
        };
        let spare = core::mem::replace(&mut self.submission, submission);
        outbox.keep_spare(spare);
        self.admitted = now;
        self.step_began = now.mono;
        if let Some(vertical) = snapshot.vertical(self.submission.vertical) {
            self.bids_close = now.mono.saturating_add(vertical.bid_window);
            let wait = self.submission.wait.map_or(vertical.answer_by, |wait| wait.min(vertical.answer_by));
            self.answer_by = now.mono.saturating_add(wait);
            if self.kind == Kind::TwoStep {
                // A ping is answered when its bids close, so the seller's patience bounds the window.
                self.bids_close = self.bids_close.min(self.answer_by);
            }
            self.rules = Some(rules(vertical, &self.submission, id, rotation));
        }
        let seller = snapshot.seller(self.submission.seller);
        if let Some(agreement) = seller.and_then(|seller| seller.agreement(self.submission.vertical)) {
            for considered in considered {
                self.consider(considered, &snapshot, agreement, outbox);
            }
        }
        self.snapshot = Some(snapshot);
    }

    pub(super) fn clear(&mut self) {
        self.phase = Phase::Pinging;
        self.armed = Nanos::NEVER;
        self.expires = Nanos::ZERO;
        self.waiting = 0;
        self.candidates.clear();
        self.contenders.clear();
        self.rules = None;
        self.round.clear();
        self.cursor = 0;
        self.round_refused = false;
        self.posts.clear();
        self.offers.clear();
        self.offers_recorded = false;
        self.steps.clear();
        self.before = Nanos::ZERO;
        self.bids_closed_us = 0;
        self.answered_us = 0;
        self.answered = false;
        self.settled = None;
    }

    fn consider(
        &mut self,
        considered: &Considered,
        snapshot: &Snapshot,
        agreement: &Agreement,
        outbox: &mut Outbox,
    ) {
        let Some(campaign) = snapshot.campaign(considered.campaign) else { return };
        let terms = agreement.terms_for(campaign.buyer, &snapshot.sources.origin(&self.submission));
        let mut contender = contender(considered.campaign, campaign, terms, considered.rotation_id);
        let index = CandidateIndex(u16::try_from(self.candidates.len()).unwrap_or(u16::MAX));
        let mut candidate = candidate(considered.campaign, campaign, self.bids_close);
        match considered.verdict {
            Verdict::Ping { timeout } => {
                candidate.asked = Asked::Pinged;
                candidate.waiting = true;
                candidate.ping_deadline = self.admitted.mono.saturating_add(timeout).min(self.bids_close);
                self.waiting = self.waiting.saturating_add(1);
                outbox.push(Effect::SendPing(self.key, index));
            }
            Verdict::Standing(price) => {
                candidate.asked = Asked::Standing;
                contender.entries.push(BidEntry { amount: price, max_buyers: 0, bid_id: SmallText::EMPTY });
            }
            Verdict::Out(reason) => {
                candidate.out = Some(reason);
                contender.standing = Standing::Out(reason);
            }
        }
        self.candidates.push(candidate);
        self.contenders.push(contender);
    }

    /// Takes the answer to a ping. A bid that comes after its own time is recorded and not used.
    pub(crate) fn take_bid(&mut self, index: CandidateIndex, reply: &PingReply, now: Now) {
        let since = self.since_admission(now);
        let Some(candidate) = self.candidates.get_mut(index.at()) else { return };
        let late = now.mono >= candidate.ping_deadline;
        let Some(contender) = self.contenders.get_mut(index.at()) else { return };
        if !candidate.waiting {
            return;
        }
        candidate.waiting = false;
        candidate.replied_us = since;
        self.waiting = self.waiting.saturating_sub(1);
        candidate.out = match reply {
            PingReply::Bids(entries) => {
                contender.entries = *entries;
                late.then_some(Reason::Timeout)
            }
            PingReply::NoBid => Some(Reason::NoBid),
            PingReply::Timeout => Some(Reason::Timeout),
            PingReply::ConnectFailed => Some(Reason::ConnectFailed),
            PingReply::BadReply => Some(Reason::BadReply),
            PingReply::BadPrice => Some(Reason::BadPrice),
        };
        contender.standing = candidate.out.map_or(Standing::Running, Standing::Out);
    }

    /// Returns whether the bids are to be closed: all answers are in, or the time is over.
    pub(crate) fn bids_are_due(&self, now: Now) -> bool {
        self.phase == Phase::Pinging && (self.waiting == 0 || now.mono >= self.bids_close)
    }

    /// Closes the bids and goes on to selling or offering.
    pub(crate) fn close_bids(&mut self, now: Now) {
        for (candidate, contender) in self.candidates.iter_mut().zip(&mut self.contenders) {
            if candidate.waiting {
                candidate.waiting = false;
                candidate.out = Some(Reason::Timeout);
                contender.standing = Standing::Out(Reason::Timeout);
            }
        }
        self.waiting = 0;
        self.bids_closed_us = self.since_admission(now);
        self.phase = match self.kind {
            Kind::OneCall => Phase::Selling,
            Kind::TwoStep => Phase::Holding,
        };
    }
}

/// Returns a campaign's side of the auction before it has bid.
pub(super) fn contender(
    index: CampaignIndex,
    campaign: &Campaign,
    terms: Terms,
    rotation_id: u64,
) -> Contender {
    Contender {
        campaign: index,
        buyer: campaign.buyer,
        tier: campaign.tier,
        weight: campaign.weight,
        penalty: campaign.penalty,
        reserve: campaign.reserve,
        terms,
        rotation_id,
        entries: BidEntries::new(),
        standing: Standing::Running,
        offers: [None; limits::BID_ENTRIES_MAX],
    }
}

/// Returns a campaign that has not been asked yet.
pub(super) fn candidate(index: CampaignIndex, campaign: &Campaign, ping_deadline: Nanos) -> Candidate {
    Candidate {
        campaign: index,
        buyer: campaign.buyer,
        ping_deadline,
        asked: Asked::No,
        waiting: false,
        out: None,
        asks: 0,
        no_room: None,
        replied_us: 0,
        held: false,
        taken: Taken::default(),
        post: None,
    }
}

pub(super) fn rules(vertical: &Vertical, submission: &Submission, id: Uuid7, rotation: HashKey) -> Rules {
    let wanted = submission.max_buyers.unwrap_or(vertical.max_buyers);
    Rules {
        currency: vertical.currency,
        rule: vertical.rule,
        rank_by: vertical.rank_by,
        max_buyers: wanted.min(vertical.max_buyers),
        prior_sales: submission.prior_sales,
        reserve: vertical.reserve,
        floor: submission.floor,
        cascade_into_margin: vertical.cascade_into_margin,
        rotation,
        auction: id.as_u128(),
        two_step: None,
    }
}
