#!/usr/bin/env python3
"""The conformance table: what each RFC asks of a forwarding stub resolver, and whether tacet does it.

    table.py            runs every row against $TACET_BINARY and prints the table; 1 if a row fails
    table.py 6891 7766  only these RFCs
    table.py --list     prints the requirements without running anything
"""
import sys
import unittest

import dnssec_rows
import edns_rows
import encrypted_rows
import lifetime_rows
import message_rows
import record_rows
import special_name_rows
import stream_rows
import upstream_rows
from requirement import ROWS

MODULES = (message_rows, record_rows, lifetime_rows, edns_rows, dnssec_rows, special_name_rows, stream_rows, encrypted_rows, upstream_rows)
COVERED = (1035, 2181, 2308, 3225, 3597, 4035, 6303, 6604, 6761, 6762, 6840, 6891, 7686, 7766, 7828, 7830, 7858, 7871, 8020, 8310, 8375, 8467, 8482, 8484,
           8767, 8906, 8914, 9113, 9460, 9461, 9462, 9520, 9715)


class Outcomes(unittest.TestResult):
    """Remembers how each test ended: "pass", "FAIL" or "skip"."""

    def __init__(self):
        super().__init__()
        self.of, self.details = {}, []

    def addSuccess(self, test):
        self.of.setdefault(test.id(), "pass")

    def addFailure(self, test, error):
        self._fail(test, error)

    def addError(self, test, error):
        self._fail(test, error)

    def addSubTest(self, test, subtest, error):
        if error:
            self._fail(test, error, str(subtest))

    def addSkip(self, test, reason):
        self.of[test.id()] = "skip"
        self.details.append((test.id(), reason))

    def _fail(self, test, error, where=""):
        self.of[test.id()] = "FAIL"
        self.details.append((test.id(), where + self._exc_info_to_string(error, test)))


def run(rows):
    names = list(dict.fromkeys(row.test for row in rows))
    outcomes = Outcomes()
    unittest.defaultTestLoader.loadTestsFromNames(names).run(outcomes)
    return outcomes


def print_table(rows, outcome_of):
    wide = max(len(row.section) for row in rows)
    for row in rows:
        print(f"{row.rfc:>5} {'§' + row.section:<{wide + 1}}  {outcome_of(row):<4}  {row.what}  [{row.test}]")


def untested():
    """Tests in the modules that no row names, and RFCs that have no row."""
    named = {row.test for row in ROWS}
    suites = (unittest.defaultTestLoader.loadTestsFromModule(module) for module in MODULES)
    tests = {test.id() for suite in suites for case in suite for test in case}
    return sorted(tests - named) + [f"RFC {rfc}" for rfc in sorted(set(COVERED) - {row.rfc for row in ROWS})]


def main(words):
    rows = sorted(ROWS, key=lambda row: (row.rfc, [int(part) if part.isdigit() else 0 for part in row.section.split(".")]))
    if missing := untested():
        print("without a row:", *missing)
        return 1
    if words == ["--list"]:
        print_table(rows, lambda row: "")
        return 0
    rows = [row for row in rows if not words or str(row.rfc) in words]
    outcomes = run(rows)
    print_table(rows, lambda row: outcomes.of.get(row.test, "FAIL"))
    for test, text in outcomes.details:
        print(f"\n{test}\n{text}")
    ended = [outcomes.of.get(row.test, "FAIL") for row in rows]
    print(f"\n{len(rows)} requirements: {ended.count('pass')} pass, {ended.count('FAIL')} fail, {ended.count('skip')} skipped")
    return 1 if "FAIL" in ended or not rows else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
