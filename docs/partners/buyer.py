"""A buyer, written from docs/contract.md: it bids on pings, and takes each lead that it wins once.

    buyer.py serve ORDERS.json [ADDRESS:PORT]     by default on 127.0.0.1:9001
    buyer.py return SALE_ID REASON                gives a lead back

ORDERS.json says what to answer for each campaign; docs/partners/orders.json is an example.
For `return`, EXCHANGE_CONTROL_URL and EXCHANGE_KEY say whom to call.
What comes is printed as one line of JSON, without personal data.
Only the library that checks signatures is not Python's own: pip install standardwebhooks
"""

import json
import os
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError


class Buyer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection open, as the exchange does for most of a minute
    wbufsize = -1  # head and body leave in one write
    orders = {}
    replies = {}  # what was answered to each post: keep it in your own database
    learned = set()  # the notices that came
    one_at_a_time = threading.Lock()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_genuine(body):
            return self.answer(401, {})
        message = json.loads(body)
        if self.path == "/notices":
            return self.learn(message["notices"])
        order = self.orders["campaigns"].get(message["campaign_id"])
        if self.path == "/ping":
            return self.bid(message, order)
        if self.path == "/post":
            return self.take(message, order)
        self.answer(404, {})

    def do_GET(self):
        """Says what became of a post: the exchange asks where it never got the answer."""
        if not self.is_genuine(b""):
            return self.answer(401, {})
        post_id = self.path.removeprefix("/posts/")
        show({"asked": post_id})
        self.answer(200, self.replies.get(post_id, {"status": "unknown"}))

    def is_genuine(self, body):
        try:
            Webhook(self.orders["secret"]).verify(body, dict(self.headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:
            show({"refused": str(error)})
            return False
        return True

    def bid(self, ping, order):
        reply = order["bid"] if order else {"bid": 0}  # a bid of zero declines
        show({"ping": ping["ping_id"], "campaign": ping["campaign_id"], "fields": ping["fields"], "reply": reply})
        self.answer(200, reply)

    def take(self, post, order):
        post_id = post["post_id"]
        with self.one_at_a_time:
            again = post_id in self.replies
            if not again:
                # Here the lead goes into your own system, in one transaction with what is answered.
                reply = order["reply"] if order else {"status": "rejected", "reason": "no such campaign"}
                self.replies[post_id] = reply | {"buyer_ref": f"N-{len(self.replies) + 1}"}
            reply = self.replies[post_id]
        told = {name: post[name] for name in ("sale_id", "price", "currency", "exclusive")}
        show({"post": post_id, "campaign": post["campaign_id"], "again": again, **told,
              "fields": sorted(post["fields"]), "reply": reply})
        self.answer(200, reply)

    def learn(self, notices):
        """Hears what became of bids; a message that is not answered with 2xx comes again."""
        for notice in notices:
            if notice["notice_id"] not in self.learned:
                self.learned.add(notice["notice_id"])
                show({"notice": notice})
        self.answer(200, {})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(orders, address="127.0.0.1:9001"):
    with open(orders, encoding="utf-8") as file:
        Buyer.orders = json.load(file)
    host, port = address.rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Buyer)
    show({"listening": f"{host}:{server.server_port}"})
    server.serve_forever()


def give_back(sale_id, reason):
    url = f"{os.environ['EXCHANGE_CONTROL_URL']}/v1/sales/{sale_id}/returns"
    headers = {"Authorization": f"Bearer {os.environ['EXCHANGE_KEY']}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps({"reason": reason}).encode(), headers)
    with urllib.request.urlopen(request) as response:
        show(json.load(response))


def show(line):
    print(json.dumps(line) + "\n", end="", flush=True)  # in one piece, for several threads print


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", *rest]:
            serve(*rest)
        case ["return", sale_id, reason]:
            give_back(sale_id, reason)
        case _:
            sys.exit(__doc__)
