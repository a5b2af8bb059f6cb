//! The process stops, and starts again from what the disk has.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_node::{NodeConfig, Recovery, RecoveryLimits};
use exchange_protocol::Record;
use exchange_types::{Nanos, ShardIndex};

use crate::disk::Found;
use crate::fault::Fault;
use crate::queue::Event;
use crate::run::{Sim, place_shards, shared};
use crate::seller;
use crate::violation::Promise;

impl Sim {
    /// The process stops at once.
    pub(crate) fn crash(&mut self) {
        if self.down_until.is_some() {
            return;
        }
        let now = self.world.clock.now();
        let mut draw = self.world.draws.of("crash", &[u128::from(self.world.life)]);
        self.world.trace.write(format_args!("at {} the process stops", now.mono.0));
        self.world.disk.stop(now.utc, &mut draw);
        self.world.queue.stop_process();
        self.world.settling.clear();
        self.world.waiting.clear();
        self.shards.clear();
        for request in &mut self.world.requests {
            request.lost |= request.due.is_some() && request.replies.is_empty();
        }
        let up = now.mono.saturating_add(draw.micros(2_000, 3_000_000));
        self.down_until = Some(up);
        self.world.queue.push(up, Event::Restart);
    }

    /// It starts again.
    pub(crate) fn restart(&mut self) {
        let now = self.world.clock.now();
        self.world.life = self.world.life.saturating_add(1);
        let life = u128::from(self.world.life);
        let mut draw = self.world.draws.of("restart", &[life]);
        self.world.trace.write(format_args!("at {} the process starts", now.mono.0));
        let found = match self.world.disk.open(now.utc, &mut draw) {
            Ok(found) => found,
            Err(why) => return self.world.verdicts.check(Promise::NothingLost, false, || why),
        };
        self.world.judge_survivors(&found);
        if self.world.verdicts.broken().is_some() {
            return;
        }
        let shards = if draw.percent(25) { draw.between(1, 3) } else { u64::from(self.config.shards) };
        self.config.shards = u16::try_from(shards).unwrap_or(1);
        let checkpoint = draw.percent(40).then(|| draw.index(found.len().saturating_add(1)));
        let Some(recovery) = self.fold(&found, checkpoint) else { return };
        self.begin(&recovery);
        self.check_restored(&recovery);
        self.repeat_requests();
        self.plan_refresh();
    }

    /// Folds what was found, perhaps with a checkpoint in between.
    fn fold(&mut self, found: &[Found], checkpoint: Option<usize>) -> Option<Recovery> {
        let limits = RecoveryLimits::of(&self.config);
        let fault = self.world.fault;
        let mut whole = Recovery::new(limits);
        for found in found {
            apply(&mut whole, found, fault);
        }
        let Some(checkpoint) = checkpoint else { return Some(whole) };
        let mut bytes = Vec::new();
        let mut before = Recovery::new(limits);
        for found in found.iter().take(checkpoint) {
            apply(&mut before, found, fault);
        }
        before.checkpoint(&mut bytes);
        let parted = Recovery::from_checkpoint(limits, &bytes).ok().map(|mut parted| {
            for found in found.iter().skip(checkpoint.saturating_sub(3)) {
                apply(&mut parted, found, fault);
            }
            parted
        });
        let mut parted = parted;
        let (mut one, mut other) = (Vec::new(), Vec::new());
        whole.checkpoint(&mut one);
        if let Some(parted) = &mut parted {
            parted.checkpoint(&mut other);
        }
        self.world.verdicts.check(Promise::Recovery, one == other, || {
            format!("a checkpoint after {checkpoint} of {} records leads to something else", found.len())
        });
        parted.filter(|_| one == other)
    }

