//! [`Persons`]: what is held about a person, and erasing it.

use core::fmt;
use core::future::Future;

use exchange_protocol::SaleState;
use exchange_types::{LeadId, Pii, PostId, SaleId, UtcMicros, Uuid7};

use super::{ListError, Listed, Page};
use crate::{Scope, Unavailable};

/// What is held about a person, and erasing it.
pub trait Persons: Send + Sync + 'static {
    /// Lists the leads of a person.
    ///
    /// # Errors
    ///
    /// Says that the address or the cursor is none, or that the store is behind or does not answer.
    fn find_person(
        &self,
        person: Person,
        page: Page,
    ) -> impl Future<Output = Result<Listed<PersonLead>, PersonError>> + Send;

    /// Lists all that is held about a person, in clear, lead by lead.
    ///
    /// # Errors
    ///
    /// Says that the address or the cursor is none, or that the store is behind or does not answer.
    fn export_person(
        &self,
        person: Person,
        page: Page,
    ) -> impl Future<Output = Result<Listed<PersonExport>, PersonError>> + Send;

    /// Erases a person: every lead of it. It answers when that is durable, and runs to its end even if the
    /// operator hangs up. A person without a lead is erased by it as well: the answer names none.
    ///
    /// # Errors
    ///
    /// Says that the address is none, or that the exchange cannot write.
    fn erase_person(
        &self,
        person: Person,
        by: Box<str>,
    ) -> impl Future<Output = Result<PersonErased, PersonError>> + Send;

    /// Lists the erasures that the caller may see: an operator all, a buyer those of leads that it got.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the store does not answer.
    fn erasures(
        &self,
        scope: &Scope,
        page: Page,
    ) -> impl Future<Output = Result<Listed<ErasedLead>, ListError>> + Send;

    /// Records that a buyer has erased a lead too. Nothing where no lead that this buyer got was erased under
    /// this id. It answers when that is durable; a repeat answers as the first time.
    ///
    /// # Errors
    ///
    /// Says that the exchange does not answer or cannot write.
    fn acknowledge_erasure(
        &self,
        buyer: Box<str>,
        erased: ErasedId,
    ) -> impl Future<Output = Result<Option<Acknowledged>, Unavailable>> + Send;
}

/// How a person is named: by a phone, by an e-mail address, or by both (leads of either are meant).
///
/// It has no `Debug`: it is personal data.
#[expect(missing_debug_implementations, reason = "printing personal data is what this type prevents")]
pub struct Person {
    /// The phone, as the caller wrote it; E.164 where no country is known.
    pub phone: Option<Pii<Box<str>>>,
    /// The e-mail address, as the caller wrote it.
    pub email: Option<Pii<Box<str>>>,
}

/// Why nothing was found, exported or erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    /// The phone is none.
    #[error("the phone is not a phone number in international form")]
    Phone,
    /// The e-mail address is none.
    #[error("the email is not an e-mail address")]
    Email,
    /// The cursor was not given by the person's list.
    #[error("the cursor was not given by this list")]
    Cursor,
    /// The store has not followed the journal in time, so that an answer could leave out leads.
    #[error("the store is behind the journal")]
    Behind,
    /// The exchange does not answer, or cannot write.
    #[error("the exchange does not answer")]
    Unavailable,
}

/// A lead of a person; no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonLead {
    /// The lead.
    pub lead: LeadId,
    /// Who brought it.
    pub seller: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// When it was admitted.
    pub admitted: UtcMicros,
    /// Who got it.
    pub buyers: Vec<LeadBuyer>,
    /// When it was erased.
    pub erased: Option<UtcMicros>,
}

/// A company that got a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadBuyer {
    /// The company.
    pub buyer: Box<str>,
    /// The campaign.
    pub campaign: Box<str>,
    /// The post with which it came.
    pub post: PostId,
    /// The sale.
    pub sale: SaleId,
    /// How the sale stands; nothing where the post is unknown, and so perhaps none.
    pub state: Option<SaleState>,
}

/// All that is held about a person in one lead. It has no `Debug`: it is personal data.
#[expect(missing_debug_implementations, reason = "printing personal data is what this type prevents")]
pub struct PersonExport {
    /// The lead and who got it.
    pub lead: PersonLead,
    /// Every field, by its path as a seller sends it (`fields.phone`, `consent.text`, `source.ip`); nothing where
    /// the lead was erased.
    pub data: Vec<(Box<str>, Pii<Box<str>>)>,
}

/// A person was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonErased {
    /// Names the request.
    pub request: ErasureId,
    /// When.
    pub at: UtcMicros,
    /// The leads concerned and who got them. Those that had been erased before are found by nobody any more.
    pub leads: Vec<PersonLead>,
}

/// Names a request for erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErasureId(pub Uuid7);

impl fmt::Display for ErasureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "erasure_{:032x}", self.0.as_u128())
    }
}

/// The erasure of one lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasedLead {
    /// Names the request.
    pub request: ErasureId,
    /// The lead; no buyer is shown it.
    pub lead: LeadId,
    /// Who brought it; no buyer is shown it.
    pub seller: Box<str>,
    /// In which vertical.
    pub vertical: Box<str>,
    /// When.
    pub at: UtcMicros,
    /// Who asked for it: `operator:ada`, or `retention`; no buyer is shown it.
    pub by: Box<str>,
    /// Who got the lead, and has erased it too or not; a buyer is shown itself only.
    pub told: Vec<ToldBuyer>,
}

/// A company that got an erased lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldBuyer {
    /// The company.
    pub buyer: Box<str>,
    /// The post with which it got the lead.
    pub post: PostId,
    /// Its sale.
    pub sale: SaleId,
    /// When it said that it has erased the lead too.
    pub acknowledged: Option<UtcMicros>,
}

/// How an erased lead is named by a buyer, which knows its post and sale but never the lead's own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasedId {
    /// By the lead's id.
    Lead(LeadId),
    /// By the post with which it came.
    Post(PostId),
    /// By its sale.
    Sale(SaleId),
}

/// A buyer has erased a lead too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// When it first said so.
    pub at: UtcMicros,
    /// Whether it had said so before.
    pub replayed: bool,
}
