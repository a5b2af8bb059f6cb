//! What the store would say, read from the records that are on disk.

#![expect(clippy::wildcard_enum_match_arm, reason = "few kinds are of interest here")]

use std::sync::Arc;

use exchange_node::{Question, Remembered, RememberedClaim, RememberedHad, RememberedPerson, RememberedSale};
use exchange_protocol::{Answer, AnswerStatus, ClaimRecord, Outcome, Record, SaleKind, Story};
use exchange_types::{Reason, UtcMicros, Uuid7};

use crate::world::World;

/// A sale as the records tell it.
#[derive(Default)]
struct Told<'a> {
    lead: Option<&'a exchange_protocol::LeadRecord>,
    posts: Vec<&'a exchange_protocol::CompletedRecord>,
    offered: Option<&'a Story>,
    closed: Option<Story>,
}

/// The store has not caught up with what it is asked about.
struct Behind;

impl World {
    /// Returns what the store knows; nothing where it has not caught up with what the question is about.
    pub(crate) fn remember(&self, question: &Question) -> Option<Remembered> {
        match question {
            Question::Sale(id) => {
                let sale = self.told(*id)?.closed.and_then(|story| self.shown(story.answer()));
                let sale = sale.map(|(answer, snapshot)| RememberedSale { answer, snapshot });
                Some(Remembered { sale, ..Remembered::default() })
            }
            Question::Admission { claim, prints, at } => {
                let claim = match claim {
                    Some(claim) => self.claim(claim).ok()?,
                    None => None,
                };
                let (mut persons, mut had) = (Vec::new(), Vec::new());
                for print in prints {
                    persons.extend(self.person_known(*print, *at).ok()?);
                    had.extend(self.had_by(*print).ok()?);
                }
                Some(Remembered { claim, persons, had, sale: None })
            }
        }
    }

    fn shown(&self, answer: Answer) -> Option<(Box<Answer>, Arc<exchange_catalog::Snapshot>)> {
        let snapshot = Arc::clone(self.snapshots.get(&answer.catalog_version)?);
        Some((Box::new(answer), snapshot))
    }

