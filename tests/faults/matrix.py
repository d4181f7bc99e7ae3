#!/usr/bin/python3
"""Prints the fault matrix: every row measured now, against the bar it has to pass. Needs root (network namespaces).

    TACET_BINARY=build/release/tacet tests/faults/matrix.py [--long] [outage ports …]

TACET_PROXY=microsocks lets every daemon go through a SOCKS5 proxy beside it.
Without names all rows; --long takes the full times and counts (hours) instead of those of the continuous run.
"""
import os
import sys
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "..", "support")]
sys.dont_write_bytecode = True
os.environ["PATH"] += ":/usr/sbin"


def names():
    """The words of all row groups."""
    return sorted(name.removesuffix("_test.py") for name in os.listdir(FOLDER) if name.endswith("_test.py"))


def main(words):
    if "--long" in words:
        os.environ["TACET_LONG"] = "1"
    chosen = [word for word in words if not word.startswith("-")] or names()
    if unknown := set(chosen) - set(names()) | {word for word in words if word.startswith("-")} - {"--long"}:
        sys.exit(f"{__doc__}\nUnknown: {' '.join(sorted(unknown))}. Rows: {' '.join(names())}")
    import fault_case  # reads TACET_LONG
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromName(f"{word}_test") for word in chosen)
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(suite)
    print(fault_case.HEAD)
    for row in fault_case.rows:
        print(row.line())
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main(sys.argv[1:])
