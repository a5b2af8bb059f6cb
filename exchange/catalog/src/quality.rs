//! [`QualityCheck`]: whether a lead that is well formed is one that somebody could buy.
//!
//! What one field has to be is found where its text is read, so that a phone number is parsed once; rules
//! across fields are looked at when all are read. A good lead costs no allocation here. Messages repeat no values.

use core::cmp::Ordering;

use exchange_types::{Date, QualityFault, Submission, Value};

use crate::DisposableDomains;
use crate::field_value::{KeepText, Phone, ValueError, kept, normal_email, parse_phone};
use crate::snapshot::{DayBound, Field, FieldKind, PhoneKind, Quality, QualityRule, RuleTest, Vertical};

/// What a lead is checked with.
#[derive(Debug, Clone, Copy)]
pub struct QualityCheck<'a> {
    /// The present day, in UTC.
    pub today: Date,
    /// Domains of addresses that are thrown away after use.
    pub disposable: &'a DisposableDomains,
}

/// What is wrong with one value: a word that stays, and what would be right.
type Fault = (&'static str, String);

impl QualityCheck<'_> {
    /// Reads a field's value as [`FieldKind::parse_text`] does, and says what is wrong with one that is well
    /// formed.
    ///
    /// # Errors
    ///
    /// Says what would have been right of a text that is not well formed.
    pub fn parse_text(
        &self,
        field: &Field,
        text: &str,
        keep: KeepText<'_>,
    ) -> Result<(Value, Option<QualityFault>), ValueError> {
        let (value, fault) = match (&field.kind, &field.quality) {
            (FieldKind::Phone { country }, Quality::Phone { kinds }) if !text.is_empty() => {
                let Phone { number, kind } = parse_phone(text, *country)?;
                (kept(&number, keep), fault_of_phone(kind, kinds))
            }
            (FieldKind::Email, Quality::Email { refuse_disposable: true }) if !text.is_empty() => {
                let address = normal_email(text)?;
                let fault = self.fault_of_domain(address.as_str().rsplit('@').next().unwrap_or(""));
                (kept(&address, keep), fault)
            }
            (kind, quality) => {
                let value = kind.parse_text(text, keep)?;
                (value, self.fault_of_day(value, quality))
            }
        };
        let named = |(code, message): Fault| QualityFault {
            field: path(field),
            code: code.into(),
            message: message.into(),
        };
        Ok((value, fault.map(named)))
    }

    fn fault_of_domain(&self, domain: &str) -> Option<Fault> {
        let thrown_away = self.disposable.has(domain);
        thrown_away.then(|| ("disposable", "is an address that is thrown away after use".to_owned()))
    }

    fn fault_of_day(&self, value: Value, quality: &Quality) -> Option<Fault> {
        let (Value::Date(day), Quality::Date { min, max, min_age, max_age }) = (value, quality) else {
            return None;
        };
        let bound = |bound: &Option<DayBound>| bound.map(|bound| bound.on(self.today));
        let years = age(day, self.today);
        match (bound(min), bound(max), min_age, max_age) {
            (Some(min), ..) if day < min => Some(("out_of_range", format!("is before {min}"))),
            (_, Some(max), ..) if day > max => Some(("out_of_range", format!("is after {max}"))),
            (_, _, Some(min), _) if years < i64::from(*min) => {
                Some(("too_young", format!("is less than {min} years ago")))
            }
            (_, _, _, Some(max)) if years > i64::from(*max) => {
                Some(("too_old", format!("is more than {max} years ago")))
            }
            _ => None,
        }
    }
}

impl Vertical {
    /// Returns the rules across fields that a whole lead breaks.
    pub fn broken_rules(&self, lead: &Submission) -> Vec<QualityFault> {
        self.broken(lead, |_| true)
    }

    /// Returns the rules across fields that a lead breaks of which more may come. A rule that reads a field that
    /// is not there yet waits for it.
    pub fn broken_rules_so_far(&self, lead: &Submission) -> Vec<QualityFault> {
        self.broken(lead, |rule| rule.reads.iter().all(|field| lead.value(*field).is_some()))
    }

    fn broken(&self, lead: &Submission, looked_at: impl Fn(&QualityRule) -> bool) -> Vec<QualityFault> {
        let broken = |rule: &&QualityRule| looked_at(rule) && rule.when.matches(lead) && !keeps(rule, lead);
        self.rules
            .iter()
            .filter(broken)
            .map(|rule| QualityFault {
                field: self.field(rule.field).map(path).unwrap_or_default(),
                code: rule.code.clone(),
                message: rule.message.clone(),
            })
            .collect()
    }
}

fn fault_of_phone(kind: Option<PhoneKind>, kinds: &[PhoneKind]) -> Option<Fault> {
    match kind {
        None => Some(("impossible", "is a number that no country has".to_owned())),
        Some(kind) if !kind.is_one_of(kinds) => {
            Some(("wrong_kind", "is a number of a kind that is not taken here".to_owned()))
        }
        Some(_) => None,
    }
}

fn keeps(rule: &QualityRule, lead: &Submission) -> bool {
    match &rule.test {
        RuleTest::Refuse(filter) => !filter.matches(lead),
        RuleTest::Require(filter) => filter.matches(lead),
        RuleTest::Ascending(fields) => {
            let values = fields.iter().filter_map(|field| lead.value(*field));
            values.is_sorted_by(|earlier, later| {
                let order = match (earlier, later) {
                    (Value::Date(earlier), Value::Date(later)) => earlier.cmp(later),
                    (Value::Integer(earlier), Value::Integer(later)) => earlier.cmp(later),
                    (Value::Decimal(earlier), Value::Decimal(later)) => earlier.cmp(later),
                    // The compiler takes fields of one ordered type only.
                    _ => Ordering::Equal,
                };
                order.is_le()
            })
        }
    }
}

fn path(field: &Field) -> Box<str> {
    format!("fields.{}", field.name).into()
}

/// Returns the whole years from one day to another; of a day after it less than none.
fn age(birth: Date, today: Date) -> i64 {
    let (year, month, day) = birth.civil();
    let (this_year, this_month, this_day) = today.civil();
    let before_birthday = (this_month, this_day) < (month, day);
    this_year - year - i64::from(before_birthday)
}

#[cfg(test)]
mod tests;
