//! [`Slots`]: which keys of personal data were drawn and which were erased.
//!
//! A start brings the key files to this, whatever copy of them was put back. What was erased is remembered for
//! ever: 9 bytes an erased lead, and erasures are asked for by persons.

use std::collections::BTreeSet;

use exchange_protocol::{Record, SealClass, SealedText, SlotRef};

use super::CheckpointError;
use super::bytes::{Reader, Writer};

/// Which keys were drawn and which were erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    highest: [Option<SlotRef>; 2],
    erased: BTreeSet<SlotRef>,
}

impl Slots {
    /// Takes what a record says of slots.
    pub(super) fn take(&mut self, record: &Record) {
        let (sealed, consent) = match record {
            Record::Lead(lead) => (&lead.sealed, &lead.consent),
            Record::Completed(post) => (&post.sealed, &post.consent),
            Record::Erased(erasure) => return self.erased.extend(&erasure.slots),
            Record::Outcome { redirect_url, .. } => {
                if let Some(link) = SealedText::read(redirect_url) {
                    self.note(link.sealed.slot);
                }
                return;
            }
            Record::Intent { .. }
            | Record::Closed(_)
            | Record::Offered(_)
            | Record::Resolved(_)
            | Record::Disputed(_)
            | Record::SaleChanged(_)
            | Record::Balance(_)
            | Record::Catalog(_)
            | Record::Acknowledged(_)
            | Record::Stopped(_)
            | Record::Suppressed(_)
            | Record::Answered(_) => return,
        };
        for slot in [Some(sealed.slot), consent.map(|consent| consent.slot)].into_iter().flatten() {
            self.note(slot);
        }
    }

    fn note(&mut self, slot: SlotRef) {
        let [lead, evidence] = &mut self.highest;
        let highest = if slot.class == SealClass::Lead { lead } else { evidence };
        *highest = (*highest).max(Some(slot));
    }

    pub(super) fn highest(&self, class: SealClass) -> Option<SlotRef> {
        let [lead, evidence] = self.highest;
        if class == SealClass::Lead { lead } else { evidence }
    }

    pub(super) fn erased(&self) -> impl Iterator<Item = SlotRef> + '_ {
        self.erased.iter().copied()
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        for highest in self.highest {
            to.flag(highest.is_some());
            if let Some(slot) = highest {
                write_slot(slot, to);
            }
        }
        to.count(self.erased.len());
        for slot in &self.erased {
            write_slot(*slot, to);
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut read = Self::default();
        for highest in &mut read.highest {
            *highest = if from.flag()? { Some(read_slot(from)?) } else { None };
        }
        for _ in 0..from.count()? {
            read.erased.insert(read_slot(from)?);
        }
        Ok(read)
    }
}

fn write_slot(slot: SlotRef, to: &mut Writer<'_>) {
    to.flag(slot.class == SealClass::Consent);
    to.u32(slot.file);
    to.u32(slot.index);
}

fn read_slot(from: &mut Reader<'_>) -> Result<SlotRef, CheckpointError> {
    let class = if from.flag()? { SealClass::Consent } else { SealClass::Lead };
    Ok(SlotRef { class, file: from.u32()?, index: from.u32()? })
}
