//! What a fold needs from the tables: its state at the start, and the auctions of a batch.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use exchange_protocol::Record;
use exchange_types::{PostId, SaleId, Uuid7};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::auctions::{Auctions, Lead, Post};
use super::rows::Rows;
use super::{Projected, State};
use crate::QueryError;
use crate::ledger::{Account, Ledger};
use crate::select::Select;
use crate::store::{catalog_names, resolved_by, sale_state, state as post_state};
use crate::values::{Columns, id_bytes, of_list, signed, wide};
use crate::view::LeadState;

/// Keys of a query: few enough for any server's plan, enough that queries are few.
const KEYS: usize = 100;
/// Catalogs kept in memory; an older one is read again.
const CATALOGS_KEPT: usize = 64;

/// Reads the state at which the tables are.
pub(super) async fn state(connection: &mut AnyConnection) -> Result<State, QueryError> {
    let mut ledger = Ledger::new();
    let mut cursor = 0;
    let text = "SELECT sequence, day, entries, hash, checkpoints, checkpoint_entries FROM projection";
    if let Some(row) = Select::new(text).all_on(connection).await?.first() {
        let mut from = Columns::of(row);
        cursor = from.unsigned("sequence")?;
        ledger.day = from.number()?;
        ledger.entries = from.unsigned("entries")?;
        ledger.hash = from.array("hash")?;
        ledger.checkpoints = from.unsigned("checkpoints")?;
        ledger.checkpoint_entries = from.unsigned("checkpoint_entries")?;
    }
    let select = Select::new("SELECT name, currency, balance FROM accounts").then(" ORDER BY id");
    for row in &select.all_on(connection).await? {
        let mut from = Columns::of(row);
        let account = Account::named(from.text()?).ok_or(QueryError::Damaged { column: "accounts.name" })?;
        let currency = from.currency()?;
        ledger.accounts.restore(&account, currency, from.array("balance").map(i128::from_be_bytes)?);
    }
    let text = "SELECT erasures.lead FROM erasures LEFT JOIN leads ON leads.id = erasures.lead";
    let rows = Select::new(text).that("leads.id IS NULL").all_on(connection).await?;
    let premature = rows.iter().map(|row| Columns::of(row).wide("lead")).collect::<Result<_, _>>()?;
    Ok(State {
        cursor,
        catalogs: BTreeMap::new(),
        ledger,
        auctions: Auctions::default(),
        premature,
        deposits_known: HashSet::new(),
        rows: Rows::default(),
        stale: false,
    })
}

/// Reads what the records of a batch speak of and is not known.
pub(super) async fn batch(
    connection: &mut AnyConnection,
    state: &mut State,
    batch: &[Projected],
) -> Result<(), QueryError> {
    catalogs(connection, state, batch).await?;
    deposits(connection, state, batch).await?;
    let mut fresh = HashSet::new();
    let mut missing = BTreeSet::new();
    for one in batch {
        if let Record::Lead(lead) = &one.record {
            // Nothing is known of a lead before its record but perhaps that it is erased.
            fresh.insert(lead.id);
        }
        let id = auction_of(&one.record);
        missing.extend(id.filter(|id| !fresh.contains(id) && !state.auctions.knows(*id)));
    }
    let missing: Vec<Uuid7> = missing.into_iter().collect();
    for ids in missing.chunks(KEYS) {
        auctions(connection, &mut state.auctions, ids).await?;
    }
    Ok(())
}

/// Returns of which auction a record speaks.
fn auction_of(record: &Record) -> Option<Uuid7> {
    match record {
        Record::Intent { auction, .. } | Record::Outcome { auction, .. } => Some(*auction),
        Record::Closed(story) => Some(story.id),
        Record::Offered(offered) => Some(offered.story.id),
        Record::Lead(lead) => Some(lead.id),
        Record::Completed(post) => Some(post.id),
        Record::Answered(post) => Some(post.told.id),
        Record::Resolved(resolution) => Some(resolution.auction),
        Record::Disputed(dispute) => Some(dispute.auction),
        Record::SaleChanged(change) => Some(change.auction),
        Record::Erased(erasure) => Some(erasure.lead),
        Record::Balance(_)
        | Record::Catalog(_)
        | Record::Acknowledged(_)
        | Record::Stopped(_)
        | Record::Suppressed(_) => None,
    }
}

