//! The outbox: messages that nobody waits for, each until its receiver has taken it, in the order of each receiver.
//!
//! What is to be told stands in the store; of each receiver there is a number of how far it has been told. A crash
//! forgets an attempt at worst, and the same message comes again under the same id. A message that is not taken holds
//! up its receiver's later ones, nobody else's: each receiver has one message under way, and each gets its turn.

mod figures;
mod notices;
mod postback;
mod receiver;
mod schedule;
mod standings;
mod webhook;

pub(crate) use figures::{Attempt, OutboxFigures};
pub(crate) use receiver::Channel;

use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;

use exchange_node::Shared;
use exchange_protocol::SaleKeys;
use exchange_store::{Exchange, QueryError, Scoped};
use exchange_transport::{BuyerClient, Call, ClientConfig, EndpointHandle, Failure, Reply, Request};
use exchange_types::{HashKey, Nanos, Submission, UtcMicros, Uuid7};
use exchange_vault::Vault;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::held::{self, HeldError};
use crate::old_catalogs::OldCatalogs;
use crate::projection::error_chain;
use crate::wall_clock;
use receiver::Receiver;
use schedule::{is_given_up, next_attempt};
use standings::{Standing, Standings};

/// How often it is looked what is to be told, besides after each run.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the store is left alone after an error.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// Receivers that are told at a time: enough that those which hang until [`MESSAGE_MAX`] seldom fill every place.
const AT_A_TIME: usize = 64;
/// Messages of one receiver before others have their turn at its place.
const RUN_MAX: usize = 64;
/// For one message: connecting, sending, and the answer.
const MESSAGE_MAX: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read; its status is all that counts.
const REPLY_BYTES_MAX: usize = 4_096;

/// What the outbox works with.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) store: Scoped<Exchange>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) client: ClientConfig,
    /// The keys of personal data.
    pub(crate) vault: Vault,
    pub(crate) old_catalogs: Arc<OldCatalogs>,
    /// What names pings as buyers know them.
    pub(crate) sale_keys: SaleKeys,
    /// What names notices.
    pub(crate) notice_key: HashKey,
    /// Up to which record the store has followed.
    pub(crate) followed: watch::Receiver<u64>,
    pub(crate) figures: Arc<OutboxFigures>,
}

impl Outbox {
    /// Has the store know every receiver of the catalog in force, so that nothing is missed that comes from now on.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be written.
    pub(crate) async fn prepare(&self) -> Result<(), QueryError> {
        let receivers = Receiver::all(&self.shared.current().snapshot);
        let names: Vec<_> = receivers.iter().map(Receiver::name).collect();
        self.store.keep_receivers(&names).await.map(drop)
    }

    /// Sends until the process stops. Has to run in a `LocalSet`.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what was not marked as taken comes again after the next start.
    pub(crate) async fn keep_sending(self) {
        let sender = Rc::new(Sender {
            store: self.store,
            shared: self.shared,
            client: BuyerClient::new(self.client),
            vault: self.vault,
            old_catalogs: self.old_catalogs,
            sale_keys: self.sale_keys,
            notice_key: self.notice_key,
            followed: self.followed,
            figures: self.figures,
        });
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut running: JoinSet<Standing> = JoinSet::new();
        let mut standings = Standings::default();
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                Some(ended) = running.join_next() => match ended {
                    Ok(standing) => standings.end(standing),
                    Err(error) => {
                        // It is not known whose it was; what is not marked is told all the same.
                        tracing::error!(%error, "a run of messages broke off");
                        running.abort_all();
                        while running.join_next().await.is_some() {}
                        standings = Standings::default();
                    }
                },
            }
            if let Err(error) = sender.renew(&mut standings).await {
                tracing::error!(error = %error_chain(&error), "the store cannot be asked for receivers");
                sleep(STORE_PAUSE).await;
                continue;
            }
            let places = AT_A_TIME.saturating_sub(running.len());
            let followed = *sender.followed.borrow();
            for standing in standings.begin(wall_clock::utc_now(), followed, places) {
                let sender = Rc::clone(&sender);
                running.spawn_local(async move { sender.run(standing).await });
            }
            sender.figures.show(&standings);
        }
    }
}

/// What comes next for a receiver.
enum Next {
    /// Nothing yet.
    Nothing,
    /// Nothing up to this record that it wants; there may be more.
    Skipped { up_to: u64 },
    /// Nothing before then.
    Later(UtcMicros),
    /// A message.
    Message(Box<Message>),
}

/// A message on its way.
struct Message {
    /// Its receiver has been told everything up to this record when it has taken it.
    up_to: u64,
    /// What it tells of happened then.
    at: UtcMicros,
    endpoint: EndpointHandle,
    outgoing: Outgoing,
    /// How long the receiver is left alone once it has taken it.
    pause: Nanos,
}

/// How a message goes.
enum Outgoing {
    Request(Request),
    Call(Call),
}

