//! [`Problem`]: an answer that is no business outcome, as RFC 9457 writes it.

use std::borrow::Cow;

use exchange_types::Nanos;

use crate::json::Writer;

/// The media type of a rendered problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A request that was not admitted, or an exchange that could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, out of a closed list; gives status, `type` and `title`.
    pub kind: ProblemKind,
    /// What is wrong with this request, and what would be right. It repeats no values.
    pub detail: Cow<'static, str>,
    /// Every bad field.
    pub errors: Vec<FieldError>,
    /// After how many seconds to try again; also the `Retry-After` header.
    pub retry_after_s: Option<u32>,
}

/// A bad field of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The path in the body: `fields.zip`, `consent.captured_at`.
    pub field: String,
    /// A stable word: `missing`, `wrong_type`, `not_in_enum`, `out_of_range`, `malformed`, `too_long`, ...
    pub code: &'static str,
    /// What would be right.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// Returns an error of a field.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.begin_object();
        writer.key("field").text(&self.field);
        writer.key("code").text(self.code);
        writer.key("message").text(&self.message);
        writer.end_object();
    }
}

impl Problem {
    /// Returns a problem without bad fields.
    pub fn new(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// Returns the problem with these bad fields.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// Returns the problem with a time after which to try again, rounded up to whole seconds.
    #[must_use]
    pub fn with_retry_after(self, time: Nanos) -> Self {
        let seconds = time.0.div_ceil(Nanos::from_secs(1).0);
        Self { retry_after_s: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..self }
    }

    /// Returns the HTTP status.
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }

    /// Appends the document to `out`.
    pub fn render(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        writer.begin_object();
        writer.key("type").plain_text(format_args!("/problems/{}", self.kind.name()));
        writer.key("title").text(self.kind.title());
        writer.key("status").unsigned(u64::from(self.status()));
        writer.key("detail").text(&self.detail);
        if !self.errors.is_empty() {
            writer.key("errors").begin_array();
            for error in &self.errors {
                error.write(&mut writer);
            }
            writer.end_array();
        }
        if let Some(seconds) = self.retry_after_s {
            writer.key("retry_after_s").unsigned(u64::from(seconds));
        }
        writer.end_object();
    }
}

macro_rules! problem_kinds {
    ($($(#[$doc:meta])* $variant:ident = $status:literal $name:literal $title:literal;)+) => {
        /// What can be wrong, as a closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemKind {
            $($(#[$doc])* $variant,)+
        }

        impl ProblemKind {
            /// Every kind, by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// Returns the stable name, with which `type` ends.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns the title: the same words for every problem of this kind.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

problem_kinds! {
    /// The request breaks the rules of HTTP.
    MalformedRequest = 400 "malformed_request" "The request breaks the rules of HTTP";
    /// The body cannot be parsed.
    MalformedBody = 400 "malformed_body" "The body cannot be parsed";
    /// There is no key, or none that is known.
    Unauthorized = 401 "unauthorized" "No valid key came with the request";
    /// The key lacks the scope.
    Forbidden = 403 "forbidden" "The key does not allow this";
    /// There is no such thing, or it is another tenant's.
    NotFound = 404 "not_found" "There is nothing here";
    /// The path is known, the method is not.
    MethodNotAllowed = 405 "method_not_allowed" "The path does not take this method";
    /// The request did not arrive in time.
    RequestTimeout = 408 "request_timeout" "The request did not arrive in time";
    /// The idempotency key came before, with another body.
    IdempotencyKeyReused = 409 "idempotency_key_reused" "The idempotency key belongs to another body";
    /// The idempotency key belongs to a lead that was erased.
    LeadErased = 409 "lead_erased" "The lead of this key was erased";
    /// A field of the post differs from the ping's.
    PingFieldChanged = 409 "ping_field_changed" "A field differs from the ping";
    /// The ping's offers have expired.
    PingExpired = 409 "ping_expired" "The offers of this ping have expired";
    /// The ping was sold or given back.
    PingClosed = 409 "ping_closed" "This ping is closed";
    /// The ping was lost in a power cut.
    PingLost = 409 "ping_lost" "This ping was lost";
    /// The answer to the post may still come.
    PostInFlight = 409 "post_in_flight" "The post is still on its way";
    /// The time for returns is over.
    ReturnWindowClosed = 409 "return_window_closed" "The return window of this sale is closed";
    /// The campaign knows no returns.
    ReturnsNotAllowed = 409 "returns_not_allowed" "This campaign knows no returns";
    /// The campaign takes no returns for this reason.
    ReasonNotAllowed = 409 "reason_not_allowed" "This campaign takes no returns for this reason";
    /// The lead was given back.
    AlreadyReturned = 409 "already_returned" "The sale was returned already";
    /// The sale was taken back.
    AlreadyReversed = 409 "already_reversed" "The sale was reversed already";
    /// The sale has settled.
    AlreadySettled = 409 "already_settled" "The sale has settled already";
    /// The buyer has no prepaid balance.
    NotPrepaid = 409 "not_prepaid" "The buyer has no prepaid balance";
    /// There is less in the balance than is to leave it.
    InsufficientBalance = 409 "insufficient_balance" "The balance is less than that";
    /// The auction is not over.
    AuctionRunning = 409 "auction_running" "The auction is not over yet";
    /// What a replay needs is no longer held.
    ReplayImpossible = 409 "replay_impossible" "What a replay needs is no longer held";
    /// The body is too large.
    PayloadTooLarge = 413 "payload_too_large" "The body is too large";
    /// The body is of a type that is not taken.
    UnsupportedMediaType = 415 "unsupported_media_type" "The body's media type is not taken";
    /// Fields are missing or wrong.
    Validation = 422 "validation" "Some fields are missing or wrong";
    /// An offer's company is not among those that the consent names.
    SellerNotNamed = 422 "seller_not_named" "The consent does not name a company of a chosen offer";
    /// The chosen offers do not fit together.
    OffersConflict = 422 "offers_conflict" "The chosen offers do not fit together";
    /// An offer that this ping does not have.
    UnknownOffer = 422 "unknown_offer" "This ping has no such offer";
    /// The catalog has mistakes.
    CatalogRefused = 422 "catalog_refused" "The catalog has mistakes and was refused whole";
    /// The key or address sends too much.
    RateLimited = 429 "rate_limited" "Too many requests";
    /// An unsold lead came again too soon.
    ResubmittedTooSoon = 429 "resubmitted_too_soon" "An unsold lead came again too soon";
    /// Too many pings of the seller are never posted.
    TooManyUnposted = 429 "too_many_unposted" "Too many pings are never posted";
    /// The header is too large.
    HeaderTooLarge = 431 "header_too_large" "The header is too large";
    /// The exchange failed.
    Internal = 500 "internal" "The exchange failed";
    /// The exchange has no room for more.
    Overloaded = 503 "overloaded" "The exchange has no room for more";
    /// The exchange is starting or stopping.
    NotReady = 503 "not_ready" "The exchange is not ready";
}

#[cfg(test)]
mod tests;
