//! [`StandingPrice`]: a price that needs no ping.

use exchange_types::{Amount, Submission};

use crate::Filter;

/// A price, fixed or by rules on fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingPrice {
    /// The first rule that takes the lead names the price.
    rules: Box<[(Filter, Amount)]>,
    /// The price where no rule does.
    otherwise: Option<Amount>,
}

impl StandingPrice {
    /// Returns a price for every lead.
    pub fn fixed(price: Amount) -> Self {
        Self { rules: [].into(), otherwise: Some(price) }
    }

    /// Returns a price by rules, the first that takes the lead, and what holds otherwise.
    pub fn by_rules(rules: Vec<(Filter, Amount)>, otherwise: Option<Amount>) -> Self {
        Self { rules: rules.into(), otherwise }
    }

    /// Returns the price for a lead; nothing where no rule matches.
    pub fn price(&self, lead: &Submission) -> Option<Amount> {
        let rule = self.rules.iter().find(|(filter, _)| filter.matches(lead));
        rule.map(|&(_, price)| price).or(self.otherwise)
    }
}
