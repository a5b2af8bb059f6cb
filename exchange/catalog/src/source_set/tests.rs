use std::sync::Arc;

use exchange_types::{BuyerIndex, SellerIndex, SourceKey, Submission, VerticalIndex};

use crate::Snapshot;
use crate::compile::tests::compile_with_names;
use crate::snapshot::{Payout, Pricing, SourceNames};

const CATALOG: &str = r#"
[verticals.v]
currency = "EUR"
fields.phone = { type = "phone", country = "DE" }
[buyers.b]
legal_name = "B"
time_zone = "UTC"
[sellers.acme]
agreements.v.payout = { none = true }
[sellers.acme.sources.best]
sub_ids = ["pub-1", "pub-2"]
[sellers.acme.sources.letter]
channel = "email"
[sellers.zeta]
agreements.v.payout = { none = true }
[sellers.zeta.sources.best]
sub_ids = ["pub-1"]
"#;

/// Names whose digits can be worked out by hand: the first byte is the buyer's, the second the seller's, and the
/// last the sub-id's last.
struct Names;

impl SourceNames for Names {
    fn source_ref(&self, buyer: &str, seller: &str) -> u128 {
        let first = |text: &str| u128::from(text.bytes().next().unwrap_or(0));
        first(buyer) << 120 | first(seller) << 112
    }

    fn sub_ref(&self, buyer: &str, seller: &str, sub_id: &str) -> u128 {
        self.source_ref(buyer, seller) | u128::from(sub_id.bytes().last().unwrap_or(0))
    }
}

fn snapshot(key: &str) -> Snapshot {
    let campaign = format!(
        "[campaigns.c]\nbuyer = \"b\"\nvertical = \"v\"\nprice = \"1.00\"\npost = {{ url = \"https://b.example/\" }}\n\
         signing_secrets = [\"env:NORTH\"]\n{key}\n"
    );
    let names: Arc<dyn SourceNames> = Arc::new(Names);
    let found = compile_with_names(&[CATALOG, &campaign], Some(&names));
    found.unwrap_or_else(|found| panic!("{key}: {found:?}")).0
}

/// A lead of a seller (acme 0, zeta 1) with its first sub-id and its channel, each perhaps empty.
fn lead((seller, sub_id, channel): (u32, &str, &str)) -> Submission {
    let mut lead = Submission::default();
    lead.reset(VerticalIndex(0), SellerIndex(seller), 1);
    for text in [sub_id, "click-7"].into_iter().filter(|text| !text.is_empty()) {
        lead.push_sub_id(text);
    }
    lead.set_source(SourceKey::Channel, channel);
    lead
}

const LEADS: [(u32, &str, &str); 7] = [
    (0, "", ""),
    (0, "pub-1", ""),
    (0, "pub-2", "email"),
    (0, "other", "email"),
    (0, "other", "search"),
    (1, "pub-1", "email"),
    (1, "pub-2", ""),
];

/// Checks which of the leads come from one of some sources, as a filter and as both halves of a rule.
#[track_caller]
fn check(set: &str, expected: [bool; LEADS.len()]) {
    let filter = snapshot(&format!("filter = {{ source = {set} }}"));
    let only = snapshot(&format!("sources = {{ only = {set} }}"));
    let block = snapshot(&format!("sources.block = {set}"));
    for (given, expected) in LEADS.into_iter().zip(expected) {
        let lead = lead(given);
        assert_eq!(filter.campaigns[0].filter.matches(&lead), expected, "{set} {given:?}");
        assert_eq!(only.campaigns[0].sources.takes(&lead), expected, "{set} {given:?}");
        assert_eq!(block.campaigns[0].sources.takes(&lead), !expected, "{set} {given:?}");
    }
}

