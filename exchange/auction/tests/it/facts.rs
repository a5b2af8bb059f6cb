//! Facts of the rules that no worked case names, one by one.

use exchange_auction::{
    Contender, Offer, Pick, PriceChanged, Rules, Scratch, Standing, TwoStep, clear, judge_price, least_bid,
    offers, reasons, settle, unsold_reason,
};
use exchange_catalog::snapshot::{OnLowerPrice, Payout, RankBy, Rule, Terms};
use exchange_types::{
    Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, Currency, HashKey, Rate, Reason, UnsoldReason,
};

use crate::played::{Answer, Played, play};
use crate::worked_case::amount;

fn rules() -> Rules {
    Rules {
        currency: Currency::parse("EUR").expect("a known currency"),
        rule: Rule::FirstPrice,
        rank_by: RankBy::Payout,
        max_buyers: 2,
        prior_sales: 0,
        reserve: None,
        floor: None,
        cascade_into_margin: true,
        rotation: HashKey::new([9; 16]),
        auction: 1,
        two_step: None,
    }
}

const fn terms(payout: Payout) -> Terms {
    Terms { payout, min_margin: Amount::ZERO, allow_loss: false }
}

fn twenty_percent() -> Terms {
    terms(Payout::MarginRate(Rate::parse("20%").expect("a rate")))
}

/// Returns a campaign of a company with these bids, each with its limit; zero stands for any number.
fn campaign(index: u32, company: u32, bids: &[(&str, u16)]) -> Contender {
    let mut entries = BidEntries::new();
    for &(bid, max_buyers) in bids {
        entries.push(BidEntry { amount: amount(bid), max_buyers, ..BidEntry::default() });
    }
    Contender {
        campaign: CampaignIndex(index),
        buyer: BuyerIndex(company),
        rotation_id: u64::from(index),
        tier: 1,
        weight: 1,
        penalty: Rate::ZERO,
        reserve: None,
        terms: twenty_percent(),
        entries,
        standing: Standing::Running,
        offers: Default::default(),
    }
}

const ACCEPTED: Answer = Answer::Accepted(None, OnLowerPrice::Reject);

fn play_with(rules: &Rules, contenders: Vec<Contender>, answers: &[Answer]) -> Played {
    play(rules, contenders, |position| answers.get(position).copied().unwrap_or(ACCEPTED))
}

fn reasons_of(played: &Played) -> Vec<(u16, Reason)> {
    played.losses.iter().map(|loss| (loss.contender, loss.reason)).collect()
}

fn posted(played: &Played) -> Vec<Vec<(u16, u8)>> {
    let round = |picks: &Vec<Pick>| picks.iter().map(|pick| (pick.contender, pick.entry)).collect();
    played.rounds.iter().map(round).collect()
}

#[test]
fn a_company_that_declined_is_not_asked_again() {
    let contenders =
        || vec![campaign(0, 7, &[("40", 0)]), campaign(1, 7, &[("10", 0)]), campaign(2, 8, &[("20", 0)])];
    for declined in [Reason::PostRejected, Reason::PostDuplicate] {
        let rules = Rules { max_buyers: 1, ..rules() };
        let played = play_with(&rules, contenders(), &[Answer::Failed(declined)]);
        assert_eq!(posted(&played), [[(0, 0)], [(2, 0)]]);
        assert_eq!(reasons_of(&played), [(0, declined), (1, Reason::NotNeeded)]);
        assert_eq!(played.losses.iter().find_map(|loss| loss.minimum_to_win), None);
    }
    let played = play_with(&rules(), contenders(), &[Answer::Failed(Reason::PostFailed)]);
    assert_eq!(posted(&played), [vec![(0, 0), (2, 0)], vec![(1, 0)]]);
}

#[test]
fn prior_sales_count_in_the_size_of_every_set() {
    let sold_before = Rules { prior_sales: 1, ..rules() };
    let contenders = || {
        vec![
            campaign(0, 0, &[("60", 1), ("20", 2)]),
            campaign(1, 1, &[("30", 0)]),
            campaign(2, 2, &[("50", 1)]),
        ]
    };
    let played = play_with(&sold_before, contenders(), &[]);
    assert_eq!(posted(&played), [[(1, 0)]]);
    assert_eq!(reasons_of(&played), [(0, Reason::SlotsFull), (2, Reason::Outbid)]);
    let full = Rules { prior_sales: 2, ..rules() };
    let played = play_with(&full, contenders(), &[]);
    assert_eq!(posted(&played), Vec::<Vec<(u16, u8)>>::new());
    assert_eq!(unsold_reason(&played.contenders), UnsoldReason::BelowFloor);
    assert!(played.losses.iter().all(|loss| loss.reason == Reason::Outbid && loss.minimum_to_win.is_none()));
}

