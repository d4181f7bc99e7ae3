"""Every counter that is exported counts: what it is for is made to happen to the real binary."""
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

import dns.edns
import dns.flags
import dns.rrset
import dnsclient
import netlab
import pki
import scratch
from case import Case
from fake_upstream import Behaviour
from meddler import Meddler, drop_signatures, refuse_as_bogus
from signed_world import SignedWorld
from signer import NSEC3

SERVER, FRIEND, STRANGER = "10.9.0.1", "10.9.0.2", "10.8.0.1"


def padded(response):
    response.use_edns(0, payload=1232, options=[dns.edns.GenericOption(12, b"\0" * 20)])


def with_addresses(count, ttl=300, prefix="192.0.2"):
    def change(response):
        response.request_payload = 65535
        response.answer = [dns.rrset.from_text(response.question[0].name, ttl, "IN", "A", *(f"{prefix}.{last}" for last in range(1, count + 1)))]
    return change


class Counters(Case):
    maxDiff = None

    def setUp(self):
        if netlab.why_not():
            self.skipTest(netlab.why_not())
        self.moved, self.known = set(), set()

    def samples(self, daemon):
        """The counters, by name and by the labels that are words of ours."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(daemon.settings["control"]["socket"])
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
        counters = set(re.findall(r"# TYPE (\S+) counter", text))
        values = {}
        for name, labels, value in re.findall(r"(?m)^(tacet_[a-z0-9_]+)(\{[^}]*\})? (\S+)$", text):
            if name in counters:
                words = re.sub(r'(upstream|address|zone)="[^"]*",?|transport="(doh|dot|do53)",?', "", labels).replace(",}", "}").replace("{}", "")
                values[name + words] = values.get(name + words, 0) + float(value)
        return values

    def note(self, daemon):
        values = self.samples(daemon)
        self.known |= values.keys()
        self.moved |= {name for name, value in values.items() if value > 0}

    def until(self, daemon, name, act=lambda: None, timeout=20):
        """Acts until this counter has moved."""
        def moves():
            act()
            return self.samples(daemon).get(name, 0) > 0

        scratch.eventually(moves, timeout, what=lambda: f"{name} of {self.samples(daemon)}")
        self.note(daemon)

    def burst(self, daemon, names):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect(daemon.server)
            for name in names:
                client.send(dnsclient.query(name).to_wire())

    def halt(self, daemon):
        """Stops the daemon for a moment, most likely within a turn."""
        self.burst(daemon, ["www.example.com"] * 300)
        daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(0.005)
        daemon.process.send_signal(signal.SIGCONT)

    def upstreams_words(self):
        """Everything that comes of what upstreams say."""
        down = threading.Event()

        def behave(received):
            label = received.name.split(".")[0]
            if label.startswith("rcode"):
                return Behaviour("rcode", value=label.removeprefix("rcode"))
            return {"many": Behaviour(value=with_addresses(100)), "inside": Behaviour(value=with_addresses(1, prefix="10.0.0")),
                    "soon": Behaviour(value=with_addresses(1, ttl=10)), "stale": Behaviour(value=with_addresses(1, ttl=1)) if not down.is_set() else
                    Behaviour("rcode", value="SERVFAIL"), "garbage": Behaviour("garbage"), "slow": Behaviour(delay=0.3)}.get(label, Behaviour(value=padded))

        fake, second = self.fake(behave), self.fake(behave)
        folder = os.path.join(self.directory, scratch.unique_name("log"))
        os.mkdir(folder)
        os.chmod(folder, 0o777)
        good = self.pki.good()
        ports = {kind: scratch.free_port(["127.0.0.1"]) for kind in ("tls", "https")}
        encrypted = {kind: {"listen": [f"127.0.0.1:{port}"], "certificate": good.chain, "key": good.key} for kind, port in ports.items()}
        daemon = self.tacet(fake.dot_url(), second.dot_url(), workers=1, cache={"size": "64KiB"}, rebind={"protect": True},
                            query_log={"to": os.path.join(folder, "queries.log")}, **encrypted)
        for rcode in range(16):
            daemon.ask(f"rcode{rcode}.example.com")
        for name in ("localhost", "www.example.com", "www.example.com", "inside.example.com", "garbage.example.com", "stale.example.com"):
            daemon.ask(name)
        many = daemon.ask("many.example.com")
        self.assertTrue(many.flags & dns.flags.TC, many)
        daemon.ask("www.example.com", tcp=True)
        for word in ("+tls", "+https"):
            self.assertIn("status: NOERROR", daemon.kdig("-p", str(ports[word[1:]]), word, "www.example.com"))
        self.burst(daemon, ["slow.example.com"] * 5)
        self.until(daemon, "tacet_coalesced_total")
        down.set()
        numbers = iter(range(100000))
        self.until(daemon, 'tacet_answers_total{source="stale"}', lambda: daemon.ask("stale.example.com"))
        self.until(daemon, "tacet_prefetches_used_total", lambda: daemon.ask("soon.example.com"))
        self.until(daemon, "tacet_cache_evicted_total", lambda: self.burst(daemon, [f"n{next(numbers)}.example.com" for _ in range(100)]))
        self.until(daemon, 'tacet_query_log_queries_total{outcome="written"}')
        self.until(daemon, "tacet_slow_turns_total", lambda: self.halt(daemon))

    def guesses(self):
        """Names that come behind another one, used at first and then no more."""
        daemon = self.tacet(self.fake(lambda received: Behaviour(value=with_addresses(1, ttl=600 if received.name.startswith("lead") else 1))).dot_url(), workers=1)
        many = [f"f{number}.example.com" for number in range(100)]

        def load(leader, names):
            time.sleep(1.2)  # the former page has ended, and its names have expired
            daemon.ask(f"{leader}.example.com")
            time.sleep(0.05)
            self.burst(daemon, names)

        self.until(daemon, "tacet_followers_used_total", lambda: load("lead", many[:2]))
        for leader in ("lead1", "lead2"):
            load(leader, many)
        for leader in ("lead1", "lead2"):  # more guesses than the first burst of the budget
            load(leader, [])
        self.until(daemon, "tacet_ahead_denied_total")

    def queries_that_are_none(self):
        daemon = self.tacet(self.fake().dot_url(), workers=1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"\0", daemon.server)
            client.sendto(struct.pack("!6H", 1, 2 << 11, 0, 0, 0, 0), daemon.server)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:  # port 0, to which nobody can reply
            query = dnsclient.query("localhost").to_wire()
            raw.sendto(struct.pack("!4H", 0, daemon.port, 8 + len(query), 0) + query, ("127.0.0.1", 0))
        for name in ("tacet_dropped_total", "tacet_rejected_total", "tacet_send_failures_total"):
            self.until(daemon, name)
        self.assertEqual(daemon.verb("reload").returncode, 0)
        with open(daemon.config, "a", encoding="utf-8") as file:
            file.write("\nno such key: 1\n")
        daemon.process.send_signal(signal.SIGHUP)
        self.until(daemon, 'tacet_config_reloads_total{outcome="refused"}')

    def connections(self):
        def named(answer):
            """Each connection comes to another site."""
            answer.use_edns(0, options=[dns.edns.GenericOption(dns.edns.NSID, f"site{len(fake.connections)}".encode())])

        fake = self.fake(lambda received: Behaviour("close") if received.name.startswith("close") and len(fake.received) % 2 else Behaviour(value=named))
        daemon = self.tacet(fake.dot_url(), workers=1)
        daemon.ask("a.example.com")
        fake.drop_connections()
        numbers = iter(range(1000))
        self.until(daemon, "tacet_upstream_resumptions_total", lambda: (daemon.ask(f"r{next(numbers)}.example.com"), fake.drop_connections()))
        self.until(daemon, "tacet_upstream_site_changes_total")
        self.until(daemon, "tacet_upstream_reissued_total", lambda: daemon.ask(f"close{next(numbers)}.example.com"))

    def silence(self):
        seen = set()

        def behave(received):
            first = received.name not in seen
            seen.add(received.name)
            return Behaviour("drop") if first and received.name.startswith("once") else Behaviour()

        daemon = self.tacet(self.fake(behave).dot_url(), workers=1)
        numbers = iter(range(100000))
        for _ in range(20):
            daemon.ask(f"n{next(numbers)}.example.com")
        self.until(daemon, "tacet_hedges_won_total", lambda: daemon.ask(f"once{next(numbers)}.example.com"))
        self.until(daemon, 'tacet_hedges_total{outcome="denied"}',
                   lambda: daemon.ask(f"once{next(numbers)}.example.com"))  # one by one, so each is clearly lost
        few = self.tacet(self.fake(lambda _: Behaviour("drop")).dot_url(), workers=1, limits={"pending": 2})
        self.burst(few, [f"n{number}.example.com" for number in range(9)])
        self.until(few, "tacet_overloaded_total")
        self.until(few, 'tacet_answers_total{source="failure"}')

    def limits(self):
        with netlab.Namespace() as place, netlab.Namespace("town") as town:
            place.run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", town.name], check=True)
            for side, device, addresses in ((place, "v0", [SERVER]), (town, "v1", [FRIEND, STRANGER])):
                side.run(["ip", "link", "set", device, "up"], check=True)
                for address in addresses:
                    side.give(device, address)
            daemon = self.tacet(f"tls://127.0.0.1:{scratch.free_port()}", command=place.command(), workers=1, listen=["127.0.0.1:53", f"{SERVER}:53"],
                                allow=[f"{FRIEND}/32"], limits={"rate": 10, "per_client": 1})

            def send():
                for address in (FRIEND, STRANGER):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                        client.bind((address, 0))
                        for number in range(50):
                            client.sendto(dnsclient.query(f"n{number}.example.com").to_wire(), (SERVER, 53))

            town.call(send)
            for name in ("tacet_not_allowed_total", "tacet_rate_limited_total", "tacet_wait_limited_total"):
                self.until(daemon, name)
            daemon.stop()

    def query_log(self):
        in_the_way = os.path.join(self.directory, "queries.log")
        os.mkdir(in_the_way)
        daemon = self.tacet(self.fake().dot_url(), workers=1, query_log={"to": in_the_way})
        daemon.ask("localhost")
        self.until(daemon, 'tacet_query_log_queries_total{outcome="failed"}')
        stuck = self.tacet(self.fake().dot_url(), workers=1, query_log={"to": "journal"})
        stuck.stop()
        read, write = os.pipe()  # nobody reads
        self.addCleanup(os.close, read)
        stuck.process = self.child(os.environ["TACET_BINARY"], "run", "--config", stuck.config, stdout=write, stderr=subprocess.DEVNULL)
        os.close(write)
        scratch.eventually(lambda: stuck.verb("status").returncode == 0, what="its start")
        self.until(stuck, 'tacet_query_log_queries_total{outcome="dropped"}', lambda: self.burst(stuck, ["localhost"] * 500))
        stuck.stop()

    def names_of_upstreams(self):
        unbound = self.unbound()
        daemon = self.tacet(self.entry(f"tls://{pki.NAME}:{unbound.dot_port}"), bootstrap=[f"127.0.0.1:{unbound.plain_port}"], workers=1)
        daemon.ask("www.example.com")
        self.until(daemon, "tacet_plaintext_lookups_total")

    def proofs(self):
        """Everything that comes of signatures: right ones, wrong ones, lost ones, and keys about which nobody answers."""
        world = SignedWorld(defects=("expiredwww", "earlywww", "nokeys", "norrsig", "nodenial", "forged", "notzonekey", "iterations600"), denials=(NSEC3,))
        upstream = self.unbound(zones=world.zone_texts(), resolving=True)

        def meddle(received, answer):
            if received.name == "www.a8.beta." and not received.message.flags & dns.flags.CD:
                return drop_signatures(answer)
            if received.name == "a10.beta." and received.kind == "DNSKEY":
                return refuse_as_bogus(answer)
            return False

        lossy = self.enterContext(Meddler(self.pki.good(), upstream, meddle))
        daemon = self.tacet(lossy.dot_url(), workers=1, dnssec={"mode": "on", "trust_anchors": world.anchors()})
        for name, kind in (("www.signed.beta", "A"), ("www.unsigned.beta", "A"), ("www.a8.beta", "A"), ("www.a10.beta", "A"), ("www.expiredwww.beta", "A"),
                           ("www.earlywww.beta", "A"), ("www.nokeys.beta", "A"), ("www.norrsig.beta", "A"), ("www.nodenial.beta", "MX"),
                           ("www.forged.beta", "A"), ("www.notzonekey.beta", "A"), ("www.iterations600.beta", "MX")):
            daemon.ask(name, kind)
        for name in ("www.nothing1.", "www.nothing2."):  # the root denies with NSEC records
            daemon.ask(name)
        self.note(daemon)

    def test_every_counter_moves(self):
        for scene in (self.proofs, self.upstreams_words, self.queries_that_are_none, self.connections, self.silence, self.guesses, self.limits, self.query_log,
                      self.names_of_upstreams):
            with self.subTest(scene.__name__):
                scene()
        self.assertGreater(len(self.known), 50)
        self.assertEqual(sorted(self.known - self.moved), [])


if __name__ == "__main__":
    unittest.main()
