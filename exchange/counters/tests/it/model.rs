//! Counters against a model that keeps every sale in a list.

use exchange_catalog::snapshot::{CapKind, WindowKind};
use exchange_counters::{Counters, CountersConfig, Reservation};
use exchange_types::{Amount, CampaignIndex, Nanos};
use proptest::prelude::*;

use crate::catalog::{cap, hours_later, snapshot};

#[derive(Clone, Debug)]
enum Step {
    Reserve { campaign: u32, money: i64 },
    Release { nth: usize },
    Commit { nth: usize, rebate: i64 },
    Limits { hourly: i64, budget: i64 },
    Hour,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u32..2, 1_i64..40).prop_map(|(campaign, money)| Step::Reserve { campaign, money }),
        2 => (0_usize..8).prop_map(|nth| Step::Release { nth }),
        2 => (0_usize..8, 0_i64..40).prop_map(|(nth, rebate)| Step::Commit { nth, rebate }),
        1 => (0_i64..6, 0_i64..200).prop_map(|(hourly, budget)| Step::Limits { hourly, budget }),
        1 => Just(Step::Hour),
    ];
    proptest::collection::vec(step, 1..80)
}

/// One sale of the model; `used` is what it holds or was sold for.
#[derive(Clone, Copy)]
struct Sale {
    campaign: u32,
    hour: u64,
    used: Option<i64>,
}

/// Returns whether another sale fits: each campaign has an hourly cap, the buyer a budget over all time.
fn fits(sales: &[Sale], (hourly, budget): (i64, i64), new: Sale) -> bool {
    let live = || sales.iter().filter(|sale| sale.used.is_some());
    let in_hour = live().filter(|sale| sale.campaign == new.campaign && sale.hour == new.hour).count();
    let spent: i64 = live().filter_map(|sale| sale.used).sum();
    i64::try_from(in_hour).expect("few") < hourly && spent + new.used.unwrap_or(0) <= budget
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sales_fit_exactly_where_the_model_says(steps in steps()) {
        let counters = Counters::new(CountersConfig { cells_max: 64, ended_kept_for: Nanos::ZERO });
        let catalog = |(hourly, budget)| {
            let own = [cap(CapKind::Sold, WindowKind::Hour, hourly)];
            snapshot(&[cap(CapKind::Budget, WindowKind::Total, budget)], &[&own, &own])
        };
        let (mut limits, mut hour) = ((3, 100), 0);
        let mut table = counters.refresh(&catalog(limits), hours_later(hour));
        let mut sales: Vec<Sale> = Vec::new();
        let mut open: Vec<(usize, Reservation)> = Vec::new();
        for step in steps {
            match step {
                Step::Reserve { campaign, money } => {
                    let sale = Sale { campaign, hour, used: Some(money) };
                    let expected = fits(&sales, limits, sale);
                    let taken =
                        table.reserve(CampaignIndex(campaign), hours_later(hour), Amount::from_micros(money));
                    prop_assert_eq!(taken.is_ok(), expected);
                    if let Ok(reservation) = taken {
                        open.push((sales.len(), reservation));
                        sales.push(sale);
                    }
                }
                Step::Release { nth } if nth < open.len() => {
                    let (position, reservation) = open.swap_remove(nth);
                    sales[position].used = None;
                    counters.cells().release(reservation);
                }
                Step::Commit { nth, rebate } if nth < open.len() => {
                    let (position, reservation) = open.swap_remove(nth);
                    let price = (reservation.money().micros() - rebate).max(0);
                    sales[position].used = Some(price);
                    counters.cells().commit(reservation, Amount::from_micros(price));
                }
                Step::Release { .. } | Step::Commit { .. } => {}
                Step::Limits { hourly, budget } => {
                    limits = (hourly, budget);
                    table = counters.refresh(&catalog(limits), hours_later(hour));
                }
                Step::Hour => {
                    hour += 1;
                    table = counters.refresh(&catalog(limits), hours_later(hour));
                }
            }
            for row in table.rows() {
                let cell = counters.cells().get(row.cell).expect("a live cell");
                prop_assert_eq!(cell.room(), cell.limit() - cell.pending() - cell.posted());
            }
        }
    }
}
