"""A real suspend: tests/faults/suspended_machine.py on a machine with a kernel of its own."""
import json
import shutil
import unittest

import debian
import scratch
import virtual_machine

_NEEDED_BY_THE_TESTS = ("python3", "python3-dnspython", "python3-cryptography", "python3-h2", "unbound", "iproute2")


@unittest.skipIf(debian.why_not() or virtual_machine.why_not(), debian.why_not() or virtual_machine.why_not())
class Suspend(unittest.TestCase):
    def test_a_machine_that_was_suspended_answers_at_once_and_fails_in_time_where_the_network_is_not_back(self):
        directory = self.enterContext(scratch.directory())
        system = debian.System(directory, "bookworm")
        package = debian.package(directory, 1)
        system.install(*_NEEDED_BY_THE_TESTS, *debian.dependencies(package))
        shutil.copy(package, system.root / "tmp")
        system.run("dpkg", "--install", f"/tmp/{package.name}")
        for part in ("support", "faults"):
            shutil.copytree(debian.SOURCE / "tests" / part, system.root / "tests" / part)
        said = virtual_machine.VirtualMachine(directory, system).run(
            "env", "PYTHONPATH=/tests/support", "PYTHONDONTWRITEBYTECODE=1", "TACET_BINARY=/usr/bin/tacet", "sh", "-c",
            "cd /tests/faults; python3 suspended_machine.py", timeout=1500)
        outcomes = [json.loads(line) for line in said.splitlines() if line.startswith('{"run": ')]
        self.assertEqual(outcomes, [{"run": 4, "failed": 0}], said)


if __name__ == "__main__":
    unittest.main()
