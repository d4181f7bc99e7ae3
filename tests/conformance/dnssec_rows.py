"""DO, CD and AD through a forwarder that does not validate, with an upstream that does (RFC 3225, 4035, 6840)."""
import dns.flags
import dns.rcode
import dns.rdatatype
import dns.rrset
import dnsclient
from fake_upstream import Behaviour
from requirement import ConformanceCase, requirement

RD, AD, CD = dns.flags.RD, dns.flags.AD, dns.flags.CD
SIGNATURES = {dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3}


def kinds(message):
    return {rrset.rdtype for section in (message.answer, message.authority, message.additional) for rrset in section}


class Dnssec(ConformanceCase):
    @requirement(3225, "3", "DO comes back as it was sent")
    def test_do(self):
        for wanted in (True, False):
            self.assertEqual(bool(self.daemon.ask("www.example.org", dnssec=wanted).ednsflags & dns.flags.DO), wanted)

    @requirement(4035, "3.2.1", "a client that set DO gets RRSIG and NSEC; one that did not gets none, whoever asked first")
    def test_stripping(self):
        for name in ("www", "nope", "x.many", "alias"):
            for wanted in (True, False, True):
                got = kinds(self.daemon.ask(f"{name}.example.org", dnssec=wanted, tcp=True)) & SIGNATURES
                self.assertEqual(bool(got), wanted, name)
            self.assertFalse(kinds(self.daemon.ask(f"{name}.example.org", edns=False, tcp=True)) & SIGNATURES)

    @requirement(4035, "3.2.1", "without DO, RRSIG, NSEC, DNSKEY and DS are still given to who asks for the type")
    def test_asked_for(self):
        for kind in ("NSEC", "DNSKEY"):
            self.assertIn(dns.rdatatype.from_text(kind), kinds(self.daemon.ask("example.org", kind, tcp=True)), kind)
        self.assertIn(dns.rdatatype.DS, kinds(self.daemon.ask("ds.example.com", "DS")))

    @requirement(4035, "3.2.1", "RRSIG is given to who asks for it by name, or for ANY, with or without DO")
    def test_signatures_asked_for(self):
        def signatures(response):
            text = f"A 15 3 300 20300101000000 20200101000000 1 example.org. {'A' * 86}=="
            response.answer = [dns.rrset.from_text(response.question[0].name, 300, "IN", "RRSIG", text)]

        fake = self.fake(lambda _: Behaviour(value=signatures))
        daemon = self.tacet(fake.doh_url())
        for kind in ("RRSIG", "ANY"):
            for wanted in (False, True):
                self.assertIn(dns.rdatatype.RRSIG, kinds(daemon.ask("www.example.org", kind, dnssec=wanted)))
        self.assertNotIn(dns.rdatatype.RRSIG, kinds(daemon.ask("www.example.org", "TXT")))

    @requirement(4035, "3.1.4.1", "the proofs of a negative answer and of a wildcard stand in the authority section, as the upstream sent them")
    def test_proofs(self):
        for name in ("nope.example.org", "y.many.example.org"):
            ours = self.daemon.ask(name, dnssec=True, tcp=True)
            theirs = self.upstream.ask_plainly(name, want_dnssec=True)
            self.assertTrue(ours.authority)
            self.assertEqual({(rrset.name, rrset.rdtype) for rrset in ours.authority}, {(rrset.name, rrset.rdtype) for rrset in theirs.authority})

    @requirement(4035, "3.2.2", "CD goes upstream and comes back: with it a bogus answer arrives, without it SERVFAIL, whoever asked first")
    @requirement(4035, "4.6", "answers to CD=1 and CD=0 are kept apart")
    def test_checking_disabled(self):
        for flags in (RD | CD, RD, RD | CD, RD):
            answer = self.daemon.ask("www.example.net", flags=flags)
            self.assertEqual(answer.flags & CD, flags & CD)
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR if flags & CD else dns.rcode.SERVFAIL)

    @requirement(4035, "3.2.3", "AD is what the upstream said: set for the signed zone, clear for the unsigned and for bogus data")
    def test_authenticated_data(self):
        for name, wanted in (("www.example.org", True), ("nope.example.org", True), ("www.example.com", False), ("outside.example.com", False)):
            for _ in range(2):
                self.assertEqual(bool(self.daemon.ask(name, flags=RD | AD).flags & AD), wanted, name)
        self.assertFalse(self.daemon.ask("www.example.net", flags=RD | CD | AD).flags & AD)

    @requirement(4035, "4.9.2", "CD and AD of a client's query are no reason for anything but the rules above: the records are the same")
    def test_same_records(self):
        for flags in (RD, RD | AD, RD | CD, RD | AD | CD):
            self.assertEqual(dnsclient.addresses(self.daemon.ask("www.example.org", flags=flags)), ["192.0.2.81"])

    @requirement(6840, "5.7", "AD in a query asks for AD in the answer, without DO too")
    @requirement(6840, "5.8", "AD goes only to who set AD or DO, on a miss and on a hit")
    def test_ad_is_told_only_to_who_asked(self):
        for edns in (True, False):
            for _ in range(2):
                self.assertTrue(self.daemon.ask("alias.example.org", flags=RD | AD, edns=edns).flags & AD)
                self.assertFalse(self.daemon.ask("alias.example.org", flags=RD, edns=edns).flags & AD)
        self.assertTrue(self.daemon.ask("alias.example.org", flags=RD, dnssec=True).flags & AD)
