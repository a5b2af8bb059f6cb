//! Leads by the person whom they are of.

use exchange_types::Uuid7;
use sqlx::any::AnyRow;

use super::{Store, leads};
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, wide};
use crate::view::PersonSeen;
use crate::{Listed, Page, QueryError};

/// The columns of [`read`], in its order.
pub(super) const SELECT: &str = "SELECT leads.id, leads.seller, leads.vertical, auctions.state, leads.record \
     FROM persons JOIN leads ON leads.id = persons.lead LEFT JOIN auctions ON auctions.id = leads.id";

/// Keyed digests of a question, so that its text stays short: two of each of some hundred verticals.
const PRINTS: usize = 200;

pub(super) fn read(row: &AnyRow) -> Result<PersonSeen, QueryError> {
    let mut from = Columns::of(row);
    let lead = from.id("lead")?;
    let (seller, vertical) = (from.text()?.into(), from.text()?.into());
    let state = leads::lead_state(from.optional_number()?)?;
    let record = leads::lead_record(from.bytes()?)?;
    let (taken_until, again_from) = (record.taken_until, record.again_from);
    Ok(PersonSeen { lead, seller, vertical, state, taken_until, again_from })
}

impl Store {
    /// Returns the leads of a person, newest first.
    pub(super) async fn leads_of_person(
        &self,
        prints: &[u128],
        page: &Page,
    ) -> Result<Listed<Uuid7>, QueryError> {
        let after = page.key_or(Key::LAST)?;
        let mut leads = Vec::new();
        for prints in prints.chunks(PRINTS) {
            let rows = Select::new("SELECT DISTINCT lead FROM persons")
                .one_of("print IN ", prints.iter().map(|print| wide(*print)))
                .with("lead < ", wide(after.id))
                .first("lead DESC", page.limit().saturating_add(1))
                .all(&self.pool)
                .await?;
            for row in &rows {
                leads.push(Columns::of(row).id("lead")?);
            }
        }
        leads.sort_unstable_by(|a, b| b.cmp(a));
        leads.dedup();
        Ok(Listed::of(leads, page, |lead| Key { id: lead.as_u128(), number: 0 }))
    }
}
