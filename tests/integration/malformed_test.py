"""Whatever arrives, the server answers as the RFCs say, or not at all, and lives on."""
import os
import random
import unittest

import dnsclient
import servers
from case import UnboundCase
from dnsclient import exchange_udp, header, name_wire, opt, raw_query
from tacet import Tacet

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
BADVERS = 16
WWW = name_wire("www.example.com")
SILENCE = 0.3


class Malformed(UnboundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = cls.enterClassContext(Tacet(cls.directory, upstreams=[{"url": cls.upstream.doh_url(), "ca_file": cls.pki.ca}]))

    def tearDown(self):
        self.assertEqual(dnsclient.addresses(self.daemon.ask("www.example.com")), [servers.ADDRESS], "the server does not live on")

    def assert_rcode(self, wire, rcode):
        answer = exchange_udp(self.daemon.server, wire)
        self.assertIsNotNone(answer, f"no answer to {wire.hex()}")
        ident, flags, low, _ = header(answer)
        self.assertEqual(ident, int.from_bytes(wire[:2], "big"))
        self.assertTrue(flags & 0x8000, "QR is not set")
        self.assertEqual(flags & 0x7800, int.from_bytes(wire[2:4], "big") & 0x7800, "another opcode came back")
        self.assertEqual(low, rcode & 15)
        return answer

    def assert_dropped(self, *wires):
        for wire in wires:
            self.assertIsNone(exchange_udp(self.daemon.server, wire, SILENCE), wire.hex())

    def test_what_is_too_short_for_a_header_is_dropped(self):
        self.assert_dropped(b"\0", b"\x12\x34\x01", b"\x12\x34" + b"\0" * 9)

    def test_responses_are_dropped_whatever_else_they_are(self):
        self.assert_dropped(raw_query(WWW, flags=0x8100), raw_query(WWW, flags=0xA000), raw_query(b"", flags=0x8000, counts=(0, 0, 0, 0)))

    def test_other_opcodes_are_not_implemented_before_anything_else_is_judged(self):
        for opcode in (1, 2, 4, 5, 6, 15):
            self.assert_rcode(raw_query(WWW, flags=opcode << 11), NOTIMP)
        self.assert_rcode(raw_query(b"", flags=2 << 11, counts=(0, 0, 0, 0)), NOTIMP)
        self.assert_rcode(raw_query(WWW, flags=4 << 11, counts=(2, 0, 0, 0)), NOTIMP)

    def test_a_question_count_other_than_one_is_a_format_error(self):
        for count in (0, 2, 5):
            self.assert_rcode(raw_query(WWW, counts=(count, 0, 0, 0)), FORMERR)
        self.assert_rcode(raw_query(b"", counts=(0, 0, 0, 1), behind=opt()), FORMERR)

    def test_two_opts_are_a_format_error(self):
        self.assert_rcode(raw_query(WWW, counts=(1, 0, 0, 2), behind=opt() + opt()), FORMERR)

    def test_an_opt_with_an_owner_is_a_format_error(self):
        self.assert_rcode(raw_query(WWW, counts=(1, 0, 0, 1), behind=b"\x01a" + opt()), FORMERR)

    def test_an_opt_whose_options_overrun_it_is_a_format_error(self):
        self.assert_rcode(raw_query(WWW, counts=(1, 0, 0, 1), behind=opt(rdata=b"\0\x0a\0\x20" + b"x" * 8)), FORMERR)

    def test_another_edns_version_is_refused_with_badvers(self):
        answer = self.assert_rcode(raw_query(WWW, counts=(1, 0, 0, 1), behind=opt(version=1)), BADVERS)
        self.assertEqual(header(answer)[3][3], 1, "no OPT in the answer")
        self.assertEqual(answer[-6], BADVERS >> 4)  # the OPT is last: extended RCODE, version, flags, length
        self.assertEqual(answer[-5], 0)

    def test_a_pointer_in_the_question_is_a_format_error(self):
        for name in (b"\xc0\x0c", b"\x03www\xc0\x0c", b"\xc0\x00", b"\xc0\xff"):
            self.assert_rcode(raw_query(name), FORMERR)

    def test_a_name_that_breaks_off_or_is_too_long_is_a_format_error(self):
        self.assert_rcode(raw_query(b"")[:12] + b"\x03ww", FORMERR)
        self.assert_rcode(raw_query(b"\x40" + b"x" * 64 + b"\0"), FORMERR)  # a label type that nobody defined
        self.assert_rcode(raw_query(b"\x3f" + b"x" * 63 + (b"\x3f" + b"x" * 63) * 3 + b"\0"), FORMERR)  # 257 octets
        self.assert_rcode(raw_query(WWW)[:-1], FORMERR)
        self.assert_rcode(raw_query(WWW)[:-4], FORMERR)

    def test_octets_behind_the_message_are_a_format_error(self):
        self.assert_rcode(raw_query(WWW, behind=b"\0"), FORMERR)

    def test_records_that_are_counted_but_not_there_are_a_format_error(self):
        for counts in ((1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1), (1, 0, 0, 65535)):
            self.assert_rcode(raw_query(WWW, counts=counts), FORMERR)

    def test_zone_transfers_are_refused(self):
        for kind in (252, 251):
            self.assert_rcode(raw_query(WWW, kind=kind), REFUSED)

    def test_other_classes_are_refused(self):
        for query_class in (3, 4):
            self.assert_rcode(raw_query(name_wire("version.bind"), kind=16, query_class=query_class), REFUSED)

    def test_the_same_judgements_hold_over_tcp(self):
        for wire, rcode in ((raw_query(WWW, flags=4 << 11), NOTIMP), (raw_query(WWW, counts=(2, 0, 0, 0)), FORMERR), (raw_query(b"\xc0\x0c"), FORMERR)):
            with dnsclient.TcpClient(self.daemon.server) as client:
                client.send(wire)
                self.assertEqual(header(client.receive())[2], rcode)

    def test_none_of_this_reaches_an_upstream(self):
        before = len(self.upstream.asked())
        self.test_a_question_count_other_than_one_is_a_format_error()
        self.test_two_opts_are_a_format_error()
        self.test_a_pointer_in_the_question_is_a_format_error()
        self.test_zone_transfers_are_refused()
        self.assertEqual(len(self.upstream.asked()), before)

    def test_noise_does_not_hurt(self):
        random.seed(2)
        good = raw_query(WWW, counts=(1, 0, 0, 1), behind=opt())
        noise = [os.urandom(random.randrange(1, 200)) for _ in range(200)]
        for _ in range(800):
            spoiled = bytearray(good)
            for _ in range(random.randrange(1, 4)):
                spoiled[random.randrange(len(spoiled))] = random.randrange(256)
            noise.append(bytes(spoiled[: random.randrange(1, len(spoiled) + 1)]))
        dnsclient.burst_udp(self.daemon.server, noise, timeout=1.0)
        self.assertIsNone(self.daemon.process.poll())


if __name__ == "__main__":
    unittest.main()
