//! [`Sources`]: where leads come from, by the names that the catalog and buyers have for it.
//!
//! A seller's traffic divides into sources: each lists sub-ids, or names a channel. A lead is of the source that
//! lists its first sub-id, else of the source of its channel, else of none.

use core::fmt;
use std::sync::Arc;

use exchange_types::{Pii, SellerIndex, SourceKey, Submission};

use super::SupplyLimits;
use crate::SourceSet;

/// Makes the names under which buyers know sellers and their publishers, from names that outlive a catalog.
pub trait SourceNames: Send + Sync {
    /// Returns how a buyer knows a seller.
    fn source_ref(&self, buyer: &str, seller: &str) -> u128;

    /// Returns how a buyer knows a seller's sub-id.
    fn sub_ref(&self, buyer: &str, seller: &str, sub_id: &str) -> u128;
}

/// The position of a source among those of its seller, ordered by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceIndex(pub u16);

/// A part of a seller's traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name, unique in its seller.
    pub name: Box<str>,
    /// Whether no buyer gets anything of it for now.
    pub paused: bool,
    /// How much of it is taken.
    pub limits: SupplyLimits,
}

/// The sources of every seller of a catalog.
#[derive(Clone, Default)]
pub struct Sources {
    pub(crate) sellers: Box<[SellerSources]>,
    pub(crate) names: Option<Arc<dyn SourceNames>>,
}

/// The sources of one seller.
#[derive(Clone, Debug, Default)]
pub(crate) struct SellerSources {
    /// The seller's name.
    pub(crate) name: Box<str>,
    /// Ordered by name.
    pub(crate) sources: Box<[Source]>,
    /// Ordered; each sub-id is of one source.
    pub(crate) by_sub_id: Box<[(Box<str>, SourceIndex)]>,
    /// Ordered; each channel is of one source.
    pub(crate) by_channel: Box<[(Box<str>, SourceIndex)]>,
}

/// Which sources a campaign takes leads from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRule {
    /// From these alone.
    pub only: Option<SourceSet>,
    /// Never from these.
    pub block: Option<SourceSet>,
}

impl SourceRule {
    /// Returns whether the campaign takes what comes from where the lead does.
    pub fn takes(&self, lead: &Submission) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(lead))
            && !self.block.as_ref().is_some_and(|block| block.contains(lead))
    }
}

/// Where a lead came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The seller.
    pub seller: SellerIndex,
    /// The seller's source, where one of the catalog takes the lead.
    pub source: Option<SourceIndex>,
    /// The first sub-id: it names the publisher.
    pub sub_id: Option<&'a str>,
    /// The channel.
    pub channel: Option<&'a str>,
}

impl Sources {
    /// Returns where a lead came from.
    pub fn origin<'a>(&self, lead: &'a Submission) -> Origin<'a> {
        let channel = lead.source(SourceKey::Channel).map(Pii::reveal);
        self.origin_of(lead.seller, lead.sub_ids().next(), channel)
    }

    /// Returns where a lead with these marks comes from.
    pub(crate) fn origin_of<'a>(
        &self,
        seller: SellerIndex,
        sub_id: Option<&'a str>,
        channel: Option<&'a str>,
    ) -> Origin<'a> {
        let source = self.of(seller).and_then(|own| {
            let by_sub_id = sub_id.and_then(|sub_id| find(&own.by_sub_id, sub_id));
            by_sub_id.or_else(|| channel.and_then(|channel| find(&own.by_channel, channel)))
        });
        Origin { seller, source, sub_id, channel }
    }

    /// Returns the sources of a seller.
    pub(crate) fn of(&self, seller: SellerIndex) -> Option<&SellerSources> {
        self.sellers.get(seller.at())
    }

    /// Returns a source of a seller.
    pub fn source(&self, seller: SellerIndex, source: SourceIndex) -> Option<&Source> {
        self.sellers.get(seller.at())?.sources.get(usize::from(source.0))
    }

    /// Returns the sources of a seller, ordered by name.
    pub fn of_seller(&self, seller: SellerIndex) -> &[Source] {
        self.of(seller).map_or(&[], |own| &own.sources)
    }

    /// Finds a seller and its source by their names, written `SELLER/SOURCE`.
    pub fn source_named(&self, path: &str) -> Option<(SellerIndex, SourceIndex)> {
        let (seller, source) = path.split_once('/')?;
        let seller = self.seller_named(seller)?;
        Some((seller, self.sellers.get(seller.at())?.source_named(source)?))
    }

    /// Finds a seller by its name.
    pub(crate) fn seller_named(&self, name: &str) -> Option<SellerIndex> {
        let position = self.sellers.binary_search_by(|seller| (*seller.name).cmp(name)).ok()?;
        u32::try_from(position).ok().map(SellerIndex)
    }

    /// Returns whether a buyer knows the seller or the publisher of a lead under a name that `is_meant` takes. Without
    /// anybody to make such names nobody does.
    pub(crate) fn is_known_as(
        &self,
        buyer: &str,
        origin: &Origin<'_>,
        is_meant: impl Fn(u128) -> bool,
    ) -> bool {
        let (Some(names), Some(seller)) = (&self.names, self.sellers.get(origin.seller.at())) else {
            return false;
        };
        is_meant(names.source_ref(buyer, &seller.name))
            || origin.sub_id.is_some_and(|sub_id| is_meant(names.sub_ref(buyer, &seller.name, sub_id)))
    }
}

impl SellerSources {
    /// Finds a source by its name.
    pub(crate) fn source_named(&self, name: &str) -> Option<SourceIndex> {
        let position = self.sources.binary_search_by(|source| (*source.name).cmp(name)).ok()?;
        u16::try_from(position).ok().map(SourceIndex)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("sellers", &self.sellers).finish_non_exhaustive()
    }
}

fn find(among: &[(Box<str>, SourceIndex)], text: &str) -> Option<SourceIndex> {
    let position = among.binary_search_by(|(known, _)| (**known).cmp(text)).ok()?;
    among.get(position).map(|&(_, source)| source)
}
