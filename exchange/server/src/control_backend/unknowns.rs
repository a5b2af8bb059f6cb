//! Posts whose outcome nobody knows, and what people say of them.

use exchange_catalog::snapshot::OnUnknown;
use exchange_control::{
    ListError, Listed, NextStep, Page, PostSettled, PostWord, PostWordError, UnknownPost, Unknowns,
    WordEffect,
};
use exchange_node::{Late, Message, ResolveRequest, UnknownKey};
use exchange_protocol::{Dispute, Reply, Resolved, ResolvedBy, Waiter};
use exchange_store::{OpenUnknown, SaleRef, SaleView};
use exchange_types::{Amount, AuctionId, PostId};

use super::{ControlBackend, listed, store_page};
use crate::wall_clock;

impl Unknowns for ControlBackend {
    async fn unknowns(&self, page: Page) -> Result<Listed<UnknownPost>, ListError> {
        let found = self.fresh_store().await.as_operator().unknowns(&store_page(page)).await;
        listed(found, |open| self.unknown_post(open))
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
            Some(Reply::Answer { .. } | Reply::Account(_)) | None => Err(unavailable()),
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

    fn unknown_post(&self, open: OpenUnknown) -> UnknownPost {
        let snapshot = &self.shared.current().snapshot;
        let campaign = snapshot.campaign_named(&open.campaign).and_then(|index| snapshot.campaign(index));
        let until = campaign.map(|campaign| open.intent_at.saturating_add(campaign.unknown_after));
        let over = until.is_some_and(|until| wall_clock::utc_now() >= until);
        let next = match campaign {
            Some(campaign) if over && campaign.on_unknown == OnUnknown::Hold => NextStep::Person,
            Some(_) if over => NextStep::Rule,
            Some(campaign) if campaign.idempotent => NextStep::Repost,
            Some(campaign) if campaign.status.is_some() => NextStep::AskStatus,
            Some(_) => NextStep::AwaitReport,
            None => NextStep::Person,
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
            next,
            // When it is asked again is the shard's to say; when nobody is waited for any longer follows from the post.
            next_at: until.filter(|_| next == NextStep::AwaitReport),
        }
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
