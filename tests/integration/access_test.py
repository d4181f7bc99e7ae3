"""Who may ask, how fast and how much; and what happens when descriptors run out."""
import os
import resource
import socket
import time
import unittest

import dns.flags
import dns.message
import dns.rcode
import dnsclient
import netlab
import sanitizer
import scratch
import servers
import tacet
from case import Case

SERVER, FRIEND, OTHER, STRANGER = "10.9.0.1", "10.9.0.2", "10.9.0.3", "10.8.0.1"
IDLE = 0.05  # seconds between two queries, in which a daemon that spins shows
SERVER6, FRIEND6, STRANGER6 = "fd09::1", "fd09::2", "fd08::1"


class Neighbourhood(Case):
    """A namespace with the daemon, and another one behind a link with all its neighbours: whoever binds one of their addresses is a client
    from elsewhere."""

    OWN = {"127.0.0.1", "127.0.0.2", "::1", SERVER, SERVER6}

    def setUp(self):
        if netlab.why_not():
            self.skipTest(netlab.why_not())
        self.place = self.enterContext(netlab.Namespace())
        self.town = self.enterContext(netlab.Namespace("town"))
        self.own = set(self.OWN)
        self.place.run(["ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", self.town.name], check=True)
        for place, device in ((self.place, "v0"), (self.town, "v1")):
            place.run(["ip", "link", "set", device, "up"], check=True)
        for address in (SERVER, SERVER6):
            self.place.give("v0", address)
        for address in (FRIEND, OTHER, STRANGER, FRIEND6, STRANGER6):
            self.town.give("v1", address)
        for there in ("10.8.0.0/24", "fd08::/64"):
            self.place.run(["ip", "route", "add", there, "dev", "v0"], check=True)
        self.upstream = self.unbound(command=self.place.command())

    def daemon(self, *urls, **settings):
        settings.setdefault("allow", ["10.9.0.0/24"])
        settings.setdefault("listen", ["127.0.0.1:53", f"{SERVER}:53", f"[{SERVER6}]:53"])
        return self.tacet(*(urls or (self.upstream.dot_url(),)), command=self.place.command(), **settings)

    def connected(self, client, kind, server=None):
        """A socket of that client to the daemon."""
        server = server or ("127.0.0.1" if client.startswith("127.") else SERVER6 if ":" in client else SERVER)

        def make():
            made = socket.socket(socket.AF_INET6 if ":" in client else socket.AF_INET, kind)
            made.bind((client, 0))
            made.settimeout(5)
            made.connect((server, 53))
            return made
        return self.enterContext((self.place if client in self.own else self.town).call(make))

    def ask(self, client, name="www.example.com", server=None):
        with self.connected(client, socket.SOCK_DGRAM, server) as datagrams:
            datagrams.send(dnsclient.query(name).to_wire())
            return dns.message.from_wire(datagrams.recv(65535))

    def ask_by_tcp(self, client, name="www.example.com", server=None):
        """The response, or nothing if the connection is closed."""
        with self.connected(client, socket.SOCK_STREAM, server) as stream:
            try:
                wire = dnsclient.query(name).to_wire()
                stream.sendall(len(wire).to_bytes(2, "big") + wire)
                received = stream.recv(65535)
            except ConnectionError:
                return None
            return dns.message.from_wire(received[2:]) if received else None

    def flood(self, client, names):
        """Sends one query a name at once: all answers that come within a second of each other."""
        datagrams = self.connected(client, socket.SOCK_DGRAM)
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        for name in names:
            datagrams.send(dnsclient.query(name).to_wire())
        datagrams.settimeout(1)
        answers = []
        try:
            while len(answers) < len(names):
                answers.append(dns.message.from_wire(datagrams.recv(65535)))
        except TimeoutError:
            pass
        return answers

    def test_only_who_is_allowed_gets_answers(self):
        daemon = self.daemon()
        for client in ("127.0.0.1", "127.0.0.2", FRIEND):
            self.assertEqual(dnsclient.addresses(self.ask(client)), [servers.ADDRESS], client)
        refused = self.ask(STRANGER)
        self.assertEqual((refused.rcode(), refused.answer), (dns.rcode.REFUSED, []))
        self.assertEqual(dnsclient.ede(refused)[0], 18)
        self.assertLessEqual(len(refused.to_wire()), len(dnsclient.query("www.example.com").to_wire()) + 6)  # no amplifier
        with self.connected(STRANGER, socket.SOCK_STREAM) as stream:
            self.assertEqual(stream.recv(1), b"")
        with self.connected(FRIEND, socket.SOCK_STREAM) as stream:
            wire = dnsclient.query("www.example.com").to_wire()
            stream.sendall(len(wire).to_bytes(2, "big") + wire)
            self.assertGreater(len(stream.recv(65535)), 2)
        self.assertEqual(daemon.status()["events"]["not_allowed"], 2)
        self.assertEqual(len(daemon.log_lines(f"warn.*{STRANGER} asks, and no prefix of `allow` holds it")), 1)
        self.assertEqual(daemon.log_lines("open resolver"), [])

    def test_a_machine_s_own_addresses_are_this_machine_whatever_is_allowed(self):
        daemon = self.daemon(allow=["192.0.2.0/24"], listen=["0.0.0.0:53", "[::]:53"], limits={"rate": 50, "per_client": 10})
        for client, server in ((SERVER, SERVER), (SERVER6, SERVER6), (SERVER, "127.0.0.1"), (SERVER6, "::1"), ("127.0.0.1", SERVER)):
            self.assertEqual(dnsclient.addresses(self.ask(client, server=server)), [servers.ADDRESS], f"{client} asked {server}")
            self.assertEqual(dnsclient.addresses(self.ask_by_tcp(client, server=server)), [servers.ADDRESS], f"{client} asked {server}")
        for client in (FRIEND, STRANGER, FRIEND6, STRANGER6):
            self.assertEqual(self.ask(client).rcode(), dns.rcode.REFUSED, client)
            self.assertIsNone(self.ask_by_tcp(client), client)
        here = self.flood(SERVER, ["www.example.com"] * 300)
        self.assertEqual([answer for answer in here if answer.flags & dns.flags.TC], [])
        # From outside one may pretend to have them, but for IPv4, so those of IPv6 are limited.
        here = self.flood(SERVER6, ["www.example.com"] * 300)
        self.assertTrue(any(answer.flags & dns.flags.TC for answer in here))
        self.assertEqual(len(daemon.log_lines("no prefix of `allow` holds it")), 1)

    def test_an_address_that_comes_is_this_machine_at_once_and_one_that_goes_is_not(self):
        self.daemon(allow=["192.0.2.0/24"], listen=["0.0.0.0:53", "[::]:53"])
        for address in ("172.29.0.1", "fd29::1"):
            self.place.give("lo", address)
            self.own.add(address)
            self.assertEqual(dnsclient.addresses(self.ask(address, server=address)), [servers.ADDRESS], address)
        for address, server in (("172.29.0.1", SERVER), ("fd29::1", SERVER6)):
            self.place.run(["ip", "addr", "del", f"{address}/{64 if ':' in address else 24}", "dev", "lo"], check=True)
            self.place.run(["ip", "route", "add", address, "dev", "v0"], check=True)
            self.town.give("v1", address)
            self.own.remove(address)
            self.assertEqual(self.ask(address, server=server).rcode(), dns.rcode.REFUSED, address)

    def test_malformed_datagrams_of_a_client_that_is_not_allowed_get_nothing(self):
        self.daemon()
        with self.connected(STRANGER, socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(0.3)
            wire = bytearray(dnsclient.query("www.example.com").to_wire())
            wire[5] = 2  # two questions
            datagrams.send(wire)
            with self.assertRaises(TimeoutError):
                datagrams.recv(512)

    def test_a_reload_changes_who_may_ask_and_an_open_door_is_warned_of(self):
        daemon = self.daemon()
        self.assertEqual(self.ask(STRANGER).rcode(), dns.rcode.REFUSED)
        daemon.settings["allow"] = ["10.8.0.0/24", "0.0.0.0/0"]
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        self.assertEqual(dnsclient.addresses(self.ask(STRANGER)), [servers.ADDRESS])
        warned = daemon.log_lines("open resolver")
        self.assertEqual(len(warned), 1)
        self.assertIn("`allow` holds 0.0.0.0/0", warned[0])
        daemon.stop()
        daemon.start()
        self.assertEqual(len(daemon.log_lines("open resolver")), 2)

    def test_who_asks_too_fast_is_sent_to_tcp_and_has_to_wait_there(self):
        daemon = self.daemon(limits={"rate": 50})
        self.ask(OTHER)
        answers = self.flood(FRIEND, ["www.example.com"] * 300)
        self.assertEqual(len(answers), 300)
        cut = [answer for answer in answers if answer.flags & dns.flags.TC]
        self.assertTrue(45 <= 300 - len(cut) <= 80, len(cut))
        self.assertTrue(all(answer.rcode() == dns.rcode.NOERROR and not answer.answer for answer in cut))
        self.assertEqual(daemon.status()["events"]["rate_limited"], len(cut))
        self.assertFalse(self.ask(OTHER).flags & dns.flags.TC)
        here = self.flood("127.0.0.1", ["www.example.com"] * 300)
        self.assertEqual([answer for answer in here if answer.flags & dns.flags.TC], [])
        stream = self.connected(FRIEND, socket.SOCK_STREAM)
        wire = dnsclient.query("www.example.com").to_wire()
        begun = time.monotonic()
        stream.sendall((len(wire).to_bytes(2, "big") + wire) * 100)
        received = b""
        while received.count(wire[12:29]) < 100:
            received += stream.recv(65535)
        self.assertGreater(time.monotonic() - begun, 0.7)  # what is left of a second's worth, and the rest at its rate
        self.assertLess(time.monotonic() - begun, 15)

    def test_a_rate_limited_ipv6_client_does_not_slow_its_neighbours_down(self):
        self.town.give("v1", "fd09::3")
        # fd08::/64 is behind a router, which is the friend.
        self.town.run(["ip", "addr", "del", f"{STRANGER6}/64", "dev", "v1"], check=True)
        self.place.run(["ip", "route", "del", "fd08::/64", "dev", "v0"], check=True)
        self.place.run(["ip", "route", "add", "fd08::/64", "via", FRIEND6], check=True)
        for address in (STRANGER6, "fd08::2"):
            self.town.give("lo", address, 128)
        self.daemon(allow=["fd00::/8"], limits={"rate": 50})

        def put_off(client, count):
            return sum(1 for answer in self.flood(client, ["www.example.com"] * count) if answer.flags & dns.flags.TC)

        self.assertGreater(put_off(FRIEND6, 300), 200)
        self.assertEqual(put_off("fd09::3", 20), 0)
        self.assertGreater(put_off(STRANGER6, 300), 200)
        self.assertGreater(put_off("fd08::2", 60), 20)  # the same client by another address of its /64: else fewer than ten

    def test_a_tcp_client_that_a_reload_no_longer_allows_is_served_no_further_however_busy_it_is(self):
        daemon = self.daemon()
        wire = dnsclient.query("www.example.com").to_wire()
        framed = len(wire).to_bytes(2, "big") + wire
        gone, stays = (self.connected(client, socket.SOCK_STREAM) for client in (FRIEND, OTHER))
        for stream in (gone, stays):
            stream.sendall(framed)
            self.assertGreater(len(stream.recv(65535)), 2)
        daemon.settings["allow"] = [OTHER]
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        try:
            gone.sendall(framed * 20)
            self.assertEqual(gone.recv(65535), b"")
        except ConnectionError:
            pass
        stays.sendall(framed)
        self.assertGreater(len(stays.recv(65535)), 2)
        self.assertEqual(daemon.status()["tcp_clients"], 1)

    def test_a_reload_that_allows_fewer_tcp_clients_lets_busy_ones_go_as_well(self):
        silent = self.place.call(servers.silent_port)
        self.addCleanup(silent.close)
        daemon = self.daemon(f"tls://127.0.0.1:{silent.getsockname()[1]}", workers=1)
        wire = dnsclient.query("www.example.com").to_wire()
        streams = [self.connected(FRIEND, socket.SOCK_STREAM) for _ in range(8)]
        for stream in streams:
            stream.sendall(len(wire).to_bytes(2, "big") + wire)
        scratch.eventually(lambda: daemon.status()["pending"] == 8, what="queries that wait")
        daemon.settings["limits"] = {"tcp_clients": 3}
        daemon.write()
        self.assertEqual(daemon.verb("reload").returncode, 0)
        for stream in streams:
            self.assertGreater(len(stream.recv(65535)), 2)  # what it had asked is answered (with SERVFAIL)
        scratch.eventually(lambda: daemon.status()["tcp_clients"] == 3, what="as few clients as may be")

    def test_another_machine_is_not_led_to_itself_by_the_hosts_file(self):
        hosts = os.path.join(self.directory, "hosts")
        with open(hosts, "w", encoding="ascii") as file:
            file.write("127.0.0.1 localhost\n127.0.1.1 server.home.example server\n::1 server.home.example\n10.9.0.3 printer.home.example\n")
        self.daemon(hosts={"file": hosts}, allow=["10.9.0.0/24", "fd09::/64"])
        for client in (FRIEND, FRIEND6):
            self.assertEqual(dnsclient.addresses(self.ask(client, "printer.home.example")), [OTHER])
            for response in (self.ask(client, "server.home.example"), self.ask_by_tcp(client, "server")):
                self.assertEqual((response.rcode(), response.answer), (dns.rcode.NOERROR, []))
        for client in ("127.0.0.1", SERVER, SERVER6):
            self.assertEqual(dnsclient.addresses(self.ask(client, "server.home.example")), ["127.0.1.1"], client)
            self.assertEqual(dnsclient.addresses(self.ask_by_tcp(client, "server")), ["127.0.1.1"], client)
        self.assertEqual(self.upstream.count("server.home.example"), 0)

    def test_one_client_cannot_have_all_that_may_wait(self):
        silent = self.place.call(servers.silent_port)
        self.addCleanup(silent.close)
        daemon = self.daemon(f"tls://127.0.0.1:{silent.getsockname()[1]}", limits={"per_client": 10})
        answers = self.flood(FRIEND, [f"n{number}.example.com" for number in range(50)])
        self.assertEqual(len(answers), 40)
        for answer in answers:
            self.assertEqual((answer.rcode(), dnsclient.ede(answer)[0]), (dns.rcode.SERVFAIL, 14))
        state = daemon.status()
        self.assertEqual((state["events"]["wait_limited"], state["pending"]), (40, 10))
        self.assertEqual(self.flood(OTHER, [f"o{number}.example.com" for number in range(9)]), [])
        self.assertEqual(daemon.status()["pending"], 19)
        self.assertEqual(self.flood("127.0.0.1", [f"h{number}.example.com" for number in range(30)]), [])
        scratch.eventually(lambda: daemon.status()["pending"] == 0, within=30, what="an end of the waiting")
        self.assertEqual(len(self.flood(FRIEND, [f"m{number}.example.com" for number in range(50)])), 40)


class Doors(Case):
    def test_an_address_for_others_needs_somebody_who_may_ask(self):
        done = tacet.run("run", "--listen", "192.0.2.1:5300", *tacet.BUILT_IN)
        self.assertEqual(done.returncode, 78)
        self.assertIn("--listen: 192.0.2.1:5300 can be reached by other machines, and allow is empty", done.stderr)
        self.assertIn("allow: [192.168.1.0/24", done.stderr)


class Descriptors(Case):
    def starved(self, *urls):
        """A daemon whose limits may be changed from outside: without a privilege that is for the same user only. One worker, for each has
        connections of its own, which another that has none yet could not open."""
        return self.tacet(*urls, workers=1, **({"user": "root"} if os.geteuid() == 0 else {}))

    @sanitizer.unless_built_with_one("UBSan looks at an object through a pipe, and takes a pipe that it cannot open for a broken object")
    def test_without_descriptors_nothing_spins_and_udp_goes_on(self):
        upstream = self.unbound()
        daemon = self.starved(upstream.dot_url())
        daemon.ask("www.example.com")
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (daemon.open_descriptors() + 6, hard))
        clients = [self.enterContext(socket.create_connection(daemon.server, timeout=15)) for _ in range(120)]
        scratch.settled(daemon.open_descriptors, what="the daemon's descriptors")
        begun, before = time.monotonic(), daemon.cpu_seconds()
        for number in range(20):
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
            self.assertEqual(dnsclient.addresses(daemon.ask(f"n{number}.many.example.com")), ["192.0.2.7"])
            time.sleep(IDLE)
        self.assertLess((daemon.cpu_seconds() - before) / (time.monotonic() - begun), 0.1)
        self.assertLessEqual(daemon.status()["tcp_clients"], 6)
        for client in clients:
            client.close()
        scratch.eventually(lambda: daemon.status()["tcp_clients"] == 0, what="an end of the clients")
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com", tcp=True)), [servers.ADDRESS])

    def test_with_none_at_all_it_neither_spins_nor_falls(self):
        upstream = self.unbound()
        daemon = self.starved(upstream.dot_url())
        daemon.ask("www.example.com")
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (3, hard))
        clients = [self.enterContext(socket.create_connection(daemon.server, timeout=15)) for _ in range(20)]
        begun, before = time.monotonic(), daemon.cpu_seconds()
        for _ in range(20):
            self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com")), [servers.ADDRESS])
            time.sleep(IDLE)
        self.assertLess((daemon.cpu_seconds() - before) / (time.monotonic() - begun), 0.1)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (1024, hard))
        self.assertEqual(dnsclient.addresses(daemon.ask("www.example.com", tcp=True)), [servers.ADDRESS])
        self.assertEqual(len(clients), 20)


class Log(Case):
    def test_it_has_so_many_lines_a_minute_and_no_more(self):
        upstream = self.unbound()
        for lines in (3, 0):
            daemon = self.tacet(upstream.dot_url(), log={"level": "info", "lines": lines})
            daemon.ask("www.example.com")
            daemon.verb("reload")
            daemon.stop()
            written = daemon.log().splitlines()
            self.assertEqual(len(written) == 3, lines == 3, written)
            self.assertGreaterEqual(len(written), 3)


if __name__ == "__main__":
    unittest.main()
