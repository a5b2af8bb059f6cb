//! Posts whose outcome nobody knows, and what people say of them.

use std::collections::BTreeMap;

use exchange_control::{
    ListError, Listed, NextStep, Page, PostSettled, PostWord, PostWordError, UnknownPost, Unknowns,
    WordEffect,
};
use exchange_node::{Late, Message, ResolveRequest, UnknownKey};
use exchange_protocol::{Dispute, Inquiry, NextInquiry, Reply, Resolved, ResolvedBy, Waiter};
use exchange_store::{OpenUnknown, SaleRef, SaleView};
use exchange_types::{Amount, AuctionId, PostId, ShardIndex};

use super::{ControlBackend, listed, store_page};
use crate::wall_clock;

impl Unknowns for ControlBackend {
    async fn unknowns(&self, page: Page) -> Result<Listed<UnknownPost>, ListError> {
        let found = self.fresh_store().await.as_operator().unknowns(&store_page(page)).await;
        let asked = match &found {
            Ok(found) => self.inquiries(&found.items).await.ok_or(ListError::Unavailable)?,
            Err(_) => BTreeMap::new(),
        };
        listed(found, |open| {
            let inquiry = asked.get(&key_of(&open)).copied();
            unknown_post(open, inquiry)
        })
    }

    async fn say(&self, word: PostWord) -> Result<PostSettled, PostWordError> {
        let Some(post) = self.post(word.post).await? else { return Err(PostWordError::NotFound) };
        if word.scope.buyer().is_some_and(|buyer| buyer != &*post.buyer) {
            return Err(PostWordError::NotFound);
        }
        if word.price.is_some_and(|price| price > post.price) {
            return Err(PostWordError::PriceTooHigh);
        }
        let effect = match self.shared.open_unknown(word.post) {
            Some(key) => self.resolve(key, &word).await?,
            None => self.note_late(&post, &word).await?,
        };
        self.desk.turn().await.settled().await.map_err(|_| PostWordError::Unavailable)?;
        let post = self.post(word.post).await?.ok_or(PostWordError::Unavailable)?;
        let outcome = post.state.outcome().ok_or(PostWordError::InFlight)?;
        let sold = post.sale.is_some();
        Ok(PostSettled {
            effect,
            outcome,
            price: if sold { post.price } else { Amount::ZERO },
            payout: if sold { post.payout } else { Amount::ZERO },
            currency: post.currency,
            sale: post.sale_id,
            by: post.resolved_by,
            at: post.outcome_at.unwrap_or(post.intent_at),
        })
    }
}

impl ControlBackend {
    /// Finds a post; one that is so new that the store has not followed yet is waited for.
    async fn post(&self, id: PostId) -> Result<Option<SaleView>, PostWordError> {
        let unavailable = |_| PostWordError::Unavailable;
        let found = self.store.as_operator().sale(SaleRef::Post(id)).await.map_err(unavailable)?;
        if found.is_some() || self.shared.open_unknown(id).is_none() {
            return Ok(found);
        }
        self.desk.turn().await.settled().await.map_err(|_| PostWordError::Unavailable)?;
        self.store.as_operator().sale(SaleRef::Post(id)).await.map_err(unavailable)
    }

    /// Has the shard that owns an open post resolve it.
    async fn resolve(&self, key: UnknownKey, word: &PostWord) -> Result<WordEffect, PostWordError> {
        let unavailable = || PostWordError::Unavailable;
        let (token, answer) = self.questions.ask().ok_or_else(unavailable)?;
        let waiter = Waiter { place: self.place, token };
        let request = ResolveRequest {
            key,
            says: word.verdict.outcome(),
            price: word.price,
            by: spoken_by(word),
            digest: word.evidence,
            note: note(word),
            waiter,
        };
        match self.ask_shard(key.auction, Message::Resolve(Box::new(request)), answer).await {
            Some(Reply::Resolved(Resolved::Now(_))) => Ok(WordEffect::Resolved),
            Some(Reply::Resolved(Resolved::Before(_))) => Ok(WordEffect::AlreadySo),
            Some(Reply::Resolved(Resolved::Disputed)) => Ok(WordEffect::Disputed),
            Some(Reply::Resolved(Resolved::PriceTooLow)) => Err(PostWordError::PriceTooLow),
            Some(Reply::Refusal(_)) => Err(PostWordError::InFlight),
            Some(Reply::Answer { .. } | Reply::Account(_) | Reply::Inquiries(_)) | None => Err(unavailable()),
        }
    }

