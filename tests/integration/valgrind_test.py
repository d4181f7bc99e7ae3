"""Starting, answering and stopping do nothing that valgrind calls an error, and leave nothing behind."""
import os
import shutil
import unittest

import sanitizer
import scratch
import tacet
from case import UnboundCase


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not here")
@sanitizer.unless_built_with_one("valgrind cannot run it")
class Valgrind(UnboundCase):
    def test_a_short_life_is_clean(self):
        report = os.path.join(self.directory, "valgrind")
        port = scratch.free_port()
        daemon = tacet.Tacet(self.directory, upstreams=[self.entry(self.upstream.doh_url()), self.entry(self.upstream.dot_url())],
                             command=("valgrind", "--leak-check=full", "--error-exitcode=99", f"--log-file={report}"),
                             listen=[f"127.0.0.1:{port}"], workers=2, confine=False, user="root" if os.geteuid() == 0 else "")
        daemon.port = port
        with daemon:
            for number in range(10):
                daemon.ask(f"n{number}.many.example.com", tcp=number % 2 == 1)
            daemon.ask("nothing.example.com")
            daemon.ask("localhost")
        with open(report, encoding="utf-8") as file:
            self.assertIn("ERROR SUMMARY: 0 errors", file.read())


if __name__ == "__main__":
    unittest.main()
