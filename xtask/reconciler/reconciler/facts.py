"""What each side says, read from its log.

Every log is JSON lines. The last line may be cut off where a process was killed; any other bad line is an error.
"""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Post:
    """A post as its buyer saw it."""

    post_id: str
    campaign: str
    sale_id: str
    person: str | None
    price: int
    currency: str
    exclusive: bool
    first_us: int
    fault: str | None
    taken: bool
    decision: str
    posted: int = 1
    changed: bool = False


@dataclass(slots=True)
class Answer:
    """One final answer to a seller."""

    sent_us: int
    done_us: int
    http: int
    status: str | None
    reason: str | None
    problem: str | None
    lead_id: str | None
    payout: str | None
    sales: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Request:
    """A request of a seller, under one idempotency key, with its final answers in order."""

    key: str
    kind: str
    person: str | None
    answers: list[Answer] = field(default_factory=list)
    asked: int = 0
    unfinished: bool = False


@dataclass(slots=True)
class Intent:
    """A post as the exchange's journal has it."""

    sequence: int
    post_id: str
    lead_id: str
    campaign: str
    price: int
    at_us: int
    give_up_us: int
    outcomes: list[tuple[str, int]] = field(default_factory=list)
    resolutions: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Charge:
    """A charge of the ledger."""

    entry: int
    post_id: str
    sale_id: str
    lead_id: str
    campaign: str
    buyer: str
    price: int
    payout: int
    currency: str
    intent: int
    evidence: str


@dataclass(slots=True)
class End:
    """How one life of the exchange's process ended."""

    at_us: int
    gone_us: int
    how: str
    why: str
    code: int | None


@dataclass
class Facts:
    """All of them."""

    catalog: dict = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    pings: int = 0
    malformed: list[str] = field(default_factory=list)
    statuses: int = 0
    reports: int = 0
    requests: dict[str, Request] = field(default_factory=dict)
    asked: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    doubled_intents: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    disputes: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    entries: dict[str, int] = field(default_factory=dict)
    unbalanced: list[str] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    restarts_ms: list[int] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    notes: dict = field(default_factory=dict)
    load: dict = field(default_factory=dict)


class BadLog(Exception):
    """A log that cannot be read, with file and line."""


def read_folder(folder: Path) -> Facts:
    """Reads every log of one run."""
    facts = Facts()
    with open(folder / "catalog.toml", "rb") as file:
        facts.catalog = tomllib.load(file)
    read_buyers(facts, folder / "buyers.jsonl")
    read_sellers(facts, folder / "sellers.jsonl")
    read_journal(facts, folder / "journal.jsonl")
    read_ledger(facts, folder / "ledger.jsonl")
    read_diary(facts, folder / "diary.jsonl")
    load = folder / "sellers.json"
    if load.exists():
        facts.load = json.loads(load.read_text(encoding="utf-8"))
    return facts


def lines(path: Path, skip: bytes | None = None):
    """Yields every object; `skip` is the beginning of lines that are counted and not parsed, as None."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if skip is not None and line.startswith(skip):
                yield None
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                if not line.endswith(b"\n"):
                    return
                raise BadLog(f"{path}:{number}: {error}") from error
            yield value


def micros(text: str) -> int:
    """Reads a decimal amount as micros, exactly."""
    whole, _, part = text.partition(".")
    if not whole.isdigit() or (part and not part.isdigit()) or len(part) > 6:
        raise ValueError(f"no amount: {text!r}")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0"))


def count(counts: dict, key) -> None:
    """Adds one."""
    counts[key] = counts.get(key, 0) + 1


def fault_of(answer: dict) -> str | None:
    """Names what was wrong with a buyer's answer so that nobody could know what it decided."""
    fault, status = answer.get("fault"), answer["status"]
    if fault is not None:
        return fault
    unclear = 300 <= status < 400 or status == 408 or (status >= 500 and status != 503)
    return f"status_{status}" if unclear else None


def read_buyers(facts: Facts, path: Path) -> None:
    """Reads the log of bidder-sim. The name of its buyer is that of the campaign."""
    for line in lines(path, skip=b'{"kind":"ping"'):
        if line is None or line["kind"] == "ping":
            facts.pings += 1
        elif line["kind"] == "post":
            read_post(facts, line)
        elif line["kind"] == "malformed":
            facts.malformed.append(f"{line['buyer']}: {line['problem']}")
        elif line["kind"] == "status":
            facts.statuses += 1
        elif line["kind"] == "report":
            facts.reports += 1