#[test]
fn a_sale_is_exclusive_by_its_entry_or_by_the_lead() {
    let exclusive = |max_buyers, limit| {
        let rules = Rules { max_buyers, ..rules() };
        let mut scratch = Scratch::default();
        let picks = clear(&rules, &[campaign(0, 0, &[("40", limit)])], &mut scratch).to_vec();
        picks.first().map(|pick| pick.exclusive)
    };
    assert_eq!(exclusive(1, 0), Some(true));
    assert_eq!(exclusive(2, 1), Some(true));
    assert_eq!(exclusive(2, 2), Some(false));
    assert_eq!(exclusive(2, 0), Some(false));
}

#[test]
fn a_refilled_set_is_not_one_chosen_alone() {
    let contenders =
        vec![campaign(0, 0, &[("30", 0)]), campaign(1, 1, &[("20", 0)]), campaign(2, 2, &[("40", 1)])];
    let played = play_with(&rules(), contenders, &[ACCEPTED, Answer::Failed(Reason::PostFailed)]);
    assert_eq!(reasons_of(&played), [(1, Reason::PostFailed), (2, Reason::Outbid)]);
}

#[test]
fn nobody_follows_while_a_post_is_in_flight() {
    let mut contenders =
        [campaign(0, 0, &[("30", 0)]), campaign(1, 1, &[("20", 0)]), campaign(2, 2, &[("10", 0)])];
    let mut scratch = Scratch::default();
    for pick in clear(&rules(), &contenders, &mut scratch).to_vec() {
        contenders.get_mut(usize::from(pick.contender)).expect("a contender").standing =
            Standing::Posted(pick);
    }
    let [first, second, _] = &mut contenders;
    second.fail(Reason::PostFailed);
    let pick = *first.standing.kept().expect("it is in flight");
    assert_eq!(clear(&rules(), &contenders, &mut scratch), []);
    for outcome in [Standing::Accepted(pick), Standing::Unknown(pick)] {
        let [first, ..] = &mut contenders;
        first.standing = outcome;
        let next: Vec<u16> =
            clear(&rules(), &contenders, &mut scratch).iter().map(|pick| pick.contender).collect();
        assert_eq!(next, [2]);
    }
}

#[test]
fn bids_that_time_left_in_the_running_lost_by_the_deadline() {
    let mut out = Vec::new();
    let contenders = [campaign(0, 0, &[("30", 0)]), campaign(1, 1, &[("0.01", 0)])];
    reasons(&rules(), &contenders, &mut Scratch::default(), &mut out);
    let reasons: Vec<Reason> = out.iter().map(|loss| loss.reason).collect();
    assert_eq!(reasons, [Reason::Deadline, Reason::BelowFloor]);
}

#[test]
fn a_loss_is_made_only_where_it_is_allowed() {
    let fixed = terms(Payout::FixedPerSale(amount("18")));
    let least = |terms: Terms| least_bid(&rules(), &terms, None);
    assert_eq!(least(fixed), Some(amount("18")));
    assert_eq!(least(Terms { min_margin: amount("2"), ..fixed }), Some(amount("20")));
    assert_eq!(least(Terms { min_margin: amount("2"), allow_loss: true, ..fixed }), Some(amount("0.01")));
}

#[test]
fn the_least_bid_pays_the_floor_and_meets_both_reserves() {
    let least = |floor: Option<&str>, own: Option<&str>, reserve: Option<&str>, terms: Terms| {
        let rules = Rules { floor: floor.map(amount), reserve: reserve.map(amount), ..rules() };
        least_bid(&rules, &terms, own.map(amount))
    };
    let share = |text| terms(Payout::Share(Rate::parse(text).expect("a rate")));
    assert_eq!(least(Some("20"), None, None, twenty_percent()), Some(amount("25")));
    assert_eq!(least(Some("20"), Some("30.0001"), Some("28"), twenty_percent()), Some(amount("30.0001")));
    assert_eq!(least(Some("20"), Some("26"), Some("28"), twenty_percent()), Some(amount("28")));
    assert_eq!(least(Some("20"), None, None, share("85%")), Some(amount("23.53")));
    assert_eq!(least(None, None, None, share("85%")), Some(amount("0.02")));
    assert_eq!(least(None, None, None, share("0%")), None);
    assert_eq!(least(Some("20"), None, None, terms(Payout::None)), None);
    assert_eq!(least(Some("20"), None, None, terms(Payout::MarginAmount(amount("3")))), Some(amount("23")));
    let kept = Terms { min_margin: amount("10"), ..twenty_percent() };
    assert_eq!(least(Some("20"), None, None, kept), Some(amount("30")));
}

