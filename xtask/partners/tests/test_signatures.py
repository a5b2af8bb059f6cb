"""The Standard Webhooks libraries take what the exchange signed, and nothing that was changed since."""

import json
import os
import subprocess
import unittest

from market.catalog import BUYER_SECRET, NEW_SECRET, SELLER_SECRET
from market.market import Market
from market.modes import OTHERS
from market.wire import Message

WATCHED = OTHERS[1]
# Standard Webhooks bears five minutes.
TOO_FAR_S = 301
# What a thief of the secret could do, and a replay of an old message.
SIGN = """
import sys
from datetime import datetime, timezone
from standardwebhooks import Webhook
secret, name, seconds = sys.argv[1:]
time = datetime.fromtimestamp(int(seconds), timezone.utc)
print(Webhook(secret).sign(name, time, sys.stdin.read()))
"""


def flipped(body: bytes) -> bytes:
    """Returns a body that is still JSON and says something else."""
    said = json.loads(body)
    name = next(name for name in ("price", "currency", "type", "v") if name in said)
    return json.dumps(said | {name: "0.01"}).encode()


def with_header(message: Message, name: str, value: str) -> Message:
    """Returns the message with another header."""
    return message._replace(headers=message.headers | {name: value})


def signed_anew(message: Message, secret: str, later_s: int) -> Message:
    """Returns the message as signed by the library with this secret, so many seconds later."""
    seconds = str(int(message.headers["webhook-timestamp"]) + later_s)
    python = f"{os.environ['PARTNERS_LIBRARIES']}/python/bin/python"
    command = [python, "-c", SIGN, secret, message.headers["webhook-id"], seconds]
    signature = subprocess.run(command, input=message.body, check=True, capture_output=True).stdout.decode().strip()
    return with_header(with_header(message, "webhook-timestamp", seconds), "webhook-signature", signature)


def forgeries(message: Message) -> dict[str, Message]:
    """Returns messages that nobody may take, by what is wrong with them."""
    seconds = int(message.headers["webhook-timestamp"])
    signatures = message.headers["webhook-signature"].split()
    return {
        "another body": message._replace(body=flipped(message.body)),
        "another id": with_header(message, "webhook-id", f"{message.headers['webhook-id']}0"),
        "another time": with_header(message, "webhook-timestamp", str(seconds + 1)),
        "another signature": with_header(message, "webhook-signature", "v1," + "A" * 43 + "="),
        "no signature": with_header(message, "webhook-signature", ""),
        "another version": with_header(message, "webhook-signature", " ".join("v2" + it[2:] for it in signatures)),
        "another secret": signed_anew(message, NEW_SECRET, 0),
        "a message from the past": signed_anew(message, secret_of(message), -TOO_FAR_S),
        "a message from the future": signed_anew(message, secret_of(message), 2 * TOO_FAR_S),
    }


def secret_of(message: Message) -> str:
    """Returns the secret that the receiver of the message knows."""
    return SELLER_SECRET if message.kind() == "events" else BUYER_SECRET


class Signatures(unittest.TestCase):
    """What was recorded of a real sale comes again to the programs of both languages."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.market = Market("python")
        cls.addClassCleanup(cls.market.stop)
        (sold,) = cls.market.sell("python", cls.market.lead(WATCHED), seller="watched")
        assert sold["answer"]["status"] == "sold", sold

    def check(self, kind: str, programs: dict[str, str], status: int) -> Message:
        """Each program takes the message as it came, and none of the forgeries; returns the message."""
        message = self.market.wire.message(kind)
        for program, address in programs.items():
            signed = {"as it came": message, "signed anew": signed_anew(message, secret_of(message), 0)}
            for what, genuine in signed.items():
                with self.subTest(kind=kind, program=program, what=what):
                    self.assertEqual(genuine.send_to(address).status, status)
            for what, forgery in forgeries(message).items():
                with self.subTest(kind=kind, program=program, what=what):
                    self.assertEqual(forgery.send_to(address).status, 401)
        return message

    def buyers(self) -> dict[str, str]:
        """Returns where the buyer of each language listens."""
        return {name: buyer.announced["listening"] for name, buyer in self.market.buyers.items()}

    def test_buyers_verify_pings(self) -> None:
        self.check("ping", self.buyers(), 200)

    def test_buyers_verify_posts(self) -> None:
        self.check("post", self.buyers(), 200)

    def test_buyers_verify_notices(self) -> None:
        self.check("notices", self.buyers(), 200)

    def test_sellers_verify_events(self) -> None:
        listeners = {name: it.announced["listening"] for name, it in self.market.listeners.items()}
        event = json.loads(self.check("events", listeners, 204).body)
        # It came as it was and signed anew, and is told once; the forgeries are not.
        for listener in self.market.listeners.values():
            told = [line for line in listener.lines() if "event_id" in line]
            self.assertEqual([line["event_id"] for line in told], [event["event_id"]])

    def test_while_a_secret_is_rotated_both_sign(self) -> None:
        message = self.market.wire.message("post")
        signatures = message.headers["webhook-signature"].split()
        self.assertEqual(len(signatures), 2)
        by_library = [signed_anew(message, it, 0).headers["webhook-signature"] for it in (NEW_SECRET, BUYER_SECRET)]
        self.assertEqual(signatures, by_library)
