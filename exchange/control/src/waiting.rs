//! How long an answer of the exchange is waited for, and what is answered when it does not come.

use core::future::Future;
use core::time::Duration;

use exchange_types::Nanos;
use exchange_wire::{Problem, ProblemKind};
use tokio::time::timeout;

use crate::problem_response::ProblemResponse;
use crate::{ListError, Unavailable, fields, limits};

/// Waits for a read, which is dropped when its time is over or the caller hangs up.
pub(crate) async fn read<T, E: From<Unavailable>>(
    length: Duration,
    reading: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(length, reading).await.unwrap_or_else(|_| Err(Unavailable.into()))
}

/// Waits for a change, in a task of its own: once begun it comes to its end, whether or not somebody waits.
pub(crate) async fn change<T: Send + 'static>(
    changing: impl Future<Output = T> + Send + 'static,
) -> Result<T, ProblemResponse> {
    match timeout(limits::COMMAND_TIMEOUT, tokio::spawn(changing)).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            tracing::error!(%error, "a change broke off");
            Err(ProblemResponse::new(ProblemKind::Internal, "the change broke off"))
        }
        Err(_) => Err(unavailable("whether it happened is not known yet: send the same again")),
    }
}

/// What is needed for the answer does not answer itself.
pub(crate) fn unavailable(detail: &'static str) -> ProblemResponse {
    ProblemResponse(Problem::new(ProblemKind::Overloaded, detail).with_retry_after(Nanos::from_secs(1)))
}

impl From<Unavailable> for ProblemResponse {
    fn from(Unavailable: Unavailable) -> Self {
        unavailable("what is needed for this does not answer")
    }
}

impl From<ListError> for ProblemResponse {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Unavailable => Unavailable.into(),
            ListError::Cursor => fields::refused(vec![exchange_wire::FieldError::new(
                "cursor",
                "malformed",
                "has to be `next` of a page of this list",
            )]),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_read_that_does_not_answer_is_given_up() {
        let silent = core::future::pending::<Result<(), ListError>>();
        assert_eq!(read(limits::STORE_TIMEOUT, silent).await, Err(ListError::Unavailable));
        assert_eq!(read(limits::STORE_TIMEOUT, async { Ok::<_, ListError>(7) }).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_goes_on_when_nobody_waits_for_it_any_more() {
        for hangs_up in [false, true] {
            let (go, may_go) = oneshot::channel::<()>();
            let (done, is_done) = oneshot::channel();
            let waited = change(async move {
                may_go.await.ok();
                done.send(7)
            });
            if hangs_up {
                // Half of the time that a change may take.
                assert!(timeout(limits::COMMAND_TIMEOUT / 2, waited).await.is_err());
            } else {
                let Err(ProblemResponse(problem)) = waited.await else { panic!("it is not done") };
                assert_eq!((problem.kind, problem.retry_after_s), (ProblemKind::Overloaded, Some(1)));
            }
            go.send(()).expect("the change still runs");
            assert_eq!(is_done.await, Ok(7));
        }
    }

    #[tokio::test]
    async fn a_change_that_breaks_off_is_said_to_have_failed() {
        let (go, may_go) = oneshot::channel::<()>();
        drop(go);
        let broken = change(async { may_go.await.expect("nobody lets it go") }).await;
        let Err(ProblemResponse(problem)) = broken else { panic!("it broke off") };
        assert_eq!(problem.kind, ProblemKind::Internal);
    }
}
