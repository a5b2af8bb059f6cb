//! What a vertical or a campaign asks for as proof of consent.

use exchange_types::Nanos;

use super::vertical::set;
use crate::document::{Range, Table};
use crate::limits;
use crate::snapshot::{ConsentRule, Proof};

/// Reads `require_proofs = ["trustedform"]` and `consent_max_age = "15m"`.
pub(super) fn read(table: &Table<'_>) -> ConsentRule {
    let mut rule = ConsentRule::default();
    if let Some(node) = table.get("require_proofs") {
        let words = Proof::ALL.map(|(proof, name)| (name, proof));
        let items = node.items(Proof::ALL.len()).unwrap_or_default();
        let mut proofs: Vec<Proof> = items.iter().filter_map(|item| item.one_of(&words)).collect();
        proofs.sort_unstable();
        proofs.dedup();
        rule.proofs = proofs.into();
    }
    set(&mut rule.age_max, table.get("consent_max_age"), |node| {
        node.duration(Range::new(Nanos::from_secs(1), limits::CONSENT_AGE_MAX)).map(Some)
    });
    rule
}
