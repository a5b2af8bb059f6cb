//! A world whose time passes only when a test says so, with a journal of which any part may be lost.

use std::collections::{BTreeMap, BTreeSet};

use exchange_engine::Auction;
use exchange_node::{Disk, Net, Past, Question, Seed, Unknown, UnknownKey, Vault};
use exchange_protocol::{
    CandidateIndex, Record, RecordBatch, Reply, SealClass, Sealed, SlotKey, SlotRef, decode_record,
};
use exchange_types::{ShardIndex, Uuid7};

/// A record of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) place: ShardIndex,
    /// Its number in the stream of its place.
    pub(crate) number: u64,
    pub(crate) record: Record,
    pub(crate) sealed: Vec<u8>,
}

/// What is out and may be answered.
pub(crate) type Out = (ShardIndex, SlotKey, CandidateIndex);

/// Everything around a node.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) place: ShardIndex,
    pub(crate) journal: Vec<Entry>,
    pub(crate) pings: Vec<Out>,
    pub(crate) posts: Vec<Out>,
    pub(crate) replies: BTreeMap<u64, Vec<Reply>>,
    pub(crate) reposts: Vec<UnknownKey>,
    pub(crate) questions: Vec<(u64, Question)>,
    pub(crate) woken: BTreeSet<ShardIndex>,
    /// Keys by slot; an erased one is gone.
    pub(crate) keys: BTreeMap<(SealClass, u32), Uuid7>,
    /// Slots that are left; none stands for as many as are wanted.
    pub(crate) slots_left: Option<u32>,
    drawn: u32,
    entropy: u128,
}

impl World {
    /// Returns what was answered to a request, if it was.
    pub(crate) fn reply(&self, token: u64) -> Option<&Reply> {
        let replies = self.replies.get(&token)?;
        assert_eq!(replies.len(), 1, "request {token} was answered {} times", replies.len());
        replies.first()
    }

    /// Starts again with what was on disk: the journal up to a record, and the keys.
    pub(crate) fn restarted(self, durable: usize) -> Self {
        let mut journal = self.journal;
        journal.truncate(durable);
        Self { journal, keys: self.keys, drawn: self.drawn, entropy: self.entropy, ..Self::default() }
    }
}

impl Net for World {
    fn send_ping(&mut self, auction: &Auction, candidate: CandidateIndex) {
        self.pings.push((self.place, auction.key(), candidate));
    }

    fn send_post(&mut self, auction: &Auction, candidate: CandidateIndex) {
        self.posts.push((self.place, auction.key(), candidate));
    }

    fn repost(&mut self, unknown: &Unknown) {
        self.reposts.push(unknown.key);
    }

    fn ask_status(&mut self, unknown: &Unknown) {
        unreachable!("no campaign has a status URL: {unknown:?}");
    }

    fn reply(&mut self, token: u64, reply: Reply) {
        self.replies.entry(token).or_default().push(reply);
    }

    fn wake(&mut self, place: ShardIndex) {
        self.woken.insert(place);
    }
}

impl Disk for World {
    fn append(&mut self, batch: RecordBatch<'_>) {
        let (mut bytes, mut sealed) = (batch.bytes, batch.sealed);
        for number in batch.first..batch.first + batch.count {
            let (record, rest) = decode_record(bytes).expect("a record");
            bytes = rest;
            let length = match &record {
                Record::Lead(lead) => lead.sealed.length + lead.consent.map_or(0, |consent| consent.length),
                Record::Completed(post) => {
                    post.sealed.length + post.consent.map_or(0, |consent| consent.length)
                }
                _ => 0,
            };
            let (own, others) = sealed.split_at(usize::try_from(length).expect("small"));
            sealed = others;
            self.journal.push(Entry { place: self.place, number, record, sealed: own.to_vec() });
        }
        assert!(bytes.is_empty() && sealed.is_empty(), "a batch holds what it says");
    }
}

impl Seed for World {
    fn entropy(&mut self) -> u128 {
        self.entropy += 1;
        self.entropy.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

impl Vault for World {
    fn seal(&mut self, lead: Uuid7, class: SealClass, plain: &[u8], out: &mut Vec<u8>) -> Option<Sealed> {
        if let Some(left) = &mut self.slots_left {
            *left = left.checked_sub(1)?;
        }
        self.drawn += 1;
        self.keys.insert((class, self.drawn), lead);
        // Not a cipher, but nothing of it stands there in clear.
        out.extend(plain.iter().map(|byte| byte ^ 0xa5));
        let slot = SlotRef { class, file: 0, index: self.drawn };
        Some(Sealed { slot, length: u32::try_from(plain.len()).expect("small"), digest: [0; 32] })
    }

    fn unseal(&mut self, lead: Uuid7, sealed: &Sealed, ciphertext: &[u8]) -> Option<Vec<u8>> {
        let owner = self.keys.get(&(sealed.slot.class, sealed.slot.index))?;
        assert_eq!(*owner, lead, "a ciphertext belongs to its lead");
        Some(ciphertext.iter().map(|byte| byte ^ 0xa5).collect())
    }
}

impl Past for World {
    fn look_up(&mut self, token: u64, question: Question) {
        self.questions.push((token, question));
    }
}
