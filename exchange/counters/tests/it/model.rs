//! Counters against a model that keeps every sale in a list.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{CapKind, WindowKind};
use exchange_counters::{CapTable, Counters, CountersConfig, Posted, Reservation};
use exchange_types::{Amount, CampaignIndex, Nanos, UtcMicros};
use proptest::prelude::*;

use crate::catalog::{cap, hours_later, snapshot};

#[derive(Clone, Debug)]
enum Step {
    Reserve { campaign: u32, money: i64 },
    Release { nth: usize },
    Commit { nth: usize, rebate: i64 },
    Limits { hourly: i64, budget: i64 },
    Deposit { money: i64 },
    Return { nth: usize, restores: bool },
    Hour,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0_u32..2, 1_i64..40).prop_map(|(campaign, money)| Step::Reserve { campaign, money }),
        2 => (0_usize..8).prop_map(|nth| Step::Release { nth }),
        2 => (0_usize..8, 0_i64..40).prop_map(|(nth, rebate)| Step::Commit { nth, rebate }),
        1 => (0_i64..6, 0_i64..200).prop_map(|(hourly, budget)| Step::Limits { hourly, budget }),
        1 => (-50_i64..150).prop_map(|money| Step::Deposit { money }),
        1 => (0_usize..40, any::<bool>()).prop_map(|(nth, restores)| Step::Return { nth, restores }),
        1 => Just(Step::Hour),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..80)
}

/// One sale of the model; `used` is what it holds or was sold for, `open` whether it only holds it.
#[derive(Clone, Copy)]
struct Sale {
    campaign: u32,
    hour: u64,
    used: Option<i64>,
    open: bool,
    /// Whether it was returned: the balance has its money back.
    returned: bool,
}

/// What bounds the sales of the model.
#[derive(Clone, Copy)]
struct Bounds {
    hourly: i64,
    budget: i64,
    deposits: i64,
}

/// Returns whether another sale fits: each campaign has an hourly cap, the buyer a budget over all time and a
/// prepaid balance.
fn fits(sales: &[Sale], bounds: Bounds, new: Sale) -> bool {
    let money = new.used.unwrap_or(0);
    let live = || sales.iter().filter(|sale| sale.used.is_some());
    let in_hour = live().filter(|sale| sale.campaign == new.campaign && sale.hour == new.hour).count();
    let spent: i64 = live().filter_map(|sale| sale.used).sum();
    let in_hour = i64::try_from(in_hour).expect("few");
    in_hour < bounds.hourly && spent + money <= bounds.budget && money <= balance(sales, bounds)
}

/// Returns what is left of the deposits.
fn balance(sales: &[Sale], bounds: Bounds) -> i64 {
    let charged = sales.iter().filter(|sale| !sale.returned).filter_map(|sale| sale.used);
    bounds.deposits - charged.sum::<i64>()
}

/// Starts anew from what the model's list says, as a node does from its journal.
fn restart(
    sales: &[Sale],
    open: &mut [(usize, Reservation)],
    (catalog, bounds): (&Snapshot, Bounds),
    now: UtcMicros,
) -> (Counters, Arc<CapTable>) {
    let counters = Counters::new(CountersConfig { cells_max: 64, ended_kept_for: Nanos::ZERO });
    let table = counters.refresh(catalog, now);
    let held: i64 = sales.iter().filter(|sale| sale.open).filter_map(|sale| sale.used).sum();
    counters.deposit("buyer", Amount::from_micros(balance(sales, bounds) + held));
    for sale in sales.iter().filter(|sale| !sale.open) {
        let Some(money) = sale.used.map(Amount::from_micros) else { continue };
        let posted = Posted { sent: 1, sold: 1, money };
        table.restore_posted(CampaignIndex(sale.campaign), hours_later(sale.hour), posted);
    }
    for (position, reservation) in open {
        let sale = sales.get(*position).expect("an open sale is in the list");
        let money = Amount::from_micros(sale.used.expect("it holds something"));
        *reservation = table.restore(CampaignIndex(sale.campaign), hours_later(sale.hour), money);
    }
    (counters, table)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sales_fit_exactly_where_the_model_says(steps in steps()) {
        let mut counters = Counters::new(CountersConfig { cells_max: 64, ended_kept_for: Nanos::ZERO });
        let catalog = |bounds: Bounds| {
            let own = [cap(CapKind::Sold, WindowKind::Hour, bounds.hourly)];
            let mut catalog = snapshot(&[cap(CapKind::Budget, WindowKind::Total, bounds.budget)], &[&own, &own]);
            catalog.buyers.iter_mut().for_each(|buyer| buyer.prepaid = true);
            catalog
        };
        let (mut bounds, mut hour) = (Bounds { hourly: 3, budget: 100, deposits: 100 }, 0);
        counters.deposit("buyer", Amount::from_micros(bounds.deposits));
        let mut table = counters.refresh(&catalog(bounds), hours_later(hour));
        let mut sales: Vec<Sale> = Vec::new();
        let mut open: Vec<(usize, Reservation)> = Vec::new();
        for step in steps {
            match step {
                Step::Reserve { campaign, money } => {
                    let sale = Sale { campaign, hour, used: Some(money), open: true, returned: false };
                    let expected = fits(&sales, bounds, sale);
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
                    sales[position] = Sale { used: None, open: false, ..sales[position] };
                    counters.cells().release(reservation);
                }
                Step::Commit { nth, rebate } if nth < open.len() => {
                    let (position, reservation) = open.swap_remove(nth);
                    let price = (reservation.money().micros() - rebate).max(0);
                    sales[position] = Sale { used: Some(price), open: false, ..sales[position] };
                    counters.cells().commit(reservation, Amount::from_micros(price));
                }
                Step::Limits { hourly, budget } => {
                    bounds = Bounds { hourly, budget, ..bounds };
                    table = counters.refresh(&catalog(bounds), hours_later(hour));
                }
                Step::Deposit { money } => {
                    bounds.deposits += money;
                    counters.deposit("buyer", Amount::from_micros(money));
                }
                Step::Return { nth, restores } if nth < sales.len() => {
                    let sale = sales[nth];
                    let Some(price) = sale.used.filter(|_| !sale.open && !sale.returned) else { continue };
                    let campaign = CampaignIndex(sale.campaign);
                    table.charge(campaign, Amount::from_micros(-price));
                    if restores {
                        table.give_back(campaign, hours_later(sale.hour), Amount::from_micros(price));
                        sales[nth].used = None;
                    }
                    sales[nth].returned = true;
                }
                Step::Release { .. } | Step::Commit { .. } | Step::Return { .. } => {}
                Step::Hour => {
                    hour += 1;
                    table = counters.refresh(&catalog(bounds), hours_later(hour));
                }
                Step::Restart => {
                    (counters, table) = restart(&sales, &mut open, (&catalog(bounds), bounds), hours_later(hour));
                }
            }
            for row in table.rows() {
                let cell = counters.cells().get(row.cell).expect("a live cell");
                prop_assert_eq!(cell.room(), cell.limit() - cell.pending() - cell.posted());
            }
            let left = table.balance(CampaignIndex(0)).expect("the buyer pays ahead");
            prop_assert_eq!(left.micros(), balance(&sales, bounds));
        }
    }
}
