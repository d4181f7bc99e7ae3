"""Zones of the local network: answered by their own servers, apart from everybody else, in clear only where configured."""
import json
import os
import re
import socket
import threading
import time
import pathlib
import re
import unittest

import dns.message
import dns.rcode
import dns.rrset
import dnsclient
import scratch
import servers
import tacet
from case import Case
from fake_upstream import ADDRESS, Behaviour

LAN = """$ORIGIN lan.
@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
ns 300 A 192.168.1.1
nas 300 A 192.168.1.5
nas 300 AAAA fd00::5
alias 300 CNAME www.example.com.
long 300 TXT {long}
*.many 300 A 192.168.1.7
""".format(long=" ".join('"' + f"{number:03d}-".ljust(250, "x") + '"' for number in range(16)))
REVERSE = """$ORIGIN 168.192.in-addr.arpa.
@ 300 SOA ns.lan. hostmaster.lan. 1 3600 900 604800 60
@ 300 NS ns.lan.
5.1 300 PTR nas.lan.
"""
TIME = """$ORIGIN pool.ntp.org.
@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
0.debian 300 A 192.0.2.123
"""
SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "conf" / "no-clock.yaml"
DEEPER = """$ORIGIN deep.lan.
@ 300 SOA ns hostmaster 1 3600 900 604800 60
@ 300 NS ns
box 300 A 10.9.9.9
"""


