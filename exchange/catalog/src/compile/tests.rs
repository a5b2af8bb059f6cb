//! A table of bad catalogs with exactly what is said about each, and what compiles.

mod at_the_limit;

use exchange_types::EventKind;

use super::*;
use crate::snapshot::{PostbackMethod, PostbackPiece, PostbackPlace};

pub(crate) fn compile_texts(texts: &[&str]) -> Result<(Snapshot, Vec<Diagnostic>), Vec<Diagnostic>> {
    compile_with_names(texts, None)
}

pub(crate) fn compile_with_names(
    texts: &[&str],
    source_names: Option<&Arc<dyn SourceNames>>,
) -> Result<(Snapshot, Vec<Diagnostic>), Vec<Diagnostic>> {
    let names = ["base.toml", "bad.toml"];
    let files: Vec<SourceFile> = names
        .iter()
        .zip(texts)
        .map(|(name, text)| SourceFile { name: (*name).to_owned(), text: (*text).to_owned() })
        .collect();
    let secrets = |reference: &str| match reference {
        "env:NORTH" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
        "file:ca.pem" => Some("-----BEGIN CERTIFICATE-----\n".to_owned()),
        "file:LI.txt" => Some(include_str!("../../../../configs/geo/LI.txt").to_owned()),
        "file:zips.txt" => Some("# The south\n9496\n 9495 \n\n9496\n".to_owned()),
        "file:bad-zips.txt" => Some("9496\n94960\n".to_owned()),
        "file:no-zips.txt" => Some("# None yet.\n".to_owned()),
        _ => None,
    };
    // 2026-11-20T00:00:00Z, a Friday.
    let now = UtcMicros(1_795_132_800_000_000);
    compile(&files, &CompileOptions { version: 7, now, secrets: &secrets, allow_http: false, source_names })
}

const BASE: &str = include_str!("tests/base.toml");

const NORTH: &str = r#"
[campaigns.north]
buyer = "north"
vertical = "solar"
ping = { url = "https://north.example/ping" }
post = { url = "https://north.example/post" }
signing_secrets = ["env:NORTH"]
"#;

#[test]
fn a_small_catalog_compiles() {
    let (snapshot, warnings) = compile_texts(&[BASE, NORTH]).expect("a valid catalog");
    assert_eq!(warnings, []);
    assert_eq!(snapshot.version, 7);
    let names: Vec<&str> = snapshot.verticals[0].fields.iter().map(|field| &*field.name).collect();
    assert_eq!(names, ["zip", "roof", "area", "phone"]);
    assert_eq!(snapshot.endpoints.len(), 2);
    assert_eq!(&*snapshot.verticals[0].campaigns, [CampaignIndex(0)]);
}

#[test]
fn files_and_radii_become_sets_of_postal_codes() {
    const NEAR: &str = r#"
[geo]
LI = "file:LI.txt"
[verticals.near]
currency = "CHF"
[verticals.near.fields.zip]
type = "postal_code"
country = "LI"
"#;
    let takes = |filter: &str, zip: &str| {
        let campaign = NORTH.replace("\"solar\"", "\"near\"");
        let text = format!("{NEAR}{campaign}filter = {{ field = \"zip\", {filter} }}\n");
        let (snapshot, _) = compile_texts(&[BASE, &text]).expect("a valid catalog");
        let near = snapshot.vertical_named("near").expect("the vertical");
        let mut lead = exchange_types::Submission::default();
        lead.reset(near, exchange_types::SellerIndex(0), 1);
        let zip = lead.push_text(zip);
        lead.set_value(exchange_types::FieldIndex(0), Some(exchange_types::Value::Text(zip)));
        snapshot.campaigns[0].filter.matches(&lead)
    };
    let table = [
        ("within = { of = \"9490\", km = 4 }", "9494", true),
        ("within = { of = \"9490\", km = 4 }", "9490", true),
        ("within = { of = \"9490\", km = 4 }", "9498", false),
        ("within = { of = \"9490\", km = 6 }", "9498", true),
        ("in_file = \"file:zips.txt\"", "9495", true),
        ("in_file = \"file:zips.txt\"", "9496", true),
        ("in_file = \"file:zips.txt\"", "9490", false),
    ];
    for (filter, zip, taken) in table {
        assert_eq!(takes(filter, zip), taken, "{filter}: {zip}");
    }
}

