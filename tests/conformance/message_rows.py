"""The message itself: header, question, sizes, and what is answered to what is no query (RFC 1035, 2181, 8906, 9715)."""
import dns.flags
import dns.rcode
import dnsclient
from dnsclient import answer_rdata, exchange_udp, header, name_wire, opt, raw_query
from requirement import ConformanceCase, requirement

QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
WWW = name_wire("www.example.com")
ADDRESS = bytes([192, 0, 2, 80])
SILENCE = 0.3


class Header(ConformanceCase):
    def exchange(self, wire, tcp=False):
        if not tcp:
            answer = exchange_udp(self.daemon.server, wire)
        else:
            with dnsclient.TcpClient(self.daemon.server) as client:
                client.send(wire)
                answer = client.receive()
        self.assertIsNotNone(answer, f"no answer to {wire.hex()}")
        return answer

    @requirement(1035, "4.1.1", "ID, OPCODE and RD come back; QR and RA are set; Z is clear and AA too, on a miss and on a hit, by UDP and TCP")
    def test_header(self):
        for tcp in (False, True):
            for ident in (0, 1, 0xFFFF):
                got, flags, rcode, _ = header(self.exchange(raw_query(WWW, ident=ident, flags=RD | Z), tcp))
                self.assertEqual((got, flags & ~AD, rcode), (ident, QR | RD | RA, NOERROR))

    @requirement(1035, "4.1.2", "the question comes back octet for octet, in the client's case")
    @requirement(1035, "2.3.3", "names compare without regard to case")
    def test_question_echo(self):
        for spelling in ("www.example.com", "wWw.eXaMpLe.CoM", "WWW.EXAMPLE.COM", "NoSuchName.Example.Com"):
            for behind, counts in ((b"", (1, 0, 0, 0)), (opt(), (1, 0, 0, 1))):
                query = raw_query(name_wire(spelling), counts=counts, behind=behind)
                answer = self.exchange(query)
                end = 12 + len(name_wire(spelling)) + 4
                self.assertEqual(answer[12:end], query[12:end])
                if spelling[0] in "wW":
                    self.assertEqual(answer_rdata(answer, "A"), [ADDRESS])

    @requirement(1035, "4.1.1", "a query without RD gets what is in the cache, else REFUSED; nothing is asked for it")
    def test_no_recursion(self):
        before = self.count("cold.many.example.com.")
        answer = self.exchange(raw_query(name_wire("cold.many.example.com"), flags=0))
        self.assertEqual((header(answer)[1] & RD, header(answer)[2]), (0, REFUSED))
        self.assertEqual(self.count("cold.many.example.com."), before)
        self.exchange(raw_query(WWW))
        self.assertEqual(answer_rdata(self.exchange(raw_query(WWW, flags=0)), "A"), [ADDRESS])

    @requirement(1035, "4.2.1", "no answer over UDP is larger than 512 octets for a client without EDNS; what is larger has TC set")
    @requirement(2181, "9", "a truncated answer carries no partial RRsets, and is not taken for an answer by the cache")
    def test_truncation(self):
        for name in ("medium", "long"):
            for _ in range(2):
                answer = self.exchange(raw_query(name_wire(f"{name}.example.com"), kind=16))
                self.assertLessEqual(len(answer), 512)
                self.assertTrue(header(answer)[1] & TC)
                self.assertEqual(header(answer)[3], [1, 0, 0, 0])
        whole = self.exchange(raw_query(name_wire("long.example.com"), kind=16), tcp=True)
        self.assertFalse(header(whole)[1] & TC)
        self.assertEqual(sum(map(len, answer_rdata(whole, "TXT"))), 4096)

    @requirement(1035, "4.2.2", "over TCP each message stands behind its length in two octets, and the connection stays open")
    def test_tcp_framing(self):
        wire = raw_query(WWW)
        with dnsclient.TcpClient(self.daemon.server) as client:
            for octet in len(wire).to_bytes(2, "big") + wire:
                client.send_raw(bytes([octet]))
            self.assertEqual(answer_rdata(client.receive(), "A"), [ADDRESS])
            client.send(wire)
            self.assertEqual(answer_rdata(client.receive(), "A"), [ADDRESS])

    @requirement(1035, "3.1", "names of 255 octets and labels of 63 are resolved; longer ones are a format error")
    def test_longest_names(self):
        tail = name_wire("many.example.com")
        longest = bytes([63]) + b"a" * 63 + bytes([63]) + b"b" * 63 + bytes([63]) + b"c" * 63
        longest += bytes([255 - len(longest) - len(tail) - 1]) + b"d" * (255 - len(longest) - len(tail) - 1) + tail
        self.assertEqual(len(longest), 255)
        self.assertEqual(answer_rdata(self.exchange(raw_query(longest)), "A"), [bytes([192, 0, 2, 7])])
        self.assertEqual(header(self.exchange(raw_query(b"\x01a" + longest)))[2], FORMERR)
        self.assertEqual(header(self.exchange(raw_query(b"\x40" + b"a" * 64 + b"\0")))[2], FORMERR)

    @requirement(1035, "4.1.4", "a question whose name is compressed, or whose message breaks off, is a format error")
    def test_broken_questions(self):
        for wire in (raw_query(b"\xc0\x0c"), raw_query(b"\x03www\xc0\x0c"), raw_query(WWW)[:-1], raw_query(WWW, counts=(1, 0, 0, 1)),
                     raw_query(WWW, counts=(0, 0, 0, 0)), raw_query(WWW, counts=(2, 0, 0, 0)), raw_query(WWW, behind=b"\0")):
            self.assertEqual(header(self.exchange(wire))[2], FORMERR, wire.hex())

    @requirement(1035, "7.3", "what is no query (QR=1, shorter than a header) is not answered, so that two servers cannot talk for ever")
    def test_responses_are_dropped(self):
        for wire in (raw_query(WWW, flags=QR | RD), b"\0" * 11, b"\x12\x34"):
            self.assertIsNone(exchange_udp(self.daemon.server, wire, SILENCE))

    @requirement(2181, "11", "any octet may stand in a name")
    def test_any_octet(self):
        for label in (b"\x00\x01\xff", b"a.b", b"sp ace", bytes(range(63)), b"*"):
            answer = self.exchange(raw_query(bytes([len(label)]) + label + name_wire("many.example.com")))
            self.assertEqual(answer_rdata(answer, "A"), [bytes([192, 0, 2, 7])], label)
        self.assertEqual(answer_rdata(self.exchange(raw_query(b"\x03a.b" + name_wire("example.com"))), "A"), [bytes([192, 0, 2, 101])])

    @requirement(6604, "3", "at the end of a chain of aliases that leads nowhere the RCODE is that of the last name, with the chain in the answer")
    def test_rcode_of_chains(self):
        for _ in range(2):
            dangling = self.daemon.ask("dangling.example.com")
            self.assertEqual((dangling.rcode(), len(dangling.answer)), (dns.rcode.NXDOMAIN, 1))
            nodata = self.daemon.ask("nodata.example.com")
            self.assertEqual((nodata.rcode(), len(nodata.answer), len(nodata.authority)), (dns.rcode.NOERROR, 1, 1))
            whole = self.daemon.ask("alias.example.com")
            self.assertEqual((whole.rcode(), len(whole.answer)), (dns.rcode.NOERROR, 4))

    @requirement(9715, "3.2", "no answer over UDP is larger than 1232 octets, whatever the client says it takes, and 1232 is what is advertised")
    def test_udp_sizes(self):
        for payload in (1233, 4096, 65535):
            answer = self.daemon.ask("long.example.com", "TXT", payload=payload)
            self.assertTrue(answer.flags & dns.flags.TC)
            self.assertLessEqual(len(answer.to_wire()), 1232)
            self.assertEqual(answer.payload, 1232)


