#!/usr/bin/python3
"""Prints the table of attacks: what is answered, what it costs, and how others fare meanwhile, against the bar of each row.

    TACET_BINARY=build/release/tacet tests/hostile/matrix.py [upstream_http clients_tcp …]

Without names all of them, in about five minutes.
"""
import os
import sys
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(FOLDER, "..", "support")]
sys.dont_write_bytecode = True
os.environ["PATH"] += ":/usr/sbin"


def names():
    """The words of all groups of rows."""
    return sorted(name.removesuffix("_test.py") for name in os.listdir(FOLDER) if name.endswith("_test.py"))


def main(words):
    if unknown := set(words) - set(names()):
        sys.exit(f"{__doc__}\nUnknown: {' '.join(sorted(unknown))}. Groups: {' '.join(names())}")
    os.environ["TACET_LONG"] = "1"
    import hostile_case  # reads it
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromName(f"{word}_test") for word in words or names())
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(suite)
    print(hostile_case.HEAD)
    for row in hostile_case.rows:
        print(row.line())
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main(sys.argv[1:])
