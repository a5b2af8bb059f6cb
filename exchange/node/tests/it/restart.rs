//! A node that is stopped at any record and started again knows what was on disk, and says what it said.

use std::collections::{BTreeMap, BTreeSet};

use exchange_catalog::snapshot::CapKind;
use exchange_counters::Owner;
use exchange_node::{Recovery, RecoveryLimits, UnknownKey};
use exchange_protocol::{Answer, AnswerStatus, Outcome, Record, Refusal, Reply, SaleKind};
use exchange_types::{Nanos, NotSent, PostOutcome, Reason, UnknownCause, Uuid7};
use proptest::prelude::*;

use crate::market::Plan;
use crate::node::{Node, apply, claim, config, recover};
use crate::recount::{NaivePost, counted, held, posts};
use crate::resolving::say;
use crate::world::Entry;

/// A generator whose numbers follow from its seed (Steele, Lea, Flood: "`SplitMix`", 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn position(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).expect("small"))).expect("small")
    }
}

/// What was asked under a key: to be asked again.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Lead { kind: SaleKind, person: u64, key: u64 },
    Post { ping: Uuid7, person: u64, key: u64 },
}

/// A node with what its sellers have asked for.
struct Run {
    node: Node,
    draws: Draws,
    asked: BTreeMap<u64, Asked>,
    keys: u64,
}

impl Run {
    fn new(seed: u64, shards: u16) -> Self {
        Self { node: Node::new(config(shards)), draws: Draws(seed), asked: BTreeMap::new(), keys: 0 }
    }

    fn step(&mut self) {
        let shards = u64::try_from(self.node.shards.len()).expect("small");
        let place = u16::try_from(self.draws.below(shards)).expect("small");
        match self.draws.below(22) {
            0..=4 => self.lead(place, SaleKind::OneCall),
            5..=6 => self.lead(place, SaleKind::TwoStep),
            7..=8 => self.post(place),
            9..=11 => {
                let cents = 1_000 + i64::try_from(self.draws.below(4_000)).expect("small");
                self.node.bid(cents);
            }
            12..=15 => {
                let outcome = self.outcome();
                self.node.answer_post(outcome);
            }
            16..=17 => {
                let millis = self.draws.below(400);
                self.node.pass(Nanos::from_millis(millis));
            }
            18..=19 => {
                let left = self.node.world.journal.len() - self.node.durable;
                let some = self.draws.position(left + 1);
                self.node.sync_up_to(self.node.durable + some);
            }
            20 => {
                self.node.pass(Nanos::from_secs(6));
                let outcome = self.outcome();
                self.node.answer_repost(outcome);
            }
            _ => {
                let version = self.node.shared.current().snapshot.version;
                if version < 4 && self.draws.below(4) == 0 {
                    let plan = if version.is_multiple_of(2) { Plan::Whole } else { Plan::Changed };
                    self.node.install(version + 1, plan);
                }
            }
        }
    }

    fn outcome(&mut self) -> PostOutcome {
        match self.draws.below(8) {
            0..=2 => PostOutcome::Accepted { price: None },
            3 => PostOutcome::Rejected,
            4 => PostOutcome::NotSent(NotSent::Connect),
            5 => PostOutcome::Duplicate,
            _ => PostOutcome::Unknown(UnknownCause::Broken),
        }
    }

    fn lead(&mut self, place: u16, kind: SaleKind) {
        self.keys += 1;
        let (key, person) = (self.keys, self.draws.below(400));
        let token = self.node.lead(place, kind, person, Some(key));
        self.asked.insert(token, Asked::Lead { kind, person, key });
    }

    fn post(&mut self, place: u16) {
        let open: Vec<(Uuid7, u64)> = self
            .asked
            .iter()
            .filter_map(|(token, asked)| match (asked, answer(&self.node, *token)) {
                (Asked::Lead { kind: SaleKind::TwoStep, person, .. }, Some(answer))
                    if answer.status == AnswerStatus::Offers =>
                {
                    Some((answer.id, *person))
                }
                _ => None,
            })
            .collect();
        if open.is_empty() {
            return;
        }
        let (ping, person) = open[self.draws.position(open.len())];
        self.keys += 1;
        let key = self.keys;
        let token = self.node.post(place, ping, person, Some(key));
        self.asked.insert(token, Asked::Post { ping, person, key });
    }

