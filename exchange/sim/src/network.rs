//! What buyers do with pings and posts, as the seed has it.

use exchange_types::{
    Amount, BidEntries, BidEntry, Nanos, NotSent, PingReply, PostOutcome, SmallText, UnknownCause,
};

use crate::draws::Draw;
use crate::fault::Fault;
use crate::queue::Truth;

/// Micros in a cent.
const CENT: i64 = 10_000;

/// What comes of a ping, and after how long; nothing where even the shell is silent.
pub(crate) fn answer_ping(draw: &mut Draw, window: Nanos) -> Vec<(Nanos, PingReply)> {
    let window = window.as_micros();
    let soon = draw.micros(1, window.saturating_sub(1_000).max(1));
    let bid = PingReply::Bids(entries(draw));
    match draw.weighted([66, 8, 4, 4, 4, 4, 4, 3, 3]) {
        0 => vec![(soon, bid)],
        1 => vec![(soon, PingReply::NoBid)],
        2 => vec![(Nanos(window.saturating_mul(1_000)), PingReply::Timeout)],
        3 => vec![(soon, PingReply::ConnectFailed)],
        4 => vec![(soon, PingReply::BadReply)],
        5 => vec![(soon, PingReply::BadPrice)],
        // A bid at the very close, or after it.
        6 => {
            let late = if draw.percent(30) { 0 } else { draw.between(1, 2_000_000_000) };
            vec![(Nanos(window.saturating_mul(1_000).saturating_add(late)), bid)]
        }
        7 => Vec::new(),
        _ => {
            let again = soon.saturating_add(draw.micros(1, 100_000));
            vec![(soon, bid), (again, PingReply::Bids(entries(draw)))]
        }
    }
}

fn entries(draw: &mut Draw) -> BidEntries {
    let mut entries = BidEntries::new();
    let mut amount = draw.amount(800 * CENT, 6_000 * CENT);
    if draw.percent(20) {
        // Equal bids, so that ties come up.
        amount = 3_000 * CENT;
    }
    if draw.percent(60) {
        amount -= amount % CENT;
    }
    let count = draw.weighted([60, 25, 15]);
    for position in 0..=count {
        let max_buyers = if position == count && draw.percent(70) {
            0
        } else {
            u16::try_from(position.saturating_add(1)).unwrap_or(0)
        };
        entries.push(BidEntry { amount: Amount::from_micros(amount), max_buyers, bid_id: SmallText::EMPTY });
        // Further entries are worth less by more than a cent, so that a price tells them apart.
        amount = amount.saturating_sub(draw.amount(150 * CENT, 900 * CENT)).max(5 * CENT);
    }
    entries
}

/// What comes of a post.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PostPlan {
    /// What the buyer truly does.
    pub(crate) truth: Truth,
    /// What the shell reports, and after how long; nothing where it reports nothing in time.
    pub(crate) report: Option<(Nanos, PostOutcome)>,
    /// What the buyer says when it is asked again; nothing where the post never reached it, or it did not look.
    pub(crate) again: Option<PostOutcome>,
}

/// Draws what comes of a post at `price` that is given up after `timeout`.
pub(crate) fn answer_post(draw: &mut Draw, price: Amount, timeout: Nanos, fault: Fault) -> PostPlan {
    let soon = draw.micros(1, timeout.as_micros().saturating_sub(1_000).clamp(1, 900_000));
    let report = |outcome| Some((soon, outcome));
    let (declined, took) = (Truth::Declined, Truth::Took);
    let accepted = PostOutcome::Accepted { price: None };
    let plan = |truth, report, again| PostPlan { truth, report, again };
    match draw.weighted([45, 18, 5, 6, 7, 6, 5, 4, 4]) {
        0 => plan(took, report(accepted), Some(accepted)),
        1 => plan(declined, report(PostOutcome::Rejected), Some(PostOutcome::Rejected)),
        2 => plan(declined, report(PostOutcome::Duplicate), Some(PostOutcome::Duplicate)),
        3 => plan(declined, report(PostOutcome::Refused { status: 503 }), None),
        4 => plan(declined, report(PostOutcome::NotSent(NotSent::Connect)), None),
        5 => {
            let lower = price.micros().saturating_sub(draw.amount(CENT, 400 * CENT)).max(CENT);
            let lower = PostOutcome::Accepted { price: Some(Amount::from_micros(lower)) };
            // What it means is for the agreement to say, and so for the record.
            plan(declined, report(lower), Some(lower))
        }
        // The buyer takes the lead, and its answer is lost.
        6 => plan(took, report(lost(fault)), Some(accepted)),
        7 => plan(took, None, Some(accepted)),
        // An acceptance after the post was given up.
        _ => {
            let late = timeout.saturating_add(draw.micros(0, 500_000));
            plan(took, Some((late, accepted)), Some(accepted))
        }
    }
}

fn lost(fault: Fault) -> PostOutcome {
    if fault == Fault::UnknownAsRejected {
        PostOutcome::Rejected
    } else {
        PostOutcome::Unknown(UnknownCause::Broken)
    }
}
