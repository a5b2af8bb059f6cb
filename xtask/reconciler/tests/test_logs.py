"""Logs are read as they are: what cannot be read is an error, and never passed over."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from reconciler.facts import BadLog, lines, micros
from reconciler.report import markdown
from tests.story import CATALOG, Story
from tests.test_promises import market

TOOL = Path(__file__).parent.parent


class Logs(unittest.TestCase):
    """What may stand in a log."""

    def read(self, text: str):
        """Reads a log of this text."""
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "log.jsonl"
            path.write_text(text, encoding="utf-8")
            return list(lines(path, skip=b'{"a"'))

    def test_the_last_line_may_be_cut_off(self):
        self.assertEqual(self.read('{"b":1}\n{"b":2'), [{"b": 1}])

    def test_another_bad_line_is_an_error(self):
        with self.assertRaisesRegex(BadLog, "log.jsonl:2"):
            self.read('{"b":1}\n{"b":2\n{"b":3}\n')
        with self.assertRaises(BadLog):
            self.read('{"b":2\n')

    def test_lines_that_are_only_counted_are_not_parsed(self):
        self.assertEqual(self.read('{"a":no json}\n{"b":1}\n'), [None, {"b": 1}])

    def test_amounts_are_exact(self):
        self.assertEqual(micros("31.50"), 31_500_000)
        self.assertEqual(micros("0.0001"), 100)
        for bad in ("-1.00", "1e3", "1,5", "1.0000001", ""):
            with self.assertRaises(ValueError):
                micros(bad)


class Tool(unittest.TestCase):
    """The command line."""

    def run_on(self, story: Story, missing: str | None = None):
        """Writes the logs of a story but one, and runs the tool on them."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "faults"
            folder.mkdir()
            (folder / "catalog.toml").write_text(CATALOG, encoding="utf-8")
            for log in ("buyers", "sellers", "journal", "ledger", "diary"):
                if log != missing:
                    text = "".join(json.dumps(line) + "\n" for line in getattr(story, log))
                    (folder / f"{log}.jsonl").write_text(text, encoding="utf-8")
            page, data = Path(name) / "report.md", Path(name) / "report.json"
            command = [sys.executable, "-B", "reconcile.py", str(folder), "--markdown", str(page), "--json", str(data)]
            ran = subprocess.run(command, cwd=TOOL, capture_output=True, text=True, check=False)
            written = json.loads(data.read_text(encoding="utf-8")) if data.exists() else None
            return ran, written

    def test_the_exit_code_is_the_verdict(self):
        ran, written = self.run_on(market())
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("## faults: clean", ran.stdout)
        self.assertEqual(written["faults"]["violations"]["double sales"]["count"], 0)
        story = market()
        story.charge("1")
        ran, written = self.run_on(story)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("## faults: VIOLATED", ran.stdout)
        self.assertIn("| double charges | 1 |", ran.stdout)
        self.assertEqual(written["faults"]["violations"]["double charges"]["count"], 1)

    def test_a_missing_log_is_no_clean_run(self):
        for missing in ("ledger", "journal", "buyers", "sellers", "diary"):
            ran, written = self.run_on(market(), missing)
            self.assertEqual(ran.returncode, 2)
            self.assertIn(f"{missing}.jsonl", ran.stderr)
            self.assertIsNone(written)

    def test_empty_exports_are_no_clean_run(self):
        story = market()
        story.ledger, story.journal = [], []
        found = story.violations()
        self.assertEqual(found["lost sales"], 13)
        self.assertEqual(found["journal that contradicts itself or the buyers"], 7)

    def test_every_violation_is_in_the_page(self):
        story = market()
        for _ in range(30):
            story.charge("1")
        page = markdown({"faults": story.report()})
        self.assertIn("double charges, 1 of 1", page)


if __name__ == "__main__":
    unittest.main()
