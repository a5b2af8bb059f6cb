"""Each promise, broken once by hand, is found, and found under its name alone."""

import unittest

from tests.story import NOON, SECOND, Story


def market() -> Story:
    """A market in which everything is as it should be, with every kind of trouble that is allowed."""
    story = Story()
    story.sale("1")
    story.sale("2", "bold-solar")
    # A rejection, and a seller that knows.
    story.post("3", "acme-solar", "20.00", taken=False)
    story.outcome("3", "failed")
    story.told("3", "unsold", reason="posts_rejected")
    # A buyer that takes the lead and resets the connection.
    story.post("4", "bold-solar", "30.00", fault="reset")
    story.outcome("4", "unknown")
    story.again("4")
    story.resolved("4", "accepted")
    story.charge("4", "bold-solar")
    story.told("4", "sold")
    # A post that a kill cut off.
    story.post("5", "bold-solar", "30.00")
    story.end()
    story.again("5")
    story.resolved("5", "accepted")
    story.charge("5", "bold-solar")
    story.told("5", "sold")
    # A lead for two.
    story.sale("6", "acme-loan", "10.00")
    story.sellers[-1]["sales"] = [{"sale_id": "sale_6", "payout": "8.00"}, {"sale_id": "sale_7", "payout": "8.00"}]
    second = story.post("7", "bold-loan", "10.00")
    second["person"] = "+496"
    story.outcome("7", "accepted", "10.00")
    story.charge("7", "bold-loan", "10.00")
    # A drain, and an answer that is the same afterwards.
    story.end("drain", "SIGTERM", code=0)
    story.told("1", "sold", again=True)
    return story


