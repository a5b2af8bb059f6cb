//! [`FieldRule`]: how the value of one field is made.

use std::fmt::Write as _;

use exchange_types::{Amount, Currency, Nanos, Rate, UtcMicros};
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::Deserialize;
use serde_json::Value;

use crate::DurationText;

/// How the value of one field is made, and how often it is there at all.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "FieldRuleToml")]
pub struct FieldRule {
    source: Source,
    present: Rate,
}

/// A percentage, `80%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Percentage(pub Rate);

/// Amounts from a least to a largest, a step apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DecimalRangeToml")]
pub struct DecimalRange {
    min: Amount,
    step: Amount,
    steps: i64,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Constant(Value),
    Choice(Vec<Value>),
    Weighted { values: Vec<(String, u32)>, total: u32 },
    Integer { min: i64, max: i64 },
    Decimal(DecimalRange),
    Boolean(Rate),
    Date { first_year: i64, last_year: i64 },
    Pattern(String),
    Ago(Nanos),
}

/// A rule as the file has it: exactly one source, and `present`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldRuleToml {
    /// Always this value.
    constant: Option<Value>,
    /// One of these values, each as likely.
    choice: Option<Vec<Value>>,
    /// One of these texts, by weight.
    weighted: Option<std::collections::BTreeMap<String, u32>>,
    /// A whole number between two bounds.
    integer: Option<[i64; 2]>,
    /// A decimal number, written as a text.
    decimal: Option<DecimalRange>,
    /// How often `true`.
    boolean: Option<Percentage>,
    /// A day within two years: `[1950, 2005]`.
    date_in_years: Option<[i64; 2]>,
    /// A text: `#` stands for a digit, `{n}` for the person's number, `{n6}` for its last six digits.
    pattern: Option<String>,
    /// The time so long before the submission is made, RFC 3339.
    ago: Option<DurationText>,
    /// How often the field is there; always by default.
    present: Option<Percentage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecimalRangeToml {
    min: String,
    max: String,
    step: String,
}

/// What a value is made from, besides chance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    /// The person's number; the same for a duplicate.
    pub(crate) person: u64,
    /// The time.
    pub(crate) now: UtcMicros,
}

impl FieldRule {
    /// Makes a value; nothing where the field is left out.
    ///
    /// Draws the same number of times whether or not the field is left out, so that a changed `present`
    /// changes no other field.
    pub(crate) fn make(&self, chance: &mut StdRng, circumstances: Circumstances) -> Option<Value> {
        let present = chance.random_range(0..Rate::PARTS) < self.present.parts();
        let value = self.source.make(chance, circumstances);
        present.then_some(value)
    }
}

impl Source {
    fn make(&self, chance: &mut StdRng, circumstances: Circumstances) -> Value {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Choice(values) => {
                values.get(chance.random_range(0..values.len())).cloned().unwrap_or(Value::Null)
            }
            Self::Weighted { values, total } => {
                let mut left = chance.random_range(0..*total);
                for (value, weight) in values {
                    match left.checked_sub(*weight) {
                        Some(rest) => left = rest,
                        None => return Value::from(value.as_str()),
                    }
                }
                Value::Null
            }
            Self::Integer { min, max } => Value::from(chance.random_range(*min..=*max)),
            Self::Decimal(range) => {
                let micros = range.min.micros() + range.step.micros() * chance.random_range(0..=range.steps);
                let euro = Currency::parse("EUR");
                Value::from(euro.map(|euro| Amount::from_micros(micros).display(euro).to_string()))
            }
            Self::Boolean(rate) => Value::from(chance.random_range(0..Rate::PARTS) < rate.parts()),
            Self::Date { first_year, last_year } => {
                let year = chance.random_range(*first_year..=*last_year);
                // The 29th is left out: it is not in every month.
                let (month, day) = (chance.random_range(1..=12), chance.random_range(1..=28));
                Value::from(format!("{year:04}-{month:02}-{day:02}"))
            }
            Self::Pattern(pattern) => Value::from(fill(pattern, chance, circumstances.person)),
            Self::Ago(ago) => {
                let micros = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
                Value::from(UtcMicros(circumstances.now.0.saturating_sub(micros)).to_string())
            }
        }
    }
}

fn fill(pattern: &str, chance: &mut StdRng, person: u64) -> String {
    let mut text = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(position) = rest.find(['#', '{']) {
        let (before, from_mark) = rest.split_at(position);
        text.push_str(before);
        if let Some((width, after)) = number_mark(from_mark) {
            let shown = if width == 0 { person } else { person % 10_u64.pow(width) };
            let width = usize::try_from(width).unwrap_or_default();
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{shown:0width$}");
            rest = after;
        } else if let Some(after) = from_mark.strip_prefix('#') {
            text.push(char::from(b'0' + chance.random_range(0..10_u8)));
            rest = after;
        } else {
            text.push('{');
            rest = from_mark.strip_prefix('{').unwrap_or_default();
        }
    }
    text.push_str(rest);
    text
}

/// Reads `{n}` or `{n6}` at the beginning; returns the width (zero for none) and what follows.
fn number_mark(text: &str) -> Option<(u32, &str)> {
    /// The digits of a `u64`.
    const WIDTH_MAX: u32 = 19;
    let (width, after) = text.strip_prefix("{n")?.split_once('}')?;
    let width = if width.is_empty() { 0 } else { width.parse().ok()? };
    (width <= WIDTH_MAX).then_some((width, after))
}

impl TryFrom<String> for Percentage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Rate::parse(&text).map(Self).map_err(|error| format!("`{text}`: {error}"))
    }
}

