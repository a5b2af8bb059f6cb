//! [`JournalLines`]: records as JSON lines, for those who check the exchange from outside.
//!
//! Names and ids are those that sellers and buyers know; nothing personal is in a record but as ciphertext,
//! which is left out.

use std::collections::BTreeMap;

use exchange_protocol::{CandidateIndex, CatalogNames, Outcome, Record, SaleKeys, Stop, Suppression};
use exchange_types::{BuyerIndex, CampaignIndex, LeadId, SellerIndex, StopId, Uuid7};
use serde_json::{Map, Value, json};

/// Writes records as JSON lines.
#[derive(Debug)]
pub struct JournalLines {
    keys: SaleKeys,
    /// As many as the journal has versions of catalogs.
    names: BTreeMap<u64, CatalogNames>,
}

impl JournalLines {
    /// Returns what writes lines with the ids that these keys make.
    pub fn new(keys: SaleKeys) -> Self {
        Self { keys, names: BTreeMap::new() }
    }

    /// Returns the line of a record. Records have to come in their order, since the names come with them.
    pub fn line(&mut self, sequence: u64, record: &Record) -> String {
        let mut line = Map::new();
        line.insert("sequence".to_owned(), json!(sequence));
        let (kind, fields) = self.fields(record);
        line.insert("kind".to_owned(), json!(kind));
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        if let Record::Catalog(names) = record {
            self.names.insert(names.version, names.clone());
        }
        Value::Object(line).to_string()
    }

    fn fields(&self, record: &Record) -> (&'static str, Value) {
        match record {
            Record::Lead(lead) => ("lead", json!({ "lead_id": lead_id(lead.id), "test": lead.test })),
            Record::Completed(post) => ("completed", json!({ "lead_id": lead_id(post.id) })),
            Record::Offered(offered) => ("offered", json!({ "lead_id": lead_id(offered.story.id) })),
            Record::Intent { .. } => ("intent", self.intent(record)),
            Record::Outcome { .. } | Record::Resolved(_) | Record::Disputed(_) => self.outcome(record),
            Record::Answered(post) => ("answered", json!({ "lead_id": lead_id(post.told.id) })),
            Record::Closed(story) => ("closed", json!({ "lead_id": lead_id(story.id), "test": story.test })),
            Record::SaleChanged(change) => (
                "sale_changed",
                self.post(
                    (change.auction, change.candidate),
                    json!({ "step": step(change), "at_us": change.at.0 }),
                ),
            ),
            Record::Balance(change) => (
                "balance",
                json!({ "buyer": change.buyer, "currency": change.currency.code(), "amount_micros": change.amount.micros() }),
            ),
            Record::Catalog(names) => ("catalog", json!({ "version": names.version })),
            Record::Erased(erasure) => ("erased", json!({ "lead_id": lead_id(erasure.lead) })),
            Record::Stopped(stop) => {
                let Stop { id, kind, name, on, by, reason, at } = stop;
                let (id, kind) = (StopId(*id).to_string(), kind.name());
                (
                    if *on { "stopped" } else { "started" },
                    json!({ "stop_id": id, "what": kind, "name": name, "by": by, "reason": reason, "at_us": at.0 }),
                )
            }
            Record::Suppressed(change) => {
                let Suppression { list, buyer, on, digests, by, at } = change;
                let (list, entries) = (list.name(), digests.len());
                (
                    if *on { "suppressed" } else { "unsuppressed" },
                    json!({ "list": list, "buyer": buyer, "entries": entries, "by": by, "at_us": at.0 }),
                )
            }
            Record::Acknowledged(told) => {
                ("acknowledged", json!({ "lead_id": lead_id(told.lead), "buyer": told.buyer }))
            }
        }
    }

