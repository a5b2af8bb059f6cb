//! `exchange balance`: what is in the accounts, and money that buyers pay in advance.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::control_client::{Control, escaped, text_of};
use super::{Ending, Terminal};

#[derive(Debug, Subcommand)]
pub(super) enum BalanceCommand {
    /// Shows what is in the accounts
    List {
        /// Of this buyer only
        #[arg(long)]
        buyer: Option<String>,
        /// Of this seller only
        #[arg(long)]
        seller: Option<String>,
        #[command(flatten)]
        control: Control,
    },
    /// Notes money that came in for a prepaid buyer
    Deposit(Movement),
    /// Notes money that was paid back to a prepaid buyer
    Withdraw(Movement),
}

/// Money that comes into a prepaid balance or leaves it.
#[derive(Debug, Args)]
pub(super) struct Movement {
    /// The buyer
    buyer: String,
    /// How much, such as 500.00
    #[arg(long)]
    amount: String,
    /// In which currency
    #[arg(long)]
    currency: String,
    /// The invoice or bank statement that says so
    #[arg(long)]
    reference: String,
    /// Names the movement; the same one again changes nothing. Without it, the movement is named by what it says:
    /// buyer, direction, amount, currency and reference
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    control: Control,
}

pub(super) fn run(command: &BalanceCommand, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    match command {
        BalanceCommand::List { buyer, seller, control } => {
            let query = [("buyer", buyer.as_deref()), ("seller", seller.as_deref())];
            control.each("/v1/balances", &query, terminal, |item, terminal| {
                terminal.say(format_args!("{}", line(item)));
                Ok(())
            })
        }
        BalanceCommand::Deposit(movement) => movement.send("deposit", terminal),
        BalanceCommand::Withdraw(movement) => movement.send("withdrawal", terminal),
    }
}

impl Movement {
    fn send(&self, kind: &str, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
        let body = json!({
            "kind": kind,
            "amount": self.amount,
            "currency": self.currency,
            "reference": self.reference,
        });
        let key = self.idempotency_key.clone().unwrap_or_else(|| self.named_by_itself(kind));
        let path = format!("/v1/buyers/{}/balance", escaped(&self.buyer));
        self.control.post_once(&path, &key, &body)?.show(terminal)
    }

    /// Returns a key that is the same whenever the same movement is asked for: whoever sees no answer may ask again.
    fn named_by_itself(&self, kind: &str) -> String {
        let mut hash = Sha256::new();
        for part in [kind, &self.buyer, &self.amount, &self.currency, &self.reference] {
            hash.update(part);
            hash.update([0]);
        }
        crate::hex::encode(&hash.finalize())
    }
}

/// Returns the line of an account in a list.
fn line(item: &Value) -> String {
    let [account, balance, currency] = ["account", "balance", "currency"].map(|key| text_of(item, key));
    format!("{account:<48} {balance:>16} {currency}")
}