#[test]
fn a_negative_score_is_sold_alone_and_joins_nobody() {
    let rules = Rules { rank_by: RankBy::Margin, ..rules() };
    let at_a_loss = |index, bid: &str| Contender {
        terms: Terms { allow_loss: true, ..terms(Payout::FixedPerSale(amount("18"))) },
        ..campaign(index, index, &[(bid, 0)])
    };
    let picks = |contenders: &[Contender]| {
        let picks = clear(&rules, contenders, &mut Scratch::default()).to_vec();
        picks.iter().map(|pick| pick.contender).collect::<Vec<_>>()
    };
    assert_eq!(picks(&[at_a_loss(0, "10"), at_a_loss(1, "17")]), [1]);
    assert_eq!(picks(&[at_a_loss(0, "20"), at_a_loss(1, "17")]), [0]);
    assert_eq!(picks(&[at_a_loss(0, "20"), at_a_loss(1, "19")]), [0, 1]);
}

#[test]
fn beside_a_sale_a_second_price_is_never_for_a_negative_score() {
    let second =
        Rules { rule: Rule::SecondPrice, rank_by: RankBy::Margin, reserve: Some(amount("10")), ..rules() };
    let fixed = |index, bid: &str| Contender {
        terms: Terms { allow_loss: true, ..terms(Payout::FixedPerSale(amount("18"))) },
        ..campaign(index, index, &[(bid, 0)])
    };
    let contenders = vec![fixed(0, "30"), fixed(1, "25"), fixed(2, "20"), fixed(3, "17")];
    let played = play_with(&second, contenders, &[ACCEPTED, Answer::Failed(Reason::PostFailed)]);
    let prices: Vec<_> = played.rounds.iter().flatten().map(|pick| pick.price).collect();
    assert_eq!(prices, ["20", "20", "18"].map(amount));
}

#[test]
fn a_minimum_to_win_is_for_the_best_scoring_entry() {
    let contenders = vec![
        campaign(0, 0, &[("60", 1)]),
        campaign(1, 1, &[("10", 2), ("50", 1)]),
        campaign(2, 2, &[("30", 0)]),
    ];
    let played = play_with(&rules(), contenders, &[]);
    let minimums: Vec<_> = played.losses.iter().map(|loss| loss.minimum_to_win).collect();
    assert_eq!(minimums, [Some(amount("60")), Some(amount("50"))]);
}

#[test]
fn a_lower_price_is_taken_where_it_is_allowed_and_still_passes() {
    let rules = Rules { floor: Some(amount("20")), ..rules() };
    let contenders = [Contender { reserve: Some(amount("26")), ..campaign(0, 0, &[("40", 0)]) }];
    let pick = *clear(&rules, &contenders, &mut Scratch::default()).first().expect("one bid");
    let judge = |price: Option<&str>, on_lower| {
        let judged = judge_price(&rules, &contenders, &pick, price.map(amount), on_lower);
        judged.map(|sale| (sale.price, sale.payout, sale.margin))
    };
    let agreed = Ok((amount("40"), amount("32"), amount("8")));
    for on_lower in [OnLowerPrice::Reject, OnLowerPrice::Accept] {
        assert_eq!(judge(None, on_lower), agreed);
        assert_eq!(judge(Some("40"), on_lower), agreed);
        assert_eq!(judge(Some("50"), on_lower), agreed);
        assert_eq!(judge(Some("25.9999"), on_lower), Err(PriceChanged));
        assert_eq!(judge(Some("0"), on_lower), Err(PriceChanged));
    }
    assert_eq!(judge(Some("30"), OnLowerPrice::Reject), Err(PriceChanged));
    let lower = Ok((amount("30.09"), amount("24.07"), amount("6.02")));
    assert_eq!(judge(Some("30.0999"), OnLowerPrice::Accept), lower);
}

#[test]
fn a_lower_price_keeps_what_was_promised_in_two_steps() {
    let rules = Rules { two_step: Some(TwoStep { named: true, fallback: true }), ..rules() };
    let mut contender = campaign(0, 0, &[("40", 0)]);
    contender.offers =
        [Some(Offer { price: amount("40"), payout: amount("32"), named: true }), None, None, None];
    let contenders = [contender];
    let pick = *clear(&rules, &contenders, &mut Scratch::default()).first().expect("one offer");
    let judge = |rules: &Rules, price| {
        let judged = judge_price(rules, &contenders, &pick, Some(amount(price)), OnLowerPrice::Accept);
        judged.map(|sale| (sale.price, sale.payout, sale.margin))
    };
    assert_eq!(judge(&rules, "36"), Ok((amount("36"), amount("32"), amount("4"))));
    assert_eq!(judge(&rules, "31.99"), Err(PriceChanged));
    assert_eq!(judge(&Rules { cascade_into_margin: false, ..rules }, "36"), Err(PriceChanged));
}

