//! The ledger, its balances, and money that comes in before it is spent.

use exchange_control::{
    Balance, Books, Filter, LedgerEntry, LedgerFault, LedgerReport, ListError, Listed, MoveError, Moved,
    Movement, Page, Scope, Unavailable,
};
use exchange_protocol::BalanceChange;
use exchange_store::ledger::{EntryKind, EntryView};
use exchange_store::{BalanceView, LedgerFilter};
use exchange_types::{Amount, CampaignIndex, Currency, LeadId};

use super::failures::{unreadable, unwritten};
use super::{ControlBackend, listed, store_page};
use crate::desk::DeskError;
use crate::projection::error_chain;
use crate::wall_clock;

/// The account of money that came in.
const CASH: &str = "exchange cash";

impl Books for ControlBackend {
    async fn balances(
        &self,
        scope: &Scope,
        filter: Filter,
        _page: Page,
    ) -> Result<Listed<Balance>, ListError> {
        let all =
            self.fresh_store().await.as_operator().balances().await.map_err(|error| unreadable(&error))?;
        let owner = Owner::of(scope, &filter);
        let own = all.into_iter().filter(|balance| owner.has(&balance.account));
        // There are two accounts to a partner and currency: all of them fit on one page.
        Ok(Listed { items: own.map(balance_of).collect(), next: None })
    }

    async fn ledger(
        &self,
        scope: &Scope,
        filter: Filter,
        page: Page,
    ) -> Result<Listed<LedgerEntry>, ListError> {
        let owner = match Owner::of(scope, &filter) {
            Owner::Everybody => None,
            Owner::Partner(owner) => Some(owner.into()),
            Owner::Nobody => return Ok(Listed { items: Vec::new(), next: None }),
        };
        let wanted = LedgerFilter { owner, from: filter.from, to: filter.to, ..LedgerFilter::default() };
        listed(self.fresh_store().await.as_operator().ledger(&wanted, &store_page(page)).await, entry_of)
    }

    async fn move_balance(&self, movement: Movement) -> Result<Moved, MoveError> {
        let mut turn = self.desk.turn().await;
        turn.settled().await.map_err(|error| not_moved(unwritten(&error)))?;
        if let Some(before) = self.find_movement(movement.id).await? {
            let same = (before.amount, before.currency, &before.reference)
                == (movement.amount, movement.currency, &movement.reference);
            if !same || before.buyer != movement.buyer {
                return Err(MoveError::KeyReused);
            }
            let balance = self.prepaid(&movement.buyer, movement.currency).await?;
            return Ok(Moved { balance, at: before.at, replayed: true });
        }
        self.may_move(&movement).await?;
        let at = wall_clock::utc_now();
        let Movement { id, buyer, currency, amount, reference, by } = movement;
        let change = BalanceChange { id, buyer: buyer.clone(), currency, amount, reference, by, at };
        // What leaves cannot be spent from now on; what comes in can be when it is on disk.
        if !amount.is_positive() {
            self.shared.deposit(&buyer, amount);
        }
        match turn.write(&[change.into()]).await {
            Ok(()) if amount.is_positive() => self.shared.deposit(&buyer, amount),
            Ok(()) => {}
            Err(error) => {
                // Nothing was handed over, so nothing has left. Of a disk that does not answer nobody knows.
                if matches!(error, DeskError::Journal(_)) && !amount.is_positive() {
                    self.shared.deposit(&buyer, Amount::from_micros(amount.micros().saturating_neg()));
                }
                return Err(not_moved(unwritten(&error)));
            }
        }
        turn.settled().await.map_err(|error| not_moved(unwritten(&error)))?;
        let balance = self.prepaid(&buyer, currency).await?;
        Ok(Moved { balance, at, replayed: false })
    }

    async fn verify_ledger(&self) -> Result<LedgerReport, Unavailable> {
        let operator = self.store.as_operator();
        let report = operator.verify_ledger(&self.ledger_key).await.map_err(|error| {
            tracing::error!(error = %error_chain(&error), "the ledger cannot be read");
            Unavailable
        })?;
        let fault = report.fault.map(|fault| LedgerFault { entry: fault.entry(), what: fault.name().into() });
        let (entries, checkpoints) = (report.entries, report.checkpoints);
        Ok(LedgerReport { entries, checkpoints, digest: report.hash, fault })
    }
}

impl ControlBackend {
    /// Says why a movement cannot be.
    async fn may_move(&self, movement: &Movement) -> Result<(), MoveError> {
        let current = self.shared.current();
        let snapshot = &current.snapshot;
        let index = snapshot.buyer_named(&movement.buyer).ok_or(MoveError::NotFound)?;
        let buyer = snapshot.buyer(index).ok_or(MoveError::NotFound)?;
        if !buyer.prepaid {
            return Err(MoveError::NotPrepaid);
        }
        let in_currency = |vertical| {
            snapshot.vertical(vertical).is_some_and(|vertical| vertical.currency == movement.currency)
        };
        let mut own = (0..)
            .map(CampaignIndex)
            .zip(&snapshot.campaigns)
            .filter(|(_, campaign)| campaign.buyer == index && in_currency(campaign.vertical));
        let Some((campaign, _)) = own.next() else { return Err(MoveError::Currency) };
        if movement.amount.is_positive() {
            return Ok(());
        }
        // Beyond what is booked, posts and offers under way hold a part of it.
        let booked = self.prepaid(&movement.buyer, movement.currency).await?;
        let free = current.caps.balance(campaign).unwrap_or(booked).min(booked);
        let after = free.checked_add(movement.amount).ok_or(MoveError::Insufficient)?;
        if after < Amount::ZERO { Err(MoveError::Insufficient) } else { Ok(()) }
    }

