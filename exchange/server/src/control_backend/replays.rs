//! A recorded auction through today's rules once more.

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_control::{ReplayBid, ReplayChanges, ReplayError, Replayed, Replays, Unavailable};
use exchange_node::replay::{self, Change, Recorded};
use exchange_protocol::{Account, SaleState, Story};
use exchange_store::SaleView;
use exchange_types::{AuctionId, BidEntries, BidEntry, CampaignIndex, SmallText, Submission};

use super::ControlBackend;
use super::failures::unreadable;
use crate::held;
use crate::projection::error_chain;

impl Replays for ControlBackend {
    async fn replay(&self, id: AuctionId, changes: ReplayChanges) -> Result<Box<Replayed>, ReplayError> {
        let found = self.auction(id.0).await.map_err(not_replayed)?;
        let auction = found.ok_or(ReplayError::NotFound)?;
        let mut story = auction.story.ok_or(ReplayError::Running)?;
        if story.test {
            return Err(ReplayError::Gone);
        }
        bring_up_to_date(&mut story, &auction.posts);
        let snapshot = self.old_catalogs.snapshot_beside(&self.shared, story.catalog_version);
        let snapshot = snapshot.ok_or(ReplayError::Gone)?;
        let changes = read_changes(&changes, &story, &snapshot)?;
        let submission = self.lead_of(id).await?;
        // Why campaigns were left out follows from the lead; the shard that has the auction in memory says it.
        let left_out = match self.find(id).await {
            Ok(Some(account)) => account.left_out,
            Ok(None) | Err(Unavailable) => Vec::new(),
        };
        let keys = *self.shared.sale_keys();
        let ties = self.shared.tie_keys();
        let account = |story: Story, snapshot: &Arc<Snapshot>| {
            let taking_part =
                |campaign| story.candidates.iter().any(|candidate| candidate.campaign == campaign);
            let left_out = left_out.iter().filter(|one| !taking_part(one.campaign)).cloned().collect();
            Account { left_out, story, snapshot: Arc::clone(snapshot), live: false, keys }
        };
        let recorded = Recorded {
            story: &story,
            submission: submission.as_ref(),
            snapshot: Arc::clone(&snapshot),
            ties,
        };
        let replayed = replay::replay(&recorded, &changes).map_err(|error| {
            tracing::info!(auction = %id, %error, "an auction is not replayed");
            ReplayError::Gone
        })?;
        // Where the rules make the same of the same inputs, what is left of a difference is the wait for the disk,
        // which no rule decides.
        let same = changes.is_empty() && replayed.differences.is_empty();
        let after = if same { story.clone() } else { replayed.story };
        let replayed = account(after, &snapshot);
        Ok(Box::new(Replayed { recorded: account(story, &snapshot), replayed }))
    }
}

impl ControlBackend {
    /// Opens the lead of an auction; nothing where it is erased.
    async fn lead_of(&self, id: AuctionId) -> Result<Option<Submission>, ReplayError> {
        let parts = self.store.as_operator().sealed(id.0).await;
        let parts = parts.map_err(|error| not_replayed(unreadable(&error)))?;
        let vault = self.vault.clone();
        let opening = tokio::task::spawn_blocking(move || held::open_lead(&vault, id.0, &parts));
        let opened = opening.await.map_err(|_| ReplayError::Unavailable)?;
        opened.map_err(|error| {
            tracing::error!(error = %error_chain(&error), "a lead cannot be opened for a replay");
            ReplayError::Unavailable
        })
    }
}

/// Notes in the account what was found out of its unknown posts since.
fn bring_up_to_date(story: &mut Story, posts: &[SaleView]) {
    for post in posts.iter().filter(|post| post.resolved_by.is_some()) {
        let recorded = story.posts.iter().find(|recorded| recorded.candidate == post.candidate);
        let (Some(outcome), Some(recorded)) = (post.state.outcome(), recorded) else { continue };
        // What happened to a sale afterwards is no part of its auction.
        let as_sold = matches!(post.sale, Some(SaleState::Accepted | SaleState::Settled));
        let (price, payout) =
            if as_sold { (post.price, post.payout) } else { (recorded.price, recorded.payout) };
        story.resolve(post.candidate, outcome, price, payout);
    }
}

/// Reads changes with the names of a catalog. `bids` and `without` take campaigns of the auction, `with` others of
/// its vertical.
fn read_changes(
    changes: &ReplayChanges,
    story: &Story,
    snapshot: &Snapshot,
) -> Result<Vec<Change>, ReplayError> {
    let find = |list: &str, position: usize, name: &str, inside: bool| {
        let refused = || {
            let field = if list == "without" {
                format!("without.{position}")
            } else {
                format!("{list}.{position}.campaign")
            };
            ReplayError::Campaign { field }
        };
        let campaign = snapshot.campaign_named(name).ok_or_else(refused)?;
        let of_vertical = snapshot.campaign(campaign).is_some_and(|known| known.vertical == story.vertical);
        let taking_part = story.candidates.iter().any(|candidate| candidate.campaign == campaign);
        if of_vertical && taking_part == inside { Ok(campaign) } else { Err(refused()) }
    };
    let mut read = Vec::new();
    read.extend(changes.floor.map(|floor| Change::Floor(Some(floor))));
    for (position, bid) in changes.bids.iter().enumerate() {
        let campaign = find("bids", position, &bid.campaign, true)?;
        read.push(Change::Bids(campaign, entries(bid, buyers_of(story, campaign))));
    }
    for (position, name) in changes.without.iter().enumerate() {
        read.push(Change::LeftOut(find("without", position, name, true)?));
    }
    for (position, bid) in changes.with.iter().enumerate() {
        read.push(Change::Bids(find("with", position, &bid.campaign, false)?, entries(bid, ANY_NUMBER)));
    }
    Ok(read)
}

/// What a bid says that does not say for how many companies it holds.
const ANY_NUMBER: u16 = 0;

/// Returns for how many companies a campaign's best bid held.
fn buyers_of(story: &Story, campaign: CampaignIndex) -> u16 {
    let own = story.candidates.iter().find(|candidate| candidate.campaign == campaign);
    let best = own.and_then(|own| own.entries.as_slice().iter().max_by_key(|entry| entry.amount));
    best.map_or(ANY_NUMBER, |entry| entry.max_buyers)
}

fn entries(bid: &ReplayBid, max_buyers: u16) -> BidEntries {
    let mut entries = BidEntries::new();
    entries.push(BidEntry { amount: bid.bid, max_buyers, bid_id: SmallText::EMPTY });
    entries
}

fn not_replayed(Unavailable: Unavailable) -> ReplayError {
    ReplayError::Unavailable
}