    /// Returns the last answer to each request, as its seller has it.
    fn told(&self) -> BTreeMap<u64, Answer> {
        let told = |token: &u64| Some((*token, answer(&self.node, *token)?.clone()));
        self.asked.keys().filter_map(told).collect()
    }
}

fn answer(node: &Node, token: u64) -> Option<&Answer> {
    match node.world.reply(token)? {
        Reply::Answer { answer, .. } => Some(answer),
        Reply::Refusal(_) | Reply::Account(_) | Reply::Resolved(_) | Reply::Inquiries(_) => None,
    }
}

fn check_counters(node: &Node, journal: &[Entry]) {
    let posts = posts(journal);
    let current = node.shared.current();
    let mut rows = 0;
    for row in current.caps.rows() {
        let window = (row.window.opens, row.window.closes);
        let (posted, pending) = counted(&posts, &row.owner, row.kind, window);
        let here = window.0 <= node.now.utc && node.now.utc < window.1;
        // Holds of a campaign that has left the catalog are not taken again: the post is refused.
        let holds = if here { held_now(node, journal, &row.owner, row.kind) } else { 0 };
        let cell = current.caps.cells().get(row.cell).expect("a cell");
        assert_eq!(
            (cell.posted(), cell.pending()),
            (posted, pending + holds),
            "{:?} {:?} {}",
            row.owner,
            row.kind,
            row.window.id
        );
        rows += 1;
    }
    assert!(rows >= 10, "the catalog has caps");
}

fn held_now(node: &Node, journal: &[Entry], owner: &Owner, kind: CapKind) -> i64 {
    let current = node.shared.current();
    let Owner::Buyer(_) = owner else { return held(journal, owner, kind) };
    let campaigns = ["solar", "heat", "roof"].into_iter();
    let present = campaigns.filter(|name| {
        let index = current.snapshot.campaign_named(name);
        let campaign = index.and_then(|index| current.snapshot.campaign(index));
        let buyer = campaign.and_then(|campaign| current.snapshot.buyer(campaign.buyer));
        buyer.is_some_and(|buyer| *owner == Owner::Buyer((*buyer.name).into()))
    });
    present.map(|name| held(journal, &Owner::Campaign(name.into()), kind)).sum()
}

