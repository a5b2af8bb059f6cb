//! [`Account`]: the account of an auction, as `GET /v1/auctions/{id}` tells it.

use anyhow::Context as _;
use serde_json::Value;

/// What the exchange says of an auction.
#[derive(Debug)]
pub(crate) struct Account {
    /// Its id.
    pub(crate) auction: String,
    /// When the lead was admitted. Every ping and post of the auction bears this time.
    pub(crate) admitted_at: String,
    /// The currency of every amount in it.
    pub(crate) currency: String,
    /// How it ended, and why.
    pub(crate) status: String,
    /// Every campaign of the vertical.
    pub(crate) campaigns: Vec<Considered>,
    /// Every post, in order.
    pub(crate) posts: Vec<Post>,
}

/// What came of one campaign.
#[derive(Debug)]
pub(crate) struct Considered {
    /// Its name.
    pub(crate) campaign: String,
    /// `bought`, `lost`, `left_out` or `open`.
    pub(crate) result: String,
    /// Why it did not buy; empty where it did.
    pub(crate) reason: String,
    /// The condition that left it out, or nothing.
    pub(crate) condition: Option<String>,
    /// What it bid.
    pub(crate) bids: Vec<Bid>,
    /// When its bid came, in microseconds since the admission.
    pub(crate) replied_us: Option<u64>,
    /// The least bid with which it would have won.
    pub(crate) minimum_to_win: Option<String>,
}

/// A price, and the most companies among which it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bid {
    /// The price, as a decimal text.
    pub(crate) price: String,
    /// A number, or `all`.
    pub(crate) max_buyers: String,
}

/// A post.
#[derive(Debug)]
pub(crate) struct Post {
    /// To whom.
    pub(crate) campaign: String,
    /// What the buyer pays.
    pub(crate) price: String,
    /// What the seller earns by it; nothing where it was not accepted.
    pub(crate) payout: Option<String>,
    /// What the exchange keeps of it; nothing where it was not accepted.
    pub(crate) margin: Option<String>,
    /// `accepted`, `failed`, `unknown` or `in_flight`.
    pub(crate) outcome: String,
    /// Why it failed, or nothing.
    pub(crate) reason: Option<String>,
    /// Whether it left the exchange.
    pub(crate) was_sent: bool,
}

/// How a campaign was asked for a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It was pinged.
    Ping,
    /// It has a standing price.
    StandingPrice,
    /// It was not considered.
    No,
}

impl Account {
    /// Reads what the control listener answered.
    ///
    /// # Errors
    ///
    /// Names what is missing.
    pub(crate) fn read(body: &Value) -> anyhow::Result<Self> {
        let campaigns = body.get("campaigns").and_then(Value::as_array).context("no `campaigns`")?;
        let posts = body.get("posts").and_then(Value::as_array).context("no `posts`")?;
        let status = text(body, "status")?;
        Ok(Self {
            auction: text(body, "auction_id")?,
            admitted_at: text(body, "admitted_at")?,
            currency: text(body, "currency")?,
            status: optional(body, "reason").map_or(status.clone(), |reason| format!("{status}, {reason}")),
            campaigns: campaigns.iter().map(Considered::read).collect::<Result<_, _>>()?,
            posts: posts.iter().map(Post::read).collect::<Result<_, _>>()?,
        })
    }
}

impl Considered {
    fn read(body: &Value) -> anyhow::Result<Self> {
        let bids = body.get("bids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            campaign: text(body, "campaign")?,
            result: text(body, "result")?,
            reason: optional(body, "reason").unwrap_or_default(),
            condition: optional(body, "condition"),
            bids: bids.iter().map(Bid::read).collect::<Result<_, _>>()?,
            replied_us: body.get("replied_us").and_then(Value::as_u64),
            minimum_to_win: optional(body, "minimum_to_win"),
        })
    }

    /// Returns how it was asked. A campaign whose bid came later than the admission was pinged; so was one
    /// whose reason speaks of the answer to a ping.
    pub(crate) fn asked(&self) -> Asked {
        const OF_PINGS: [&str; 5] = ["no_bid", "timeout", "connect_failed", "bad_reply", "bad_price"];
        if self.replied_us.is_some() || OF_PINGS.contains(&self.reason.as_str()) {
            Asked::Ping
        } else if self.bids.is_empty() {
            Asked::No
        } else {
            Asked::StandingPrice
        }
    }
}

