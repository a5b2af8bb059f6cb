//! The rules once more, naively: every set is written down and judged by the sentences of the rules.
//!
//! It shares no code with the crate. Amounts are micros in `i128`; a score is counted in units of 1e-18.

use exchange_auction::{Contender, Rules, Standing};
use exchange_catalog::snapshot::{Payout, RankBy};
use exchange_types::{Amount, Reason};

/// A contender and one of its entries, by position.
pub(crate) type Member = (usize, usize);

const WHOLE: i128 = 1_000_000;

/// An auction at one moment, with every contender's place in the rotation.
pub(crate) struct Enumerator<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) contenders: &'a [Contender],
    pub(crate) rotation: &'a [usize],
}

impl Enumerator<'_> {
    /// Returns whom the rules post to: of all sets of the first tier that has one the best, in any order.
    pub(crate) fn best_set(&self) -> Vec<Member> {
        let kept_tier = self.kept().map(|contender| contender.tier).min();
        let mut tiers: Vec<u8> = self.contenders.iter().map(|contender| contender.tier).collect();
        tiers.sort_unstable();
        tiers.dedup();
        for tier in tiers {
            if kept_tier.is_some_and(|kept| tier > kept) {
                break;
            }
            let mut sets = self.sets(tier, &|_| true);
            sets.sort_by_key(|set| (-self.sum(set), set.len(), self.in_rotation(set)));
            if let Some(best) = sets.into_iter().next() {
                return if self.kept().next().is_some() && self.sum(&best) <= 0 { Vec::new() } else { best };
            }
        }
        Vec::new()
    }

    /// Returns whether an entry would be in a best set of its tier with another bid, its own company's other
    /// bids left aside and an equal sum counted as won.
    pub(crate) fn is_in_a_best_set(&self, member: Member, bid: i128) -> bool {
        let (position, entry) = member;
        let mut changed = self.contenders.to_vec();
        let Some(contender) = changed.get_mut(position) else { return false };
        let (buyer, tier) = (contender.buyer, contender.tier);
        let mut entries = exchange_types::BidEntries::new();
        for (place, old) in contender.entries.as_slice().iter().enumerate() {
            let new = Amount::from_micros(i64::try_from(bid).expect("a small bid"));
            let amount = if place == entry { new } else { old.amount };
            entries.push(exchange_types::BidEntry { amount, ..*old });
        }
        contender.entries = entries;
        let changed = Enumerator { contenders: &changed, ..*self };
        let of_others = |&(other, _): &Member| self.contenders.get(other).is_some_and(|c| c.buyer != buyer);
        let with = changed.sets(tier, &|other| *other == member || of_others(other));
        let with = with.iter().filter(|set| set.contains(&member)).map(|set| changed.sum(set)).max();
        let without = self.sets(tier, &of_others).iter().map(|set| self.sum(set)).max();
        let nobody = self.kept().next().map(|_| 0);
        with.is_some_and(|with| Some(with) >= without.max(nobody))
    }

    /// Writes down every set that the rules allow among the running members of a tier.
    fn sets(&self, tier: u8, may_join: &dyn Fn(&Member) -> bool) -> Vec<Vec<Member>> {
        let mut sets: Vec<Vec<Member>> = vec![Vec::new()];
        for (position, contender) in self.contenders.iter().enumerate() {
            if contender.tier != tier || contender.standing != Standing::Running {
                continue;
            }
            for entry in 0..contender.entries.as_slice().len() {
                let member = (position, entry);
                if may_join(&member) && self.is_acceptable(member) {
                    let larger = sets.iter().filter(|set| self.is_new_company(set, position));
                    let larger: Vec<_> = larger.map(|set| [set.as_slice(), &[member]].concat()).collect();
                    sets.extend(larger);
                }
            }
        }
        sets.retain(|set| !set.is_empty() && self.is_allowed(set));
        sets
    }

    fn is_new_company(&self, set: &[Member], position: usize) -> bool {
        let buyer = |position: usize| self.contenders.get(position).map(|contender| contender.buyer);
        set.iter().all(|&(other, _)| buyer(other) != buyer(position))
    }

    fn is_allowed(&self, set: &[Member]) -> bool {
        let kept = self.kept().count();
        let size = usize::from(self.rules.prior_sales) + kept + set.len();
        let kept_limits = self.kept().filter_map(|contender| {
            let entry = contender.standing.kept().map(|pick| usize::from(pick.entry))?;
            contender.entries.as_slice().get(entry).map(|entry| entry.max_buyers)
        });
        let limits = set.iter().filter_map(|&(position, entry)| {
            self.contenders.get(position)?.entries.as_slice().get(entry).map(|entry| entry.max_buyers)
        });
        let fits = kept_limits.chain(limits).all(|limit| limit == 0 || usize::from(limit) >= size);
        let closed = self.contenders.iter().filter(|contender| {
            let declined =
                Standing::Failed { reason: Reason::PostRejected, round: contender.standing.round() };
            let has_it =
                Standing::Failed { reason: Reason::PostDuplicate, round: contender.standing.round() };
            contender.standing.kept().is_some() || [declined, has_it].contains(&contender.standing)
        });
        let closed: Vec<_> = closed.map(|contender| contender.buyer).collect();
        let open = set.iter().all(|&(position, _)| {
            self.contenders.get(position).is_some_and(|contender| !closed.contains(&contender.buyer))
        });
        let several = kept + set.len() > 1;
        let no_negative = !several || set.iter().all(|&member| self.score(member) >= 0);
        fits && open && no_negative && size <= usize::from(self.rules.max_buyers)
    }

    fn kept(&self) -> impl Iterator<Item = &Contender> {
        self.contenders.iter().filter(|contender| contender.standing.kept().is_some())
    }

    fn sum(&self, set: &[Member]) -> i128 {
        set.iter().map(|&member| self.score(member)).sum()
    }

    fn in_rotation(&self, set: &[Member]) -> Vec<(usize, i128, usize)> {
        let place = |position: usize| self.rotation.iter().position(|&other| other == position);
        let places = set.iter().map(|&(position, entry)| {
            // Of one campaign the higher bid first, then the order of its reply.
            (place(position).expect("everybody has a place"), -self.bid((position, entry)), entry)
        });
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        places
    }

    fn bid(&self, (position, entry): Member) -> i128 {
        let entries = self.contenders.get(position).map(|contender| contender.entries.as_slice());
        let entry = entries.and_then(|entries| entries.get(entry)).expect("a member has an entry");
        i128::from(entry.amount.micros())
    }

    fn contender(&self, (position, _): Member) -> &Contender {
        self.contenders.get(position).expect("a member is a contender")
    }

    fn score(&self, member: Member) -> i128 {
        let contender = self.contender(member);
        let bid = self.bid(member) * WHOLE;
        let payout = payout_unrounded(contender, self.bid(member));
        let fixed = matches!(
            contender.terms.payout,
            Payout::FixedPerLead(_) | Payout::FixedPerSale(_) | Payout::None
        );
        let rank = match self.rules.rank_by {
            RankBy::Nothing => return 1,
            RankBy::Payout if !fixed => payout,
            RankBy::Payout | RankBy::Bid => bid,
            RankBy::Margin => bid - payout,
        };
        let penalty = i128::from(contender.penalty.parts());
        if rank > 0 { rank * (WHOLE - penalty) } else { rank * WHOLE }
    }

    fn is_acceptable(&self, member: Member) -> bool {
        let contender = self.contender(member);
        let (rules, bid) = (self.rules, self.bid(member));
        let reserve = contender.reserve.max(rules.reserve).map_or(0, |amount| i128::from(amount.micros()));
        let unit = i128::from(rules.currency.minor_unit_micros());
        let price = bid - bid.rem_euclid(unit);
        let payout = payout_unrounded(contender, price).div_euclid(WHOLE);
        let payout = payout - payout.rem_euclid(unit);
        let floor = rules.floor.map_or(0, |amount| i128::from(amount.micros()));
        let enough = match contender.terms.payout {
            Payout::MarginRate(_) | Payout::MarginAmount(_) | Payout::Share(_) => payout > 0,
            Payout::FixedPerLead(_) | Payout::FixedPerSale(_) | Payout::None => {
                contender.terms.allow_loss
                    || price - payout >= i128::from(contender.terms.min_margin.micros())
            }
        };
        bid >= reserve && price > 0 && payout >= floor && enough
    }
}

/// Returns a payout in micros x parts, before rounding.
fn payout_unrounded(contender: &Contender, price: i128) -> i128 {
    let whole = |amount: Amount| i128::from(amount.micros()) * WHOLE;
    let agreed = match contender.terms.payout {
        Payout::MarginRate(rate) => price * (WHOLE - i128::from(rate.parts())),
        Payout::MarginAmount(margin) => price * WHOLE - whole(margin),
        Payout::Share(rate) => price * i128::from(rate.parts()),
        Payout::FixedPerLead(fixed) | Payout::FixedPerSale(fixed) => return whole(fixed),
        Payout::None => return 0,
    };
    if contender.terms.allow_loss {
        agreed
    } else {
        agreed.min(price * WHOLE - whole(contender.terms.min_margin))
    }
}
