//! Who is asked for a bid, and why the others are not.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Campaign, ConsentModel, Pricing, Stage, TagRule, Vertical};
use exchange_counters::CapTable;
use exchange_protocol::{Considered, LeftOut, SaleKind, Verdict};
use exchange_types::{Amount, CampaignIndex, Reason, Submission, UtcMicros, limits};

use crate::bars::Bars;
use crate::{Current, Shared, Stops};

/// Writes the campaigns that are left after the static filters, each with its verdict, into `considered`.
///
/// A linear scan over the vertical's campaigns: the index over many of them is a later step of its own.
pub(crate) fn consider(
    (current, stops): (&Current, &Stops),
    (shared, bars): (&Shared, &Bars),
    lead: &Submission,
    kind: SaleKind,
    now: UtcMicros,
    considered: &mut Vec<Considered>,
) {
    considered.clear();
    let snapshot = &*current.snapshot;
    let Some(vertical) = snapshot.vertical(lead.vertical) else { return };
    let stage = if kind == SaleKind::TwoStep { Stage::Ping } else { Stage::Post };
    let supply = Supply::of(snapshot, lead);
    let lead_stopped = stops.stop_lead(snapshot, lead);
    let mut pinged = 0_usize;
    for index in &vertical.campaigns {
        let Some(campaign) = snapshot.campaign(*index) else { continue };
        let Ok(price) = static_filters(&supply, campaign, lead, now) else { continue };
        let Some(known) = current.campaigns.get(index.at()) else { continue };
        let named = kind == SaleKind::TwoStep || vertical.consent_model == ConsentModel::General;
        let verdict = if stops.stop_campaign(snapshot, campaign) {
            Verdict::Out(Reason::Paused)
        } else if lead_stopped {
            Verdict::Out(Reason::SourceBlocked)
        } else if !named && !is_named(snapshot, campaign, lead) {
            Verdict::Out(Reason::NotNamedInConsent)
        } else if !campaign.consent.is_met(lead, stage, now) {
            Verdict::Out(Reason::ProofMissing)
        } else if let Some(reason) = bars.bar(shared, (snapshot, campaign), now) {
            Verdict::Out(reason)
        } else if known.health.circuit_is_open(campaign.unknown_max) {
            Verdict::Out(Reason::CircuitOpen)
        } else if let Some(reason) = without_room(&current.caps, *index, now, price) {
            Verdict::Out(reason)
        } else {
            match (price, &campaign.pricing) {
                (Some(price), _) => Verdict::Standing(price),
                (None, Pricing::Ping { .. }) if pinged >= limits::PINGED_CAMPAIGNS_MAX => {
                    Verdict::Out(Reason::Throttled)
                }
                (None, Pricing::Ping { timeout, .. }) => {
                    pinged = pinged.saturating_add(1);
                    Verdict::Ping { timeout: *timeout }
                }
                (None, Pricing::Standing(_)) => Verdict::Out(Reason::Filtered),
            }
        };
        considered.push(Considered { campaign: *index, verdict, rotation_id: known.rotation_id });
    }
}

/// Returns the campaigns of a vertical that the static filters leave out, each with why, evaluated anew.
pub(crate) fn left_out(snapshot: &Snapshot, lead: &Submission, at: UtcMicros) -> Vec<LeftOut> {
    let Some(vertical) = snapshot.vertical(lead.vertical) else { return Vec::new() };
    let supply = Supply::of(snapshot, lead);
    let mut left_out = Vec::new();
    for index in &vertical.campaigns {
        let Some(campaign) = snapshot.campaign(*index) else { continue };
        if let Err(reason) = static_filters(&supply, campaign, lead, at) {
            let filtered = reason == Reason::Filtered;
            let condition = filtered.then(|| condition(&supply, vertical, campaign, lead));
            left_out.push(LeftOut { campaign: *index, reason, condition });
        }
    }
    left_out
}

/// Returns what a lead does not meet that is filtered out.
fn condition(supply: &Supply<'_>, vertical: &Vertical, campaign: &Campaign, lead: &Submission) -> Box<str> {
    if !supply.is_for(campaign) {
        return "the seller's agreement: the buyer's tags".into();
    }
    match campaign.filter.check(lead) {
        Err(miss) => campaign.filter.describe(miss, vertical).to_string().into(),
        Ok(()) => "price: no rule matches".into(),
    }
}

/// What the supply's side says of a lead, the same for every campaign.
#[derive(Debug)]
struct Supply<'a> {
    snapshot: &'a Snapshot,
    /// Which buyers may get it by the seller's agreement.
    partners: Option<&'a TagRule>,
    /// Whether nothing is taken from where it comes from.
    source_paused: bool,
}

impl<'a> Supply<'a> {
    fn of(snapshot: &'a Snapshot, lead: &Submission) -> Self {
        let agreement = snapshot.seller(lead.seller).and_then(|seller| seller.agreement(lead.vertical));
        let source = snapshot.sources.origin(lead).source;
        let source = source.and_then(|source| snapshot.sources.source(lead.seller, source));
        Self {
            snapshot,
            partners: agreement.map(|agreement| &agreement.partners),
            source_paused: source.is_some_and(|source| source.paused),
        }
    }

    /// Returns whether the seller's agreement lets the buyer of a campaign have the lead.
    fn is_for(&self, campaign: &Campaign) -> bool {
        let tags = self.snapshot.buyer(campaign.buyer).map_or(&[][..], |buyer| &buyer.tags);
        self.partners.is_none_or(|partners| partners.takes(tags))
    }
}

/// Returns the standing price of a campaign that wants the lead, if it has one.
fn static_filters(
    supply: &Supply<'_>,
    campaign: &Campaign,
    lead: &Submission,
    at: UtcMicros,
) -> Result<Option<Amount>, Reason> {
    if campaign.paused {
        return Err(Reason::Paused);
    }
    if supply.source_paused || !campaign.sources.takes(lead) {
        return Err(Reason::SourceBlocked);
    }
    if !campaign.schedule.is_open(at) {
        return Err(Reason::OutsideSchedule);
    }
    if !supply.is_for(campaign) || !campaign.filter.matches(lead) {
        return Err(Reason::Filtered);
    }
    match &campaign.pricing {
        Pricing::Ping { .. } => Ok(None),
        Pricing::Standing(standing) => standing.price(lead).map(Some).ok_or(Reason::Filtered),
    }
}

fn without_room(
    caps: &CapTable,
    campaign: CampaignIndex,
    now: UtcMicros,
    price: Option<Amount>,
) -> Option<Reason> {
    caps.check_room(campaign, now, price.unwrap_or(Amount::from_micros(1))).err()
}

fn is_named(snapshot: &Snapshot, campaign: &Campaign, lead: &Submission) -> bool {
    let name = snapshot.buyer(campaign.buyer).map_or("", |buyer| &*buyer.legal_name);
    lead.named_sellers().any(|given| given == name)
}
