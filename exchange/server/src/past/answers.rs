//! What the store answers the shards.

use core::time::Duration;
use std::sync::Arc;

use exchange_node::{
    Question, Remembered, RememberedClaim, RememberedHad, RememberedPerson, RememberedSale, Shared,
};
use exchange_protocol::Answer;
use exchange_store::{Exchange, LeadState, PersonSeen, QueryError, Scoped};
use exchange_types::UtcMicros;
use tokio::sync::{Semaphore, mpsc};

use super::{Asked, Past, QUESTIONS_MAX};
use crate::following::Following;
use crate::old_catalogs::OldCatalogs;

/// Questions that the store works on at a time, as many as it has connections.
const AT_A_TIME: usize = 4;
/// How long a question waits for the tables: what is left of the quarter of a second after which its shard refuses
/// the request is for the answer.
const CATCH_UP_MAX: Duration = Duration::from_millis(200);

/// The store, with the catalogs that its answers refer to.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(crate) store: Scoped<Exchange>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) old_catalogs: Arc<OldCatalogs>,
    pub(crate) following: Following,
}

/// Answers the shards until the process stops. A question that the store cannot answer, or not yet, is answered with
/// nothing: its request is refused and may come again.
pub(crate) async fn answer_past(mut questions: mpsc::Receiver<Asked>, past: Past, memory: Memory) {
    let waiting = Arc::new(Semaphore::new(QUESTIONS_MAX));
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    while let Some(Asked { place, token, question }) = questions.recv().await {
        // No semaphore is ever closed.
        let Ok(held) = Arc::clone(&waiting).acquire_owned().await else { return };
        let (past, memory, places) = (past.clone(), memory.clone(), Arc::clone(&places));
        tokio::spawn(async move {
            let told = memory.answer(question, &places).await;
            past.answer(place, (token, told));
            drop(held);
        });
    }
}

impl Memory {
    async fn answer(&self, question: Question, places: &Semaphore) -> Option<Remembered> {
        if !self.following.caught_up(CATCH_UP_MAX).await {
            tracing::warn!("the store lags behind the journal, so a shard gets no answer from it");
            return None;
        }
        let _working = places.acquire().await.ok()?;
        let told = self.remember(question).await;
        told.inspect_err(|error| tracing::warn!(%error, "the store cannot answer a shard")).ok()
    }

    async fn remember(&self, question: Question) -> Result<Remembered, QueryError> {
        match question {
            Question::Sale(id) => {
                let answer = self.store.answer(id).await?;
                let sale = answer.and_then(|answer| {
                    let snapshot = self.snapshot(&answer)?;
                    Some(RememberedSale { answer: Box::new(answer), snapshot })
                });
                Ok(Remembered { sale, ..Remembered::default() })
            }
            Question::Admission { claim, prints, at } => {
                let mut told = Remembered::default();
                if let Some(claim) = claim
                    && let Some(found) = self.store.claim(claim.key).await?
                    && let Some(answer) = found.answer
                    && let Some(snapshot) = self.snapshot(&answer)
                {
                    let (id, digest, erased) = (found.lead, found.digest, found.erased);
                    let answer = Box::new(answer);
                    told.claim = Some(RememberedClaim { id, digest, erased, answer, snapshot });
                }
                for print in prints {
                    let seen = self.store.person(print).await?;
                    let counting = seen.into_iter().filter_map(|person| person_of(print, person, at));
                    // A sale counts, whatever was tried in vain after it.
                    told.persons.extend(counting.max_by_key(|person| (person.taken, person.until)));
                    let had = self.store.buyers_of_person(print).await?;
                    told.had.extend(had.into_iter().map(|post| RememberedHad {
                        print,
                        buyer: post.buyer,
                        post: (post.auction, post.candidate),
                        since: post.admitted,
                    }));
                }
                Ok(told)
            }
        }
    }

    fn snapshot(&self, answer: &Answer) -> Option<Arc<exchange_catalog::Snapshot>> {
        self.old_catalogs.snapshot_beside(&self.shared, answer.catalog_version)
    }
}

/// Returns what a lead means for its person, if that still counts.
fn person_of(print: u128, person: PersonSeen, at: UtcMicros) -> Option<RememberedPerson> {
    let (taken, until) = match person.state {
        LeadState::Sold | LeadState::Pending => (true, person.taken_until),
        LeadState::Unsold => (false, person.again_from),
        LeadState::Running
        | LeadState::Duplicate
        | LeadState::Offers
        | LeadState::NoOffer
        | LeadState::Invalid => {
            return None;
        }
    };
    (at < until).then_some(RememberedPerson { print, id: person.lead, seller: person.seller, taken, until })
}
