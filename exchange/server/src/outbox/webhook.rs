//! What a seller is told by webhook.

use bytes::Bytes;
use exchange_catalog::Snapshot;
use exchange_store::EventView;
use exchange_transport::Request;
use exchange_types::{LeadId, Nanos, UtcMicros};
use exchange_wire::Signer;
use exchange_wire::event::{self, EventId, EventMessage};
use tokio::time::Instant;

use super::standings::Standing;
use super::{MESSAGE_MAX, Message, Next, NoMessage, Outgoing, REPLY_BYTES_MAX, Sender};
use crate::signed_headers::signed_headers;
use crate::wall_clock;

/// Events that are looked at to find one that the seller wants.
const EVENTS_MAX: u16 = 32;

impl Sender {
    /// Returns the next event that a seller wants.
    pub(super) async fn next_event(
        &self,
        snapshot: &Snapshot,
        standing: &Standing,
    ) -> Result<Next, NoMessage> {
        let owner = &*standing.receiver.owner;
        let seller = snapshot.seller_named(owner).and_then(|index| snapshot.seller(index));
        let Some(webhook) = seller.and_then(|seller| seller.webhook.as_ref()) else {
            return Ok(Next::Nothing);
        };
        let events = self.store.events_of(owner, standing.view.sequence, EVENTS_MAX).await?;
        let Some(last) = events.last() else { return Ok(Next::Nothing) };
        let Some(event) = events.iter().find(|event| webhook.events.contains(&event.kind)) else {
            return Ok(Next::Skipped { up_to: last.sequence });
        };
        let endpoint = snapshot.endpoint(webhook.endpoint).ok_or(NoMessage::Unmade)?;
        let signer = Signer::new(core::slice::from_ref(&webhook.secret));
        let request = request(event, &signer, wall_clock::utc_now());
        Ok(Next::Message(Box::new(Message {
            up_to: event.sequence,
            at: event.at,
            endpoint: self.client.endpoint(endpoint),
            pause: Nanos::ZERO,
            outgoing: Outgoing::Request(request.ok_or(NoMessage::Unmade)?),
        })))
    }
}

/// Returns the signed message of an event.
pub(super) fn request(event: &EventView, signer: &Signer, now: UtcMicros) -> Option<Request> {
    let mut body = Vec::with_capacity(512);
    let id = EventId(event.id);
    let message = EventMessage {
        event_id: id,
        kind: event.kind.name(),
        created_at: event.at,
        lead_id: LeadId(event.lead),
        sale_id: event.sale_id,
        reason: event.reason.unwrap_or(""),
        payout: event.payout,
        currency: event.currency,
    };
    event::render(&message, &mut body);
    Some(Request {
        headers: signed_headers(signer, &id.to_string(), now, &body)?,
        body: Bytes::from(body),
        deadline: Instant::now() + MESSAGE_MAX,
        reply_bytes_max: REPLY_BYTES_MAX,
        // A receiver knows an event by its id.
        retry_stale: true,
    })
}
