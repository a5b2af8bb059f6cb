//! [`Past`]: the way of the shards to the store, and of its answers back.
//!
//! A shard asks without waiting and is answered through a queue of its own. Both are bounded: a question that
//! finds no place is left out, and the shard refuses its request when the time for an answer is over.

mod answers;

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use exchange_node::{Question, Remembered};
use exchange_types::ShardIndex;
use tokio::sync::mpsc;

use crate::peers::Peers;

pub(crate) use answers::{Memory, answer_past};

/// Questions that wait for the store, over all shards, on their way and again at it. One takes about a tenth of a
/// millisecond; more than these could not be answered in time.
const QUESTIONS_MAX: usize = 1_024;

/// A question of a shard.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Who asks.
    pub(crate) place: ShardIndex,
    /// How it names the question.
    pub(crate) token: u64,
    /// What it asks.
    pub(crate) question: Question,
}

/// An answer for a shard; nothing where the store failed.
pub(crate) type Told = (u64, Option<Remembered>);

/// The way of the shards to the store, and of its answers back.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    questions: mpsc::Sender<Asked>,
    answers: Arc<[ArrayQueue<Told>]>,
    peers: Arc<Peers>,
}

impl Past {
    /// Returns the way for so many shards, and where the questions arrive.
    pub(crate) fn new(shards: u16, peers: Arc<Peers>) -> (Self, mpsc::Receiver<Asked>) {
        let (questions, arriving) = mpsc::channel(QUESTIONS_MAX);
        let answers = (0..shards).map(|_| ArrayQueue::new(QUESTIONS_MAX)).collect();
        (Self { questions, answers, peers }, arriving)
    }

    /// Asks a question.
    pub(crate) fn ask(&self, asked: Asked) {
        if self.questions.try_send(asked).is_err() {
            tracing::warn!("the store has more questions than it can answer: one is left out");
        }
    }

    /// Answers a question.
    pub(crate) fn answer(&self, place: ShardIndex, told: Told) {
        let Some(queue) = self.answers.get(place.at()) else { return };
        if queue.push(told).is_ok() {
            self.peers.wake(place);
        }
    }

    /// Takes the next answer for a shard.
    pub(crate) fn take(&self, place: ShardIndex) -> Option<Told> {
        self.answers.get(place.at())?.pop()
    }
}

#[cfg(test)]
mod tests {
    use exchange_types::{UtcMicros, Uuid7};

    use super::*;

    #[test]
    fn answers_reach_the_shard_that_asked_and_a_flood_is_left_out() {
        let (past, mut arriving) = Past::new(2, Arc::new(Peers::new(3)));
        let question = Question::Sale(Uuid7::new(UtcMicros(1), 1));
        for token in 0..=u64::try_from(QUESTIONS_MAX).expect("a small number") {
            past.ask(Asked { place: ShardIndex(1), token, question: question.clone() });
        }
        let mut heard = 0;
        while let Ok(asked) = arriving.try_recv() {
            heard += 1;
            past.answer(asked.place, (asked.token, None));
        }
        assert_eq!(heard, QUESTIONS_MAX, "one past the limit is left out");
        assert!(past.take(ShardIndex(0)).is_none());
        assert!(matches!(past.take(ShardIndex(1)), Some((0, None))));
    }
}