/// Why there is no next message.
#[derive(Debug, thiserror::Error)]
enum NoMessage {
    #[error("the store cannot be read")]
    Store(#[from] QueryError),
    #[error("the lead cannot be read")]
    Held(#[from] HeldError),
    #[error("the message cannot be made")]
    Unmade,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("the receiver answered {0}")]
    Status(u16),
    #[error(transparent)]
    Failed(#[from] Failure),
    #[error("the message broke off")]
    BrokeOff,
}

#[derive(Debug)]
struct Sender {
    store: Scoped<Exchange>,
    shared: Arc<Shared>,
    client: BuyerClient,
    vault: Vault,
    old_catalogs: Arc<OldCatalogs>,
    sale_keys: SaleKeys,
    notice_key: HashKey,
    followed: watch::Receiver<u64>,
    figures: Arc<OutboxFigures>,
}

impl Sender {
    /// Brings the standings to the receivers of the catalog in force.
    async fn renew(&self, standings: &mut Standings) -> Result<(), QueryError> {
        let snapshot = Arc::clone(&self.shared.current().snapshot);
        if !standings.is_of(snapshot.version) {
            let receivers = Receiver::all(&snapshot);
            let names: Vec<_> = receivers.iter().map(Receiver::name).collect();
            let known = self.store.keep_receivers(&names).await?;
            standings.renew(snapshot.version, receivers, known);
        }
        Ok(())
    }

    /// Tells a receiver one message after another until one is not taken or nothing is left.
    async fn run(&self, mut standing: Standing) -> Standing {
        let followed = *self.followed.borrow();
        for _ in 0..RUN_MAX {
            let message = match self.next(&standing).await {
                Ok(Next::Message(message)) => *message,
                Ok(Next::Skipped { up_to }) => {
                    standing.view.sequence = up_to;
                    continue;
                }
                Ok(Next::Nothing) => {
                    standing.is_even(followed);
                    break;
                }
                Ok(Next::Later(at)) => {
                    standing.view.next_at = Some(at);
                    break;
                }
                Err(error) => {
                    let receiver = &*standing.view.name;
                    tracing::error!(receiver, error = %error_chain(&error), "no message can be made");
                    sleep(STORE_PAUSE).await;
                    break;
                }
            };
            standing.oldest = Some(message.at);
            let (up_to, at, pause) = (message.up_to, message.at, message.pause);
            let taken = if is_given_up(at, wall_clock::utc_now()) {
                tracing::warn!(receiver = &*standing.view.name, up_to, "a message is given up");
                self.figures.count(standing.receiver.channel, Attempt::GivenUp);
                true
            } else {
                self.send(&standing, message).await
            };
            let wait = (!taken).then(|| next_attempt(standing.view.attempts, wall_clock::utc_now()));
            standing.note(up_to, wait);
            if taken && pause > Nanos::ZERO {
                standing.view.next_at = Some(wall_clock::utc_now().saturating_add(pause));
            }
            self.mark(&standing).await;
            if standing.view.next_at.is_some() {
                break;
            }
        }
        standing
    }

    async fn next(&self, standing: &Standing) -> Result<Next, NoMessage> {
        let snapshot = Arc::clone(&self.shared.current().snapshot);
        match standing.receiver.channel {
            Channel::Webhook => self.next_event(&snapshot, standing).await,
            Channel::Postback => self.next_postback(&snapshot, standing).await,
            Channel::Notices => self.next_notices(&snapshot, standing).await,
        }
    }

    /// Returns a lead as it was posted in the end; nothing where it was erased.
    async fn open_lead(&self, id: Uuid7) -> Result<Option<Submission>, NoMessage> {
        let parts = self.store.sealed(id).await?;
        let vault = self.vault.clone();
        let opening = spawn_blocking(move || held::open_lead(&vault, id, &parts));
        Ok(opening.await.map_err(|_| NoMessage::Unmade)??)
    }

    /// Sends a message and returns whether it was taken.
    async fn send(&self, standing: &Standing, message: Message) -> bool {
        let (done, answered) = oneshot::channel();
        let done = move |result| drop(done.send(result));
        match message.outgoing {
            Outgoing::Request(request) => self.client.send(&message.endpoint, request, done),
            Outgoing::Call(call) => self.client.call(&message.endpoint, call, done),
        }
        let taken = answered.await.map_err(|_| NotTaken::BrokeOff).and_then(read);
        let attempt = if taken.is_ok() { Attempt::Taken } else { Attempt::Refused };
        self.figures.count(standing.receiver.channel, attempt);
        if let Err(error) = &taken {
            let (receiver, attempts) = (&*standing.view.name, standing.view.attempts.saturating_add(1));
            tracing::info!(receiver, attempts, %error, "a message was not taken");
        }
        taken.is_ok()
    }

    async fn mark(&self, standing: &Standing) {
        if let Err(error) = self.store.mark_receiver(&standing.view).await {
            tracing::error!(error = %error_chain(&error), "what came of a message cannot be noted: it may come again");
            sleep(STORE_PAUSE).await;
        }
    }
}

/// Returns whether a receiver has taken a message: with any status of success, whatever it says besides.
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
