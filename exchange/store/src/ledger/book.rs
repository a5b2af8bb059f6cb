//! [`Ledger`]: takes transactions in, gives entries and checkpoints out. Pure: what it gives is written by the
//! projector.

use std::collections::HashMap;
use std::sync::Arc;

use exchange_protocol::CandidateIndex;
use exchange_types::{Amount, Currency, UtcMicros};

use super::{Account, Checkpoint, CheckpointFacts, CheckpointSigner, Entry, EntryKind};

/// A transaction that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Booking {
    pub(crate) kind: EntryKind,
    pub(crate) currency: Currency,
    pub(crate) sequence: u64,
    pub(crate) intent_sequence: u64,
    pub(crate) auction: u128,
    pub(crate) candidate: CandidateIndex,
    pub(crate) evidence: [u8; 16],
    pub(crate) at: UtcMicros,
}

/// The accounts, by number and by name.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    numbers: HashMap<(Account, Currency), usize>,
    rows: Vec<AccountRow>,
}

#[derive(Debug)]
pub(crate) struct AccountRow {
    pub(crate) name: Arc<str>,
    pub(crate) currency: Currency,
    pub(crate) balance: i128,
    pub(crate) changed: bool,
}

/// The ledger as it stands, and what was added since it was last written.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) accounts: Accounts,
    pub(crate) entries: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) checkpoints: u64,
    pub(crate) checkpoint_entries: u64,
    /// The latest day of any record, in days since 1970.
    pub(crate) day: i64,
    pub(crate) added: Vec<(Entry, [u8; 32])>,
    pub(crate) signed: Vec<Checkpoint>,
}

const DAY_MICROS: i64 = 86_400_000_000;

impl Accounts {
    /// Takes an account in as it was written.
    pub(crate) fn restore(&mut self, account: &Account, currency: Currency, balance: i128) {
        let at = self.find_or_open(account, currency);
        if let Some(row) = self.rows.get_mut(at) {
            row.balance = balance;
            row.changed = false;
        }
    }

    pub(crate) fn is_open(&self, account: &Account, currency: Currency) -> bool {
        self.numbers.contains_key(&(account.clone(), currency))
    }

    fn find_or_open(&mut self, account: &Account, currency: Currency) -> usize {
        if let Some(at) = self.numbers.get(&(account.clone(), currency)) {
            return *at;
        }
        let at = self.rows.len();
        let name = account.to_string().into();
        self.rows.push(AccountRow { name, currency, balance: 0, changed: true });
        self.numbers.insert((account.clone(), currency), at);
        at
    }

    /// Returns the accounts that have changed, each with its number, and forgets that they have.
    pub(crate) fn changed(&mut self) -> impl Iterator<Item = (i64, &AccountRow)> {
        let numbered = (1_i64..).zip(self.rows.iter_mut());
        numbered.filter_map(|(number, row)| core::mem::take(&mut row.changed).then_some((number, &*row)))
    }
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            accounts: Accounts::default(),
            entries: 0,
            hash: [0; 32],
            checkpoints: 0,
            checkpoint_entries: 0,
            day: 0,
            added: Vec::new(),
            signed: Vec::new(),
        }
    }

    /// Takes note of a record's time: with the first record of a later day, the day before is signed.
    pub(crate) fn at(&mut self, at: UtcMicros, signer: &CheckpointSigner) {
        let day = at.0.div_euclid(DAY_MICROS);
        if day <= self.day {
            return;
        }
        let ended = UtcMicros(self.day.saturating_add(1).saturating_mul(DAY_MICROS));
        self.day = day;
        self.sign(ended, signer);
    }

    /// Writes a transaction down. Lines of nothing are left out.
    ///
    /// # Panics
    ///
    /// Where its lines do not sum to zero: then the projector is wrong, and nothing that follows could be right.
    pub(crate) fn book(
        &mut self,
        booking: &Booking,
        lines: &[(Account, Amount)],
        (signer, every): (&CheckpointSigner, u64),
    ) {
        let sum: i128 = lines.iter().map(|(_, amount)| i128::from(amount.micros())).sum();
        assert!(sum == 0, "invariant: the entries of a transaction sum to zero");
        let transaction = self.entries.saturating_add(1);
        for (account, amount) in lines.iter().filter(|(_, amount)| *amount != Amount::ZERO) {
            self.add(booking, transaction, account, *amount);
        }
        if self.entries.saturating_sub(self.checkpoint_entries) >= every {
            self.sign(booking.at, signer);
        }
    }

    fn add(&mut self, booking: &Booking, transaction: u64, account: &Account, amount: Amount) {
        let at = self.accounts.find_or_open(account, booking.currency);
        let Some(row) = self.accounts.rows.get_mut(at) else { return };
        row.balance = row.balance.saturating_add(i128::from(amount.micros()));
        row.changed = true;
        self.entries = self.entries.saturating_add(1);
        let entry = Entry {
            number: self.entries,
            transaction,
            kind: booking.kind,
            account: i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1),
            amount,
            sequence: booking.sequence,
            intent_sequence: booking.intent_sequence,
            auction: booking.auction,
            candidate: booking.candidate,
            evidence: booking.evidence,
            at: booking.at,
        };
        self.hash = entry.chained(&self.hash, &row.name, row.currency);
        self.added.push((entry, self.hash));
    }

    fn sign(&mut self, at: UtcMicros, signer: &CheckpointSigner) {
        if self.entries == self.checkpoint_entries {
            return;
        }
        self.checkpoints = self.checkpoints.saturating_add(1);
        self.checkpoint_entries = self.entries;
        let facts = CheckpointFacts { number: self.checkpoints, entries: self.entries, at, hash: self.hash };
        self.signed.push(signer.sign(facts));
    }
}
