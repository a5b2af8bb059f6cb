//! Catalogs of one vertical, with a seller and as many campaigns as a test needs.

use std::sync::Arc;

use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_types::UtcMicros;

const MARGIN: &str = r#"margin = "20%""#;

/// Returns a catalog in which every named campaign belongs to a company of its own.
/// `rules` are further keys of the vertical.
pub(crate) fn catalog(max_buyers: u16, rules: &str, campaigns: &[&str]) -> Arc<Snapshot> {
    compiled(MARGIN, max_buyers, rules, campaigns, "")
}

/// Returns such a catalog with other terms of the seller.
pub(crate) fn catalog_paying(
    payout: &str,
    max_buyers: u16,
    rules: &str,
    campaigns: &[&str],
) -> Arc<Snapshot> {
    compiled(payout, max_buyers, rules, campaigns, "")
}

/// Returns such a catalog with further sections.
pub(crate) fn catalog_with(
    max_buyers: u16,
    rules: &str,
    campaigns: &[&str],
    sections: &str,
) -> Arc<Snapshot> {
    compiled(MARGIN, max_buyers, rules, campaigns, sections)
}

/// Returns a company as a catalog has it.
pub(crate) fn company(name: &str) -> String {
    format!(
        r#"
[buyers.{name}]
legal_name = "{name} GmbH"
time_zone = "Europe/Berlin"
"#
    )
}

/// Returns a campaign of a company as a catalog has it; `more` are further keys.
pub(crate) fn campaign(buyer: &str, name: &str, more: &str) -> String {
    format!(
        r#"
[campaigns.{name}]
buyer = "{buyer}"
vertical = "solar"
{more}
signing_secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
ping = {{ url = "https://{name}.example/ping", timeout = "250ms" }}
post = {{ url = "https://{name}.example/post" }}
"#
    )
}

fn compiled(payout: &str, max_buyers: u16, rules: &str, campaigns: &[&str], sections: &str) -> Arc<Snapshot> {
    let mut text = format!(
        r#"
[verticals.solar]
{rules}
currency = "EUR"
max_buyers = {max_buyers}
bid_window = "300ms"
answer_by = "4s"
post_min = "500ms"
post_timeout = "5s"
hold_time = "30s"
[verticals.solar.fields.zip]
type = "postal_code"
country = "DE"
ping = {{ prefix = 2 }}
[verticals.solar.fields.phone]
type = "phone"
country = "DE"
given = "post"
[sellers.web]
[sellers.web.agreements.solar]
payout = {{ {payout} }}
"#
    );
    for name in campaigns {
        text.push_str(&company(name));
        text.push_str(&campaign(name, name, ""));
    }
    text.push_str(sections);
    let options = CompileOptions {
        version: 1,
        now: UtcMicros(0),
        secrets: &|_| None,
        allow_http: false,
        source_names: None,
    };
    let files = [SourceFile { name: "catalog.toml".into(), text }];
    match compile(&files, &options) {
        Ok((snapshot, _warnings)) => Arc::new(snapshot),
        Err(mistakes) => panic!("the test's catalog has mistakes: {mistakes:#?}"),
    }
}
