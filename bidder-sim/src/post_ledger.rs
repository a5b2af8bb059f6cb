//! [`PostLedger`]: the posts that a buyer knows, by idempotency key.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use crate::profile::Answer;
use crate::reply::Reply;

/// Posts that are remembered: half an hour of five hundred a second. At about half a kilobyte each this stays
/// below 500 MB, and the oldest are forgotten first.
const POSTS_MAX: usize = 1_000_000;

/// Every post by buyer and idempotency key.
#[derive(Debug)]
pub(crate) struct PostLedger {
    posts: HashMap<Rc<PostKey>, KnownPost>,
    oldest_first: VecDeque<Rc<PostKey>>,
    posts_max: usize,
}

/// A buyer's index and an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PostKey {
    pub(crate) buyer: usize,
    pub(crate) idempotency_key: String,
}

/// What a buyer said to a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownPost {
    /// A hash of the body, to recognise a repeat that differs.
    pub(crate) body_hash: u128,
    /// What the buyer decided.
    pub(crate) decision: Answer,
    /// What a repeat is answered.
    pub(crate) repeat: Reply,
    /// What it is answered without any fault.
    pub(crate) honest: Reply,
}

impl Default for PostLedger {
    fn default() -> Self {
        Self::with_room_for(POSTS_MAX)
    }
}

impl PostLedger {
    fn with_room_for(posts_max: usize) -> Self {
        Self { posts: HashMap::new(), oldest_first: VecDeque::new(), posts_max }
    }

    /// Returns what was said to a post before.
    pub(crate) fn known(&self, key: &PostKey) -> Option<&KnownPost> {
        self.posts.get(key)
    }

    /// Remembers what is said to a post for the first time.
    pub(crate) fn remember(&mut self, key: PostKey, post: KnownPost) {
        let key = Rc::new(key);
        if self.posts.insert(Rc::clone(&key), post).is_none() {
            self.oldest_first.push_back(key);
        }
        if self.oldest_first.len() > self.posts_max
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.posts.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_posts_are_forgotten_first() {
        let key = |number: u8| PostKey { buyer: 0, idempotency_key: format!("post-{number}") };
        let reply = Reply::plain(200, "{}");
        let post =
            KnownPost { body_hash: 0, decision: Answer::Accepted, repeat: reply.clone(), honest: reply };
        let mut ledger = PostLedger::with_room_for(2);
        for number in [1, 2, 3, 3] {
            ledger.remember(key(number), post.clone());
        }
        assert_eq!(ledger.known(&key(1)), None);
        assert_eq!(ledger.known(&key(2)), Some(&post));
        assert_eq!(ledger.known(&key(3)), Some(&post));
        assert_eq!(ledger.known(&PostKey { buyer: 1, ..key(3) }), None);
    }
}
