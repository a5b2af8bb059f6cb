//! `exchange unknown`: posts whose outcome nobody knows, and a person's word on them.

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::control_client::{Control, escaped, text_of};
use super::{Ending, Terminal};

#[derive(Debug, Subcommand)]
pub(super) enum UnknownCommand {
    /// Shows the open unknown posts, oldest first
    List {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        control: Control,
    },
    /// Says what came of a post, once its buyer has said so
    Resolve {
        /// The post, as `exchange unknown list` shows it
        post: String,
        /// Whether the buyer has the lead
        #[arg(long)]
        outcome: Said,
        /// Who said so, and how; it goes into the record
        #[arg(long)]
        note: String,
        /// What the buyer pays, where it is less than was agreed
        #[arg(long)]
        price: Option<String>,
        #[command(flatten)]
        control: Control,
    },
}

/// What came of a post.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Said {
    /// The buyer has the lead and pays for it
    Accepted,
    /// The buyer does not have the lead, or does not take it
    #[value(alias = "rejected")]
    Failed,
}

impl Said {
    const fn on_the_wire(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Failed => "rejected",
        }
    }
}

pub(super) fn run(command: &UnknownCommand, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    match command {
        UnknownCommand::List { json, control } => {
            control.each("/v1/unknowns", &[], terminal, |item, terminal| {
                if *json {
                    terminal.say(format_args!("{}", with_micros(item)?));
                } else {
                    terminal.say(format_args!("{}", line(item)));
                }
                Ok(())
            })
        }
        UnknownCommand::Resolve { post, outcome, note, price, control } => {
            let mut body = json!({ "outcome": outcome.on_the_wire(), "reason": note });
            if let (Some(price), Value::Object(body)) = (price, &mut body) {
                body.insert("price".to_owned(), json!(price));
            }
            control.post(&format!("/v1/posts/{}/resolve", escaped(post)), &body)?.show(terminal)
        }
    }
}

/// Returns the line of a post in a list.
fn line(item: &Value) -> String {
    let [post, campaign, buyer, price, currency, since, next, next_at] =
        ["post_id", "campaign", "buyer", "price", "currency", "intent_at", "next", "next_at"]
            .map(|key| text_of(item, key));
    let attempts = item.get("attempts").and_then(Value::as_u64).unwrap_or(0);
    let at = if next_at.is_empty() { String::new() } else { format!(" {next_at}") };
    format!("{post}  {campaign} ({buyer})  {price} {currency}  since {since}  asked {attempts}  {next}{at}")
}

/// Returns an item with its time as a number too, which a script compares without a calendar.
fn with_micros(item: &Value) -> anyhow::Result<Value> {
    let mut item = item.clone();
    let since: jiff::Timestamp = text_of(&item, "intent_at").parse().context("a post without a time")?;
    if let Value::Object(members) = &mut item {
        members.insert("since_us".to_owned(), json!(since.as_microsecond()));
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_shown_in_a_line_and_with_its_micros() {
        let item = json!({
            "post_id": "post_1", "campaign": "north-solar", "buyer": "north", "price": "31.50", "currency": "EUR",
            "intent_at": "2026-11-21T10:00:00.000001Z", "attempts": 2, "next": "repost",
            "next_at": "2026-11-21T10:01:00.000Z",
        });
        let expected = "post_1  north-solar (north)  31.50 EUR  since 2026-11-21T10:00:00.000001Z  asked 2  \
                        repost 2026-11-21T10:01:00.000Z";
        assert_eq!(line(&item), expected);
        let shown = with_micros(&item).expect("a time");
        assert_eq!(shown.get("since_us"), Some(&json!(1_795_255_200_000_001_i64)));
        with_micros(&json!({})).expect_err("no time");
    }
}
