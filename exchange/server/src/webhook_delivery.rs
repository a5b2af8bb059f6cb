//! Webhooks to sellers: each event until its seller has taken it, in the order of each seller.
//!
//! What is due stands in the store; a crash forgets an attempt at worst, and the same event comes again under the
//! same id. An event that is not taken holds up its seller's later ones, nobody else's.

mod schedule;

use core::time::Duration;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use exchange_node::Shared;
use exchange_protocol::ReturnReason;
use exchange_store::{EventView, Exchange, QueryError, Scoped};
use exchange_transport::{BuyerClient, ClientConfig, Failure, Reply, Request, RequestHeaders};
use exchange_types::{LeadId, UtcMicros};
use exchange_wire::Signer;
use exchange_wire::event::{self, EventId, EventMessage};
use exchange_wire::sign::Signed;
use http::HeaderValue;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::projection::error_chain;
use crate::wall_clock;
use schedule::{next_attempt, oldest_wanted};

/// How often it is looked what is due, besides after each delivery.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the store is left alone after an error.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Deliveries at a time, each to another seller.
const AT_A_TIME: usize = 8;
/// Events that are looked at, at first: those of a seller that takes none stand in front of the others'.
const EVENTS_MIN: u16 = 500;
/// For one delivery: connecting, sending, and the seller's answer.
const DELIVERY_MAX: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read; its status is all that counts.
const REPLY_BYTES_MAX: usize = 4_096;

/// Delivers webhooks until the process stops. Has to run in a `LocalSet`.
///
/// # Cancel safety
///
/// Cancel-safe: what was not marked as delivered comes again after the next start.
pub(crate) async fn keep_delivering(store: Scoped<Exchange>, shared: Arc<Shared>, client: ClientConfig) {
    let sender = Rc::new(Sender { store, shared, client: BuyerClient::new(client) });
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut running: JoinSet<Box<str>> = JoinSet::new();
    let mut busy: BTreeSet<Box<str>> = BTreeSet::new();
    let mut events_max = EVENTS_MIN;
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            Some(ended) = running.join_next() => match ended {
                Ok(seller) => drop(busy.remove(&seller)),
                Err(error) => {
                    // It is not known whose it was; what is not marked is due all the same.
                    tracing::error!(%error, "a delivery of a webhook broke off");
                    running.abort_all();
                    while running.join_next().await.is_some() {}
                    busy.clear();
                }
            },
        }
        let places = AT_A_TIME.saturating_sub(running.len());
        if places == 0 {
            continue;
        }
        let found = match sender.find(events_max).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(error = %error_chain(&error), "the store cannot be asked for webhooks");
                sleep(STORE_PAUSE).await;
                continue;
            }
        };
        let next: Vec<EventView> = found.heads(&busy).take(places).cloned().collect();
        // Where what was looked at is all held up, there may be more behind it.
        let held_up = next.is_empty() && found.is_full(events_max);
        events_max = if held_up { events_max.saturating_mul(4) } else { EVENTS_MIN };
        for event in next {
            busy.insert(event.seller.clone());
            let sender = Rc::clone(&sender);
            running.spawn_local(async move { sender.deliver(event).await });
        }
    }
}

/// Events that are not delivered yet, oldest first.
#[derive(Debug)]
struct Found {
    pending: Vec<EventView>,
    /// Those of them whose time has come.
    due: BTreeSet<u128>,
}

impl Found {
    /// Returns the oldest event of each seller that is not busy, where its time has come.
    fn heads<'a>(&'a self, busy: &'a BTreeSet<Box<str>>) -> impl Iterator<Item = &'a EventView> {
        let mut seen: BTreeSet<&str> = busy.iter().map(|seller| &**seller).collect();
        let heads = self.pending.iter().filter(move |event| seen.insert(&event.seller));
        heads.filter(|event| self.due.contains(&event.id))
    }

    fn is_full(&self, events_max: u16) -> bool {
        self.pending.len() >= usize::from(events_max)
    }
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("the seller answered {0}")]
    Status(u16),
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("the message could not be made")]
    Unmade,
}

#[derive(Debug)]
struct Sender {
    store: Scoped<Exchange>,
    shared: Arc<Shared>,
    client: BuyerClient,
}

