//! Leads by the person whom they are of.

use exchange_types::{Reason, Uuid7};
use sqlx::any::AnyRow;

use super::{Store, leads};
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, wide};
use crate::view::{HadView, PersonSeen};
use crate::{Listed, Page, PostState, QueryError};

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

/// Posts that count for one fingerprint, newest first: as many as memory keeps.
const POSTS: i64 = 256;

fn read_had(row: &AnyRow) -> Result<HadView, QueryError> {
    let mut from = Columns::of(row);
    let (buyer, auction, candidate) = (from.text()?.into(), from.id("auction")?, from.candidate()?);
    Ok(HadView { buyer, auction, candidate, admitted: leads::lead_record(from.bytes()?)?.admitted })
}

impl Store {
    /// Returns the posts after which their buyers had a person, or may have had it: accepted, unknown, or answered as a
    /// duplicate.
    pub(super) async fn buyers_of_person(&self, print: u128) -> Result<Vec<HadView>, QueryError> {
        let (failed, duplicate) = PostState::Failed(Reason::PostDuplicate).numbers();
        let base = "SELECT posts.buyer, posts.auction, posts.candidate, leads.record FROM persons \
             JOIN posts ON posts.auction = persons.lead JOIN leads ON leads.id = persons.lead";
        let rows = Select::new(base)
            .with("persons.print = ", wide(print))
            .with("(posts.state <> ", failed)
            .then(" OR posts.reason = ")
            .value_here(duplicate)
            .then(")")
            .first("posts.auction DESC, posts.candidate", POSTS)
            .all(&self.pool)
            .await?;
        rows.iter().map(read_had).collect()
    }

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