class Addresses(ConformanceCase):
    @requirement(2181, "4.1", "an answer comes from the address and port that the query went to")
    def test_source_address(self):
        daemon = self.tacet(self.upstream.doh_url(), address="127.0.0.53")
        for wire in (raw_query(WWW), raw_query(WWW), raw_query(WWW, counts=(2, 0, 0, 0))):  # a miss, a hit, a refusal
            self.assertIsNotNone(exchange_udp(daemon.server, wire))  # its socket is connected: the kernel drops what comes from elsewhere


class Responsive(ConformanceCase):
    """RFC 8906 §8: all of its tests, as far as they concern a server that is no authority."""

    def dig(self, *words):
        return self.daemon.dig("+noall", "+comments", "+question", "+answer", "+nocookie", *words)

    def assert_status(self, status, output):
        self.assertIn(f"status: {status},", output)

    @requirement(8906, "8.1.1", "SOA of a zone: NOERROR with the SOA")
    def test_zone(self):
        output = self.dig("+noedns", "+noad", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        self.assertRegex(output, r"example\.com\..*\sSOA\s")

    @requirement(8906, "8.1.2", "an unknown type: NOERROR, empty")
    def test_unknown_type(self):
        output = self.dig("+noedns", "+noad", "example.com", "TYPE1000")
        self.assert_status("NOERROR", output)
        self.assertIn("ANSWER: 0", output)

    @requirement(8906, "8.1.3.1", "CD=1: NOERROR, answered")
    def test_checking_disabled(self):
        self.assert_status("NOERROR", self.dig("+noedns", "+noad", "+cd", "example.com", "SOA"))

    @requirement(8906, "8.1.3.2", "AD=1: NOERROR, answered")
    def test_authenticated(self):
        self.assert_status("NOERROR", self.dig("+noedns", "+ad", "example.com", "SOA"))

    @requirement(8906, "8.1.3.3", "the reserved bit: NOERROR, and it does not come back")
    def test_reserved_bit(self):
        output = self.dig("+noedns", "+noad", "+zflag", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        self.assertNotIn("MBZ", output)

    @requirement(8906, "8.1.3.4", "RD=1: answered with RA")
    def test_recursion(self):
        output = self.dig("+noedns", "+noad", "+rec", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        self.assertRegex(output, r"flags: qr rd ra[ ;]")

    @requirement(8906, "8.1.4", "every unknown OPCODE: NOTIMP with the OPCODE, by UDP and TCP, without a question too")
    def test_unknown_opcodes(self):
        for opcode in range(1, 16):
            for wire in (raw_query(WWW, flags=opcode << 11 | 0x0010), raw_query(b"", flags=opcode << 11, counts=(0, 0, 0, 0))):
                _, flags, rcode, _ = header(exchange_udp(self.daemon.server, wire))
                self.assertEqual((flags & 0x7800, flags & (QR | 0x0080 | 0x0010), rcode), (opcode << 11, QR, NOTIMP))  # neither RA nor CD
                with dnsclient.TcpClient(self.daemon.server) as client:
                    client.send(wire)
                    self.assertEqual(header(client.receive())[2], NOTIMP)

    @requirement(8906, "8.1.5", "TCP: answered")
    def test_tcp(self):
        self.assert_status("NOERROR", self.dig("+noedns", "+noad", "+tcp", "example.com", "SOA"))

    @requirement(8906, "8.2.1", "minimal EDNS: NOERROR with an OPT of version 0")
    def test_minimal_edns(self):
        output = self.dig("+edns=0", "+noad", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        self.assertIn("EDNS: version: 0", output)

    @requirement(8906, "8.2.2", "EDNS version 1: BADVERS with an OPT of version 0, nothing else")
    def test_version(self):
        self.assert_badvers()

    @requirement(8906, "8.2.3", "an unknown EDNS option: answered, and it does not come back")
    def test_unknown_option(self):
        output = self.dig("+edns=0", "+noad", "+ednsopt=100", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        self.assertNotIn("OPT=100", output)
        self.assertIn("EDNS: version: 0", output)

    @requirement(8906, "8.2.4", "unknown EDNS flags: answered, and they do not come back")
    def test_unknown_flags(self):
        output = self.dig("+edns=0", "+noad", "+ednsflags=0x40", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        self.assertNotIn("MBZ", output)

    @requirement(8906, "8.2.5", "EDNS version 1 with unknown flags: BADVERS, the flags do not come back")
    def test_version_and_flags(self):
        self.assertNotIn("MBZ", self.assert_badvers("+ednsflags=0x40"))

    @requirement(8906, "8.2.6", "EDNS version 1 with an unknown option: BADVERS, the option does not come back")
    def test_version_and_option(self):
        self.assertNotIn("OPT=100", self.assert_badvers("+ednsopt=100"))

    @requirement(8906, "8.2.7", "an answer that is too large: TC with an OPT")
    def test_truncated(self):
        output = self.dig("+edns=0", "+noad", "+dnssec", "+bufsize=512", "+ignore", "long.example.com", "TXT")
        self.assertRegex(output, r"flags: qr tc rd ra[ ;]")
        self.assertIn("EDNS: version: 0", output)

    @requirement(8906, "8.2.8", "DO=1: answered, DO comes back")
    def test_dnssec_ok(self):
        output = self.dig("+edns=0", "+noad", "+dnssec", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        self.assertIn("EDNS: version: 0, flags: do;", output)

    @requirement(8906, "8.2.9", "EDNS version 1 with DO=1: BADVERS")
    def test_version_and_dnssec_ok(self):
        self.assert_badvers("+dnssec")

    @requirement(8906, "8.2.10", "several known EDNS options at once: answered, with none that is not ours to send")
    def test_known_options(self):
        output = self.daemon.dig("+noall", "+comments", "+edns=0", "+noad", "+cookie", "+nsid", "+expire", "+subnet=0.0.0.0/0", "example.com", "SOA")
        self.assert_status("NOERROR", output)
        for word in ("COOKIE:", "NSID", "EXPIRE", "CLIENT-SUBNET"):
            self.assertNotIn(word, output)

    def assert_badvers(self, *words):
        output = self.dig("+edns=1", "+noednsneg", "+noad", *words, "example.com", "SOA")
        self.assert_status("BADVERS", output)
        self.assertIn("EDNS: version: 0", output)
        self.assertIn("ANSWER: 0", output)
        return output

    @requirement(8906, "3.1", "no type, class or flag goes without an answer: every QTYPE from 0 to 300, odd classes, every header flag")
    def test_everything_is_answered(self):
        wires = [raw_query(WWW, kind=kind, ident=kind) for kind in range(301)]
        wires += [raw_query(WWW, query_class=number, ident=0x1000 + number) for number in (0, 2, 3, 4, 5, 254, 255, 4095)]
        wires += [raw_query(WWW, flags=flags, ident=0x2000 + flags) for flags in range(0, 0x0800, 16)]
        answers = dnsclient.burst_udp(self.daemon.server, wires, timeout=10)
        self.assertEqual({header(answer)[0] for answer in answers}, {header(wire)[0] for wire in wires})
