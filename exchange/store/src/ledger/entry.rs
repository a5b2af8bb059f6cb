//! [`Entry`]: one line of the ledger, and its place in the chain.

use aws_lc_rs::digest::{Context, SHA256};
use exchange_protocol::{CandidateIndex, Record, decode_record};
use exchange_types::{Amount, Currency, SaleId, UtcMicros, Uuid7};
use sqlx::AnyPool;
use sqlx::any::AnyRow;

use super::Account;
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, signed, wide};
use crate::view::LedgerFilter;
use crate::{Listed, Page, QueryError};

/// Of what kind of transaction an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the transaction of the same name in the ledger's table")]
pub enum EntryKind {
    Charge,
    Settlement,
    Return,
    Reversal,
    Adjustment,
    Deposit,
}

impl EntryKind {
    /// Every kind, in the order of their numbers in the store.
    pub const ALL: [Self; 6] =
        [Self::Charge, Self::Settlement, Self::Return, Self::Reversal, Self::Adjustment, Self::Deposit];

    /// Returns the name in lists.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Settlement => "settlement",
            Self::Return => "return",
            Self::Reversal => "reversal",
            Self::Adjustment => "adjustment",
            Self::Deposit => "deposit",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Charge => 0,
            Self::Settlement => 1,
            Self::Return => 2,
            Self::Reversal => 3,
            Self::Adjustment => 4,
            Self::Deposit => 5,
        }
    }
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Counts the entries from one.
    pub(crate) number: u64,
    /// The number of the transaction's first entry.
    pub(crate) transaction: u64,
    pub(crate) kind: EntryKind,
    /// The number of the account.
    pub(crate) account: i64,
    pub(crate) amount: Amount,
    /// The number of the record that it comes of.
    pub(crate) sequence: u64,
    /// The number of the intent that it rests on, or zero.
    pub(crate) intent_sequence: u64,
    /// The sale; for a deposit its id in place of the auction's.
    pub(crate) auction: u128,
    pub(crate) candidate: CandidateIndex,
    /// The digest of what says so.
    pub(crate) evidence: [u8; 16],
    pub(crate) at: UtcMicros,
}

/// An entry as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView {
    /// Counts the entries from one.
    pub number: u64,
    /// The number of the transaction's first entry.
    pub transaction: u64,
    /// Of what kind of transaction.
    pub kind: EntryKind,
    /// The account's name.
    pub account: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// What it adds to the account.
    pub amount: Amount,
    /// The number of the record that it comes of.
    pub sequence: u64,
    /// The number of the intent that it rests on, or zero.
    pub intent_sequence: u64,
    /// The sale's auction; nothing for a deposit.
    pub auction: Option<Uuid7>,
    /// The sale's candidate.
    pub candidate: CandidateIndex,
    /// The digest of what says so.
    pub evidence: [u8; 16],
    /// When.
    pub at: UtcMicros,
    /// The sale, as partners know it; nothing for a deposit.
    pub sale_id: Option<SaleId>,
    /// The operator's reference of a deposit, or empty.
    pub reference: Box<str>,
    /// The end of the chain after it.
    pub hash: [u8; 32],
}