    fn intent(&self, record: &Record) -> Value {
        let Record::Intent {
            auction,
            seller,
            catalog_version,
            campaign,
            buyer,
            candidate,
            price,
            payout,
            reserved,
            exclusive,
            at,
            give_up_at,
            ..
        } = record
        else {
            return Value::Null;
        };
        let names = self.names.get(catalog_version);
        let fields = json!({
            "campaign": names.and_then(|names| campaign_name(names, *campaign)),
            "buyer": names.and_then(|names| buyer_name(names, *buyer)),
            "seller": names.and_then(|names| seller_name(names, *seller)),
            "price_micros": price.micros(),
            "payout_micros": payout.micros(),
            "reserved_micros": reserved.micros(),
            "exclusive": exclusive,
            "at_us": at.0,
            "give_up_at_us": give_up_at.0,
        });
        self.post((*auction, *candidate), fields)
    }

    fn outcome(&self, record: &Record) -> (&'static str, Value) {
        match record {
            Record::Outcome { auction, candidate, outcome, price, at, .. } => {
                let (outcome, reason) = outcome_names(*outcome);
                let fields = json!({ "outcome": outcome, "reason": reason, "price_micros": price.micros(), "at_us": at.0 });
                ("outcome", self.post((*auction, *candidate), fields))
            }
            Record::Resolved(resolution) => {
                let (outcome, reason) = outcome_names(resolution.outcome);
                let fields = json!({
                    "outcome": outcome,
                    "reason": reason,
                    "by": resolution.by.name(),
                    "price_micros": resolution.price.micros(),
                    "at_us": resolution.at.0,
                });
                ("resolved", self.post((resolution.auction, resolution.candidate), fields))
            }
            Record::Disputed(dispute) => {
                let (says, _) = outcome_names(dispute.says);
                let fields = json!({ "says": says, "by": dispute.by.name(), "at_us": dispute.at.0 });
                ("disputed", self.post((dispute.auction, dispute.candidate), fields))
            }
            Record::Lead(_)
            | Record::Completed(_)
            | Record::Offered(_)
            | Record::Intent { .. }
            | Record::Closed(_)
            | Record::SaleChanged(_)
            | Record::Balance(_)
            | Record::Catalog(_)
            | Record::Erased(_)
            | Record::Acknowledged(_)
            | Record::Stopped(_)
            | Record::Suppressed(_)
            | Record::Answered(_) => ("other", Value::Null),
        }
    }

    /// Adds the ids of a post to what is said of it.
    fn post(&self, (auction, candidate): (Uuid7, CandidateIndex), mut fields: Value) -> Value {
        if let Value::Object(fields) = &mut fields {
            fields.insert("lead_id".to_owned(), json!(lead_id(auction)));
            fields.insert("post_id".to_owned(), json!(self.keys.post(auction, candidate).to_string()));
            fields.insert("sale_id".to_owned(), json!(self.keys.sale(auction, candidate).to_string()));
        }
        fields
    }
}

fn lead_id(id: Uuid7) -> String {
    LeadId(id).to_string()
}

fn outcome_names(outcome: Outcome) -> (&'static str, Option<&'static str>) {
    match outcome {
        Outcome::Accepted => ("accepted", None),
        Outcome::Failed(reason) => ("failed", Some(reason.name())),
        Outcome::Unknown => ("unknown", None),
    }
}

fn step(change: &exchange_protocol::SaleChange) -> &'static str {
    use exchange_protocol::SaleStep;
    match change.step {
        SaleStep::Returned { .. } => "returned",
        SaleStep::Adjusted { .. } => "adjusted",
        SaleStep::Reversed => "reversed",
        SaleStep::Settled => "settled",
    }
}

fn campaign_name(names: &CatalogNames, index: CampaignIndex) -> Option<&str> {
    names.campaigns.get(index.at()).map(|(name, ..)| &**name)
}

fn buyer_name(names: &CatalogNames, index: BuyerIndex) -> Option<&str> {
    names.buyers.get(index.at()).map(|name| &**name)
}

fn seller_name(names: &CatalogNames, index: SellerIndex) -> Option<&str> {
    names.sellers.get(index.at()).map(|name| &**name)
}
