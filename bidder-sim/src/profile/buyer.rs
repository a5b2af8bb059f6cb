//! [`BuyerProfile`]: one buyer of a profile file, as it is written there.

use std::net::SocketAddr;

use exchange_types::{Amount, Rate};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::price::{Decimal, Price};
use crate::{Fault, HumanDuration, Latency, SigningKey};

/// One buyer. Everything but the name has a default: a buyer of 10.00 that takes every lead at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyerProfile {
    /// The path prefix: pings go to `/NAME/ping`, posts to `/NAME/post`.
    pub name: Spanned<BuyerName>,
    /// How often it bids at all; always by default.
    #[serde(default = "always")]
    pub bid_probability: Percentage,
    /// What it bids; 10.00 by default.
    #[serde(default = "ten")]
    pub price: Price,
    /// Entries of its replies, each a share of the price; without any the reply has the short form.
    #[serde(default)]
    pub entries: Vec<EntryRule>,
    /// Whether a short reply says `"exclusive": true`.
    #[serde(default)]
    pub exclusive: bool,
    /// The currency that replies name; none by default.
    #[serde(default)]
    pub currency: Option<String>,
    /// Whether each bid has an id of its own.
    #[serde(default)]
    pub bid_ids: bool,
    /// How long its bids hold, if it says so.
    #[serde(default)]
    pub expires_in: Option<HumanDuration>,
    /// The companies that its bids name.
    #[serde(default)]
    pub sellers: Vec<SellerName>,
    /// How it declines.
    #[serde(default)]
    pub no_bid: NoBidForm,
    /// How long it takes to answer a ping; nothing by default.
    #[serde(default)]
    pub latency: Latency,
    /// How long it takes to answer a post; as a ping by default.
    #[serde(default)]
    pub post_latency: Option<Latency>,
    /// The secret with which its messages are signed, `whsec_` and base64; signatures are checked if it
    /// is given, and only noted: a bad one is answered as a good one.
    #[serde(default)]
    pub secret: Option<SigningKey>,
    /// What becomes of its pings, by weight; a good answer by default.
    #[serde(default)]
    pub ping: Rules<PingRule>,
    /// What becomes of its posts, by weight; accepted by default.
    #[serde(default)]
    pub post: Rules<PostRule>,
    /// A listener of its own, for faults that come before a request can be read.
    #[serde(default)]
    pub listener: Option<OwnListener>,
    /// How long after a post it reports by itself what became of it, where the process was told whom to
    /// report to; never by default.
    #[serde(default)]
    pub report_after: Option<HumanDuration>,
}

/// A name that can stand in a path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BuyerName(String);

/// A percentage, `80%`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Percentage(pub Rate);

/// One entry of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryRule {
    /// The most companies for which the entry holds; any number without it.
    #[serde(default)]
    pub max_buyers: Option<u16>,
    /// The share of the price that it bids; all by default.
    #[serde(default = "always")]
    pub share: Percentage,
}

/// A company as a person must see it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SellerName {
    /// Its legal name.
    pub name: String,
    /// Its site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How a buyer declines a ping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoBidForm {
    /// A 204.
    #[default]
    NoContent,
    /// A 200 with a bid of zero.
    Zero,
}

/// What may become of a ping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PingRule {
    /// How often, beside the other rules; one by default.
    #[serde(default)]
    pub weight: Weight,
    /// What is wrong with the answer.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// The status of the answer.
    #[serde(default)]
    pub status: Option<Status>,
    /// How long it takes, in place of the buyer's `latency`.
    #[serde(default)]
    pub latency: Option<Latency>,
}

