//! An auction played to its end: rounds of posts until nobody follows.

use exchange_auction::{
    Contender, Loss, Pick, Rules, Scratch, Standing, clear, judge_price, reasons, settle,
};
use exchange_catalog::snapshot::OnLowerPrice;
use exchange_types::{Amount, Reason};

/// What a campaign answers to its post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted(Option<Amount>, OnLowerPrice),
    Failed(Reason),
    Unknown,
}

/// What came of an auction.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) contenders: Vec<Contender>,
    /// The posts of each round.
    pub(crate) rounds: Vec<Vec<Pick>>,
    pub(crate) sales: Vec<Pick>,
    pub(crate) losses: Vec<Loss>,
}

/// Plays an auction; `answer` gives what the contender at a position answers.
pub(crate) fn play(
    rules: &Rules,
    mut contenders: Vec<Contender>,
    answer: impl Fn(usize) -> Answer,
) -> Played {
    let mut scratch = Scratch::default();
    let mut rounds = Vec::new();
    loop {
        let picks = clear(rules, &contenders, &mut scratch).to_vec();
        if picks.is_empty() {
            break;
        }
        assert!(rounds.len() <= contenders.len(), "every round settles a contender");
        for pick in &picks {
            at(&mut contenders, pick).standing = Standing::Posted(*pick);
        }
        assert_eq!(clear(rules, &contenders, &mut scratch), [], "nobody follows a post in flight");
        for pick in &picks {
            let judged = match answer(usize::from(pick.contender)) {
                Answer::Accepted(price, on_lower) => {
                    judge_price(rules, &contenders, pick, price, on_lower).map(Standing::Accepted)
                }
                Answer::Failed(reason) => {
                    at(&mut contenders, pick).fail(reason);
                    continue;
                }
                Answer::Unknown => Ok(Standing::Unknown(*pick)),
            };
            let contender = at(&mut contenders, pick);
            match judged {
                Ok(standing) => contender.standing = standing,
                Err(_) => contender.fail(Reason::PriceChanged),
            }
        }
        rounds.push(picks);
    }
    let sales = settle(rules, &contenders, &mut scratch).to_vec();
    let mut losses = Vec::new();
    reasons(rules, &contenders, &mut scratch, &mut losses);
    Played { contenders, rounds, sales, losses }
}

fn at<'a>(contenders: &'a mut [Contender], pick: &Pick) -> &'a mut Contender {
    contenders.get_mut(usize::from(pick.contender)).expect("a pick names a contender")
}
