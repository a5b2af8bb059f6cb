//! [`PersistentSeller`]: asks for one lead until it knows.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange_types::Rate;
use http::Method;

use super::Persistence;
use super::log::{AskLine, AskLog, UnfinishedLine};
use super::reading::{Reading, Said, read};
use super::tally::Tally;
use crate::clock::Clock;
use crate::completeness::CallKind;
use crate::connections::{Call, Connections, Response};
use crate::lead::{Lead, LeadMaker};
use crate::pacer::Due;
use crate::scenario::Scenario;
use crate::submission::Submissions;

/// The first wait after a request that nobody answered; it doubles from there.
const BACK_OFF_MIN: Duration = Duration::from_millis(100);
/// The longest one: a restart takes seconds, and who comes late to it learns late.
const BACK_OFF_MAX: Duration = Duration::from_secs(2);

/// All that a seller needs.
#[derive(Debug)]
pub(crate) struct PersistentSeller {
    pub(crate) scenario: Scenario,
    pub(crate) seed: u64,
    /// What tells this run's keys from another's.
    pub(crate) run_name: String,
    pub(crate) clock: Clock,
    pub(crate) connections: Connections,
    pub(crate) persistence: Persistence,
    /// When to give up, once the last lead was submitted.
    pub(crate) give_up: Cell<Option<Instant>>,
    pub(crate) tally: RefCell<Tally>,
    pub(crate) log: RefCell<Option<AskLog>>,
}

/// A request, as often as it is made.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    kind: CallKind,
    call: Call,
    key: String,
    person: Option<String>,
}

/// One answer among several to a request.
#[derive(Clone, Copy, Debug)]
struct Which {
    get: bool,
    again: bool,
}

impl PersistentSeller {
    /// Asks for a lead, in one step or two, until the answer is final or it is time to give up. Returns what is to
    /// be asked for again at the end of the run.
    pub(crate) async fn submit(&self, due: Due) -> Option<Asked> {
        self.tally.borrow_mut().submission();
        let now = self.clock.utc(Instant::now());
        let lead = LeadMaker::new(&self.scenario, self.seed).make(due.number, now);
        let submissions = Submissions { scenario: &self.scenario, run_name: &self.run_name };
        let (kind, call) = submissions.first(&lead);
        let mut asked = Asked { kind, call, key: submissions.key(&lead), person: self.person(&lead) };
        let mut answer = self.ask(&asked, false).await;
        if let Some((Reading::Offers { ping_id, offer_ids }, _)) = &answer {
            let (kind, call) = submissions.second(&lead, ping_id, offer_ids)?;
            if kind == CallKind::GiveBack {
                // Nobody waits for it: offers that are not given back expire.
                self.connections.call(&call).await;
                return None;
            }
            asked = Asked { kind, key: format!("{}-post", asked.key), call, ..asked };
            answer = self.ask(&asked, false).await;
        }
        let (_, said) = answer?;
        self.tally.borrow_mut().finished(due.intended.elapsed(), &said);
        if !self.is_asked_again(due.number) || asked.kind == CallKind::Ping {
            return None;
        }
        tokio::time::sleep(self.persistence.again_within.mul_f64(share(&asked.key, 0))).await;
        self.repeat(&asked).await;
        Some(asked)
    }

    /// Asks again for an answer that was final.
    pub(crate) async fn repeat(&self, asked: &Asked) {
        self.ask(asked, true).await;
    }