    /// Begins a process with what was found.
    fn begin(&mut self, recovery: &Recovery) {
        let now = self.world.clock.now();
        let NodeConfig { shards, .. } = self.config;
        let Some(snapshot) = self.world.snapshots.values().next_back() else { return };
        self.shared = Arc::new(shared(self.config, Snapshot::clone(snapshot), now.utc));
        if self.world.fault != Fault::ForgetsCounts {
            self.shared.restore(recovery, now.utc);
        }
        self.shards = place_shards(&self.shared);
        self.counted.start_anew();
        self.ticked = vec![Nanos::ZERO; usize::from(shards)];
        self.down_until = None;
        self.world.shards = shards;
        if self.world.fault == Fault::SlotsTwice {
            self.world.vault.begin_anew();
        } else {
            self.world.vault.begin_file();
        }
        let version = self.shared.current().snapshot.version;
        self.world.currents.clear();
        self.world.currents.insert(version, self.shared.current());
        self.world.snapshots.insert(version, Arc::clone(&self.shared.current().snapshot));
        let market = self.world.markets.values().next_back();
        let left = self
            .world
            .ledger
            .held
            .iter()
            .filter(|(_, held)| market.is_none_or(|market| market.campaign(&held.campaign).is_none()));
        self.world.ledger.unheld = left.map(|(key, _)| *key).collect();
        self.world.restoring = true;
        let snapshots: BTreeMap<u64, Arc<Snapshot>> = self.world.snapshots.clone();
        for place in 0..shards {
            self.at(ShardIndex(place), |shard, world| {
                shard.restore(world, now, recovery, &|version| snapshots.get(&version).cloned());
            });
        }
        self.world.restoring = false;
        self.world.ledger.changes = self.world.ledger.changes.saturating_add(1);
    }

    /// Checks that the node knows the posts of which nobody knows, each with its campaign.
    fn check_restored(&mut self, recovery: &Recovery) {
        let known: usize = self.shards.iter().map(|shard| shard.unknowns().len()).sum();
        let posts = self.world.ledger.posts.iter();
        let open = posts.filter(|(_, post)| post.is_unknown() || post.outcome.is_none()).count();
        let same = known == open && recovery.unknowns() == open;
        self.world.verdicts.check(Promise::Recovery, same, || {
            format!("{open} posts are unknown, {known} of them are known after the start")
        });
        let all_kept = self.config.unknowns_max >= open;
        let unread = self.shards.iter().flat_map(|shard| shard.unknowns().list());
        let unread = unread.map(|open| &open.unknown).find(|unknown| unknown.submission.is_none());
        let unread = unread.filter(|_| all_kept).map(|unknown| unknown.key);
        self.world.verdicts.check(Promise::Recovery, unread.is_none(), || {
            format!("the lead of {unread:?} cannot be read after the start")
        });
        let current = self.shared.current();
        for (index, campaign) in (0_u32..).zip(&current.snapshot.campaigns) {
            let counted = current.unknown_open(exchange_types::CampaignIndex(index));
            let own = self.world.ledger.unknown.get(&*campaign.name).copied().unwrap_or_default().open;
            self.world.verdicts.check(Promise::Recovery, u64::from(counted) == own, || {
                format!("{} has {own} unknown posts, {counted} after the start", campaign.name)
            });
        }
    }

    /// Has sellers ask again: those that got no answer, and some that got one.
    fn repeat_requests(&mut self) {
        let now = self.world.clock.now().mono;
        let life = usize::try_from(self.world.life).unwrap_or(0);
        let mut again = Vec::new();
        for request in &self.world.requests {
            let handed_in = request.due.is_some();
            if request.key.is_none() || !handed_in {
                continue;
            }
            let mut draw =
                self.world.draws.of("again", &[u128::from(request.name), u128::from(self.world.life)]);
            let before = self.world.life.saturating_sub(1);
            let chance = if request.lost && request.life == before { 90 } else { 15 };
            if draw.percent(chance) {
                let at = now.saturating_add(draw.micros(1_000, 3_000_000));
                again.push(seller::repeat(&self.world.draws, request, life, at));
            }
        }
        for request in again {
            self.world.add_request(request);
        }
    }
}

/// Takes a record in, as far as no fault is planted.
fn apply(recovery: &mut Recovery, found: &Found, fault: Fault) {
    let Found { sequence, record, sealed } = found;
    match (record, fault) {
        (Record::Intent { .. }, Fault::ForgetsIntents) | (Record::Resolved(_), Fault::ForgetsResolutions) => {
        }
        (Record::Lead(lead), Fault::ForgetsKeys) => {
            let lead = exchange_protocol::LeadRecord { claim: None, ..lead.clone() };
            recovery.apply(*sequence, &Record::Lead(lead), Some(sealed));
        }
        _ => recovery.apply(*sequence, record, Some(sealed)),
    }
}
