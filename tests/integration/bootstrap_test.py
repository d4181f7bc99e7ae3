"""An upstream by name, whose address a bootstrap server tells: what it says can be old, wrong, late, or missing."""
import socket
import threading
import time
import unittest

import dns.message
import dns.rdatatype
import dns.rrset
import dnsclient
import scratch
from case import UnboundCase

NAME = "dns.test"


class NameServer:
    """A plain DNS server on loopback: every name is at `address`. It answers `delay` seconds late."""

    def __init__(self, address, delay=0.0):
        self.address, self.delay = address, delay
        self.asked = set()  # the IDs of the queries: a repeated one has the same
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.server = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self):
        waiting = []
        while True:
            self._socket.settimeout(max(0.001, waiting[0][0] - time.monotonic()) if waiting else None)
            try:
                wire, client = self._socket.recvfrom(4096)
            except TimeoutError:
                self._socket.sendto(*waiting.pop(0)[1:])
                continue
            if not wire:
                return
            waiting.append((time.monotonic() + self.delay, self._answer(dns.message.from_wire(wire)), client))

    def _answer(self, query):
        question, = query.question
        response = dns.message.make_response(query)
        if question.rdtype == dns.rdatatype.A:
            self.asked.add(query.id)
            response.answer.append(dns.rrset.from_text(question.name, 3600, "IN", "A", self.address))
        return response.to_wire()


class Bootstrap(UnboundCase):
    def names(self, address, **options):
        return self.enterContext(NameServer(address, **options))

    def tacet_by(self, names):
        return self.tacet(self.upstream.dot_url(NAME), bootstrap=[names.server], workers=1)

    def answers(self, daemon):
        """True once a new name is answered. Clients that ask all the time keep the race for a connection going."""
        self.count = getattr(self, "count", 0) + 1
        return dnsclient.addresses(daemon.ask(f"n{self.count}.many.example.com")) == ["192.0.2.7"]

    def assert_found_at_the_new_address(self, names, daemon):
        self.assertFalse(self.answers(daemon))
        begun = time.monotonic()
        names.address = "127.0.0.1"
        scratch.eventually(lambda: self.answers(daemon), 45, daemon.log, every=0.5)
        self.assertLessEqual(len(names.asked), 3 + (time.monotonic() - begun) / 5, "plain DNS was asked too often")

    def test_an_upstream_that_moved_is_found_while_clients_go_on_asking(self):
        names = self.names("127.0.0.9")  # nobody listens there
        self.assert_found_at_the_new_address(names, self.tacet_by(names))

    def test_what_a_captive_portal_said_is_not_believed_for_its_ttl(self):
        ports = (self.upstream.plain_port, self.upstream.dot_port, self.upstream.doh_port)
        self.unbound(certificate=self.pki.wrong_name(), addresses=("127.0.0.2",), ports=ports)
        names = self.names("127.0.0.2")
        self.assert_found_at_the_new_address(names, self.tacet_by(names))

    def test_a_name_is_looked_up_over_a_link_with_a_round_trip_of_more_than_a_second(self):
        daemon = self.tacet_by(self.names("127.0.0.1", delay=1.5))
        scratch.eventually(lambda: self.answers(daemon), 30, daemon.log)


if __name__ == "__main__":
    unittest.main()
