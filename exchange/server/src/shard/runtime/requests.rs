//! The paths of the seller listener: from a complete HTTP request to the shard.

use std::sync::Arc;

use exchange_catalog::snapshot::TestMarket;
use exchange_catalog::{QualityCheck, Snapshot};
use exchange_control::{Principal, Role};
use exchange_node::{Arrival, ClaimKey, PostArrival, Requester};
use exchange_protocol::{SaleKind, SellerPost, StopKind, Waiter};
use exchange_types::{ConsentKey, Now, Person, SellerIndex, Submission, Uuid7, limits};
use exchange_wire::lead::Against;
use exchange_wire::problem::Problem;
use exchange_wire::{FieldError, Identity, KeyMode, Mode, ProblemKind, lead};

use super::ShardRuntime;
use crate::keys::KnownKey;
use crate::shard::answer_body::{self, RETRY_SOON};
use crate::shard::form_body::{into_json, is_form};
use crate::shard::http_answer::HttpAnswer;
use crate::shard::intake::{Intake, Method, Respond};
use crate::shard::outbound::today;
use crate::shard::pending::{Pending, View};
use crate::shard::route::Route;
use crate::shard::tester::{names_campaign, sellers_only, take_test};

/// Under what a submission is claimed.
struct Claimed<'a> {
    kind: SaleKind,
    vertical: &'a str,
    /// Who submits: `seller:acme`.
    owner: &'a str,
    header: Option<&'a [u8]>,
}

impl ShardRuntime {
    /// Takes a seller's request: answers it at once, or hands it to the shard.
    pub(super) fn take_request(&self, now: Now, intake: Intake) {
        let Some(route) = Route::of(&intake.path) else {
            let problem = Problem::new(ProblemKind::NotFound, "no such path on the seller listener");
            return (intake.respond)(HttpAnswer::problem(&problem));
        };
        if !route.takes(intake.method) {
            let problem =
                Problem::new(ProblemKind::MethodNotAllowed, format!("this path takes {}", route.allowed()));
            return (intake.respond)(HttpAnswer {
                allow: Some(route.allowed()),
                ..HttpAnswer::problem(&problem)
            });
        }
        if matches!(route, Route::Live | Route::Ready) {
            let ready = route == Route::Live || !self.is_draining();
            return (intake.respond)(HttpAnswer::health(ready));
        }
        if let Err(wait) = self.gate().pass_address(intake.peer, now.mono) {
            let problem = Problem::new(ProblemKind::RateLimited, "too many requests come from this address");
            return (intake.respond)(HttpAnswer::problem(&problem.with_retry_after(wait)));
        }
        let mut intake = intake;
        // A form may bring its key with it. What is no form is told to those with a key.
        let form = is_form(&intake).then(|| into_json(&mut intake));
        let known = self.authenticate(now, intake.authorization.as_deref());
        let key = match known.and_then(|key| form.transpose().map(|_| key)) {
            Ok(key) => key,
            Err(problem) => return (intake.respond)(HttpAnswer::problem(&problem)),
        };
        if let Err((problem, respond)) = self.dispatch(now, route, intake, &key) {
            respond(HttpAnswer::problem(&problem));
        }
    }

