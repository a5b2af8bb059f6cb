"""A lead is sold in each mode, by a seller of each language to a buyer of each language."""

import unittest
from collections import Counter
from decimal import Decimal

from market.market import LANGUAGES, Market
from market.modes import LOST, MODES, OTHERS, Mode, Sale

EXCLUSIVE = MODES[0]
SETTLED = OTHERS[0]


class Modes:
    """What every market has to do; north is written in `language`."""

    language: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.market = Market(cls.language)
        cls.addClassCleanup(cls.market.stop)

    def check_sale(self, mode: Mode, answer: dict) -> None:
        """The seller, the buyers and the operator tell the same of what came of a lead."""
        self.assertEqual(answer["status"], "sold" if mode.sales else "unsold", answer)
        self.assertEqual(answer.get("reason", ""), mode.reason)
        found = []
        for sale in answer["sales"]:
            account = self.market.ask(f"/v1/sales/{sale['sale_id']}")
            self.assertEqual(account["payout"], sale["payout"])
            price, payout = Decimal(account["price"]), Decimal(account["payout"])
            self.assertEqual(Decimal(account["margin"]), price - payout)
            post = self.market.buyers[account["buyer"]].line(lambda it: it.get("sale_id") == sale["sale_id"])
            self.assertEqual(post["reply"].get("price", post["price"]), account["price"])
            self.assertEqual(post["fields"], ["email", "zip"])
            self.assertEqual(post["exclusive"], sale["exclusive"])
            self.assertEqual(post["reply"].get("redirect_url"), sale.get("redirect_url"))
            found.append(Sale(account["buyer"], account["price"], account["payout"]))
        self.assertCountEqual(found, mode.sales)
        self.assertEqual(Decimal(answer["payout"]), sum(Decimal(sale.payout) for sale in mode.sales))

    def test_a_lead_is_sold_in_each_mode(self) -> None:
        for mode in MODES:
            command = "two-step" if mode.two_step else "lead"
            sellers = [self.market.start_seller(it, command, self.market.lead(mode)) for it in LANGUAGES]
            for seller, child in zip(LANGUAGES, sellers, strict=True):
                with self.subTest(mode=mode.name, seller=seller, buyer=self.language):
                    lines = self.market.end_of_seller(child, seller)
                    if mode.two_step:
                        offers = lines[0]["answer"]["offers"]
                        self.assertEqual([offer["payout"] for offer in offers], ["32.00", "28.00"])
                    self.check_sale(mode, lines[-1]["answer"])

    def test_pings_bear_what_the_vertical_shows_and_no_more(self) -> None:
        self.market.sell("python", self.market.lead(EXCLUSIVE))
        for company, buyer in self.market.buyers.items():
            lines = [line for line in buyer.lines() if line.get("campaign") == f"{company}-exclusive"]
            pings = [line for line in lines if "ping" in line]
            self.assertGreater(len(pings), 0)
            for ping in pings:
                self.assertEqual(ping["fields"], {"zip": "80"})

    def test_buyers_hear_what_became_of_their_bids(self) -> None:
        self.market.sell("python", self.market.lead(EXCLUSIVE))
        for company, expected in {"north": ("won", "accepted", "40.00"), "south": ("lost", "outbid", "30.00")}.items():
            with self.subTest(company=company, language=self.market.languages[company]):
                buyer, campaign = self.market.buyers[company], f"{company}-exclusive"
                notice = buyer.line(lambda it: it.get("notice", {}).get("campaign_id") == campaign)["notice"]
                self.assertEqual((notice["outcome"], notice["reason"], notice["bid"]), expected)
                self.assertIn(notice["ping_id"], [line.get("ping") for line in buyer.lines()])

    def test_a_copy_sells_nothing_again(self) -> None:
        for seller in LANGUAGES:
            with self.subTest(seller=seller):
                lead = self.market.lead(EXCLUSIVE)
                (first,) = self.market.sell(seller, lead)
                (again,) = self.market.sell(seller, lead)
                self.assertEqual((first["replayed"], again["replayed"]), (False, True))
                self.assertEqual(first["answer"], again["answer"])
                sale = first["answer"]["sales"][0]["sale_id"]
                posts = [line for line in self.market.buyers["north"].lines() if line.get("sale_id") == sale]
                self.assertEqual(len(posts), 1)

                (reused,) = self.market.sell(seller, lead | {"floor": "1.00"})
                self.assertEqual((reused["http"], reused["problem"]["type"]), (409, "/problems/idempotency_key_reused"))
                (known,) = self.market.sell(seller, lead | {"seller_ref": f"{lead['seller_ref']}-twin"})
                self.assertEqual(known["answer"]["status"], "duplicate")

    def test_an_answer_that_gets_lost_is_asked_for_under_the_same_key(self) -> None:
        for seller in LANGUAGES:
            with self.subTest(seller=seller):
                child = self.market.start_seller(
                    seller, "lead", self.market.lead(EXCLUSIVE), way="seller, losing answers"
                )
                (line,) = self.market.end_of_seller(child, seller)
                self.assertTrue(line["replayed"])
                self.check_sale(EXCLUSIVE, line["answer"])

    def test_offers_are_given_back(self) -> None:
        mode = next(mode for mode in MODES if mode.two_step)
        for seller in LANGUAGES:
            with self.subTest(seller=seller):
                lines = self.market.sell(seller, self.market.lead(mode), "withdraw")
                self.assertEqual([line["answer"]["status"] for line in lines], ["offers", "no_offer"])

    def test_a_lost_reply_is_found_out_and_the_seller_is_told(self) -> None:
        cases = [(mode, seller) for mode in LOST for seller in LANGUAGES]
        sellers = [self.market.start_seller(seller, "lead", self.market.lead(mode)) for mode, seller in cases]
        answers = [
            [line["answer"] for line in self.market.end_of_seller(child, seller)]
            for child, (_, seller) in zip(sellers, cases, strict=True)
        ]
        for (mode, seller), said in zip(cases, answers, strict=True):
            with self.subTest(mode=mode.name, seller=seller, buyer=self.language):
                self.assertEqual((said[0]["status"], said[0]["reason"]), ("pending", "post_unknown"))
                self.check_sale(mode, said[-1])
                event = self.event(seller, "lead.sold" if mode.sales else "lead.unsold", said[0]["lead_id"])
                self.assertEqual(event["data"]["payout"], said[-1]["payout"])
        self.check_that_each_post_was_taken_once()

    def check_that_each_post_was_taken_once(self) -> None:
        """North was posted to again, or asked, and has answered as the first time."""
        lines = self.market.buyers["north"].lines()
        posts = [line for line in lines if "post" in line and "-lost-" in line["campaign"]]
        taken = [line["post"] for line in posts if not line["again"]]
        self.assertEqual(len(taken), len(set(taken)))
        self.assertEqual(len(taken), len(LOST) * len(LANGUAGES))
        for post in posts:
            replies = [line["reply"] for line in posts if line["post"] == post["post"]]
            self.assertEqual(replies, [post["reply"]] * len(replies))
        asked = {line["asked"] for line in lines if "asked" in line}
        posted_again = {line["post"] for line in posts if line["again"]}
        self.assertEqual(asked | posted_again, set(taken))
        self.assertEqual(asked, {line["post"] for line in posts if line["campaign"] == "north-lost-and-asked"})

    def test_a_sale_that_settles_or_is_returned_is_told_to_the_seller(self) -> None:
        leads = [(mode, seller) for mode in (SETTLED, EXCLUSIVE) for seller in LANGUAGES]
        sellers = [self.market.start_seller(seller, "lead", self.market.lead(mode)) for mode, seller in leads]
        answers = {}
        for (mode, seller), child in zip(leads, sellers, strict=True):
            (line,) = self.market.end_of_seller(child, seller)
            answers[mode.name, seller] = line["answer"]
        for seller in LANGUAGES:
            sale = answers[EXCLUSIVE.name, seller]["sales"][0]["sale_id"]
            self.market.ask(f"/v1/sales/{sale}")  # waits until the store has it
            answer = self.market.give_back("north", sale, "bad_contact")
            self.assertEqual((answer["sale_id"], answer["status"]), (sale, "returned"))
        for (mode, seller), answer in answers.items():
            with self.subTest(mode=mode, seller=seller, buyer=self.language):
                is_settled = mode == SETTLED.name
                self.assertEqual(self.event(seller, "lead.sold", answer["lead_id"])["data"]["payout"], answer["payout"])
                event = self.event(seller, "lead.settled" if is_settled else "sale.returned", answer["lead_id"])
                data = event["data"]
                told = (data.get("reason"), data["payout"], data["currency"])
                self.assertEqual(told, (None, "32.00", "EUR") if is_settled else ("bad_contact", "0.00", "EUR"))
                self.assertEqual(data["sale_id"], answer["sales"][0]["sale_id"])

    def event(self, seller: str, kind: str, lead_id: str) -> dict:
        """Waits until the seller has heard of its lead."""
        listener = self.market.listeners[seller]
        return listener.line(lambda it: it.get("type") == kind and it["data"]["lead_id"] == lead_id)

    def test_the_ledger_says_what_the_buyers_have_agreed_to(self) -> None:
        for seller, mode in (("python", SETTLED), ("javascript", MODES[1])):
            (line,) = self.market.sell(seller, self.market.lead(mode))
            for sale in line["answer"]["sales"]:
                self.market.ask(f"/v1/sales/{sale['sale_id']}")  # waits until the store has it
        expected: Counter = Counter()
        for company, buyer in self.market.buyers.items():
            for line in buyer.lines():
                if line.get("reply", {}).get("status") == "accepted" and not line["again"]:
                    price = Decimal(line["reply"].get("price", line["price"]))
                    expected[f"buyer:{company}"] += 0 if line["sale_id"] in self.returned() else price
        for seller, payouts in self.market.payouts.items():
            expected[f"seller:{seller}"] -= sum(it for sale, it in payouts.items() if sale not in self.returned())
        expected["exchange margin"] = -sum(expected.values())
        self.assertEqual(self.balances(), expected)
        self.assertGreater(expected["buyer:south"], 0)
        self.assertEqual(self.market.ask("/v1/ledger/verify", {})["status"], "intact")

    def balances(self) -> Counter:
        """Returns what stands in the accounts of each party."""
        found: Counter = Counter()
        for entry in self.market.ask("/v1/balances")["items"]:
            party = entry["account"].removesuffix(" receivable").removesuffix(" payable").removesuffix(" pending")
            found[party] += Decimal(entry["balance"])
        return found

    def returned(self) -> set[str]:
        """Returns the sales that were given back."""
        return {sale["sale_id"] for sale in self.market.ask("/v1/sales?status=returned")["items"]}


class PythonBuyer(Modes, unittest.TestCase):
    """North is written in Python, south in JavaScript."""

    language = "python"


class JavaScriptBuyer(Modes, unittest.TestCase):
    """North is written in JavaScript, south in Python."""

    language = "javascript"
