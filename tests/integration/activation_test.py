"""Sockets that the service manager opens and keeps while the daemon restarts, and its watchdog."""
import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import threading
import time

import dns.query
import dnsclient
import scratch
import servers
import tacet
from case import UnboundCase

UDP, TCP = socket.SOCK_DGRAM, socket.SOCK_STREAM
_FIRST_FREE = 20  # above the numbers at which the daemon expects its sockets
# Becomes the daemon, after what a service manager does between fork and exec.
_LAUNCH = """
import os, sys
numbers = sys.argv[1].split(",")
for place, number in enumerate(numbers, 3):
    os.dup2(int(number), place)
os.environ.update(LISTEN_PID=str(os.getpid()), WATCHDOG_PID=str(os.getpid()), LISTEN_FDS=str(len(numbers)))
os.execv(sys.argv[2], sys.argv[2:])
"""


class Holder:
    """A service manager as far as the daemon sees one: sockets, notifications, start and stop. A context manager."""

    def __init__(self, directory, upstream, ports, order, workers=1, **more):
        self.directory = os.path.join(directory, scratch.unique_name("held"))
        os.mkdir(self.directory)
        self.ports = ports  # address -> port
        settings = {"upstreams": [upstream], "workers": workers,
                    "control": {"socket": os.path.join(self.directory, "control.sock")}, **more}
        self.daemon = tacet.Tacet(directory, **settings)
        if "listen" not in more:
            del self.daemon.settings["listen"]
        self.daemon.write()
        self._sockets = [self._opened(address, kind) for address, kind in order]
        self._numbers = [fcntl.fcntl(opened.fileno(), fcntl.F_DUPFD, _FIRST_FREE) for opened in self._sockets]
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(os.path.join(self.directory, "notify"))
        os.chmod(os.path.join(self.directory, "notify"), 0o777)
        self._process = None

    def _opened(self, address, kind):
        opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        opened.bind((address, self.ports[address]))
        if kind == TCP:
            opened.listen(128)
        return opened

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process:
            scratch.end(self._process)
        for number in self._numbers:
            os.close(number)
        for opened in (*self._sockets, self._notify):
            opened.close()

    def start(self, watchdog=None):
        """Runs the daemon with the sockets at 3, 4, …, and waits until it is ready."""
        environment = {**os.environ, "NOTIFY_SOCKET": os.path.join(self.directory, "notify")}
        if watchdog:
            environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        with open(self.log_path, "ab") as log:
            self._process = scratch.start(
                [sys.executable, "-c", _LAUNCH, ",".join(map(str, self._numbers)), tacet.BINARY, "run", "--config", self.daemon.config],
                stdout=log, stderr=log, env=environment, pass_fds=self._numbers)
        self.await_word("READY=1")

    def await_word(self, word, within=10.0):
        """The time at which the daemon next says `word`."""
        deadline = time.monotonic() + within
        while True:
            self._notify.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                if word.encode() in self._notify.recv(4096).split(b"\n"):
                    return time.monotonic()
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"no {word} within {within} s\n{self.log()}")

    def stop(self):
        self._process.terminate()
        if self._process.wait(5) != 0:
            raise AssertionError(f"ended with {self._process.returncode}\n{self.log()}")

    @property
    def log_path(self):
        return os.path.join(self.directory, "log")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ask(self, address, *, tcp=False, name="www.example.com"):
        send = dns.query.tcp if tcp else dns.query.udp
        return send(dnsclient.query(name, "A"), address, port=self.ports[address], timeout=15)


