"""The exposure ledger: what `tacet exposure` says equals what servers served and what the wire carried."""
import json
import subprocess
import threading
import time
import unittest

import dns.edns
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pki
import scratch
import servers
from case import Case
from client_hello import ENCRYPTED_CLIENT_HELLO, read_client_hello
from fake_upstream import ANSWER, Behaviour
from recorder import Recorder

# What Cloudflare published for its outer name.
ECH = "AEX+DQBBYQAgACB/ZNpruUIOMT7U9iv5DLgTo+oHQ7RI7GeHwd0tbccrCAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA="
OUTER = "cloudflare-ech.com"
# Every record carries its TTL, as in servers.ZONE.
HIDDEN = f"""$ORIGIN hidden.co.uk.
@ 300 SOA ns1 hostmaster 1 3600 900 604800 60
@ 300 NS ns1
ns1 300 A 192.0.2.53
www 300 A 192.0.2.1
www 300 AAAA 2001:db8::1
www 300 HTTPS 1 . alpn=h2,h3 ech={ECH}
alias 300 A 192.0.2.1
alias 300 HTTPS 0 www
moved 300 CNAME www
mixed 300 A 192.0.2.1
mixed 300 HTTPS 1 . alpn=h3 ech={ECH}
mixed 300 HTTPS 2 . alpn=h2
"""
PLAIN = """$ORIGIN plain.example.
@ 300 SOA ns1 hostmaster 1 3600 900 604800 60
@ 300 NS ns1
ns1 300 A 192.0.2.53
https 300 A 192.0.2.2
https 300 HTTPS 1 . alpn=h2
bare 300 A 192.0.2.3
loop 300 A 192.0.2.4
loop 300 HTTPS 0 pool
pool 300 HTTPS 0 loop
outside 300 A 192.0.2.4
outside 300 HTTPS 0 bare.hidden.co.uk.
broken 300 A 192.0.2.5
broken 300 HTTPS \\# 7 00010000050000
*.many 300 A 192.0.2.6
"""
TRUTH = {
    "www.hidden.co.uk": "ech",
    "alias.hidden.co.uk": "ech",
    "moved.hidden.co.uk": "ech",
    "mixed.hidden.co.uk": "no ech",
    "https.plain.example": "no ech",
    "bare.plain.example": "no https record",
    "loop.plain.example": "unknown",
    "broken.plain.example": "unknown",
}


