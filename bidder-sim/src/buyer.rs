//! [`Buyer`]: decides what to answer. Pure: no clock, no socket, no memory of earlier messages.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use exchange_types::{Amount, Currency};
use serde::Serialize;

use crate::fault::{Asked, Fault};
use crate::message::{PingMessage, PostMessage};
use crate::price::share_of;
use crate::profile::{Answer, BuyerProfile, NoBidForm, PingRule, PostRule, SeedBy, Status};
use crate::reply::{Manner, Reply};
use crate::{Draws, Latency};

/// What a late answer is late by.
const LATE_BY: Duration = Duration::from_millis(50);

/// One buyer with what of its answers is known beforehand.
#[derive(Debug)]
pub(crate) struct Buyer {
    profile: BuyerProfile,
    seed: u64,
    seed_by: SeedBy,
    /// What follows an entry's price in each reply.
    entry_tail: String,
    /// The answer to every ping, where chance has no part in it.
    constant: Option<Reply>,
}

/// What a buyer answers to a ping.
#[derive(Debug)]
pub(crate) struct PingAnswer {
    pub(crate) outcome: &'static str,
    pub(crate) bid: Option<String>,
    pub(crate) fault: Option<Fault>,
    pub(crate) reply: Reply,
}

/// What a buyer answers to a post.
#[derive(Debug)]
pub(crate) struct PostAnswer {
    pub(crate) decision: Answer,
    pub(crate) fault: Option<Fault>,
    pub(crate) reply: Reply,
    /// What a repeat of the post is answered.
    pub(crate) repeat: Reply,
    /// What it is answered without any fault.
    pub(crate) honest: Reply,
}

#[derive(Serialize)]
struct PostReplyBody<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
}

