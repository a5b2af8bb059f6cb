//! [`Progress`]: how far a request has come, for the moment at which its deadline passes.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use exchange_types::NotSent;

use super::Failure;
use super::write_gate::WriteGate;

/// How far a request has come.
#[derive(Debug)]
pub(crate) struct Progress {
    stage: RefCell<Stage>,
    /// Whether an earlier attempt may have left; then no later one makes it definite.
    left_before: Cell<bool>,
}

#[derive(Debug)]
enum Stage {
    /// It waits for this.
    Waiting(NotSent),
    /// It was handed to an HTTP/1.1 connection, whose gate knows the rest.
    Gated(Rc<WriteGate>),
    /// It was handed to an HTTP/2 connection, which it shares with others.
    Shared,
}

impl Progress {
    pub(crate) const fn new() -> Self {
        Self { stage: RefCell::new(Stage::Waiting(NotSent::Queue)), left_before: Cell::new(false) }
    }

    pub(crate) fn waits_for(&self, cause: NotSent) {
        self.stage.replace(Stage::Waiting(cause));
    }

    pub(crate) fn handed_to(&self, gate: Rc<WriteGate>) {
        self.stage.replace(Stage::Gated(gate));
    }

    pub(crate) fn handed_to_shared(&self) {
        self.stage.replace(Stage::Shared);
    }

    /// An attempt that may have left is followed by another.
    pub(crate) fn tries_again(&self) {
        self.left_before.set(true);
    }

    /// Returns what a failure of the last attempt means for the request.
    pub(crate) fn judge(&self, failure: Failure) -> Failure {
        match failure {
            Failure::NotSent(_) if self.left_before.get() => Failure::Broken,
            Failure::TimeoutBeforeSend(_) if self.left_before.get() => Failure::Timeout,
            Failure::NotSent(_)
            | Failure::TimeoutBeforeSend(_)
            | Failure::Timeout
            | Failure::Broken
            | Failure::BadReply
            | Failure::ReplyTooLarge { .. } => failure,
        }
    }

    /// Returns what the passed deadline means. After it nothing of the request leaves any more.
    pub(crate) fn timed_out(&self) -> Failure {
        match &*self.stage.borrow() {
            Stage::Waiting(cause) => Failure::TimeoutBeforeSend(*cause),
            Stage::Gated(gate) if !gate.shut() => Failure::TimeoutBeforeSend(NotSent::Connect),
            Stage::Gated(_) | Stage::Shared => Failure::Timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_left_is_definite() {
        let progress = Progress::new();
        let definite = Failure::TimeoutBeforeSend(NotSent::Queue);
        assert_eq!(progress.judge(progress.timed_out()), definite);
        let gate = Rc::new(WriteGate::default());
        progress.handed_to(Rc::clone(&gate));
        assert_eq!(progress.judge(progress.timed_out()), Failure::TimeoutBeforeSend(NotSent::Connect));
        progress.handed_to_shared();
        assert_eq!(progress.judge(progress.timed_out()), Failure::Timeout);
        progress.tries_again();
        progress.waits_for(NotSent::Connect);
        assert_eq!(progress.judge(progress.timed_out()), Failure::Timeout);
        assert_eq!(progress.judge(Failure::NotSent(NotSent::Connect)), Failure::Broken);
    }
}
