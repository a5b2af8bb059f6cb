//! Every step from every state, and each refusal of a return.

use super::*;

const PRICE: Amount = Amount::from_micros(30_000_000);
const PAYOUT: Amount = Amount::from_micros(24_000_000);
const WINDOW_END: UtcMicros = UtcMicros(1_000);
const RETURNED: SaleStep = SaleStep::Returned { reason: ReturnReason::BadContact, restores: false };
const ADJUSTED: SaleStep =
    SaleStep::Adjusted { price: Amount::from_micros(10), payout: Amount::from_micros(7) };

fn sale(state: SaleState) -> SaleFacts {
    SaleFacts { state, price: PRICE, payout: PAYOUT, settles_at: WINDOW_END }
}

#[test]
fn every_step_from_every_state() {
    use SaleState::{Accepted, Adjusted, Returned, Reversed, Settled};
    let returned = Err(StepRefused::AlreadyReturned);
    let reversed = Err(StepRefused::AlreadyReversed);
    let settled = Err(StepRefused::AlreadySettled);
    let table = [
        (Accepted, [Ok(Returned), Ok(Adjusted), Ok(Reversed), Ok(Settled)]),
        (Adjusted, [Ok(Returned), Ok(Adjusted), Ok(Reversed), Ok(Settled)]),
        (Settled, [settled, Ok(Settled), Ok(Reversed), settled]),
        (Returned, [returned; 4]),
        (Reversed, [reversed; 4]),
    ];
    for (state, expected) in table {
        let steps = [RETURNED, ADJUSTED, SaleStep::Reversed, SaleStep::Settled];
        assert_eq!(steps.map(|step| state.after(step)), expected, "{state:?}");
    }
}

#[test]
fn what_is_given_back_is_credited_in_full_and_once() {
    let credited = sale(SaleState::Accepted).after(RETURNED).expect("it may be returned");
    assert_eq!((credited.price, credited.payout), (Amount::ZERO, Amount::ZERO));
    assert_eq!(credited.after(RETURNED), Err(StepRefused::AlreadyReturned));
    let adjusted = sale(SaleState::Settled).after(ADJUSTED).expect("a settled sale may be corrected");
    assert_eq!((adjusted.state, adjusted.price.micros()), (SaleState::Settled, 10));
    let negative = SaleStep::Adjusted { price: Amount::from_micros(-1), payout: Amount::ZERO };
    assert_eq!(sale(SaleState::Accepted).after(negative), Err(StepRefused::NegativeAmount));
}

#[test]
fn each_refusal_of_a_return_has_its_name() {
    let terms = ReturnTerms {
        return_until: Some(WINDOW_END),
        reasons: &[ReturnReason::BadContact, ReturnReason::Fraud],
        restores: true,
    };
    let judge = |state, reason, terms, now| {
        judge_return(&sale(state), reason, terms, UtcMicros(now)).map_err(ReturnRefused::name)
    };
    let bad = ReturnReason::BadContact;
    let step = SaleStep::Returned { reason: bad, restores: true };
    assert_eq!(judge(SaleState::Accepted, bad, &terms, 999), Ok(step));
    assert_eq!(judge(SaleState::Adjusted, bad, &terms, 0), Ok(step));
    assert_eq!(judge(SaleState::Accepted, bad, &terms, 1_000), Err("return_window_closed"));
    assert_eq!(judge(SaleState::Settled, bad, &terms, 999), Err("return_window_closed"));
    assert_eq!(judge(SaleState::Accepted, ReturnReason::Other, &terms, 0), Err("reason_not_allowed"));
    assert_eq!(judge(SaleState::Returned, bad, &terms, 5_000), Err("already_returned"));
    assert_eq!(judge(SaleState::Reversed, bad, &terms, 0), Err("already_reversed"));
    let none = ReturnTerms { return_until: None, ..terms };
    assert_eq!(judge(SaleState::Accepted, bad, &none, 0), Err("returns_not_allowed"));
}

#[test]
fn states_are_found_by_their_names() {
    for state in SaleState::ALL {
        assert_eq!(SaleState::named(state.name()), Some(state));
    }
    assert_eq!(SaleState::named("sold"), None);
}