    /// Notes what is said of a post that is not open: the same again is nothing, the contrary a dispute.
    async fn note_late(&self, post: &SaleView, word: &PostWord) -> Result<WordEffect, PostWordError> {
        let Some(known) = post.state.outcome() else { return Err(PostWordError::InFlight) };
        let says = word.verdict.outcome();
        match Late::judge(known, says) {
            Late::Same => Ok(WordEffect::AlreadySo),
            Late::Contrary => {
                let dispute = Dispute {
                    auction: post.auction,
                    candidate: post.candidate,
                    says,
                    by: spoken_by(word),
                    digest: word.evidence,
                    at: wall_clock::utc_now(),
                };
                let written = self.desk.turn().await.write(&[dispute.into()]).await;
                written.map(|()| WordEffect::Disputed).map_err(|_| PostWordError::Unavailable)
            }
        }
    }

    /// Asks the shards how far a page of open posts has been asked about: each shard once. One that is not open at
    /// its shard, still on its way or just resolved, is left out. Nothing where a shard does not answer.
    async fn inquiries(&self, open: &[OpenUnknown]) -> Option<BTreeMap<UnknownKey, Inquiry>> {
        let mut by_shard: BTreeMap<ShardIndex, Vec<UnknownKey>> = BTreeMap::new();
        for post in open {
            by_shard.entry(self.shared.owner(post.auction)).or_default().push(key_of(post));
        }
        let mut found = BTreeMap::new();
        for keys in by_shard.into_values() {
            let (token, answer) = self.questions.ask()?;
            let waiter = Waiter { place: self.place, token };
            let first = keys.first()?.auction;
            let message = Message::Inquire { keys: keys.clone(), waiter };
            let Some(Reply::Inquiries(told)) = self.ask_shard(first, message, answer).await else {
                return None;
            };
            found.extend(keys.into_iter().zip(told).filter_map(|(key, inquiry)| Some((key, inquiry?))));
        }
        Some(found)
    }
}

fn unknown_post(open: OpenUnknown, inquiry: Option<Inquiry>) -> UnknownPost {
    // What is not open at its shard is still on its way: it becomes unknown when it is given up.
    let (next, next_at) = match inquiry {
        Some(inquiry) => (next_step(inquiry.next), inquiry.next_at),
        None => (NextStep::AwaitReport, Some(open.give_up_at)),
    };
    UnknownPost {
        post: open.post_id,
        sale: open.sale_id,
        auction: AuctionId(open.auction),
        seller: open.seller,
        campaign: open.campaign,
        buyer: open.buyer,
        vertical: open.vertical,
        currency: open.currency,
        price: open.price,
        payout: open.payout,
        exclusive: open.exclusive,
        intent_at: open.intent_at,
        attempts: inquiry.map_or(0, |inquiry| inquiry.asked),
        next,
        next_at,
    }
}

fn key_of(open: &OpenUnknown) -> UnknownKey {
    UnknownKey { auction: open.auction, candidate: open.candidate }
}

const fn next_step(next: NextInquiry) -> NextStep {
    match next {
        NextInquiry::Repost => NextStep::Repost,
        NextInquiry::AskStatus => NextStep::AskStatus,
        NextInquiry::AwaitReport => NextStep::AwaitReport,
        NextInquiry::Rule => NextStep::Rule,
        NextInquiry::Person => NextStep::Person,
    }
}

fn spoken_by(word: &PostWord) -> ResolvedBy {
    if word.scope.buyer().is_some() { ResolvedBy::Report } else { ResolvedBy::Person }
}

/// Returns who speaks and why, as the record keeps it.
fn note(word: &PostWord) -> Box<str> {
    let mut note = word.scope.owner().into_string();
    for part in [&word.reason, &word.buyer_ref] {
        if !part.is_empty() {
            note.push(' ');
            note.push_str(part);
        }
    }
    note.into()
}