impl Bid {
    /// Reads one entry of a bid, in the words of the account or of a buyer's reply.
    ///
    /// # Errors
    ///
    /// Fails if it has no price.
    pub(crate) fn read(body: &Value) -> anyhow::Result<Self> {
        let price = body.get("bid").context("no `bid`")?;
        let exclusive = body.get("exclusive") == Some(&Value::Bool(true));
        let all = if exclusive { "1" } else { "all" };
        Ok(Self { price: shown(price), max_buyers: body.get("max_buyers").map_or(all.to_owned(), shown) })
    }
}

impl Post {
    fn read(body: &Value) -> anyhow::Result<Self> {
        Ok(Self {
            campaign: text(body, "campaign")?,
            price: text(body, "price")?,
            payout: optional(body, "payout"),
            margin: optional(body, "margin"),
            outcome: text(body, "outcome")?,
            reason: optional(body, "reason"),
            was_sent: body.get("sent_us").is_some(),
        })
    }
}

fn text(body: &Value, key: &str) -> anyhow::Result<String> {
    optional(body, key).with_context(|| format!("no `{key}`"))
}

fn optional(body: &Value, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Returns a text as it is and a number by its digits.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_is_read() {
        let account = Account::read(&json!({
            "auction_id": "auc_1", "admitted_at": "2026-11-21T03:10:34.340Z", "currency": "EUR",
            "status": "unsold", "reason": "no_bid", "payout": "0.00", "posts": [],
            "campaigns": [{ "campaign": "north", "result": "lost", "reason": "timeout" }],
        }));
        let account = account.expect("an account");
        assert_eq!(account.status, "unsold, no_bid");
        assert_eq!(account.campaigns.first().map(Considered::asked), Some(Asked::Ping));
        let error = Account::read(&json!({ "campaigns": [], "posts": [] })).expect_err("it is empty");
        assert_eq!(error.to_string(), "no `status`");
    }

    #[test]
    fn how_a_campaign_was_asked_follows_from_its_answer() {
        let check = |body: Value, expected| {
            assert_eq!(Considered::read(&body).expect("a campaign").asked(), expected, "{body}");
        };
        let bid = json!([{ "bid": "8.00", "max_buyers": "all" }]);
        let lost = |rest: Value| {
            let mut body = json!({ "campaign": "a", "result": "lost", "reason": "outbid" });
            let rest = rest.as_object().cloned().unwrap_or_default();
            body.as_object_mut().expect("an object").extend(rest);
            body
        };
        check(lost(json!({ "bids": bid, "replied_us": 20_000 })), Asked::Ping);
        check(lost(json!({ "bids": bid })), Asked::StandingPrice);
        check(lost(json!({ "reason": "bad_reply" })), Asked::Ping);
        check(lost(json!({ "result": "left_out", "reason": "filtered" })), Asked::No);
    }

    #[test]
    fn bids_are_read_in_both_forms() {
        let check = |body: Value, price: &str, max_buyers: &str| {
            let expected = Bid { price: price.to_owned(), max_buyers: max_buyers.to_owned() };
            assert_eq!(Bid::read(&body).expect("a bid"), expected);
        };
        check(json!({ "bid": "31.50", "max_buyers": 3 }), "31.50", "3");
        check(json!({ "bid": 31, "max_buyers": "all" }), "31", "all");
        check(json!({ "bid": "31.50", "exclusive": true }), "31.50", "1");
    }
}
