//! The catalogs under `configs/` compile, without a warning.

use exchange_catalog::snapshot::{
    CapKind, OnUnknown, Payout, PingForm, Pricing, ReturnReasons, Scheme, Stage, WindowKind,
};
use exchange_catalog::{CompileOptions, Diagnostic, Snapshot, SourceFile, compile};
use exchange_types::{
    Amount, BuyerIndex, Nanos, Rate, SellerIndex, SourceKey, Submission, UtcMicros, Value, VerticalIndex,
};

pub(crate) const DEMO: &str = include_str!("../../../../configs/demo/catalog.toml");
pub(crate) const REFERENCE: &str = include_str!("../../../../configs/catalog.reference.toml");

pub(crate) fn compile_text(
    text: &str,
    allow_http: bool,
) -> Result<(Snapshot, Vec<Diagnostic>), Vec<Diagnostic>> {
    let files = [SourceFile { name: "catalog.toml".to_owned(), text: text.to_owned() }];
    let secrets = |reference: &str| {
        Some(match reference {
            "file:geo/DE.txt" => "DE\t80331\tM\u{fc}nchen\t\t\t\t\t\t\t48.1345\t11.571\t4\n".to_owned(),
            "file:zips.txt" => "# Freising\n85354\n".to_owned(),
            "file:certificates/north.pem" => "-----BEGIN CERTIFICATE-----\n".to_owned(),
            _ => "whsec_ZGVtby1vbmx5LW5vdC1hLXJlYWwtc2VjcmV0".to_owned(),
        })
    };
    let now = UtcMicros(1_795_132_800_000_000);
    compile(&files, &CompileOptions { version: 1, now, secrets: &secrets, allow_http, source_names: None })
}

#[track_caller]
fn check_compiles(text: &str, allow_http: bool) -> Snapshot {
    let shown = |found: Vec<Diagnostic>| found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    match compile_text(text, allow_http) {
        Ok((snapshot, warnings)) => {
            assert!(warnings.is_empty(), "{}", shown(warnings));
            snapshot
        }
        Err(found) => panic!("{}", shown(found)),
    }
}

#[test]
fn the_demo_compiles() {
    let snapshot = check_compiles(&DEMO.replace("{buyers}", "127.0.0.1:9000"), true);
    assert_eq!(snapshot.verticals.len(), 3);
    assert_eq!(snapshot.sellers.len(), 3);
    assert_eq!(snapshot.buyers.len(), 10);
    assert_eq!(snapshot.campaigns.len(), 20);
    assert!(snapshot.campaigns.iter().any(|campaign| campaign.paused));
    assert!(snapshot.campaigns.iter().any(|campaign| matches!(campaign.pricing, Pricing::Standing(_))));
    for campaign in &snapshot.campaigns {
        let post = snapshot.endpoint(campaign.post).expect("an endpoint of the snapshot");
        assert_eq!(*post.path, format!("/{}/post", campaign.name));
    }
}

#[test]
fn the_reference_compiles() {
    let snapshot = check_compiles(REFERENCE, false);
    assert_eq!(snapshot.campaigns.len(), 2);
}

#[test]
fn names_lead_back_to_their_indices() {
    let snapshot = check_compiles(REFERENCE, false);
    for (name, found) in [
        ("acme", snapshot.seller_named("acme").is_some()),
        ("north", snapshot.buyer_named("north").is_some()),
    ] {
        assert!(found, "{name}");
    }
    let vertical =
        snapshot.vertical(snapshot.vertical_named("solar").expect("named")).expect("in the snapshot");
    for field in &vertical.fields {
        let index = vertical.field_named(&field.name).expect("named");
        assert_eq!(vertical.field(index), Some(field));
    }
    assert_eq!(snapshot.vertical_named("lunar"), None);
}

fn amount(text: &str) -> Amount {
    Amount::parse(text, 4).expect("an amount")
}

