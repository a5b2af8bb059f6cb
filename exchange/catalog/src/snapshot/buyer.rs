//! [`Buyer`]: a company that buys.

use exchange_types::Nanos;
use jiff::tz::TimeZone;

use super::Cap;

/// A buyer.
#[derive(Debug, Clone)]
pub struct Buyer {
    /// The name by which keys and records know it.
    pub name: Box<str>,
    /// The company's name as a person must see it.
    pub legal_name: Box<str>,
    /// The zone of its schedules and windows.
    pub zone: TimeZone,
    /// The first day of its weeks.
    pub week_start: WeekStart,
    /// Caps and budgets over all its campaigns.
    pub caps: Box<[Cap]>,
    /// Whether it pays ahead: it buys for what it has deposited and no more.
    pub prepaid: bool,
    /// What agreements may know it by, ordered.
    pub tags: Box<[Box<str>]>,
    /// The tier of its campaigns that say nothing else.
    pub tier: u8,
    /// For how long its campaigns are not offered a person again whom it had, where they say nothing else.
    pub duplicate_window: Option<Nanos>,
}

/// The first day of a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeekStart {
    /// As in ISO 8601.
    #[default]
    Monday,
    /// As in the United States.
    Sunday,
}