class Zones(Case):
    def setUp(self):
        self.upstream = self.unbound()
        self.router = self.unbound(zones={"lan.": LAN, "168.192.in-addr.arpa.": REVERSE})
        self.plain = f"127.0.0.1:{self.router.plain_port}"

    def daemon(self, **forward):
        return self.tacet(self.upstream.doh_url(), forward=forward)

    def test_a_zone_is_answered_by_its_server_and_nothing_of_it_reaches_the_upstream_nor_the_other_way_round(self):
        daemon = self.tacet(self.upstream.doh_url(), forward={"lan": [self.plain], "168.192.in-addr.arpa": [self.plain]})
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.168.1.5"])
        self.assertEqual(dnsclient.addresses(daemon.ask("NAS.LAN", "AAAA")), ["fd00::5"])
        self.assertEqual(daemon.ask("5.1.168.192.in-addr.arpa", "PTR").answer[0][0].to_text(), "nas.lan.")
        self.assertEqual(daemon.ask("gone.lan").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(daemon.ask("nas.lan", "MX").rcode(), dns.rcode.NOERROR)
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
        self.assertEqual(dnsclient.addresses(daemon.ask("a.many.example.com")), ["192.0.2.7"])
        self.assertEqual([name for name, _ in self.upstream.asked() if not name.endswith("example.com.")], [])
        self.assertEqual([name for name, _ in self.router.asked() if not name.endswith(("lan.", "168.192.in-addr.arpa."))], [])
        before = len(self.router.asked())
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.168.1.5"])
        self.assertEqual(len(self.router.asked()), before, "the second answer is the cache's")

    def test_an_answer_too_large_for_udp_comes_by_tcp(self):
        daemon = self.daemon(lan=[self.plain])
        response = daemon.ask("long.lan", "TXT", tcp=True)
        self.assertEqual(len(response.answer[0][0].strings), 16)

    def test_what_a_zone_says_of_other_names_is_not_believed_for_them(self):
        daemon = self.daemon(lan=[self.plain])
        alias = daemon.ask("alias.lan")
        self.assertEqual(alias.answer[0][0].to_text(), "www.example.com.")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])

    def test_the_longest_zone_wins(self):
        deeper = self.unbound(zones={"deep.lan.": DEEPER})
        daemon = self.tacet(self.upstream.doh_url(), forward={"lan": [self.plain], "deep.lan": [f"127.0.0.1:{deeper.plain_port}"]})
        self.assertEqual(dnsclient.addresses(daemon.ask("box.deep.lan")), ["10.9.9.9"])
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.168.1.5"])
        self.assertEqual(set(self.router.asked()), {("nas.lan.", "A")})
        self.assertEqual(set(deeper.asked()), {("box.deep.lan.", "A")})

    def test_an_encrypted_zone_is_asked_over_tls(self):
        daemon = self.daemon(lan=[self.entry(self.router.dot_url())])
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.168.1.5"])
        self.assertEqual(self.upstream.asked(), [])
        zone = json.loads(daemon.verb("status", "--json").stdout)["zones"][0]
        self.assertEqual((zone["zone"], zone["in_clear"]), ("lan", False))
        connections = [connection for upstream in zone["upstreams"] for connection in upstream["connections"]]  # of the worker that was asked
        self.assertEqual([connection["transport"] for connection in connections], ["DoT"])
        self.assertEqual(daemon.log_lines("in clear, to"), [])

    def test_an_encrypted_zone_that_cannot_be_verified_is_never_asked_in_clear(self):
        daemon = self.daemon(lan=[self.router.dot_url()])  # by the system's authorities, who do not know it
        response = daemon.ask("nas.lan")
        self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)
        self.assertIsNotNone(dnsclient.ede(response))
        self.assertEqual(self.router.asked(), [])

    def test_status_and_log_say_that_names_travel_in_clear(self):
        daemon = self.daemon(lan=[self.plain])
        daemon.ask("nas.lan")
        daemon.await_log(rf"names in lan travel in clear, to {self.plain}")
        text = daemon.verb("status").stdout
        self.assertRegex(text, r"zone lan: its names go to this server and nowhere else, IN CLEAR")
        self.assertIn(self.plain, text)
        zone = json.loads(daemon.verb("status", "--json").stdout)["zones"][0]
        answers = sum(upstream["answers"] for upstream in zone["upstreams"])
        self.assertEqual((zone["zone"], zone["in_clear"], answers), ("lan", True, 1))

    def test_query_asks_the_zone_and_says_that_it_was_in_clear(self):
        done = self.daemon(lan=[self.plain]).verb("query", "nas.lan")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("192.168.1.5", done.stdout)
        self.assertIn("travelled in clear", done.stdout)
        self.assertNotIn("encrypted and padded", done.stdout)

    def test_exposure_does_not_list_the_zones_names(self):
        daemon = self.daemon(lan=[self.plain])
        daemon.ask("nas.lan")
        daemon.ask("nas.lan")
        daemon.ask("www.example.com")
        text = daemon.verb("exposure", "--json").stdout
        self.assertIn("www.example.com", text)
        self.assertNotIn("nas.lan", text)
        self.assertEqual(json.loads(text)["zones_in_clear"], ["lan"])
        self.assertIn("Names in lan go to servers of the local network in clear", daemon.verb("exposure").stdout)

    def test_special_names_go_to_the_zone_that_claims_them_only(self):
        daemon = self.tacet(self.upstream.doh_url(), forward={"168.192.in-addr.arpa": [self.plain]})
        self.assertEqual(daemon.ask("5.1.168.192.in-addr.arpa", "PTR").answer[0][0].to_text(), "nas.lan.")
        self.assertEqual(daemon.ask("1.0.0.10.in-addr.arpa", "PTR").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(daemon.ask("x.local").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(set(self.router.asked()), {("5.1.168.192.in-addr.arpa.", "PTR")})
        self.assertEqual(self.upstream.asked(), [])


class Spellings(Case):
    """However a zone may be written, its names go to its own server, and none of them to the public upstream."""

    def setUp(self):
        self.upstream, self.router = self.unbound(), self.fake()

    def test_each_spelling_that_is_accepted_leads_the_zones_own_name_and_those_below_to_its_server(self):
        for written, zone in (("corp.example", "corp.example"), ("CORP.Example.", "corp.example"), ("*.corp.example", "corp.example"),
                              ("*.Corp.EXAMPLE.", "corp.example"), ("b\u00fccher.example", "xn--bcher-kva.example"),
                              ("*.B\u00dcCHER.example.", "xn--bcher-kva.example"), ("xn--BCHER-kva.example", "xn--bcher-kva.example"),
                              ("_msdcs.corp.example", "_msdcs.corp.example"), ("*.local", "local"), ("nas", "nas"), ("home.arpa", "home.arpa"),
                              ("onion", "onion"), ("*.10.in-addr.arpa", "10.in-addr.arpa"), ("0/26.2.0.192.in-addr.arpa", "0/26.2.0.192.in-addr.arpa"),
                              ("D.F.ip6.arpa", "d.f.ip6.arpa")):
            with self.subTest(written):
                daemon = self.tacet(self.upstream.doh_url(), forward={written: [self.entry(self.router.dot_url())]})
                before = len(self.router.received)
                for number, name in enumerate((zone, f"1.2.{zone}", f"A.{zone.upper()}"), 1):
                    self.assertEqual(dnsclient.addresses(daemon.ask(name)), [ADDRESS], name)
                    self.assert_sent(len(self.router.received), before + number, daemon)
        self.assertEqual(self.upstream.asked(), [])

    def test_what_could_match_no_name_is_refused_with_what_to_write(self):
        for written, meant in ((".corp.example", "corp.example"), ("~corp.example", "corp.example"), ("*.*.corp.example", "corp.example"),
                               ("https://corp.example/", "corp.example"), ("10.0.0.0/8", "10.in-addr.arpa"), ("192.168", "168.192.in-addr.arpa"),
                               ("fd00::/8", "d.f.ip6.arpa"), ("fd.ip6.arpa", "d.f.ip6.arpa"), ("corp.*", "corp.example")):
            with self.subTest(written):
                file = os.path.join(self.directory, scratch.unique_name("zone"))
                with open(file, "w", encoding="utf-8") as config:
                    json.dump({"forward": {written: ["192.168.1.1"]}}, config)
                done = tacet.run("check", "--config", file)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, rf"^{re.escape(file)}:1:14: forward\..*, allowed: .*{re.escape(meant)}")


class WrongClock(Case):
    """What conf/no-clock.yaml is for: to this machine every certificate is "not yet valid"."""

    def test_the_time_servers_name_is_answered_by_the_router_and_no_other_name_is(self):
        upstream = self.unbound(certificate=self.pki.not_yet_valid())
        router = self.unbound(zones={"pool.ntp.org.": TIME})
        zones = re.findall(r"(?m)^  (\S+): \[192\.168\.1\.1\]$", SAMPLE.read_text(encoding="utf-8"))
        self.assertEqual(zones, ["pool.ntp.org"])
        daemon = self.tacet(upstream.doh_url(), forward={zone: [f"127.0.0.1:{router.plain_port}"] for zone in zones})
        self.assertEqual(dnsclient.addresses(daemon.ask("0.debian.pool.ntp.org")), ["192.0.2.123"], daemon.log())
        self.assertEqual(daemon.ask("www.example.com").rcode(), dns.rcode.SERVFAIL)
        self.assertEqual({name for name, _ in router.asked()}, {"0.debian.pool.ntp.org."})


class LameServers(Case):
    """A server that refers to others, as one does that has not the zone or has delegated the name. The stub asks nobody whom it names."""

    def lame(self):
        def refer():
            while True:
                try:
                    octets, client = taken.recvfrom(4096)
                except OSError:
                    return
                query = dns.message.from_wire(octets)
                answer = dns.message.make_response(query)
                answer.authority.append(dns.rrset.from_text(".", 300, "IN", "NS", "a.root-servers.net."))
                taken.sendto(answer.to_wire(), client)

        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 0))
        threading.Thread(target=refer, daemon=True).start()
        return f"127.0.0.1:{taken.getsockname()[1]}"

    def test_a_referral_denies_no_name_the_other_server_is_asked_and_without_one_the_client_is_told(self):
        router = self.unbound(zones={"lan.": LAN})
        plain = f"127.0.0.1:{router.plain_port}"
        daemon = self.tacet(self.unbound().doh_url(), forward={"lan": [self.lame(), plain], "corp.example": [self.lame()]})
        for name in ("nas.lan", "a.many.lan", "b.many.lan"):
            self.assertEqual(len(dnsclient.addresses(daemon.ask(name))), 1, name)
        response = daemon.ask("box.corp.example")
        self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(dnsclient.ede(response), (22, "the server refers to others, and does not ask them itself"))


