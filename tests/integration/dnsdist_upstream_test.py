"""A burst of queries to Debian's dnsdist over DoT. It reads one message of a TLS record and then waits for the next octets."""
import shutil
import unittest

import dnsclient
import scratch
import servers
from case import UnboundCase

QUERIES = 60
# dnsdist closes a connection that says nothing for two seconds, and loses what it has not read.
WITHIN = 1.5


@unittest.skipUnless(shutil.which("dnsdist"), "dnsdist is not installed")
class DnsdistUpstream(UnboundCase):
    def test_each_query_of_a_burst_is_answered_at_once_in_all_its_settings(self):
        for provider in ("openssl", "gnutls"):
            for in_flight in (1, 2, 1000):
                with self.subTest(provider=provider, in_flight=in_flight):
                    self.burst(f'provider="{provider}", maxInFlight={in_flight}')

    def burst(self, options):
        port = scratch.free_port()
        self.enterContext(servers.Dnsdist(self.directory, self.pki.good(), self.upstream, port=port, options=options))
        daemon = self.tacet(f"tls://127.0.0.1:{port}", workers=1)
        self.assertEqual(dnsclient.addresses(daemon.ask("first.many.example.com")), ["192.0.2.7"])
        before = len(self.upstream.asked())
        wires = [dnsclient.query(f"n{number}.many.example.com").to_wire() for number in range(QUERIES)]
        self.assertEqual(len(dnsclient.burst_udp(daemon.server, wires, WITHIN)), QUERIES)

        def all_were_read():  # copies, too: a busy machine makes some
            return len(self.upstream.asked()) - before == QUERIES + daemon.status()["events"]["hedges_sent"]
        scratch.eventually(all_were_read, WITHIN)


if __name__ == "__main__":
    unittest.main()
