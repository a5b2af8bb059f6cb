//! [`Outbound`]: the world as a shard sees it: buyers, sellers who wait, the journal, randomness.

mod keeping;
mod resolving;

use core::time::Duration;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use bytes::Bytes;
use exchange_catalog::snapshot::Pricing;
use exchange_engine::Auction;
use exchange_node::{Net, Unknown, UnknownKey};
use exchange_protocol::{CandidateIndex, Reply, SlotKey};
use exchange_transport::{BuyerClient, Request, RequestHeaders};
use exchange_types::{Date, Now, ShardIndex, UtcMicros, limits};
use exchange_vault::{Drawer, Vault};
use exchange_wire::ping::SharedPart;
use exchange_wire::{PingMessage, PostMessage, SourceRefs, ping, post};

use super::catalog_cache::{CatalogCache, CatalogCaches};
use super::event::{Deliver, Event};
use super::names::{Names, channel};
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::journal_handle::JournalHandle;
use crate::past::Past;
use crate::peers::Peers;
use crate::signed_headers::signed_headers;

/// The world as a shard sees it. Whatever comes back is delivered to the runtime as an event of its own.
pub(crate) struct Outbound {
    pub(crate) place: ShardIndex,
    pub(crate) client: BuyerClient,
    pub(crate) caches: CatalogCaches,
    pub(crate) names: Rc<Names>,
    pub(crate) journal: JournalHandle,
    /// Seals the personal data of this shard's leads.
    pub(crate) drawer: Drawer,
    pub(crate) vault: Vault,
    pub(crate) past: Past,
    pub(crate) peers: Arc<Peers>,
    pub(crate) entropy: Entropy,
    pub(crate) clock: Clock,
    /// How long a post that was given up is listened for.
    pub(crate) late_answers: Duration,
    /// Where what comes back is delivered.
    pub(crate) runtime: Weak<dyn Deliver>,
    /// The part of the pings of one auction that all campaigns share.
    pub(crate) shared: (SlotKey, Vec<u8>),
    /// The moment of the events at hand.
    pub(crate) now: Now,
    /// Replies for the requests of this shard, answered when the turn is over.
    pub(crate) replies: Vec<(u64, Reply)>,
}

