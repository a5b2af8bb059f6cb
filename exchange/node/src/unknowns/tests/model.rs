//! The list against a model that knows how each post was resolved, with the counters beside it.

use exchange_catalog::snapshot::CapKind;
use exchange_counters::{Counters, CountersConfig, Reservation};
use proptest::prelude::*;

use super::*;

const POSTS: u128 = 12;
const CAMPAIGNS: u32 = 3;

#[derive(Clone, Debug)]
enum Step {
    Post { number: u128 },
    Wait { seconds: u64 },
    Answer { nth: usize, outcome: u8 },
    Report { number: u128, outcome: u8 },
    Erase { number: u128 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..POSTS).prop_map(|number| Step::Post { number }),
        3 => (0_u64..4_000).prop_map(|seconds| Step::Wait { seconds }),
        4 => (0_usize..8, 0_u8..5).prop_map(|(nth, outcome)| Step::Answer { nth, outcome }),
        2 => (0..POSTS, 0_u8..3).prop_map(|(number, outcome)| Step::Report { number, outcome }),
        1 => (0..POSTS).prop_map(|number| Step::Erase { number }),
    ];
    proptest::collection::vec(step, 1..120)
}

fn outcome_of(number: u8) -> PostOutcome {
    match number {
        0 => PostOutcome::Accepted { price: None },
        1 => PostOutcome::Rejected,
        2 => PostOutcome::Duplicate,
        3 => PostOutcome::Refused { status: 503 },
        _ => PostOutcome::Unknown(UnknownCause::Timeout),
    }
}

fn said(number: u8) -> Outcome {
    match number {
        0 => Outcome::Accepted,
        1 => Outcome::Failed(Reason::PostRejected),
        _ => Outcome::Unknown,
    }
}

/// The world around the list: what it holds, and how each post came out.
struct World {
    unknowns: Unknowns,
    snapshot: Arc<Snapshot>,
    counters: Counters,
    held: BTreeMap<UnknownKey, Reservation>,
    resolved: BTreeMap<UnknownKey, Outcome>,
    disputed: BTreeSet<UnknownKey>,
    asking: Vec<UnknownKey>,
    seconds: u64,
}

impl World {
    fn new() -> Self {
        let caps = "caps = { sold = { total = 100 }, budget = { total = \"10000.00\" } }";
        let status = "idempotent = false\nstatus_url = \"https://north.example/{post_id}\"";
        let rule = "unknown_after = \"1h\"\non_unknown = \"assume_accepted\"";
        let lines = [caps.to_owned(), format!("{status}\n{caps}"), format!("{rule}\n{caps}")];
        let snapshot = catalog(&[&lines[0], &lines[1], &lines[2]]);
        Self {
            unknowns: Unknowns::new(6),
            counters: Counters::new(CountersConfig { cells_max: 64, ..CountersConfig::default() }),
            snapshot,
            held: BTreeMap::new(),
            resolved: BTreeMap::new(),
            disputed: BTreeSet::new(),
            asking: Vec::new(),
            seconds: 0,
        }
    }

    fn now(&self) -> Now {
        at(self.seconds)
    }

    fn post(&mut self, number: u128) {
        let campaign = u32::try_from(number).expect("few") % CAMPAIGNS;
        let key = key(number);
        let known = self.held.contains_key(&key) || self.resolved.contains_key(&key);
        if !known {
            let table = self.counters.refresh(&self.snapshot, START);
            self.held.insert(key, table.reserve(CampaignIndex(campaign), START, euros(20)).expect("room"));
        }
        self.unknowns.add(self.now(), unknown(&self.snapshot, campaign, key, self.now()));
    }

