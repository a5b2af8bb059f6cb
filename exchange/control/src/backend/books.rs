//! [`Books`]: the ledger, its balances, and money that comes in before it is spent.

use core::future::Future;

use exchange_types::{Amount, Currency, LeadId, SaleId, UtcMicros};

use super::{Filter, ListError, Listed, Page};
use crate::{Scope, Unavailable};

/// The ledger, its balances, and money that comes in before it is spent.
pub trait Books: Send + Sync + 'static {
    /// Lists the balances that the caller may see, by account. Of the filter, seller and buyer narrow it.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the store does not answer.
    fn balances(
        &self,
        scope: &Scope,
        filter: Filter,
        page: Page,
    ) -> impl Future<Output = Result<Listed<Balance>, ListError>> + Send;

    /// Lists the entries of the ledger that the caller may see. Of the filter, times, seller and buyer narrow
    /// it.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the store does not answer.
    fn ledger(
        &self,
        scope: &Scope,
        filter: Filter,
        page: Page,
    ) -> impl Future<Output = Result<Listed<LedgerEntry>, ListError>> + Send;

    /// Moves money into a prepaid balance, or out of it. It answers when that is durable, and runs to its end
    /// even if the operator hangs up.
    ///
    /// # Errors
    ///
    /// Says why the balance stays as it was.
    fn move_balance(&self, movement: Movement) -> impl Future<Output = Result<Moved, MoveError>> + Send;

    /// Goes over the whole ledger: chain, checkpoints, sums.
    ///
    /// # Errors
    ///
    /// Says that the store does not answer.
    fn verify_ledger(&self) -> impl Future<Output = Result<LedgerReport, Unavailable>> + Send;
}

/// What stands in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account: `buyer:NAME receivable`, `seller:NAME pending`, `exchange margin`, and the like.
    pub account: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// The sum of its entries in micros: what is owed to the exchange above zero, what it owes below.
    pub micros: i128,
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Numbers the entries from one.
    pub number: u64,
    /// Which entries belong together: their amounts add up to nothing.
    pub transfer: u64,
    /// When.
    pub at: UtcMicros,
    /// What happened: `accepted`, `settled`, `returned`, `adjusted`, `reversed`, `deposit`, `withdrawal`.
    pub kind: Box<str>,
    /// In which account: `buyer:NAME receivable`.
    pub account: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// How much.
    pub amount: Amount,
    /// For which sale.
    pub sale: Option<SaleId>,
    /// For which lead; no buyer is shown it.
    pub lead: Option<LeadId>,
    /// The journal's number of the intent, for a charge.
    pub intent: Option<u64>,
    /// The digest of the evidence.
    pub evidence: [u8; 16],
    /// An operator's reference, for a movement of a balance.
    pub reference: Box<str>,
    /// What chains the entry to the one before.
    pub digest: [u8; 32],
}

/// Money that comes into a prepaid balance, or leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Names it; made from the buyer and the idempotency key. The same id again changes nothing.
    pub id: u128,
    /// Whose balance.
    pub buyer: Box<str>,
    /// In which currency.
    pub currency: Currency,
    /// How much; negative where it leaves.
    pub amount: Amount,
    /// The operator's reference: an invoice, a bank statement.
    pub reference: Box<str>,
    /// Who does it: `operator:ada`.
    pub by: Box<str>,
}

/// Money was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The balance after it.
    pub balance: Amount,
    /// When it was moved.
    pub at: UtcMicros,
    /// Whether it was moved before, and this is its answer again.
    pub replayed: bool,
}

/// Why a balance stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// There is no such buyer.
    #[error("no such buyer")]
    NotFound,
    /// The buyer pays afterwards.
    #[error("the buyer has no prepaid balance")]
    NotPrepaid,
    /// The buyer has no campaign in this currency.
    #[error("the buyer has nothing in this currency")]
    Currency,
    /// The same key came before, with another amount, currency or reference.
    #[error("the idempotency key belongs to another movement")]
    KeyReused,
    /// There is less in the balance than is to leave it.
    #[error("the balance is less than that")]
    Insufficient,
    /// The exchange does not answer, or cannot write.
    #[error("the exchange does not answer")]
    Unavailable,
}

/// What a walk over the whole ledger found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerReport {
    /// How many entries there are.
    pub entries: u64,
    /// How many signed checkpoints hold.
    pub checkpoints: u64,
    /// The chain's last digest.
    pub digest: [u8; 32],
    /// The first fault, in words without personal data; nothing where all is well.
    pub fault: Option<LedgerFault>,
}

/// What is wrong with the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFault {
    /// At which entry.
    pub entry: u64,
    /// What is wrong: `chain_broken`, `sum_not_zero`, `checkpoint_wrong`, `balance_wrong`, and the like.
    pub what: Box<str>,
}
