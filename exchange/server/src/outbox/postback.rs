//! What a seller's tracker is told by postback.

use std::sync::Arc;

use bytes::Bytes;
use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{PostbackMethod, PostbackPlace, Vertical};
use exchange_store::{EventView, LeadView};
use exchange_transport::{Call, RequestHeaders};
use exchange_types::{FieldIndex, LeadId, Nanos, SaleId, Submission};
use exchange_wire::event::EventId;
use exchange_wire::postback;
use tokio::time::Instant;

use super::standings::Standing;
use super::{MESSAGE_MAX, Message, Next, NoMessage, Outgoing, REPLY_BYTES_MAX, Sender};
use crate::held::text_of;

/// Events that are looked at to find one of which the tracker is told.
const EVENTS_MAX: u16 = 32;

impl Sender {
    /// Returns the next call of a seller's tracker.
    pub(super) async fn next_postback(
        &self,
        snapshot: &Snapshot,
        standing: &Standing,
    ) -> Result<Next, NoMessage> {
        let owner = &*standing.receiver.owner;
        let seller = snapshot.seller_named(owner).and_then(|index| snapshot.seller(index));
        let Some(postback) = seller.and_then(|seller| seller.postback.as_ref()) else {
            return Ok(Next::Nothing);
        };
        let events = self.store.events_of(owner, standing.view.sequence, EVENTS_MAX).await?;
        let Some(last) = events.last() else { return Ok(Next::Nothing) };
        let Some(event) = events.iter().find(|event| postback.on.contains(&event.kind)) else {
            return Ok(Next::Skipped { up_to: last.sequence });
        };
        let Some(told) = self.told_of(event).await? else {
            // Of an erased lead nothing is known by which a tracker could know it.
            return Ok(Next::Skipped { up_to: event.sequence });
        };
        let url = postback::fill(&postback.template, |place| told.value(place));
        let (path, form) = match postback.method {
            PostbackMethod::Get => (&*url, None),
            PostbackMethod::Post => {
                let (path, query) = url.split_once('?').unwrap_or((&url, ""));
                (path, Some(Bytes::copy_from_slice(query.as_bytes())))
            }
        };
        let call = Call {
            headers: RequestHeaders::default(),
            path: path.into(),
            form,
            deadline: Instant::now() + MESSAGE_MAX,
            reply_bytes_max: REPLY_BYTES_MAX,
        };
        let endpoint = snapshot.endpoint(postback.endpoint).ok_or(NoMessage::Unmade)?;
        Ok(Next::Message(Box::new(Message {
            up_to: event.sequence,
            at: event.at,
            endpoint: self.client.endpoint(endpoint),
            pause: Nanos::ZERO,
            outgoing: Outgoing::Call(call),
        })))
    }

    /// Returns an event with the lead that it is about; nothing where that is erased.
    async fn told_of<'a>(&self, event: &'a EventView) -> Result<Option<Told<'a>>, NoMessage> {
        let Some(view) = self.store.lead(event.lead).await? else { return Ok(None) };
        let Some(lead) = self.open_lead(event.lead).await? else { return Ok(None) };
        let snapshot = self.old_catalogs.snapshot_beside(&self.shared, view.catalog_version);
        Ok(Some(Told { event, view, lead, snapshot }))
    }
}

/// What a tracker may be told.
struct Told<'a> {
    event: &'a EventView,
    view: LeadView,
    lead: Submission,
    /// The catalog of the lead's auction, in which its fields have their names.
    snapshot: Option<Arc<Snapshot>>,
}

impl Told<'_> {
    fn value(&self, place: &PostbackPlace) -> Option<String> {
        let event = self.event;
        match place {
            PostbackPlace::EventId => Some(EventId(event.id).to_string()),
            PostbackPlace::Event => Some(event.kind.name().to_owned()),
            PostbackPlace::LeadId => Some(LeadId(event.lead).to_string()),
            PostbackPlace::SaleId => event.sale_id.as_ref().map(SaleId::to_string),
            PostbackPlace::SellerRef => self.lead.seller_ref().map(str::to_owned),
            PostbackPlace::SubId(at) => self.lead.sub_ids().nth(*at).map(str::to_owned),
            PostbackPlace::Vertical => Some(self.view.vertical.to_string()),
            PostbackPlace::Payout => Some(event.payout.display(event.currency).to_string()),
            PostbackPlace::Currency => Some(event.currency.to_string()),
            PostbackPlace::Reason => event.reason.map(str::to_owned),
            PostbackPlace::CreatedAt => Some(event.at.to_string()),
            PostbackPlace::Field(name) => self.field(name),
        }
    }

    /// Returns a field's value. One that was personal when the lead came is none of a tracker's business.
    fn field(&self, name: &str) -> Option<String> {
        let vertical: &Vertical = self.snapshot.as_ref()?.vertical(self.lead.vertical)?;
        let at = vertical.fields.iter().position(|field| &*field.name == name)?;
        let field = vertical.fields.get(at).filter(|field| !field.personal)?;
        let value = self.lead.value(FieldIndex(u16::try_from(at).ok()?))?;
        Some(text_of(value, Some(field), &self.lead))
    }
}
