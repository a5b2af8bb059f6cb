//! What a buyer is told of its bids.

use bytes::Bytes;
use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Campaign, MinimumToWin};
use exchange_node::{BidEnd, BidFate, ResolvedPost};
use exchange_store::ClosingView;
use exchange_transport::Request;
use exchange_types::Nanos;
use exchange_wire::Signer;
use exchange_wire::notice::{self, BatchId, Notice, NoticeId, NoticeOutcome};
use tokio::time::Instant;

use super::standings::Standing;
use super::{MESSAGE_MAX, Message, Next, NoMessage, Outgoing, REPLY_BYTES_MAX, Sender};
use crate::signed_headers::signed_headers;
use crate::wall_clock;

/// Auctions that are looked at to fill a message: their accounts have some kilobytes each.
const CLOSINGS_MAX: u16 = 200;

impl Sender {
    /// Returns the next message with notices to a campaign.
    pub(super) async fn next_notices(
        &self,
        snapshot: &Snapshot,
        standing: &Standing,
    ) -> Result<Next, NoMessage> {
        let owner = &*standing.receiver.owner;
        let campaign = snapshot.campaigns.iter().find(|campaign| &*campaign.name == owner);
        let Some((campaign, notices)) = campaign.and_then(|campaign| Some((campaign, campaign.notices?)))
        else {
            return Ok(Next::Nothing);
        };
        let vertical = snapshot.vertical(campaign.vertical).ok_or(NoMessage::Unmade)?;
        let rule = vertical.minimum_to_win;
        let after = standing.view.sequence;
        let closings = self.store.closings_of(&vertical.name, after, CLOSINGS_MAX).await?;
        if closings.is_empty() {
            return Ok(Next::Nothing);
        }
        let now = wall_clock::utc_now();
        let (mut up_to, mut told) = (after, Vec::new());
        for closing in &closings {
            let from = closing.at.saturating_add(rule.map_or(Nanos::ZERO, |rule| rule.delay));
            if now < from && up_to == after {
                return Ok(Next::Later(from));
            }
            if now < from || told.len() >= usize::from(notices.batch_max) {
                break;
            }
            told.extend(self.notice(closing, campaign, rule));
            up_to = closing.sequence;
        }
        let Some(first) = told.first() else { return Ok(Next::Skipped { up_to }) };
        let (at, id) = (first.at, self.batch_id(&told).to_string());
        let mut body = Vec::with_capacity(1_024);
        notice::render(&campaign.name, vertical.currency, &told, &mut body);
        let headers = signed_headers(&Signer::new(&campaign.secrets), &id, now, &body);
        let endpoint = snapshot.endpoint(notices.endpoint).ok_or(NoMessage::Unmade)?;
        let request = Request {
            headers: headers.ok_or(NoMessage::Unmade)?,
            body: Bytes::from(body),
            deadline: Instant::now() + MESSAGE_MAX,
            reply_bytes_max: REPLY_BYTES_MAX,
            // A receiver knows a notice by its id.
            retry_stale: true,
        };
        Ok(Next::Message(Box::new(Message {
            up_to,
            at,
            endpoint: self.client.endpoint(endpoint),
            pause: notices.every,
            outgoing: Outgoing::Request(request),
        })))
    }

    /// Returns what a campaign is told of an auction.
    fn notice(
        &self,
        closing: &ClosingView,
        campaign: &Campaign,
        rule: Option<MinimumToWin>,
    ) -> Option<Notice> {
        let resolved = closing.resolved.as_ref().map(|(candidate, post)| ResolvedPost {
            candidate: *candidate,
            outcome: post.state.outcome(),
            price: post.price_agreed,
        });
        let story = &closing.story;
        let end = BidEnd::of(&campaign.name, (story, &closing.names), resolved, rule)?;
        let (outcome, price) = match end.fate {
            BidFate::Won(price) => (NoticeOutcome::Won, Some(price)),
            BidFate::Lost => (NoticeOutcome::Lost, None),
            BidFate::Void => (NoticeOutcome::Void, None),
        };
        let id = self.notice_key.hasher().number(u128::from(closing.sequence)).number(story.id.as_u128());
        Some(Notice {
            notice_id: NoticeId(id.number(u128::from(end.candidate.0)).finish()),
            ping_id: self.sale_keys.ping(story.id, end.candidate),
            outcome,
            reason: end.reason,
            bid: end.bid,
            price,
            minimum_to_win: end.minimum_to_win,
            at: closing.at,
        })
    }

    /// Returns the id of a message: another one where it holds other notices.
    fn batch_id(&self, told: &[Notice]) -> BatchId {
        let ids = told.iter().fold(self.notice_key.hasher(), |hash, notice| hash.number(notice.notice_id.0));
        BatchId(ids.finish())
    }
}