class Exposed(Case):
    def exposure(self, daemon, *words):
        done = daemon.verb("exposure", "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr + daemon.log())
        return json.loads(done.stdout)

    def names(self, daemon):
        """{name: its entry} over all domains."""
        return {name["name"]: name for domain in self.exposure(daemon)["domains"] for name in domain["names"]}

    def states(self, daemon):
        return {name: entry["state"] for name, entry in self.names(daemon).items()}


class Names(Exposed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.upstream = cls.enterClassContext(servers.Unbound(cls.directory, cls.pki.good(), zones={"hidden.co.uk.": HIDDEN, "plain.example.": PLAIN}))

    def setUp(self):
        self.asked_before = len(self.upstream.asked())

    def asked(self, kind=None):
        return [name for name, asked in self.upstream.asked()[self.asked_before :] if kind in (None, asked)]

    def test_passive_knows_what_clients_asked_and_nothing_else(self):
        daemon = self.tacet(self.upstream.doh_url())
        for name in TRUTH:
            daemon.ask(name)
        self.assertEqual(self.states(daemon), dict.fromkeys(TRUTH, "unknown"))
        self.assertEqual(self.asked("HTTPS"), [])
        # The alias before its target and after: whoever follows an alias asks for its target next.
        for name in ["alias.hidden.co.uk", "pool.plain.example", *TRUTH]:
            daemon.ask(name, "HTTPS")
        self.assertEqual(self.states(daemon), {**TRUTH, "pool.plain.example": "unknown"})
        self.assertEqual(self.exposure(daemon)["own_questions"], 0)
        self.assertEqual(self.exposure(daemon)["mode"], "passive")

    def test_active_asks_once_for_each_new_name_and_finds_the_truth(self):
        daemon = self.tacet(self.upstream.doh_url(), exposure={"mode": "active"}, workers=1)  # each asks for what is new to it
        for _ in range(3):
            for name in TRUTH:
                daemon.ask(name)
                daemon.ask(name, "AAAA")
        scratch.eventually(lambda: self.states(daemon) == TRUTH, 5, lambda: f"{TRUTH}, but {self.states(daemon)}")
        scratch.settled(lambda: len(self.asked("HTTPS")), what="the questions")
        asked = self.asked("HTTPS")
        self.assertLessEqual({name + "." for name in TRUTH}, set(asked))
        self.assertLessEqual(len(set(asked)), len(TRUTH) + 1)  # the loop's other end
        self.assertEqual(self.exposure(daemon)["own_questions"], len(set(asked)), asked)
        copies = daemon.status()["events"]["hedges_sent"]  # of questions that seemed lost
        self.assertLessEqual(len(asked) - len(set(asked)), copies, asked)
        self.assertGreaterEqual(self.exposure(daemon)["malformed"], 1)

    def test_names_that_only_browsers_over_https_asked_for_are_apart(self):
        good, port = self.pki.good(), scratch.free_port()
        daemon = self.tacet(self.upstream.doh_url(), https={"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key})

        def ask_over_https(name, kind):
            words = ["kdig", "@127.0.0.1", "-p", str(port), "+https", f"+tls-ca={self.pki.ca}", "+tls-hostname=127.0.0.1", name, kind]
            self.assertIn("status: NOERROR", subprocess.run(words, capture_output=True, text=True, timeout=30).stdout)

        for kind in ("A", "HTTPS", "A"):
            ask_over_https("www.hidden.co.uk", kind)
        ask_over_https("moved.hidden.co.uk", "A")  # never for the key
        daemon.ask("moved.hidden.co.uk", "HTTPS")
        names = self.names(daemon)
        self.assertEqual({name: (entry["queries"], entry["queries_over_https"], entry["key_asked_over_https"]) for name, entry in names.items()},
                         {"www.hidden.co.uk": (3, 3, True), "moved.hidden.co.uk": (2, 1, False)})
        self.assertEqual(self.exposure(daemon)["offer_ech"], {"asked_only_for_ech": 1, "asked_otherwise": 1})
        said = daemon.verb("exposure").stdout
        self.assertIn("Of those that offer ECH, 1 came only from programs that ask tacet over HTTPS, and for the key: hidden by ECH if the\n"
                      "  browser used it. 1 came otherwise, too or only: shown if a program without ECH connected there.\n", said)
        self.assertIn("asked      3 times over HTTPS, also for the key of ECH; 0 times otherwise\n", daemon.verb("exposure", "--explain", "www.hidden.co.uk").stdout)
        daemon.ask("www.hidden.co.uk")
        self.assertEqual(self.exposure(daemon)["offer_ech"], {"asked_only_for_ech": 0, "asked_otherwise": 2})

    def test_the_numbers_are_those_of_the_queries(self):
        daemon = self.tacet(self.upstream.dot_url(), workers=2)
        for _ in range(4):
            daemon.ask("www.hidden.co.uk")
        daemon.ask("WWW.Hidden.CO.UK", "AAAA")
        daemon.ask("www.hidden.co.uk", "HTTPS")
        daemon.ask("www.hidden.co.uk", "TXT")  # leads to no connection
        daemon.ask("bare.plain.example")
        daemon.ask("missing.plain.example")  # does not exist
        report = self.exposure(daemon)
        self.assertEqual([domain["domain"] for domain in report["domains"]], ["hidden.co.uk", "plain.example"])
        self.assertEqual(report["names"], 2)
        self.assertEqual(report["states"], {"unknown": 1, "no https record": 0, "no ech": 0, "ech": 1})
        entry = self.names(daemon)["www.hidden.co.uk"]
        self.assertEqual((entry["queries"], entry["state"], entry["public_name"]), (6, "ech", OUTER))
        self.assertLess(entry["last_query_seconds"], 5)
        self.assertLess(entry["evidence_seconds"], 5)

    def test_off_keeps_no_name(self):
        daemon = self.tacet(self.upstream.doh_url(), exposure={"mode": "off"})
        for kind in ("A", "HTTPS"):
            daemon.ask("www.hidden.co.uk", kind)
        report = self.exposure(daemon)
        self.assertEqual((report["mode"], report["names"], report["domains"]), ("off", 0, []))
        self.assertGreaterEqual(len(report["connections"]), 1)
        self.assertIn("not kept", daemon.verb("exposure").stdout)

    def test_clear_forgets_all_names(self):
        daemon = self.tacet(self.upstream.doh_url())
        daemon.ask("www.hidden.co.uk")
        daemon.ask("bare.plain.example")
        self.assertEqual(self.exposure(daemon, "--clear"), {"forgotten": 2})
        self.assertEqual(self.exposure(daemon)["domains"], [])
        daemon.ask("www.hidden.co.uk")  # from the cache, now
        self.assertEqual(self.names(daemon)["www.hidden.co.uk"]["queries"], 1)
        self.assertEqual(daemon.verb("exposure", "--clear").stdout, "1 name forgotten\n")

    def test_explain_asks_once_if_nothing_is_known(self):
        daemon = self.tacet(self.upstream.doh_url())
        daemon.ask("www.hidden.co.uk")
        explanation = self.exposure(daemon, "--explain", "www.hidden.co.uk")
        self.assertEqual((explanation["state"], explanation["public_name"], explanation["asked_now"]), ("ech", OUTER, True))
        again = self.exposure(daemon, "--explain", "WWW.hidden.co.uk.")
        self.assertEqual((again["state"], again["asked_now"], again["queries"], again["asked_by"]), ("ech", False, 1, "tacet"))
        self.assertEqual(self.asked("HTTPS"), ["www.hidden.co.uk."])
        text = daemon.verb("exposure", "--explain", "www.hidden.co.uk").stdout
        for words in (f"ech={ECH}", OUTER, "hidden.co.uk", "cannot see", "tacet asked"):
            self.assertIn(words, text)

    def test_explain_follows_aliases_and_keeps_local_names_at_home(self):
        daemon = self.tacet(self.upstream.doh_url())
        alias = self.exposure(daemon, "--explain", "alias.hidden.co.uk")
        self.assertEqual((alias["state"], alias["owner"], alias["queries"]), ("ech", "www.hidden.co.uk", 0))
        self.assertEqual(self.exposure(daemon, "--explain", "bare.plain.example")["state"], "no https record")
        self.assertEqual(self.exposure(daemon, "--explain", "broken.plain.example")["state"], "unknown")
        before = len(self.asked())
        refused = daemon.verb("exposure", "--explain", "printer.local")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("never leaves", refused.stderr)
        self.assertEqual(daemon.verb("exposure", "--explain", "a..b").returncode, 1)
        self.assertEqual(len(self.asked()), before)

    def test_the_tables_say_it_at_a_glance(self):
        daemon = self.tacet(self.upstream.doh_url())
        for name in TRUTH:
            daemon.ask(name)
            daemon.ask(name, "HTTPS")
        text = daemon.verb("exposure").stdout
        self.assertRegex(text, r"hidden\.co\.uk +8 +4 +3 +1 +0\n")
        self.assertRegex(text, r"plain\.example +8 +4 +0 +2 +2\n")
        self.assertIn("tacet cannot see whether it does", text)
        self.assertRegex(text, rf"127\.0\.0\.1:{self.upstream.doh_port} +DoH +none +TLSv1\.3")


class Budget(Exposed):
    def test_our_own_questions_stay_below_a_fifth_and_wait_for_clients(self):
        fake = self.fake()
        daemon = self.tacet(fake.doh_url(), exposure={"mode": "active"}, workers=1)  # each has a budget
        begun = time.monotonic()
        for number in range(100):
            daemon.ask(f"n{number}.example.com")
        asked_meanwhile = sum(1 for received in list(fake.received) if received.kind == "HTTPS")
        self.assertLessEqual(asked_meanwhile, 20 * (time.monotonic() - begun) + 1)
        own = scratch.settled(lambda: self.exposure(daemon)["own_questions"], what="the questions of our own")
        first = {}  # a question may be sent twice, as any other
        for received in list(fake.received):
            if received.kind == "HTTPS":
                first.setdefault(received.name, received.at)
        self.assertEqual(len(first), own)
        self.assertGreater(len(first), asked_meanwhile)
        self.assertLessEqual(len(first), 50 + 100 / 5)
        self.assertGreater(max(first.values()) - min(first.values()), (len(first) - 1) * 0.05 - 0.1)  # at most 20 a second

    def test_none_is_asked_while_a_client_waits(self):
        fake = self.fake(lambda received: Behaviour("hold") if received.name.startswith("slow") else ANSWER)
        daemon = self.tacet(fake.doh_url(), exposure={"mode": "active"}, workers=1)  # each knows of its own clients
        waiting = threading.Thread(target=daemon.ask, args=["slow.example.com"])
        waiting.start()
        scratch.eventually(lambda: fake.count("slow.example.com."), 5, "the slow query")
        daemon.ask("quick.example.com")
        scratch.settled(lambda: len(fake.received), what="the questions")
        self.assertEqual(fake.count("quick.example.com.", "HTTPS"), 0)
        fake.release()
        scratch.eventually(lambda: fake.count("quick.example.com.", "HTTPS"), 5, "the question of our own")
        waiting.join()


class History(Exposed):
    def test_both_states_are_shown_when_a_site_switches_ech_off(self):
        records = {"value": f"1 . alpn=h2 ech={ECH}"}

        def answer(response):
            question = response.question[0]
            if question.rdtype == dns.rdatatype.HTTPS:
                response.authority.clear()
                response.answer.append(dns.rrset.from_text(question.name, 1, "IN", "HTTPS", records["value"]))

        fake = self.fake(lambda received: Behaviour("answer", value=answer))
        daemon = self.tacet(fake.doh_url())
        daemon.ask("www.example.com", "HTTPS")
        records["value"] = "1 . alpn=h2"
        scratch.eventually(lambda: daemon.ask("www.example.com", "HTTPS") and fake.count("www.example.com.", "HTTPS") > 1, what="a question behind the TTL", every=0.1)
        explanation = self.exposure(daemon, "--explain", "www.example.com")
        self.assertEqual([sighting["state"] for sighting in explanation["history"]], ["ech", "no ech"])
        self.assertGreater(explanation["history"][0]["first_seconds"], explanation["history"][1]["first_seconds"])
        self.assertEqual((explanation["state"], explanation["public_name"], explanation["asked_by"]), ("no ech", None, "client"))
        self.assertRegex(daemon.verb("exposure", "--explain", "www.example.com").stdout, r"history +ech: .*\nhistory +no ech: ")

    def test_hostile_records_change_nothing_but_counters(self):
        # Those are no messages at all; these are messages whose records nobody can use.
        refused = [r"\# 0", r"\# 1 00", r"\# 3 0001c0", r"\# 11 0001 00 0003 0002 01bb 0001"]
        unusable = ["\\# 60007 0001000005ea60" + "41" * 60000, r"\# 7 00010000050000", r"\# 13 0001000005000600040102ffff", r"\# 7 00010000000000"]
        hostile = refused + unusable
        current = {"value": f"1 . ech={ECH}"}

        def answer(response):
            question = response.question[0]
            response.request_payload = 65535
            if question.rdtype == dns.rdatatype.HTTPS:
                response.authority.clear()
                response.answer.append(https_record(question.name, current["value"]))

        fake = self.fake(lambda received: Behaviour("answer", value=answer))
        daemon = self.tacet(fake.dot_url())
        names = [f"h{number}.example.com" for number in range(len(hostile))]
        for text, name in zip(hostile, names):
            current["value"] = f"1 . ech={ECH}"
            daemon.ask(name, "HTTPS")
            current["value"] = text
            asked = fake.count(name + ".", "HTTPS")
            daemon.ask(name, "HTTPS", tcp=True)
            self.assertGreater(fake.count(name + ".", "HTTPS"), asked)
        self.assertEqual(self.states(daemon), dict.fromkeys(names, "ech"))
        self.assertEqual(self.exposure(daemon)["malformed"], len(unusable))
        self.assertEqual([seen["state"] for seen in self.exposure(daemon, "--explain", names[0])["history"]], ["ech"])


def https_record(name, text):
    """An uncacheable record; of \\# and hexadecimal octets, which nobody checks, or in presentation form."""
    if not text.startswith("\\#"):
        return dns.rrset.from_text(name, 0, "IN", "HTTPS", text)
    octets = bytes.fromhex("".join(text.split()[2:]))
    return dns.rrset.from_rdata(name, 0, dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.HTTPS, octets))


class OnTheWire(Exposed):
    """The upstream table agrees with the ClientHello that a proxy on the way recorded."""

    def check(self, transport, host, name, **entry):
        fake = self.fake()
        port = fake.doh_port if transport == "doh" else fake.dot_port
        with Recorder(("127.0.0.1", port)) as proxy:
            url = f"https://{host}:{proxy.port}/dns-query" if transport == "doh" else f"tls://{host}:{proxy.port}"
            daemon = self.tacet(self.entry(url, "127.0.0.1", **entry))
            for number in range(3):
                daemon.ask(f"n{number}.example.com")
            hellos = [read_client_hello(bytes(stream)) for stream in proxy.streams]
            self.assertGreaterEqual(len(hellos), 1)
            for hello in hellos:
                self.assertEqual(hello.server_name, name)
                self.assertNotIn(ENCRYPTED_CLIENT_HELLO, hello.extensions)
                if name is None:
                    self.assertNotIn(pki.NAME.encode(), hello.wire)
            connections = self.exposure(daemon)["connections"]
            self.assertEqual({(one["sni"], one["ech"]) for one in connections}, {(name, "not in this build")})
            self.assertIn(sum(one["connections"] for one in connections), range(1, len(proxy.streams) + 1))
            self.assert_sent(sum(one["answers"] for one in connections), 3, daemon)
            self.assertEqual(sum(one["answers_padded"] for one in connections), 0)
            self.assertEqual({len(received.wire) % 128 for received in fake.received}, {0})
            return connections, daemon

    def test_a_name_is_sent_by_default(self):
        for transport in ("doh", "dot"):
            connections, daemon = self.check(transport, pki.NAME, pki.NAME)
            self.assertEqual((connections[0]["certificate_checked_for"], connections[0]["certificate_checked_by"]), (pki.NAME, "name"))
            self.assertIn(pki.NAME, daemon.verb("exposure").stdout)

    def test_no_name_is_sent_if_omitted_and_the_certificate_is_checked_all_the_same(self):
        for transport in ("doh", "dot"):
            connections, _ = self.check(transport, pki.NAME, None, sni="omit")
            self.assertEqual((connections[0]["certificate_checked_for"], connections[0]["certificate_checked_by"]), (pki.NAME, "name"))

    def test_no_name_is_sent_to_an_address(self):
        for transport in ("doh", "dot"):
            connections, _ = self.check(transport, "127.0.0.1", None)
            self.assertEqual(connections[0]["certificate_checked_by"], "address")

    def test_without_sni_a_wrong_certificate_is_refused(self):
        for transport in ("doh", "dot"):
            fake = self.fake(certificate=self.pki.wrong_name())
            daemon = self.tacet(self.entry(getattr(fake, f"{transport}_url")(pki.NAME), "127.0.0.1", sni="omit"))
            self.assertEqual(daemon.ask("www.example.com").rcode(), dns.rcode.SERVFAIL)
            self.assertEqual(fake.received, [])

    def test_a_server_that_insists_on_sni_is_named_as_the_cause(self):
        fake = self.fake()
        fake.insists_on_sni = True
        daemon = self.tacet(self.entry(fake.doh_url(pki.NAME), "127.0.0.1", sni="omit"))
        self.assertEqual(daemon.ask("www.example.com").rcode(), dns.rcode.SERVFAIL)
        self.assertRegex(daemon.await_log("sni: omit"), "warn.*insists on the name")
        self.assertEqual(self.tacet(self.entry(fake.doh_url(pki.NAME), "127.0.0.1")).ask("www.example.com").rcode(), dns.rcode.NOERROR)

    def test_padded_answers_are_counted(self):
        def pad(response):
            response.use_edns(0, options=[dns.edns.GenericOption(dns.edns.OptionType.PADDING, b"\0" * 9)])

        fake = self.fake(lambda received: Behaviour("answer", value=pad) if received.name.startswith("padded") else ANSWER)
        daemon = self.tacet(fake.dot_url())
        for name in ("padded1.example.com", "padded2.example.com", "other.example.com"):
            daemon.ask(name)
        connections = self.exposure(daemon)["connections"]
        self.assert_sent(sum(one["answers"] for one in connections), 3, daemon)
        self.assert_sent(sum(one["answers_padded"] for one in connections), 2, daemon)


if __name__ == "__main__":
    unittest.main()
