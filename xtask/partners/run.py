"""Has partners in Python and JavaScript sell and buy through the exchange: `run.py [TEST...]`.

PARTNERS_LIBRARIES is the folder that `install.py` has filled, PARTNERS_EXCHANGE the exchange's program.
"""

import io
import sys
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
# That none was found would look like success, too.
TESTS_MIN = 15


def main(names: list[str]) -> int:
    """Runs the tests, all of them or those that are named, and each class beside the others: they mostly wait."""
    sys.path.insert(0, str(HERE))
    loader = unittest.defaultTestLoader
    found = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE / "tests"), top_level_dir=str(HERE))
    classes: dict[type, unittest.TestSuite] = {}
    for test in flat(found):
        classes.setdefault(type(test), unittest.TestSuite()).addTest(test)
    with ThreadPoolExecutor(max(1, len(classes))) as threads:
        results = list(threads.map(run, classes.values()))
    ran = sum(result.testsRun for result in results)
    if not names and ran < TESTS_MIN:
        sys.exit(f"only {ran} tests were found")
    return 0 if ran and all(result.wasSuccessful() for result in results) else 1


def run(suite: unittest.TestSuite) -> unittest.TestResult:
    """Runs the tests of a class, and prints what came of them in one piece."""
    told = io.StringIO()
    result = unittest.TextTestRunner(told, verbosity=2).run(suite)
    print(told.getvalue(), end="", flush=True)
    return result


def flat(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """Returns the tests of a suite, those of suites within it too."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
