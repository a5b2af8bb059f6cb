//! Erasure: the ciphertexts and fingerprints of a lead are taken out of the tables.
//!
//! It reads what the erasures of the lead say and obeys them all, so that it does not matter which of lead,
//! seller's post and erasure came first.

use exchange_protocol::{CompletedRecord, LeadRecord, Record, SealClass, Sealed, SlotRef, decode_record};
use exchange_types::{Person, Prints};
use sqlx::AnyConnection;

use super::fold::bytes_of;
use crate::select::Select;
use crate::values::{Columns, wide};
use crate::{ProjectError, QueryError};

/// What the erasures of a lead say.
struct Erased {
    at: Option<i64>,
    slots: Vec<SlotRef>,
}

/// A row that owns ciphertexts.
struct Holder {
    row: Of,
    sealed: Option<Vec<u8>>,
    consent: Option<Vec<u8>>,
}

/// Which record the row holds.
enum Of {
    Lead(LeadRecord),
    Completed(CompletedRecord),
}

const LEADS: [&str; 2] = [
    "SELECT record, sealed, consent FROM leads WHERE id = ",
    "UPDATE leads SET record = $1, sealed = $2, consent = $3, erased_at = $4 WHERE id = $5",
];
/// The row of a seller's post has no time of its own; the value is given and not used.
const COMPLETIONS: [&str; 2] = [
    "SELECT record, sealed, consent FROM completions WHERE lead = ",
    "UPDATE completions SET record = $1, sealed = $2, consent = $3 WHERE lead = $5 AND $4 > 0",
];

/// Takes a lead's personal data out of every row.
pub(super) async fn lead(connection: &mut AnyConnection, id: u128) -> Result<(), ProjectError> {
    let erased = erased(connection, id).await?;
    for [select, update] in [LEADS, COMPLETIONS] {
        let Some(mut holder) = holder(connection, select, id).await? else { continue };
        for print in holder.prints().into_iter().flatten() {
            let delete = sqlx::query("DELETE FROM persons WHERE print = $1 AND lead = $2");
            delete.bind(wide(print)).bind(wide(id)).execute(&mut *connection).await?;
        }
        erased.obey(&mut holder);
        let update =
            sqlx::query(update).bind(bytes_of(&holder.record())).bind(holder.sealed).bind(holder.consent);
        update.bind(erased.at).bind(wide(id)).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn erased(connection: &mut AnyConnection, id: u128) -> Result<Erased, QueryError> {
    let select = Select::new("SELECT record FROM erasures").with("lead = ", wide(id));
    let mut erased = Erased { at: None, slots: Vec::new() };
    for row in &select.then(" ORDER BY sequence").all_on(connection).await? {
        let Record::Erased(erasure) = decode_record(Columns::of(row).bytes()?)?.0 else { continue };
        erased.at = erased.at.or(Some(erasure.at.0));
        erased.slots.extend(erasure.slots);
    }
    Ok(erased)
}

async fn holder(
    connection: &mut AnyConnection,
    text: &'static str,
    id: u128,
) -> Result<Option<Holder>, QueryError> {
    let rows = Select::new(text).value_here(wide(id)).all_on(connection).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut from = Columns::of(row);
    let row = Of::read(from.bytes()?)?;
    let sealed = from.optional_bytes()?.map(<[u8]>::to_vec);
    let consent = from.optional_bytes()?.map(<[u8]>::to_vec);
    Ok(Some(Holder { row, sealed, consent }))
}

impl Erased {
    /// Blanks what has to go. With the lead's own ciphertext goes everything that stands for the person; the
    /// evidence of consent is kept until its own slot is erased.
    fn obey(&self, holder: &mut Holder) {
        let of_lead = self.slots.iter().any(|slot| slot.class == SealClass::Lead);
        if of_lead {
            holder.sealed = None;
            holder.forget_person();
        }
        if holder.consent_part().is_some_and(|consent| self.slots.contains(&consent.slot)) {
            holder.consent = None;
        }
    }
}

impl Holder {
    fn prints(&self) -> Prints {
        match &self.row {
            Of::Lead(lead) => lead.prints,
            Of::Completed(post) => post.prints,
        }
    }

    fn consent_part(&self) -> Option<Sealed> {
        match &self.row {
            Of::Lead(lead) => lead.consent,
            Of::Completed(post) => post.consent,
        }
    }

    fn forget_person(&mut self) {
        match &mut self.row {
            Of::Lead(lead) => {
                lead.prints = Prints::default();
                lead.person = Person::default();
                lead.seller_ref = None;
            }
            Of::Completed(post) => {
                post.prints = Prints::default();
                post.person = Person::default();
            }
        }
    }

    fn record(&self) -> Record {
        match &self.row {
            Of::Lead(lead) => Record::Lead(lead.clone()),
            Of::Completed(post) => Record::Completed(post.clone()),
        }
    }
}

impl Of {
    fn read(bytes: &[u8]) -> Result<Self, QueryError> {
        let record = decode_record(bytes)?.0;
        if let Record::Lead(lead) = record {
            return Ok(Self::Lead(lead));
        }
        let Record::Completed(post) = record else { return Err(QueryError::Damaged { column: "record" }) };
        Ok(Self::Completed(post))
    }
}
