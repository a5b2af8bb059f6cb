//! [`Quality`] and [`QualityRule`]: what a lead has to be beyond the form of its fields.

use exchange_types::{Date, FieldIndex};

use crate::Filter;

/// What a field's value has to be beyond its form. A lead with a value that is not is `invalid`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Quality {
    /// Nothing more.
    #[default]
    Any,
    /// A day within bounds.
    Date {
        /// The first day.
        min: Option<DayBound>,
        /// The last day.
        max: Option<DayBound>,
        /// The least age in whole years of somebody born that day.
        min_age: Option<u16>,
        /// The greatest age.
        max_age: Option<u16>,
    },
    /// A number that some country has.
    Phone {
        /// Of these kinds; none stands for every kind.
        kinds: Box<[PhoneKind]>,
    },
    /// An address.
    Email {
        /// Whether it must not be one that is thrown away after use.
        refuse_disposable: bool,
    },
}

/// A bound of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayBound {
    /// This day.
    Day(Date),
    /// So many days after the present one, in UTC; before it where negative.
    FromToday(i32),
}

impl DayBound {
    /// Returns the day, given the present one.
    pub const fn on(self, today: Date) -> Date {
        match self {
            Self::Day(day) => day,
            Self::FromToday(days) => Date::from_days(today.days().saturating_add(days)),
        }
    }
}

/// What a telephone number is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PhoneKind {
    Mobile,
    FixedLine,
    /// Where numbers do not tell, as in North America; it passes for either.
    FixedLineOrMobile,
    Voip,
    TollFree,
    PremiumRate,
    SharedCost,
    Personal,
    Pager,
    /// A company's number for all its places.
    Company,
    Voicemail,
}

impl PhoneKind {
    /// Every kind that a catalog may name, with its name there.
    pub const NAMED: [(&str, Self); 10] = [
        ("mobile", Self::Mobile),
        ("fixed_line", Self::FixedLine),
        ("voip", Self::Voip),
        ("toll_free", Self::TollFree),
        ("premium_rate", Self::PremiumRate),
        ("shared_cost", Self::SharedCost),
        ("personal", Self::Personal),
        ("pager", Self::Pager),
        ("company", Self::Company),
        ("voicemail", Self::Voicemail),
    ];

    /// Returns whether a number of this kind passes where only some kinds are taken.
    pub fn is_one_of(self, kinds: &[Self]) -> bool {
        let passes = |kind: &Self| {
            *kind == self || self == Self::FixedLineOrMobile && matches!(kind, Self::Mobile | Self::FixedLine)
        };
        kinds.is_empty() || kinds.iter().any(passes)
    }
}

/// What fields have to be to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityRule {
    /// For which leads the rule holds.
    pub when: Filter,
    /// What it says of them.
    pub test: RuleTest,
    /// The field that is named to the seller where the rule is broken.
    pub field: FieldIndex,
    /// The code of it.
    pub code: Box<str>,
    /// What would be right.
    pub message: Box<str>,
    /// The fields that the rule reads, each once.
    pub reads: Box<[FieldIndex]>,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleTest {
    /// No such lead is taken.
    Refuse(Filter),
    /// Only such leads are taken.
    Require(Filter),
    /// The values of these fields, as far as they are given, do not go down.
    Ascending(Box<[FieldIndex]>),
}