impl TryFrom<DecimalRangeToml> for DecimalRange {
    type Error = String;

    fn try_from(toml: DecimalRangeToml) -> Result<Self, Self::Error> {
        let parse = |text: &str| Amount::parse(text, 4).map_err(|error| format!("`{text}`: {error}"));
        let (min, max, step) = (parse(&toml.min)?, parse(&toml.max)?, parse(&toml.step)?);
        if !step.is_positive() {
            return Err("the step must be more than zero".to_owned());
        }
        let width = max.checked_sub(min).map_or(-1, Amount::micros);
        if width < 0 {
            return Err("`min` must be at most `max`".to_owned());
        }
        Ok(Self { min, step, steps: width / step.micros() })
    }
}

impl TryFrom<FieldRuleToml> for FieldRule {
    type Error = &'static str;

    fn try_from(toml: FieldRuleToml) -> Result<Self, Self::Error> {
        let FieldRuleToml {
            constant,
            choice,
            weighted,
            integer,
            decimal,
            boolean,
            date_in_years,
            pattern,
            ago,
            present,
        } = toml;
        if choice.as_ref().is_some_and(Vec::is_empty) {
            return Err("`choice` must have at least one value");
        }
        let rising = |bounds: &Option<[i64; 2]>| bounds.is_none_or(|[first, last]| first <= last);
        if !rising(&integer) || !rising(&date_in_years) {
            return Err("the first bound must be at most the second");
        }
        let weighted = weighted.map(weighted_source).transpose()?;
        let sources = [
            constant.map(Source::Constant),
            choice.map(Source::Choice),
            weighted,
            integer.map(|[min, max]| Source::Integer { min, max }),
            decimal.map(Source::Decimal),
            boolean.map(|rate| Source::Boolean(rate.0)),
            date_in_years.map(|[first_year, last_year]| Source::Date { first_year, last_year }),
            pattern.map(Source::Pattern),
            ago.map(|ago| Source::Ago(Nanos::from(ago.0))),
        ];
        let mut given = sources.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(source), None) => Ok(Self { source, present: present.map_or(Rate::ONE, |rate| rate.0) }),
            _ => Err("a field needs exactly one of constant, choice, weighted, integer, decimal, boolean, \
                      date_in_years, pattern, ago"),
        }
    }
}

fn weighted_source(weights: std::collections::BTreeMap<String, u32>) -> Result<Source, &'static str> {
    let total = weights.values().try_fold(0_u32, |sum, &weight| sum.checked_add(weight));
    match total {
        Some(total) if total > 0 => Ok(Source::Weighted { values: weights.into_iter().collect(), total }),
        _ => Err("the weights must add up to more than zero and fit 32 bits"),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[derive(Deserialize)]
    struct Document {
        rule: FieldRule,
    }

    fn parse(text: &str) -> Result<FieldRule, String> {
        toml::from_str(&format!("rule = {text}"))
            .map(|document: Document| document.rule)
            .map_err(|error| error.to_string())
    }

    /// Makes values of many persons and hands each to `holds`, as JSON.
    fn check(text: &str, holds: impl Fn(&str) -> bool) {
        let rule = parse(text).expect("a rule");
        let mut chance = StdRng::seed_from_u64(5);
        for person in 0..200 {
            let circumstances = Circumstances { person, now: UtcMicros(1_764_000_000_000_000) };
            let value =
                rule.make(&mut chance, circumstances).map_or("absent".to_owned(), |value| value.to_string());
            assert!(holds(&value), "{text} made {value}");
        }
    }

    #[test]
    fn values_follow_their_rule() {
        check("{ constant = [\"a\", 1] }", |value| value == r#"["a",1]"#);
        check("{ choice = [\"a\", 2] }", |value| [r#""a""#, "2"].contains(&value));
        check("{ weighted = { never = 0, ever = 3 } }", |value| value == r#""ever""#);
        check("{ integer = [-1, 1] }", |value| ["-1", "0", "1"].contains(&value));
        check("{ boolean = \"100%\" }", |value| value == "true");
        check("{ date_in_years = [1999, 1999] }", |value| value.starts_with("\"1999-") && value.len() == 12);
        check("{ ago = \"30s\" }", |value| value.starts_with("\"2025-11-24T15:59:30"));
        check("{ pattern = \"8#-{n3}{x\" }", |value| {
            value.starts_with("\"8") && value.contains('-') && value.ends_with("{x\"") && value.len() == 10
        });
        let halves = ["\"1.00\"", "\"1.50\"", "\"2.00\""];
        check(r#"{ decimal = { min = "1", max = "2.20", step = "0.50" } }"#, |value| halves.contains(&value));
        check("{ constant = 1, present = \"0%\" }", |value| value == "absent");
    }

    #[test]
    fn a_number_mark_is_unique_to_the_person() {
        let mut chance = StdRng::seed_from_u64(5);
        assert_eq!(fill("+49151{n8}", &mut chance, 42), "+4915100000042");
        assert_eq!(fill("{n2}/{n}", &mut chance, 1_234), "34/1234");
    }

    #[test]
    fn impossible_rules_are_refused() {
        for (text, reason) in [
            ("{ choice = [] }", "at least one"),
            ("{ integer = [2, 1] }", "at most the second"),
            ("{ weighted = { a = 0 } }", "more than zero"),
            ("{ constant = 1, pattern = \"#\" }", "exactly one of"),
            ("{ present = \"50%\" }", "exactly one of"),
            (r#"{ decimal = { min = "2", max = "1", step = "1" } }"#, "at most `max`"),
        ] {
            let error = parse(text).expect_err("refused");
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