#[test]
fn a_set_names_sellers_sources_sub_ids_and_channels() {
    check(r#""acme""#, [true, true, true, true, true, false, false]);
    check(r#"["acme/best"]"#, [false, true, true, false, false, false, false]);
    // A sub-id of another source decides before the channel.
    check(r#"["acme/letter"]"#, [false, false, false, true, false, false, false]);
    check(r#"["zeta/best"]"#, [false, false, false, false, false, true, false]);
    check(r#"["acme#pub-1", "zeta#pub-2"]"#, [false, true, false, false, false, false, true]);
    check(r#"["channel:email"]"#, [false, false, true, true, false, true, false]);
    // The second sub-id counts clicks and is nobody's name.
    check(r#"["acme#click-7"]"#, [true, false, false, false, false, false, false]);
}

#[test]
fn a_set_takes_the_names_under_which_the_buyer_knows_sellers_and_publishers() {
    let (b, a, z) = (0x62, 0x61, 0x7a);
    let name = |seller: u32, last: u32| format!("\"{b:02x}{seller:02x}{last:028x}\"");
    check(&name(a, 0), [true, true, true, true, true, false, false]);
    check(&name(z, 0x32), [false, false, false, false, false, false, true]);
    check(&name(a, 0x31), [false, true, false, false, false, false, false]);
    let another_buyers = format!("\"{:02x}{z:02x}{:028x}\"", 0x63, 0);
    check(&another_buyers, [false; 7]);
}

#[test]
fn a_price_follows_the_source() {
    let priced = CATALOG.to_owned()
        + "[campaigns.c]\nbuyer = \"b\"\nvertical = \"v\"\npost = { url = \"https://b.example/\" }\n\
           signing_secrets = [\"env:NORTH\"]\n\
           price = { rules = [{ when = { source = \"acme/best\" }, price = \"20.00\" }], otherwise = \"10.00\" }\n";
    let (snapshot, _) = compile_with_names(&[&priced], None).expect("a valid catalog");
    let Pricing::Standing(price) = &snapshot.campaigns[0].pricing else { panic!("it stands") };
    let found = LEADS.map(|given| price.price(&lead(given)).map_or(0, |price| price.micros() / 1_000_000));
    assert_eq!(found, [10, 20, 20, 10, 10, 10, 10]);
}

#[test]
fn terms_follow_buyer_sub_id_source_and_channel_in_this_order() {
    let overrides = r#"
[sellers.acme.agreements.v.overrides]
sub_ids."pub-2" = { payout = { share = "2%" } }
sources.best = { payout = { share = "3%" } }
sources.letter = { payout = { share = "4%" } }
sources.search = { payout = { share = "5%" } }
"#;
    let (snapshot, _) =
        compile_with_names(&[&format!("{CATALOG}{overrides}")], None).expect("a valid catalog");
    let agreement = snapshot.sellers[0].agreement(VerticalIndex(0)).expect("an agreement");
    let share = |given| {
        let lead = lead(given);
        let terms = agreement.terms_for(BuyerIndex(0), &snapshot.sources.origin(&lead));
        match terms.payout {
            Payout::Share(rate) => rate.to_string(),
            Payout::MarginRate(_)
            | Payout::MarginAmount(_)
            | Payout::FixedPerLead(_)
            | Payout::FixedPerSale(_)
            | Payout::None => String::new(),
        }
    };
    let shares: Vec<String> = LEADS[..5].iter().map(|given| share(*given)).collect();
    assert_eq!(shares, ["", "3%", "2%", "4%", "5%"]);
    // An account has the place of the override alone; of an erased lead its terms come from that.
    let retraced: Vec<Option<u16>> = (0..5)
        .map(|place| {
            let mut erased = Submission::default();
            erased.reset(VerticalIndex(0), SellerIndex(0), 1);
            agreement.retrace(place, &snapshot.sources, &mut erased);
            agreement.override_for(&snapshot.sources.origin(&erased))
        })
        .collect();
    assert_eq!(retraced, [Some(0), Some(1), Some(2), Some(3), None]);
    assert_eq!(
        snapshot.sources.source_named("acme/letter").map(|(seller, source)| (seller.0, source.0)),
        Some((0, 1))
    );
    assert_eq!(snapshot.sources.source_named("acme/none"), None);
}