    fn take(&mut self, key: UnknownKey, says: Outcome, verdict: Option<Verdict>) {
        match verdict {
            Some(Verdict::Resolved(resolved)) => {
                let (resolution, _) = *resolved;
                let held = self.held.remove(&key).expect("a post is resolved once, while it is open");
                if resolution.outcome == Outcome::Accepted {
                    self.counters.cells().commit(held, resolution.price);
                } else {
                    self.counters.cells().release(held);
                }
                assert!(self.resolved.insert(key, resolution.outcome).is_none(), "once");
            }
            Some(Verdict::Disputed(_)) => {
                assert_eq!(Late::judge(self.resolved[&key], says), Late::Contrary);
                assert!(self.disputed.insert(key), "a dispute is told once");
            }
            Some(Verdict::Same) | None => {
                let known = self.resolved.get(&key).copied();
                let contrary = known.is_some_and(|known| Late::judge(known, says) == Late::Contrary);
                assert!(!contrary || self.disputed.contains(&key), "a contradiction is told");
                assert!(known.is_some() || says == Outcome::Unknown, "a fact about an open post resolves it");
            }
        }
    }

    /// Carries out what is due.
    fn turn(&mut self) {
        while let Some((key, action)) = self.unknowns.due(self.now()) {
            match action {
                Action::Repost | Action::AskStatus => self.asking.push(key),
                Action::Assume(outcome) => {
                    let verdict =
                        self.unknowns.resolve(self.now(), key, says(outcome, ResolvedBy::Rule)).ok();
                    self.take(key, outcome, verdict);
                }
                Action::HandOver => assert!(self.held.contains_key(&key), "a person gets what is open"),
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Post { number } => self.post(number),
            Step::Wait { seconds } => self.seconds += seconds,
            Step::Answer { nth, outcome } if nth < self.asking.len() => {
                let key = self.asking.swap_remove(nth);
                let verdict = self.unknowns.reply(self.now(), key, &reply(outcome_of(outcome)));
                let says = match outcome {
                    0 => Outcome::Accepted,
                    1 | 2 => Outcome::Failed(Reason::PostRejected),
                    _ => Outcome::Unknown,
                };
                self.take(key, says, verdict);
            }
            Step::Answer { .. } => {}
            Step::Report { number, outcome } => {
                let key = key(number);
                match self.unknowns.resolve(self.now(), key, says(said(outcome), ResolvedBy::Report)) {
                    Ok(verdict) => self.take(key, said(outcome), Some(verdict)),
                    Err(error) => {
                        assert_eq!(error, ResolveError::NotFound);
                        assert!(!self.held.contains_key(&key) && !self.resolved.contains_key(&key));
                    }
                }
            }
            Step::Erase { number } => self.unknowns.erase(key(number).auction, self.now()),
        }
        self.turn();
    }

    fn check(&self) {
        self.unknowns.assert_invariants();
        let open: Vec<UnknownKey> = self.unknowns.list().map(|open| open.unknown.key).collect();
        assert!(open.iter().eq(self.held.keys()), "what is open is held, and nothing else");
        assert_eq!(self.unknowns.in_flight(), self.asking.len(), "every question is counted");
        let table = self.counters.refresh(&self.snapshot, START);
        let sum = |kind: CapKind| {
            let rows = table.rows().iter().filter(move |row| row.kind == kind);
            let cells = rows.filter_map(|row| table.cells().get(row.cell));
            cells.fold((0, 0), |(pending, posted), cell| (pending + cell.pending(), posted + cell.posted()))
        };
        let accepted = self.resolved.values().filter(|outcome| **outcome == Outcome::Accepted).count();
        let count = |count: usize| i64::try_from(count).expect("few");
        let (held, accepted) = (count(self.held.len()), count(accepted));
        assert_eq!(sum(CapKind::Sold), (held, accepted), "the counters balance");
        assert_eq!(sum(CapKind::Budget), (held * euros(20).micros(), accepted * euros(20).micros()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_unknown_post_is_resolved_once_and_the_counters_balance(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            world.check();
        }
        // At rest every question is answered, and nothing is open that could be known.
        for _ in 0..200 {
            world.seconds += 1_000;
            world.turn();
            while let Some(key) = world.asking.pop() {
                let verdict = world.unknowns.reply(world.now(), key, &reply(PostOutcome::Rejected));
                world.take(key, Outcome::Failed(Reason::PostRejected), verdict);
            }
            world.check();
        }
        let left = world.unknowns.list().filter(|open| {
            let way = open.unknown.submission.is_some() || open.unknown.campaign == CampaignIndex(1);
            way || open.unknown.campaign == CampaignIndex(2)
        });
        prop_assert_eq!(left.count(), 0);
    }
}
