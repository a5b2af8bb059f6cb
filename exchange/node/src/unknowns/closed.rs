//! [`Closed`]: how posts were resolved lately, for facts that come later.

use std::collections::{BTreeMap, VecDeque};

use exchange_protocol::Outcome;

use super::UnknownKey;

/// Resolved posts of one shard that are remembered. What is older is looked up in the record.
const CLOSED_MAX: usize = 4_096;

/// What a fact about a post that has its outcome means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It says what is known, or nothing.
    Same,
    /// It contradicts what is known.
    Contrary,
}

impl Late {
    /// Compares what is said of a post with how it came out. Why it failed makes no difference: in either case the
    /// buyer does not have the lead.
    pub const fn judge(known: Outcome, says: Outcome) -> Self {
        match (known, says) {
            (Outcome::Accepted, Outcome::Failed(_)) | (Outcome::Failed(_), Outcome::Accepted) => {
                Self::Contrary
            }
            (Outcome::Accepted, Outcome::Accepted)
            | (Outcome::Failed(_), Outcome::Failed(_))
            | (Outcome::Unknown, _)
            | (_, Outcome::Unknown) => Self::Same,
        }
    }
}

/// The posts that were resolved last.
#[derive(Debug, Default)]
pub(super) struct Closed {
    by_key: BTreeMap<UnknownKey, Known>,
    oldest_first: VecDeque<UnknownKey>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    outcome: Outcome,
    disputed: bool,
}

impl Closed {
    pub(super) fn push(&mut self, key: UnknownKey, outcome: Outcome) {
        if self.oldest_first.len() >= CLOSED_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        self.oldest_first.push_back(key);
        self.by_key.insert(key, Known { outcome, disputed: false });
    }

    /// Judges a fact about a post that was resolved; nothing where it is not remembered. A contradiction is told
    /// once, however often it is repeated.
    pub(super) fn judge(&mut self, key: UnknownKey, says: Outcome) -> Option<Late> {
        let known = self.by_key.get_mut(&key)?;
        let late = Late::judge(known.outcome, says);
        if late == Late::Contrary && !core::mem::replace(&mut known.disputed, true) {
            return Some(Late::Contrary);
        }
        Some(Late::Same)
    }

    pub(super) fn contains(&self, key: UnknownKey) -> bool {
        self.by_key.contains_key(&key)
    }
}
