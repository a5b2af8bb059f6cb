//! Replies to posts, by the rule for buyers that speak the exchange's own messages.
//!
//! A 2xx says in its body what became of the lead. A 4xx but 408, and 503, state that the lead was not taken;
//! a body that says why is heard, one that says `accepted` contradicts its status, and then nobody knows.
//! Everything else is unknown, unless the campaign says otherwise: to sell a lead twice is worse than to ask.

use core::ops::Range;
use std::borrow::Cow;

use exchange_catalog::snapshot::Unmatched;
use exchange_types::{Amount, AmountError, Currency, PostOutcome, PostReply, UnknownCause, limits};
use sha2::{Digest as _, Sha256};

use crate::fingerprint::first_half;
use crate::json::{Item, JsonError, Reader};

/// Bytes of a buyer's reason that are kept: a sentence.
const REASON_BYTES_MAX: usize = 256;
/// Decimals of a price in a reply: as many as an amount holds, since a reply that cannot be read leaves a
/// lead in doubt.
const PRICE_DECIMALS_MAX: u8 = 6;

/// Reads the reply to a post. Texts are borrowed from `body`, or from `scratch` where they had escapes.
pub fn parse_post<'a>(
    status: u16,
    body: &'a [u8],
    unmatched_means: Unmatched,
    currency: Currency,
    scratch: &'a mut String,
) -> PostReply<'a> {
    let digest = first_half(Sha256::digest(body).into());
    let read = if body.len() <= limits::POST_REPLY_BYTES_MAX { read_reply(body, currency) } else { None };
    let (verdict, texts) = read.map_or((None, Texts::default()), |(verdict, texts)| (Some(verdict), texts));
    let outcome = match (status, verdict) {
        (200..=299, Some(Verdict::Accepted { price })) => PostOutcome::Accepted { price },
        (200..=299 | 400..=407 | 409..=499 | 503, Some(Verdict::Rejected)) => PostOutcome::Rejected,
        (200..=299 | 400..=407 | 409..=499 | 503, Some(Verdict::Duplicate)) => PostOutcome::Duplicate,
        (400..=407 | 409..=499 | 503, None) => PostOutcome::Refused { status },
        _ => unmatched(status, unmatched_means),
    };
    let accepted = matches!(outcome, PostOutcome::Accepted { .. });
    let [buyer_ref, redirect_url, reason] = texts.borrow(scratch);
    // Only a buyer that has the lead may send the person somewhere.
    PostReply { outcome, buyer_ref, redirect_url: if accepted { redirect_url } else { "" }, reason, digest }
}

/// Reads the reply to a post that was sent again. What no rule reads says nothing about the post that was sent first,
/// whatever the campaign says of unmatched replies; neither does a refusal by status, of which the caller decides.
pub fn parse_repost<'a>(
    status: u16,
    body: &'a [u8],
    currency: Currency,
    scratch: &'a mut String,
) -> PostReply<'a> {
    parse_post(status, body, Unmatched::Unknown, currency, scratch)
}

/// Reads the answer of a status URL: the body of a post's reply under a 2xx, `unknown` besides. Under any other
/// status nothing is said: a page that is not found says nothing about the post.
pub fn parse_status<'a>(
    status: u16,
    body: &'a [u8],
    currency: Currency,
    scratch: &'a mut String,
) -> PostReply<'a> {
    if matches!(status, 200..=299) {
        return parse_repost(status, body, currency, scratch);
    }
    let digest = first_half(Sha256::digest(body).into());
    PostReply { digest, ..PostReply::bare(PostOutcome::Unknown(UnknownCause::Unreadable { status })) }
}

/// Returns what a reply means that no rule reads.
pub const fn unmatched(status: u16, means: Unmatched) -> PostOutcome {
    match means {
        Unmatched::Unknown => PostOutcome::Unknown(UnknownCause::Unreadable { status }),
        Unmatched::Rejected => PostOutcome::Rejected,
    }
}

#[derive(Clone, Copy)]
enum Verdict {
    Accepted { price: Option<Amount> },
    Rejected,
    Duplicate,
}

/// The texts of a reply that are kept; empty where they are missing or cannot be used.
#[derive(Default)]
struct Texts<'a> {
    buyer_ref: Cow<'a, str>,
    redirect_url: Cow<'a, str>,
    reason: Cow<'a, str>,
}

