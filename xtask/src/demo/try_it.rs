//! What a visitor can try by hand while the demo is up.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::market::Market;
use super::sample::Sample;
use crate::folder::Folder;

/// Stands for what makes each person another one.
const PERSON: &str = "PERSON";
/// What a shell answers where a program is missing.
const NOT_FOUND: i32 = 127;

/// Returns a line for a shell that sells one more lead like the first sample, each time of another person.
///
/// # Errors
///
/// Fails if there is no sample, or no key for its seller.
pub(crate) fn line(market: &Market, samples: &[Sample]) -> anyhow::Result<String> {
    let sample = samples.first().context("there is no lead")?;
    let mut lead = sample.lead();
    if let Some(fields) = lead.get_mut("fields").and_then(Value::as_object_mut) {
        fields.insert("email".to_owned(), format!("person.{PERSON}@example.org").into());
        fields.insert("phone".to_owned(), format!("+4989{PERSON}").into());
    }
    // Seconds since 1970 have ten digits, which a telephone number can have too.
    let lead = lead.to_string().replace(PERSON, "'$(date +%s)'");
    let key = market.seller_key(&sample.seller)?;
    Ok(format!(
        "curl -sS http://{}/v1/leads -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{lead}'",
        market.seller
    ))
}

/// Runs the line and fails if it does not bring an outcome.
///
/// # Errors
///
/// What it brought instead.
pub(crate) fn check(line: &str) -> anyhow::Result<()> {
    let output = Command::new("sh").args(["-c", line]).output().context("cannot run sh")?;
    if output.status.code() == Some(NOT_FOUND) {
        println!("curl is not installed here, so the line for it was not tried");
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let Some("sold") = answer.get("status").and_then(Value::as_str) else {
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("the line for curl sold nothing: {out}{error}\n{line}");
    };
    println!("the line for curl that the demo prints sells a lead too");
    Ok(())
}

/// Returns the addresses, the keys and the lines to try.
pub(crate) fn invitation(market: &Market, line: &str, auction: Option<&str>, folder: &Folder) -> String {
    let Market { seller, control, operator_key, .. } = market;
    let mut text = format!(
        "
The exchange is up.
  for sellers     http://{seller}   POST /v1/leads, POST /v1/pings
  for operators   http://{control}   GET /v1/auctions/ID, GET /v1/catalog
  files           {} (removed at the end)

Keys of this run:
  operator demo        {operator_key}
",
        folder.path().display()
    );
    // A text has room for every line.
    for (name, key) in &market.seller_keys {
        let _ = writeln!(text, "  seller {name:<13} {key}");
    }
    let auction = auction.unwrap_or("ID");
    let _ = write!(
        text,
        "
Sell another lead; each time it is another person:
  {line}

Ask why an auction went as it did; the answer above names the `auction_id`, docs/contract.md explains the reasons:
  curl -sS http://{control}/v1/auctions/{auction} -H 'Authorization: Bearer {operator_key}'

Ctrl-C stops everything.
"
    );
    text
}
