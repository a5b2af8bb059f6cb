//! What buyers are told of their bids is read from here: auctions in the order in which they ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_protocol::{CandidateIndex, CatalogNames};

use super::{Store, leads};
use crate::QueryError;
use crate::select::Select;
use crate::values::{Columns, signed};
use crate::view::ClosingView;

impl Store {
    pub(super) async fn closings_of(
        &self,
        vertical: &str,
        after: u64,
        limit: u16,
    ) -> Result<Vec<ClosingView>, QueryError> {
        let base = "SELECT closings.sequence, closings.auction, closings.candidate, at, story FROM closings \
             JOIN auctions ON auctions.id = closings.auction";
        let rows = Select::new(base)
            .with("closings.vertical = ", vertical.to_owned())
            .with("closings.sequence > ", signed(after))
            .that("story IS NOT NULL")
            .first("closings.sequence", i64::from(limit))
            .all(&self.pool)
            .await?;
        let mut names: BTreeMap<u64, Arc<CatalogNames>> = BTreeMap::new();
        let mut closings = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut from = Columns::of(row);
            let (sequence, auction) = (from.unsigned("sequence")?, from.id("auction")?);
            let candidate = from.optional_number()?.map(u16::try_from).transpose();
            let candidate = candidate.map_err(|_| QueryError::Damaged { column: "candidate" })?;
            let at = from.time()?;
            let story =
                leads::story(from.optional_bytes()?)?.ok_or(QueryError::Damaged { column: "story" })?;
            let version = story.catalog_version;
            let names = if let Some(names) = names.get(&version) {
                Arc::clone(names)
            } else {
                let read = Arc::new(self.names_of(version).await?);
                names.insert(version, Arc::clone(&read));
                read
            };
            let resolved = match candidate.map(CandidateIndex) {
                None => None,
                Some(candidate) => {
                    let posts = self.posts_of(auction).await?;
                    let post = posts.into_iter().find(|post| post.candidate == candidate);
                    Some((candidate, post.ok_or(QueryError::Damaged { column: "candidate" })?))
                }
            };
            closings.push(ClosingView { sequence, at, story, names, resolved });
        }
        Ok(closings)
    }
}