#[test]
fn a_payout_per_lead_is_paid_with_the_best_sale_and_once_even_when_a_sale_comes_late() {
    let rules = Rules { rank_by: RankBy::Bid, ..rules() };
    let payouts = |bids: [&str; 2], standings: [fn(Pick) -> Standing; 2]| {
        let per_lead = |(index, bid): (u32, &str)| Contender {
            terms: terms(Payout::FixedPerLead(amount("18"))),
            ..campaign(index, index, &[(bid, 0)])
        };
        let mut contenders: Vec<Contender> = (0..).zip(bids).map(per_lead).collect();
        let mut scratch = Scratch::default();
        for pick in clear(&rules, &contenders, &mut scratch).to_vec() {
            let position = usize::from(pick.contender);
            let standing = standings.get(position).expect("two contenders");
            contenders.get_mut(position).expect("two contenders").standing = standing(pick);
        }
        let sales = settle(&rules, &contenders, &mut scratch);
        sales.iter().map(|sale| (sale.contender, sale.payout)).collect::<Vec<_>>()
    };
    let whole = amount("18");
    assert_eq!(payouts(["22", "25"], [Standing::Accepted; 2]), [(0, Amount::ZERO), (1, whole)]);
    assert_eq!(payouts(["25", "22"], [Standing::Accepted; 2]), [(0, whole), (1, Amount::ZERO)]);
    assert_eq!(payouts(["22", "25"], [Standing::Settled, Standing::Accepted]), [(1, Amount::ZERO)]);
    assert_eq!(payouts(["22", "25"], [Standing::Accepted, Standing::Unknown]), [(0, whole)]);
}

#[test]
fn every_entry_is_offered_but_what_a_better_one_covers() {
    let contenders = [
        campaign(0, 0, &[("60", 1), ("30", 3), ("29", 2)]),
        campaign(1, 1, &[("50", 1), ("35", 3)]),
        campaign(2, 2, &[("28", 0), ("0.01", 0)]),
    ];
    let rules = Rules { max_buyers: 3, ..rules() };
    let made = |limit| {
        let mut scratch = Scratch::default();
        let picks = offers(&rules, &contenders, limit, &mut scratch);
        picks.iter().map(|pick| (pick.contender, pick.entry)).collect::<Vec<_>>()
    };
    assert_eq!(made(9), [(0, 0), (1, 0), (1, 1), (0, 1), (2, 0)]);
    assert_eq!(made(4), [(0, 0), (1, 1), (0, 1), (2, 0)], "the best set has its places first");
    assert_eq!(made(2), [(1, 1), (0, 1)]);
    assert_eq!(made(0), []);
}

#[test]
fn an_offer_is_priced_against_the_next_one_of_another_company() {
    let rules = Rules { rule: Rule::SecondPrice, max_buyers: 1, reserve: Some(amount("10")), ..rules() };
    let lower_tier = Contender { tier: 2, ..campaign(3, 3, &[("19", 0)]) };
    let contenders = [
        campaign(0, 7, &[("40", 0)]),
        campaign(1, 7, &[("38", 0)]),
        campaign(2, 8, &[("30", 0)]),
        lower_tier,
    ];
    let mut scratch = Scratch::default();
    let prices: Vec<_> =
        offers(&rules, &contenders, 9, &mut scratch).iter().map(|offer| offer.price).collect();
    assert_eq!(prices, ["30", "30", "10", "10"].map(amount));
}

