//! The ledger of the two deals.

use exchange_control::{
    Balance, Books, Filter, LedgerEntry, LedgerFault, LedgerReport, ListError, Listed, MoveError, Moved,
    Movement, Page, Scope, Unavailable,
};
use exchange_types::Amount;

use super::deals::{AT, DEALS, amount, euro};
use super::{MadeUp, Seen};

/// Each account of the two deals with what stands in it.
fn accounts() -> Vec<(usize, String, Amount)> {
    let negative = |amount: Amount| Amount::from_micros(-amount.micros());
    let of = |(position, deal): (usize, &super::deals::Deal)| {
        [
            (position, format!("buyer:{} receivable", deal.buyer), amount(deal.price)),
            (position, format!("seller:{} pending", deal.seller), negative(amount(deal.payout))),
            (position, "exchange margin".to_owned(), negative(amount(deal.margin))),
        ]
    };
    DEALS.iter().enumerate().flat_map(of).collect()
}

impl Books for MadeUp {
    async fn balances(&self, _: &Scope, filter: Filter, page: Page) -> Result<Listed<Balance>, ListError> {
        self.note(Seen::Query(filter, page));
        self.answers()?;
        let body = |(_, account, amount): (usize, String, Amount)| Balance {
            account: account.into(),
            currency: euro(),
            micros: amount.micros().into(),
        };
        Ok(Listed { items: accounts().into_iter().map(body).collect(), next: None })
    }

    async fn ledger(&self, _: &Scope, filter: Filter, page: Page) -> Result<Listed<LedgerEntry>, ListError> {
        self.note(Seen::Query(filter, page));
        self.answers()?;
        let entry = |(number, (deal, account, amount)): (u64, (usize, String, Amount))| LedgerEntry {
            number,
            transfer: 900 + number / 3,
            at: AT,
            kind: "accepted".into(),
            account: account.into(),
            currency: euro(),
            amount,
            sale: Some(DEALS[deal].sale()),
            lead: Some(DEALS[deal].lead()),
            intent: Some(4_711),
            evidence: [0xab; 16],
            reference: "".into(),
            digest: [0xcd; 32],
        };
        Ok(Listed { items: (1..).zip(accounts()).map(entry).collect(), next: None })
    }

    async fn move_balance(&self, movement: Movement) -> Result<Moved, MoveError> {
        self.note(Seen::Movement(movement.clone()));
        self.answers().map_err(|_| MoveError::Unavailable)?;
        match self.fails.movement {
            Some(refused) => Err(refused),
            None => Ok(Moved { balance: amount("75"), at: AT, replayed: self.fails.replayed }),
        }
    }

    async fn verify_ledger(&self) -> Result<LedgerReport, Unavailable> {
        self.answers()?;
        let fault = LedgerFault { entry: 3, what: "chain_broken".into() };
        Ok(LedgerReport {
            entries: 6,
            checkpoints: 1,
            digest: [0xcd; 32],
            fault: self.fails.ledger_damaged.then_some(fault),
        })
    }
}
