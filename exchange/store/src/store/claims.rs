//! The present answer of a lead, put together from its story and from what has been found out since.

use exchange_protocol::{Answer, AnswerSale, AnswerStatus, CatalogNames, LeadRecord, Record, decode_record};
use exchange_types::{Amount, BuyerIndex, PendingReason, UnsoldReason, Uuid7};

use super::Store;
use crate::select::Select;
use crate::values::{Columns, wide};
use crate::view::{ClaimFound, SaleView};
use crate::{PostState, QueryError};

impl Store {
    pub(super) async fn claim_of(&self, claim: u128) -> Result<Option<ClaimFound>, QueryError> {
        let base = "SELECT claims.lead, claims.digest, claims.told, leads.erased_at FROM claims LEFT JOIN leads ON leads.id = claims.lead";
        let select = Select::new(base).with("claims.claim = ", wide(claim));
        let Some(row) = select.one(&self.pool).await? else { return Ok(None) };
        let mut from = Columns::of(&row);
        let (lead, digest) = (from.id("lead")?, from.wide("digest")?);
        let told = from.optional_bytes()?.map(told_answer).transpose()?;
        let erased = from.optional_time()?.is_some();
        let answer = match told {
            Some(told) => {
                // The record of such a post does not say that it was a test; that of its ping does.
                let test = self.lead_record_of(lead).await?.is_some_and(|lead| lead.test);
                Some(Answer { test, ..told })
            }
            None => self.answer_of(lead).await?,
        };
        // Whether anything of it was sent cannot be told without the lead.
        if answer.is_none() && self.lead_record_of(lead).await?.is_none() {
            return Err(QueryError::Damaged { column: "claims.lead" });
        }
        Ok(Some(ClaimFound { lead, digest, erased, answer }))
    }

    pub(super) async fn answer_of(&self, id: Uuid7) -> Result<Option<Answer>, QueryError> {
        let Some(lead) = self.lead_record_of(id).await? else { return Ok(None) };
        let story = self.story_of(id).await?;
        let posts = self.posts_of(id).await?;
        let mut answer = match story {
            Some(story) => story.answer(),
            None if posts.is_empty() => return Ok(None),
            None => cut_short(&lead),
        };
        if answer.test {
            return Ok(Some(answer));
        }
        let names = self.names_of(lead.catalog_version).await?;
        bring_up_to_date(&mut answer, &posts, &names);
        Ok(Some(answer))
    }
}

/// Returns what a post was told, from the bytes of a closed record.
fn told_answer(bytes: &[u8]) -> Result<Answer, QueryError> {
    let (Record::Closed(told), _) = decode_record(bytes)? else {
        return Err(QueryError::Damaged { column: "told" });
    };
    Ok(told.answer())
}

/// Returns the answer of an auction that a crash ended before its account was written.
fn cut_short(lead: &LeadRecord) -> Answer {
    Answer {
        id: lead.id,
        kind: lead.kind,
        seller: lead.seller,
        vertical: lead.vertical,
        catalog_version: lead.catalog_version,
        status: AnswerStatus::Pending(PendingReason::PostUnknown),
        faults: Vec::new(),
        test: lead.test,
        payout: Amount::ZERO,
        sales: Vec::new(),
        offers: Vec::new(),
        expires_at: lead.admitted,
        elapsed_us: 0,
        settles_by: lead.admitted.saturating_add(exchange_protocol::UNKNOWN_SETTLED_AFTER),
        open: false,
    }
}

/// Adds sales that came of unknown posts, and settles the status accordingly. What was told of a sale stays,
/// even if it was given back since: that is told apart. A post that was accepted and not charged is no sale.
fn bring_up_to_date(answer: &mut Answer, posts: &[SaleView], names: &CatalogNames) {
    for post in posts.iter().filter(|post| post.sale.is_some()) {
        if answer.sales.iter().any(|sale| sale.candidate == post.candidate) {
            continue;
        }
        let buyer = names.buyers.iter().position(|name| *name == post.buyer);
        let Some(buyer) = buyer.and_then(|at| u32::try_from(at).ok()) else { continue };
        answer.payout = answer.payout.checked_add(post.payout_agreed).unwrap_or(Amount::MAX);
        answer.sales.push(AnswerSale {
            candidate: post.candidate,
            buyer: BuyerIndex(buyer),
            payout: post.payout_agreed,
            exclusive: post.exclusive,
            redirect_url: Box::default(),
        });
    }
    let states = posts.iter().map(|post| post.state);
    answer.status = present_status(answer.status, states);
    answer.open = answer.status == AnswerStatus::Sold
        && posts.iter().any(|post| matches!(post.state, PostState::Sending | PostState::Unknown));
}

/// Returns how a lead stands, given how it stood when its auction closed and what came of its posts.
pub(crate) fn present_status(
    closed_as: AnswerStatus,
    posts: impl Iterator<Item = PostState>,
) -> AnswerStatus {
    let (mut sold, mut open) = (false, false);
    for state in posts {
        sold |= state == PostState::Accepted;
        open |= matches!(state, PostState::Sending | PostState::Unknown);
    }
    match closed_as {
        _ if sold => AnswerStatus::Sold,
        AnswerStatus::Running | AnswerStatus::Pending(_) if open => {
            AnswerStatus::Pending(PendingReason::PostUnknown)
        }
        AnswerStatus::Pending(_) => AnswerStatus::Unsold(UnsoldReason::PostsRejected),
        AnswerStatus::Running
        | AnswerStatus::Sold
        | AnswerStatus::Unsold(_)
        | AnswerStatus::Duplicate(..)
        | AnswerStatus::Offers
        | AnswerStatus::NoOffer(_)
        | AnswerStatus::Invalid => closed_as,
    }
}