impl Entry {
    /// Returns the end of the chain after this entry. The account's name is part of it, since its number says
    /// nothing by itself.
    pub(crate) fn chained(&self, before: &[u8; 32], account: &str, currency: Currency) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        let mut bytes = [0; 32 + 8 * 7 + 1 + 2 + 16 + 16];
        let mut rest = bytes.as_mut_slice();
        let mut put = |part: &[u8]| {
            let (place, after) = core::mem::take(&mut rest).split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = after;
        };
        put(before);
        put(&self.number.to_le_bytes());
        put(&self.transaction.to_le_bytes());
        put(&[self.kind.code()]);
        put(&self.account.to_le_bytes());
        put(&self.amount.micros().to_le_bytes());
        put(&self.sequence.to_le_bytes());
        put(&self.intent_sequence.to_le_bytes());
        put(&self.auction.to_le_bytes());
        put(&self.candidate.0.to_le_bytes());
        put(&self.evidence);
        put(&self.at.0.to_le_bytes());
        context.update(&bytes);
        context.update(currency.code().as_bytes());
        context.update(account.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

/// The columns of [`read`], in its order.
pub(crate) const SELECT: &str = "SELECT number, transaction_number, kind, account, amount, sequence, intent_sequence, \
     auction, candidate, evidence, at, hash, accounts.name, accounts.currency FROM ledger_entries \
     JOIN accounts ON accounts.id = ledger_entries.account";

/// Reads an entry, the end of the chain after it, and its account.
pub(crate) fn read(row: &AnyRow) -> Result<(Entry, [u8; 32], &str, Currency), QueryError> {
    let mut from = Columns::of(row);
    let entry = Entry {
        number: from.unsigned("number")?,
        transaction: from.unsigned("transaction_number")?,
        kind: usize::try_from(from.number()?)
            .ok()
            .and_then(|at| EntryKind::ALL.get(at).copied())
            .ok_or(QueryError::Damaged { column: "kind" })?,
        account: from.number()?,
        amount: from.amount()?,
        sequence: from.unsigned("sequence")?,
        intent_sequence: from.unsigned("intent_sequence")?,
        auction: from.wide("auction")?,
        candidate: from.candidate()?,
        evidence: from.array("evidence")?,
        at: from.time()?,
    };
    Ok((entry, from.array("hash")?, from.text()?, from.currency()?))
}

/// The columns of [`view`], in its order: those of [`read`], then the sale and the deposit.
const LIST: &str = "SELECT number, transaction_number, kind, account, amount, ledger_entries.sequence, \
     ledger_entries.intent_sequence, ledger_entries.auction, ledger_entries.candidate, evidence, at, hash, \
     accounts.name, accounts.currency, posts.sale_id, balance_changes.record FROM ledger_entries \
     JOIN accounts ON accounts.id = ledger_entries.account \
     LEFT JOIN posts ON posts.auction = ledger_entries.auction AND posts.candidate = ledger_entries.candidate \
     LEFT JOIN balance_changes ON balance_changes.id = ledger_entries.auction";

pub(crate) async fn list(
    pool: &AnyPool,
    filter: &LedgerFilter,
    page: &Page,
) -> Result<Listed<EntryView>, QueryError> {
    let after = u64::try_from(page.key_or(Key::FIRST)?.id).unwrap_or(u64::MAX);
    let owned = filter.owner.as_deref().map(Account::names_of);
    let base = Select::new(LIST).with("number > ", signed(after));
    let base = match owned {
        Some(names) => base.one_of("accounts.name IN ", names),
        None => base,
    };
    let rows = base
        .maybe("accounts.name = ", filter.account.as_deref())
        .maybe("ledger_entries.auction = ", filter.auction.map(|id| wide(id.as_u128())))
        .maybe("at >= ", filter.from.map(|at| at.0))
        .maybe("at < ", filter.to.map(|at| at.0))
        .first("number", page.limit().saturating_add(1))
        .all(pool)
        .await?;
    let entries = rows.iter().map(view);
    let entries = entries.collect::<Result<Vec<_>, QueryError>>()?;
    Ok(Listed::of(entries, page, |entry| Key { id: u128::from(entry.number), number: 0 }))
}

fn view(row: &AnyRow) -> Result<EntryView, QueryError> {
    let (entry, hash, account, currency) = read(row)?;
    let mut more = Columns::after(row, 14);
    let sale_id = more.optional_id("sale_id")?.map(SaleId);
    let reference = match more.optional_bytes()?.map(decode_record).transpose()? {
        Some((Record::Balance(change), _)) => change.reference,
        _ => Box::default(),
    };
    Ok(EntryView {
        number: entry.number,
        transaction: entry.transaction,
        kind: entry.kind,
        account: account.into(),
        currency,
        amount: entry.amount,
        sequence: entry.sequence,
        intent_sequence: entry.intent_sequence,
        auction: Uuid7::from_u128(entry.auction).filter(|_| entry.kind != EntryKind::Deposit),
        candidate: entry.candidate,
        evidence: entry.evidence,
        at: entry.at,
        sale_id,
        reference,
        hash,
    })
}
