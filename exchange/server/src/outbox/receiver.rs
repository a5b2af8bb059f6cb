//! [`Receiver`]: somebody who is sent messages of one kind.

use exchange_catalog::Snapshot;

/// A kind of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// Events to a seller, as they happen.
    Webhook,
    /// Events to a seller's tracker.
    Postback,
    /// Notices to a campaign's buyer, of what became of its bids.
    Notices,
}

/// Somebody who is sent messages of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Receiver {
    pub(super) channel: Channel,
    /// The seller's or campaign's name in the catalog.
    pub(super) owner: Box<str>,
}

impl Channel {
    /// Every channel, in the order of their numbers.
    pub(crate) const ALL: [Self; 3] = [Self::Webhook, Self::Postback, Self::Notices];

    /// Returns the name in metrics and in the store.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Postback => "postback",
            Self::Notices => "notices",
        }
    }
}

impl Receiver {
    /// Returns every receiver of a catalog.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        let of_sellers = snapshot.sellers.iter().flat_map(|seller| {
            let webhook = seller.webhook.as_ref().map(|_| Channel::Webhook);
            let postback = seller.postback.as_ref().map(|_| Channel::Postback);
            let own = webhook.into_iter().chain(postback);
            own.map(|channel| Self { channel, owner: seller.name.clone() })
        });
        let of_campaigns = snapshot.campaigns.iter().filter(|campaign| campaign.notices.is_some());
        let of_campaigns =
            of_campaigns.map(|campaign| Self { channel: Channel::Notices, owner: campaign.name.clone() });
        of_sellers.chain(of_campaigns).collect()
    }

    /// Returns the name under which the store knows how far it has been told.
    pub(super) fn name(&self) -> Box<str> {
        format!("{} {}", self.channel.name(), self.owner).into()
    }
}
