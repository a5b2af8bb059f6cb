//! Who is asked for a bid, and why the others are not.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Campaign, ConsentModel, Pricing};
use exchange_counters::CapTable;
use exchange_protocol::{Considered, LeftOut, SaleKind, Verdict};
use exchange_types::{Amount, CampaignIndex, Reason, Submission, UtcMicros, limits};

use crate::Current;

/// Writes the campaigns that are left after the static filters, each with its verdict, into `considered`.
///
/// A linear scan over the vertical's campaigns: the index over many of them is a later step of its own.
pub(crate) fn consider(
    current: &Current,
    lead: &Submission,
    kind: SaleKind,
    now: UtcMicros,
    considered: &mut Vec<Considered>,
) {
    considered.clear();
    let snapshot = &*current.snapshot;
    let Some(vertical) = snapshot.vertical(lead.vertical) else { return };
    let mut pinged = 0_usize;
    for index in &vertical.campaigns {
        let Some(campaign) = snapshot.campaign(*index) else { continue };
        let Ok(price) = static_filters(campaign, lead, now) else { continue };
        let Some(shared) = current.campaigns.get(index.at()) else { continue };
        let named = kind == SaleKind::TwoStep || vertical.consent_model == ConsentModel::General;
        let verdict = if !named && !is_named(snapshot, campaign, lead) {
            Verdict::Out(Reason::NotNamedInConsent)
        } else if shared.health.circuit_is_open(campaign.unknown_max) {
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
        considered.push(Considered { campaign: *index, verdict, rotation_id: shared.rotation_id });
    }
}

/// Returns the campaigns of a vertical that the static filters leave out, each with why, evaluated anew.
pub(crate) fn left_out(snapshot: &Snapshot, lead: &Submission, at: UtcMicros) -> Vec<LeftOut> {
    let Some(vertical) = snapshot.vertical(lead.vertical) else { return Vec::new() };
    let mut left_out = Vec::new();
    for index in &vertical.campaigns {
        let Some(campaign) = snapshot.campaign(*index) else { continue };
        if let Err(reason) = static_filters(campaign, lead, at) {
            let condition = (reason == Reason::Filtered).then(|| match campaign.filter.check(lead) {
                Err(miss) => campaign.filter.describe(miss, vertical).to_string().into(),
                Ok(()) => "price: no rule matches".into(),
            });
            left_out.push(LeftOut { campaign: *index, reason, condition });
        }
    }
    left_out
}

/// Returns the standing price of a campaign that wants the lead, if it has one.
fn static_filters(campaign: &Campaign, lead: &Submission, at: UtcMicros) -> Result<Option<Amount>, Reason> {
    if campaign.paused {
        return Err(Reason::Paused);
    }
    if !campaign.schedule.is_open(at) {
        return Err(Reason::OutsideSchedule);
    }
    if !campaign.filter.matches(lead) {
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
