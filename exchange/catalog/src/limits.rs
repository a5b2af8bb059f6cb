//! Limits of a catalog, each with its reason. Those that hold beyond it stand in
//! [`exchange_types::limits`].

use exchange_types::Nanos;

/// Bytes of one file. A campaign takes about a kilobyte, so this is ten times the most campaigns.
pub const FILE_BYTES_MAX: usize = 256 * 1_024 * 1_024;
/// Files of one catalog: one for each partner of a large exchange.
pub const FILES_MAX: usize = 10_000;
/// Bytes of a name: it stands in URLs, records and metrics.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of a company's legal name.
pub const LEGAL_NAME_BYTES_MAX: usize = 200;
/// Verticals. Each has its own campaigns; the largest systems have some hundred.
pub const VERTICALS_MAX: usize = 1_000;
/// Sellers; counters for them stand in memory.
pub const SELLERS_MAX: usize = 20_000;
/// Buyers.
pub const BUYERS_MAX: usize = 20_000;
/// Campaigns; counters for each window stand in memory, and filters are evaluated one by one.
pub const CAMPAIGNS_MAX: usize = 20_000;
/// Mistakes that are reported; nobody reads more.
pub const DIAGNOSTICS_MAX: usize = 1_000;
/// For how long somebody may count as a duplicate: fingerprints stand in memory and in the store for as long as this.
pub const DUPLICATE_WINDOW_MAX: Nanos = Nanos::from_secs(400 * 86_400);
/// Fields that make leads look alike; each is read for every lead.
pub const NEAR_DUPLICATE_FIELDS_MAX: usize = 8;
/// Rules across the fields of one vertical; each is looked at for every lead.
pub const QUALITY_RULES_MAX: usize = 64;
/// Bytes of a rule's message to sellers: two lines.
pub const RULE_MESSAGE_BYTES_MAX: usize = 200;
/// Years of an age bound; the oldest person on record was 122.
pub const AGE_YEARS_MAX: i64 = 150;
/// Days between a bound of a date and the present day: a century each way.
pub const DAYS_FROM_TODAY_MAX: i32 = 36_525;
/// Values of an enum field: countries, states, makes of cars.
pub const ENUM_VALUES_MAX: usize = 4_096;
/// Texts in one condition of a filter: every postal code of a large country.
pub const FILTER_VALUES_MAX: usize = 100_000;
/// Kilometres of a radius: what somebody may drive in a day.
pub const RADIUS_KM_MAX: i64 = 500;
/// Conditions of one filter.
pub const FILTER_CONDITIONS_MAX: usize = 4_096;
/// Openings of one schedule: six a day.
pub const SCHEDULE_OPENINGS_MAX: usize = 42;
/// Rules of one standing price.
pub const PRICE_RULES_MAX: usize = 256;
/// Signing secrets of one campaign: two during a rotation, and one to spare.
pub const SECRETS_MAX: usize = 3;
/// Overrides of one agreement.
pub const OVERRIDES_MAX: usize = 10_000;
/// Sources of one seller: its publishers and channels that somebody treats apart.
pub const SOURCES_MAX: usize = 10_000;
/// Sub-ids of one source.
pub const SOURCE_SUB_IDS_MAX: usize = 10_000;
/// Sources in one set of a campaign: a block list that grew over years.
pub const SOURCE_SET_MAX: usize = 10_000;
/// Bytes of `source.channel`, as the wire takes it.
pub const CHANNEL_BYTES_MAX: usize = 64;
/// Tags of one buyer.
pub const TAGS_MAX: usize = 64;
/// The oldest consent that a rule may let pass.
pub const CONSENT_AGE_MAX: Nanos = Nanos::from_secs(366 * 86_400);
/// Notices in one message: about 300 KiB.
pub const NOTICES_BATCH_MAX: i64 = 1_000;
/// The latest that a buyer is told what an auction was worth.
pub const MINIMUM_TO_WIN_DELAY_MAX: Nanos = Nanos::from_secs(7 * 86_400);
/// Bytes of a URL.
pub const URL_BYTES_MAX: usize = 2_048;
/// Tiers of campaigns.
pub const TIER_MAX: i64 = 16;
/// Weights of campaigns among equals.
pub const WEIGHT_MAX: i64 = 10_000;
/// Open unknown posts of one campaign; each needs a person or a repeat.
pub const UNKNOWN_MAX_MAX: i64 = 1_000;
/// The shortest wait for what became of an unknown post: below a second no resolver has asked.
pub const UNKNOWN_AFTER_MIN: Nanos = Nanos::from_secs(1);
/// The longest: money is not held for more than a month.
pub const UNKNOWN_AFTER_MAX: Nanos = Nanos::from_secs(30 * 86_400);
/// The longest return window: sellers are paid for what has settled, monthly at the latest.
pub const RETURN_WINDOW_MAX: Nanos = Nanos::from_secs(30 * 86_400);
/// Offers of one ping: as many companies as may share, and one more.
pub const OFFERS_HELD_MAX: i64 = 257;
/// Leads of one day: more than the largest exchanges have.
pub const QUOTA_DAY_MAX: i64 = 1_000_000_000;
/// Unposted pings that one post makes up for.
pub const UNPOSTED_PER_POST_MAX: i64 = 1_000;
/// Open holds of one seller.
pub const HOLDS_MAX_MAX: i64 = 1_000_000;
/// Requests at a time to one endpoint from one shard.
pub const CONCURRENCY_MAX_MAX: i64 = 4_096;
/// Requests that wait for a place at one endpoint.
pub const QUEUE_MAX_MAX: i64 = 16_384;
/// Leads in a cap.
pub const CAP_MAX: i64 = 1_000_000_000;
/// Characters by which a personal field may be shown in a ping: the first letter of a name, the region of
/// a postal code.
pub const PERSONAL_PREFIX_MAX: u8 = 3;
