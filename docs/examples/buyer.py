"""A small buyer: it bids 40.00 for owners' houses, and takes every lead that it wins."""

import base64, hashlib, hmac, json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode("Zmlyc3QtYnV5ZXItbm90LWEtcmVhbC1zZWNyZXQ=")  # as in catalog.toml, without whsec_


class Buyer(BaseHTTPRequestHandler):
    wbufsize = -1  # head and body leave in one write
    protocol_version = "HTTP/1.1"  # keeps the connection open between pings

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        signature = "v1," + base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
        if signature not in self.headers["webhook-signature"].split():
            return self.answer(401, {})
        message = json.loads(body)
        if self.path == "/ping":
            return self.answer(200, {"bid": "40.00" if message["fields"]["owner"] else 0})
        print("bought for", message["price"], message["fields"])  # here the lead goes into your own system
        self.answer(200, {"status": "accepted", "buyer_ref": message["post_id"]})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", 9000), Buyer).serve_forever()
