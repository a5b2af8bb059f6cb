//! The market of the benches: ten campaigns that are all asked.

use std::sync::Arc;

use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_types::{Amount, BidEntries, BidEntry, Nanos, Now, SmallText, UtcMicros};

/// Campaigns that are asked for every lead.
pub const PINGED: u16 = 10;

/// When everything happens.
pub const NOW: Now = Now { mono: Nanos::from_secs(100), utc: UtcMicros(1_795_132_800_000_000) };

/// A seller's lead, as `loadtest` sends it with `configs/scenarios/bench.toml`.
pub const LEAD: &str = r#"{"vertical":"auto_insurance","fields":{"annual_mileage":12000,"birth_date":"1984-03-17","carrier":"Example Mutual","city":"Springfield","credit":"fair","email":"alexandra.0@example.net","first_name":"Alexandra","gender":"f","home_owner":true,"incidents":0,"insured":true,"last_name":"Montgomery","phone":"+13055000000","policy_months":18,"state":"OH","street":"1428 Elm Street Apt 5B","vehicle_make":"Subaru","vehicle_model":"Outback","vehicle_year":2023,"zip":"45365"},"consent":{"captured_at":"2026-11-19T23:59:40.000Z","ip":"203.0.113.77","jornaya_lead_id":"9b1c77e0-a4d2-4b6f-b1ef-5c2a7f3c9a52","source_url":"https://quotes.example/auto/compare","text_version":"2026-07"},"source":{"campaign":"fall","channel":"search","url":"https://quotes.example/auto/compare"},"sub_ids":["pub-10293"]}"#;

/// A buyer's reply, as `bidder-sim` sends it with `configs/buyers/bench.toml`.
pub const BID: &str = r#"{"bid":"30.50","expires_in_ms":30000,"sellers":[{"name":"Buyer 10 Inc.","url":"https://buyer-10.example/about"}],"currency":"USD"}"#;

/// Returns the catalog of the load comparison, compiled.
///
/// # Panics
///
/// If the catalog has mistakes, which a test of the repository would have found.
pub fn snapshot() -> Arc<Snapshot> {
    let text = include_str!("../../configs/bench/catalog.toml").replace("{buyers}", "127.0.0.1:9000");
    let files = [SourceFile { name: "catalog.toml".to_owned(), text }];
    let options =
        CompileOptions { version: 1, now: NOW.utc, secrets: &|_| None, allow_http: true, source_names: None };
    match compile(&files, &options) {
        Ok((snapshot, _warnings)) => Arc::new(snapshot),
        Err(mistakes) => panic!("the bench's catalog has mistakes: {mistakes:#?}"),
    }
}

/// Returns a bid of so many cents for at most so many companies.
pub fn bid(cents: u32, max_buyers: u16) -> BidEntries {
    let mut entries = BidEntries::new();
    let amount = Amount::from_micros(i64::from(cents) * 10_000);
    entries.push(BidEntry { amount, max_buyers, bid_id: SmallText::EMPTY });
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_campaign_of_the_catalog_is_asked() {
        assert_eq!(snapshot().campaigns.len(), usize::from(PINGED));
    }
}