    /// Finds for whom a request's key speaks, if it comes no faster than it may.
    fn authenticate(&self, now: Now, authorization: Option<&str>) -> Result<Arc<KnownKey>, Problem> {
        let unauthorized = || Problem::new(ProblemKind::Unauthorized, "send `Authorization: Bearer <key>`");
        let (scheme, key) =
            authorization.and_then(|header| header.split_once(' ')).ok_or_else(unauthorized)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unauthorized());
        }
        let known = self.keys().known(key.trim()).ok_or_else(unauthorized)?;
        self.gate().pass_key(known.limits.rate, &known.used.rate, now.mono).map_err(|wait| {
            let problem = Problem::new(ProblemKind::RateLimited, "too many requests come with this key");
            problem.with_retry_after(wait)
        })?;
        Ok(known)
    }

    /// Hands a request to the shard; what stands against it comes back with the way to answer.
    fn dispatch(
        &self,
        now: Now,
        route: Route,
        intake: Intake,
        key: &KnownKey,
    ) -> Result<(), (Problem, Respond)> {
        let principal = &*key.principal;
        if principal.role != Role::Seller && (route != Route::Leads || !names_campaign(&intake.body)) {
            return Err((sellers_only(), intake.respond));
        }
        let requester = Requester::Seller(principal.name.clone());
        if matches!(route, Route::Leads | Route::Pings | Route::PingPost(_))
            && principal.role == Role::Seller
            && self.is_stopped(principal)
        {
            let problem =
                Problem::new(ProblemKind::Forbidden, "the exchange takes nothing of this seller for now");
            return Err((problem, intake.respond));
        }
        match route {
            Route::Leads => self.take_lead(now, SaleKind::OneCall, intake, key),
            Route::Pings => self.take_lead(now, SaleKind::TwoStep, intake, key),
            Route::PingPost(Some(ping)) => self.take_post(now, ping, intake, principal),
            Route::Lead(Some(id)) => {
                let waiter = self.wait(Pending::new(View::Lead, intake.respond, principal.name.clone()));
                self.with_shard(|shard, world| shard.read(world, now, id, requester, waiter));
                Ok(())
            }
            Route::Ping(Some(id)) => {
                let given_back = intake.method == Method::Delete;
                let view = if given_back { View::GivenBack } else { View::Ping };
                let waiter = self.wait(Pending::new(view, intake.respond, principal.name.clone()));
                self.with_shard(|shard, world| {
                    if given_back {
                        shard.give_back(world, now, id, requester, waiter);
                    } else {
                        shard.read(world, now, id, requester, waiter);
                    }
                });
                Ok(())
            }
            Route::Lead(None) | Route::Ping(None) | Route::PingPost(None) | Route::Live | Route::Ready => {
                Err((answer_body::not_found(), intake.respond))
            }
        }
    }

    fn is_stopped(&self, principal: &Principal) -> bool {
        self.shared().stops().get(StopKind::Seller, &principal.name).is_some()
    }

    fn take_lead(
        &self,
        now: Now,
        kind: SaleKind,
        intake: Intake,
        key: &KnownKey,
    ) -> Result<(), (Problem, Respond)> {
        let principal = &*key.principal;
        if self.is_draining() {
            let problem =
                Problem::new(ProblemKind::NotReady, "the exchange is stopping").with_retry_after(RETRY_SOON);
            return Err((problem, intake.respond));
        }
        let current = self.current();
        let seller = match principal.role {
            Role::Seller => current.snapshot.seller_named(&principal.name),
            // They have nothing to sell, and may test a campaign.
            Role::Operator | Role::Buyer => Some(TestMarket::SELLER),
        };
        let Some(seller) = seller else {
            let problem = Problem::new(ProblemKind::Forbidden, "the catalog has no seller of the key's name");
            return Err((problem, intake.respond));
        };
        let header = match idempotency_key(&intake).and_then(|key| json(&intake).map(|()| key)) {
            Ok(header) => header,
            Err(problem) => return Err((problem, intake.respond)),
        };
        let mut submission = self.with_shard(|shard, _| shard.take_submission());
        let mode = if kind == SaleKind::OneCall { Mode::Lead } else { Mode::Ping };
        let parsed = match lead::parse(
            &intake.body,
            mode,
            self.against(now, &current.snapshot, seller),
            &mut submission,
        ) {
            Ok(parsed) => parsed,
            Err(problem) => {
                self.with_shard(|shard, _| shard.give_submission(submission));
                return Err((problem, intake.respond));
            }
        };
        if let Err(problem) = take_test(principal, &current.snapshot, &mut submission) {
            self.with_shard(|shard, _| shard.give_submission(submission));
            return Err((problem, intake.respond));
        }
        let vertical = current.snapshot.vertical(submission.vertical).map_or("", |vertical| &*vertical.name);
        let owner = principal.to_string();
        let claimed = Claimed { kind, vertical, owner: &owner, header: header.as_deref() };
        let claim = self.claim(&claimed, &submission, (&parsed.identity, &intake.body));
        let person = self.person(&submission, &parsed.identity, &current.snapshot);
        let view = if kind == SaleKind::OneCall { View::Lead } else { View::Ping };
        let mut pending = Pending::new(view, intake.respond, principal.name.clone());
        pending.warnings = parsed.warnings;
        let token = self.wait(pending).token;
        let faults = parsed.faults;
        let quota = key.quota();
        let arrival = Arrival { kind, submission, current, claim, person, faults, quota, token };
        self.with_shard(|shard, world| shard.lead(world, now, arrival));
        Ok(())
    }

    fn take_post(
        &self,
        now: Now,
        ping: Uuid7,
        intake: Intake,
        principal: &Principal,
    ) -> Result<(), (Problem, Respond)> {
        let header = match idempotency_key(&intake).and_then(|key| json(&intake).map(|()| key)) {
            Ok(header) => header,
            Err(problem) => return Err((problem, intake.respond)),
        };
        let mut submission = self.with_shard(|shard, _| shard.take_submission());
        let mut pending = Pending::new(View::Lead, intake.respond, principal.name.clone());
        let mut arrival = PostArrival {
            ping,
            seller: SellerIndex(u32::MAX),
            seller_name: principal.name.clone(),
            post: SellerPost { submission: Box::default(), named: Vec::new(), fallback: true, wait: None },
            offer_ids: Vec::new(),
            keep_on_changed: false,
            // Also for a ping that is over: it answers a repeat of the post that ended it.
            claim: header.as_deref().map(|key| self.post_claim(&principal.name, ping, key, &intake.body)),
            by_test_key: principal.mode == KeyMode::Test,
            person: Person::default(),
            faults: Vec::new(),
            waiter: Waiter { place: self.place(), token: 0 },
        };
        // A ping that is not open any more has no schema; its shard says what became of it.
        if let Some((snapshot, vertical)) = self.shared().ping_schema(ping)
            && let Some(seller) = snapshot.seller_named(&principal.name)
        {
            let mode = Mode::Post { vertical };
            let parsed = match lead::parse(
                &intake.body,
                mode,
                self.against(now, &snapshot, seller),
                &mut submission,
            ) {
                Ok(parsed) => parsed,
                Err(problem) => {
                    self.with_shard(|shard, _| shard.give_submission(submission));
                    return Err((problem, pending.respond));
                }
            };
            arrival.seller = seller;
            arrival.person = self.person(&submission, &Identity::default(), &snapshot);
            arrival.faults = parsed.faults;
            arrival.offer_ids = parsed.post.offer_ids;
            arrival.keep_on_changed = parsed.post.keep_on_changed;
            arrival.post.fallback = parsed.post.fallback.unwrap_or(true);
            pending.warnings = parsed.warnings;
            pending.ping = Some((ping, Arc::clone(&snapshot), vertical));
        }
        arrival.post.submission = submission;
        arrival.waiter = self.wait(pending);
        self.with_shard(|shard, world| shard.post(world, now, arrival));
        Ok(())
    }

    /// Returns what a body is read against.
    fn against<'a>(&'a self, now: Now, snapshot: &'a Snapshot, seller: SellerIndex) -> Against<'a> {
        let quality = QualityCheck { today: today(now.utc), disposable: self.disposable() };
        Against { snapshot, seller, quality }
    }

    /// Returns the claim of a lead or ping: its idempotency key, else the seller's own reference; of a ping else what it
    /// says of the person, by a consent token or by `identity`.
    ///
    /// Names stand in it, not indices, which change with the catalog.
    fn claim(
        &self,
        claimed: &Claimed<'_>,
        submission: &Submission,
        (identity, body): (&Identity, &[u8]),
    ) -> Option<ClaimKey> {
        let token = |key| submission.consent(key).map(|text| text.reveal().as_bytes());
        let tokens =
            [ConsentKey::TrustedformCertUrl, ConsentKey::TrustedformPingUrl, ConsentKey::JornayaLeadId];
        let digests = [identity.phone_sha256.as_ref(), identity.email_sha256.as_ref()];
        let (source, key, weak) = if let Some(key) = claimed.header {
            ("header", key, false)
        } else if let Some(reference) = submission.seller_ref() {
            ("seller_ref", reference.as_bytes(), false)
        } else if claimed.kind == SaleKind::OneCall {
            return None;
        } else if let Some(token) = tokens.into_iter().find_map(token) {
            ("consent", token, true)
        } else {
            ("identity", digests.into_iter().flatten().next()?.as_slice(), true)
        };
        // A test and a lead never meet under one key.
        let step = match (claimed.kind, submission.test) {
            (SaleKind::OneCall, None) => "lead",
            (SaleKind::TwoStep, None) => "ping",
            (SaleKind::OneCall, Some(_)) => "test lead",
            (SaleKind::TwoStep, Some(_)) => "test ping",
        };
        let keys = self.claim_keys();
        let owner = claimed.owner.strip_prefix("seller:").unwrap_or(claimed.owner);
        let of_seller = keys.hasher().text(step).text(source).text(owner);
        let key = of_seller.text(claimed.vertical).bytes(key).finish();
        Some(ClaimKey { key, digest: keys.hasher().text("body").bytes(body).finish(), weak })
    }

    fn person(&self, submission: &Submission, identity: &Identity, snapshot: &Snapshot) -> Person {
        let vertical = snapshot.vertical(submission.vertical);
        vertical.map_or_else(Person::default, |own| {
            lead::person(self.fingerprint_keys(), own, submission, identity)
        })
    }

    fn post_claim(&self, seller: &str, ping: Uuid7, key: &[u8], body: &[u8]) -> ClaimKey {
        let keys = self.claim_keys();
        let key = keys.hasher().text("post").text(seller).number(ping.as_u128()).bytes(key).finish();
        ClaimKey { key, digest: keys.hasher().text("body").bytes(body).finish(), weak: false }
    }
}

fn idempotency_key(intake: &Intake) -> Result<Option<Vec<u8>>, Problem> {
    let Some(key) = &intake.idempotency_key else { return Ok(None) };
    let visible = key.iter().all(|byte| (0x21..=0x7e).contains(byte));
    if key.is_empty() || key.len() > limits::KEY_BYTES_MAX || !visible {
        let message = format!("send 1 to {} visible ASCII characters", limits::KEY_BYTES_MAX);
        let errors = vec![FieldError::new("Idempotency-Key", "malformed", message)];
        return Err(Problem::new(ProblemKind::Validation, "1 field is missing or wrong").with_errors(errors));
    }
    Ok(Some(key.clone()))
}

fn json(intake: &Intake) -> Result<(), Problem> {
    if intake.encoded {
        return Err(Problem::new(
            ProblemKind::UnsupportedMediaType,
            "send the body without `Content-Encoding`",
        ));
    }
    let media = intake.content_type.as_deref().unwrap_or("");
    let essence = media.split(';').next().unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "send `Content-Type: application/json` or `application/x-www-form-urlencoded`";
    Err(Problem::new(ProblemKind::UnsupportedMediaType, detail))
}
