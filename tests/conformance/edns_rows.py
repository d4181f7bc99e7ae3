"""EDNS between the client and us: OPT, options, extended errors (RFC 6891, 7871, 8914)."""
import dns.edns
import dns.flags
import dns.rcode
import dnsclient
import scratch
from dnsclient import exchange_udp, header, name_wire, opt, raw_query
from fake_upstream import Behaviour
from requirement import ConformanceCase, requirement

WWW = name_wire("www.example.com")
FORMERR = 1


class Edns(ConformanceCase):
    @requirement(6891, "6.1.1", "an answer carries an OPT if and only if the query did, whether it is answered, refused or unknown, by UDP and TCP")
    def test_opt_presence(self):
        for tcp in (False, True):
            for name, kind in (("www.example.com", "A"), ("nothing.example.com", "A"), ("localhost", "A"), ("www.example.com", "AXFR"), ("www.example.net", "A")):
                if kind == "AXFR":  # dnspython would take it for a transfer
                    for counts, behind in (((1, 0, 0, 0), b""), ((1, 0, 0, 1), opt())):
                        self.assertEqual(header(exchange_udp(self.daemon.server, raw_query(WWW, kind=252, counts=counts, behind=behind)))[3][3], counts[3])
                    continue
                self.assertEqual(self.daemon.ask(name, kind, edns=False, tcp=tcp).edns, -1, name)
                self.assertEqual(self.daemon.ask(name, kind, tcp=tcp).edns, 0, name)

    @requirement(6891, "6.1.1", "two OPTs are a format error")
    def test_two_opts(self):
        self.assert_formerr(counts=(1, 0, 0, 2), behind=opt() + opt())

    @requirement(6891, "6.1.2", "an OPT with an owner other than the root, or options that overrun it, is a format error")
    def test_broken_opt(self):
        self.assert_formerr(counts=(1, 0, 0, 1), behind=b"\x01a" + opt())
        self.assert_formerr(counts=(1, 0, 0, 1), behind=opt(rdata=b"\0\x0a\0\x20" + b"x" * 8))
        self.assert_formerr(counts=(1, 0, 0, 1), behind=opt(rdata=b"\0\x0a\0"))

    def assert_formerr(self, **parts):
        self.assertEqual(header(exchange_udp(self.daemon.server, raw_query(WWW, **parts)))[2], FORMERR)

    @requirement(6891, "6.1.3", "any version but 0 is answered with BADVERS in an OPT of version 0")
    def test_versions(self):
        for version in (1, 2, 127, 255):
            answer = exchange_udp(self.daemon.server, raw_query(WWW, counts=(1, 0, 0, 1), behind=opt(version=version)))
            self.assertEqual((header(answer)[2], answer[-6], answer[-5]), (0, 1, 0))

    @requirement(6891, "6.1.4", "DO comes back as it was sent; the other flags come back clear")
    def test_flags(self):
        for sent, wanted in ((0x8000, 0x8000), (0, 0), (0x7FFF, 0), (0xFFFF, 0x8000)):
            behind = opt()[:7] + sent.to_bytes(2, "big") + b"\0\0"
            answer = exchange_udp(self.daemon.server, raw_query(WWW, counts=(1, 0, 0, 1), behind=behind))
            self.assertEqual(int.from_bytes(answer[-4:-2], "big"), wanted)

    @requirement(6891, "6.2.3", "a payload size below 512 counts as 512")
    def test_small_payload(self):
        for payload in (0, 1, 511):
            answer = exchange_udp(self.daemon.server, raw_query(WWW, counts=(1, 0, 0, 1), behind=opt(payload=payload)))
            self.assertFalse(header(answer)[1] & 0x0200)
            answer = exchange_udp(self.daemon.server, raw_query(name_wire("medium.example.com"), kind=16, counts=(1, 0, 0, 1), behind=opt(payload=payload)))
            self.assertTrue(header(answer)[1] & 0x0200)
            self.assertLessEqual(len(answer), 512)

    @requirement(6891, "6.2.5", "what the client's payload size holds is sent whole, one octet less is truncated")
    def test_exact_payload(self):
        whole = len(dnsclient.exchange_udp(self.daemon.server, dnsclient.query("medium.example.com", "TXT").to_wire()))
        self.assertFalse(self.daemon.ask("medium.example.com", "TXT", payload=whole).flags & dns.flags.TC)
        self.assertTrue(self.daemon.ask("medium.example.com", "TXT", payload=whole - 1).flags & dns.flags.TC)

    @requirement(6891, "6.1.1", "an OPT may stand anywhere in the additional section")
    def test_opt_first(self):
        record = b"\x01x\0" + (16).to_bytes(2, "big") + b"\0\x01" + b"\0" * 4 + b"\0\x02\x01y"
        answer = exchange_udp(self.daemon.server, raw_query(WWW, counts=(1, 0, 0, 2), behind=opt() + record))
        self.assertEqual((header(answer)[2], header(answer)[3][3]), (0, 1))

    @requirement(8914, "3", "a validating upstream's extended error reaches clients with EDNS, from the upstream and when repeated; no OPT goes to others")
    def test_extended_errors_pass(self):
        self.upstream.ask_plainly("www.example.net", want_dnssec=True)  # the first time it may give another code than from its cache
        told = dnsclient.ede(self.upstream.ask_plainly("www.example.net", want_dnssec=True))
        for _ in range(2):
            answer = self.daemon.ask("www.example.net", dnssec=True)
            self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL)
            self.assertEqual(dnsclient.ede(answer), told)
            self.assertEqual(self.daemon.ask("www.example.net", edns=False).edns, -1)


