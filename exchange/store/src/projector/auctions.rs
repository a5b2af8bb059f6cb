//! [`Auctions`]: what a fold knows of the auctions that records speak of.

use std::collections::HashMap;
use std::sync::Arc;

use exchange_protocol::{CandidateIndex, ResolvedBy, SaleFacts, SaleState};
use exchange_types::{Amount, Currency, PostId, SaleId, UtcMicros, Uuid7};

use crate::PostState;
use crate::view::LeadState;

/// Auctions kept from batch to batch. Only open ones are; each costs about a kilobyte, and one that is not kept
/// is read again.
const KEPT_MAX: usize = 50_000;

/// What a fold knows of auctions.
#[derive(Debug, Default)]
pub(super) struct Auctions(HashMap<u128, Auction>);

/// An auction.
#[derive(Debug, Default)]
pub(super) struct Auction {
    pub(super) lead: Option<Lead>,
    pub(super) erased: bool,
    /// How it stands, as its row says.
    pub(super) state: Option<LeadState>,
    pub(super) payout: Amount,
    pub(super) posts: Vec<Post>,
}

/// Whose lead it is.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    pub(super) seller: Arc<str>,
    pub(super) vertical: Arc<str>,
    pub(super) currency: Currency,
}

/// A row of the table of posts.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "it is its table, column by column"
)]
pub(super) struct Post {
    pub(super) auction: Uuid7,
    pub(super) candidate: CandidateIndex,
    pub(super) post_id: PostId,
    pub(super) sale_id: SaleId,
    pub(super) campaign: Box<str>,
    pub(super) buyer: Box<str>,
    pub(super) seller: Box<str>,
    pub(super) vertical: Box<str>,
    pub(super) currency: Currency,
    pub(super) price: Amount,
    pub(super) payout: Amount,
    pub(super) exclusive: bool,
    pub(super) intent_sequence: u64,
    pub(super) intent_at: UtcMicros,
    pub(super) give_up_at: UtcMicros,
    pub(super) state: PostState,
    pub(super) sale: Option<SaleState>,
    pub(super) price_now: Amount,
    pub(super) payout_now: Amount,
    pub(super) prepaid: bool,
    pub(super) outcome_at: Option<UtcMicros>,
    pub(super) settles_at: Option<UtcMicros>,
    pub(super) settled: bool,
    pub(super) digest: [u8; 16],
    pub(super) resolved_by: Option<ResolvedBy>,
    pub(super) note: Box<str>,
    pub(super) disputed: bool,
    /// Whether its row has to be written.
    pub(super) changed: bool,
}

impl Auctions {
    pub(super) fn knows(&self, id: Uuid7) -> bool {
        self.0.contains_key(&id.as_u128())
    }

    pub(super) fn get(&mut self, id: Uuid7) -> &mut Auction {
        self.0.entry(id.as_u128()).or_default()
    }

    /// Returns a post and what stands beside it.
    pub(super) fn post(&mut self, id: Uuid7, candidate: CandidateIndex) -> Option<&mut Post> {
        self.0.get_mut(&id.as_u128())?.posts.iter_mut().find(|post| post.candidate == candidate)
    }

    /// Returns the posts whose rows have to be written, in the order of their keys.
    pub(super) fn changed_posts(&mut self) -> Vec<&Post> {
        let posts = self.0.values_mut().flat_map(|auction| auction.posts.iter_mut());
        let mut changed: Vec<&Post> =
            posts.filter_map(|post| core::mem::take(&mut post.changed).then_some(&*post)).collect();
        changed.sort_unstable_by_key(|post| (post.auction, post.candidate));
        changed
    }

    /// Forgets what later records will hardly speak of. Everything has been written.
    pub(super) fn forget(&mut self) {
        self.0.retain(|_, auction| auction.is_open());
        if self.0.len() > KEPT_MAX {
            self.0.clear();
        }
    }
}

impl Auction {
    /// Returns what its seller earns by its sales. A post that was accepted and not charged is none.
    pub(super) fn earned(&self) -> Amount {
        let sold = self.posts.iter().filter(|post| post.sale.is_some());
        sold.fold(Amount::ZERO, |sum, post| sum.checked_add(post.payout).unwrap_or(Amount::MAX))
    }

    /// Returns whether its own shard will write more of it.
    fn is_open(&self) -> bool {
        self.state.is_none_or(LeadState::is_open)
    }
}

impl Post {
    pub(super) fn facts(&self) -> Option<SaleFacts> {
        Some(SaleFacts {
            state: self.sale?,
            price: self.price_now,
            payout: self.payout_now,
            settles_at: self.settles_at.unwrap_or_default(),
        })
    }
}