async fn catalogs(
    connection: &mut AnyConnection,
    state: &mut State,
    batch: &[Projected],
) -> Result<(), QueryError> {
    while state.catalogs.len() > CATALOGS_KEPT {
        state.catalogs.pop_first();
    }
    let versions = batch.iter().filter_map(|one| {
        let Record::Intent { catalog_version, .. } = &one.record else {
            let Record::Lead(lead) = &one.record else { return None };
            return Some(lead.catalog_version);
        };
        Some(*catalog_version)
    });
    let missing: BTreeSet<u64> = versions.filter(|version| !state.catalogs.contains_key(version)).collect();
    for version in missing {
        let select = Select::new("SELECT names FROM catalog_versions").with("version = ", signed(version));
        // One that is not there may be in the batch itself; the fold says so if it is not.
        if let Some(row) = select.all_on(connection).await?.first() {
            let names = catalog_names(Columns::of(row).bytes()?)?;
            state.catalogs.insert(version, Arc::new(names));
        }
    }
    Ok(())
}

async fn deposits(
    connection: &mut AnyConnection,
    state: &mut State,
    batch: &[Projected],
) -> Result<(), QueryError> {
    state.deposits_known.clear();
    let ids = batch.iter().filter_map(|one| {
        let Record::Balance(change) = &one.record else { return None };
        Some(wide(change.id))
    });
    let ids: Vec<Vec<u8>> = ids.collect();
    for ids in ids.chunks(KEYS) {
        let select = Select::new("SELECT id FROM balance_changes").one_of("id IN ", ids.iter().cloned());
        for row in &select.all_on(connection).await? {
            state.deposits_known.insert(Columns::of(row).wide("id")?);
        }
    }
    Ok(())
}

/// Reads auctions. One that is in no table is known from now on as one of which nothing is.
async fn auctions(
    connection: &mut AnyConnection,
    known: &mut Auctions,
    ids: &[Uuid7],
) -> Result<(), QueryError> {
    let keys = || ids.iter().map(|id| id_bytes(*id));
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    for id in ids {
        _ = known.get(*id);
    }
    let mut name = |text: &str| Arc::clone(names.entry(text.to_owned()).or_insert_with(|| text.into()));
    let select = Select::new("SELECT id, seller, vertical, currency FROM leads").one_of("id IN ", keys());
    for row in &select.all_on(connection).await? {
        let mut from = Columns::of(row);
        let (id, seller, vertical) = (from.id("id")?, name(from.text()?), name(from.text()?));
        known.get(id).lead = Some(Lead { seller, vertical, currency: from.currency()? });
    }
    let select = Select::new("SELECT lead FROM erasures").one_of("lead IN ", keys());
    for row in &select.all_on(connection).await? {
        known.get(Columns::of(row).id("lead")?).erased = true;
    }
    let select = Select::new("SELECT id, state, payout FROM auctions").one_of("id IN ", keys());
    for row in &select.all_on(connection).await? {
        let mut from = Columns::of(row);
        let auction = known.get(from.id("id")?);
        auction.state = of_list(&LeadState::ALL, Some(from.number()?), "state")?;
        auction.payout = from.amount()?;
    }
    let select = Select::new(POSTS).one_of("auction IN ", keys()).then(" ORDER BY auction, intent_sequence");
    for row in &select.all_on(connection).await? {
        let post = post(row)?;
        known.get(post.auction).posts.push(post);
    }
    Ok(())
}

/// The columns of [`post`], in its order.
const POSTS: &str = "SELECT auction, candidate, post_id, sale_id, campaign, buyer, seller, vertical, currency, price, \
     payout, exclusive, intent_sequence, intent_at, give_up_at, state, reason, sale, price_now, payout_now, prepaid, \
     outcome_at, settles_at, settled, digest, resolved_by, note, disputed FROM posts";

fn post(row: &AnyRow) -> Result<Post, QueryError> {
    let mut from = Columns::of(row);
    Ok(Post {
        auction: from.id("auction")?,
        candidate: from.candidate()?,
        post_id: PostId(from.id("post_id")?),
        sale_id: SaleId(from.id("sale_id")?),
        campaign: from.text()?.into(),
        buyer: from.text()?.into(),
        seller: from.text()?.into(),
        vertical: from.text()?.into(),
        currency: from.currency()?,
        price: from.amount()?,
        payout: from.amount()?,
        exclusive: from.flag()?,
        intent_sequence: from.unsigned("intent_sequence")?,
        intent_at: from.time()?,
        give_up_at: from.time()?,
        state: post_state(from.number()?, from.number()?)?,
        sale: sale_state(from.optional_number()?)?,
        price_now: from.amount()?,
        payout_now: from.amount()?,
        prepaid: from.flag()?,
        outcome_at: from.optional_time()?,
        settles_at: from.optional_time()?,
        settled: from.flag()?,
        digest: from.array("digest")?,
        resolved_by: resolved_by(from.optional_number()?)?,
        note: from.text()?.into(),
        disputed: from.flag()?,
        changed: false,
    })
}