#[test]
fn named_offers_that_sold_leave_the_others_not_chosen() {
    let rules = Rules { two_step: Some(TwoStep { named: true, fallback: true }), ..rules() };
    let offered = |index, bid: &str, payout: &str, named| {
        let mut contender = campaign(index, index, &[(bid, 0)]);
        contender.offers =
            [Some(Offer { price: amount(bid), payout: amount(payout), named }), None, None, None];
        contender
    };
    let contenders =
        || vec![offered(0, "30", "24", true), offered(1, "40", "32", false), offered(2, "20", "16", true)];
    let played = play_with(&rules, contenders(), &[]);
    assert_eq!(posted(&played), [[(0, 0), (2, 0)]]);
    assert_eq!(reasons_of(&played), [(1, Reason::NotChosen)]);
    let played = play_with(&rules, contenders(), &[Answer::Failed(Reason::PostRejected)]);
    assert_eq!(posted(&played), [vec![(0, 0), (2, 0)], vec![(1, 0)]], "a rejected place may be filled");
    let one_named = || contenders().into_iter().take(2).collect();
    let played = play_with(&rules, one_named(), &[]);
    assert_eq!(posted(&played), [[(0, 0)]], "nobody follows without a rejection, though there is room");
    assert_eq!(reasons_of(&played), [(1, Reason::NotChosen)]);
    let exclusive = Rules { max_buyers: 1, ..rules };
    let cheaper = vec![offered(0, "30", "24", true), offered(1, "20", "16", false)];
    let played = play_with(&exclusive, cheaper, &[]);
    assert_eq!(reasons_of(&played), [(1, Reason::NotChosen)]);
    assert!(played.losses.iter().all(|loss| loss.minimum_to_win.is_none()), "its price did not decide");
    let never = Rules { two_step: Some(TwoStep { named: true, fallback: false }), ..rules };
    let played = play_with(&never, contenders(), &[Answer::Failed(Reason::PostRejected)]);
    assert_eq!(posted(&played), [[(0, 0), (2, 0)]]);
    assert_eq!(reasons_of(&played), [(0, Reason::PostRejected), (1, Reason::NotChosen)]);
}

#[test]
fn a_fallback_offer_is_raised_down_to_the_least_margin() {
    let rules = Rules { max_buyers: 1, two_step: Some(TwoStep { named: true, fallback: true }), ..rules() };
    let fallback = |terms: Terms| {
        let mut named = campaign(0, 0, &[("40", 0)]);
        named.offers =
            [Some(Offer { price: amount("40"), payout: amount("32"), named: true }), None, None, None];
        let mut other = Contender { terms, ..campaign(1, 1, &[("33", 0)]) };
        other.offers =
            [Some(Offer { price: amount("33"), payout: amount("26.40"), named: false }), None, None, None];
        let played = play_with(&rules, vec![named, other], &[Answer::Failed(Reason::PostFailed)]);
        played.sales.first().map(|sale| (sale.payout, sale.margin))
    };
    let raised = Some((amount("32"), amount("1")));
    assert_eq!(fallback(twenty_percent()), raised);
    assert_eq!(fallback(Terms { min_margin: amount("1"), ..twenty_percent() }), raised);
    assert_eq!(fallback(Terms { min_margin: amount("1.01"), ..twenty_percent() }), None);
    assert_eq!(fallback(Terms { min_margin: amount("5"), allow_loss: true, ..twenty_percent() }), raised);
}

#[test]
fn a_lead_is_unsold_for_the_furthest_stage_that_it_reached() {
    let with = |reasons: &[Reason]| {
        let out = |&reason: &Reason| Contender { standing: Standing::Out(reason), ..campaign(0, 0, &[]) };
        unsold_reason(&reasons.iter().map(out).collect::<Vec<_>>())
    };
    assert_eq!(with(&[]), UnsoldReason::NoEligibleBuyer);
    assert_eq!(with(&[Reason::Filtered, Reason::SentCapReached]), UnsoldReason::NoEligibleBuyer);
    assert_eq!(with(&[Reason::Filtered, Reason::Timeout]), UnsoldReason::NoBid);
    assert_eq!(with(&[Reason::ProofMissing, Reason::Filtered]), UnsoldReason::ProofMissing);
    assert_eq!(with(&[Reason::ProofMissing, Reason::NoBid]), UnsoldReason::NoBid);
    let bid = campaign(0, 0, &[("0.01", 0)]);
    assert_eq!(unsold_reason(core::slice::from_ref(&bid)), UnsoldReason::BelowFloor);
    // It bid, and the post did not prove the consent.
    let unproved = Contender { standing: Standing::Out(Reason::ProofMissing), ..bid.clone() };
    let silent = Contender { standing: Standing::Out(Reason::NoBid), ..campaign(1, 1, &[]) };
    assert_eq!(unsold_reason(&[unproved.clone(), silent]), UnsoldReason::ProofMissing);
    assert_eq!(unsold_reason(&[unproved, bid.clone()]), UnsoldReason::BelowFloor);
    let failed = Standing::Failed { reason: Reason::PostFailed, round: 1 };
    assert_eq!(unsold_reason(&[Contender { standing: failed, ..bid }]), UnsoldReason::PostsRejected);
}
