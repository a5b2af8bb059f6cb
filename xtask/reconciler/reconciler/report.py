"""The report: faults, load, caps and violations, as JSON and as Markdown."""

from collections import Counter

from . import answers, caps, process, sales, unknowns
from .facts import Facts

# Of each kind of violation so many are shown in full.
EXAMPLES_MAX = 20

# Every promise that is checked, with the function that yields its violations.
CHECKS = (
    ("double sales", sales.double_sales),
    ("double charges", sales.double_charges),
    ("charges without evidence", sales.charges_without_evidence),
    ("lost sales", sales.lost_sales),
    ("untold sales", sales.untold_sales),
    ("caps broken", caps.broken),
    ("answers that changed", answers.changed),
    ("requests without a final answer", answers.unfinished),
    ("requests refused for good", answers.refused),
    ("unknowns without a fault", unknowns.without_fault),
    ("faults without an unknown", unknowns.fault_without_unknown),
    ("unknowns that stayed", unknowns.unresolved),
    ("journal that contradicts itself or the buyers", sales.broken_journal),
    ("posts that changed or could not be read", sales.broken_posts),
    ("ledger entries out of balance", sales.unbalanced),
    ("processes that ended wrongly", process.ended_wrongly),
    ("kills beside the posts", process.kills_beside),
)


def reconcile(facts: Facts) -> dict:
    """Returns the report of one run."""
    violations = {}
    for name, check in CHECKS:
        found = list(check(facts))
        violations[name] = {"count": len(found), "examples": found[:EXAMPLES_MAX]}
    hit, kills = unknowns.kills_in_flight(facts)
    restarts = sorted(facts.restarts_ms)
    return {
        "notes": facts.notes,
        "violations": violations,
        "faults": facts.faults,
        "kills": {"all": kills, "between an intent and its outcome": hit},
        "restarts": {
            "count": len(restarts),
            "p50_ms": at(restarts, 50),
            "p99_ms": at(restarts, 99),
            "max_ms": restarts[-1] if restarts else 0,
        },
        "sellers": {
            "requests": len(facts.requests),
            "asked": facts.asked,
            "answers": facts.failures,
            "final": dict(Counter(last_of(request) for request in facts.requests.values())),
        },
        "load": load_of(facts),
        "buyers": {
            "pings": facts.pings,
            "posts": len(facts.posts),
            "taken": sum(post.taken for post in facts.posts.values()),
            "posted again": sum(post.posted - 1 for post in facts.posts.values()),
            "asked for status": facts.statuses,
            "own reports": facts.reports,
            "faults": dict(Counter(post.fault for post in facts.posts.values() if post.fault)),
        },
        "exchange": {"records": facts.records, "entries": facts.entries},
        "unknowns": {"by cause": unknowns.by_cause(facts), "resolved": unknowns.by_resolution(facts)},
        "caps": [
            {"owner": owner, "kind": kind, "window": window, "cap": cap, "used": used}
            for owner, kind, window, cap, used in caps.usage(facts)
        ],
    }


def is_clean(report: dict) -> bool:
    """Returns whether no promise was broken."""
    return all(found["count"] == 0 for found in report["violations"].values())


def load_of(facts: Facts) -> dict:
    """Returns how many leads came, and how long their final answers took, by the load's own report."""
    if not facts.load:
        return {}
    until = facts.load["until_final_us"]
    return {
        "leads": facts.load["submissions"],
        "seconds, with settling": round(facts.load["took_s"]),
        **{f"milliseconds until the final answer, {name}": until[name] // 1_000 for name in ("p50", "p99", "max")},
    }


def last_of(request) -> str:
    """Names the last answer of a request."""
    if not request.answers:
        return "none"
    last = request.answers[-1]
    name = last.status or last.problem or str(last.http)
    return f"{name}/{last.reason}" if last.reason else name


def at(ordered: list, percent: int) -> int:
    """Returns the value at a percentile of an ordered list."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0


def markdown(reports: dict[str, dict]) -> str:
    """Writes the reports of several runs as one page."""
    text = ["# Chaos\n"]
    for name, report in reports.items():
        verdict = "clean" if is_clean(report) else "VIOLATED"
        text.append(f"\n## {name}: {verdict}\n")
        notes = report["notes"]
        if notes:
            text.append("\n" + ", ".join(f"{key} {value}" for key, value in notes.items()) + ".\n")
        text += table(("promise", "violations"), violations(report))
        text += table(("fault", "how often"), faults(report))
        text += table(("what", "count"), figures(report))
        text += table(
            ("cap of", "kind", "window", "cap", "used"),
            [(cap["owner"], cap["kind"], cap["window"], cap["cap"], cap["used"]) for cap in report["caps"]],
        )
        for check, found in report["violations"].items():
            if found["count"]:
                text.append(f"\n{check}, {min(found['count'], EXAMPLES_MAX)} of {found['count']}:\n\n")
                text += [f"- {example}\n" for example in found["examples"]]
    return "".join(text)


def violations(report: dict):
    """Yields a row a promise."""
    for name, found in report["violations"].items():
        yield name, found["count"]


def faults(report: dict):
    """Yields a row a fault, of the exchange's and of the buyers'."""
    yield from sorted(report["faults"].items())
    kills = report["kills"]
    yield "kills between an intent and its outcome", f"{kills['between an intent and its outcome']} of {kills['all']}"
    restarts = report["restarts"]
    times = f"{restarts['p50_ms']} / {restarts['p99_ms']} / {restarts['max_ms']} ms"
    yield f"starts ({restarts['count']}), p50 / p99 / longest", times
    for fault, number in sorted(report["buyers"]["faults"].items()):
        yield f"buyers: {fault}", number


def figures(report: dict):
    """Yields a row a count."""
    yield from report["load"].items()
    for side in ("sellers", "buyers"):
        for name, value in report[side].items():
            if isinstance(value, dict):
                if name != "faults":
                    for key, number in sorted(value.items()):
                        yield f"{side}: {name} {key}", number
            else:
                yield f"{side}: {name}", value
    for name, counts in report["exchange"].items():
        for key, number in sorted(counts.items()):
            yield f"exchange: {name} {key}", number
    for name, counts in report["unknowns"].items():
        for key, number in sorted(counts.items()):
            yield f"unknowns {name}: {key}", number


def table(head: tuple, rows) -> list[str]:
    """Writes a table, if it has rows."""
    rows = [tuple(str(cell) for cell in row) for row in rows]
    if not rows:
        return []
    lines = [head, tuple("---" for _ in head), *rows]
    return ["\n", *("| " + " | ".join(line) + " |\n" for line in lines)]