impl Buyer {
    /// Prepares a buyer.
    pub(crate) fn new(profile: BuyerProfile, seed: u64, seed_by: SeedBy) -> Self {
        let entry_tail = entry_tail(&profile);
        let mut buyer = Self { profile, seed, seed_by, entry_tail, constant: None };
        buyer.constant = buyer.constant_reply();
        buyer
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &str {
        self.profile.name.get_ref().as_str()
    }

    /// Returns the profile.
    pub(crate) fn profile(&self) -> &BuyerProfile {
        &self.profile
    }

    /// Returns the answer to every ping, where neither chance nor the ping has a part in it.
    pub(crate) fn constant(&self) -> Option<&Reply> {
        self.constant.as_ref()
    }

    /// Decides what to answer to a ping; an `honest` buyer makes no fault.
    pub(crate) fn answer_ping(&self, ping: &PingMessage<'_>, honest: bool) -> PingAnswer {
        let mut draws = self.draws(ping.fields.get(), ping.lead_ref.as_deref());
        let rules = self.profile.ping.as_slice();
        let rule = rules.get(draws.weighted(rules.iter().map(|rule| rule.weight.get())));
        let fallback = PingRule::default();
        let rule = rule.filter(|_| !honest).unwrap_or(&fallback);
        let bids = draws.below(1_000_000) < u64::from(self.profile.bid_probability.0.parts());
        let price = self.profile.price.draw(&mut draws);
        let delay = rule.latency.as_ref().unwrap_or(&self.profile.latency).draw(&mut draws);
        let delay = late(rule.fault, delay, ping.timeout_ms);
        if let Some(status) = rule.status.filter(|_| rule.fault.is_none()) {
            let reply = Reply { delay, ..Reply::plain(status.0, Bytes::new()) };
            return PingAnswer { outcome: "status", bid: None, fault: None, reply };
        }
        if !bids && rule.fault.is_none() {
            let reply = Reply { delay, ..self.decline() };
            return PingAnswer { outcome: "no_bid", bid: None, fault: None, reply };
        }
        let currency = Currency::parse(&ping.currency).or_else(|| Currency::parse("EUR"));
        let body = self.bids(price, currency, draws.bits());
        let status = rule.status.map_or(200, |status| status.0);
        PingAnswer {
            outcome: if rule.fault.is_some() { "fault" } else { "bid" },
            bid: Some(text_of(price, currency)),
            fault: rule.fault,
            reply: faulty(rule.fault, Asked::Ping, Reply { delay, ..Reply::plain(status, body) }),
        }
    }

    /// Decides what to answer to a post.
    pub(crate) fn answer_post(&self, post: &PostMessage<'_>) -> PostAnswer {
        let mut draws = self.draws(post.fields.get(), post.lead_ref.as_deref());
        let rules = self.profile.post.as_slice();
        let rule = rules.get(draws.weighted(rules.iter().map(|rule| rule.weight.get())));
        let fallback = PostRule::default();
        let rule = rule.unwrap_or(&fallback);
        let decision = rule.decision();
        let usual = self.profile.post_latency.as_ref().unwrap_or(&self.profile.latency);
        let delay = rule.latency.as_ref().unwrap_or(usual).draw(&mut draws);
        let body = PostReplyBody {
            status: decision.name(),
            reason: rule.reason.as_deref(),
            buyer_ref: (decision == Answer::Accepted)
                .then(|| format!("{}-{:016x}", self.name(), draws.bits())),
            redirect_url: rule.redirect_url.as_deref(),
            price: rule.price.and_then(|share| {
                let agreed = Amount::parse(&post.price, 6).ok()?;
                let currency = Currency::parse(&post.currency);
                Some(text_of(share_of(agreed, share.0), currency))
            }),
        };
        // Only texts are written, so this cannot fail; an empty body would show as one.
        let body = serde_json::to_string(&body).unwrap_or_default();
        let status = rule.status.unwrap_or(Status(200));
        let honest = Reply { delay, ..Reply::plain(200, body) };
        let plain = Reply { status: status.0, ..honest.clone() };
        let delay = late(rule.fault, delay, post.timeout_ms);
        let reply = faulty(rule.fault, Asked::Post, Reply { delay, ..plain.clone() });
        let repeat = if rule.fault_repeats {
            reply.clone()
        } else if status.is_unclear() {
            honest.clone()
        } else {
            plain
        };
        PostAnswer { decision, fault: rule.fault, reply, repeat, honest }
    }

    fn draws(&self, fields: &str, lead_ref: Option<&str>) -> Draws {
        let key = match (self.seed_by, lead_ref) {
            (SeedBy::LeadRef, Some(lead_ref)) => lead_ref,
            (SeedBy::LeadRef, None) | (SeedBy::Fields, _) => fields,
        };
        Draws::new(self.seed, self.name(), key.as_bytes())
    }

    fn decline(&self) -> Reply {
        match self.profile.no_bid {
            NoBidForm::NoContent => Reply::plain(204, Bytes::new()),
            NoBidForm::Zero => Reply::plain(200, r#"{"bid":0,"reason":"not_interested"}"#),
        }
    }

    fn bids(&self, price: Amount, currency: Option<Currency>, id_bits: u64) -> String {
        let mut body = String::with_capacity(96);
        let entry = |body: &mut String, amount: Amount, number: usize| {
            let _ = write!(body, r#""bid":"{}""#, text_of(amount, currency));
            if self.profile.bid_ids {
                let _ = write!(body, r#","bid_id":"{id_bits:016x}-{number}""#);
            }
            body.push_str(&self.entry_tail);
        };
        body.push('{');
        if self.profile.entries.is_empty() {
            entry(&mut body, price, 0);
            if self.profile.exclusive {
                body.push_str(r#","exclusive":true"#);
            }
        } else {
            for (number, rule) in self.profile.entries.iter().enumerate() {
                body.push_str(if number == 0 { r#""bids":[{"# } else { ",{" });
                entry(&mut body, share_of(price, rule.share.0), number);
                if let Some(max_buyers) = rule.max_buyers {
                    let _ = write!(body, r#","max_buyers":{max_buyers}"#);
                }
                body.push('}');
            }
            body.push(']');
        }
        if let Some(code) = &self.profile.currency {
            let _ = write!(body, r#","currency":"{code}""#);
        }
        body.push('}');
        body
    }

    fn constant_reply(&self) -> Option<Reply> {
        let profile = &self.profile;
        let price = profile.price.constant()?;
        let [PingRule { fault: None, status: None, latency: None, .. }] = profile.ping.as_slice() else {
            return None;
        };
        let always = profile.bid_probability.0 == exchange_types::Rate::ONE;
        let Latency::Fixed(delay) = profile.latency else { return None };
        (always && !profile.bid_ids).then(|| {
            let body = self.bids(price, Currency::parse("EUR"), 0);
            Reply { delay: delay.0, ..Reply::plain(200, body) }
        })
    }
}

fn entry_tail(profile: &BuyerProfile) -> String {
    let mut tail = String::new();
    if let Some(expires_in) = profile.expires_in {
        let _ = write!(tail, r#","expires_in_ms":{}"#, expires_in.0.as_millis());
    }
    if !profile.sellers.is_empty()
        && let Ok(sellers) = serde_json::to_string(&profile.sellers)
    {
        let _ = write!(tail, r#","sellers":{sellers}"#);
    }
    tail
}

fn text_of(amount: Amount, currency: Option<Currency>) -> String {
    currency.map_or_else(String::new, |currency| amount.display(currency).to_string())
}

fn late(fault: Option<Fault>, delay: Duration, timeout_ms: u64) -> Duration {
    if fault == Some(Fault::Late) { Duration::from_millis(timeout_ms) + LATE_BY } else { delay }
}

fn faulty(fault: Option<Fault>, asked: Asked, good: Reply) -> Reply {
    let Some(fault) = fault else { return good };
    let text = std::str::from_utf8(&good.body).unwrap_or_default();
    let body = fault.body(asked, text).map_or_else(|| good.body.clone(), Bytes::from);
    let status = if fault == Fault::Redirect { 302 } else { good.status };
    Reply { status, body, manner: Manner::of(Some(fault)), ..good }
}
