"""How long answers live: TTLs, negative answers, failures, stale answers (RFC 2181 §8, 2308, 8020, 8767, 9520)."""
import time

import dns.rcode
import dns.rdatatype
import dnsclient
import zones
from fake_upstream import ADDRESS, ANSWER, Behaviour
from requirement import ConformanceCase, requirement, run_unit


class Lifetimes(ConformanceCase):
    @requirement(1035, "3.2.1", "TTL 0 is passed on and never kept; TTL 1 lives for a second")
    def test_short_ttls(self):
        before = self.count("zero.example.com.")
        for _ in range(3):
            self.assertEqual(self.daemon.ask("zero.example.com").answer[0].ttl, 0)
        self.assertEqual(self.count("zero.example.com.") - before, 3)
        before = self.count("second.example.com.")
        self.daemon.ask("second.example.com")
        time.sleep(1.1)
        self.daemon.ask("second.example.com")
        self.assertEqual(self.count("second.example.com.") - before, 2)

    @requirement(1035, "7.4", "a kept answer's TTLs count down together with ours, to the second, and never below 0")
    def test_counting_down(self):
        run_unit(self, "resolve_tests", "An answer is fresh until its TTL has passed, to the second")
        run_unit(self, "dns_tests", "TTLs are clamped, then aged, and never fall below 0")

    @requirement(1035, "7.4", "a clock that is set back makes no answer older or younger")
    def test_clock(self):
        run_unit(self, "resolve_tests", "A clock that went backwards makes nothing older")

    @requirement(2181, "8", "a TTL with the top bit set counts as 0; the largest is served as at most a day")
    def test_huge_ttls(self):
        fake = self.fake(lambda _: Behaviour(value=lambda response: response.answer[0].update_ttl(0) or setattr(response.answer[0], "ttl", 0x80000001)))
        daemon = self.tacet(fake.doh_url())
        wire = dnsclient.exchange_udp(daemon.server, dnsclient.query("top.example.com").to_wire())
        self.assertEqual(int.from_bytes(wire[12 + 17 + 4 + 6:][:4], "big"), 0)
        self.assertLessEqual(self.daemon.ask("forever.example.com").answer[0].ttl, 86400)

    @requirement(2308, "5", "NXDOMAIN and NODATA are kept for min(SOA TTL, MINIMUM), with the SOA and a TTL that counts down")
    @requirement(2308, "6", "a negative answer from the cache carries the SOA in the authority section")
    def test_negative(self):
        for name, kind, rcode in (("nothing.example.com.", "A", dns.rcode.NXDOMAIN), ("www.example.com.", "NAPTR", dns.rcode.NOERROR)):
            before = self.count(name, kind)
            for _ in range(3):
                answer = self.daemon.ask(name, kind)
                self.assertEqual((answer.rcode(), answer.answer, answer.authority[0].rdtype), (rcode, [], dns.rdatatype.SOA))
                self.assertLessEqual(answer.authority[0].ttl, zones.NEGATIVE_TTL)
            self.assertEqual(self.count(name, kind) - before, 1)

    @requirement(2308, "2.2", "an alias without the type at its end is NODATA, kept for the least of its TTLs")
    def test_alias_to_nodata(self):
        before = self.count("nodata.example.com.")
        for _ in range(2):
            answer = self.daemon.ask("nodata.example.com")
            self.assertEqual([rrset.rdtype for rrset in answer.answer + answer.authority], [dns.rdatatype.CNAME, dns.rdatatype.SOA])
        self.assertEqual(self.count("nodata.example.com.") - before, 1)

    @requirement(2308, "5", "a negative answer without SOA is passed on and not kept")
    def test_no_soa(self):
        fake = self.fake(lambda _: Behaviour("rcode", value="NXDOMAIN"))
        daemon = self.tacet(fake.doh_url())
        for number in range(2):
            self.assertEqual(daemon.ask("nosoa.example.com").rcode(), dns.rcode.NXDOMAIN)
            self.assertEqual(fake.count("nosoa.example.com."), number + 1)

    @requirement(8020, "2", "decided: an NXDOMAIN answers its own name only. The upstream, which sees whole zones, does the cut; names below are asked for, "
                            "so that one forged or premature NXDOMAIN cannot hide a tree. Special-use zones answered here are cut: nothing exists below them")
    def test_nxdomain_cut(self):
        def behave(received):
            return Behaviour("rcode", value="NXDOMAIN") if received.name == "cut.example.com." else ANSWER

        fake = self.fake(behave)
        daemon = self.tacet(fake.doh_url())
        self.assertEqual(daemon.ask("cut.example.com").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(dnsclient.addresses(daemon.ask("below.cut.example.com")), [ADDRESS])
        for name in ("test", "a.test", "a.b.invalid"):
            self.assertEqual(daemon.ask(name).rcode(), dns.rcode.NXDOMAIN)

    @requirement(8020, "3.1", "an empty non-terminal is NODATA, not NXDOMAIN, here and from upstream")
    def test_empty_nonterminals(self):
        for name in ("empty.nonterminal.example.com", "nonterminal.example.com", "0.127.in-addr.arpa"):
            answer = self.daemon.ask(name)
            self.assertEqual((answer.rcode(), answer.answer), (dns.rcode.NOERROR, []), name)


class Failing(ConformanceCase):
    def scripted(self, behave):
        fake = self.fake(behave)
        return fake, self.tacet(fake.doh_url(), workers=1)  # each remembers its own failures

    @requirement(9520, "3.2", "a failure is remembered: the same question within a second is not asked again; another type of that name is")
    def test_failures_are_kept(self):
        fake, daemon = self.scripted(lambda _: Behaviour("rcode", value="SERVFAIL"))
        self.assertEqual(daemon.ask("lame.example.com").rcode(), dns.rcode.SERVFAIL)
        asked = fake.count("lame.example.com.")
        begun = time.monotonic()
        while time.monotonic() < begun + 0.8:
            self.assertEqual(daemon.ask("lame.example.com").rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(fake.count("lame.example.com."), asked)
        daemon.ask("lame.example.com", "AAAA")
        self.assertGreaterEqual(fake.count("lame.example.com.", "AAAA"), 1)

    @requirement(9520, "3.2", "no failure is remembered for longer than five minutes: ours for one second, the upstream's for three")
    @requirement(2308, "7.1", "a server failure is kept for at most five minutes")
    def test_failures_end(self):
        run_unit(self, "resolve_tests", "A failure of our own connections is remembered for a second, an upstream's for three")

    @requirement(9520, "3.1", "one question is asked of an upstream that fails at most twice, however often clients repeat it meanwhile")
    def test_retries_are_limited(self):
        fake, daemon = self.scripted(lambda _: Behaviour("rcode", value="SERVFAIL", delay=0.05))
        wires = [dnsclient.query("storm.example.com").to_wire() for _ in range(50)]
        self.assertEqual(len(dnsclient.burst_udp(daemon.server, wires)), 50)
        self.assertLessEqual(fake.count("storm.example.com."), 2)

    @requirement(8767, "5", "when the refresh fails a stale answer is served, with TTL 30 and EDE 3; never a SERVFAIL from memory")
    @requirement(8914, "4.4", "a stale answer says so with code 3, a stale NXDOMAIN with code 19")
    def test_stale(self):
        broken = []

        def behave(received):
            if broken:
                return Behaviour("rcode", value="SERVFAIL")
            return Behaviour(value=lambda response: [rrset.update_ttl(1) or setattr(rrset, "ttl", 1) for rrset in response.answer + response.authority])

        _, daemon = self.scripted(behave)
        self.assertEqual(dnsclient.addresses(daemon.ask("stale.example.com")), [ADDRESS])
        broken.append(True)
        time.sleep(1.2)
        answer = daemon.ask("stale.example.com")
        self.assertEqual((dnsclient.addresses(answer), answer.answer[0].ttl, dnsclient.ede(answer)[0]), ([ADDRESS], 30, 3))
        self.assertEqual(daemon.ask("unknown.example.com").rcode(), dns.rcode.SERVFAIL)

    @requirement(8767, "5", "a client waits 1.8 s for the refresh before it gets the stale answer")
    def test_stale_while_silent(self):
        silent = []

        def behave(_):
            return Behaviour("drop") if silent else Behaviour(value=lambda response: setattr(response.answer[0], "ttl", 1))

        _, daemon = self.scripted(behave)
        daemon.ask("slow.example.com")
        silent.append(True)
        time.sleep(1.2)
        begun = time.monotonic()
        answer = daemon.ask("slow.example.com")
        self.assertEqual(dnsclient.ede(answer)[0], 3)
        self.assertTrue(1.4 < time.monotonic() - begun < 4.4)  # the stale answer comes before the deadline

    @requirement(8767, "5", "no answer older than a day beyond its TTL is served stale")
    def test_stale_limit(self):
        run_unit(self, "resolve_tests", "A stale answer is found for a day and no longer")
        run_unit(self, "resolve_tests", "A SERVFAIL is never served from memory beyond its seconds, nor an answer older than a day")

    @requirement(8767, "4", "the failed refresh does not push the stale answer out, and a late success takes its place")
    def test_stale_and_late(self):
        run_unit(self, "resolve_tests", "A stale answer is served after 1.8 seconds of silence, and the late answer is still kept")

    @requirement(8767, "6", "a stale NXDOMAIN is one too (EDE 19), and a fresh NXDOMAIN takes a stale answer's place")
    def test_stale_nxdomain(self):
        run_unit(self, "resolve_tests", "A stale NXDOMAIN says so, and a fresh NXDOMAIN takes a stale answer's place")
