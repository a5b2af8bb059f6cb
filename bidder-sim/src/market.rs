//! [`Market`]: all buyers of the process, found by path, with their memory and their log.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::io;

use bytes::Bytes;
use exchange_types::HashKey;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::buyer::{Buyer, PostAnswer};
use crate::clock::unix_micros;
use crate::message::{PingMessage, PostMessage};
use crate::post_ledger::{KnownPost, PostKey, PostLedger};
use crate::profile::{Answer, Profile};
use crate::reply::Reply;
use crate::report::{Report, ReportTarget, Reports};
use crate::request::Request;
use crate::witness::{AnswerPart, HonestLine, MalformedLine, PingLine, PostLine, StatusLine, Witness};
use crate::{Fault, Signature, SigningKey};

/// What a buyer says about a post that never came.
const NOT_RECEIVED: &str = "not_received";

/// All buyers. One thread owns it, so its memory is behind cells and not behind locks.
#[derive(Debug)]
pub(crate) struct Market {
    buyers: Vec<Buyer>,
    by_name: HashMap<String, usize>,
    log_bodies: bool,
    person_field: Option<String>,
    /// Whether all faults are over.
    honest: Cell<bool>,
    reports: Reports,
    posts: RefCell<PostLedger>,
    witness: RefCell<Option<Witness>>,
    tally: Tally,
}

/// What was received in all, for `GET /stats`.
#[derive(Debug, Default, Serialize)]
struct Tally {
    pings: Cell<u64>,
    posts: Cell<u64>,
    taken: Cell<u64>,
    repeats: Cell<u64>,
    malformed: Cell<u64>,
}

impl Market {
    /// Opens the market of a profile.
    pub(crate) fn new(profile: Profile, witness: Option<Witness>) -> Self {
        let Profile { seed, seed_by, log_bodies, person_field, buyers } = profile;
        let buyers: Vec<_> = buyers.into_iter().map(|buyer| Buyer::new(buyer, seed, seed_by)).collect();
        let by_name =
            buyers.iter().enumerate().map(|(index, buyer)| (buyer.name().to_owned(), index)).collect();
        Self {
            buyers,
            by_name,
            log_bodies,
            person_field,
            honest: Cell::new(false),
            reports: Reports::default(),
            posts: RefCell::default(),
            witness: RefCell::new(witness),
            tally: Tally::default(),
        }
    }

    /// Returns the buyers.
    pub(crate) fn buyers(&self) -> &[Buyer] {
        &self.buyers
    }