    /// Returns what a buyer has paid in advance and not used up, as it is booked.
    async fn prepaid(&self, buyer: &str, currency: Currency) -> Result<Amount, MoveError> {
        let all =
            self.store.as_buyer(buyer).balances().await.map_err(|error| not_moved(unreadable(&error)))?;
        let account = format!("buyer:{buyer} prepaid");
        let own = all.iter().find(|balance| *balance.account == *account && balance.currency == currency);
        // What a buyer has in advance is what the exchange owes it: below zero.
        let micros = own.map_or(0, |balance| balance.micros.saturating_neg());
        let micros = i64::try_from(micros).map_err(|_| {
            tracing::error!(buyer, "a balance is beyond what can be written");
            MoveError::Unavailable
        })?;
        Ok(Amount::from_micros(micros))
    }

    async fn find_movement(&self, id: u128) -> Result<Option<BalanceChange>, MoveError> {
        let found = self.store.as_operator().balance_change(id).await;
        found.map_err(|error| not_moved(unreadable(&error)))
    }
}

/// Whose accounts are read.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    Everybody,
    /// `buyer:NAME` or `seller:NAME`.
    Partner(String),
    /// A seller and a buyer were asked for: no account is both's.
    Nobody,
}

impl Owner {
    /// Returns the caller itself, or for an operator whom it asks for.
    fn of(scope: &Scope, filter: &Filter) -> Self {
        if !scope.is_everything() {
            return Self::Partner(scope.owner().into_string());
        }
        match (&filter.seller, &filter.buyer) {
            (None, None) => Self::Everybody,
            (Some(seller), None) => Self::Partner(format!("seller:{seller}")),
            (None, Some(buyer)) => Self::Partner(format!("buyer:{buyer}")),
            (Some(_), Some(_)) => Self::Nobody,
        }
    }

    fn has(&self, account: &str) -> bool {
        match self {
            Self::Everybody => true,
            // A name ends at the blank before the account's kind: no name is the beginning of another's account.
            Self::Partner(owner) => account.strip_prefix(&**owner).is_some_and(|kind| kind.starts_with(' ')),
            Self::Nobody => false,
        }
    }
}

fn entry_of(entry: EntryView) -> LedgerEntry {
    let charge = entry.kind == EntryKind::Charge;
    LedgerEntry {
        number: entry.number,
        transfer: entry.transaction,
        at: entry.at,
        kind: kind_name(&entry).into(),
        account: entry.account,
        currency: entry.currency,
        amount: entry.amount,
        sale: entry.sale_id,
        lead: entry.auction.map(LeadId),
        intent: charge.then_some(entry.intent_sequence),
        evidence: entry.evidence,
        reference: entry.reference,
        digest: entry.hash,
    }
}

fn not_moved(Unavailable: Unavailable) -> MoveError {
    MoveError::Unavailable
}

/// Returns what happened, in the listener's word for it.
fn kind_name(entry: &EntryView) -> &'static str {
    // Money that came in stands above zero in the exchange's cash, and below in what the buyer has in advance.
    let came_in = entry.amount.is_positive() == (&*entry.account == CASH);
    match entry.kind {
        EntryKind::Charge => "accepted",
        EntryKind::Settlement => "settled",
        EntryKind::Return => "returned",
        EntryKind::Reversal => "reversed",
        EntryKind::Adjustment => "adjusted",
        EntryKind::Deposit if came_in => "deposit",
        EntryKind::Deposit => "withdrawal",
    }
}

fn balance_of(balance: BalanceView) -> Balance {
    Balance { account: balance.account, currency: balance.currency, micros: balance.micros }
}

#[cfg(test)]
mod tests {
    use exchange_control::{Principal, Role};
    use exchange_wire::KeyMode;

    use super::*;

    #[test]
    fn a_partner_reads_its_own_accounts_whatever_it_asks_for() {
        let scope = |role, name: &str| Scope::of(&Principal { role, name: name.into(), mode: KeyMode::Live });
        let asks = |seller: Option<&str>, buyer: Option<&str>| Filter {
            seller: seller.map(Into::into),
            buyer: buyer.map(Into::into),
            ..Filter::default()
        };
        let partner = |owner: &str| Owner::Partner(owner.to_owned());
        let (both, ada) = (asks(Some("acme"), Some("south")), scope(Role::Operator, "ada"));
        assert_eq!(Owner::of(&scope(Role::Buyer, "north"), &both), partner("buyer:north"));
        assert_eq!(Owner::of(&scope(Role::Seller, "best"), &both), partner("seller:best"));
        assert_eq!(Owner::of(&ada, &both), Owner::Nobody);
        assert_eq!(Owner::of(&ada, &asks(None, Some("south"))), partner("buyer:south"));
        assert_eq!(Owner::of(&ada, &asks(Some("acme"), None)), partner("seller:acme"));
        assert_eq!(Owner::of(&ada, &asks(None, None)), Owner::Everybody);
    }

    #[test]
    fn no_name_is_the_beginning_of_anothers_account() {
        let own = Owner::Partner("buyer:north".to_owned());
        assert!(own.has("buyer:north prepaid"));
        for other in ["buyer:north-west prepaid", "seller:north pending", "buyer:north", CASH] {
            assert!(!own.has(other), "{other}");
        }
    }
}
