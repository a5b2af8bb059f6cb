//! The rows of the ledger, as they are written.

use exchange_types::Currency;

use super::insert::{Row, Table, Values};
use super::rows::BalanceRow;
use crate::ledger::{Checkpoint, Entry};
use crate::values::signed;

/// A row of the accounts, as it is written.
pub(super) struct AccountValues<'a> {
    pub(super) number: i64,
    pub(super) name: &'a str,
    pub(super) currency: Currency,
    pub(super) balance: i128,
}

impl Row for AccountValues<'_> {
    const TABLE: Table = Table {
        name: "accounts",
        columns: &["id", "name", "currency", "balance"],
        conflict: "(id) DO UPDATE SET balance = excluded.balance",
    };

    fn bind(self, to: &mut Values) {
        to.number(self.number);
        to.text(self.name);
        to.text(self.currency.code());
        to.bytes(&self.balance.to_be_bytes());
    }
}

impl Row for &(Entry, [u8; 32]) {
    const TABLE: Table = Table {
        name: "ledger_entries",
        columns: &[
            "number",
            "transaction_number",
            "kind",
            "account",
            "amount",
            "sequence",
            "intent_sequence",
            "auction",
            "candidate",
            "evidence",
            "at",
            "hash",
        ],
        // An entry is written once: a second one of its number is a fault, and the batch fails.
        conflict: "",
    };

    fn bind(self, to: &mut Values) {
        let (entry, hash) = self;
        to.number(signed(entry.number));
        to.number(signed(entry.transaction));
        to.number(i64::from(entry.kind.code()));
        to.number(entry.account);
        to.number(entry.amount.micros());
        to.number(signed(entry.sequence));
        to.number(signed(entry.intent_sequence));
        to.wide(entry.auction);
        to.number(i64::from(entry.candidate.0));
        to.bytes(&entry.evidence);
        to.number(entry.at.0);
        to.bytes(hash);
    }
}

impl Row for &Checkpoint {
    const TABLE: Table = Table {
        name: "ledger_checkpoints",
        columns: &["number", "entries", "at", "hash", "public_key", "signature"],
        conflict: "",
    };

    fn bind(self, to: &mut Values) {
        to.number(signed(self.facts.number));
        to.number(signed(self.facts.entries));
        to.number(self.facts.at.0);
        to.bytes(&self.facts.hash);
        to.bytes(&self.public_key);
        to.bytes(&self.signature);
    }
}

impl Row for BalanceRow {
    const TABLE: Table = Table {
        name: "balance_changes",
        columns: &["id", "sequence", "record"],
        conflict: "(id) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.wide(self.id);
        to.number(signed(self.sequence));
        to.bytes(&self.record);
    }
}