class DeadServers(Case):
    """A server that is gone (the VPN is down) is its zone's trouble alone."""

    def silent(self):
        """A port that takes queries and never answers."""
        taken = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"

    def times(self, daemon, count, first):
        found = []
        for number in range(first, first + count):
            begun = time.monotonic()
            self.assertEqual(dnsclient.addresses(daemon.ask(f"n{number}.many.example.com")), ["192.0.2.7"])
            found.append(time.monotonic() - begun)
        return sorted(found)

    def test_clients_of_a_dead_zone_are_told_why_and_in_time(self):
        daemon = self.tacet(self.unbound().doh_url(), forward={"lan": [self.silent()]})
        begun = time.monotonic()
        response = daemon.ask("nas.lan", timeout=15)
        self.assertLess(time.monotonic() - begun, 9)  # a deadline is 4.5 s, two of them were one too many
        self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)
        self.assertEqual(dnsclient.ede(response)[0], 22)

    def test_a_refusing_server_is_a_failure_at_once(self):
        daemon = self.tacet(self.unbound().doh_url(), forward={"lan": [f"127.0.0.1:{scratch.free_port()}"]})
        begun = time.monotonic()
        response = daemon.ask("nas.lan", timeout=15)
        self.assertLess(time.monotonic() - begun, 4)  # less than the deadline
        self.assertEqual(response.rcode(), dns.rcode.SERVFAIL)

    def test_a_dead_zone_delays_no_other_name(self):
        upstream = self.unbound()
        daemon = self.tacet(upstream.doh_url(), forward={"lan": [self.silent()]}, limits={"pending": 64})
        alone = self.times(daemon, 200, 0)
        over, sent = threading.Event(), []

        def flood():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect(daemon.server)
                while not over.wait(0.002):
                    client.send(dnsclient.query(f"f{len(sent)}.lan").to_wire())
                    sent.append(len(sent))

        flooding = threading.Thread(target=flood)
        flooding.start()
        try:
            scratch.eventually(lambda: len(sent) > 200, what="a flood")
            beside = self.times(daemon, 200, 200)
        finally:
            over.set()
            flooding.join()
        # p99, with room for a busy machine: a wait for the dead server would be seconds, a shed query a wrong answer.
        self.assertLess(beside[197], alone[197] + 1)

    def test_two_hundred_queries_at_once_are_all_answered_by_a_server_that_takes_its_time(self):
        server = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        names = {f"f{number}.lan." for number in range(200)}

        def answer_when_all_have_asked():
            asked = {}
            while len(asked) < len(names):
                wire, client = server.recvfrom(4096)
                asked[dns.message.from_wire(wire).question[0].name.to_text()] = wire, client
            for name, (wire, client) in asked.items():
                response = dns.message.make_response(dns.message.from_wire(wire))
                response.answer = [dns.rrset.from_text(name, 300, "IN", "A", "192.168.1.7")]
                server.sendto(response.to_wire(), client)

        answering = threading.Thread(target=answer_when_all_have_asked, daemon=True)
        answering.start()
        daemon = self.tacet(self.unbound().doh_url(), forward={"lan": [f"127.0.0.1:{server.getsockname()[1]}"]})
        with dnsclient.TcpClient(daemon.server, timeout=15) as client:
            client.send(*(dnsclient.query(name).to_wire() for name in names))
            replies = client.receive_messages(len(names))
        self.assertEqual({reply.question[0].name.to_text() for reply in replies if dnsclient.addresses(reply) == ["192.168.1.7"]}, names)

    def test_a_server_that_can_be_reached_by_tcp_only_answers_its_zone(self):
        """As at the end of `ssh -L`: nobody is there by UDP."""
        server = self.enterContext(socket.create_server(("127.0.0.1", 0)))

        def answer():
            for _ in range(2):
                connection, _ = server.accept()
                with connection, connection.makefile("rwb") as stream:
                    query = dns.message.from_wire(stream.read(int.from_bytes(stream.read(2), "big")))
                    response = dns.message.make_response(query)
                    response.answer = [dns.rrset.from_text(query.question[0].name, 300, "IN", "A", "192.168.1.7")]
                    stream.write(len(response.to_wire()).to_bytes(2, "big") + response.to_wire())

        threading.Thread(target=answer, daemon=True).start()
        daemon = self.tacet(self.unbound().doh_url(), forward={"lan": [f"127.0.0.1:{server.getsockname()[1]}"]}, workers=1)
        for name in ("nas.lan", "tv.lan"):
            self.assertEqual(dnsclient.addresses(daemon.ask(name)), ["192.168.1.7"], daemon.log())
        self.assertEqual(len(daemon.log_lines("answers by TCP, and its answers by UDP do not come")), 1, daemon.log())

    def test_the_other_server_of_a_zone_answers_when_one_is_dead(self):
        router = self.unbound(zones={"lan.": LAN})
        daemon = self.tacet(self.unbound().doh_url(), forward={"lan": [self.silent(), f"127.0.0.1:{router.plain_port}"]})
        begun = time.monotonic()
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.168.1.5"])
        self.assertLess(time.monotonic() - begun, 4)  # less than the deadline

    def test_a_zone_is_answered_again_soon_after_its_server_is_back(self):
        router = self.unbound(zones={"lan.": LAN})
        daemon = self.tacet(self.unbound().doh_url(), forward={"lan": [f"127.0.0.1:{router.plain_port}"]})
        router.stop()
        self.assertEqual(daemon.ask("a.many.lan").rcode(), dns.rcode.SERVFAIL)
        router.start()
        begun = time.monotonic()
        scratch.eventually(lambda: dnsclient.addresses(daemon.ask("b.many.lan")) == ["192.168.1.7"], what="an answer")
        self.assertLess(time.monotonic() - begun, 5)

    def test_a_dead_encrypted_zone_takes_no_connection_from_the_upstreams(self):
        with servers.silent_port() as silent:
            upstream = self.unbound()
            daemon = self.tacet(upstream.doh_url(), forward={"lan": [f"tls://127.0.0.1:{silent.getsockname()[1]}"]})
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect(daemon.server)
                for number in range(300):
                    client.send(dnsclient.query(f"f{number}.lan").to_wire())
                self.assertLess(self.times(daemon, 100, 0)[98], 2)

    def test_a_silent_upstream_does_not_stop_a_zone(self):
        router = self.unbound(zones={"lan.": LAN})
        daemon = self.tacet(self.fake(lambda _: Behaviour("drop")).doh_url(), forward={"lan": [f"127.0.0.1:{router.plain_port}"]})
        begun = time.monotonic()
        self.assertEqual(dnsclient.addresses(daemon.ask("nas.lan")), ["192.168.1.5"])
        self.assertLess(time.monotonic() - begun, 4)  # less than the deadline of the silent upstream


if __name__ == "__main__":
    unittest.main()
