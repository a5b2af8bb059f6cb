//! Buyers over HTTP/2 and TLS, and the signatures of what they get.

use std::fs;
use std::path::Path;

use crate::buyers::Buyers;
use crate::catalog::{Campaign, CatalogText, SECRET};
use crate::exchange::Exchange;
use crate::lead::lead;
use crate::market::sell;

const LEADS: u64 = 40;

/// How a campaign's endpoints are reached.
struct Case<'a> {
    tls: bool,
    /// Keys of both endpoints.
    endpoint: &'a str,
    /// Why the campaign gets nothing; none where every lead is sold.
    fails: Option<&'a str>,
}

/// Returns the paths of a certificate for this machine and of its key.
fn certificate(dir: &Path) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let (certificate, key) = (dir.join("certificate.pem"), dir.join("key.pem"));
    fs::write(&certificate, made.cert.pem()).expect("the test's folder can be written");
    fs::write(&key, made.signing_key.serialize_pem()).expect("the test's folder can be written");
    (certificate.display().to_string(), key.display().to_string())
}

fn check(case: &Case<'_>) {
    let Case { tls, endpoint, fails } = case;
    let dir = tempfile::tempdir().expect("a folder");
    let (certificate, key) = certificate(dir.path());
    let tls_arguments = ["--tls-listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key];
    let profile = format!(
        "[[buyer]]\nname = \"north\"\nprice = {{ fixed = \"30.00\" }}\nsecret = \"{SECRET}\"\n\
         latency = {{ fixed = \"5ms\" }}\n"
    );
    let buyers = Buyers::start(dir.path(), &profile, &tls_arguments);
    let endpoint = endpoint.replace("CA", &certificate);
    let campaign = Campaign { ping: &endpoint, post: &endpoint, ..Campaign::default() };
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", campaign);
    let text = if *tls {
        catalog.for_buyers_at(buyers.tls_address()).replace("http://", "https://")
    } else {
        catalog.for_buyers_at(buyers.address())
    };
    let exchange = Exchange::start(dir.path(), &text, "");
    let answers = sell(&exchange.seller("acme"), 8, 0..LEADS, lead);
    for (serial, answer) in &answers {
        let expected = if fails.is_some() { "unsold" } else { "sold" };
        assert_eq!(answer.outcome(), expected, "{endpoint}, lead {serial}: {}", answer.text());
    }
    if let Some(reason) = fails {
        let auction = answers.first().map(|(_, answer)| answer.member("auction_id")).expect("an answer");
        let account = exchange.account(&auction);
        assert_eq!(account["campaigns"][0]["reason"], *reason, "{account}");
    }
    let log = buyers.stop();
    log.assert_well_formed();
    let count = if fails.is_some() { 0 } else { usize::try_from(LEADS).expect("a small number") };
    assert_eq!((log.pings().count(), log.posts().count()), (count, count), "{endpoint}");
    for message in log.pings().chain(log.posts()) {
        assert_eq!(message.text("signature"), "ok", "{endpoint}: {message:?}");
    }
}

#[test]
fn signed_leads_are_sold_over_clear_http1() {
    check(&Case { tls: false, endpoint: "http = \"1\"", fails: None });
}

#[test]
fn signed_leads_are_sold_over_clear_http2() {
    check(&Case { tls: false, endpoint: "http = \"2\"", fails: None });
}

#[test]
fn tls_agrees_on_http2() {
    check(&Case { tls: true, endpoint: "ca = \"file:CA\"", fails: None });
}

#[test]
fn tls_carries_http1_where_the_catalog_says_so() {
    check(&Case { tls: true, endpoint: "http = \"1\", ca = \"file:CA\"", fails: None });
}

#[test]
fn tls_carries_http2_where_the_catalog_says_so() {
    check(&Case { tls: true, endpoint: "http = \"2\", ca = \"file:CA\"", fails: None });
}

#[test]
fn a_certificate_that_no_known_authority_has_signed_gets_nothing() {
    check(&Case { tls: true, endpoint: "http = \"auto\"", fails: Some("connect_failed") });
}
