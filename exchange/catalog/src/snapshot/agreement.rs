//! [`Agreement`]: what the exchange pays a seller.

use core::cmp::Ordering;

use exchange_types::{Amount, BuyerIndex, Rate, SourceKey, Submission};

use super::{Origin, SellerSources, SourceIndex, Sources, TagRule};

/// What a seller is paid in one vertical, with its overrides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What holds where no override does.
    pub terms: Terms,
    /// Overrides by buyer, ordered by index; each replaces the whole.
    pub buyers: Box<[(BuyerIndex, Terms)]>,
    /// Overrides by the first sub-id, ordered; each replaces the whole.
    pub sub_ids: Box<[(Box<str>, Terms)]>,
    /// Overrides by the seller's sources, ordered by index; each replaces the whole.
    pub sources: Box<[(SourceIndex, Terms)]>,
    /// Overrides by channels that are no source of the seller, ordered; each replaces the whole.
    pub channels: Box<[(Box<str>, Terms)]>,
    /// Which buyers may get the seller's leads.
    pub partners: TagRule,
}

impl Agreement {
    /// Returns the terms for a sale: the buyer's override, else the sub-id's, else the source's, else the
    /// channel's, else the agreement's own.
    pub fn terms_for(&self, buyer: BuyerIndex, origin: &Origin<'_>) -> Terms {
        let of_buyer = position(&self.buyers, |known| known.cmp(&buyer));
        let of_buyer = of_buyer.and_then(|position| self.buyers.get(position)).map(|&(_, terms)| terms);
        of_buyer
            .or_else(|| self.override_for(origin).and_then(|place| self.override_at(place)))
            .unwrap_or(self.terms)
    }

    /// Returns which override holds for leads from somewhere, unless the buyer has one: its place among those of
    /// channels, then of sources, then of sub-ids. An account of an auction names it by this place.
    pub fn override_for(&self, origin: &Origin<'_>) -> Option<u16> {
        let (channels, sources) = (self.channels.len(), self.sources.len());
        let by_sub_id =
            || origin.sub_id.and_then(|text| position(&self.sub_ids, |known| (**known).cmp(text)));
        let by_source =
            || origin.source.and_then(|source| position(&self.sources, |known| known.cmp(&source)));
        let by_channel =
            || origin.channel.and_then(|text| position(&self.channels, |known| (**known).cmp(text)));
        let place = by_sub_id()
            .map(|place| place.saturating_add(channels).saturating_add(sources))
            .or_else(|| by_source().map(|place| place.saturating_add(channels)))
            .or_else(by_channel);
        place.and_then(|place| u16::try_from(place).ok())
    }

    /// Gives a lead that is erased an origin for which the override at a place holds.
    pub fn retrace(&self, place: u16, sources: &Sources, lead: &mut Submission) {
        let origins = self.origins_of(usize::from(place), sources.of(lead.seller));
        let seller = lead.seller;
        let found = origins.into_iter().find(|&(sub_id, channel)| {
            self.override_for(&sources.origin_of(seller, sub_id, channel)) == Some(place)
        });
        let (sub_id, channel) = found.unwrap_or_default();
        if let Some(sub_id) = sub_id {
            lead.push_sub_id(sub_id);
        }
        if let Some(channel) = channel {
            lead.set_source(SourceKey::Channel, channel);
        }
    }

    /// Returns the origins, as sub-id and channel, for which the override at a place may hold.
    fn origins_of<'a>(
        &'a self,
        place: usize,
        own: Option<&'a SellerSources>,
    ) -> Vec<(Option<&'a str>, Option<&'a str>)> {
        let (by_sub_id, by_channel) =
            own.map_or((&[][..], &[][..]), |own| (&*own.by_sub_id, &*own.by_channel));
        if let Some((channel, _)) = self.channels.get(place) {
            // A source's own override would hold for the channel alone, so a sub-id of another source stands beside.
            let others = by_sub_id.iter().map(|(sub_id, _)| Some(&**sub_id));
            return core::iter::once(None).chain(others).map(|sub_id| (sub_id, Some(&**channel))).collect();
        }
        let place = place.saturating_sub(self.channels.len());
        if let Some((source, _)) = self.sources.get(place) {
            let sub_ids = by_sub_id.iter().filter(|(_, of)| of == source);
            let channels = by_channel.iter().filter(|(_, of)| of == source);
            return sub_ids
                .map(|(sub_id, _)| (Some(&**sub_id), None))
                .chain(channels.map(|(channel, _)| (None, Some(&**channel))))
                .collect();
        }
        let sub_id = self.sub_ids.get(place.saturating_sub(self.sources.len()));
        sub_id.map(|(sub_id, _)| (Some(&**sub_id), None)).into_iter().collect()
    }

    fn override_at(&self, place: u16) -> Option<Terms> {
        let place = usize::from(place);
        let of_sources = place.saturating_sub(self.channels.len());
        let of_sub_ids = of_sources.saturating_sub(self.sources.len());
        let terms = if place < self.channels.len() {
            self.channels.get(place).map(|(_, terms)| terms)
        } else if of_sources < self.sources.len() {
            self.sources.get(of_sources).map(|(_, terms)| terms)
        } else {
            self.sub_ids.get(of_sub_ids).map(|(_, terms)| terms)
        };
        terms.copied()
    }
}

fn position<K>(overrides: &[(K, Terms)], order: impl Fn(&K) -> Ordering) -> Option<usize> {
    overrides.binary_search_by(|(known, _)| order(known)).ok()
}

/// One set of terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How the payout follows from the price.
    pub payout: Payout,
    /// The least that the exchange keeps.
    pub min_margin: Amount,
    /// Whether a sale may cost the exchange money; waives `min_margin`.
    pub allow_loss: bool,
}

/// How a payout follows from a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payout {
    /// The exchange keeps a share of the price.
    MarginRate(Rate),
    /// The exchange keeps an amount of each price.
    MarginAmount(Amount),
    /// The seller gets a share of the price.
    Share(Rate),
    /// The seller gets an amount, once for a lead.
    FixedPerLead(Amount),
    /// The seller gets an amount for each sale.
    FixedPerSale(Amount),
    /// Own traffic: nobody is paid.
    None,
}
