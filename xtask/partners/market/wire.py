"""A place on the way of messages: it keeps what passes, and loses replies where it is told to."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from .process import PATIENCE_S


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Message(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def kind(self) -> str:
        """Returns the last part of its path."""
        return self.path.rsplit("/", 1)[-1]

    def name(self) -> str:
        """Returns what is the same when it comes again."""
        return self.headers.get("webhook-id") or self.headers["idempotency-key"]

    def send_to(self, address: str) -> Reply:
        """Sends it, and returns the reply."""
        connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)
        try:
            connection.request(self.method, self.path, self.body, self.headers)
            reply = connection.getresponse()
            headers = {name: value for name, value in reply.getheaders() if name.lower() == "idempotency-replayed"}
            return Reply(reply.status, headers, reply.read())
        finally:
            connection.close()


class Wire:
    """`/pass/...` reaches the other end, `/lose/...` too while its first reply gets lost, anything else ends here."""

    def __init__(self, end: str) -> None:
        self._messages: list[Message] = []
        self._came = threading.Condition()
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                del headers["host"], headers["content-length"]
                way, _, rest = self.path.removeprefix("/").partition("/")
                message = Message("POST", f"/{rest}", headers, body)
                is_first = wire._keep(message)
                reply = message.send_to(end) if way in ("pass", "lose") else Reply(200, {}, b"{}")
                if way == "lose" and is_first:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def message(self, kind: str) -> Message:
        """Waits for a message whose path ends so, and returns the latest."""
        def of_kind() -> list[Message]:
            return [message for message in self._messages if message.kind() == kind]

        with self._came:
            if not self._came.wait_for(of_kind, PATIENCE_S):
                raise AssertionError(f"no {kind} came")
            return of_kind()[-1]

    def stop(self) -> None:
        """Closes it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _keep(self, message: Message) -> bool:
        """Keeps the message, and returns whether it comes for the first time."""
        with self._came:
            known = {earlier.name() for earlier in self._messages}
            self._messages.append(message)
            self._came.notify_all()
        return message.name() not in known
