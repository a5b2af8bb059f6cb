//! `exchange ledger`: the ledger of an exchange that does not run, brought to the end of its journal first.

use clap::Subcommand;
use exchange_protocol::SaleKeys;
use exchange_store::ledger::{EntryKind, EntryView};
use exchange_store::{LedgerFilter, Page, SaleRef, SaleView};
use exchange_types::{Amount, LeadId};
use serde_json::{Map, Value, json};

use super::stopped::{Opened, Stopped, Take};
use super::{Ending, Terminal};

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Recomputes the chain, the signatures, the sums, and what each charge rests on
    Verify,
    /// Writes every transaction as JSON, one a line, oldest first
    Export,
    /// Shows what is in the accounts
    Balances,
}

pub(super) async fn run(
    command: &LedgerCommand,
    stopped: &Stopped,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let Some(opened) = stopped.open(Take::New, terminal).await? else { return Ok(Ending::BadConfiguration) };
    let ended = match command {
        LedgerCommand::Verify => verify(&opened, terminal).await?,
        LedgerCommand::Export => export(&opened, terminal).await?,
        LedgerCommand::Balances => balances(&opened, terminal).await?,
    };
    opened.store.close().await;
    Ok(ended)
}

async fn verify(opened: &Opened, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let report = opened.store.as_operator().verify_ledger(&opened.ledger_key).await?;
    let (entries, checkpoints) = (report.entries, report.checkpoints);
    if let Some(fault) = report.fault {
        terminal.complain(format_args!("wrong: {fault}; good up to entry {entries}"));
        return Ok(Ending::Refused);
    }
    terminal.say(format_args!("good: {entries} entries, {checkpoints} signed checkpoints"));
    Ok(Ending::Done)
}

async fn balances(opened: &Opened, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    for balance in opened.store.as_operator().balances().await? {
        let Ok(micros) = i64::try_from(balance.micros) else {
            anyhow::bail!("what is in `{}` is beyond what can be written", balance.account);
        };
        let amount = Amount::from_micros(micros).display(balance.currency).to_string();
        terminal.say(format_args!("{:<48} {amount:>16} {}", balance.account, balance.currency));
    }
    Ok(Ending::Done)
}

/// Writes one line a transaction: its entries stand one after another.
async fn export(opened: &Opened, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let operator = opened.store.as_operator();
    let mut page = Page::default();
    let mut transaction: Vec<EntryView> = Vec::new();
    loop {
        let listed = operator.ledger(&LedgerFilter::default(), &page).await?;
        for entry in listed.items {
            if transaction.first().is_some_and(|first| first.transaction != entry.transaction) {
                write(opened, &transaction, terminal).await?;
                transaction.clear();
            }
            transaction.push(entry);
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    write(opened, &transaction, terminal).await?;
    Ok(Ending::Done)
}

async fn write(opened: &Opened, entries: &[EntryView], terminal: &mut Terminal<'_>) -> anyhow::Result<()> {
    let Some(first) = entries.first() else { return Ok(()) };
    let sale = match first.auction {
        Some(auction) => {
            let post = opened.keys.post(auction, first.candidate);
            opened.store.as_operator().sale(SaleRef::Post(post)).await?
        }
        None => None,
    };
    terminal.say(format_args!("{}", line(first, entries, (&opened.keys, sale.as_ref()))));
    Ok(())
}

/// Returns a transaction as one object.
fn line(first: &EntryView, entries: &[EntryView], (keys, sale): (&SaleKeys, Option<&SaleView>)) -> Value {
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| drop(line.insert(key.to_owned(), value));
    put("entry", json!(first.transaction));
    put("sequence", json!(first.sequence));
    put("kind", json!(kind_name(first.kind)));
    put("currency", json!(first.currency.code()));
    put("evidence", json!(crate::hex::encode(&first.evidence)));
    put("at_us", json!(first.at.0));
    if let Some(auction) = first.auction {
        put("lead_id", json!(LeadId(auction).to_string()));
        put("post_id", json!(keys.post(auction, first.candidate).to_string()));
        put("sale_id", json!(keys.sale(auction, first.candidate).to_string()));
        put("intent", json!(first.intent_sequence));
    }
    if let Some(sale) = sale {
        put("campaign", json!(sale.campaign));
        put("buyer", json!(sale.buyer));
        put("seller", json!(sale.seller));
    }
    if !matches!(first.kind, EntryKind::Settlement | EntryKind::Deposit) {
        // What a buyer owes is above zero, what a seller is owed below.
        put("price_micros", json!(sum_of(entries, "buyer:")));
        put("payout_micros", json!(sum_of(entries, "seller:").saturating_neg()));
    }
    let leg = |entry: &EntryView| json!({ "account": entry.account, "amount_micros": entry.amount.micros() });
    put("legs", entries.iter().map(leg).collect());
    Value::Object(line)
}

/// Returns what stands in the accounts of a kind of partner: one entry, or none where it is nothing.
fn sum_of(entries: &[EntryView], partner: &str) -> i64 {
    let own = entries.iter().filter(|entry| entry.account.starts_with(partner));
    own.fold(0, |sum: i64, entry| sum.saturating_add(entry.amount.micros()))
}

/// Returns what happened, in the word for it in sales and events.
fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Charge => "charge",
        EntryKind::Settlement => "settled",
        EntryKind::Return => "returned",
        EntryKind::Reversal => "reversed",
        EntryKind::Adjustment => "adjusted",
        EntryKind::Deposit => "deposit",
    }
}
