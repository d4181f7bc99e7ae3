"""What a row of the conformance table is: a requirement of an RFC, and the test that shows it.

    @requirement(6891, "6.1.3", "another EDNS version is answered with BADVERS in an OPT of version 0")
    def test_...(self):
"""
import dataclasses
import os
import subprocess

import zones
from case import Case
from tacet import Tacet

ROWS = []


@dataclasses.dataclass(frozen=True)
class Row:
    rfc: int
    section: str
    what: str
    test: str  # module.Class.method, as unittest names it


def requirement(rfc, section, what):
    """Makes a test method the proof of a row. One method may prove several."""
    def add(method):
        ROWS.append(Row(rfc, section, what, f"{method.__module__}.{method.__qualname__}"))
        return method
    return add


class ConformanceCase(Case):
    """One validating resolver over zones.py and one tacet that asks it, for the whole class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstream = cls.enterClassContext(zones.resolver(cls.directory, cls.pki.good()))
        cls.daemon = cls.enterClassContext(Tacet(cls.directory, upstreams=[{"url": cls.upstream.doh_url(), "ca_file": cls.pki.ca}]))

    def count(self, name, kind="A"):
        """How often the resolver was asked."""
        return self.upstream.count(name, kind)


def run_unit(case, program, name):
    """Runs one test case of a unit test program: for what needs a clock that can be moved by hand."""
    directory = os.environ.get("TACET_UNIT_TESTS")
    if not directory:
        case.skipTest("TACET_UNIT_TESTS does not say where the unit tests are")
    done = subprocess.run([os.path.join(directory, program), f"--test-case={name.replace(',', chr(92) + ',')}"], capture_output=True, text=True, timeout=60)
    case.assertEqual(done.returncode, 0, done.stdout)
    case.assertIn("| 1 passed |", " ".join(done.stdout.split()), f"no such test: {name}\n{done.stdout}")