/// Asks everything once more after a restart and compares with what was told before.
fn check_answers(run: &mut Run, told: &BTreeMap<u64, Answer>, journal: &[Entry]) {
    let posts = posts(journal);
    for (token, asked) in run.asked.clone() {
        let Some(before) = told.get(&token) else { continue };
        // A step of which nothing reached the disk was never there, for nothing of it has left.
        let known = match asked {
            Asked::Lead { .. } => true,
            Asked::Post { key, .. } => completed(journal, before.id).any(|known| known == claim(key).key),
        };
        let own: Vec<_> = posts.iter().filter(|(key, _)| known && key.auction == before.id).collect();
        let again = match asked {
            Asked::Lead { kind, person, key } => run.node.lead(0, kind, person, Some(key)),
            Asked::Post { ping, person, key } => run.node.post(0, ping, person, Some(key)),
        };
        let after = answer(&run.node, again);
        match before.status {
            AnswerStatus::Sold => {
                let after = after.unwrap_or_else(|| panic!("sold {before:?} gets no answer"));
                assert_eq!((after.id, after.status), (before.id, AnswerStatus::Sold), "sold stays sold");
                for sale in &before.sales {
                    assert!(after.sales.contains(sale), "{sale:?} is missing in {after:?}");
                }
            }
            // What was told before a later step of the sale is told again; else the present state is.
            AnswerStatus::Pending(_) if !own.is_empty() => {
                let after = after.unwrap_or_else(|| {
                    let (reply, asked) = (run.node.world.reply(again), &run.node.world.questions);
                    panic!("pending {before:?} gets no answer but {reply:?} {asked:?}")
                });
                assert_eq!(after.id, before.id);
                let unknown = own.iter().any(|(_, post)| {
                    post.resolved.is_none() && matches!(post.came_to, None | Some(Outcome::Unknown))
                });
                let sold = own.iter().any(|(_, post)| {
                    post.came_to == Some(Outcome::Accepted)
                        || matches!(post.resolved, Some((Outcome::Accepted, _)))
                });
                match after.status {
                    AnswerStatus::Sold => assert!(sold, "{after:?}"),
                    AnswerStatus::Pending(_) => assert!(unknown, "{after:?}"),
                    AnswerStatus::Unsold(_) if is_earlier_step(asked, before.id, journal) => {}
                    AnswerStatus::Unsold(_) => assert!(!sold && !unknown, "{after:?}"),
                    other => panic!("{before:?} became {other:?}"),
                }
            }
            AnswerStatus::Unsold(_) if !own.is_empty() => {
                let after = after.unwrap_or_else(|| panic!("unsold {before:?} gets no answer"));
                assert_eq!(after.id, before.id);
                assert!(matches!(after.status, AnswerStatus::Unsold(_)), "{after:?}");
            }
            // Nothing of it left, so it may be auctioned anew.
            AnswerStatus::Pending(_)
            | AnswerStatus::Unsold(_)
            | AnswerStatus::NoOffer(_)
            | AnswerStatus::Invalid
            | AnswerStatus::Duplicate(..)
            | AnswerStatus::Offers
            | AnswerStatus::Running => {}
        }
    }
}

/// Returns whether the seller posted again after this: then it is told what it was told before that.
fn is_earlier_step(asked: Asked, id: Uuid7, journal: &[Entry]) -> bool {
    let Asked::Post { key, .. } = asked else { return false };
    completed(journal, id).last() != Some(claim(key).key)
}

/// Returns the keys of a seller's posts to a ping, as far as they are in the journal.
fn completed(journal: &[Entry], id: Uuid7) -> impl Iterator<Item = u128> {
    journal.iter().filter_map(move |entry| match &entry.record {
        Record::Completed(post) if post.id == id => post.claim.map(|claim| claim.key),
        _ => None,
    })
}

/// A person whose lead was sold, or may have been, is a duplicate for whoever comes with it.
fn check_persons(run: &mut Run, told: &BTreeMap<u64, Answer>) {
    for (token, asked) in run.asked.clone() {
        let (Asked::Lead { kind: SaleKind::OneCall, person, .. } | Asked::Post { person, .. }) = asked else {
            continue;
        };
        if told.get(&token).is_some_and(|answer| answer.status == AnswerStatus::Sold) {
            run.keys += 1;
            let key = run.keys;
            let again = run.node.lead(0, SaleKind::OneCall, person, Some(key));
            let duplicate = match run.node.world.reply(again) {
                Some(Reply::Answer { answer, .. }) => matches!(answer.status, AnswerStatus::Duplicate(..)),
                Some(Reply::Refusal(refusal)) => matches!(refusal, Refusal::Duplicate(..)),
                _ => false,
            };
            assert!(duplicate, "person {person} is sold and comes again");
        }
    }
}

