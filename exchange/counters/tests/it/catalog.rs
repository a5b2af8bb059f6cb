//! Snapshots of one buyer and its campaigns, with only what counters read.

use std::sync::Arc;

use exchange_catalog::snapshot::{
    Buyer, Campaign, Cap, CapKind, ConsentRule, OnLowerPrice, OnUnknown, Pricing, ReturnReasons, SourceRule,
    Unmatched, WeekStart, WindowKind,
};
use exchange_catalog::{Filter, Schedule, Snapshot, StandingPrice};
use exchange_types::{
    Amount, BuyerIndex, CampaignIndex, EndpointIndex, Nanos, Rate, UtcMicros, VerticalIndex,
};

/// The first campaign.
pub(crate) const FIRST: CampaignIndex = CampaignIndex(0);
/// The second campaign, of the same buyer.
pub(crate) const SECOND: CampaignIndex = CampaignIndex(1);

/// 2026-11-20T00:00:00Z.
pub(crate) const MIDNIGHT: UtcMicros = UtcMicros(1_795_132_800_000_000);

pub(crate) fn hours_later(hours: u64) -> UtcMicros {
    MIDNIGHT.saturating_add(Nanos::from_secs(3_600 * hours))
}

pub(crate) fn cap(kind: CapKind, window: WindowKind, limit: i64) -> Cap {
    Cap { kind, window, limit }
}

/// The windows, from the shortest to the longest.
pub(crate) const WINDOWS: [WindowKind; 5] =
    [WindowKind::Hour, WindowKind::Day, WindowKind::Week, WindowKind::Month, WindowKind::Total];

/// Returns every cap that one owner may have, all with this limit.
pub(crate) fn every_cap(limit: i64) -> Vec<Cap> {
    let kinds = [CapKind::Sent, CapKind::Sold, CapKind::Budget];
    kinds.into_iter().flat_map(|kind| WINDOWS.map(|window| cap(kind, window, limit))).collect()
}

/// Returns a snapshot in which campaigns `c0`, `c1`, ... of one buyer have these caps.
pub(crate) fn snapshot(of_buyer: &[Cap], of_campaigns: &[&[Cap]]) -> Snapshot {
    let campaigns =
        of_campaigns.iter().enumerate().map(|(position, caps)| campaign(position, caps)).collect();
    let buyer = Buyer {
        name: "buyer".into(),
        legal_name: "Buyer".into(),
        zone: jiff::tz::TimeZone::UTC,
        week_start: WeekStart::Monday,
        caps: of_buyer.into(),
        prepaid: false,
        tags: [].into(),
        tier: 1,
        duplicate_window: None,
    };
    Snapshot {
        version: 1,
        verticals: [].into(),
        sellers: [].into(),
        buyers: [buyer].into(),
        campaigns,
        endpoints: [].into(),
        sources: Arc::default(),
        tests: Arc::default(),
    }
}

fn campaign(position: usize, caps: &[Cap]) -> Campaign {
    Campaign {
        name: format!("c{position}").into(),
        buyer: BuyerIndex(0),
        vertical: VerticalIndex(0),
        paused: false,
        filter: Filter::everything(),
        sources: SourceRule::default(),
        consent: ConsentRule::default(),
        schedule: Schedule::always(),
        tier: 1,
        weight: 1,
        penalty: Rate::default(),
        reserve: None,
        pricing: Pricing::Standing(StandingPrice::fixed(Amount::from_micros(1))),
        post: EndpointIndex(0),
        post_timeout: Nanos::from_secs(1),
        sign_pings: false,
        secrets: [].into(),
        caps: caps.into(),
        on_lower_price: OnLowerPrice::Reject,
        unmatched: Unmatched::Unknown,
        unknown_max: 1,
        idempotent: true,
        status: None,
        on_unknown: OnUnknown::Hold,
        unknown_after: Nanos::from_secs(1),
        return_window: Nanos::ZERO,
        return_reasons: ReturnReasons::ALL,
        notices: None,
        returns_restore: false,
        duplicate_window: Nanos::ZERO,
    }
}
