//! Draws, erasures, restarts, power cuts and restored files against a plain list of what must be readable.

use std::collections::BTreeSet;

use exchange_protocol::SealClass;
use exchange_vault::{Drawer, Vault};
use proptest::prelude::*;

use crate::disk::Disk;
use crate::world::{Kept, NOW, open};

#[derive(Clone, Debug)]
enum Step {
    Seal { class: SealClass, count: u8 },
    Erase { which: usize },
    KeepAhead { later_us: i64 },
    Restart,
    PowerCut { seed: u64 },
    FailedCall { after: u64 },
    RestoreOldFiles,
    Retire,
}

#[derive(Debug)]
struct Lead {
    kept: Kept,
    erased: bool,
}

#[derive(Debug)]
struct World {
    disk: Disk,
    vault: Vault,
    drawers: Vec<Drawer>,
    leads: Vec<Lead>,
    now: i64,
    backup: Vec<(std::path::PathBuf, Vec<u8>)>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = prop_oneof![Just(SealClass::Lead), Just(SealClass::Consent)];
    let step = prop_oneof![
        6 => (class, 1..90_u8).prop_map(|(class, count)| Step::Seal { class, count }),
        4 => any::<usize>().prop_map(|which| Step::Erase { which }),
        3 => (0..40_000_000_000_i64).prop_map(|later_us| Step::KeepAhead { later_us }),
        1 => Just(Step::Restart),
        2 => any::<u64>().prop_map(|seed| Step::PowerCut { seed }),
        2 => (0..12_u64).prop_map(|after| Step::FailedCall { after }),
        1 => Just(Step::RestoreOldFiles),
        1 => Just(Step::Retire),
    ];
    proptest::collection::vec(step, 1..25)
}

impl World {
    fn new() -> Self {
        let disk = Disk::default();
        let vault = open(&disk).expect("opens");
        let mut world = Self { disk, vault, drawers: vec![], leads: vec![], now: NOW.0, backup: vec![] };
        world.restart();
        world
    }

    /// Starts as a process does: the journal tells the highest slots and what was erased.
    fn restart(&mut self) {
        self.disk.fail_after(None);
        self.vault = open(&self.disk).expect("opens");
        for class in [SealClass::Lead, SealClass::Consent] {
            let slots = self.leads.iter().map(|lead| lead.kept.sealed.slot);
            if let Some(slot) = slots.filter(|slot| slot.class == class).max() {
                self.vault.note_drawn(slot);
            }
        }
        let erased = self.leads.iter().filter(|lead| lead.erased).map(|lead| lead.kept.sealed.slot);
        self.vault.erase_all(erased).expect("erases");
        self.vault.keep_ahead(exchange_types::UtcMicros(self.now)).expect("keys");
        self.drawers = (0..2).map(|_| self.vault.drawer()).collect();
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Seal { class, count } => self.seal(*class, *count),
            Step::Erase { which } => {
                let Some(index) = which.checked_rem(self.leads.len()) else { return };
                let erased = self.vault.erase(self.leads[index].kept.sealed.slot);
                // The journal has it first; a failed call is made good by the next start.
                self.leads[index].erased = true;
                if erased.is_err() {
                    self.restart();
                }
            }
            Step::KeepAhead { later_us } => {
                self.now += later_us;
                // It may fail; then there are fewer keys.
                drop(self.vault.keep_ahead(exchange_types::UtcMicros(self.now)));
            }
            Step::Restart => self.restart(),
            Step::PowerCut { seed } => {
                let mut bits = *seed;
                self.disk.lose_power(|| {
                    bits =
                        bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    bits >> 63 == 0
                });
                self.restart();
            }
            Step::FailedCall { after } => self.disk.fail_after(Some(*after)),
            Step::RestoreOldFiles => {
                let now: Vec<_> =
                    self.disk.paths().into_iter().map(|it| (it.clone(), self.disk.read(&it))).collect();
                for (path, bytes) in std::mem::replace(&mut self.backup, now) {
                    self.disk.put(&path, bytes);
                }
                self.restart();
            }
            Step::Retire => {
                // Nothing is old enough before the first instant: no file may go.
                for class in [SealClass::Lead, SealClass::Consent] {
                    drop(self.vault.retire(class, NOW));
                }
            }
        }
    }

    fn seal(&mut self, class: SealClass, count: u8) {
        for number in 0..count {
            let lead = crate::world::lead(self.leads.len() as u128);
            let mut ciphertext = Vec::new();
            let drawer = &mut self.drawers[usize::from(number) % 2];
            let Ok(sealed) = drawer.seal(class, lead, crate::world::CANARY, &mut ciphertext) else { return };
            self.leads.push(Lead { kept: Kept { lead, sealed, ciphertext }, erased: false });
        }
    }

    fn check(&self) {
        let slots: BTreeSet<_> = self.leads.iter().map(|lead| lead.kept.sealed.slot).collect();
        assert_eq!(slots.len(), self.leads.len(), "a slot was drawn twice");
        self.disk.fail_after(None);
        for lead in &self.leads {
            if lead.erased {
                lead.kept.assert_erased(&self.vault);
            } else {
                lead.kept.assert_readable(&self.vault);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn no_slot_is_drawn_twice_and_the_erased_stay_erased(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.apply(step);
        }
        world.check();
        world.restart();
        world.check();
    }
}
