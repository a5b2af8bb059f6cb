//! [`Vertical`]: a kind of lead with its schema and its auction rule.

use exchange_types::{Amount, CampaignIndex, Currency, FieldIndex, Nanos};

use super::MinimumToWin;
use super::quality::{Quality, QualityRule};

/// A vertical.
#[derive(Debug, Clone)]
pub struct Vertical {
    /// The name on the wire.
    pub name: Box<str>,
    /// The currency of every amount in it.
    pub currency: Currency,
    /// The schema, in the order of the catalog.
    pub fields: Box<[Field]>,
    /// Positions in `fields`, ordered by field name.
    pub fields_by_name: Box<[FieldIndex]>,
    /// How a price follows from the bids.
    pub rule: Rule,
    /// What a score is made of.
    pub rank_by: RankBy,
    /// The most companies that may get a lead.
    pub max_buyers: u16,
    /// The least bid.
    pub reserve: Option<Amount>,
    /// The largest bid; a larger one is taken for a mistake.
    pub bid_max: Amount,
    /// Whether an offer that follows a rejection may be raised out of the margin.
    pub cascade_into_margin: bool,
    /// Whether pings name the least bid that passes.
    pub disclose_floor: bool,
    /// How buyers are told with what they would have won, where they are.
    pub minimum_to_win: Option<MinimumToWin>,
    /// What sellers see of buyers.
    pub disclosure: Disclosure,
    /// What the consent has to name.
    pub consent_model: ConsentModel,
    /// From admission to the close of the bids.
    pub bid_window: Nanos,
    /// From admission to the answer.
    pub answer_by: Nanos,
    /// The least time before the answer in which a post may start.
    pub post_min: Nanos,
    /// From the start of a post to giving it up, unless the campaign says otherwise.
    pub post_timeout: Nanos,
    /// How long offers are held.
    pub hold_time: Nanos,
    /// The most offers of a ping.
    pub offers_held: u16,
    /// How long a sold person counts as a duplicate.
    pub duplicate_window: Nanos,
    /// How long an unsold person waits before it may come again.
    pub resubmit_after: Nanos,
    /// What makes leads of one seller look alike, where that matters.
    pub near_duplicate: Option<NearDuplicate>,
    /// The fields that identify the person: phone and e-mail, as far as the schema has them.
    pub identity: Box<[FieldIndex]>,
    /// What fields have to be to each other.
    pub rules: Box<[QualityRule]>,
    /// The campaigns in it, ordered by index.
    pub campaigns: Box<[CampaignIndex]>,
}

/// What makes leads of one seller look alike, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearDuplicate {
    /// Leads with the same values in all of these fields look alike.
    pub fields: Box<[FieldIndex]>,
    /// How long the second one is dropped.
    pub window: Nanos,
}

impl Vertical {
    /// Finds a field by name.
    pub fn field_named(&self, name: &str) -> Option<FieldIndex> {
        let by_name =
            |index: &FieldIndex| self.fields.get(index.at()).map_or("", |field| &field.name).cmp(name);
        let position = self.fields_by_name.binary_search_by(by_name).ok()?;
        self.fields_by_name.get(position).copied()
    }

    /// Returns the field of an index of this vertical.
    pub fn field(&self, index: FieldIndex) -> Option<&Field> {
        self.fields.get(index.at())
    }
}

/// A field of a vertical's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name on the wire.
    pub name: Box<str>,
    /// The type, with its bounds.
    pub kind: FieldKind,
    /// What its value has to be beyond its form.
    pub quality: Quality,
    /// The step at which it has to be given, if any.
    pub required: Option<Stage>,
    /// The earliest step at which it is taken: [`Stage::Post`] keeps it out of pings altogether.
    pub given: Stage,
    /// How a ping shows it.
    pub ping: PingForm,
    /// Whether it names or reaches the person.
    pub personal: bool,
}

impl Field {
    /// Returns the text of an enum's value by its position.
    pub fn choice(&self, position: u16) -> Option<&str> {
        let FieldKind::Enum { values } = &self.kind else { return None };
        values.get(usize::from(position)).map(|value| &**value)
    }
}

/// The steps of a two-step sale. A one-call lead is both at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The ping.
    Ping,
    /// The post.
    Post,
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// A text of at most `bytes_max` bytes.
    Text {
        /// The most bytes.
        bytes_max: u32,
    },
    /// A whole number within bounds.
    Integer {
        /// The least value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// A decimal number within bounds.
    Decimal {
        /// The least value.
        min: Amount,
        /// The largest value.
        max: Amount,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these texts.
    Enum {
        /// The values, in the order of the catalog.
        values: Box<[Box<str>]>,
    },
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A postal code of a country.
    PostalCode {
        /// ISO 3166-1 alpha-2.
        country: [u8; 2],
    },
    /// A telephone number; kept in E.164.
    Phone {
        /// ISO 3166-1 alpha-2, for numbers in national form.
        country: [u8; 2],
    },
    /// An e-mail address; kept trimmed and in lower case.
    Email,
}

/// How a ping shows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PingForm {
    /// Not at all.
    Withheld,
    /// As it is.
    Whole,
    /// The first characters of a text.
    Prefix(u8),
    /// The year of a date.
    Year,
    /// The age in years as a band of this width: `"30-39"`.
    AgeBand(u8),
    /// A number as the band of this width in which it lies: `"10000-19999"`.
    Band(u32),
}

/// How a price follows from the bids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// The winner pays its bid.
    #[default]
    FirstPrice,
    /// The winner pays the least bid with which it would still have won.
    SecondPrice,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RankBy {
    /// What the seller earns; the bid where the agreement pays a fixed amount or nobody.
    #[default]
    Payout,
    /// What the buyer bids.
    Bid,
    /// What the exchange keeps.
    Margin,
    /// Nothing: every score is one.
    Nothing,
}

/// What sellers see of buyers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disclosure {
    /// A pseudonym for each seller.
    #[default]
    Pseudonym,
    /// The legal names.
    Legal,
}

/// What the consent has to name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsentModel {
    /// Nobody in particular.
    #[default]
    General,
    /// The companies that get the lead.
    Named,
}
