"""The market: an exchange, two companies that buy, two that sell, and a wire between some of them."""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path

from .catalog import BUYER_SECRET, SELLER_SECRET, catalog
from .modes import Mode, orders
from .process import PATIENCE_S, Process, environment
from .wire import Wire

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "docs" / "partners"
# Between two looks at something of which no event tells.
LOOK_S = 0.02
LANGUAGES = ("python", "javascript")
CONFIGURATION = '[buyers]\nallow_addresses = ["127.0.0.0/8"]\nallow_http = true\n'


def lines_of(child: subprocess.Popen) -> list[dict]:
    """Waits for the end of a program, and returns the lines that it printed."""
    with child:
        try:
            out, error = child.communicate(timeout=PATIENCE_S)
        finally:
            child.kill()
    if not out:
        raise AssertionError(f"the program said nothing: {error}")
    return [json.loads(line) for line in out.splitlines()]


class Market:
    """Everything that runs. North is written in the language that is asked for, and south in the other."""

    def __init__(self, language: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="exchange-partners-"))
        self._libraries = Path(os.environ["PARTNERS_LIBRARIES"])
        self._exchange_program = os.environ["PARTNERS_EXCHANGE"]
        self._running: list[Process | Wire] = []
        self._leads = 0
        self.payouts: dict[str, dict[str, Decimal]] = {}  # of each seller, by sale, as its answers said
        try:
            self._start(language)
        except BaseException:
            self.stop()
            raise

    def _start(self, language: str) -> None:
        # A copy: Node looks for libraries beside the program.
        for program in PROGRAMS.glob("*er.*"):
            shutil.copy(program, self.folder)
        (self.folder / "node_modules").symlink_to(self._libraries / "node" / "node_modules")
        other = LANGUAGES[1 - LANGUAGES.index(language)]
        self.buyers = {"north": self._buyer("north", language), "south": self._buyer("south", other)}
        self.languages = {"north": language, "south": other}
        addresses = {company: buyer.announced["listening"] for company, buyer in self.buyers.items()}
        self.wire = self._keep(Wire(addresses["north"]))
        self.listeners = {seller: self._listener(seller) for seller in LANGUAGES}
        webhooks = {seller: f"http://{it.announced['listening']}/events" for seller, it in self.listeners.items()}
        webhooks["watched"] = f"http://{self.wire.address}/keep/events"

        self._data = self.folder / "data"
        sellers = [f"seller:{name}" for name in webhooks]
        self._keys = {owner: self._key(owner) for owner in ["operator:tests", "buyer:north", "buyer:south", *sellers]}
        (self.folder / "catalog.toml").write_text(catalog(addresses | {"wire": self.wire.address}, webhooks))
        (self.folder / "exchange.toml").write_text(CONFIGURATION)
        serve = [self._exchange_program, "serve", "--config", self.folder / "exchange.toml"]
        exchange = Process(
            "exchange", [*serve, "--catalog", self.folder / "catalog.toml"], self.folder,
            EXCHANGE_DATA_DIR=str(self._data), EXCHANGE_SELLER_LISTEN="127.0.0.1:0",
            EXCHANGE_CONTROL_LISTEN="127.0.0.1:0",
        )
        # First: it is stopped before those on whom it calls.
        self._running.insert(0, exchange)
        self._addresses = {name: f"http://{address}" for name, address in exchange.announced.items()}
        wire = self._keep(Wire(exchange.announced["seller"]))
        self._addresses["seller, losing answers"] = f"http://{wire.address}/lose"

    def stop(self) -> None:
        """Stops everything, and removes its folder."""
        for running in self._running:
            running.stop()
        shutil.rmtree(self.folder)

    def lead(self, mode: Mode) -> dict:
        """Returns a lead of a person that nobody has seen yet, for one call or for two."""
        self._leads += 1
        person = {"email": f"person-{self._leads}@example.org"}
        ping = {"vertical": mode.name, "seller_ref": f"lead-{self._leads}", "fields": {"zip": "80331"}}
        if mode.two_step:
            return {"ping": ping, "post": {"fields": person, **mode.post}}
        return ping | {"fields": ping["fields"] | person}

    def start_seller(
        self, language: str, command: str, lead: dict, seller: str = "", way: str = "seller"
    ) -> subprocess.Popen:
        """Starts a seller's program with a lead."""
        path = self.folder / f"{(lead.get('ping') or lead)['seller_ref']}.json"
        path.write_text(json.dumps(lead))
        variables = environment(
            EXCHANGE_URL=self._addresses[way], EXCHANGE_KEY=self._keys[f"seller:{seller or language}"],
            WEBHOOK_SECRET=SELLER_SECRET,
        )
        program = [*self._program("seller", language), command, path]
        return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables)

    def sell(self, language: str, lead: dict, command: str = "", seller: str = "") -> list[dict]:
        """Has a lead sold, and returns the lines that the seller's program printed."""
        command = command or ("two-step" if "ping" in lead else "lead")
        return self.end_of_seller(self.start_seller(language, command, lead, seller), seller or language)

    def end_of_seller(self, child: subprocess.Popen, seller: str) -> list[dict]:
        """Waits for the end of a seller's program, and returns the lines that it printed."""
        lines = lines_of(child)
        for line in lines:
            for sale in line.get("answer", {}).get("sales", []):
                self.payouts.setdefault(seller, {})[sale["sale_id"]] = Decimal(sale["payout"])
        return lines

    def give_back(self, company: str, sale_id: str, reason: str) -> dict:
        """Has a buyer return a lead, and returns the answer."""
        variables = environment(
            EXCHANGE_CONTROL_URL=self._addresses["control"], EXCHANGE_KEY=self._keys[f"buyer:{company}"]
        )
        program = [*self._program("buyer", self.languages[company]), "return", sale_id, reason]
        child = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables)
        return lines_of(child)[0]

    def ask(self, path: str, body: dict | None = None) -> dict:
        """Asks the control listener as an operator."""
        headers = {"Authorization": f"Bearer {self._keys['operator:tests']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._addresses["control"] + path, data, headers)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
                    return json.load(response)
            except urllib.error.HTTPError as refused:
                # The store follows the journal, so what was just sold may not be there yet.
                with refused:
                    if refused.code != 404 or time.monotonic() > deadline:
                        raise
            time.sleep(LOOK_S)

    def _buyer(self, company: str, language: str) -> Process:
        path = self.folder / f"orders-{company}.json"
        path.write_text(json.dumps(orders(company, BUYER_SECRET)))
        program = [*self._program("buyer", language), "serve", path, "127.0.0.1:0"]
        return self._keep(Process(company, program, self.folder))

    def _listener(self, seller: str) -> Process:
        program = [*self._program("seller", seller), "events", "127.0.0.1:0"]
        return self._keep(Process(f"events-{seller}", program, self.folder, WEBHOOK_SECRET=SELLER_SECRET))

    def _program(self, name: str, language: str) -> list:
        if language == "python":
            return [self._libraries / "python" / "bin" / "python", self.folder / f"{name}.py"]
        return ["node", self.folder / f"{name}.mjs"]

    def _key(self, owner: str) -> str:
        command = [self._exchange_program, "keys", "create", "--owner", owner, "--data-dir", self._data]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout.strip()

    def _keep(self, running: Process | Wire) -> Process | Wire:
        self._running.append(running)
        return running
