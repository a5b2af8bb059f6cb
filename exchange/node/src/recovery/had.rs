//! [`HadByBuyers`]: which buyers had a person, as definite outcomes of posts say, and its bytes in a checkpoint.

use std::collections::BTreeMap;

use exchange_protocol::CandidateIndex;
use exchange_types::{UtcMicros, Uuid7};

use super::CheckpointError;
use super::bytes::{Reader, Writer};
use super::names::NameId;

/// Posts that are kept of a fingerprint, as in memory.
const POSTS_MAX: usize = 256;

/// Which buyers had which persons. What is kept of a fingerprint goes with the fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HadByBuyers(BTreeMap<u128, Vec<HadByBuyer>>);

/// A post after which a buyer has a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HadByBuyer {
    pub(super) buyer: NameId,
    pub(crate) sale: Uuid7,
    pub(crate) candidate: CandidateIndex,
    pub(crate) since: UtcMicros,
}

impl HadByBuyers {
    pub(super) fn note(&mut self, print: u128, had: HadByBuyer) {
        let known = self.0.entry(print).or_default();
        known.push(had);
        if known.len() > POSTS_MAX {
            known.remove(0);
        }
    }

    pub(super) fn forget(&mut self, print: u128) {
        self.0.remove(&print);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, HadByBuyer)> {
        self.0.iter().flat_map(|(print, known)| known.iter().map(|had| (*print, *had)))
    }

    pub(super) fn write(&self, to: &mut Writer<'_>) {
        to.count(self.0.len());
        for (print, known) in &self.0 {
            to.u128(*print);
            to.count(known.len());
            for had in known {
                to.u32(had.buyer.0);
                to.u128(had.sale.as_u128());
                to.u16(had.candidate.0);
                to.i64(had.since.0);
            }
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let mut read = Self::default();
        for _ in 0..from.count()? {
            let print = from.u128()?;
            for _ in 0..from.count()? {
                let buyer = NameId(from.u32()?);
                let sale = Uuid7::from_u128(from.u128()?).ok_or_else(|| from.damaged())?;
                let (candidate, since) = (CandidateIndex(from.u16()?), UtcMicros(from.i64()?));
                read.note(print, HadByBuyer { buyer, sale, candidate, since });
            }
        }
        Ok(read)
    }
}
