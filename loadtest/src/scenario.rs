//! [`Scenario`]: which leads are sent, how, and what is expected of the answers.

mod field_rule;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use exchange_types::{Currency, Rate};
use serde::Deserialize;

pub(crate) use field_rule::Circumstances;
pub use field_rule::{DecimalRange, FieldRule, Percentage};

use crate::DurationText;

/// Rules by field name.
pub type FieldRules = BTreeMap<String, FieldRule>;

/// A scenario file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the report is headed with.
    pub name: String,
    /// One call or two steps; one call by default.
    #[serde(default)]
    pub mode: Mode,
    /// How a submission is told from another; by `Idempotency-Key` by default.
    #[serde(default)]
    pub keys: Keys,
    /// Share of the leads that come a second time, as new submissions; none by default.
    #[serde(default)]
    pub duplicates: Percentage,
    /// Share of the pings with offers that are posted; all by default. Of the others every second is
    /// given back by `DELETE`, the rest is left to expire.
    #[serde(default = "all")]
    pub posted: Percentage,
    /// By how much an answer may pass its instant before that is a violation; 50 ms by default, as the
    /// contract says.
    #[serde(default = "fifty_ms")]
    pub answer_slack: DurationText,
    /// The field whose value stands for the person in the log of a persistent run, such as the phone; none by
    /// default.
    #[serde(default)]
    pub person_field: Option<String>,
    /// What the whole run has to reach.
    #[serde(default)]
    pub expect: Thresholds,
    /// The kinds of leads.
    #[serde(rename = "lead")]
    pub leads: Vec<LeadKind>,
}

/// One call, two steps, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Mode {
    /// `POST /v1/leads`.
    #[default]
    Lead,
    /// `POST /v1/pings`, then a post.
    PingPost,
    /// Two of four leads in one call, the others in two steps.
    Mixed,
}

impl Mode {
    /// Returns whether the lead of this number comes in two steps.
    pub fn is_two_step(self, number: u64) -> bool {
        match self {
            Self::Lead => false,
            Self::PingPost => true,
            // In pairs: whether a number is odd decides other things.
            Self::Mixed => number % 4 >= 2,
        }
    }
}

/// How a submission is told from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keys {
    /// By the header `Idempotency-Key`.
    #[default]
    Header,
    /// By `seller_ref` in the body.
    SellerRef,
    /// Not at all.
    None,
}

/// What the whole run has to reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// The least share of leads or posts that are sold.
    #[serde(default)]
    pub sold_min: Option<Percentage>,
    /// The largest share of calls that are shed (503, and 429 for the load); none by default.
    #[serde(default)]
    pub shed_max: Percentage,
    /// The largest median latency, from the intended start.
    #[serde(default)]
    pub p50_max: Option<DurationText>,
    /// The largest latency at the 99th percentile, from the intended start.
    #[serde(default)]
    pub p99_max: Option<DurationText>,
}

/// One kind of leads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadKind {
    /// The vertical.
    pub vertical: String,
    /// How often, beside the other kinds; one by default.
    #[serde(default = "one")]
    pub weight: u32,
    /// The currency of every answer.
    #[serde(deserialize_with = "currency")]
    pub currency: Currency,
    /// Within what time a lead or post has to be answered: the vertical's `answer_by`.
    pub answer_by: DurationText,
    /// Within what time a ping has to be answered: the vertical's bid window.
    pub bids_close: DurationText,
    /// Fields that are known at the ping.
    pub fields: FieldRules,
    /// Fields that come with the post. A one-call lead has both.
    #[serde(default)]
    pub post_fields: FieldRules,
    /// The consent; in two steps it comes with both.
    #[serde(default)]
    pub consent: FieldRules,
    /// The source.
    #[serde(default)]
    pub source: FieldRules,
    /// Other keys of the envelope: `floor`, `max_buyers`, `sub_ids`, `wait_ms`, `prior_sales`.
    #[serde(default)]
    pub envelope: FieldRules,
}

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("read the scenario {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The file is no scenario. The text names line and column.
    #[error("{}: {error}", file.display())]
    Parse {
        /// The file.
        file: PathBuf,
        /// What is wrong, where, and what would be right.
        error: toml::de::Error,
    },
    /// There is nothing to send.
    #[error("{}: no lead can be drawn; a scenario has at least one [[lead]] with a weight above zero", file.display())]
    NoLeads {
        /// The file.
        file: PathBuf,
    },
}

impl Scenario {
    /// Reads a scenario from a file.
    ///
    /// # Errors
    ///
    /// Names the file, the line and column, what is wrong, and what would be right.
    pub fn read(file: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ScenarioError::Read { file: file.to_owned(), source })?;
        Self::parse(file, &text)
    }

    /// Reads a scenario from a text; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// As [`Scenario::read`].
    pub fn parse(file: &Path, text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self =
            toml::from_str(text).map_err(|error| ScenarioError::Parse { file: file.to_owned(), error })?;
        if scenario.leads.iter().all(|kind| kind.weight == 0) {
            return Err(ScenarioError::NoLeads { file: file.to_owned() });
        }
        Ok(scenario)
    }
}

fn all() -> Percentage {
    Percentage(Rate::ONE)
}

fn one() -> u32 {
    1
}

fn fifty_ms() -> DurationText {
    DurationText(Duration::from_millis(50))
}

fn currency<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
    let code = String::deserialize(deserializer)?;
    let error = || serde::de::Error::custom(format!("`{code}` is no currency code such as EUR"));
    Currency::parse(&code).ok_or_else(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "small"
        [[lead]]
        vertical = "solar"
        currency = "EUR"
        answer_by = "2s"
        bids_close = "300ms"
        fields.zip = { pattern = "8####" }
    "#;

    fn check_refused(from: &str, to: &str, line: &str, reason: &str) {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD);
        let error = Scenario::parse(Path::new("s.toml"), &text).expect_err("refused").to_string();
        assert!(error.starts_with("s.toml: "), "{error}");
        assert!(error.contains(line) && error.contains(reason), "{error}");
    }

    #[test]
    fn mistakes_are_named_with_file_line_and_remedy() {
        check_refused("name =", "title =", "line 2", "unknown field `title`, expected");
        check_refused("\"EUR\"", "\"EURO\"", "line 5", "no currency code such as EUR");
        check_refused("\"2s\"", "\"2\"", "line 6", "no length of time such as");
        check_refused("pattern", "patern", "line 8", "unknown field `patern`");
        check_refused("{ pattern = \"8####\" }", "{}", "line 8", "exactly one of");
        check_refused("currency", "weight = 0\ncurrency", "", "weight above zero");
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let scenario = Scenario::parse(Path::new("s.toml"), GOOD).expect("a scenario");
        assert_eq!((scenario.mode, scenario.keys), (Mode::Lead, Keys::Header));
        assert_eq!(scenario.answer_slack.0.as_millis(), 50);
        assert_eq!(scenario.expect.shed_max.0, Rate::ZERO);
    }
}
