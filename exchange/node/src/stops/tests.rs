use exchange_catalog::{CompileOptions, SourceFile, compile};
use exchange_types::{SellerIndex, SourceKey, UtcMicros, VerticalIndex};

use super::*;

const CATALOG: &str = r#"
[verticals.solar]
currency = "EUR"
fields.phone = { type = "phone", country = "DE" }
[buyers.north]
legal_name = "North"
time_zone = "UTC"
[sellers.acme]
agreements.solar.payout = { none = true }
[sellers.acme.sources.best]
sub_ids = ["pub-1"]
[sellers.acme.sources.letter]
channel = "email"
[sellers.zeta]
agreements.solar.payout = { none = true }
[campaigns.roof]
buyer = "north"
vertical = "solar"
price = "1.00"
post = { url = "https://north.example/" }
signing_secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
"#;

fn snapshot() -> Snapshot {
    let files = [SourceFile { name: "catalog.toml".into(), text: CATALOG.into() }];
    let options = CompileOptions {
        version: 1,
        now: UtcMicros(0),
        secrets: &|_| None,
        allow_http: false,
        source_names: None,
    };
    compile(&files, &options).expect("a valid catalog").0
}

fn stop(number: u128, kind: StopKind, name: &str, on: bool) -> Stop {
    Stop {
        id: Uuid7::new(UtcMicros(0), number),
        kind,
        name: name.into(),
        on,
        by: "operator:ada".into(),
        reason: "wrong prices".into(),
        at: UtcMicros(0),
    }
}

/// A lead of a seller (acme 0, zeta 1) with its first sub-id and its channel.
fn lead((seller, sub_id, channel): (u32, &str, &str)) -> Submission {
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(seller), 1);
    lead.push_sub_id(sub_id);
    lead.set_source(SourceKey::Channel, channel);
    lead
}

#[test]
fn a_stop_bars_what_it_names_and_nothing_else() {
    use StopKind::{Buyer, Campaign, Seller, Source, Vertical};
    let snapshot = snapshot();
    let leads = [(0, "pub-1", "web"), (0, "pub-2", "email"), (0, "pub-2", "web"), (1, "pub-1", "email")];
    let (paused, blocked) = (Some(Reason::Paused), Some(Reason::SourceBlocked));
    for (kind, name, expected) in [
        (Campaign, "roof", [paused; 4]),
        (Buyer, "north", [paused; 4]),
        (Vertical, "solar", [paused; 4]),
        (Seller, "acme", [blocked, blocked, blocked, None]),
        (Source, "acme/best", [blocked, None, None, None]),
        (Source, "acme/letter", [None, blocked, None, None]),
        (Source, "acme#pub-2", [None, blocked, blocked, None]),
        (Source, "zeta#pub-1", [None, None, None, blocked]),
        // The name is there, and of another kind.
        (Campaign, "north", [None; 4]),
        (Seller, "zeta/best", [None; 4]),
    ] {
        let mut stops = Stops::default();
        stops.take(&stop(1, kind, name, true));
        let found = leads.map(|given| stops.bar(&snapshot, &snapshot.campaigns[0], &lead(given)));
        assert_eq!(found, expected, "{kind:?} {name}");
    }
}

#[test]
fn a_start_ends_its_own_stop_and_no_later_one() {
    let mut stops = Stops::default();
    stops.take(&stop(1, StopKind::Campaign, "roof", true));
    stops.take(&stop(2, StopKind::Campaign, "roof", true));
    assert_eq!((stops.len(), stops.find(stop(1, StopKind::Campaign, "roof", true).id).is_some()), (1, true));
    stops.take(&stop(2, StopKind::Campaign, "roof", false));
    assert!(!stops.is_empty(), "the second never came in force");
    stops.take(&stop(1, StopKind::Campaign, "roof", false));
    assert!(stops.is_empty() && stops.iter().next().is_none());
    stops.take(&stop(1, StopKind::Campaign, "roof", false));
    assert_eq!(stops.len(), 0);
}

#[test]
fn only_what_the_catalog_has_can_be_stopped() {
    let snapshot = snapshot();
    for (kind, name, expected) in [
        (StopKind::Campaign, "roof", true),
        (StopKind::Campaign, "north", false),
        (StopKind::Buyer, "north", true),
        (StopKind::Seller, "zeta", true),
        (StopKind::Vertical, "solar", true),
        (StopKind::Vertical, "wind", false),
        (StopKind::Source, "acme/best", true),
        (StopKind::Source, "zeta/best", false),
        (StopKind::Source, "acme", false),
        (StopKind::Source, "zeta#anything", true),
        (StopKind::Source, "zeta#", false),
        (StopKind::Source, "none#pub-1", false),
    ] {
        assert_eq!(can_stop(&snapshot, kind, name), expected, "{kind:?} {name}");
    }
}
