"""What an upstream loses or changes is asked for elsewhere before a client gets SERVFAIL."""
import concurrent.futures
import os
import random
import threading
import time
import unittest

import dns.edns
import dns.flags
import dns.rcode
import dns.rdatatype
import dns.rrset
import dnsclient
from dnssec_case import DnssecCase
from meddler import drop_signatures, refuse_as_bogus

QUERIES = int(os.environ.get("TACET_DNSSEC_QUERIES", "300"))
LOST = 0.05 if QUERIES <= 300 else 0.01


class Repair(DnssecCase):
    def test_a_lost_signature_is_asked_for_elsewhere_and_nobody_notices(self):
        lossy = self.meddler(lambda received, answer: drop_signatures(answer))
        daemon = self.daemon(lossy.dot_url(), self.upstream.dot_url())
        for name, kind in (("www.signed.alpha", "A"), ("nothing.signed.beta", "A"), ("alias.signed.alpha", "AAAA"), ("www.unsigned.beta", "A")):
            rcode = "NXDOMAIN" if name.startswith("nothing") else "NOERROR"
            self.assert_verdict(daemon, name, kind, "insecure" if "unsigned" in name else "secure", rcode)
        self.assertGreaterEqual(daemon.status()["dnssec"]["repaired"], 1)
        self.assertTrue(all(received.message.flags & dns.flags.CD for received in lossy.received if received.kind in ("DS", "DNSKEY")))

    def test_an_upstream_that_drops_all_signatures_is_servfail_at_once_and_one_line(self):
        lossy = self.meddler(lambda received, answer: drop_signatures(answer))
        daemon = self.daemon(lossy.dot_url())
        begun = time.monotonic()
        for name in ("www.signed.alpha", "www.signed.beta", "www.a8.alpha"):
            self.assertEqual(dnsclient.ede(self.assert_verdict(daemon, name, "A", "bogus"))[0], 10)
        self.assertLess(time.monotonic() - begun, 3)
        self.assertEqual(len(daemon.log_lines("not what its zone signed")), 1)

    def dns64(self, prefix):
        """An upstream that makes AAAA records up from A records."""
        return self.unbound(zones=self.world.zone_texts(), resolving=True, local_data=['module-config: "dns64 iterator"', f"dns64-prefix: {prefix}"])

    def test_behind_a_dns64_a_made_address_is_made_again_from_the_proven_one(self):
        upstream = self.dns64("64:ff9b::/96")
        daemon = self.daemon(upstream.dot_url())
        for _ in ("miss", "hit"):
            for name in ("signed.alpha", "there.wild.signed.beta", "any.wild.signed.alpha"):
                reply = self.assert_verdict(daemon, name, "AAAA", "insecure")
                self.assertEqual((dnsclient.addresses(reply), dnsclient.ede(reply)[0]), (["64:ff9b::c000:201"], 29), reply)
        self.assertEqual(dnsclient.addresses(self.assert_verdict(daemon, "unsigned.alpha", "AAAA", "insecure")), ["64:ff9b::c000:201"])
        self.assertEqual(dnsclient.addresses(self.assert_verdict(daemon, "www.signed.alpha", "AAAA", "secure")), ["2001:db8::1"])
        self.assert_verdict(daemon, "nothing.signed.beta", "AAAA", "secure", "NXDOMAIN")
        self.assert_verdict(daemon, "norrsigs.alpha", "AAAA", "bogus")
        self.assertEqual(daemon.status()["dnssec"]["repaired"], 0)

    def test_a_dns64_with_a_prefix_of_the_world_is_not_believed_and_the_proven_denial_stands(self):
        upstream = self.dns64("2001:db8:64::/96")
        daemon = self.daemon(upstream.dot_url())
        self.assertEqual(dnsclient.addresses(self.assert_verdict(daemon, "signed.alpha", "AAAA", "secure")), [])
        self.assertEqual(dnsclient.addresses(self.assert_verdict(daemon, "unsigned.alpha", "AAAA", "insecure")), ["2001:db8:64::c000:201"])

    def test_one_answer_in_twenty_loses_its_signatures_and_no_client_sees_it(self):
        draw = random.Random(1)
        lock = threading.Lock()
        lost = []

        def lose(received, answer):
            about = received.name, received.kind
            with lock:
                # Three losses of one answer in a row are chance, which the short run has no need of.
                if draw.random() >= LOST or (QUERIES <= 300 and lost.count(about) == 2):
                    return False
                lost.append(about)
            return drop_signatures(answer)

        daemon = self.daemon(self.meddler(lose).dot_url(), self.meddler(lose).dot_url())
        kinds = ((lambda i: f"n{i}.wild.signed", dns.rcode.NOERROR), (lambda i: f"none{i}.nothing.signed", dns.rcode.NXDOMAIN),
                 (lambda i: f"n{i}.wildalias.signed", dns.rcode.NOERROR), (lambda i: f"n{i}.wild.a8", dns.rcode.NOERROR))

        def ask(i):
            name, rcode = kinds[i % len(kinds)]
            name = f"{name(i)}.{('alpha', 'beta')[i // len(kinds) % 2]}"
            reply = daemon.ask(name, flags=dns.flags.RD | dns.flags.AD)
            right = reply.rcode() == rcode and reply.flags & dns.flags.AD
            return None if right else (name, dns.rcode.to_text(reply.rcode()), dnsclient.ede(reply))

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            wrong = [each for each in pool.map(ask, range(QUERIES)) if each]
        self.assertEqual(wrong, [], daemon.log())
        self.assertGreater(len(lost), 0)
        status = daemon.status()["dnssec"]
        self.assertGreater(status["repaired"], 0)
        if QUERIES > 300:
            print(f"{QUERIES} queries, {len(lost)} answers lost their signatures, {status['repaired']} repaired, {status['bogus']} bogus")

    def test_a_lost_signature_of_an_alias_is_asked_for_by_itself(self):
        """As seen at public resolvers: the alias alone has its signature, and the alias in front of an address has none."""
        def lose(received, answer):
            if received.kind == "CNAME":
                return False
            answer.answer[:] = [rrset for rrset in answer.answer if not (rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == dns.rdatatype.CNAME)]
            return None

        daemon = self.daemon(self.meddler(lose).dot_url())
        for zone in ("signed.alpha", "signed.beta"):
            reply = self.assert_verdict(daemon, f"alias.{zone}", "A", "secure")
            self.assertEqual(reply.answer[0].rdtype, dns.rdatatype.CNAME)
        self.assertEqual(daemon.status()["dnssec"]["repaired"], 2)

    def test_an_alias_without_its_target_is_continued_by_a_question_about_the_target(self):
        def cut_off(received, answer):
            if not any(alias in received.name for alias in ("alias", "dangling", "abroad", "plainly")):
                return False
            answer.set_rcode(dns.rcode.NOERROR)
            answer.answer[:] = [rrset for rrset in answer.answer if rrset.name.to_text() == received.name]
            answer.authority[:] = []
            return None

        daemon = self.daemon(self.meddler(cut_off).dot_url())
        for zone in ("signed.alpha", "signed.beta"):
            for alias, kind, verdict, rcode in (("alias", "A", "secure", "NOERROR"), ("alias", "MX", "secure", "NOERROR"),
                                                ("dangling", "A", "secure", "NXDOMAIN"), ("abroad", "A", "secure", "NOERROR"),
                                                ("plainly", "A", "insecure", "NOERROR")):
                reply = self.assert_verdict(daemon, f"{alias}.{zone}", kind, verdict, rcode)
                self.assertEqual((reply.answer[0].rdtype, len(dnsclient.addresses(reply))), (dns.rdatatype.CNAME, 1 if kind == "A" and rcode == "NOERROR" else 0), reply)

    def test_a_validator_upstream_that_refuses_is_asked_again_without_its_judgement(self):
        def refuse(received, answer):
            if received.message.flags & dns.flags.CD:
                return False
            return refuse_as_bogus(answer)

        daemon = self.daemon(self.meddler(refuse).dot_url())
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")
        self.assert_verdict(daemon, "www.unsigned.alpha", "A", "insecure")
        self.assert_verdict(daemon, "www.forged.alpha", "A", "bogus")

    def test_what_could_not_be_found_out_is_servfail_and_not_remembered(self):
        silent = {"on": True}

        def meddle(received, answer):
            if silent["on"] and received.kind in ("DNSKEY", "DS"):
                answer.answer, answer.authority = [], []
                answer.set_rcode(dns.rcode.SERVFAIL)
                return None
            return False

        daemon = self.daemon(self.meddler(meddle).dot_url())
        reply = self.assert_verdict(daemon, "www.signed.alpha", "A", "bogus")
        self.assertEqual(dnsclient.ede(reply)[0], 5, reply)
        self.assertEqual(daemon.status()["dnssec"]["bogus"], 0)
        silent["on"] = False
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")

    def test_an_answer_that_becomes_bogus_is_not_hidden_by_a_stale_one(self):
        forged = {"on": False}

        def meddle(received, answer):
            for rrset in answer.answer:
                rrset.ttl = 1
            if forged["on"] and received.kind == "A":
                drop_signatures(answer)

        daemon = self.daemon(self.meddler(meddle).dot_url())
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")
        forged["on"] = True
        time.sleep(1.2)
        self.assert_verdict(daemon, "www.signed.alpha", "A", "bogus")

    def test_a_block_of_a_filtering_upstream_is_servfail_that_says_so_and_no_other_operator_is_asked(self):
        blocks = ('local-zone: "www.signed.alpha." always_null', 'local-zone: "www.signed.beta." always_nxdomain', 'local-zone: "www.unsigned.alpha." always_null')
        filtering = self.unbound(zones=self.world.zone_texts(), resolving=True, local_data=blocks)
        other = self.meddler()
        daemon = self.daemon(filtering.dot_url(), other.dot_url())
        self.assert_verdict(daemon, "www.a8.alpha", "A", "secure")
        for name, kind in (("www.signed.alpha", "A"), ("www.signed.alpha", "AAAA"), ("www.signed.beta", "A")):
            code, text = dnsclient.ede(self.assert_verdict(daemon, name, kind, "bogus"))
            self.assertEqual((code, "blocks the name" in text), (15, True), text)
            self.assertNotIn(name, [received.name.rstrip(".") for received in other.received if received.kind == kind])
        reply = self.assert_verdict(daemon, "www.unsigned.alpha", "A", "insecure")  # nobody can prove this one, so the block is passed on
        self.assertEqual(reply.answer[0][0].to_text(), "0.0.0.0")
        self.assertEqual(daemon.log_lines("not what its zone signed"), [])
        self.assertEqual(daemon.status()["dnssec"]["bogus_reasons"]["other"], 3)

    def test_the_reason_that_a_filtering_upstream_gives_reaches_the_client(self):
        def block(received, answer):
            if received.name.startswith("www.") and received.kind == "A":
                answer.answer, answer.authority = [dns.rrset.from_text(received.name, 60, "IN", "A", "192.0.2.66")], []
                answer.use_edns(0, options=[dns.edns.EDEOption(17, "malware")])
                return True
            return False

        daemon = self.daemon(self.meddler(block).dot_url())
        self.assertEqual(dnsclient.ede(self.assert_verdict(daemon, "www.signed.alpha", "A", "bogus")), (17, "malware"))

    def test_over_doh_it_is_the_same(self):
        daemon = self.daemon(self.upstream.doh_url())
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")
        self.assert_verdict(daemon, "nothing.signed.beta", "A", "secure", "NXDOMAIN")
        self.assert_verdict(daemon, "www.unsigned.beta", "A", "insecure")
        self.assert_verdict(daemon, "www.norrsig.beta", "A", "bogus")

if __name__ == "__main__":
    unittest.main()