    /// Writes what the log still holds back.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot be written.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.witness.borrow_mut().as_mut().map_or(Ok(()), Witness::flush)
    }

    /// Decides what to answer to a request, and notes it.
    pub(crate) fn answer(&self, request: &Request<'_>) -> Reply {
        let Some((name, action)) = request.path.strip_prefix('/').and_then(|path| path.split_once('/'))
        else {
            return self.answer_about_itself(request);
        };
        let Some((index, buyer)) =
            self.by_name.get(name).and_then(|&index| Some((index, self.buyers.get(index)?)))
        else {
            return Reply::plain(404, "no such buyer\n");
        };
        match (action, request.method) {
            ("ping", "POST") => self.ping(buyer, request),
            ("post", "POST") => self.post(index, buyer, request),
            ("ping" | "post", _) => Reply::plain(405, "POST only\n"),
            (_, "GET") if let Some(post_id) = action.strip_prefix("status/") => {
                self.status(index, buyer, post_id)
            }
            _ => Reply::plain(404, "a buyer has /ping, /post and /status/POST_ID\n"),
        }
    }

    fn answer_about_itself(&self, request: &Request<'_>) -> Reply {
        match (request.path, request.method) {
            ("/health", "GET") => Reply::plain(200, "ok\n"),
            ("/stats", "GET") => Reply::plain(200, serde_json::to_string(&self.tally).unwrap_or_default()),
            ("/honest", "POST") => {
                self.honest.set(true);
                self.note_now(&HonestLine { kind: "honest", at_us: unix_micros() });
                Reply::plain(200, "no fault from here on\n")
            }
            _ => Reply::plain(404, "a buyer has /NAME/ping, /NAME/post and /NAME/status/POST_ID\n"),
        }
    }

    fn ping(&self, buyer: &Buyer, request: &Request<'_>) -> Reply {
        count(&self.tally.pings);
        let silent = self.witness.borrow().is_none();
        if let Some(reply) = buyer.constant().filter(|_| silent) {
            return reply.clone();
        }
        let ping: PingMessage<'_> = match serde_json::from_slice(request.body) {
            Ok(ping) => ping,
            Err(error) => return self.malformed(buyer, request, error.to_string()),
        };
        let answer = buyer.answer_ping(&ping, self.honest.get());
        if !silent {
            let at_us = unix_micros();
            self.note(&PingLine {
                kind: "ping",
                at_us,
                buyer: buyer.name(),
                ping_id: &ping.ping_id,
                campaign_id: &ping.campaign_id,
                vertical: &ping.vertical,
                lead_ref: ping.lead_ref.as_deref(),
                timeout_ms: ping.timeout_ms,
                signature: signature(buyer, request, at_us),
                outcome: answer.outcome,
                bid: answer.bid.as_deref(),
                answer: AnswerPart::new(&answer.reply, answer.fault),
                body: self.body(request),
            });
        }
        answer.reply
    }

    fn post(&self, index: usize, buyer: &Buyer, request: &Request<'_>) -> Reply {
        count(&self.tally.posts);
        let post: PostMessage<'_> = match serde_json::from_slice(request.body) {
            Ok(post) => post,
            Err(error) => return self.malformed(buyer, request, error.to_string()),
        };
        let Some(idempotency_key) = request.idempotency_key.filter(|&key| key == post.post_id) else {
            return self.malformed(buyer, request, "the Idempotency-Key is not the post_id".to_owned());
        };
        let key = PostKey { buyer: index, idempotency_key: idempotency_key.to_owned() };
        let body_hash = HashKey::new([0; 16]).hasher().bytes(request.body).finish();
        let known = self.posts.borrow().known(&key).cloned();
        let (repeat, differs) =
            (known.is_some(), known.as_ref().is_some_and(|known| known.body_hash != body_hash));
        let (decision, fault, reply) = match known {
            Some(known) if self.honest.get() => (known.decision, None, known.honest),
            Some(known) => (known.decision, None, known.repeat),
            None => self.decide(key, body_hash, buyer, &post),
        };
        let taken = decision == Answer::Accepted;
        if repeat {
            count(&self.tally.repeats);
        } else if taken {
            count(&self.tally.taken);
        }
        let at_us = unix_micros();
        self.note_now(&PostLine {
            kind: "post",
            at_us,
            buyer: buyer.name(),
            post_id: idempotency_key,
            sale_id: &post.sale_id,
            ping_id: post.ping_id.as_deref(),
            bid_id: post.bid_id.as_deref(),
            campaign_id: &post.campaign_id,
            vertical: &post.vertical,
            lead_ref: post.lead_ref.as_deref(),
            price: &post.price,
            currency: &post.currency,
            exclusive: post.exclusive,
            signature: signature(buyer, request, at_us),
            outcome: decision.name(),
            person: self.person(&post),
            taken,
            repeat,
            differs,
            answer: AnswerPart::new(&reply, fault),
            body: self.body(request),
        });
        reply
    }

    /// Decides about a post that comes for the first time.
    fn decide(
        &self,
        key: PostKey,
        body_hash: u128,
        buyer: &Buyer,
        post: &PostMessage<'_>,
    ) -> (Answer, Option<Fault>, Reply) {
        let PostAnswer { decision, fault, reply, repeat, honest } = buyer.answer_post(post);
        if let Some(after) = buyer.profile().report_after {
            self.reports.add(Report {
                due: Instant::now() + after.0,
                buyer: key.buyer,
                post_id: key.idempotency_key.clone(),
                decision,
                attempts: 0,
                body: honest.body.clone(),
            });
        }
        self.posts
            .borrow_mut()
            .remember(key, KnownPost { body_hash, decision, repeat, honest: honest.clone() });
        if self.honest.get() { (decision, None, honest) } else { (decision, fault, reply) }
    }

    /// Says what became of a post.
    fn status(&self, index: usize, buyer: &Buyer, post_id: &str) -> Reply {
        let key = PostKey { buyer: index, idempotency_key: post_id.to_owned() };
        let known = self.posts.borrow().known(&key).map(|known| (known.decision, known.honest.body.clone()));
        let (outcome, body) = match known {
            Some((decision, body)) => (decision.name(), body),
            None => (NOT_RECEIVED, Bytes::from_static(br#"{"status":"not_received"}"#)),
        };
        let (name, at_us) = (buyer.name(), unix_micros());
        self.note_now(&StatusLine { kind: "status", at_us, buyer: name, post_id, outcome, http: None });
        Reply::plain(200, body)
    }

    /// Makes the buyers' own reports; never ends.
    pub(crate) async fn report(&self, target: &ReportTarget) {
        let name_of =
            |buyer: usize| self.buyers.get(buyer).map_or_else(String::new, |it| it.name().to_owned());
        let noted = |report: &Report, http| {
            let (buyer, post_id) = (name_of(report.buyer), report.post_id.as_str());
            let (at_us, outcome) = (unix_micros(), report.decision.name());
            self.note_now(&StatusLine { kind: "report", at_us, buyer: &buyer, post_id, outcome, http });
        };
        self.reports.make(target, name_of, noted).await;
    }

    /// Returns the value of the profile's field, if the post has it as a text.
    fn person<'a>(&self, post: &PostMessage<'a>) -> Option<Cow<'a, str>> {
        let name = self.person_field.as_deref()?;
        let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(post.fields.get()).ok()?;
        serde_json::from_str(fields.get(name)?.get()).ok()
    }

    fn malformed(&self, buyer: &Buyer, request: &Request<'_>, problem: String) -> Reply {
        count(&self.tally.malformed);
        let reply = Reply::plain(400, Bytes::from(format!("{problem}\n")));
        self.note(&MalformedLine {
            kind: "malformed",
            at_us: unix_micros(),
            buyer: buyer.name(),
            path: request.path,
            problem,
            body: self.body(request),
        });
        reply
    }

    fn note_now(&self, line: &impl Serialize) {
        if let Some(witness) = self.witness.borrow_mut().as_mut() {
            witness.note_now(line);
        }
    }

    fn note(&self, line: &impl Serialize) {
        if let Some(witness) = self.witness.borrow_mut().as_mut() {
            witness.note(line);
        }
    }

    fn body<'a>(&self, request: &Request<'a>) -> Option<Cow<'a, str>> {
        self.log_bodies.then(|| String::from_utf8_lossy(request.body))
    }
}

fn signature(buyer: &Buyer, request: &Request<'_>, at_us: u64) -> Signature {
    let check = |key: &SigningKey| key.check(request, at_us / 1_000_000);
    buyer.profile().secret.as_ref().map_or(Signature::Unchecked, check)
}

fn count(counter: &Cell<u64>) {
    counter.set(counter.get().saturating_add(1));
}