#[test]
fn terms_of_the_reference_follow_their_overrides() {
    let snapshot = check_compiles(REFERENCE, false);
    let agreement = snapshot.sellers[0].agreement(VerticalIndex(0)).expect("an agreement for solar");
    let rate = |text| Rate::parse(text).expect("a percentage");
    assert_eq!(agreement.terms.payout, Payout::MarginRate(rate("20%")));
    assert_eq!(agreement.terms.min_margin, amount("1.00"));
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(0), 0);
    lead.set_source(SourceKey::Channel, "email");
    let newsletter = snapshot.sources.origin(&lead);
    assert_eq!(agreement.terms_for(BuyerIndex(0), &newsletter).payout, Payout::Share(rate("85%")));
    let newsletter = agreement.terms_for(BuyerIndex(9), &newsletter);
    assert_eq!(newsletter.payout, Payout::FixedPerLead(amount("12.00")));
    assert!(newsletter.allow_loss);
}

#[test]
fn fields_of_the_reference_say_what_pings_show() {
    let snapshot = check_compiles(REFERENCE, false);
    let shown: Vec<(&str, PingForm, Stage)> =
        snapshot.verticals[0].fields.iter().map(|field| (&*field.name, field.ping, field.given)).collect();
    let expected = [
        ("zip", PingForm::Prefix(2), Stage::Ping),
        ("roof", PingForm::Whole, Stage::Ping),
        ("area", PingForm::Band(25), Stage::Ping),
        ("output_kwp", PingForm::Band(5), Stage::Ping),
        ("battery", PingForm::Whole, Stage::Ping),
        ("birth_date", PingForm::AgeBand(10), Stage::Ping),
        ("comment", PingForm::Withheld, Stage::Post),
        ("phone", PingForm::Withheld, Stage::Post),
        ("email", PingForm::Withheld, Stage::Post),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn the_campaign_of_the_reference_goes_where_it_says() {
    let snapshot = check_compiles(REFERENCE, false);
    let campaign = &snapshot.campaigns[0];
    let Pricing::Ping { endpoint, timeout } = campaign.pricing else { panic!("it is asked") };
    let endpoint = snapshot.endpoint(endpoint).expect("an endpoint of the snapshot");
    assert_eq!(
        (endpoint.scheme, &*endpoint.host, endpoint.port),
        (Scheme::Https, "leads.north.example", 443)
    );
    assert!(endpoint.ca_pem.is_some());
    assert_eq!(timeout.as_millis(), 300);
    assert_eq!(campaign.secrets.len(), 2);
    let caps: Vec<(CapKind, WindowKind, i64)> =
        campaign.caps.iter().map(|cap| (cap.kind, cap.window, cap.limit)).collect();
    let budget = (CapKind::Budget, WindowKind::Month, 10_000_000_000);
    assert_eq!(caps, [(CapKind::Sent, WindowKind::Day, 500), (CapKind::Sold, WindowKind::Hour, 20), budget]);
}

#[test]
fn unknown_posts_and_returns_of_the_reference_are_as_it_says() {
    let snapshot = check_compiles(REFERENCE, false);
    let campaign = &snapshot.campaigns[0];
    let status = campaign.status.and_then(|index| snapshot.endpoint(index)).expect("a status endpoint");
    assert_eq!(&*status.path, "/posts/{post_id}");
    assert_eq!(
        (campaign.unknown_after, campaign.return_window),
        (Nanos::from_secs(86_400), Nanos::from_secs(14 * 86_400))
    );
    assert_eq!((campaign.on_unknown, campaign.return_reasons), (OnUnknown::Hold, ReturnReasons::ALL));
    let webhook = snapshot.sellers[0].webhook.as_ref().expect("acme is told of events");
    assert_eq!(snapshot.endpoint(webhook.endpoint).map(|endpoint| &*endpoint.host), Some("acme.example"));
    assert_eq!(snapshot.campaigns[1].return_window, Nanos::from_secs(7 * 86_400), "the vertical's");
}

#[test]
fn the_standing_price_of_the_reference_follows_its_rules() {
    let snapshot = check_compiles(REFERENCE, false);
    let Pricing::Standing(price) = &snapshot.campaigns[1].pricing else { panic!("it stands") };
    let vertical = &snapshot.verticals[0];
    let roof = vertical.field_named("roof").expect("a field");
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(0), vertical.fields.len());
    assert_eq!(price.price(&lead), Some(amount("10.00")));
    lead.set_value(roof, Some(Value::Choice(0)));
    assert_eq!(price.price(&lead), Some(amount("20.00")));
    lead.set_value(roof, Some(Value::Choice(1)));
    assert_eq!(price.price(&lead), Some(amount("10.00")));
}
