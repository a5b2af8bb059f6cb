//! `exchange auction`: the account of an auction, and the same auction once more.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::control_client::{Control, escaped};
use super::{Ending, Terminal};

#[derive(Debug, Subcommand)]
pub(super) enum AuctionCommand {
    /// Shows the whole account of an auction: who was asked, what was bid, why who won
    Show {
        /// The auction; the id of its lead or ping does as well
        id: String,
        #[command(flatten)]
        control: Control,
    },
    /// Runs the recorded inputs of an auction through today's rules, with changes or without
    Replay(Replay),
}

/// A replay.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The auction; the id of its lead or ping does as well
    id: String,
    /// Another floor of the seller
    #[arg(long, value_name = "AMOUNT")]
    floor: Option<String>,
    /// Another bid of a campaign of the auction
    #[arg(long, value_name = "CAMPAIGN=AMOUNT", value_parser = read_bid)]
    bid: Vec<Bid>,
    /// A campaign that is left out
    #[arg(long, value_name = "CAMPAIGN")]
    without: Vec<String>,
    /// A campaign that joins the auction
    #[arg(long, value_name = "CAMPAIGN=AMOUNT", value_parser = read_bid)]
    with: Vec<Bid>,
    #[command(flatten)]
    control: Control,
}

/// What a campaign bids.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bid {
    campaign: String,
    amount: String,
}

pub(super) fn run(command: &AuctionCommand, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let path = |id: &str| format!("/v1/auctions/{}", escaped(id));
    match command {
        AuctionCommand::Show { id, control } => control.get(&path(id))?.show(terminal),
        AuctionCommand::Replay(replay) => {
            let path = format!("{}/replay", path(&replay.id));
            replay.control.post(&path, &replay.body())?.show(terminal)
        }
    }
}

impl Replay {
    fn body(&self) -> Value {
        let bids = |bids: &[Bid]| -> Vec<Value> {
            bids.iter().map(|bid| json!({ "campaign": bid.campaign, "bid": bid.amount })).collect()
        };
        let mut changes = Map::new();
        if let Some(floor) = &self.floor {
            changes.insert("floor".to_owned(), json!(floor));
        }
        changes.insert("bids".to_owned(), json!(bids(&self.bid)));
        changes.insert("without".to_owned(), json!(self.without));
        changes.insert("with".to_owned(), json!(bids(&self.with)));
        json!({ "changes": changes })
    }
}

fn read_bid(text: &str) -> anyhow::Result<Bid> {
    let (campaign, amount) =
        text.split_once('=').context("write CAMPAIGN=AMOUNT, such as north-solar=31.50")?;
    Ok(Bid { campaign: campaign.to_owned(), amount: amount.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bid_is_a_campaign_and_an_amount() {
        let bid = Bid { campaign: "north".to_owned(), amount: "31.50".to_owned() };
        assert_eq!(read_bid("north=31.50").expect("a bid"), bid);
        read_bid("north").expect_err("no amount");
    }
}
