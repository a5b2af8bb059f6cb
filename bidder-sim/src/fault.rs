//! [`Fault`]: the ways in which a buyer's answer can be wrong, slow or missing.

use serde::Deserialize;

/// What is wrong with an answer. Each applies to pings and to posts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The answer comes one byte at a time, [`DRIP_PAUSE`](crate::DRIP_PAUSE) apart.
    SlowBytes,
    /// The request is read and never answered; the connection stays open.
    Hang,
    /// The header comes, the body never does.
    HeadOnly,
    /// The connection is reset before a byte of the answer. With a post that is `accepted`, the buyer
    /// has taken the lead all the same.
    #[serde(alias = "reset_after_accept")]
    Reset,
    /// A body of [`FLOOD_BYTES`](crate::FLOOD_BYTES).
    HugeBody,
    /// The header promises more bytes than come before the connection is closed.
    Truncated,
    /// The header promises fewer bytes than come; the rest poisons the connection.
    Overrun,
    /// A good answer, 50 ms after the time that the request allowed.
    Late,
    /// JSON that breaks off in the middle.
    BadJson,
    /// Ten thousand nested arrays.
    DeepJson,
    /// The price stands twice, with two values.
    DuplicateKeys,
    /// The price is `NaN`.
    Nan,
    /// The price is `-1`.
    Negative,
    /// The price is a hundred million.
    Absurd,
    /// The price is `1e400`.
    Exponent,
    /// The price has a decimal comma.
    Comma,
    /// The price has five decimals.
    TooPrecise,
    /// The price is in a currency that nobody uses (`XTS`, reserved for tests by ISO 4217).
    WrongCurrency,
    /// A 200 without a body.
    Empty,
    /// A 200 with a page for people.
    NotJson,
    /// A 302 to another host.
    Redirect,
}

/// What a faulty body answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A ping.
    Ping,
    /// A post.
    Post,
}

/// Levels of [`Fault::DeepJson`].
const DEPTH: usize = 10_000;

impl Fault {
    /// Returns the name in profiles and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::SlowBytes => "slow_bytes",
            Self::Hang => "hang",
            Self::HeadOnly => "head_only",
            Self::Reset => "reset",
            Self::HugeBody => "huge_body",
            Self::Truncated => "truncated",
            Self::Overrun => "overrun",
            Self::Late => "late",
            Self::BadJson => "bad_json",
            Self::DeepJson => "deep_json",
            Self::DuplicateKeys => "duplicate_keys",
            Self::Nan => "nan",
            Self::Negative => "negative",
            Self::Absurd => "absurd",
            Self::Exponent => "exponent",
            Self::Comma => "comma",
            Self::TooPrecise => "too_precise",
            Self::WrongCurrency => "wrong_currency",
            Self::Empty => "empty",
            Self::NotJson => "not_json",
            Self::Redirect => "redirect",
        }
    }

    /// Returns the body that stands in place of `body`; nothing where the fault leaves it alone.
    pub(crate) fn body(self, asked: Asked, body: &str) -> Option<String> {
        let priced = |price: &str| match asked {
            Asked::Ping => format!(r#"{{"bid":{price}}}"#),
            Asked::Post => format!(r#"{{"status":"accepted","price":{price}}}"#),
        };
        let replaced = match self {
            Self::BadJson => body.chars().take(body.chars().count() / 2).collect(),
            Self::DeepJson => format!(r#"{{"bids":{}{}}}"#, "[".repeat(DEPTH), "]".repeat(DEPTH)),
            Self::DuplicateKeys => match asked {
                Asked::Ping => r#"{"bid":"10.00","bid":"90.00"}"#.to_owned(),
                Asked::Post => r#"{"status":"accepted","status":"rejected"}"#.to_owned(),
            },
            Self::Nan => priced("NaN"),
            Self::Negative => priced("-1"),
            Self::Absurd => priced("100000000.00"),
            Self::Exponent => priced("1e400"),
            Self::Comma => priced(r#""12,50""#),
            Self::TooPrecise => priced(r#""12.50001""#),
            Self::WrongCurrency => match asked {
                Asked::Ping => r#"{"bid":"30.00","currency":"XTS"}"#.to_owned(),
                Asked::Post => r#"{"status":"accepted","price":"30.00","currency":"XTS"}"#.to_owned(),
            },
            Self::Empty => String::new(),
            Self::NotJson => "<html><body><h1>It works!</h1></body></html>".to_owned(),
            Self::Redirect
            | Self::SlowBytes
            | Self::Hang
            | Self::HeadOnly
            | Self::Reset
            | Self::HugeBody
            | Self::Truncated
            | Self::Overrun
            | Self::Late => return None,
        };
        Some(replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_profile() {
        #[derive(Deserialize)]
        struct Document {
            fault: Fault,
        }
        for fault in
            [Fault::SlowBytes, Fault::Reset, Fault::Nan, Fault::TooPrecise, Fault::NotJson, Fault::HeadOnly]
        {
            let document: Document =
                toml::from_str(&format!("fault = \"{}\"", fault.name())).expect("a fault");
            assert_eq!(document.fault, fault);
        }
        let alias: Document = toml::from_str("fault = \"reset_after_accept\"").expect("a fault");
        assert_eq!(alias.fault, Fault::Reset);
    }

    #[test]
    fn faulty_bodies_are_no_good_json_or_no_good_price() {
        let body = |fault: Fault| fault.body(Asked::Ping, r#"{"bid":"31.50"}"#).expect("a body");
        for fault in [Fault::BadJson, Fault::Nan, Fault::DeepJson, Fault::NotJson, Fault::Empty] {
            assert!(serde_json::from_str::<serde_json::Value>(&body(fault)).is_err(), "{fault:?}");
        }
        for fault in [Fault::Negative, Fault::Absurd, Fault::Comma, Fault::TooPrecise, Fault::WrongCurrency] {
            assert!(serde_json::from_str::<serde_json::Value>(&body(fault)).is_ok(), "{fault:?}");
        }
        assert_eq!(Fault::Hang.body(Asked::Ping, "{}"), None);
    }
}