/// Every case of `diagnostics.txt` says what stands there. A failure prints the whole file as it would have
/// to be.
#[test]
fn bad_catalogs_are_refused_with_every_mistake() {
    let written = include_str!("tests/diagnostics.txt");
    let mut cases = written.split("=== ");
    let mut said = cases.next().expect("the heading").to_owned();
    for case in cases {
        let (title, rest) = case.split_once('\n').expect("a title in its own line");
        let (text, _) = rest.split_once("---\n").expect("what is said after a line of dashes");
        let found = match compile_texts(&[BASE, text]) {
            Ok((_, warnings)) => warnings,
            Err(found) => found,
        };
        let lines: Vec<String> = found.iter().map(|diagnostic| format!("{diagnostic}\n")).collect();
        said.extend(["=== ", title, "\n", text, "---\n", &lines.concat()]);
    }
    assert!(said == written, "{said}");
}

fn field_count(count: usize) -> usize {
    let fields: Vec<String> =
        (0..count).map(|number| format!("f{number} = {{ type = \"boolean\" }}\n")).collect();
    let text = format!("[verticals.wide]\ncurrency = \"EUR\"\n[verticals.wide.fields]\n{}", fields.concat());
    compile_texts(&[BASE, &text]).map_or(0, |(snapshot, _)| snapshot.verticals[1].fields.len())
}

#[test]
fn a_vertical_has_at_most_so_many_fields() {
    assert_eq!(field_count(limits::FIELDS_MAX), limits::FIELDS_MAX);
    assert_eq!(field_count(limits::FIELDS_MAX + 1), 0);
}

#[test]
fn a_filter_is_at_most_so_deep() {
    let compiles = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        let leaf = "{ field = \"area\", exists = true }";
        let text = NORTH.replace("buyer =", &format!("filter = {open}{leaf}{close}\nbuyer ="));
        compile_texts(&[BASE, &text]).is_ok()
    };
    assert!(compiles(limits::FILTER_DEPTH_MAX));
    assert!(!compiles(limits::FILTER_DEPTH_MAX + 1));
    // Far beyond, the reader of TOML itself refuses.
    assert!(!compiles(10_000));
}

#[test]
fn so_many_mistakes_are_reported() {
    let keys: Vec<String> = (0..2_000).map(|number| format!("key{number} = 1\n")).collect();
    let found = compile_texts(&[BASE, &keys.concat()]).expect_err("no key is known");
    assert_eq!(found.len(), crate::limits::DIAGNOSTICS_MAX);
}

#[test]
fn endpoints_that_are_the_same_are_one() {
    let text =
        format!("{NORTH}{}", NORTH.replace("campaigns.north", "campaigns.south").replace("/ping", "/other"));
    let (snapshot, _) = compile_texts(&[BASE, &text]).expect("a valid catalog");
    let paths: Vec<&str> = snapshot.endpoints.iter().map(|endpoint| &*endpoint.path).collect();
    assert_eq!(paths, ["/ping", "/post", "/other"]);
    assert_eq!(snapshot.campaigns[0].post, snapshot.campaigns[1].post);
}

#[test]
fn refreshing_a_snapshot_moves_its_schedules_only() {
    let text = NORTH.replace("buyer =", "schedule = { from = \"08:00\", to = \"20:00\" }\nbuyer =");
    let (snapshot, _) = compile_texts(&[BASE, &text]).expect("a valid catalog");
    let schedule = &snapshot.campaigns[0].schedule;
    let later = schedule.horizon();
    let refreshed = snapshot.refresh(later);
    assert!(refreshed.campaigns[0].schedule.horizon() > later);
    assert_eq!(refreshed.version, snapshot.version);
    assert_eq!(refreshed.campaigns[0].schedule.is_open(later), schedule.is_open(later));
}

#[test]
fn what_is_not_said_has_its_default() {
    let (snapshot, _) = compile_texts(&[BASE, NORTH]).expect("a valid catalog");
    let vertical = &snapshot.verticals[0];
    assert_eq!(vertical.bid_max.display(vertical.currency).to_string(), "10000.00");
    assert_eq!((vertical.max_buyers, vertical.offers_held), (1, 2));
    assert_eq!(vertical.hold_time, exchange_types::Nanos::from_secs(30));
    assert_eq!(vertical.identity.len(), 1);
    let given: Vec<(bool, crate::snapshot::Stage)> =
        vertical.fields.iter().map(|field| (field.personal, field.given)).collect();
    let (ping, post) = (crate::snapshot::Stage::Ping, crate::snapshot::Stage::Post);
    assert_eq!(given, [(false, ping), (false, ping), (false, ping), (true, post)]);
    let campaign = &snapshot.campaigns[0];
    assert_eq!((campaign.tier, campaign.weight, campaign.unknown_max), (1, 1, 10));
    assert_eq!(campaign.post_timeout, vertical.post_timeout);
    assert!(campaign.idempotent && !campaign.returns_restore && campaign.status.is_none());
    assert_eq!(campaign.on_unknown, crate::snapshot::OnUnknown::Hold);
    assert_eq!(campaign.unknown_after, exchange_types::Nanos::from_secs(86_400));
    assert_eq!(campaign.return_window, exchange_types::Nanos::from_secs(7 * 86_400));
    assert_eq!(campaign.return_reasons, crate::snapshot::ReturnReasons::ALL);
    assert!(!snapshot.buyers[0].prepaid);
    assert!(snapshot.sellers[0].webhook.is_none());
    assert!(campaign.sign_pings);
    assert_eq!(campaign.filter, crate::Filter::everything());
    assert_eq!(campaign.schedule, crate::Schedule::always());
}

