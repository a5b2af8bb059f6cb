"""A small market told by hand: every log agrees, until a test bends one of them."""

import json
import tempfile
from pathlib import Path

from reconciler.facts import read_folder
from reconciler.report import reconcile

CATALOG = """
[verticals.solar]
max_buyers = 1
[verticals.loan]
max_buyers = 2
[buyers.acme]
time_zone = "UTC"
caps = { sold = { total = 5 } }
[buyers.bold]
time_zone = "UTC"
[campaigns.acme-solar]
buyer = "acme"
vertical = "solar"
caps = { sent = { hour = 3 }, sold = { day = 2 }, budget = { total = "70.00" } }
[campaigns.bold-solar]
buyer = "bold"
vertical = "solar"
[campaigns.acme-loan]
buyer = "acme"
vertical = "loan"
[campaigns.bold-loan]
buyer = "bold"
vertical = "loan"
"""

# Some Saturday in November, at ten minutes past an hour, in microseconds.
NOON = 1_795_262_400_000_000 + 600_000_000
SECOND = 1_000_000


class Story:
    """Logs of one run. Each method adds what all sides say of it; the lists are there to be bent."""

    def __init__(self):
        self.buyers, self.sellers, self.journal, self.ledger, self.diary = [], [], [], [], []
        self.now = NOON
        self.diary.append({"kind": "start", "at_us": NOON, "ready_ms": 80})

    def sale(self, name: str, campaign: str = "acme-solar", price: str = "30.00", **more):
        """A lead is posted and taken: everybody knows."""
        post = self.post(name, campaign, price, **more)
        self.outcome(name, "accepted", price)
        self.charge(name, campaign, price)
        self.told(name, "sold")
        return post

    def post(self, name: str, campaign: str, price: str, taken: bool = True, fault: str | None = None, status=200):
        """A post leaves and reaches its buyer."""
        self.now += SECOND
        self.record(
            "intent", lead_id=f"lead_{name}", post_id=f"post_{name}", sale_id=f"sale_{name}", campaign=campaign,
            buyer=campaign.split("-")[0], seller="seller", price_micros=int(float(price) * 1e6),
            payout_micros=int(float(price) * 8e5), at_us=self.now, give_up_at_us=self.now + 5 * SECOND,
        )
        line = {
            "kind": "post", "at_us": self.now + 900, "buyer": campaign, "post_id": f"post_{name}",
            "sale_id": f"sale_{name}", "person": f"+49{name}", "price": price, "currency": "EUR",
            "exclusive": campaign.endswith("solar"), "outcome": "accepted" if taken else "rejected", "taken": taken,
            "repeat": False, "differs": False, "answer": {"status": status, "latency_us": 5, "body": ""},
        }
        if fault:
            line["answer"]["fault"] = fault
        self.buyers.append(line)
        return line

    def again(self, name: str):
        """The exchange posts again, and the buyer says what it said."""
        line = next(line for line in self.buyers if line["post_id"] == f"post_{name}")
        answer = {"status": 200, "latency_us": 5, "body": ""}
        self.buyers.append({**line, "repeat": True, "answer": answer})

    def outcome(self, name: str, outcome: str, price: str = "0"):
        """The journal knows what came of a post."""
        self.record(
            "outcome", lead_id=f"lead_{name}", post_id=f"post_{name}", outcome=outcome,
            price_micros=int(float(price) * 1e6), at_us=self.now + 2_000,
        )

    def resolved(self, name: str, outcome: str, by: str = "repost", price: str = "30.00"):
        """The journal knows what was found out about an unknown post."""
        self.record(
            "resolved", lead_id=f"lead_{name}", post_id=f"post_{name}", outcome=outcome, by=by,
            price_micros=int(float(price) * 1e6), at_us=self.now + 3 * SECOND,
        )

    def charge(self, name: str, campaign: str = "acme-solar", price: str = "30.00"):
        """The ledger charges a post."""
        intent = next(line for line in self.journal if line["kind"] == "intent" and line["post_id"] == f"post_{name}")
        price_micros, payout = int(float(price) * 1e6), int(float(price) * 8e5)
        self.ledger.append({
            "entry": len(self.ledger) + 1, "sequence": len(self.journal), "kind": "charge", "post_id": f"post_{name}",
            "sale_id": f"sale_{name}", "lead_id": f"lead_{name}", "campaign": campaign,
            "buyer": campaign.split("-")[0], "seller": "seller", "currency": "EUR", "price_micros": price_micros,
            "payout_micros": payout, "intent": intent["sequence"], "evidence": "00ff", "at_us": self.now,
            "legs": [
                {"account": "buyer", "amount_micros": price_micros},
                {"account": "seller", "amount_micros": -payout},
                {"account": "margin", "amount_micros": payout - price_micros},
            ],
        })

    def told(self, name: str, status: str, price: str = "30.00", **more):
        """A seller gets a final answer."""
        line = {
            "kind": "lead", "key": f"key-{name}", "person": f"+49{name}", "get": False, "again": False,
            "sent_us": self.now, "done_us": self.now + 5_000, "http": 200, "final": True, "status": status,
            "lead_id": f"lead_{name}", **more,
        }
        if status == "sold":
            payout = f"{float(price) * 0.8:.2f}"
            line |= {"payout": payout, "currency": "EUR"}
            line["sales"] = [{"sale_id": f"sale_{name}", "payout": payout}]
        self.sellers.append(line)
        return line

    def end(self, how: str = "kill", why: str = "kill -9 at random", code=None, at_us=None):
        """The exchange's process ends and starts again."""
        at_us = self.now + 1_000 if at_us is None else at_us
        self.diary.append(
            {"kind": "end", "at_us": at_us, "gone_us": at_us + 500, "how": how, "why": why, "code": code}
        )
        self.diary.append({"kind": "start", "at_us": at_us + SECOND, "ready_ms": 90})

    def record(self, kind: str, **fields):
        """The journal has a record."""
        self.journal.append({"sequence": len(self.journal) + 1, "kind": kind, **fields})

    def report(self) -> dict:
        """Writes the logs into a folder and has them compared."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
            for log in ("buyers", "sellers", "journal", "ledger", "diary"):
                text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in getattr(self, log))
                (folder / f"{log}.jsonl").write_text(text, encoding="utf-8")
            return reconcile(read_folder(folder))

    def violations(self) -> dict[str, int]:
        """Returns how often each promise is broken, where it is."""
        found = self.report()["violations"]
        return {name: kind["count"] for name, kind in found.items() if kind["count"]}
