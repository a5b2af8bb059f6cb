//! [`ClosingView`]: how an auction ended, or a post of one that had.

use std::sync::Arc;

use exchange_protocol::{CandidateIndex, CatalogNames, Story};
use exchange_types::UtcMicros;

use super::SaleView;

/// How an auction ended, or a post of one that had.
#[derive(Clone, Debug)]
pub struct ClosingView {
    /// The number of its record in the journal.
    pub sequence: u64,
    /// When it ended.
    pub at: UtcMicros,
    /// The whole account as the auction closed.
    pub story: Story,
    /// What the account's indices stand for.
    pub names: Arc<CatalogNames>,
    /// The post that was resolved, where it is about one.
    pub resolved: Option<(CandidateIndex, SaleView)>,
}
