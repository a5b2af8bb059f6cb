//! [`Alert`]: what an operator has to know at once.

use std::collections::VecDeque;

use crate::UnknownKey;

/// Alerts that wait to be taken; whoever takes none for so long reads the list of open posts instead.
const ALERTS_MAX: usize = 256;

/// What an operator has to know at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// A campaign has a post whose outcome nobody knows, and had none before.
    FirstUnknown {
        /// The post.
        key: UnknownKey,
        /// The campaign's name.
        campaign: Box<str>,
    },
    /// Nothing was found out about a post in its campaign's time: a person has to decide.
    HandedOver {
        /// The post.
        key: UnknownKey,
        /// The campaign's name.
        campaign: Box<str>,
    },
}

/// Alerts in the order in which they came about.
#[derive(Debug, Default)]
pub(crate) struct Alerts(VecDeque<Alert>);

impl Alerts {
    /// Notes an alert. The oldest leaves where there are too many.
    pub(crate) fn push(&mut self, alert: Alert) {
        if self.0.len() >= ALERTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(alert);
    }

    pub(crate) fn pop(&mut self) -> Option<Alert> {
        self.0.pop_front()
    }
}
