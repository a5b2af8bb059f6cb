//! Suppression lists: of the exchange for operators, of its own for a buyer.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use exchange_protocol::SuppressionList;
use exchange_types::Pii;
use exchange_wire::FieldError;
use exchange_wire::lead::sha256_of_hex;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::caller::{Caller, OrBuyers};
use crate::fields::{Fault, Fields, one_of, refused, token, words};
use crate::listing::{ListBody, read_page};
use crate::problem_response::ProblemResponse;
use crate::request_body::read_bytes;
use crate::{
    Backend, ListedPerson, Scope, SuppressError, SuppressionEntry, Unavailable, WantedSuppression, limits,
    waiting,
};

/// The list of a buyer.
const OWN: [SuppressionList; 1] = [SuppressionList::Own];
/// How a person may be named.
const KEYS: [&str; 4] = ["phone", "email", "phone_sha256", "email_sha256"];

/// What became of a list.
#[derive(Debug, Serialize)]
pub(crate) struct ChangedBody {
    list: &'static str,
    /// Entries for which that changed something; the others stood there already, or did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<usize>,
}

/// An entry.
#[derive(Debug, Serialize)]
pub(crate) struct EntryBody {
    list: &'static str,
    entry: String,
    by: Box<str>,
    added_at: String,
}

/// Puts persons on a list.
pub(crate) async fn add<B: Backend>(
    caller: Caller<OrBuyers>,
    State(backend): State<Arc<B>>,
    request: Request,
) -> Result<Json<ChangedBody>, ProblemResponse> {
    change(caller, backend, request, true).await
}

/// Takes persons off a list.
pub(crate) async fn remove<B: Backend>(
    caller: Caller<OrBuyers>,
    State(backend): State<Arc<B>>,
    request: Request,
) -> Result<Json<ChangedBody>, ProblemResponse> {
    change(caller, backend, request, false).await
}

/// Lists who stands on the caller's lists, by keyed digests.
pub(crate) async fn list<B: Backend>(
    caller: Caller<OrBuyers>,
    State(backend): State<Arc<B>>,
    uri: Uri,
) -> Result<Json<ListBody<EntryBody>>, ProblemResponse> {
    let scope = caller.scope();
    let mut query = Fields::of_query(&uri)?;
    let list = query.optional("list", one_of(lists_of(&scope), SuppressionList::name));
    let page = read_page(&mut query);
    let (list, page) = query.finish(Some((list, page)))?;
    let listed = waiting::read(limits::STORE_TIMEOUT, backend.suppressions(&scope, list, page)).await?;
    Ok(Json(ListBody::of(listed, |entry| Some(EntryBody::of(entry)))))
}

async fn change<B: Backend>(
    caller: Caller<OrBuyers>,
    backend: Arc<B>,
    request: Request,
    on: bool,
) -> Result<Json<ChangedBody>, ProblemResponse> {
    let scope = caller.scope();
    let mut fields = Fields::of_body(&read_bytes(request, limits::SUPPRESSIONS_BYTES_MAX).await?)?;
    let named = one_of(lists_of(&scope), SuppressionList::name);
    // A buyer has one list.
    let list = match scope.buyer() {
        Some(_) => Some(fields.optional("list", named).unwrap_or(SuppressionList::Own)),
        None => fields.required("list", named),
    };
    if !fields.has("entries") {
        fields.fault("entries", ("missing", "has to be given".into()));
    }
    let entries = fields.objects("entries", limits::SUPPRESSION_ENTRIES_MAX, read_entry);
    let list = fields.finish(list)?;
    let buyer = scope.buyer().unwrap_or_default().into();
    let wanted = WantedSuppression { list, buyer, on, entries, by: scope.owner() };
    let changed = waiting::change(async move { backend.suppress(wanted).await }).await??;
    let list = list.name();
    tracing::info!(by = %caller.principal, list, on, changed, "a suppression list was changed");
    Ok(Json(ChangedBody { list, added: on.then_some(changed), removed: (!on).then_some(changed) }))
}

fn lists_of(scope: &Scope) -> &'static [SuppressionList] {
    if scope.buyer().is_some() { &OWN } else { &SuppressionList::EXCHANGE }
}

/// Reads one entry: a person is named in one way.
fn read_entry(fields: &mut Fields) -> Option<ListedPerson> {
    let given: Vec<&'static str> = KEYS.into_iter().filter(|key| fields.has(key)).collect();
    let [key] = *given else {
        let keys = KEYS.join(", ");
        fields.fault("", ("wrong_type", format!("has to hold one of {keys}").into()));
        return None;
    };
    let address = words(limits::PERSON_BYTES_MAX);
    let pii = |text: String| Pii::new(text.into_boxed_str());
    match key {
        "phone" => fields.optional(key, address).map(|text| ListedPerson::Phone(pii(text))),
        "email" => fields.optional(key, address).map(|text| ListedPerson::Email(pii(text))),
        _ => fields.optional(key, digest).map(ListedPerson::Digest),
    }
}

fn digest(raw: &RawValue) -> Result<[u8; 32], Fault> {
    let malformed = ("malformed", "is not a SHA-256 as 64 hexadecimal digits in lower case".into());
    sha256_of_hex(&token(64)(raw)?).ok_or(malformed)
}

impl EntryBody {
    fn of(entry: SuppressionEntry) -> Self {
        let SuppressionEntry { list, digest, by, at } = entry;
        Self { list: list.name(), entry: format!("{digest:032x}"), by, added_at: at.to_string() }
    }
}

impl From<SuppressError> for ProblemResponse {
    fn from(error: SuppressError) -> Self {
        match error {
            SuppressError::Entries(places) => {
                let message =
                    "has to be a phone in international form, such as +498912345678, or an e-mail address";
                let fault = |place| FieldError::new(format!("entries.{place}"), "malformed", message);
                refused(places.into_iter().map(fault).collect())
            }
            SuppressError::TooMany { left } => {
                let message =
                    format!("are more than the lists have room for: {left} (limits.suppressions_max)");
                refused(vec![FieldError::new("entries", "out_of_range", message)])
            }
            SuppressError::Unavailable => Unavailable.into(),
        }
    }
}
