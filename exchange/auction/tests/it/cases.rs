//! The worked cases of `tests/cases/auction-cases.json`, as one table.

use std::collections::{BTreeMap, BTreeSet};

use exchange_auction::{Loss, Pick, unsold_reason};
use exchange_types::{Amount, Rate, Reason};

use crate::played::{Played, play};
use crate::worked_case::{Case, CaseFile, CaseOutcome, Expected, OneOrMore, Shares, amount};

const CASES: &str = include_str!("../cases/auction-cases.json");
/// Auctions in which each of the equal outcomes has to come up; one of two stays away once in 2^64.
const EQUAL_AUCTIONS: u32 = 64;

#[test]
fn every_worked_case_comes_out() {
    let file: CaseFile = serde_json::from_str(CASES).expect("the file follows its schema");
    assert_eq!(file.cases.len(), 60);
    let wrong: Vec<String> = file.cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let result = match &case.expect {
        Expected::Outcome(expected) => compare(case, &run(case, 1), expected),
        Expected::OneOf { one_of, shares } => check_equals(case, one_of, shares.as_ref()),
    };
    result.map_err(|wrong| format!("{}: {wrong}\n  ({})", case.name, case.why))
}

fn run(case: &Case, auction: u32) -> Played {
    play(&case.rules(auction.into()), case.contenders(), |position| case.answer(position))
}

fn check_equals(case: &Case, one_of: &[CaseOutcome], shares: Option<&Shares>) -> Result<(), String> {
    let auctions = shares.map_or(EQUAL_AUCTIONS, |shares| shares.auctions);
    let mut seen = BTreeSet::new();
    let mut won: BTreeMap<&str, u32> = BTreeMap::new();
    for auction in 0..auctions {
        let played = run(case, auction);
        let results: Vec<_> = one_of.iter().map(|expected| compare(case, &played, expected)).collect();
        let Some(outcome) = results.iter().position(Result::is_ok) else {
            return Err(format!("none of the outcomes, but {results:?}"));
        };
        seen.insert(outcome);
        for sale in &played.sales {
            let count = won.entry(id(case, sale.contender)).or_default();
            *count = count.saturating_add(1);
        }
    }
    if seen.len() != one_of.len() {
        return Err(format!("only the outcomes {seen:?}"));
    }
    let Some(shares) = shares else { return Ok(()) };
    let within = amount(&shares.within).micros();
    for (campaign, share) in &shares.of {
        let expected = amount(share).micros();
        let count = i64::from(won.get(&**campaign).copied().unwrap_or(0));
        let found = count.saturating_mul(i64::from(Rate::PARTS)).div_euclid(auctions.into());
        if found.abs_diff(expected) > within.unsigned_abs() {
            return Err(format!("{campaign} won {found} of a million, not {expected}"));
        }
    }
    Ok(())
}

fn compare(case: &Case, played: &Played, expected: &CaseOutcome) -> Result<(), String> {
    same("status", &status(played), &(&*expected.status, expected.reason.as_deref()))?;
    let sales: BTreeMap<&str, _> =
        played.sales.iter().map(|sale| (id(case, sale.contender), money(sale))).collect();
    let expected_sales = expected
        .sales
        .iter()
        .map(|sale| (&*sale.campaign, (amount(&sale.price), amount(&sale.payout), amount(&sale.margin))));
    same("sales", &sales, &expected_sales.collect())?;
    let payout: i64 = played.sales.iter().map(|sale| sale.payout.micros()).sum();
    same("payout", &payout, &amount(&expected.payout).micros())?;
    let losses: BTreeMap<&str, &Loss> =
        played.losses.iter().map(|loss| (id(case, loss.contender), loss)).collect();
    same(
        "losers",
        &losses.keys().collect::<Vec<_>>(),
        &expected.losers.keys().map(|id| &**id).collect::<Vec<_>>().iter().collect(),
    )?;
    for (campaign, reason) in &expected.losers {
        let found = losses.get(&**campaign).map(|loss| loss.reason);
        if !allows(reason, found) {
            return Err(format!("{campaign} lost by {found:?}"));
        }
    }
    for (campaign, minimum) in &expected.minimum_to_win {
        let found = losses.get(&**campaign).and_then(|loss| loss.minimum_to_win);
        same(campaign, &found, &minimum.as_ref().map(|minimum| amount(minimum)))?;
    }
    let Some(order) = &expected.order else { return Ok(()) };
    let round =
        |picks: &Vec<Pick>| picks.iter().map(|pick| id(case, pick.contender)).collect::<BTreeSet<_>>();
    let expected_round = |round: &Vec<String>| round.iter().cloned().collect::<BTreeSet<_>>();
    let rounds: Vec<BTreeSet<String>> =
        played.rounds.iter().map(|picks| round(picks).into_iter().map(str::to_owned).collect()).collect();
    same("order", &rounds, &order.iter().map(expected_round).collect())
}

fn status(played: &Played) -> (&'static str, Option<&'static str>) {
    if !played.sales.is_empty() {
        ("sold", None)
    } else if played.contenders.iter().any(|contender| contender.standing.kept().is_some()) {
        ("pending", Some("post_unknown"))
    } else {
        ("unsold", Some(unsold_reason(&played.contenders).name()))
    }
}

fn money(sale: &Pick) -> (Amount, Amount, Amount) {
    (sale.price, sale.payout, sale.margin)
}

fn allows(expected: &OneOrMore, found: Option<Reason>) -> bool {
    let found = found.map(Reason::name);
    match expected {
        OneOrMore::One(reason) => found == Some(reason),
        OneOrMore::More(reasons) => reasons.iter().any(|reason| found == Some(reason)),
    }
}

fn id(case: &Case, position: u16) -> &str {
    case.campaigns.get(usize::from(position)).map_or("", |campaign| &campaign.id)
}

fn same<T: PartialEq + core::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, not {expected:?}")) }
}
