"""Compares the logs of chaos runs: `reconcile.py FOLDER...`.

A folder holds `catalog.toml`, `buyers.jsonl`, `sellers.jsonl`, `journal.jsonl`, `ledger.jsonl` and `diary.jsonl`.
Ends with 0 if no promise was broken, with 1 if one was, with 2 if a log cannot be read.
"""

import argparse
import json
import sys
from pathlib import Path

from reconciler.facts import BadLog, read_folder
from reconciler.report import is_clean, markdown, reconcile


def main() -> int:
    """Reads, compares, writes."""
    arguments = argparse.ArgumentParser(description="Compares the logs of chaos runs.")
    arguments.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    arguments.add_argument("--json", type=Path, metavar="FILE")
    arguments.add_argument("--markdown", type=Path, metavar="FILE")
    given = arguments.parse_args()
    reports = {}
    for folder in given.folders:
        try:
            reports[folder.name] = reconcile(read_folder(folder))
        except (BadLog, OSError, KeyError, ValueError) as error:
            print(f"{folder}: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
    page = markdown(reports)
    print(page)
    if given.json:
        given.json.write_text(json.dumps(reports, indent=2) + "\n", encoding="utf-8")
    if given.markdown:
        given.markdown.write_text(page, encoding="utf-8")
    return 0 if all(is_clean(report) for report in reports.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
