//! [`Seller`]: makes submissions, one call or two steps, and judges their answers.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::completeness::{CallKind, Expected, Verdict, Violation, check};
use crate::connections::{Call, Connections, Response};
use crate::lead::{Lead, LeadMaker};
use crate::pacer::Due;
use crate::recorder::{Observation, Recorder};
use crate::scenario::{Keys, Scenario};
use crate::submission::Submissions;
use crate::witness::{CallLine, Witness};

/// All that a submission needs.
#[derive(Debug)]
pub(crate) struct Seller {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    /// What tells this run's keys from another's.
    pub(crate) run_name: String,
    pub(crate) copies: u32,
    pub(crate) clock: Clock,
    pub(crate) connections: Connections,
    pub(crate) recorder: RefCell<Recorder>,
    pub(crate) witness: RefCell<Option<Witness>>,
}

/// One call of a submission.
#[derive(Clone, Debug)]
struct Step {
    kind: CallKind,
    call: Call,
    intended: Instant,
    /// By when the vertical promises an answer.
    promised: Duration,
}

impl Seller {
    /// Makes a submission to its end.
    pub(crate) async fn submit(self: Rc<Self>, due: Due) {
        self.recorder.borrow_mut().submission(due.intended);
        let now = self.clock.utc(Instant::now());
        let lead = Rc::new(LeadMaker::new(&self.scenario, self.seed).make(due.number, now));
        let first = self.first_step(&lead, due.intended);
        let mut verdicts = Rc::clone(&self).send_copies(&lead, first).await;
        self.compare(&lead, &verdicts);
        if self.scenario.mode.is_two_step(lead.number)
            && let Some(verdict) = verdicts.pop()
            && let Some(ping_id) = &verdict.id
            && !verdict.offer_ids.is_empty()
        {
            self.second_step(&lead, ping_id, &verdict.offer_ids).await;
        }
    }

    fn first_step(&self, lead: &Lead, intended: Instant) -> Step {
        let (kind, call) = self.submissions().first(lead);
        let promised = if kind == CallKind::Ping { lead.bids_close } else { lead.answer_by };
        Step { kind, call, intended, promised }
    }

    /// Posts to the offers of a ping, or gives them back, or leaves them.
    async fn second_step(&self, lead: &Lead, ping_id: &str, offer_ids: &[String]) {
        let intended = Instant::now();
        if let Some((kind, call)) = self.submissions().second(lead, ping_id, offer_ids) {
            self.send(lead, 0, &Step { kind, call, intended, promised: lead.answer_by }).await;
        }
    }

    fn submissions(&self) -> Submissions<'_> {
        Submissions { scenario: &self.scenario, run_name: &self.run_name }
    }

    /// Sends a call as often as there are copies, all at once.
    async fn send_copies(self: Rc<Self>, lead: &Rc<Lead>, step: Step) -> Vec<Verdict> {
        if self.copies == 1 {
            return vec![self.send(lead, 0, &step).await];
        }
        let mut copies = JoinSet::new();
        for copy in 0..self.copies {
            let (seller, lead, step) = (Rc::clone(&self), Rc::clone(lead), step.clone());
            copies.spawn_local(async move { seller.send(&lead, copy, &step).await });
        }
        copies.join_all().await
    }

    /// Copies with one key are one auction.
    fn compare(&self, lead: &Lead, verdicts: &[Verdict]) {
        if self.scenario.keys == Keys::None {
            return;
        }
        let mut ids: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.id.as_deref()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > 1 {
            let violation = Violation { rule: "copies_are_one_auction", seen: ids.join(", ") };
            self.recorder.borrow_mut().violation(&format!("lead {}", lead.number), &violation);
        }
    }

    /// Makes one call, judges the answer, and notes both.
    async fn send(&self, lead: &Lead, copy: u32, step: &Step) -> Verdict {
        let response = self.connections.call(&step.call).await;
        let verdict = self.judge(lead, step, &response);
        let mut recorder = self.recorder.borrow_mut();
        for violation in &verdict.violations {
            recorder.violation(&format!("lead {} ({})", lead.number, lead.vertical), violation);
        }
        let (sent, done) = (response.sent, response.done);
        let (kind, intended, outcome) = (step.kind, step.intended, verdict.outcome.as_str());
        recorder.call(Observation { kind, intended, sent, done, outcome });
        self.note(lead, copy, step, &response, &verdict);
        verdict
    }

    fn judge(&self, lead: &Lead, step: &Step, response: &Response) -> Verdict {
        match &response.result {
            Ok(received) => {
                let within = step.promised + self.scenario.answer_slack.0;
                let expected = Expected { kind: step.kind, currency: lead.currency, within };
                check(&expected, received, response.done.saturating_duration_since(response.sent))
            }
            Err(error) => Verdict {
                outcome: format!("failed/{}", error.name()),
                violations: vec![Violation { rule: "every_call_is_answered", seen: describe(error) }],
                ..Verdict::default()
            },
        }
    }

    fn note(&self, lead: &Lead, copy: u32, step: &Step, response: &Response, verdict: &Verdict) {
        let mut witness = self.witness.borrow_mut();
        let Some(witness) = witness.as_mut() else { return };
        let body = response.result.as_ref().ok().map(|received| &received.body);
        let answer = body.and_then(one_line);
        let text = match &response.result {
            Ok(_) if answer.is_some() => None,
            Ok(received) => Some(String::from_utf8_lossy(&received.body).into_owned()),
            Err(error) => Some(describe(error)),
        };
        let micros = |from| {
            u64::try_from(response.done.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX)
        };
        witness.note(&CallLine {
            kind: step.kind,
            number: lead.number,
            person: lead.person,
            copy,
            path: &step.call.path,
            idempotency_key: step.call.idempotency_key.as_deref(),
            sent_us: self.clock.utc(response.sent).0,
            latency_us: micros(step.intended),
            service_us: micros(response.sent),
            http: response.result.as_ref().ok().map(|received| received.status),
            outcome: &verdict.outcome,
            request: one_line(&step.call.body),
            answer,
            text,
        });
    }
}

/// Returns JSON as it is, but in one line; nothing where it is none.
fn one_line(json: &Bytes) -> Option<Box<RawValue>> {
    // Line breaks in JSON are white space: within a text they are escaped.
    let text = std::str::from_utf8(json).ok()?.replace(['\n', '\r'], " ");
    RawValue::from_string(text).ok()
}

/// Returns an error with its causes in one line.
pub(crate) fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