def read_post(facts: Facts, line: dict) -> None:
    """Reads a post; a repeat is told by the buyer's own memory and by ours."""
    known = facts.posts.get(line["post_id"])
    if known is None:
        facts.posts[line["post_id"]] = Post(
            post_id=line["post_id"],
            campaign=line["buyer"],
            sale_id=line["sale_id"],
            person=line.get("person"),
            price=micros(line["price"]),
            currency=line["currency"],
            exclusive=line["exclusive"],
            first_us=line["at_us"],
            fault=fault_of(line["answer"]),
            taken=line["taken"],
            decision=line["outcome"],
        )
        return
    known.posted += 1
    # A buyer that decides anew about a post that it knows would break what a repeat relies on.
    known.changed |= line["differs"] or line["outcome"] != known.decision or line["buyer"] != known.campaign
    known.taken |= line["taken"]


def read_sellers(facts: Facts, path: Path) -> None:
    """Reads the log of loadtest."""
    for line in lines(path):
        request = facts.requests.get(line["key"])
        if line["kind"] == "unfinished":
            if request is None:
                request = facts.requests[line["key"]] = Request(line["key"], "unknown", None)
            request.unfinished = True
            continue
        if request is None:
            request = facts.requests[line["key"]] = Request(line["key"], line["kind"], line.get("person"))
        request.asked += 1
        facts.asked += 1
        count(facts.failures, str(line.get("http") or line.get("failure")))
        if line["final"]:
            request.answers.append(
                Answer(
                    sent_us=line["sent_us"],
                    done_us=line["done_us"],
                    http=line["http"],
                    status=line.get("status"),
                    reason=line.get("reason"),
                    problem=line.get("problem"),
                    lead_id=line.get("lead_id"),
                    payout=line.get("payout"),
                    sales=tuple(sorted((sale["sale_id"], sale["payout"]) for sale in line.get("sales", ()))),
                )
            )


def read_journal(facts: Facts, path: Path) -> None:
    """Reads the exchange's export of its journal."""
    for line in lines(path):
        kind = line["kind"]
        count(facts.records, kind)
        if kind == "intent":
            if line["post_id"] in facts.intents:
                facts.doubled_intents.append(line["post_id"])
                continue
            facts.intents[line["post_id"]] = Intent(
                sequence=line["sequence"],
                post_id=line["post_id"],
                lead_id=line["lead_id"],
                campaign=line["campaign"],
                price=line["price_micros"],
                at_us=line["at_us"],
                give_up_us=line["give_up_at_us"],
            )
        elif kind in ("outcome", "resolved", "disputed"):
            intent = facts.intents.get(line["post_id"])
            if intent is None:
                facts.orphans.append(f"{kind} {line['sequence']} of {line['post_id']}")
            elif kind == "outcome":
                intent.outcomes.append((line["outcome"], line["at_us"]))
            elif kind == "resolved":
                intent.resolutions.append((line["outcome"], line["by"], line["at_us"]))
            else:
                facts.disputes.append(line["post_id"])


def read_ledger(facts: Facts, path: Path) -> None:
    """Reads the exchange's export of its ledger."""
    for line in lines(path):
        count(facts.entries, line["kind"])
        legs = line.get("legs", ())
        if not legs or sum(leg["amount_micros"] for leg in legs) != 0:
            facts.unbalanced.append(f"entry {line['entry']}")
        if line["kind"] == "charge":
            facts.charges.append(
                Charge(
                    entry=line["entry"],
                    post_id=line["post_id"],
                    sale_id=line["sale_id"],
                    lead_id=line["lead_id"],
                    campaign=line["campaign"],
                    buyer=line["buyer"],
                    price=line["price_micros"],
                    payout=line["payout_micros"],
                    currency=line["currency"],
                    intent=line["intent"],
                    evidence=line["evidence"],
                )
            )


def read_diary(facts: Facts, path: Path) -> None:
    """Reads what was done to the exchange."""
    for line in lines(path):
        if line["kind"] == "end":
            facts.ends.append(
                End(line["at_us"], line["gone_us"], line["how"], line["why"], line.get("code"))
            )
            count(facts.faults, line["why"])
        elif line["kind"] == "start":
            facts.restarts_ms.append(line["ready_ms"])
        elif line["kind"] == "fault":
            count(facts.faults, line["what"])
        elif line["kind"] == "note":
            facts.notes.update(line["note"])