#[test]
fn a_campaign_without_a_return_window_has_that_of_its_vertical() {
    let window = |own: &str, of_vertical: &str| {
        let base = BASE.replace("currency =", &format!("{of_vertical}\ncurrency ="));
        let campaign = NORTH.replace("buyer =", &format!("{own}\nbuyer ="));
        let (snapshot, _) = compile_texts(&[&base, &campaign]).expect("a valid catalog");
        snapshot.campaigns[0].return_window.0 / 1_000_000_000
    };
    assert_eq!(window("", ""), 7 * 86_400);
    assert_eq!(window("", "return_window = \"3d\""), 3 * 86_400);
    assert_eq!(window("return_window = \"1h\"", "return_window = \"3d\""), 3_600);
    assert_eq!(window("return_window = \"0s\"", "return_window = \"3d\""), 0);
}

#[test]
fn a_status_url_is_an_endpoint_with_a_place_for_the_post() {
    let text = NORTH.replace("/post\" }", "/post\", ca = \"file:ca.pem\" }").replace(
        "buyer =",
        "status_url = \"https://North.example:8443/s?p={post_id}\"\nidempotent = false\nbuyer =",
    );
    let (snapshot, _) = compile_texts(&[BASE, &text]).expect("a valid catalog");
    let campaign = &snapshot.campaigns[0];
    let status = campaign.status.and_then(|index| snapshot.endpoint(index)).expect("an endpoint");
    assert_eq!((&*status.host, status.port, &*status.path), ("north.example", 8443, "/s?p={post_id}"));
    assert!(status.ca_pem.is_some(), "the private CA of its post holds for it");
    assert!(!campaign.idempotent);
}

#[test]
fn a_seller_names_where_it_is_told_of_events() {
    let shop = "[sellers.shop]\nwebhook_url = \"https://shop.example/e\"\nwebhook_secret = \"env:NORTH\"\n\
                [sellers.shop.agreements.solar]\npayout = { margin = \"20%\" }\n";
    let (snapshot, _) = compile_texts(&[BASE, shop]).expect("a valid catalog");
    let webhook = snapshot.sellers[1].webhook.as_ref().expect("it has one");
    let endpoint = snapshot.endpoint(webhook.endpoint).expect("an endpoint");
    assert_eq!((&*endpoint.host, &*endpoint.path), ("shop.example", "/e"));
    assert_eq!(webhook.secret.key().len(), 24);
    assert_eq!(*webhook.events, EventKind::ALL);
    let some = shop.replace("[sellers.shop.agr", "webhook_events = [\"lead.settled\"]\n[sellers.shop.agr");
    let (snapshot, _) = compile_texts(&[BASE, &some]).expect("a valid catalog");
    let webhook = snapshot.sellers[1].webhook.as_ref().expect("it has one");
    assert_eq!(*webhook.events, [EventKind::LeadSettled]);
}

#[test]
fn a_postback_is_a_host_with_a_template() {
    let shop = "[sellers.shop]\n\
                postback = { url = \"https://t.example:8443?click={sub_id_2}&at={fields.roof}\", method = \"POST\" }\n\
                [sellers.shop.agreements.solar]\npayout = { margin = \"20%\" }\n";
    let (snapshot, _) = compile_texts(&[BASE, shop]).expect("a valid catalog");
    let postback = snapshot.sellers[1].postback.as_ref().expect("it has one");
    let endpoint = snapshot.endpoint(postback.endpoint).expect("an endpoint");
    assert_eq!((&*endpoint.host, endpoint.port, &*endpoint.path), ("t.example", 8443, "/"));
    assert_eq!((postback.method, &*postback.on), (PostbackMethod::Post, &[EventKind::LeadSold][..]));
    let text = |text: &str| PostbackPiece::Text(text.into());
    let expected = [
        text("/?click="),
        PostbackPiece::Place(PostbackPlace::SubId(1)),
        text("&at="),
        PostbackPiece::Place(PostbackPlace::Field("roof".into())),
        text(""),
    ];
    assert_eq!(*postback.template, expected);
}