class Hops(ConformanceCase):
    """The OPT is made anew on each hop (RFC 6891 §6.2.6)."""

    def setUp(self):
        self.fake_upstream = self.fake(self.behave)
        self.with_fake = self.tacet(self.fake_upstream.doh_url())

    @staticmethod
    def behave(_):
        def add_options(response):
            response.use_edns(0, 0, 1232, options=[
                dns.edns.GenericOption(10, b"12345678abcdefgh"), dns.edns.GenericOption(12, b"\0" * 40), dns.edns.GenericOption(11, b"\0\x64"),
                dns.edns.GenericOption(65001, b"private"), dns.edns.EDEOption(17, "by test")])
        return Behaviour(value=add_options)

    OPTIONS = [dns.edns.GenericOption(10, b"12345678"), dns.edns.ECSOption("198.51.100.7", 24), dns.edns.GenericOption(12, b"\0" * 33),
               dns.edns.GenericOption(11, b""), dns.edns.GenericOption(3, b""), dns.edns.GenericOption(65001, b"mine"), dns.edns.GenericOption(4242, b"")]

    @requirement(6891, "6.2.6", "no option of the client's goes to the upstream: padding is made here, and a connection's first query asks for the server's name; none of the upstream's to the client but the extended error")
    @requirement(7871, "12.1", "a client subnet never leaves, whatever address or prefix it carries")
    def test_options_stay_on_their_hop(self):
        for number in range(2):  # a miss and a hit
            answer = self.with_fake.ask("options.example.com", options=self.OPTIONS)
            self.assertEqual([int(option.otype) for option in answer.options], [15], f"round {number}")
        for option in (dns.edns.ECSOption("198.51.100.7", 32), dns.edns.ECSOption("2001:db8::1", 56), dns.edns.ECSOption("0.0.0.0", 0)):
            self.with_fake.ask(f"s{option.srclen}.example.com", options=[option])
        scratch.eventually(lambda: len(self.fake_upstream.received) >= 4, what="the queries")
        sent = [[int(option.otype) for option in received.message.options] for received in self.fake_upstream.received]
        self.assertLessEqual(sum(options == [3, 12] for options in sent), len(self.fake_upstream.connections))
        self.assertEqual([options for options in sent if options not in ([12], [3, 12])], [])

    @requirement(7871, "7.1.2", "a client that opts out of subnets (prefix 0) is answered as any other, without the option")
    def test_opt_out(self):
        answer = self.with_fake.ask("optout.example.com", options=[dns.edns.ECSOption("0.0.0.0", 0)])
        self.assertEqual(dnsclient.addresses(answer), ["192.0.2.9"])
        self.assertFalse([option for option in answer.options if int(option.otype) == 8])

    @requirement(6891, "7", "a client without EDNS is asked for upstream with EDNS all the same, and sees none of it")
    def test_without_edns(self):
        self.assertEqual(self.with_fake.ask("plain.example.com", edns=False).edns, -1)
        self.assertEqual(self.fake_upstream.received[-1].message.edns, 0)

    @requirement(8914, "2", "the upstream's INFO-CODE and EXTRA-TEXT pass unchanged, on a miss and on a hit")
    def test_code_and_text(self):
        for _ in range(2):
            self.assertEqual(dnsclient.ede(self.with_fake.ask("text.example.com")), (17, "by test"))

    @requirement(8914, "4.23", "when no upstream answers, SERVFAIL says so with code 22")
    def test_no_upstream(self):
        self.fake_upstream.stop()
        answer = self.with_fake.ask("gone.example.com")
        self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(dnsclient.ede(answer)[0], 22)
        self.fake_upstream.start()