class Load:
    """Queries at an even pace, each sent once: what is lost stays lost. A context manager."""

    def __init__(self, server, rate):
        self._server, self._rate = server, rate
        self._socket = socket.socket(socket.AF_INET, UDP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._over = threading.Event()
        self.sent, self.answered, self.failed = 0, set(), set()
        self._threads = [threading.Thread(target=self._send), threading.Thread(target=self._receive)]

    def go_on(self, queries):
        """Waits until so many more have been sent."""
        enough = self.sent + queries
        scratch.eventually(lambda: self.sent >= enough, what="the queries")

    def _send(self):
        begun = time.monotonic()
        while not self._over.is_set():
            query = dnsclient.query(f"host{self.sent}.many.example.com", "A")
            query.id = self.sent
            self._socket.sendto(query.to_wire(), self._server)
            self.sent += 1
            time.sleep(max(0.0, begun + self.sent / self._rate - time.monotonic()))

    def _receive(self):
        self._socket.settimeout(0.1)
        patience = None
        while patience is None or (time.monotonic() < patience and len(self.answered) < self.sent):
            with contextlib.suppress(TimeoutError):
                reply = self._socket.recv(4096)
                number = int.from_bytes(reply[:2], "big")
                self.answered.add(number)
                if reply[3] & 0xF:
                    self.failed.add(number)
            if patience is None and self._over.is_set():
                patience = time.monotonic() + 5

    def __enter__(self):
        self._socket.bind(("127.0.0.1", 0))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()


class PassedSockets(UnboundCase):
    def holder(self, order, **options):
        addresses = sorted({address for address, _ in order})
        port = scratch.free_port(addresses)
        ports = dict.fromkeys(addresses, port)
        return self.enterContext(Holder(self.directory, self.entry(self.upstream.doh_url()), ports, order, **options))

    def test_both_families_and_protocols_in_any_order(self):
        for order in ([("127.0.0.1", UDP), ("127.0.0.1", TCP), ("::1", UDP), ("::1", TCP)],
                      [("::1", TCP), ("127.0.0.1", TCP), ("::1", UDP), ("127.0.0.1", UDP)],
                      [("::1", UDP), ("::1", TCP)]):
            with self.subTest(order=order):
                held = self.holder(order)
                held.start()
                for address, kind in order:
                    self.assertEqual(dnsclient.addresses(held.ask(address, tcp=kind == TCP)), [servers.ADDRESS])
                held.stop()

    def test_workers_share_them(self):
        order = [("127.0.0.1", UDP), ("127.0.0.1", TCP)]
        held = self.holder(order, workers=3)
        held.start()
        for number in range(30):
            reply = held.ask("127.0.0.1", tcp=number % 3 == 0, name=f"w{number}.many.example.com")
            self.assertEqual(dnsclient.addresses(reply), ["192.0.2.7"])
        held.stop()

    def test_what_arrives_while_it_is_down_is_answered_when_it_is_back(self):
        held = self.holder([("127.0.0.1", UDP), ("127.0.0.1", TCP)])
        held.start()
        held.stop()
        server = "127.0.0.1", held.ports["127.0.0.1"]
        wire = dnsclient.query("www.example.com", "A").to_wire()
        with socket.socket(socket.AF_INET, UDP) as udp, socket.create_connection(server, 5) as tcp:
            udp.settimeout(5)
            udp.sendto(wire, server)
            tcp.sendall(len(wire).to_bytes(2, "big") + wire)
            held.start()
            self.assertEqual(udp.recv(4096)[:2], wire[:2])
            self.assertEqual(tcp.recv(4)[2:4], wire[:2])
        held.stop()

    def test_restarts_under_load_lose_no_query(self):
        for workers in (1, 2):
            with self.subTest(workers=workers):
                held = self.holder([("127.0.0.1", TCP), ("127.0.0.1", UDP)], workers=workers)
                held.start()
                with Load(("127.0.0.1", held.ports["127.0.0.1"]), 300) as load:
                    for _ in range(4):
                        load.go_on(150)
                        held.stop()
                        held.start()
                    load.go_on(150)
                self.assertGreater(load.sent, 500)
                self.assertEqual(sorted(set(range(load.sent)) - load.answered), [])
                self.assertEqual(sorted(load.failed), [])
                held.stop()

    def test_an_address_that_listen_adds_is_served_too(self):
        for named in (["127.0.0.2"], ["127.0.0.1", "127.0.0.2"]):
            with self.subTest(named=named):
                port = scratch.free_port(["127.0.0.1", "127.0.0.2"])
                listen = [f"{address}:{port}" for address in named]
                order = [("127.0.0.1", UDP), ("127.0.0.1", TCP)]
                held = self.enterContext(Holder(self.directory, self.entry(self.upstream.doh_url()), {"127.0.0.1": port}, order, workers=2, listen=listen))
                held.start()
                held.ports["127.0.0.2"] = port
                for address in ("127.0.0.1", "127.0.0.2"):
                    for tcp in (False, True):
                        self.assertEqual(dnsclient.addresses(held.ask(address, tcp=tcp)), [servers.ADDRESS])
                self.assertEqual(held.daemon.status()["listen"], [f"127.0.0.1:{port}", f"127.0.0.2:{port}"])
                held.stop()

    def test_a_wildcard_beside_them_is_refused_with_what_to_do(self):
        port = scratch.free_port()
        order = [("127.0.0.1", UDP), ("127.0.0.1", TCP)]
        held = self.enterContext(Holder(self.directory, self.entry(self.upstream.doh_url()), {"127.0.0.1": port}, order, listen=[f"0.0.0.0:{port}"], allow=["10.0.0.0/8"]))
        with self.assertRaises(AssertionError):
            held.start()
        self.assertIn("systemctl disable --now tacet.socket", held.log())

    def test_an_address_with_one_protocol_only_is_refused(self):
        held = self.holder([("127.0.0.1", UDP)])
        with self.assertRaises(AssertionError):
            held.start()
        self.assertIn(f"lacks ListenStream=127.0.0.1:{held.ports['127.0.0.1']}", held.log())


class SystemdSocketActivate(UnboundCase):
    """systemd's own tool opens sockets of one type; one inside the other, it passes both."""

    def test_the_first_query_starts_the_daemon_and_is_answered(self):
        port = scratch.free_port(["127.0.0.1", "::1"])
        daemon = tacet.Tacet(self.directory, upstreams=[self.entry(self.upstream.doh_url())])
        del daemon.settings["listen"]
        daemon.write()
        listen = [word for address in ("127.0.0.1", "[::1]") for word in ("-l", f"{address}:{port}")]
        self.child("systemd-socket-activate", "--datagram", *listen, "systemd-socket-activate", *listen,
                   tacet.BINARY, "run", "--config", daemon.config, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        scratch.eventually(lambda: self._bound(port), what="systemd-socket-activate's sockets")
        query = dnsclient.query("www.example.com", "A")
        for address in ("127.0.0.1", "::1"):
            for send in (dns.query.udp, dns.query.tcp):
                self.assertEqual(dnsclient.addresses(send(query, address, port=port, timeout=10)), [servers.ADDRESS])

    def _bound(self, port):
        done = subprocess.run(["ss", "-Hlnu", f"sport = :{port}"], capture_output=True, text=True, check=True)
        return len(done.stdout.splitlines()) == 2


class Watchdog(UnboundCase):
    def test_it_is_fed_in_time(self):
        order = [("127.0.0.1", UDP), ("127.0.0.1", TCP)]
        port = scratch.free_port()
        held = self.enterContext(Holder(self.directory, self.entry(self.upstream.doh_url()), {"127.0.0.1": port}, order, workers=2))
        held.start(watchdog=4.0)
        before = time.monotonic()
        for _ in range(2):
            now = held.await_word("WATCHDOG=1")
            self.assertLess(now - before, 3.9)
            before = now
        held.stop()
