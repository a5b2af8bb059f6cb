"""A program that announces where it listens, and says what happens in lines of JSON."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

# How long a test waits for something that has to happen. It only guards against waiting for ever.
PATIENCE_S = 120


def environment(**variables: str) -> dict[str, str]:
    """Returns this process's own variables but the exchange's, with these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    return {**own, "PYTHONDONTWRITEBYTECODE": "1", **variables}


class Process:
    """A running program. Whoever starts it stops it."""

    def __init__(self, name: str, command: list, folder: Path, **variables: str) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        self._lines: list[dict] = []
        self._came = threading.Condition()
        self._ended = False
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=environment(**variables)
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.announced = self.line(lambda _: True)
        except BaseException:
            self.stop()
            raise

    def lines(self) -> list[dict]:
        """Returns what it has said so far."""
        with self._came:
            return list(self._lines)

    def line(self, fits: Callable[[dict], bool]) -> dict:
        """Waits for the first line that fits."""
        found: list[dict] = []

        def look() -> bool:
            found.extend(line for line in self._lines if fits(line))
            return bool(found) or self._ended

        with self._came:
            self._came.wait_for(look, PATIENCE_S)
        if not found:
            raise AssertionError(f"{self.name} did not say what was waited for:\n{self._told()}")
        return found[0]

    def stop(self) -> None:
        """Asks it to end, and ends it if it does not."""
        self._child.terminate()
        try:
            self._child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join()
        self._child.stdout.close()

    def _read(self) -> None:
        try:
            for line in self._child.stdout:
                with self._came:
                    self._lines.append(json.loads(line))
                    self._came.notify_all()
        finally:
            with self._came:
                self._ended = True
                self._came.notify_all()

    def _told(self) -> str:
        said = "\n".join(json.dumps(line) for line in self.lines()[-20:])
        return f"{said}\n{self._log.read_text(errors='replace')[-2000:]}"