    /// Asks until the answer is final; nothing if it never is.
    async fn ask(&self, asked: &Asked, again: bool) -> Option<(Reading, Said)> {
        let mut unanswered = 0;
        let mut status: Option<Call> = None;
        for attempt in 0_u32.. {
            // While the state can be asked for, every second request does.
            let get = status.as_ref().filter(|_| attempt % 2 == 1);
            let which = Which { get: get.is_some(), again };
            let response = self.connections.call(get.unwrap_or(&asked.call)).await;
            let wait = match self.hear(asked, which, &response) {
                Some((Reading::Pending { status_url, after }, _)) => {
                    unanswered = 0;
                    status = status_url.map(state_call);
                    after
                }
                Some((Reading::NotNow { after }, _)) => {
                    unanswered = 0;
                    after
                }
                // A state that is not to be had decides nothing: the request itself does.
                Some((Reading::Final, _)) if which.get && !is_ok(&response) => {
                    status = None;
                    BACK_OFF_MIN
                }
                Some(answer) => return Some(answer),
                None => {
                    unanswered += 1;
                    back_off(unanswered)
                }
            };
            let wait = wait.mul_f64(0.5 + share(&asked.key, attempt));
            if self.give_up.get().is_some_and(|give_up| Instant::now() + wait > give_up) {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        self.unfinished(asked);
        None
    }

    /// Notes a response and returns what it says, if anything was answered.
    fn hear(&self, asked: &Asked, which: Which, response: &Response) -> Option<(Reading, Said)> {
        let (answer, failure) = match &response.result {
            Ok(received) => (Some(read(asked.kind, received)), None),
            Err(error) => (None, Some(error.name())),
        };
        let http = response.result.as_ref().ok().map(|received| received.status);
        self.tally.borrow_mut().asked(http, failure, which.again);
        let nothing = Said::default();
        let is_final = match &answer {
            Some((Reading::Final, _)) => !which.get || http == Some(200),
            Some((Reading::Offers { .. }, _)) => true,
            Some((Reading::Pending { .. } | Reading::NotNow { .. }, _)) | None => false,
        };
        self.note(&AskLine {
            kind: asked.kind,
            key: &asked.key,
            person: asked.person.as_deref(),
            get: which.get,
            again: which.again,
            sent_us: self.clock.utc(response.sent).0,
            done_us: self.clock.utc(response.done).0,
            http,
            failure,
            is_final,
            said: answer.as_ref().map_or(&nothing, |(_, said)| said),
        });
        answer
    }

    fn unfinished(&self, asked: &Asked) {
        self.tally.borrow_mut().unfinished();
        let at_us = self.clock.utc(Instant::now()).0;
        self.note(&UnfinishedLine { kind: "unfinished", key: &asked.key, at_us });
    }

    fn note(&self, line: &impl serde::Serialize) {
        if let Some(log) = self.log.borrow_mut().as_mut() {
            log.note(line);
        }
    }

    fn person(&self, lead: &Lead) -> Option<String> {
        let name = self.scenario.person_field.as_deref()?;
        let fields = lead.all_fields();
        fields.get(name).and_then(|value| value.as_str()).map(str::to_owned)
    }

    fn is_asked_again(&self, number: u64) -> bool {
        let chance = number.wrapping_mul(0xd1b5_4a32_d192_ed03) >> 32;
        (chance * u64::from(Rate::PARTS)) >> 32 < u64::from(self.persistence.again.0.parts())
    }
}

fn state_call(path: String) -> Call {
    Call { method: Method::GET, path, idempotency_key: None, body: Bytes::new() }
}

fn is_ok(response: &Response) -> bool {
    response.result.as_ref().is_ok_and(|received| received.status == 200)
}

fn back_off(unanswered: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(unanswered.saturating_sub(1));
    BACK_OFF_MIN.saturating_mul(doubled).min(BACK_OFF_MAX)
}

/// Returns a number from 0 to below 1 that keeps sellers from coming all at once.
fn share(key: &str, attempt: u32) -> f64 {
    // FNV-1a: short, and spread enough for waiting.
    let bytes = key.bytes().chain(attempt.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    f64::from(u32::try_from(hash >> 32).unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_a_bound() {
        let waits: Vec<_> = (1..=7).map(|unanswered| back_off(unanswered).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 2_000, 2_000]);
        assert_eq!(back_off(u32::MAX), BACK_OFF_MAX);
    }

    #[test]
    fn shares_are_spread() {
        let shares: Vec<f64> = (0..1_000).map(|attempt| share("lt-5-17", attempt)).collect();
        let mean = shares.iter().sum::<f64>() / 1_000.0;
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
