"""What leaves towards the upstream, and what is taken from it (RFC 7830, 8467, 8484, 1035 §7.3)."""
import dns.edns
import dns.flags
import dns.rcode
import dnsclient
import scratch
from fake_upstream import ADDRESS, ANSWER, Behaviour
from requirement import ConformanceCase, requirement


class Upstream(ConformanceCase):
    def setUp(self):
        self.script = {}
        self.server = self.fake(lambda received: self.script.get(received.name, ANSWER))
        self.other = self.fake()
        self.over_doh = self.tacet(self.server.doh_url())
        self.over_dot = self.tacet(self.server.dot_url())

    def leave(self):
        """Asks names of all lengths, in all ways a client may, over both transports; what arrived."""
        for length in range(1, 60, 3):
            for daemon in (self.over_doh, self.over_dot):
                daemon.ask(f"{'a' * length}.example.com", edns=length % 2 == 0)
                daemon.ask(f"{'b' * length}.example.com", dnssec=True, options=[dns.edns.GenericOption(12, b"\0" * length)])
        scratch.eventually(lambda: len(self.server.received) >= 80, what="the queries")
        return self.server.received

    @requirement(8467, "4.1", "every query that leaves is a multiple of 128 octets, whatever the client's was")
    @requirement(7830, "3", "the padding is one option of zeros, the client's own padding is not carried over")
    def test_padding(self):
        for received in self.leave():
            self.assertEqual(len(received.wire) % 128, 0)
            [padding] = [option for option in received.message.options if option.otype == 12]
            self.assertEqual(set(padding.to_wire()) - {0}, set())

    @requirement(8484, "4.1", "queries by HTTPS have ID 0 and type application/dns-message, and say nothing else about us")
    def test_https_queries(self):
        self.leave()
        requests = [received for received in self.server.received if received.http]
        self.assertTrue(requests)
        for received in requests:
            self.assertEqual(received.message.id, 0)
            self.assertEqual(received.http.get("content-type") or received.http.get("accept"), "application/dns-message")
            self.assertFalse({"cookie", "user-agent", "accept-language", "referer"} & set(received.http))

    @requirement(7766, "6.2.1", "queries by TLS have an ID each, unique among those that wait")
    def test_tls_queries(self):
        names = [f"id{number}.example.com." for number in range(50)]
        self.script.update({name: Behaviour("hold") for name in names})
        wires = [dnsclient.query(name).to_wire() for name in names]
        dnsclient.burst_udp(self.over_dot.server, wires, timeout=0.5)
        idents = [received.message.id for received in self.server.received if received.name in names]
        self.server.release()
        self.assertEqual(len(set(idents)), len(idents))
        self.assertGreaterEqual(len(idents), len(names))

    @requirement(6840, "5.7", "AD is set in every query that leaves, so that the upstream tells what it validated")
    @requirement(4035, "4.9.1", "DO and CD leave as the client set them, RD always; nothing else of its header does")
    def test_flags(self):
        for flags in (dns.flags.RD, dns.flags.RD | dns.flags.CD):
            for dnssec in (False, True):
                name = f"f{int(flags)}{int(dnssec)}.example.com."
                self.over_doh.ask(name, flags=flags | 0x0040, dnssec=dnssec)
                sent = next(received.message for received in self.server.received if received.name == name)
                self.assertEqual(sent.flags, flags | dns.flags.AD)
                self.assertEqual(bool(sent.ednsflags & dns.flags.DO), dnssec)

    @requirement(1035, "7.3", "an answer to another question, with another ID, or that is no message is never passed on: another upstream is asked")
    def test_wrong_answers(self):
        for number, action in enumerate(("wrong_question", "garbage", "truncated", "wrong_id")):
            for kind, url in (("h", self.server.doh_url()), ("t", self.server.dot_url())):
                if (action, kind) == ("wrong_id", "h"):
                    continue  # over HTTPS the request belongs to its answer; the ID means nothing (RFC 8484 §4.1)
                with self.subTest(action=action, url=url):
                    name = f"{kind}{number}.example.com."
                    self.script[name] = Behaviour(action)
                    daemon = self.tacet(url, self.other.doh_url())
                    self.assertEqual(dnsclient.addresses(daemon.ask(name)), [ADDRESS])
                    self.assert_asked_once(self.other, name, daemon)

    @requirement(1035, "7.3", "an answer with QR=0 is never passed on")
    def test_queries_as_answers(self):
        self.script["echo.example.com."] = Behaviour(value=lambda response: setattr(response, "flags", dns.flags.RD))
        daemon = self.tacet(self.server.doh_url(), self.other.doh_url())
        self.assertEqual(dnsclient.addresses(daemon.ask("echo.example.com")), [ADDRESS])
        self.assert_asked_once(self.other, "echo.example.com.", daemon)

    @requirement(6891, "6.1.3", "an extended RCODE concerns the upstream hop only: clients get SERVFAIL")
    def test_extended_rcode(self):
        self.script["bad.example.com."] = Behaviour("rcode", value="BADCOOKIE")
        self.assertEqual(self.over_doh.ask("bad.example.com").rcode(), dns.rcode.SERVFAIL)

    @requirement(2181, "9", "an answer that the upstream truncated is not kept")
    def test_truncated_upstream(self):
        self.script["tc.example.com."] = Behaviour(value=lambda response: setattr(response, "flags", response.flags | dns.flags.TC))
        for _ in range(2):
            self.over_dot.ask("tc.example.com")
        self.assertGreaterEqual(self.server.count("tc.example.com."), 2)
