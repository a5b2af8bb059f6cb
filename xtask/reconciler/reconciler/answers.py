"""Answers: one request has one final answer, for good."""

from .facts import Answer, Facts

# How long after an answer that nothing waited for a kill may still have lost it: the records of the last moments.
LOSS_US = 2_000_000
# Problems with which a well-formed request may end: its offers are gone, or the person came again too soon.
REFUSALS = {"ping_lost", "ping_expired", "ping_closed", "not_found", "resubmitted_too_soon"}


def unfinished(facts: Facts):
    """Requests that never got a final answer."""
    for request in facts.requests.values():
        if request.unfinished or not request.answers:
            yield f"{request.key} was asked {request.asked} times"


def changed(facts: Facts):
    """Requests with two final answers that differ."""
    for request in facts.requests.values():
        for before, after in zip(request.answers, request.answers[1:]):
            if before.http != 200:
                # Whatever is refused with a problem stored nothing.
                continue
            if essence(before) == essence(after):
                continue
            if not may_be_lost(facts, request.kind, before, after):
                yield f"{request.key}: {words(before)}, then {words(after)}"


def refused(facts: Facts):
    """Well-formed requests that were refused for good, and answers without a status."""
    for request in facts.requests.values():
        for answer in request.answers:
            known = answer.status is not None if answer.http == 200 else answer.problem in REFUSALS
            if not known:
                yield f"{request.key}: {answer.http} {answer.problem or ''}".rstrip()


def essence(answer: Answer):
    """Returns what of an answer has to stay."""
    if answer.http != 200:
        return answer.http, answer.problem
    if answer.status == "duplicate":
        # It tells how the earlier lead stands, and that may change.
        return 200, answer.status
    return 200, answer.status, answer.lead_id, answer.payout, answer.sales


def may_be_lost(facts: Facts, kind: str, before: Answer, after: Answer) -> bool:
    """Returns whether nothing of the first answer had to be on disk, and a kill came before it was."""
    sent_nothing = kind == "ping" or before.status in ("duplicate", "invalid") or (
        before.status == "unsold" and before.reason != "posts_rejected"
    )
    return sent_nothing and any(
        end.how != "drain" and before.sent_us <= end.gone_us <= after.done_us and end.at_us <= before.done_us + LOSS_US
        for end in facts.ends
    )


def words(answer: Answer) -> str:
    """Returns an answer as a person reads it."""
    if answer.http != 200:
        return f"{answer.http} {answer.problem}"
    reason = f"/{answer.reason}" if answer.reason else ""
    sales = "".join(f" {sale_id}" for sale_id, _ in answer.sales)
    return f"{answer.status}{reason} {answer.lead_id}{sales}"
