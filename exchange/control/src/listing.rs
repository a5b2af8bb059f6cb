//! The query and the answer of a list: pages by cursor, and what narrows it.

use axum::http::Uri;
use exchange_types::UtcMicros;
use serde::Serialize;

use crate::fields::{Fields, name, one_of, time, token, whole_number};
use crate::problem_response::ProblemResponse;
use crate::{Filter, Listed, Page, Scope, limits};

/// What a list can be narrowed by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// `from` and `to`.
    Times,
    /// One of the words of its status.
    Status(&'static [&'static str]),
    Vertical,
    /// For operators.
    Seller,
    /// For operators.
    Buyer,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct ListBody<T> {
    items: Vec<T>,
    /// Where the next page begins; nothing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Box<str>>,
}

impl<T> ListBody<T> {
    /// Returns a page with each item in the words of its reader; an item that is not the reader's is left out.
    pub(crate) fn of<I>(listed: Listed<I>, body: impl FnMut(I) -> Option<T>) -> Self {
        Self { items: listed.items.into_iter().filter_map(body).collect(), next: listed.next }
    }
}

/// Reads which page is wanted of what.
///
/// Only operators narrow by seller or buyer: a partner who could would learn who its counterpart is.
pub(crate) fn read_query(
    uri: &Uri,
    scope: &Scope,
    narrowing: &[By],
) -> Result<(Filter, Page), ProblemResponse> {
    let mut query = Fields::of_query(uri)?;
    let everything = scope.is_everything();
    let mut filter = Filter::default();
    for by in narrowing {
        match *by {
            By::Times => (filter.from, filter.to) = read_times(&mut query),
            By::Status(words) => filter.status = query.optional("status", one_of(words, |word| word)),
            By::Vertical => filter.vertical = query.optional("vertical", name),
            By::Seller if everything => filter.seller = query.optional("seller", name),
            By::Buyer if everything => filter.buyer = query.optional("buyer", name),
            By::Seller | By::Buyer => {}
        }
    }
    let page = read_page(&mut query);
    query.finish(Some((filter, page)))
}

/// Reads which page is wanted.
pub(crate) fn read_page(from: &mut Fields) -> Page {
    let cursor = from.optional("cursor", token(limits::CURSOR_BYTES_MAX));
    let limit = from.optional("limit", whole_number(limits::PAGE_ITEMS_MAX));
    Page { cursor, limit: limit.unwrap_or(limits::PAGE_ITEMS_DEFAULT) }
}

fn read_times(query: &mut Fields) -> (Option<UtcMicros>, Option<UtcMicros>) {
    let (from, to) = (query.optional("from", time), query.optional("to", time));
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        query.fault("to", ("out_of_range", "has to be later than `from`".into()));
    }
    (from, to)
}
