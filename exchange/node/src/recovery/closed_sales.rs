//! [`ClosedSales`]: the sales that were closed last, and [`Persons`]: whom they were about.

use std::collections::VecDeque;

use exchange_protocol::{Record, Resolution, Story, decode_record, encode_closed};
use exchange_types::{UtcMicros, Uuid7};

use super::CheckpointError;
use super::bytes::{Reader, Writer};
use super::names::NameId;
use super::open_sale::{KeptClaim, read_claims, write_claims};
use crate::id_map::IdMap;

/// A sale that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClosedSale {
    pub(crate) id: Uuid7,
    /// The bytes of its [`Record::Closed`], with what was found out since.
    pub(crate) record: Box<[u8]>,
    pub(crate) claims: Vec<KeptClaim>,
}

/// The sales that were closed last, oldest first.
#[derive(Debug, Default)]
pub(super) struct ClosedSales {
    ring: VecDeque<ClosedSale>,
    /// How many have left the ring: the number of its first.
    gone: u64,
    by_id: IdMap<u64>,
}

impl ClosedSale {
    /// Returns the account of the sale.
    pub(crate) fn story(&self) -> Option<Story> {
        let Ok((Record::Closed(story), _)) = decode_record(&self.record) else { return None };
        Some(story)
    }
}

impl ClosedSales {
    /// Takes a sale in, and returns the oldest where there are too many.
    pub(super) fn push(&mut self, sale: ClosedSale, sales_max: usize) -> Option<ClosedSale> {
        let number = self.gone.saturating_add(u64::try_from(self.ring.len()).unwrap_or(u64::MAX));
        self.by_id.insert(sale.id.as_u128(), number);
        self.ring.push_back(sale);
        if self.ring.len() <= sales_max.max(1) {
            return None;
        }
        let oldest = self.ring.pop_front()?;
        self.gone = self.gone.saturating_add(1);
        self.by_id.remove(&oldest.id.as_u128());
        Some(oldest)
    }

    /// Writes into the account of a sale what was found out about one of its posts.
    pub(super) fn resolve(&mut self, resolution: &Resolution) {
        let Some(sale) = self.get_mut(resolution.auction) else { return };
        let Some(mut story) = sale.story() else { return };
        let Resolution { candidate, outcome, price, payout, .. } = resolution;
        story.resolve(*candidate, *outcome, *price, *payout);
        let mut record = Vec::with_capacity(sale.record.len());
        encode_closed(&story, &mut record);
        sale.record = record.into();
    }

    /// Takes the keys out under which a sale came.
    pub(super) fn take_claims(&mut self, id: Uuid7) -> Vec<KeptClaim> {
        self.get_mut(id).map(|sale| core::mem::take(&mut sale.claims)).unwrap_or_default()
    }

    fn get_mut(&mut self, id: Uuid7) -> Option<&mut ClosedSale> {
        let number = self.by_id.get(&id.as_u128())?.checked_sub(self.gone)?;
        self.ring.get_mut(usize::try_from(number).ok()?)
    }

    pub(super) fn has(&self, id: Uuid7) -> bool {
        self.by_id.contains_key(&id.as_u128())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ClosedSale> {
        self.ring.iter()
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.ring.len());
        for sale in &self.ring {
            to.u128(sale.id.as_u128());
            to.block(&sale.record);
            write_claims(&sale.claims, to);
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut read = Self::default();
        for _ in 0..from.count()? {
            let id = Uuid7::from_u128(from.u128()?).ok_or_else(|| from.damaged())?;
            let sale = ClosedSale { id, record: from.block()?.into(), claims: read_claims(from)? };
            read.push(sale, usize::MAX);
        }
        Ok(read)
    }
}

/// What became of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownPerson {
    pub(crate) id: Uuid7,
    pub(super) seller: NameId,
    /// Whether it was sold, or may have been; else it was not.
    pub(crate) taken: bool,
    /// Until when that counts.
    pub(crate) until: UtcMicros,
}

/// The persons that were seen last, by their fingerprints.
#[derive(Clone, Debug, Default)]
pub(super) struct Persons {
    order: VecDeque<(u128, Uuid7)>,
    by_print: IdMap<KnownPerson>,
}

impl Persons {
    /// Notes at a moment what became of a person, and returns the fingerprint that leaves where there are too many.
    ///
    /// A sale that came to nothing says nothing of a person whom another one has sold meanwhile.
    pub(super) fn note(
        &mut self,
        print: u128,
        person: KnownPerson,
        (at, prints_max): (UtcMicros, usize),
    ) -> Option<u128> {
        let sold_by_another = |known: &KnownPerson| known.id != person.id && known.taken && at < known.until;
        if !person.taken && self.by_print.get(&print).is_some_and(sold_by_another) {
            return None;
        }
        let before = self.by_print.insert(print, person);
        if before.is_some_and(|before| before.id == person.id) {
            return None;
        }
        self.order.push_back((print, person.id));
        if self.order.len() <= prints_max.max(1) {
            return None;
        }
        let (oldest, id) = self.order.pop_front()?;
        let own = self.by_print.get(&oldest).is_some_and(|known| known.id == id);
        own.then(|| {
            self.by_print.remove(&oldest);
            oldest
        })
    }

    /// Returns what became of each person, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, KnownPerson)> + '_ {
        self.order.iter().filter_map(|(print, id)| {
            let known = self.by_print.get(print).filter(|known| known.id == *id)?;
            Some((*print, *known))
        })
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.order.len());
        for (print, id) in &self.order {
            to.u128(*print);
            to.u128(id.as_u128());
            let known = self.by_print.get(print).filter(|known| known.id == *id);
            to.flag(known.is_some());
            if let Some(known) = known {
                to.u32(known.seller.0);
                to.flag(known.taken);
                to.i64(known.until.0);
            }
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut read = Self::default();
        for _ in 0..from.count()? {
            let print = from.u128()?;
            let id = Uuid7::from_u128(from.u128()?).ok_or_else(|| from.damaged())?;
            read.order.push_back((print, id));
            if from.flag()? {
                let (seller, taken) = (NameId(from.u32()?), from.flag()?);
                let until = UtcMicros(from.i64()?);
                read.by_print.insert(print, KnownPerson { id, seller, taken, until });
            }
        }
        Ok(read)
    }
}
