//! What the demo shows of an auction: a table of campaigns, best first, and the posts.

use std::fmt::Write as _;

use super::account::{Account, Asked, Considered, Post};

const HEADINGS: [&str; 5] = ["campaign", "asked by", "bid", "after", "outcome"];

/// Returns the table, with an indent and a line break after each line.
pub(crate) fn table(account: &Account) -> String {
    let mut campaigns: Vec<&Considered> = account.campaigns.iter().collect();
    campaigns.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| best(b).total_cmp(&best(a))));
    let rows: Vec<_> = campaigns.iter().map(|it| row(it, account)).collect();
    let mut widths = HEADINGS.map(|it| it.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let headings = HEADINGS.map(str::to_owned);
    let mut text = String::new();
    for row in std::iter::once(&headings).chain(&rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  "));
        let line: String = cells.collect();
        text.push_str("   ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns one line for each post, in order.
pub(crate) fn posts(account: &Account) -> String {
    let mut text = String::new();
    for (post, number) in account.posts.iter().zip(1..) {
        let Post { campaign, price, .. } = post;
        let money = |amount: &Option<String>| match amount {
            Some(amount) => format!("{amount} {}", account.currency),
            None => "nothing".to_owned(),
        };
        let end = match post.outcome.as_str() {
            "accepted" => {
                let (payout, margin) = (money(&post.payout), money(&post.margin));
                format!("accepted; the seller earns {payout}, the exchange {margin}")
            }
            "unknown" => format!(
                "no answer came, so nobody else gets this lead until it is known whether {campaign} took it"
            ),
            other => post.reason.clone().unwrap_or_else(|| other.to_owned()),
        };
        // A text has room for every line.
        let _ = writeln!(text, "   post {number} to {campaign} for {price} {}: {end}", account.currency);
    }
    text
}

/// Returns where a campaign stands in the table: who bought, who bid, who was asked, who was not.
fn rank(considered: &Considered) -> u8 {
    match (considered.result.as_str(), considered.bids.is_empty(), considered.asked()) {
        ("bought", ..) => 0,
        (_, false, _) => 1,
        (_, true, Asked::Ping) => 2,
        _ => 3,
    }
}

/// Returns the first price of a bid, for the order on the screen alone.
fn best(considered: &Considered) -> f64 {
    considered.bids.first().and_then(|bid| bid.price.parse().ok()).unwrap_or_default()
}

fn row(considered: &Considered, account: &Account) -> [String; 5] {
    let asked = match considered.asked() {
        Asked::Ping => "ping",
        Asked::StandingPrice => "standing price",
        Asked::No => "-",
    };
    let bid = |bid: &super::account::Bid| match bid.max_buyers.as_str() {
        "1" | "all" => bid.price.clone(),
        shared => format!("{} shared by {shared}", bid.price),
    };
    let bids: Vec<String> = considered.bids.iter().map(bid).collect();
    let after = considered.replied_us.map(|it| format!("{} ms", it.div_ceil(1_000))).unwrap_or_default();
    let outcome = match considered.result.as_str() {
        "bought" => match account.posts.iter().rfind(|post| post.campaign == considered.campaign) {
            Some(post) => format!("BOUGHT for {} {}", post.price, account.currency),
            None => "BOUGHT".to_owned(),
        },
        _ => why(considered),
    };
    [considered.campaign.clone(), asked.to_owned(), bids.join(", "), after, outcome]
}

/// Returns why a campaign did not buy.
fn why(considered: &Considered) -> String {
    let mut text = considered.reason.clone();
    if let Some(condition) = &considered.condition {
        text = format!("{text}: {condition}");
    }
    if let Some(minimum) = &considered.minimum_to_win {
        text = format!("{text}, would have won with {minimum}");
    }
    if text.is_empty() { considered.result.clone() } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_buyer_comes_first_and_who_was_not_asked_last() {
        let account = Account::read(&json!({
            "auction_id": "auc_1", "admitted_at": "t", "currency": "EUR", "status": "sold", "payout": "24.00",
            "campaigns": [
                { "campaign": "a", "result": "left_out", "reason": "filtered", "condition": "filter: owner is true" },
                { "campaign": "b", "result": "lost", "reason": "no_bid", "replied_us": 1 },
                { "campaign": "c", "result": "lost", "reason": "outbid", "minimum_to_win": "30.00",
                  "bids": [{ "bid": "8.00", "max_buyers": 3 }] },
                { "campaign": "d", "result": "bought", "bids": [{ "bid": "30.00", "max_buyers": "all" }],
                  "replied_us": 12_001 },
            ],
            "posts": [
                { "campaign": "e", "price": "31.00", "outcome": "failed", "reason": "post_rejected" },
                { "campaign": "d", "price": "30.00", "payout": "24.00", "margin": "6.00", "outcome": "accepted" },
            ],
        }));
        let account = account.expect("an account");
        let expected = "
   campaign  asked by        bid               after  outcome
   d         ping            30.00             13 ms  BOUGHT for 30.00 EUR
   c         standing price  8.00 shared by 3         outbid, would have won with 30.00
   b         ping                              1 ms   no_bid
   a         -                                        filtered: filter: owner is true
";
        assert_eq!(format!("\n{}", table(&account)), expected);
        let expected = "
   post 1 to e for 31.00 EUR: post_rejected
   post 2 to d for 30.00 EUR: accepted; the seller earns 24.00 EUR, the exchange 6.00 EUR
";
        assert_eq!(format!("\n{}", posts(&account)), expected);
    }
}
