//! The complaint call: what is held about a person, and erasing it.
//!
//! A person is named in the body, never in a URL, since URLs are logged by whatever stands in between. What comes in
//! and goes out of here in clear is in types that have no `Debug`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use exchange_types::{LeadId, Pii, PostId, SaleId};
use exchange_wire::FieldError;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::caller::Operator;
use crate::fields::{Fields, refused, words};
use crate::listing::read_page;
use crate::problem_response::ProblemResponse;
use crate::request_body::read_bytes;
use crate::shown::Shown;
use crate::{
    Backend, ErasureId, LeadBuyer, ListError, Listed, Page, Person, PersonError, PersonExport, PersonLead,
    Unavailable, limits, waiting,
};

/// A page of the leads of a person.
#[derive(Debug, Serialize)]
pub(crate) struct FoundBody {
    leads: Vec<PersonLeadBody>,
    /// Whether these are the last.
    complete: bool,
    /// Where the next page begins; nothing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Box<str>>,
}

/// A lead of a person.
#[derive(Debug, Serialize)]
pub(crate) struct PersonLeadBody {
    lead_id: Shown<LeadId>,
    seller: Box<str>,
    vertical: Box<str>,
    admitted_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<String>,
    buyers: Vec<LeadBuyerBody>,
}

/// A company that got a lead, or may have got it.
#[derive(Debug, Serialize)]
struct LeadBuyerBody {
    buyer: Box<str>,
    campaign: Box<str>,
    post_id: Shown<PostId>,
    sale_id: Shown<SaleId>,
    status: &'static str,
}

/// A person was erased.
#[derive(Debug, Serialize)]
pub(crate) struct ErasedBody {
    erasure_id: Shown<ErasureId>,
    erased_at: String,
    leads: Vec<PersonLeadBody>,
}

/// A page of all that is held about a person. No `Debug`: it is in clear.
#[derive(Serialize)]
struct ExportBody {
    leads: Vec<ExportedLead>,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Box<str>>,
}

/// All that is held about a person in one lead. No `Debug`: it is in clear.
#[derive(Serialize)]
struct ExportedLead {
    #[serde(flatten)]
    lead: PersonLeadBody,
    data: Clear,
}

/// Personal data on its way to the operator who asked for it. No `Debug`.
struct Clear(Vec<(Box<str>, Box<str>)>);

impl Serialize for Clear {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (path, text) in &self.0 {
            map.serialize_entry(path, text)?;
        }
        map.end()
    }
}

/// Finds the leads of a person.
pub(crate) async fn find<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    request: Request,
) -> Result<Json<FoundBody>, ProblemResponse> {
    let (person, page) = read_person_page(request).await?;
    let Listed { items, next } =
        waiting::read(limits::STORE_TIMEOUT, backend.find_person(person, page)).await?;
    tracing::info!(operator = %operator.principal, leads = items.len(), "a person was looked up");
    let leads = items.into_iter().map(PersonLeadBody::of).collect();
    Ok(Json(FoundBody { leads, complete: next.is_none(), next }))
}

/// Shows all that is held about a person.
pub(crate) async fn export<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    request: Request,
) -> Result<Response, ProblemResponse> {
    let (person, page) = read_person_page(request).await?;
    let Listed { items, next } =
        waiting::read(limits::STORE_TIMEOUT, backend.export_person(person, page)).await?;
    tracing::info!(operator = %operator.principal, leads = items.len(), "what is held about a person was exported");
    let leads = items.into_iter().map(ExportedLead::of).collect();
    Ok(Json(ExportBody { leads, complete: next.is_none(), next }).into_response())
}

/// Erases a person.
pub(crate) async fn erase<B: Backend>(
    operator: Operator,
    State(backend): State<Arc<B>>,
    request: Request,
) -> Result<Json<ErasedBody>, ProblemResponse> {
    let mut fields = Fields::of_body(&read_bytes(request, limits::BODY_BYTES_MAX).await?)?;
    let person = read_person(&mut fields);
    let person = fields.finish(Some(person))?;
    let by = operator.scope().owner();
    let erased = waiting::change(async move { backend.erase_person(person, by).await }).await??;
    tracing::info!(operator = %operator.principal, erasure = %erased.request, leads = erased.leads.len(), "a person was erased");
    Ok(Json(ErasedBody {
        erasure_id: Shown(erased.request),
        erased_at: erased.at.to_string(),
        leads: erased.leads.into_iter().map(PersonLeadBody::of).collect(),
    }))
}

/// Reads a person and which page of its leads is wanted. Cursors name a lead, never a person.
async fn read_person_page(request: Request) -> Result<(Person, Page), ProblemResponse> {
    let mut fields = Fields::of_body(&read_bytes(request, limits::BODY_BYTES_MAX).await?)?;
    let person = read_person(&mut fields);
    let page = read_page(&mut fields);
    fields.finish(Some((person, page)))
}

fn read_person(fields: &mut Fields) -> Person {
    if !fields.has("phone") && !fields.has("email") {
        for key in ["phone", "email"] {
            fields.fault(key, ("missing", "has to be given, or the other one".into()));
        }
    }
    let mut address = |key| fields.optional(key, words(limits::PERSON_BYTES_MAX));
    let (phone, email) = (address("phone"), address("email"));
    let pii = |text: String| Pii::new(text.into_boxed_str());
    Person { phone: phone.map(pii), email: email.map(pii) }
}

impl PersonLeadBody {
    fn of(lead: PersonLead) -> Self {
        Self {
            lead_id: Shown(lead.lead),
            seller: lead.seller,
            vertical: lead.vertical,
            admitted_at: lead.admitted.to_string(),
            erased_at: lead.erased.map(|at| at.to_string()),
            buyers: lead.buyers.into_iter().map(LeadBuyerBody::of).collect(),
        }
    }
}

impl LeadBuyerBody {
    fn of(got: LeadBuyer) -> Self {
        Self {
            buyer: got.buyer,
            campaign: got.campaign,
            post_id: Shown(got.post),
            sale_id: Shown(got.sale),
            status: got.state.map_or("unknown", exchange_protocol::SaleState::name),
        }
    }
}

impl ExportedLead {
    fn of(export: PersonExport) -> Self {
        let PersonExport { lead, data } = export;
        let data = data.into_iter().map(|(path, text)| (path, text.reveal())).collect();
        Self { lead: PersonLeadBody::of(lead), data: Clear(data) }
    }
}

impl From<PersonError> for ProblemResponse {
    fn from(error: PersonError) -> Self {
        let malformed = |field, message| refused(vec![FieldError::new(field, "malformed", message)]);
        match error {
            PersonError::Phone => {
                malformed("phone", "has to be a number in international form: +498912345678")
            }
            PersonError::Email => malformed("email", "has to be an e-mail address"),
            PersonError::Cursor => ListError::Cursor.into(),
            PersonError::Behind => waiting::unavailable(
                "the store is behind the journal, and without its last leads the answer would not be whole: \
                 ask again",
            ),
            PersonError::Unavailable => Unavailable.into(),
        }
    }
}

impl From<ListError> for PersonError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Cursor => Self::Cursor,
            ListError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<Unavailable> for PersonError {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}