    /// Returns what the records tell of a sale; nothing where some are not on disk yet.
    fn told(&self, id: Uuid7) -> Option<Told<'_>> {
        let mut told = Told::default();
        for entry in self.disk.entries.iter().filter(|entry| entry.fate != crate::disk::Fate::Lost) {
            let is_it = match &entry.record {
                Record::Lead(lead) => lead.id == id,
                Record::Completed(post) => post.id == id,
                Record::Offered(offered) => offered.story.id == id,
                Record::Closed(story) => story.id == id,
                Record::Resolved(found) => found.auction == id,
                _ => false,
            };
            if !is_it {
                continue;
            }
            if !entry.is_durable() {
                return None;
            }
            match &entry.record {
                Record::Lead(lead) => told.lead = Some(lead),
                Record::Completed(post) => told.posts.push(post),
                Record::Offered(offered) => told.offered = Some(&offered.story),
                Record::Closed(story) => told.closed = Some(story.clone()),
                Record::Resolved(found) => {
                    if let Some(story) = &mut told.closed {
                        story.resolve(found.candidate, found.outcome, found.price, found.payout);
                    }
                }
                _ => {}
            }
        }
        Some(told)
    }

    /// Returns the sale of a key with what its step was told; nothing inside where there is none.
    fn claim(&self, claim: &ClaimRecord) -> Result<Option<RememberedClaim>, Behind> {
        let own = |known: &Option<ClaimRecord>| known.is_some_and(|known| known.key == claim.key);
        let answered =
            self.disk.entries.iter().filter(|entry| entry.fate != crate::disk::Fate::Lost).find_map(
                |entry| match &entry.record {
                    Record::Answered(post) if post.claim.key == claim.key => Some((post, entry.is_durable())),
                    _ => None,
                },
            );
        if let Some((post, is_durable)) = answered {
            let (id, digest) = (post.told.id, post.claim.digest);
            let shown = if is_durable { self.shown(post.told.answer()) } else { return Err(Behind) };
            return Ok(shown.map(|(answer, snapshot)| RememberedClaim {
                id,
                digest,
                erased: false,
                answer,
                snapshot,
            }));
        }
        let live = self.disk.entries.iter().filter(|entry| entry.fate != crate::disk::Fate::Lost);
        let found = live.rev().find_map(|entry| match &entry.record {
            Record::Lead(lead) if own(&lead.claim) => Some((lead.id, lead.claim, true)),
            Record::Completed(post) if own(&post.claim) => Some((post.id, post.claim, false)),
            _ => None,
        });
        let Some((id, Some(known), first)) = found else { return Ok(None) };
        let told = self.told(id).ok_or(Behind)?;
        let is_ping = told.lead.is_some_and(|lead| lead.kind == SaleKind::TwoStep);
        let story = told.offered.filter(|_| is_ping && first).cloned().or(told.closed);
        let Some((answer, snapshot)) = story.and_then(|story| self.shown(story.answer())) else {
            return Ok(None);
        };
        Ok(Some(RememberedClaim { id, digest: known.digest, erased: false, answer, snapshot }))
    }

    /// Returns which buyers had a person after sales that are over.
    fn had_by(&self, print: u128) -> Result<Vec<RememberedHad>, Behind> {
        let mut had = Vec::new();
        for id in self.leads_of(print) {
            let told = self.told(id).ok_or(Behind)?;
            let (Some(lead), Some(story)) = (told.lead, told.closed) else { continue };
            let snapshot = self.snapshots.get(&lead.catalog_version).ok_or(Behind)?;
            let has_it = |outcome: &Option<Outcome>| {
                matches!(
                    outcome,
                    None | Some(
                        Outcome::Accepted | Outcome::Unknown | Outcome::Failed(Reason::PostDuplicate)
                    )
                )
            };
            had.extend(story.posts.iter().filter(|post| has_it(&post.outcome)).map(|post| RememberedHad {
                print,
                buyer: snapshot.buyer(post.buyer).map(|buyer| buyer.name.clone()).unwrap_or_default(),
                post: (id, post.candidate),
                since: lead.admitted,
            }));
        }
        Ok(had)
    }

    /// Returns the leads of a person.
    fn leads_of(&self, print: u128) -> impl Iterator<Item = Uuid7> {
        self.disk.entries.iter().filter_map(move |entry| match &entry.record {
            Record::Lead(lead) if lead.prints.contains(&Some(print)) => Some(lead.id),
            Record::Completed(post) if post.prints.contains(&Some(print)) => Some(post.id),
            _ => None,
        })
    }

    /// Returns what became of a person, as far as it counts at a moment.
    fn person_known(&self, print: u128, at: UtcMicros) -> Result<Option<RememberedPerson>, Behind> {
        let mut known: Option<RememberedPerson> = None;
        for id in self.leads_of(print) {
            let told = self.told(id).ok_or(Behind)?;
            let (Some(lead), Some(story)) = (told.lead, told.closed) else { continue };
            let posted = lead.kind == SaleKind::OneCall || !told.posts.is_empty();
            let (taken, until) = match story.status {
                AnswerStatus::Sold | AnswerStatus::Pending(_) => (true, lead.taken_until),
                AnswerStatus::Unsold(_) if posted => (false, lead.again_from),
                _ => continue,
            };
            if until <= at || known.as_ref().is_some_and(|known| known.taken && !taken) {
                continue;
            }
            let snapshot = self.snapshots.get(&lead.catalog_version).ok_or(Behind)?;
            let seller = snapshot.seller(lead.seller).map(|seller| seller.name.clone()).unwrap_or_default();
            known = Some(RememberedPerson { print, id, seller, taken, until });
        }
        Ok(known)
    }
}
