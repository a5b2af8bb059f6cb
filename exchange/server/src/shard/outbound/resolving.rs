//! What finds out about posts whose outcome nobody knows: the same post once more, or a question about it.

use std::rc::Weak;

use bytes::Bytes;
use exchange_catalog::snapshot::Pricing;
use exchange_node::Unknown;
use exchange_transport::{Failure, Question, Request};
use exchange_types::{NotSent, limits};
use exchange_wire::{PostMessage, SourceRefs, post};

use super::Outbound;
use crate::shard::event::{Event, Reading};
use crate::signed_headers::signed_headers;

impl Outbound {
    /// Sends a post again: the same body, signed anew, under the same idempotency key.
    pub(super) fn try_repost(&mut self, unknown: &Unknown) -> Option<()> {
        let snapshot = &unknown.snapshot;
        let lead = unknown.submission.as_deref()?;
        let campaign = snapshot.campaign(unknown.campaign)?;
        let vertical = snapshot.vertical(lead.vertical)?;
        let buyer = &*snapshot.buyer(unknown.buyer)?.name;
        let seller = &*snapshot.seller(lead.seller)?.name;
        let cache = self.caches.of(snapshot, &self.client);
        let (sale, candidate) = (unknown.key.auction, unknown.key.candidate);
        let keys = &self.names.sale_keys;
        let pinged = matches!(campaign.pricing, Pricing::Ping { .. });
        let post_id = keys.post(sale, candidate);
        let message = PostMessage {
            vertical,
            lead,
            campaign: &campaign.name,
            post_id,
            sale_id: keys.sale(sale, candidate),
            ping_id: pinged.then(|| keys.ping(sale, candidate)),
            bid_id: &unknown.bid_id,
            lead_ref: self.names.lead_ref(sale, buyer),
            source: SourceRefs {
                source: self.names.source_ref(seller, buyer),
                sub: self.names.sub_ref(lead, seller, buyer),
            },
            price: unknown.price,
            exclusive: unknown.exclusive,
            timeout_ms: campaign.post_timeout.as_millis(),
            created_at: unknown.admitted,
            test: false,
        };
        let mut body = Vec::with_capacity(2_048);
        post::render(&message, &mut body);
        let id = post_id.to_string();
        let mut headers = signed_headers(cache.signer(unknown.campaign)?, &id, self.now.utc, &body)?;
        headers.idempotency_key.clone_from(&headers.webhook_id);
        let request = Request {
            headers,
            body: Bytes::from(body),
            deadline: self.clock.instant(self.now.mono.saturating_add(campaign.post_timeout)),
            reply_bytes_max: limits::POST_REPLY_BYTES_MAX,
            retry_stale: false,
        };
        let reading = Reading { reposted: true, currency: vertical.currency };
        let (runtime, key) = (Weak::clone(&self.runtime), unknown.key);
        self.client.send(cache.handle(campaign.post)?, request, move |result| {
            if let Some(runtime) = runtime.upgrade() {
                runtime.deliver(Event::Asked { key, reading, result });
            }
        });
        Some(())
    }

    /// Asks the buyer's status endpoint; the question is signed over its empty body.
    pub(super) fn try_ask_status(&mut self, unknown: &Unknown) -> Option<()> {
        let snapshot = &unknown.snapshot;
        let campaign = snapshot.campaign(unknown.campaign)?;
        let vertical = snapshot.vertical(campaign.vertical)?;
        let cache = self.caches.of(snapshot, &self.client);
        let post_id = self.names.sale_keys.post(unknown.key.auction, unknown.key.candidate).to_string();
        let headers = signed_headers(cache.signer(unknown.campaign)?, &post_id, self.now.utc, &[])?;
        let question = Question {
            headers,
            post_id: post_id.into(),
            deadline: self.clock.instant(self.now.mono.saturating_add(campaign.post_timeout)),
            reply_bytes_max: limits::POST_REPLY_BYTES_MAX,
        };
        let reading = Reading { reposted: false, currency: vertical.currency };
        let (runtime, key) = (Weak::clone(&self.runtime), unknown.key);
        self.client.ask(cache.handle(campaign.status?)?, question, move |result| {
            if let Some(runtime) = runtime.upgrade() {
                runtime.deliver(Event::Asked { key, reading, result });
            }
        });
        Some(())
    }

    /// Reports a question that could not even be made as one that never left.
    pub(super) fn unasked(&self, unknown: &Unknown, reposted: bool) {
        let vertical = unknown.campaign().and_then(|campaign| unknown.snapshot.vertical(campaign.vertical));
        let Some(vertical) = vertical else { return };
        let reading = Reading { reposted, currency: vertical.currency };
        let result = Err(Failure::NotSent(NotSent::Address));
        self.unmade(Event::Asked { key: unknown.key, reading, result });
    }
}
