//! What a sweep finds, against counters that sell.

use std::fmt::Write as _;

use exchange_catalog::snapshot::{CapKind, WindowKind};
use exchange_catalog::{CompileOptions, Snapshot, SourceFile, compile};
use exchange_counters::{CapTable, CountersConfig};
use exchange_types::{Amount, CampaignIndex, UtcMicros};

use super::*;

/// 2026-11-20T00:00:00Z.
const MIDNIGHT: UtcMicros = UtcMicros(1_795_132_800_000_000);

/// A catalog of one buyer whose campaigns each have a cap over all time.
fn snapshot(campaigns: usize) -> Snapshot {
    let mut text = String::from(
        "[verticals.solar]\ncurrency = \"EUR\"\n[verticals.solar.fields.phone]\ntype = \"phone\"\n\
         country = \"DE\"\nrequired = \"post\"\n[sellers.acme.agreements.solar]\npayout = { margin = \"20%\" }\n\
         [buyers.north]\nlegal_name = \"North\"\ntime_zone = \"Europe/Berlin\"\n",
    );
    for number in 0..campaigns {
        write!(
            text,
            "[campaigns.c{number}]\nbuyer = \"north\"\nvertical = \"solar\"\n\
             ping = {{ url = \"https://north.example/ping\" }}\npost = {{ url = \"https://north.example/post\" }}\n\
             signing_secrets = [\"env:ANY\"]\ncaps = {{ sold = {{ total = 100 }} }}\n"
        )
        .expect("a text takes what is written");
    }
    let file = SourceFile { name: "catalog.toml".to_owned(), text };
    let secrets = |_: &str| Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    let options = CompileOptions {
        version: 1,
        now: MIDNIGHT,
        secrets: &secrets,
        allow_http: false,
        source_names: None,
    };
    compile(&[file], &options).expect("a valid catalog").0
}

fn sell(counters: &Counters, table: &CapTable, campaign: u32) {
    let reservation = table.reserve(CampaignIndex(campaign), MIDNIGHT, Amount::ZERO).expect("room");
    counters.cells().commit(reservation, Amount::ZERO);
}

/// Goes round once and returns its batches.
fn round(sweep: &mut Sweep, counters: &Counters) -> Vec<Vec<Row>> {
    sweep.begin();
    let (mut batches, mut batch) = (Vec::new(), Vec::new());
    loop {
        let ended = sweep.look(counters, &mut batch).is_break();
        assert!(batch.len() <= BATCH_ROWS_MAX);
        if ended || Sweep::is_full(&batch) {
            batches.push(core::mem::take(&mut batch));
        }
        if ended {
            return batches;
        }
    }
}

#[test]
fn only_what_has_changed_is_told_again() {
    let counters = Counters::new(CountersConfig { cells_max: 8, ..CountersConfig::default() });
    let table = counters.refresh(&snapshot(3), MIDNIGHT);
    let mut sweep = Sweep::default();
    let first: Vec<Row> = round(&mut sweep, &counters).concat();
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|(_, reading)| (reading.posted, reading.limit) == (0, 100)));
    assert!(round(&mut sweep, &counters).concat().is_empty(), "nothing has changed");
    sell(&counters, &table, 1);
    let changed = round(&mut sweep, &counters).concat();
    let [(key, reading)] = &*changed else { panic!("one has changed: {changed:?}") };
    assert_eq!((key.kind, key.window_kind, reading.posted), (CapKind::Sold, WindowKind::Total, 1));
    sweep.forget();
    assert_eq!(round(&mut sweep, &counters).concat().len(), 3, "all are told anew");
}

#[test]
fn a_round_of_many_counters_comes_in_batches_and_misses_none() {
    for campaigns in [BATCH_ROWS_MAX - 1, BATCH_ROWS_MAX, BATCH_ROWS_MAX + 1, LOOKS_MAX + 7] {
        let counters = Counters::new(CountersConfig { cells_max: campaigns, ..CountersConfig::default() });
        let table = counters.refresh(&snapshot(campaigns), MIDNIGHT);
        let mut sweep = Sweep::default();
        let batches = round(&mut sweep, &counters);
        let told: BTreeMap<_, _> = batches.concat().into_iter().collect();
        assert_eq!(told.len(), campaigns);
        let last = u32::try_from(campaigns - 1).expect("few");
        sell(&counters, &table, last);
        assert_eq!(round(&mut sweep, &counters).concat().len(), 1, "of {campaigns}");
    }
}

#[test]
fn what_is_not_counted_any_more_is_forgotten() {
    let counters = Counters::new(CountersConfig { cells_max: 8, ..CountersConfig::default() });
    counters.refresh(&snapshot(3), MIDNIGHT);
    let mut sweep = Sweep::default();
    round(&mut sweep, &counters);
    // Campaigns that have counted nothing lose their cells with the catalog that named them.
    counters.refresh(&snapshot(1), MIDNIGHT);
    round(&mut sweep, &counters);
    assert_eq!(sweep.told.len(), counters.cells_used());
    assert_eq!(sweep.told.len(), 1);
}
