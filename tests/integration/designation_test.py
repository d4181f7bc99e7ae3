"""A real client of discovery (RFC 9462): Debian 13's dnsdist, which asks its plain servers for an encrypted listener and moves to it."""
import shutil
import unittest

import debian
import dns.query
import dnsclient
import scratch
from case import UnboundCase

_AUTHORITY = "/tmp/authority.pem"


@unittest.skipIf(debian.why_not(), debian.why_not())
class Designation(UnboundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.system = debian.System(cls.directory, "trixie")
        cls.system.install("dnsdist")
        shutil.copy(cls.pki.ca, cls.system.root / _AUTHORITY.lstrip("/"))

    def daemon_with(self, certificate, *kinds):
        """A tacet that listens in clear and by these encrypted transports."""
        listeners = {kind: {"listen": [f"127.0.0.1:{scratch.free_port()}"], "certificate": certificate.chain, "key": certificate.key} for kind in kinds}
        return self.tacet(self.upstream.doh_url(), **listeners)

    def queries_by(self, daemon, *, upgraded):
        """How many of three questions to dnsdist came to tacet by each transport, once dnsdist has looked for an encrypted listener."""
        port = scratch.free_port()
        address = f"{daemon.server[0]}:{daemon.server[1]}"
        configuration, log = self.system.root / "tmp/dnsdist.conf", self.system.root / "tmp/dnsdist.log"
        configuration.write_text(f"""setLocal("127.0.0.1:{port}")
setSecurityPollSuffix("")
newServer({{address="{address}", autoUpgrade=true, autoUpgradeInterval=1, caStore="{_AUTHORITY}", validateCertificates=true, healthCheckMode="up"}})
""", encoding="ascii")
        with open(log, "wb") as file:
            client = scratch.start(self.system.command("dnsdist", "--supervised", "--disable-syslog", "-v", "-C", "/tmp/dnsdist.conf"), stdout=file, stderr=file)
        self.addCleanup(scratch.end, client)
        outcome = "Removing server from default pool" if upgraded else "No configuration found in response"
        said = lambda: log.read_text(encoding="utf-8")
        scratch.eventually(lambda: outcome in said(), what=said)
        before = daemon.status()["queries"]
        for number in range(3):
            answer = dns.query.udp(dnsclient.query(f"d{number}.many.example.com"), "127.0.0.1", port=port, timeout=15)
            self.assertEqual(dnsclient.addresses(answer), ["192.0.2.7"])
        after = daemon.status()["queries"]
        return {kind: after[kind] - before[kind] for kind in ("udp", "tls", "https")}

    def test_it_moves_to_https_where_there_are_both(self):
        daemon = self.daemon_with(self.pki.good(), "tls", "https")
        self.assertEqual(self.queries_by(daemon, upgraded=True), {"udp": 0, "tls": 0, "https": 3})

    def test_it_moves_to_tls_where_there_is_nothing_else(self):
        daemon = self.daemon_with(self.pki.good(), "tls")
        self.assertEqual(self.queries_by(daemon, upgraded=True), {"udp": 0, "tls": 3, "https": 0})

    def test_it_stays_in_clear_where_the_certificate_does_not_hold_the_address(self):
        daemon = self.daemon_with(self.pki.named("DNS:only.a.name.test"), "tls", "https")
        self.assertEqual(self.queries_by(daemon, upgraded=False), {"udp": 3, "tls": 0, "https": 0})


if __name__ == "__main__":
    unittest.main()