impl core::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Outbound").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Outbound {
    fn cache(&mut self, auction: &Auction) -> Option<Rc<CatalogCache>> {
        Some(self.caches.of(auction.snapshot()?, &self.client))
    }

    /// Returns the name of a candidate's buyer, and how that buyer knows the lead's seller.
    fn refs<'a>(
        &self,
        cache: &CatalogCache,
        auction: &'a Auction,
        candidate: CandidateIndex,
    ) -> Option<(&'a str, SourceRefs)> {
        let snapshot = auction.snapshot()?;
        let buyer_index = auction.candidate(candidate)?.buyer;
        let seller_index = auction.submission().seller;
        let buyer = &*snapshot.buyer(buyer_index)?.name;
        let seller = &*snapshot.seller(seller_index)?.name;
        let source = cache.source_ref(buyer_index, seller_index, || self.names.source_ref(seller, buyer));
        let sub = self.names.sub_ref(auction.submission(), seller, buyer);
        Some((buyer, SourceRefs { source, sub }))
    }

    /// Renders a ping into `body`.
    fn render_ping(
        &mut self,
        cache: &CatalogCache,
        auction: &Auction,
        candidate: CandidateIndex,
        body: &mut Vec<u8>,
    ) -> Option<()> {
        let vertical = auction.vertical()?;
        if self.shared.0 != auction.key() || self.shared.1.is_empty() {
            self.shared.0 = auction.key();
            self.shared.1.clear();
            let created_at = auction.admitted().utc;
            let part = SharedPart {
                vertical,
                lead: auction.submission(),
                created_at,
                today: today(created_at),
                test: auction.is_test(),
            };
            ping::render_shared(&part, &mut self.shared.1);
        }
        let (buyer, source) = self.refs(cache, auction, candidate)?;
        let campaign = auction.campaign(candidate)?;
        let left = auction.candidate(candidate)?.ping_deadline.saturating_sub(self.now.mono);
        let floor = vertical.disclose_floor.then(|| {
            let contender = auction.contender(candidate)?;
            let least = exchange_engine::least_bid(auction.rules()?, &contender.terms, contender.reserve)?;
            Some((least, vertical.currency))
        });
        let message = PingMessage {
            shared: &self.shared.1,
            ping_id: self.names.sale_keys.ping(auction.id(), candidate),
            campaign: &campaign.name,
            timeout_ms: left.as_millis(),
            lead_ref: self.names.lead_ref(auction.id(), buyer),
            source,
            channel: channel(auction.submission()),
            floor: floor.flatten(),
        };
        ping::render(&message, body);
        Some(())
    }

    fn try_send_ping(&mut self, auction: &Auction, candidate: CandidateIndex) -> Option<()> {
        let cache = self.cache(auction)?;
        let mut body = Vec::with_capacity(1_024);
        self.render_ping(&cache, auction, candidate, &mut body)?;
        let campaign = auction.campaign(candidate)?;
        let Pricing::Ping { endpoint, .. } = &campaign.pricing else { return None };
        let campaign_index = auction.candidate(candidate)?.campaign;
        let id = self.names.sale_keys.ping(auction.id(), candidate).to_string();
        let headers = if campaign.sign_pings {
            signed_headers(cache.signer(campaign_index)?, &id, self.now.utc, &body)?
        } else {
            RequestHeaders::default()
        };
        let request = Request {
            headers,
            body: Bytes::from(body),
            deadline: self.clock.instant(auction.candidate(candidate)?.ping_deadline),
            reply_bytes_max: limits::PING_REPLY_BYTES_MAX,
            retry_stale: true,
        };
        let (runtime, key) = (Weak::clone(&self.runtime), auction.key());
        self.client.send(cache.handle(*endpoint)?, request, move |result| {
            if let Some(runtime) = runtime.upgrade() {
                runtime.deliver(Event::PingDone { auction: key, candidate, result });
            }
        });
        Some(())
    }

    fn try_send_post(&mut self, auction: &Auction, candidate: CandidateIndex) -> Option<()> {
        let cache = self.cache(auction)?;
        let (buyer, source) = self.refs(&cache, auction, candidate)?;
        let campaign = auction.campaign(candidate)?;
        let vertical = auction.vertical()?;
        let sent = auction.post(candidate)?;
        let contender = auction.contender(candidate)?;
        let entry = contender.entries.as_slice().get(usize::from(sent.pick.entry))?;
        let pinged = matches!(campaign.pricing, Pricing::Ping { .. });
        let post_id = self.names.sale_keys.post(auction.id(), candidate);
        let message = PostMessage {
            vertical,
            lead: auction.submission(),
            campaign: &campaign.name,
            post_id,
            sale_id: self.names.sale_keys.sale(auction.id(), candidate),
            ping_id: pinged.then(|| self.names.sale_keys.ping(auction.id(), candidate)),
            bid_id: entry.bid_id.as_str(),
            lead_ref: self.names.lead_ref(auction.id(), buyer),
            source,
            price: sent.pick.price,
            exclusive: sent.pick.exclusive,
            // Not what is left: the same post may have to be sent again, byte for byte.
            timeout_ms: campaign.post_timeout.as_millis(),
            created_at: auction.admitted().utc,
            test: auction.is_test(),
        };
        let mut body = Vec::with_capacity(2_048);
        post::render(&message, &mut body);
        let id = post_id.to_string();
        let campaign_index = auction.candidate(candidate)?.campaign;
        let mut headers = signed_headers(cache.signer(campaign_index)?, &id, self.now.utc, &body)?;
        headers.idempotency_key.clone_from(&headers.webhook_id);
        let deadline = self.clock.instant(sent.give_up_at);
        let request = Request {
            headers,
            body: Bytes::from(body),
            deadline,
            reply_bytes_max: limits::POST_REPLY_BYTES_MAX,
            retry_stale: false,
        };
        let (runtime, key) = (Weak::clone(&self.runtime), auction.key());
        let done = move |result| {
            if let Some(runtime) = runtime.upgrade() {
                runtime.deliver(Event::PostDone { auction: key, candidate, result });
            }
        };
        let (runtime, currency) = (Weak::clone(&self.runtime), vertical.currency);
        let key = UnknownKey { auction: auction.id(), candidate };
        let late = move |reply| {
            if let Some(runtime) = runtime.upgrade() {
                runtime.deliver(Event::LateAnswer { key, currency, reply });
            }
        };
        // What comes of a test later is of use to nobody.
        let until = if auction.is_test() { deadline } else { deadline + self.late_answers };
        self.client.send_and_listen(cache.handle(campaign.post)?, (request, until), done, late);
        Some(())
    }

    /// Reports a message that could not even be made as one that never left.
    fn unmade(&self, event: Event) {
        if let Some(runtime) = self.runtime.upgrade() {
            runtime.deliver(event);
        }
    }
}

impl Net for Outbound {
    fn send_ping(&mut self, auction: &Auction, candidate: CandidateIndex) {
        if self.try_send_ping(auction, candidate).is_none() {
            let result = Err(exchange_transport::Failure::NotSent(exchange_types::NotSent::Address));
            self.unmade(Event::PingDone { auction: auction.key(), candidate, result });
        }
    }

    fn send_post(&mut self, auction: &Auction, candidate: CandidateIndex) {
        if self.try_send_post(auction, candidate).is_none() {
            let result = Err(exchange_transport::Failure::NotSent(exchange_types::NotSent::Address));
            self.unmade(Event::PostDone { auction: auction.key(), candidate, result });
        }
    }

    fn repost(&mut self, unknown: &Unknown) {
        if self.try_repost(unknown).is_none() {
            self.unasked(unknown, true);
        }
    }

    fn ask_status(&mut self, unknown: &Unknown) {
        if self.try_ask_status(unknown).is_none() {
            self.unasked(unknown, false);
        }
    }

    fn reply(&mut self, token: u64, reply: Reply) {
        self.replies.push((token, reply));
    }

    fn wake(&mut self, place: ShardIndex) {
        self.peers.wake(place);
    }
}

pub(crate) fn today(at: UtcMicros) -> Date {
    let days = at.0.div_euclid(86_400_000_000);
    Date::from_days(i32::try_from(days).unwrap_or(i32::MAX))
}
