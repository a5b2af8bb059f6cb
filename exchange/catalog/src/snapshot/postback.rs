//! [`Postback`]: a URL of a seller's tracker, with places for what became of a lead.

use exchange_types::{EndpointIndex, EventKind};

/// A URL that is called when something became of a lead.
#[derive(Debug, Clone)]
pub struct Postback {
    /// Where it goes: scheme, host and port.
    pub endpoint: EndpointIndex,
    /// Path and query, beginning with a slash.
    pub template: Box<[PostbackPiece]>,
    /// Whether the query goes as the form of a `POST`, or in the URL of a `GET`.
    pub method: PostbackMethod,
    /// When it is called.
    pub on: Box<[EventKind]>,
}

/// How a postback is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostbackMethod {
    /// `GET`, everything in the URL.
    #[default]
    Get,
    /// `POST` of the query as a form.
    Post,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostbackPiece {
    /// Text that stands as it is.
    Text(Box<str>),
    /// What is filled in.
    Place(PostbackPlace),
}

/// What may be filled into a template. Nothing of it is personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostbackPlace {
    /// The id of the event.
    EventId,
    /// What happened, such as `lead.sold`.
    Event,
    /// The lead.
    LeadId,
    /// The sale, where the event is about one.
    SaleId,
    /// The seller's own word for the lead.
    SellerRef,
    /// One of the seller's sub-ids, counted from zero.
    SubId(usize),
    /// The kind of lead.
    Vertical,
    /// What the seller earns now.
    Payout,
    /// In which currency.
    Currency,
    /// Why, where there is a reason.
    Reason,
    /// When it happened.
    CreatedAt,
    /// A field of the lead that is not personal, by its name.
    Field(Box<str>),
}

impl PostbackPlace {
    /// Every place but those of fields, with its name in a template.
    pub const NAMED: [(&str, Self); 13] = [
        ("event_id", Self::EventId),
        ("event", Self::Event),
        ("lead_id", Self::LeadId),
        ("sale_id", Self::SaleId),
        ("seller_ref", Self::SellerRef),
        ("sub_id", Self::SubId(0)),
        ("sub_id_2", Self::SubId(1)),
        ("sub_id_3", Self::SubId(2)),
        ("vertical", Self::Vertical),
        ("payout", Self::Payout),
        ("currency", Self::Currency),
        ("reason", Self::Reason),
        ("created_at", Self::CreatedAt),
    ];
    /// What the name of a field's place begins with.
    pub const FIELD_PREFIX: &str = "fields.";
}
