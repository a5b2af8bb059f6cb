//! Compares what the exchange says of its auctions with the buyers' own log.
//!
//! The log is written by `bidder-sim`, which knows nothing of the exchange but what it is sent. A ping or post
//! belongs to the auction whose admission time it bears: the demo sells one lead after the other.

use std::fmt;

use anyhow::Context as _;
use serde_json::Value;

use super::account::{Account, Asked, Bid, Considered, Post};

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Pings that both tell of in the same way.
    pub(crate) pings: usize,
    /// Posts that both tell of in the same way.
    pub(crate) posts: usize,
}

/// A ping or post in the log.
#[derive(Debug)]
struct Entry {
    kind: String,
    created_at: String,
    campaign: String,
    outcome: String,
    taken: bool,
    price: String,
    /// What was answered, where that is JSON.
    answer: Value,
}

/// Compares every auction with the log, both ways: each ping and post that one of them tells of must stand in
/// the other, with the same bid, price and outcome.
///
/// # Errors
///
/// One line for each difference.
pub(crate) fn compare(accounts: &[Account], log: &str) -> Result<Agreement, Vec<String>> {
    let entries: Result<Vec<_>, _> = log.lines().map(Entry::read).collect();
    // The last line may still be on its way to the file.
    let mut entries = entries.map_err(|error| vec![format!("the log cannot be read yet: {error:#}")])?;
    let mut agreement = Agreement::default();
    let mut differences = Vec::new();
    for account in accounts {
        let mut differ = |campaign: &str, what: String| {
            differences.push(format!("{}: {campaign}: {what}", account.auction));
        };
        for campaign in account.campaigns.iter().filter(|it| it.asked() == Asked::Ping) {
            match take(&mut entries, "ping", account, &campaign.campaign) {
                Some(entry) if entry.agrees_on_bid(campaign) => agreement.pings += 1,
                Some(entry) => differ(&campaign.campaign, format!("the ping ended otherwise: {entry}")),
                // Its ping may not have arrived.
                None if matches!(campaign.reason.as_str(), "timeout" | "connect_failed") => {}
                None => differ(&campaign.campaign, "it was never pinged".to_owned()),
            }
        }
        for post in account.posts.iter().filter(|it| it.was_sent) {
            match take(&mut entries, "post", account, &post.campaign) {
                Some(entry) if entry.agrees_on_sale(post) => agreement.posts += 1,
                Some(entry) => differ(&post.campaign, format!("the post ended otherwise: {entry}")),
                None => differ(&post.campaign, "it never got the post".to_owned()),
            }
        }
    }
    differences.extend(entries.iter().map(|entry| format!("the exchange does not tell of this: {entry}")));
    if differences.is_empty() { Ok(agreement) } else { Err(differences) }
}

/// Takes the entry of this kind out of the list.
fn take(entries: &mut Vec<Entry>, kind: &str, account: &Account, campaign: &str) -> Option<Entry> {
    let is_it = |entry: &Entry| {
        entry.kind == kind && entry.created_at == account.admitted_at && entry.campaign == campaign
    };
    let position = entries.iter().position(is_it)?;
    Some(entries.remove(position))
}

impl Entry {
    fn read(line: &str) -> anyhow::Result<Self> {
        let line: Value = serde_json::from_str(line)?;
        let text = |value: &Value, key| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let nested = |value: Option<&Value>| {
            let text = value.and_then(|it| it.get("body")).and_then(Value::as_str).unwrap_or_default();
            serde_json::from_str::<Value>(text).unwrap_or_default()
        };
        Ok(Self {
            kind: text(&line, "kind").context("no `kind`")?,
            created_at: text(&nested(Some(&line)), "created_at").unwrap_or_default(),
            campaign: text(&line, "campaign_id").unwrap_or_default(),
            outcome: text(&line, "outcome").unwrap_or_default(),
            taken: line.get("taken") == Some(&Value::Bool(true)),
            price: text(&line, "price").unwrap_or_default(),
            answer: nested(line.get("answer")),
        })
    }

    /// Returns the bids of a well-formed reply to a ping.
    fn bids(&self) -> Vec<Bid> {
        let one = std::slice::from_ref(&self.answer);
        let bids = self.answer.get("bids").and_then(Value::as_array).map_or(one, Vec::as_slice);
        bids.iter().filter_map(|bid| Bid::read(bid).ok()).map(comparable).collect()
    }

    fn agrees_on_bid(&self, campaign: &Considered) -> bool {
        match campaign.reason.as_str() {
            "no_bid" => self.outcome == "no_bid",
            // Whatever the buyer said, it came too late.
            "timeout" | "connect_failed" => true,
            "bad_reply" | "bad_price" => self.outcome != "bid",
            _ => self.bids() == campaign.bids.iter().cloned().map(comparable).collect::<Vec<_>>(),
        }
    }

    fn agrees_on_sale(&self, post: &Post) -> bool {
        let answered = self.answer.get("price").and_then(Value::as_str).unwrap_or(&self.price);
        let same_price = [self.price.as_str(), answered].map(plain).contains(&plain(&post.price));
        let same_end = match (post.outcome.as_str(), post.reason.as_deref()) {
            ("accepted", _) => self.taken,
            ("failed", Some("post_rejected")) => self.outcome == "rejected",
            ("failed", Some("post_duplicate")) => self.outcome == "duplicate",
            ("failed", _) => !self.taken,
            // An unknown outcome is one that only the buyer knows.
            _ => true,
        };
        same_price && same_end
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, created_at, campaign, outcome, price, answer, .. } = self;
        write!(f, "{kind} of {created_at} to {campaign} {price}: {outcome}, answered {answer}")
    }
}

fn comparable(bid: Bid) -> Bid {
    Bid { price: plain(&bid.price).to_owned(), ..bid }
}

/// Returns a decimal text without the zeros at its end: `31.50` and `31.5` are one price.
fn plain(price: &str) -> &str {
    if price.contains('.') { price.trim_end_matches('0').trim_end_matches('.') } else { price }
}

#[cfg(test)]
mod tests;