fn check_unknowns(node: &Node, journal: &[Entry]) {
    let open =
        |post: &NaivePost| post.resolved.is_none() && matches!(post.came_to, None | Some(Outcome::Unknown));
    let expected: BTreeSet<UnknownKey> =
        posts(journal).iter().filter(|(_, post)| open(post)).map(|(key, _)| *key).collect();
    let listed: BTreeSet<UnknownKey> =
        node.shards.iter().flat_map(|shard| shard.unknowns().list()).map(|open| open.unknown.key).collect();
    assert_eq!(listed, expected);
    for shard in &node.shards {
        for open in shard.unknowns().list() {
            let unknown = &open.unknown;
            let place = node.shared.owner(unknown.key.auction);
            assert_eq!(unknown.submission.as_ref().map(|lead| lead.fields_count()), Some(2));
            let id = node.shared.sale_keys().post(unknown.key.auction, unknown.key.candidate);
            assert_eq!(node.shared.open_unknown(id), Some(unknown.key), "at {place:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_node_that_stops_at_any_record_comes_back_as_its_records_say(
        seed: u64,
        steps in 20..220_usize,
        shards in 1..3_u16,
        shards_after in 1..4_u16,
    ) {
        let mut run = Run::new(seed, shards);
        for _ in 0..steps {
            run.step();
        }
        let told = run.told();
        let left = run.node.world.journal.len() - run.node.durable;
        let durable = run.node.durable + run.draws.position(left + 1);
        let journal = run.node.world.journal[..durable].to_vec();
        run.node = run.node.restart(durable, config(shards_after));
        check_counters(&run.node, &journal);
        check_unknowns(&run.node, &journal);
        check_answers(&mut run, &told, &journal);
        check_persons(&mut run, &told);

        // What the restart itself wrote down leads to the same node once more.
        let again = run.node.world.journal.len();
        let journal = run.node.world.journal.clone();
        run.node = run.node.restart(again, config(shards));
        check_unknowns(&run.node, &journal);
        check_counters(&run.node, &journal);
    }

    #[test]
    fn a_checkpoint_and_the_rest_are_as_good_as_everything(
        seed: u64,
        steps in 20..200_usize,
        percents in (0..=100_usize, 0..=100_usize),
    ) {
        let mut run = Run::new(seed, 1);
        for _ in 0..steps {
            run.step();
        }
        let mut limits = config(1);
        (limits.history_max, limits.fingerprints_max) = (7, 9);
        let journal = &run.node.world.journal;
        let mut whole = Vec::new();
        recover(journal, limits).checkpoint(&mut whole);

        let mut bytes = Vec::new();
        let position = |percent: usize| journal.len() * percent / 100;
        let mut stops = [position(percents.0), position(percents.1)];
        stops.sort_unstable();
        for stop in stops.into_iter().chain([journal.len()]) {
            let mut recovered = if bytes.is_empty() {
                Recovery::new(RecoveryLimits::of(&limits))
            } else {
                Recovery::from_checkpoint(RecoveryLimits::of(&limits), &bytes).expect("a checkpoint")
            };
            // Some records are seen twice.
            let from = usize::try_from(recovered.applied()).expect("small").saturating_sub(5);
            apply(&mut recovered, &journal[..stop], from);
            bytes.clear();
            recovered.checkpoint(&mut bytes);
        }
        prop_assert!(bytes == whole, "checkpoints of {} and {} bytes differ", bytes.len(), whole.len());
    }
}

#[test]
fn a_damaged_checkpoint_is_noticed() {
    let mut run = Run::new(5, 1);
    (0..80).for_each(|_| run.step());
    let limits = RecoveryLimits::of(&config(1));
    let mut bytes = Vec::new();
    recover(&run.node.world.journal, config(1)).checkpoint(&mut bytes);
    assert!(Recovery::from_checkpoint(limits, &bytes).is_ok());
    for position in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x10;
        assert!(Recovery::from_checkpoint(limits, &damaged).is_err(), "byte {position}");
        assert!(Recovery::from_checkpoint(limits, &bytes[..position]).is_err(), "cut at {position}");
    }
}

#[test]
fn a_ping_that_was_open_can_be_posted_after_a_restart() {
    let mut node = Node::new(config(1));
    let ping = node.lead(0, SaleKind::TwoStep, 1, Some(1));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    node.sync();
    let id = answer(&node, ping).expect("offers").id;
    let durable = node.durable;
    let mut node = node.restart(durable, config(2));
    let again = node.lead(1, SaleKind::TwoStep, 1, Some(1));
    let offers = answer(&node, again).expect("the same offers");
    assert_eq!((offers.id, offers.status), (id, AnswerStatus::Offers));
    let post = node.post(1, id, 1, Some(2));
    node.sync();
    node.answer_post(PostOutcome::Accepted { price: None });
    while node.answer_post(PostOutcome::Rejected) {}
    node.sync();
    node.pass(Nanos::from_secs(2));
    let sold = answer(&node, post).expect("an answer");
    assert_eq!((sold.id, sold.status), (id, AnswerStatus::Sold));
}

#[test]
fn offers_keep_their_room_over_a_restart_where_a_limit_was_lowered() {
    let mut node = Node::new(config(1));
    let pings = [1, 2, 3].map(|person| node.lead(0, SaleKind::TwoStep, person, Some(person)));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    node.sync();
    let ids = pings.map(|ping| answer(&node, ping).expect("offers").id);
    node.install(2, Plan::Tight);
    node.sync();
    let journal = node.world.journal.clone();
    check_counters(&node, &journal);
    let durable = node.durable;
    let mut node = node.restart(durable, config(1));
    check_counters(&node, &journal);
    for (person, id) in (1..).zip(ids) {
        let post = node.post(0, id, person, Some(10 + person));
        for _ in 0..4 {
            node.sync();
            while node.answer_post(PostOutcome::Accepted { price: None }) {}
        }
        assert_eq!(answer(&node, post).expect("an answer").status, AnswerStatus::Sold, "person {person}");
    }
}

#[test]
fn a_campaign_that_comes_back_finds_what_it_had_sold_before_a_restart() {
    let mut node = Node::new(config(1));
    for person in 0..6 {
        node.sell_until_post(person, Some(person));
        for _ in 0..4 {
            while node.answer_post(PostOutcome::Accepted { price: None }) {}
            node.sync();
        }
    }
    node.install(2, Plan::Changed);
    let durable = node.world.journal.len();
    node.sync();
    let mut node = node.restart(durable, config(1));
    node.install(3, Plan::Whole);
    let journal = node.world.journal.clone();
    let of_roof = posts(&journal).values().filter(|post| post.campaign == "roof").count();
    assert!(of_roof > 0, "the campaign that was away has sold");
    check_counters(&node, &journal);
}

/// Posts of which nobody knows, a restart while their campaign is away, and its return; before or after that
/// somebody may say what became of one of them.
fn check_unknown_of_a_campaign_that_is_away(says: Option<Outcome>, while_away: bool) {
    let mut node = Node::new(config(1));
    for person in 0..6 {
        node.sell_until_post(person, Some(person));
        for _ in 0..4 {
            while node.answer_post(PostOutcome::Unknown(UnknownCause::Broken)) {}
            node.sync();
        }
    }
    node.install(2, Plan::Changed);
    node.sync();
    let durable = node.durable;
    let mut node = node.restart(durable, config(1));
    let unknown_of_roof = |node: &Node| -> Vec<UnknownKey> {
        let posts = posts(&node.world.journal).into_iter();
        let open = posts.filter(|(_, post)| post.campaign == "roof" && post.resolved.is_none());
        open.map(|(key, _)| key).collect()
    };
    let before = unknown_of_roof(&node);
    assert!(before.len() > 1, "the campaign that is away was posted to");
    if !while_away {
        node.install(3, Plan::Whole);
    }
    if let Some(says) = says {
        say(&mut node, before[0], says, 900);
        node.sync();
    }
    if while_away {
        node.install(3, Plan::Whole);
    }
    check_counters(&node, &node.world.journal);
    let open = unknown_of_roof(&node);
    assert_eq!(open.len(), before.len() - usize::from(says.is_some()));
    let current = node.shared.current();
    let roof = current.snapshot.campaign_named("roof").expect("it is back");
    assert_eq!(usize::try_from(current.unknown_open(roof)), Ok(open.len()), "{says:?} {while_away}");
}

#[test]
fn a_campaign_that_comes_back_finds_its_unknown_posts_from_before_a_restart() {
    let sayings = [None, Some(Outcome::Accepted), Some(Outcome::Failed(Reason::PostRejected))];
    for says in sayings {
        check_unknown_of_a_campaign_that_is_away(says, true);
        check_unknown_of_a_campaign_that_is_away(says, false);
    }
}

#[test]
fn each_step_of_a_sale_is_told_what_it_was_told_before_a_restart() {
    let mut node = Node::new(config(1));
    let ping = node.lead(0, SaleKind::TwoStep, 1, Some(1));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    node.sync();
    let offers = answer(&node, ping).expect("offers").clone();
    let post = node.post(0, offers.id, 1, Some(2));
    for _ in 0..4 {
        node.sync();
        while node.answer_post(PostOutcome::Accepted { price: None }) {}
    }
    let sold = answer(&node, post).expect("a sale").clone();
    assert_eq!(sold.status, AnswerStatus::Sold);
    let durable = node.durable;
    let mut node = node.restart(durable, config(1));
    let again = node.lead(0, SaleKind::TwoStep, 1, Some(1));
    let told = answer(&node, again).expect("the ping's answer");
    assert_eq!((told.status, &told.offers), (AnswerStatus::Offers, &offers.offers));
    let again = node.post(0, offers.id, 1, Some(2));
    let told = answer(&node, again).expect("the post's answer");
    assert_eq!((told.status, told.payout, &told.sales), (sold.status, sold.payout, &sold.sales));
}

#[test]
fn a_post_of_which_nothing_had_left_can_come_again_under_its_key() {
    let mut node = Node::new(config(1));
    let ping = node.lead(0, SaleKind::TwoStep, 1, Some(1));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    node.sync();
    let offers = answer(&node, ping).expect("offers").clone();
    node.post(0, offers.id, 1, Some(2));
    // What is on disk ends with the post: no intent.
    let completed = node.world.journal.iter().position(|entry| matches!(entry.record, Record::Completed(_)));
    let durable = completed.expect("a post") + 1;
    let mut node = node.restart(durable, config(1));
    let again = node.lead(0, SaleKind::TwoStep, 1, Some(1));
    let told = answer(&node, again).expect("the ping's answer");
    assert_eq!((told.status, &told.offers), (AnswerStatus::Offers, &offers.offers));
    let again = node.post(0, offers.id, 1, Some(2));
    for _ in 0..4 {
        node.sync();
        while node.answer_post(PostOutcome::Accepted { price: None }) {}
    }
    assert_eq!(answer(&node, again).expect("a sale").status, AnswerStatus::Sold);
    let again = node.lead(0, SaleKind::TwoStep, 1, Some(1));
    let told = answer(&node, again).expect("the ping's answer");
    assert_eq!((told.status, &told.offers), (AnswerStatus::Offers, &offers.offers));
}

#[test]
fn an_unknown_post_of_a_ping_from_before_a_restart_is_given_up_when_its_intent_says() {
    let mut node = Node::new(config(1));
    let ping = node.lead(0, SaleKind::TwoStep, 1, Some(1));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    node.sync();
    let id = answer(&node, ping).expect("offers").id;
    let durable = node.durable;
    let mut node = node.restart(durable, config(1));
    node.pass(Nanos::from_millis(50));
    node.post(0, id, 1, Some(2));
    for _ in 0..4 {
        node.sync();
        while node.answer_post(PostOutcome::Unknown(UnknownCause::Broken)) {}
    }
    node.pass(Nanos::from_secs(3));
    let intended: Vec<_> = node
        .world
        .journal
        .iter()
        .filter_map(|entry| match &entry.record {
            Record::Intent { auction, candidate, give_up_at, .. } => {
                Some((UnknownKey { auction: *auction, candidate: *candidate }, *give_up_at))
            }
            _ => None,
        })
        .collect();
    assert!(!intended.is_empty());
    for (key, give_up_at) in intended {
        let unknowns = node.shards.iter().find_map(|shard| shard.unknowns().get(key));
        assert_eq!(unknowns.expect("it is open").give_up_at, give_up_at);
    }
}
