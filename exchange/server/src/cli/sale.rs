//! `exchange sale`: a sale, and what happens to it afterwards.

use clap::Subcommand;
use serde_json::json;

use super::control_client::{Control, escaped};
use super::{Ending, Terminal};

#[derive(Debug, Subcommand)]
pub(super) enum SaleCommand {
    /// Shows a sale
    Show {
        /// The sale
        sale: String,
        #[command(flatten)]
        control: Control,
    },
    /// Takes a lead back from its buyer, under the terms of its campaign
    Return {
        /// The sale
        sale: String,
        /// Why: `bad_contact`, `wrong_vertical`, `out_of_area`, `duplicate`, `no_consent`, `fraud`, `test` or `other`
        #[arg(long)]
        reason: String,
        /// What else there is to say
        #[arg(long)]
        note: Option<String>,
        #[command(flatten)]
        control: Control,
    },
    /// Corrects what is paid for a sale; both amounts are the new ones, in full
    Adjust {
        /// The sale
        sale: String,
        /// What the buyer pays from now on
        #[arg(long)]
        price: String,
        /// What the seller earns from now on
        #[arg(long)]
        payout: String,
        /// Why; it goes into the record
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        control: Control,
    },
    /// Takes a sale back altogether, whatever its campaign says of returns
    Reverse {
        /// The sale
        sale: String,
        /// Why; it goes into the record
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        control: Control,
    },
}

pub(super) fn run(command: &SaleCommand, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let path = |sale: &str, what: &str| format!("/v1/sales/{}{what}", escaped(sale));
    let reply = match command {
        SaleCommand::Show { sale, control } => control.get(&path(sale, ""))?,
        SaleCommand::Return { sale, reason, note, control } => {
            let body = match note {
                Some(note) => json!({ "reason": reason, "note": note }),
                None => json!({ "reason": reason }),
            };
            control.post(&path(sale, "/returns"), &body)?
        }
        SaleCommand::Adjust { sale, price, payout, reason, control } => {
            let body = json!({ "price": price, "payout": payout, "reason": reason });
            control.post(&path(sale, "/adjustments"), &body)?
        }
        SaleCommand::Reverse { sale, reason, control } => {
            control.post(&path(sale, "/reversals"), &json!({ "reason": reason }))?
        }
    };
    reply.show(terminal)
}
