"""What the integration tests share: a directory, an authority, and short ways to start what they need."""
import subprocess
import unittest

import pki
import scratch
import servers
from fake_upstream import ANSWER, FakeUpstream
from tacet import Tacet


class Case(unittest.TestCase):
    """One directory and one authority per class; everything started through it ends with the test."""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(scratch.directory())
        cls.pki = pki.Pki(cls.directory, ["10.9.0.2", "fd09::2", "fe80::1"])

    def unbound(self, **options):
        return self.enterContext(servers.Unbound(self.directory, options.pop("certificate", None) or self.pki.good(), **options))

    def fake(self, behave=lambda received: ANSWER, **options):
        return self.enterContext(FakeUpstream(options.pop("certificate", None) or self.pki.good(), behave, **options))

    def entry(self, url, *addresses, **more):
        """An upstream entry that trusts the test authority."""
        return {"url": url, "ca_file": self.pki.ca, **({"addresses": list(addresses)} if addresses else {}), **more}

    def tacet(self, *urls, **settings):
        """A running tacet with these upstreams: URLs, or entries made by entry()."""
        entries = [url if isinstance(url, dict) else self.entry(url) for url in urls]
        return self.enterContext(Tacet(self.directory, upstreams=entries, **settings))

    def assert_sent(self, count, expected, daemon):
        """That so many queries were sent, but for the copies of those that a busy machine made late."""
        copies = daemon.status()["events"]["hedges_sent"]
        self.assertIn(count, range(expected, expected + copies + 1))

    def assert_asked_once(self, upstream, name, daemon):
        """That `name` was asked of this upstream once, copies aside."""
        self.assert_sent(upstream.count(name), 1, daemon)

    def child(self, *words, **options):
        """A process that ends with the test."""
        process = scratch.start(words, stdin=subprocess.DEVNULL, **options)
        self.addCleanup(scratch.end, process)
        return process


class UnboundCase(Case):
    """With one unbound for the whole class. Its zone is servers.ZONE."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good()))