impl Sender {
    async fn find(&self, events_max: u16) -> Result<Found, QueryError> {
        let now = wall_clock::utc_now();
        let since = oldest_wanted(now);
        // Also those whose time is still to come: they hold up what is behind them.
        let pending = self.store.events_due(UtcMicros(i64::MAX), since, events_max).await?;
        if pending.is_empty() {
            return Ok(Found { pending, due: BTreeSet::new() });
        }
        let due = self.store.events_due(now, since, events_max).await?;
        Ok(Found { pending, due: due.into_iter().map(|event| event.id).collect() })
    }

    /// Tries to deliver an event, notes what came of it, and returns its seller.
    async fn deliver(&self, event: EventView) -> Box<str> {
        let marked = match self.send(&event).await {
            // A seller without a webhook wants none: the event is over.
            None => self.store.mark_failed(event.id, None).await,
            Some(Ok(())) => self.store.mark_delivered(event.id, wall_clock::utc_now()).await,
            Some(Err(error)) => {
                let next = next_attempt(event.attempts, event.at, wall_clock::utc_now());
                let (id, attempts, seller) =
                    (EventId(event.id), event.attempts.saturating_add(1), &*event.seller);
                if next.is_some() {
                    tracing::info!(%id, seller, attempts, %error, "a webhook was not taken");
                } else {
                    tracing::warn!(%id, seller, attempts, %error, "a webhook is given up");
                }
                self.store.mark_failed(event.id, next).await
            }
        };
        if let Err(error) = marked {
            tracing::error!(error = %error_chain(&error), "what came of a webhook cannot be noted: it comes again");
            sleep(STORE_PAUSE).await;
        }
        event.seller
    }

    /// Sends an event; nothing where its seller has no webhook.
    async fn send(&self, event: &EventView) -> Option<Result<(), NotTaken>> {
        let snapshot = Arc::clone(&self.shared.current().snapshot);
        let seller = snapshot.seller(snapshot.seller_named(&event.seller)?)?;
        let webhook = seller.webhook.as_ref()?;
        let endpoint = self.client.endpoint(snapshot.endpoint(webhook.endpoint)?);
        let signer = Signer::new(core::slice::from_ref(&webhook.secret));
        let Some(request) = request(event, &signer, wall_clock::utc_now()) else {
            return Some(Err(NotTaken::Unmade));
        };
        let (done, answered) = oneshot::channel();
        self.client.send(&endpoint, request, move |result| drop(done.send(result)));
        Some(answered.await.map_err(|_| NotTaken::Unmade).and_then(read))
    }
}

/// Returns the signed message of an event.
fn request(event: &EventView, signer: &Signer, now: UtcMicros) -> Option<Request> {
    let mut body = Vec::with_capacity(512);
    let message = EventMessage {
        event_id: EventId(event.id),
        kind: event.kind.name(),
        created_at: event.at,
        lead_id: LeadId(event.lead),
        sale_id: event.sale_id,
        reason: event.reason.map_or("", ReturnReason::name),
        payout: event.payout,
        currency: event.currency,
    };
    event::render(&message, &mut body);
    let id = EventId(event.id).to_string();
    let timestamp = now.0.div_euclid(1_000_000);
    let mut signature = Vec::with_capacity(64);
    signer.signature(Signed { id: &id, timestamp, body: &body }, &mut signature);
    Some(Request {
        headers: RequestHeaders {
            webhook_id: Some(HeaderValue::from_str(&id).ok()?),
            webhook_timestamp: Some(HeaderValue::from(timestamp)),
            webhook_signature: Some(HeaderValue::from_bytes(&signature).ok()?),
            ..RequestHeaders::default()
        },
        body: Bytes::from(body),
        deadline: Instant::now() + DELIVERY_MAX,
        reply_bytes_max: REPLY_BYTES_MAX,
        // A receiver knows an event by its id.
        retry_stale: true,
    })
}

/// Returns whether the seller has taken the event: with any status of success, whatever it says besides.
fn read(result: Result<Reply, Failure>) -> Result<(), NotTaken> {
    let status = match result {
        Ok(reply) => reply.status,
        Err(Failure::ReplyTooLarge { status: Some(status) }) => status,
        Err(failure) => return Err(failure.into()),
    };
    if (200..300).contains(&status) { Ok(()) } else { Err(NotTaken::Status(status)) }
}

#[cfg(test)]
mod tests;