impl<'a> Texts<'a> {
    /// Moves texts that are not borrowed from the body into `scratch`, so that all live as long.
    fn borrow(self, scratch: &'a mut String) -> [&'a str; 3] {
        enum Place<'a> {
            Body(&'a str),
            Scratch(Range<usize>),
        }
        scratch.clear();
        let places = [self.buyer_ref, self.redirect_url, self.reason].map(|text| match text {
            Cow::Borrowed(text) => Place::Body(text),
            Cow::Owned(text) => {
                let start = scratch.len();
                scratch.push_str(&text);
                Place::Scratch(start..scratch.len())
            }
        });
        let scratch: &'a str = scratch;
        places.map(|place| match place {
            Place::Body(text) => text,
            Place::Scratch(range) => scratch.get(range).unwrap_or(""),
        })
    }
}

/// Reads a body; nothing where the rule does not read it.
fn read_reply(body: &[u8], currency: Currency) -> Option<(Verdict, Texts<'_>)> {
    let raw = read_raw(body).ok()?;
    let other_currency = raw.currency.is_some_and(|code| Currency::parse(&code) != Some(currency));
    let verdict = match &*raw.status? {
        "accepted" if other_currency => return None,
        "accepted" => match raw.price {
            // A price that cannot be read leaves open what was agreed to.
            Some(price) => Verdict::Accepted { price: Some(read_price(&price)?) },
            None => Verdict::Accepted { price: None },
        },
        "rejected" => Verdict::Rejected,
        "duplicate" => Verdict::Duplicate,
        _ => return None,
    };
    Some((verdict, raw.texts))
}

/// Reads a price; nothing inside where it is none. One that does not fit is above every agreed price.
fn read_price(price: &str) -> Option<Amount> {
    match Amount::parse(price, PRICE_DECIMALS_MAX) {
        Ok(amount) => Some(amount),
        Err(AmountError::OutOfRange) if !price.starts_with('-') => Some(Amount::MAX),
        Err(AmountError::OutOfRange | AmountError::NotDecimal | AmountError::TooManyDecimals(_)) => None,
    }
}

#[derive(Default)]
struct RawReply<'a> {
    status: Option<Cow<'a, str>>,
    price: Option<Cow<'a, str>>,
    currency: Option<Cow<'a, str>>,
    texts: Texts<'a>,
}

fn read_raw(body: &[u8]) -> Result<RawReply<'_>, JsonError> {
    let mut reader = Reader::new(body)?;
    let mut raw = RawReply::default();
    let mut members = reader.object()?;
    while let Some(key) = reader.next_member(&mut members)? {
        let item = reader.item()?;
        let text = match item {
            Item::Text(text) => text,
            Item::Number(digits) => Cow::Borrowed(digits),
            // An absent value.
            Item::Null => continue,
            other @ (Item::Boolean(_) | Item::Array(_) | Item::Object(_)) => {
                reader.skip_rest(other)?;
                // A status or price of such a type is none that can be read.
                Cow::Borrowed("")
            }
        };
        match &*key {
            "status" => raw.status = Some(text),
            "price" => raw.price = Some(text),
            "currency" => raw.currency = Some(text),
            "buyer_ref" if text.len() <= limits::BUYER_REF_BYTES_MAX => raw.texts.buyer_ref = text,
            "redirect_url" if is_redirect(&text) => raw.texts.redirect_url = text,
            "reason" => raw.texts.reason = shortened(text),
            _ => {}
        }
    }
    reader.finish()?;
    Ok(raw)
}

/// Returns whether a person may be sent to this URL. A browser would run `javascript:`, and a line break
/// would end a header.
fn is_redirect(url: &str) -> bool {
    let has_scheme =
        |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    url.len() <= limits::REDIRECT_URL_BYTES_MAX
        && (has_scheme("https://") || has_scheme("http://"))
        && url.bytes().all(|byte| byte.is_ascii_graphic() || !byte.is_ascii())
}

fn shortened(text: Cow<'_, str>) -> Cow<'_, str> {
    let end = text.floor_char_boundary(REASON_BYTES_MAX);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or("")),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

#[cfg(test)]
mod tests;
