//! [`SourceSet`]: some of the places from which leads come, as a campaign or a price names them.

use core::fmt;
use std::sync::Arc;

use exchange_types::{SellerIndex, Submission};

use crate::snapshot::{SourceIndex, Sources};

/// Sellers, sources, sub-ids and channels. A look-up costs a few binary searches; where buyers' own names for
/// publishers stand in it, two keyed hashes besides.
#[derive(Clone)]
pub struct SourceSet {
    pub(crate) sources: Arc<Sources>,
    /// Whole sellers, ordered.
    pub(crate) sellers: Box<[SellerIndex]>,
    /// Sources of sellers, ordered.
    pub(crate) named: Box<[(SellerIndex, SourceIndex)]>,
    /// Single sub-ids, ordered.
    pub(crate) sub_ids: Box<[(SellerIndex, Box<str>)]>,
    /// Channels of all sellers, ordered.
    pub(crate) channels: Box<[Box<str>]>,
    /// Sellers and publishers by the names under which the buyer knows them, ordered.
    pub(crate) refs: Box<[u128]>,
    /// Who knows them under these names.
    pub(crate) buyer: Box<str>,
    /// What stands in the catalog.
    pub(crate) written: Box<[Box<str>]>,
}

impl SourceSet {
    /// Returns whether a lead comes from one of them.
    pub fn contains(&self, lead: &Submission) -> bool {
        let origin = self.sources.origin(lead);
        let seller = origin.seller;
        self.sellers.binary_search(&seller).is_ok()
            || origin.source.is_some_and(|source| self.named.binary_search(&(seller, source)).is_ok())
            || origin.sub_id.is_some_and(|sub_id| self.lists(seller, sub_id))
            || origin
                .channel
                .is_some_and(|channel| self.channels.binary_search_by(|known| (**known).cmp(channel)).is_ok())
            || !self.refs.is_empty()
                && self
                    .sources
                    .is_known_as(&self.buyer, &origin, |name| self.refs.binary_search(&name).is_ok())
    }

    fn lists(&self, seller: SellerIndex, sub_id: &str) -> bool {
        let by_key = |(of, known): &(SellerIndex, Box<str>)| (*of, &**known).cmp(&(seller, sub_id));
        self.sub_ids.binary_search_by(by_key).is_ok()
    }
}

impl PartialEq for SourceSet {
    fn eq(&self, other: &Self) -> bool {
        (&self.buyer, &self.written) == (&other.buyer, &other.written)
    }
}

impl Eq for SourceSet {}

impl fmt::Debug for SourceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceSet").field(&self.written).finish()
    }
}

impl fmt::Display for SourceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::filter::list(f, &self.written, ToString::to_string)
    }
}

#[cfg(test)]
mod tests;