/// What may become of a post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostRule {
    /// How often, beside the other rules; one by default.
    #[serde(default)]
    pub weight: Weight,
    /// What the buyer decides, and so whether it has taken the lead, whatever comes of the answer.
    /// Accepted by default; rejected where a `status` is given.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// The status of the answer; 200 by default.
    #[serde(default)]
    pub status: Option<Status>,
    /// The reason in the reply.
    #[serde(default)]
    pub reason: Option<String>,
    /// A price in the reply, as a share of the one in the post: `90%` lowers it by a tenth.
    #[serde(default)]
    pub price: Option<Percentage>,
    /// Where the person is to be sent.
    #[serde(default)]
    pub redirect_url: Option<String>,
    /// What is wrong with the answer.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// Whether a repeat of the post meets the fault again, or a status that leaves it open who has the lead;
    /// by default it gets the plain answer.
    #[serde(default)]
    pub fault_repeats: bool,
    /// How long it takes, in place of the buyer's `post_latency`.
    #[serde(default)]
    pub latency: Option<Latency>,
}

/// What a buyer decides about a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It takes the lead.
    Accepted,
    /// It does not want the lead.
    Rejected,
    /// It has the person already.
    Duplicate,
}

/// A listener of one buyer alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, tag = "behaviour", rename_all = "snake_case")]
pub enum OwnListener {
    /// A reserved port on which nobody listens: connections are refused.
    Refuse {
        /// The address; port 0 takes a free one.
        address: SocketAddr,
    },
    /// Connections are accepted and never read: a handshake that stalls.
    Stall {
        /// The address; port 0 takes a free one.
        address: SocketAddr,
    },
    /// Connections are accepted and reset.
    Reset {
        /// The address; port 0 takes a free one.
        address: SocketAddr,
    },
    /// Connections are served as on the common listener.
    Serve {
        /// The address; port 0 takes a free one.
        address: SocketAddr,
    },
}

/// How often a rule applies, beside the others; more than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Weight(u32);

/// A final HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Status(pub u16);

/// One rule or more.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<R>", bound = "R: Deserialize<'de>")]
pub struct Rules<R>(Vec<R>);

impl Answer {
    /// Returns the name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }
}

impl PostRule {
    /// Returns what the buyer decides.
    pub fn decision(&self) -> Answer {
        let otherwise = if self.status.is_some() { Answer::Rejected } else { Answer::Accepted };
        self.answer.unwrap_or(otherwise)
    }
}

impl Status {
    /// Returns whether a post that is answered so may have been taken or not; a 503 says that it was not.
    pub fn is_unclear(self) -> bool {
        self.0 != 503 && matches!(self.0, 300..400 | 408 | 500..)
    }
}

impl BuyerName {
    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Weight {
    /// Returns the number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<R> Rules<R> {
    /// Returns the rules, in the order of the file.
    pub fn as_slice(&self) -> &[R] {
        &self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1)
    }
}

impl<R: Default> Default for Rules<R> {
    fn default() -> Self {
        Self(vec![R::default()])
    }
}

impl TryFrom<String> for BuyerName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err("a buyer's name is made of lower-case letters, digits and hyphens");
        }
        Ok(Self(name))
    }
}

impl TryFrom<String> for Percentage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Rate::parse(&text).map(Self).map_err(|error| format!("`{text}`: {error}"))
    }
}

impl TryFrom<u32> for Weight {
    type Error = &'static str;

    fn try_from(weight: u32) -> Result<Self, Self::Error> {
        if weight == 0 { Err("a rule needs a weight of more than zero") } else { Ok(Self(weight)) }
    }
}

impl TryFrom<u16> for Status {
    type Error = &'static str;

    fn try_from(status: u16) -> Result<Self, Self::Error> {
        if (200..600).contains(&status) { Ok(Self(status)) } else { Err("a status lies between 200 and 599") }
    }
}

impl<R> TryFrom<Vec<R>> for Rules<R> {
    type Error = &'static str;

    fn try_from(rules: Vec<R>) -> Result<Self, Self::Error> {
        if rules.is_empty() { Err("an empty list of rules; leave the key out") } else { Ok(Self(rules)) }
    }
}

fn always() -> Percentage {
    Percentage(Rate::ONE)
}

fn ten() -> Price {
    Price::Fixed(Decimal(Amount::from_micros(10 * Amount::MICROS_PER_UNIT)))
}