class Promises(unittest.TestCase):
    """One test a promise."""

    def check(self, story: Story, **expected: int):
        """Compares the promises that are broken, their names written with underscores."""
        self.assertEqual(story.violations(), {name.replace("_", " "): count for name, count in expected.items()})

    def test_a_market_without_mistakes_is_clean(self):
        self.check(market())

    def test_an_exclusive_lead_is_not_sold_to_two(self):
        story = market()
        story.sale("8", "bold-solar")
        story.buyers[-1]["person"] = "+491"
        self.check(story, double_sales=1)

    def test_a_shared_lead_is_not_sold_to_one_company_twice(self):
        story = market()
        story.buyers[-1]["buyer"] = "acme-loan"
        for log in (story.journal, story.ledger):
            for line in log:
                if line.get("post_id") == "post_7" and "campaign" in line:
                    line |= {"campaign": "acme-loan", "buyer": "acme"}
        self.check(story, double_sales=1)

    def test_an_acceptance_is_charged_once(self):
        story = market()
        story.charge("1")
        self.check(story, double_charges=1)

    def test_a_lead_is_charged_to_a_company_once(self):
        story = market()
        story.sale("8")
        story.ledger[-1]["lead_id"] = "lead_1"
        self.check(story, double_charges=1)

    def test_a_charge_has_a_post_that_was_taken(self):
        story = market()
        story.charge("3", price="20.00")
        self.check(story, charges_without_evidence=1, untold_sales=1)

    def test_a_charge_is_for_a_post_that_came(self):
        story = market()
        story.buyers = [line for line in story.buyers if line["post_id"] != "post_1"]
        self.check(story, charges_without_evidence=1)

    def test_a_charge_is_at_the_price_of_the_post(self):
        story = market()
        story.ledger[0]["price_micros"] += 1
        story.ledger[0]["legs"][0]["amount_micros"] += 1
        story.ledger[0]["legs"][2]["amount_micros"] -= 1
        self.check(story, charges_without_evidence=1)

    def test_a_charge_cites_its_intent(self):
        story = market()
        story.ledger[0]["intent"] += 1
        self.check(story, charges_without_evidence=1)

    def test_a_charge_cites_its_evidence(self):
        story = market()
        story.ledger[0]["evidence"] = ""
        self.check(story, charges_without_evidence=1)

    def test_what_a_buyer_took_is_charged(self):
        story = market()
        story.post("8", "bold-solar", "30.00")
        story.outcome("8", "failed")
        story.told("8", "unsold", reason="posts_rejected")
        self.check(story, lost_sales=1)

    def test_what_a_seller_was_told_is_charged(self):
        story = market()
        story.told("8", "sold")
        self.check(story, lost_sales=1)

    def test_a_sale_is_told(self):
        story = market()
        story.sale("8", "bold-solar")
        story.sellers[-1] |= {"status": "unsold", "reason": "deadline", "sales": []}
        self.check(story, untold_sales=1)

    def test_a_payout_is_that_of_the_ledger(self):
        story = market()
        for line in story.sellers:
            if line["key"] == "key-1":
                line["sales"] = [{"sale_id": "sale_1", "payout": "24.01"}]
        self.check(story, untold_sales=1)

    def test_a_cap_on_sales_holds(self):
        story = market()
        for name in ("8", "9"):
            story.sale(name, price="5.00")
            story.sellers[-1]["sales"] = [{"sale_id": f"sale_{name}", "payout": "4.00"}]
        # Three sales of a day with a cap of two, four posts of an hour with a cap of three.
        self.check(story, caps_broken=2)

    def test_a_budget_holds(self):
        story = market()
        story.sale("8", price="40.01")
        story.sellers[-1]["sales"] = [{"sale_id": "sale_8", "payout": "32.008"}]
        self.check(story, caps_broken=1)

    def test_a_cap_of_a_company_holds(self):
        story = market()
        for name in ("8", "9", "10", "11"):
            story.sale(name, "acme-loan", "10.00")
            story.sellers[-1]["sales"] = [{"sale_id": f"sale_{name}", "payout": "8.00"}]
        self.check(story, caps_broken=1)

    def test_a_window_is_that_of_the_intent(self):
        story = market()
        story.sale("8", price="1.00")
        story.sellers[-1]["sales"] = [{"sale_id": "sale_8", "payout": "0.80"}]
        # The intent stands just before midnight, and the buyer got the post just after.
        midnight = NOON - 600 * SECOND + 12 * 3_600 * SECOND
        for line in story.journal[-2:]:
            line["at_us"] = midnight - 1
        story.buyers[-1]["at_us"] = midnight + 1
        self.check(story)
        story.sale("9", price="1.00")
        story.sellers[-1]["sales"] = [{"sale_id": "sale_9", "payout": "0.80"}]
        for line in story.journal[-2:]:
            line["at_us"] = midnight - 1
        story.buyers[-1]["at_us"] = midnight + 1
        self.check(story, caps_broken=1)

    def test_a_sold_answer_does_not_change(self):
        story = market()
        story.told("2", "unsold", reason="no_bid", again=True)
        self.check(story, answers_that_changed=1, untold_sales=1)

    def test_a_final_answer_holds_every_sale(self):
        for resolved, told_again, violations in (
            (True, False, {"untold_sales": 1}),
            (True, True, {"answers_that_changed": 1}),
            (False, False, {"untold_sales": 1}),
            (False, True, {"answers_that_changed": 1}),
        ):
            story = market()
            story.sale("8", "acme-loan", "10.00")
            first = story.sellers[-1]
            first["sales"] = [{"sale_id": "sale_8", "payout": "8.00"}]
            second = story.post("9", "bold-loan", "10.00", fault="reset" if resolved else None)
            second["person"] = "+498"
            if resolved:
                story.again("9")
                story.resolved("9", "accepted", price="10.00")
            else:
                story.outcome("9", "accepted", "10.00")
            story.charge("9", "bold-loan", "10.00")
            for log in (story.journal, story.ledger):
                for line in log:
                    if line.get("post_id") == "post_9":
                        line["lead_id"] = "lead_8"
            if told_again:
                both = [{"sale_id": f"sale_{name}", "payout": "8.00"} for name in ("8", "9")]
                story.sellers.append({**first, "again": True, "payout": "16.00", "sales": both})
            self.check(story, **violations)

    def test_a_kill_excuses_what_nothing_waited_for(self):
        for reason, excused in (("no_bid", True), ("posts_rejected", False)):
            story = market()
            story.now += SECOND
            story.told("8", "unsold", reason=reason)
            story.end()
            story.now += SECOND
            story.told("8", "unsold", reason="no_bid", again=True)
            story.sellers[-1]["lead_id"] = "lead_8b"
            self.check(story, **({} if excused else {"answers_that_changed": 1}))

    def test_a_drain_or_an_old_kill_excuses_nothing(self):
        for how, at_us in (("drain", None), ("kill", 5 * SECOND)):
            story = market()
            story.now += SECOND
            story.told("8", "unsold", reason="no_bid")
            story.end(how, code=0, at_us=None if at_us is None else story.now + at_us)
            story.now += 10 * SECOND
            story.told("8", "unsold", reason="below_floor", again=True)
            story.sellers[-1]["lead_id"] = "lead_8b"
            self.check(story, answers_that_changed=1)

    def test_every_request_ends(self):
        story = market()
        story.sellers.append({"kind": "unfinished", "key": "key-8", "at_us": story.now})
        self.check(story, requests_without_a_final_answer=1)

    def test_good_requests_are_not_refused(self):
        story = market()
        for problem, http in (("idempotency_key_reused", 409), ("ping_lost", 409)):
            line = story.told("8", "unsold", reason="no_bid", problem=problem)
            line |= {"key": f"key-{problem}", "http": http, "status": None}
        self.check(story, requests_refused_for_good=1)

    def test_an_unknown_has_a_fault(self):
        story = market()
        story.now += 60 * SECOND
        story.post("8", "bold-solar", "30.00")
        story.outcome("8", "unknown")
        story.again("8")
        story.resolved("8", "accepted")
        story.charge("8", "bold-solar")
        story.told("8", "sold")
        self.check(story, unknowns_without_a_fault=1)

    def test_a_kill_does_not_explain_what_was_unknown_before(self):
        story = market()
        story.now += 60 * SECOND
        story.post("8", "bold-solar", "30.00")
        story.outcome("8", "unknown")
        story.end(at_us=story.now + SECOND)
        story.again("8")
        story.resolved("8", "accepted")
        story.charge("8", "bold-solar")
        story.told("8", "sold")
        self.check(story, unknowns_without_a_fault=1)

    def test_a_fault_makes_an_unknown(self):
        for fault, status in (("truncated", 200), (None, 500), (None, 302)):
            story = market()
            story.sale("8", "bold-solar")
            story.buyers[-1]["answer"] |= {"status": status} | ({"fault": fault} if fault else {})
            self.check(story, faults_without_an_unknown=1)
        # A refusal that says that the lead was not taken is an answer.
        story = market()
        story.post("8", "bold-solar", "30.00", taken=False, status=503)
        story.outcome("8", "failed")
        story.told("8", "unsold", reason="posts_rejected")
        self.check(story)

    def test_a_late_answer_may_be_read_while_the_process_is_busy(self):
        for taken, violations in ((False, {}), (True, {"faults_without_an_unknown": 1, "lost_sales": 1})):
            story = market()
            story.post("8", "bold-solar", "30.00", taken=taken, fault="late")
            story.outcome("8", "failed")
            story.told("8", "unsold", reason="posts_rejected")
            self.check(story, **violations)

    def test_an_unknown_is_resolved(self):
        story = market()
        story.post("8", "bold-solar", "30.00", taken=False, fault="hang")
        self.check(story, unknowns_that_stayed=1)

    def test_a_post_has_an_intent(self):
        story = market()
        story.post("8", "bold-solar", "30.00", taken=False)
        story.journal.pop()
        self.check(story, journal_that_contradicts_itself_or_the_buyers=1)

    def test_an_intent_is_written_before_its_post(self):
        story = market()
        story.buyers[0]["at_us"] = story.journal[0]["at_us"] - 1
        self.check(story, journal_that_contradicts_itself_or_the_buyers=1)

    def test_a_post_ends_once(self):
        story = market()
        story.resolved("1", "accepted")
        self.check(story, journal_that_contradicts_itself_or_the_buyers=1)

    def test_honest_buyers_leave_nothing_to_dispute(self):
        story = market()
        story.record("disputed", lead_id="lead_1", post_id="post_1", says="failed", by="report", at_us=story.now)
        self.check(story, journal_that_contradicts_itself_or_the_buyers=1)

    def test_a_post_again_is_the_same(self):
        story = market()
        story.again("1")
        story.buyers[-1]["differs"] = True
        self.check(story, posts_that_changed_or_could_not_be_read=1)

    def test_every_message_can_be_read(self):
        story = market()
        story.buyers.append({"kind": "malformed", "at_us": 1, "buyer": "acme-solar", "path": "/", "problem": "no JSON"})
        self.check(story, posts_that_changed_or_could_not_be_read=1)

    def test_an_entry_adds_up_to_nothing(self):
        story = market()
        story.ledger[0]["legs"][0]["amount_micros"] += 1
        story.ledger.append({"entry": 99, "kind": "settled", "sequence": 9, "legs": []})
        self.check(story, ledger_entries_out_of_balance=2)

    def test_a_process_ends_as_it_should(self):
        for how, why, code, violations in (
            ("drain", "SIGTERM", 1, 1),
            ("ignored", "fsync error", None, 1),
            ("exit", "by itself", 101, 1),
            ("exit", "disk almost full", 1, 1),
            ("exit", "disk full", 1, 0),
            ("exit", "disk full", None, 1),
            ("exit", "fsync error", 1, 0),
            ("exit", "fsync error", 0, 1),
            ("exit", "disk full", 101, 1),
        ):
            story = market()
            story.end(how, why, code, at_us=story.now + 100 * SECOND)
            self.check(story, **({"processes_that_ended_wrongly": violations} if violations else {}))

    def test_kills_come_between_an_intent_and_its_outcome(self):
        story = market()
        for number in range(3):
            story.end(at_us=story.now + (100 + number) * SECOND)
        self.check(story)
        story.end(at_us=story.now + 200 * SECOND)
        story.end(at_us=story.now + 201 * SECOND)
        self.check(story, kills_beside_the_posts=1)


class Reports(unittest.TestCase):
    """What the report counts."""

    def test_faults_and_causes_are_counted(self):
        report = market().report()
        self.assertEqual(report["faults"], {"kill -9 at random": 1, "SIGTERM": 1})
        self.assertEqual(report["kills"], {"all": 1, "between an intent and its outcome": 1})
        self.assertEqual(report["buyers"]["faults"], {"reset": 1})
        self.assertEqual(report["unknowns"]["by cause"], {"buyer: reset": 1, "exchange: kill -9 at random": 1})
        self.assertEqual(report["unknowns"]["resolved"], {"repost: accepted": 2})
        self.assertEqual(report["restarts"], {"count": 3, "p50_ms": 90, "p99_ms": 90, "max_ms": 90})
        used = {(cap["owner"], cap["kind"]): (cap["used"], cap["cap"]) for cap in report["caps"]}
        self.assertEqual(used["campaign acme-solar", "budget"], (30_000_000, 70_000_000))
        self.assertEqual(used["buyer acme", "sold"], (2, 5))


if __name__ == "__main__":
    unittest.main()
