"""A seller, written from docs/contract.md: it sells leads, and hears what became of them.

    seller.py lead LEAD.json                sells it in one call
    seller.py two-step LEAD.json            asks for offers, takes the best one and sends the whole lead
    seller.py withdraw LEAD.json            asks for offers and gives them back
    seller.py events [ADDRESS:PORT]         listens for events, by default on 127.0.0.1:9100

EXCHANGE_URL and EXCHANGE_KEY say whom to call, WEBHOOK_SECRET what events are signed with.
Every answer and every event is printed as one line of JSON.
Only the library that checks signatures is not Python's own: pip install standardwebhooks
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

TRIES_MAX = 5
ANSWER_MAX_S = 75  # answer_by is at most 60 s


def main(command, *arguments):
    if command == "events":
        return listen(*arguments)
    with open(arguments[0], encoding="utf-8") as file:
        lead = json.load(file)
    {"lead": sell, "two-step": sell_in_two_steps, "withdraw": withdraw}[command](lead)


def sell(lead):
    """One call. The seller's own id is the idempotency key, so that a copy never sells the lead twice."""
    follow(call("POST", "/v1/leads", lead, lead["seller_ref"]))


def sell_in_two_steps(lead):
    """`lead` holds both steps: `ping` without personal data, `post` with the rest."""
    ping = ask_for_offers(lead)
    if ping["status"] != "offers":
        return
    # Offers come best first. What this seller does not choose may still follow as a fallback.
    post = {"offer_ids": [ping["offers"][0]["offer_id"]]} | lead["post"]
    key = lead["ping"]["seller_ref"] + "-post"  # a post has no seller_ref, so its key goes into the header
    follow(call("POST", f"/v1/pings/{ping['ping_id']}/post", post, key))


def withdraw(lead):
    ping = ask_for_offers(lead)
    call("DELETE", f"/v1/pings/{ping['ping_id']}")


def ask_for_offers(lead):
    return call("POST", "/v1/pings", lead["ping"], lead["ping"]["seller_ref"])


def follow(answer):
    """An answer with a `status_url` is not the last one."""
    while "status_url" in answer:
        time.sleep(answer["retry_after_ms"] / 1000)
        answer = call("GET", answer["status_url"])


def call(method, path, body=None, key=None):
    """Sends a request, and again under the same key where it is not known whether it arrived."""
    headers = {"Authorization": f"Bearer {os.environ['EXCHANGE_KEY']}"}
    if body is not None:
        headers |= {"Content-Type": "application/json", "Idempotency-Key": key}
        body = json.dumps(body).encode()
    request = urllib.request.Request(os.environ["EXCHANGE_URL"] + path, body, headers, method=method)
    for tries_left in reversed(range(TRIES_MAX)):
        try:
            response = urllib.request.urlopen(request, timeout=ANSWER_MAX_S)
        except urllib.error.HTTPError as refused:
            if refused.code != 503 or not tries_left:
                show({"http": refused.code, "problem": json.load(refused)})
                sys.exit(1)
            time.sleep(int(refused.headers.get("Retry-After", 1)))
        except OSError:
            if not tries_left:
                raise
            time.sleep(1)
        else:
            with response:
                answer = json.load(response)
                replayed = response.headers.get("Idempotency-Replayed") == "true"
            show({"http": response.status, "replayed": replayed, "answer": answer})
            return answer


class Events(BaseHTTPRequestHandler):
    """Takes each event once; an event that is not answered with 2xx comes again."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one write
    seen = set()  # keep it in your own database

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = Webhook(os.environ["WEBHOOK_SECRET"]).verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return self.answer(401)
        if event["event_id"] not in self.seen:
            self.seen.add(event["event_id"])
            show(event)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def listen(address="127.0.0.1:9100"):
    host, port = address.rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Events)
    show({"listening": f"{host}:{server.server_port}"})
    server.serve_forever()


def show(line):
    print(json.dumps(line) + "\n", end="", flush=True)  # in one piece, for several threads print


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
