//! [`SuppressionView`]: somebody who is not to be sold.

use exchange_protocol::SuppressionList;
use exchange_types::UtcMicros;

/// An entry of a suppression list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionView {
    /// Which list.
    pub list: SuppressionList,
    /// The keyed digest of the phone or e-mail address.
    pub digest: u128,
    /// Who put it there.
    pub by: Box<str>,
    /// When.
    pub at: UtcMicros,
}
