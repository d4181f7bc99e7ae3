"""Answers are proven before clients get them: what is signed, what is not, what is wrong, and what an upstream loses."""
import unittest
import urllib.request

import dns.edns
import dns.flags
import dns.rcode
import dns.rdatatype
import dns.rrset
import dnsclient
import scratch
from dnssec_case import DnssecCase


class Verdicts(DnssecCase):
    def setUp(self):
        self.tacet_on = self.daemon()

    def test_signed_answers_and_denials_are_secure_by_every_algorithm(self):
        for tld in ("alpha", "beta", "delta"):
            for algorithm in (8, 10, 13, 14, 15, 16):
                with self.subTest(tld, algorithm=algorithm):
                    zone = f"a{algorithm}.{tld}"
                    self.assert_verdict(self.tacet_on, f"www.{zone}", "A", "secure")
                    self.assert_verdict(self.tacet_on, f"nothing.{zone}", "A", "secure", "NXDOMAIN")
                    self.assert_verdict(self.tacet_on, f"www.{zone}", "MX", "secure")
                    self.assert_verdict(self.tacet_on, f"any.wild.{zone}", "A", "secure")
                    self.assert_verdict(self.tacet_on, f"www.moved.{zone}", "A", "secure")
                    self.assert_verdict(self.tacet_on, f"abroad.{zone}", "A", "secure")

    def test_unsigned_zones_and_unknown_algorithms_are_insecure(self):
        for name in ("www.unsigned.alpha", "www.unsigned.beta", "www.insecure.signed.alpha", "plainly.signed.alpha", "www.dsunknown.alpha", "www.a5.alpha"):
            with self.subTest(name):
                self.assert_verdict(self.tacet_on, name, "A", "insecure")
        self.assert_verdict(self.tacet_on, "nothing.unsigned.alpha", "A", "insecure", "NXDOMAIN")
        reply = self.assert_verdict(self.tacet_on, "www.dsunknown.beta", "A", "insecure")
        self.assertEqual(dnsclient.ede(reply)[0], 1, reply)

    def test_bogus_answers_are_servfail_with_zone_record_and_reason_and_cd_gets_them(self):
        for zone, kind, code in (("wrongwww", "A", 6), ("forged", "A", 6), ("norrsig", "A", 10), ("norrsigs", "A", 10), ("expiredwww", "A", 7),
                                 ("earlywww", "A", 8), ("expired", "A", 7), ("nokeys", "A", 9), ("nodenial", "MX", 12)):
            for tld in ("alpha", "beta"):
                with self.subTest(zone, tld=tld):
                    name = f"www.{zone}.{tld}"
                    for _ in range(2):
                        reply = self.assert_verdict(self.tacet_on, name, kind, "bogus")
                        told = dnsclient.ede(reply)
                        self.assertEqual(told[0], code, reply)
                        self.assertIn(f"{zone}.{tld}", told[1])
                    unjudged = self.tacet_on.ask(name, kind, flags=dns.flags.RD | dns.flags.CD | dns.flags.AD)
                    self.assertEqual(unjudged.rcode(), dns.rcode.NOERROR)
                    self.assertFalse(unjudged.flags & dns.flags.AD)
                    self.assertEqual(bool(unjudged.answer), kind == "A")
                    self.assert_verdict(self.tacet_on, name, kind, "bogus")

    def test_ad_and_signatures_are_for_clients_that_ask_for_them(self):
        for first in (False, True):  # by a miss and by a hit
            with self.subTest(hit=first):
                plain = self.tacet_on.ask("www.signed.beta")
                self.assertEqual((bool(plain.flags & dns.flags.AD), len(plain.answer), len(plain.authority)), (False, 1, 0), plain)
                wanted = self.tacet_on.ask("www.signed.beta", dnssec=True)
                self.assertTrue(wanted.flags & dns.flags.AD)
                self.assertEqual([rrset.rdtype for rrset in wanted.answer], [dns.rdatatype.A, dns.rdatatype.RRSIG])
        denied = self.tacet_on.ask("nothing.signed.alpha", dnssec=True)
        self.assertIn(dns.rdatatype.NSEC, [rrset.rdtype for rrset in denied.authority])
        denied = self.tacet_on.ask("nothing.signed.alpha")
        self.assertEqual([rrset.rdtype for rrset in denied.authority], [dns.rdatatype.SOA])

    def test_a_hit_is_the_same_verdict_and_asks_nobody(self):
        self.assert_verdict(self.tacet_on, "www.signed.delta", "A", "secure")
        asked = len(self.upstream.asked())
        self.assert_verdict(self.tacet_on, "www.signed.delta", "A", "secure")
        self.assertEqual(len(self.upstream.asked()), asked)

    def test_a_known_zone_costs_no_further_question(self):
        self.assert_verdict(self.tacet_on, "www.signed.alpha", "A", "secure")
        before = self.tacet_on.status()["dnssec"]["questions"]
        for kind in ("AAAA", "TXT", "MX"):
            self.assert_verdict(self.tacet_on, "www.signed.alpha", kind, "secure")
        self.assertEqual(self.tacet_on.status()["dnssec"]["questions"], before)

    def test_status_metrics_and_explain_tell_of_it(self):
        self.assert_verdict(self.tacet_on, "www.signed.alpha", "A", "secure")
        self.assert_verdict(self.tacet_on, "www.unsigned.alpha", "A", "insecure")
        self.assert_verdict(self.tacet_on, "www.expired.alpha", "A", "bogus")
        status = self.tacet_on.status()["dnssec"]
        self.assertEqual((status["mode"], status["secure"], status["insecure"], status["bogus"], status["indeterminate"]), ("on", 1, 1, 1, 0))
        self.assertEqual(status["bogus_reasons"]["signature_expired"], 1)
        self.assertEqual(status["anchors"], [{"zone": ".", "key_tag": int(self.world.anchors()[0].split()[2]), "algorithm": 8}])
        self.assertGreaterEqual(status["zones"]["signed"], 3)
        self.assertTrue(status["clock_is_set"])
        self.assertIn('tacet_dnssec_answers_total{verdict="secure"} 1', self.tacet_on.control("GET /metrics").decode())
        self.assertIn("dnssec    on: 1 secure, 1 insecure, 1 bogus", self.tacet_on.verb("status").stdout)
        told = self.tacet_on.verb("explain", "www.signed.alpha").stdout
        self.assertRegex(told, r"(?s)cache +NOERROR.*, secure\n.*dnssec +\.: signed, key.*alpha: signed, keys? \d+.*signed\.alpha: signed")
        self.assertIn("unsigned.alpha: unsigned", self.tacet_on.verb("explain", "www.unsigned.alpha").stdout)
        lines = self.tacet_on.log_lines("not what its zone signed")
        self.assertEqual(len(lines), 1, self.tacet_on.log())
        self.assertNotIn("expired.alpha", "".join(lines))

    def test_the_page_tells_mode_verdicts_and_reasons_and_no_name(self):
        port = scratch.free_port()
        daemon = self.daemon(metrics={"listen": f"127.0.0.1:{port}"})
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")
        self.assert_verdict(daemon, "www.expired.alpha", "A", "bogus")

        def get(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.read().decode()

        page = get("/")
        for words in ("On: a program gets an answer only if", ">1</span> proven", ">1</span> bogus", ">1</span> signature expired", "the root: "):
            self.assertIn(words, page)
        for path in ("/", "/status.json", "/metrics", "/history.json"):
            self.assertNotIn("alpha", get(path).replace(self.upstream.dot_url(), ""), path)

    def test_query_prints_the_verdict(self):
        self.assertRegex(self.tacet_on.verb("query", "www.signed.alpha").stdout, r"(?m)^verdict +secure")
        self.assertRegex(self.tacet_on.verb("query", "www.unsigned.alpha").stdout, r"(?m)^verdict +insecure")
        self.assertRegex(self.tacet_on.verb("query", "www.expired.alpha").stdout, r"(?m)^verdict +bogus: .*expired")


class KeptDenials(DnssecCase):
    """RFC 8198: what a zone has denied with NSEC records, it need not deny again."""

    def test_a_name_in_a_gap_that_was_shown_is_denied_without_a_question(self):
        fake = self.meddler()
        daemon = self.daemon(fake.dot_url(), workers=1)
        self.assert_verdict(daemon, "nothing1.signed.alpha", "A", "secure", "NXDOMAIN")
        asked = fake.questions()
        for number in range(2, 40):
            self.assert_verdict(daemon, f"nothing{number}.signed.alpha", ("A", "AAAA", "MX")[number % 3], "secure", "NXDOMAIN")
        self.assertEqual(fake.questions(), asked)
        self.assertEqual(daemon.status()["dnssec"]["denied_here"], 38)
        reply = daemon.ask("nothing40.signed.alpha", dnssec=True)
        self.assertEqual(fake.questions(), asked)
        kinds = [rrset.rdtype for rrset in reply.authority]
        self.assertEqual((kinds.count(dns.rdatatype.SOA), kinds.count(dns.rdatatype.NSEC) > 0, dns.rdatatype.RRSIG in kinds), (1, True, True), reply)
        self.assertLessEqual(max(rrset.ttl for rrset in reply.authority), 60)

    def test_a_flush_forgets_what_was_denied_and_the_keys(self):
        fake = self.meddler()
        daemon = self.daemon(fake.dot_url(), workers=1)
        self.assert_verdict(daemon, "nothing1.signed.alpha", "A", "secure", "NXDOMAIN")
        self.assertEqual(daemon.verb("flush", "nothing1.signed.alpha").returncode, 0)
        asked = len(fake.received)
        self.assert_verdict(daemon, "nothing2.signed.alpha", "A", "secure", "NXDOMAIN")
        self.assertIn("DNSKEY", [received.kind for received in fake.received[asked:]])
        self.assertIn("nothing2.signed.alpha.", [received.name for received in fake.received[asked:]])

    def test_names_that_exist_and_clients_that_judge_themselves_are_asked_for(self):
        fake = self.meddler()
        daemon = self.daemon(fake.dot_url(), workers=1)
        for name in ("nothing1", "any.nothing1", "a", "zzz", "www1", "alia"):
            daemon.ask(f"{name}.signed.alpha")
        for name, kind in (("www", "A"), ("alias", "A"), ("any.wild", "A"), ("www.moved", "A"), ("www.insecure", "A")):
            self.assert_verdict(daemon, f"{name}.signed.alpha", kind, "insecure" if "insecure" in name else "secure")
        asked = fake.questions()
        reply = daemon.ask("nothing2.signed.alpha", flags=dns.flags.RD | dns.flags.CD)
        self.assertEqual(reply.rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(fake.questions(), [*asked, ("nothing2.signed.alpha.", "A", False)])

    def test_nsec3_denies_only_what_it_was_asked_about(self):
        fake = self.meddler()
        daemon = self.daemon(fake.dot_url(), workers=1)
        for number in range(3):
            self.assert_verdict(daemon, f"nothing{number}.signed.beta", "A", "secure", "NXDOMAIN")
            self.assertIn((f"nothing{number}.signed.beta.", "A", True), fake.questions())

    def test_mode_log_denies_nothing_by_itself(self):
        fake = self.meddler()
        daemon = self.daemon(fake.dot_url(), mode="log", workers=1)
        daemon.ask("nothing1.signed.alpha")
        scratch.eventually(lambda: daemon.status()["dnssec"]["secure"] == 1, 20, daemon.log)
        daemon.ask("nothing2.signed.alpha")
        self.assertIn("nothing2.signed.alpha.", [received.name for received in fake.received])


class Modes(DnssecCase):
    def test_log_answers_and_counts(self):
        daemon = self.daemon(mode="log")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.forged.alpha")), ["192.0.2.66"])
        daemon.ask("www.signed.alpha")
        scratch.eventually(lambda: daemon.status()["dnssec"]["bogus"] == 1 and daemon.status()["dnssec"]["secure"] == 1, 20, daemon.log)

    def test_log_asks_nothing_about_an_answer_without_signatures(self):
        fake = self.meddler()
        daemon = self.daemon(fake.dot_url(), mode="log")
        for name in ("www.unsigned.alpha", "other.unsigned.alpha"):
            daemon.ask(name)
        self.assertEqual(fake.questions(), [("www.unsigned.alpha.", "A", True), ("other.unsigned.alpha.", "A", True)])

    def test_off_asks_for_no_keys(self):
        fake = self.meddler()
        daemon = self.daemon(fake.dot_url(), mode="off")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.forged.alpha")), ["192.0.2.66"])
        self.assertEqual(fake.questions(), [("www.forged.alpha.", "A", False)])

    def test_a_reload_changes_the_mode_and_forgets_what_was_judged_otherwise(self):
        daemon = self.daemon(mode="off")
        self.assertEqual(daemon.ask("www.forged.alpha").rcode(), dns.rcode.NOERROR)
        daemon.settings["dnssec"] = self.rules()
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assert_verdict(daemon, "www.forged.alpha", "A", "bogus")
        daemon.settings["dnssec"] = self.rules(ignore=[{"zone": "forged.alpha", "until": "2099-01-01"}])
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assert_verdict(daemon, "www.forged.alpha", "A", "insecure")
        self.assert_verdict(daemon, "www.forged.beta", "A", "bogus")
        self.assertEqual(daemon.status()["dnssec"]["ignored"], [{"zone": "forged.alpha", "until": "2099-01-01", "lapsed": False}])

    def test_an_ignored_zone_is_judged_again_after_its_day(self):
        daemon = self.tacet(self.upstream.dot_url(), dnssec=self.rules(ignore=[{"zone": "forged.alpha", "until": "2026-01-31"}]))
        self.assert_verdict(daemon, "www.forged.alpha", "A", "bogus")

    def test_anchors_come_from_a_file_and_a_broken_file_is_refused(self):
        path, _ = self.world.write_anchors(self.directory)
        daemon = self.tacet(self.upstream.dot_url(), dnssec={"mode": "on", "trust_anchors": [path]})
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")
        self.assertEqual(daemon.status()["dnssec"]["anchor_files"][0]["path"], path)
        with open(path, "a", encoding="ascii") as file:
            file.write("nonsense\n")
        done = daemon.verb("reload")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(path, done.stdout + done.stderr)
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")

    def test_wrong_anchors_make_everything_bogus_and_the_log_says_so_once(self):
        daemon = self.tacet(self.upstream.dot_url(), dnssec={"mode": "on"})
        for name in ("www.signed.alpha", "www.unsigned.alpha", "www.signed.beta"):
            self.assert_verdict(daemon, name, "A", "bogus")
        self.assertEqual(len(daemon.log_lines("no trust anchor proves the keys of the root")), 1, daemon.log())
        summary = daemon.status()["summary"]
        self.assertEqual((summary["state"], summary["sentence"].split(";")[0]), ("bad", "No answer can be proven (DNSSEC), so new names fail"))
        self.assertIn("\ntrouble   No answer can be proven (DNSSEC), so new names fail", daemon.verb("status").stdout)
        daemon.settings["dnssec"] = self.rules()
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0, daemon.log())
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")
        self.assertEqual(daemon.status()["summary"]["state"], "good")

    def test_an_upstream_that_refuses_to_tell_keys_is_told_of_by_the_status(self):
        def refuse(received, answer):
            if received.kind in ("DS", "DNSKEY"):
                answer.set_rcode(dns.rcode.SERVFAIL)
                answer.answer, answer.authority = [], []

        daemon = self.daemon(self.meddler(refuse).dot_url())
        self.assertEqual(dnsclient.ede(self.assert_verdict(daemon, "www.unsigned.alpha", "A", "bogus"))[0], 5)
        self.assertRegex(daemon.verb("status").stdout, "\ntrouble   No answer can be proven .*\n +No trust anchor proves .*SERVFAIL about the DNSKEY of")

    def test_hosts_and_zones_of_the_local_network_are_never_validated(self):
        hosts = f"{self.directory}/hosts"
        with open(hosts, "w", encoding="ascii") as file:
            file.write("192.0.2.7 www.expired.alpha\n")
        zone = "@ 300 SOA ns h 1 3600 900 604800 60\n@ 300 NS ns\nns 300 A 192.0.2.53\nwww 300 A 192.0.2.9\nout 300 CNAME www.signed.alpha.\n"
        local = self.unbound(zones={"corp.signed.alpha.": zone})
        daemon = self.daemon(hosts={"file": hosts}, forward={"corp.signed.alpha": [self.entry(local.dot_url())]})
        self.assert_verdict(daemon, "www.expired.alpha", "A", "insecure")
        self.assert_verdict(daemon, "www.corp.signed.alpha", "A", "insecure")
        self.assert_verdict(daemon, "out.corp.signed.alpha", "A", "insecure")
        self.assert_verdict(daemon, "www.signed.alpha", "A", "secure")

if __name__ == "__main__":
    unittest.main()
